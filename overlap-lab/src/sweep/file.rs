//! A sweep file, read and checked whole.

use super::axes::{self, Axis, MOST_POINTS};
use super::document::{Document, Entry, Section};
use super::events::{self, EventPlan};
use super::observable::{FORMS, Observable};
use super::record::{CLOCKS, Clock, Record};
use super::setup::{self, Fault, Setup};
use super::{Plan, Processes, Sgd, point};
use overlap_runtime::internal::{INITIAL, SCHEDULE};
use overlap_runtime::{Activation, Method, Schedule, Shape, Simulator, SolveOptions, System, log_times};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of the values of every parameter: one for each value of an axis, or one.
type Lines = BTreeMap<String, Vec<usize>>;

/// Mistakes about single points are told for so many of them.
const MOST_FAULTS: usize = 8;

/// The plan, or every mistake.
pub(super) fn read(text: &str, system: &dyn System) -> Result<Plan, String> {
    let document = Document::new(text);
    let parsed = document.parse();
    let plan = parsed.as_ref().and_then(|table| {
        let file = Section::new(&document, "", 0..0, table.get_ref());
        plan(&document, &file, system)
    });
    match (document.report(), plan) {
        (None, Some(plan)) => Ok(plan),
        (report, _) => Err(report.unwrap_or_else(|| "it states no sweep".to_owned())),
    }
}

fn plan(document: &Document<'_>, file: &Section<'_, '_>, system: &dyn System) -> Option<Plan> {
    let name = file.take("name").map(|entry| entry.text("text").map(str::to_owned));
    let run = match file.take("run") {
        None => Some(Processes { ode: true, sgd: false }),
        Some(entry) => entry.word(&[
            ("ode", Processes { ode: true, sgd: false }),
            ("sgd", Processes { ode: false, sgd: true }),
            ("both", Processes { ode: true, sgd: true }),
        ]),
    };
    let mut lines = Lines::new();
    let fixed = file.take("problem").map_or(Some(Map::new()), |entry| problem(&entry, &mut lines));
    let list = file.take("list").and_then(|entry| columns(&entry, &mut lines));
    let grid = file.take("grid").map_or(Some(Vec::new()), |entry| grid(&entry, &mut lines));
    let solve = file.take("ode").map_or(Some(SolveOptions::default()), |entry| solve_options(&entry));
    let sgd_default = Sgd { replicas: 1, simulator: Simulator::Auto, checks: 200 };
    let sgd = file.take("sgd").map_or(Some(sgd_default.clone()), |entry| sgd_options(&entry, sgd_default));
    let record_section = match file.take("record") {
        Some(entry) => entry.section(),
        None => {
            document.mistake(1, "[record] is missing: it says until when to run and what to record");
            None
        }
    };
    let record = record_section.as_ref().and_then(|section| record(section, &mut lines));
    let event_entry = file.take("event");
    file.finish(&["name", "run", "problem", "grid", "list", "record", "event", "ode", "sgd"]);

    let (fixed, run, sgd) = (fixed?, run?, sgd?);
    for (key, own) in
        [("activation", system.activation()), ("teacher_activation", system.teacher_activation())]
    {
        let Some(value) = fixed.get(key) else { continue };
        if value.as_str().and_then(|name| name.parse::<Activation>().ok()) != Some(own) {
            let line = lines.get(key).map_or(1, |lines| lines[0]);
            document
                .mistake(line, format!("problem.{key} = {value}, but {} has {key} \"{own}\"", system.name()));
        }
    }
    let axes: Vec<Axis> = list.into_iter().chain(grid?).collect();
    let mut seen = BTreeSet::new();
    for name in fixed.keys().chain(axes.iter().flat_map(|axis| &axis.names)) {
        if !seen.insert(name) {
            let line = lines.get(name).map_or(1, |lines| lines[0]);
            document.mistake(
                line,
                format!("{name} is given twice: once in [problem], [list] or [grid] is allowed"),
            );
        }
    }
    if axes::count(&axes).is_none_or(|count| count > MOST_POINTS) {
        document.mistake(1, format!("the grid has more points than the {MOST_POINTS} that are allowed"));
    }
    if !document.is_sound() {
        return None;
    }
    let mut plan = Plan { name: name.flatten(), run, fixed, axes, record: record?, solve: solve?, sgd };
    if let Err(error) = overlap_runtime::internal::threads() {
        document.mistake(1, error.to_string());
        return None;
    }
    // What costs nothing first: keys and sizes, then the problem of every point.
    let shapes = each_point(document, &plan, &lines, |point| {
        let setup = Setup::new(values(&plan, point), system.shape())?;
        point::check_size(system, setup.shape)
            .map_err(|error| Fault { key: blamed(&error), message: error.to_string() })?;
        Ok(setup.shape)
    });
    if document.is_sound() {
        let line = lines.get("record.observables").map_or(1, |lines| lines[0]);
        check_observables(document, line, &plan.record.observables, &shapes);
    }
    if let Some(entry) = event_entry {
        plan.record.events = read_events(&entry, &shapes).unwrap_or_default();
    }
    if document.is_sound() {
        check_points(document, &plan, &lines, system);
    }
    document.is_sound().then_some(plan)
}

