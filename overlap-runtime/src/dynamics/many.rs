//! Many solves of one system.

use super::side_by_side::{self, Ensemble, solve_side_by_side};
use super::solve_monitored;
use crate::lanes::MAX_LANES;
use crate::model::schedule::Schedules;
use crate::ode::{SolveOptions, check_times};
use crate::{Error, Monitor, Problem, Silent, System, Trajectory};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Problems for every thread from which on solving them side by side in lanes is worth it.
const FEWEST_SIDE_BY_SIDE: usize = 3;

/// Solves every problem as [`solve`](crate::solve()) does, over the threads of the current `rayon` pool. The results
/// stand in the order of the problems and are, to the last bit, those of single solves; a problem that fails does not
/// disturb the others.
///
/// ```
/// use overlap::{Activation, DynSystem, Initial, Problem, SolveOptions, solve_many};
/// let system = DynSystem::new(1, 2, Activation::Erf, false)?;
/// let problems = (0..4)
///     .map(|seed| Problem::builder(1, 2).initial(Initial::drawn(1000, seed)).build())
///     .collect::<Result<Vec<_>, _>>()?;
/// let trajectories = solve_many(&system, &problems, &[0.0, 1.0], &SolveOptions::default());
/// assert_eq!(trajectories.len(), 4);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// In every place, what [`solve`](crate::solve()) answers for its problem.
pub fn solve_many<S: System + ?Sized>(
    system: &S,
    problems: &[Problem],
    times: &[f64],
    options: &SolveOptions,
) -> Vec<Result<Trajectory, Error>> {
    solve_many_monitored(system, problems, times, options, &Silent)
}

/// As [`solve_many`], telling `monitor` the fraction of problems that are done and asking it after every accepted step
/// whether to stop.
///
/// # Errors
/// As [`solve_many`]; [`SolveFailure::Interrupted`](crate::SolveFailure::Interrupted) in the places that were not done
/// when the monitor asked to stop.
pub fn solve_many_monitored<S: System + ?Sized>(
    system: &S,
    problems: &[Problem],
    times: &[f64],
    options: &SolveOptions,
    monitor: &dyn Monitor,
) -> Vec<Result<Trajectory, Error>> {
    run(&system, problems, times, options, monitor)
}

fn run(
    system: &dyn System,
    problems: &[Problem],
    times: &[f64],
    options: &SolveOptions,
    monitor: &dyn Monitor,
) -> Vec<Result<Trajectory, Error>> {
    let done = AtomicUsize::new(0);
    let report = || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        monitor.progress(done as f64 / problems.len() as f64);
    };
    let threads = match crate::threads::threads() {
        Ok(threads) => threads.max(1),
        // Errors are not copied: the same refusal for every problem.
        Err(_) => return problems.iter().map(|_| Err(refused())).collect(),
    };
    let plain = options.validate().is_ok()
        && problems.iter().all(|problem| check_times(times, problem.start_time()).is_ok());
    let constant = |problem: &Problem| Schedules::of(problem) == Schedules::default();
    if plain
        && problems.len() >= FEWEST_SIDE_BY_SIDE * threads
        && !options.method.needs_jacobian()
        && side_by_side::is_available(system)
        && problems.iter().all(constant)
    {
        let ensemble = Ensemble { system, problems, times, options, monitor };
        return over_threads(&ensemble, threads, &report);
    }
    let solve_one = |problem| {
        let result = solve_monitored(system, problem, times, options, &One { monitor });
        report();
        result
    };
    problems.par_iter().map(solve_one).collect()
}

/// What the system says to threads.
fn refused() -> Error {
    let threads = crate::threads::threads();
    threads.err().unwrap_or(Error::Interrupted)
}

/// Every thread fills its lanes from one queue.
fn over_threads(
    ensemble: &Ensemble<'_>,
    threads: usize,
    report: &(impl Fn() + Sync),
) -> Vec<Result<Trajectory, Error>> {
    let count = ensemble.problems.len();
    let lanes = count.div_ceil(threads).min(MAX_LANES);
    let queue = AtomicUsize::new(0);
    let solve_some = |_| {
        let mut results = Vec::new();
        let mut next = || Some(queue.fetch_add(1, Ordering::Relaxed)).filter(|&number| number < count);
        let mut done = |number, result| {
            report();
            results.push((number, result));
        };
        solve_side_by_side(ensemble, lanes, &mut next, &mut done);
        results
    };
    let mut results: Vec<_> = (0..threads).into_par_iter().flat_map_iter(solve_some).collect();
    results.sort_unstable_by_key(|&(number, _)| number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// One of many: can be stopped, does not report its own progress.
struct One<'a> {
    monitor: &'a dyn Monitor,
}

impl Monitor for One<'_> {
    fn progress(&self, _fraction: f64) {}

    fn should_stop(&self) -> bool {
        self.monitor.should_stop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, DynSystem, Initial, SolveFailure, solve};

    struct Stop;

    impl Monitor for Stop {
        fn progress(&self, _fraction: f64) {}

        fn should_stop(&self) -> bool {
            true
        }
    }

    fn problems(count: u64) -> Vec<Problem> {
        let problem = |seed| {
            let initial = Initial::Drawn { dimension: 100, seed, variance: 0.5 };
            Problem::builder(2, 2).learning_rate(0.1 + seed as f64).initial(initial).build().expect("valid")
        };
        (0..count).map(problem).collect()
    }

    #[test]
    fn results_are_those_of_single_solves_in_the_order_of_the_problems() {
        let system = DynSystem::new(2, 2, Activation::Erf, false).expect("valid");
        let (problems, times, options) = (problems(9), [0.0, 0.5, 3.0], SolveOptions::default());
        let many = solve_many(&system, &problems, &times, &options);
        assert_eq!(many.len(), problems.len());
        for (found, problem) in many.iter().zip(&problems) {
            assert_eq!(
                found.as_ref().expect("solved"),
                &solve(&system, problem, &times, &options).expect("solved")
            );
        }
    }

    #[test]
    fn a_failure_stays_in_its_place() {
        let system = DynSystem::new(2, 2, Activation::Erf, false).expect("valid");
        let mut problems = problems(3);
        problems[1] = Problem::builder(2, 3).build().expect("valid");
        let many = solve_many(&system, &problems, &[1.0], &SolveOptions::default());
        assert!(many[0].is_ok() && many[2].is_ok());
        assert!(matches!(many[1], Err(Error::Mismatch { quantity: "p", .. })));
    }

    #[test]
    fn all_stop_when_asked_to() {
        let system = DynSystem::new(2, 2, Activation::Erf, false).expect("valid");
        for result in solve_many_monitored(&system, &problems(3), &[1e3], &SolveOptions::default(), &Stop) {
            assert!(matches!(result, Err(Error::Solve { reason: SolveFailure::Interrupted { .. }, .. })));
        }
    }
}
