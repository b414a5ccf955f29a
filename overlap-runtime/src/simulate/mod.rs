//! One-pass stochastic gradient descent: the process whose overlaps the ODE describes in the limit d → ∞.
//!
//! All replicas start from the very weights whose overlaps start the ODE and see independent data. They are advanced
//! together from output time to output time, so that an interrupted simulation keeps rows of all of them.

mod direct;
mod ensemble;
mod options;
mod schedule;

pub use ensemble::Ensemble;
pub use options::SimulateOptions;
pub use schedule::whole_steps;

use crate::weights::Weights;
use crate::{Error, Monitor, Parameters, Problem, Silent, System};
use direct::{Direct, NotFinite, Setting};
pub(crate) use ensemble::Row;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// Simulates one-pass SGD in d dimensions for `problem` and records the overlaps, computed from the weights, and the
/// exact population risk at `times`, each rounded to the nearest step: t = step / d.
///
/// Replica r draws its data from the generator seeded with `options.seed` and jumped r + 1 times by 2^128 draws: the
/// streams do not overlap, nor does any of them with the one the initial weights were drawn from, whatever its seed
/// if it is the same. The numbers do not depend on the number of threads. The weights of all replicas,
/// 8 p d bytes each, are in memory at once.
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Invalid`] if problem, times or options do not fit the system or each other (d must
/// be at least k where the weights were drawn in d dimensions, else k + p); [`Error::Diverged`], with the rows before it.
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
/// Those of [`simulate`], and [`Error::Interrupted`] if not one row was reached.
pub fn simulate_monitored<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SimulateOptions,
    monitor: &dyn Monitor,
) -> Result<Ensemble, Error> {
    options.validate()?;
    let parameters = Parameters::new(system, problem)?;
    let dimension = options.dimension_for(problem);
    check_memory(problem, dimension, options.replicas)?;
    let weights = Weights::of(problem, dimension)?;
    let steps = schedule::steps(times, dimension)?;
    let setting = Setting {
        shape: system.shape(),
        activation: system.activation(),
        parameters: &parameters,
        batch: problem.batch(),
        weights: &weights,
    };
    let run = || run(system, setting, times, &steps, options, monitor);
    match options.threads {
        None => run(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads.min(options.replicas))
            .build()
            .map_err(|error| {
                Error::invalid("threads", threads, format!("a number the system can start ({error})"))
            })?
            .install(run),
    }
}

/// The replicas' data streams, see [`simulate`].
fn streams(seed: u64) -> impl Iterator<Item = Xoshiro256PlusPlus> {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        generator.jump();
        generator.clone()
    })
}

fn run<S: System + ?Sized>(
    system: &S,
    setting: Setting<'_>,
    times: &[f64],
    steps: &[u64],
    options: &SimulateOptions,
    monitor: &dyn Monitor,
) -> Result<Ensemble, Error> {
    let (parameters, dimension) = (setting.parameters, setting.weights.student.nrows());
    let mut ensemble = Ensemble::empty(
        setting.shape,
        parameters.clone(),
        dimension,
        options.replicas,
        options.keep_replicas,
    );
    let mut replicas: Vec<Direct<'_>> = streams(options.seed)
        .take(options.replicas)
        .map(|generator| Direct::new(setting, generator))
        .collect();
    let watch =
        Watch::new(monitor, steps.last().copied().unwrap_or(0), options.replicas, dimension * setting.batch);

    let mut done = 0;
    for (&time, &step) in times.iter().zip(steps) {
        let rows: Vec<Result<Row, Stop>> = replicas
            .par_iter_mut()
            .map(|replica| {
                advance(replica, done, step, &watch)?;
                let state = replica.state().map_err(|what| Stop::Diverged { step, what })?;
                let risk = system.risk(parameters, &state);
                Ok(Row { state, risk })
            })
            .collect();
        match first_stop(rows) {
            Ok(rows) => ensemble.push(time, step, rows),
            Err((_, Stop::Interrupted)) if ensemble.is_empty() => return Err(Error::Interrupted),
            Err((_, Stop::Interrupted)) => return Ok(ensemble),
            Err((replica, Stop::Diverged { step, what })) => {
                return Err(Error::Diverged {
                    quantity: what.quantity,
                    value: what.value,
                    step,
                    time: step as f64 / dimension as f64,
                    replica: replica + 1,
                    learning_rate: parameters.gamma,
                    partial: Box::new(ensemble),
                });
            }
        }
        done = step;
    }
    monitor.progress(1.0);
    ensemble.complete();
    Ok(ensemble)
}

/// Why a replica did not reach the next output time.
enum Stop {
    Interrupted,
    /// At this step, counted from 1 (0: at the start).
    Diverged {
        step: u64,
        what: NotFinite,
    },
}

/// From `done` steps to `target` steps.
fn advance(replica: &mut Direct<'_>, done: u64, target: u64, watch: &Watch<'_>) -> Result<(), Stop> {
    let mut step = done;
    while step < target {
        if watch.monitor.should_stop() {
            return Err(Stop::Interrupted);
        }
        let chunk = watch.chunk.min(target - step);
        for _ in 0..chunk {
            step += 1;
            replica.step().map_err(|what| Stop::Diverged { step, what })?;
        }
        watch.report(chunk);
    }
    Ok(())
}

/// All rows, or the replica that stopped first and why: interruption before divergence (later replicas may not have
/// come to their own), then the smallest step, then the smallest replica, so that the threads do not matter.
fn first_stop(rows: Vec<Result<Row, Stop>>) -> Result<Vec<Row>, (usize, Stop)> {
    let order = |stop: &Stop| match stop {
        Stop::Interrupted => 0,
        Stop::Diverged { step, .. } => step + 1,
    };
    let mut reached = Vec::with_capacity(rows.len());
    let mut first: Option<(usize, Stop)> = None;
    for (replica, row) in rows.into_iter().enumerate() {
        match row {
            Ok(row) => reached.push(row),
            Err(stop) if first.as_ref().is_none_or(|(_, earlier)| order(&stop) < order(earlier)) => {
                first = Some((replica, stop));
            }
            Err(_) => {}
        }
    }
    first.map_or(Ok(reached), Err)
}

/// Progress over all replicas.
struct Watch<'a> {
    monitor: &'a dyn Monitor,
    done: AtomicU64,
    total: f64,
    /// Steps between two looks at the monitor: about a hundredth of a second.
    chunk: u64,
}

impl<'a> Watch<'a> {
    /// `step_size`: random numbers drawn in a step.
    fn new(monitor: &'a dyn Monitor, last_step: u64, replicas: usize, step_size: usize) -> Self {
        let chunk = (1 << 20) / step_size.max(1) as u64;
        Watch {
            monitor,
            done: AtomicU64::new(0),
            total: last_step as f64 * replicas as f64,
            chunk: chunk.max(1),
        }
    }

    fn report(&self, steps: u64) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        self.monitor.progress((done as f64 / self.total).min(1.0));
    }
}

/// That the weights and inputs of all replicas have room: a dimension mistyped by some zeros is an error, not an abort.
fn check_memory(problem: &Problem, dimension: usize, replicas: usize) -> Result<(), Error> {
    let own = problem.p().checked_add(problem.batch()).and_then(|columns| columns.checked_mul(replicas));
    let numbers = own.and_then(|own| own.checked_add(problem.k())).and_then(|all| all.checked_mul(dimension));
    let fits = |numbers: usize| Vec::<f64>::new().try_reserve_exact(numbers).is_ok();
    if numbers.is_some_and(fits) {
        return Ok(());
    }
    let batch = problem.batch();
    let bound = format!(
        "small enough for the weights and inputs of {replicas} replicas with batch {batch} to fit into memory"
    );
    Err(Error::invalid("dimension", dimension, bound))
}