/// `[problem]`: parameters that are the same everywhere.
fn problem(entry: &Entry<'_, '_>, lines: &mut Lines) -> Option<Map<String, Value>> {
    let mut fixed = Map::new();
    for entry in entry.section()?.rest() {
        if !known(&entry) {
            continue;
        }
        if fields_of(&entry.key).is_some_and(|fields| !check_fields(&entry, fields)) {
            continue;
        }
        if let Some(value) = checked(&entry, entry.json()) {
            lines.insert(entry.key.clone(), vec![entry.line]);
            fixed.insert(entry.key.clone(), value);
        }
    }
    Some(fixed)
}

/// Whether a key names a parameter.
fn known(entry: &Entry<'_, '_>) -> bool {
    let parameters = setup::parameters();
    if parameters.contains(&entry.key.as_str()) {
        return true;
    }
    match setup::ALIASES.iter().find(|(alias, _)| *alias == entry.key) {
        Some((_, name)) => entry.mistake(format!("unknown key {}: did you mean {name}?", entry.name)),
        None => entry.unknown(&parameters),
    }
    false
}

/// The fields of parameters that are tables.
fn fields_of(parameter: &str) -> Option<&'static [&'static str]> {
    match parameter {
        "initial" => Some(&INITIAL),
        "learning_rate_schedule" | "noise_schedule" => Some(&SCHEDULE),
        _ => None,
    }
}

fn check_fields(entry: &Entry<'_, '_>, fields: &[&str]) -> bool {
    let Some(section) = entry.section() else { return false };
    let entries = section.rest();
    let wrong = entries.iter().filter(|entry| !fields.contains(&entry.key.as_str()));
    wrong.map(|entry| entry.unknown(fields)).count() == 0
}

/// A value of the right kind, as far as the parameter alone tells.
fn checked(entry: &Entry<'_, '_>, value: Option<Value>) -> Option<Value> {
    let value = value?;
    let number = ["learning_rate", "second_layer_rate", "noise", "variance", "alignment", "kappa", "delta"];
    if setup::is_whole(&entry.key) && !value.is_u64() {
        entry.wrong("a whole number of at least 0");
        return None;
    }
    if let Some(fields) = fields_of(&entry.key)
        && !value.as_object().is_some_and(|table| table.keys().all(|key| fields.contains(&key.as_str())))
    {
        entry.wrong(format!("tables with {}", fields.join(", ")));
        return None;
    }
    if number.contains(&entry.key.as_str()) && !value.is_number() {
        entry.wrong("a number");
        return None;
    }
    Some(value)
}

/// `[list]`: parameters that vary together.
fn columns(entry: &Entry<'_, '_>, lines: &mut Lines) -> Option<Axis> {
    let mut axis = Axis { names: Vec::new(), values: Vec::new() };
    for entry in entry.section()?.rest() {
        let Some(values) = axis_values(&entry, lines) else { continue };
        if axis.values.first().is_some_and(|first| first.len() != values.len()) {
            let expected = axis.values[0].len();
            entry.mistake(format!(
                "{} has {} values, but it must have {expected} as {} (lists of [list] go together)",
                entry.name,
                values.len(),
                axis.names[0]
            ));
            continue;
        }
        axis.names.push(entry.key.clone());
        axis.values.push(values);
    }
    (!axis.names.is_empty()).then_some(axis)
}

/// `[grid]`: all combinations.
fn grid(entry: &Entry<'_, '_>, lines: &mut Lines) -> Option<Vec<Axis>> {
    let axis = |entry: Entry<'_, '_>| {
        let values = axis_values(&entry, lines)?;
        Some(Axis { names: vec![entry.key.clone()], values: vec![values] })
    };
    Some(entry.section()?.rest().into_iter().filter_map(axis).collect())
}

fn axis_values(entry: &Entry<'_, '_>, lines: &mut Lines) -> Option<Vec<Value>> {
    if !known(entry) {
        return None;
    }
    if entry.key.ends_with("activation") {
        entry.mistake(format!("{} belongs to the declared system: it cannot vary", entry.key));
        return None;
    }
    let found = axes::values(entry, setup::is_whole(&entry.key))?;
    let mut values = Vec::with_capacity(found.len());
    for (value, _) in &found {
        values.push(checked(entry, Some(value.clone()))?);
    }
    lines.insert(entry.key.clone(), found.into_iter().map(|(_, line)| line).collect());
    Some(values)
}

