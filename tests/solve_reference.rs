//! Solutions against the reference trajectories, and against an integrator of another kind.

#[path = "support/reference.rs"]
mod reference;
#[path = "support/textbook.rs"]
mod textbook;

use nalgebra::DVector;
use overlap::{Method, Parameters, Problem, SolveOptions, System, SystemField, Trajectory, log_times, solve};
use textbook::Textbook;

const METHODS: [Method; 2] = [Method::Dopri5, Method::Dop853];

fn load(name: &str) -> (Textbook, Problem, Vec<Vec<f64>>) {
    let case = reference::json(name);
    let (k, p) = reference::sizes(&case);
    let system = Textbook::new(k, p, reference::trained(&case));
    let (header, rows) = reference::table(name);
    let columns = ["t", "risk", "excess_risk"].map(String::from).into_iter().chain(system.shape().names());
    assert_eq!(header, columns.collect::<Vec<_>>());
    (system, reference::problem(&case), rows)
}

/// Largest deviation of an overlap (or second-layer weight), and of the risk and the excess risk relative to the risk.
fn deviation(found: &Trajectory, rows: &[Vec<f64>]) -> (f64, f64) {
    let (mut overlap, mut risk) = (0f64, 0f64);
    assert_eq!(found.len(), rows.len());
    for (index, row) in rows.iter().enumerate() {
        let state = found.state(index).unwrap();
        for (value, truth) in state.as_slice().iter().zip(&row[3..]) {
            overlap = overlap.max((value - truth).abs());
        }
        risk = risk.max((found.risk()[index] / row[1] - 1.0).abs());
        risk = risk.max((found.excess_risk()[index] - row[2]).abs() / row[1]);
    }
    (overlap, risk)
}

#[test]
fn reference_trajectories_are_reproduced() {
    // The README of the data trusts the overlaps to 1e-13 (general), 1e-11 (phdiag) and 5e-12 ... 1e-10 (nn2pp), the
    // risk to a relative 1e-9. At rtol 1e-13 both methods are within 2e-13 of all of them, the risk within 6e-11.
    // At the default tolerances (rtol 1e-8, atol 1e-10) Dop853 is within 9e-10 and Dopri5 within 4e-9.
    let tight = SolveOptions::default().rtol(1e-13).atol(1e-14);
    let cases = reference::cases("solve_");
    assert_eq!(cases.len(), 5);
    for name in cases {
        let (system, problem, rows) = load(&name);
        let times: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        for method in METHODS {
            for (options, overlaps, risks) in
                [(tight.clone(), 1e-12, 1e-9), (SolveOptions::default(), 1e-8, 1e-6)]
            {
                let found = solve(&system, &problem, &times, &options.method(method)).unwrap();
                let (overlap, risk) = deviation(&found, &rows);
                assert!(overlap < overlaps, "{name} {method:?}: overlaps {overlap:e}");
                assert!(risk < risks, "{name} {method:?}: risk {risk:e}");
            }
        }
    }
}

/// Gragg's modified midpoint rule extrapolated over n = 2, 4, ..., 12 substeps (order 12), in fixed steps: shares no
/// formula with an embedded Runge-Kutta method.
fn extrapolated(system: &dyn System, parameters: &Parameters, state: &mut [f64], time: f64, steps: usize) {
    let step = time / steps as f64;
    let dim = state.len();
    let mut slope = vec![0.0; dim];
    for _ in 0..steps {
        let mut table: Vec<Vec<f64>> = Vec::new();
        for n in (2..=12).step_by(2) {
            let h = step / n as f64;
            let mut before = state.to_vec();
            system.right_hand_side(parameters, state, &mut slope);
            let mut now: Vec<f64> = (0..dim).map(|x| state[x] + h * slope[x]).collect();
            for _ in 1..n {
                system.right_hand_side(parameters, &now, &mut slope);
                let next = (0..dim).map(|x| before[x] + 2.0 * h * slope[x]).collect();
                before = std::mem::replace(&mut now, next);
            }
            system.right_hand_side(parameters, &now, &mut slope);
            let mut better: Vec<f64> = (0..dim).map(|x| 0.5 * (now[x] + before[x] + h * slope[x])).collect();
            // Neville in h².
            let row = table.len();
            let mut previous = std::mem::take(&mut table);
            let mut column = vec![better.clone()];
            for (j, coarse) in previous.drain(..).enumerate() {
                let ratio = (n as f64 / (2 * (row - j)) as f64).powi(2);
                better = (0..dim).map(|x| better[x] + (better[x] - coarse[x]) / (ratio - 1.0)).collect();
                column.push(better.clone());
            }
            table = column;
        }
        state.copy_from_slice(table.last().unwrap());
    }
}

