overlap::overlap_system!(k = 1, p = 2, act = erf);

fn main() {
    assert_eq!((ErfK1P2::K, ErfK1P2::P, ErfK1P2::DIM), (1, 2, 5));
}
