overlap::overlap_system!(k = 64, p = 128, act = erf, jacobian = true);

fn main() {}
