//! E[sign sign sign sign] of four Gaussian fields: what ReLU units need and has no elementary form.

use crate::lanes::{Kernel, MAX_LANES, Simd, dispatch};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, PI};
use std::sync::OnceLock;

/// Nodes of the quadrature.
const NODES: usize = 64;

/// u = sin φ, √(1 - u²), and the weight of dφ, at the nodes of double exponential quadrature on 0 … π/2.
struct Rule {
    u: [f64; NODES],
    rest: [f64; NODES],
    weight: [f64; NODES],
}

/// Both ends of the way may be singular (fields that nearly coincide), which double exponential nodes can stand.
fn rule() -> &'static Rule {
    const STEP: f64 = 0.1;
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        let mut rule = Rule { u: [0.0; NODES], rest: [0.0; NODES], weight: [0.0; NODES] };
        for node in 0..NODES {
            let t = STEP * (node as f64 + 0.5 - NODES as f64 / 2.0);
            let power = libm::exp(PI * libm::sinh(t));
            // π/2 - φ, accurate near 0.
            let psi = FRAC_PI_2 / (1.0 + power);
            rule.u[node] = libm::cos(psi);
            rule.rest[node] = libm::sin(psi);
            rule.weight[node] =
                FRAC_PI_2 * STEP * PI * libm::cosh(t) * power / ((1.0 + power) * (1.0 + power));
        }
        rule
    })
}

/// E[sign(λ_1) sign(λ_2) sign(λ_3) sign(λ_4)] of unit-variance fields with correlations ρ_12, ρ_13, ρ_14, ρ_23, ρ_24,
/// ρ_34 in [-1, 1]. NaN for NaN.
///
/// Plackett's reduction (Biometrika 41, 351, 1954): from two pairs that are independent of each other, whose mean is a product
/// of two arcsines, along u = sin φ to the given correlations between the pairs; the slope is an arcsine of what two
/// fields conditioned to zero leave of the others. Error: 1e-14 where no two fields are nearly the same. Of two that are nearly
/// the same their difference is taken; three that are lose digits.
pub fn four_signs(correlations: [f64; 6]) -> f64 {
    dispatch(FourSigns(correlations))
}

struct FourSigns([f64; 6]);

impl Kernel for FourSigns {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        plackett(s, self.0)
    }
}

