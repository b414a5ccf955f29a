//! Straight-line code for small systems: every index resolved, every subexpression computed once, and all square roots
//! and arcsines of one stage gathered into an array that goes through full lanes together.

mod code;
mod determinants;
mod entries;

pub(super) use code::Straight;

use super::{Sizes, count};
use code::load;
use overlap_engine::equations::Equations;
use overlap_engine::expr::Expr;
use overlap_engine::symbol::Symbol;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashSet;

/// What one right-hand side takes, in arcsines of erf: n (n + 1)/2 for every pair of students, and p n for a trained
/// second layer; a longer summand counts as several.
pub fn cost(equations: &Equations<'_>, sizes: Sizes) -> usize {
    // Distinct expressions in the summand of erf.
    const ERF: usize = 40;
    let (p, n) = (sizes.p, sizes.nodes());
    let mut seen = HashSet::new();
    for pair in &equations.pairs {
        equations.pool.reach(pair.tilted, &mut seen);
    }
    let weight = seen.len().div_ceil(ERF * equations.pairs.len());
    weight * p * (p + 1) / 2 * (n * (n + 1) / 2) + if sizes.trained { p * n } else { 0 }
}

/// The bodies of the two kernels, `(right_hand_side, risk)`, as in [`lanes`](super::lanes).
pub fn straight(equations: &mut Equations<'_>, sizes: Sizes) -> (TokenStream, TokenStream) {
    (right_hand_side(equations, sizes), risk(equations, sizes))
}

fn right_hand_side(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let outputs = entries::outputs(equations, sizes);
    assignments(equations, sizes, outputs, &quote!(derivative))
}

fn risk(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let risk = entries::risk(equations, sizes);
    let load = |symbol: &Symbol| load(symbol, sizes);
    let (statements, value) = Straight::new(equations, &load).block(&[risk]);
    quote!(#(#statements)* #(#value)*)
}

/// Computes expressions and writes them to their positions in an array.
fn assignments(
    equations: &mut Equations<'_>,
    sizes: Sizes,
    entries: Vec<(usize, Expr)>,
    array: &TokenStream,
) -> TokenStream {
    let load = |symbol: &Symbol| load(symbol, sizes);
    let mut code = Straight::new(equations, &load);
    let results: Vec<Expr> = entries.iter().map(|&(_, expr)| expr).collect();
    code.stages(&results);
    for (position, expr) in entries {
        let (value, position) = (code.value(expr), count(position));
        code.statements.push(quote!(s.put(#value, &mut #array[#position]);));
    }
    let statements = code.statements;
    quote!(#(#statements)*)
}
