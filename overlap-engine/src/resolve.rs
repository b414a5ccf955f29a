//! Gaussian expectations in closed form: the rules of [`gaussian`](crate::gaussian) applied until only overlaps are left.
//!
//! Every activation is a sum of terms x^a · erf(x/√(2w)) ([`Term`](crate::activation::Term)), so a product of σ and its
//! derivatives is a sum of *elementary* products of three kinds of factors: Gaussians (derivatives of error functions),
//! bare fields, error functions. Gaussians tilt the measure, Stein's rule contracts the fields (Wick's rule where
//! nothing else is left), and two error functions have the arcsine law.

use crate::activation::Activations;
use crate::expr::{Expr, Node, Pool, Rational};
use crate::gaussian::{Covariance, Definition, Expectation, arcsine_law, place, price};
use crate::symbol::Index;
use std::collections::HashMap;

/// Expressions that a pool may have before derivation stops.
pub(crate) const MOST_EXPRESSIONS: usize = 100_000;

/// Moments of up to this many bare fields, I4 of third-degree polynomials, are written out as polynomials of the overlaps:
/// the number of monomials grows tenfold with every further degree, that of the distinct moments with its fourth power.
const WRITTEN_OUT: usize = 10;

/// The closed form of an expectation in terms of overlaps: Price's rule for two factors, else [`by_tilting`]; both after
/// Stein's rule for bare fields. Indices may repeat. `None` where no rule applies.
pub fn expectation(pool: &mut Pool, activations: Activations<'_>, wanted: &Expectation) -> Option<Expr> {
    if let Some(terms) = wanted.stein() {
        let mut summands = Vec::new();
        for (weight, rest) in terms {
            let (weight, rest) = (pool.symbol(weight), expectation(pool, activations, &rest)?);
            summands.push(pool.mul([weight, rest]));
        }
        return Some(pool.add(summands));
    }
    if let [(a, m), (b, n)] = wanted.factors[..] {
        // Price's rule takes the three overlaps of two factors for independent: roles first, then the indices meant.
        let roles = [role(0, a), role(1, b)];
        let factors = vec![(roles[0], 0), (roles[1], 0)];
        let two_point = by_tilting(pool, activations, &Expectation { factors, fields: Vec::new() })?;
        if let Some(expr) = price(pool, two_point, (roles[0], m), (roles[1], n)) {
            return Some(place(pool, expr, &[(roles[0], a), (roles[1], b)]));
        }
    }
    by_tilting(pool, activations, wanted)
}

/// The form from the terms of the activations: closed but for [`Node::FourSigns`] where four error functions are left.
/// `None` where more are left, or where it diverges (the square of a δ function).
pub fn by_tilting(pool: &mut Pool, activations: Activations<'_>, wanted: &Expectation) -> Option<Expr> {
    under(pool, activations, &Covariance::default(), wanted)
}

/// [`by_tilting`] under a covariance that is tilted already.
pub fn under(
    pool: &mut Pool,
    activations: Activations<'_>,
    covariance: &Covariance,
    wanted: &Expectation,
) -> Option<Expr> {
    let products = products(pool, activations, wanted)?;
    let mut moments = Moments::of(&products, wanted);
    let mut summands = Vec::new();
    for mut product in products {
        product.fields.extend(&wanted.fields);
        summands.push(moments.product(pool, covariance, product)?);
    }
    Some(pool.add(summands))
}

