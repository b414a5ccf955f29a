//! A branch-free arcsine for packs.

use super::{SIDE_BY_SIDE, Simd};

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

/// arcsin on [-1, 1]. Most arguments of the dynamics are at most ½ in size (all of them where no q_nn exceeds 1), so a
/// pack of small arguments takes the short way; the branch is the same for whole runs of packs.
#[inline(always)]
pub(super) fn asin<S: Simd>(s: S, x: S::Pack) -> S::Pack {
    if s.any_greater(s.abs(x), s.splat(0.5)) { whole_range(s, x) } else { x * polynomial(s, x * x) }
}

/// arcsin of several packs, whose chains of multiply-adds run side by side. The same operations as [`asin`] where all
/// arguments are small or none is; a pack of small arguments beside large ones goes the whole way, see there.
#[inline(always)]
pub(super) fn asin_each<S: Simd>(s: S, x: [S::Pack; SIDE_BY_SIDE]) -> [S::Pack; SIDE_BY_SIDE] {
    let mut largest = s.abs(x[0]);
    for side in 1..SIDE_BY_SIDE {
        largest = s.max(largest, s.abs(x[side]));
    }
    // Loops rather than closures: those are not always inlined into the code that has the instruction set enabled.
    let mut square = x;
    if s.any_greater(largest, s.splat(0.5)) {
        for side in 0..SIDE_BY_SIDE {
            square[side] = whole_range(s, x[side]);
        }
        return square;
    }
    for side in 0..SIDE_BY_SIDE {
        square[side] = x[side] * x[side];
    }
    let mut sum = [s.splat(COEFFICIENTS[12]); SIDE_BY_SIDE];
    let mut power = 12;
    while power > 0 {
        power -= 1;
        for side in 0..SIDE_BY_SIDE {
            sum[side] = s.add_mul(s.splat(COEFFICIENTS[power]), sum[side], square[side]);
        }
    }
    for side in 0..SIDE_BY_SIDE {
        sum[side] = sum[side] * x[side];
    }
    sum
}

/// P(z) by Horner's rule.
#[inline(always)]
fn polynomial<S: Simd>(s: S, z: S::Pack) -> S::Pack {
    let mut sum = s.splat(COEFFICIENTS[12]);
    let mut power = 12;
    while power > 0 {
        power -= 1;
        sum = s.add_mul(s.splat(COEFFICIENTS[power]), sum, z);
    }
    sum
}

/// For |s| > ½ through arcsin(s) = π/2 - 2 arcsin(√((1 - s)/2)), without branches.
#[inline(always)]
fn whole_range<S: Simd>(s: S, x: S::Pack) -> S::Pack {
    let half = s.splat(0.5);
    let one = s.splat(1.0);
    let magnitude = s.abs(x);
    // Rounding can carry a cosine a hair beyond 1: max drops the negative remainder, and keeps NaN.
    let rest = s.max(s.splat(0.0), (one - magnitude) * half);
    let square = s.select_greater(magnitude, half, rest, magnitude * magnitude);
    let root = s.sqrt(rest);
    let base = s.select_greater(magnitude, half, -(root + root), magnitude);
    let quarter_turn = s.select_greater(magnitude, half, s.splat(std::f64::consts::FRAC_PI_2), s.splat(0.0));
    s.copysign(s.add_mul(quarter_turn, base, polynomial(s, square)), x)
}
