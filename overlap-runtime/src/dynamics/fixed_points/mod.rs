//! Fixed points of the ODE: where it rests, and whether it would stay there.

mod newton;
mod starts;

use super::field::SystemField;
use crate::ode::VectorField;
use crate::{Error, Parameters, Problem, Shape, State, System};
use nalgebra::{Complex, DMatrix, Schur};

pub use starts::FixedPointStart;

/// Eigenvalues up to this many learning rates from 0 belong to null directions.
const NULL: f64 = 1e-9;

/// A state at which the right-hand side vanishes, with the spectrum of its Jacobian there.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPoint {
    shape: Shape,
    state: Vec<f64>,
    fixed_a: Vec<f64>,
    residual: f64,
    excess_risk: f64,
    learning_rate: f64,
    jacobian: DMatrix<f64>,
    eigenvalues: Vec<Complex<f64>>,
}

impl FixedPoint {
    /// The overlaps.
    pub fn state(&self) -> State<'_> {
        State::new(self.shape, &self.state, &self.fixed_a)
    }

    /// The largest |dx/dt| that is left, over all entries x of the state.
    pub fn residual(&self) -> f64 {
        self.residual
    }

    /// R - Δ/2.
    pub fn excess_risk(&self) -> f64 {
        self.excess_risk
    }

    /// The eigenvalues of the Jacobian by the state (dim of them), largest real part first, in units of 1/t.
    pub fn eigenvalues(&self) -> &[Complex<f64>] {
        &self.eigenvalues
    }

    /// Whether small deviations die out, but for those along [null directions](Self::null_directions).
    pub fn is_stable(&self) -> bool {
        self.eigenvalues.iter().all(|eigenvalue| eigenvalue.re <= NULL * self.learning_rate)
    }

    /// The directions in which small deviations grow without oscillation: the growth rate and an orthonormal basis of the
    /// deviations of the state (layout of [`Shape`]), one entry for every distinct positive eigenvalue.
    pub fn unstable_directions(&self) -> Vec<(f64, Vec<Vec<f64>>)> {
        let mut distinct: Vec<f64> = Vec::new();
        for eigenvalue in self.eigenvalues.iter().filter(|eigenvalue| eigenvalue.im == 0.0) {
            let apart = distinct
                .last()
                .is_none_or(|last| last - eigenvalue.re > 1e-6 * self.learning_rate.max(*last));
            if eigenvalue.re > NULL * self.learning_rate && apart {
                distinct.push(eigenvalue.re);
            }
        }
        distinct.into_iter().map(|growth| (growth, self.kernel(growth))).collect()
    }

    /// An orthonormal basis of the directions along which the fixed point is one of a continuum.
    pub fn null_directions(&self) -> Vec<Vec<f64>> {
        let limit = NULL * self.learning_rate;
        if self.eigenvalues.iter().any(|eigenvalue| eigenvalue.norm() <= limit) {
            self.kernel(0.0)
        } else {
            Vec::new()
        }
    }

    /// What J - λ maps to 0.
    fn kernel(&self, eigenvalue: f64) -> Vec<Vec<f64>> {
        let dim = self.shape.dim();
        let shifted = &self.jacobian - DMatrix::identity(dim, dim) * eigenvalue;
        let Some(decomposed) = newton::decomposed(shifted) else { return Vec::new() };
        let largest = decomposed.singular_values.max();
        let Some(rows) = decomposed.v_t else { return Vec::new() };
        (0..dim)
            .filter(|&row| decomposed.singular_values[row] <= 1e-7 * largest)
            .map(|row| rows.row(row).iter().copied().collect())
            .collect()
    }
}

/// The fixed points that Newton's iteration finds from a kind of start, each once, least excess risk first. Schedules are left out of
/// account: the rates are the problem's own.
///
/// Steps take the pseudo-inverse of the generated Jacobian, so that a continuum of fixed points is no obstacle, and are shortened where they
/// would leave the cone of positive semidefinite Ω. Fixed points that students can be exchanged to are one.
///
/// ```
/// use overlap::{FixedPointStart, Problem, Scale, fixed_points, overlap_system};
/// overlap_system!(k = 2, p = 2, act = erf, jacobian = true);
/// let problem = Problem::builder(2, 2)
///     .student_scale(Scale::Committee)
///     .teacher_scale(Scale::Committee)
///     .learning_rate(0.1)
///     .build()?;
/// // Saad and Solla, Phys. Rev. E 52, 4225 (1995): all students alike, one direction leads away.
/// let plateau = &fixed_points(&ErfK2P2, &problem, &FixedPointStart::Plateau)?[0];
/// assert_eq!(plateau.unstable_directions().len(), 1);
/// assert!((plateau.eigenvalues()[0].re - 0.006531582491).abs() < 1e-10);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoJacobian`] if the system was declared without; [`Error::Mismatch`] or [`Error::Invalid`] if the problem is not one of
/// `system`, or has no such start; [`Error::FixedPoint`] if none was found.
pub fn fixed_points<S: System>(
    system: &S,
    problem: &Problem,
    start: &FixedPointStart,
) -> Result<Vec<FixedPoint>, Error> {
    all_from(system, problem, start)
}

