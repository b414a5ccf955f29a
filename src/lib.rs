#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "lab")]
pub use overlap_lab::*;
pub use overlap_runtime::*;

#[doc(hidden)]
pub mod __private {
    pub use overlap_macros::overlap_system;
}

/// Declares a system: derives its equations and emits its specialised right-hand side and risk.
///
/// ```
/// overlap::overlap_system!(k = 4, p = 8, act = erf);
///
/// overlap::overlap_system!(
///     /// A soft committee of two units that trains its second layer.
///     pub Committee: k = 2, p = 2, act = erf, second_layer = trained
/// );
///
/// assert_eq!((ErfK4P8::K, ErfK4P8::P, ErfK4P8::DIM), (4, 8, 68));
/// println!("{}", Committee::EQUATIONS);
/// ```
///
/// As an item or as a statement it declares a unit struct: `ErfK4P8` (`ErfK2P2Trained` with a trained second layer), or
/// the name given before the colon, with its attributes and visibility. The struct implements [`System`] and has the
/// constants `K`, `P`, `DIM` (length of the state vector), `EQUATIONS` (text), `EQUATIONS_ASCII`, `EQUATIONS_LATEX`,
/// `EQUATIONS_HTML` (a page) and `DERIVATION` (the steps from the risk, as text).
///
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `k` | number of teacher units, 1 to 64 | |
/// | `p` | number of student units, 1 to 128 | |
/// | `act` | activation σ of the students: `erf`, `erf(gain = 2)`, `linear`, `hermite(3)`, `polynomial([0, 1, 0.5])`, `relu`, `tanh` | |
/// | `teacher_act` | activation σ* of the teachers, `sign` among them | `act` |
/// | `second_layer` | `fixed`, or `trained`: a is part of the state | `fixed` |
/// | `quadrature` | expectations by Gauss-Hermite quadrature with this many nodes in every dimension | closed forms |
/// | `unroll` | form of the code: `never` (constant-size loops over lanes), `always` (straight-line), `auto` | `auto` |
/// | `jacobian` | `true`: the derivatives of the right-hand side by the state, γ, Δ and P as well, for [`jacobian`](fn@jacobian) | `false` |
///
/// What changes the structure of the code is an option here; all numbers (P, a*, scales, γ, Δ, ...) belong to the
/// [`Problem`], so that a sweep never recompiles. Wrong options are compile errors at their tokens.
#[macro_export]
macro_rules! overlap_system {
    ($($input:tt)*) => {
        $crate::__private::overlap_system! { $crate; $($input)* }
    };
}

/// What most programs need: `use overlap::prelude::*;`.
pub mod prelude {
    pub use crate::overlap_system;
    #[cfg(feature = "lab")]
    pub use overlap_lab::Comparison;
    pub use overlap_runtime::{
        Activation, Ensemble, Error, Initial, Parameters, Problem, Scale, Shape, SimulateOptions,
        SolveOptions, State, System, Trajectory, simulate, solve,
    };
}
