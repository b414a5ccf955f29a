overlap::overlap_system!(k = 1, p = 1, act = hermite(153));

fn main() {}
