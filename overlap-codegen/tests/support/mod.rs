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

/// An activation, its derivatives typed in.
#[derive(Debug, Clone, Copy)]
pub enum Sigma {
    /// erf(g x/√2).
    Erf(f64),
    /// Σ_n c_n x^n.
    Powers(&'static [f64]),
    /// max(x, 0).
    Relu,
    /// sign(x).
    Sign,
}

impl Sigma {
    /// The derivative of this order at x; of a jump the value beside it.
    pub fn derivative(self, order: u32, x: f64) -> f64 {
        match (self, order) {
            (Sigma::Erf(g), 0) => libm::erf(g * x / std::f64::consts::SQRT_2),
            (Sigma::Erf(g), 1) => g * (2.0 / std::f64::consts::PI).sqrt() * (-g * g * x * x / 2.0).exp(),
            (Sigma::Erf(g), 2) => -g * g * x * self.derivative(1, x),
            (Sigma::Powers(c), _) => {
                let falling = |n: usize| (0..order as usize).map(|m| n as f64 - m as f64).product::<f64>();
                let power = |n: usize| x.powi(n as i32 - order as i32);
                (order as usize..c.len()).map(|n| c[n] * falling(n) * power(n)).sum()
            }
            (Sigma::Relu, 0) => x.max(0.0),
            (Sigma::Relu, 1) => f64::from(u8::from(x > 0.0)),
            (Sigma::Sign, 0) => x.signum(),
            other => panic!("no formula for {other:?}"),
        }
    }

    /// The gain of an error function.
    pub fn gain(self) -> f64 {
        if let Sigma::Erf(gain) = self { gain } else { 1.0 }
    }

    /// Whether it, or its derivative, jumps at 0.
    pub fn jumps(self) -> bool {
        matches!(self, Sigma::Relu | Sigma::Sign)
    }
}

/// One factor of a product under an expectation.
#[derive(Debug, Clone, Copy)]
pub enum Factor {
    /// σ^(m)(λ).
    Sigma(Sigma, u32),
    /// λ.
    Field,
}

impl Factor {
    fn at(self, x: f64) -> f64 {
        match self {
            Factor::Field => x,
            Factor::Sigma(sigma, order) => sigma.derivative(order, x),
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
        let jumps =
            factors[row].iter().any(|factor| matches!(factor, Factor::Sigma(sigma, _) if sigma.jumps()));
        let split;
        let nodes = if jumps {
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
