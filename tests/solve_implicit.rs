//! The implicit method on generated systems with their Jacobians: against the reference trajectories and the explicit
//! methods, and through the same interface.

#[path = "support/reference.rs"]
#[allow(dead_code, reason = "every user needs its own part")]
mod reference;

use overlap::{
    Error, Event, Initial, Method, Problem, Schedule, Silent, SolveFailure, SolveOptions, State, Trajectory,
    linear_times, overlap_system, solve, solve_events, solve_many,
};

overlap_system!(Reference: k = 4, p = 8, act = erf, jacobian = true);
overlap_system!(Trained: k = 2, p = 3, act = erf, second_layer = trained, jacobian = true);
overlap_system!(Without: k = 2, p = 3, act = erf, second_layer = trained);

fn implicit() -> SolveOptions {
    SolveOptions::default().method(Method::Rodas5P)
}

fn explicit() -> SolveOptions {
    SolveOptions::default().rtol(1e-12).atol(1e-14)
}

fn largest_difference(one: &[f64], other: &[f64]) -> f64 {
    assert_eq!(one.len(), other.len());
    one.iter().zip(other).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

fn deviation(one: &Trajectory, other: &Trajectory) -> f64 {
    assert_eq!(one.times(), other.times());
    (0..one.len())
        .map(|row| {
            let (one, other) = (one.state(row).unwrap(), other.state(row).unwrap());
            largest_difference(one.as_slice(), other.as_slice())
        })
        .fold(0.0, f64::max)
}

/// Both layers learn, at a rate that falls (∂f/∂t counts) or jumps, with label noise that does the other.
fn scheduled(seed: u64) -> Problem {
    let falling = Schedule::PowerLaw { time: 3.0, exponent: 0.7 };
    let jumping = Schedule::Piecewise(vec![(0.0, 1.0), (2.5, 0.3), (7.0, 2.0)]);
    let (rate, noise) = if seed.is_multiple_of(2) { (falling, jumping) } else { (jumping, falling) };
    Problem::builder(2, 3)
        .noise(0.2)
        .learning_rate(1.5)
        .initial(Initial::drawn(500, seed))
        .learning_rate_schedule(rate)
        .noise_schedule(noise)
        .build()
        .unwrap()
}

#[test]
fn reference_trajectories_are_reproduced() {
    let mut solved = 0;
    for name in reference::cases("solve_") {
        let case = reference::json(&name);
        if reference::sizes(&case) != (4, 8) || reference::trained(&case) {
            continue;
        }
        let (problem, (_, rows)) = (reference::problem(&case), reference::table(&name));
        let times: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        for (options, bound) in [(implicit(), 5e-9), (implicit().rtol(1e-11).atol(1e-13), 5e-11)] {
            let found = solve(&Reference, &problem, &times, &options).unwrap();
            for (row, truth) in rows.iter().enumerate() {
                let error = largest_difference(found.state(row).unwrap().as_slice(), &truth[3..]);
                println!("{name} t = {}: {error:e}", truth[0]);
                assert!(error < bound, "{name} t = {}: {error:e}", truth[0]);
            }
        }
        solved += 1;
    }
    assert!(solved > 1, "{solved} reference solves of this size");
}

#[test]
fn agrees_with_explicit_methods_under_schedules() {
    let times = [0.4, 2.5, 2.6, 7.0, 20.0];
    for seed in 0..4 {
        let problem = scheduled(seed);
        let truth = solve(&Trained, &problem, &times, &explicit()).unwrap();
        for (options, bound) in [(implicit(), 5e-9), (implicit().rtol(1e-11).atol(1e-13), 1e-11)] {
            let found = solve(&Trained, &problem, &times, &options).unwrap();
            let error = deviation(&found, &truth);
            println!("{seed} {:e}: {error:e}", options.rtol);
            assert!(error < bound, "seed {seed}, rtol {:e}: {error:e}", options.rtol);
        }
    }
}

/// Late on the low-noise line stability holds explicit steps at about ten units of time.
#[test]
fn few_steps_are_needed_late_on_the_low_noise_line() {
    let problem = reference::problem(&reference::json("solve_phdiag_blue_A_noise1e-3"));
    let times = [1e3, 1e5];
    let found = solve(&Reference, &problem, &times, &implicit()).unwrap();
    let other = solve(&Reference, &problem, &times, &SolveOptions::default()).unwrap();
    assert!(deviation(&found, &other) < 1e-7, "{:e}", deviation(&found, &other));
    let (few, many) = (found.stats().accepted, other.stats().accepted);
    println!("{few} steps instead of {many}");
    assert!(5 * few < many, "{few} steps instead of {many}");
}

#[test]
fn the_interface_is_that_of_every_method() {
    let (problem, times) = (scheduled(0), linear_times(0.0, 12.0, 25).unwrap());
    let all = solve(&Trained, &problem, &times, &implicit()).unwrap();
    assert_eq!(all.state(0).unwrap().as_slice(), problem.initial_state(true));
    // Rows do not depend on other rows, nor a solve on others beside it.
    let some = solve(&Trained, &problem, &[times[3], times[24]], &implicit()).unwrap();
    assert_eq!((some.state(0), some.state(1)), (all.state(3), all.state(24)));
    let problems: Vec<Problem> = (0..9).map(scheduled).collect();
    for (found, problem) in solve_many(&Trained, &problems, &times, &implicit()).iter().zip(&problems) {
        assert_eq!(found.as_ref().unwrap(), &solve(&Trained, problem, &times, &implicit()).unwrap());
    }
    // Events.
    let middle = 0.5 * (all.risk()[0] + all.risk()[24]);
    let halfway = |_: f64, _: State<'_>, risk: f64| risk - middle;
    let watch = |options: &SolveOptions| {
        let events = [Event::new(&halfway)];
        let (_, met) = solve_events(&Trained, &problem, &times, options, &events, &Silent).unwrap();
        met[0].as_ref().expect("met").time
    };
    let (found, truth) = (watch(&implicit()), watch(&explicit()));
    assert!((found - truth).abs() < 1e-6, "{found} {truth}");
    // Failures keep the rows.
    let budget = all.stats().accepted / 2;
    let Err(Error::Solve { reason: SolveFailure::MaxSteps { .. }, partial }) =
        solve(&Trained, &problem, &times, &implicit().max_steps(budget))
    else {
        panic!("the budget is not enough")
    };
    assert!(partial.len() > 2 && partial.len() < times.len());
    for row in 0..partial.len() {
        assert_eq!(partial.state(row), all.state(row));
    }
    // On the command line, and in what `rerun` reads.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("problem.json");
    std::fs::write(&file, problem.to_json()).unwrap();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut streams = overlap::cli::Streams {
        input: &mut std::io::empty(),
        output: &mut output,
        errors: &mut errors,
        interrupt: &std::sync::atomic::AtomicBool::new(false),
    };
    let line = ["trained", "solve", "--until", "12", "--points", "25", "--method", "rodas5p", "--problem"];
    let line = line.map(std::ffi::OsString::from).into_iter().chain([file.into_os_string()]);
    overlap::cli::run_from(&Trained, line, &mut streams);
    let mut csv = Vec::new();
    all.write_csv(&mut csv).unwrap();
    assert_eq!(String::from_utf8(output).unwrap(), String::from_utf8(csv).unwrap());
    // Without a Jacobian it is said, for single solves and for many.
    let message = "Without has no Jacobian: declare it with `jacobian = true`";
    let error = solve(&Without, &problem, &times, &implicit()).unwrap_err();
    assert!(matches!(error, Error::NoJacobian { .. }) && error.to_string() == message, "{error}");
    for result in solve_many(&Without, &problems, &times, &implicit()) {
        assert!(matches!(result, Err(Error::NoJacobian { .. })));
    }
}
