overlap::overlap_system!(k = 1, p = 1, act = erf(gain = 1000000000000000000000000000000000000e9));

fn main() {}
