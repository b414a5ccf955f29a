overlap::overlap_system!(k = 4, p = 8, act = erf, jacobian = 1);

fn main() {}
