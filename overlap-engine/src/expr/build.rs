//! Building expressions: every constructor returns the canonical form.

use super::exact::content;
use super::{Expr, Node, Pool, Rational};
use crate::symbol::{Index, Symbol};

impl Pool {
    /// A rational constant; see [`Pool::is_exact`] for a denominator of 0.
    pub fn rational(&mut self, numerator: i128, denominator: i128) -> Expr {
        let value = self.ratio(numerator, denominator);
        self.intern(Node::Rational(value))
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

    /// E[sign sign sign sign] of four unit-variance fields with correlations ρ_12, ρ_13, ρ_14, ρ_23, ρ_24, ρ_34.
    pub fn four_signs(&mut self, correlations: [Expr; 6]) -> Expr {
        self.intern(Node::FourSigns(correlations))
    }

    /// A sum: like terms collected, nested sums flattened.
    pub fn add(&mut self, summands: impl IntoIterator<Item = Expr>) -> Expr {
        let mut constant = Rational::ZERO;
        let mut terms: Vec<(Expr, Rational)> = Vec::new();
        for summand in summands {
            match self.node(summand).clone() {
                Node::Rational(value) => constant = self.plus(constant, value),
                Node::Sum(inner, inner_terms) => {
                    constant = self.plus(constant, inner);
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
            Node::Rational(value) => {
                let value = self.times(value, coefficient);
                self.intern(Node::Rational(value))
            }
            Node::Product(inner, factors) => {
                let coefficient = self.times(inner, coefficient);
                self.product(coefficient, factors)
            }
            // A multiple of a sum is distributed, so that a - (a + b) is -b.
            Node::Sum(constant, mut terms) if coefficient != Rational::ZERO => {
                for term in &mut terms {
                    term.1 = self.times(term.1, coefficient);
                }
                let constant = self.times(constant, coefficient);
                self.sum(constant, terms)
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
                Node::Rational(value) => coefficient = self.times(coefficient, value),
                Node::Product(inner, inner_powers) => {
                    coefficient = self.times(coefficient, inner);
                    powers.extend(inner_powers);
                }
                _ => powers.push((factor, Rational::ONE)),
            }
        }
        self.product(coefficient, powers)
    }

    /// base ^ (numerator / denominator).
    pub fn pow(&mut self, base: Expr, numerator: i128, denominator: i128) -> Expr {
        let exponent = self.ratio(numerator, denominator);
        self.power(base, exponent)
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
        let base = if exponent.is_integer() { base } else { self.of_positive_sums(base) };
        match self.node(base).clone() {
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
                let scaled = factors
                    .into_iter()
                    .map(|(factor, inner)| (factor, self.times(inner, exponent)))
                    .collect();
                let rest = self.product(Rational::ONE, scaled);
                self.mul([constant, rest])
            }
            Node::Sum(..) if !exponent.is_integer() => {
                let (denominator, numerator) = self.over_common_denominator(base);
                match denominator {
                    None => self.product(Rational::ONE, vec![(base, exponent)]),
                    Some(denominator) => {
                        let (numerator, denominator) = if self.is_negative(denominator) {
                            let minus = -Rational::ONE;
                            (self.scale(numerator, minus), self.scale(denominator, minus))
                        } else {
                            (numerator, denominator)
                        };
                        let numerator = self.power(numerator, exponent);
                        let denominator = self.power(denominator, -exponent);
                        self.mul([numerator, denominator])
                    }
                }
            }
            _ => self.product(Rational::ONE, vec![(base, exponent)]),
        }
    }

    /// A product whose sums, to odd powers, are positive, for a root of it: whole powers have sums in one sign, whichever it is, and
    /// (-x) (-y) has the root √x √y. Without the canonical form that would turn the signs again.
    fn of_positive_sums(&mut self, base: Expr) -> Expr {
        let Node::Product(mut coefficient, mut factors) = self.node(base).clone() else { return base };
        let mut turned = false;
        for (factor, power) in &mut factors {
            let is_odd = !power.is_integer() || power.to_integer() % 2 != 0;
            if is_odd
                && power.is_integer()
                && matches!(self.node(*factor), Node::Sum(..))
                && self.is_negative(*factor)
            {
                *factor = self.scale(*factor, -Rational::ONE);
                coefficient = -coefficient;
                turned = true;
            }
        }
        if turned { self.intern(Node::Product(coefficient, factors)) } else { base }
    }

    /// Whether an expression is negative where fields have the variance 1 and the correlation 1/4.
    fn is_negative(&self, expr: Expr) -> bool {
        let generic = |symbol: &Symbol| match symbol {
            Symbol::Overlap(a, b) if a != b => 0.25,
            Symbol::Defined(..) => 0.25,
            _ => 1.0,
        };
        self.evaluate(expr, &generic) < 0.0
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

    /// A sum of fractions as one fraction: x - z²/y is (x y - z²)/y, so that a root of it cancels against it.
    pub fn fraction(&mut self, expr: Expr) -> Expr {
        match self.over_common_denominator(expr) {
            (None, _) => expr,
            (Some(denominator), numerator) => {
                let inverse = self.power(denominator, -Rational::ONE);
                self.mul([numerator, inverse])
            }
        }
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
                    Node::Product(inner, factors) => {
                        let coefficient = self.times(inner, coefficient);
                        self.product(coefficient, factors)
                    }
                    _ => self.product(coefficient, vec![(term, Rational::ONE)]),
                }
            }
            _ => self.intern(Node::Sum(constant, terms)),
        }
    }

