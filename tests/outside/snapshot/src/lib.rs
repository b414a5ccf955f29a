//! A user's own snapshot of the derived equations.

#[test]
fn equations_stay_as_reviewed() {
    overlap::overlap_system!(k = 1, p = 1, act = erf);
    insta::assert_snapshot!(ErfK1P1::EQUATIONS);
}
