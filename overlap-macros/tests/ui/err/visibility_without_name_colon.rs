overlap::overlap_system!(pub: k = 4, p = 8, act = erf);

fn main() {}
