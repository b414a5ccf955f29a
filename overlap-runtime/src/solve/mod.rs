//! The adaptive solve on `ode_solvers`.

use crate::*;

/// Options of [`solve`].
#[derive(Debug, Clone, PartialEq)]
pub struct SolveOptions {}

/// One integration in progress.
pub struct Integration<'a> {
    _marker: std::marker::PhantomData<&'a ()>,
}

/// Integrates with a heap-allocated state of any size.
#[doc(hidden)]
pub fn integrate_dynamic<S: System + ?Sized>(
    _system: &S,
    _integration: &mut Integration<'_>,
) -> Result<(), SolveFailure> {
    Ok(())
}

/// Integrates with a state of DIM numbers on the stack.
#[doc(hidden)]
pub fn integrate_static<const DIM: usize, S: System + ?Sized>(
    _system: &S,
    _integration: &mut Integration<'_>,
) -> Result<(), SolveFailure> {
    Ok(())
}

/// Solves the ODE.
pub fn solve(
    _system: &dyn System,
    _problem: &Problem,
    _times: &[f64],
    _options: &SolveOptions,
) -> Result<Trajectory, Error> {
    Err(Error::Interrupted)
}
