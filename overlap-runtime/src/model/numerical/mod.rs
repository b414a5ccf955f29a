//! Right-hand sides by Gauss-Hermite quadrature: for smooth activations whose expectations have no closed form.

mod network;
mod number;

use crate::model::generated::Partner;
use crate::{Activation, Parameters, Shape};
use nalgebra::DMatrix;
use network::Network;
use number::{Dual, Number};

/// Up to this many nodes k + p, all expectations come from one grid over all fields.
const WHOLE_GRID: usize = 4;

/// Gauss-Hermite quadrature with the same number of nodes in every dimension, for the standard normal density.
///
/// A system of k + p ≤ 4 nodes takes N^(k+p) evaluations of the network per right-hand side; a larger one sums over
/// two, three and four fields at a time, N⁴ evaluations for every two students and two nodes.
#[derive(Debug, Clone)]
pub struct Quadrature {
    /// (node, weight).
    rule: Vec<(f64, f64)>,
}

impl Quadrature {
    /// `nodes` ≥ 1 in every dimension: the eigenvalues of the Hermite polynomials' Jacobi matrix (Golub and Welsch, Math. Comp.
    /// 23, 221, 1969).
    pub fn new(nodes: usize) -> Self {
        let jacobi = DMatrix::from_fn(nodes.max(1), nodes.max(1), |i, j| {
            if i.abs_diff(j) == 1 { (i.max(j) as f64).sqrt() } else { 0.0 }
        });
        let eigen = jacobi.symmetric_eigen();
        let mut rule: Vec<(f64, f64)> = eigen
            .eigenvalues
            .iter()
            .zip(eigen.eigenvectors.column_iter())
            .map(|(&node, vector)| (node, vector[0] * vector[0]))
            .collect();
        rule.sort_by(|x, y| x.0.total_cmp(&y.0));
        Quadrature { rule }
    }

    /// The right-hand side of [`System`](crate::System) for the activations of students and teachers.
    pub fn right_hand_side(
        &self,
        shape: Shape,
        activations: [Activation; 2],
        parameters: &Parameters,
        state: &[f64],
        derivative: &mut [f64],
    ) {
        derivative.fill(0.0);
        self.evaluate(&Network::new(shape, activations, parameters, state), derivative);
    }

    /// R = ½ E[(Σ_n c_n σ(λ_n))²] + Δ/2.
    pub fn risk(
        &self,
        shape: Shape,
        activations: [Activation; 2],
        parameters: &Parameters,
        state: &[f64],
    ) -> f64 {
        let network = Network::new(shape, activations, parameters, state);
        let mut sum = 0.0;
        for n in 0..shape.nodes() {
            for m in 0..=n {
                let times = if n == m { 1.0 } else { 2.0 };
                let mut moment = 0.0;
                self.over(&network.omega, &[n, m], &mut |weight, field: &[f64]| {
                    moment += weight * network.sigma(n, field[0]) * network.sigma(m, field[1]);
                });
                sum += times * network.c[n] * network.c[m] * moment;
            }
        }
        0.5 * sum + 0.5 * parameters.noise
    }

    /// The Jacobian of the right-hand side, rows and columns as the checked entry point has them: the derivative of
    /// the quadrature itself, one variable after the other.
    pub fn jacobian(
        &self,
        shape: Shape,
        activations: [Activation; 2],
        parameters: &Parameters,
        state: &[f64],
        jacobian: &mut [f64],
    ) {
        let Shape { k, p, trained } = shape;
        let dim = shape.dim();
        let teachers = (0..k).flat_map(|r| (r..k).map(move |s| (r, s)));
        let columns = shape.jacobian_columns();
        let plain = Network::new(shape, activations, parameters, state);
        for column in 0..columns {
            let mut network = plain.lifted();
            let along = |value: &mut Dual, slope: f64| value.slope = slope;
            let mut overlap = |n: usize, m: usize| {
                along(&mut network.omega[(n, m)], 1.0);
                along(&mut network.omega[(m, n)], 1.0);
            };
            if column >= dim + 2 {
                let (r, s) = teachers.clone().nth(column - dim - 2).expect("a column of P");
                overlap(r, s);
            } else if column == dim + 1 {
                along(&mut network.noise, 1.0);
            } else if column == dim {
                for i in 0..p {
                    along(&mut network.rate[i], plain.rate[i] / parameters.gamma);
                }
            } else if trained && column >= shape.a(0) {
                let i = column - shape.a(0);
                along(&mut network.c[k + i], -parameters.s);
                along(&mut network.rate[i], parameters.gamma * parameters.s);
            } else {
                for i in 0..p {
                    (0..k).filter(|&r| shape.m(r, i) == column).for_each(|r| overlap(r, k + i));
                    (i..p).filter(|&j| shape.q(i, j) == column).for_each(|j| overlap(k + i, k + j));
                }
            }
            let mut derivative = vec![Dual::constant(0.0); dim];
            self.evaluate(&network, &mut derivative);
            for (row, value) in derivative.iter().enumerate() {
                jacobian[row * columns + column] = value.slope;
            }
        }
    }

