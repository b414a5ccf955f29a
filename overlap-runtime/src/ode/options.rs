//! Options of the adaptive solve.

use crate::Error;
use crate::model::words::words;

/// The method of integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Method {
    /// Dormand and Prince, order 5(4): 6 evaluations a step. For loose tolerances, or to cross-check.
    Dopri5,
    /// Dormand and Prince, order 8(5,3): 12 evaluations a step. The default: at k = 4, p = 8, t = 1000 and the default
    /// tolerances it needs 580 evaluations where [`Method::Dopri5`] needs 917, with a tenth of the error; the gap
    /// widens with tighter tolerances and closes at rtol 1e-6 or where stability limits the step.
    #[default]
    Dop853,
    /// Rodas5P of G. Steinebach (BIT Numer. Math. 63, 27, 2023), a Rosenbrock method of order 5(4): implicit, for systems declared
    /// with `jacobian = true`. A step costs 8 evaluations, a Jacobian and the solution of linear equations of the size of
    /// the state, and is not limited by stability: for long times with little noise, where explicit steps are, see
    /// docs/performance.md.
    Rodas5P,
}

/// Options of [`solve`](crate::solve()): tolerances, step budget, method.
///
/// A step is accepted when the root mean square of its error estimates, each divided by
/// `atol + rtol * |value|`, is at most one.
///
/// ```
/// use overlap::{Method, SolveOptions};
/// let options = SolveOptions::default().rtol(1e-10).atol(1e-12).method(Method::Dopri5);
/// assert_eq!(options.max_steps, 1_000_000);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SolveOptions {
    /// Relative tolerance of a step, in [1e-14, 1) (default 1e-8).
    pub rtol: f64,
    /// Absolute tolerance of a step, finite and at least 0 (default 1e-10); values below 1e-20 act as 1e-20, so that
    /// an overlap that is exactly zero has a scale.
    pub atol: f64,
    /// Largest number of steps, accepted and rejected, of the whole solve; at least 1 (default 1 000 000).
    pub max_steps: usize,
    /// The method (default [`Method::Dop853`]).
    pub method: Method,
}

impl Default for SolveOptions {
    fn default() -> Self {
        SolveOptions { rtol: 1e-8, atol: 1e-10, max_steps: 1_000_000, method: Method::default() }
    }
}

impl SolveOptions {
    /// Below this relative tolerance the error estimate is rounding noise.
    pub const SMALLEST_RTOL: f64 = 1e-14;

    /// Sets the relative tolerance.
    #[must_use]
    pub fn rtol(mut self, rtol: f64) -> Self {
        self.rtol = rtol;
        self
    }

    /// Sets the absolute tolerance.
    #[must_use]
    pub fn atol(mut self, atol: f64) -> Self {
        self.atol = atol;
        self
    }

    /// Sets the step budget.
    #[must_use]
    pub fn max_steps(mut self, max_steps: usize) -> Self {
        self.max_steps = max_steps;
        self
    }

    /// Sets the method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Relative and absolute tolerance as they act.
    pub(crate) fn tolerances(&self) -> (f64, f64) {
        (self.rtol, self.atol.max(1e-20))
    }

    /// Checks every option.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the option and its bound.
    pub fn validate(&self) -> Result<(), Error> {
        if !(Self::SMALLEST_RTOL..1.0).contains(&self.rtol) {
            let bound = format!("at least {:e} and less than 1", Self::SMALLEST_RTOL);
            return Err(Error::invalid("rtol", self.rtol, bound));
        }
        crate::error::check_at_least("atol", self.atol, 0.0, false)?;
        if self.max_steps == 0 {
            return Err(Error::invalid("max_steps", self.max_steps, "at least 1"));
        }
        Ok(())
    }
}

words!(Method, "method", Dopri5 = "dopri5", Dop853 = "dop853", Rodas5P = "rodas5p");

impl Method {
    /// Whether it takes a system with a Jacobian.
    pub const fn needs_jacobian(self) -> bool {
        matches!(self, Method::Rodas5P)
    }

    /// Evaluations of one step attempt.
    pub(crate) fn stages(self) -> usize {
        match self {
            Method::Dopri5 => 6,
            Method::Dop853 => 11,
            Method::Rodas5P => 7,
        }
    }

    /// Evaluations that an accepted step costs besides.
    pub(crate) fn after_acceptance(self) -> usize {
        match self {
            Method::Dopri5 => 0,
            Method::Dop853 | Method::Rodas5P => 1,
        }
    }
}