#[test]
fn agrees_with_an_extrapolation_method() {
    let options = SolveOptions::default().rtol(1e-10).atol(1e-12);
    for (name, time, steps) in [
        ("rhs_k1_p2_sum", 30.0, 120),
        ("rhs_k2_p3_mean_correlated_teacher", 40.0, 80),
        ("rhs_k3_p5_sqrt_trained", 10.0, 80),
        ("rhs_k4_p8_mean_trained_batch4", 20.0, 40),
    ] {
        let case = reference::json(name);
        let (k, p) = reference::sizes(&case);
        let system = Textbook::new(k, p, reference::trained(&case));
        let problem = reference::problem(&case);
        let times = [0.3 * time, time];
        let found =
            METHODS.map(|method| solve(&system, &problem, &times, &options.clone().method(method)).unwrap());
        let start = solve(&system, &problem, &[0.0], &options).unwrap();
        let mut state = start.state(0).unwrap().as_slice().to_vec();
        let mut coarse = state.clone();
        let mut from = 0.0;
        let largest = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
        for row in 0..2 {
            extrapolated(&system, start.parameters(), &mut state, times[row] - from, steps);
            extrapolated(&system, start.parameters(), &mut coarse, times[row] - from, steps / 2);
            from = times[row];
            let own = largest(&state, &coarse);
            assert!(own < 1e-10, "{name}: the truth itself is only good to {own:e}");
            for (found, method) in found.iter().zip(METHODS) {
                let error = largest(&state, found.state(row).unwrap().as_slice());
                assert!(error < 1e-9, "{name} {method:?} t = {from}: {error:e}");
            }
        }
    }
}

/// Another implementation of the same methods, the crate `ode_solvers`.
#[test]
fn agrees_with_ode_solvers() {
    let options = SolveOptions::default().rtol(1e-10).atol(1e-12);
    for (name, time) in [("rhs_k1_p2_sum", 30.0), ("rhs_k3_p5_sqrt_trained", 10.0), ("rhs_k4_p8_mean", 20.0)]
    {
        let case = reference::json(name);
        let (k, p) = reference::sizes(&case);
        let system = Textbook::new(k, p, reference::trained(&case));
        let problem = reference::problem(&case);
        let state = DVector::from_vec(problem.initial_state(system.shape().trained));
        let field = SystemField::new(&system, &problem).unwrap();
        // Sparse output: its dense one extrapolates to the last point.
        let sparse = ode_solvers::dop_shared::OutputType::Sparse;
        let mut other = ode_solvers::Dop853::from_param(
            field, 0.0, time, time, state, 1e-12, 1e-14, 0.9, 0.0, 0.333, 6.0, time, 0.0, 1_000_000, 1000,
            sparse,
        );
        other.integrate().unwrap();
        let truth = other.y_out().last().unwrap();
        for method in METHODS {
            let found = solve(&system, &problem, &[time], &options.clone().method(method)).unwrap();
            let values = found.state(0).unwrap().as_slice().to_vec();
            let error = values.iter().zip(truth.iter()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
            println!("{name} {method:?}: {error:.1e}");
            assert!(error < 1e-9, "{name} {method:?}: {error:e}");
        }
    }
}

#[test]
fn rows_inside_a_step_are_as_accurate_as_the_solution() {
    // Every row of a dense list against tolerances a thousand times tighter: rows fall anywhere within steps.
    let (system, problem, _) = load("solve_general_k2_p2");
    let times = log_times(0.01, 1000.0, 120).unwrap();
    let tight = SolveOptions::default().rtol(1e-11).atol(1e-13);
    let truth = solve(&system, &problem, &times, &tight).unwrap();
    for method in METHODS {
        let found = solve(&system, &problem, &times, &SolveOptions::default().method(method)).unwrap();
        for row in 0..times.len() {
            let (one, other) = (found.state(row).unwrap(), truth.state(row).unwrap());
            for (x, y) in one.as_slice().iter().zip(other.as_slice()) {
                assert!((x - y).abs() < 5e-9, "{method:?} t = {}: {:e}", times[row], x - y);
            }
        }
    }
}
