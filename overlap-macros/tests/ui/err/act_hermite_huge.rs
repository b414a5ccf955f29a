overlap::overlap_system!(k = 1, p = 1, act = hermite(1000000000));

fn main() {}
