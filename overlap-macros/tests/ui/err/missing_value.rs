overlap::overlap_system!(k = , p = 8, act = erf);

fn main() {}
