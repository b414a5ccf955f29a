overlap::overlap_system!(4, 8, erf);

fn main() {}
