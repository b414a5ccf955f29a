//! The solver, on systems with known solutions.

use super::*;
use crate::ode::{EventFunction, Method, linear_times, log_times};
use crate::{Activation, Initial, Shape, SolveFailure, State};
use nalgebra::DMatrix;
use std::sync::atomic::{AtomicUsize, Ordering};

const METHODS: [Method; 3] = [Method::Dopri5, Method::Dop853, Method::Rodas5P];

/// k = p = 1, so the state is [M, Q] = [x, y], with any right-hand side.
struct Toy<F>(F);

impl<F: Fn(f64, f64) -> [f64; 2] + Send + Sync> System for Toy<F> {
    fn name(&self) -> &str {
        "Toy"
    }
    fn shape(&self) -> Shape {
        Shape { k: 1, p: 1, trained: false }
    }
    fn activation(&self) -> Activation {
        Activation::Erf
    }
    fn right_hand_side(&self, _parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        derivative.copy_from_slice(&(self.0)(state[0], state[1]));
    }
    fn has_jacobian(&self) -> bool {
        true
    }
    /// By central differences, 0 where they are none; columns of parameters are not asked for.
    fn jacobian(&self, _parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) -> bool {
        for column in 0..2 {
            let part = 1e-6 * state[column].abs().max(1.0);
            let at = |sign: f64| {
                let mut moved = [state[0], state[1]];
                moved[column] += sign * part;
                (self.0)(moved[0], moved[1])
            };
            let (up, down) = (at(1.0), at(-1.0));
            for row in 0..2 {
                let slope = (up[row] - down[row]) / (2.0 * part);
                jacobian[row * self.shape().jacobian_columns() + column] =
                    if slope.is_finite() { slope } else { 0.0 };
            }
        }
        true
    }
    fn risk(&self, _parameters: &Parameters, state: &[f64]) -> f64 {
        state[1]
    }
    fn equations(&self) -> &str {
        ""
    }
    fn equations_latex(&self) -> &str {
        ""
    }
}

/// x' = -x, y' = y - x from (1, 1): x = e^-t, y = (e^t + e^-t) / 2 ... grows, so errors would show.
fn exponentials() -> Toy<impl Fn(f64, f64) -> [f64; 2] + Send + Sync> {
    Toy(|x: f64, y: f64| [-x, y - x])
}

fn problem(x: f64, y: f64) -> Problem {
    let initial = Initial::Given { m: DMatrix::from_element(1, 1, x), q: DMatrix::from_element(1, 1, y) };
    Problem::builder(1, 1).initial(initial).build().unwrap()
}

fn options(method: Method) -> SolveOptions {
    SolveOptions::default().method(method)
}

fn reason(result: Result<Trajectory, Error>) -> (SolveFailure, Trajectory) {
    match result {
        Err(Error::Solve { reason, partial }) => (reason, *partial),
        other => panic!("expected a failed solve, found {other:?}"),
    }
}

#[test]
fn rows_are_the_times_asked_for_up_to_the_last_bit_of_the_end() {
    let awkward = [1e-300, 1e-9, 0.1, 0.1 + f64::EPSILON, 1.0 / 3.0, 2.999_999_999_999_999_6, 3.0];
    for method in METHODS {
        for end in 1..=awkward.len() {
            let times = &awkward[..end];
            let found = solve(&exponentials(), &problem(1.0, 1.0), times, &options(method)).unwrap();
            assert_eq!(found.times(), times);
            for (index, &t) in times.iter().enumerate() {
                let state = found.state(index).unwrap();
                // y grows like e^t: so does the error of a step at rtol 1e-8.
                let (x, y) = ((-t).exp(), t.cosh());
                assert!((state.m(0, 0) - x).abs() < 1e-8, "{method:?} t = {t}");
                assert!((state.q(0, 0) - y).abs() < 1e-8 * y * y, "{method:?} t = {t}");
                assert_eq!(found.risk()[index], state.q(0, 0));
            }
        }
    }
}

