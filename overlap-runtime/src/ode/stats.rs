//! What integrations cost.

/// What the integration cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SolveStats {
    /// Right-hand sides evaluated.
    pub evaluations: usize,
    /// Steps accepted.
    pub accepted: usize,
    /// Steps rejected.
    pub rejected: usize,
}
