//! What all replicas of a simulation share.

use crate::model::schedule::Schedules;
use crate::{Activation, Parameters, Problem, Shape};

/// The problem as the simulators read it.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) shape: Shape,
    pub(super) activation: Activation,
    pub(super) teacher_activation: Activation,
    pub(super) parameters: Parameters,
    pub(super) schedules: Schedules,
    pub(super) batch: usize,
    pub(super) dimension: usize,
    /// The step of the clock at the start; steps count from there.
    pub(super) start: u64,
}

/// The rates of one step.
#[derive(Clone, Copy)]
pub(super) struct Rates {
    /// γ s / b: what multiplies a_i Σ_b E σ'(λ_i) x / √d in the update of w_i.
    pub(super) first: f64,
    /// γ_a s / (d b): what multiplies Σ_b E σ(λ_i) in the update of a_i.
    pub(super) second: f64,
    /// √Δ.
    pub(super) noise: f64,
}

/// A number of the update that is no longer finite.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NotFinite {
    pub(super) quantity: String,
    pub(super) value: f64,
}

/// A replica stopped at this step, counted from 1 (0: at the start).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Divergence {
    pub(super) step: u64,
    pub(super) what: NotFinite,
    /// Which of the replicas advanced together.
    pub(super) replica: usize,
}

impl Setting {
    pub(super) fn new(
        shape: Shape,
        [activation, teacher_activation]: [Activation; 2],
        parameters: Parameters,
        problem: &Problem,
        dimension: usize,
    ) -> Self {
        Setting {
            shape,
            activation,
            teacher_activation,
            parameters,
            schedules: Schedules::of(problem),
            batch: problem.batch(),
            dimension,
            start: super::schedule::step(problem.start_time(), dimension) as u64,
        }
    }

    /// The time after `step` steps.
    pub(super) fn time(&self, step: u64) -> f64 {
        (self.start + step) as f64 / self.dimension as f64
    }

    /// Rates of the step that follows `step` done ones.
    #[inline]
    pub(super) fn rates(&self, step: u64) -> Rates {
        let (p, d, b) = (&self.parameters, self.dimension as f64, self.batch as f64);
        let t = self.time(step);
        let factor = self.schedules.learning_rate.factor(t);
        Rates {
            first: factor * p.gamma * p.s / b,
            second: factor * p.gamma_a * p.s / (d * b),
            noise: (self.schedules.noise.factor(t) * p.noise).sqrt(),
        }
    }

    /// The parameters as they are after `step` steps.
    pub(super) fn parameters_after(&self, step: u64) -> Parameters {
        Parameters { noise: self.noise_after(step), ..self.parameters.clone() }
    }

    /// Variance of the label noise after `step` steps.
    pub(super) fn noise_after(&self, step: u64) -> f64 {
        self.schedules.noise.factor(self.time(step)) * self.parameters.noise
    }
}

/// The first entry of a state that is not finite.
pub(super) fn check_state(shape: Shape, state: Vec<f64>) -> Result<Vec<f64>, NotFinite> {
    match state.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(NotFinite { quantity: shape.names().swap_remove(index), value: state[index] }),
        None => Ok(state),
    }
}

/// The value, where it is finite.
pub(super) fn finite(quantity: &str, value: f64) -> Result<f64, NotFinite> {
    if value.is_finite() { Ok(value) } else { Err(NotFinite { quantity: quantity.to_owned(), value }) }
}
