//! Why integrations stop early.

/// Why an integration stopped before its last output time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SolveFailure {
    /// The step budget is used up.
    #[error("more than max_steps = {max_steps} steps are needed: the solution stopped at t = {}", crate::error::number(*.time))]
    MaxSteps {
        /// The budget.
        max_steps: usize,
        /// Time reached.
        time: f64,
    },
    /// The error control asked for a step below rounding.
    #[error(
        "the step size underflowed at t = {}: the tolerance rtol = {rtol:e} is too tight or the solution is singular there",
        crate::error::number(*.time)
    )]
    StepSizeUnderflow {
        /// Time reached.
        time: f64,
        /// The relative tolerance in use.
        rtol: f64,
    },
    /// The right-hand side or the state is not finite.
    #[error("{quantity} is {} at t = {}: the dynamics diverged", crate::error::number(*.value), crate::error::number(*.time))]
    NotFinite {
        /// The first overlap that is not finite, e.g. `Q_1_1`.
        quantity: String,
        /// Its value.
        value: f64,
        /// Time of the last good step.
        time: f64,
    },
    /// The monitor asked to stop (Ctrl-C).
    #[error("interrupted at t = {}", crate::error::number(*.time))]
    Interrupted {
        /// Time reached.
        time: f64,
    },
}
