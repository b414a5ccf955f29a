overlap::overlap_system!();

fn main() {}
