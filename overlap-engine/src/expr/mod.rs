//! Expressions: a hash-consed graph in canonical form.
//!
//! Equal expressions are one node, so comparing is comparing two numbers and every shared subexpression is found. The
//! form is canonical up to distribution of products over sums (products of sums stay factored, as a person would
//! write them; [`Pool::expand`] distributes), and sums under powers and in products have whole weights without a common
//! factor: (2x + 2y) z is 2 (x + y) z. Every base of a fractional power is taken to be positive: in this
//! project they are variances and Gram determinants.

mod build;
mod calculus;
mod exact;
mod order;
mod orthant;
mod print;
mod style;

pub use calculus::to_f64;
pub(crate) use print::named;
pub use print::{print, print_summands};
pub use style::Style;

use crate::symbol::Symbol;
use std::collections::HashMap;

/// Exact rational constants.
pub type Rational = num_rational::Ratio<i128>;

/// A handle to an expression of a [`Pool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Expr(u32);

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A rational number.
    Rational(Rational),
    /// π.
    Pi,
    /// A named quantity.
    Symbol(Symbol),
    /// constant + Σ coefficient · term; at least two summands, terms in canonical order.
    Sum(Rational, Vec<(Expr, Rational)>),
    /// coefficient · Π factor ^ exponent, factors in canonical order.
    Product(Rational, Vec<(Expr, Rational)>),
    /// arcsin.
    Asin(Expr),
    /// E[sign(λ_1) sign(λ_2) sign(λ_3) sign(λ_4)] of four unit-variance Gaussian fields with the correlations
    /// ρ_12, ρ_13, ρ_14, ρ_23, ρ_24, ρ_34: not elementary, one integral.
    FourSigns([Expr; 6]),
}

/// The graph that expressions live in.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    nodes: Vec<Node>,
    handles: HashMap<Node, Expr>,
    /// Whether a constant has lost its value, see [`Pool::is_exact`].
    inexact: bool,
}

impl Pool {
    /// An empty pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `expr` is.
    pub fn node(&self, expr: Expr) -> &Node {
        &self.nodes[expr.0 as usize]
    }

    /// Number of distinct expressions made so far.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing has been made yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many nodes `expr` has if every shared one is counted as often as it occurs, up to the largest number, and how
    /// deeply it is nested.
    pub fn extent(&self, expr: Expr) -> (u64, u64) {
        let mut known: HashMap<Expr, (u64, u64)> = HashMap::new();
        for part in self.parts(expr) {
            let (mut size, mut depth) = (1_u64, 0);
            self.children(part, |child| {
                let (s, d) = known[&child];
                size = size.saturating_add(s);
                depth = depth.max(d);
            });
            known.insert(part, (size, depth + 1));
        }
        known[&expr]
    }

    fn intern(&mut self, node: Node) -> Expr {
        if let Some(&expr) = self.handles.get(&node) {
            return expr;
        }
        let expr = Expr(u32::try_from(self.nodes.len()).expect("fewer than 2^32 expressions fit in memory"));
        self.nodes.push(node.clone());
        self.handles.insert(node, expr);
        expr
    }
}
