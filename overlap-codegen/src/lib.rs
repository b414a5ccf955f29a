//! The symbolic engine of `overlap`: an ordinary library, tested like one.
//!
//! Tokens become a [`spec::Specification`]; an [`activation`] and the rules of [`gaussian`] give the
//! [`equations`]; [`emit`] lowers them to Rust and [`describe`] prints them. What a user reads and what the machine runs
//! come from the same expressions.

pub mod activation;
pub mod describe;
pub mod emit;
pub mod equations;
pub mod expr;
pub mod gaussian;
pub mod resolve;
pub mod spec;
pub mod symbol;

mod dump;
mod expand;
mod numerical;

pub use expand::{expand, expand_for_reading};
