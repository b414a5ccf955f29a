//! What every solution must obey, whatever the numbers.

#[path = "support/reference.rs"]
#[allow(dead_code)]
mod reference;
#[path = "support/textbook.rs"]
mod textbook;

use nalgebra::{DMatrix, SymmetricEigen};
use overlap::{Initial, Problem, Scale, SolveOptions, log_times, solve};
use textbook::Textbook;

/// A case with all numbers but the batch size and the noise.
fn with(case: &serde_json::Value, batch: usize, noise: f64) -> Problem {
    let mut case = case.clone();
    case["batch"] = batch.into();
    case["noise"] = noise.into();
    reference::problem(&case)
}

#[test]
fn the_risk_falls_along_gradient_flow() {
    // A batch of 10¹⁵ switches the γ² term off; label noise then only shifts the risk.
    for name in reference::cases("solve_").iter().chain(&reference::cases("rhs_")) {
        let case = reference::json(name);
        let (k, p) = reference::sizes(&case);
        let system = Textbook::new(k, p, reference::trained(&case));
        let problem = with(&case, 1_000_000_000_000_000, 0.02);
        let times = log_times(1e-3, 100.0, 60).unwrap();
        let found = solve(&system, &problem, &times, &SolveOptions::default()).unwrap();
        for pair in found.excess_risk().windows(2) {
            // Once converged, what is left is the error of the solution.
            assert!(pair[1] < pair[0] || pair[1] < 1e-9, "{name}: {} then {}", pair[0], pair[1]);
        }
        let first = found.excess_risk()[0];
        assert!(*found.excess_risk().last().unwrap() < 0.999 * first, "{name}: nothing was learnt");
    }
}

#[test]
fn the_overlap_matrix_stays_positive_semidefinite() {
    for name in reference::cases("solve_") {
        let case = reference::json(&name);
        let (k, p) = reference::sizes(&case);
        let system = Textbook::new(k, p, reference::trained(&case));
        let problem = reference::problem(&case);
        let times = log_times(1e-3, 1e3, 80).unwrap();
        let found = solve(&system, &problem, &times, &SolveOptions::default()).unwrap();
        for row in 0..found.len() {
            let state = found.state(row).unwrap();
            let (m, q, teacher) = (state.m_matrix(), state.q_matrix(), problem.teacher_overlaps());
            let omega = DMatrix::from_fn(k + p, k + p, |a, b| match (a < k, b < k) {
                (true, true) => teacher[(a, b)],
                (true, false) => m[(a, b - k)],
                (false, true) => m[(b, a - k)],
                (false, false) => q[(a - k, b - k)],
            });
            let smallest = SymmetricEigen::new(omega).eigenvalues.min();
            // One start is singular: zero to the accuracy of the solution.
            assert!(smallest > -1e-8, "{name} t = {}: {smallest:e}", times[row]);
        }
    }
}

#[test]
fn permuting_students_permutes_the_solution() {
    let case = reference::json("solve_nn2pp_both_k4p8_lr0.2_s0");
    let system = Textbook::new(4, 8, true);
    let problem = reference::problem(&case);
    let order = [3, 0, 7, 1, 6, 2, 5, 4];
    let (m, q, a) = (problem.m(), problem.q(), problem.a());
    let permuted = Problem::builder(4, 8)
        .student_scale(Scale::Value(problem.student_scale()))
        .teacher_scale(Scale::Value(problem.teacher_scale()))
        .learning_rate(problem.learning_rate())
        .second_layer_rate(problem.second_layer_rate().unwrap())
        .noise(problem.noise())
        .batch(problem.batch())
        .teacher_overlaps(problem.teacher_overlaps().clone())
        .a_star(problem.a_star().iter().copied())
        .a(order.iter().map(|&i| a[i]))
        .initial(Initial::Given {
            m: DMatrix::from_fn(4, 8, |r, i| m[(r, order[i])]),
            q: DMatrix::from_fn(8, 8, |i, j| q[(order[i], order[j])]),
        })
        .build()
        .unwrap();
    let times = log_times(0.1, 300.0, 9).unwrap();
    let options = SolveOptions::default().rtol(1e-10).atol(1e-12);
    let one = solve(&system, &problem, &times, &options).unwrap();
    let other = solve(&system, &permuted, &times, &options).unwrap();
    for row in 0..times.len() {
        let (one, other) = (one.state(row).unwrap(), other.state(row).unwrap());
        for i in 0..8 {
            assert!((other.a(i) - one.a(order[i])).abs() < 1e-9);
            for r in 0..4 {
                assert!((other.m(r, i) - one.m(r, order[i])).abs() < 1e-9, "t = {} M_{r}_{i}", times[row]);
            }
            for j in 0..8 {
                assert!((other.q(i, j) - one.q(order[i], order[j])).abs() < 1e-9, "t = {}", times[row]);
            }
        }
    }
    // The students differ, so the test could fail.
    assert!((one.state(8).unwrap().a(0) - one.state(8).unwrap().a(3)).abs() > 1e-3);
}
