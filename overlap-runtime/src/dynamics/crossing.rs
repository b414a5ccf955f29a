//! Where an event of a declared system was met.

use crate::{Shape, State};

/// Where an event was met: at or just after the crossing, never before.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    pub(crate) shape: Shape,
    pub(crate) values: Vec<f64>,
    pub(crate) fixed_a: Vec<f64>,
    /// Time of the crossing.
    pub time: f64,
    /// Risk R there, with Δ/2.
    pub risk: f64,
}

impl Crossing {
    /// The state at the crossing.
    pub fn state(&self) -> State<'_> {
        State::new(self.shape, &self.values, &self.fixed_a)
    }
}
