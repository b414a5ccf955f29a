//! σ(x) = sign(x), the limit of erf(g x/√2) for g → ∞: for teachers.

use super::{Activation, Term, Variant};
use crate::expr::Pool;

/// σ(x) = sign(x).
#[derive(Debug, Clone, Copy)]
pub struct Sign;

impl Activation for Sign {
    fn name(&self) -> String {
        "sign".into()
    }

    fn type_name(&self) -> String {
        "Sign".into()
    }

    fn terms(&self, pool: &mut Pool) -> Option<Vec<Term>> {
        let (one, zero) = (pool.integer(1), pool.integer(0));
        Some(vec![Term { coefficient: one, power: 0, width: Some(zero) }])
    }

    fn no_student(&self) -> Option<&'static str> {
        Some("a student with `sign` has no gradient to learn from: σ' is zero everywhere but at 0")
    }

    fn formula(&self) -> [String; 2] {
        ["sign(x)".into(), "\\operatorname{sign}(x)".into()]
    }

    fn runtime(&self) -> Variant {
        Variant::Plain("Sign")
    }
}
