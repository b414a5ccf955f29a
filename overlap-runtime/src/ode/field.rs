//! What is integrated: dx/dt = f(t, x).

/// A system of ordinary differential equations dx/dt = f(t, x).
///
/// A declared system with its problem is one (what [`solve`](fn@crate::solve) integrates), and [`FromFn`] makes one of a closure.
pub trait VectorField {
    /// Number of entries of x.
    fn dim(&self) -> usize;

    /// `slope` = f(t, x); both slices have [`dim`](Self::dim) entries. What is not finite ends the integration with an error.
    fn slope(&self, time: f64, state: &[f64], slope: &mut [f64]);

    /// Whether [`jacobian`](Self::jacobian) can be called, as implicit methods need.
    fn has_jacobian(&self) -> bool {
        false
    }

    /// `jacobian` = ∂f/∂x (dim x dim, row by row: row i holds the derivatives of f_i). Only called where
    /// [`has_jacobian`](Self::has_jacobian) says so.
    fn jacobian(&self, time: f64, state: &[f64], jacobian: &mut [f64]) {
        let _ = (time, state, jacobian);
    }

    /// Whether f depends on t at a fixed x, jumps aside. Implicit methods spend two evaluations a step on it.
    fn depends_on_time(&self) -> bool {
        true
    }

    /// The times, in increasing order, at which f jumps: no step reaches across one.
    fn jumps(&self) -> Vec<f64> {
        Vec::new()
    }

    /// The integration starts at `time`, or has reached the jump there: until the next jump, f is what it is from then on, at
    /// all times it is evaluated at.
    fn begin(&self, time: f64) {
        let _ = time;
    }

    /// Makes entries of a vector equal that f keeps equal: elimination, in an order of its own, parts them by rounding.
    #[doc(hidden)]
    fn keep_alike(&self, vector: &mut [f64]) {
        let _ = vector;
    }

    /// A further error of a step to `end` that the tolerances of x allow, in units of what is tolerated; `error` gives the error of
    /// `end`, `inside` says that the step makes an output row.
    #[doc(hidden)]
    fn error_beyond(&self, end: &[f64], error: &dyn Fn() -> Vec<f64>, inside: bool) -> f64 {
        let _ = (end, error, inside);
        0.0
    }

    /// Name of an entry of x, for errors and columns.
    fn name(&self, index: usize) -> String {
        format!("x_{}", index + 1)
    }
}

/// A closure `f(t, x, slope)` as a vector field.
///
/// ```
/// use overlap::ode::{FromFn, Integrate};
/// // Lorenz, Deterministic nonperiodic flow, J. Atmos. Sci. 20, 130 (1963).
/// let lorenz = FromFn::new(3, |_time, x: &[f64], slope: &mut [f64]| {
///     slope[0] = 10.0 * (x[1] - x[0]);
///     slope[1] = x[0] * (28.0 - x[2]) - x[1];
///     slope[2] = x[0] * x[1] - 8.0 / 3.0 * x[2];
/// });
/// let solution = Integrate::new(&lorenz, 0.0, &[1.0, 1.0, 1.0]).solve(&[0.5, 1.0])?;
/// assert_eq!(solution.times(), [0.5, 1.0]);
/// # Ok::<(), overlap::Error>(())
/// ```
pub struct FromFn<F, J = fn(f64, &[f64], &mut [f64])> {
    dim: usize,
    slope: F,
    jacobian: Option<J>,
    depends_on_time: bool,
}

impl<F: Fn(f64, &[f64], &mut [f64])> FromFn<F> {
    /// dx/dt = f(t, x) of `dim` entries, without a Jacobian.
    pub fn new(dim: usize, slope: F) -> Self {
        FromFn { dim, slope, jacobian: None, depends_on_time: true }
    }

    /// With ∂f/∂x (dim x dim, row by row), as implicit methods need.
    pub fn jacobian<J: Fn(f64, &[f64], &mut [f64])>(self, jacobian: J) -> FromFn<F, J> {
        let FromFn { dim, slope, depends_on_time, .. } = self;
        FromFn { dim, slope, jacobian: Some(jacobian), depends_on_time }
    }
}

impl<F, J> FromFn<F, J> {
    /// States that f does not depend on t.
    #[must_use]
    pub fn autonomous(mut self) -> Self {
        self.depends_on_time = false;
        self
    }
}

impl<F: Fn(f64, &[f64], &mut [f64]), J: Fn(f64, &[f64], &mut [f64])> VectorField for FromFn<F, J> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn slope(&self, time: f64, state: &[f64], slope: &mut [f64]) {
        (self.slope)(time, state, slope);
    }

    fn has_jacobian(&self) -> bool {
        self.jacobian.is_some()
    }

    fn jacobian(&self, time: f64, state: &[f64], jacobian: &mut [f64]) {
        if let Some(known) = &self.jacobian {
            known(time, state, jacobian);
        }
    }

    fn depends_on_time(&self) -> bool {
        self.depends_on_time
    }
}
