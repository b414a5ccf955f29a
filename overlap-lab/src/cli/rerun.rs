//! `rerun`: a result computed again from its own file.

use super::Failure;
use super::commands::Session;
use crate::describe::counted;
use crate::sweep::Sweep;
use crate::table::{self, Format};
use crate::{Comparison, Table, Values};
use overlap_runtime::{
    Algorithm, Error, Method, Precision, Problem, Shape, SimulateOptions, Simulator, SolveOptions, System,
    simulate_monitored, solve_monitored,
};
use serde_json::{Map, Value};
use std::path::Path;

impl Session<'_, '_> {
    pub(super) fn rerun(&mut self, file: &Path, out: Option<&Path>) -> Result<(), Failure> {
        if let Some(out) = out {
            Format::of(out).check(out)?;
            overlap_runtime::check_writable(out)
                .map_err(|error| Failure::Failed(format!("--out {error}")))?;
        }
        let old = Table::read(file)?;
        self.listen();
        let new = self.again(&old).map_err(|error| overlap_runtime::internal::on_path(file, error))?;
        if let Some(out) = out {
            new.save(out)?;
            self.remark(&format!("wrote {}", out.display()));
        }
        let difference = compare(&old, &new);
        match difference {
            None => {
                self.remark(&format!(
                    "the numbers are the same: {} of {}",
                    counted(new.rows(), "row"),
                    counted(new.columns.len(), "column")
                ));
                Ok(())
            }
            Some(difference) => {
                let set = |table: &Table| {
                    table.metadata.get("system").and_then(|system| system.get("instruction_set")).cloned()
                };
                let hint = if set(&old) == set(&new) {
                    ""
                } else {
                    " (the file was written with another instruction set: rounding differs)"
                };
                Err(Failure::Failed(format!("{}: {difference}{hint}", file.display())))
            }
        }
    }

    /// Computes what a table says it is.
    fn again(&self, old: &Table) -> Result<Table, Error> {
        let about = About(&old.metadata);
        let kind = about.text("kind")?;
        let watch = self.watch("rerun", None);
        if kind == "sweep" {
            let sweep = Sweep::parse(about.text("sweep")?, self.system)?;
            return sweep.table(self.system, &watch);
        }
        let (k, p) = (about.whole(&["system", "k"])?, about.whole(&["system", "p"])?);
        let shape = self.system.shape();
        let own;
        let system: &dyn System = if (shape.k, shape.p) == (k, p) {
            self.system
        } else {
            own = crate::sweep::sized(self.system, Shape { k, p, ..shape })?;
            &own
        };
        let problem = Problem::from_json_for(system, &about.value(&["problem"])?.to_string())?;
        let times: Vec<f64> =
            serde_json::from_value(about.value(&["times"])?.clone()).map_err(|_| About::wrong("times"))?;
        let solved = || solve_monitored(system, &problem, &times, &about.solve_options()?, &watch);
        let simulated = || simulate_monitored(system, &problem, &times, &about.simulate_options()?, &watch);
        let new = match kind {
            "solve" => table::trajectory(&solved()?, Vec::new()),
            "simulate" => table::ensemble(&simulated()?, Vec::new()),
            "compare" => table::comparison(&Comparison::new(&solved()?, &simulated()?)?, Vec::new()),
            _ => return Err(About::wrong("kind")),
        };
        let mut metadata = old.metadata.clone();
        if let Some(system) = metadata.get_mut("system") {
            system["instruction_set"] = crate::describe::system(self.system)["instruction_set"].take();
        }
        Ok(Table { metadata, ..new })
    }
}

/// The metadata of a file.
struct About<'a>(&'a Map<String, Value>);

