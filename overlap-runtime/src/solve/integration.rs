//! One integration in progress: chunks of steps, output rows, stop condition, failures.

use super::event::{Bracket, Crossing, Event, crossed};
use super::stepper::{NotFinite, Rhs, Span, run};
use super::{SolveOptions, rhs};
use crate::schedule::Schedules;
use crate::{Monitor, Parameters, Shape, SolveFailure, State, System, Trajectory};
use nalgebra::allocator::Allocator;
use nalgebra::{Const, DefaultAllocator, Dim, Dyn, OVector};
use ode_solvers::dop_shared::IntegrationError;
use std::ops::Mul;

/// The library keeps every accepted step of a chunk; a chunk holds at most this many steps ...
const CHUNK_STEPS: usize = 512;
/// ... and about this many numbers (32 MB).
const CHUNK_NUMBERS: usize = 1 << 22;

/// One integration in progress; generated code passes it on to [`integrate_sized`].
pub struct Integration<'a> {
    parameters: &'a Parameters,
    schedules: &'a Schedules,
    /// Where schedules jump, the next one last.
    jumps: Vec<f64>,
    shape: Shape,
    times: &'a [f64],
    options: &'a SolveOptions,
    monitor: &'a dyn Monitor,
    event: Option<Event<'a>>,
    /// Length of the state; the vectors the library works on may be longer: the time, padding with zeros.
    dim: usize,
    /// The state, and the time behind it where a schedule asks for it.
    initial: Vec<f64>,
    /// Value of the event function at the last accepted step.
    event_value: f64,
    /// Accepted steps of a chunk.
    pub(super) chunk: usize,
    attempts: usize,
    /// Evaluations spent on rows and on locating the stop condition, not on steps.
    spent_inside: usize,
    reported: f64,
    failure: Option<SolveFailure>,
    pub(super) trajectory: Trajectory,
    pub(super) crossing: Option<Crossing>,
}

/// The last accepted step.
struct Position<D: Dim>
where
    DefaultAllocator: Allocator<D>,
{
    time: f64,
    step: f64,
    state: OVector<f64, D>,
}

impl<'a> Integration<'a> {
    /// Everything checked by the caller: `times` increasing and not empty, `initial` of the shape's length.
    pub(super) fn new(
        shape: Shape,
        (parameters, schedules): (&'a Parameters, &'a Schedules),
        mut initial: Vec<f64>,
        times: &'a [f64],
        options: &'a SolveOptions,
        monitor: &'a dyn Monitor,
        event: Option<Event<'a>>,
    ) -> Self {
        let dim = initial.len();
        if schedules.are_smooth() {
            initial.push(0.0);
        }
        let mut jumps = schedules.jumps();
        jumps.reverse();
        Integration {
            parameters,
            schedules,
            jumps,
            shape,
            times,
            options,
            monitor,
            event,
            event_value: f64::NAN,
            chunk: (CHUNK_NUMBERS / initial.len().max(1)).clamp(16, CHUNK_STEPS),
            dim,
            initial,
            attempts: 0,
            spent_inside: 0,
            reported: 0.0,
            failure: None,
            trajectory: Trajectory::empty(shape, parameters.clone()),
            crossing: None,
        }
    }

    fn end(&self) -> f64 {
        self.times[self.times.len() - 1]
    }

    /// The part of a library vector of `length` entries that is the state, see [`Span::share`].
    fn share(&self, length: usize) -> f64 {
        self.dim as f64 / length as f64
    }

    fn finished(&self) -> bool {
        self.crossing.is_some() || self.trajectory.len() == self.times.len()
    }

    fn push_row<S: System + ?Sized>(
        &mut self,
        rhs: &Rhs<'_, S>,
        time: f64,
        state: &[f64],
    ) -> Result<(), SolveFailure> {
        let state = &state[..self.dim];
        let risk = rhs.risk(time, state);
        if !risk.is_finite() {
            return Err(SolveFailure::NotFinite { quantity: "risk".to_owned(), value: risk, time });
        }
        self.trajectory.times.push(time);
        self.trajectory.states.push(state.to_vec());
        self.trajectory.risks.push(risk);
        self.trajectory.noises.push(self.schedules.noise.factor(time) * self.parameters.noise);
        Ok(())
    }

