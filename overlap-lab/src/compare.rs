//! Does SGD agree with the ODE? Deviations in units of what chance and finite d allow.

mod concentration;
mod display;
mod power_law;
mod student;
#[cfg(test)]
mod tests;

pub use concentration::{Concentration, ConcentrationPoint};
pub use power_law::PowerLaw;

use overlap_runtime::{Ensemble, Error, Shape, Trajectory};
use std::io::Write;

/// Chance that the verdict is [`Verdict::Differ`] although only chance and the O(1/d) bias are at work.
const FALSE_ALARM: f64 = 0.01;

/// The ODE beside an ensemble of SGD runs, time by time.
///
/// The mean of SGD in d dimensions differs from the ODE by chance, measured by the standard error, and by a bias of
/// order 1/d that no number of replicas removes. A deviation counts by what exceeds the allowed bias B max(1, max|Ω|)/d
/// (B = 1 unless stated), in standard errors: z = max(|mean Ω - Ω̄| - bias, 0) / sem. The largest z of all overlaps and
/// times is held against the two-sided quantile of Student's t with (replicas - 1) degrees of freedom, at a chance of
/// 1 % divided by the number of comparisons (Bonferroni).
///
/// B = 1 is generous where the dynamics forgets its fluctuations (measured: 0.2 for k = 2, p = 3, γ = 3, Δ = 0.05,
/// t ≤ 8) and too small where it amplifies them, as on leaving a plateau from a symmetric start.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    dimension: usize,
    replicas: usize,
    bias: f64,
    comparisons: usize,
    threshold: f64,
    worst: Option<usize>,
    rows: Vec<ComparisonRow>,
}

/// One time of a [`Comparison`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ComparisonRow {
    /// Time t = steps / d.
    pub time: f64,
    /// Risk of the ODE, with Δ/2.
    pub ode_risk: f64,
    /// Mean risk of SGD, with Δ/2.
    pub sgd_risk: f64,
    /// Standard deviation of the risk over the replicas.
    pub risk_standard_deviation: f64,
    /// Standard error of the mean risk.
    pub risk_standard_error: f64,
    /// Largest deviation of a mean overlap from the ODE, max |mean Ω - Ω̄|.
    pub deviation: f64,
    /// The overlap with the largest deviation, e.g. `M_1_2`.
    pub deviating: String,
    /// The z of that overlap.
    pub deviation_z: f64,
    /// Largest z of all overlaps; NaN with a single replica.
    pub z: f64,
    /// The overlap with the largest z.
    pub z_of: String,
}

/// What a [`Comparison`] amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Every deviation is within chance and the allowed bias.
    Agree,
    /// Some deviation is not, at a false-alarm rate of 1 %.
    Differ,
    /// A single replica has no standard error, or there are no rows.
    Undecided,
}

impl Comparison {
    /// Compares with the default bias allowance B = 1.
    ///
    /// # Errors
    /// [`Error::Shape`] if the two have different sizes or numbers of rows (an interrupted simulation may have fewer:
    /// its rows are compared); [`Error::Invalid`] if their times differ
    /// by more than half a step, 1/(2d).
    pub fn new(ode: &Trajectory, sgd: &Ensemble) -> Result<Self, Error> {
        Self::with_bias(ode, sgd, 1.0)
    }

    /// Compares with the bias allowance B max(1, max|Ω|)/d, `bias` = B finite and at least 0.
    ///
    /// # Errors
    /// Those of [`Comparison::new`], and [`Error::Invalid`] for the bias.
    pub fn with_bias(ode: &Trajectory, sgd: &Ensemble, bias: f64) -> Result<Self, Error> {
        overlap_runtime::internal::check_at_least("bias", bias, 0.0, false)?;
        check_alike(ode, sgd)?;
        let (shape, replicas) = (ode.shape(), sgd.replicas());
        let largest = ode.states().iter().flatten().fold(1.0, |most: f64, value| most.max(value.abs()));
        let bias = bias * largest / sgd.dimension() as f64;
        // Rounding of sums over d, where nothing has moved yet.
        let allowance = bias + 1e-12 * largest;
        let rows: Vec<_> = (0..sgd.len()).map(|index| row(ode, sgd, index, allowance)).collect();
        let comparisons = rows.len() * shape.dim();
        let judged = replicas > 1 && comparisons > 0;
        let threshold =
            if judged { student::quantile(FALSE_ALARM / comparisons as f64, replicas - 1) } else { f64::NAN };
        let worst = (0..rows.len()).filter(|_| judged).max_by(|&a, &b| rows[a].z.total_cmp(&rows[b].z));
        Ok(Comparison { dimension: sgd.dimension(), replicas, bias, comparisons, threshold, worst, rows })
    }

