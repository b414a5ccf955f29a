overlap::overlap_system!(k = 65, p = 8, act = erf);

fn main() {}
