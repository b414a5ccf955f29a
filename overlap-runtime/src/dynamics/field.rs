//! A system with its problem as a vector field: the right-hand side at the rates of its time.

use super::near::Near;
use super::symmetry::Symmetry;
use crate::model::schedule::Schedules;
use crate::ode::{SolveOptions, VectorField};
use crate::{Error, Parameters, Problem, Shape, System};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};

/// The ODE of a system for one problem, as a vector field: for [`Integrate`](crate::ode::Integrate), and for the solvers of other
/// crates, which ask for slopes and Jacobians at times and states of their own. [`solve`](fn@crate::solve) does more: it also
/// controls the error of the risk, and keeps symmetries of the start under implicit methods.
///
/// The state is \[M | upper triangle of Q | a\], see [`Shape`].
///
/// ```
/// use overlap::ode::{Integrate, VectorField};
/// use overlap::{Problem, SystemField, overlap_system};
/// overlap_system!(k = 2, p = 2, act = erf);
/// let (system, problem) = (ErfK2P2, Problem::builder(2, 2).build()?);
/// let field = SystemField::new(&system, &problem)?;
/// let start = problem.initial_state(false);
/// let mut slope = vec![0.0; field.dim()];
/// field.slope(0.0, &start, &mut slope);
/// let solution = Integrate::new(&field, 0.0, &start).solve(&[1.0, 10.0])?;
/// assert_eq!(solution.times(), [1.0, 10.0]);
/// # Ok::<(), overlap::Error>(())
/// ```
pub struct SystemField<'a> {
    system: &'a dyn System,
    shape: Shape,
    parameters: Cow<'a, Parameters>,
    schedules: Cow<'a, Schedules>,
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
    /// The field from the problem's start time on.
    ///
    /// # Errors
    /// [`Error::Mismatch`] or [`Error::Invalid`] if the problem is not one of `system` (see [`Parameters::new`]).
    pub fn new<S: System>(system: &'a S, problem: &Problem) -> Result<Self, Error> {
        let (parameters, schedules) = (Parameters::new(system, problem)?, Schedules::of(problem));
        let field = SystemField::with(system, Cow::Owned(parameters), Cow::Owned(schedules));
        field.begin(problem.start_time());
        Ok(field)
    }

    /// The field of the parameters as they are, without schedules.
    pub(super) fn constant(system: &'a dyn System, parameters: &'a Parameters) -> Self {
        SystemField::with(system, Cow::Borrowed(parameters), Cow::Owned(Schedules::default()))
    }

    pub(super) fn with(
        system: &'a dyn System,
        parameters: Cow<'a, Parameters>,
        schedules: Cow<'a, Schedules>,
    ) -> Self {
        SystemField {
            system,
            shape: system.shape(),
            has_jacobian: system.has_jacobian(),
            smooth: schedules.are_smooth(),
            since: Cell::new(0.0),
            now: RefCell::new(parameters.clone().into_owned()),
            wide: RefCell::default(),
            symmetry: RefCell::default(),
            symmetry_seen: Cell::new(false),
            near: RefCell::default(),
            parameters,
            schedules,
        }
    }

    /// For a solve from a time and state on: with the symmetry of that state where steps are implicit, and an eye on the risk.
    pub(crate) fn starting(mut self, start: f64, state: &[f64], options: &SolveOptions) -> Self {
        self.begin(start);
        if options.method.needs_jacobian() {
            self.symmetry = RefCell::new(Symmetry::of(self.shape, &self.parameters, state));
        }
        *self.near.borrow_mut() = Some(Near::new(self.system, &self.now.borrow(), state, options));
        self
    }

    /// The risk at a time; at a jump, with the noise after it.
    pub(crate) fn risk(&self, time: f64, state: &[f64]) -> f64 {
        if *self.schedules == Schedules::default() {
            return self.system.risk(&self.parameters, state);
        }
        self.system.risk(&self.schedules.at(&self.parameters, time), state)
    }

    /// The parameters at a time, between jumps.
    fn advance(&self, time: f64) {
        if self.smooth {
            self.schedules.apply(&self.parameters, self.since.get(), time, &mut self.now.borrow_mut());
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
        self.schedules.apply(&self.parameters, time, time, &mut self.now.borrow_mut());
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

/// For the solvers of the crate `ode_solvers`: y is the state, x the time. They know no jumps: a problem whose schedules
/// [jump](VectorField::jumps) is integrated from jump to jump, with [`begin`](VectorField::begin) at each.
///
/// ```
/// use overlap::nalgebra::DVector;
/// use overlap::{Problem, SystemField, overlap_system};
/// overlap_system!(k = 2, p = 2, act = erf);
/// let (system, problem) = (ErfK2P2, Problem::builder(2, 2).build()?);
/// let start = DVector::from_vec(problem.initial_state(false));
/// let field = SystemField::new(&system, &problem)?;
/// let mut solver = ode_solvers::Dopri5::new(field, 0.0, 10.0, 1.0, start, 1e-8, 1e-10);
/// solver.integrate().expect("a smooth right-hand side");
/// assert_eq!(solver.y_out().len(), solver.x_out().len());
/// # Ok::<(), overlap::Error>(())
/// ```
#[cfg(feature = "ode_solvers")]
impl ode_solvers::System<f64, nalgebra::DVector<f64>> for SystemField<'_> {
    fn system(&self, x: f64, y: &nalgebra::DVector<f64>, dy: &mut nalgebra::DVector<f64>) {
        self.slope(x, y.as_slice(), dy.as_mut_slice());
    }
}
