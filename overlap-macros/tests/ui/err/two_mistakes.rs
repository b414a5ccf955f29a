overlap::overlap_system!(k = 0, p = 8, act = Erff);

fn main() {}
