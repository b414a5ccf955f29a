//! The one place that calls `ode_solvers` (0.6.2), and what it takes to use it safely.
//!
//! - Its right-hand side and stop callback are moved into the stepper: everything shared goes in by reference.
//! - Its `Dense` output extrapolates the last point, its continuous output keeps every step for ever and exists for one
//!   method only: only `Sparse` output (the accepted steps) is used here, for a bounded number of steps.
//! - A right-hand side that is not finite makes it shrink the step until it underflows: [`Rhs`] remembers why.
//! - Its stiffness test stops the integration although the step control copes with a mildly stiff late phase: it is off.
//! - Its `Dop853` has wrong nodes for an explicit time dependence: where a schedule makes the rates depend on time, time
//!   is one more component of the state, with derivative one.

use super::{Method, SolveOptions};
use crate::schedule::Schedules;
use crate::{Parameters, System};
use nalgebra::allocator::Allocator;
use nalgebra::{DefaultAllocator, Dim, OVector};
use ode_solvers::dop_shared::IntegrationError;
use ode_solvers::{Dop853, Dopri5, OutputType};
use std::cell::{Cell, RefCell};
use std::ops::Mul;

/// See [`SolveOptions::atol`].
const SMALLEST_ATOL: f64 = 1e-20;

/// Enough attempts for one call; keeps the library's 32-bit evaluation count from overflowing.
const MOST_ATTEMPTS: usize = 1 << 24;

/// The first entry seen that is not finite.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotFinite {
    /// Whether it is an entry of the derivative (of a finite state) or of the state itself.
    pub(super) derivative: bool,
    pub(super) index: usize,
    pub(super) value: f64,
}

/// A system's right-hand side, with a count and a memory of what went wrong last.
pub(super) struct Rhs<'a, S: ?Sized> {
    pub(super) system: &'a S,
    parameters: &'a Parameters,
    schedules: &'a Schedules,
    /// Whether the entry behind the state is the time.
    clock: bool,
    /// The last jump of a schedule.
    since: Cell<f64>,
    /// The parameters as they are now.
    now: RefCell<Parameters>,
    evaluations: Cell<usize>,
    not_finite: Cell<Option<(usize, NotFinite)>>,
}

impl<'a, S: System + ?Sized> Rhs<'a, S> {
    pub(super) fn new(system: &'a S, parameters: &'a Parameters, schedules: &'a Schedules) -> Self {
        let rhs = Rhs {
            system,
            parameters,
            schedules,
            clock: schedules.are_smooth(),
            since: Cell::new(0.0),
            now: RefCell::new(parameters.clone()),
            evaluations: Cell::new(0),
            not_finite: Cell::new(None),
        };
        rhs.jump(0.0);
        rhs
    }

    /// From here on, the rates are those that schedules jump to at `time`.
    pub(super) fn jump(&self, time: f64) {
        self.since.set(time);
        self.schedules.apply(self.parameters, time, time, &mut self.now.borrow_mut());
    }

    /// The risk at a time; at a jump, with the noise after it.
    pub(super) fn risk(&self, time: f64, state: &[f64]) -> f64 {
        self.system.risk(&self.schedules.at(self.parameters, time), state)
    }

    pub(super) fn evaluate(&self, state: &[f64], derivative: &mut [f64]) {
        // What is beyond the state is the time, and padding: zero, and constant.
        let dim = self.system.shape().dim();
        let (derivative, beyond) = derivative.split_at_mut(dim);
        beyond.fill(0.0);
        if self.clock {
            self.schedules.apply(self.parameters, self.since.get(), state[dim], &mut self.now.borrow_mut());
            beyond[0] = 1.0;
        }
        let state = &state[..dim];
        self.system.right_hand_side(&self.now.borrow(), state, derivative);
        let count = self.evaluations.get() + 1;
        self.evaluations.set(count);
        if !all_finite(derivative) {
            self.remember(count, state, derivative);
        }
    }

