//! Activations: one file each, supplying only what cannot be derived.
//!
//! An activation says of which terms x^power · erf(x/√(2w)) it consists ([`Term`]); every expectation, derivative and
//! equation follows from the rules of [`gaussian`](crate::gaussian) and [`resolve`](crate::resolve). To add one, write
//! its file, add it to the words of `act = …` (`spec/activations.rs` of `overlap-codegen`) and to the runtime's `Activation`, and give the generic
//! test (`tests/activations.rs` of the workspace) a line: it compares every closed form with quadrature, the flow with
//! the slope of the risk, and the equations with SGD.

mod erf;
mod polynomial;
mod relu;
mod sign;
mod tanh;

pub use erf::Erf;
pub use polynomial::{MAX_DEGREE, Polynomial};
pub use relu::Relu;
pub use sign::Sign;
pub use tanh::Tanh;

use crate::expr::{Expr, Pool};
use crate::symbol::{Index, Kind};
use std::fmt::Debug;

/// coefficient · x^power, times erf(x/√(2 width)) where there is a width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// A constant.
    pub coefficient: Expr,
    /// Power of x.
    pub power: u32,
    /// The error function's width w, a constant: 1 is erf(x/√2), 0 is its limit sign(x), `None` no error function.
    pub width: Option<Expr>,
}

impl Term {
    /// Whether it is an error function alone, so that its derivative is one Gaussian.
    pub fn is_error_function(&self) -> bool {
        self.power == 0 && self.width.is_some()
    }
}

/// What the engine must be told about an activation σ.
pub trait Activation: Debug + Send + Sync {
    /// As it is written in `act = ...` and in problem files.
    fn name(&self) -> String;

    /// The name in the declared type, e.g. `Erf` in `ErfK4P8`.
    fn type_name(&self) -> String;

    /// The terms σ consists of; `None` if it is not of this form, so that its expectations need quadrature.
    fn terms(&self, pool: &mut Pool) -> Option<Vec<Term>>;

    /// Why a student cannot learn with it, if so.
    fn no_student(&self) -> Option<&'static str> {
        None
    }

    /// σ(x) as text and as LaTeX.
    fn formula(&self) -> [String; 2];

    /// The value of the runtime's `Activation` that evaluates σ.
    fn runtime(&self) -> Variant;
}

/// A value of the runtime's `Activation`: the variant and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Variant {
    /// `Erf`.
    Plain(&'static str),
    /// `ErfGain(2.0)`.
    Number(&'static str, f64),
    /// `Hermite(3)`.
    Degree(&'static str, usize),
    /// `Polynomial` with these coefficients, c_0 first.
    Polynomial(Vec<f64>),
}

/// How activations are written, for messages.
pub const FORMS: [&str; 8] =
    ["erf", "erf(gain = g)", "hermite(n)", "linear", "polynomial([c0, c1, ...])", "relu", "sign", "tanh"];

/// The activations of students and teachers.
#[derive(Debug, Clone, Copy)]
pub struct Activations<'a> {
    /// σ of the students.
    pub student: &'a dyn Activation,
    /// σ* of the teachers.
    pub teacher: &'a dyn Activation,
}

impl<'a> Activations<'a> {
    /// One activation for all units.
    pub fn same(activation: &'a dyn Activation) -> Self {
        Activations { student: activation, teacher: activation }
    }

    /// Whether all units have the same activation.
    pub fn agree(&self) -> bool {
        self.student.name() == self.teacher.name()
    }

    /// The kinds of nodes that are told apart: all nodes, or teachers and students.
    pub fn kinds(&self) -> &'static [Kind] {
        if self.agree() { &[Kind::Node] } else { &[Kind::Teacher, Kind::Student] }
    }

    /// Whether all units are error functions, of any gain, or signs.
    pub fn are_error_functions(&self) -> bool {
        [self.student, self.teacher].iter().all(|activation| {
            let terms = activation.terms(&mut Pool::new());
            matches!(terms.as_deref(), Some([term]) if term.is_error_function())
        })
    }

    /// The activation of a node. A role that runs over all nodes has the students'.
    pub fn of(&self, index: Index) -> &'a dyn Activation {
        if index.kind() == Kind::Teacher { self.teacher } else { self.student }
    }
}
