//! Advances all replicas from output time to output time, with progress, interruption and checkpoints.

use super::checkpoint::{self, Saver, Visit};
use super::ensemble::{Ensemble, Row};
use super::setting::{Divergence, NotFinite, finite};
use super::unit::{Start, Unit};
use super::{Algorithm, SimulateOptions};
use crate::{Error, Monitor, System};
use rayon::prelude::*;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The output times and their steps, and whether the rows so far are enough.
#[derive(Clone, Copy)]
pub(super) struct Outputs<'a> {
    pub(super) times: &'a [f64],
    pub(super) steps: &'a [u64],
    pub(super) stop: &'a (dyn Fn(&Ensemble) -> bool + Sync),
}

/// A simulation under way.
pub(super) struct Run<'a> {
    system: &'a dyn System,
    start: &'a Start,
    outputs: Outputs<'a>,
    ensemble: Ensemble,
    /// Each with the number of its first replica.
    units: Vec<(usize, Unit<'a>)>,
    watch: Watch<'a>,
    keeper: Option<Keeper<'a>>,
}

/// Where and how often the simulation is saved.
struct Keeper<'a> {
    path: &'a Path,
    identity: String,
    interval: Duration,
    last: Instant,
}

impl<'a> Run<'a> {
    /// At the start, or where the checkpoint is.
    pub(super) fn new(
        system: &'a dyn System,
        start: &'a Start,
        outputs: Outputs<'a>,
        options: &'a SimulateOptions,
        identity: Option<String>,
        monitor: &'a dyn Monitor,
    ) -> Result<Self, Error> {
        let setting = start.setting();
        let mut units = Vec::new();
        let mut first = 0;
        for unit in start.units(options.replicas, options.seed) {
            let count = unit.replicas();
            units.push((first, unit));
            first += count;
        }
        let keeper = options.checkpoint.as_deref().zip(identity).map(|(path, identity)| Keeper {
            path,
            identity,
            interval: options.checkpoint_interval,
            last: Instant::now(),
        });
        let last_step = outputs.steps.last().copied().unwrap_or(0);
        let mut run = Run {
            system,
            start,
            outputs,
            ensemble: Ensemble::empty(
                setting.shape,
                setting.parameters.clone(),
                setting.dimension,
                options.replicas,
                options.extent(),
            )
            .with_training_sets(matches!(options.algorithm, Algorithm::MultiPass { .. })),
            units,
            watch: Watch::new(monitor, last_step, options.replicas, start.chunk()),
            keeper,
        };
        run.restore()?;
        Ok(run)
    }

