//! Gaussian expectations and the theorems that rewrite them.
//!
//! With (λ) ~ N(0, Ω) an [`Expectation`] is E[Π σ^(m)(λ_a) · Π λ_b]. Four rules bring it to closed form:
//! [`Expectation::stein`] removes bare fields, [`price`] turns derivatives of σ into derivatives of the two-point
//! function I2 by its covariances, and [`Covariance::tilt`] absorbs a Gaussian-shaped σ' into the measure.

use crate::activation::Activation;
use crate::expr::{Expr, Pool};
use crate::symbol::{Index, Symbol};

/// E[Π σ^(m)(λ_a) · Π λ_b]: factors σ^(m)(λ_a) as (a, m), and bare fields λ_b.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The factors σ^(m)(λ_a).
    pub factors: Vec<(Index, u32)>,
    /// The factors λ_b.
    pub fields: Vec<Index>,
}

impl Expectation {
    /// Stein's rule (Gaussian integration by parts), E[λ_b g] = Σ_m q_bm E[∂g/∂λ_m], on the last bare field: weights
    /// q_bm and the expectations they multiply. `None` if no bare field is left.
    pub fn stein(&self) -> Option<Vec<(Symbol, Expectation)>> {
        let mut rest = self.clone();
        let b = rest.fields.pop()?;
        let mut terms = Vec::new();
        for (position, &(a, _)) in rest.factors.iter().enumerate() {
            let mut term = rest.clone();
            term.factors[position].1 += 1;
            terms.push((Symbol::overlap(b, a), term));
        }
        for (position, &other) in rest.fields.iter().enumerate() {
            let mut term = rest.clone();
            term.fields.remove(position);
            terms.push((Symbol::overlap(b, other), term));
        }
        Some(terms)
    }
}

/// Price's rules on a two-point function: E[σ^(m)(λ_a) σ^(n)(λ_b)] for a ≠ b as a derivative of
/// I2(a, b) = E[σ(λ_a) σ(λ_b)], a function of three independent arguments:
/// ∂/∂q_ab raises both orders by one, 2 ∂/∂q_aa raises the order of a by two.
///
/// Valid for a = b as well if the roles are made equal afterwards. `None` where m - n is odd: no derivative of I2
/// reaches it.
pub fn price(pool: &mut Pool, activation: &dyn Activation, a: (Index, u32), b: (Index, u32)) -> Option<Expr> {
    let both = a.1.min(b.1);
    if !(a.1 - both).is_multiple_of(2) || !(b.1 - both).is_multiple_of(2) {
        return None;
    }
    let (q_aa, q_ab, q_bb) = (pool.overlap(a.0, a.0), pool.overlap(a.0, b.0), pool.overlap(b.0, b.0));
    let mut expr = activation.two_point(pool, q_aa, q_ab, q_bb);
    for _ in 0..both {
        expr = pool.differentiate(expr, &Symbol::overlap(a.0, b.0));
    }
    for (index, order) in [a, b] {
        for _ in 0..(order - both) / 2 {
            let derivative = pool.differentiate(expr, &Symbol::overlap(index, index));
            expr = pool.scale(derivative, 2.into());
        }
    }
    Some(expr)
}

/// σ'(x) as a Gaussian weight: σ'(x) = mass · exp(-x² / (2 width)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GaussianWeight {
    /// σ'(0), a constant.
    pub mass: Expr,
    /// The width: σ' is proportional to the density of N(0, width).
    pub width: Expr,
}

/// An intermediate quantity of the derivation, with the indices it depends on: u_jn = q_jn / √(1 + q_jj).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// Its indices; the last one runs over nodes and may take any value.
    pub indices: Vec<Index>,
    /// What it stands for, in terms of overlaps and earlier definitions.
    pub body: Expr,
}

impl Definition {
    /// The body with `indices` in place of the definition's own.
    pub fn instantiate(&self, pool: &mut Pool, indices: &[Index]) -> Expr {
        let own = self.indices.clone();
        let map = |index: Index| match own.iter().position(|&role| role == index) {
            Some(position) => indices[position],
            None => index,
        };
        rename(pool, self.body, &map)
    }
}

/// Replaces indices everywhere in an expression.
pub fn rename(pool: &mut Pool, expr: Expr, map: &dyn Fn(Index) -> Index) -> Expr {
    pool.substitute(expr, &mut |pool, symbol| {
        let renamed = symbol.map_indices(map);
        Some(pool.symbol(renamed))
    })
}

/// A covariance Ω - u uᵀ - v vᵀ - …, made from Ω by tilting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covariance {
    /// u, v, …, in the order they were made; entry n of a vector is its body at the last index.
    pub vectors: Vec<Definition>,
    /// The factors σ'(0) and (1 + variance/width)^(-½) of every tilt: the total mass of the measure is their product.
    pub masses: Vec<Expr>,
}

impl Covariance {
    /// The entry of nodes a and b.
    pub fn entry(&self, pool: &mut Pool, a: Index, b: Index) -> Expr {
        let mut summands = vec![pool.overlap(a, b)];
        for vector in &self.vectors {
            let (x, y) = (self.component(pool, vector, a), self.component(pool, vector, b));
            let product = pool.mul([x, y]);
            let minus = pool.scale(product, (-1).into());
            summands.push(minus);
        }
        pool.add(summands)
    }

    fn component(&self, pool: &mut Pool, vector: &Definition, index: Index) -> Expr {
        let mut indices = vector.indices.clone();
        if let Some(last) = indices.last_mut() {
            *last = index;
        }
        pool.symbol(Symbol::Defined(vector.name, indices))
    }

    /// Tilting: the factor σ'(λ_a) = mass · exp(-λ_a²/(2 width)) turns N(0, C) into mass · (1 + C_aa/width)^(-½) times
    /// N(0, C - u uᵀ), u_n = C_an / √(width + C_aa). The new vector is called `name`; its last index is `node`.
    pub fn tilt(
        &mut self,
        pool: &mut Pool,
        weight: GaussianWeight,
        a: Index,
        name: &'static str,
        node: Index,
    ) {
        let entry = self.entry(pool, a, node);
        let variance = self.entry(pool, a, a);
        let total = pool.add([weight.width, variance]);
        let root = pool.pow(total, -1, 2);
        let body = pool.mul([entry, root]);
        let mut indices: Vec<Index> = match self.vectors.last() {
            Some(previous) => previous.indices[..previous.indices.len() - 1].to_vec(),
            None => Vec::new(),
        };
        indices.extend([a, node]);
        self.vectors.push(Definition { name, indices, body });
        let spread = pool.sqrt(weight.width);
        let mass = pool.mul([weight.mass, spread, root]);
        self.masses.push(mass);
    }

    /// The total mass of the tilted measure.
    pub fn mass(&self, pool: &mut Pool) -> Expr {
        pool.mul(self.masses.iter().copied())
    }
}