/// [`by_tilting`] where several fields have one direction, to first order in the angle between them: a step takes place
/// where that of its first field, `first_of`, does. Fields keep the overlaps they have.
///
/// A bare field is small where its own step and that of the first field differ, so that nothing of first order is left
/// out, but for `bare`, two factors that are steps alone: by what they differ on is corrected for,
/// sign(λ_a) sign(λ_b) = 1 - 2 (θ/π) √(2π q_aa) δ(λ_a), with θ the angle between them.
pub fn along(
    pool: &mut Pool,
    activations: Activations<'_>,
    wanted: &Expectation,
    first_of: &dyn Fn(Index) -> Index,
    bare: Option<[Index; 2]>,
) -> Option<Expr> {
    let is_step = |pool: &Pool, (index, width): (Index, Expr), of: Index| index == of && is_zero(pool, width);
    let products = products(pool, activations, wanted)?;
    let mut moments = Moments::of(&products, wanted);
    let mut summands = Vec::new();
    for mut product in products {
        product.fields.extend(&wanted.fields);
        let mut rest = product.errors.clone();
        if let Some([a, b]) = bare {
            let both = [a, b].map(|of| rest.iter().position(|&error| is_step(pool, error, of)));
            if let [Some(first), Some(second)] = both {
                rest.remove(first.max(second));
                rest.remove(first.min(second));
                let mut apart = product.clone();
                let step = product.errors[first];
                apart.errors = rest;
                apart.gaussians.push(step);
                // The derivative of a step is 2 δ.
                let [q_aa, q_ab, q_bb] = [(a, a), (a, b), (b, b)].map(|(a, b)| pool.overlap(a, b));
                let roots = [pool.pow(q_aa, -1, 2), pool.pow(q_bb, -1, 2)];
                let cosine = pool.mul([q_ab, roots[0], roots[1]]);
                let (arcsine, pi) = (pool.asin(cosine), pool.pi());
                let right = pool.scale(pi, (1, 2).into());
                let angle = pool.sub(right, arcsine);
                let (two, inverse, root) = (pool.integer(2), pool.pow(pi, -1, 2), pool.sqrt(q_aa));
                let (minus, root_of_two) = (pool.integer(-1), pool.sqrt(two));
                apart.coefficient = pool.mul([minus, apart.coefficient, angle, root_of_two, inverse, root]);
                apart.gather_steps(pool, first_of);
                summands.push(moments.product(pool, &Covariance::default(), apart)?);
            }
        }
        product.gather_steps(pool, first_of);
        summands.push(moments.product(pool, &Covariance::default(), product)?);
    }
    Some(pool.add(summands))
}

/// The factors multiplied out.
fn products(pool: &mut Pool, activations: Activations<'_>, wanted: &Expectation) -> Option<Vec<Elementary>> {
    let mut products = vec![Elementary::one(pool)];
    for &(index, order) in &wanted.factors {
        let terms = derivative(pool, activations, index, order)?;
        products = multiply(pool, &products, &terms);
    }
    Some(products)
}

/// coefficient · Π fields · Π error functions · Π their derivatives.
#[derive(Debug, Clone)]
struct Elementary {
    coefficient: Expr,
    /// λ_b.
    fields: Vec<Index>,
    /// erf(λ_a/√(2w)) as (a, w).
    errors: Vec<(Index, Expr)>,
    /// The derivative of erf(λ_a/√(2w)).
    gaussians: Vec<(Index, Expr)>,
}

impl Elementary {
    fn one(pool: &mut Pool) -> Self {
        Elementary {
            coefficient: pool.integer(1),
            fields: Vec::new(),
            errors: Vec::new(),
            gaussians: Vec::new(),
        }
    }

    /// Puts the steps of some fields where those of others are.
    fn gather_steps(&mut self, pool: &Pool, first_of: &dyn Fn(Index) -> Index) {
        for (index, width) in self.errors.iter_mut().chain(&mut self.gaussians) {
            if is_zero(pool, *width) {
                *index = first_of(*index);
            }
        }
    }
}

