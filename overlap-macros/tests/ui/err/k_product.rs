overlap::overlap_system!(k = 2 * 2, p = 8, act = erf);

fn main() {}
