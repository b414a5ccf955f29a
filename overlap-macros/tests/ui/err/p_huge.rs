overlap::overlap_system!(k = 4, p = 100_000, act = erf);

fn main() {}
