//! Newton's iteration on dx/dt = 0.

use super::super::field::SystemField;
use super::speed;
use crate::ode::VectorField;
use crate::{Error, Parameters, Problem, Shape, State};
use nalgebra::{DMatrix, DVector, Dyn, SVD};

/// Iterations.
const MOST: usize = 200;
/// Singular values below this part of the largest belong to null directions.
const CUT: f64 = 1e-10;
/// The largest |dx/dt| of a fixed point, in learning rates.
const AT_REST: f64 = 1e-11;

/// A state at rest near `state`, and the largest |dx/dt| there.
pub(super) fn solve(
    field: &SystemField<'_>,
    shape: Shape,
    problem: &Problem,
    parameters: &Parameters,
    mut state: Vec<f64>,
) -> Result<(Vec<f64>, f64), Error> {
    let square = |slope: &[f64]| slope.iter().map(|entry| entry * entry).sum::<f64>();
    let (mut largest, mut slope) = speed(field, &state);
    let bound = AT_REST * parameters.gamma;
    for _ in 0..MOST {
        if largest == 0.0 {
            break;
        }
        let matrix = jacobian(field, &state);
        if matrix.iter().any(|entry| !entry.is_finite()) {
            break;
        }
        let Some(decomposed) = decomposed(matrix) else { break };
        let cut = CUT * decomposed.singular_values.max();
        let Ok(step) = decomposed.solve(&DVector::from_column_slice(&slope), cut) else { break };
        // Half as long, until it is one to a lesser slope and to overlaps of weights.
        let shortened = (0..30).map(|halvings| 0.5_f64.powi(halvings)).find_map(|length| {
            let end: Vec<f64> = state.iter().zip(step.iter()).map(|(x, dx)| x - length * dx).collect();
            if !is_of_weights(shape, problem, parameters, &end) {
                return None;
            }
            let (end_largest, end_slope) = speed(field, &end);
            (square(&end_slope) < (1.0 - 0.1 * length) * square(&slope)).then_some((
                end,
                end_largest,
                end_slope,
            ))
        });
        let Some((end, end_largest, end_slope)) = shortened else { break };
        (state, largest, slope) = (end, end_largest, end_slope);
    }
    if largest <= bound {
        return Ok((state, largest));
    }
    Err(Error::FixedPoint { residual: largest, bound, shape, state })
}

/// The singular values and vectors; without a bound, iterations may go on for ever where values are equal.
pub(super) fn decomposed(matrix: DMatrix<f64>) -> Option<SVD<f64, Dyn, Dyn>> {
    let most = 100 * matrix.nrows().max(1);
    [4.0, 64.0, 1024.0]
        .into_iter()
        .find_map(|times| SVD::try_new(matrix.clone(), true, true, times * f64::EPSILON, most))
}

/// ∂f/∂x.
pub(super) fn jacobian(field: &SystemField<'_>, state: &[f64]) -> DMatrix<f64> {
    let dim = state.len();
    let mut rows = vec![0.0; dim * dim];
    field.jacobian(0.0, state, &mut rows);
    DMatrix::from_row_slice(dim, dim, &rows)
}

/// Whether Ω is positive semidefinite, up to rounding.
fn is_of_weights(shape: Shape, problem: &Problem, parameters: &Parameters, state: &[f64]) -> bool {
    let (k, n, at) = (shape.k, shape.nodes(), State::new(shape, state, &parameters.a));
    let omega = DMatrix::from_fn(n, n, |a, b| match (a < k, b < k) {
        (true, true) => problem.teacher_overlaps()[(a, b)],
        (true, false) => at.m(a, b - k),
        (false, true) => at.m(b, a - k),
        (false, false) => at.q(a - k, b - k),
    });
    if omega.iter().any(|entry| !entry.is_finite()) {
        return false;
    }
    let trace = omega.trace();
    omega.symmetric_eigenvalues().min() >= -1e-10 * trace
}
