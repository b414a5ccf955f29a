//! The runtime of `overlap`: what declared systems call and what experiments use.
//!
//! Data flows one way: a [`Problem`] is solved or simulated for a [`System`], giving a [`Trajectory`] (the ODE) or an
//! [`Ensemble`] (stochastic gradient descent); the two are compared, written and drawn. Time is t = steps / d.

#![deny(unsafe_code)]

#[cfg(test)]
extern crate self as overlap_runtime;

mod dynamics;
mod error;
mod input;
#[allow(unsafe_code)]
#[doc(hidden)]
pub mod lanes;
mod lines;
mod model;
mod monitor;
pub mod ode;
mod output;
mod sgd;
mod threads;

#[doc(hidden)]
pub use lanes as simd;
#[doc(hidden)]
pub use model::generated;
pub use model::problem_file;

/// Matrices of the interface are nalgebra's. It is exported, so that a program builds them without naming a version of its own:
///
/// ```
/// use overlap::nalgebra::DMatrix;
/// use overlap::{Initial, Problem};
///
/// let start = Initial::Given { q: DMatrix::identity(2, 2), m: DMatrix::from_element(2, 2, 0.1) };
/// let problem = Problem::builder(2, 2).initial(start).build()?;
/// # Ok::<(), overlap::Error>(())
/// ```
pub use nalgebra;

/// What the crates of this workspace share beyond what users are promised.
#[doc(hidden)]
pub mod internal {
    pub use crate::error::{check_at_least, number};
    pub use crate::input::{check_regular, read_file};
    pub use crate::model::problem_file::{builder, object, on_path, read_from, read_text, rows};
    pub use crate::model::problem_json::{Entries, FIELDS, INITIAL, SCHEDULE};
    pub use crate::ode::{spaced, stepped};
    pub use crate::sgd::{Extent, Row};
    pub use crate::threads::threads;
    pub use overlap_layout::MAX_UNITS;
}

pub use dynamics::{
    Crossing, FixedPoint, FixedPointStart, Limit, NoLimit, Prefactors, Regime, Region, RightHandSide,
    SystemField, Trajectory, evaluate, fixed_points, largest_stable_rate, solve, solve_events, solve_many,
    solve_many_monitored, solve_monitored, solve_until, speed,
};
pub use error::Error;
pub use model::activation::Activation;
pub use model::dynamic::{DynSystem, DynSystemBuilder};
pub use model::initial::Initial;
pub use model::jacobian::{Jacobian, jacobian};
pub use model::problem::{Problem, ProblemBuilder, Scale};
pub use model::schedule::Schedule;
pub use model::state::State;
pub use model::system::{Parameters, System};
pub use model::weighted::Weighted;
pub use monitor::{Monitor, Silent};
pub use ode::{
    Event, EventFunction, Method, SolveFailure, SolveOptions, SolveStats, Trigger, linear_times, log_times,
};
pub use output::{check_writable, write_atomically};
pub use overlap_layout::Shape;
pub use sgd::{
    Algorithm, Ensemble, Precision, SimulateOptions, Simulator, simulate, simulate_monitored, simulate_until,
    whole_steps,
};
