overlap::overlap_system!(k = 0, p = 8, act = erf);

fn main() {}
