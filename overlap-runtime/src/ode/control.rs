//! The choice of step sizes: E. Hairer, S. P. Nørsett, G. Wanner, *Solving Ordinary Differential Equations I* (2nd ed., 1993),
//! section II.4, with the constants of their codes DOPRI5 and DOP853, and of RODAS.

use super::options::Method;

/// The controller of one integration.
#[derive(Debug, Clone)]
pub(crate) struct Control {
    method: Method,
    /// ln of the error of the last accepted step, which counts as at least 1e-4.
    last: f64,
    rejected: bool,
}

/// The fraction of the step that would just be tolerated which is aimed at.
const SAFETY: f64 = 0.9;

/// ln 1e-4: a smaller error of the last step is no reason for a larger one.
const LN_LEAST: f64 = -9.210340371976182;

impl Control {
    pub(crate) fn new(method: Method) -> Self {
        Control { method, last: LN_LEAST, rejected: false }
    }

    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// Whether a step of size `step` with the given error is accepted, and the size of the next one. An error that is
    /// not finite shrinks the step as far as any.
    pub(crate) fn judge(&mut self, error: f64, step: f64) -> (bool, f64) {
        // The smallest and the largest growth of the step.
        let (smallest, largest) = match self.method {
            Method::Dopri5 => (0.2, 10.0),
            Method::Dop853 => (0.333, 6.0),
            Method::Rodas5P => (0.2, 6.0),
        };
        let (growth, ln_error) = match self.method {
            // SAFETY · last^0.04 / error^(1/5 - 3/4 · 0.04), without memory after a rejection.
            Method::Dopri5 => {
                let ln_error = libm::log(error);
                let memory = if error <= 1.0 { 0.04 * self.last } else { 0.0 };
                (SAFETY * libm::exp(memory - (0.2 - 0.75 * 0.04) * ln_error), ln_error)
            }
            // Without memory; square roots are faster than powers.
            Method::Dop853 => (SAFETY / error.sqrt().sqrt().sqrt(), self.last),
            Method::Rodas5P => (SAFETY * libm::pow(error, -0.2), self.last),
        };
        if error <= 1.0 {
            self.last = ln_error.max(LN_LEAST);
            let growth = growth.clamp(smallest, largest);
            let next = if self.rejected { step * growth.min(1.0) } else { step * growth };
            self.rejected = false;
            return (true, next);
        }
        self.rejected = true;
        // max is the bound where the growth is NaN.
        (false, step * growth.max(smallest))
    }
}

/// The derivative at a time (from here) and state.
type Slopes<'a> = &'a mut dyn FnMut(f64, &[f64], &mut [f64]);

/// The first step: with it, an explicit Euler step changes the state by about a hundredth, and the error is about that
/// allowed. `slopes` gives the derivative at a time and state.
pub(crate) fn first_step(
    method: Method,
    (rtol, atol): (f64, f64),
    state: &[f64],
    derivative: &[f64],
    slopes: Slopes<'_>,
) -> f64 {
    let order = match method {
        Method::Dopri5 | Method::Rodas5P => 5.0,
        Method::Dop853 => 8.0,
    };
    let scaled = |values: &mut dyn Iterator<Item = f64>| -> f64 {
        values.zip(state).map(|(value, of)| (value / (atol + rtol * of.abs())).powi(2)).sum()
    };
    let (size, slope) = (scaled(&mut state.iter().copied()), scaled(&mut derivative.iter().copied()));
    let euler = if size < 1e-10 || slope < 1e-10 { 1e-6 } else { 0.01 * (size / slope).sqrt() };
    let moved: Vec<f64> = state.iter().zip(derivative).map(|(value, slope)| value + euler * slope).collect();
    let mut there = vec![0.0; state.len()];
    slopes(euler, &moved, &mut there);
    let curvature =
        scaled(&mut there.iter().zip(derivative).map(|(there, here)| there - here)).sqrt() / euler;
    let largest = slope.sqrt().max(curvature);
    let step =
        if largest <= 1e-15 { (1e-3 * euler).max(1e-6) } else { libm::pow(0.01 / largest, 1.0 / order) };
    step.min(100.0 * euler)
}

/// Whether a step of this size is lost in the rounding of the time.
pub(crate) fn underflows(step: f64, time: f64) -> bool {
    0.1 * step <= f64::EPSILON * time
}
