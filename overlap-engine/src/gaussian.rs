//! Gaussian expectations and the theorems that rewrite them.
//!
//! With (λ) ~ N(0, Ω) an [`Expectation`] is E[Π σ^(m)(λ_a) · Π λ_b]. Four rules bring it to closed form:
//! [`Expectation::stein`] removes bare fields, [`price`] turns derivatives of σ into derivatives of the two-point
//! function I2 by its covariances, [`Covariance::tilt`] absorbs a Gaussian factor into the measure, and
//! [`arcsine_law`] is what two error functions leave.

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

/// Price's rules on a two-point function I2(a, b) = E[σ(λ_a) σ(λ_b)] with a ≠ b, a function of three independent
/// arguments: E[σ^(m)(λ_a) σ^(n)(λ_b)] as its derivative. ∂/∂q_ab raises both orders by one, 2 ∂/∂q_aa raises the
/// order of a by two.
///
/// Valid for a = b as well if the roles are made equal afterwards. `None` where m - n is odd: no derivative of I2
/// reaches it.
pub fn price(pool: &mut Pool, two_point: Expr, a: (Index, u32), b: (Index, u32)) -> Option<Expr> {
    let both = a.1.min(b.1);
    if !(a.1 - both).is_multiple_of(2) || !(b.1 - both).is_multiple_of(2) {
        return None;
    }
    let mut expr = two_point;
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

/// Puts other indices in the place of some: pairs of (old, new), all at once.
pub fn place(pool: &mut Pool, expr: Expr, places: &[(Index, Index)]) -> Expr {
    rename(pool, expr, &|index| places.iter().find(|(old, _)| *old == index).map_or(index, |&(_, new)| new))
}

/// A covariance Ω - u uᵀ - v vᵀ - …, made from Ω by tilting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Covariance {
    tilts: Vec<Tilt>,
}

/// One vector u of a tilted covariance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Tilt {
    /// u_n is a symbol with a name; its last index is the node.
    Named(&'static str, Vec<Index>),
    /// u_n = C_an / √total, written out where it is needed; total is w + C_aa.
    Inline { a: Index, total: Expr },
}

impl Covariance {
    /// The entry of nodes a and b.
    pub fn entry(&self, pool: &mut Pool, a: Index, b: Index) -> Expr {
        self.entry_after(pool, self.tilts.len(), a, b)
    }

    /// The entry after the first `count` tilts.
    fn entry_after(&self, pool: &mut Pool, count: usize, x: Index, y: Index) -> Expr {
        let Some(before) = count.checked_sub(1) else { return pool.overlap(x, y) };
        let entry = self.entry_after(pool, before, x, y);
        match &self.tilts[before] {
            Tilt::Named(name, indices) => {
                let [of_x, of_y] = [x, y].map(|node| {
                    let mut indices = indices.clone();
                    if let Some(last) = indices.last_mut() {
                        *last = node;
                    }
                    pool.symbol(Symbol::Defined(name, indices))
                });
                let product = pool.mul([of_x, of_y]);
                pool.sub(entry, product)
            }
            // One fraction, so that a root of it cancels against it, and 0 where x or y is a and w is 0.
            &Tilt::Inline { a, total } => {
                let (of_x, of_y) =
                    (self.entry_after(pool, before, a, x), self.entry_after(pool, before, a, y));
                let (whole, product) = (pool.mul([entry, total]), pool.mul([of_x, of_y]));
                let difference = pool.sub(whole, product);
                let numerator = pool.fraction(difference);
                let inverse = pool.pow(total, -1, 1);
                pool.mul([numerator, inverse])
            }
        }
    }

    /// Tilting: a Gaussian factor √(2/(π w)) exp(-λ_a²/(2 w)), the derivative of erf(λ_a/√(2w)), turns N(0, C) into
    /// √(2/π) (w + C_aa)^(-½) times N(0, C - u uᵀ), u_n = C_an / √(w + C_aa). Returns the mass. w = 0 is 2 δ(λ_a).
    pub fn tilt(&mut self, pool: &mut Pool, width: Expr, a: Index) -> Expr {
        let (total, mass) = self.mass(pool, width, a);
        self.tilts.push(Tilt::Inline { a, total });
        mass
    }

    /// [`tilt`](Covariance::tilt) whose vector gets a name, with `node` for its last index.
    pub fn tilt_named(
        &mut self,
        pool: &mut Pool,
        width: Expr,
        a: Index,
        name: &'static str,
        node: Index,
    ) -> (Expr, Definition) {
        let entry = self.entry(pool, a, node);
        let (total, mass) = self.mass(pool, width, a);
        let root = pool.pow(total, -1, 2);
        let mut indices: Vec<Index> = match self.tilts.last() {
            Some(Tilt::Named(_, previous)) => previous[..previous.len() - 1].to_vec(),
            _ => Vec::new(),
        };
        indices.extend([a, node]);
        self.tilts.push(Tilt::Named(name, indices.clone()));
        (mass, Definition { name, indices, body: pool.mul([entry, root]) })
    }

    /// w + C_aa and the mass.
    fn mass(&self, pool: &mut Pool, width: Expr, a: Index) -> (Expr, Expr) {
        let variance = self.entry(pool, a, a);
        let sum = pool.add([width, variance]);
        let total = pool.fraction(sum);
        let root = pool.pow(total, -1, 2);
        let (two, pi) = (pool.integer(2), pool.pi());
        let (numerator, denominator) = (pool.sqrt(two), pool.pow(pi, -1, 2));
        (total, pool.mul([numerator, denominator, root]))
    }
}

/// E[erf(λ_a/√(2w)) erf(λ_b/√(2v))] = (2/π) arcsin(C_ab / √((w + C_aa)(v + C_bb))): an error function is the sign of
/// its field plus independent noise of variance w, and two signs agree as often as their angle says.
pub fn arcsine_law(pool: &mut Pool, [c_aa, c_ab, c_bb]: [Expr; 3], [w, v]: [Expr; 2]) -> Expr {
    let (total_a, total_b) = (pool.add([w, c_aa]), pool.add([v, c_bb]));
    let (root_a, root_b) = (pool.pow(total_a, -1, 2), pool.pow(total_b, -1, 2));
    let cosine = pool.mul([c_ab, root_a, root_b]);
    let angle = pool.asin(cosine);
    let (two, pi) = (pool.integer(2), pool.pi());
    let inverse = pool.pow(pi, -1, 1);
    pool.mul([two, inverse, angle])
}
