overlap::overlap_system!(pub Committee: unroll = never);

fn main() {}
