//! The error of the arcsine on every instruction set of this machine, in units in the last place, against twice the
//! precision: random points of [-1, 1], every exponent towards 0 and every exponent of 1 - |x| towards ±1.
//!
//! `cargo bench -p overlap-runtime --bench asin [-- POINTS]`, 10⁸ random points by default (some minutes). The ordinary tests
//! do the same with fewer points, see tests/simd.rs.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "every user needs its own part")]
mod support;

use overlap_runtime::simd::{Level, MAX_LANES, dispatch_at};
use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use rayon::prelude::*;
use std::f64::consts::FRAC_PI_2;
use support::{Asin, asin_error};

/// Points evaluated together.
const BLOCK: usize = 1 << 14;

/// The largest error, where it is, and the sum of errors.
#[derive(Clone, Copy)]
struct Worst {
    error: f64,
    at: f64,
    sum: f64,
    points: f64,
}

impl Worst {
    const NONE: Worst = Worst { error: 0.0, at: 0.0, sum: 0.0, points: 0.0 };

    fn of(level: Level, x: &[f64]) -> Self {
        let mut y = x.to_vec();
        y.resize(x.len().next_multiple_of(MAX_LANES), 0.0);
        dispatch_at(level, Asin(&mut y));
        let one = |(&x, &y): (&f64, &f64)| Worst { error: asin_error(x, y), at: x, ..Worst::NONE };
        let with_sum = |worst: Worst| Worst { sum: worst.error, points: 1.0, ..worst };
        x.iter().zip(&y).map(one).map(with_sum).fold(Worst::NONE, Worst::or)
    }

    fn or(self, other: Self) -> Self {
        let larger = if other.error > self.error || other.error.is_nan() { other } else { self };
        Worst { sum: self.sum + other.sum, points: self.points + other.points, ..larger }
    }
}

fn report(what: &str, blocks: usize, points: impl Fn(&mut Xoshiro256PlusPlus, usize) -> Vec<f64> + Sync) {
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let block = |number: usize| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(number as u64);
            Worst::of(level, &points(&mut random, number))
        };
        let worst = (0..blocks).into_par_iter().map(block).reduce(|| Worst::NONE, Worst::or);
        println!(
            "{what}, {level:?}: {:.0} points, largest error {:.3} ulp at {:e}, mean {:.3}",
            worst.points,
            worst.error,
            worst.at,
            worst.sum / worst.points,
        );
    }
}

fn signed(random: &mut Xoshiro256PlusPlus, x: f64) -> f64 {
    if random.random() { x } else { -x }
}

fn main() {
    let points = std::env::args().skip(1).find_map(|word| word.parse::<f64>().ok()).unwrap_or(1e8);
    report("random in [-1, 1]", (points / BLOCK as f64).ceil() as usize, |random, _| {
        (0..BLOCK).map(|_| 2.0 * random.random::<f64>() - 1.0).collect()
    });
    report("every exponent of x", 1075, |random, exponent| {
        let power = 2.0_f64.powi(-(exponent as i32));
        let inside = (0..1000).map(|_| power * (0.5 + 0.5 * random.random::<f64>()));
        let x: Vec<f64> = inside.chain([power, power.next_down()]).collect();
        x.into_iter().map(|x| signed(random, x)).collect()
    });
    report("every exponent of 1 - |x|", 54, |random, exponent| {
        let power = 2.0_f64.powi(-(exponent as i32));
        let inside = (0..100_000).map(|_| 1.0 - power * (0.5 + 0.5 * random.random::<f64>()));
        let x: Vec<f64> = inside.chain([1.0 - power, 1.0]).collect();
        x.into_iter().map(|x| signed(random, x)).collect()
    });
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let mut ends = [1.0, -1.0, 0.0, -0.0, 1.0_f64.next_up(), -2.0, 0.0, 0.0];
        dispatch_at(level, Asin(&mut ends));
        let exact = [FRAC_PI_2, -FRAC_PI_2, 0.0, -0.0, FRAC_PI_2, -FRAC_PI_2, 0.0, 0.0];
        let same = ends.map(f64::to_bits) == exact.map(f64::to_bits);
        println!("exact at 0 and ±1, ±π/2 beyond, {level:?}: {same}");
    }
}
