//! Activations: one file each, supplying only what cannot be derived.

mod erf;

pub use erf::Erf;

use crate::expr::{Expr, Pool};
use crate::gaussian::GaussianWeight;
use proc_macro2::TokenStream;

/// What the engine must be told about an activation σ; everything else follows.
pub trait Activation: Sync {
    /// The name in `act = ...` and in problem files.
    fn name(&self) -> &'static str;

    /// The name in the declared type, e.g. `Erf` in `ErfK4P8`.
    fn type_name(&self) -> &'static str;

    /// The two-point function I2 = E[σ(λ_a) σ(λ_b)], a function of q_aa, q_ab and q_bb.
    fn two_point(&self, pool: &mut Pool, q_aa: Expr, q_ab: Expr, q_bb: Expr) -> Expr;

    /// σ' as a Gaussian weight, where it is one: then every further σ' tilts the measure and I4 is closed.
    fn weight(&self, pool: &mut Pool) -> Option<GaussianWeight>;

    /// σ(x) as text and as LaTeX.
    fn formula(&self) -> [&'static str; 2];

    /// The variant of the runtime's `Activation` that evaluates σ in simulations.
    fn runtime_variant(&self) -> TokenStream;
}

/// All activations `act = ...` accepts.
pub fn all() -> [&'static dyn Activation; 1] {
    [&Erf]
}
