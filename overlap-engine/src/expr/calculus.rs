//! Differentiation, substitution, expansion and evaluation.

use super::{Expr, Node, Pool, Rational};
use crate::symbol::Symbol;
use std::collections::{HashMap, HashSet};

/// The largest power of a sum that [`Pool::expand`] writes out.
const LARGEST_EXPANDED: usize = 16;
/// The largest number of factors in all the summands that a product is distributed to.
const MOST_FACTORS: usize = 2_000_000;

impl Pool {
    /// The parts that `expr` is made of, each once and itself last. A node is made after its parts, so the order of the
    /// handles will do; nothing here recurses, and shared parts are dealt with once.
    pub fn parts(&self, expr: Expr) -> Vec<Expr> {
        let mut seen = HashSet::new();
        self.reach(expr, &mut seen);
        let mut parts: Vec<Expr> = seen.into_iter().collect();
        parts.sort_unstable();
        parts
    }

    /// Calls `visit` with everything directly under `expr`.
    pub(super) fn children(&self, expr: Expr, mut visit: impl FnMut(Expr)) {
        match self.node(expr) {
            Node::Rational(_) | Node::Pi | Node::Symbol(_) => {}
            Node::Sum(_, parts) | Node::Product(_, parts) => parts.iter().for_each(|&(part, _)| visit(part)),
            Node::Asin(x) => visit(*x),
            Node::FourSigns(correlations) => correlations.iter().for_each(|&x| visit(x)),
        }
    }

    /// Adds `expr` and everything it is made of to `seen`.
    pub fn reach(&self, expr: Expr, seen: &mut HashSet<Expr>) {
        let mut waiting = vec![expr];
        while let Some(next) = waiting.pop() {
            if seen.insert(next) {
                self.children(next, |child| waiting.push(child));
            }
        }
    }

    /// ∂expr/∂symbol. Distinct symbols are independent: q_aa, q_ab and q_bb are three variables.
    pub fn differentiate(&mut self, expr: Expr, symbol: &Symbol) -> Expr {
        let mut known: HashMap<Expr, Expr> = HashMap::new();
        for part in self.parts(expr) {
            let derivative = self.slope(part, symbol, &known);
            known.insert(part, derivative);
        }
        known[&expr]
    }

    /// The derivative of a node from the derivatives of its parts.
    fn slope(&mut self, expr: Expr, symbol: &Symbol, known: &HashMap<Expr, Expr>) -> Expr {
        match self.node(expr).clone() {
            Node::Rational(_) | Node::Pi => self.integer(0),
            Node::Symbol(other) => self.integer(i128::from(other == *symbol)),
            Node::Sum(_, terms) => {
                let derivatives: Vec<Expr> = terms
                    .into_iter()
                    .map(|(term, coefficient)| self.scale(known[&term], coefficient))
                    .collect();
                self.add(derivatives)
            }
            Node::Product(_, factors) => {
                let mut summands = Vec::new();
                for (base, exponent) in factors {
                    let derivative = known[&base];
                    if *self.node(derivative) == Node::Rational(Rational::ZERO) {
                        continue;
                    }
                    // expr · exponent · base' / base
                    let inverse = self.power(base, -Rational::ONE);
                    let summand = self.mul([expr, inverse, derivative]);
                    summands.push(self.scale(summand, exponent));
                }
                self.add(summands)
            }
            Node::Asin(x) => {
                let derivative = known[&x];
                let square = self.pow(x, 2, 1);
                let one = self.integer(1);
                let rest = self.sub(one, square);
                let root = self.pow(rest, -1, 2);
                self.mul([derivative, root])
            }
            Node::FourSigns(correlations) => {
                let mut summands = Vec::new();
                for (position, &correlation) in correlations.iter().enumerate() {
                    let derivative = known[&correlation];
                    if *self.node(derivative) != Node::Rational(Rational::ZERO) {
                        let slope = self.four_signs_slope(correlations, position);
                        summands.push(self.mul([slope, derivative]));
                    }
                }
                self.add(summands)
            }
        }
    }

    /// Replaces symbols: `map` gives the replacement of a symbol, or `None` to keep it.
    pub fn substitute(
        &mut self,
        expr: Expr,
        map: &mut dyn FnMut(&mut Pool, &Symbol) -> Option<Expr>,
    ) -> Expr {
        let mut done: HashMap<Expr, Expr> = HashMap::new();
        for part in self.parts(expr) {
            let result = match self.node(part).clone() {
                Node::Rational(_) | Node::Pi => part,
                Node::Symbol(symbol) => map(self, &symbol).unwrap_or(part),
                Node::Sum(constant, terms) => self.sum_of(constant, &terms, &done),
                Node::Product(coefficient, factors) => {
                    let mut product = vec![self.intern(Node::Rational(coefficient))];
                    for (base, exponent) in factors {
                        product.push(self.power(done[&base], exponent));
                    }
                    self.mul(product)
                }
                Node::Asin(x) => self.asin(done[&x]),
                Node::FourSigns(correlations) => self.four_signs(correlations.map(|x| done[&x])),
            };
            done.insert(part, result);
        }
        done[&expr]
    }

    /// A sum of what its terms have become.
    fn sum_of(&mut self, constant: Rational, terms: &[(Expr, Rational)], done: &HashMap<Expr, Expr>) -> Expr {
        let mut summands = vec![self.intern(Node::Rational(constant))];
        for &(term, coefficient) in terms {
            summands.push(self.scale(done[&term], coefficient));
        }
        self.add(summands)
    }

