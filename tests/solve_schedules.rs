//! The ODE with rates that change in time: against a change of clock, glued solves, a Runge-Kutta method with fixed
//! steps that knows nothing of the solver, and against SGD under the same schedules.

#[path = "support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;
#[path = "support/trained_committee.rs"]
mod trained_committee;

use overlap::{
    Comparison, Event, Initial, Method, Parameters, Problem, Schedule, Silent, SimulateOptions, SolveOptions,
    System, Trajectory, Verdict, evaluate, simulate, solve, solve_until,
};
use textbook::Textbook;
use trained_committee::trained_committee;

fn power_law(time: f64, exponent: f64) -> Schedule {
    Schedule::PowerLaw { time, exponent }
}

fn tight(method: Method) -> SolveOptions {
    SolveOptions::default().rtol(1e-12).atol(1e-13).method(method)
}

fn solved(problem: &Problem, times: &[f64]) -> Trajectory {
    solve(&Textbook::new(2, 3, true), problem, times, &tight(Method::Dop853)).unwrap()
}

fn largest_difference(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// Without the γ² term (b → ∞) a schedule of the rates only changes the clock: dt' = f(t) dt.
#[test]
fn along_the_gradient_flow_a_schedule_is_a_change_of_clock() {
    let system = Textbook::new(2, 3, true);
    let flow = || trained_committee().batch(usize::MAX);
    let (tau, alpha) = (2.0, 0.5);
    let power = |t: f64| tau / (1.0 - alpha) * ((1.0 + t / tau).powf(1.0 - alpha) - 1.0);
    let pieces = |t: f64| 0.5 * t.min(1.0) + 3.0 * (t - 1.0).clamp(0.0, 2.0) + 0.1 * (t - 3.0).max(0.0);
    let piecewise = Schedule::Piecewise(vec![(0.0, 0.5), (1.0, 3.0), (3.0, 0.1)]);
    let times = [0.3, 1.0, 2.0, 3.0, 20.0];
    for method in [Method::Dopri5, Method::Dop853] {
        for (schedule, clock) in
            [(power_law(tau, alpha), &power as &dyn Fn(f64) -> f64), (piecewise.clone(), &pieces)]
        {
            let scheduled = flow().learning_rate_schedule(schedule).build().unwrap();
            let found = solve(&system, &scheduled, &times, &tight(method)).unwrap();
            let clock: Vec<f64> = times.iter().map(|&t| clock(t)).collect();
            let truth = solve(&system, &flow().build().unwrap(), &clock, &tight(method)).unwrap();
            for row in 0..times.len() {
                let (found, truth) = (found.state(row).unwrap(), truth.state(row).unwrap());
                let difference = largest_difference(found.as_slice(), truth.as_slice());
                assert!(difference < 1e-10, "{method:?}, row {row}: {difference:e}");
            }
        }
    }
}

/// Classical Runge-Kutta with 500 steps a unit of time, steps ending at the jumps, and the factors written out by hand.
fn fixed_steps(factors: impl Fn(f64) -> (f64, f64), problem: &Problem, until: usize) -> Vec<f64> {
    let system = Textbook::new(2, 3, true);
    let constant = Parameters::new(&system, problem).unwrap();
    let slope = |t: f64, state: &[f64]| {
        let mut now = constant.clone();
        let (rate, noise) = factors(t);
        now.gamma *= rate;
        now.gamma_a *= rate;
        now.noise *= noise;
        let mut derivative = vec![0.0; state.len()];
        system.right_hand_side(&now, state, &mut derivative);
        derivative
    };
    let moved = |state: &[f64], slope: &[f64], h: f64| -> Vec<f64> {
        state.iter().zip(slope).map(|(value, slope)| value + h * slope).collect()
    };
    let mut state = solved(problem, &[0.0]).state(0).unwrap().as_slice().to_vec();
    let h = 1.0 / 500.0;
    for step in 0..500 * until {
        // The rates at both ends are those inside the step.
        let t = step as f64 * h;
        let (begin, middle, end) = (t + 1e-12, t + h / 2.0, t + h - 1e-12);
        let k1 = slope(begin, &state);
        let k2 = slope(middle, &moved(&state, &k1, h / 2.0));
        let k3 = slope(middle, &moved(&state, &k2, h / 2.0));
        let k4 = slope(end, &moved(&state, &k3, h));
        for (i, value) in state.iter_mut().enumerate() {
            *value += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    state
}

/// With the γ² term and the noise: both kinds of schedule on both quantities.
#[test]
fn schedules_agree_with_an_independent_integration() {
    let drop = Schedule::Piecewise(vec![(1.0, 3.0), (2.0, 0.2)]);
    let dropped = |t: f64| {
        if t < 1.0 {
            1.0
        } else if t < 2.0 {
            3.0
        } else {
            0.2
        }
    };
    let late = Schedule::Piecewise(vec![(0.0, 2.0), (1.5, 0.0)]);
    let lately = |t: f64| if t < 1.5 { 2.0 } else { 0.0 };
    let smooth = |t: f64| (1.0 + t / 0.7).powf(-0.6);
    type Factors<'a> = &'a dyn Fn(f64) -> (f64, f64);
    let cases: [(Schedule, Schedule, Factors<'_>); 3] = [
        (drop, late.clone(), &|t| (dropped(t), lately(t))),
        (power_law(0.7, 0.6), late, &|t| (smooth(t), lately(t))),
        (power_law(0.7, 0.6), power_law(0.7, 0.6), &|t| (smooth(t), smooth(t))),
    ];
    for (rate, noise, factors) in cases {
        let problem = trained_committee().learning_rate_schedule(rate).noise_schedule(noise).build().unwrap();
        let truth = fixed_steps(factors, &problem, 4);
        let found = solved(&problem, &[4.0]);
        let difference = largest_difference(found.state(0).unwrap().as_slice(), &truth);
        assert!(difference < 1e-9, "{problem:?}: {difference:e}");
    }
}

/// Pieces are solves one after the other.
#[test]
fn pieces_are_glued_solves() {
    let pieces = Schedule::Piecewise(vec![(1.3, 0.25), (4.0, 2.0)]);
    let whole = trained_committee().learning_rate_schedule(pieces).build().unwrap();
    let found = solved(&whole, &[1.3, 4.0, 6.0]);
    let (mut start, mut a) = (trained_committee().build().unwrap().initial().clone(), vec![1.0; 3]);
    for (row, (length, factor)) in [(1.3, 1.0), (2.7, 0.25), (2.0, 2.0)].into_iter().enumerate() {
        let part = trained_committee().learning_rate(4.0 * factor).second_layer_rate(1.5 * factor);
        let part = part.initial(start).a(a).build().unwrap();
        let part = solved(&part, &[length]);
        let (one, other) = (found.state(row).unwrap(), part.state(0).unwrap());
        assert!(largest_difference(one.as_slice(), other.as_slice()) < 1e-11);
        start = Initial::Given { m: other.m_matrix(), q: other.q_matrix() };
        a = other.a_vector().as_slice().to_vec();
    }
}

/// Rows are independent of each other, also at and around jumps; the risk at a jump has the noise after it, and the
/// excess risk leaves out that of its time.
#[test]
fn rows_at_jumps() {
    let noise = Schedule::Piecewise(vec![(0.5, 10.0), (2.0, 0.0)]);
    let rate = Schedule::Piecewise(vec![(0.5, 0.1), (1.0, 1.0)]);
    for rate in [rate, power_law(1.0, 1.0)] {
        let problem =
            trained_committee().noise_schedule(noise.clone()).learning_rate_schedule(rate).build().unwrap();
        let times = [0.0, 0.2, 0.5, 0.75, 1.0, 2.0, 3.0];
        let all = solved(&problem, &times);
        assert_eq!(all.times(), times);
        for row in 0..times.len() {
            assert_eq!(solved(&problem, &times[row..=row]).state(0), all.state(row), "t = {}", times[row]);
        }
        for (row, delta) in [0.1, 0.1, 1.0, 1.0, 1.0, 0.0, 0.0].into_iter().enumerate() {
            let mut parameters = all.parameters().clone();
            parameters.noise = delta;
            let state = all.state(row).unwrap();
            assert_eq!(all.risk()[row], Textbook::new(2, 3, true).risk(&parameters, state.as_slice()));
            assert!((all.excess_risk()[row] - (all.risk()[row] - delta / 2.0)).abs() < 1e-15);
        }
    }
}

/// A stop condition behind a jump, and one that only the jump of the noise brings about.
#[test]
fn stop_conditions_see_the_schedules() {
    let system = Textbook::new(2, 3, true);
    let rest = Schedule::Piecewise(vec![(0.0, 0.0), (5.0, 1.0)]);
    let start = trained_committee().learning_rate_schedule(rest).build().unwrap();
    let below = |_: f64, _: overlap_runtime::State<'_>, risk: f64| risk - 0.1;
    let met = |problem: &Problem| {
        let options = tight(Method::Dop853);
        let (_, crossing) =
            solve_until(&system, problem, &[100.0], &options, Event::new(&below), &Silent).unwrap();
        crossing.expect("met").time
    };
    let late = met(&start);
    let early = met(&trained_committee().build().unwrap());
    assert!((late - early - 5.0).abs() < 1e-8, "{late} {early}");
}

#[test]
fn the_right_hand_side_at_the_start_has_the_rates_of_the_start() {
    let system = Textbook::new(2, 3, true);
    let double = || Schedule::Piecewise(vec![(0.0, 2.0)]);
    let scheduled =
        trained_committee().learning_rate_schedule(double()).noise_schedule(double()).build().unwrap();
    let plain = trained_committee().learning_rate(8.0).second_layer_rate(3.0).noise(0.2).build().unwrap();
    assert_eq!(evaluate(&system, &scheduled).unwrap(), evaluate(&system, &plain).unwrap());
}

/// SGD under schedules lies on the ODE under the same schedules, and not on that without: 600 replicas at d = 400, the
/// comparison's false-alarm rate is 1 %, the seed is fixed.
#[test]
fn sgd_lies_on_the_ode_of_the_same_schedules() {
    let system = Textbook::new(2, 3, true);
    let rates = power_law(1.0, 0.5);
    let noise = Schedule::Piecewise(vec![(1.0, 4.0), (2.0, 0.0)]);
    let problem = trained_committee().learning_rate_schedule(rates).noise_schedule(noise).build().unwrap();
    let times = [0.5, 1.0, 2.0, 4.0];
    let options = SimulateOptions::default().dimension(400).replicas(600);
    let sgd = simulate(&system, &problem, &times, &options).unwrap();
    let verdict = |ode: &Trajectory| Comparison::new(ode, &sgd).unwrap().verdict();
    assert_eq!(verdict(&solved(&problem, &times)), Verdict::Agree);
    assert_eq!(verdict(&solved(&trained_committee().build().unwrap(), &times)), Verdict::Differ);
}
