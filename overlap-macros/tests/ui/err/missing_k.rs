overlap::overlap_system!(p = 8, act = erf);

fn main() {}
