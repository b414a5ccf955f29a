//! Exact arithmetic on constants that reports, instead of panicking, what has no exact value.

use super::{Expr, Node, Pool, Rational};
use num_traits::{CheckedAdd, CheckedMul, Signed, checked_pow};

/// Primes up to here are split off under roots, so that √2 √3 is √6; larger factors stay together.
const LARGEST_PRIME: i128 = 1000;

impl Pool {
    /// Whether every constant made so far is exact. It is not after a division by zero, or where a numerator or
    /// denominator has left the range of 128 bits: then the expressions of this pool mean nothing.
    pub fn is_exact(&self) -> bool {
        !self.inexact
    }

    /// The value, or a note that there is none.
    fn exact(&mut self, value: Option<Rational>) -> Rational {
        // The least integer has no negative.
        match value.filter(|value| *value.numer() != i128::MIN && *value.denom() != i128::MIN) {
            Some(value) => value,
            None => {
                self.inexact = true;
                Rational::ONE
            }
        }
    }

    pub(super) fn ratio(&mut self, numerator: i128, denominator: i128) -> Rational {
        let fits = denominator != 0 && numerator != i128::MIN && denominator != i128::MIN;
        self.exact(fits.then(|| Rational::new(numerator, denominator)))
    }

    pub(super) fn plus(&mut self, x: Rational, y: Rational) -> Rational {
        self.exact(x.checked_add(&y))
    }

    pub(super) fn times(&mut self, x: Rational, y: Rational) -> Rational {
        self.exact(x.checked_mul(&y))
    }

    /// value ^ exponent.
    pub(super) fn raised(&mut self, value: Rational, exponent: i128) -> Rational {
        if value == Rational::ONE || exponent == 0 {
            return Rational::ONE;
        }
        if value == -Rational::ONE {
            return if exponent % 2 == 0 { Rational::ONE } else { value };
        }
        if value == Rational::ZERO && exponent < 0 {
            return self.exact(None);
        }
        let base = if exponent < 0 { value.recip() } else { value };
        let power = usize::try_from(exponent.unsigned_abs()).ok().and_then(|size| checked_pow(base, size));
        self.exact(if value == Rational::ZERO { Some(value) } else { power })
    }

    /// value ^ exponent of a positive value and a fractional exponent: a rational number and powers of primes with
    /// exponents between 0 and 1.
    pub(super) fn root(&mut self, value: Rational, exponent: Rational) -> (Rational, Vec<(Expr, Rational)>) {
        let mut outside = Rational::ONE;
        let mut powers = Vec::new();
        for (part, sign) in [(*value.numer(), 1), (*value.denom(), -1)] {
            for (prime, count) in factors(part) {
                let total = self.times(exponent, Rational::from(sign * count));
                let whole = total.floor();
                let number = self.raised(prime.into(), whole.to_integer());
                outside = self.times(outside, number);
                let fraction = total - whole;
                if fraction != Rational::ZERO {
                    powers.push((self.intern(Node::Rational(prime.into())), fraction));
                }
            }
        }
        (outside, powers)
    }
}

/// The prime factors of a positive number with their counts; what is left above the largest prime counts as one.
fn factors(mut number: i128) -> Vec<(i128, i128)> {
    let mut factors = Vec::new();
    let mut prime = 2;
    while prime <= LARGEST_PRIME && prime <= number {
        let mut count = 0;
        while number % prime == 0 {
            number /= prime;
            count += 1;
        }
        if count > 0 {
            factors.push((prime, count));
        }
        prime += 1;
    }
    if number > 1 {
        factors.push((number, 1));
    }
    factors
}

/// The number to take out of a sum so that its weights are whole, without a common factor, and, if wanted, the first positive.
pub(super) fn content(constant: Rational, terms: &[(Expr, Rational)], with_sign: bool) -> Rational {
    let weights = || std::iter::once(constant).chain(terms.iter().map(|term| term.1));
    let (mut numerator, mut denominator) = (0, 1_i128);
    for weight in weights() {
        numerator = gcd(numerator, weight.numer().abs());
        let missing = *weight.denom() / gcd(denominator, *weight.denom());
        match denominator.checked_mul(missing) {
            Some(product) => denominator = product,
            // Such numbers stay where they are.
            None => return Rational::ONE,
        }
    }
    let size = Rational::new(numerator, denominator);
    // The simplest term leads in the canonical order; q - u v - … reads better than -(u v + … - q).
    let negative =
        weights().find(|weight| *weight != Rational::ZERO).is_some_and(|first| first.is_negative());
    if with_sign && negative { -size } else { size }
}

pub(super) fn gcd(x: i128, y: i128) -> i128 {
    if y == 0 { x } else { gcd(y, x % y) }
}