fn solve_options(entry: &Entry<'_, '_>) -> Option<SolveOptions> {
    let section = entry.section()?;
    let mut options = SolveOptions::default();
    let smallest = SolveOptions::SMALLEST_RTOL;
    if let Some(entry) = section.take("rtol") {
        options.rtol = entry.number("at least 1e-14 and less than 1", |x| (smallest..1.0).contains(&x))?;
    }
    if let Some(entry) = section.take("atol") {
        options.atol = entry.number("a number of at least 0", |x| x >= 0.0)?;
    }
    if let Some(entry) = section.take("max_steps") {
        options.max_steps = entry.whole(1)? as usize;
    }
    if let Some(entry) = section.take("method") {
        options.method =
            entry.word(&Method::ALL.iter().map(|&method| (method.name(), method)).collect::<Vec<_>>())?;
    }
    section.finish(&["rtol", "atol", "max_steps", "method"]);
    Some(options)
}

fn sgd_options(entry: &Entry<'_, '_>, mut sgd: Sgd) -> Option<Sgd> {
    let section = entry.section()?;
    if let Some(entry) = section.take("replicas") {
        sgd.replicas = entry.whole(1)? as usize;
    }
    if let Some(entry) = section.take("checks") {
        sgd.checks = entry.whole(2)? as usize;
    }
    if let Some(entry) = section.take("simulator") {
        let words: Vec<_> = Simulator::ALL.iter().map(|&simulator| (simulator.name(), simulator)).collect();
        sgd.simulator = entry.word(&words)?;
    }
    section.finish(&["replicas", "checks", "simulator"]);
    Some(sgd)
}

fn record(section: &Section<'_, '_>, lines: &mut Lines) -> Option<Record> {
    let until = match section.take("until") {
        Some(entry) => {
            lines.insert("record.until".to_owned(), vec![entry.line]);
            entry.number("a number greater than 0", |until| until > 0.0)
        }
        None => {
            section.missing("until", "the time at which every point ends");
            None
        }
    };
    let most = until.unwrap_or(f64::INFINITY);
    let times = section.take("times").map_or(Some(Vec::new()), |entry| time_list(&entry, most));
    let trajectories = match section.take("trajectories") {
        None => Some(None),
        Some(entry) if entry.is_boolean() => entry
            .boolean()
            .map(|wanted| if wanted { until.and_then(|until| spread(until, 200)) } else { None }),
        Some(entry) if entry.is_list() || entry.is_table() => time_list(&entry, most).map(Some),
        Some(entry) => match entry.whole(2) {
            Some(points) if points > MOST_POINTS as u64 => {
                entry.wrong(format!("at most {MOST_POINTS} points"));
                None
            }
            points => points.map(|points| until.and_then(|until| spread(until, points as usize))),
        },
    };
    let observables = match section.take("observables") {
        None => Some(vec!["risk".to_owned(), "excess_risk".to_owned()]),
        Some(entry) => entry.list("a list of names of observables").and_then(|entries| {
            lines.insert("record.observables".to_owned(), vec![entry.line]);
            let names =
                entries.iter().map(|entry| entry.text("the name of an observable").map(str::to_owned));
            let names: Vec<String> = names.collect::<Option<_>>()?;
            let distinct: BTreeSet<_> = names.iter().collect();
            if names.is_empty() || distinct.len() < names.len() {
                entry.wrong("a list of one observable or more, each once");
                return None;
            }
            Some(names)
        }),
    };
    let clock = section.take("clock").map_or(Some(Clock::Steps), |entry| entry.word(&CLOCKS));
    section.finish(&["until", "times", "observables", "clock", "trajectories"]);
    Some(Record {
        until: until?,
        times: times?,
        observables: observables?,
        clock: clock?,
        trajectories: trajectories?,
        events: Vec::new(),
    })
}

fn spread(until: f64, points: usize) -> Option<Vec<f64>> {
    log_times(1e-4 * until, until, points).ok()
}

/// Increasing times of at least 0 and at most `most`, as a list or a range.
fn time_list(entry: &Entry<'_, '_>, most: f64) -> Option<Vec<f64>> {
    let allowed = "increasing times of at least 0 and at most record.until, as a list or a range";
    let times: Vec<f64> = if entry.is_table() {
        axes::range(entry)?
    } else {
        let entries = entry.list(allowed)?;
        entries.iter().map(|entry| entry.number("a finite number", |_| true)).collect::<Option<_>>()?
    };
    let sound = times.windows(2).all(|pair| pair[0] < pair[1])
        && times.iter().all(|&time| (0.0..=most).contains(&time))
        && !times.is_empty();
    if !sound {
        entry.wrong(allowed);
    }
    sound.then_some(times)
}