#[test]
fn a_row_at_zero_is_the_problem_itself() {
    let found = solve(&exponentials(), &problem(0.1, 0.3), &[0.0], &SolveOptions::default()).unwrap();
    assert_eq!(found.state(0).unwrap().as_slice(), [0.1, 0.3]);
    assert_eq!((found.stats().accepted, found.stats().rejected), (0, 0));
}

#[test]
fn a_row_does_not_depend_on_the_other_rows_to_the_last_bit() {
    let many = log_times(1e-3, 5.0, 300).unwrap();
    for method in METHODS {
        let all = solve(&exponentials(), &problem(1.0, 1.0), &many, &options(method)).unwrap();
        for index in [0, 7, 150, 299] {
            let alone =
                solve(&exponentials(), &problem(1.0, 1.0), &many[index..=index], &options(method)).unwrap();
            assert_eq!(alone.state(0), all.state(index), "{method:?} row {index}");
        }
    }
}

#[test]
fn time_enters_as_a_component_of_the_state() {
    // x = t, y' = cos x: the way a schedule in time must enter, right for both methods.
    for method in METHODS {
        let system = Toy(|x: f64, _| [1.0, x.cos()]);
        let found = solve(&system, &problem(0.0, 0.0), &[1.0, 10.0], &options(method)).unwrap();
        for row in 0..2 {
            let t: f64 = found.times()[row];
            assert!((found.state(row).unwrap().q(0, 0) - t.sin()).abs() < 2e-8, "{method:?}");
        }
    }
}

/// Every entry decays.
struct Large;

impl System for Large {
    fn name(&self) -> &str {
        "Large"
    }
    fn shape(&self) -> Shape {
        Shape { k: 3, p: 28, trained: false }
    }
    fn activation(&self) -> Activation {
        Activation::Erf
    }
    fn right_hand_side(&self, _parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        derivative.iter_mut().zip(state).for_each(|(slope, value)| *slope = -value);
    }
    fn has_jacobian(&self) -> bool {
        true
    }
    fn jacobian(&self, _parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) -> bool {
        jacobian.fill(0.0);
        for i in 0..state.len() {
            jacobian[i * self.shape().jacobian_columns() + i] = -1.0;
        }
        true
    }
    fn risk(&self, _parameters: &Parameters, state: &[f64]) -> f64 {
        state[0]
    }
    fn equations(&self) -> &str {
        ""
    }
    fn equations_latex(&self) -> &str {
        ""
    }
}

#[test]
fn large_states_are_solved_too() {
    let problem = Problem::builder(3, 28).build().unwrap();
    for method in METHODS {
        let found = solve(&Large, &problem, &[0.0, 1.0], &options(method)).unwrap();
        let (start, end) = (found.state(0).unwrap(), found.state(1).unwrap());
        for (before, after) in start.as_slice().iter().zip(end.as_slice()) {
            assert!((after - before * (-1.0f64).exp()).abs() < 1e-8);
        }
    }
}

#[test]
fn the_counts_are_those_of_the_method() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let system = Toy(|x: f64, y| {
        CALLS.fetch_add(1, Ordering::Relaxed);
        [-x * x * x, x * x - y]
    });
    for method in METHODS {
        let before = CALLS.load(Ordering::Relaxed);
        let found =
            solve(&system, &problem(3.0, 9.0), &[4.0], &options(method).rtol(1e-3).atol(1e-4)).unwrap();
        let stats = found.stats();
        // Four more for each Jacobian: one at the beginning of each step, one for the row.
        let jacobians = if method.needs_jacobian() { 1 + stats.accepted } else { 0 };
        assert_eq!(CALLS.load(Ordering::Relaxed) - before, stats.evaluations + 4 * jacobians);
        // Two to start; then steps; then one row.
        let expected = match method {
            Method::Dopri5 => 2 + 6 * (stats.accepted + stats.rejected) + 6,
            Method::Dop853 => 2 + 11 * (stats.accepted + stats.rejected) + stats.accepted + 11,
            Method::Rodas5P => 2 + 7 * (stats.accepted + stats.rejected) + stats.accepted + 7,
        };
        assert_eq!(stats.evaluations, expected, "{method:?} {stats:?}");
    }
}