/// σ^(order)(λ) of a node as elementary products.
fn derivative(
    pool: &mut Pool,
    activations: Activations<'_>,
    index: Index,
    order: u32,
) -> Option<Vec<Elementary>> {
    // x^power times the error function of that width, or its derivative.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Factor {
        None,
        Error(Expr),
        Gaussian(Expr),
    }
    let mut terms: Vec<(Expr, u32, Factor)> = activations
        .of(index)
        .terms(pool)?
        .into_iter()
        .map(|term| (term.coefficient, term.power, term.width.map_or(Factor::None, Factor::Error)))
        .collect();
    for _ in 0..order {
        let mut next: Vec<(Expr, u32, Factor)> = Vec::new();
        for (coefficient, power, factor) in terms {
            if power > 0 {
                next.push((pool.scale(coefficient, i128::from(power).into()), power - 1, factor));
            }
            match factor {
                Factor::None => {}
                Factor::Error(width) => next.push((coefficient, power, Factor::Gaussian(width))),
                // The derivative of exp(-x²/(2w)) is -x/w times itself; that of a δ function is none of ours.
                Factor::Gaussian(width) => {
                    if is_zero(pool, width) {
                        return None;
                    }
                    let inverse = pool.pow(width, -1, 1);
                    let minus = pool.scale(inverse, (-1).into());
                    next.push((pool.mul([coefficient, minus]), power + 1, factor));
                }
            }
        }
        // x δ(x) = 0.
        next.retain(|&(_, power, factor)| match factor {
            Factor::Gaussian(width) => power == 0 || !is_zero(pool, width),
            _ => true,
        });
        terms = Vec::new();
        for (coefficient, power, factor) in next {
            match terms.iter_mut().find(|term| (term.1, term.2) == (power, factor)) {
                Some(term) => term.0 = pool.add([term.0, coefficient]),
                None => terms.push((coefficient, power, factor)),
            }
        }
    }
    Some(
        terms
            .into_iter()
            .map(|(coefficient, power, factor)| {
                let mut product = Elementary::one(pool);
                product.coefficient = coefficient;
                product.fields = vec![index; power as usize];
                match factor {
                    Factor::None => {}
                    Factor::Error(width) => product.errors.push((index, width)),
                    Factor::Gaussian(width) => product.gaussians.push((index, width)),
                }
                product
            })
            .collect(),
    )
}

fn multiply(pool: &mut Pool, left: &[Elementary], right: &[Elementary]) -> Vec<Elementary> {
    let mut products = Vec::new();
    for x in left {
        for y in right {
            products.push(Elementary {
                coefficient: pool.mul([x.coefficient, y.coefficient]),
                fields: [&x.fields[..], &y.fields].concat(),
                errors: [&x.errors[..], &y.errors].concat(),
                gaussians: [&x.gaussians[..], &y.gaussians].concat(),
            });
        }
    }
    products
}

/// A moment without its coefficient: the measure, the fields, the error functions.
type Key = (Covariance, Vec<Index>, Vec<(Index, Expr)>);

/// Moments met so far: Wick's sums share most of their terms.
struct Moments {
    known: HashMap<Key, Option<Expr>>,
    /// Whether polynomials are written out, see [`WRITTEN_OUT`].
    written_out: bool,
}

impl Moments {
    fn of(products: &[Elementary], wanted: &Expectation) -> Self {
        let bare = products.iter().map(|product| product.fields.len()).max().unwrap_or(0);
        Moments { known: HashMap::new(), written_out: bare + wanted.fields.len() <= WRITTEN_OUT }
    }

    fn product(&mut self, pool: &mut Pool, covariance: &Covariance, mut product: Elementary) -> Option<Expr> {
        let mut covariance = covariance.clone();
        let mut factors = vec![product.coefficient];
        for (position, &(a, width)) in product.gaussians.iter().enumerate() {
            if is_zero(pool, width) {
                // δ(λ_a) makes λ_a and sign(λ_a) zero; its square diverges.
                let same = |&(b, other): &(Index, Expr)| b == a && other == width;
                if product.gaussians[..position].iter().any(same) {
                    return None;
                }
                if product.fields.contains(&a) || product.errors.iter().any(same) {
                    return Some(pool.integer(0));
                }
            }
            factors.push(covariance.tilt(pool, width, a));
        }
        product.fields.sort_unstable();
        factors.push(self.moment(pool, &covariance, product.fields, product.errors)?);
        Some(pool.mul(factors))
    }