/// The largest learning rate at which the specialised fixed point is stable, to a part in 10¹⁰: beyond it no run can learn the teacher.
/// The problem's own rate is where the search begins; a trained second layer keeps its rate.
///
/// # Errors
/// As [`fixed_points`]; [`Error::Invalid`] if the fixed point is stable, or unstable, at all rates within a factor of 10⁶.
pub fn largest_stable_rate<S: System>(system: &S, problem: &Problem) -> Result<f64, Error> {
    let growth = |rate: f64| -> Result<f64, Error> {
        let found = all_from(system, &problem.with_learning_rate(rate)?, &FixedPointStart::Specialised)?;
        // Directions along which nothing moves at any rate do not decide.
        let moving = found[0].eigenvalues.iter().filter(|eigenvalue| eigenvalue.norm() > NULL * rate);
        Ok(moving.fold(f64::NEG_INFINITY, |most, eigenvalue| most.max(eigenvalue.re)))
    };
    let start = problem.learning_rate();
    let (mut stable, mut unstable) = (start, start);
    if growth(start)? < 0.0 {
        while growth(unstable)? < 0.0 {
            stable = unstable;
            unstable *= 2.0;
            if unstable > 1e6 * start {
                return Err(Error::invalid(
                    "learning_rate",
                    unstable,
                    "a rate with an unstable specialised state",
                ));
            }
        }
    } else {
        while growth(stable)? >= 0.0 {
            unstable = stable;
            stable /= 2.0;
            if stable < 1e-6 * start {
                return Err(Error::invalid(
                    "learning_rate",
                    stable,
                    "a rate with a stable specialised state",
                ));
            }
        }
    }
    while unstable - stable > 1e-10 * stable {
        let middle = 0.5 * (stable + unstable);
        if growth(middle)? < 0.0 {
            stable = middle;
        } else {
            unstable = middle;
        }
    }
    Ok(0.5 * (stable + unstable))
}

fn all_from(
    system: &dyn System,
    problem: &Problem,
    start: &FixedPointStart,
) -> Result<Vec<FixedPoint>, Error> {
    if !system.has_jacobian() {
        return Err(Error::NoJacobian { system: system.name().into() });
    }
    let parameters = Parameters::new(&system, problem)?;
    let field = SystemField::constant(system, &parameters);
    let shape = system.shape();
    let mut found: Vec<FixedPoint> = Vec::new();
    let mut failure = None;
    for state in starts::states(&field, shape, problem, &parameters, start)? {
        let point = newton::solve(&field, shape, problem, &parameters, state)
            .and_then(|(state, residual)| examined(system, &field, &parameters, state, residual));
        match point {
            Ok(point) if !found.iter().any(|known| known.is_same(&point)) => found.push(point),
            Ok(_) => {}
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    found.sort_by(|one, other| one.excess_risk.total_cmp(&other.excess_risk));
    match failure {
        Some(failure) if found.is_empty() => Err(failure),
        _ => Ok(found),
    }
}

/// A state at rest with its spectrum.
fn examined(
    system: &dyn System,
    field: &SystemField<'_>,
    parameters: &Parameters,
    state: Vec<f64>,
    residual: f64,
) -> Result<FixedPoint, Error> {
    let shape = system.shape();
    let jacobian = newton::jacobian(field, &state);
    if let Some(entry) = jacobian.iter().find(|entry| !entry.is_finite()) {
        return Err(Error::invalid("the Jacobian at the fixed point", entry, "finite"));
    }
    // Without a bound it may iterate for ever on eigenvalues that are equal.
    let decomposed = [1.0, 16.0, 256.0]
        .into_iter()
        .find_map(|times| Schur::try_new(jacobian.clone(), times * f64::EPSILON, 100 * shape.dim()))
        .ok_or_else(|| {
            Error::invalid("the Jacobian at the fixed point", "one", "a matrix whose eigenvalues converge")
        })?;
    let mut eigenvalues: Vec<Complex<f64>> = decomposed.complex_eigenvalues().iter().copied().collect();
    eigenvalues.sort_by(|one, other| other.re.total_cmp(&one.re).then(other.im.total_cmp(&one.im)));
    let excess_risk = system.risk(parameters, &state) - 0.5 * parameters.noise;
    let (learning_rate, fixed_a) = (parameters.gamma, parameters.a.clone());
    Ok(FixedPoint { shape, state, fixed_a, residual, excess_risk, learning_rate, jacobian, eigenvalues })
}

impl FixedPoint {
    /// Whether students can be exchanged so that both are one: by what does not change under exchanges.
    fn is_same(&self, other: &FixedPoint) -> bool {
        let near = |x: f64, y: f64| (x - y).abs() <= 1e-7 * (1.0 + x.abs());
        let sorted = |point: &FixedPoint| {
            let mut norms: Vec<f64> = (0..point.shape.p).map(|i| point.state().q(i, i)).collect();
            norms.sort_by(f64::total_cmp);
            norms
        };
        near(self.excess_risk, other.excess_risk)
            && sorted(self).iter().zip(sorted(other)).all(|(&x, y)| near(x, y))
            && self
                .eigenvalues
                .iter()
                .zip(&other.eigenvalues)
                .all(|(x, y)| near(x.re, y.re) && near(x.im.abs(), y.im.abs()))
    }
}

/// The largest |dx/dt| over the entries x of the state, and all of them.
fn speed(field: &dyn VectorField, state: &[f64]) -> (f64, Vec<f64>) {
    let mut slope = vec![0.0; state.len()];
    field.slope(0.0, state, &mut slope);
    (slope.iter().fold(0.0, |most: f64, entry| most.max(entry.abs())), slope)
}
