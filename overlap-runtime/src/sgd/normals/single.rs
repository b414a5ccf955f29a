//! Normals in single precision: from the same streams, twice as many for a word.

use super::{LANES, Normals, next};
use crate::lanes::Simd;

/// ln(3/2 + t), |t| ≤ ½; absolute error 4e-8. Coefficients of this file interpolate at Chebyshev points.
const LN: [f32; 9] = [
    0.405_465_1,
    0.666_666_2,
    -0.222_221_93,
    0.098_791_44,
    -0.049_398_384,
    0.025_969_792,
    -0.014_410_553,
    0.010_238_18,
    -0.006_006_605,
];
/// sin(π t) = t P(t²), |t| ≤ ½; error 7e-9 before rounding.
const SIN: [f32; 5] = [std::f32::consts::PI, -5.167_710_1, 2.550_077_4, -0.598_290_4, 0.077_655_91];
/// cos(π t) = P(t²), |t| ≤ ½; error 2e-10 before rounding.
const COS: [f32; 6] = [1.0, -4.934_802, 4.058_709, -1.335_212, 0.234_937_07, -0.024_395_932];

impl Normals {
    /// Fills `out`, whose length is a multiple of 32, with standard normals: the two halves h of the words of stream l
    /// make `out[32 n + 2 l + h]` and `out[32 n + 16 + 2 l + h]`, by the formula of [`fill`](Self::fill) with the 23 high
    /// bits of each half. The largest is 5.6.
    #[inline(always)]
    pub(in crate::sgd) fn fill_f32<S: Simd>(&mut self, s: S, out: &mut [f32]) {
        for at in (0..LANES).step_by(S::LANES) {
            let mut state = self.load(s, at);
            for pair in out.chunks_exact_mut(4 * LANES) {
                let (u, v) = (next(s, &mut state), next(s, &mut state));
                let twice = minus_twice_ln(s, s.f32_to_bits(s.splat_f32(2.0) - from_one(s, u)));
                let radius = s.sqrt_f32(s.max_f32(twice, s.splat_f32(0.0)));
                let t = from_one(s, v) - s.splat_f32(1.5);
                let square = t * t;
                let sin = t * horner(s, &SIN, square);
                // The lowest bit of each half is its sign.
                let sign = s.and(s.shl::<31>(v), s.splat_bits(0x8000_0000_8000_0000));
                let cos = s.f32_from_bits(s.xor(s.f32_to_bits(horner(s, &COS, square)), sign));
                s.store_f32(radius * cos, pair, 2 * at);
                s.store_f32(radius * sin, pair, 2 * (at + LANES));
            }
            self.store(s, at, state);
        }
    }
}

/// Uniform on [1, 2), from the 23 high bits of each half of a word.
#[inline(always)]
fn from_one<S: Simd>(s: S, word: S::Bits) -> S::Floats {
    let fraction = s.and(s.shr::<9>(word), s.splat_bits(0x007f_ffff_007f_ffff));
    s.f32_from_bits(s.or(fraction, s.splat_bits(0x3f80_0000_3f80_0000)))
}

/// -2 ln x of the normal positive numbers in two halves of each word.
#[inline(always)]
fn minus_twice_ln<S: Simd>(s: S, bits: S::Bits) -> S::Floats {
    const LN_2: f32 = std::f32::consts::LN_2;
    const TWO_23: f32 = 8_388_608.0;
    let m = s.f32_from_bits(
        s.or(s.and(bits, s.splat_bits(0x007f_ffff_007f_ffff)), s.splat_bits(0x3f80_0000_3f80_0000)),
    );
    // The exponent by the trick of adding 2^23.
    let exponent = s.and(s.shr::<23>(bits), s.splat_bits(0x0000_00ff_0000_00ff));
    let e =
        s.f32_from_bits(s.or(exponent, s.splat_bits(0x4b00_0000_4b00_0000))) - s.splat_f32(TWO_23 + 127.0);
    let ln = horner(s, &LN, m - s.splat_f32(1.5));
    s.add_mul_f32(s.splat_f32(-2.0) * ln, s.splat_f32(-2.0 * LN_2), e)
}

#[inline(always)]
fn horner<S: Simd>(s: S, c: &[f32], x: S::Floats) -> S::Floats {
    let mut at = c.len() - 1;
    let mut sum = s.splat_f32(c[at]);
    while at > 0 {
        at -= 1;
        sum = s.add_mul_f32(s.splat_f32(c[at]), sum, x);
    }
    sum
}
