//! Branch-free exp, ln, sin, cos and erf for packs, without tables.
//!
//! The coefficients interpolate in 50 digits at Chebyshev points. What a simulated step waits for (exp, erf) is evaluated
//! by Estrin's scheme, where the depth of an expression counts more than its length; what many independent random numbers
//! need (ln, sin, cos), by Horner's.

use super::Simd;
use std::f64::consts::{LN_2, LOG2_E};

/// ln m = s P(s²) with s = (m - 1)/(m + 1), ½ ≤ m² ≤ 2; relative error 3e-18.
const LN: [f64; 8] = [
    2.0,
    0.6666666666666765,
    0.3999999999930234,
    0.2857142876064168,
    0.22222197056726048,
    0.18183631680229329,
    0.1531252814836419,
    0.14809710360655276,
];

/// sin(π t) = t P(t²), |t| ≤ ½; relative error 1.2e-16.
const SIN: [f64; 9] = [
    std::f64::consts::PI,
    -5.167712780049969,
    2.5501640398773007,
    -0.5992645293189447,
    0.0821458865731029,
    -0.007370430505916944,
    0.0004662998161898394,
    -2.1903497074626018e-05,
    7.697826768224191e-07,
];

/// cos(π t) = P(t²), |t| ≤ ½; absolute error 4e-18 before rounding.
const COS: [f64; 9] = [
    1.0,
    -4.934802200544676,
    4.058712126416497,
    -1.335262768843447,
    0.23533063012953284,
    -0.025806888737002202,
    0.0019295562724817132,
    -0.00010456655338748738,
    4.149564353942586e-06,
];

/// exp r, |r| ≤ ln(2)/2; relative error 1.7e-17.
const EXP: [f64; 12] = [
    1.0,
    1.0,
    0.5000000000000019,
    0.1666666666666668,
    0.0416666666664881,
    0.008333333333319601,
    0.0013888888952314775,
    0.00019841269890047113,
    2.4801485482328494e-05,
    2.755724091857897e-06,
    2.763263963904103e-07,
    2.5110037605963777e-08,
];

/// erfc(x/√2) exp(x²/2) as a polynomial in y = (x - 5)/(x + 5), 0 ≤ x ≤ 8; absolute error 2.5e-16 exp(x²/2).
const SCALED_ERFC: [f64; 16] = [
    0.1538386099500127,
    -0.28691511052804347,
    0.23213762377189873,
    -0.16176775452487077,
    0.09571070458778684,
    -0.04682780110844017,
    0.01798273999930977,
    -0.004757688608748441,
    0.0004391221155845011,
    0.0002686150060972832,
    -0.0001208806364402112,
    1.3625950350846493e-06,
    1.1716604857891862e-05,
    -4.8848042206955545e-06,
    -3.423030191351353e-06,
    -5.246639901054864e-07,
];

/// c[at] + c[at+1] x + c[at+2] x² + c[at+3] x³.
#[inline(always)]
fn cubic<S: Simd>(s: S, c: &[f64], at: usize, x: S::Pack, x2: S::Pack) -> S::Pack {
    let low = s.add_mul(s.splat(c[at]), s.splat(c[at + 1]), x);
    let high = s.add_mul(s.splat(c[at + 2]), s.splat(c[at + 3]), x);
    s.add_mul(low, high, x2)
}

#[inline(always)]
fn horner<S: Simd>(s: S, c: &[f64], x: S::Pack) -> S::Pack {
    let mut at = c.len() - 1;
    let mut sum = s.splat(c[at]);
    while at > 0 {
        at -= 1;
        sum = s.add_mul(s.splat(c[at]), sum, x);
    }
    sum
}

/// ln x for positive normal x.
#[inline(always)]
pub(super) fn ln<S: Simd>(s: S, x: S::Pack) -> S::Pack {
    const MANTISSA: u64 = (1 << 52) - 1;
    const TWO_52: f64 = 4503599627370496.0;
    let bits = s.to_bits(x);
    // x = 2^e m with m in [1, 2), and ln x = (e + ½) ln 2 + ln(m/√2); e by the trick of adding 2^52.
    let m = s.from_bits(s.or(s.and(bits, s.splat_bits(MANTISSA)), s.splat_bits(1.0_f64.to_bits())));
    let e = s.from_bits(s.or(s.shr::<52>(bits), s.splat_bits(TWO_52.to_bits()))) - s.splat(TWO_52 + 1023.0);
    let root = s.splat(std::f64::consts::SQRT_2);
    let ratio = s.div(m - root, m + root);
    let square = ratio * ratio;
    let fourth = square * square;
    let polynomial =
        s.add_mul(cubic(s, &LN, 0, square, fourth), cubic(s, &LN, 4, square, fourth), fourth * fourth);
    let series = ratio * polynomial;
    s.add_mul(series, e + s.splat(0.5), s.splat(LN_2))
}

