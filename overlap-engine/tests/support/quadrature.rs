//! Expectations of Gaussian fields by quadrature, with functions of the test's own.
#![allow(dead_code, unreachable_pub)]

use super::Matrix;
use gauss_quad::hermite::GaussHermite;

/// One factor of a product under an expectation.
#[derive(Clone, Copy)]
pub enum Factor<'a> {
    /// f(λ).
    Smooth(&'a dyn Fn(f64) -> f64),
    /// f(λ), with a jump or a kink at 0.
    Broken(&'a dyn Fn(f64) -> f64),
    /// λ.
    Field,
}

impl Factor<'_> {
    fn at(self, x: f64) -> f64 {
        match self {
            Factor::Field => x,
            Factor::Smooth(f) | Factor::Broken(f) => f(x),
        }
    }
}

/// E[Π factor(λ_a)] by quadrature in as many dimensions as there are different indices, in Cholesky coordinates:
/// Gauss-Hermite where the factors of a dimension are smooth, Gauss-Legendre on both sides of 0 where they are not.
pub struct Quadrature {
    nodes: Vec<(f64, f64)>,
    /// On [-1, 1].
    panel: Vec<(f64, f64)>,
}

/// The normal density beyond is below the rounding of the sum.
const TAIL: f64 = 8.6;

impl Quadrature {
    /// A rule with `nodes` nodes in every dimension, for the standard normal density.
    pub fn new(nodes: usize) -> Self {
        let rule = GaussHermite::new(nodes.try_into().expect("at least one node"));
        let nodes = rule
            .iter()
            .map(|&(x, w)| (x * std::f64::consts::SQRT_2, w / std::f64::consts::PI.sqrt()))
            // Far out the weights are far below the rounding of the sum.
            .filter(|&(_, w)| w > 1e-22)
            .collect();
        let panel = gauss_quad::legendre::GaussLegendre::new(26.try_into().expect("at least one node"));
        Quadrature { nodes, panel: panel.iter().copied().collect() }
    }

    /// Nodes for standard normal z with a jump at `jump`: three panels on each side at most.
    fn split(&self, jump: f64) -> Vec<(f64, f64)> {
        let mut ends = vec![-TAIL, TAIL, jump.clamp(-TAIL, TAIL)];
        ends.extend([-3.0, 0.0, 3.0].into_iter().filter(|end: &f64| (end - jump).abs() > 1.5));
        ends.sort_by(f64::total_cmp);
        let mut nodes = Vec::new();
        for pair in ends.windows(2) {
            let (middle, half) = ((pair[0] + pair[1]) / 2.0, (pair[1] - pair[0]) / 2.0);
            for &(x, w) in self.panel.iter().filter(|_| half > 0.0) {
                let z = middle + half * x;
                nodes.push((z, half * w * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()));
            }
        }
        nodes
    }

    pub fn expectation(&self, omega: &Matrix, factors: &[(usize, Factor<'_>)]) -> f64 {
        let mut indices: Vec<usize> = factors.iter().map(|&(a, _)| a).collect();
        indices.sort_unstable();
        indices.dedup();
        let lower = cholesky(omega, &indices);
        let by_index: Vec<Vec<Factor<'_>>> = indices
            .iter()
            .map(|index| factors.iter().filter(|(a, _)| a == index).map(|&(_, factor)| factor).collect())
            .collect();
        self.nested(&lower, &by_index, &mut Vec::new())
    }

    fn nested(&self, lower: &[Vec<f64>], factors: &[Vec<Factor<'_>>], z: &mut Vec<f64>) -> f64 {
        let row = z.len();
        if row == factors.len() {
            return 1.0;
        }
        let fixed: f64 = lower[row].iter().zip(z.iter()).map(|(l, z)| l * z).sum();
        let split;
        let nodes = if factors[row].iter().any(|factor| matches!(factor, Factor::Broken(_))) {
            split = self.split(-fixed / lower[row][row]);
            &split
        } else {
            &self.nodes
        };
        let mut sum = 0.0;
        for &(node, weight) in nodes {
            let x = fixed + lower[row][row] * node;
            let product: f64 = factors[row].iter().map(|factor| factor.at(x)).product();
            if product == 0.0 {
                continue;
            }
            z.push(node);
            sum += weight * product * self.nested(lower, factors, z);
            z.pop();
        }
        sum
    }
}

fn cholesky(omega: &Matrix, indices: &[usize]) -> Vec<Vec<f64>> {
    let mut lower = vec![vec![0.0; indices.len()]; indices.len()];
    for a in 0..indices.len() {
        for b in 0..=a {
            let rest: f64 = (0..b).map(|m| lower[a][m] * lower[b][m]).sum();
            let entry = omega[indices[a]][indices[b]] - rest;
            lower[a][b] = if a == b { entry.sqrt() } else { entry / lower[b][b] };
        }
    }
    lower
}