#[test]
fn the_step_budget_is_a_total_and_keeps_the_rows() {
    let times = linear_times(0.0, 1e3, 1001).unwrap();
    for method in METHODS {
        let system = Toy(|x: f64, y| [y, -x]);
        let all = solve(&system, &problem(0.5, 1.0), &times, &options(method)).unwrap();
        // More than a chunk, so that the budget spans chunks.
        let steps = all.stats().accepted + all.stats().rejected;
        assert!(steps > 600, "{steps}");
        let budget = steps / 2;
        let result = solve(&system, &problem(0.5, 1.0), &times, &options(method).max_steps(budget));
        let (reason, partial) = reason(result);
        let SolveFailure::MaxSteps { max_steps, time } = reason else { panic!("{reason:?}") };
        assert_eq!(max_steps, budget);
        assert_eq!(partial.stats().accepted + partial.stats().rejected, budget);
        assert!(partial.len() > 300 && partial.len() < 700);
        assert!(*partial.times().last().unwrap() <= time && time < times[partial.len()]);
        for row in 0..partial.len() {
            assert_eq!(partial.state(row), all.state(row));
        }
        // Exactly enough is enough.
        assert!(solve(&system, &problem(0.5, 1.0), &times, &options(method).max_steps(steps)).is_ok());
    }
}

#[test]
fn a_right_hand_side_that_is_not_finite_is_named_and_keeps_the_rows() {
    for method in METHODS {
        // x reaches 1 at t = 1, where dy/dt stops being a number.
        let system = Toy(|x: f64, y: f64| [1.0, if x < 1.0 { -y } else { f64::NAN }]);
        let (reason, partial) =
            reason(solve(&system, &problem(0.0, 1.0), &[0.25, 0.75, 2.0], &options(method)));
        let SolveFailure::NotFinite { quantity, value, time } = reason else { panic!("{reason:?}") };
        assert_eq!(quantity, "dQ_1_1/dt");
        assert!(value.is_nan());
        assert!((time - 1.0).abs() < 1e-9, "{time}");
        assert_eq!(partial.times(), [0.25, 0.75]);
        assert!((partial.state(1).unwrap().q(0, 0) - (-0.75f64).exp()).abs() < 1e-8);
    }
    let system = Toy(|_, _| [f64::INFINITY, 0.0]);
    let (reason, partial) = reason(solve(&system, &problem(0.0, 1.0), &[0.0, 1.0], &SolveOptions::default()));
    let expected = SolveFailure::NotFinite { quantity: "dM_1_1/dt".into(), value: f64::INFINITY, time: 0.0 };
    assert_eq!(reason, expected);
    assert!(partial.is_empty());
}

#[test]
fn an_overshoot_that_is_not_finite_is_stepped_around() {
    for method in METHODS {
        // The square root ends the world at x > 1, which the solution x = 1 - e^-t / 2 never reaches but a step does.
        let system = Toy(|x: f64, y: f64| [(1.0 - x).sqrt() * (1.0 - x).sqrt(), -y]);
        let loose = options(method).rtol(0.1).atol(0.1);
        assert!(solve(&system, &problem(0.5, 1.0), &[40.0], &loose).is_ok(), "{method:?}");
    }
}

#[test]
fn a_genuine_singularity_is_an_underflow_of_the_step() {
    for method in METHODS {
        // x = 1 / (1 - t).
        let system = Toy(|x: f64, _| [x * x, 0.0]);
        let (reason, partial) = reason(solve(&system, &problem(1.0, 1.0), &[0.5, 2.0], &options(method)));
        let SolveFailure::StepSizeUnderflow { time, rtol } = reason else { panic!("{reason:?}") };
        assert!((time - 1.0).abs() < 1e-6 && rtol == 1e-8, "{time}");
        assert_eq!(partial.len(), 1);
    }
}

#[test]
fn a_mildly_stiff_phase_is_gone_through() {
    for method in METHODS {
        // Thousands of explicit steps, limited by stability, and a few implicit ones.
        let system = Toy(|x: f64, y| [-0.01 * x, -300.0 * (y - x)]);
        let found = solve(&system, &problem(1.0, 1.0), &[100.0], &options(method)).unwrap();
        let steps = found.stats().accepted;
        assert!(if method.needs_jacobian() { steps < 50 } else { steps > 2000 }, "{method:?}: {steps}");
        assert!((found.state(0).unwrap().m(0, 0) - (-1.0f64).exp()).abs() < 1e-7);
    }
}

