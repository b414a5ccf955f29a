//! Right-hand sides by Gauss-Hermite quadrature: for smooth activations whose expectations have no closed form.

use crate::{Activation, Parameters, Shape};
use nalgebra::DMatrix;

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

/// What the integrands need to know.
struct Network<'a> {
    shape: Shape,
    activations: [Activation; 2],
    parameters: &'a Parameters,
    omega: DMatrix<f64>,
    /// c_n = s* a*_n for teachers, -s a_n for students.
    c: Vec<f64>,
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
        let network = Network::new(shape, activations, parameters, state);
        if shape.nodes() <= WHOLE_GRID {
            self.whole_grid(&network, derivative);
        } else {
            self.by_parts(&network, derivative);
        }
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
                self.over(&network.omega, &[n, m], &mut |weight, field| {
                    moment += weight * network.sigma(n, field[0]) * network.sigma(m, field[1]);
                });
                sum += times * network.c[n] * network.c[m] * moment;
            }
        }
        0.5 * sum + 0.5 * parameters.noise
    }

    /// One grid over all fields: the definition of the equations, E[one SGD step].
    fn whole_grid(&self, network: &Network<'_>, derivative: &mut [f64]) {
        let Network { shape, parameters, .. } = *network;
        let Shape { k, p, trained } = shape;
        let all: Vec<usize> = (0..shape.nodes()).collect();
        let mut slopes = vec![0.0; p];
        self.over(&network.omega, &all, &mut |weight, field| {
            let mut error = 0.0;
            for (n, c) in network.c.iter().enumerate() {
                error += c * network.sigma(n, field[n]);
            }
            for (i, slope) in slopes.iter_mut().enumerate() {
                *slope = network.rate(i) * network.slope(field[k + i]);
                for r in 0..k {
                    derivative[shape.m(r, i)] += weight * error * *slope * field[r];
                }
                if trained {
                    derivative[shape.a(i)] += weight
                        * parameters.gamma_a
                        * parameters.s
                        * error
                        * network.sigma(k + i, field[k + i]);
                }
            }
            let square = (error * error + parameters.noise) / parameters.batch;
            for j in 0..p {
                for l in j..p {
                    let pull = error * (slopes[j] * field[k + l] + slopes[l] * field[k + j]);
                    derivative[shape.q(j, l)] += weight * (pull + square * slopes[j] * slopes[l]);
                }
            }
        });
    }

    /// Sums over n and over n, m of expectations of at most four fields.
    fn by_parts(&self, network: &Network<'_>, derivative: &mut [f64]) {
        let Network { shape, parameters, ref omega, ref c, .. } = *network;
        let Shape { k, p, trained } = shape;
        for i in 0..p {
            let student = k + i;
            for (n, c_n) in c.iter().enumerate() {
                // K2, J2 and I2; I3 by Stein's rule.
                let [mut own, mut other, mut value] = [0.0; 3];
                self.over(omega, &[student, n], &mut |weight, field| {
                    let sigma = weight * network.sigma(n, field[1]);
                    own += sigma * network.activations[0].curvature(field[0]);
                    other += weight * network.slope(field[0]) * network.slope_of(n, field[1]);
                    value += sigma * network.sigma(student, field[0]);
                });
                let pull =
                    |b: usize| network.rate(i) * c_n * (omega[(student, b)] * own + omega[(n, b)] * other);
                for r in 0..k {
                    derivative[shape.m(r, i)] += pull(r);
                }
                for l in 0..p {
                    derivative[shape.q(i, l)] += if l == i { 2.0 } else { 1.0 } * pull(k + l);
                }
                if trained {
                    derivative[shape.a(i)] += parameters.gamma_a * parameters.s * c_n * value;
                }
            }
        }
        for j in 0..p {
            for l in j..p {
                let mut sum = 0.0;
                self.over(omega, &[k + j, k + l], &mut |weight, field| {
                    sum += weight * parameters.noise * network.slope(field[0]) * network.slope(field[1]);
                });
                for n in 0..shape.nodes() {
                    for m in 0..=n {
                        let times = if n == m { 1.0 } else { 2.0 } * c[n] * c[m];
                        self.over(omega, &[k + j, k + l, n, m], &mut |weight, field| {
                            let slopes = network.slope(field[0]) * network.slope(field[1]);
                            sum += times
                                * weight
                                * slopes
                                * network.sigma(n, field[2])
                                * network.sigma(m, field[3]);
                        });
                    }
                }
                derivative[shape.q(j, l)] += network.rate(j) * network.rate(l) / parameters.batch * sum;
            }
        }
    }

    /// Calls `at` with weight and fields of every grid point of the listed nodes, which may repeat.
    fn over(&self, omega: &DMatrix<f64>, nodes: &[usize], at: &mut impl FnMut(f64, &[f64])) {
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
        let mut field = vec![0.0; nodes.len()];
        let mut own = vec![0.0; size];
        loop {
            let mut weight = 1.0;
            for a in 0..size {
                weight *= self.rule[counter[a]].1;
                own[a] = (0..=a).map(|b| lower[(a, b)] * self.rule[counter[b]].0).sum();
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

impl<'a> Network<'a> {
    fn new(shape: Shape, activations: [Activation; 2], parameters: &'a Parameters, state: &[f64]) -> Self {
        let Shape { k, p, trained } = shape;
        let entry = |n: usize, m: usize| match (n < k, m < k) {
            (true, true) => parameters.teacher_overlaps[n * k + m],
            (true, false) => state[shape.m(n, m - k)],
            (false, true) => state[shape.m(m, n - k)],
            (false, false) => state[shape.q(n - k, m - k)],
        };
        let omega = DMatrix::from_fn(shape.nodes(), shape.nodes(), entry);
        let a = |i: usize| if trained { state[shape.a(i)] } else { parameters.a[i] };
        let c = (0..k)
            .map(|r| parameters.s_star * parameters.a_star[r])
            .chain((0..p).map(|i| -parameters.s * a(i)))
            .collect();
        Network { shape, activations, parameters, omega, c }
    }

    fn sigma(&self, n: usize, field: f64) -> f64 {
        self.activations[usize::from(n < self.shape.k)].value(field)
    }

    /// σ' of a student.
    fn slope(&self, field: f64) -> f64 {
        self.activations[0].derivative(field)
    }

    /// σ' of any node.
    fn slope_of(&self, n: usize, field: f64) -> f64 {
        self.activations[usize::from(n < self.shape.k)].derivative(field)
    }

    /// γ s a_i.
    fn rate(&self, i: usize) -> f64 {
        -self.parameters.gamma * self.c[self.shape.k + i]
    }
}

/// The lower triangle L of the nodes' covariance L Lᵀ; a direction that is a combination of the earlier ones adds nothing.
fn factor(omega: &DMatrix<f64>, nodes: &[usize]) -> DMatrix<f64> {
    let size = nodes.len();
    let mut lower = DMatrix::zeros(size, size);
    for a in 0..size {
        for b in 0..=a {
            let known: f64 = (0..b).map(|m| lower[(a, m)] * lower[(b, m)]).sum();
            let rest = omega[(nodes[a], nodes[b])] - known;
            lower[(a, b)] = if a == b {
                // NaN stays.
                if rest < 0.0 { 0.0 } else { rest.sqrt() }
            } else if lower[(b, b)] > 1e-8 * omega[(nodes[b], nodes[b])].sqrt() {
                rest / lower[(b, b)]
            } else {
                0.0
            };
        }
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DynSystem, Initial, Problem, System};

    /// The closed form of erf, on a grid over all fields and by parts: 40 nodes leave 1e-12 here.
    #[test]
    fn erf_agrees_with_its_closed_form() {
        let rule = Quadrature::new(40);
        for (k, p, trained) in [(1, 1, false), (1, 2, true)] {
            let system = DynSystem::new(k, p, Activation::Erf, trained).expect("a size");
            let problem = Problem::builder(k, p)
                .noise(0.3)
                .batch(2)
                .initial(Initial::Drawn { dimension: 30, seed: 5, variance: 0.4 })
                .build()
                .expect("a problem");
            let parameters = Parameters::new(&system, &problem).expect("its own");
            let shape = system.shape();
            let mut state = problem.m().transpose().as_slice().to_vec();
            for j in 0..p {
                state.extend((j..p).map(|l| problem.q()[(j, l)]));
            }
            state.extend(problem.a().iter().take(if trained { p } else { 0 }));
            let mut truth = vec![0.0; shape.dim()];
            system.right_hand_side(&parameters, &state, &mut truth);
            let network = Network::new(shape, [Activation::Erf; 2], &parameters, &state);
            for parts in [false, true] {
                let mut found = vec![0.0; shape.dim()];
                if parts {
                    rule.by_parts(&network, &mut found);
                } else {
                    rule.whole_grid(&network, &mut found);
                }
                for (found, truth) in found.iter().zip(&truth) {
                    assert!(
                        (found - truth).abs() < 1e-10,
                        "{k}, {p}, by parts {parts}: {found}, not {truth}"
                    );
                }
            }
            let risk = rule.risk(shape, [Activation::Erf; 2], &parameters, &state);
            assert!((risk - system.risk(&parameters, &state)).abs() < 1e-11);
        }
    }

    /// Moments of the normal distribution up to the order 2 N - 1 that N nodes integrate exactly.
    #[test]
    fn the_rule_is_gaussian() {
        let rule = Quadrature::new(8).rule;
        let mut known = 1.0;
        for order in 0..8 {
            let moment: f64 = rule.iter().map(|(x, w)| w * x.powi(2 * order)).sum();
            assert!((moment / known - 1.0).abs() < 1e-12, "{order}");
            known *= f64::from(2 * order + 1);
        }
    }
}
