//! Trajectories, ensembles and comparisons as tables: the columns of their CSV.

use super::{Table, Values};
use crate::{Comparison, ComparisonRow};
use overlap_runtime::{Ensemble, Trajectory};
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

/// The rows of a solved trajectory, columns as its CSV has them.
pub(crate) fn trajectory(found: &Trajectory, metadata: Vec<(&'static str, Value)>) -> Table {
    let mut table = Table::new("solve", metadata);
    push(&mut table, "t", found.times().to_vec());
    push(&mut table, "risk", found.risk().to_vec());
    push(&mut table, "excess_risk", found.excess_risk());
    for (index, name) in found.shape().names().into_iter().enumerate() {
        let values: Vec<f64> = found.states().iter().map(|state| state[index]).collect();
        push(&mut table, &name, values);
    }
    table
}

/// Means and spreads of a simulation, columns as its CSV has them.
pub(crate) fn ensemble(found: &Ensemble, metadata: Vec<(&'static str, Value)>) -> Table {
    let mut table = Table::new("simulate", metadata);
    let names = found.column_names();
    let mut columns = vec![Vec::with_capacity(found.len()); names.len()];
    for row in 0..found.len() {
        columns.iter_mut().zip(found.row(row)).for_each(|(column, value)| column.push(value));
    }
    names.iter().zip(columns).for_each(|(name, values)| push(&mut table, name, values));
    table
}

/// The rows of a comparison, columns as its CSV has them.
pub(crate) fn comparison(found: &Comparison, metadata: Vec<(&'static str, Value)>) -> Table {
    let mut table = Table::new("compare", metadata);
    let numbers = |of: fn(&ComparisonRow) -> f64| found.rows().iter().map(of).collect::<Vec<f64>>();
    let words = |of: fn(&ComparisonRow) -> &String| {
        found.rows().iter().map(|row| of(row).clone()).collect::<Vec<String>>()
    };
    push(&mut table, "t", numbers(|row| row.time));
    push(&mut table, "risk_ode", numbers(|row| row.ode_risk));
    push(&mut table, "risk_sgd", numbers(|row| row.sgd_risk));
    push(&mut table, "risk_std", numbers(|row| row.risk_standard_deviation));
    push(&mut table, "risk_sem", numbers(|row| row.risk_standard_error));
    push(&mut table, "deviation", numbers(|row| row.deviation));
    push(&mut table, "deviating", words(|row| &row.deviating));
    push(&mut table, "deviation_z", numbers(|row| row.deviation_z));
    push(&mut table, "z", numbers(|row| row.z));
    push(&mut table, "z_of", words(|row| &row.z_of));
    table
}

/// A column with its unit.
fn push(table: &mut Table, name: &str, values: impl Into<Values>) {
    table.push(name, unit(name), values);
}

#[cfg(test)]
mod tests {
    use super::super::csv;
    use super::*;
    use overlap_runtime::{
        Activation, DynSystem, Error, Problem, SimulateOptions, SolveOptions, System, simulate, solve,
    };

    /// The columns are those of the CSV read back, names, order and every number, with NaN of single replicas missing.
    #[test]
    fn tables_are_what_the_csv_says() -> Result<(), Error> {
        fn check(table: &Table, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>) -> Result<(), Error> {
            let mut bytes = Vec::new();
            write(&mut bytes)?;
            let mut read = csv::read(&bytes).unwrap();
            for column in &mut read.columns {
                column.unit = unit(&column.name).to_owned();
            }
            assert_eq!(table.columns, read.columns);
            Ok(())
        }
        let system = DynSystem::new(2, 2, Activation::Erf, true)?;
        let problem = Problem::builder(2, 2).build()?;
        let times = [0.0, 0.5, 1.0];
        let ode = solve(&system, &problem, &times, &SolveOptions::default())?;
        check(&trajectory(&ode, Vec::new()), |bytes| ode.write_csv(bytes))?;
        for replicas in [1, 3] {
            let options =
                SimulateOptions::default().dimension(20).replicas(replicas).quantiles(vec![0.1, 0.9]);
            let sgd = simulate(&system as &dyn System, &problem, &times, &options)?;
            check(&ensemble(&sgd, Vec::new()), |bytes| sgd.write_csv(bytes))?;
            let both = Comparison::new(&ode, &sgd)?;
            check(&comparison(&both, Vec::new()), |bytes| both.write_csv(bytes))?;
        }
        Ok(())
    }
}
