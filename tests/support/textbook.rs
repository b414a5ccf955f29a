//! The Saad-Solla equations typed in from the textbook: an independent truth for tests, and the baseline of benchmarks.
//!
//! Closed forms of D. Saad and S. A. Solla, Phys. Rev. E 52, 4225 (1995), for σ(x) = erf(x/√2): I2, I3 with Λ3, I4
//! with Λ0, Λ1, Λ2, Λ4. Plain loops, as a user would write them with some care: no allocation, symmetric halves used,
//! square roots taken out of the inner loop.

use overlap_runtime::{Activation, Parameters, Shape, System};
use std::f64::consts::FRAC_2_PI;

/// Largest k + p of a [`Textbook`] system.
pub(crate) const MAX_NODES: usize = 32;

type Omega = [[f64; MAX_NODES]; MAX_NODES];

/// A teacher-student system of any size up to k + p = 32 with typed-in equations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Textbook {
    shape: Shape,
}

impl Textbook {
    /// k teachers, p students, second layer trained or fixed.
    pub(crate) fn new(k: usize, p: usize, trained: bool) -> Self {
        assert!(k + p <= MAX_NODES);
        Textbook { shape: Shape { k, p, trained } }
    }

    /// Ω and the output weights c: s* a* for teachers, -s a for students.
    fn nodes(&self, parameters: &Parameters, state: &[f64]) -> (Omega, [f64; MAX_NODES]) {
        let Shape { k, p, trained } = self.shape;
        let mut omega = [[0.0; MAX_NODES]; MAX_NODES];
        let mut c = [0.0; MAX_NODES];
        for r in 0..k {
            omega[r][..k].copy_from_slice(&parameters.teacher_overlaps[r * k..(r + 1) * k]);
            c[r] = parameters.s_star * parameters.a_star[r];
        }
        for i in 0..p {
            for r in 0..k {
                let m = state[self.shape.m(r, i)];
                (omega[r][k + i], omega[k + i][r]) = (m, m);
            }
            for j in i..p {
                let q = state[self.shape.q(i, j)];
                (omega[k + i][k + j], omega[k + j][k + i]) = (q, q);
            }
            c[k + i] = -parameters.s * if trained { state[self.shape.a(i)] } else { parameters.a[i] };
        }
        (omega, c)
    }
}

/// I2(a, b) = E[σ(λa) σ(λb)].
pub(crate) fn i2(omega: &Omega, a: usize, b: usize) -> f64 {
    FRAC_2_PI * libm::asin(omega[a][b] / ((1.0 + omega[a][a]) * (1.0 + omega[b][b])).sqrt())
}

/// I3(a, b, c) = E[σ'(λa) λb σ(λc)].
pub(crate) fn i3(omega: &Omega, a: usize, b: usize, c: usize) -> f64 {
    let (qa, qc, qac) = (1.0 + omega[a][a], 1.0 + omega[c][c], omega[a][c]);
    let lambda3 = qa * qc - qac * qac;
    FRAC_2_PI * (omega[b][c] * qa - omega[a][b] * qac) / (qa * lambda3.sqrt())
}

/// Σ_nm c_n c_m I4(a, b, n, m) + Δ J2(a, b) over n nodes, with I4 = E[σ'(λa) σ'(λb) σ(λn) σ(λm)] and J2 = E[σ'(λa) σ'(λb)].
fn noise_term(omega: &Omega, c: &[f64], nodes: usize, a: usize, b: usize, delta: f64) -> f64 {
    let (qaa, qbb, qab) = (omega[a][a], omega[b][b], omega[a][b]);
    let lambda4 = (1.0 + qaa) * (1.0 + qbb) - qab * qab;
    let mut roots = [0.0; MAX_NODES];
    for n in 0..nodes {
        let (qan, qbn) = (omega[a][n], omega[b][n]);
        let lambda1 = lambda4 * (1.0 + omega[n][n]) - qbn * qbn * (1.0 + qaa) - qan * qan * (1.0 + qbb)
            + 2.0 * qab * qan * qbn;
        roots[n] = lambda1.sqrt();
    }
    let mut sum = 0.0;
    for n in 0..nodes {
        let (qan, qbn) = (omega[a][n], omega[b][n]);
        for m in n..nodes {
            let (qam, qbm) = (omega[a][m], omega[b][m]);
            let lambda0 = lambda4 * omega[n][m] - qbn * qbm * (1.0 + qaa) - qan * qam * (1.0 + qbb)
                + qab * qan * qbm
                + qab * qam * qbn;
            let twice = if m == n { 1.0 } else { 2.0 };
            sum += twice * c[n] * c[m] * libm::asin(lambda0 / (roots[n] * roots[m]));
        }
    }
    (FRAC_2_PI * sum + delta) * FRAC_2_PI / lambda4.sqrt()
}

impl System for Textbook {
    fn name(&self) -> &str {
        "Textbook"
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn activation(&self) -> Activation {
        Activation::Erf
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        let Shape { k, p, trained } = self.shape;
        let n = k + p;
        let (omega, c) = self.nodes(parameters, state);
        let (gamma, s) = (parameters.gamma, parameters.s);
        // γ s a_i, with -s a_i = c of the student.
        let rate = |i: usize| -gamma * c[k + i];
        for i in 0..p {
            for r in 0..k {
                let sum: f64 = (0..n).map(|m| c[m] * i3(&omega, k + i, r, m)).sum();
                derivative[self.shape.m(r, i)] = rate(i) * sum;
            }
            for l in i..p {
                let flow: f64 = (0..n)
                    .map(|m| {
                        c[m] * (rate(i) * i3(&omega, k + i, k + l, m) + rate(l) * i3(&omega, k + l, k + i, m))
                    })
                    .sum();
                let noise = noise_term(&omega, &c, n, k + i, k + l, parameters.noise);
                derivative[self.shape.q(i, l)] = flow + rate(i) * rate(l) / parameters.batch * noise;
            }
            if trained {
                let sum: f64 = (0..n).map(|m| c[m] * i2(&omega, k + i, m)).sum();
                derivative[self.shape.a(i)] = parameters.gamma_a * s * sum;
            }
        }
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        let n = self.shape.nodes();
        let (omega, c) = self.nodes(parameters, state);
        let mut sum = 0.0;
        for a in 0..n {
            sum += 0.5 * c[a] * c[a] * i2(&omega, a, a);
            for b in a + 1..n {
                sum += c[a] * c[b] * i2(&omega, a, b);
            }
        }
        sum + 0.5 * parameters.noise
    }

    fn equations(&self) -> &str {
        "typed in from Saad and Solla (1995)"
    }

    fn equations_latex(&self) -> &str {
        "\\text{typed in from Saad and Solla (1995)}"
    }
}
