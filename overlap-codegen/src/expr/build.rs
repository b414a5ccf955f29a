//! Building expressions: every constructor returns the canonical form.

use super::{Expr, Node, Pool, Rational};
use crate::symbol::{Index, Symbol};

impl Pool {
    /// A rational constant.
    pub fn rational(&mut self, numerator: i128, denominator: i128) -> Expr {
        self.intern(Node::Rational(Rational::new(numerator, denominator)))
    }

    /// An integer constant.
    pub fn integer(&mut self, value: i128) -> Expr {
        self.rational(value, 1)
    }

    /// π.
    pub fn pi(&mut self) -> Expr {
        self.intern(Node::Pi)
    }

    /// A named quantity.
    pub fn symbol(&mut self, symbol: Symbol) -> Expr {
        self.intern(Node::Symbol(symbol))
    }

    /// The overlap q_ab.
    pub fn overlap(&mut self, a: Index, b: Index) -> Expr {
        self.symbol(Symbol::overlap(a, b))
    }

    /// arcsin(x).
    pub fn asin(&mut self, x: Expr) -> Expr {
        if *self.node(x) == Node::Rational(Rational::ZERO) { x } else { self.intern(Node::Asin(x)) }
    }

    /// A sum: like terms collected, nested sums flattened.
    pub fn add(&mut self, summands: impl IntoIterator<Item = Expr>) -> Expr {
        let mut constant = Rational::ZERO;
        let mut terms: Vec<(Expr, Rational)> = Vec::new();
        for summand in summands {
            match self.node(summand).clone() {
                Node::Rational(value) => constant += value,
                Node::Sum(inner, inner_terms) => {
                    constant += inner;
                    terms.extend(inner_terms);
                }
                Node::Product(coefficient, factors) => {
                    let bare = self.product(Rational::ONE, factors);
                    terms.push((bare, coefficient));
                }
                _ => terms.push((summand, Rational::ONE)),
            }
        }
        self.sum(constant, terms)
    }

    /// x - y.
    pub fn sub(&mut self, x: Expr, y: Expr) -> Expr {
        let minus = self.scale(y, -Rational::ONE);
        self.add([x, minus])
    }

    /// coefficient · x.
    pub fn scale(&mut self, x: Expr, coefficient: Rational) -> Expr {
        match self.node(x).clone() {
            Node::Rational(value) => self.intern(Node::Rational(value * coefficient)),
            Node::Product(inner, factors) => self.product(inner * coefficient, factors),
            // A multiple of a sum is distributed, so that a - (a + b) is -b.
            Node::Sum(constant, mut terms) if coefficient != Rational::ZERO => {
                terms.iter_mut().for_each(|term| term.1 *= coefficient);
                self.sum(constant * coefficient, terms)
            }
            _ => self.product(coefficient, vec![(x, Rational::ONE)]),
        }
    }

    /// A product: powers of the same base collected, nested products flattened; sums stay factored.
    pub fn mul(&mut self, factors: impl IntoIterator<Item = Expr>) -> Expr {
        let mut coefficient = Rational::ONE;
        let mut powers = Vec::new();
        for factor in factors {
            match self.node(factor).clone() {
                Node::Rational(value) => coefficient *= value,
                Node::Product(inner, inner_powers) => {
                    coefficient *= inner;
                    powers.extend(inner_powers);
                }
                _ => powers.push((factor, Rational::ONE)),
            }
        }
        self.product(coefficient, powers)
    }

    /// base ^ (numerator / denominator).
    pub fn pow(&mut self, base: Expr, numerator: i128, denominator: i128) -> Expr {
        self.power(base, Rational::new(numerator, denominator))
    }

    /// √base.
    pub fn sqrt(&mut self, base: Expr) -> Expr {
        self.pow(base, 1, 2)
    }

