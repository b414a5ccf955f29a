//! What a simulation is asked to do.

use crate::{Error, Initial, Problem};
use std::path::PathBuf;
use std::time::Duration;

/// How SGD is simulated. All follow the same law of the overlaps; the numbers of a seed differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Simulator {
    /// [`Reduced`](Simulator::Reduced) where d ≥ k + p, else [`Direct`](Simulator::Direct).
    #[default]
    Auto,
    /// The weights themselves, in d dimensions: a step costs d (2 p + 1) operations.
    Direct,
    /// The overlaps alone, as the Markov chain they exactly are for every d ≥ k + p: a step costs the same for every d.
    Reduced,
}

/// Options of [`simulate`](crate::simulate): input dimension, replicas, seed, threads.
///
/// ```
/// use overlap_runtime::SimulateOptions;
/// let options = SimulateOptions::default().dimension(300).replicas(20).seed(1);
/// assert_eq!(options.replicas, 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimulateOptions {
    /// Input dimension d. Default (`None`): the dimension the problem's initial weights were drawn in, else 1000.
    pub dimension: Option<usize>,
    /// How SGD is simulated (default [`Simulator::Auto`]).
    pub simulator: Simulator,
    /// Number of independent runs from the same initial weights, at least 1 (default 1).
    pub replicas: usize,
    /// Seed of the data; the initial weights have their own in [`Initial::Drawn`] (default 0).
    pub seed: u64,
    /// Number of threads, at least 1. Default (`None`): rayon's, one per core. The numbers do not depend on it.
    pub threads: Option<usize>,
    /// Whether to keep the rows of every single replica, for [`Ensemble::replica`](crate::Ensemble::replica)
    /// (default no).
    pub keep_replicas: bool,
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
            replicas: 1,
            seed: 0,
            threads: None,
            keep_replicas: false,
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
        match self.simulator {
            Simulator::Auto if self.dimension_for(problem) >= problem.k() + problem.p() => Simulator::Reduced,
            Simulator::Auto => Simulator::Direct,
            chosen => chosen,
        }
    }

    /// Checks the counts; the dimension is checked where the weights are made.
    pub(super) fn validate(&self) -> Result<(), Error> {
        for (name, count) in [("replicas", self.replicas), ("threads", self.threads.unwrap_or(1))] {
            if count == 0 {
                return Err(Error::invalid(name, count, "at least 1"));
            }
        }
        Ok(())
    }
}
