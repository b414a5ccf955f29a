//! How long work reports progress and is asked to stop.

/// Watches long work: told of its progress, asked whether to go on. Methods may be called from several threads.
pub trait Monitor: Sync {
    /// `fraction` of the whole work, in [0, 1], is done.
    fn progress(&self, fraction: f64) {
        let _ = fraction;
    }

    /// Something went wrong that does not end the work, and may be put right while it goes on.
    fn warning(&self, message: &str) {
        let _ = message;
    }

    /// Whether the work should stop at the next safe point, keeping what is done.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Reports nothing and never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Monitor for Silent {}
