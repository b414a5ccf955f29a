//! What an integration of a vector field gives.

use super::SolveStats;

/// The states at the times asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Solution {
    pub(super) times: Vec<f64>,
    pub(super) states: Vec<Vec<f64>>,
    pub(super) stats: SolveStats,
    pub(super) met: Vec<Option<(f64, Vec<f64>)>>,
}

impl Solution {
    /// The times of the rows.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The state x at every time.
    pub fn states(&self) -> &[Vec<f64>] {
        &self.states
    }

    /// What the integration cost.
    pub fn stats(&self) -> SolveStats {
        self.stats
    }

    /// Time and state where each event was met first, in the order they were given; `None` where it was not.
    pub fn met(&self) -> &[Option<(f64, Vec<f64>)>] {
        &self.met
    }
}
