//! Solves that go on from the state another one ended in, and noiseless solves down to the rounding of the risk.

use overlap::{
    Initial, Method, Problem, Schedule, SimulateOptions, SolveOptions, System, Trajectory, log_times,
    overlap_system, simulate, solve, solve_many,
};

overlap_system!(One: k = 1, p = 1, act = erf, jacobian = true);
overlap_system!(Two: k = 2, p = 2, act = erf, jacobian = true);
overlap_system!(Trained: k = 2, p = 3, act = erf, second_layer = trained, jacobian = true);

const METHODS: [Method; 3] = [Method::Dopri5, Method::Dop853, Method::Rodas5P];

fn deviation(one: &Trajectory, other: &Trajectory) -> f64 {
    assert_eq!(one.times(), other.times());
    one.states()
        .iter()
        .flatten()
        .zip(other.states().iter().flatten())
        .map(|(x, y)| (x - y).abs())
        .fold(0.0, f64::max)
}

fn scheduled(rate: Schedule, noise: Schedule) -> Problem {
    let builder = Problem::builder(2, 3).noise(0.2).initial(Initial::drawn(500, 1));
    builder.learning_rate_schedule(rate).noise_schedule(noise).build().unwrap()
}

/// The rest of a solve with rows at `from` and at `times`, from its state at `from`.
fn rest(problem: &Problem, from: f64, times: &[f64], options: &SolveOptions) -> (Trajectory, Trajectory) {
    let unbroken = solve(&Trained, problem, &[&[from], times].concat(), options).unwrap();
    let continued = problem.continued_from(from, unbroken.state(0).unwrap()).unwrap();
    let all = solve(&Trained, problem, times, options).unwrap();
    // Through a file as well.
    let read = Problem::from_json_for(&Trained, &continued.to_json()).unwrap();
    assert_eq!(read.start_time(), from);
    let found = solve(&Trained, &continued, times, options).unwrap();
    assert_eq!(found, solve(&Trained, &read, times, options).unwrap());
    (found, all)
}

#[test]
fn a_solve_goes_on_where_another_ended() {
    let jumps = || Schedule::Piecewise(vec![(0.0, 1.0), (40.0, 0.3), (70.0, 2.0)]);
    let falls = || Schedule::PowerLaw { time: 30.0, exponent: 0.7 };
    for problem in [scheduled(jumps(), falls()), scheduled(falls(), jumps())] {
        for method in METHODS {
            let options = SolveOptions::default().method(method);
            // At a jump: the steps are those of the unbroken solve.
            for from in [40.0, 70.0] {
                let (found, all) = rest(&problem, from, &[75.0, 120.0], &options);
                assert_eq!(deviation(&found, &all), 0.0, "{method:?} from {from}");
                assert_eq!(found.risk(), all.risk());
            }
            let fine = options.rtol(1e-11).atol(1e-13);
            for from in [10.0, 55.0, 100.0] {
                let (found, all) = rest(&problem, from, &[101.0, 120.0], &fine);
                let deviation = deviation(&found, &all);
                assert!(deviation < 1e-10, "{method:?} from {from}: {deviation:e}");
            }
        }
    }
}

#[test]
fn solves_beside_each_other_have_starts_of_their_own() {
    let problems: Vec<Problem> = (0..40)
        .map(|seed| {
            let initial = Initial::drawn(300, seed);
            Problem::builder(2, 2).noise(0.1).initial(initial).start_time(seed as f64 / 10.0).build().unwrap()
        })
        .collect();
    let (times, options) = ([4.0, 9.0], SolveOptions::default());
    for (found, problem) in solve_many(&Two, &problems, &times, &options).iter().zip(&problems) {
        assert_eq!(found.as_ref().unwrap(), &solve(&Two, problem, &times, &options).unwrap());
    }
    // Without schedules the clock does not matter, but for rounding.
    let moved = solve(&Two, &problems[20], &[2.0, 5.0], &options).unwrap();
    let initial = Initial::drawn(300, 20);
    let problem = Problem::builder(2, 2).noise(0.1).initial(initial).build().unwrap();
    assert_eq!(moved.state(0).unwrap().as_slice(), problem.initial_state(false));
    let there = solve(&Two, &problem, &[3.0], &options).unwrap();
    assert!(
        moved
            .state(1)
            .unwrap()
            .as_slice()
            .iter()
            .zip(there.state(0).unwrap().as_slice())
            .all(|(x, y)| (x - y).abs() < 1e-13)
    );
    let error = solve(&Two, &problems[20], &[1.0], &options).unwrap_err().to_string();
    assert!(error.contains("output time 1 = 1, but it must be finite and at least 2"), "{error}");
    assert!(Problem::builder(2, 2).start_time(-1.0).build().is_err());
    let wrong = problem.continued_from(f64::NAN, moved.state(0).unwrap());
    assert!(wrong.unwrap_err().to_string().starts_with("start_time = NaN"));
}

/// A rate that is zero until t = 2 moves nothing when SGD starts before, and everything when it starts there.
#[test]
fn sgd_keeps_the_clock_of_the_problem() {
    let schedule = Schedule::Piecewise(vec![(0.0, 0.0), (2.0, 1.0)]);
    let problem = |start| {
        let builder = Problem::builder(2, 2).initial(Initial::drawn(50, 0)).start_time(start);
        builder.learning_rate_schedule(schedule.clone()).build().unwrap()
    };
    let options = SimulateOptions::default().dimension(50);
    let before = simulate(&Two, &problem(0.5), &[0.5, 1.5], &options).unwrap();
    assert_eq!((before.times(), before.steps()), (&[0.5, 1.5][..], &[25, 75][..]));
    assert!((before.risk()[0] - before.risk()[1]).abs() < 1e-12);
    let after = simulate(&Two, &problem(2.0), &[2.0, 3.0], &options).unwrap();
    assert!((after.risk()[0] - after.risk()[1]).abs() > 1e-6);
    assert!(simulate(&Two, &problem(2.0), &[1.0], &options).is_err());
}

/// Against solves with a thousandth of the tolerances, where the risk is small, and no negative values beyond rounding.
#[test]
fn noiseless_risks_are_right_down_to_their_rounding() {
    let one = Problem::builder(1, 1).build().unwrap();
    let two = Problem::builder(2, 2).initial(Initial::informed(0.3)).learning_rate(2.0).build().unwrap();
    for method in METHODS {
        noiseless(&One, &one, 300.0, method);
        noiseless(&Two, &two, 1e3, method);
    }
}

fn noiseless<S: System>(system: &S, problem: &Problem, until: f64, method: Method) {
    let times = log_times(1.0, until, 60).unwrap();
    let options = SolveOptions::default().method(method);
    let found = solve(system, problem, &times, &options).unwrap();
    let fine = SolveOptions::default().rtol(1e-13).atol(1e-16);
    let truth = solve(system, problem, &times, &fine).unwrap();
    for ((time, risk), truth) in times.iter().zip(found.risk()).zip(truth.risk()) {
        let error = (risk - truth).abs();
        assert!(error < 1e-2 * truth + 2e-14, "{} {method:?} t = {time}: {risk:e} {truth:e}", system.name());
    }
    let last = *found.risk().last().unwrap();
    println!("{} {method:?}: {last:e}, {:?}", system.name(), found.stats());
    assert!(last.abs() < 2e-14, "{last:e}");
    // The same side by side.
    let many = solve_many(system, &vec![problem.clone(); 24], &times, &options);
    assert!(many.iter().all(|other| other.as_ref().unwrap() == &found));
}
