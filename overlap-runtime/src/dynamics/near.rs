//! The error of the risk, where the risk is small.
//!
//! Near a perfect student the risk is a difference of numbers of order one, of a state that is known to its tolerances: to
//! rtol = 1e-8, a risk of 1e-9 has no digit that is right. There the steps are bound by the error of the risk itself, so that
//! it is right to a part in ten thousand down to the rounding of those numbers.

use crate::ode::SolveOptions;
use crate::{Parameters, System};

/// Of the largest risk: below it the error of the risk counts.
const NEAR: f64 = 1e-5;

/// Of the excess risk: the error of a step that is tolerated, unless rtol is larger.
const PART: f64 = 1e-4;

/// Of the largest risk: what rounding leaves of a difference of its parts.
pub(super) const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// Watches the excess risk of one integration.
#[derive(Debug, Clone)]
pub(super) struct Near {
    /// The largest risk: that of the start or, where it is larger, of a student of length 0.
    largest: f64,
    part: f64,
    /// Accepted steps until the risk is looked at again: it falls by some factor a step.
    wait: u32,
}

impl Near {
    pub(super) fn new(
        system: &dyn System,
        parameters: &Parameters,
        state: &[f64],
        options: &SolveOptions,
    ) -> Self {
        let risks = [system.risk(parameters, state), system.risk(parameters, &vec![0.0; state.len()])];
        let largest = risks.into_iter().filter(|risk| risk.is_finite()).fold(0.0, f64::max);
        Near { largest, part: PART.max(options.rtol), wait: 0 }
    }

    /// The same, to look at every step.
    pub(super) fn always(&self) -> Self {
        Near { wait: 0, ..self.clone() }
    }

    /// The error of the risk in units of what is tolerated, 0 where the risk or the label noise is not small, of a step that
    /// the error of the state allows. `end` gives the state where it ends, `error` that state's error.
    pub(super) fn error(
        &mut self,
        system: &dyn System,
        parameters: &Parameters,
        end: &dyn Fn() -> Vec<f64>,
        error: &dyn Fn() -> Vec<f64>,
    ) -> f64 {
        let (near, noise) = (NEAR * self.largest, 0.5 * parameters.noise);
        if noise > near {
            return 0.0;
        }
        if self.wait > 0 {
            self.wait -= 1;
            return 0.0;
        }
        let mut state = end();
        let risk = system.risk(parameters, &state);
        let excess = (risk - noise).abs();
        if excess > near {
            self.wait = if excess > 1e3 * near { 7 } else { u32::from(excess > 30.0 * near) };
            return 0.0;
        }
        state.iter_mut().zip(error()).for_each(|(value, error)| *value -= error);
        let moved = (risk - system.risk(parameters, &state)).abs();
        let error = moved / (self.part * excess + ROUNDING * self.largest);
        // NaN: the state without its error is outside of what the risk is defined for, as it may be at the very end.
        if error.is_nan() { 0.0 } else { error }
    }
}