#[test]
fn an_implicit_method_asks_for_a_jacobian() {
    let system = crate::DynSystem::new(1, 1, Activation::Erf, false).unwrap();
    let result = solve(&system, &problem(0.1, 1.0), &[1.0], &options(Method::Rodas5P));
    assert!(matches!(result, Err(Error::NoJacobian { .. })), "{result:?}");
}

struct StopsAfter(AtomicUsize, std::sync::Mutex<Vec<f64>>);

impl Monitor for StopsAfter {
    fn progress(&self, fraction: f64) {
        self.1.lock().unwrap().push(fraction);
    }
    fn should_stop(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

#[test]
fn a_monitor_is_told_and_can_stop() {
    let run = |asks| {
        let monitor = StopsAfter(AtomicUsize::new(asks), Vec::new().into());
        let times = linear_times(0.0, 10.0, 101).unwrap();
        let result =
            solve_monitored(&exponentials(), &problem(1.0, 1.0), &times, &SolveOptions::default(), &monitor);
        (result, monitor.1.into_inner().unwrap())
    };
    let (result, told) = run(usize::MAX);
    assert!(result.is_ok());
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]) && *told.last().unwrap() == 1.0, "{told:?}");
    let (result, _) = run(5);
    let (reason, partial) = reason(result);
    assert!(matches!(reason, SolveFailure::Interrupted { time } if time > 0.0), "{reason:?}");
    assert_eq!(partial.stats().accepted, 6);
    assert!(!partial.is_empty());
}

fn until(
    times: &[f64],
    method: Method,
    event: &EventFunction<'_>,
) -> Result<(Trajectory, Option<Crossing>), Error> {
    solve_until(&exponentials(), &problem(1.0, 1.0), times, &options(method), Event::new(event), &Silent)
}

#[test]
fn a_stop_condition_is_located() {
    for method in METHODS {
        for target in [0.9, 0.5, 0.1] {
            let times = linear_times(0.0, 5.0, 51).unwrap();
            let below = |_: f64, state: State<'_>, _: f64| state.m(0, 0) - target;
            let (found, crossing) = until(&times, method, &below).unwrap();
            let crossing = crossing.unwrap();
            let t = -f64::ln(target);
            assert!((crossing.time - t).abs() < 2e-8, "{method:?} {target}: {}", crossing.time - t);
            // On the far side, within the tolerance of time; the row at that time is the same state.
            let excess = crossing.state().m(0, 0) - target;
            assert!(excess <= 0.0 && excess > -2e-10, "{excess:e}");
            assert_eq!(crossing.risk, crossing.state().q(0, 0));
            assert_eq!(found.times(), &times[..times.partition_point(|&time| time <= crossing.time)]);
            let row = solve(&exponentials(), &problem(1.0, 1.0), &[crossing.time], &options(method)).unwrap();
            assert_eq!(row.state(0).unwrap().as_slice(), crossing.state().as_slice());
        }
    }
}

#[test]
fn events_are_recorded_until_one_stops() {
    for method in METHODS {
        let level = |target: f64| move |_: f64, state: State<'_>, _: f64| state.m(0, 0) - target;
        let (high, middle, low, met) = (level(0.9), level(0.5), level(0.1), level(2.0));
        let rising = |time: f64, _: State<'_>, _: f64| 0.05 - time;
        let events = [
            Event::below(&low).record(),
            Event::below(&high).record(),
            Event::below(&middle),
            Event::below(&met).record(),
            Event::new(&rising).record(),
        ];
        let times = linear_times(0.0, 5.0, 51).unwrap();
        let (found, crossings) =
            solve_events(&exponentials(), &problem(1.0, 1.0), &times, &options(method), &events, &Silent)
                .unwrap();
        let time = |event: usize| crossings[event].as_ref().map(|crossing| crossing.time);
        assert_eq!(time(0), None, "after the stop nothing is recorded");
        assert!((time(1).unwrap() + f64::ln(0.9)).abs() < 2e-8);
        assert!((time(2).unwrap() + f64::ln(0.5)).abs() < 2e-8);
        assert_eq!(time(3), Some(0.0), "what is so from the start is met there");
        assert!((time(4).unwrap() - 0.05).abs() < 1e-9);
        assert_eq!(found.times(), &times[..times.partition_point(|&time| time <= 2f64.ln())]);
        // Events do not disturb the solution.
        let alone = solve(&exponentials(), &problem(1.0, 1.0), found.times(), &options(method)).unwrap();
        assert_eq!(found.states, alone.states);
    }
}

