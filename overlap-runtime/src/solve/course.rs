//! The right-hand side along a solve: at the rates of its time, counted.

use crate::model::schedule::Schedules;
use crate::{Parameters, System};
use std::cell::{Cell, RefCell};

/// The right-hand side of one solve.
pub(super) struct Rhs<'a> {
    system: &'a dyn System,
    dim: usize,
    parameters: &'a Parameters,
    schedules: &'a Schedules,
    /// Whether rates change between jumps.
    smooth: bool,
    /// The last jump.
    since: Cell<f64>,
    /// The parameters as they are now.
    now: RefCell<Parameters>,
    evaluations: Cell<usize>,
}

impl<'a> Rhs<'a> {
    pub(super) fn new(system: &'a dyn System, parameters: &'a Parameters, schedules: &'a Schedules) -> Self {
        let rhs = Rhs {
            system,
            dim: system.shape().dim(),
            parameters,
            schedules,
            smooth: schedules.are_smooth(),
            since: Cell::new(0.0),
            now: RefCell::new(parameters.clone()),
            evaluations: Cell::new(0),
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
        if *self.schedules == Schedules::default() {
            return self.system.risk(self.parameters, state);
        }
        self.system.risk(&self.schedules.at(self.parameters, time), state)
    }

    /// The derivative at a time and state; both slices may be padded.
    pub(super) fn evaluate(&self, time: f64, state: &[f64], derivative: &mut [f64]) {
        if self.smooth {
            self.schedules.apply(self.parameters, self.since.get(), time, &mut self.now.borrow_mut());
        }
        self.evaluations.set(self.evaluations.get() + 1);
        self.system.right_hand_side(&self.now.borrow(), &state[..self.dim], &mut derivative[..self.dim]);
    }

    /// The Jacobian at a time and state, see [`System::jacobian`].
    pub(super) fn jacobian(&self, time: f64, state: &[f64], jacobian: &mut [f64]) {
        if self.smooth {
            self.schedules.apply(self.parameters, self.since.get(), time, &mut self.now.borrow_mut());
        }
        self.system.jacobian(&self.now.borrow(), &state[..self.dim], jacobian);
    }

    /// Whether the derivative changes with time at a fixed state, other than by jumps.
    pub(super) fn is_smooth(&self) -> bool {
        self.smooth
    }

    /// Right-hand sides evaluated so far.
    pub(super) fn evaluations(&self) -> usize {
        self.evaluations.get()
    }
}
