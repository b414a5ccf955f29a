//! Lanes: one small vocabulary for packs of doubles, and the run-time choice of instruction set.
//!
//! A [`Kernel`] is written once, generic over [`Simd`]; [`dispatch`] runs it with the widest instruction set the machine
//! has. No `-C target-cpu` is needed. Packs never reduce across lanes, so a result does not depend on the pack width;
//! it differs between instruction sets only by the fused multiply-add the baseline does not have.

#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) mod aligned;
mod asin;
mod elementary;
mod level;
mod words;

pub use level::Level;
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;
pub use overlap_layout::{MAX_LANES, SIDE_BY_SIDE};
pub use portable::Portable;
pub use words::{Many, Octet, One, Words};
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

use level::Usable;
use std::ops::{Add, Mul, Neg, Sub};

/// The operations a kernel needs on packs of doubles.
pub trait Simd: Copy {
    /// Doubles per pack, at most [`MAX_LANES`].
    const LANES: usize;

    /// A pack.
    type Pack: Copy
        + Add<Output = Self::Pack>
        + Sub<Output = Self::Pack>
        + Mul<Output = Self::Pack>
        + Neg<Output = Self::Pack>;

    /// A pack of 64-bit words, as many as doubles.
    type Bits: Copy;

    /// A pack of single-precision numbers, twice as many as doubles: numbers 2 l and 2 l + 1 share word l.
    type Floats: Copy + Add<Output = Self::Floats> + Sub<Output = Self::Floats> + Mul<Output = Self::Floats>;

    /// The same number in every lane.
    fn splat_f32(self, value: f32) -> Self::Floats;

    /// `values[at .. at + 2 LANES]`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    fn load_f32(self, values: &[f32], at: usize) -> Self::Floats;

    /// Writes `values[at .. at + 2 LANES]`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    fn store_f32(self, floats: Self::Floats, values: &mut [f32], at: usize);

    /// x + a b, fused where the instruction set has it.
    fn add_mul_f32(self, x: Self::Floats, a: Self::Floats, b: Self::Floats) -> Self::Floats;

    /// √x.
    fn sqrt_f32(self, x: Self::Floats) -> Self::Floats;

    /// The larger of x and y, y where x is NaN.
    fn max_f32(self, x: Self::Floats, y: Self::Floats) -> Self::Floats;

    /// The numbers of the words.
    fn f32_from_bits(self, bits: Self::Bits) -> Self::Floats;

    /// The words of the numbers.
    fn f32_to_bits(self, floats: Self::Floats) -> Self::Bits;

    /// The same number in every lane.
    fn splat(self, value: f64) -> Self::Pack;

    /// `values[at .. at + LANES]`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    fn load(self, values: &[f64], at: usize) -> Self::Pack;

    /// Writes `values[at .. at + LANES]`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    fn store(self, pack: Self::Pack, values: &mut [f64], at: usize);

    /// x + a b, fused where the instruction set has it.
    fn add_mul(self, x: Self::Pack, a: Self::Pack, b: Self::Pack) -> Self::Pack;

    /// x - a b, fused where the instruction set has it.
    fn sub_mul(self, x: Self::Pack, a: Self::Pack, b: Self::Pack) -> Self::Pack;

    /// x + a b of single numbers, fused where the instruction set has it.
    fn add_mul_1(self, x: f64, a: f64, b: f64) -> f64;

    /// x - a b of single numbers, fused where the instruction set has it.
    #[inline(always)]
    fn sub_mul_1(self, x: f64, a: f64, b: f64) -> f64 {
        self.add_mul_1(x, -a, b)
    }

    /// x / y.
    fn div(self, x: Self::Pack, y: Self::Pack) -> Self::Pack;

    /// √x.
    fn sqrt(self, x: Self::Pack) -> Self::Pack;

    /// 1/√x, to within 2 units in the last place for normal x > 0 (largest error found on 5 million points: 1.49, with
    /// AVX-512 1.33); NaN for x < 0 and NaN. The limits at 0 and ∞ with the baseline and AVX2, NaN with AVX-512.
    fn rsqrt(self, x: Self::Pack) -> Self::Pack;

