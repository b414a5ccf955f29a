overlap::overlap_system!(K = 4, P = 8, act = erf);

fn main() {}
