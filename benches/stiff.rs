//! Late in a low-noise solve: time to a given error of explicit methods and of implicit ones from a library.
//!
//! `cargo bench --bench stiff`. The (4,8) reference problem on the line κ + δ = 0 with Δ = 1e-3 is carried to t = 1000; from
//! there every method goes on to a later time at several tolerances. The error is the largest deviation of an overlap from a
//! solve at rtol 1e-13. The library's implicit methods get the Jacobian by finite differences, and the time spent in
//! it is told apart: without it is what they would need if a Jacobian cost nothing. Medians, wall clock.

#[path = "../tests/support/reference.rs"]
#[allow(dead_code, reason = "every user needs its own part")]
mod reference;

use differential_equations::methods::BackwardDifferentiationFormula;
use differential_equations::prelude::{IVP, ImplicitRungeKutta, Matrix, ODE};
use overlap::{Initial, Method, Parameters, Problem, SolveOptions, System, overlap_system, solve};
use std::cell::Cell;
use std::time::{Duration, Instant};

overlap_system!(k = 4, p = 8, act = erf, jacobian = true);

const DIM: usize = ErfK4P8::DIM;

struct Library {
    parameters: Parameters,
    evaluations: Cell<usize>,
    jacobians: Cell<usize>,
    in_jacobian: Cell<Duration>,
}

impl ODE<f64, [f64; DIM]> for Library {
    fn diff(&self, _t: f64, y: &[f64; DIM], dydt: &mut [f64; DIM]) {
        self.evaluations.set(self.evaluations.get() + 1);
        ErfK4P8.right_hand_side(&self.parameters, y, dydt);
    }

    fn jacobian(&self, _t: f64, y: &[f64; DIM], j: &mut Matrix<f64>) {
        let start = Instant::now();
        let (mut here, mut there, mut moved) = ([0.0; DIM], [0.0; DIM], *y);
        ErfK4P8.right_hand_side(&self.parameters, y, &mut here);
        for column in 0..DIM {
            let step = 1e-8 * y[column].abs().max(1.0);
            moved[column] += step;
            ErfK4P8.right_hand_side(&self.parameters, &moved, &mut there);
            moved[column] = y[column];
            for row in 0..DIM {
                j[(row, column)] = (there[row] - here[row]) / step;
            }
        }
        self.jacobians.set(self.jacobians.get() + 1);
        self.in_jacobian.set(self.in_jacobian.get() + start.elapsed());
    }
}

struct Outcome {
    state: Vec<f64>,
    evaluations: usize,
    jacobians: usize,
    steps: usize,
    seconds: f64,
    without_jacobian: f64,
}

fn ours(problem: &Problem, span: f64, method: Method, rtol: f64) -> Outcome {
    let options = SolveOptions::default().rtol(rtol).atol(rtol * 1e-2).method(method);
    let start = Instant::now();
    let found = solve(&ErfK4P8, problem, &[span], &options).expect("solved");
    let seconds = start.elapsed().as_secs_f64();
    let stats = found.stats();
    Outcome {
        state: found.state(0).expect("a row").as_slice().to_vec(),
        evaluations: stats.evaluations,
        jacobians: 0,
        steps: stats.accepted + stats.rejected,
        seconds,
        without_jacobian: seconds,
    }
}

fn implicit(problem: &Problem, span: f64, radau: bool, rtol: f64) -> Option<Outcome> {
    let library = Library {
        parameters: Parameters::new(&ErfK4P8, problem).expect("valid"),
        evaluations: Cell::new(0),
        jacobians: Cell::new(0),
        in_jacobian: Cell::new(Duration::ZERO),
    };
    let rows = solve(&ErfK4P8, problem, &[0.0], &SolveOptions::default()).expect("a row");
    let initial: [f64; DIM] = rows.state(0).expect("a row").as_slice().try_into().expect("the same size");
    let atol = rtol * 1e-2;
    let start = Instant::now();
    let solution = if radau {
        let method = ImplicitRungeKutta::radau5().rtol(rtol).atol(atol).max_steps(1_000_000);
        IVP::ode(&library, 0.0, span, initial).method(method).solve().ok()?
    } else {
        let method = BackwardDifferentiationFormula::adaptive().rtol(rtol).atol(atol).max_steps(1_000_000);
        IVP::ode(&library, 0.0, span, initial).method(method).solve().ok()?
    };
    let elapsed = start.elapsed();
    Some(Outcome {
        state: solution.y.last()?.to_vec(),
        evaluations: library.evaluations.get(),
        jacobians: library.jacobians.get(),
        steps: solution.steps.accepted + solution.steps.rejected,
        seconds: elapsed.as_secs_f64(),
        without_jacobian: (elapsed - library.in_jacobian.get()).as_secs_f64(),
    })
}

fn main() {
    let case = reference::json("solve_phdiag_blue_A_noise1e-3");
    let problem = reference::problem(&case);
    let tight = SolveOptions::default().rtol(1e-13).atol(1e-15);
    let early = solve(&ErfK4P8, &problem, &[1000.0], &tight).expect("solved");
    let state = early.state(0).expect("a row");
    let initial = Initial::Given { m: state.m_matrix(), q: state.q_matrix() };
    let late = Problem::builder(4, 8)
        .student_scale(overlap::Scale::Value(problem.student_scale()))
        .learning_rate(problem.learning_rate())
        .noise(problem.noise())
        .initial(initial)
        .build()
        .expect("valid");
    println!(
        "{:<8} {:>8} {:>6} {:>9} {:>11} {:>9} {:>6} {:>10} {:>16}",
        "method", "to", "rtol", "error", "evaluations", "Jacobians", "steps", "ms", "without Jac., ms"
    );
    for span in [1e4, 1e5] {
        let truth = solve(&ErfK4P8, &late, &[span], &tight).expect("solved");
        let truth = truth.state(0).expect("a row");
        type Solver<'a> = &'a dyn Fn(f64) -> Option<Outcome>;
        let methods: [(&str, Solver<'_>); 5] = [
            ("Dopri5", &|rtol| Some(ours(&late, span, Method::Dopri5, rtol))),
            ("Dop853", &|rtol| Some(ours(&late, span, Method::Dop853, rtol))),
            ("Rodas5P", &|rtol| Some(ours(&late, span, Method::Rodas5P, rtol))),
            ("Radau5", &|rtol| implicit(&late, span, true, rtol)),
            ("BDF", &|rtol| implicit(&late, span, false, rtol)),
        ];
        for (name, run) in methods {
            for rtol in [1e-4, 1e-6, 1e-8, 1e-10] {
                let mut outcomes: Vec<_> = (0..5).filter_map(|_| run(rtol)).collect();
                outcomes.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
                let Some(outcome) = outcomes.get(outcomes.len() / 2) else {
                    println!("{name:<8} {span:>8.0e} {rtol:>6.0e} no answer");
                    continue;
                };
                let error = outcome.state.iter().zip(truth.as_slice());
                let error = error.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
                println!(
                    "{name:<8} {span:>8.0e} {rtol:>6.0e} {error:>9.1e} {:>11} {:>9} {:>6} {:>10.2} {:>16.2}",
                    outcome.evaluations,
                    outcome.jacobians,
                    outcome.steps,
                    outcome.seconds * 1e3,
                    outcome.without_jacobian * 1e3,
                );
            }
        }
    }
}
