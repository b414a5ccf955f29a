overlap::overlap_system!(k = 99999999999999999999999999, p = 8, act = erf);

fn main() {}