    /// E[Π λ_b Π erf] under N(0, C). `fields` are in order.
    fn moment(
        &mut self,
        pool: &mut Pool,
        covariance: &Covariance,
        fields: Vec<Index>,
        mut errors: Vec<(Index, Expr)>,
    ) -> Option<Expr> {
        if pool.len() > MOST_EXPRESSIONS {
            return None;
        }
        errors.sort_by_key(|&(index, width)| (index, width));
        // sign² = 1.
        let mut position = 0;
        while position + 1 < errors.len() {
            if errors[position] == errors[position + 1] && is_zero(pool, errors[position].1) {
                errors.drain(position..position + 2);
            } else {
                position += 1;
            }
        }
        // Odd functions of the fields have mean 0.
        if !(fields.len() + errors.len()).is_multiple_of(2) {
            return Some(pool.integer(0));
        }
        let key = (covariance.clone(), fields, errors);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let value = self.reduce(pool, &key);
        self.known.insert(key, value);
        value
    }

    fn reduce(&mut self, pool: &mut Pool, (covariance, fields, errors): &Key) -> Option<Expr> {
        let Some((&b, rest)) = fields.split_last() else {
            return match errors[..] {
                [] => Some(pool.integer(1)),
                [(a, w), (b, v)] => {
                    let entries = [(a, a), (a, b), (b, b)].map(|(a, b)| covariance.entry(pool, a, b));
                    Some(arcsine_law(pool, entries, [w, v]))
                }
                [_, _, _, _] => {
                    // An error function is the sign of its field plus independent noise of variance w.
                    let mut roots = Vec::new();
                    for &(a, width) in errors {
                        let variance = covariance.entry(pool, a, a);
                        let total = pool.add([variance, width]);
                        roots.push(pool.pow(total, -1, 2));
                    }
                    let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
                    let correlations = pairs.map(|(x, y)| {
                        let entry = covariance.entry(pool, errors[x].0, errors[y].0);
                        pool.mul([entry, roots[x], roots[y]])
                    });
                    Some(pool.four_signs(correlations))
                }
                _ => None,
            };
        };
        // Stein's rule on λ_b: contractions with equal fields are equal.
        let mut summands = Vec::new();
        let mut position = 0;
        while position < rest.len() {
            let other = rest[position];
            let count = rest[position..].iter().take_while(|&&field| field == other).count();
            let mut left = rest.to_vec();
            left.remove(position);
            let entry = covariance.entry(pool, b, other);
            if !is_zero(pool, entry) {
                let moment = self.moment(pool, covariance, left, errors.clone())?;
                let product = pool.mul([entry, moment]);
                summands.push(pool.scale(product, Rational::from(count as i128)));
            }
            position += count;
        }
        for (position, &(a, width)) in errors.iter().enumerate() {
            let mut left = Elementary {
                coefficient: covariance.entry(pool, b, a),
                fields: rest.to_vec(),
                errors: errors.clone(),
                gaussians: vec![(a, width)],
            };
            left.errors.remove(position);
            if !is_zero(pool, left.coefficient) {
                summands.push(self.product(pool, covariance, left)?);
            }
        }
        let sum = pool.add(summands);
        // Polynomials are canonical when written out.
        Some(if errors.is_empty() && self.written_out { pool.expand(sum) } else { sum })
    }
}

fn is_zero(pool: &Pool, expr: Expr) -> bool {
    *pool.node(expr) == Node::Rational(Rational::ZERO)
}

/// Replaces defined symbols by what they stand for, all the way down.
pub fn inline(pool: &mut Pool, expr: Expr, definitions: &[Definition]) -> Expr {
    pool.substitute(expr, &mut |pool, symbol| {
        let crate::symbol::Symbol::Defined(name, indices) = symbol else { return None };
        let definition = definitions.iter().find(|definition| definition.name == *name)?;
        let body = definition.instantiate(pool, indices);
        Some(inline(pool, body, definitions))
    })
}

/// The n-th stand-in for an index, of its kind and none of the letters of the equations.
fn role(position: usize, like: Index) -> Index {
    Index::Role(like.kind(), ['α', 'β'][position])
}
