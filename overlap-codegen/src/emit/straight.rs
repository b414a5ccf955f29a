//! Straight-line code for small systems.

use super::Sizes;
use crate::equations::Equations;
use proc_macro2::TokenStream;

/// Number of arcsines of one right-hand side: n (n + 1)/2 for every pair of students, and p n for a trained second layer.
pub fn arcsines(sizes: Sizes) -> usize {
    let (p, n) = (sizes.p, sizes.nodes());
    p * (p + 1) / 2 * (n * (n + 1) / 2) + if sizes.trained { p * n } else { 0 }
}

/// TODO
pub fn straight(equations: &mut Equations, sizes: Sizes) -> (TokenStream, TokenStream) {
    super::lanes(equations, sizes)
}
