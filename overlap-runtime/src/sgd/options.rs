//! What a simulation is asked to do.

use super::statistics::Extent;
use crate::model::words::words;
use crate::{Error, Initial, Problem, Schedule};
use std::path::PathBuf;
use std::time::Duration;

/// How SGD is simulated. All follow the same law of the overlaps; the numbers of a seed differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Simulator {
    /// [`Reduced`](Simulator::Reduced) where d ≥ k + p, else [`Direct`](Simulator::Direct). Direct also where only that
    /// does what is asked for: a training set, single precision.
    #[default]
    Auto,
    /// The weights themselves, in d dimensions: a step costs d (2 p + 1) operations.
    Direct,
    /// The overlaps alone, as the Markov chain they exactly are for every d ≥ k + p: a step costs the same for every d.
    Reduced,
}

words!(Simulator, "simulator", Auto = "auto", Direct = "direct", Reduced = "reduced");

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Algorithm {
    /// One-pass SGD: fresh samples at every step. What the ODE describes.
    #[default]
    OnePass,
    /// SGD on a training set: of so many samples, inputs and noisy labels drawn once for every replica. Every pass takes
    /// each sample once, in a new random order; a batch may hold the last samples of a pass and the first of the next.
    /// As long as the first pass lasts, it is one-pass SGD. For [`Simulator::Direct`], constant noise only.
    MultiPass {
        /// Number of samples n, at least the batch size.
        samples: usize,
    },
    /// Gradient descent on the population risk: the mean of the steps of SGD from the same weights. It draws nothing, so that one
    /// replica is all there is; for every activation with closed forms. As d grows it tends to the ODE without its γ² term, the gradient flow, with errors of
    /// order 1/d.
    Population,
}

impl Algorithm {
    /// The word for it in files.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::OnePass => "one_pass",
            Algorithm::MultiPass { .. } => "multi_pass",
            Algorithm::Population => "population",
        }
    }
}

/// The precision of the weights and inputs of [`Simulator::Direct`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Precision {
    /// 53 bits.
    #[default]
    Double,
    /// 24 bits: about twice as fast. A step adds to a weight something of order γ/√d, rounded to 6e-8 of the weight:
    /// rounding stays below the fluctuations of SGD unless rates fall to almost nothing. The normals end at 5.6.
    Single,
}

words!(Precision, "precision", Double = "double", Single = "single");

/// Options of [`simulate`](crate::simulate): input dimension, replicas, seed, threads.
///
/// ```
/// use overlap::SimulateOptions;
/// let options = SimulateOptions::default().dimension(300).replicas(20).seed(1);
/// assert_eq!(options.replicas, 20);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SimulateOptions {
    /// Input dimension d. Default (`None`): the dimension the problem's initial weights were drawn in, else 1000.
    pub dimension: Option<usize>,
    /// How SGD is simulated (default [`Simulator::Auto`]).
    pub simulator: Simulator,
    /// What is simulated (default [`Algorithm::OnePass`]).
    pub algorithm: Algorithm,
    /// Precision of the direct simulator (default [`Precision::Double`]).
    pub precision: Precision,
    /// Number of independent runs from the same initial weights, at least 1 (default 1).
    pub replicas: usize,
    /// Seed of the data; the initial weights have their own in [`Initial::Drawn`] (default 0).
    pub seed: u64,
    /// Number of threads, at least 1. Default (`None`): rayon's, one per core. The numbers do not depend on it.
    pub threads: Option<usize>,
    /// Whether to keep the rows of every single replica, for [`Ensemble::replica`](crate::Ensemble::replica)
    /// (default no).
    pub keep_replicas: bool,
    /// Whether to compute the covariances of all overlaps and the risk, for
    /// [`Ensemble::covariance`](crate::Ensemble::covariance) (default no): (dim + 1)² / 2 numbers for each output time.
    pub covariance: bool,
    /// Levels of quantiles over the replicas, in [0, 1], for [`Ensemble::quantile`](crate::Ensemble::quantile) (default
    /// none).
    pub quantiles: Vec<f64>,
    /// A file that the simulation is saved to now and then, and on interruption; where it is there already, the
    /// simulation goes on from it, bit for bit on the same instruction set (default none). A file that is not of the
    /// very same simulation is an error and stays as it is.
    pub checkpoint: Option<PathBuf>,
    /// Least time between two checkpoints (default one minute).
    pub checkpoint_interval: Duration,
}

