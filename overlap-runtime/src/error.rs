//! The typed errors of the runtime. Every message names the quantity, its value and the bound it breaks.

use crate::ode::{Solution, SolveFailure};
use crate::{Ensemble, Trajectory};
use std::path::PathBuf;

/// What can go wrong between a problem and its figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A quantity lies outside its bounds: `noise = -1, but it must be finite and at least 0`.
    #[error("{quantity} = {value}, but it must be {bound}")]
    Invalid {
        /// Name of the quantity, with its index where it has one (units counted from 1), e.g. `Q_1_2`.
        quantity: String,
        /// The offending value, as text.
        value: String,
        /// What would have been allowed.
        bound: String,
    },
    /// A matrix or vector has the wrong shape.
    #[error("{quantity} has shape {found}, but it must have shape {expected}")]
    Shape {
        /// Name of the quantity, e.g. `M`.
        quantity: String,
        /// The shape it has, e.g. `4 x 7`.
        found: String,
        /// The shape it must have, e.g. `k x p = 4 x 8`.
        expected: String,
    },
    /// Ω = [[P, M], [Mᵀ, Q]] is no Gram matrix of any weights.
    #[error(
        "the overlap matrix {matrix} is not positive semidefinite: its smallest eigenvalue is {smallest:e}, \
         but it must be at least {bound:e}"
    )]
    NotPositiveSemidefinite {
        /// `Omega` or `P`.
        matrix: &'static str,
        /// Smallest eigenvalue found.
        smallest: f64,
        /// Bound that leaves room for rounding (a small negative number).
        bound: f64,
    },
    /// The problem was made for another system.
    #[error("the problem has {quantity} = {found}, but {system} has {quantity} = {expected}")]
    Mismatch {
        /// `k`, `p` or `activation`.
        quantity: &'static str,
        /// Value in the problem.
        found: String,
        /// Name of the declared system.
        system: String,
        /// Value of the system.
        expected: String,
    },
    /// The Jacobian was asked of a system that does not have it.
    #[error("{system} has no Jacobian: declare it with `jacobian = true`")]
    NoJacobian {
        /// Name of the system.
        system: String,
    },
    /// A scaling of width and learning rate without a deterministic limit.
    #[error(transparent)]
    NoLimit(#[from] crate::NoLimit),
    /// A problem or result file does not say what it must.
    #[error("{}: {message}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with line and key where known.
        message: String,
    },
    /// Reading or writing failed.
    #[error("{}: cannot {action}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `write`, ...
        action: &'static str,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The integration stopped early; what was solved until then is kept.
    #[error("{reason}; {} of the output times were reached", .partial.len())]
    Solve {
        /// Why it stopped.
        reason: SolveFailure,
        /// Rows for every requested time up to the point of failure.
        partial: Box<Trajectory>,
    },
    /// The integration of a vector field stopped early; what was solved until then is kept.
    #[error("{reason}; {} of the output times were reached", .partial.times().len())]
    Integration {
        /// Why it stopped.
        reason: SolveFailure,
        /// Rows for every requested time up to the point of failure.
        partial: Box<Solution>,
    },
    /// The simulation ran away; the rows all replicas reached before are kept.
    #[error(
        "the simulation diverged: {quantity} is {value} at step {step} (t = {time}) of replica {replica}; \
         a smaller learning_rate than {learning_rate} may help; {} of the output times were reached", .partial.len()
    )]
    Diverged {
        /// The overlap or weight that is no longer finite.
        quantity: String,
        /// Its value.
        value: f64,
        /// SGD step, counted from 1.
        step: u64,
        /// Time t = step / d.
        time: f64,
        /// The first replica that diverged, counted from 1.
        replica: usize,
        /// The learning rate in use.
        learning_rate: f64,
        /// Rows for every output time before the divergence.
        partial: Box<Ensemble>,
    },
    /// The simulation ran, but at its end it could not be saved. All rows are here, and the last checkpoint that was
    /// written is still in its place.
    #[error("{cause}; {} of the output times were reached and are kept", .partial.len())]
    Checkpoint {
        /// What writing the checkpoint answered.
        #[source]
        cause: Box<Error>,
        /// Rows for every output time reached: all, unless the simulation was interrupted.
        partial: Box<Ensemble>,
    },
    /// A figure could not be drawn.
    #[error("cannot draw the figure: {0}")]
    Figure(String),
    /// The user asked to stop before anything could be kept.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// [`Error::Invalid`]: `quantity = value, but it must be bound`.
    pub fn invalid(
        quantity: impl Into<String>,
        value: impl std::fmt::Display,
        bound: impl Into<String>,
    ) -> Self {
        Error::Invalid { quantity: quantity.into(), value: value.to_string(), bound: bound.into() }
    }

    /// [`Error::Io`] on `path`, for `map_err`; `action` is a word such as `read`.
    pub fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Error::Io { path, action, source }
    }
}

/// Checks that a number is finite and at least `least` (strictly more with `strict`).
pub fn check_at_least(name: &str, value: f64, least: f64, strict: bool) -> Result<f64, Error> {
    let ok = value.is_finite() && if strict { value > least } else { value >= least };
    let word = if strict { "greater than" } else { "at least" };
    if ok { Ok(value) } else { Err(Error::invalid(name, value, format!("finite and {word} {least}"))) }
}
