//! A problem with k = 2, p = 3 and a trained second layer whose start has no symmetry.

use nalgebra::DMatrix;
use overlap_runtime::{Initial, Problem, ProblemBuilder};

pub(crate) fn trained_committee() -> ProblemBuilder {
    let m = DMatrix::from_row_slice(2, 3, &[0.3, 0.1, -0.2, 0.0, 0.4, 0.1]);
    let q = DMatrix::from_row_slice(3, 3, &[0.8, 0.1, 0.0, 0.1, 0.6, 0.05, 0.0, 0.05, 0.7]);
    Problem::builder(2, 3)
        .learning_rate(4.0)
        .second_layer_rate(1.5)
        .noise(0.1)
        .initial(Initial::Given { m, q })
}
