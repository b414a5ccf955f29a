//! σ(x) = erf(x/√2), the activation of Saad and Solla (Phys. Rev. E 52, 4225, 1995).

use super::Activation;
use crate::expr::{Expr, Pool};
use crate::gaussian::GaussianWeight;
use proc_macro2::TokenStream;
use quote::quote;

/// σ(x) = erf(x/√2).
#[derive(Debug, Clone, Copy)]
pub struct Erf;

impl Activation for Erf {
    fn name(&self) -> &'static str {
        "erf"
    }

    fn type_name(&self) -> &'static str {
        "Erf"
    }

    /// I2 = (2/π) asin(q_ab / √((1 + q_aa)(1 + q_bb))).
    fn two_point(&self, pool: &mut Pool, q_aa: Expr, q_ab: Expr, q_bb: Expr) -> Expr {
        let one = pool.integer(1);
        let (v_a, v_b) = (pool.add([one, q_aa]), pool.add([one, q_bb]));
        let (r_a, r_b) = (pool.pow(v_a, -1, 2), pool.pow(v_b, -1, 2));
        let cosine = pool.mul([q_ab, r_a, r_b]);
        let angle = pool.asin(cosine);
        let two = pool.integer(2);
        let pi = pool.pi();
        let inverse = pool.pow(pi, -1, 1);
        pool.mul([two, inverse, angle])
    }

    /// σ'(x) = √(2/π) exp(-x²/2).
    fn weight(&self, pool: &mut Pool) -> Option<GaussianWeight> {
        let two = pool.integer(2);
        let pi = pool.pi();
        let (root, inverse) = (pool.sqrt(two), pool.pow(pi, -1, 2));
        let mass = pool.mul([root, inverse]);
        Some(GaussianWeight { mass, width: pool.integer(1) })
    }

    fn formula(&self) -> [&'static str; 2] {
        ["erf(x/√2)", "\\operatorname{erf}(x/\\sqrt{2})"]
    }

    fn runtime_variant(&self) -> TokenStream {
        quote!(Erf)
    }
}
