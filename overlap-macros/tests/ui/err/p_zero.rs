overlap::overlap_system!(k = 4, p = 0, act = erf);

fn main() {}