impl Default for SimulateOptions {
    fn default() -> Self {
        SimulateOptions {
            dimension: None,
            simulator: Simulator::Auto,
            algorithm: Algorithm::OnePass,
            precision: Precision::Double,
            replicas: 1,
            seed: 0,
            threads: None,
            keep_replicas: false,
            covariance: false,
            quantiles: Vec::new(),
            checkpoint: None,
            checkpoint_interval: Duration::from_secs(60),
        }
    }
}

impl SimulateOptions {
    /// Sets the input dimension d.
    #[must_use]
    pub fn dimension(mut self, dimension: usize) -> Self {
        self.dimension = Some(dimension);
        self
    }

    /// Sets how SGD is simulated.
    #[must_use]
    pub fn simulator(mut self, simulator: Simulator) -> Self {
        self.simulator = simulator;
        self
    }

    /// Sets what is simulated.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the precision of the direct simulator.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Sets the number of independent runs.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas;
        self
    }

    /// Sets the seed of the data.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of threads.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Keeps the rows of every single replica.
    #[must_use]
    pub fn keep_replicas(mut self, keep: bool) -> Self {
        self.keep_replicas = keep;
        self
    }

    /// Computes covariances.
    #[must_use]
    pub fn covariance(mut self, covariance: bool) -> Self {
        self.covariance = covariance;
        self
    }

    /// Computes quantiles at these levels.
    #[must_use]
    pub fn quantiles(mut self, levels: impl IntoIterator<Item = f64>) -> Self {
        self.quantiles = levels.into_iter().collect();
        self
    }

    /// Saves the simulation to a file now and then, and goes on from it where it is there already.
    #[must_use]
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.checkpoint = Some(path.into());
        self
    }

    /// Sets the least time between two checkpoints.
    #[must_use]
    pub fn checkpoint_interval(mut self, interval: Duration) -> Self {
        self.checkpoint_interval = interval;
        self
    }

    /// The input dimension d used for `problem`.
    pub fn dimension_for(&self, problem: &Problem) -> usize {
        self.dimension.unwrap_or(match *problem.initial() {
            Initial::Drawn { dimension, .. } => dimension,
            _ => 1000,
        })
    }

    /// The simulator used for `problem`: never [`Simulator::Auto`].
    pub fn simulator_for(&self, problem: &Problem) -> Simulator {
        let weights =
            self.precision == Precision::Single || matches!(self.algorithm, Algorithm::MultiPass { .. });
        match self.simulator {
            Simulator::Auto if weights => Simulator::Direct,
            Simulator::Auto if self.dimension_for(problem) >= problem.k() + problem.p() => Simulator::Reduced,
            Simulator::Auto => Simulator::Direct,
            chosen => chosen,
        }
    }

    /// What is computed from the replicas.
    pub(super) fn extent(&self) -> Extent {
        Extent {
            replicas: self.keep_replicas,
            covariance: self.covariance,
            quantiles: self.quantiles.clone(),
        }
    }

    /// Checks the counts, and that the choices go together; the dimension is checked where the weights are made.
    pub(super) fn validate(&self, problem: &Problem) -> Result<(), Error> {
        if let Some(level) = self.quantiles.iter().find(|level| !(0.0..=1.0).contains(*level)) {
            return Err(Error::invalid("quantile", level, "between 0 and 1"));
        }
        let reduced = self.simulator == Simulator::Reduced;
        let no = |quantity: &str, value: &str, bound: &str| Err(Error::invalid(quantity, value, bound));
        match (self.algorithm, self.precision) {
            (Algorithm::MultiPass { .. }, _) if reduced => {
                return no("simulator", "reduced", "direct for a finite training set");
            }
            (Algorithm::MultiPass { samples }, _) if samples < problem.batch() => {
                let bound = format!("at least the batch size {}", problem.batch());
                return Err(Error::invalid("samples", samples, bound));
            }
            (Algorithm::MultiPass { .. }, _) if *problem.noise_schedule() != Schedule::Constant => {
                let value = format!("{:?}", problem.noise_schedule());
                return no("noise_schedule", &value, "constant for a training set, whose labels are fixed");
            }
            (Algorithm::Population, Precision::Single) => {
                return no("precision", "single", "double for gradient descent on the population risk");
            }
            (Algorithm::Population, _) if self.replicas > 1 => {
                let bound = "1 for gradient descent on the population risk, which draws nothing";
                return Err(Error::invalid("replicas", self.replicas, bound));
            }
            (_, Precision::Single) if reduced => {
                return no("precision", "single", "double for the reduced simulator");
            }
            _ => {}
        }
        for (name, count) in [("replicas", self.replicas), ("threads", self.threads.unwrap_or(1))] {
            if count == 0 {
                return Err(Error::invalid(name, count, "at least 1"));
            }
        }
        Ok(())
    }
}
