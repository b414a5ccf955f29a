//! σ(x) = max(x, 0) = x/2 + (x/2) sign(x).

use super::{Activation, Term, Variant};
use crate::expr::Pool;

/// σ(x) = max(x, 0).
#[derive(Debug, Clone, Copy)]
pub struct Relu;

impl Activation for Relu {
    fn name(&self) -> String {
        "relu".into()
    }

    fn type_name(&self) -> String {
        "Relu".into()
    }

    fn terms(&self, pool: &mut Pool) -> Option<Vec<Term>> {
        let (half, zero) = (pool.rational(1, 2), pool.integer(0));
        Some(vec![
            Term { coefficient: half, power: 1, width: None },
            Term { coefficient: half, power: 1, width: Some(zero) },
        ])
    }

    fn formula(&self) -> [String; 2] {
        ["max(x, 0)".into(), "\\max(x, 0)".into()]
    }

    fn runtime(&self) -> Variant {
        Variant::Plain("Relu")
    }
}
