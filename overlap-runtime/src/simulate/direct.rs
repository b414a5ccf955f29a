//! One-pass SGD on the weights themselves, in d dimensions.

use crate::weights::Weights;
use crate::{Activation, Parameters, Shape};
use nalgebra::{DMatrix, DVector};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What every replica of a simulation shares.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) shape: Shape,
    pub(super) activation: Activation,
    pub(super) parameters: &'a Parameters,
    pub(super) batch: usize,
    pub(super) weights: &'a Weights,
}

/// One run: student weights, its own stream of data, and work space.
pub(super) struct Direct<'a> {
    setting: Setting<'a>,
    /// Wᵀ, d x p.
    student: DMatrix<f64>,
    /// Second layer a, p; constant where it is not trained.
    a: DVector<f64>,
    generator: Xoshiro256PlusPlus,
    /// The batch's inputs x, d x b.
    inputs: DMatrix<f64>,
    /// λ* = W* x / √d, k x b.
    teacher_fields: DMatrix<f64>,
    /// λ = W x / √d, p x b.
    fields: DMatrix<f64>,
    /// What multiplies x in the update of w_i, b x p.
    coefficients: DMatrix<f64>,
    /// Update of a, p.
    a_update: DVector<f64>,
}

/// A number of the update that is no longer finite.
pub(super) struct NotFinite {
    pub(super) quantity: String,
    pub(super) value: f64,
}

impl<'a> Direct<'a> {
    pub(super) fn new(setting: Setting<'a>, generator: Xoshiro256PlusPlus) -> Self {
        let (Shape { k, p, .. }, batch) = (setting.shape, setting.batch);
        Direct {
            student: setting.weights.student.clone(),
            a: DVector::from_column_slice(&setting.parameters.a),
            generator,
            inputs: DMatrix::zeros(setting.weights.student.nrows(), batch),
            teacher_fields: DMatrix::zeros(k, batch),
            fields: DMatrix::zeros(p, batch),
            coefficients: DMatrix::zeros(batch, p),
            a_update: DVector::zeros(p),
            setting,
        }
    }

    /// One step of SGD on a fresh batch, both layers from the same old weights:
    /// w_i += (γ s a_i / √d) mean_b[E σ'(λ_i) x], a_i += (γ_a s / d) mean_b[E σ(λ_i)].
    pub(super) fn step(&mut self) -> Result<(), NotFinite> {
        let Setting { shape, activation, parameters, batch, weights } = self.setting;
        let dimension = self.student.nrows() as f64;
        let root = dimension.sqrt();
        let rate = parameters.gamma * parameters.s / (root * batch as f64);
        let a_rate = parameters.gamma_a * parameters.s / (dimension * batch as f64);
        let noise = parameters.noise.sqrt();

        for x in self.inputs.as_mut_slice() {
            *x = StandardNormal.sample(&mut self.generator);
        }
        self.teacher_fields.gemm_tr(1.0 / root, &weights.teacher, &self.inputs, 0.0);
        self.fields.gemm_tr(1.0 / root, &self.student, &self.inputs, 0.0);

        self.a_update.fill(0.0);
        for sample in 0..batch {
            let mut teacher = 0.0;
            for r in 0..shape.k {
                teacher += parameters.a_star[r] * activation.value(self.teacher_fields[(r, sample)]);
            }
            let mut student = 0.0;
            for i in 0..shape.p {
                student += self.a[i] * activation.value(self.fields[(i, sample)]);
            }
            // Drawn without noise too, so that the inputs of a seed are the same for every Δ.
            let zeta: f64 = StandardNormal.sample(&mut self.generator);
            let error = parameters.s_star * teacher + noise * zeta - parameters.s * student;
            for i in 0..shape.p {
                let field = self.fields[(i, sample)];
                self.coefficients[(sample, i)] = rate * self.a[i] * error * activation.derivative(field);
                self.a_update[i] += a_rate * error * activation.value(field);
            }
        }
        self.check_update()?;
        self.student.gemm(1.0, &self.inputs, &self.coefficients, 1.0);
        if shape.trained {
            self.a += &self.a_update;
        }
        Ok(())
    }

    fn check_update(&self) -> Result<(), NotFinite> {
        let update =
            |name, i, value: f64| NotFinite { quantity: format!("the update of {name}_{}", i + 1), value };
        for i in 0..self.setting.shape.p {
            for &value in &self.coefficients.column(i) {
                if !value.is_finite() {
                    return Err(update("w", i, value));
                }
            }
            if !self.a_update[i].is_finite() {
                return Err(update("a", i, self.a_update[i]));
            }
        }
        Ok(())
    }

    /// The state (layout of [`Shape`]) computed from the weights.
    pub(super) fn state(&self) -> Result<Vec<f64>, NotFinite> {
        let (shape, teacher) = (self.setting.shape, &self.setting.weights.teacher);
        let dimension = self.student.nrows() as f64;
        let mut state = vec![0.0; shape.dim()];
        for i in 0..shape.p {
            let w = self.student.column(i);
            for r in 0..shape.k {
                state[shape.m(r, i)] = teacher.column(r).dot(&w) / dimension;
            }
            for j in i..shape.p {
                state[shape.q(i, j)] = w.dot(&self.student.column(j)) / dimension;
            }
            if shape.trained {
                state[shape.a(i)] = self.a[i];
            }
        }
        match state.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(NotFinite { quantity: shape.names().swap_remove(index), value: state[index] }),
            None => Ok(state),
        }
    }
}