    /// Value of the event function; 1 without an event, so that nothing is ever crossed.
    fn watch<S: System + ?Sized>(
        &self,
        rhs: &Rhs<'_, S>,
        time: f64,
        state: &[f64],
    ) -> Result<f64, SolveFailure> {
        let Some(event) = self.event else { return Ok(1.0) };
        let state = &state[..self.dim];
        let view = State::new(self.shape, state, &self.parameters.a);
        let value = (event.function)(time, view, rhs.risk(time, state));
        if value.is_finite() {
            return Ok(value);
        }
        Err(SolveFailure::NotFinite { quantity: "the stop condition".to_owned(), value, time })
    }

    fn stop_at<S: System + ?Sized>(&mut self, rhs: &Rhs<'_, S>, time: f64, state: &[f64]) {
        let state = &state[..self.dim];
        self.crossing = Some(Crossing {
            shape: self.shape,
            values: state.to_vec(),
            fixed_a: self.parameters.a.clone(),
            time,
            risk: rhs.risk(time, state),
        });
    }

    /// The start: a right-hand side that is not finite, a stop condition already met, a row at t = 0.
    fn start<S: System + ?Sized>(&mut self, rhs: &Rhs<'_, S>) -> Result<(), SolveFailure> {
        let initial = std::mem::take(&mut self.initial);
        rhs.evaluate(&initial, &mut vec![0.0; initial.len()]);
        if let Some(cause) = rhs.not_finite(1) {
            return Err(self.not_finite(cause, 0.0));
        }
        if self.times[0] == 0.0 {
            self.push_row(rhs, 0.0, &initial)?;
        }
        self.event_value = self.watch(rhs, 0.0, &initial)?;
        if self.event_value == 0.0 {
            self.stop_at(rhs, 0.0, &initial);
        }
        self.initial = initial;
        Ok(())
    }

    /// Takes the accepted step from `position` to (`time`, `state`): the rows and the stop condition within it. Where a
    /// schedule jumps within it, only up to there: the answer is the state at the jump.
    fn accept<S, D>(
        &mut self,
        rhs: &Rhs<'_, S>,
        position: &Position<D>,
        time: f64,
        state: &OVector<f64, D>,
    ) -> Result<Option<OVector<f64, D>>, SolveFailure>
    where
        S: System + ?Sized,
        D: Dim,
        DefaultAllocator: Allocator<D>,
        OVector<f64, D>: Mul<f64, Output = OVector<f64, D>>,
    {
        let inside = |integration: &Self, at: f64| {
            if at == time { Ok(state.clone()) } else { integration.between(rhs, position, at) }
        };
        let jump = self.jumps.last().copied().filter(|&jump| jump <= time);
        let mut reached = time.min(self.end()).min(jump.unwrap_or(f64::INFINITY));
        if let Some(event) = self.event {
            let mut after = inside(self, reached)?;
            let mut value = self.watch(rhs, reached, after.as_slice())?;
            if crossed(self.event_value, value) {
                let mut bracket = Bracket::new((position.time, self.event_value), (reached, value));
                while let Some(at) = bracket.probe(event.tolerance * reached) {
                    let probed = inside(self, at)?;
                    let found = self.watch(rhs, at, probed.as_slice())?;
                    if bracket.update(at, found) {
                        (reached, after) = (at, probed);
                    }
                }
                self.stop_at(rhs, reached, after.as_slice());
                value = f64::NAN;
            }
            self.event_value = value;
        }
        while let Some(&at) = self.times.get(self.trajectory.len())
            && at <= reached
        {
            let row = inside(self, at)?;
            self.push_row(rhs, at, row.as_slice())?;
        }
        self.trajectory.stats.accepted += 1;
        self.report(reached);
        if self.monitor.should_stop() && !self.finished() {
            return Err(SolveFailure::Interrupted { time: reached });
        }
        match jump {
            Some(at) if !self.finished() => inside(self, at).map(Some),
            _ => Ok(None),
        }
    }

