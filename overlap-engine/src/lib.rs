//! The symbolic engine of `overlap`: mathematics, without tokens.
//!
//! An [`activation`] and the rules of [`gaussian`] give the [`equations`]; [`describe`] prints them. Code is emitted from
//! the same expressions, so what a user reads and what the machine runs cannot disagree.
//!
//! # From an activation to its equations
//!
//! An activation states of which terms x^a · erf(x/√(2w)) it consists; a [`Term`](activation::Term) without a width has no
//! error function, and width 0 is a sign. That is all the engine needs. The Gaussian error linear unit
//! x Φ(x) = x/2 + (x/2) erf(x/√2) is two terms:
//!
//! ```
//! use overlap_engine::activation::{Activation, Activations, Term, Variant};
//! use overlap_engine::equations::Equations;
//! use overlap_engine::expr::{Pool, Style, print};
//! use overlap_engine::symbol::Symbol;
//!
//! #[derive(Debug)]
//! struct Gelu;
//!
//! impl Activation for Gelu {
//!     fn name(&self) -> String {
//!         "gelu".into()
//!     }
//!     fn type_name(&self) -> String {
//!         "Gelu".into()
//!     }
//!     fn terms(&self, pool: &mut Pool) -> Option<Vec<Term>> {
//!         let (half, one) = (pool.rational(1, 2), pool.integer(1));
//!         Some(vec![
//!             Term { coefficient: half, power: 1, width: None },
//!             Term { coefficient: half, power: 1, width: Some(one) },
//!         ])
//!     }
//!     fn formula(&self) -> [String; 2] {
//!         ["x Φ(x)".into(), "x\\,\\Phi(x)".into()]
//!     }
//!     // The variant of the runtime's `Activation` that evaluates σ, for simulations.
//!     fn runtime(&self) -> Variant {
//!         Variant::Plain("Gelu")
//!     }
//! }
//!
//! let equations = Equations::derive(Activations::same(&Gelu))?;
//! let force = equations.force_of(overlap_engine::equations::N);
//! println!("J2(i,n) = {}", print(&equations.pool, force.other, Style::Text));
//!
//! // Of independent fields it is a square, E[σ']² = ¼.
//! let i = overlap_engine::equations::I;
//! let j2 = equations.pool.evaluate(force.other, &|q| if *q == Symbol::overlap(i, force.n) { 0.0 } else { 1.0 });
//! assert!((j2 - 0.25).abs() < 1e-15);
//! # Ok::<(), String>(())
//! ```
//!
//! # Writing an activation
//!
//! 1. `src/activation/NAME.rs`: the terms, the name in the macro and in problem files, the formula, the runtime's variant.
//! 2. `src/activation/mod.rs`: the module, and a line in `FORMS`; `src/spec/activations.rs` of `overlap-codegen`: how it is written after `act =`.
//! 3. `overlap-runtime/src/model/activation.rs`: σ, σ' and σ'' as functions of a number.
//! 4. A line in `tests/activations.rs` at the root, with the declaration to test. Its function `holds` does the rest: σ' is
//!    the slope of σ; I2, J2, I3 and I4 agree with quadrature on random covariances with equal and different indices; the two
//!    forms of generated code agree; the gradient flow is the slope of the risk; the solution is the mean of SGD. A line in
//!    `tests/printing.rs` and one in `tests/snapshots.rs` of `overlap-codegen`: what is printed is read back, and kept under review.
//!
//! An activation that is no such sum returns `None` for its terms: it works with `quadrature = N` alone. Where the engine
//! gets stuck it names the expectation that has no closed form.

#![forbid(unsafe_code)]

pub mod activation;
pub mod c;
pub mod declaration;
pub mod describe;
pub mod equations;
pub mod expr;
pub mod gaussian;
mod infix;
pub mod python;
pub mod resolve;
pub mod schedule;
pub mod symbol;
