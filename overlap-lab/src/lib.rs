//! Experiments on overlap dynamics: what is done with solutions and simulations, and what a program that only solves does not build.
//!
//! [`Comparison`] sets the ODE beside SGD, [`Table`] keeps results with what they were computed from, [`plot`] draws them,
//! [`sweep`] repeats them over grids of parameters, [`cli`] offers all of it on the command line.

#![forbid(unsafe_code)]

mod compare;
mod describe;
mod phase_diagram;
mod pipe;
mod table;

pub mod cli;
pub mod plot;
pub mod sweep;

pub use compare::{Comparison, ComparisonRow, Concentration, ConcentrationPoint, PowerLaw, Verdict};
pub use phase_diagram::{
    DimensionCurves, PhaseDiagram, PhaseDiagramOptions, RegimeCurves, RiskCurve, phase_diagram,
};
pub use table::{Column, Table, Values};
