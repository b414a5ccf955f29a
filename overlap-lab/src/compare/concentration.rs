//! How fast SGD concentrates on the ODE as d grows.

use super::PowerLaw;
use overlap_runtime::internal::check_at_least;
use overlap_runtime::{Ensemble, Error, Trajectory};
use std::io::Write;

/// The exponent β of E max|Ω - Ω̄| ∝ d^β over dimensions d, the maximum being over all overlaps and output times of a
/// replica; β = -½ where Saad and Solla's limit holds with t = steps / d.
///
/// A straight line is fitted to the logarithms, each dimension weighted by the inverse variance of its mean over the
/// replicas.
#[derive(Debug, Clone, PartialEq)]
pub struct Concentration {
    points: Vec<ConcentrationPoint>,
    law: PowerLaw,
}

/// One dimension of a [`Concentration`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ConcentrationPoint {
    /// Input dimension d.
    pub dimension: usize,
    /// Mean over the replicas of max|Ω - Ω̄|.
    pub deviation: f64,
    /// Standard error of that mean.
    pub standard_error: f64,
}

impl Concentration {
    /// From simulations in different dimensions, each with at least 2 kept replicas, beside one solution of the ODE.
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer than two dimensions, fewer than two kept replicas, or replicas that do not deviate;
    /// those of [`Comparison::new`](super::Comparison::new).
    pub fn new(ode: &Trajectory, simulations: &[Ensemble]) -> Result<Self, Error> {
        let mut points = Vec::with_capacity(simulations.len());
        for sgd in simulations {
            super::check_alike(ode, sgd)?;
            points.push(point(ode, sgd)?);
        }
        points.sort_by_key(|point: &ConcentrationPoint| point.dimension);
        points.dedup_by_key(|point| point.dimension);
        if points.len() < 2 {
            return Err(Error::invalid(
                "the number of dimensions",
                points.len(),
                "at least 2 for an exponent",
            ));
        }
        let logs: Vec<_> =
            points.iter().map(|at| (at.dimension as f64, at.deviation, at.standard_error)).collect();
        Ok(Concentration { law: PowerLaw::weighted(&logs)?, points })
    }

    /// The dimensions, in increasing order.
    pub fn points(&self) -> &[ConcentrationPoint] {
        &self.points
    }

    /// The exponent β.
    pub fn exponent(&self) -> f64 {
        self.law.exponent()
    }

    /// Its standard error.
    pub fn standard_error(&self) -> f64 {
        self.law.standard_error()
    }

    /// The fitted mean of max|Ω - Ω̄| in dimension d.
    pub fn fit(&self, dimension: f64) -> f64 {
        self.law.at(dimension)
    }

    /// Writes CSV, one row per dimension: `d,deviation,sem,fit`.
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        self.csv(&mut writer)
    }

    fn csv(&self, writer: &mut dyn Write) -> Result<(), Error> {
        let fail = |error: csv::Error| Error::io("-", "write")(std::io::Error::other(error));
        let mut csv = csv::Writer::from_writer(writer);
        csv.write_record(["d", "deviation", "sem", "fit"]).map_err(fail)?;
        for point in &self.points {
            let numbers = [point.deviation, point.standard_error, self.fit(point.dimension as f64)];
            let numbers = numbers.into_iter().map(|number| number.to_string());
            csv.write_record([point.dimension.to_string()].into_iter().chain(numbers)).map_err(fail)?;
        }
        csv.flush().map_err(Error::io("-", "write"))
    }

    /// Its 95 % confidence interval.
    pub fn interval(&self) -> (f64, f64) {
        self.law.interval()
    }
}

impl std::fmt::Display for Concentration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:>12}  {:>12}  {:>10}", "d", "E max |ΔΩ|", "sem")?;
        for point in &self.points {
            writeln!(
                f,
                "{:>12}  {:>12.4e}  {:>10.1e}",
                point.dimension, point.deviation, point.standard_error
            )?;
        }
        let (low, high) = self.interval();
        write!(f, "E max |ΔΩ| ~ d^({:.3}), 95 % confidence interval {low:.3} to {high:.3}", self.exponent())
    }
}

fn point(ode: &Trajectory, sgd: &Ensemble) -> Result<ConcentrationPoint, Error> {
    let largest: Vec<f64> = (0..sgd.replicas())
        .filter_map(|replica| sgd.replica(replica))
        .map(|replica| {
            let rows = replica.states().iter().zip(ode.states());
            rows.flat_map(|(sgd, ode)| sgd.iter().zip(ode))
                .map(|(sgd, ode)| (sgd - ode).abs())
                .fold(0.0, f64::max)
        })
        .collect();
    let dimension = sgd.dimension();
    if largest.len() < 2 {
        let name = format!("kept replicas at d = {dimension}");
        return Err(Error::invalid(name, largest.len(), "at least 2 (SimulateOptions::keep_replicas)"));
    }
    let count = largest.len() as f64;
    let deviation = largest.iter().sum::<f64>() / count;
    let variance = largest.iter().map(|value| (value - deviation).powi(2)).sum::<f64>() / (count - 1.0);
    let standard_error = (variance / count).sqrt();
    check_at_least(&format!("the spread of the deviations at d = {dimension}"), standard_error, 0.0, true)?;
    Ok(ConcentrationPoint { dimension, deviation, standard_error })
}
