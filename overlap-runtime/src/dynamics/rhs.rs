//! One right-hand side, for people and for the `rhs` command.

use crate::model::schedule::Schedules;
use crate::{Error, Parameters, Problem, Shape, State, System};
use nalgebra::{DMatrix, DVector};

/// The right-hand side of the ODE at one state, as matrices.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RightHandSide {
    /// dM/dt (k x p).
    pub d_m: DMatrix<f64>,
    /// dQ/dt (p x p, symmetric).
    pub d_q: DMatrix<f64>,
    /// da/dt (p), zero where the second layer is fixed.
    pub d_a: DVector<f64>,
    /// Risk R, with the label noise's Δ/2.
    pub risk: f64,
}

/// The right-hand side and the risk at the problem's initial state and start time.
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Invalid`] if the problem is not one of `system` (see [`Parameters::new`]);
/// [`Error::Invalid`] naming the entry if the result overflows.
pub fn evaluate<S: System + ?Sized>(system: &S, problem: &Problem) -> Result<RightHandSide, Error> {
    at_start(&system, problem)
}

fn at_start(system: &dyn System, problem: &Problem) -> Result<RightHandSide, Error> {
    let parameters = Schedules::of(problem).at(&Parameters::new(system, problem)?, problem.start_time());
    let shape = system.shape();
    let state = problem.initial_state(shape.trained);
    let mut derivative = vec![0.0; shape.dim()];
    system.right_hand_side(&parameters, &state, &mut derivative);
    let risk = system.risk(&parameters, &state);
    if let Some(index) = derivative.iter().position(|value| !value.is_finite()) {
        return Err(Error::invalid(format!("d{}/dt", shape.names()[index]), derivative[index], "finite"));
    }
    if !risk.is_finite() {
        return Err(Error::invalid("risk", risk, "finite"));
    }
    let Shape { k, p, trained } = shape;
    Ok(RightHandSide {
        d_m: DMatrix::from_fn(k, p, |r, i| derivative[shape.m(r, i)]),
        d_q: DMatrix::from_fn(p, p, |i, j| derivative[shape.q(i, j)]),
        d_a: DVector::from_fn(p, |i, _| if trained { derivative[shape.a(i)] } else { 0.0 }),
        risk,
    })
}

/// How fast the overlaps move: a function of time and state that gives the largest |dΩ/dt| over all entries of the state, with the rates
/// of that time. It is the way to a steady state in [`solve_events`](crate::solve_events):
///
/// ```
/// use overlap::{Activation, DynSystem, Event, Problem, Silent, SolveOptions, State, solve_until, speed};
/// let system = DynSystem::new(1, 1, Activation::Erf, false)?;
/// let problem = Problem::builder(1, 1).noise(0.1).build()?;
/// let speed = speed(&system, &problem)?;
/// let at_rest = |time: f64, state: State<'_>, _risk: f64| speed(time, state) - 1e-6;
/// let (_, crossing) =
///     solve_until(&system, &problem, &[1e4], &SolveOptions::default(), Event::below(&at_rest), &Silent)?;
/// let crossing = crossing.expect("SGD's ODE comes to rest at its noise floor");
/// assert!(crossing.time < 1e3 && (speed(crossing.time, crossing.state()) / 1e-6 - 1.0).abs() < 1e-3);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`Error::Mismatch`] or [`Error::Invalid`] if the problem is not one of `system` (see [`Parameters::new`]).
pub fn speed<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
) -> Result<impl Fn(f64, State<'_>) -> f64 + Sync, Error> {
    let (parameters, schedules) = (Parameters::new(system, problem)?, Schedules::of(problem));
    Ok(move |time: f64, state: State<'_>| {
        let mut derivative = vec![0.0; state.as_slice().len()];
        system.right_hand_side(&schedules.at(&parameters, time), state.as_slice(), &mut derivative);
        derivative.iter().fold(0.0, |most: f64, entry| most.max(entry.abs()))
    })
}
