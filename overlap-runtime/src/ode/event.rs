//! Events: the first time a function of the state crosses zero, where the solve stops or which it only records.

use crate::State;

/// The function an event of a declared system watches: of the time t, the state and the risk (with Δ/2).
pub type EventFunction<'a> = dyn Fn(f64, State<'_>, f64) -> f64 + 'a;

/// The function an event of a vector field watches: of the time t and the state x.
pub type FieldFunction<'a> = dyn Fn(f64, &[f64]) -> f64 + 'a;

/// An [`Event`] of a vector field.
pub type FieldEvent<'a> = Event<'a, FieldFunction<'a>>;

/// An event: the first time a function becomes zero or changes its sign. The solve ends there, or with
/// [`record`](Self::record) goes on.
///
/// The sign is looked at after every accepted step, so a function that crosses zero twice within one step is not seen.
pub struct Event<'a, F: ?Sized = EventFunction<'a>> {
    pub(crate) function: &'a F,
    pub(crate) tolerance: f64,
    pub(crate) trigger: Trigger,
    pub(crate) stops: bool,
}

impl<F: ?Sized> Clone for Event<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: ?Sized> Copy for Event<'_, F> {}

/// What of a function's sign is an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Trigger {
    /// It becomes zero or changes: [`Event::new`], [`FieldEvent::crossing`].
    #[default]
    Change,
    /// The function is not positive, which may be so at t = 0 already: [`Event::below`],
    /// [`FieldEvent::not_positive`].
    NotPositive,
}

impl<F: ?Sized> std::fmt::Debug for Event<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event")
            .field("tolerance", &self.tolerance)
            .field("trigger", &self.trigger)
            .field("stops", &self.stops)
            .finish_non_exhaustive()
    }
}

/// The two ways to watch a function of one kind.
macro_rules! watching {
    ($function:ident, $change:ident, $not_positive:ident, $arguments:literal) => {
        impl<'a> Event<'a, $function<'a>> {
            #[doc = concat!("Watches `function(", $arguments, ")`, with the crossing located to a relative 1e-10 of t.")]
            pub fn $change(function: &'a $function<'a>) -> Self {
                Event { function, tolerance: 1e-10, trigger: Trigger::Change, stops: true }
            }

            #[doc = concat!("Watches for the first time that `function(", $arguments, ")` is zero or negative; where it is so from")]
            /// the start, that is the start.
            pub fn $not_positive(function: &'a $function<'a>) -> Self {
                Event { trigger: Trigger::NotPositive, ..Event::<$function<'a>>::$change(function) }
            }
        }
    };
}

watching!(EventFunction, new, below, "t, state, risk");
watching!(FieldFunction, crossing, not_positive, "t, x");

impl<'a, F: ?Sized> Event<'a, F> {
    /// The same with another function.
    pub(crate) fn watching<G: ?Sized>(self, function: &'a G) -> Event<'a, G> {
        let Event { tolerance, trigger, stops, .. } = self;
        Event { function, tolerance, trigger, stops }
    }

    /// The same, which the solve records and passes on.
    #[must_use]
    pub fn record(mut self) -> Self {
        self.stops = false;
        self
    }

    /// Locates the crossing time to `tolerance * t`, in [1e-14, 1).
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Whether a function that goes from `before` (NaN at the start) to `after` meets the event.
    pub(super) fn met(&self, before: f64, after: f64) -> bool {
        match self.trigger {
            Trigger::Change if before.is_nan() => after == 0.0,
            Trigger::Change => crossed(before, after),
            Trigger::NotPositive => after <= 0.0,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), crate::Error> {
        if (1e-14..1.0).contains(&self.tolerance) {
            return Ok(());
        }
        Err(crate::Error::invalid("event tolerance", self.tolerance, "at least 1e-14 and less than 1"))
    }
}

/// A bracket [low, high] of a sign change, narrowed by false position and halving in turn.
///
/// Halving every third time bounds the work however the function bends; `high` keeps the sign after the crossing.
#[derive(Debug)]
pub(super) struct Bracket {
    low: (f64, f64),
    high: (f64, f64),
    round: usize,
}

impl Bracket {
    /// Of the points (time, value) before and after.
    pub(super) fn new(low: (f64, f64), high: (f64, f64)) -> Self {
        Bracket { low, high, round: 0 }
    }

    /// The next time to look at, or `None` when the bracket is at most `width` wide (or cannot be narrowed).
    pub(super) fn probe(&mut self, width: f64) -> Option<f64> {
        let ((low, below), (high, above)) = (self.low, self.high);
        if high - low <= width || above == 0.0 {
            return None;
        }
        self.round += 1;
        let middle = 0.5 * (low + high);
        // A secant end lands on one side of the root over and over: look a little past it, to close in from both sides.
        let secant = low + (high - low) * below / (below - above);
        let nudged = secant + if secant < middle { 0.4 * width } else { -0.4 * width };
        let time =
            if self.round.is_multiple_of(3) || !(nudged > low && nudged < high) { middle } else { nudged };
        (time > low && time < high).then_some(time)
    }

    /// Takes the value found at a probed time; whether that time is the new `high`.
    pub(super) fn update(&mut self, time: f64, value: f64) -> bool {
        let after = crossed(self.low.1, value);
        *if after { &mut self.high } else { &mut self.low } = (time, value);
        after
    }
}

/// Whether going from value `before` (not zero) to `after` is a crossing.
pub(super) fn crossed(before: f64, after: f64) -> bool {
    after == 0.0 || (before < 0.0) != (after < 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_close_in_quickly_on_smooth_and_on_nasty_functions() {
        let functions: [(&dyn Fn(f64) -> f64, f64); 4] = [
            (&|x: f64| x.exp() - 2.0, 2f64.ln()),
            (&|x: f64| (x - 0.3).powi(9), 0.3),
            (&|x: f64| if x < 0.7 { -1.0 } else { 1e9 }, 0.7),
            (&|x: f64| 1e-3 - x, 1e-3),
        ];
        for (function, root) in functions {
            let mut bracket = Bracket::new((0.0, function(0.0)), (1.0, function(1.0)));
            let mut rounds = 0;
            while let Some(time) = bracket.probe(1e-12) {
                bracket.update(time, function(time));
                rounds += 1;
            }
            assert!((bracket.high.0 - root).abs() <= 1e-12, "{} for {root}", bracket.high.0);
            assert!(rounds <= 130, "{rounds} rounds for {root}");
        }
    }
}
