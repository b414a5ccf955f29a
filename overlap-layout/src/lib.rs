//! What the engine, generated code and the runtime of `overlap` must agree on, and nothing else: positions in the state
//! and in a Jacobian, the padded sizes of loops over lanes, limits.

#![forbid(unsafe_code)]

mod padded;
mod shape;

pub use padded::{MAX_LANES, Padded, SIDE_BY_SIDE};
pub use shape::Shape;

/// Teacher units of a declared system, at most: Ω and its lanes live on the stack.
pub const MAX_K: usize = 64;

/// Student units of a declared system, at most.
pub const MAX_P: usize = 128;

/// Units of either layer of a system sized at run time, at most: the equations cost (k + p)^4, so that more would never be solved,
/// only exhaust the memory.
pub const MAX_UNITS: usize = 1024;

/// The largest degree of a polynomial activation: the number of monomials of I4 grows fast with it.
pub const MAX_DEGREE: usize = 6;
