//! Initial states: given overlaps, real Gaussian weights, or students informed of the teacher.

use crate::error::check_at_least;
use crate::model::weights::Weights;
use crate::{Error, State};
use nalgebra::DMatrix;

/// How the initial overlaps M and Q are chosen.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Initial {
    /// The overlaps themselves.
    Given {
        /// M, k x p.
        m: DMatrix<f64>,
        /// Q, p x p, symmetric; Ω = [[P, M], [Mᵀ, Q]] must be positive semidefinite up to rounding.
        q: DMatrix<f64>,
    },
    /// The overlaps of real weights in d dimensions: teachers with overlaps exactly P, students w ~ N(0, variance I_d).
    Drawn {
        /// Input dimension d, at least k.
        dimension: usize,
        /// Seed of the weights.
        seed: u64,
        /// Variance of a student weight (Q_ii ≈ variance).
        variance: f64,
    },
    /// Students partly aligned with teachers, without fluctuations: student i has overlap `alignment` with teacher
    /// i mod k and is otherwise orthogonal to everything: M = m P S, Q = m² SᵀPS + (1 - m²) I, S_ri = δ_{r, i mod k}.
    Informed {
        /// Alignment m in [-1, 1]; 0 is an uninformed start, 1 a copy of the teacher.
        alignment: f64,
    },
}

/// Most weights d (k + p) that are drawn: 800 MB of them.
const MAX_WEIGHTS: usize = 100_000_000;

impl Initial {
    /// Students with standard Gaussian weights in `dimension` dimensions.
    pub fn drawn(dimension: usize, seed: u64) -> Self {
        Initial::Drawn { dimension, seed, variance: 1.0 }
    }

    /// Students informed of the teacher, see [`Initial::Informed`].
    pub fn informed(alignment: f64) -> Self {
        Initial::Informed { alignment }
    }
}

impl From<State<'_>> for Initial {
    /// The overlaps of a state. A trained second layer is no part of them: see [`Problem::continued_from`](crate::Problem::continued_from).
    fn from(state: State<'_>) -> Self {
        Initial::Given { m: state.m_matrix(), q: state.q_matrix() }
    }
}

/// Whether weights can be drawn for k teachers and p students.
pub(crate) fn check_drawn(initial: &Initial, k: usize, p: usize) -> Result<(), Error> {
    let Initial::Drawn { dimension, variance, .. } = *initial else { return Ok(()) };
    let most = MAX_WEIGHTS / (k + p).max(1);
    if dimension > most {
        return Err(Error::invalid("dimension", dimension, format!("at most {most} to fit the memory")));
    }
    if dimension < k {
        return Err(Error::invalid("dimension", dimension, format!("at least k = {k}")));
    }
    check_at_least("variance", variance, 0.0, false).map(drop)
}

/// The initial overlaps (M, Q) for teachers with overlaps `teacher` = P and `p` students.
pub(crate) fn overlaps(
    initial: &Initial,
    teacher: &DMatrix<f64>,
    p: usize,
) -> Result<(DMatrix<f64>, DMatrix<f64>), Error> {
    match initial {
        Initial::Given { m, q } => Ok((m.clone(), q.clone())),
        Initial::Drawn { dimension, seed, variance } => {
            check_drawn(initial, teacher.nrows(), p)?;
            let weights = Weights::drawn(teacher, p, *dimension, *seed, *variance)?;
            Ok((weights.m(), weights.q()))
        }
        Initial::Informed { alignment } => {
            if !(-1.0..=1.0).contains(alignment) {
                return Err(Error::invalid("alignment", alignment, "between -1 and 1"));
            }
            let k = teacher.nrows();
            let m = DMatrix::from_fn(k, p, |r, i| alignment * teacher[(r, i % k)]);
            let q = DMatrix::from_fn(p, p, |i, j| {
                let own = if i == j { 1.0 - alignment * alignment } else { 0.0 };
                alignment * alignment * teacher[(i % k, j % k)] + own
            });
            Ok((m, q))
        }
    }
}
