//! `overlap` under another name.
#![deny(warnings)]

dynamics::overlap_system!(pub Committee: k = 1, p = 2, act = erf);

#[test]
fn the_declared_system_implements_the_renamed_trait() {
    use dynamics::{System, overlap_system};
    overlap_system!(k = 1, p = 1, act = erf, unroll = never);
    assert_eq!(Committee.shape(), dynamics::Shape { k: 1, p: 2, trained: false });
    assert!(ErfK1P1.equations().contains("erf"));
}
