//! The way in for vector fields of one's own.

use super::integration::Integration;
use super::{FieldEvent, Solution, SolveOptions, VectorField, check_times};
use crate::{Error, Monitor, Silent};

/// An integration to be done: a field, where it starts, and how.
///
/// ```
/// use overlap::ode::{FieldEvent, FromFn, Integrate};
/// let fall = FromFn::new(2, |_t, x: &[f64], slope: &mut [f64]| {
///     slope[0] = x[1];
///     slope[1] = -9.81;
/// });
/// let height = |_t: f64, x: &[f64]| x[0];
/// let solution = Integrate::new(&fall, 0.0, &[10.0, 0.0]).event(FieldEvent::crossing(&height)).solve(&[5.0])?;
/// let (landing, _) = solution.met()[0].as_ref().expect("it lands");
/// assert!((landing - (20.0f64 / 9.81).sqrt()).abs() < 1e-9);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone)]
pub struct Integrate<'a> {
    field: &'a dyn VectorField,
    start: f64,
    initial: &'a [f64],
    options: SolveOptions,
    events: Vec<FieldEvent<'a>>,
    monitor: &'a dyn Monitor,
}

impl<'a> Integrate<'a> {
    /// From x = `initial` at t = `start`, with default options.
    pub fn new(field: &'a dyn VectorField, start: f64, initial: &'a [f64]) -> Self {
        Integrate {
            field,
            start,
            initial,
            options: SolveOptions::default(),
            events: Vec::new(),
            monitor: &Silent,
        }
    }

    /// With these options.
    #[must_use]
    pub fn options(mut self, options: SolveOptions) -> Self {
        self.options = options;
        self
    }

    /// Watches one more event.
    #[must_use]
    pub fn event(mut self, event: FieldEvent<'a>) -> Self {
        self.events.push(event);
        self
    }

    /// Tells `monitor` of the progress and asks it after every accepted step whether to stop.
    #[must_use]
    pub fn monitor(mut self, monitor: &'a dyn Monitor) -> Self {
        self.monitor = monitor;
        self
    }

    /// The states at `times`, up to the first event that stops.
    ///
    /// # Errors
    /// [`Error::Invalid`] for options, a start or times that are not finite, not increasing or before the start;
    /// [`Error::Shape`] if the start has another length than the field; [`Error::NoJacobian`] if the method needs one;
    /// [`Error::Integration`] with the rows reached if the integration stops early.
    pub fn solve(&self, times: &[f64]) -> Result<Solution, Error> {
        let Integrate { field, start, initial, ref options, ref events, monitor } = *self;
        events.iter().try_for_each(FieldEvent::validate)?;
        options.validate()?;
        check_times(times, start)?;
        if initial.len() != field.dim() {
            return Err(Error::Shape {
                quantity: "the initial state".to_owned(),
                found: initial.len().to_string(),
                expected: format!("the {} entries of the vector field", field.dim()),
            });
        }
        if let Some(index) = initial.iter().position(|value| !value.is_finite()) {
            return Err(Error::invalid(field.name(index), initial[index], "finite"));
        }
        if options.method.needs_jacobian() && !field.has_jacobian() {
            return Err(Error::NoJacobian { system: "the vector field".to_owned() });
        }
        let mut solution = Solution::default();
        let mut integration = Integration::new(field, (start, initial), times, options, monitor, events);
        let result = integration.run(&mut |time, state| {
            solution.times.push(time);
            solution.states.push(state.to_vec());
            Ok(())
        });
        let Integration { stats, met, .. } = integration;
        let solution = Solution { stats, met, ..solution };
        match result {
            Ok(()) => Ok(solution),
            Err(reason) => Err(Error::Integration { reason, partial: Box::new(solution) }),
        }
    }
}