    pub(super) fn power(&mut self, base: Expr, exponent: Rational) -> Expr {
        if exponent == Rational::ZERO {
            return self.integer(1);
        }
        if exponent == Rational::ONE {
            return base;
        }
        match self.node(base).clone() {
            Node::Rational(value)
                if exponent.is_integer() && (value != Rational::ZERO || exponent > Rational::ZERO) =>
            {
                let exponent = i32::try_from(exponent.to_integer()).expect("exponents are small");
                self.intern(Node::Rational(value.pow(exponent)))
            }
            Node::Rational(value) if value == Rational::ONE => base,
            // (x²)^½ is |x|, not x: even powers stay inside a fractional power.
            Node::Product(coefficient, factors)
                if exponent.is_integer()
                    || (coefficient > Rational::ZERO
                        && factors
                            .iter()
                            .all(|(_, inner)| !inner.is_integer() || inner.to_integer() % 2 != 0)) =>
            {
                let constant = self.intern(Node::Rational(coefficient));
                let constant =
                    if coefficient == Rational::ONE { constant } else { self.power(constant, exponent) };
                let scaled = factors.into_iter().map(|(factor, inner)| (factor, inner * exponent)).collect();
                let rest = self.product(Rational::ONE, scaled);
                self.mul([constant, rest])
            }
            Node::Sum(..) if !exponent.is_integer() => {
                let (denominator, numerator) = self.over_common_denominator(base);
                match denominator {
                    None => self.product(Rational::ONE, vec![(base, exponent)]),
                    Some(denominator) => {
                        let numerator = self.power(numerator, exponent);
                        let denominator = self.power(denominator, -exponent);
                        self.mul([numerator, denominator])
                    }
                }
            }
            _ => self.product(Rational::ONE, vec![(base, exponent)]),
        }
    }

    /// Writes a sum with denominators as (denominator, numerator) without any: 1 - x²/(y z) is (y z - x²) / (y z).
    fn over_common_denominator(&mut self, sum: Expr) -> (Option<Expr>, Expr) {
        let Node::Sum(constant, terms) = self.node(sum).clone() else { return (None, sum) };
        let mut denominators: Vec<(Expr, Rational)> = Vec::new();
        for (term, _) in &terms {
            let Node::Product(_, factors) = self.node(*term) else { continue };
            for &(factor, exponent) in factors.iter().filter(|(_, exponent)| *exponent < Rational::ZERO) {
                match denominators.iter_mut().find(|(known, _)| *known == factor) {
                    Some((_, largest)) => *largest = (*largest).max(-exponent),
                    None => denominators.push((factor, -exponent)),
                }
            }
        }
        if denominators.is_empty() {
            return (None, sum);
        }
        let denominator = self.product(Rational::ONE, denominators);
        let mut summands = vec![self.scale(denominator, constant)];
        for (term, coefficient) in terms {
            let raised = self.mul([term, denominator]);
            summands.push(self.scale(raised, coefficient));
        }
        let numerator = self.add(summands);
        (Some(denominator), numerator)
    }

    /// The canonical sum of a constant and weighted terms (none of them a number, a sum or a weighted product).
    pub(super) fn sum(&mut self, constant: Rational, mut terms: Vec<(Expr, Rational)>) -> Expr {
        self.collect(&mut terms);
        match terms[..] {
            [] => self.intern(Node::Rational(constant)),
            [(term, coefficient)] if constant == Rational::ZERO => {
                if coefficient == Rational::ONE {
                    return term;
                }
                match self.node(term).clone() {
                    Node::Product(inner, factors) => self.product(inner * coefficient, factors),
                    _ => self.product(coefficient, vec![(term, Rational::ONE)]),
                }
            }
            _ => self.intern(Node::Sum(constant, terms)),
        }
    }

    /// The canonical product of a coefficient and powers (no base a number or a product, unless under a root).
    pub(super) fn product(&mut self, mut coefficient: Rational, mut powers: Vec<(Expr, Rational)>) -> Expr {
        if coefficient == Rational::ZERO {
            return self.integer(0);
        }
        self.collect(&mut powers);
        // √2 √2 is the number 2.
        powers.retain(|&(base, exponent)| match self.node(base) {
            Node::Rational(value) if exponent.is_integer() => {
                coefficient *= value.pow(exponent.to_integer() as i32);
                false
            }
            _ => true,
        });
        match powers[..] {
            [] => self.intern(Node::Rational(coefficient)),
            [(base, exponent)] if coefficient == Rational::ONE && exponent == Rational::ONE => base,
            [(base, exponent)] if exponent == Rational::ONE && matches!(self.node(base), Node::Sum(..)) => {
                self.scale(base, coefficient)
            }
            _ => self.intern(Node::Product(coefficient, powers)),
        }
    }

    /// Adds up the weights of equal entries, drops zeros, sorts.
    fn collect(&self, entries: &mut Vec<(Expr, Rational)>) {
        entries.sort_by(|x, y| self.compare(x.0, y.0));
        entries.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        entries.retain(|entry| entry.1 != Rational::ZERO);
    }
}
