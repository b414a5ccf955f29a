//! σ(x) = tanh(x): smooth, but none of its Gaussian expectations has a closed form.

use super::{Activation, Term, Variant};
use crate::expr::Pool;

/// σ(x) = tanh(x).
#[derive(Debug, Clone, Copy)]
pub struct Tanh;

impl Activation for Tanh {
    fn name(&self) -> String {
        "tanh".into()
    }

    fn type_name(&self) -> String {
        "Tanh".into()
    }

    fn terms(&self, _: &mut Pool) -> Option<Vec<Term>> {
        None
    }

    fn formula(&self) -> [String; 2] {
        ["tanh(x)".into(), "\\tanh(x)".into()]
    }

    fn runtime(&self) -> Variant {
        Variant::Plain("Tanh")
    }
}
