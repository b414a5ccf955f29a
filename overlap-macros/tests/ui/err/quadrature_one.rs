overlap::overlap_system!(k = 1, p = 1, act = tanh, quadrature = 1);

fn main() {}
