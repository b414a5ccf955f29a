//! Solves side by side in lanes against single solves: the same bits, on every instruction set of the machine in turn.
//! A file of its own: the instruction set is that of the whole process.

use overlap::simd::Level;
use overlap::{
    Activation, DynSystem, Error, Initial, Method, Monitor, Problem, Schedule, SolveFailure, SolveOptions,
    System, linear_times, overlap_system, solve, solve_many, solve_many_monitored,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

overlap_system!(k = 1, p = 1, act = erf);
overlap_system!(k = 2, p = 2, act = erf);
overlap_system!(k = 2, p = 3, act = erf, second_layer = trained);
overlap_system!(k = 4, p = 8, act = erf);

/// The level is the whole process's.
static LEVEL: Mutex<()> = Mutex::new(());

/// Problems that differ in everything lanes keep apart: initial state, rates, noise, batch, scales; some with arguments
/// of the arcsine beyond ½, so that neighbours force its long form on each other.
fn problems(system: &dyn System, count: u64) -> Vec<Problem> {
    let shape = system.shape();
    let problem = |seed: u64| {
        let x = seed as f64;
        let builder = Problem::builder(shape.k, shape.p)
            .learning_rate(0.2 + 0.3 * (x % 7.0))
            .noise(0.01 * (x % 3.0))
            .batch(1 + seed as usize % 4)
            .initial(Initial::Drawn { dimension: 100, seed, variance: 0.2 + 0.8 * (x % 5.0) });
        builder.build().expect("valid")
    };
    (0..count).map(problem).collect()
}

fn compare(system: &dyn System, count: u64, times: &[f64], options: &SolveOptions) {
    let problems = problems(system, count);
    let many = solve_many(system, &problems, times, options);
    for (number, (problem, found)) in problems.iter().zip(&many).enumerate() {
        let alone = solve(system, problem, times, options).expect("solved");
        let found = found.as_ref().expect("solved");
        assert_eq!(found, &alone, "{} {number} {:?} {:?}", system.name(), options.method, Level::current());
    }
}

#[test]
fn lanes_hold_the_bits_of_single_solves() {
    let _level = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    for level in Level::ALL.into_iter().filter(|level| level.force()) {
        assert_eq!(Level::current(), level);
        for method in [Method::Dopri5, Method::Dop853] {
            let options = SolveOptions::default().rtol(1e-6).method(method);
            // Many rows within a step, none within another, one at 0, one alone.
            let rows = linear_times(0.0, 3.0, 40).expect("valid");
            for times in [&rows[..], &[20.0], &[0.0, 1e-6, 7.0, 7.5]] {
                compare(&ErfK1P1, 40, times, &options);
                compare(&ErfK2P2, 29, times, &options);
                compare(&ErfK2P3Trained, 13, times, &options);
            }
            compare(&ErfK4P8, 7, &[1.0], &options);
        }
        let few: &dyn System = &ErfK2P2;
        compare(few, 2, &[1.0], &SolveOptions::default());
        compare(few, 0, &[1.0], &SolveOptions::default());
    }
}

/// Every kind of end stays in its own place, beside lanes that go on.
#[test]
fn failures_stay_in_their_places() {
    let _level = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    let times = [0.5, 20.0];
    let mut problems = problems(&ErfK2P2, 30);
    problems[3] = Problem::builder(2, 3).build().expect("valid");
    // A rate at which the overlaps run away.
    problems[8] = Problem::builder(2, 2).learning_rate(1e6).build().expect("valid");
    let options = SolveOptions::default().max_steps(10);
    let many = solve_many(&ErfK2P2, &problems, &times, &options);
    let mut ends = [0; 2];
    for (problem, found) in problems.iter().zip(&many) {
        let alone = solve(&ErfK2P2, problem, &times, &options);
        ends[usize::from(found.is_ok())] += 1;
        assert_eq!(format!("{found:?}"), format!("{alone:?}"));
    }
    assert!(ends[0] > 2 && ends[1] > 2, "{ends:?}");
    assert!(matches!(many[3], Err(Error::Mismatch { quantity: "p", .. })));
    let invalid = solve_many(&ErfK2P2, &problems, &[1.0, 0.5], &options);
    assert!(invalid.iter().all(|result| matches!(result, Err(Error::Invalid { .. }))));
}

#[test]
fn schedules_are_solved_as_alone() {
    let _level = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    let schedule = || Schedule::PowerLaw { time: 1.0, exponent: 0.5 };
    let problem = |_| Problem::builder(2, 2).learning_rate_schedule(schedule()).build().expect("valid");
    let problems: Vec<_> = (0..20).map(problem).collect();
    let options = SolveOptions::default();
    let alone = solve(&ErfK2P2, &problems[0], &[2.0], &options).expect("solved");
    for found in solve_many(&ErfK2P2, &problems, &[2.0], &options) {
        assert_eq!(found.expect("solved"), alone);
    }
}

struct StopsAfter(AtomicUsize, Mutex<f64>);

impl Monitor for StopsAfter {
    fn progress(&self, fraction: f64) {
        let mut most = self.1.lock().expect("not poisoned");
        *most = most.max(fraction);
    }

    fn should_stop(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

#[test]
fn a_monitor_is_told_and_can_stop() {
    let _level = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    let problems = problems(&ErfK2P2, 60);
    for (asks, all) in [(usize::MAX, true), (200, false)] {
        let monitor = StopsAfter(asks.into(), Mutex::new(0.0));
        let many = solve_many_monitored(&ErfK2P2, &problems, &[5.0], &SolveOptions::default(), &monitor);
        let interrupted = many.iter().filter(|result| {
            matches!(result, Err(Error::Solve { reason: SolveFailure::Interrupted { .. }, .. }))
        });
        let (interrupted, solved) =
            (interrupted.count(), many.iter().filter(|result| result.is_ok()).count());
        assert_eq!((interrupted + solved, interrupted == 0), (60, all));
        assert_eq!(*monitor.1.lock().expect("not poisoned"), 1.0);
    }
}

/// Both forms of code solve the same equations.
#[test]
fn lanes_agree_with_the_system_of_run_time_size() {
    let _level = LEVEL.lock().unwrap_or_else(PoisonError::into_inner);
    let dynamic = DynSystem::new(2, 2, Activation::Erf, false).expect("valid");
    let (problems, options) = (problems(&ErfK2P2, 20), SolveOptions::default());
    let [generated, dynamic] =
        [&ErfK2P2 as &dyn System, &dynamic].map(|system| solve_many(system, &problems, &[4.0], &options));
    for (one, other) in generated.iter().zip(&dynamic) {
        let [one, other] =
            [one, other].map(|result| result.as_ref().expect("solved").state(0).expect("a row"));
        for (x, y) in one.as_slice().iter().zip(other.as_slice()) {
            assert!((x - y).abs() < 1e-8 * (1.0 + x.abs()), "{x} {y}");
        }
    }
}