    /// K2, J2 and I2 of a student and another node.
    pub fn pulls(
        &self,
        [student, teacher]: [Activation; 2],
        with: Partner,
        [q_ii, q_in, q_nn]: [f64; 3],
    ) -> [f64; 3] {
        let omega = DMatrix::from_row_slice(2, 2, &[q_ii, q_in, q_in, q_nn]);
        let node = if with == Partner::Itself { 0 } else { 1 };
        let other = if with == Partner::Teacher { teacher } else { student };
        let mut sums = [0.0; 3];
        self.over(&omega, &[0, node], &mut |weight, field: &[f64]| {
            let [x, y] = [field[0], field[1]];
            sums[0] += weight * student.curvature(x) * other.value(y);
            sums[1] += weight * student.derivative(x) * other.derivative(y);
            sums[2] += weight * student.value(x) * other.value(y);
        });
        sums
    }

    fn evaluate<T: Number>(&self, network: &Network<T>, derivative: &mut [T]) {
        if network.shape.nodes() <= WHOLE_GRID {
            self.whole_grid(network, derivative);
        } else {
            self.by_parts(network, derivative);
        }
    }

    /// One grid over all fields: the definition of the equations, E[one SGD step].
    fn whole_grid<T: Number>(&self, network: &Network<T>, derivative: &mut [T]) {
        let Network { shape, .. } = *network;
        let Shape { k, p, trained } = shape;
        let all: Vec<usize> = (0..shape.nodes()).collect();
        let mut slopes = vec![T::constant(0.0); p];
        self.over(&network.omega, &all, &mut |weight, field: &[T]| {
            let weight = T::constant(weight);
            let mut error = T::constant(0.0);
            for (n, c) in network.c.iter().enumerate() {
                (*c * network.sigma(n, field[n])).add_to(&mut error);
            }
            let pull = weight * error;
            for (i, slope) in slopes.iter_mut().enumerate() {
                *slope = network.rate[i] * network.slope(field[k + i]);
                for r in 0..k {
                    (pull * *slope * field[r]).add_to(&mut derivative[shape.m(r, i)]);
                }
                if trained {
                    let value = network.sigma(k + i, field[k + i]);
                    (T::constant(network.second) * pull * value).add_to(&mut derivative[shape.a(i)]);
                }
            }
            let square = weight * (error * error + network.noise) * T::constant(1.0 / network.batch);
            for j in 0..p {
                for l in j..p {
                    let drift = slopes[j] * field[k + l] + slopes[l] * field[k + j];
                    (pull * drift + square * slopes[j] * slopes[l]).add_to(&mut derivative[shape.q(j, l)]);
                }
            }
        });
    }