    /// |x|.
    fn abs(self, x: Self::Pack) -> Self::Pack;

    /// The larger of x and y, y where x is NaN.
    fn max(self, x: Self::Pack, y: Self::Pack) -> Self::Pack;

    /// `if x > y { yes } else { no }` in every lane.
    fn select_greater(self, x: Self::Pack, y: Self::Pack, yes: Self::Pack, no: Self::Pack) -> Self::Pack;

    /// Whether x > y in any lane.
    fn any_greater(self, x: Self::Pack, y: Self::Pack) -> bool;

    /// |magnitude| with the sign of `sign`.
    fn copysign(self, magnitude: Self::Pack, sign: Self::Pack) -> Self::Pack;

    /// The same word in every lane.
    fn splat_bits(self, value: u64) -> Self::Bits;

    /// `values[at .. at + LANES]`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    fn load_bits(self, values: &[u64], at: usize) -> Self::Bits;

    /// Writes `values[at .. at + LANES]`.
    ///
    /// # Panics
    /// If the range is out of bounds.
    fn store_bits(self, bits: Self::Bits, values: &mut [u64], at: usize);

    /// The words of the doubles.
    fn to_bits(self, pack: Self::Pack) -> Self::Bits;

    /// The doubles of the words.
    #[allow(clippy::wrong_self_convention)]
    fn from_bits(self, bits: Self::Bits) -> Self::Pack;

    /// Bitwise and.
    fn and(self, x: Self::Bits, y: Self::Bits) -> Self::Bits;

    /// Bitwise or.
    fn or(self, x: Self::Bits, y: Self::Bits) -> Self::Bits;

    /// Bitwise exclusive or.
    fn xor(self, x: Self::Bits, y: Self::Bits) -> Self::Bits;

    /// x + y modulo 2^64.
    fn add_bits(self, x: Self::Bits, y: Self::Bits) -> Self::Bits;

    /// x shifted to the left by N < 64.
    fn shl<const N: i32>(self, x: Self::Bits) -> Self::Bits;

    /// x shifted to the right by N < 64, zeros moving in.
    fn shr<const N: i32>(self, x: Self::Bits) -> Self::Bits;

    /// arcsin x where √(1 - x²) ≥ 0 is known: as accurate near ±1 as that is, exact at ±1.
    #[inline(always)]
    fn asin_with_cosine(self, x: Self::Pack, cosine: Self::Pack) -> Self::Pack {
        let (size, half) = (self.abs(x), self.splat(0.75));
        let angle = self.asin(self.select_greater(size, half, cosine, x));
        let rest = self.copysign(self.splat(std::f64::consts::FRAC_PI_2) - angle, x);
        self.select_greater(size, half, rest, angle)
    }

    /// ln x for positive normal x, to 5e-16 max(|ln x|, ½).
    #[inline(always)]
    fn ln(self, x: Self::Pack) -> Self::Pack {
        elementary::ln(self, x)
    }

    /// exp x for x ≤ 709, within 3 units in the last place; below -708 it stays at exp(-708).
    #[inline(always)]
    fn exp(self, x: Self::Pack) -> Self::Pack {
        elementary::exp(self, x)
    }

    /// (sin(π t), cos(π t)) for |t| ≤ ½, to 6e-16.
    #[inline(always)]
    fn sin_cos_pi(self, t: Self::Pack) -> (Self::Pack, Self::Pack) {
        elementary::sin_cos_pi(self, t)
    }

    /// (erf(x/√2), exp(-x²/2)), the first to 1e-15 in absolute terms.
    #[inline(always)]
    fn erf_and_gaussian(self, x: Self::Pack) -> (Self::Pack, Self::Pack) {
        elementary::erf_and_gaussian(self, x)
    }

