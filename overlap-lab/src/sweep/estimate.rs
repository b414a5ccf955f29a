//! What a sweep will cost, from a few of its points.

use super::{Sweep, point};
use overlap_runtime::{Monitor, System};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Points that are tried, and for how long all of them may take.
const TRIES: usize = 9;
const BUDGET: Duration = Duration::from_secs(3);

/// What a sweep will cost: measured on some of its points, none of whose results are kept.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Estimate {
    /// Number of points of the sweep.
    pub points: usize,
    /// Number of columns of its table.
    pub columns: usize,
    /// Points that were tried.
    pub tried: usize,
    /// Points among them that did not end within the time for trying: their cost is extrapolated.
    pub unfinished: usize,
    /// Seconds of work of one core for all points.
    pub core_seconds: f64,
}

impl Sweep {
    /// Tries a few points, evenly spread, for a few seconds at most, and extrapolates.
    pub fn estimate(&self, system: &dyn System) -> Estimate {
        let points = self.len();
        let tries = TRIES.min(points);
        let (mut seconds, mut unfinished, mut tried) = (0.0, 0, 0);
        let begun = Instant::now();
        for n in 0..tries {
            // A single step of a large system may take longer than all tries.
            if tried > 0 && begun.elapsed() > BUDGET {
                break;
            }
            tried += 1;
            // The middle of each of `tries` stretches.
            let chosen = ((2 * n + 1) as u128 * points as u128 / (2 * tries) as u128) as usize;
            let trial =
                Trial { start: Instant::now(), budget: BUDGET / tries as u32, reached: AtomicU64::new(0) };
            let done = point::run(&self.plan, system, chosen, &trial).is_ok();
            let spent = trial.start.elapsed().as_secs_f64();
            let fraction = f64::from_bits(trial.reached.load(Ordering::Relaxed)).max(1e-6);
            seconds += if done { spent } else { spent / fraction };
            unfinished += usize::from(!done);
        }
        Estimate {
            points,
            columns: self.plan.columns(system.shape()).len() + self.parameters().len() + 2,
            tried,
            unfinished,
            core_seconds: seconds * points as f64 / tried.max(1) as f64,
        }
    }
}

/// Stops a point when its time is used up, remembering how far it came.
struct Trial {
    start: Instant,
    budget: Duration,
    /// Bits of the fraction.
    reached: AtomicU64,
}

impl Monitor for Trial {
    fn progress(&self, fraction: f64) {
        self.reached.store(fraction.to_bits(), Ordering::Relaxed);
    }

    fn should_stop(&self) -> bool {
        self.start.elapsed() > self.budget
    }
}