#[test]
fn stop_conditions_at_and_beyond_the_ends() {
    let never = |_: f64, _: State<'_>, _: f64| 1.0;
    let (found, crossing) = until(&[1.0, 2.0], Method::Dop853, &never).unwrap();
    assert_eq!((found.len(), crossing), (2, None));
    // A step goes beyond the last time: what happens there does not count.
    let late = |time: f64, _: State<'_>, _: f64| time - 1.000_001;
    assert_eq!(until(&[1.0], Method::Dop853, &late).unwrap().1, None);
    let last = |time: f64, _: State<'_>, _: f64| time - 1.0;
    let (found, crossing) = until(&[0.5, 1.0], Method::Dop853, &last).unwrap();
    assert_eq!((found.len(), crossing.unwrap().time), (2, 1.0));
    let at_once = |time: f64, _: State<'_>, _: f64| time;
    let (found, crossing) = until(&[0.0, 1.0], Method::Dop853, &at_once).unwrap();
    assert_eq!((found.times(), crossing.unwrap().time), (&[0.0][..], 0.0));
    let nonsense = |time: f64, _: State<'_>, _: f64| if time > 0.5 { f64::NAN } else { 1.0 };
    assert!(matches!(
        until(&[1.0], Method::Dop853, &nonsense),
        Err(Error::Solve { reason: SolveFailure::NotFinite { quantity, .. }, .. }) if quantity == "the stop condition"
    ));
    let wrong = Event::new(&never).tolerance(0.0);
    assert!(matches!(
        solve_until(&exponentials(), &problem(1.0, 1.0), &[1.0], &SolveOptions::default(), wrong, &Silent),
        Err(Error::Invalid { .. })
    ));
}

#[test]
fn wrong_options_and_times_are_named() {
    let default = SolveOptions::default;
    let cases = [
        (default().rtol(0.0), vec![1.0], "rtol = 0, but it must be at least 1e-14 and less than 1"),
        (default().rtol(1.0), vec![1.0], "rtol = 1, but"),
        (default().rtol(f64::NAN), vec![1.0], "rtol = NaN, but"),
        (default().atol(-1.0), vec![1.0], "atol = -1, but it must be finite and at least 0"),
        (default().atol(f64::INFINITY), vec![1.0], "atol = inf, but"),
        (default().max_steps(0), vec![1.0], "max_steps = 0, but it must be at least 1"),
        (default(), vec![], "the number of output times = 0, but it must be at least 1"),
        (default(), vec![1.0, 0.5], "output time 2 = 0.5, but it must be greater than output time 1 = 1"),
        (default(), vec![f64::NAN], "output time 1 = NaN, but it must be finite and at least 0"),
    ];
    for (options, times, message) in cases {
        let error = solve(&exponentials(), &problem(1.0, 1.0), &times, &options).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }));
        assert!(error.to_string().starts_with(message), "{error}");
    }
    let wrong = Problem::builder(1, 2).build().unwrap();
    assert!(matches!(
        solve(&exponentials(), &wrong, &[1.0], &default()),
        Err(Error::Mismatch { quantity: "p", .. })
    ));
}

#[test]
fn zero_is_a_legal_absolute_tolerance() {
    for method in METHODS {
        let found = solve(&exponentials(), &problem(0.0, 1.0), &[1.0], &options(method).atol(0.0)).unwrap();
        let state = found.state(0).unwrap();
        assert_eq!(state.m(0, 0), 0.0);
        assert!((state.q(0, 0) - 1f64.exp()).abs() < 1e-7);
    }
}
