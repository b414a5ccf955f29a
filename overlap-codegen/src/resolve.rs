//! Gaussian expectations in closed form: the rules of [`gaussian`](crate::gaussian) applied until only overlaps are left.

use crate::activation::Activation;
use crate::expr::{Expr, Pool};
use crate::gaussian::{Covariance, Definition, Expectation, price, rename};
use crate::symbol::{Index, Symbol};

/// The closed form of an expectation in terms of overlaps: Stein's rule while there are bare fields, then Price's rule
/// for two factors, tilting for more. Indices may repeat. `None` where no rule applies.
pub fn expectation(pool: &mut Pool, activation: &dyn Activation, wanted: &Expectation) -> Option<Expr> {
    if let Some(terms) = wanted.stein() {
        let mut summands = Vec::new();
        for (weight, rest) in terms {
            let (weight, rest) = (pool.symbol(weight), expectation(pool, activation, &rest)?);
            summands.push(pool.mul([weight, rest]));
        }
        return Some(pool.add(summands));
    }
    match wanted.factors[..] {
        // Price's rule takes the three overlaps of two factors for independent: roles first, then the indices meant.
        [(a, m), (b, n)] => {
            let expr = price(pool, activation, (role(0), m), (role(1), n))?;
            Some(give_indices(pool, expr, &[a, b]))
        }
        _ => by_tilting(pool, activation, wanted),
    }
}

/// The closed form by tilting alone: every σ' goes into the measure, and nothing or two factors σ are left. `None`
/// where something else is left or σ' is not a Gaussian weight.
pub fn by_tilting(pool: &mut Pool, activation: &dyn Activation, wanted: &Expectation) -> Option<Expr> {
    const NAMES: [&str; 4] = ["u", "v", "w", "x"];
    let node = Index::node('n');
    let weight = activation.weight(pool)?;
    let (tilts, rest): (Vec<_>, Vec<_>) = wanted.factors.iter().partition(|(_, order)| *order == 1);
    if tilts.len() > NAMES.len() || !wanted.fields.is_empty() {
        return None;
    }
    let mut covariance = Covariance::default();
    for (position, name) in NAMES.iter().enumerate().take(tilts.len()) {
        covariance.tilt(pool, weight, role(position), name, node);
    }
    let mass = covariance.mass(pool);
    let (c, d) = (role(tilts.len()), role(tilts.len() + 1));
    let expr = match rest[..] {
        [] => mass,
        [(_, 0), (_, 0)] => {
            let [cc, cd, dd] = [(c, c), (c, d), (d, d)].map(|(a, b)| covariance.entry(pool, a, b));
            let tilted = activation.two_point(pool, cc, cd, dd);
            pool.mul([mass, tilted])
        }
        _ => return None,
    };
    let expr = inline(pool, expr, &covariance.vectors);
    let indices: Vec<Index> = tilts.iter().chain(&rest).map(|(index, _)| *index).collect();
    Some(give_indices(pool, expr, &indices))
}

/// Replaces defined symbols by what they stand for, all the way down.
pub fn inline(pool: &mut Pool, expr: Expr, definitions: &[Definition]) -> Expr {
    pool.substitute(expr, &mut |pool, symbol| {
        let Symbol::Defined(name, indices) = symbol else { return None };
        let definition = definitions.iter().find(|definition| definition.name == *name)?;
        let body = definition.instantiate(pool, indices);
        Some(inline(pool, body, definitions))
    })
}

/// The n-th stand-in for an index, none of the letters of the equations.
fn role(position: usize) -> Index {
    Index::student(['α', 'β', 'κ', 'μ', 'ν', 'ρ'][position])
}

fn give_indices(pool: &mut Pool, expr: Expr, indices: &[Index]) -> Expr {
    rename(pool, expr, &|index| {
        (0..indices.len())
            .find(|&position| role(position) == index)
            .map_or(index, |position| indices[position])
    })
}
