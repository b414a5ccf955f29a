//! A problem solved: the ODE of a system from its initial state, rows, events, ensembles, and the regimes of wide networks.
//!
//! Symmetries: where students (or teachers, or pairs of both) can be exchanged without changing anything at the start, to the
//! last bit, `Method::Rodas5P` keeps what is alike alike to the last bit, at all times. The explicit methods keep it as
//! far as sums in another order round alike.
//!
//! Noiseless problems: where the excess risk falls below 1e-5 of the risk of an untrained student (and Δ/2 is below that as
//! well), steps are also bound by the error of the risk, so that curves are right to a part in a hundred down to the rounding of
//! the risk, about 1e-14 of that of an untrained student. What is smaller than that is rounding, of either sign.

mod crossing;
mod field;
mod fixed_points;
mod many;
mod near;
mod regime;
mod rhs;
mod side_by_side;
mod symmetry;
#[cfg(test)]
mod tests;
mod trajectory;

pub use crossing::Crossing;
pub use field::SystemField;
pub use fixed_points::{FixedPoint, FixedPointStart, fixed_points, largest_stable_rate};
pub use many::{solve_many, solve_many_monitored};
pub use regime::{Limit, NoLimit, Prefactors, Regime, Region};
pub use rhs::{RightHandSide, evaluate, speed};
pub use trajectory::Trajectory;

use crate::model::schedule::Schedules;
use crate::ode::integration::Integration;
use crate::ode::{Event, FieldEvent, FieldFunction, SolveOptions, check_times};
use crate::{Error, Monitor, Parameters, Problem, Silent, State, System};
use std::borrow::Cow;

/// Solves the ODE of `system` for `problem`; the rows of the result are exactly the `times` (t = steps / d).
///
/// A row at the [start time](Problem::start_time), 0 unless the problem says otherwise, is the problem's own state, to the last bit. The last time is reached exactly, like every other.
///
/// # Errors
/// [`Error::Invalid`] for an option or for times that are not finite, at least the start time and strictly increasing;
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
    check_times(times, problem.start_time())?;
    let (shape, parameters, schedules) =
        (system.shape(), Parameters::new(system, problem)?, Schedules::of(problem));
    if options.method.needs_jacobian() && !system.has_jacobian() {
        return Err(Error::NoJacobian { system: system.name().to_owned() });
    }
    let initial = problem.initial_state(shape.trained);
    let start = problem.start_time();
    let field = SystemField::with(system, Cow::Borrowed(&parameters), Cow::Borrowed(&schedules))
        .starting(start, &initial, options);
    let fixed_a = &parameters.a;
    let mut functions: Vec<Box<FieldFunction<'_>>> = Vec::with_capacity(events.len());
    for &Event { function, .. } in events {
        let field = &field;
        functions.push(Box::new(move |time, state| {
            function(time, State::new(shape, state, fixed_a), field.risk(time, state))
        }));
    }
    let watched: Vec<FieldEvent<'_>> =
        events.iter().zip(&functions).map(|(event, function)| event.watching(&**function)).collect();
    let mut integration = Integration::new(&field, (start, &initial), times, options, monitor, &watched);
    let mut trajectory = Trajectory::empty(shape, parameters.clone());
    let result = integration.run(&mut |time, state| {
        let noise = schedules.noise.factor(time) * parameters.noise;
        trajectory.push(time, state.to_vec(), field.risk(time, state), noise)
    });
    trajectory.stats = integration.stats;
    if let Err(reason) = result {
        return Err(Error::Solve { reason, partial: Box::new(trajectory) });
    }
    let crossing = |(time, values): (f64, Vec<f64>)| Crossing {
        shape,
        risk: field.risk(time, &values),
        values,
        fixed_a: parameters.a.clone(),
        time,
    };
    let met = std::mem::take(&mut integration.met);
    Ok((trajectory, met.into_iter().map(|met| met.map(crossing)).collect()))
}
