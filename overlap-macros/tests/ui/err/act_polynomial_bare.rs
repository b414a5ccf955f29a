overlap::overlap_system!(k = 1, p = 1, act = polynomial(0, 1));

fn main() {}
