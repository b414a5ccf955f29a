overlap::overlap_system!(k = -1, p = 8, act = erf);

fn main() {}