    /// Continues from a checkpoint if there is one, else makes sure that one can be written.
    fn restore(&mut self) -> Result<(), Error> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        let path = keeper.path;
        let Some(mut restorer) = checkpoint::read(path, &keeper.identity)? else { return self.save() };
        let mut rows = 0;
        restorer.count(&mut rows);
        // Every row has at least its time in the file.
        let damaged =
            || Error::File { path: path.to_owned(), message: "the checkpoint does not fit".to_owned() };
        if rows > self.outputs.times.len().min(restorer.left()) {
            return Err(damaged());
        }
        self.ensemble.prepare(rows);
        self.visit(&mut restorer);
        if !restorer.is_complete() {
            return Err(damaged());
        }
        let done = self.units.iter().map(|(_, unit)| unit.step() * unit.replicas() as u64).sum();
        self.watch.done = AtomicU64::new(done);
        Ok(())
    }

    fn visit(&mut self, visit: &mut dyn Visit) {
        self.ensemble.visit(visit);
        self.units.iter_mut().for_each(|(_, unit)| unit.visit(visit));
    }

    fn save(&mut self) -> Result<(), Error> {
        let mut saver = Saver::default();
        let mut rows = self.ensemble.len();
        saver.count(&mut rows);
        self.visit(&mut saver);
        if let Some(keeper) = &mut self.keeper {
            checkpoint::write(keeper.path, &keeper.identity, &saver)?;
            keeper.last = Instant::now();
        }
        Ok(())
    }

    /// Saves on the way. What cannot be written now may be later, and no result depends on it: the simulation goes on.
    fn save_on_the_way(&mut self) {
        if let Err(error) = self.save() {
            if let Some(keeper) = &mut self.keeper {
                keeper.last = Instant::now();
            }
            self.watch.monitor.warning(&format!("{error}; the simulation goes on and tries again"));
        }
    }

    /// Saves at the end, where a failure hands out the rows.
    fn save_and_return(mut self) -> Result<Ensemble, Error> {
        let saved = if self.keeper.is_some() { self.save() } else { Ok(()) };
        match saved {
            Ok(()) => Ok(self.ensemble),
            Err(error) => Err(Error::Checkpoint { cause: Box::new(error), partial: Box::new(self.ensemble) }),
        }
    }

    /// To the last output time.
    pub(super) fn finish(mut self) -> Result<Ensemble, Error> {
        while let Some(&step) = self.outputs.steps.get(self.ensemble.len()) {
            match self.reach(step) {
                Ok(()) => {
                    if (self.outputs.stop)(&self.ensemble) {
                        break;
                    }
                }
                Err(Stop::Interrupted) => {
                    let ensemble = self.save_and_return()?;
                    return if ensemble.is_empty() { Err(Error::Interrupted) } else { Ok(ensemble) };
                }
                Err(Stop::Diverged(divergence)) => {
                    return Err(self.diverged(
                        divergence.step,
                        divergence.what,
                        Some(divergence.replica + 1),
                    ));
                }
                Err(Stop::Overflowed { step, what }) => return Err(self.diverged(step, what, None)),
            }
        }
        self.watch.monitor.progress(1.0);
        self.ensemble.complete();
        self.save_and_return()
    }

    /// With the rows before it.
    fn diverged(self, step: u64, what: NotFinite, replica: Option<usize>) -> Error {
        let setting = self.start.setting();
        Error::Diverged {
            quantity: what.quantity,
            value: what.value,
            step,
            time: setting.time(step),
            replica,
            learning_rate: setting.parameters.gamma,
            partial: Box::new(self.ensemble),
        }
    }

    /// Advances all replicas to `step` and adds their row.
    fn reach(&mut self, step: u64) -> Result<(), Stop> {
        // Replicas wait for each other at the end of a round only to be saved.
        let round = if self.keeper.is_some() {
            self.watch.chunk * (256 / self.units.len() as u64).max(1)
        } else {
            u64::MAX
        };
        loop {
            let done = self.units.iter().map(|(_, unit)| unit.step()).min().unwrap_or(step);
            if done >= step {
                break;
            }
            let target = (done / round + 1).saturating_mul(round).min(step);
            let watch = &self.watch;
            all(&mut self.units, |unit| advance(unit, target, watch))?;
            if self.keeper.as_ref().is_some_and(|keeper| keeper.last.elapsed() >= keeper.interval) {
                self.save_on_the_way();
            }
        }
        let setting = self.start.setting();
        let (parameters, system) = (setting.parameters_after(step), self.system);
        let rows = all(&mut self.units, |unit| {
            let row = |replica| {
                let stop = |what| Stop::Diverged(Divergence { step, what, replica });
                let state = unit.state(replica).map_err(stop)?;
                let risk = finite("risk", system.risk(&parameters, &state)).map_err(stop)?;
                let training = unit.training_error().map(|error| finite("training_error", error));
                Ok(Row { state, risk, training: training.transpose().map_err(stop)? })
            };
            (0..unit.replicas()).map(row).collect::<Result<Vec<_>, _>>()
        })?;
        let time = self.outputs.times[self.ensemble.len()];
        let rows = rows.into_iter().flatten().collect();
        self.ensemble
            .push_finite(time, setting.start + step, setting.noise_after(step), rows)
            .map_err(|what| Stop::Overflowed { step, what })
    }
}

/// Why a unit did not reach the next output time.
enum Stop {
    Interrupted,
    Diverged(Divergence),
    /// A statistic over the replicas, each of which is finite.
    Overflowed {
        step: u64,
        what: NotFinite,
    },
}

/// Does the same to all units on all threads: the results in order, or why one stopped first: interruption before
/// divergence (later replicas may not have come to their own), then the smallest step, then the smallest replica, so that
/// the threads do not matter.
fn all<'a, T: Send>(
    units: &mut [(usize, Unit<'a>)],
    work: impl Fn(&mut Unit<'a>) -> Result<T, Stop> + Sync,
) -> Result<Vec<T>, Stop> {
    let results: Vec<Result<T, Stop>> = units
        .par_iter_mut()
        .map(|(first, unit)| {
            work(unit).map_err(|stop| match stop {
                Stop::Interrupted | Stop::Overflowed { .. } => stop,
                Stop::Diverged(divergence) => {
                    Stop::Diverged(Divergence { replica: *first + divergence.replica, ..divergence })
                }
            })
        })
        .collect();
    let order = |stop: &Stop| match stop {
        Stop::Interrupted => 0,
        Stop::Diverged(Divergence { step, .. }) | Stop::Overflowed { step, .. } => step + 1,
    };
    let mut reached = Vec::with_capacity(results.len());
    let mut first: Option<Stop> = None;
    for result in results {
        match result {
            Ok(result) => reached.push(result),
            Err(stop) if first.as_ref().is_none_or(|earlier| order(&stop) < order(earlier)) => {
                first = Some(stop);
            }
            Err(_) => {}
        }
    }
    first.map_or(Ok(reached), Err)
}

/// To `target` steps, unless it is there already.
fn advance(unit: &mut Unit<'_>, target: u64, watch: &Watch<'_>) -> Result<(), Stop> {
    while unit.step() < target {
        if watch.monitor.should_stop() {
            return Err(Stop::Interrupted);
        }
        let chunk = watch.chunk.min(target - unit.step());
        unit.advance(chunk).map_err(Stop::Diverged)?;
        watch.report(chunk * unit.replicas() as u64);
    }
    Ok(())
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