    /// The state at a time inside the step that starts at `position`, by a step of its own from there: as accurate as
    /// the solution itself, and independent of every other output time. In relative time, where nothing can underflow.
    fn between<S, D>(
        &self,
        rhs: &Rhs<'_, S>,
        position: &Position<D>,
        time: f64,
    ) -> Result<OVector<f64, D>, SolveFailure>
    where
        S: System + ?Sized,
        D: Dim,
        DefaultAllocator: Allocator<D>,
        OVector<f64, D>: Mul<f64, Output = OVector<f64, D>>,
    {
        let to = time - position.time;
        let share = self.share(position.state.len());
        let span = Span { from: 0.0, to, step: to, attempts: self.options.max_steps, share };
        match run(self.options, span, position.state.clone(), Inside { rhs }) {
            (state, Ok(())) => Ok(state),
            (_, Err(error)) => Err(self.failure(rhs, error, position.time)),
        }
    }

    fn report(&mut self, time: f64) {
        let fraction = time / self.end();
        if fraction >= self.reported + 1e-3 || self.finished() {
            self.monitor.progress(fraction);
            self.reported = fraction;
        }
    }

    fn not_finite(&self, cause: NotFinite, time: f64) -> SolveFailure {
        let name = rhs::name(self.shape, cause.index);
        let quantity = if cause.derivative { format!("d{name}/dt") } else { name };
        SolveFailure::NotFinite { quantity, value: cause.value, time }
    }

    /// Why the library stopped: only what happened in its last attempt tells NaN from a genuine underflow.
    fn failure<S: System + ?Sized>(
        &self,
        rhs: &Rhs<'_, S>,
        error: IntegrationError,
        time: f64,
    ) -> SolveFailure {
        match (error, rhs.not_finite(self.options.method.stages())) {
            (IntegrationError::MaxNumStepReached { .. }, _) => {
                SolveFailure::MaxSteps { max_steps: self.options.max_steps, time }
            }
            (_, Some(cause)) => self.not_finite(cause, time),
            (_, None) => SolveFailure::StepSizeUnderflow { time, rtol: self.options.rtol },
        }
    }
}

/// The right-hand side alone, for a step of its own inside an accepted one.
struct Inside<'r, 's, S: ?Sized> {
    rhs: &'r Rhs<'s, S>,
}

impl<S, D> ode_solvers::System<f64, OVector<f64, D>> for Inside<'_, '_, S>
where
    S: System + ?Sized,
    D: Dim,
    DefaultAllocator: Allocator<D>,
{
    fn system(&self, _time: f64, state: &OVector<f64, D>, derivative: &mut OVector<f64, D>) {
        self.rhs.evaluate(state.as_slice(), derivative.as_mut_slice());
    }
}

/// A chunk of steps: moved into the library, reports through its references.
struct Chunk<'r, 's, 'a, S: ?Sized, D: Dim>
where
    DefaultAllocator: Allocator<D>,
{
    rhs: &'r Rhs<'s, S>,
    integration: &'r mut Integration<'a>,
    position: &'r mut Position<D>,
    left: usize,
}

impl<S, D> ode_solvers::System<f64, OVector<f64, D>> for Chunk<'_, '_, '_, S, D>
where
    S: System + ?Sized,
    D: Dim,
    DefaultAllocator: Allocator<D>,
    OVector<f64, D>: Mul<f64, Output = OVector<f64, D>>,
{
    fn system(&self, _time: f64, state: &OVector<f64, D>, derivative: &mut OVector<f64, D>) {
        self.rhs.evaluate(state.as_slice(), derivative.as_mut_slice());
    }

    fn solout(&mut self, time: f64, state: &OVector<f64, D>, _derivative: &OVector<f64, D>) -> bool {
        self.rhs.forget();
        let before = self.rhs.evaluations();
        let accepted = self.integration.accept(self.rhs, self.position, time, state);
        self.integration.spent_inside += self.rhs.evaluations() - before;
        *self.position = Position { time, step: time - self.position.time, state: state.clone() };
        match accepted {
            Err(failure) => self.integration.failure = Some(failure),
            Ok(None) => {}
            // Other rates from here on: a new beginning, with a first step of its own.
            Ok(Some(state)) => {
                let time = self.integration.jumps.pop().unwrap_or(time);
                *self.position = Position { time, step: 0.0, state };
                self.rhs.jump(time);
                self.left = 1;
            }
        }
        self.left -= 1;
        self.left == 0 || self.integration.finished() || self.integration.failure.is_some()
    }
}

