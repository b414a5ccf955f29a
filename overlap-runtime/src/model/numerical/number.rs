//! Numbers the quadrature works on: doubles, and doubles with a derivative.

use std::ops::{Add, Mul};

/// What the integrals are made of: numbers, or numbers with their derivative along one variable.
pub(super) trait Number: nalgebra::Scalar + Copy + Add<Output = Self> + Mul<Output = Self> {
    fn constant(value: f64) -> Self;
    fn value(self) -> f64;
    /// f of it, where f' is known.
    fn map(self, f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> Self;
    fn add_to(self, sum: &mut Self) {
        *sum = *sum + self;
    }
}

impl Number for f64 {
    fn constant(value: f64) -> Self {
        value
    }
    fn value(self) -> f64 {
        self
    }
    fn map(self, f: impl Fn(f64) -> f64, _: impl Fn(f64) -> f64) -> Self {
        f(self)
    }
}

/// value + slope ε with ε² = 0: forward differentiation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dual {
    pub(super) value: f64,
    pub(super) slope: f64,
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Dual { value: self.value * other.value, slope: self.slope * other.value + self.value * other.slope }
    }
}

impl Number for Dual {
    fn constant(value: f64) -> Self {
        Dual { value, slope: 0.0 }
    }
    fn value(self) -> f64 {
        self.value
    }
    fn map(self, f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64) -> Self {
        Dual { value: f(self.value), slope: slope(self.value) * self.slope }
    }
}