    /// Within one step attempt, the derivative of a finite state is the cause; later stages only carry it on.
    #[cold]
    fn remember(&self, count: usize, state: &[f64], derivative: &[f64]) {
        let find = |values: &[f64], derivative| {
            let index = values.iter().position(|value| !value.is_finite())?;
            Some(NotFinite { derivative, index, value: values[index] })
        };
        let cause = match (find(state, false), self.not_finite.get()) {
            (None, _) => find(derivative, true),
            (Some(_), Some((_, known))) => Some(known),
            (found, None) => found,
        };
        self.not_finite.set(cause.map(|cause| (count, cause)));
    }

    /// Right-hand sides evaluated so far.
    pub(super) fn evaluations(&self) -> usize {
        self.evaluations.get()
    }

    /// A step was accepted: earlier trouble was an overshoot that the step control has dealt with.
    pub(super) fn forget(&self) {
        self.not_finite.set(None);
    }

    /// What was not finite within the last `window` evaluations.
    pub(super) fn not_finite(&self, window: usize) -> Option<NotFinite> {
        let (count, cause) = self.not_finite.get()?;
        (self.evaluations() - count < window).then_some(cause)
    }
}

/// Without an early exit, so that it vectorises.
fn all_finite(values: &[f64]) -> bool {
    values.iter().fold(true, |finite, value| finite & value.is_finite())
}

impl Method {
    /// Evaluations of one step attempt.
    pub(super) fn stages(self) -> usize {
        match self {
            Method::Dopri5 => 6,
            Method::Dop853 => 11,
        }
    }

    /// Step attempts of one call that evaluated `evaluations` times: it starts with one evaluation, two more where it
    /// had to choose the first step, and Dop853 adds one for every accepted step.
    pub(super) fn attempts(self, evaluations: usize, chose_first_step: bool, accepted: usize) -> usize {
        let start = if chose_first_step { 3 } else { 1 };
        let after = match self {
            Method::Dopri5 => 0,
            Method::Dop853 => accepted,
        };
        evaluations.saturating_sub(start + after) / self.stages()
    }
}

/// Where an integration starts and how far it may go.
pub(super) struct Span {
    pub(super) from: f64,
    pub(super) to: f64,
    /// First step, 0 to let the library choose.
    pub(super) step: f64,
    /// Largest number of attempts.
    pub(super) attempts: usize,
    /// The part of the vector that is the state; the rest is padding without error. The library controls the root mean
    /// square of the error over all entries: tolerances smaller by √share make it that of the state alone.
    pub(super) share: f64,
}

/// Runs `ode_solvers` over `span`; the last accepted state, and how it ended.
pub(super) fn run<D, F>(
    options: &SolveOptions,
    span: Span,
    state: OVector<f64, D>,
    system: F,
) -> (OVector<f64, D>, Result<(), IntegrationError>)
where
    D: Dim,
    F: ode_solvers::System<f64, OVector<f64, D>>,
    DefaultAllocator: Allocator<D>,
    OVector<f64, D>: Mul<f64, Output = OVector<f64, D>>,
{
    let Span { from, to, step, attempts, share } = span;
    let scale = share.sqrt();
    let (rtol, atol) = (options.rtol * scale, options.atol.max(SMALLEST_ATOL) * scale);
    let attempts = attempts.clamp(1, MOST_ATTEMPTS) as u32;
    // The library's own defaults: safety factor, beta, smallest and largest growth of the step.
    macro_rules! integrate {
        ($Method:ident, $attempts:expr, $safety:expr, $beta:expr, $smallest:expr, $largest:expr) => {{
            let mut stepper = $Method::from_param(
                system,
                from,
                to,
                0.0,
                state.clone(),
                rtol,
                atol,
                $safety,
                $beta,
                $smallest,
                $largest,
                f64::INFINITY,
                step,
                $attempts,
                u32::MAX,
                OutputType::Sparse,
            );
            let end = stepper.integrate();
            (stepper.y_out().last().cloned().unwrap_or(state), end.map(drop))
        }};
    }
    match options.method {
        // Dopri5 tests `steps > n_max` where Dop853 tests `steps >= n_max`.
        Method::Dopri5 => integrate!(Dopri5, attempts - 1, 0.9, 0.04, 0.2, 10.0),
        Method::Dop853 => integrate!(Dop853, attempts, 0.9, 0.0, 0.333, 6.0),
    }
}
