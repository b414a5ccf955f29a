//! Phase retrieval: teacher y = λ*², one student with the same activation. Its overlaps obey what the literature has, an
//! uninformed student learns nothing, and the time to escape from the equator grows with the logarithm of 1/M0²
//! (population flow: Sarao Mannelli et al., arXiv 2006.06997; one-pass SGD: Ben Arous, Gheissari, Jagannath, J. Mach.
//! Learn. Res. 22, 106, 2021).

use nalgebra::DMatrix;
use overlap::{Event, Initial, Problem, Silent, SolveOptions, evaluate, overlap_system, solve, solve_until};

overlap_system!(PhaseRetrieval: k = 1, p = 1, act = polynomial([0, 0, 1]));

const GAMMA: f64 = 0.1;

fn one(value: f64) -> DMatrix<f64> {
    DMatrix::from_element(1, 1, value)
}

/// Batches so large that the noise of SGD is below rounding: the gradient flow of the population risk.
fn flow(m: f64, q: f64) -> Problem {
    Problem::builder(1, 1)
        .learning_rate(GAMMA)
        .batch(1_000_000_000_000_000)
        .initial(Initial::Given { m: one(m), q: one(q) })
        .build()
        .expect("a valid problem")
}

/// With λ² for σ the risk is ½ E[(λ*² - λ²)²] = ½ (3 - 2 (Q + 2 M²) + 3 Q²) at P = 1, and its gradient flow
/// dM = 6 γ M (1 - Q), dQ = 4 γ (Q + 2 M² - 3 Q²).
#[test]
fn the_equations_are_those_of_the_literature() {
    for (m, q) in [(0.0, 0.4), (0.1, 0.3), (-0.6, 1.2), (1.0, 1.0)] {
        let found = evaluate(&PhaseRetrieval, &flow(m, q)).expect("finite");
        let close = |found: f64, known: f64| (found - known).abs() < 1e-13;
        assert!(
            close(found.risk, 0.5 * (3.0 - 2.0 * (q + 2.0 * m * m) + 3.0 * q * q)),
            "{m}, {q}: {found:?}"
        );
        assert!(close(found.d_m[(0, 0)], 6.0 * GAMMA * m * (1.0 - q)), "{m}, {q}: {found:?}");
        assert!(
            close(found.d_q[(0, 0)], 4.0 * GAMMA * (q + 2.0 * m * m - 3.0 * q * q)),
            "{m}, {q}: {found:?}"
        );
    }
}

/// M = 0 stays, exactly, with the noise of SGD as well, and the risk stays above that of knowing nothing but the norm.
#[test]
fn from_no_overlap_nothing_is_learned() {
    let sgd = Problem::builder(1, 1)
        .learning_rate(GAMMA)
        .initial(Initial::Given { m: one(0.0), q: one(0.5) })
        .build()
        .expect("a valid problem");
    for problem in [flow(0.0, 0.5), sgd] {
        let times = [1.0, 10.0, 100.0, 1000.0];
        let trajectory = solve(&PhaseRetrieval, &problem, &times, &SolveOptions::default()).expect("it ends");
        for row in 0..times.len() {
            assert_eq!(trajectory.state(row).expect("a row").m(0, 0), 0.0);
            // min over Q of ½ (3 - 2 Q + 3 Q²), at Q = 1/3
            assert!(trajectory.risk()[row] >= 4.0 / 3.0 - 1e-12);
        }
    }
}

/// Near M = 0 the norm settles at Q = 1/3, where M² grows like exp(8 γ t): the time to reach M² = Q/2 is
/// ln(1/M0²) / (8 γ) plus a constant.
#[test]
fn the_escape_time_is_a_logarithm_of_the_initial_overlap() {
    let aligned = |_: f64, state: overlap::State<'_>, _: f64| state.m(0, 0).powi(2) - 0.5 * state.q(0, 0);
    let options = SolveOptions::default();
    let mut points = Vec::new();
    for power in 2..=8 {
        let m = 10.0_f64.powi(-power);
        let event = Event::new(&aligned);
        let problem = flow(m, 1.0 / 3.0);
        let (_, crossing) =
            solve_until(&PhaseRetrieval, &problem, &[1e4], &options, event, &Silent).expect("it ends");
        points.push((-2.0 * m.ln(), crossing.expect("it escapes").time));
    }
    // Least squares.
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / n, y + p.1 / n));
    let slope = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
        / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>();
    println!("escape time: {slope:.6} ln(1/M0²) + constant; 1/(8 γ) = {:.6}", 1.0 / (8.0 * GAMMA));
    assert!((slope * 8.0 * GAMMA - 1.0).abs() < 1e-3, "{slope}");
    for (x0, y0) in &points {
        assert!((y0 - (y + slope * (x0 - x))).abs() < 0.01, "{points:?}");
    }
}
