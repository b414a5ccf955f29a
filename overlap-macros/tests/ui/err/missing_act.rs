overlap::overlap_system!(k = 4, p = 8);

fn main() {}