#[inline(always)]
fn plackett<S: Simd>(s: S, [r12, r13, r14, r23, r24, r34]: [f64; 6]) -> f64 {
    // The pairs that are kept are those whose fields are most alike.
    let largest = |rs: [f64; 4]| rs.into_iter().fold(0.0, |most: f64, r| most.max(r.abs()));
    let choices = [
        (largest([r13, r14, r23, r24]), [r12, r13, r14, r23, r24, r34]),
        (largest([r12, r14, r23, r34]), [r13, r12, r14, r23, r34, r24]),
        (largest([r12, r13, r24, r34]), [r14, r12, r13, r24, r34, r23]),
    ];
    let best = choices.iter().fold(&choices[0], |best, next| if next.0 < best.0 { next } else { best });
    let [r12, r13, r14, r23, r24, r34] = best.1;
    let rule = rule();
    let mut sums = [0.0; MAX_LANES];
    let mut total = s.splat(0.0);
    let two = s.splat(2.0);
    // A conditional variance below `least` is rounding: its field depends on the others, and what is left of it is
    // taken for independent of everything. Up to twice that it is faded in, so that nothing jumps.
    let least = s.splat(1e-15);
    let known = |k: S::Pack| s.max(s.splat(0.0), s.splat(1.0) - s.max(s.splat(0.0), two - k * s.splat(1e15)));
    // Of a pair that is kept, one field is given, and of the other what it has beside (or against) the first one:
    // nothing cancels where they are nearly the same.
    let (sign_12, sign_34) = (1_f64.copysign(r12), 1_f64.copysign(r34));
    let (apart_12, apart_34) = (1.0 - r12.abs(), 1.0 - r34.abs());
    let (ki, lj) = (s.splat(-sign_12 * apart_12), s.splat(-sign_34 * apart_34));
    let (kk, ll) = (s.splat(2.0 * apart_12), s.splat(2.0 * apart_34));
    let mut at = 0;
    while at < NODES {
        let (u, rest, weight) = (s.load(&rule.u, at), s.load(&rule.rest, at), s.load(&rule.weight, at));
        // Given fields i and j of correlation ρ; their companions x and y.
        for [rho, xj, iy, xy] in
            [[r13, r23, r14, r24], [r14, r24, r13, r23], [r23, r13, r24, r14], [r24, r14, r23, r13]]
        {
            let r = u * s.splat(rho);
            let kj = u * s.splat(xj - sign_12 * rho);
            let li = u * s.splat(iy - sign_34 * rho);
            let kl = u * s.splat((xy - sign_12 * iy) - sign_34 * (xj - sign_12 * rho));
            let distance = s.splat((1.0 - rho) * (1.0 + rho));
            let determinant = s.add_mul(rest * rest, u * u, distance);
            let k = kk * determinant - (ki * ki + kj * kj - two * r * ki * kj);
            let l = ll * determinant - (li * li + lj * lj - two * r * li * lj);
            let both = kl * determinant - (ki * li + kj * lj - r * (ki * lj + kj * li));
            let root = s.rsqrt(s.max(k, least)) * s.rsqrt(s.max(l, least));
            let angle = s.asin(known(k) * known(l) * both * root);
            let slope = s.splat(rho) * rest * s.rsqrt(s.max(determinant, s.splat(1e-300)));
            total = s.add_mul(total, weight * slope, angle);
        }
        at += S::LANES;
    }
    s.store(total, &mut sums, 0);
    let sum: f64 = sums[..S::LANES].iter().sum();
    let start = r12.clamp(-1.0, 1.0).asin() * r34.clamp(-1.0, 1.0).asin();
    FRAC_2_PI * FRAC_2_PI * (start + sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two independent pairs; equal fields, whose signs square to 1; and four fields in a row, where the
    /// correlations are those of fields x, (x + y)/√2, y and -x: three of the four are in a plane.
    #[test]
    fn known_values() {
        let two = |r: f64| FRAC_2_PI * r.asin();
        for (correlations, known, error) in [
            ([0.3, 0.0, 0.0, 0.0, 0.0, -0.7], two(0.3) * two(-0.7), 1e-15),
            ([1.0, 0.4, 0.2, 0.4, 0.2, 0.6], two(0.6), 1e-13),
            ([0.4, 1.0, 0.2, 0.4, 0.6, 0.2], two(0.6), 1e-13),
            ([-1.0, 0.4, 0.2, -0.4, -0.2, 0.6], -two(0.6), 1e-13),
            ([1.0; 6], 1.0, 1e-13),
            (
                [0.5_f64.sqrt(), 0.0, -1.0, 0.5_f64.sqrt(), -(0.5_f64.sqrt()), 0.0],
                -two(0.5_f64.sqrt()),
                1e-13,
            ),
        ] {
            let found = four_signs(correlations);
            assert!((found - known).abs() < error, "{correlations:?}: {found}, not {known}");
        }
        assert!(four_signs([f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0]).is_nan());
    }

    /// The value does not depend on the order of the fields, though the way to it does.
    #[test]
    fn order_does_not_matter() {
        let [r12, r13, r14, r23, r24, r34] = [0.35, -0.26, 0.09, 0.36, 0.41, 0.18];
        let first = four_signs([r12, r13, r14, r23, r24, r34]);
        // Fields 1 and 3 trade places, then 2 and 4.
        assert!((four_signs([r23, r13, r34, r12, r24, r14]) - first).abs() < 1e-14);
        assert!((four_signs([r14, r13, r12, r34, r24, r23]) - first).abs() < 1e-14);
    }
}
