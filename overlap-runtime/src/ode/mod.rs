//! The solver: any dx/dt = f(t, x), in adaptive steps. It knows nothing of overlaps.
//!
//! Steps are taken with error control from the start on, without regard to the output times. A row inside a step is a
//! shorter step of the same method from the step's beginning, under the same error control: it is as accurate as the
//! solution, and bit for bit the same whatever other times are asked for. Memory stays bounded however long the integration.
//! The price is 6 evaluations a row with [`Method::Dopri5`], 11 with [`Method::Dop853`] and a whole step with
//! [`Method::Rodas5P`].
//!
//! Where the field jumps, the integration ends and begins anew, so that no step reaches across.
//!
//! The steps are our own rather than a library's, so that eight solves can take them side by side in lanes, each with
//! its own size, and so that a single solve takes the very same ones.

pub(crate) mod attempt;
pub(crate) mod control;
mod event;
mod failure;
mod field;
mod integrate;
pub(crate) mod integration;
mod options;
mod rosenbrock;
mod solution;
mod spaced;
mod stats;
mod tableau;
mod times;

pub use event::{Event, EventFunction, FieldEvent, FieldFunction, Trigger};
pub use failure::SolveFailure;
pub use field::{FromFn, VectorField};
pub use integrate::Integrate;
pub use options::{Method, SolveOptions};
pub use solution::Solution;
pub use spaced::{spaced, stepped};
pub use stats::SolveStats;
pub(crate) use times::check as check_times;
pub use times::{linear_times, log_times};
