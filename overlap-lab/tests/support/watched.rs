//! A textbook system that tells of its evaluations.
#![allow(dead_code)]

use crate::textbook::Textbook;
use overlap_runtime::{Activation, Parameters, Shape, System};

/// Calls `seen` before every right-hand side and every risk.
pub(crate) struct Watched<F> {
    pub(crate) inner: Textbook,
    pub(crate) seen: F,
}

impl<F: Fn() + Send + Sync> System for Watched<F> {
    fn name(&self) -> &str {
        "ErfK1P2"
    }
    fn shape(&self) -> Shape {
        self.inner.shape()
    }
    fn activation(&self) -> Activation {
        Activation::Erf
    }
    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        (self.seen)();
        self.inner.right_hand_side(parameters, state, derivative);
    }
    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        (self.seen)();
        self.inner.risk(parameters, state)
    }
    fn equations(&self) -> &str {
        "R = 1/2 E[(y - f)^2]"
    }
    fn equations_latex(&self) -> &str {
        "R = \\tfrac12 \\mathbb{E}[(y - f)^2]\n"
    }
    fn derivation(&self) -> Option<&str> {
        Some("from the risk")
    }
}
