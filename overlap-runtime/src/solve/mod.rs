//! The adaptive solve of the overlap dynamics.
//!
//! Steps are taken with error control from t = 0 on, without regard to the output times. A row inside a step is a
//! shorter step of the same method from the step's beginning, under the same error control: it is as accurate as the
//! solution, and bit for bit the same whatever other times are asked for. Memory stays bounded however long the solve.
//! The price is 6 evaluations a row with [`Method::Dopri5`], 11 with [`Method::Dop853`] and a whole step with
//! [`Method::Rodas5P`].
//!
//! Schedules: where rates jump, the integration ends and begins anew, so that no step reaches across.
//!
//! The steps are our own rather than a library's, so that eight solves can take them side by side in lanes, each with
//! its own size, and so that a single solve takes the very same ones.

mod attempt;
mod control;
mod course;
mod event;
mod integration;
mod many;
mod options;
mod rhs;
mod rosenbrock;
mod side_by_side;
mod tableau;
#[cfg(test)]
mod tests;
mod times;

pub use event::{Crossing, Event, EventFunction, Trigger};
pub use many::{solve_many, solve_many_monitored};
pub use options::{Method, SolveOptions};
pub use rhs::{RightHandSide, evaluate, speed};
pub use times::{linear_times, log_times};

use crate::model::schedule::Schedules;
use crate::{Error, Monitor, Parameters, Problem, Silent, System, Trajectory};
use integration::Integration;

/// Solves the ODE of `system` for `problem`; the rows of the result are exactly the `times` (t = steps / d).
///
/// A row at t = 0 is the problem's own state, to the last bit. The last time is reached exactly, like every other.
///
/// # Errors
/// [`Error::Invalid`] for an option or for times that are not finite, at least 0 and strictly increasing;
/// [`Error::Mismatch`] or [`Error::Invalid`] if the problem is not one of `system` (see [`Parameters::new`]);
/// [`Error::NoJacobian`] if the method needs a Jacobian that the system does not have; [`Error::Solve`] with the rows
/// reached so far if the integration stops early.
pub fn solve<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SolveOptions,
) -> Result<Trajectory, Error> {
    solve_monitored(system, problem, times, options, &Silent)
}

/// As [`solve`], telling `monitor` the fraction of the last time that is reached (at least a thousandth apart) and
/// asking it after every accepted step whether to stop.
///
/// # Errors
/// As [`solve`]; [`SolveFailure::Interrupted`](crate::SolveFailure::Interrupted) if the monitor asks to stop.
pub fn solve_monitored<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SolveOptions,
    monitor: &dyn Monitor,
) -> Result<Trajectory, Error> {
    run(&system, problem, times, options, monitor, &[]).map(|(trajectory, _)| trajectory)
}

/// As [`solve_monitored`], but stops where `event` is met: the rows up to there, and where it was (`None` if it was not
/// met up to the last time).
///
/// ```no_run
/// # fn f(system: &dyn overlap::System, problem: &overlap::Problem)
/// # -> Result<(), overlap::Error> {
/// use overlap::{Event, Silent, SolveOptions, log_times, solve_until};
/// let below = |_time: f64, _state: overlap::State<'_>, risk: f64| risk - 1e-3;
/// let times = log_times(0.01, 1e4, 100)?;
/// let (trajectory, crossing) =
///     solve_until(system, problem, &times, &SolveOptions::default(), Event::new(&below), &Silent)?;
/// if let Some(crossing) = crossing {
///     println!("the risk falls below 1e-3 at t = {}", crossing.time);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`solve_monitored`]; a stop condition that is not finite is a
/// [`SolveFailure::NotFinite`](crate::SolveFailure::NotFinite).
pub fn solve_until<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SolveOptions,
    event: Event<'_>,
    monitor: &dyn Monitor,
) -> Result<(Trajectory, Option<Crossing>), Error> {
    let (trajectory, mut crossings) = run(&system, problem, times, options, monitor, &[event])?;
    Ok((trajectory, crossings.pop().flatten()))
}

/// As [`solve_monitored`], watching any number of events: the rows up to the first one that stops the solve, and where
/// each event was met first (`None` if it was not met until then).
///
/// ```no_run
/// # fn f(system: &dyn overlap::System, problem: &overlap::Problem)
/// # -> Result<(), overlap::Error> {
/// use overlap::{Event, Silent, SolveOptions, State, solve_events};
/// let learned = |_time: f64, _state: State<'_>, risk: f64| risk - 1e-3;
/// let aligned = |_time: f64, state: State<'_>, _risk: f64| 0.5 - state.m(0, 0);
/// let events = [Event::below(&learned), Event::below(&aligned).record()];
/// let (_, met) = solve_events(system, problem, &[1e4], &SolveOptions::default(), &events, &Silent)?;
/// if let [Some(learned), Some(aligned)] = &met[..] {
///     println!("M_11 = 1/2 at t = {}, R = 1e-3 at t = {}", aligned.time, learned.time);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// Those of [`solve_until`].
pub fn solve_events<S: System + ?Sized>(
    system: &S,
    problem: &Problem,
    times: &[f64],
    options: &SolveOptions,
    events: &[Event<'_>],
    monitor: &dyn Monitor,
) -> Result<(Trajectory, Vec<Option<Crossing>>), Error> {
    run(&system, problem, times, options, monitor, events)
}

/// Compiled once, for all systems.
fn run(
    system: &dyn System,
    problem: &Problem,
    times: &[f64],
    options: &SolveOptions,
    monitor: &dyn Monitor,
    events: &[Event<'_>],
) -> Result<(Trajectory, Vec<Option<Crossing>>), Error> {
    events.iter().try_for_each(Event::validate)?;
    options.validate()?;
    times::check(times)?;
    let parameters = Parameters::new(system, problem)?;
    let schedules = Schedules::of(problem);
    let initial = problem.initial_state(system.shape().trained);
    if options.method.needs_jacobian() {
        let shape = system.shape();
        let mut entries = vec![0.0; shape.dim() * shape.jacobian_columns()];
        if !system.jacobian(&parameters, &initial, &mut entries) {
            return Err(Error::NoJacobian { system: system.name().to_owned() });
        }
    }
    let rates = (&parameters, &schedules);
    let mut integration = Integration::new(system, rates, &initial, times, options, monitor, events);
    let result = integration.run();
    let Integration { trajectory, crossings, .. } = integration;
    match result {
        Ok(()) => Ok((trajectory, crossings)),
        Err(reason) => Err(Error::Solve { reason, partial: Box::new(trajectory) }),
    }
}
