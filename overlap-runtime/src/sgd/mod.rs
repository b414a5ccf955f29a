//! One-pass stochastic gradient descent: the process whose overlaps the ODE describes in the limit d → ∞. Beside it, SGD
//! on a finite training set and gradient descent on the population risk, see [`Algorithm`].
//!
//! All replicas start from the very overlaps that start the ODE and see independent data. They are advanced together
//! from output time to output time, so that an interrupted simulation keeps rows of all of them. Two simulators follow
//! the same law, [`Simulator::Direct`] with weights in d dimensions and [`Simulator::Reduced`] with the overlaps alone.

mod checkpoint;
mod direct;
mod ensemble;
mod memory;
mod normals;
mod options;
mod population;
mod real;
mod reduced;
mod run;
mod schedule;
mod setting;
mod statistics;
mod steady;
mod training;
mod unit;

pub use ensemble::Ensemble;
pub use options::{Algorithm, Precision, SimulateOptions, Simulator};
pub use schedule::whole_steps;

use crate::{Error, Monitor, Parameters, Problem, Silent, System};
#[doc(hidden)]
pub use ensemble::Row;
use run::{Outputs, Run};
use setting::Setting;
#[doc(hidden)]
pub use statistics::Extent;
use unit::Start;

/// Simulates one-pass SGD (or another [`Algorithm`]) in d dimensions for `problem` and records the overlaps and the exact population risk at
/// `times`, each rounded to the nearest step: t = step / d.
///
/// Where not chosen otherwise, the reduced simulator is used for d ≥ k + p and the direct one below, see
/// [`Simulator`].
///
/// Random numbers come from xoshiro256++ seeded with `options.seed`; every replica (or eight that are advanced together)
/// has its own eight streams, which lie 2^128 draws apart and do not overlap, nor does any of them with the one the
/// initial weights were drawn from, whatever its seed if it is the same. The numbers do not depend on the number of
/// threads. The direct simulator holds 8 (p + 2 b) d bytes for each replica (half of it in single precision), and 272
/// bytes for each sample of a training set.
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Invalid`] if problem, times or options do not fit the system or each other (d must
/// be at least k where the weights were drawn in d dimensions, else k + p); [`Error::Invalid`] for a
/// [`Weighted`](crate::Weighted) system; [`Error::Diverged`], with the rows before it;
/// [`Error::File`] for a checkpoint that is damaged or of another simulation, [`Error::Io`] where it cannot be written at the
/// start, [`Error::Checkpoint`], with all rows, where it cannot be written at the end (on the way the simulation goes on,
/// with a [`Monitor::warning`], and tries again).
pub fn simulate<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SimulateOptions,
) -> Result<Ensemble, Error> {
    simulate_monitored(system, problem, times, options, &Silent)
}

/// As [`simulate`], telling `monitor` of the progress. Where it asks to stop, the rows that all replicas reached are
/// returned, with [`Ensemble::completed`] false.
///
/// # Errors
/// Those of [`simulate`], and [`Error::Interrupted`] if not one row was reached (a checkpoint is saved even so).
pub fn simulate_monitored<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SimulateOptions,
    monitor: &dyn Monitor,
) -> Result<Ensemble, Error> {
    simulate_until(system, problem, times, options, &|_| false, monitor)
}

/// As [`simulate_monitored`], ending at the first output time after which `stop` says so of the rows so far; the ensemble
/// has these rows and counts as completed.
///
/// # Errors
/// Those of [`simulate_monitored`].
pub fn simulate_until<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SimulateOptions,
    stop: &(dyn Fn(&Ensemble) -> bool + Sync),
    monitor: &dyn Monitor,
) -> Result<Ensemble, Error> {
    run(&system, problem, times, options, stop, monitor)
}

/// Compiled once, for all systems.
fn run(
    system: &dyn System,
    problem: &Problem,
    times: &[f64],
    options: &SimulateOptions,
    stop: &(dyn Fn(&Ensemble) -> bool + Sync),
    monitor: &dyn Monitor,
) -> Result<Ensemble, Error> {
    options.validate(problem)?;
    if !system.describes_sgd() {
        let found = format!("{} with weights on the parts of its ODE", system.name());
        let bound = "the system itself, at Regime::learning_rate: SGD has no weights";
        return Err(Error::invalid("the system to simulate", found, bound));
    }
    let parameters = Parameters::new(system, problem)?;
    let dimension = options.dimension_for(problem);
    let activations = [system.activation(), system.teacher_activation()];
    let setting = Setting::new(system.shape(), activations, parameters, problem, dimension);
    memory::check_rows(&setting, times.len(), options)?;
    let start = Start::new(options, setting, problem, system.pulls())?;
    let steps = schedule::steps(times, problem.start_time(), dimension)?;
    let identity = options
        .checkpoint
        .as_ref()
        .map(|_| checkpoint::identity(system.name(), start.setting(), problem, times, options));
    let outputs = Outputs { times, steps: &steps, stop };
    let run = || Run::new(system, &start, outputs, options, identity, monitor)?.finish();
    match options.threads {
        None => crate::threads::threads().and_then(|_| run()),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(options.replicas).min(most_threads()))
            .build()
            .map_err(|error| {
                Error::invalid("threads", threads, format!("a number the system can start ({error})"))
            })?
            .install(run),
    }
}

/// More threads than this are of no use; the numbers do not depend on it.
fn most_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).max(64)
}