impl About<'_> {
    fn wrong(key: &str) -> Error {
        let message = format!(
            "its metadata has no {key} to compute it again from (sweep tables, .npz and .parquet files have it; \
             CSV files of solve, simulate and compare with --metadata)"
        );
        Error::File { path: "metadata".into(), message }
    }

    fn value(&self, path: &[&str]) -> Result<&Value, Error> {
        let inner = |value: Option<_>, key: &&str| value.and_then(|value: &Value| value.get(key));
        path[1..].iter().fold(self.0.get(path[0]), inner).ok_or_else(|| About::wrong(&path.join(".")))
    }

    fn text(&self, key: &str) -> Result<&str, Error> {
        self.value(&[key])?.as_str().ok_or_else(|| About::wrong(key))
    }

    /// One of the words an option has.
    fn word<T: std::str::FromStr>(&self, path: &[&str]) -> Result<T, Error> {
        let word = self.value(path)?.as_str().and_then(|word| word.parse().ok());
        word.ok_or_else(|| About::wrong(&path.join(".")))
    }

    fn whole(&self, path: &[&str]) -> Result<usize, Error> {
        let whole = self.value(path)?.as_u64().and_then(|whole| usize::try_from(whole).ok());
        whole.ok_or_else(|| About::wrong(&path.join(".")))
    }

    fn number(&self, path: &[&str]) -> Result<f64, Error> {
        self.value(path)?.as_f64().ok_or_else(|| About::wrong(&path.join(".")))
    }

    fn solve_options(&self) -> Result<SolveOptions, Error> {
        let method: Method = self.word(&["ode", "method"])?;
        let options = SolveOptions::default().method(method).rtol(self.number(&["ode", "rtol"])?);
        Ok(options.atol(self.number(&["ode", "atol"])?).max_steps(self.whole(&["ode", "max_steps"])?))
    }

    fn simulate_options(&self) -> Result<SimulateOptions, Error> {
        let simulator: Simulator = self.word(&["sgd", "simulator"])?;
        let algorithm = match self.value(&["sgd", "algorithm"])?.as_str() {
            Some("one_pass") => Algorithm::OnePass,
            Some("multi_pass") => Algorithm::MultiPass { samples: self.whole(&["sgd", "samples"])? },
            Some("population") => Algorithm::Population,
            _ => return Err(About::wrong("sgd.algorithm")),
        };
        let precision: Precision = self.word(&["sgd", "precision"])?;
        let quantiles: Vec<f64> = serde_json::from_value(self.value(&["sgd", "quantiles"])?.clone())
            .map_err(|_| About::wrong("sgd.quantiles"))?;
        let seed = self.value(&["sgd", "seed"])?.as_u64().ok_or_else(|| About::wrong("sgd.seed"))?;
        let options = SimulateOptions::default().simulator(simulator).seed(seed);
        let options = options.algorithm(algorithm).precision(precision).quantiles(quantiles);
        Ok(options.dimension(self.whole(&["sgd", "dimension"])?).replicas(self.whole(&["sgd", "replicas"])?))
    }
}

/// The first thing in which two tables differ.
fn compare(old: &Table, new: &Table) -> Option<String> {
    if old.rows() != new.rows() {
        return Some(format!(
            "it has {}, but computed again there are {}",
            counted(old.rows(), "row"),
            new.rows()
        ));
    }
    let mut worst: Option<(f64, String)> = None;
    for column in &new.columns {
        let name = &column.name;
        let Some(other) = old.column(name) else { return Some(format!("it has no column {name}")) };
        let (was, is) = (other.values.numbers(), column.values.numbers());
        for row in 0..new.rows() {
            if other.values.text(row) == column.values.text(row) {
                continue;
            }
            let wholes = match (&other.values, &column.values) {
                (Values::Counts(was), Values::Counts(is)) => Some((was[row], is[row])),
                _ => None,
            };
            let difference = match (was[row], is[row]) {
                // Whole numbers beyond 2^53 differ though the doubles next to them do not.
                _ if let Some((was, is)) = wholes => was.abs_diff(is) as f64 / was.max(is) as f64,
                (Some(was), Some(is)) => (was - is).abs() / was.abs().max(is.abs()),
                _ => f64::INFINITY,
            };
            if worst.as_ref().is_none_or(|(most, _)| difference > *most) {
                let place = format!(
                    "{name} in row {} was {}, but is {}",
                    row + 1,
                    other.values.text(row),
                    column.values.text(row)
                );
                worst = Some((difference, place));
            }
        }
    }
    worst.map(|(difference, place)| {
        format!("the numbers differ by up to {difference:.1e} (relative): {place}")
    })
}
