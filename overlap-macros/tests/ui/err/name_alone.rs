overlap::overlap_system!(Committee);

fn main() {}
