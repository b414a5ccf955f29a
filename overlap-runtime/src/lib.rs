//! The runtime of `overlap`: what declared systems call and what experiments use.
//!
//! Data flows one way: a [`Problem`] is solved or simulated for a [`System`], giving a [`Trajectory`] (the ODE) or an
//! [`Ensemble`] (stochastic gradient descent); the two are compared, written and drawn. Time is t = steps / d.

#[cfg(test)]
extern crate self as overlap_runtime;

mod activation;
mod aligned;
mod dynamic;
mod error;
pub mod generated;
mod initial;
mod jacobian;
mod lines;
mod monitor;
mod numerical;
mod orthant;
mod output;
mod problem;
pub mod problem_file;
mod problem_json;
mod regime;
mod schedule;
mod shape;
pub mod simd;
mod simulate;
pub mod solve;
mod state;
mod system;
mod trajectory;
mod weighted;
mod weights;
mod words;

/// What the crates of this workspace share beyond what users are promised.
#[doc(hidden)]
pub mod internal {
    pub use crate::error::check_at_least;
    pub use crate::problem::MAX_UNITS;
    pub use crate::problem_file::{builder, object, on_path, read_from, read_text, rows};
    pub use crate::problem_json::{Entries, FIELDS, INITIAL, SCHEDULE};
    pub use crate::simulate::{Extent, Row};
}

pub use activation::Activation;
pub use dynamic::DynSystem;
pub use error::{Error, SolveFailure};
pub use initial::Initial;
pub use jacobian::{Jacobian, jacobian};
pub use monitor::{Monitor, Silent};
pub use output::{check_writable, write_atomically};
pub use problem::{Problem, ProblemBuilder, Scale};
pub use regime::{Limit, NoLimit, Prefactors, Regime, Region};
pub use schedule::Schedule;
pub use shape::Shape;
pub use simulate::{
    Algorithm, Ensemble, Precision, SimulateOptions, Simulator, simulate, simulate_monitored, simulate_until,
    whole_steps,
};
pub use solve::{
    Crossing, Event, EventFunction, Method, RightHandSide, SolveOptions, Trigger, evaluate, linear_times,
    log_times, solve, solve_events, solve_many, solve_many_monitored, solve_monitored, solve_until, speed,
};
pub use state::State;
pub use system::{Parameters, System};
pub use trajectory::{SolveStats, Trajectory};
pub use weighted::Weighted;
