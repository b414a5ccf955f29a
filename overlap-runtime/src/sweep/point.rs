//! One point: solved, simulated, recorded.

use super::Plan;
use super::events::EventPlan;
use super::file::values;
use super::observable::{Observable, Scene};
use super::setup::Setup;
use crate::{
    DynSystem, Ensemble, Error, Event, Monitor, Parameters, Problem, Shape, SimulateOptions, State, System,
    Table, Trajectory, describe, log_times, simulate_until, solve_events,
};
use serde_json::json;

/// What a point gives: a value for each column of results, `None` where there is none, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Row {
    pub(super) values: Vec<Option<f64>>,
    pub(super) error: Option<String>,
    /// Trajectories to be written, by process.
    pub(super) trajectories: Vec<(&'static str, Table)>,
}

/// The user asked to stop: the point is not done.
#[derive(Debug)]
pub(super) struct Interrupted;

/// A point at work.
struct Point<'a> {
    plan: &'a Plan,
    setup: &'a Setup,
    system: &'a dyn System,
    problem: &'a Problem,
    parameters: &'a Parameters,
    /// Units of the clock in one unit of t.
    rate: f64,
    observables: Vec<Observable>,
    monitor: &'a dyn Monitor,
}

/// Runs a point. What goes wrong is part of the row, unless it is an interruption.
pub(super) fn run<S: System>(
    plan: &Plan,
    system: &S,
    point: usize,
    monitor: &dyn Monitor,
) -> Result<Row, Interrupted> {
    let mut row = Row::default();
    match attempt(plan, system, point, monitor, &mut row) {
        Ok(()) => Ok(row),
        Err(Error::Interrupted) => Err(Interrupted),
        Err(error) => {
            row.error = Some(error.to_string());
            row.values.resize(plan.columns(system.shape()).len(), None);
            Ok(row)
        }
    }
}

fn attempt<S: System>(
    plan: &Plan,
    system: &S,
    point: usize,
    monitor: &dyn Monitor,
    row: &mut Row,
) -> Result<(), Error> {
    // A file that was read has no faults.
    let setup = Setup::new(values(plan, point), system.shape())
        .map_err(|fault| Error::File { path: "sweep".into(), message: fault.message })?;
    let shape = setup.shape;
    let own;
    let system: &dyn System = if shape == system.shape() {
        system
    } else {
        own = sized(system, shape)?;
        &own
    };
    let problem = setup.problem()?;
    let parameters = Parameters::new(system, &problem)?;
    let rate = plan.record.clock.rate(parameters.gamma, parameters.s, parameters.batch);
    let observables = plan.record.observables(shape);
    let point = Point {
        plan,
        setup: &setup,
        system,
        problem: &problem,
        parameters: &parameters,
        rate,
        observables,
        monitor,
    };
    let mut errors = Vec::new();
    if plan.run.ode {
        errors.extend(point.ode(row)?.map(|error| format!("ODE: {error}")));
    }
    if plan.run.sgd {
        errors.extend(point.sgd(row)?.map(|error| format!("SGD: {error}")));
    }
    row.error = (!errors.is_empty()).then(|| errors.join("; "));
    Ok(())
}

/// The system of a point whose k and p are not those of the declared one.
pub(crate) fn sized(system: &(impl System + ?Sized), shape: Shape) -> Result<DynSystem, Error> {
    let (students, teachers) = (system.activation(), system.teacher_activation());
    if students != teachers {
        let bound =
            format!("the students' \"{students}\" for points of another k or p than {}", system.name());
        return Err(Error::invalid("teacher_activation", teachers, bound));
    }
    DynSystem::new(shape.k, shape.p, students, shape.trained)
}

/// The values at one time: of every observable, with its standard error where it has one.
type Values = Vec<Option<f64>>;

