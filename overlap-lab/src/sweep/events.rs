//! Events: "risk below", "plateau left", "steady state".

use super::document::Entry;
use super::observable::{FORMS, Observable, Scene};
use overlap_runtime::{Error, Problem, Shape, State, System, speed};

/// An event of a sweep file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EventPlan {
    /// Name of the column.
    pub(super) name: String,
    pub(super) when: When,
    /// Whether the run ends there.
    pub(super) stop: bool,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum When {
    /// An observable (by name) falls to a value.
    Below(String, f64),
    /// An observable rises to a value.
    Above(String, f64),
    /// The largest |dΩ/dτ| falls to a value, τ the clock of the sweep.
    Steady(f64),
}

/// The function of an event, of t, the state and the risk.
pub(super) type Watched<'a> = Box<dyn Fn(f64, State<'_>, f64) -> f64 + Sync + 'a>;

/// A plateau is left when a student unit prefers one teacher by half.
const SPECIALISED: f64 = 0.5;
const STEADY: f64 = 1e-8;

impl EventPlan {
    /// Whether it is looked for in SGD: noise never lets a run come to rest.
    pub(super) fn in_sgd(&self) -> bool {
        !matches!(self.when, When::Steady(_))
    }

    /// A function that falls to zero where the event happens, or has done so already. `rate` is that of the clock.
    ///
    /// # Errors
    /// Those of [`speed`].
    pub(super) fn function<'a>(
        &'a self,
        system: &'a dyn System,
        problem: &'a Problem,
        rate: f64,
    ) -> Result<Watched<'a>, Error> {
        let observable = |name: &str| {
            Observable::parse(name, system.shape())
                .and_then(|found| found.first().copied())
                .unwrap_or(Observable::Risk)
        };
        let value = move |observable: Observable, time: f64, state: State<'_>, risk: f64| {
            observable.value(&Scene::new(problem, time, state, risk))
        };
        Ok(match &self.when {
            When::Below(name, level) => {
                let (observable, level) = (observable(name), *level);
                Box::new(move |time, state, risk| value(observable, time, state, risk) - level)
            }
            When::Above(name, level) => {
                let (observable, level) = (observable(name), *level);
                Box::new(move |time, state, risk| level - value(observable, time, state, risk))
            }
            When::Steady(level) => {
                let (level, speed) = (*level, speed(system, problem)?);
                Box::new(move |time, state, _| speed(time, state) / rate - level)
            }
        })
    }
}

/// Reads one `[[event]]`; `shapes` are those of all points.
pub(super) fn read(entry: &Entry<'_, '_>, shapes: &[Shape]) -> Option<EventPlan> {
    const WHEN: &str = "\"<observable> below\" or \"<observable> above\" (with value = X), \"plateau left\" or \"steady state\"";
    let section = entry.section()?;
    let when = section.take("when");
    if when.is_none() {
        section.missing("when", WHEN);
    }
    let value = section.take("value");
    let name = section.take("name");
    let stop = section.take("stop").map_or(Some(false), |entry| entry.boolean());
    section.finish(&["when", "value", "name", "stop"]);
    let when_entry = when?;
    let words = when_entry.text(WHEN)?;
    let positive = |default: f64, most: f64| match &value {
        None => Some(default),
        Some(entry) => entry.number("a number greater than 0", |value| value > 0.0 && value < most),
    };
    let observable = |name: &str| {
        let known = |shape: &Shape| Observable::parse(name, *shape).is_some_and(|found| found.len() == 1);
        if shapes.iter().all(known) {
            return Some(name.to_owned());
        }
        when_entry.wrong(format!("an observable that every point has, of the forms {FORMS}"));
        None
    };
    let level = || match &value {
        Some(entry) => entry.number("a finite number", |_| true),
        None => {
            section.missing("value", "the level that is crossed");
            None
        }
    };
    let (when, default_name) = match words.rsplit_once(' ') {
        _ if words == "plateau left" => {
            (When::Above("specialisation".to_owned(), positive(SPECIALISED, 1.0)?), "plateau_left".to_owned())
        }
        _ if words == "steady state" => {
            (When::Steady(positive(STEADY, f64::INFINITY)?), "steady_state".to_owned())
        }
        Some((name, "below")) => {
            let (name, level) = (observable(name)?, level()?);
            let column = format!("{name}_below_{level}");
            (When::Below(name, level), column)
        }
        Some((name, "above")) => {
            let (name, level) = (observable(name)?, level()?);
            let column = format!("{name}_above_{level}");
            (When::Above(name, level), column)
        }
        _ => {
            when_entry.wrong(WHEN);
            return None;
        }
    };
    let name = match name {
        Some(entry) => column_name(&entry)?,
        None => default_name,
    };
    Some(EventPlan { name, when, stop: stop? })
}

/// A name that is fit for a column.
fn column_name(entry: &Entry<'_, '_>) -> Option<String> {
    const ALLOWED: &str = "a name of letters, digits and _";
    let name = entry.text(ALLOWED)?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        entry.wrong(ALLOWED);
        return None;
    }
    Some(name.to_owned())
}