    /// arcsin(x) on [-1, 1] to within 3 units in the last place, 3.5 without fused multiply-add (largest errors found on
    /// 10⁸ random points: 2.67 and 3.18, for |x| just above ½; exact at 0 and ±1, odd). Arguments beyond ±1 give ±π/2
    /// (rounding may carry a cosine there), NaN gives NaN.
    #[inline(always)]
    fn asin(self, x: Self::Pack) -> Self::Pack {
        asin::asin(self, x)
    }

    /// arcsin of several packs side by side: as [`asin`](Simd::asin), to the last bit.
    #[inline(always)]
    fn asin_each(self, x: [Self::Pack; SIDE_BY_SIDE]) -> [Self::Pack; SIDE_BY_SIDE] {
        asin::asin_each(self, x)
    }

    /// The sum of several packs, in fixed order.
    #[inline(always)]
    fn sum_each(self, x: [Self::Pack; SIDE_BY_SIDE]) -> Self::Pack {
        (x[0] + x[1]) + (x[2] + x[3])
    }

    /// 1/√x of every element, for arrays whose length is a multiple of [`MAX_LANES`].
    #[inline(always)]
    fn rsqrt_all(self, values: &mut [f64]) {
        let mut at = 0;
        while at + Self::LANES <= values.len() {
            let x = self.load(values, at);
            self.store(self.rsqrt(x), values, at);
            at += Self::LANES;
        }
    }

    /// arcsin of every element, for arrays whose length is a multiple of [`MAX_LANES`].
    #[inline(always)]
    fn asin_all(self, values: &mut [f64]) {
        let mut at = 0;
        while at + SIDE_BY_SIDE * Self::LANES <= values.len() {
            let mut x = [self.splat(0.0); SIDE_BY_SIDE];
            for side in 0..SIDE_BY_SIDE {
                x[side] = self.load(values, at + side * Self::LANES);
            }
            let y = self.asin_each(x);
            for side in 0..SIDE_BY_SIDE {
                self.store(y[side], values, at + side * Self::LANES);
            }
            at += SIDE_BY_SIDE * Self::LANES;
        }
        while at + Self::LANES <= values.len() {
            let x = self.load(values, at);
            self.store(self.asin(x), values, at);
            at += Self::LANES;
        }
    }
}

/// Work written once for every instruction set.
pub trait Kernel {
    /// What it computes.
    type Output;

    /// Does the work. Mark the implementation `#[inline(always)]`, or the packs stay in memory.
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// Runs a kernel with the widest instruction set of this machine (see [`Level::current`]).
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    run_at(Usable::current(), kernel)
}

/// As [`dispatch`], but only where packs are machine registers: `None`, with nothing done, on baseline x86-64 and on
/// targets without packs of their own.
#[inline]
pub fn dispatch_wide<K: Kernel>(kernel: K) -> Option<K::Output> {
    #[cfg(target_arch = "x86_64")]
    return x86::run_wide(Usable::current(), kernel);
    #[cfg(target_arch = "aarch64")]
    return (Level::current() == Level::Neon).then(|| run_baseline(Neon, kernel));
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        let _ = kernel;
        None
    }
}

/// Runs a kernel with a chosen instruction set; falls back to the baseline if this machine does not have it.
#[inline]
pub fn dispatch_at<K: Kernel>(level: Level, kernel: K) -> K::Output {
    run_at(Usable::detect(level).unwrap_or(Usable::BASELINE), kernel)
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn run_at<K: Kernel>(level: Usable, kernel: K) -> K::Output {
    x86::run(level, kernel)
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn run_at<K: Kernel>(level: Usable, kernel: K) -> K::Output {
    if level.level() == Level::Neon { run_baseline(Neon, kernel) } else { run_baseline(Portable, kernel) }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn run_at<K: Kernel>(_: Usable, kernel: K) -> K::Output {
    run_baseline(Portable, kernel)
}

/// A kernel without `#[target_feature]`, as a function of its own: inlined into its callers, the compiler would optimise
/// it again in each of them.
#[inline(never)]
fn run_baseline<S: Simd, K: Kernel>(s: S, kernel: K) -> K::Output {
    kernel.run(s)
}
