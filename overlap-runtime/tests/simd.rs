//! The errors of the lane functions in units in the last place, on every instruction set of this machine.

mod support;

use overlap_runtime::simd::{Kernel, Level, MAX_LANES, Simd, dispatch_at};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::f64::consts::FRAC_PI_2;
use support::{Asin, Double, asin_error, ulp};

struct Rsqrt<'a>(&'a mut [f64]);

impl Kernel for Rsqrt<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        s.rsqrt_all(self.0);
    }
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_available())
}

/// Pads to full packs, since the lane functions leave a remainder alone.
fn padded(x: &[f64]) -> Vec<f64> {
    let mut x = x.to_vec();
    x.resize(x.len().next_multiple_of(MAX_LANES), 0.25);
    x
}

fn asin(level: Level, x: &[f64]) -> Vec<f64> {
    let mut y = padded(x);
    dispatch_at(level, Asin(&mut y));
    y.truncate(x.len());
    y
}

fn rsqrt(level: Level, x: &[f64]) -> Vec<f64> {
    let mut y = padded(x);
    dispatch_at(level, Rsqrt(&mut y));
    y.truncate(x.len());
    y
}

/// Error of y = 1/√x in units in the last place: 1 - x y² is twice the relative error. Scaled by powers of 4 so that
/// nothing underflows.
fn rsqrt_error(x: f64, y: f64) -> f64 {
    let half_exponent = (x.log2() / 2.0).floor() as i32;
    let scale = 2.0_f64.powi(half_exponent);
    let (x, y) = (Double::from(x / scale / scale), y * scale);
    let rest = Double::from(1.0) - x * (Double::from(y) * Double::from(y));
    (rest.value() / 2.0 * y / ulp(y)).abs()
}

/// Random numbers on [0, 1), a neighbourhood of ½ and of 1, and every binade down to the smallest number.
fn cosines() -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut x: Vec<f64> = (0..100_000).map(|_| random.random::<f64>()).collect();
    // Where the polynomial's argument is largest its error is: around ½, from both sides.
    x.extend((0..50_000).map(|_| 0.4 + 0.2 * random.random::<f64>()));
    let (mut above, mut below, mut near_one) = (0.5_f64, 0.5_f64, 1.0_f64);
    for _ in 0..1000 {
        x.extend([above, below, near_one]);
        (above, below, near_one) = (above.next_up(), below.next_down(), near_one.next_down());
    }
    for exponent in 1..=1074 {
        let power = 2.0_f64.powi(-exponent);
        x.extend([power, power.next_down(), power * (1.0 + random.random::<f64>())]);
        x.extend([1.0 - power, 1.0 - power * random.random::<f64>()]);
    }
    x
}

#[test]
fn arcsine_is_within_its_bound() {
    let x = cosines();
    for level in levels() {
        let mut worst = (0.0, 0.0);
        for (&x, y) in x.iter().zip(asin(level, &x)) {
            let error = asin_error(x, y);
            if error.is_nan() || error > worst.0 {
                worst = (error, x);
            }
        }
        println!("asin, {level:?}: {:.3} ulp at {:e}", worst.0, worst.1);
        let fused = level != Level::Baseline || cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        assert!(worst.0 <= if fused { 3.0 } else { 3.5 }, "{level:?}: {} ulp at {:e}", worst.0, worst.1);
    }
}

/// The measure of the error is itself checked: against the standard library's arcsine, which is within one unit.
#[test]
fn the_error_measure_agrees_with_the_standard_library() {
    for x in cosines() {
        let y = x.asin();
        assert!(asin_error(x, y) <= 1.0, "{x:e}");
        let off = f64::from_bits(y.to_bits() + 4);
        assert!((asin_error(x, off) - 4.0).abs() <= 1.0 + 1e-9 || ulp(off) != ulp(y), "{x:e}");
    }
}

#[test]
fn arcsine_is_exact_at_the_ends_and_odd() {
    for level in levels() {
        let ends = asin(level, &[0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, f64::MIN_POSITIVE]);
        let expected = [0.0, -0.0, FRAC_PI_2, -FRAC_PI_2, 5e-324, -5e-324, f64::MIN_POSITIVE];
        assert_eq!(ends.map_bits(), expected.to_vec().map_bits(), "{level:?}");
        let x = cosines();
        let minus: Vec<f64> = x.iter().map(|x| -x).collect();
        let odd: Vec<f64> = asin(level, &minus).iter().map(|y| -y).collect();
        assert_eq!(asin(level, &x).map_bits(), odd.map_bits(), "{level:?}");
    }
}

#[test]
fn arcsine_beyond_one_is_a_right_angle_and_of_nan_nan() {
    let beyond = [1.0_f64.next_up(), 1.0 + 1e-12, 1.5, 1e300, f64::INFINITY];
    for level in levels() {
        assert_eq!(asin(level, &beyond), [FRAC_PI_2; 5], "{level:?}");
        assert_eq!(asin(level, &beyond.map(|x| -x)), [-FRAC_PI_2; 5], "{level:?}");
        assert!(asin(level, &[f64::NAN, -f64::NAN]).iter().all(|y| y.is_nan()), "{level:?}");
    }
}

/// Random numbers of every exponent, and the neighbours of every power of 2 and 4.
fn positive() -> Vec<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut x: Vec<f64> = (0..100_000).map(|_| 1.0 + 3.0 * random.random::<f64>()).collect();
    for exponent in -1022..=1023 {
        let power = 2.0_f64.powi(exponent);
        x.extend([power, power.next_up(), (power * 2.0).next_down().min(f64::MAX)]);
        x.extend((0..20).map(|_| power * (1.0 + random.random::<f64>())));
    }
    x
}

#[test]
fn inverse_square_root_is_within_its_bound() {
    let x = positive();
    for level in levels() {
        let mut worst = (0.0, 0.0);
        for (&x, y) in x.iter().zip(rsqrt(level, &x)) {
            let error = rsqrt_error(x, y);
            if error.is_nan() || error > worst.0 {
                worst = (error, x);
            }
        }
        println!("rsqrt, {level:?}: {:.3} ulp at {:e}", worst.0, worst.1);
        assert!(worst.0 <= 2.0, "{level:?}: {} ulp at {:e}", worst.0, worst.1);
    }
}

#[test]
fn inverse_square_root_of_what_is_not_positive() {
    for level in levels() {
        let wrong = rsqrt(level, &[-1.0, -f64::MIN_POSITIVE, f64::NEG_INFINITY, f64::NAN, -f64::NAN]);
        assert!(wrong.iter().all(|y| y.is_nan()), "{level:?}: {wrong:?}");
        // The limits, or NaN: never a finite number that is wrong.
        let limits = rsqrt(level, &[0.0, f64::INFINITY]);
        println!("rsqrt, {level:?}: of 0 and ∞ {limits:?}");
        assert!(limits[0] == f64::INFINITY || limits[0].is_nan(), "{level:?}: {limits:?}");
        assert!(limits[1] == 0.0 || limits[1].is_nan(), "{level:?}: {limits:?}");
    }
}

/// Elements as bits, so that 0 and -0 differ.
trait Bits {
    fn map_bits(&self) -> Vec<u64>;
}

impl Bits for Vec<f64> {
    fn map_bits(&self) -> Vec<u64> {
        self.iter().map(|x| x.to_bits()).collect()
    }
}
