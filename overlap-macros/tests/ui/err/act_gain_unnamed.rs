overlap::overlap_system!(k = 1, p = 1, act = erf(2));

fn main() {}
