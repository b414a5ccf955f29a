//! The baselines: the equations as the papers print them, as plain loops with constant sizes.
//!
//! I2, I3, I4 as functions of the overlaps (D. Saad and S. A. Solla, Phys. Rev. E 52, 4225, 1995: Λ0 … Λ4), the symmetry of
//! Q used, no allocation, `f64::asin`. With `HALVED` as a more careful user would: I4 summed over half of its symmetric
//! nodes, its square roots taken out of the loop over pairs of nodes.

use overlap::{Activation, Parameters, Shape, System};
use std::f64::consts::{FRAC_2_PI, PI};

/// k = K, p = P, N = k + p; fixed second layer unless `trained`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paper<const K: usize, const P: usize, const N: usize, const HALVED: bool> {
    pub(crate) trained: bool,
}

type Omega<const N: usize> = [[f64; N]; N];

fn i2<const N: usize>(q: &Omega<N>, a: usize, b: usize) -> f64 {
    FRAC_2_PI * (q[a][b] / ((1.0 + q[a][a]) * (1.0 + q[b][b])).sqrt()).asin()
}

fn i3<const N: usize>(q: &Omega<N>, a: usize, b: usize, c: usize) -> f64 {
    let lambda3 = (1.0 + q[a][a]) * (1.0 + q[c][c]) - q[a][c] * q[a][c];
    FRAC_2_PI * (q[b][c] * (1.0 + q[a][a]) - q[a][b] * q[a][c]) / ((1.0 + q[a][a]) * lambda3.sqrt())
}

fn lambda4<const N: usize>(q: &Omega<N>, a: usize, b: usize) -> f64 {
    (1.0 + q[a][a]) * (1.0 + q[b][b]) - q[a][b] * q[a][b]
}

fn lambda0<const N: usize>(q: &Omega<N>, a: usize, b: usize, c: usize, d: usize) -> f64 {
    lambda4(q, a, b) * q[c][d] - q[b][c] * q[b][d] * (1.0 + q[a][a]) - q[a][c] * q[a][d] * (1.0 + q[b][b])
        + q[a][b] * (q[a][c] * q[b][d] + q[a][d] * q[b][c])
}

/// Λ1 with node c; Λ2 is the same with node d.
fn lambda1<const N: usize>(q: &Omega<N>, a: usize, b: usize, c: usize) -> f64 {
    lambda4(q, a, b) + lambda0(q, a, b, c, c)
}

fn i4<const N: usize>(q: &Omega<N>, a: usize, b: usize, c: usize, d: usize) -> f64 {
    let root = (lambda1(q, a, b, c) * lambda1(q, a, b, d)).sqrt();
    4.0 / (PI * PI) / lambda4(q, a, b).sqrt() * (lambda0(q, a, b, c, d) / root).asin()
}

/// Σ_cd c_c c_d I4(a, b, c, d), every pair of nodes twice.
fn full_sum<const N: usize>(q: &Omega<N>, weights: &[f64; N], a: usize, b: usize) -> f64 {
    let mut sum = 0.0;
    for c in 0..N {
        for d in 0..N {
            sum += weights[c] * weights[d] * i4(q, a, b, c, d);
        }
    }
    sum
}

/// The same with every pair of nodes once and the roots outside.
fn halved_sum<const N: usize>(q: &Omega<N>, weights: &[f64; N], a: usize, b: usize) -> f64 {
    let mut inverse_roots = [0.0; N];
    for c in 0..N {
        inverse_roots[c] = 1.0 / lambda1(q, a, b, c).sqrt();
    }
    let mut sum = 0.0;
    for c in 0..N {
        for d in c..N {
            let twice = if c == d { 1.0 } else { 2.0 };
            let sine = lambda0(q, a, b, c, d) * inverse_roots[c] * inverse_roots[d];
            sum += twice * weights[c] * weights[d] * sine.asin();
        }
    }
    4.0 / (PI * PI) / lambda4(q, a, b).sqrt() * sum
}

impl<const K: usize, const P: usize, const N: usize, const HALVED: bool> Paper<K, P, N, HALVED> {
    fn nodes(&self, parameters: &Parameters, state: &[f64]) -> (Omega<N>, [f64; N]) {
        let shape = self.shape();
        let (mut q, mut c) = ([[0.0; N]; N], [0.0; N]);
        for r in 0..K {
            q[r][..K].copy_from_slice(&parameters.teacher_overlaps[r * K..(r + 1) * K]);
            c[r] = parameters.s_star * parameters.a_star[r];
        }
        for i in 0..P {
            c[K + i] = -parameters.s * if self.trained { state[shape.a(i)] } else { parameters.a[i] };
            for r in 0..K {
                q[r][K + i] = state[shape.m(r, i)];
                q[K + i][r] = q[r][K + i];
            }
            for j in 0..P {
                q[K + i][K + j] = state[shape.q(i, j)];
            }
        }
        (q, c)
    }
}

impl<const K: usize, const P: usize, const N: usize, const HALVED: bool> System for Paper<K, P, N, HALVED> {
    fn name(&self) -> &str {
        if HALVED { "textbook, halved" } else { "textbook, full sums" }
    }

    fn shape(&self) -> Shape {
        Shape { k: K, p: P, trained: self.trained }
    }

    fn activation(&self) -> Activation {
        Activation::Erf
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        let shape = self.shape();
        let (q, c) = self.nodes(parameters, state);
        for i in 0..P {
            let rate_i = -parameters.gamma * c[K + i];
            for r in 0..K {
                let sum: f64 = (0..N).map(|m| c[m] * i3(&q, K + i, r, m)).sum();
                derivative[shape.m(r, i)] = rate_i * sum;
            }
            for l in i..P {
                let (a, b) = (K + i, K + l);
                let rate_l = -parameters.gamma * c[b];
                let flow: f64 =
                    (0..N).map(|m| c[m] * (rate_i * i3(&q, a, b, m) + rate_l * i3(&q, b, a, m))).sum();
                let sum = if HALVED { halved_sum(&q, &c, a, b) } else { full_sum(&q, &c, a, b) };
                let noise = sum + parameters.noise * FRAC_2_PI / lambda4(&q, a, b).sqrt();
                derivative[shape.q(i, l)] = flow + rate_i * rate_l / parameters.batch * noise;
            }
            if self.trained {
                let sum: f64 = (0..N).map(|m| c[m] * i2(&q, K + i, m)).sum();
                derivative[shape.a(i)] = parameters.gamma_a * parameters.s * sum;
            }
        }
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        let (q, c) = self.nodes(parameters, state);
        let mut sum = 0.5 * parameters.noise;
        for a in 0..N {
            for b in 0..N {
                sum += 0.5 * c[a] * c[b] * i2(&q, a, b);
            }
        }
        sum
    }

    fn equations(&self) -> &str {
        "as printed by Saad and Solla (1995)"
    }

    fn equations_latex(&self) -> &str {
        "\\text{as printed by Saad and Solla (1995)}"
    }
}