    /// Distributes products and integer powers up to 16 over sums, everywhere; a product whose summands would have more
    /// than two million factors keeps one of its own as it is.
    pub fn expand(&mut self, expr: Expr) -> Expr {
        let mut done: HashMap<Expr, Expr> = HashMap::new();
        for part in self.parts(expr) {
            let result = match self.node(part).clone() {
                Node::Rational(_) | Node::Pi | Node::Symbol(_) => part,
                Node::Asin(x) => self.asin(done[&x]),
                Node::FourSigns(correlations) => self.four_signs(correlations.map(|x| done[&x])),
                Node::Sum(constant, terms) => self.sum_of(constant, &terms, &done),
                Node::Product(coefficient, factors) => {
                    let factors: Vec<_> = factors.iter().map(|&(base, power)| (done[&base], power)).collect();
                    self.distribute(coefficient, &factors)
                }
            };
            done.insert(part, result);
        }
        done[&expr]
    }

    fn distribute(&mut self, coefficient: Rational, factors: &[(Expr, Rational)]) -> Expr {
        // What is no sum is multiplied at once.
        let (sums, others): (Vec<_>, Vec<_>) =
            factors.iter().copied().partition(|&(base, _)| matches!(self.node(base), Node::Sum(..)));
        let others: Vec<Expr> =
            others.into_iter().map(|(base, exponent)| self.power(base, exponent)).collect();
        let others = self.mul(others);
        let mut result = self.scale(others, coefficient);
        let mut kept = Vec::new();
        for (base, exponent) in sums {
            // Products of large powers of sums would not fit in memory.
            let repeat = match usize::try_from(exponent.to_integer()) {
                Ok(repeat) if exponent.is_integer() && repeat <= LARGEST_EXPANDED => repeat,
                _ => 1,
            };
            let factor =
                if exponent == Rational::from(repeat as i128) { base } else { self.power(base, exponent) };
            let summands = self.summands(factor);
            for _ in 0..repeat {
                let others = self.summands(result);
                let written = others.len().saturating_mul(self.width(&summands));
                if written.saturating_add(summands.len().saturating_mul(self.width(&others))) > MOST_FACTORS {
                    kept.push(factor);
                    continue;
                }
                let mut products = Vec::with_capacity(others.len() * summands.len());
                for x in others {
                    for &y in &summands {
                        products.push(self.mul([x, y]));
                    }
                }
                result = self.add(products);
            }
        }
        kept.push(result);
        self.mul(kept)
    }

    /// How many factors the summands have.
    fn width(&self, summands: &[Expr]) -> usize {
        let factors = |&summand: &Expr| match self.node(summand) {
            Node::Product(_, factors) => factors.len(),
            _ => 1,
        };
        summands.iter().map(factors).sum()
    }

    fn summands(&mut self, expr: Expr) -> Vec<Expr> {
        let Node::Sum(constant, terms) = self.node(expr).clone() else { return vec![expr] };
        let mut summands = Vec::new();
        if constant != Rational::ZERO {
            summands.push(self.intern(Node::Rational(constant)));
        }
        for (term, coefficient) in terms {
            summands.push(self.scale(term, coefficient));
        }
        summands
    }

    /// The value in double precision, given the values of symbols.
    pub fn evaluate(&self, expr: Expr, value: &dyn Fn(&Symbol) -> f64) -> f64 {
        let mut known: HashMap<Expr, f64> = HashMap::new();
        for part in self.parts(expr) {
            let result = match self.node(part) {
                Node::Rational(rational) => to_f64(*rational),
                Node::Pi => std::f64::consts::PI,
                Node::Symbol(symbol) => value(symbol),
                Node::Sum(constant, terms) => terms
                    .iter()
                    .fold(to_f64(*constant), |sum, (term, weight)| sum + to_f64(*weight) * known[term]),
                Node::Product(coefficient, factors) => {
                    factors.iter().fold(to_f64(*coefficient), |product, (base, exponent)| {
                        product * power_f64(known[base], *exponent)
                    })
                }
                // Rounding can carry a cosine beyond 1.
                Node::Asin(x) => known[x].clamp(-1.0, 1.0).asin(),
                Node::FourSigns(correlations) => super::orthant::four_signs(correlations.map(|x| known[&x])),
            };
            known.insert(part, result);
        }
        known[&expr]
    }

    /// The number an expression without symbols stands for.
    pub fn constant_value(&self, expr: Expr) -> Option<f64> {
        let (mut seen, mut waiting) = (HashSet::new(), vec![expr]);
        while let Some(part) = waiting.pop() {
            if matches!(self.node(part), Node::Symbol(_)) {
                return None;
            }
            self.children(part, |child| {
                if seen.insert(child) {
                    waiting.push(child);
                }
            });
        }
        Some(self.evaluate(expr, &|_| f64::NAN))
    }
}

/// The nearest double of a rational with small numerator and denominator.
pub fn to_f64(rational: Rational) -> f64 {
    *rational.numer() as f64 / *rational.denom() as f64
}

fn power_f64(base: f64, exponent: Rational) -> f64 {
    match (*exponent.numer(), *exponent.denom()) {
        (numerator, 1) if i32::try_from(numerator).is_ok() => base.powi(numerator as i32),
        // Rounding can carry what is 0 below it.
        (1, 2) => {
            if base < 0.0 {
                0.0
            } else {
                base.sqrt()
            }
        }
        (-1, 2) => 1.0 / base.sqrt(),
        _ => base.powf(to_f64(exponent)),
    }
}
