overlap::overlap_system!(k = 4, p = 8, k = 5, act = erf);

fn main() {}
