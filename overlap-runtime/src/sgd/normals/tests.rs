use super::*;
use crate::lanes::{Kernel, Level, dispatch, dispatch_at};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

struct Fill<'a>(&'a mut Normals, &'a mut [f64]);

impl Kernel for Fill<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.0.fill(s, self.1);
    }
}

struct FillSingle<'a>(&'a mut Normals, &'a mut [f32]);

impl Kernel for FillSingle<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.0.fill_f32(s, self.1);
    }
}

struct Lengths<'a>(&'a mut Normals, &'a Chi);

impl Kernel for Lengths<'_> {
    type Output = [f64; LANES];
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> [f64; LANES] {
        self.1.draw(s, self.0)
    }
}

/// The stated streams and the stated formula, from rand_xoshiro and libm, on every instruction set.
#[test]
fn numbers_are_the_stated_ones() {
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let mut reference = Xoshiro256PlusPlus::seed_from_u64(42);
        for mut group in Normals::groups(42).take(3) {
            let mut out = vec![0.0; 5 * DRAW];
            dispatch_at(level, Fill(&mut group, &mut out));
            for lane in 0..LANES {
                reference.jump();
                let mut stream = reference.clone();
                for pair in out.chunks_exact(DRAW) {
                    let word = stream.next_u64();
                    let unit = |half: u64| half as f64 * 2.0_f64.powi(-32);
                    let radius = (-2.0 * (1.0 - unit(word >> 32)).ln()).sqrt();
                    let (sin, cos) = (std::f64::consts::PI * (unit(word & 0xffff_ffff) - 0.5)).sin_cos();
                    let sign = if word & 1 == 1 { -1.0 } else { 1.0 };
                    assert!(
                        (pair[lane] - sign * radius * cos).abs() < 1e-14
                            && (pair[lane + LANES] - radius * sin).abs() < 1e-14
                    );
                }
            }
        }
    }
}

/// Single precision: the stated formula from the halves of the same words. Rounding of u leaves about 4e-8 of ln u, which is
/// most of a short radius.
#[test]
fn numbers_in_single_precision_are_the_stated_ones() {
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let mut reference = Xoshiro256PlusPlus::seed_from_u64(42);
        let mut group = Normals::groups(42).next().unwrap();
        let mut out = vec![0.0_f32; 50 * 2 * DRAW];
        dispatch_at(level, FillSingle(&mut group, &mut out));
        for lane in 0..LANES {
            reference.jump();
            let mut stream = reference.clone();
            for pair in out.chunks_exact(2 * DRAW) {
                let (u, v) = (stream.next_u64(), stream.next_u64());
                for half in [0, 1] {
                    let part = |word: u64| (word >> (32 * half)) as u32;
                    let unit = |word: u64| f64::from(part(word) >> 9) * 2.0_f64.powi(-23);
                    let radius = (-2.0 * (1.0 - unit(u)).ln()).sqrt();
                    let (sin, cos) = (std::f64::consts::PI * (unit(v) - 0.5)).sin_cos();
                    let sign = if part(v) & 1 == 1 { -1.0 } else { 1.0 };
                    let at = 2 * lane + half;
                    let (first, second) = (f64::from(pair[at]), f64::from(pair[at + 2 * LANES]));
                    let error = 1e-6 + 2e-7 / radius.max(1e-4);
                    assert!((first - sign * radius * cos).abs() < error, "{level:?}: {first}");
                    assert!((second - radius * sin).abs() < error, "{level:?}: {second}");
                }
            }
        }
    }
}

/// Moments to order 8 within 5 standard errors, tails, and no correlation between neighbours, in double and in
/// single precision: 30 comparisons, false-alarm rate below 2e-5.
#[test]
fn moments_are_normal() {
    let mut normals = Normals::groups(7).next().unwrap();
    let mut out = vec![0.0; 1 << 21];
    dispatch(Fill(&mut normals, &mut out));
    check_moments(&out);
    let mut single = vec![0.0_f32; 1 << 21];
    dispatch(FillSingle(&mut normals, &mut single));
    check_moments(&single.into_iter().map(f64::from).collect::<Vec<_>>());
}

fn check_moments(out: &[f64]) {
    let count = out.len() as f64;
    // E x^2m = (2m - 1)!!, Var x^m = E x^2m - (E x^m)².
    let even = [1.0, 1.0, 3.0, 15.0, 105.0, 945.0, 10_395.0, 135_135.0, 2_027_025.0];
    let expected = |m: usize| -> f64 { if m.is_multiple_of(2) { even[m / 2] } else { 0.0 } };
    for m in 1..=8 {
        let mean = out.iter().map(|x| x.powi(m as i32)).sum::<f64>() / count;
        let error = ((expected(2 * m) - expected(m).powi(2)) / count).sqrt();
        assert!((mean - expected(m)).abs() < 5.0 * error, "moment {m}: {mean}");
    }
    for lag in [1, LANES, DRAW] {
        let covariance = out.iter().zip(&out[lag..]).map(|(x, y)| x * y).sum::<f64>() / count;
        let of_squares =
            out.iter().zip(&out[lag..]).map(|(x, y)| (x * x - 1.0) * (y * y - 1.0) / 2.0).sum::<f64>()
                / count;
        assert!(covariance.abs() < 5.0 / count.sqrt() && of_squares.abs() < 5.0 / count.sqrt(), "lag {lag}");
    }
    let beyond = out.iter().filter(|x| x.abs() > 4.0).count() as f64;
    let rate = libm::erfc(4.0 / 2.0_f64.sqrt());
    assert!((beyond - rate * count).abs() < 5.0 * (rate * count).sqrt());
}

/// Mean and variance of χ², from one to 10⁹ dimensions, within 5 standard errors: 32 comparisons, false-alarm rate below
/// 2e-5. No dimension, no length.
#[test]
fn lengths_have_the_moments_of_chi() {
    let freedom = [0, 1, 2, 3, 4, 7, 30, 1000];
    for freedom in [freedom, freedom.map(|freedom| freedom + 1_000_000_000)] {
        let (chi, mut normals) = (Chi::new(freedom), Normals::groups(3).next().unwrap());
        let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
        let count = 200_000;
        for _ in 0..count {
            let lengths = dispatch(Lengths(&mut normals, &chi));
            for lane in 0..LANES {
                let deviation = lengths[lane] * lengths[lane] - freedom[lane] as f64;
                sums[lane] += deviation;
                squares[lane] += deviation * deviation;
            }
        }
        for lane in 0..LANES {
            let (nu, count) = (freedom[lane] as f64, f64::from(count));
            // Var χ² = 2 ν; the fourth central moment is 12 ν² + 48 ν.
            let (mean, variance) = (sums[lane] / count, squares[lane] / count);
            let error = ((12.0 * nu * nu + 48.0 * nu - 4.0 * nu * nu) / count).sqrt();
            assert!(mean.abs() <= 5.0 * (2.0 * nu / count).sqrt(), "{nu}: {mean}");
            assert!((variance - 2.0 * nu).abs() <= 5.0 * error, "{nu}: {variance}");
        }
    }
}

#[test]
fn streams_survive_a_checkpoint() {
    let mut normals = Normals::groups(1).next().unwrap();
    let mut out = [0.0; DRAW];
    dispatch(Fill(&mut normals, &mut out));
    assert_eq!(Normals::from_words(&normals.words()), normals);
}
