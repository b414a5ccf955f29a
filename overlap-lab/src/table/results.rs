//! Trajectories, ensembles and comparisons as tables: the columns of their CSV.

use super::{Table, csv};
use crate::{Comparison, Ensemble, Error, Trajectory};
use serde_json::Value;

/// What a column is measured in.
fn unit(name: &str) -> &'static str {
    match name.rsplit_once('_') {
        Some((_, "std")) => return "standard deviation over runs",
        Some((_, "sem")) => return "standard error of the mean",
        Some((_, level)) if level.starts_with('q') => return "quantile over runs",
        _ => {}
    }
    match name {
        "t" => "steps / d",
        "excess_risk" => "E[(y - f)^2] / 2, without noise / 2",
        "training_error" => "mean of (y - f)^2 / 2 over the training set",
        "deviation" => "largest |mean overlap - ODE|",
        "deviation_z" | "z" => "standard errors beyond the allowed bias",
        _ if name.starts_with("risk") => "E[(y - f)^2] / 2, with noise / 2",
        _ if name.starts_with("M_") => "w*_r . w_i / d",
        _ if name.starts_with("Q_") => "w_i . w_j / d",
        _ if name.starts_with("a_") => "second-layer weight",
        _ => "",
    }
}

/// The rows of a solved trajectory.
pub(crate) fn trajectory(found: &Trajectory, metadata: Vec<(&'static str, Value)>) -> Table {
    table("solve", metadata, |bytes| found.write_csv(bytes))
}

/// Means and spreads of a simulation.
pub(crate) fn ensemble(found: &Ensemble, metadata: Vec<(&'static str, Value)>) -> Table {
    table("simulate", metadata, |bytes| found.write_csv(bytes))
}

/// The rows of a comparison.
pub(crate) fn comparison(found: &Comparison, metadata: Vec<(&'static str, Value)>) -> Table {
    table("compare", metadata, |bytes| found.write_csv(bytes))
}

fn table(
    kind: &str,
    metadata: Vec<(&'static str, Value)>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
) -> Table {
    let mut bytes = Vec::new();
    let written = write(&mut bytes).is_ok();
    debug_assert!(written, "memory takes what is written to it");
    let mut table = Table::new(kind, metadata);
    table.columns = csv::read(&bytes).map(|read| read.columns).unwrap_or_default();
    for column in &mut table.columns {
        column.unit = unit(&column.name).to_owned();
    }
    table
}