/// exp x for x ≤ 709; below -708 it stays at exp(-708) = 3e-308.
#[inline(always)]
pub(super) fn exp<S: Simd>(s: S, x: S::Pack) -> S::Pack {
    /// Adding it rounds to the nearest whole number and leaves that number in the low bits.
    const ROUND: f64 = 6755399441055744.0;
    const LN_2_HIGH: f64 = 0.6931471803691238;
    const LN_2_LOW: f64 = 1.9082149292705877e-10;
    let lowest = s.splat(-708.0);
    let x = s.select_greater(lowest, x, lowest, x);
    let shifted = s.add_mul(s.splat(ROUND), x, s.splat(LOG2_E));
    let n = shifted - s.splat(ROUND);
    let r = s.sub_mul(s.sub_mul(x, n, s.splat(LN_2_HIGH)), n, s.splat(LN_2_LOW));
    let r2 = r * r;
    let r4 = r2 * r2;
    let low = s.add_mul(cubic(s, &EXP, 0, r, r2), cubic(s, &EXP, 4, r, r2), r4);
    let series = s.add_mul(low, cubic(s, &EXP, 8, r, r2), r4 * r4);
    let power = s.shl::<52>(s.add_bits(s.to_bits(shifted), s.splat_bits(1023)));
    series * s.from_bits(power)
}

/// (sin(π t), cos(π t)), |t| ≤ ½.
#[inline(always)]
pub(super) fn sin_cos_pi<S: Simd>(s: S, t: S::Pack) -> (S::Pack, S::Pack) {
    let square = t * t;
    (t * horner(s, &SIN, square), horner(s, &COS, square))
}

/// (erf(x/√2), exp(-x²/2)), sharing the exponential: erf(|x|/√2) = 1 - exp(-x²/2) H.
#[inline(always)]
pub(super) fn erf_and_gaussian<S: Simd>(s: S, x: S::Pack) -> (S::Pack, S::Pack) {
    let magnitude = s.abs(x);
    let gaussian = exp(s, magnitude * magnitude * s.splat(-0.5));
    // Beyond 8 the product is below rounding, whatever H.
    let eight = s.splat(8.0);
    let near = s.select_greater(magnitude, eight, eight, magnitude);
    let five = s.splat(5.0);
    let y = s.div(near - five, near + five);
    let y2 = y * y;
    let y4 = y2 * y2;
    let low = s.add_mul(cubic(s, &SCALED_ERFC, 0, y, y2), cubic(s, &SCALED_ERFC, 4, y, y2), y4);
    let high = s.add_mul(cubic(s, &SCALED_ERFC, 8, y, y2), cubic(s, &SCALED_ERFC, 12, y, y2), y4);
    let scaled = s.add_mul(low, high, y4 * y4);
    (s.copysign(s.sub_mul(s.splat(1.0), gaussian, scaled), x), gaussian)
}

#[cfg(test)]
mod tests {
    use crate::lanes::{Kernel, Level, Simd, dispatch_at};

    /// Applies ln, exp, sin(π ·), erf, Gaussian, cos(π ·) to 8 numbers.
    struct All([f64; 8]);

    impl Kernel for All {
        type Output = [[f64; 8]; 6];

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Output {
            let mut out = [[0.0; 8]; 6];
            for at in (0..8).step_by(S::LANES) {
                let x = s.load(&self.0, at);
                s.store(s.ln(s.abs(x)), &mut out[0], at);
                s.store(s.exp(x), &mut out[1], at);
                let (sin, cos) = s.sin_cos_pi(x);
                s.store(sin, &mut out[2], at);
                s.store(cos, &mut out[5], at);
                let (erf, gaussian) = s.erf_and_gaussian(x);
                s.store(erf, &mut out[3], at);
                s.store(gaussian, &mut out[4], at);
            }
            out
        }
    }

    /// Against libm over the ranges the functions are made for, at every instruction set of this machine.
    #[test]
    fn agree_with_libm() {
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let mut worst = [0.0_f64; 6];
            for index in -40_000..40_000 {
                let x = f64::from(index) * 2.5e-4 + 1.3e-5;
                let [ln, exp, sin, erf, gaussian, cos] =
                    dispatch_at(level, All([x, x * 60.0, x * 0.05, 1.0, x, x, x, x]));
                worst[0] = worst[0].max((ln[0] - x.abs().ln()).abs() / x.abs().ln().abs().max(0.5));
                worst[1] = worst[1].max((exp[1] / libm::exp((60.0 * x).max(-708.0)) - 1.0).abs());
                worst[2] = worst[2].max((sin[2] - libm::sin(0.05 * x * std::f64::consts::PI)).abs());
                worst[5] = worst[5].max((cos[2] - libm::cos(0.05 * x * std::f64::consts::PI)).abs());
                worst[3] = worst[3].max((erf[4] - libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)).abs());
                worst[4] = worst[4].max((gaussian[4] / libm::exp(-0.5 * x * x) - 1.0).abs());
            }
            // Measured: 4.8e-16 of max(|ln x|, ½), 4.4e-16, 3.3e-16, 7.1e-16, and 4.4e-16 for the Gaussian.
            println!("{level:?}: {worst:?}");
            assert!(worst[0] < 1e-15 && worst[1] < 6e-16 && worst[2] < 6e-16 && worst[3] < 1e-15);
            assert!(worst[4] < 1e-14 && worst[5] < 6e-16, "{level:?}: {worst:?}");
        }
    }

    #[test]
    fn limits_and_not_a_number() {
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let [_, exp, _, erf, gaussian, _] =
                dispatch_at(level, All([0.0, -1e300, f64::NEG_INFINITY, f64::NAN, 40.0, 1e200, 8.5, -1e9]));
            assert!(exp[1] > 0.0 && exp[1] < 1e-300 && exp[2] < 1e-300);
            assert!(erf[3].is_nan() && gaussian[3].is_nan() && exp[3].is_nan());
            assert_eq!(erf[4..], [1.0, 1.0, 1.0, -1.0]);
            assert!(erf[0].abs() < 1e-15 && gaussian[0] == 1.0 && gaussian[4] < 1e-300);
        }
    }
}
