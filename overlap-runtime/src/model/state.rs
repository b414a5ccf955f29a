//! Readable views of a flat state vector.

use crate::Shape;
use nalgebra::{DMatrix, DVector};

/// A state of the dynamics with readable access to its overlaps. Indices count from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct State<'a> {
    shape: Shape,
    values: &'a [f64],
    fixed_a: &'a [f64],
}

impl<'a> State<'a> {
    /// Views `values` (layout of [`Shape`]); `fixed_a` (p) stands in for a where the second layer is not trained.
    ///
    /// # Panics
    /// If a slice is shorter than the shape asks for: the caller made it from the same shape.
    pub(crate) fn new(shape: Shape, values: &'a [f64], fixed_a: &'a [f64]) -> Self {
        assert!(values.len() == shape.dim() && fixed_a.len() == shape.p);
        State { shape, values, fixed_a }
    }

    /// Sizes and layout.
    pub fn shape(self) -> Shape {
        self.shape
    }

    /// The flat values, in the layout of [`Shape`].
    pub fn as_slice(self) -> &'a [f64] {
        self.values
    }

    /// Teacher-student overlap M_ri = w*_r · w_i / d.
    pub fn m(self, r: usize, i: usize) -> f64 {
        self.values[self.shape.m(r, i)]
    }

    /// Student-student overlap Q_ij = w_i · w_j / d.
    pub fn q(self, i: usize, j: usize) -> f64 {
        self.values[self.shape.q(i, j)]
    }

    /// Second-layer weight a_i, trained or fixed.
    pub fn a(self, i: usize) -> f64 {
        if self.shape.trained { self.values[self.shape.a(i)] } else { self.fixed_a[i] }
    }

    /// How clearly the most specialised student unit prefers one teacher: the difference of its two largest cosines
    /// |M_ri| / √(P_rr Q_ii), maximised over the student units i. 0 on the unspecialised plateau, where all teachers are alike to every student,
    /// 1 when a student unit is a copy of one of orthogonal teachers. With one teacher: the largest cosine itself. P is
    /// [`Problem::teacher_overlaps`](crate::Problem::teacher_overlaps).
    pub fn specialisation(self, teacher_overlaps: &DMatrix<f64>) -> f64 {
        let preference = |i: usize| {
            let (mut first, mut second) = (0.0f64, 0.0f64);
            for r in 0..self.shape.k {
                let norm = (teacher_overlaps[(r, r)] * self.q(i, i)).sqrt();
                let cosine = if norm > 0.0 { self.m(r, i).abs() / norm } else { 0.0 };
                if cosine > first {
                    (first, second) = (cosine, first);
                } else if cosine > second {
                    second = cosine;
                }
            }
            first - second
        };
        (0..self.shape.p).map(preference).fold(0.0, f64::max)
    }

    /// M as a matrix (k x p).
    pub fn m_matrix(self) -> DMatrix<f64> {
        DMatrix::from_fn(self.shape.k, self.shape.p, |r, i| self.m(r, i))
    }

    /// Q as a symmetric matrix (p x p).
    pub fn q_matrix(self) -> DMatrix<f64> {
        DMatrix::from_fn(self.shape.p, self.shape.p, |i, j| self.q(i, j))
    }

    /// a as a vector (p).
    pub fn a_vector(self) -> DVector<f64> {
        DVector::from_fn(self.shape.p, |i, _| self.a(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specialisation_is_0_for_copies_of_all_and_1_for_copies_of_one() {
        let shape = Shape { k: 2, p: 2, trained: false };
        let teachers = DMatrix::from_row_slice(2, 2, &[4.0, 0.0, 0.0, 1.0]);
        let value = |state: &[f64; 7]| State::new(shape, state, &[1.0; 2]).specialisation(&teachers);
        // M_11 M_12 M_21 M_22 Q_11 Q_12 Q_22, with P = diag(4, 1): cosines 1/2 with both.
        assert_eq!(value(&[1.0, 1.0, 0.5, 0.5, 1.0, 0.0, 1.0]), 0.0);
        // The second student is minus twice the first teacher.
        assert_eq!(value(&[1.0, -8.0, 0.5, 0.0, 1.0, -2.0, 16.0]), 1.0);
        assert_eq!(value(&[0.0; 7]), 0.0, "a student of length 0 prefers nobody");
    }
}
