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
