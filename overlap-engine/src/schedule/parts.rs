//! What an expression is made of: its indices, its symbols, the factors that belong together.

use crate::expr::{Expr, Node, Pool};
use crate::symbol::{Index, Symbol};
use std::collections::{BTreeSet, HashMap};

/// Whether an index occurs in an expression.
pub fn depends_on(pool: &Pool, expr: Expr, index: Index) -> bool {
    depends_on_known(pool, expr, index, &mut HashMap::new())
}

/// [`depends_on`] with the answers found before: shared parts are asked once.
pub(super) fn depends_on_known(
    pool: &Pool,
    expr: Expr,
    index: Index,
    known: &mut HashMap<(Expr, Index), bool>,
) -> bool {
    if let Some(&answer) = known.get(&(expr, index)) {
        return answer;
    }
    let mut below = |part: Expr| depends_on_known(pool, part, index, known);
    let answer = match pool.node(expr) {
        Node::Rational(_) | Node::Pi => false,
        Node::Symbol(symbol) => symbol.indices().contains(&index),
        Node::Sum(_, parts) | Node::Product(_, parts) => parts.iter().any(|&(part, _)| below(part)),
        Node::Asin(x) => below(*x),
        Node::FourSigns(correlations) => correlations.iter().any(|&x| below(x)),
    };
    known.insert((expr, index), answer);
    answer
}

/// The symbols of an expression, in order.
pub fn symbols(pool: &Pool, expr: Expr) -> BTreeSet<Symbol> {
    pool.parts(expr)
        .into_iter()
        .filter_map(|part| match pool.node(part) {
            Node::Symbol(symbol) => Some(symbol.clone()),
            _ => None,
        })
        .collect()
}

/// Splits a product into the factors that are `inside` and the others, with its coefficient. What is no product is
/// inside as a whole, or not.
pub fn split(pool: &mut Pool, expr: Expr, inside: &dyn Fn(&Pool, Expr) -> bool) -> (Expr, Expr) {
    let one = pool.integer(1);
    let Node::Product(coefficient, factors) = pool.node(expr).clone() else {
        return if inside(pool, expr) { (expr, one) } else { (one, expr) };
    };
    let (mut within, mut rest) = (Vec::new(), Vec::new());
    for (base, exponent) in factors {
        let factor = pool.pow(base, *exponent.numer(), *exponent.denom());
        if inside(pool, base) { within.push(factor) } else { rest.push(factor) }
    }
    let rest = pool.mul(rest);
    (pool.mul(within), pool.scale(rest, coefficient))
}
