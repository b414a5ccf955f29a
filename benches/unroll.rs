//! The two shapes of generated code at every small size: what `unroll = auto` chooses between.
//!
//! `cargo bench --bench unroll`. Medians of short batches that take turns, in nanoseconds, at the state of the other
//! benchmarks with all Q_ii < 1.

mod support;

use overlap::System;
use overlap::simd::Level;
use std::hint::black_box;
use std::time::Instant;

/// A module with both shapes for every size.
macro_rules! shapes {
    ($($module:ident: $k:literal, $p:literal;)*) => {
        $(mod $module {
            overlap::overlap_system!(pub(super) Straight: k = $k, p = $p, act = erf, unroll = always);
            overlap::overlap_system!(pub(super) Loops: k = $k, p = $p, act = erf, unroll = never);
        })*

        fn sizes() -> Vec<[&'static dyn System; 2]> {
            vec![$([&$module::Straight, &$module::Loops]),*]
        }
    };
}

shapes! {
    k1_p1: 1, 1;
    k1_p2: 1, 2;
    k2_p2: 2, 2;
    k2_p3: 2, 3;
    k3_p3: 3, 3;
    k2_p4: 2, 4;
    k3_p4: 3, 4;
}

/// Median nanoseconds of both shapes, taking turns.
fn race(systems: [&dyn System; 2]) -> [f64; 2] {
    let (parameters, state) = support::at_state(systems[0], 0.8);
    let mut derivative = vec![0.0; state.len()];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..2000 {
        for (system, times) in systems.iter().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..200 {
                system.right_hand_side(black_box(&parameters), black_box(&state), black_box(&mut derivative));
            }
            times.push(start.elapsed().as_secs_f64() * 1e9 / 200.0);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn main() {
    for level in Level::ALL.into_iter().filter(|level| level.force()) {
        println!("{level:?}: size, arcsines, straight line, loops");
        for systems in sizes() {
            let shape = systems[0].shape();
            let [straight, loops] = race(systems);
            println!(
                "({}, {}) {:>4} {straight:>9.1} {loops:>9.1}",
                shape.k,
                shape.p,
                support::arcsines(systems[0])
            );
        }
    }
}
