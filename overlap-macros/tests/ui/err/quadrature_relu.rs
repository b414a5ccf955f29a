overlap::overlap_system!(k = 1, p = 1, act = relu, quadrature = 20);

fn main() {}
