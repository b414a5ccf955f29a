overlap::overlap_system!(k = 4, p = 8, act = erf, noise = 1e-3, gamma = 0.5);

fn main() {}
