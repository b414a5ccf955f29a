overlap::overlap_system!(k = 8, p = 32, act = erf, unroll = always);

fn main() {}
