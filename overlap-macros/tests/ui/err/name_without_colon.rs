overlap::overlap_system!(pub Committee k = 4, p = 8, act = erf);

fn main() {}
