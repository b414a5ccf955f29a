//! The right-hand side and the risk of definite sizes, entry by entry, as expressions.

use crate::equations::{Equations, I, J, L};
use crate::expr::{Expr, Node, Pool};
use crate::gaussian::place;
use crate::symbol::{Index, Parameter, Symbol};
use overlap_layout::Shape;

/// The entries of the right-hand side, in the order of the state.
pub(super) fn outputs(equations: &mut Equations<'_>, shape: Shape) -> Vec<Expr> {
    let Shape { k, p, trained } = shape;
    let mut outputs = Vec::new();
    for r in 0..k {
        for i in 0..p {
            outputs.push(flow(equations, shape, k + i, r));
        }
    }
    for j in 0..p {
        for l in j..p {
            let (along_j, along_l) =
                (flow(equations, shape, k + j, k + l), flow(equations, shape, k + l, k + j));
            let noise = noise(equations, shape, k + j, k + l);
            outputs.push(equations.pool.add([along_j, along_l, noise]));
        }
    }
    for i in 0..if trained { p } else { 0 } {
        outputs.push(readout(equations, shape, k + i));
    }
    outputs
}

/// rate_i Σ_n c_n (q_ib own + q_nb other) for student node i and any node b.
fn flow(equations: &mut Equations<'_>, shape: Shape, i: usize, b: usize) -> Expr {
    let (student, node) = (Index::node_at(shape, i), Index::node_at(shape, b));
    let (mut pulls, mut forces) = (Vec::new(), Vec::new());
    for n in 0..shape.nodes() {
        let n = Index::node_at(shape, n);
        let force = equations.force_of(n);
        let pool = &mut equations.pool;
        let places = [(I, student), (force.n, n)];
        let (own, other) = (place(pool, force.own, &places), place(pool, force.other, &places));
        let c_n = pool.symbol(Symbol::Coefficient(n));
        pulls.push(pool.mul([c_n, own]));
        forces.push(pool.mul([c_n, other]));
    }
    let pool = &mut equations.pool;
    // Without 1/(1 + q_ii) the pull is the sum of forces at b = i, which is at hand.
    let outside = take_common_factors(pool, &mut [&mut pulls, &mut forces]);
    let front = take_common_factors(pool, &mut [&mut pulls]);
    let (pull, q_ib) = (pool.add(pulls), pool.overlap(student, node));
    let mut summands = vec![pool.mul([q_ib, front, pull])];
    for (n, force) in forces.into_iter().enumerate() {
        let q_nb = pool.overlap(Index::node_at(shape, n), node);
        summands.push(pool.mul([q_nb, force]));
    }
    let sum = pool.add(summands);
    let rate = place(pool, equations.flow_rate, &[(I, student)]);
    pool.mul([rate, outside, sum])
}

/// rate_jl mass (Σ_nm c_n c_m I4(j, l, n, m) / mass + Δ label).
fn noise(equations: &mut Equations<'_>, shape: Shape, j: usize, l: usize) -> Expr {
    let (j, l) = (Index::node_at(shape, j), Index::node_at(shape, l));
    let sum = double_sum(equations, shape, |equations, n, m| equations.four_point([j, l, n, m]));
    let label = equations.label(j, l);
    let pool = &mut equations.pool;
    let noise = pool.symbol(Symbol::Parameter(Parameter::Noise));
    let [rate, mass] =
        [equations.noise.rate, equations.noise.mass].map(|expr| place(pool, expr, &[(J, j), (L, l)]));
    let labels = pool.mul([noise, label]);
    let bracket = pool.add([sum, labels]);
    pool.mul([rate, mass, bracket])
}

/// rate Σ_n c_n I2(i, n).
fn readout(equations: &mut Equations<'_>, shape: Shape, i: usize) -> Expr {
    let student = Index::node_at(shape, i);
    let mut summands = Vec::new();
    for n in 0..shape.nodes() {
        let n = Index::node_at(shape, n);
        let two_point = equations.two_point(n, student);
        let c_n = equations.pool.symbol(Symbol::Coefficient(n));
        summands.push(equations.pool.mul([c_n, two_point]));
    }
    let sum = equations.pool.add(summands);
    equations.pool.mul([equations.readout_rate, sum])
}

/// ½ Σ_nm c_n c_m I2(n, m) + Δ/2.
pub(super) fn risk(equations: &mut Equations<'_>, shape: Shape) -> Expr {
    let sum = double_sum(equations, shape, Equations::two_point);
    let pool = &mut equations.pool;
    let noise = pool.symbol(Symbol::Parameter(Parameter::Noise));
    let total = pool.add([sum, noise]);
    pool.scale(total, (1, 2).into())
}

/// Σ_nm c_n c_m f(n, m) of a symmetric f.
fn double_sum<'a>(
    equations: &mut Equations<'a>,
    shape: Shape,
    f: impl Fn(&mut Equations<'a>, Index, Index) -> Expr,
) -> Expr {
    let mut summands = Vec::new();
    for n in 0..shape.nodes() {
        for m in 0..=n {
            let times = if n == m { 1 } else { 2 };
            let (n, m) = (Index::node_at(shape, n), Index::node_at(shape, m));
            let value = f(equations, n, m);
            let pool = &mut equations.pool;
            let (c_n, c_m) = (pool.symbol(Symbol::Coefficient(n)), pool.symbol(Symbol::Coefficient(m)));
            let product = pool.mul([c_n, c_m, value]);
            summands.push(pool.scale(product, times.into()));
        }
    }
    equations.pool.add(summands)
}

/// Divides all terms by the product of the powers that they have in common, and returns it.
fn take_common_factors(pool: &mut Pool, terms: &mut [&mut Vec<Expr>]) -> Expr {
    let factors_of = |pool: &Pool, term: Expr| match pool.node(term) {
        Node::Product(_, factors) => factors.clone(),
        _ => Vec::new(),
    };
    let mut all = terms.iter().flat_map(|terms| terms.iter()).map(|&term| factors_of(pool, term));
    let mut common = all.next().unwrap_or_default();
    for factors in all {
        common.retain(|factor| factors.contains(factor));
    }
    let powers: Vec<Expr> = common
        .into_iter()
        .map(|(base, exponent)| pool.pow(base, *exponent.numer(), *exponent.denom()))
        .collect();
    let common = pool.mul(powers);
    let inverse = pool.pow(common, -1, 1);
    for term in terms.iter_mut().flat_map(|terms| terms.iter_mut()) {
        *term = pool.mul([*term, inverse]);
    }
    common
}
