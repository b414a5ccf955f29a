overlap::overlap_system!(k 4, p = , act = erff, unroll = sometimes);

fn main() {}