    /// The rows, in increasing time.
    pub fn rows(&self) -> &[ComparisonRow] {
        &self.rows
    }

    /// The allowed bias B max(1, max|Ω|)/d of an overlap.
    pub fn bias(&self) -> f64 {
        self.bias
    }

    /// The z that chance exceeds somewhere in 1 % of all comparisons like this one; NaN with a single replica.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The row with the largest z; `None` with a single replica or without rows.
    pub fn worst(&self) -> Option<&ComparisonRow> {
        self.worst.map(|index| &self.rows[index])
    }

    /// Whether SGD and ODE agree.
    pub fn verdict(&self) -> Verdict {
        match self.worst() {
            None => Verdict::Undecided,
            Some(row) if row.z <= self.threshold => Verdict::Agree,
            Some(_) => Verdict::Differ,
        }
    }

    /// Writes CSV, one row per time: `t,risk_ode,risk_sgd,risk_std,risk_sem,deviation,deviating,deviation_z,z,z_of`.
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        self.csv(&mut writer)
    }

    fn csv(&self, writer: &mut dyn Write) -> Result<(), Error> {
        let fail = |error: csv::Error| Error::io("-", "write")(std::io::Error::other(error));
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record([
            "t",
            "risk_ode",
            "risk_sgd",
            "risk_std",
            "risk_sem",
            "deviation",
            "deviating",
            "deviation_z",
            "z",
            "z_of",
        ])
        .map_err(fail)?;
        for row in &self.rows {
            csv.write_record([
                row.time.to_string(),
                row.ode_risk.to_string(),
                row.sgd_risk.to_string(),
                row.risk_standard_deviation.to_string(),
                row.risk_standard_error.to_string(),
                row.deviation.to_string(),
                row.deviating.clone(),
                row.deviation_z.to_string(),
                row.z.to_string(),
                row.z_of.clone(),
            ])
            .map_err(fail)?;
        }
        csv.flush().map_err(Error::io("-", "write"))
    }
}

fn check_alike(ode: &Trajectory, sgd: &Ensemble) -> Result<(), Error> {
    let words = |Shape { k, p, trained }: Shape, rows: usize| {
        format!("k = {k}, p = {p}, {} second layer, {rows} rows", if trained { "trained" } else { "fixed" })
    };
    let rows_agree = ode.len() == sgd.len() || (!sgd.completed() && sgd.len() < ode.len());
    if ode.shape() != sgd.shape() || !rows_agree {
        return Err(Error::Shape {
            quantity: "the ODE trajectory".to_owned(),
            found: words(ode.shape(), ode.len()),
            expected: format!("that of the simulation: {}", words(sgd.shape(), sgd.len())),
        });
    }
    // Half a step, with room for the rounding of t d.
    let half_step = 0.5 / sgd.dimension() as f64;
    for (index, (&ode, &sgd)) in ode.times().iter().zip(sgd.times()).enumerate() {
        if (ode - sgd).abs() > half_step + 1e-12 * sgd {
            let bound = format!("within 1/(2d) = {half_step} of the simulation's {sgd}");
            return Err(Error::invalid(format!("output time {}", index + 1), ode, bound));
        }
    }
    Ok(())
}

fn row(ode: &Trajectory, sgd: &Ensemble, index: usize, allowance: f64) -> ComparisonRow {
    let names = ode.shape().names();
    let moments = |state: Option<overlap_runtime::State<'_>>| {
        state.map(|state| state.as_slice().to_vec()).unwrap_or_default()
    };
    let (mean, error) = (moments(sgd.mean(index)), moments(sgd.standard_error(index)));
    let deviations: Vec<f64> =
        mean.iter().zip(&ode.states()[index]).map(|(mean, ode)| (mean - ode).abs()).collect();
    let z: Vec<f64> = deviations
        .iter()
        .zip(&error)
        .map(|(deviation, error)| {
            let excess = (deviation - allowance).max(0.0);
            // Before the first step nothing deviates and the standard error is 0.
            if excess == 0.0 && *error == 0.0 { 0.0 } else { excess / error }
        })
        .collect();
    let largest =
        |values: &[f64]| (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0);
    let (deviating, z_of) = (largest(&deviations), largest(&z));
    ComparisonRow {
        time: sgd.times()[index],
        ode_risk: ode.risk()[index],
        sgd_risk: sgd.risk()[index],
        risk_standard_deviation: sgd.risk_standard_deviation()[index],
        risk_standard_error: sgd.risk_standard_error()[index],
        deviation: deviations[deviating],
        deviating: names[deviating].clone(),
        deviation_z: z[deviating],
        z: z[z_of],
        z_of: names[z_of].clone(),
    }
}
