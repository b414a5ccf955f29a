//! The typed errors of the runtime. Every message names the quantity, its value and the bound it breaks.

use crate::ode::{Solution, SolveFailure};
use crate::{Ensemble, Shape, Trajectory};
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
    /// A declaration as text does not say what is to be solved. One line for every mistake: the message, and where it is.
    #[error("{}", mistakes_in(text, mistakes))]
    Declaration {
        /// The text.
        text: String,
        /// Every mistake: where it is in the text, in bytes, and what is wrong.
        mistakes: Vec<(std::ops::Range<usize>, String)>,
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
    #[error("{}: cannot {action}: {}", .path.display(), words(.source))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// `read`, `write`, ...
        action: &'static str,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// Newton's iteration came to no fixed point.
    #[error(
        "no fixed point was found from this start: the largest |dx/dt| is {residual:e} where the iteration stopped, but it must be at \
         most {bound:e}"
    )]
    FixedPoint {
        /// The largest |dx/dt| over the entries x of the state.
        residual: f64,
        /// What it may be.
        bound: f64,
        /// Sizes.
        shape: Shape,
        /// The state where the iteration stopped.
        state: Vec<f64>,
    },
    /// The integration stopped early; what was solved until then is kept.
    #[error("{reason}; {}", reached(.partial.len()))]
    Solve {
        /// Why it stopped.
        reason: SolveFailure,
        /// Rows for every requested time up to the point of failure.
        partial: Box<Trajectory>,
    },
    /// The integration of a vector field stopped early; what was solved until then is kept.
    #[error("{reason}; {}", reached(.partial.times().len()))]
    Integration {
        /// Why it stopped.
        reason: SolveFailure,
        /// Rows for every requested time up to the point of failure.
        partial: Box<Solution>,
    },
    /// The simulation ran away; the rows all replicas reached before are kept.
    #[error(
        "the simulation diverged: {quantity} is {} at step {step} (t = {}){}; \
         a smaller learning_rate than {} may help; {}",
        number(*.value), number(*.time),
        .replica.map_or_else(String::new, |replica| format!(" of replica {replica}")),
        number(*.learning_rate), reached(.partial.len())
    )]
    Diverged {
        /// The overlap, weight, risk, training error or statistic over the replicas that is no longer finite.
        quantity: String,
        /// Its value.
        value: f64,
        /// SGD step, counted from 1.
        step: u64,
        /// Time t = step / d.
        time: f64,
        /// The first replica that diverged, counted from 1; `None` for a statistic over all of them.
        replica: Option<usize>,
        /// The learning rate in use.
        learning_rate: f64,
        /// Rows for every output time before the divergence.
        partial: Box<Ensemble>,
    },
    /// The simulation ran, but at its end it could not be saved. All rows are here, and the last checkpoint that was
    /// written is still in its place.
    #[error("{cause}; {}, and kept", reached(.partial.len()))]
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
        let (value, bound) = (readable(&value.to_string()), readable(&bound.into()));
        Error::Invalid { quantity: quantity.into(), value, bound }
    }

    /// [`Error::Io`] on `path`, for `map_err`; `action` is a word such as `read`.
    pub fn io(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Error::Io { path, action, source }
    }
}

/// A number in a message: its shortest digits, with an exponent where there would be many zeros.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        format!("{value:e}")
    } else {
        value.to_string()
    }
}

/// A text whose numbers are written as [`number`] writes them.
fn readable(text: &str) -> String {
    let word = |word: &str| {
        let digits = word.trim_end_matches([',', ';', ')', ':']);
        let long =
            digits.len() > 20 && digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
        match digits.parse() {
            Ok(value) if long => number(value) + &word[digits.len()..],
            _ => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn reached(rows: usize) -> String {
    format!("{rows} of the output times {} reached", if rows == 1 { "was" } else { "were" })
}

/// What the operating system answered, without its number.
fn words(source: &std::io::Error) -> String {
    let text = source.to_string();
    match (text.find(" (os error "), text.ends_with(')')) {
        (Some(end), true) => text[..end].to_owned(),
        _ => text,
    }
}

/// Checks that a number is finite and at least `least` (strictly more with `strict`).
pub fn check_at_least(name: &str, value: f64, least: f64, strict: bool) -> Result<f64, Error> {
    let ok = value.is_finite() && if strict { value > least } else { value >= least };
    let word = if strict { "greater than" } else { "at least" };
    if ok { Ok(value) } else { Err(Error::invalid(name, value, format!("finite and {word} {least}"))) }
}

/// `unknown option ... (at `actt`, column 14)`, one line for every mistake.
fn mistakes_in(text: &str, mistakes: &[(std::ops::Range<usize>, String)]) -> String {
    let line = |(at, message): &(std::ops::Range<usize>, String)| {
        let words = text.get(at.clone()).unwrap_or_default();
        let column = 1 + text.get(..at.start).map_or(0, |before| before.chars().count());
        match words.is_empty() || words == text {
            true => message.clone(),
            false => format!("{message} (at `{words}`, column {column})"),
        }
    };
    mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_in_messages() {
        for (value, text) in [
            (1e300, "1e300"),
            (-1.5e-300, "-1.5e-300"),
            (1e16, "1e16"),
            (123456.75, "123456.75"),
            (0.001, "0.001"),
            (0.0, "0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(number(value), text);
        }
        let message =
            Error::invalid("last", 1e300, format!("greater than {}, and finite", 2e301)).to_string();
        assert_eq!(message, "last = 1e300, but it must be greater than 2e301, and finite");
        // Whole numbers stay as they are.
        assert!(Error::invalid("seed", u64::MAX, "less").to_string().contains("18446744073709551615"));
        let failure = SolveFailure::NotFinite { quantity: "Q_1_1".into(), value: -1e300, time: 1e-20 };
        assert_eq!(failure.to_string(), "Q_1_1 is -1e300 at t = 1e-20: the dynamics diverged");
    }
}
