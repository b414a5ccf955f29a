//! Double-double arithmetic: about 32 digits, enough to measure errors in units in the last place.

use overlap_runtime::simd::{Kernel, Simd};
use std::ops::{Add, Mul, Sub};

/// high + low, |low| at most half a unit in the last place of high.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Double {
    high: f64,
    low: f64,
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Double { high, low: 0.0 }
    }
}

/// x + y exactly.
fn exact_sum(x: f64, y: f64) -> Double {
    let high = x + y;
    let moved = high - x;
    Double { high, low: (x - (high - moved)) + (y - moved) }
}

/// x y exactly, where nothing underflows.
fn exact_product(x: f64, y: f64) -> Double {
    let high = x * y;
    Double { high, low: x.mul_add(y, -high) }
}

impl Add for Double {
    type Output = Double;
    fn add(self, other: Double) -> Double {
        let high = exact_sum(self.high, other.high);
        let low = exact_sum(self.low, other.low);
        let sum = exact_sum(high.high, high.low + low.high);
        exact_sum(sum.high, sum.low + low.low)
    }
}

impl Sub for Double {
    type Output = Double;
    fn sub(self, other: Double) -> Double {
        self + Double { high: -other.high, low: -other.low }
    }
}

impl Mul for Double {
    type Output = Double;
    fn mul(self, other: Double) -> Double {
        let product = exact_product(self.high, other.high);
        exact_sum(product.high, product.low + (self.high * other.low + self.low * other.high))
    }
}

impl Double {
    pub(crate) fn value(self) -> f64 {
        self.high + self.low
    }

    /// √self: one step of Newton's method from the root in double precision.
    pub(crate) fn sqrt(self) -> Double {
        if self.high == 0.0 {
            return self;
        }
        let root = self.high.sqrt();
        let rest = self - exact_product(root, root);
        exact_sum(root, rest.value() / (2.0 * root))
    }

    /// self / n for a small whole number n.
    fn over(self, n: f64) -> Double {
        let quotient = self.high / n;
        let rest = self - exact_product(quotient, n);
        exact_sum(quotient, rest.value() / n)
    }

    /// (sin, cos) of self by Taylor's series, for |self| up to π/2.
    pub(crate) fn sin_cos(self) -> [Double; 2] {
        let mut sums = [self, 1.0.into()];
        let mut terms = sums;
        let minus_square = Double::from(0.0) - self * self;
        for n in 1..18_u8 {
            let n = f64::from(2 * n);
            // The sine's next term carries 1/(2n (2n + 1)), the cosine's 1/((2n - 1) 2n).
            terms = [
                (terms[0] * minus_square).over(n * (n + 1.0)),
                (terms[1] * minus_square).over(n * (n - 1.0)),
            ];
            sums = [sums[0] + terms[0], sums[1] + terms[1]];
        }
        sums
    }
}

/// The distance from |x| to the next double.
pub(crate) fn ulp(x: f64) -> f64 {
    x.abs().next_up() - x.abs()
}

/// Error of y = arcsin(x) in units in the last place: arcsin(x) - y = arcsin(x cos y - √(1 - x²) sin y), and the
/// arcsine of so small a number is the number.
pub(crate) fn asin_error(x: f64, y: f64) -> f64 {
    let one = Double::from(1.0);
    let x_ = Double::from(x);
    let [sine, cosine] = Double::from(y).sin_cos();
    let rest = x_ * cosine - ((one - x_) * (one + x_)).sqrt() * sine;
    (rest.value() / ulp(y)).abs()
}

/// The arcsines of all numbers, in place.
pub(crate) struct Asin<'a>(pub(crate) &'a mut [f64]);

impl Kernel for Asin<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        s.asin_all(self.0);
    }
}
