overlap::overlap_system!(k = 1, p = 1, act = erf);
overlap::overlap_system!(k = 1, p = 1, act = erf);

fn main() {}
