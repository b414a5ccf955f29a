overlap::overlap_system!(k = 4usize, p = 8, act = erf);

fn main() {}
