//! Differentiation, substitution, expansion and evaluation.

use super::{Expr, Node, Pool, Rational};
use crate::symbol::Symbol;
use std::collections::{HashMap, HashSet};

/// The largest power of a sum that [`Pool::expand`] writes out.
const LARGEST_EXPANDED: usize = 16;

impl Pool {
    /// ∂expr/∂symbol. Distinct symbols are independent: q_aa, q_ab and q_bb are three variables.
    pub fn differentiate(&mut self, expr: Expr, symbol: &Symbol) -> Expr {
        match self.node(expr).clone() {
            Node::Rational(_) | Node::Pi => self.integer(0),
            Node::Symbol(other) => self.integer(i128::from(other == *symbol)),
            Node::Sum(_, terms) => {
                let derivatives: Vec<Expr> = terms
                    .into_iter()
                    .map(|(term, coefficient)| {
                        let derivative = self.differentiate(term, symbol);
                        self.scale(derivative, coefficient)
                    })
                    .collect();
                self.add(derivatives)
            }
            Node::Product(_, factors) => {
                let mut summands = Vec::new();
                for (base, exponent) in factors {
                    let derivative = self.differentiate(base, symbol);
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
                let derivative = self.differentiate(x, symbol);
                let square = self.pow(x, 2, 1);
                let one = self.integer(1);
                let rest = self.sub(one, square);
                let root = self.pow(rest, -1, 2);
                self.mul([derivative, root])
            }
            Node::FourSigns(correlations) => {
                let mut summands = Vec::new();
                for (position, &correlation) in correlations.iter().enumerate() {
                    let derivative = self.differentiate(correlation, symbol);
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
        self.substitute_cached(expr, map, &mut HashMap::new())
    }

    fn substitute_cached(
        &mut self,
        expr: Expr,
        map: &mut dyn FnMut(&mut Pool, &Symbol) -> Option<Expr>,
        done: &mut HashMap<Expr, Expr>,
    ) -> Expr {
        if let Some(&result) = done.get(&expr) {
            return result;
        }
        let result = match self.node(expr).clone() {
            Node::Rational(_) | Node::Pi => expr,
            Node::Symbol(symbol) => map(self, &symbol).unwrap_or(expr),
            Node::Sum(constant, terms) => {
                let mut summands = vec![self.intern(Node::Rational(constant))];
                for (term, coefficient) in terms {
                    let term = self.substitute_cached(term, map, done);
                    summands.push(self.scale(term, coefficient));
                }
                self.add(summands)
            }
            Node::Product(coefficient, factors) => {
                let mut product = vec![self.intern(Node::Rational(coefficient))];
                for (base, exponent) in factors {
                    let base = self.substitute_cached(base, map, done);
                    product.push(self.power(base, exponent));
                }
                self.mul(product)
            }
            Node::Asin(x) => {
                let x = self.substitute_cached(x, map, done);
                self.asin(x)
            }
            Node::FourSigns(correlations) => {
                let correlations = correlations.map(|x| self.substitute_cached(x, map, done));
                self.four_signs(correlations)
            }
        };
        done.insert(expr, result);
        result
    }

    /// Distributes products and integer powers up to 16 over sums, everywhere.
    pub fn expand(&mut self, expr: Expr) -> Expr {
        match self.node(expr).clone() {
            Node::Rational(_) | Node::Pi | Node::Symbol(_) => expr,
            Node::Asin(x) => {
                let x = self.expand(x);
                self.asin(x)
            }
            Node::FourSigns(correlations) => {
                let correlations = correlations.map(|x| self.expand(x));
                self.four_signs(correlations)
            }
            Node::Sum(constant, terms) => {
                let mut summands = vec![self.intern(Node::Rational(constant))];
                for (term, coefficient) in terms {
                    let term = self.expand(term);
                    summands.push(self.scale(term, coefficient));
                }
                self.add(summands)
            }
            Node::Product(coefficient, factors) => {
                let mut result = self.intern(Node::Rational(coefficient));
                for (base, exponent) in factors {
                    let base = self.expand(base);
                    // Products of large powers of sums would not fit in memory.
                    let repeat = match usize::try_from(exponent.to_integer()) {
                        Ok(repeat) if exponent.is_integer() && repeat <= LARGEST_EXPANDED => repeat,
                        _ => 1,
                    };
                    let factor = if exponent == Rational::from(repeat as i128) {
                        base
                    } else {
                        self.power(base, exponent)
                    };
                    let summands = self.summands(factor);
                    for _ in 0..repeat {
                        let mut products = Vec::new();
                        for x in self.summands(result) {
                            for &y in &summands {
                                products.push(self.mul([x, y]));
                            }
                        }
                        result = self.add(products);
                    }
                }
                result
            }
        }
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
        match self.node(expr) {
            Node::Rational(rational) => to_f64(*rational),
            Node::Pi => std::f64::consts::PI,
            Node::Symbol(symbol) => value(symbol),
            Node::Sum(constant, terms) => terms.iter().fold(to_f64(*constant), |sum, (term, weight)| {
                sum + to_f64(*weight) * self.evaluate(*term, value)
            }),
            Node::Product(coefficient, factors) => {
                factors.iter().fold(to_f64(*coefficient), |product, (base, exponent)| {
                    product * power_f64(self.evaluate(*base, value), *exponent)
                })
            }
            // Rounding can carry a cosine beyond 1.
            Node::Asin(x) => self.evaluate(*x, value).clamp(-1.0, 1.0).asin(),
            Node::FourSigns(correlations) => {
                super::orthant::four_signs(correlations.map(|x| self.evaluate(x, value)))
            }
        }
    }

    /// Adds `expr` and everything it is made of to `seen`.
    pub fn reach(&self, expr: Expr, seen: &mut HashSet<Expr>) {
        if !seen.insert(expr) {
            return;
        }
        match self.node(expr) {
            Node::Rational(_) | Node::Pi | Node::Symbol(_) => {}
            Node::Sum(_, parts) | Node::Product(_, parts) => {
                parts.iter().for_each(|&(part, _)| self.reach(part, seen));
            }
            Node::Asin(x) => self.reach(*x, seen),
            Node::FourSigns(correlations) => correlations.iter().for_each(|x| self.reach(*x, seen)),
        }
    }

    /// The number an expression without symbols stands for.
    pub fn constant_value(&self, expr: Expr) -> Option<f64> {
        let free = match self.node(expr) {
            Node::Rational(_) | Node::Pi => true,
            Node::Symbol(_) => false,
            Node::Sum(_, parts) | Node::Product(_, parts) => {
                parts.iter().all(|(part, _)| self.constant_value(*part).is_some())
            }
            Node::Asin(x) => self.constant_value(*x).is_some(),
            Node::FourSigns(correlations) => correlations.iter().all(|x| self.constant_value(*x).is_some()),
        };
        free.then(|| self.evaluate(expr, &|_| f64::NAN))
    }
}

/// The nearest double of a rational with small numerator and denominator.
pub(crate) fn to_f64(rational: Rational) -> f64 {
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
