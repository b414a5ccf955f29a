//! The numbers of straight-line code: doubles of one problem, or packs that hold the same quantity of many problems.
//!
//! The same generated function serves both. Operation by operation the two do the same arithmetic, so a lane of
//! [`Many`] holds, to the last bit, what [`One`] computes for its problem.

use super::{MAX_LANES, SIDE_BY_SIDE, Simd};
use std::ops::{Add, Mul, Neg, Sub};

/// One quantity of [`MAX_LANES`] problems side by side.
pub type Octet = [f64; MAX_LANES];

/// What straight-line code computes with.
pub trait Words: Copy {
    /// A value in flight.
    type Number: Copy
        + Add<Output = Self::Number>
        + Sub<Output = Self::Number>
        + Mul<Output = Self::Number>
        + Neg<Output = Self::Number>;

    /// A value in memory.
    type Cell;

    /// A constant.
    fn number(self, value: f64) -> Self::Number;

    /// Reads a value.
    fn get(self, cell: &Self::Cell) -> Self::Number;

    /// Writes a value.
    fn put(self, value: Self::Number, cell: &mut Self::Cell);

    /// x + a b, fused where the instruction set has it.
    fn add_mul(self, x: Self::Number, a: Self::Number, b: Self::Number) -> Self::Number;

    /// x - a b, fused where the instruction set has it.
    fn sub_mul(self, x: Self::Number, a: Self::Number, b: Self::Number) -> Self::Number;

    /// x / y.
    fn div(self, x: Self::Number, y: Self::Number) -> Self::Number;

    /// √x.
    fn sqrt(self, x: Self::Number) -> Self::Number;

    /// The larger of x and y, y where x is NaN.
    fn max(self, x: Self::Number, y: Self::Number) -> Self::Number;

    /// 1/√x of the first `count` elements; N, a multiple of [`MAX_LANES`], pads them to full packs.
    fn rsqrt_all<const N: usize>(self, values: &mut [Self::Number; N], count: usize);

    /// arcsin of the first `count` elements, padded in the same way.
    fn asin_all<const N: usize>(self, values: &mut [Self::Number; N], count: usize);

    /// arcsin of the first `count` elements, given √(1 - x²) of each: exact at ±1. Padded in the same way.
    fn asin_with_cosine_all<const N: usize>(
        self,
        values: &mut [Self::Number; N],
        cosines: &[Self::Number; N],
        count: usize,
    );
}

/// Doubles: one problem, whose roots and arcsines fill the lanes.
#[derive(Debug, Clone, Copy)]
pub struct One<S>(pub S);

impl<S: Simd> Words for One<S> {
    type Number = f64;
    type Cell = f64;

    #[inline(always)]
    fn number(self, value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn get(self, cell: &f64) -> f64 {
        *cell
    }

    #[inline(always)]
    fn put(self, value: f64, cell: &mut f64) {
        *cell = value;
    }

    #[inline(always)]
    fn add_mul(self, x: f64, a: f64, b: f64) -> f64 {
        self.0.add_mul_1(x, a, b)
    }

    #[inline(always)]
    fn sub_mul(self, x: f64, a: f64, b: f64) -> f64 {
        self.0.sub_mul_1(x, a, b)
    }

    #[inline(always)]
    fn div(self, x: f64, y: f64) -> f64 {
        x / y
    }

    #[inline(always)]
    fn sqrt(self, x: f64) -> f64 {
        x.sqrt()
    }

    #[inline(always)]
    fn max(self, x: f64, y: f64) -> f64 {
        if x > y { x } else { y }
    }

    #[inline(always)]
    fn rsqrt_all<const N: usize>(self, values: &mut [f64; N], _count: usize) {
        self.0.rsqrt_all(values);
    }

    #[inline(always)]
    fn asin_all<const N: usize>(self, values: &mut [f64; N], _count: usize) {
        self.0.asin_all(values);
    }

    #[inline(always)]
    fn asin_with_cosine_all<const N: usize>(self, values: &mut [f64; N], cosines: &[f64; N], _count: usize) {
        let mut at = 0;
        while at + S::LANES <= N {
            let (x, cosine) = (self.0.load(values, at), self.0.load(cosines, at));
            self.0.store(self.0.asin_with_cosine(x, cosine), values, at);
            at += S::LANES;
        }
    }
}

/// Packs: the lanes `at .. at + S::LANES` of every [`Octet`] are problems of their own.
#[derive(Debug, Clone, Copy)]
pub struct Many<S> {
    /// The instruction set.
    pub s: S,
    /// The first lane.
    pub at: usize,
}

impl<S: Simd> Words for Many<S> {
    type Number = S::Pack;
    type Cell = Octet;

    #[inline(always)]
    fn number(self, value: f64) -> S::Pack {
        self.s.splat(value)
    }

    #[inline(always)]
    fn get(self, cell: &Octet) -> S::Pack {
        self.s.load(cell, self.at)
    }

    #[inline(always)]
    fn put(self, value: S::Pack, cell: &mut Octet) {
        self.s.store(value, cell, self.at);
    }

    #[inline(always)]
    fn add_mul(self, x: S::Pack, a: S::Pack, b: S::Pack) -> S::Pack {
        self.s.add_mul(x, a, b)
    }

    #[inline(always)]
    fn sub_mul(self, x: S::Pack, a: S::Pack, b: S::Pack) -> S::Pack {
        self.s.sub_mul(x, a, b)
    }

    #[inline(always)]
    fn div(self, x: S::Pack, y: S::Pack) -> S::Pack {
        self.s.div(x, y)
    }

    #[inline(always)]
    fn sqrt(self, x: S::Pack) -> S::Pack {
        self.s.sqrt(x)
    }

    #[inline(always)]
    fn max(self, x: S::Pack, y: S::Pack) -> S::Pack {
        self.s.max(x, y)
    }

    #[inline(always)]
    fn rsqrt_all<const N: usize>(self, values: &mut [S::Pack; N], count: usize) {
        for value in &mut values[..count] {
            *value = self.s.rsqrt(*value);
        }
    }

    #[inline(always)]
    fn asin_all<const N: usize>(self, values: &mut [S::Pack; N], count: usize) {
        let mut at = 0;
        while at < count {
            let mut x = [self.s.splat(0.0); SIDE_BY_SIDE];
            x.copy_from_slice(&values[at..at + SIDE_BY_SIDE]);
            let y = self.s.asin_each(x);
            values[at..at + SIDE_BY_SIDE].copy_from_slice(&y);
            at += SIDE_BY_SIDE;
        }
    }

    #[inline(always)]
    fn asin_with_cosine_all<const N: usize>(
        self,
        values: &mut [S::Pack; N],
        cosines: &[S::Pack; N],
        count: usize,
    ) {
        for at in 0..count {
            values[at] = self.s.asin_with_cosine(values[at], cosines[at]);
        }
    }
}