fn integrate<S, D>(system: &S, integration: &mut Integration<'_>, dim: D) -> Result<(), SolveFailure>
where
    S: System + ?Sized,
    D: Dim,
    DefaultAllocator: Allocator<D>,
    OVector<f64, D>: Mul<f64, Output = OVector<f64, D>>,
{
    let rhs = Rhs::new(system, integration.parameters, integration.schedules);
    let result = integration.start(&rhs).and_then(|()| {
        let mut state = OVector::zeros_generic(dim, Const::<1>);
        state.as_mut_slice()[..integration.initial.len()].copy_from_slice(&integration.initial);
        let mut position = Position { time: 0.0, step: 0.0, state };
        while !integration.finished() {
            advance(&rhs, integration, &mut position)?;
        }
        Ok(())
    });
    let stats = &mut integration.trajectory.stats;
    stats.evaluations = rhs.evaluations();
    stats.rejected = integration.attempts.saturating_sub(stats.accepted);
    result
}

/// One chunk of steps from `position`, going on with the last good step size.
fn advance<S, D>(
    rhs: &Rhs<'_, S>,
    integration: &mut Integration<'_>,
    position: &mut Position<D>,
) -> Result<(), SolveFailure>
where
    S: System + ?Sized,
    D: Dim,
    DefaultAllocator: Allocator<D>,
    OVector<f64, D>: Mul<f64, Output = OVector<f64, D>>,
{
    let options = integration.options;
    let left = options.max_steps.saturating_sub(integration.attempts);
    if left == 0 {
        return Err(SolveFailure::MaxSteps { max_steps: options.max_steps, time: position.time });
    }
    // Without an end, so that no step is cut to fit it: a row does not depend on which rows come after it.
    let share = integration.share(position.state.len());
    let span = Span { from: position.time, to: f64::INFINITY, step: position.step, attempts: left, share };
    let chose_first_step = span.step == 0.0;
    let (evaluations, inside, accepted) =
        (rhs.evaluations(), integration.spent_inside, integration.trajectory.stats.accepted);
    let (chunk, state) = (integration.chunk, position.state.clone());
    let (_, end) = run(options, span, state, Chunk { rhs, integration, position, left: chunk });
    let spent = rhs.evaluations() - evaluations - (integration.spent_inside - inside);
    let accepted = integration.trajectory.stats.accepted - accepted;
    integration.attempts += options.method.attempts(spent, chose_first_step, accepted);
    if let Some(failure) = integration.failure.take() {
        return Err(failure);
    }
    match end {
        // The budget is looked at when the next chunk begins.
        Ok(()) | Err(IntegrationError::MaxNumStepReached { .. }) => Ok(()),
        Err(error) => Err(integration.failure(rhs, error, position.time)),
    }
}

/// Integrates with a state on the heap, of any size.
#[doc(hidden)]
pub fn integrate_dynamic<S: System + ?Sized>(
    system: &S,
    integration: &mut Integration<'_>,
) -> Result<(), SolveFailure> {
    let dim = Dyn(integration.initial.len());
    integrate(system, integration, dim)
}

/// Integrates with a state on the stack, where it is small enough for that to matter; else as [`integrate_dynamic`].
///
/// The state is padded to one of a few lengths, so that this crate compiles the solver once for all declared systems: for a
/// length of its own, every declared system would spend seconds of compile time on it.
#[doc(hidden)]
pub fn integrate_sized(system: &dyn System, integration: &mut Integration<'_>) -> Result<(), SolveFailure> {
    match integration.initial.len() {
        ..=8 => integrate(system, integration, Const::<8>),
        9..=24 => integrate(system, integration, Const::<24>),
        25..=80 => integrate(system, integration, Const::<80>),
        _ => integrate_dynamic(system, integration),
    }
}
