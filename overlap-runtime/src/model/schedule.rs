//! Rates that change in time.

use crate::error::check_at_least;
use crate::{Error, Parameters, Problem};

/// A factor that multiplies a learning rate or the noise variance, as a function of time t = steps / d.
///
/// ```
/// use overlap::Schedule;
/// let decay = Schedule::PowerLaw { time: 10.0, exponent: 0.5 };
/// assert_eq!((decay.factor(0.0), decay.factor(30.0)), (1.0, 0.5));
/// let drop = Schedule::Piecewise(vec![(0.0, 1.0), (100.0, 0.1)]);
/// assert_eq!((drop.factor(99.0), drop.factor(100.0)), (1.0, 0.1));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Schedule {
    /// 1 at all times.
    #[default]
    Constant,
    /// (1 + t/τ)^(-α).
    PowerLaw {
        /// τ, finite and greater than 0.
        time: f64,
        /// α, finite and at least 0.
        exponent: f64,
    },
    /// Pairs (t, f): the factor is f from time t until the next pair's, and 1 before the first. Times strictly
    /// increasing and at least 0, factors finite and at least 0.
    Piecewise(Vec<(f64, f64)>),
}

impl Schedule {
    /// The factor at time t.
    pub fn factor(&self, t: f64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::PowerLaw { time, exponent } => (1.0 + t / time).powf(-exponent),
            Schedule::Piecewise(pieces) => {
                let after = pieces.partition_point(|&(from, _)| from <= t);
                if after == 0 { 1.0 } else { pieces[after - 1].1 }
            }
        }
    }

    /// Where the factor jumps: an integrator must not step across. Empty for smooth schedules.
    pub fn jumps(&self) -> Vec<f64> {
        match self {
            Schedule::Piecewise(pieces) => {
                pieces.iter().map(|&(from, _)| from).filter(|&from| from > 0.0).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Checks the numbers; `name` is the quantity it multiplies.
    pub(crate) fn validate(&self, name: &str) -> Result<(), Error> {
        match self {
            Schedule::Constant => Ok(()),
            Schedule::PowerLaw { time, exponent } => {
                check_at_least(&format!("time scale of the {name} schedule"), *time, 0.0, true)?;
                check_at_least(&format!("exponent of the {name} schedule"), *exponent, 0.0, false).map(drop)
            }
            Schedule::Piecewise(pieces) => {
                let mut least = 0.0;
                for (index, &(from, factor)) in pieces.iter().enumerate() {
                    let piece = index + 1;
                    let quantity = format!("time {piece} of the {name} schedule");
                    check_at_least(&quantity, from, least, index > 0)?;
                    check_at_least(&format!("factor {piece} of the {name} schedule"), factor, 0.0, false)?;
                    least = from;
                }
                Ok(())
            }
        }
    }
}

/// The schedules of a problem: of both learning rates, and of the noise.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Schedules {
    pub(crate) learning_rate: Schedule,
    pub(crate) noise: Schedule,
}

impl Schedules {
    pub(crate) fn of(problem: &Problem) -> Self {
        Schedules {
            learning_rate: problem.learning_rate_schedule().clone(),
            noise: problem.noise_schedule().clone(),
        }
    }

    /// Whether a factor changes other than by jumps.
    pub(crate) fn are_smooth(&self) -> bool {
        [&self.learning_rate, &self.noise]
            .iter()
            .any(|schedule| matches!(schedule, Schedule::PowerLaw { .. }))
    }

    /// Where a factor jumps after `start`, in increasing order.
    pub(crate) fn jumps(&self, start: f64) -> Vec<f64> {
        let mut jumps = [self.learning_rate.jumps(), self.noise.jumps()].concat();
        jumps.retain(|&jump| jump > start);
        jumps.sort_by(f64::total_cmp);
        jumps.dedup();
        jumps
    }

    /// `now`: the parameters `constant` with γ, γ_a and Δ as they are at time t, between jumps the last of which was at
    /// `since`.
    pub(crate) fn apply(&self, constant: &Parameters, since: f64, t: f64, now: &mut Parameters) {
        let factor = |schedule: &Schedule| match schedule {
            Schedule::Piecewise(_) => schedule.factor(since),
            _ => schedule.factor(t),
        };
        let rate = factor(&self.learning_rate);
        now.gamma = rate * constant.gamma;
        now.gamma_a = rate * constant.gamma_a;
        now.noise = factor(&self.noise) * constant.noise;
    }

    /// The parameters at time t.
    pub(crate) fn at(&self, constant: &Parameters, t: f64) -> Parameters {
        let mut now = constant.clone();
        self.apply(constant, t, t, &mut now);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_schedules_are_named() {
        for (schedule, message) in [
            (Schedule::PowerLaw { time: 0.0, exponent: 1.0 }, "time scale of the noise schedule = 0"),
            (Schedule::PowerLaw { time: 1.0, exponent: f64::NAN }, "exponent of the noise schedule = NaN"),
            (Schedule::PowerLaw { time: 1.0, exponent: -1.0 }, "exponent of the noise schedule = -1"),
            (Schedule::Piecewise(vec![(0.0, 1.0), (1.0, -0.1)]), "factor 2 of the noise schedule = -0.1"),
            (Schedule::Piecewise(vec![(1.0, 1.0), (1.0, 0.1)]), "time 2 of the noise schedule = 1"),
            (Schedule::Piecewise(vec![(-1.0, 1.0)]), "time 1 of the noise schedule = -1"),
            (Schedule::Piecewise(vec![(f64::NAN, 1.0)]), "time 1 of the noise schedule = NaN"),
        ] {
            let error = schedule.validate("noise").unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert!(Schedule::Piecewise(vec![]).validate("noise").is_ok());
        assert_eq!(Schedule::Piecewise(vec![(0.0, 2.0), (3.0, 1.0)]).jumps(), [3.0]);
    }
}
