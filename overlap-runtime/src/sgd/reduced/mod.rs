//! One-pass SGD without weights: the overlaps of SGD in d dimensions are themselves a Markov chain, exactly, for every
//! d ≥ k + p, at a cost that does not depend on d.
//!
//! The stacked weights over √d are L U with orthonormal rows U and a lower triangular L (teachers first). A fresh input
//! enters only through its coordinates z ~ N(0, I) in that basis and the length χ of the rest, a normal vector in
//! d - k - p dimensions: the fields are L z, and a step adds c_i (z, χ)/d to row i of the students, c_i being the factor of
//! x/√d in the update of w_i. The direction of the rest becomes a further row of U, with a column of L that was zero. It is
//! kept: the next input has one more coordinate and one dimension less in its rest. After a block of samples a
//! Householder LQ decomposition, which only changes the basis, brings the students' part back to a triangle with a
//! positive diagonal. The teachers' rows never change.
//!
//! The samples of a batch see the same L and each open a direction of their own.

pub(super) mod octet;
pub(super) mod single;
#[cfg(test)]
mod tests;

use super::normals::{Chi, LANES};
use super::setting::Setting;
use crate::model::problem::omega;
use crate::{Error, Problem};
use nalgebra::{DMatrix, SymmetricEigen};

/// What all replicas start from.
pub(super) struct Chain {
    pub(super) setting: Setting,
    /// The teachers' triangle, k x k, row by row.
    teacher: Vec<f64>,
    /// The students' rows of L at the start, p x (k + p), row by row.
    student: Vec<f64>,
    /// Dimensions outside of L, d - k - p. A test may falsify it.
    pub(super) rest: usize,
}

impl Chain {
    /// # Errors
    /// [`Error::Invalid`] unless d ≥ k + p.
    pub(super) fn new(setting: Setting, problem: &Problem) -> Result<Self, Error> {
        let (k, n) = (setting.shape.k, setting.shape.nodes());
        let Some(rest) = setting.dimension.checked_sub(n) else {
            let bound = format!("at least k + p = {n} for the reduced simulator (the direct one goes below)");
            return Err(Error::invalid("dimension", setting.dimension, bound));
        };
        let root = triangular_root(&omega(problem.teacher_overlaps(), problem.m(), problem.q()));
        let rows = |from: usize, count: usize, columns: usize| {
            (from..from + count)
                .flat_map(|row| (0..columns).map(move |c| (row, c)))
                .map(|at| root[at])
                .collect()
        };
        Ok(Chain { teacher: rows(0, k, k), student: rows(k, n - k, n), setting, rest })
    }

    /// The whole triangle, (k + p) x (k + p), row by row.
    pub(super) fn rows(&self) -> Vec<f64> {
        let Setting { shape, .. } = self.setting;
        let n = shape.nodes();
        let mut rows = Vec::with_capacity(n * n);
        for row in self.teacher.chunks_exact(shape.k) {
            rows.extend(row);
            rows.resize(rows.len() + shape.p, 0.0);
        }
        rows.extend(&self.student);
        rows
    }

    /// Samples between two compressions: about `wish`, a whole number of batches.
    fn block(&self, wish: usize) -> usize {
        let batch = self.setting.batch;
        (wish / batch).max(1) * batch
    }
}

/// The lower triangle L with L Lᵀ = `gram` and a diagonal of at least 0, also where `gram` is singular.
fn triangular_root(gram: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(gram.clone());
    let roots = DMatrix::from_diagonal(&eigen.eigenvalues.map(|value| value.max(0.0).sqrt()));
    // gram = Rᵀ R with R = √Λ Vᵀ = Q T: L = Tᵀ.
    let mut root = (roots * eigen.eigenvectors.transpose()).qr().r().transpose();
    for mut column in root.column_iter_mut() {
        if let Some(&pivot) = column.iter().find(|value| **value != 0.0)
            && pivot < 0.0
        {
            column.neg_mut();
        }
    }
    root
}

/// The lengths of the rests in dimensions `rest` - i, i < count, by eights.
fn decreasing(rest: usize, count: usize) -> Vec<Chi> {
    let dimension = |i: usize| rest.saturating_sub(i) as u64;
    (0..count.div_ceil(LANES))
        .map(|eight| Chi::new(std::array::from_fn(|lane| dimension(eight * LANES + lane))))
        .collect()
}
