//! What is advanced by one thread at a time: a replica, or eight in lanes.

use super::checkpoint::Visit;
use super::direct::{self, Direct};
use super::memory;
use super::normals::Normals;
use super::options::{Algorithm, Precision, SimulateOptions, Simulator};
use super::population::{self, Descent};
use super::reduced::Chain;
use super::reduced::octet::Octet;
use super::reduced::single::Single;
use super::setting::{Divergence, NotFinite, Setting};
use crate::model::generated::Pulls;
use crate::model::weights::Weights;
use crate::{Error, Problem};

/// What all replicas start from.
pub(super) enum Start {
    Direct(direct::Start<f64>),
    DirectSingle(direct::Start<f32>),
    Reduced(Chain),
    Population(population::Start),
}

/// Replicas advanced together.
pub(super) enum Unit<'a> {
    Direct(Direct<'a, f64>),
    DirectSingle(Direct<'a, f32>),
    Single(Single<'a>),
    Octet(Octet<'a>),
    Descent(Descent<'a>),
}

/// The same expression for every kind of unit.
macro_rules! each {
    ($unit:expr, $name:ident => $result:expr) => {
        match $unit {
            Unit::Direct($name) => $result,
            Unit::DirectSingle($name) => $result,
            Unit::Single($name) => $result,
            Unit::Octet($name) => $result,
            Unit::Descent($name) => $result,
        }
    };
}

/// Replicas in an octet, and the fewest that are worth its eight lanes.
const OCTET: usize = 8;
const WORTH_AN_OCTET: usize = 5;

impl Start {
    pub(super) fn new(
        options: &SimulateOptions,
        setting: Setting,
        problem: &Problem,
        pulls: Option<Pulls>,
    ) -> Result<Self, Error> {
        let simulator = options.simulator_for(problem);
        let samples = match options.algorithm {
            Algorithm::OnePass => None,
            Algorithm::MultiPass { samples } => Some(samples),
            Algorithm::Population => {
                if simulator == Simulator::Direct {
                    memory::check_weights(&setting, options)?;
                }
                let start = match simulator {
                    Simulator::Reduced => population::Start::reduced(setting, problem, pulls),
                    _ => population::Start::direct(setting, problem, pulls),
                };
                return start.map(Start::Population);
            }
        };
        if simulator == Simulator::Reduced {
            memory::check_chains(&setting, options.replicas)?;
            return Chain::new(setting, problem).map(Start::Reduced);
        }
        memory::check_weights(&setting, options)?;
        let weights = Weights::of(problem, setting.dimension)?;
        Ok(match options.precision {
            Precision::Double => Start::Direct(direct::Start::new(setting, &weights, samples)),
            Precision::Single => Start::DirectSingle(direct::Start::new(setting, &weights, samples)),
        })
    }

    pub(super) fn setting(&self) -> &Setting {
        match self {
            Start::Direct(start) => &start.setting,
            Start::DirectSingle(start) => &start.setting,
            Start::Reduced(chain) => &chain.setting,
            Start::Population(start) => &start.setting,
        }
    }

    /// All replicas, in order, each with streams of its own.
    pub(super) fn units(&self, replicas: usize, seed: u64) -> Vec<Unit<'_>> {
        let mut groups = Normals::groups(seed);
        let mut streams = || groups.next().expect("an endless iterator");
        match self {
            Start::Direct(start) => {
                (0..replicas).map(|_| Unit::Direct(Direct::new(start, streams()))).collect()
            }
            Start::DirectSingle(start) => {
                (0..replicas).map(|_| Unit::DirectSingle(Direct::new(start, streams()))).collect()
            }
            Start::Population(start) => vec![Unit::Descent(Descent::new(start))],
            Start::Reduced(chain) => {
                let mut units = Vec::new();
                let mut left = replicas;
                while left >= WORTH_AN_OCTET {
                    let count = left.min(OCTET);
                    units.push(Unit::Octet(Octet::new(chain, streams(), count)));
                    left -= count;
                }
                units.extend((0..left).map(|_| Unit::Single(Single::new(chain, streams()))));
                units
            }
        }
    }

    /// Steps that take about a hundredth of a second.
    pub(super) fn chunk(&self) -> u64 {
        let Setting { shape, batch, dimension, .. } = *self.setting();
        let size = match self {
            Start::Direct(_) | Start::DirectSingle(_) => dimension.max(256).saturating_mul(batch),
            Start::Reduced(_) => batch.saturating_mul(8 * shape.nodes()),
            Start::Population(start) => start.numbers() * shape.nodes(),
        };
        ((1 << 20) / size.max(1) as u64).max(1)
    }
}

impl Unit<'_> {
    pub(super) fn replicas(&self) -> usize {
        match self {
            Unit::Octet(octet) => octet.replicas(),
            _ => 1,
        }
    }

    pub(super) fn advance(&mut self, steps: u64) -> Result<(), Divergence> {
        each!(self, unit => unit.advance(steps))
    }

    /// Steps done.
    pub(super) fn step(&self) -> u64 {
        each!(self, unit => unit.step())
    }

    /// The numbers that change from step to step, for checkpoints.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        each!(self, unit => unit.visit(visit));
    }

    /// The state of one of the replicas.
    pub(super) fn state(&self, replica: usize) -> Result<Vec<f64>, NotFinite> {
        match self {
            Unit::Direct(unit) => unit.state(),
            Unit::DirectSingle(unit) => unit.state(),
            Unit::Single(unit) => unit.state(),
            Unit::Octet(unit) => unit.state(replica),
            Unit::Descent(unit) => unit.state(),
        }
    }

    /// The error on the training set, ½ (y - f)² averaged over its samples, where there is one.
    pub(super) fn training_error(&self) -> Option<f64> {
        match self {
            Unit::Direct(unit) => unit.training_error(),
            Unit::DirectSingle(unit) => unit.training_error(),
            _ => None,
        }
    }
}
