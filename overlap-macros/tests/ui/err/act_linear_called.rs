overlap::overlap_system!(k = 1, p = 1, act = linear(2));

fn main() {}
