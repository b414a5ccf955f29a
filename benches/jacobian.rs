//! What a generated Jacobian costs in right-hand sides of the same system, in one run: both take turns in short batches.
//!
//! `cargo bench --bench jacobian [-- FILTER]`: systems whose name contains FILTER. Times are wall clock, nanoseconds.
//! The last column is what differences of right-hand sides would take, two for every column of the Jacobian.

mod support;

use overlap::{System, overlap_system, simd::Level};
use std::hint::black_box;
use std::time::{Duration, Instant};

overlap_system!(k = 1, p = 1, act = erf, jacobian = true);
overlap_system!(k = 2, p = 2, act = erf, jacobian = true);
overlap_system!(k = 4, p = 8, act = erf, jacobian = true);
overlap_system!(k = 4, p = 8, act = erf, second_layer = trained, jacobian = true);
overlap_system!(k = 4, p = 8, act = hermite(2), jacobian = true);
overlap_system!(k = 4, p = 8, act = erf, teacher_act = sign, jacobian = true);
overlap_system!(k = 4, p = 8, act = linear, jacobian = true);
overlap_system!(k = 4, p = 8, act = hermite(3), jacobian = true);
overlap_system!(k = 4, p = 8, act = relu, jacobian = true);
overlap_system!(k = 4, p = 8, act = erf, teacher_act = relu, jacobian = true);
overlap_system!(k = 8, p = 32, act = erf, jacobian = true);

/// Time spent on one system and instruction set.
const BUDGET: Duration = Duration::from_millis(600);
/// Length of a batch: much shorter than a time slice of the operating system.
const BATCH: f64 = 150e-6;

fn main() {
    let filters: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let systems: [&dyn System; 11] = [
        &ErfK1P1,
        &ErfK2P2,
        &ErfK4P8,
        &ErfK4P8Trained,
        &Hermite2K4P8,
        &ErfSignK4P8,
        &LinearK4P8,
        &Hermite3K4P8,
        &ReluK4P8,
        &ErfReluK4P8,
        &ErfK8P32,
    ];
    println!(
        "{:<16} {:<10} {:>12} {:>12} {:>12} {:>12} {:>8} {:>12}",
        "system", "level", "rhs min", "rhs median", "jac. min", "jac. median", "ratio", "differences"
    );
    for system in systems {
        if filters.is_empty() || filters.iter().any(|filter| system.name().contains(filter.as_str())) {
            for level in Level::ALL.into_iter().filter(|level| level.force()) {
                measure(system, level);
            }
        }
    }
}

fn measure(system: &dyn System, level: Level) {
    let shape = system.shape();
    let (parameters, state) = support::at_state(system, 0.8);
    let mut derivative = vec![0.0; shape.dim()];
    let mut jacobian = vec![0.0; shape.dim() * shape.jacobian_columns()];
    let mut right_hand_side =
        || system.right_hand_side(&parameters, black_box(&state), black_box(&mut derivative));
    let mut jacobian = || {
        system.jacobian(&parameters, black_box(&state), black_box(&mut jacobian));
    };
    type Candidate<'a> = (&'a mut dyn FnMut(), usize, Vec<f64>);
    let mut candidates: [Candidate<'_>; 2] =
        [(&mut right_hand_side, 1, Vec::new()), (&mut jacobian, 1, Vec::new())];
    for (work, calls, _) in &mut candidates {
        let single = (0..5).map(|_| batch(work, 1)).fold(f64::INFINITY, f64::min);
        *calls = ((BATCH * 1e9 / single) as usize).max(1);
    }
    let start = Instant::now();
    while start.elapsed() < BUDGET || candidates[0].2.len() < 5 {
        for (work, calls, times) in &mut candidates {
            times.push(batch(work, *calls));
        }
    }
    for (_, _, times) in &mut candidates {
        times.sort_by(f64::total_cmp);
    }
    let [rhs, jac] = [&candidates[0].2, &candidates[1].2];
    let median = |times: &[f64]| times[times.len() / 2];
    println!(
        "{:<16} {:<10} {:>12.1} {:>12.1} {:>12.1} {:>12.1} {:>8.2} {:>12}",
        system.name(),
        format!("{level:?}"),
        rhs[0],
        median(rhs),
        jac[0],
        median(jac),
        median(jac) / median(rhs),
        2 * shape.jacobian_columns(),
    );
}

/// Nanoseconds per call.
fn batch(work: &mut dyn FnMut(), calls: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        work();
    }
    start.elapsed().as_secs_f64() * 1e9 / calls as f64
}
