//! Straight-line code: every index resolved, every subexpression computed once, and all square roots and arcsines of one stage
//! gathered into a list that goes through full lanes together. For small systems, and for expectations that have a form of their
//! own for every pattern of nodes.

mod code;
mod determinants;
mod entries;

use super::{Name, Statement, Value};
use crate::equations::Equations;
use crate::expr::Expr;
use crate::symbol::Symbol;
use code::Straight;
use overlap_layout::Shape;
use std::collections::HashSet;

/// Statements and the results they lead to. A result may be used as soon as its [`Statement::Result`] is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What is computed.
    pub statements: Vec<Statement>,
    /// The results.
    pub values: Vec<Value>,
}

impl Block {
    /// Schedules expressions; `names` are those of given quantities, which are read in place without one.
    pub fn new(
        equations: &mut Equations<'_>,
        exprs: &[Expr],
        names: &dyn Fn(&Symbol) -> Option<Name>,
    ) -> Self {
        Straight::new(equations, names).block(exprs)
    }

    /// The right-hand side of definite sizes, results in the order of the state.
    pub fn right_hand_side(equations: &mut Equations<'_>, shape: Shape) -> Self {
        let exprs = entries::outputs(equations, shape);
        Block::new(equations, &exprs, &definite_name)
    }

    /// The risk of definite sizes.
    pub fn risk(equations: &mut Equations<'_>, shape: Shape) -> Self {
        let risk = entries::risk(equations, shape);
        Block::new(equations, &[risk], &definite_name)
    }
}

/// `m_1_2`, `c_star_1`: names of quantities of definite nodes; parameters have none.
fn definite_name(symbol: &Symbol) -> Option<Name> {
    use crate::symbol::Index::Teacher;
    match symbol {
        Symbol::Parameter(_) | Symbol::Defined(..) => None,
        Symbol::Readout(i) => Some(format!("a_{i}")),
        Symbol::Coefficient(r @ Teacher(_)) => Some(format!("c_star_{r}")),
        Symbol::Coefficient(i) => Some(format!("c_{i}")),
        Symbol::Overlap(a @ Teacher(_), b @ Teacher(_)) => Some(format!("p_{a}_{b}")),
        Symbol::Overlap(a @ Teacher(_), b) => Some(format!("m_{a}_{b}")),
        Symbol::Overlap(a, b) => Some(format!("q_{a}_{b}")),
    }
}

/// What one right-hand side takes, in arcsines of erf: n (n + 1)/2 for every pair of students, and p n for a trained
/// second layer; a longer summand counts as several.
pub fn cost(equations: &Equations<'_>, shape: Shape) -> usize {
    // Distinct expressions in the summand of erf.
    const ERF: usize = 40;
    let (p, n) = (shape.p, shape.nodes());
    let mut seen = HashSet::new();
    for pair in &equations.pairs {
        equations.pool.reach(pair.tilted, &mut seen);
    }
    let weight = seen.len().div_ceil(ERF * equations.pairs.len());
    weight * p * (p + 1) / 2 * (n * (n + 1) / 2) + if shape.trained { p * n } else { 0 }
}
