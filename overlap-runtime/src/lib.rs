//! The runtime of `overlap`: what declared systems call and what experiments use.
//!
//! Data flows one way: a [`Problem`] is solved or simulated for a [`System`], giving a [`Trajectory`] (the ODE) or an
//! [`Ensemble`] (stochastic gradient descent); the two are compared, written and drawn. Time is t = steps / d.

#[cfg(test)]
extern crate self as overlap_runtime;

mod activation;
mod aligned;
pub mod cli;
mod compare;
mod describe;
mod dynamic;
mod error;
pub mod generated;
mod initial;
mod jacobian;
mod monitor;
mod numerical;
mod orthant;
mod output;
mod phase_diagram;
pub mod plot;
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
pub mod sweep;
mod system;
mod table;
mod trajectory;
mod weighted;
mod weights;

pub use activation::Activation;
pub use compare::{Comparison, ComparisonRow, Concentration, ConcentrationPoint, PowerLaw, Verdict};
pub use dynamic::DynSystem;
pub use error::{Error, SolveFailure};
pub use initial::Initial;
pub use jacobian::{Jacobian, jacobian};
pub use monitor::{Monitor, Silent};
pub use output::{check_writable, write_atomically};
pub use phase_diagram::{
    DimensionCurves, PhaseDiagram, PhaseDiagramOptions, RegimeCurves, RiskCurve, phase_diagram,
};
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
pub use table::{Column, Table, Values};
pub use trajectory::{SolveStats, Trajectory};
pub use weighted::Weighted;
