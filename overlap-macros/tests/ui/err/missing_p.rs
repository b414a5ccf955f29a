overlap::overlap_system!(k = 4, act = erf);

fn main() {}