impl Point<'_> {
    /// In t = steps / d.
    fn time(&self, time: f64) -> f64 {
        time / self.rate
    }

    fn scene<'a>(&'a self, time: f64, state: State<'a>, risk: f64) -> Scene<'a> {
        Scene::new(self.problem, self.parameters, time, state, risk)
    }

    fn values(&self, time: f64, state: State<'_>, risk: f64) -> Values {
        let scene = self.scene(time, state, risk);
        self.observables.iter().map(|observable| Some(observable.value(&scene))).collect()
    }

    /// All times that are looked at, increasing; in t.
    fn times(&self, more: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let record = &self.plan.record;
        let mut times: Vec<f64> = [&record.times, record.trajectories.as_ref().unwrap_or(&Vec::new())]
            .into_iter()
            .flatten()
            .copied()
            .chain(more)
            .chain([record.until])
            .map(|time| self.time(time))
            .collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    }

    /// Solves the ODE and adds its values to the row; why it ended early, if it did.
    fn ode(&self, row: &mut Row) -> Result<Option<Error>, Error> {
        let record = &self.plan.record;
        let times = self.times([]);
        let functions: Vec<_> = record
            .events
            .iter()
            .map(|event| event.function(self.system, self.problem, self.parameters, self.rate))
            .collect();
        let mut events: Vec<Event<'_>> = Vec::with_capacity(functions.len());
        for (function, plan) in functions.iter().zip(&record.events) {
            let event = Event::below(&**function);
            events.push(if plan.stop { event } else { event.record() });
        }
        let result = solve_events(self.system, self.problem, &times, &self.plan.solve, &events, self.monitor);
        let (trajectory, crossings, error) = match result {
            Ok((trajectory, crossings)) => (trajectory, crossings, None),
            Err(Error::Solve { reason: crate::SolveFailure::Interrupted { .. }, .. }) => {
                return Err(Error::Interrupted);
            }
            Err(Error::Solve { reason, partial }) => {
                ((*partial).clone(), vec![None; events.len()], Some(Error::Solve { reason, partial }))
            }
            Err(error) => return Err(error),
        };
        let stop = crossings.iter().zip(&record.events).filter(|(_, plan)| plan.stop);
        let stop =
            stop.filter_map(|(crossing, _)| crossing.as_ref()).min_by(|a, b| a.time.total_cmp(&b.time));
        let at = |time: f64| {
            let index = trajectory.times().iter().position(|&found| found == self.time(time))?;
            Some(self.values(trajectory.times()[index], trajectory.state(index)?, trajectory.risk()[index]))
        };
        let (end, last) = match stop {
            Some(crossing) => (
                Some(crossing.time * self.rate),
                Some(self.values(crossing.time, crossing.state(), crossing.risk)),
            ),
            None => {
                let last = at(record.until);
                (last.is_some().then_some(record.until), last)
            }
        };
        row.values.push(end);
        let nothing = || vec![None; self.observables.len()];
        row.values.extend(last.unwrap_or_else(nothing));
        for &time in &record.times {
            row.values.extend(at(time).unwrap_or_else(nothing));
        }
        row.values.extend(crossings.iter().map(|met| met.as_ref().map(|met| met.time * self.rate)));
        if let Some(wanted) = &record.trajectories {
            let wanted: Vec<f64> = wanted.iter().map(|&time| self.time(time)).collect();
            let metadata = vec![
                ("system", describe::system(self.system)),
                ("problem", describe::problem(self.problem)),
                ("times", json!(wanted)),
                ("ode", describe::solve_options(&self.plan.solve)),
            ];
            let chosen = select(&trajectory, &wanted);
            row.trajectories.push(("ode", crate::table::trajectory(&chosen, metadata)));
        }
        Ok(error)
    }

    /// Simulates SGD and adds its values to the row; why it ended early, if it did.
    fn sgd(&self, row: &mut Row) -> Result<Option<Error>, Error> {
        let record = &self.plan.record;
        let watched: Vec<&EventPlan> = record.events.iter().filter(|event| event.in_sgd()).collect();
        let checks = if watched.is_empty() {
            Vec::new()
        } else {
            log_times(1e-4 * record.until, record.until, self.plan.sgd.checks)?
        };
        let zero = (!watched.is_empty()).then_some(0.0);
        let times = self.times(checks.into_iter().chain(zero));
        let options = SimulateOptions::default()
            .dimension(self.setup.dimension)
            .simulator(self.plan.sgd.simulator)
            .replicas(self.plan.sgd.replicas)
            .seed(self.setup.data_seed);
        let functions: Vec<_> = watched
            .iter()
            .map(|event| event.function(self.system, self.problem, self.parameters, self.rate))
            .collect();
        let level = |ensemble: &Ensemble, event: usize, index: usize| {
            let state = ensemble.mean(index)?;
            Some(functions[event](ensemble.times()[index], state, ensemble.risk()[index]))
        };
        let met = |ensemble: &Ensemble, event: usize, index: usize| {
            level(ensemble, event, index).is_some_and(|level| level <= 0.0)
        };
        let stop = |ensemble: &Ensemble| {
            let last = ensemble.len() - 1;
            (0..watched.len()).any(|event| watched[event].stop && met(ensemble, event, last))
        };
        let result = simulate_until(self.system, self.problem, &times, &options, &stop, self.monitor);
        let (ensemble, error) = match result {
            Ok(ensemble) if !ensemble.completed() => return Err(Error::Interrupted),
            Ok(ensemble) => (ensemble, None),
            Err(error) => match &error {
                Error::Diverged { partial, .. } => ((**partial).clone(), Some(error)),
                _ => return Err(error),
            },
        };
        let stopped = !ensemble.is_empty() && error.is_none() && stop(&ensemble);
        let at = |time: f64| {
            let index = times.iter().position(|&found| found == self.time(time))?;
            (index < ensemble.len()).then(|| self.sgd_values(&ensemble, index))
        };
        let (end, last) = if stopped {
            let last = ensemble.len() - 1;
            (Some(ensemble.times()[last] * self.rate), Some(self.sgd_values(&ensemble, last)))
        } else {
            let last = at(record.until);
            (last.is_some().then(|| ensemble.times()[ensemble.len() - 1] * self.rate), last)
        };
        row.values.push(end);
        let errors =
            self.observables.iter().filter(|observable| self.plan.sgd.has_error(**observable)).count();
        let nothing = || vec![None; self.observables.len() + errors];
        row.values.extend(last.unwrap_or_else(nothing));
        for &time in &record.times {
            row.values.extend(at(time).unwrap_or_else(nothing));
        }
        for event in 0..watched.len() {
            let first = (0..ensemble.len()).find(|&index| met(&ensemble, event, index));
            let time = first.map(|index| {
                let time = ensemble.times()[index];
                let before = index
                    .checked_sub(1)
                    .and_then(|before| Some((ensemble.times()[before], level(&ensemble, event, before)?)));
                let after = level(&ensemble, event, index);
                // On the line between the last look before and this one.
                match (before, after) {
                    (Some((t, before)), Some(after)) => t + (time - t) * before / (before - after),
                    _ => time,
                }
            });
            row.values.push(time.map(|time| time * self.rate));
        }
        if let Some(wanted) = &record.trajectories {
            let wanted: Vec<f64> = wanted.iter().map(|&time| self.time(time)).collect();
            let metadata = vec![
                ("system", describe::system(self.system)),
                ("problem", describe::problem(self.problem)),
                ("times", json!(wanted)),
                ("sgd", describe::simulate_options(&options, self.problem)),
            ];
            let table = crate::table::ensemble(&ensemble, metadata);
            let rows: Vec<usize> = times
                .iter()
                .take(ensemble.len())
                .enumerate()
                .filter(|(_, time)| wanted.contains(time))
                .map(|(index, _)| index)
                .collect();
            row.trajectories.push(("sgd", table.select(&rows)));
        }
        Ok(error)
    }

    fn sgd_values(&self, ensemble: &Ensemble, index: usize) -> Values {
        let (Some(mean), Some(error)) = (ensemble.mean(index), ensemble.standard_error(index)) else {
            return Vec::new();
        };
        let (risk, risk_error) = (ensemble.risk()[index], ensemble.risk_standard_error()[index]);
        let scene = self.scene(ensemble.times()[index], mean, risk);
        let mut values = Values::new();
        for observable in &self.observables {
            values.push(Some(observable.value(&scene)));
            if self.plan.sgd.has_error(*observable) {
                let entry = observable.index(mean.shape()).map(|at| error.as_slice()[at]);
                values.push(Some(entry.unwrap_or(match observable {
                    Observable::A(_) => 0.0,
                    _ => risk_error,
                })));
            }
        }
        values
    }
}

/// The rows of a trajectory at some of its times.
fn select(trajectory: &Trajectory, times: &[f64]) -> Trajectory {
    let mut chosen = Trajectory::empty(trajectory.shape(), trajectory.parameters().clone());
    for (index, time) in trajectory.times().iter().enumerate() {
        if times.contains(time) {
            chosen.times.push(*time);
            chosen.states.push(trajectory.states[index].clone());
            chosen.risks.push(trajectory.risks[index]);
            chosen.noises.push(trajectory.noises[index]);
        }
    }
    chosen
}
