overlap::overlap_system!(k = 1, p = 1, act = erf(gain = 1.00000000001));

fn main() {}
