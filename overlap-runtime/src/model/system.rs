//! What a declared system offers, and the numbers it is evaluated at.

use crate::lanes::Octet;
use crate::{Activation, Error, Problem, Shape};

/// The numbers of a [`Problem`] as the generated right-hand sides read them: flat, validated, resolved defaults.
///
/// Symbols as in the equations: network output s Σ a_i σ(λ_i), teacher s* Σ a*_r σ(λ*_r). The numbers are doubles
/// everywhere but inside ensembles, where one value holds those of several problems.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Parameters<T = f64> {
    /// Teacher overlaps P, row by row (k k numbers).
    pub teacher_overlaps: Vec<T>,
    /// Teacher second layer a* (k).
    pub a_star: Vec<T>,
    /// Student second layer a at t = 0 (p); constant where the second layer is fixed.
    pub a: Vec<T>,
    /// Student output scale s.
    pub s: T,
    /// Teacher output scale s*.
    pub s_star: T,
    /// Learning rate γ of the first layer.
    pub gamma: T,
    /// Learning rate γ_a of the second layer (0 where it is fixed).
    pub gamma_a: T,
    /// Variance Δ of the label noise.
    pub noise: T,
    /// Batch size b.
    pub batch: T,
}

impl Parameters {
    /// The parameters of `problem` for `system`.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if sizes or activation differ; [`Error::Invalid`] if the problem trains a second layer
    /// (γ_a ≠ 0) that the system keeps fixed, or where the environment variable `OVERLAP_SIMD` is wrong
    /// ([`Level::check`](crate::lanes::Level::check)).
    pub fn new(system: &(impl System + ?Sized), problem: &Problem) -> Result<Self, Error> {
        Self::of(&system, problem)
    }

    fn of(system: &dyn System, problem: &Problem) -> Result<Self, Error> {
        crate::lanes::Level::check()?;
        let shape = system.shape();
        let mismatch = |quantity, found: &dyn ToString, expected: &dyn ToString| Error::Mismatch {
            quantity,
            found: found.to_string(),
            system: system.name().to_owned(),
            expected: expected.to_string(),
        };
        if problem.k() != shape.k {
            return Err(mismatch("k", &problem.k(), &shape.k));
        }
        if problem.p() != shape.p {
            return Err(mismatch("p", &problem.p(), &shape.p));
        }
        if let Some(activation) = problem.activation()
            && activation != system.activation()
        {
            return Err(mismatch("activation", &activation, &system.activation()));
        }
        // Where a file states one activation it is that of all units.
        if let Some(activation) = problem.teacher_activation().or(problem.activation())
            && activation != system.teacher_activation()
        {
            return Err(mismatch("teacher_activation", &activation, &system.teacher_activation()));
        }
        let gamma_a = match (shape.trained, problem.second_layer_rate()) {
            (true, rate) => rate.unwrap_or(problem.learning_rate()),
            (false, None | Some(0.0)) => 0.0,
            (false, Some(rate)) => {
                return Err(Error::invalid(
                    "second_layer_rate",
                    rate,
                    format!(
                        "0 for {}, whose second layer is fixed (declare it with second_layer = trained)",
                        system.name()
                    ),
                ));
            }
        };
        Ok(Parameters {
            // nalgebra stores by columns; P is symmetric, so its transpose is itself.
            teacher_overlaps: problem.teacher_overlaps().as_slice().to_vec(),
            a_star: problem.a_star().as_slice().to_vec(),
            a: problem.a().as_slice().to_vec(),
            s: problem.student_scale(),
            s_star: problem.teacher_scale(),
            gamma: problem.learning_rate(),
            gamma_a,
            noise: problem.noise(),
            batch: problem.batch() as f64,
        })
    }
}

/// A teacher-student system whose overlap dynamics can be evaluated: what `overlap_system!` implements.
///
/// The methods that take flat slices are the hot path; [`solve`](fn@crate::solve), [`simulate`](crate::simulate) and
/// [`evaluate`](crate::evaluate) are the checked way in.
pub trait System: Send + Sync {
    /// Name of the declared type, e.g. `ErfK4P8`.
    fn name(&self) -> &str;

