overlap::overlap_system!(k 4, p = 8, act = erf);

fn main() {}
