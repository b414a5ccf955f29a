fn main() {
    overlap::overlap_system!(k = 1, p = 1, act = erf);
    assert!(ErfK1P1::EQUATIONS.contains("erf"));
}
