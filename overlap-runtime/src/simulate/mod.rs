//! One-pass stochastic gradient descent: the process whose overlaps the ODE describes in the limit d → ∞.
//!
//! All replicas start from the very overlaps that start the ODE and see independent data. They are advanced together
//! from output time to output time, so that an interrupted simulation keeps rows of all of them. Two simulators follow
//! the same law, [`Simulator::Direct`] with weights in d dimensions and [`Simulator::Reduced`] with the overlaps alone.

mod aligned;
mod direct;
mod ensemble;
mod normals;
mod options;
mod reduced;
mod schedule;
mod setting;
mod unit;
mod units;

pub use ensemble::Ensemble;
pub use options::{SimulateOptions, Simulator};
pub use schedule::whole_steps;

use crate::{Error, Monitor, Parameters, Problem, Silent, System};
pub(crate) use ensemble::Row;
use rayon::prelude::*;
use setting::{Divergence, Setting};
use std::sync::atomic::{AtomicU64, Ordering};
use unit::{Start, Unit};

/// Simulates one-pass SGD in d dimensions for `problem` and records the overlaps and the exact population risk at
/// `times`, each rounded to the nearest step: t = step / d.
///
/// Where not chosen otherwise, the reduced simulator is used for d ≥ k + p and the direct one below, see
/// [`Simulator`].
///
/// Random numbers come from xoshiro256++ seeded with `options.seed`; every replica (or eight that are advanced together)
/// has its own eight streams, which lie 2^128 draws apart and do not overlap, nor does any of them with the one the
/// initial weights were drawn from, whatever its seed if it is the same. The numbers do not depend on the number of
/// threads. The direct simulator holds 8 (p + 2 b) d bytes for each replica.
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
    let setting = Setting::new(system.shape(), system.activation(), parameters, problem, dimension);
    let start = Start::new(options.simulator_for(problem), setting, problem, options.replicas)?;
    let steps = schedule::steps(times, dimension)?;
    let run = || run(system, &start, times, &steps, options, monitor);
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

fn run<S: System + ?Sized>(
    system: &S,
    start: &Start,
    times: &[f64],
    steps: &[u64],
    options: &SimulateOptions,
    monitor: &dyn Monitor,
) -> Result<Ensemble, Error> {
    let setting = start.setting();
    let mut ensemble = Ensemble::empty(
        setting.shape,
        setting.parameters.clone(),
        setting.dimension,
        options.replicas,
        options.keep_replicas,
    );
    // Each with the number of its first replica.
    let mut units = Vec::new();
    let mut first = 0;
    for unit in start.units(options.replicas, options.seed) {
        let count = unit.replicas();
        units.push((first, unit));
        first += count;
    }
    let last_step = steps.last().copied().unwrap_or(0);
    let watch = Watch::new(monitor, last_step, options.replicas, start.chunk());

    let mut done = 0;
    for (&time, &step) in times.iter().zip(steps) {
        let parameters = setting.parameters_after(step);
        let rows: Vec<Result<Vec<Row>, Stop>> = units
            .par_iter_mut()
            .map(|(first, unit)| {
                let at = |divergence: Divergence| {
                    Stop::Diverged(Divergence { replica: *first + divergence.replica, ..divergence })
                };
                advance(unit, done, step, &watch)?.map_err(at)?;
                let row = |replica| {
                    let state = unit.state(replica).map_err(|what| at(Divergence { step, what, replica }))?;
                    let risk = system.risk(&parameters, &state);
                    Ok(Row { state, risk })
                };
                (0..unit.replicas()).map(row).collect()
            })
            .collect();
        match first_stop(rows) {
            Ok(rows) => ensemble.push(time, step, setting.noise_after(step), rows),
            Err(Stop::Interrupted) if ensemble.is_empty() => return Err(Error::Interrupted),
            Err(Stop::Interrupted) => return Ok(ensemble),
            Err(Stop::Diverged(Divergence { step, what, replica })) => {
                return Err(Error::Diverged {
                    quantity: what.quantity,
                    value: what.value,
                    step,
                    time: step as f64 / setting.dimension as f64,
                    replica: replica + 1,
                    learning_rate: setting.parameters.gamma,
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

/// Why a unit did not reach the next output time.
enum Stop {
    Interrupted,
    Diverged(Divergence),
}

/// From `done` steps to `target` steps, unless interrupted.
fn advance(
    unit: &mut Unit<'_>,
    done: u64,
    target: u64,
    watch: &Watch<'_>,
) -> Result<Result<(), Divergence>, Stop> {
    let mut step = done;
    while step < target {
        if watch.monitor.should_stop() {
            return Err(Stop::Interrupted);
        }
        let chunk = watch.chunk.min(target - step);
        if let Err(divergence) = unit.advance(chunk) {
            return Ok(Err(divergence));
        }
        step += chunk;
        watch.report(chunk * unit.replicas() as u64);
    }
    Ok(Ok(()))
}

/// All rows in replica order, or why one stopped first: interruption before divergence (later replicas may not have
/// come to their own), then the smallest step, then the smallest replica, so that the threads do not matter.
fn first_stop(rows: Vec<Result<Vec<Row>, Stop>>) -> Result<Vec<Row>, Stop> {
    let order = |stop: &Stop| match stop {
        Stop::Interrupted => 0,
        Stop::Diverged(divergence) => divergence.step + 1,
    };
    let mut reached = Vec::new();
    let mut first: Option<Stop> = None;
    for rows in rows {
        match rows {
            Ok(rows) => reached.extend(rows),
            Err(stop) if first.as_ref().is_none_or(|earlier| order(&stop) < order(earlier)) => {
                first = Some(stop);
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
    /// Steps between two looks at the monitor.
    chunk: u64,
}

impl<'a> Watch<'a> {
    fn new(monitor: &'a dyn Monitor, last_step: u64, replicas: usize, chunk: u64) -> Self {
        let total = last_step as f64 * replicas as f64;
        Watch { monitor, done: AtomicU64::new(0), total, chunk }
    }

    fn report(&self, steps: u64) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        self.monitor.progress((done as f64 / self.total).min(1.0));
    }
}
