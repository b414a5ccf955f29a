//! One point: solved, simulated, recorded.

mod ode;
mod sgd;

use super::Plan;
use super::file::values;
use super::observable::{Observable, Scene};
use super::setup::Setup;
use crate::{Table, describe};
use overlap_runtime::{DynSystem, Error, Monitor, Parameters, Problem, Shape, State, System};
use serde_json::{Value, json};

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
    /// Units of the clock in one unit of t.
    rate: f64,
    observables: Vec<Observable>,
    monitor: &'a dyn Monitor,
}

/// Runs a point. What goes wrong is part of the row, unless it is an interruption.
pub(super) fn run(
    plan: &Plan,
    system: &dyn System,
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

fn attempt(
    plan: &Plan,
    system: &dyn System,
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
    let point = Point { plan, setup: &setup, system, problem: &problem, rate, observables, monitor };
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

/// Whether points of a shape can be run, without making their system.
pub(super) fn check_size(system: &dyn System, shape: Shape) -> Result<(), Error> {
    let most = overlap_runtime::internal::MAX_UNITS;
    for (name, units) in [("k", shape.k), ("p", shape.p)] {
        if !(1..=most).contains(&units) {
            return Err(Error::invalid(name, units, format!("between 1 and {most}")));
        }
    }
    if shape == system.shape() { Ok(()) } else { check_sizeable(system, shape) }
}

/// The system of a point whose k and p are not those of the declared one.
pub(crate) fn sized(system: &dyn System, shape: Shape) -> Result<DynSystem, Error> {
    check_sizeable(system, shape)?;
    DynSystem::new(shape.k, shape.p, system.activation(), shape.trained)
}

/// Whether there are equations of other sizes than the declared one.
fn check_sizeable(system: &dyn System, shape: Shape) -> Result<(), Error> {
    if !system.describes_sgd() {
        let found = format!("k = {}, p = {}", shape.k, shape.p);
        return Err(Error::invalid("shape", found, "the one declared, for the ODE of a regime"));
    }
    let (students, teachers) = (system.activation(), system.teacher_activation());
    if students != teachers {
        let bound =
            format!("the students' \"{students}\" for points of another k or p than {}", system.name());
        return Err(Error::invalid("teacher_activation", teachers, bound));
    }
    if students != overlap_runtime::Activation::Erf {
        return Err(Error::invalid("activation", students.name(), "erf for a system sized at run time"));
    }
    Ok(())
}

/// The values at one time: of every observable, with its standard error where it has one.
type Values = Vec<Option<f64>>;

impl Point<'_> {
    /// In t = steps / d.
    fn time(&self, time: f64) -> f64 {
        time / self.rate
    }

    fn scene<'a>(&'a self, time: f64, state: State<'a>, risk: f64) -> Scene<'a> {
        Scene::new(self.problem, time, state, risk)
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

    /// Adds the time of the end and the values there, and those at the recorded times: `width` values each, none where it was not
    /// reached.
    fn add(
        &self,
        row: &mut Row,
        width: usize,
        end: Option<(f64, Values)>,
        at: impl Fn(f64) -> Option<Values>,
    ) {
        let nothing = || vec![None; width];
        let (time, values) = end.unzip();
        row.values.push(time);
        row.values.extend(values.unwrap_or_else(nothing));
        for &time in &self.plan.record.times {
            row.values.extend(at(time).unwrap_or_else(nothing));
        }
    }

    /// Keeps the trajectory of a process, where one is wanted: the rows of a `table` over `times` that lie at the wanted ones.
    fn keep(
        &self,
        row: &mut Row,
        process: &'static str,
        options: Value,
        times: &[f64],
        table: impl FnOnce(Vec<(&'static str, Value)>) -> Table,
    ) {
        let Some(wanted) = &self.plan.record.trajectories else { return };
        let wanted: Vec<f64> = wanted.iter().map(|&time| self.time(time)).collect();
        let metadata = vec![
            ("system", describe::system(self.system)),
            ("problem", describe::problem(self.problem)),
            ("times", json!(wanted)),
            (process, options),
        ];
        let rows: Vec<usize> = (0..times.len()).filter(|&index| wanted.contains(&times[index])).collect();
        row.trajectories.push((process, table(metadata).select(&rows)));
    }
}
