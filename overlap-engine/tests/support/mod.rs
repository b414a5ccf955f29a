//! What the tests of derived expectations share.
#![allow(dead_code, unreachable_pub)]

pub mod quadrature;

use overlap_engine::expr::{Expr, Pool};
use overlap_engine::symbol::{Index, Symbol};

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
