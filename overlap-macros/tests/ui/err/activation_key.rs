overlap::overlap_system!(k = 4, p = 8, activation = erf);

fn main() {}