    /// Sizes and state layout.
    fn shape(&self) -> Shape;

    /// The activation σ of the students.
    fn activation(&self) -> Activation;

    /// The activation σ* of the teachers; that of the students unless declared with `teacher_act`.
    fn teacher_activation(&self) -> Activation {
        self.activation()
    }

    /// Right-hand side of the ODE in time t = steps / d: `derivative` = d(state)/dt. Both slices have
    /// `self.shape().dim()` entries. A non-finite state gives non-finite output, never a panic.
    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]);

    /// As [`right_hand_side`](System::right_hand_side) of eight problems side by side, lane by lane to the last bit;
    /// false, with nothing done, where the system or the machine has no such code.
    #[doc(hidden)]
    fn side_by_side(
        &self,
        parameters: &Parameters<Octet>,
        state: &[Octet],
        derivative: &mut [Octet],
    ) -> bool {
        let _ = (parameters, state, derivative);
        false
    }

    /// Derivatives of the right-hand side: row by row, the entries of the state; in each row
    /// [`Shape::jacobian_columns`] columns. Returns whether the system has them (declared with `jacobian = true`); if
    /// not, `jacobian` is left as it was. [`jacobian`](fn@crate::jacobian) is the checked way in.
    fn jacobian(&self, parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) -> bool {
        let _ = (parameters, state, jacobian);
        false
    }

    /// Whether [`jacobian`](System::jacobian) can be evaluated.
    fn has_jacobian(&self) -> bool {
        false
    }

    /// E[σ''σ], E[σ'σ'] and E[σσ] of a student and another node, for descent on the population risk; `None` where they are
    /// not known, or are those of error functions.
    #[doc(hidden)]
    fn pulls(&self) -> Option<crate::model::generated::Pulls> {
        None
    }

    /// Whether the right-hand side is that of SGD with the problem's rates, as [`simulate`](crate::simulate) runs it.
    #[doc(hidden)]
    fn describes_sgd(&self) -> bool {
        true
    }

    /// Population risk R = ½ E[(y - f)²], with the label noise's Δ/2.
    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64;

    /// The derived equations as text.
    fn equations(&self) -> &str;

    /// The derived equations as LaTeX.
    fn equations_latex(&self) -> &str;

    /// The derived equations in plain ASCII, where there are any.
    fn equations_ascii(&self) -> Option<&str> {
        None
    }

    /// A self-contained HTML page with the equations, their derivation and references, where there is one.
    fn equations_html(&self) -> Option<&str> {
        None
    }

    /// The steps from the risk to the equations as text, where there are any: a system of `overlap_system!` has them.
    fn derivation(&self) -> Option<&str> {
        None
    }
}

impl<S: System + ?Sized> System for &S {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn shape(&self) -> Shape {
        (**self).shape()
    }

    fn activation(&self) -> Activation {
        (**self).activation()
    }

    fn teacher_activation(&self) -> Activation {
        (**self).teacher_activation()
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        (**self).right_hand_side(parameters, state, derivative);
    }

    fn side_by_side(
        &self,
        parameters: &Parameters<Octet>,
        state: &[Octet],
        derivative: &mut [Octet],
    ) -> bool {
        (**self).side_by_side(parameters, state, derivative)
    }

    fn has_jacobian(&self) -> bool {
        (**self).has_jacobian()
    }

    fn pulls(&self) -> Option<crate::model::generated::Pulls> {
        (**self).pulls()
    }

    fn describes_sgd(&self) -> bool {
        (**self).describes_sgd()
    }

    fn jacobian(&self, parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) -> bool {
        (**self).jacobian(parameters, state, jacobian)
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        (**self).risk(parameters, state)
    }

    fn equations(&self) -> &str {
        (**self).equations()
    }

    fn equations_latex(&self) -> &str {
        (**self).equations_latex()
    }

    fn equations_ascii(&self) -> Option<&str> {
        (**self).equations_ascii()
    }

    fn equations_html(&self) -> Option<&str> {
        (**self).equations_html()
    }

    fn derivation(&self) -> Option<&str> {
        (**self).derivation()
    }
}
