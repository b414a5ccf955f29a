//! The Jacobian of a right-hand side, for people and for implicit methods.

use crate::{Error, Parameters, Problem, System};
use nalgebra::DMatrix;

/// The derivatives of the right-hand side at one state.
///
/// Rows are the entries of the state in the order of [`Shape`](crate::Shape). Q_ij = Q_ji is one variable, and so is P_rs = P_sr.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Jacobian {
    /// ∂(d state/dt)/∂ state (dim x dim): columns are the entries of the state.
    pub by_state: DMatrix<f64>,
    /// ∂(d state/dt)/∂ parameter (dim x (2 + k (k + 1)/2)): columns are γ, Δ and the upper triangle of P row by row,
    /// as [`Shape::parameter_names`](crate::Shape::parameter_names) lists them. The rate γ_a of a trained second layer does not follow γ.
    pub by_parameters: DMatrix<f64>,
}

/// The Jacobian of the right-hand side of `problem` at `state` (layout of [`Shape`](crate::Shape)), for a system declared with
/// `jacobian = true`.
///
/// # Errors
/// [`Error::NoJacobian`] if the system was declared without; [`Error::Mismatch`] or [`Error::Invalid`] if the problem
/// is not one of `system` (see [`Parameters::new`]); [`Error::Shape`] if `state` has another length;
/// [`Error::Invalid`] naming the entry if the result is not finite.
pub fn jacobian<S: System + ?Sized>(system: &S, problem: &Problem, state: &[f64]) -> Result<Jacobian, Error> {
    at(&system, problem, state)
}

fn at(system: &dyn System, problem: &Problem, state: &[f64]) -> Result<Jacobian, Error> {
    let parameters = Parameters::new(system, problem)?;
    let shape = system.shape();
    let (dim, columns) = (shape.dim(), shape.jacobian_columns());
    if state.len() != dim {
        return Err(Error::Shape {
            quantity: "the state".into(),
            found: state.len().to_string(),
            expected: format!("the {dim} entries of {}", system.name()),
        });
    }
    let mut values = vec![0.0; dim * columns];
    if !system.jacobian(&parameters, state, &mut values) {
        return Err(Error::NoJacobian { system: system.name().to_owned() });
    }
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        let (names, parameters) = (shape.names(), shape.parameter_names());
        let (row, column) = (index / columns, index % columns);
        let by = names.get(column).unwrap_or_else(|| &parameters[column - dim]);
        let quantity = format!("the derivative of d{}/dt by {by}", names[row]);
        return Err(Error::invalid(quantity, values[index], "finite"));
    }
    Ok(Jacobian {
        by_state: DMatrix::from_fn(dim, dim, |row, column| values[row * columns + column]),
        by_parameters: DMatrix::from_fn(dim, columns - dim, |row, column| {
            values[row * columns + dim + column]
        }),
    })
}
