overlap::overlap_system!(pub Committee:);

fn main() {}