    /// The canonical product of a coefficient and powers.
    pub(super) fn product(&mut self, mut coefficient: Rational, mut powers: Vec<(Expr, Rational)>) -> Expr {
        // Each round takes numbers out of the powers; what it puts in is in order, or simpler, so few rounds suffice.
        loop {
            self.collect(&mut powers);
            if coefficient == Rational::ZERO {
                return self.integer(0);
            }
            if let [(base, exponent)] = powers[..]
                && exponent == Rational::ONE
                && matches!(self.node(base), Node::Sum(..))
            {
                return if coefficient == Rational::ONE { base } else { self.scale(base, coefficient) };
            }
            let before = powers.clone();
            powers.clear();
            for &(base, exponent) in &before {
                let number = self.normal_power(base, exponent, &mut powers);
                coefficient = self.times(coefficient, number);
            }
            if powers == before {
                break;
            }
        }
        match powers[..] {
            [] => self.intern(Node::Rational(coefficient)),
            [(base, exponent)] if coefficient == Rational::ONE && exponent == Rational::ONE => base,
            _ => self.intern(Node::Product(coefficient, powers)),
        }
    }

    /// base ^ exponent as a number, returned, and powers, added to `powers`: √2 √2 is 2, √8 is 2 √2, (2x + 2y)² is
    /// 4 (x + y)², a whole power of a product is a product of powers.
    fn normal_power(
        &mut self,
        base: Expr,
        exponent: Rational,
        powers: &mut Vec<(Expr, Rational)>,
    ) -> Rational {
        let whole = exponent.floor();
        let fraction = exponent - whole;
        match self.node(base).clone() {
            Node::Rational(value) if fraction == Rational::ZERO => self.raised(value, exponent.to_integer()),
            Node::Rational(value) if value == Rational::ZERO => {
                if exponent > Rational::ZERO {
                    value
                } else {
                    self.raised(value, -1)
                }
            }
            Node::Rational(value) if value > Rational::ZERO => {
                let (number, roots) = self.root(value, exponent);
                powers.extend(roots);
                number
            }
            Node::Product(inner, factors) if whole != Rational::ZERO => {
                for (factor, power) in factors {
                    powers.push((factor, self.times(power, whole)));
                }
                if fraction != Rational::ZERO {
                    powers.push((base, fraction));
                }
                self.raised(inner, whole.to_integer())
            }
            Node::Sum(constant, terms) => {
                let number = content(constant, &terms, fraction == Rational::ZERO);
                if number == Rational::ONE {
                    powers.push((base, exponent));
                    return number;
                }
                let primitive = self.scale(base, number.recip());
                powers.push((primitive, exponent));
                if fraction == Rational::ZERO {
                    return self.raised(number, exponent.to_integer());
                }
                let (number, roots) = self.root(number, exponent);
                powers.extend(roots);
                number
            }
            _ => {
                powers.push((base, exponent));
                Rational::ONE
            }
        }
    }

    /// Adds up the weights of equal entries, drops zeros, sorts.
    fn collect(&mut self, entries: &mut Vec<(Expr, Rational)>) {
        entries.sort_by(|x, y| self.compare(x.0, y.0));
        entries.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = self.plus(kept.1, next.1);
            }
            same
        });
        entries.retain(|entry| entry.1 != Rational::ZERO);
    }
}
