//! Generated right-hand sides and risks: against values computed with 40 digits, and, over many sizes and both forms of
//! the code, against the typed-in equations. CI runs this file on every instruction set (`OVERLAP_SIMD`).

#[path = "support/random_problem.rs"]
mod random_problem;
#[path = "support/reference.rs"]
#[allow(dead_code)]
mod reference;
#[path = "support/textbook.rs"]
mod textbook;

use overlap::{RightHandSide, System, evaluate, overlap_system};
use random_problem::random_problem;
use textbook::Textbook;

/// Largest deviation of a block relative to its largest entry (absolute where the block is zero).
fn deviation(found: &[f64], truth: &[f64]) -> f64 {
    let largest = truth.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let worst = found.iter().zip(truth).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()));
    if largest == 0.0 { worst } else { worst / largest }
}

fn deviations(found: &RightHandSide, truth: &RightHandSide) -> [f64; 4] {
    [
        deviation(found.d_m.as_slice(), truth.d_m.as_slice()),
        deviation(found.d_q.as_slice(), truth.d_q.as_slice()),
        deviation(found.d_a.as_slice(), truth.d_a.as_slice()),
        deviation(&[found.risk], &[truth.risk]),
    ]
}

fn against_forty_digits(system: &dyn System, name: &str, bound: f64) {
    let case = reference::json(name);
    let found = evaluate(system, &reference::problem(&case)).unwrap();
    let mut truth = found.clone();
    truth.d_m = reference::matrix(&case["dM"]);
    truth.d_q = reference::matrix(&case["dQ"]);
    truth.d_a = reference::vector(&case["da"]);
    truth.risk = case["risk"].as_f64().unwrap();
    let worst = deviations(&found, &truth);
    println!("{name}: {worst:?}");
    assert!(worst.iter().all(|&x| x <= bound), "{name}: {worst:?}");
}

#[test]
fn right_hand_sides_match_forty_digits() {
    overlap_system!(k = 1, p = 1, act = erf);
    overlap_system!(k = 1, p = 2, act = erf);
    overlap_system!(k = 2, p = 2, act = erf, second_layer = trained);
    overlap_system!(k = 2, p = 3, act = erf, second_layer = trained);
    overlap_system!(k = 3, p = 5, act = erf, second_layer = trained);
    overlap_system!(k = 4, p = 8, act = erf);
    overlap_system!(k = 4, p = 16, act = erf);
    overlap_system!(k = 4, p = 8, act = erf, second_layer = trained);
    against_forty_digits(&ErfK1P1, "rhs_k1_p1_mean", 1e-14);
    against_forty_digits(&ErfK1P2, "rhs_k1_p2_sum", 1e-14);
    against_forty_digits(&ErfK2P2Trained, "rhs_k2_p2_sum_trained", 1e-14);
    against_forty_digits(&ErfK2P3Trained, "rhs_k2_p3_mean_correlated_teacher", 1e-14);
    against_forty_digits(&ErfK3P5Trained, "rhs_k3_p5_sqrt_trained", 1e-14);
    against_forty_digits(&ErfK4P8, "rhs_k4_p8_mean", 1e-14);
    against_forty_digits(&ErfK4P16, "rhs_k4_p16_mean", 1e-14);
    against_forty_digits(&ErfK4P8Trained, "rhs_k4_p8_mean_trained_batch4", 1e-14);
    // Near convergence the sums cancel.
    against_forty_digits(&ErfK4P8, "rhs_k4_p8_nearly_aligned", 5e-12);
}

/// Variance 2 makes arcsines of large arguments.
fn against_the_textbook(system: &dyn System) {
    let shape = system.shape();
    for (seed, variance) in [(1, 0.3), (2, 1.0), (3, 2.0)] {
        let problem = random_problem(shape, seed, variance);
        let found = evaluate(system, &problem).unwrap();
        let truth = evaluate(&Textbook::new(shape.k, shape.p, shape.trained), &problem).unwrap();
        let worst = deviations(&found, &truth);
        assert!(worst.iter().all(|&x| x <= 2e-14), "{} at variance {variance}: {worst:?}", system.name());
    }
}

macro_rules! sizes {
    ($test:ident, $unroll:ident, $layer:ident: $(($k:literal, $p:literal)),*) => {
        #[test]
        fn $test() {
            $({
                overlap_system!(System: k = $k, p = $p, act = erf, unroll = $unroll, second_layer = $layer);
                against_the_textbook(&System);
            })*
        }
    };
}

// Odd and even p, p below, at and beyond a pack, more teachers than students, one of either.
sizes!(loops_match_the_textbook, never, fixed:
    (1, 1), (2, 1), (1, 2), (5, 2), (1, 3), (3, 4), (2, 5), (4, 6), (3, 7), (1, 8), (2, 9), (9, 3), (1, 15), (3, 17), (7, 24));
sizes!(loops_match_the_textbook_with_a_trained_second_layer, never, trained: (1, 1), (2, 3), (4, 7), (3, 10), (6, 12));
sizes!(straight_lines_match_the_textbook, always, fixed: (1, 1), (2, 1), (1, 2), (5, 1), (1, 3), (3, 2), (2, 4));
sizes!(straight_lines_match_the_textbook_with_a_trained_second_layer, always, trained: (1, 1), (2, 2), (1, 3));
