//! What the tests of derived expectations share: covariances and Gauss-Hermite quadrature.
#![allow(dead_code, unreachable_pub)]

use gauss_quad::hermite::GaussHermite;
use overlap_codegen::expr::{Expr, Pool};
use overlap_codegen::symbol::{Index, Symbol};

pub const NODES: usize = 4;
pub type Matrix = [[f64; NODES]; NODES];

/// SplitMix64: enough for test matrices, and the same everywhere.
pub struct Random(pub u64);

impl Random {
    /// Uniform on [-1, 1).
    pub fn symmetric(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A random Gram matrix whose largest absolute row sum, a bound on its eigenvalues, is `bound`.
pub fn covariance(random: &mut Random, bound: f64) -> Matrix {
    let rows: Matrix = std::array::from_fn(|_| std::array::from_fn(|_| random.symmetric()));
    let gram: Matrix =
        std::array::from_fn(|a| std::array::from_fn(|b| (0..NODES).map(|m| rows[a][m] * rows[b][m]).sum()));
    let largest = gram.iter().map(|row| row.iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max);
    gram.map(|row| row.map(|x| x * bound / largest))
}

/// The value of an expression in which index n is student n.
pub fn value(pool: &Pool, expr: Expr, omega: &Matrix) -> f64 {
    pool.evaluate(expr, &|symbol| match symbol {
        Symbol::Overlap(a, b) => omega[position(*a)][position(*b)],
        other => panic!("{other:?} is not an overlap"),
    })
}

pub fn position(index: Index) -> usize {
    match index {
        Index::Student(unit) => usize::from(unit),
        other => panic!("{other:?} is not a definite node"),
    }
}

/// One factor of a product under an expectation.
#[derive(Debug, Clone, Copy)]
pub enum Factor {
    /// σ^(m)(λ), σ(x) = erf(x/√2).
    Sigma(u32),
    /// λ.
    Field,
}

impl Factor {
    fn at(self, x: f64) -> f64 {
        let density = (2.0 / std::f64::consts::PI).sqrt() * (-x * x / 2.0).exp();
        match self {
            Factor::Field => x,
            Factor::Sigma(0) => libm::erf(x / std::f64::consts::SQRT_2),
            Factor::Sigma(1) => density,
            Factor::Sigma(2) => -x * density,
            Factor::Sigma(order) => panic!("no formula for order {order}"),
        }
    }
}

/// E[Π factor(λ_a)] by Gauss-Hermite quadrature in as many dimensions as there are different indices, in Cholesky
/// coordinates.
pub struct Quadrature {
    nodes: Vec<(f64, f64)>,
}

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
        Quadrature { nodes }
    }

    pub fn expectation(&self, omega: &Matrix, factors: &[(usize, Factor)]) -> f64 {
        let mut indices: Vec<usize> = factors.iter().map(|&(a, _)| a).collect();
        indices.sort_unstable();
        indices.dedup();
        let lower = cholesky(omega, &indices);
        let by_index: Vec<Vec<Factor>> = indices
            .iter()
            .map(|index| factors.iter().filter(|(a, _)| a == index).map(|&(_, factor)| factor).collect())
            .collect();
        self.nested(&lower, &by_index, &mut Vec::new())
    }

    fn nested(&self, lower: &[Vec<f64>], factors: &[Vec<Factor>], z: &mut Vec<f64>) -> f64 {
        let row = z.len();
        if row == factors.len() {
            return 1.0;
        }
        let fixed: f64 = lower[row].iter().zip(z.iter()).map(|(l, z)| l * z).sum();
        let mut sum = 0.0;
        for &(node, weight) in &self.nodes {
            let x = fixed + lower[row][row] * node;
            let product: f64 = factors[row].iter().map(|factor| factor.at(x)).product();
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
