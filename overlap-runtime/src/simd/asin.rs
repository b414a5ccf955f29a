//! A branch-free arcsine for packs.

use super::Simd;

/// Minimax coefficients of P with arcsin(s) = s P(s²) on |s| ≤ ½, lowest first; relative error 2⁻⁵⁵·⁹ in exact
/// arithmetic.
const COEFFICIENTS: [f64; 13] = [
    1.0,
    0.16666666666665408,
    0.07500000000337008,
    0.044642856828332925,
    0.03038195913678787,
    0.022371758054648805,
    0.017359704699068654,
    0.0138852361235386,
    0.012169207121560286,
    0.006527995637497318,
    0.01952820774804057,
    -0.0162241608381056,
    0.03191220606473421,
];

/// arcsin on [-1, 1]: for |s| > ½ through arcsin(s) = π/2 - 2 arcsin(√((1 - s)/2)).
#[inline(always)]
pub(super) fn asin<S: Simd>(s: S, x: S::Pack) -> S::Pack {
    let half = s.splat(0.5);
    let one = s.splat(1.0);
    let magnitude = s.abs(x);
    // Rounding can carry a cosine a hair beyond 1; max drops the negative remainder. NaN survives in `magnitude` below.
    let rest = s.max(s.splat(0.0), (one - magnitude) * half);
    let square = s.select_greater(magnitude, half, rest, magnitude * magnitude);
    let root = s.sqrt(rest);
    let base = s.select_greater(magnitude, half, -(root + root), magnitude);
    let quarter_turn = s.select_greater(magnitude, half, s.splat(std::f64::consts::FRAC_PI_2), s.splat(0.0));
    let mut polynomial = s.splat(COEFFICIENTS[12]);
    let mut power = 12;
    while power > 0 {
        power -= 1;
        polynomial = s.add_mul(s.splat(COEFFICIENTS[power]), polynomial, square);
    }
    s.copysign(s.add_mul(quarter_turn, base, polynomial), x)
}
