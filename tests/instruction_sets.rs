//! Declared systems and [`DynSystem`] against values computed with 40 digits, on every instruction set of the machine in
//! turn. A file of its own: the instruction set is that of the whole process.

#[path = "support/reference.rs"]
#[allow(dead_code)]
mod reference;

use overlap::simd::Level;
use overlap::{Activation, DynSystem, Error, System, evaluate, overlap_system};

overlap_system!(k = 2, p = 3, act = erf, second_layer = trained);
overlap_system!(k = 4, p = 8, act = erf);

/// Largest deviation relative to the largest entry of the block (absolute where the block is zero).
fn deviation(found: &[f64], truth: &[f64]) -> f64 {
    let largest = truth.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let worst = found.iter().zip(truth).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()));
    if largest == 0.0 { worst } else { worst / largest }
}

fn check(system: &dyn System, name: &str, level: Level) {
    let case = reference::json(name);
    let found = evaluate(system, &reference::problem(&case)).unwrap();
    let worst = [
        deviation(found.d_m.as_slice(), reference::matrix(&case["dM"]).as_slice()),
        deviation(found.d_q.as_slice(), reference::matrix(&case["dQ"]).as_slice()),
        deviation(found.d_a.as_slice(), reference::vector(&case["da"]).as_slice()),
        deviation(&[found.risk], &[case["risk"].as_f64().unwrap()]),
    ];
    // Near convergence the sums cancel.
    let bound = if name.ends_with("nearly_aligned") { 5e-12 } else { 1e-14 };
    assert!(worst.iter().all(|&x| x <= bound), "{name}, {}, {level:?}: {worst:?}", system.name());
}

#[test]
fn every_instruction_set_matches_forty_digits() {
    let cases = reference::cases("rhs_");
    assert!(cases.len() >= 9);
    for level in Level::ALL {
        if !level.force() {
            println!("{level:?} is not available on this machine");
            continue;
        }
        assert_eq!(Level::current(), level);
        for name in &cases {
            let case = reference::json(name);
            let (k, p) = reference::sizes(&case);
            let system = DynSystem::new(k, p, Activation::Erf, reference::trained(&case)).unwrap();
            check(&system, name, level);
        }
        check(&ErfK2P3Trained, "rhs_k2_p3_mean_correlated_teacher", level);
        check(&ErfK4P8, "rhs_k4_p8_mean", level);
        check(&ErfK4P8, "rhs_k4_p8_nearly_aligned", level);
    }
}

#[test]
fn sizes_at_run_time_have_bounds() {
    for (k, p) in [(0, 1), (1, 0), (1025, 1), (1, 1025)] {
        assert!(
            matches!(DynSystem::new(k, p, Activation::Erf, false), Err(Error::Invalid { .. })),
            "{k} {p}"
        );
    }
}