fn read_events(entry: &Entry<'_, '_>, shapes: &[Shape]) -> Option<Vec<EventPlan>> {
    let entries = entry.list("a list of tables, written [[event]]")?;
    let plans: Vec<EventPlan> =
        entries.iter().map(|entry| events::read(entry, shapes)).collect::<Option<_>>()?;
    let distinct: BTreeSet<_> = plans.iter().map(|plan| &plan.name).collect();
    let taken = |plan: &&EventPlan| plan.name == "t_end" || FORMS.split(", ").any(|form| form == plan.name);
    if distinct.len() < plans.len() || plans.iter().any(|plan| taken(&plan)) {
        entry.mistake("every [[event]] must have a name of its own, which is no observable's and not t_end");
        return None;
    }
    Some(plans)
}

/// The observables must exist at every point, and groups of them have the same size.
fn check_observables(document: &Document<'_>, line: usize, names: &[String], shapes: &[Shape]) {
    for name in names {
        if shapes.iter().any(|shape| Observable::parse(name, *shape).is_none()) {
            let allowed = format!("one that every point has, of the forms {FORMS}");
            document.mistake(line, format!("record.observables: {name:?} must be {allowed}"));
        } else if shapes.len() > 1 && ["M", "Q", "a"].contains(&name.as_str()) {
            let message =
                format!("record.observables: {name:?} has as many entries as k and p say, but they vary");
            document.mistake(line, message);
        }
    }
}

/// The parameter that a size is the fault of.
fn blamed(error: &overlap_runtime::Error) -> Option<String> {
    match error {
        overlap_runtime::Error::Invalid { quantity, .. } if quantity == "k" => Some("k".to_owned()),
        _ => Some("p".to_owned()),
    }
}

/// Checks the problem of every point.
fn check_points(document: &Document<'_>, plan: &Plan, lines: &Lines, system: &dyn System) {
    each_point(document, plan, lines, |point| {
        let setup = Setup::new(values(plan, point), system.shape())?;
        let simulator = plan.run.sgd.then_some(plan.sgd.simulator);
        let problem = setup.check(simulator, plan.record.until)?;
        let rate =
            plan.record.clock.rate(setup.learning_rate, problem.student_scale(), problem.batch() as f64);
        if plan.record.clock != Clock::Steps && *problem.learning_rate_schedule() != Schedule::Constant {
            let message =
                "record.clock must be \"steps\" where the learning rate follows a schedule".to_owned();
            return Err(Fault { key: Some("learning_rate_schedule".to_owned()), message });
        }
        if rate <= 0.0 {
            let message =
                "record.clock is a multiple of learning_rate, which must be greater than 0".to_owned();
            return Err(Fault { key: Some("learning_rate".to_owned()), message });
        }
        Ok(setup.shape)
    });
}

/// Looks at every point, telling what is wrong; their different shapes.
fn each_point(
    document: &Document<'_>,
    plan: &Plan,
    lines: &Lines,
    look: impl Fn(usize) -> Result<Shape, Fault> + Sync,
) -> Vec<Shape> {
    let count = axes::count(&plan.axes).unwrap_or(0);
    let check = |point: usize| look(point).map_err(|fault| (point, fault));
    let first = check(0);
    // Of many points with the shape of the first there is nothing to keep.
    let news: Vec<_> = (1..count).into_par_iter().map(check).filter(|result| *result != first).collect();
    let mut shapes: Vec<Shape> = Vec::new();
    let mut told = BTreeSet::new();
    for result in std::iter::once(first).chain(news) {
        match result {
            Ok(shape) if !shapes.contains(&shape) => shapes.push(shape),
            Ok(_) => {}
            Err((point, Fault { key, message })) => {
                let line = key.as_ref().and_then(|key| {
                    // A parameter of an axis is at fault with the value of its row.
                    let axis = plan.axes.iter().rposition(|axis| axis.names.contains(key));
                    let row = axis.map_or(0, |axis| {
                        let below: usize = plan.axes[axis + 1..].iter().map(Axis::len).product();
                        point / below % plan.axes[axis].len()
                    });
                    lines.get(key).and_then(|lines| lines.get(row)).copied()
                });
                if told.len() < MOST_FAULTS && told.insert((line, message.clone())) {
                    let place =
                        if plan.axes.is_empty() { String::new() } else { format!(" (point {})", point + 1) };
                    document.mistake(line.unwrap_or(1), format!("{message}{place}"));
                }
            }
        }
    }
    shapes
}

/// All parameters at a point.
pub(super) fn values(plan: &Plan, point: usize) -> Map<String, Value> {
    let mut values = plan.fixed.clone();
    for (name, value) in axes::at(&plan.axes, point) {
        values.insert(name.to_owned(), json!(value));
    }
    values
}
