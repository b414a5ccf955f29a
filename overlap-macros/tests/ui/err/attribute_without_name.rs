overlap::overlap_system!(
    #[derive(PartialOrd)]
    k = 4, p = 8, act = erf
);

fn main() {}
