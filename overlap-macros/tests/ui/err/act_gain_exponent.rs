overlap::overlap_system!(k = 1, p = 1, act = erf(gain = 1.0e-2147483648));

fn main() {}
