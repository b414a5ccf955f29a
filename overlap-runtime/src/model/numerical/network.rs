//! Teacher and students as the integrands see them.

use super::number::{Dual, Number};
use crate::{Activation, Parameters, Shape};
use nalgebra::DMatrix;

/// What the integrands need to know.
pub(super) struct Network<T> {
    pub(super) shape: Shape,
    pub(super) activations: [Activation; 2],
    pub(super) omega: DMatrix<T>,
    /// c_n = s* a*_n for teachers, -s a_n for students.
    pub(super) c: Vec<T>,
    /// γ s a_i.
    pub(super) rate: Vec<T>,
    /// γ_a s.
    pub(super) second: f64,
    pub(super) noise: T,
    pub(super) batch: f64,
}

impl Network<f64> {
    pub(super) fn new(
        shape: Shape,
        activations: [Activation; 2],
        parameters: &Parameters,
        state: &[f64],
    ) -> Self {
        let Shape { k, p, trained } = shape;
        let entry = |n: usize, m: usize| match (n < k, m < k) {
            (true, true) => parameters.teacher_overlaps[n * k + m],
            (true, false) => state[shape.m(n, m - k)],
            (false, true) => state[shape.m(m, n - k)],
            (false, false) => state[shape.q(n - k, m - k)],
        };
        let omega = DMatrix::from_fn(shape.nodes(), shape.nodes(), entry);
        let a = |i: usize| if trained { state[shape.a(i)] } else { parameters.a[i] };
        let teachers = (0..k).map(|r| parameters.s_star * parameters.a_star[r]);
        Network {
            shape,
            activations,
            omega,
            c: teachers.chain((0..p).map(|i| -parameters.s * a(i))).collect(),
            rate: (0..p).map(|i| parameters.gamma * parameters.s * a(i)).collect(),
            second: parameters.gamma_a * parameters.s,
            noise: parameters.noise,
            batch: parameters.batch,
        }
    }

    /// The same with all slopes 0.
    pub(super) fn lifted(&self) -> Network<Dual> {
        let lift = |values: &[f64]| values.iter().map(|&value| Dual::constant(value)).collect();
        Network {
            shape: self.shape,
            activations: self.activations,
            omega: self.omega.map(Dual::constant),
            c: lift(&self.c),
            rate: lift(&self.rate),
            second: self.second,
            noise: Dual::constant(self.noise),
            batch: self.batch,
        }
    }
}

impl<T: Number> Network<T> {
    fn activation(&self, n: usize) -> Activation {
        self.activations[usize::from(n < self.shape.k)]
    }

    pub(super) fn sigma(&self, n: usize, field: T) -> T {
        let activation = self.activation(n);
        field.map(|x| activation.value(x), |x| activation.derivative(x))
    }

    /// σ' of a student.
    pub(super) fn slope(&self, field: T) -> T {
        let student = self.activations[0];
        field.map(|x| student.derivative(x), |x| student.curvature(x))
    }

    /// σ' of any node.
    pub(super) fn slope_of(&self, n: usize, field: T) -> T {
        let activation = self.activation(n);
        field.map(|x| activation.derivative(x), |x| activation.curvature(x))
    }

    /// σ'' of a student.
    pub(super) fn curvature(&self, field: T) -> T {
        let student = self.activations[0];
        field.map(|x| student.curvature(x), |x| student.third_derivative(x))
    }
}
