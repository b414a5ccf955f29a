//! Averages over late times: what runs at rest fluctuate around.

use super::Ensemble;
use super::statistics::{Extent, Moments};
use crate::Error;

impl Ensemble {
    /// The excess risk of SGD at rest with its standard error: R - Δ/2 averaged over the rows at t ≥ `from` in every
    /// replica, and then over the replicas. Their scatter gives the error, so that it does not matter how long a run
    /// remembers its past.
    ///
    /// ```
    /// use overlap::{Activation, DynSystem, Initial, Problem, SimulateOptions, linear_times, simulate};
    /// let system = DynSystem::new(1, 1, Activation::Erf, false)?;
    /// let problem = Problem::builder(1, 1).noise(1e-2).initial(Initial::informed(1.0)).build()?;
    /// let options = SimulateOptions::default().dimension(100).replicas(8).keep_replicas(true);
    /// let sgd = simulate(&system, &problem, &linear_times(0.0, 100.0, 51)?, &options)?;
    /// let (floor, error) = sgd.steady_excess_risk(40.0)?;
    /// // The ODE comes to rest at 0.1219 γ Δ.
    /// assert!((floor - 1.219e-3).abs() < 5.0 * error);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] for fewer than two kept replicas ([`SimulateOptions::keep_replicas`](crate::SimulateOptions)), and where
    /// no row is as late or the average overflows.
    pub fn steady_excess_risk(&self, from: f64) -> Result<(f64, f64), Error> {
        let late = self.times().iter().filter(|time| **time >= from).count();
        if late == 0 {
            let last = self.times().last().copied().unwrap_or(0.0);
            return Err(Error::invalid(
                "the time an average begins",
                from,
                format!("at most {last}, the last row"),
            ));
        }
        let runs: Vec<Vec<f64>> = (0..self.replicas())
            .filter_map(|replica| self.replica(replica))
            .map(|run| vec![run.excess_risk().iter().rev().take(late).sum::<f64>() / late as f64])
            .collect();
        if runs.len() < 2 {
            return Err(Error::invalid(
                "kept replicas",
                runs.len(),
                "at least 2 (SimulateOptions::keep_replicas)",
            ));
        }
        let over_runs = Moments::of(&runs, &Extent::default());
        let (mean, error) = (over_runs.mean[0], over_runs.error[0]);
        if !(mean.is_finite() && error.is_finite()) {
            return Err(Error::invalid("the average excess risk", mean, "finite, as must its error"));
        }
        Ok((mean, error))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Activation, DynSystem, Problem, SimulateOptions, simulate};

    #[test]
    fn average_of_late_rows_by_hand() {
        let system = DynSystem::new(1, 2, Activation::Erf, false).unwrap();
        let problem = Problem::builder(1, 2).noise(0.1).build().unwrap();
        let options = SimulateOptions::default().dimension(50).replicas(2).keep_replicas(true);
        let sgd = simulate(&system, &problem, &[0.0, 1.0, 2.0, 3.0], &options).unwrap();
        let [a, b] = [0, 1].map(|run| {
            let risk = sgd.replica(run).unwrap().excess_risk();
            (risk[2] + risk[3]) / 2.0
        });
        let (mean, error) = sgd.steady_excess_risk(1.5).unwrap();
        assert!((mean - (a + b) / 2.0).abs() < 1e-15 && (error - (a - b).abs() / 2.0).abs() < 1e-15);
        assert!(sgd.steady_excess_risk(3.5).unwrap_err().to_string().contains("at most 3, the last row"));
        let single = simulate(&system, &problem, &[1.0], &SimulateOptions::default().dimension(50)).unwrap();
        assert!(single.steady_excess_risk(0.0).unwrap_err().to_string().contains("keep_replicas"));
    }
}