    /// Sums over n and over n, m of expectations of at most four fields.
    fn by_parts<T: Number>(&self, network: &Network<T>, derivative: &mut [T]) {
        let Network { shape, ref omega, ref c, .. } = *network;
        let Shape { k, p, trained } = shape;
        for i in 0..p {
            let student = k + i;
            for (n, &c_n) in c.iter().enumerate() {
                // K2, J2 and I2; I3 by Stein's rule.
                let [mut own, mut other, mut value] = [T::constant(0.0); 3];
                self.over(omega, &[student, n], &mut |weight, field: &[T]| {
                    let weight = T::constant(weight);
                    let sigma = weight * network.sigma(n, field[1]);
                    (sigma * network.curvature(field[0])).add_to(&mut own);
                    (weight * network.slope(field[0]) * network.slope_of(n, field[1])).add_to(&mut other);
                    (sigma * network.sigma(student, field[0])).add_to(&mut value);
                });
                let force = network.rate[i] * c_n;
                let pull = |b: usize| force * (omega[(student, b)] * own + omega[(n, b)] * other);
                for r in 0..k {
                    pull(r).add_to(&mut derivative[shape.m(r, i)]);
                }
                for l in 0..p {
                    let times = T::constant(if l == i { 2.0 } else { 1.0 });
                    (times * pull(k + l)).add_to(&mut derivative[shape.q(i, l)]);
                }
                if trained {
                    (T::constant(network.second) * c_n * value).add_to(&mut derivative[shape.a(i)]);
                }
            }
        }
        for j in 0..p {
            for l in j..p {
                let mut sum = T::constant(0.0);
                self.over(omega, &[k + j, k + l], &mut |weight, field: &[T]| {
                    let slopes = network.slope(field[0]) * network.slope(field[1]);
                    (T::constant(weight) * network.noise * slopes).add_to(&mut sum);
                });
                for n in 0..shape.nodes() {
                    for m in 0..=n {
                        let times = T::constant(if n == m { 1.0 } else { 2.0 }) * c[n] * c[m];
                        self.over(omega, &[k + j, k + l, n, m], &mut |weight, field: &[T]| {
                            let slopes = network.slope(field[0]) * network.slope(field[1]);
                            let values = network.sigma(n, field[2]) * network.sigma(m, field[3]);
                            (T::constant(weight) * times * slopes * values).add_to(&mut sum);
                        });
                    }
                }
                let rates = network.rate[j] * network.rate[l] * T::constant(1.0 / network.batch);
                (rates * sum).add_to(&mut derivative[shape.q(j, l)]);
            }
        }
    }

    /// Calls `at` with weight and fields of every grid point of the listed nodes, which may repeat.
    fn over<T: Number>(&self, omega: &DMatrix<T>, nodes: &[usize], at: &mut impl FnMut(f64, &[T])) {
        let mut distinct: Vec<usize> = Vec::new();
        let places: Vec<usize> = nodes
            .iter()
            .map(|node| {
                distinct.iter().position(|known| known == node).unwrap_or_else(|| {
                    distinct.push(*node);
                    distinct.len() - 1
                })
            })
            .collect();
        let lower = factor(omega, &distinct);
        let size = distinct.len();
        let mut counter = vec![0; size];
        let mut field = vec![T::constant(0.0); nodes.len()];
        let mut own = vec![T::constant(0.0); size];
        loop {
            let mut weight = 1.0;
            for a in 0..size {
                weight *= self.rule[counter[a]].1;
                own[a] = T::constant(0.0);
                for b in 0..=a {
                    (lower[(a, b)] * T::constant(self.rule[counter[b]].0)).add_to(&mut own[a]);
                }
            }
            for (field, &place) in field.iter_mut().zip(&places) {
                *field = own[place];
            }
            at(weight, &field);
            let mut position = size;
            loop {
                let Some(next) = position.checked_sub(1) else { return };
                position = next;
                counter[position] += 1;
                if counter[position] < self.rule.len() {
                    break;
                }
                counter[position] = 0;
            }
        }
    }
}

/// The lower triangle L of the nodes' covariance L Lᵀ; a direction that is a combination of the earlier ones adds nothing.
fn factor<T: Number>(omega: &DMatrix<T>, nodes: &[usize]) -> DMatrix<T> {
    let size = nodes.len();
    let mut lower = DMatrix::from_element(size, size, T::constant(0.0));
    let minus = T::constant(-1.0);
    for a in 0..size {
        for b in 0..=a {
            let mut rest = omega[(nodes[a], nodes[b])];
            for m in 0..b {
                (minus * lower[(a, m)] * lower[(b, m)]).add_to(&mut rest);
            }
            let pivot: T = lower[(b, b)];
            lower[(a, b)] = if a == b {
                // Rounding can carry what is 0 below it; NaN stays.
                if rest.value() <= 0.0 { T::constant(0.0) } else { rest.map(f64::sqrt, |x| 0.5 / x.sqrt()) }
            } else if pivot.value() > 1e-8 * omega[(nodes[b], nodes[b])].value().sqrt() {
                rest * pivot.map(f64::recip, |x| -1.0 / (x * x))
            } else {
                T::constant(0.0)
            };
        }
    }
    lower
}

#[cfg(test)]
mod tests;
