//! Interval arithmetic with outward rounding: a value that is known to lie between two doubles, so that two ways to
//! compute it can be compared without a tolerance.
#![allow(dead_code, unreachable_pub)]

use overlap_engine::expr::{Expr, Node, Pool, Rational};
use overlap_engine::symbol::Symbol;
use std::collections::HashMap;
use std::ops::{Add, Mul, Neg, Sub};

#[derive(Debug, Clone, Copy)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// All that is certain after a division by zero or a root of something negative.
const ANYTHING: Interval = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };

impl Interval {
    pub fn exact(value: f64) -> Self {
        Interval { low: value, high: value }
    }

    /// The neighbours of a rounded result; `steps` doubles to either side.
    fn around(low: f64, high: f64, steps: u32) -> Self {
        if low.is_nan() || high.is_nan() {
            return ANYTHING;
        }
        let mut interval = Interval { low, high };
        for _ in 0..steps {
            interval = Interval { low: interval.low.next_down(), high: interval.high.next_up() };
        }
        interval
    }

    pub fn pi() -> Self {
        Interval::around(std::f64::consts::PI, std::f64::consts::PI, 1)
    }

    pub fn rational(value: Rational) -> Self {
        let quotient = *value.numer() as f64 / *value.denom() as f64;
        let small = |number: i128| number.unsigned_abs() < 1 << 53;
        if value.is_integer() && small(*value.numer()) {
            return Interval::exact(quotient);
        }
        Interval::around(
            quotient,
            quotient,
            if small(*value.numer()) && small(*value.denom()) { 1 } else { 3 },
        )
    }

    pub fn recip(self) -> Self {
        if self.low <= 0.0 && self.high >= 0.0 {
            return ANYTHING;
        }
        Interval::around(1.0 / self.high, 1.0 / self.low, 1)
    }

    pub fn sqrt(self) -> Self {
        if self.low < 0.0 {
            return ANYTHING;
        }
        let root = Interval::around(self.low.sqrt(), self.high.sqrt(), 1);
        Interval { low: root.low.max(0.0), ..root }
    }

    /// The library's arcsine is good to an ulp; four are allowed.
    pub fn asin(self) -> Self {
        if self.low < -1.0 || self.high > 1.0 {
            return ANYTHING;
        }
        Interval::around(self.low.asin(), self.high.asin(), 4)
    }

    /// self ^ (exponent / 2).
    pub fn half_power(self, exponent: i128) -> Self {
        let base = if exponent % 2 == 0 { self } else { self.sqrt() };
        let count = if exponent % 2 == 0 { exponent / 2 } else { exponent };
        let mut product = Interval::exact(1.0);
        for _ in 0..count.unsigned_abs().min(64) {
            product = product * base;
        }
        if count.unsigned_abs() > 64 {
            return ANYTHING;
        }
        if count < 0 { product.recip() } else { product }
    }

    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// Whether the value is known well enough for a comparison to mean something.
    pub fn is_sharp(self) -> bool {
        self.width() <= 1e-9 * (1.0 + self.low.abs().min(self.high.abs()))
    }

    pub fn meets(self, other: Interval) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

impl Add for Interval {
    type Output = Interval;
    fn add(self, other: Interval) -> Interval {
        Interval::around(self.low + other.low, self.high + other.high, 1)
    }
}

impl Neg for Interval {
    type Output = Interval;
    fn neg(self) -> Interval {
        Interval { low: -self.high, high: -self.low }
    }
}

impl Sub for Interval {
    type Output = Interval;
    fn sub(self, other: Interval) -> Interval {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Interval;
    fn mul(self, other: Interval) -> Interval {
        let products =
            [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        if products.iter().any(|product| product.is_nan()) {
            return ANYTHING;
        }
        let low = products.into_iter().fold(f64::INFINITY, f64::min);
        let high = products.into_iter().fold(f64::NEG_INFINITY, f64::max);
        Interval::around(low, high, 1)
    }
}

/// The value of an expression. Powers are whole or half.
pub fn evaluate(pool: &Pool, expr: Expr, value: &dyn Fn(&Symbol) -> Interval) -> Interval {
    visit(pool, expr, value, &mut HashMap::new())
}

fn visit(
    pool: &Pool,
    expr: Expr,
    value: &dyn Fn(&Symbol) -> Interval,
    known: &mut HashMap<Expr, Interval>,
) -> Interval {
    if let Some(&interval) = known.get(&expr) {
        return interval;
    }
    let interval = match pool.node(expr) {
        Node::Rational(number) => Interval::rational(*number),
        Node::Pi => Interval::pi(),
        Node::Symbol(symbol) => value(symbol),
        Node::Sum(constant, terms) => {
            terms.iter().fold(Interval::rational(*constant), |sum, (term, weight)| {
                sum + Interval::rational(*weight) * visit(pool, *term, value, known)
            })
        }
        Node::Product(coefficient, factors) => {
            factors.iter().fold(Interval::rational(*coefficient), |product, (base, exponent)| {
                let twice = *exponent * Rational::from(2);
                let base = visit(pool, *base, value, known);
                product * if twice.is_integer() { base.half_power(twice.to_integer()) } else { ANYTHING }
            })
        }
        Node::Asin(x) => visit(pool, *x, value, known).asin(),
        Node::FourSigns(_) => ANYTHING,
    };
    known.insert(expr, interval);
    interval
}
