overlap::overlap_system!(k = 1, p = 1, act = tanh, quadrature = "20");

fn main() {}
