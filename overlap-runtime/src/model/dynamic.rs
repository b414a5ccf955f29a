//! A system whose sizes are numbers at run time: the same dynamics without generated code.

use crate::model::program::Program;
use crate::{Activation, Error, Parameters, Shape, System};
use overlap_engine::activation::{Activations, Erf};
use overlap_engine::equations::Equations;
use overlap_engine::schedule::Lanes;
use overlap_layout::MAX_UNITS;
use std::fmt;
use std::sync::Arc;

/// A teacher-student system of any size, for sizes that are only known at run time or too large to declare.
///
/// The equations are those of `overlap_system!`, derived by the same engine and run by an interpreter on packs of lanes; what
/// declared systems gain over it by their constant sizes is stated in the performance page. An evaluation allocates nothing.
///
/// ```
/// use overlap::{Activation, DynSystem, Problem, SolveOptions, solve};
/// let system = DynSystem::new(2, 3, Activation::Erf, false)?;
/// let problem = Problem::builder(2, 3).learning_rate(0.5).build()?;
/// let trajectory = solve(&system, &problem, &[0.0, 1.0], &SolveOptions::default())?;
/// assert!(trajectory.risk()[1] < trajectory.risk()[0]);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone)]
pub struct DynSystem(Arc<Inner>);

struct Inner {
    shape: Shape,
    name: String,
    equations: [String; 2],
    program: Program,
}

impl DynSystem {
    /// k teachers and p students with activation σ, whose second layer is `trained` or fixed.
    ///
    /// # Errors
    /// [`Error::Invalid`] if k or p is 0 or more than 1024.
    pub fn new(k: usize, p: usize, activation: Activation, trained: bool) -> Result<Self, Error> {
        for (name, units) in [("k", k), ("p", p)] {
            if !(1..=MAX_UNITS).contains(&units) {
                return Err(Error::invalid(name, units, format!("between 1 and {MAX_UNITS}")));
            }
        }
        let shape = Shape { k, p, trained };
        let second_layer = if trained { "trained" } else { "fixed" };
        let text = format!(
            "the equations of overlap_system!(k = {k}, p = {p}, act = {}, second_layer = {second_layer})",
            activation.name()
        );
        let latex = format!("\\text{{{}}}", text.replace('_', "\\_"));
        let mut equations = Equations::derive(Activations { student: &Erf::UNIT, teacher: &Erf::UNIT })
            .map_err(|message| Error::invalid("activation", activation.name(), message))?;
        let program = Program::new(&Lanes::new(&mut equations, trained), shape).expect("loops");
        Ok(DynSystem(Arc::new(Inner {
            shape,
            name: format!("DynSystem({k}, {p}, {}, {second_layer})", activation.name()),
            equations: [text, latex],
            program,
        })))
    }
}

impl fmt::Debug for DynSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl PartialEq for DynSystem {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl System for DynSystem {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn shape(&self) -> Shape {
        self.0.shape
    }

    fn activation(&self) -> Activation {
        Activation::Erf
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        self.0.program.right_hand_side(parameters, state, derivative);
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        self.0.program.risk(parameters, state)
    }

    fn equations(&self) -> &str {
        &self.0.equations[0]
    }

    fn equations_latex(&self) -> &str {
        &self.0.equations[1]
    }
}
