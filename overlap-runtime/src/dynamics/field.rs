//! A system with its problem as a vector field: the right-hand side at the rates of its time.

use super::near::Near;
use super::symmetry::Symmetry;
use crate::model::schedule::Schedules;
use crate::ode::{SolveOptions, VectorField};
use crate::{Parameters, Shape, System};
use std::cell::{Cell, RefCell};

/// The ODE of a system for one problem.
pub(crate) struct SystemField<'a> {
    system: &'a dyn System,
    shape: Shape,
    parameters: &'a Parameters,
    schedules: &'a Schedules,
    has_jacobian: bool,
    /// Whether rates change between jumps.
    smooth: bool,
    /// The last jump.
    since: Cell<f64>,
    /// The parameters as they are now.
    now: RefCell<Parameters>,
    /// A Jacobian with its columns of parameters.
    wide: RefCell<Vec<f64>>,
    /// What implicit steps keep alike.
    symmetry: RefCell<Symmetry>,
    /// Whether a vector was seen that must have it.
    symmetry_seen: Cell<bool>,
    /// Watches the risk; none where nobody asked to.
    near: RefCell<Option<Near>>,
}

impl<'a> SystemField<'a> {
    pub(crate) fn new(system: &'a dyn System, parameters: &'a Parameters, schedules: &'a Schedules) -> Self {
        SystemField {
            system,
            shape: system.shape(),
            parameters,
            schedules,
            has_jacobian: system.has_jacobian(),
            smooth: schedules.are_smooth(),
            since: Cell::new(0.0),
            now: RefCell::new(parameters.clone()),
            wide: RefCell::default(),
            symmetry: RefCell::default(),
            symmetry_seen: Cell::new(false),
            near: RefCell::default(),
        }
    }

    /// For a solve from a time and state on: with the symmetry of that state where steps are implicit, and an eye on the risk.
    pub(crate) fn starting(mut self, start: f64, state: &[f64], options: &SolveOptions) -> Self {
        self.begin(start);
        if options.method.needs_jacobian() {
            self.symmetry = RefCell::new(Symmetry::of(self.shape, self.parameters, state));
        }
        *self.near.borrow_mut() = Some(Near::new(self.system, &self.now.borrow(), state, options));
        self
    }

    /// The risk at a time; at a jump, with the noise after it.
    pub(crate) fn risk(&self, time: f64, state: &[f64]) -> f64 {
        if *self.schedules == Schedules::default() {
            return self.system.risk(self.parameters, state);
        }
        self.system.risk(&self.schedules.at(self.parameters, time), state)
    }

    /// The parameters at a time, between jumps.
    fn advance(&self, time: f64) {
        if self.smooth {
            self.schedules.apply(self.parameters, self.since.get(), time, &mut self.now.borrow_mut());
        }
    }
}

impl VectorField for SystemField<'_> {
    fn dim(&self) -> usize {
        self.shape.dim()
    }

    fn slope(&self, time: f64, state: &[f64], slope: &mut [f64]) {
        self.advance(time);
        self.system.right_hand_side(&self.now.borrow(), state, slope);
    }

    fn has_jacobian(&self) -> bool {
        self.has_jacobian
    }

    fn jacobian(&self, time: f64, state: &[f64], jacobian: &mut [f64]) {
        self.advance(time);
        let (dim, columns) = (self.shape.dim(), self.shape.jacobian_columns());
        let mut wide = self.wide.borrow_mut();
        wide.resize(dim * columns, 0.0);
        self.system.jacobian(&self.now.borrow(), state, &mut wide);
        for (row, wide) in jacobian.chunks_exact_mut(dim).zip(wide.chunks_exact(columns)) {
            row.copy_from_slice(&wide[..dim]);
        }
    }

    fn depends_on_time(&self) -> bool {
        self.smooth
    }

    fn jumps(&self) -> Vec<f64> {
        self.schedules.jumps(self.since.get())
    }

    fn begin(&self, time: f64) {
        self.since.set(time);
        self.schedules.apply(self.parameters, time, time, &mut self.now.borrow_mut());
    }

    fn keep_alike(&self, vector: &mut [f64]) {
        let mut symmetry = self.symmetry.borrow_mut();
        if !self.symmetry_seen.replace(true) {
            symmetry.unless_broken_by(vector);
        }
        symmetry.keep(vector);
    }

    fn error_beyond(&self, end: &[f64], error: &dyn Fn() -> Vec<f64>, inside: bool) -> f64 {
        let mut near = self.near.borrow_mut();
        let Some(near) = near.as_mut() else { return 0.0 };
        let (system, now) = (self.system, self.now.borrow());
        if inside {
            return near.always().error(system, &now, &|| end.to_vec(), error);
        }
        near.error(system, &now, &|| end.to_vec(), error)
    }

    fn name(&self, index: usize) -> String {
        self.shape.names().swap_remove(index)
    }
}
