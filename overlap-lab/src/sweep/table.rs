//! The table of a sweep: one row a point.

use super::file::values;
use super::point::Row;
use super::record::ResultColumn;
use super::setup::{self, Setup};
use super::{Plan, Sweep, axes};
use crate::{Table, Values, describe};
use overlap_runtime::{Shape, System};
use serde_json::{Value, json};

impl Plan {
    /// The columns of results.
    pub(super) fn columns(&self, system: Shape) -> Vec<ResultColumn> {
        let shape = Setup::new(values(self, 0), system).map_or(system, |setup| setup.shape);
        self.record.columns(self.run, &self.sgd, shape)
    }

    fn uses(&self, name: &str) -> bool {
        self.fixed.contains_key(name)
            || self.axes.iter().any(|axis| axis.names.iter().any(|found| found == name))
    }
}

/// The table of `rows`, one for each point in order.
pub(super) fn table(sweep: &Sweep, system: &dyn System, rows: &[Row], instruction_sets: &[String]) -> Table {
    let plan = &sweep.plan;
    let count = rows.len();
    let mut about = describe::system(system);
    about["instruction_set"] = json!(instruction_sets.join(" "));
    let mut table = Table::new(
        "sweep",
        [
            ("name", json!(plan.name)),
            ("system", about),
            ("sweep", json!(sweep.text)),
            ("fixed", Value::Object(plan.fixed.clone())),
            ("parameters", json!(sweep.parameters())),
        ],
    );
    table.push("point", "", Values::Counts((1..=count as u64).collect()));
    for (index, name) in sweep.parameters().into_iter().enumerate() {
        let values: Vec<&Value> = (0..count).map(|point| axes::at(&plan.axes, point)[index].1).collect();
        table.push(name, setup::unit(name), column(&values));
    }
    let shape = system.shape();
    let setups = |get: fn(&Setup) -> f64| -> Values {
        let value = |point| Setup::new(values(plan, point), shape).ok().map(|setup| get(&setup));
        (0..count).map(value).collect::<Vec<Option<f64>>>().into()
    };
    if plan.uses("kappa") {
        table.push("p_effective", "student units", setups(|setup| setup.shape.p as f64));
    }
    if plan.uses("delta") {
        table.push("learning_rate_effective", "gamma", setups(|setup| setup.learning_rate));
    }
    for (index, ResultColumn { name, unit }) in plan.columns(shape).into_iter().enumerate() {
        let values: Vec<Option<f64>> =
            rows.iter().map(|row| row.values.get(index).copied().flatten()).collect();
        table.push(name, unit, values);
    }
    table.push("error", "", Values::Text(rows.iter().map(|row| row.error.clone()).collect()));
    table
}

/// Parameters as a column: numbers where all of them are.
fn column(values: &[&Value]) -> Values {
    if let Some(whole) = values.iter().map(|value| value.as_u64()).collect() {
        return Values::Counts(whole);
    }
    match values.iter().map(|value| value.as_f64()).collect() {
        Some(numbers) => Values::Numbers(numbers),
        None => Values::Text(
            values
                .iter()
                .map(|value| Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
                .collect(),
        ),
    }
}
