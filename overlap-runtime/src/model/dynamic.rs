//! A system whose declaration is read at run time: the same dynamics without generated code.

use crate::model::generated::{Pulls, Quadrature};
use crate::model::program::{Gradients, Program, PullProgram};
use crate::{Activation, Error, Parameters, Shape, System};
use overlap_engine::declaration::{Declaration, text};
use overlap_engine::describe::{Description, describe, describe_numerical};
use overlap_engine::equations::Equations;
use overlap_engine::schedule::{Forms, Lanes};
use overlap_layout::MAX_UNITS;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

/// A teacher-student system that is declared at run time, of any size: everything `overlap_system!` takes, in the same words.
///
/// The equations are derived by the same engine and run by an interpreter on packs of lanes; what declared systems gain over it by
/// their constant sizes is stated in the performance page. An evaluation of the right-hand side or of the risk allocates nothing.
/// Copies share what they are made of.
///
/// ```
/// use overlap::{Activation, DynSystem, Problem, SolveOptions, solve};
/// let system = DynSystem::new(2, 3, Activation::Erf, false)?;
/// let problem = Problem::builder(2, 3).learning_rate(0.5).build()?;
/// let trajectory = solve(&system, &problem, &[0.0, 1.0], &SolveOptions::default())?;
/// assert!(trajectory.risk()[1] < trajectory.risk()[0]);
///
/// let mixed: DynSystem = "k = 4, p = 8, act = erf, teacher_act = sign, second_layer = trained".parse()?;
/// let again = DynSystem::builder(4, 8).activation(Activation::Erf).teacher_activation(Activation::Sign).trained(true).build()?;
/// assert_eq!(mixed, again);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone)]
pub struct DynSystem(Arc<Inner>);

struct Inner {
    name: String,
    declaration: Declaration<text::Place>,
    student: Activation,
    teacher: Activation,
    code: Code,
    texts: OnceLock<Description>,
}

// One for each system: its size does not matter.
#[allow(clippy::large_enum_variant)]
enum Code {
    /// Closed forms.
    Closed {
        program: Program,
        gradients: Option<Gradients>,
        /// Where the runtime does not have these forms.
        pulls: Option<Arc<PullProgram>>,
    },
    /// Expectations by quadrature.
    Numerical(Arc<Quadrature>),
}

/// Options of a [`DynSystem`], see [`DynSystem::builder`].
#[derive(Debug, Clone)]
#[must_use]
pub struct DynSystemBuilder {
    k: usize,
    p: usize,
    activation: Activation,
    teacher: Option<Activation>,
    trained: bool,
    quadrature: Option<usize>,
    jacobian: bool,
}

impl DynSystemBuilder {
    /// The activation σ of the students, and of the teachers unless they have one of their own; erf unless set.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// The activation σ* of the teachers.
    pub fn teacher_activation(mut self, activation: Activation) -> Self {
        self.teacher = Some(activation);
        self
    }

    /// Whether the second layer is trained; fixed unless set.
    pub fn trained(mut self, trained: bool) -> Self {
        self.trained = trained;
        self
    }

    /// Expectations by Gauss-Hermite quadrature with so many nodes in every dimension, 2 to 100, instead of closed forms.
    pub fn quadrature(mut self, nodes: usize) -> Self {
        self.quadrature = Some(nodes);
        self
    }

    /// Whether the system has a Jacobian; without one unless set.
    pub fn jacobian(mut self, jacobian: bool) -> Self {
        self.jacobian = jacobian;
        self
    }

    /// The system.
    ///
    /// # Errors
    /// [`Error::Invalid`] if k or p is 0 or more than 1024; [`Error::Declaration`] in the words of `overlap_system!` if an activation
    /// cannot be had so.
    pub fn build(self) -> Result<DynSystem, Error> {
        for (name, units) in [("k", self.k), ("p", self.p)] {
            if !(1..=MAX_UNITS).contains(&units) {
                return Err(Error::invalid(name, units, format!("between 1 and {MAX_UNITS}")));
            }
        }
        let mut text = format!("k = {}, p = {}, act = {}", self.k, self.p, self.activation);
        if let Some(teacher) = self.teacher {
            text += &format!(", teacher_act = {teacher}");
        }
        if self.trained {
            text += ", second_layer = trained";
        }
        if let Some(nodes) = self.quadrature {
            text += &format!(", quadrature = {nodes}");
        }
        if self.jacobian {
            text += ", jacobian = true";
        }
        text.parse()
    }
}

impl DynSystem {
    /// k teachers and p students with activation σ, whose second layer is `trained` or fixed.
    ///
    /// # Errors
    /// As [`DynSystemBuilder::build`].
    pub fn new(k: usize, p: usize, activation: Activation, trained: bool) -> Result<Self, Error> {
        DynSystem::builder(k, p).activation(activation).trained(trained).build()
    }

    /// A system of k teachers and p students, by default with error functions and a fixed second layer.
    pub fn builder(k: usize, p: usize) -> DynSystemBuilder {
        let activation = Activation::Erf;
        DynSystemBuilder {
            k,
            p,
            activation,
            teacher: None,
            trained: false,
            quadrature: None,
            jacobian: false,
        }
    }

    fn of(text: &str, name: Option<String>, declaration: Declaration<text::Place>) -> Result<Self, Error> {
        let wrong = |message: String| {
            let message = format!("{message}; `quadrature = 20` asks for the numerical one");
            mistakes(text, vec![(declaration.activation_at.clone(), message)])
        };
        let [student, teacher] =
            [&declaration.student, &declaration.teacher].map(|activation| activation.name().parse());
        let (student, teacher): (Activation, Activation) = (student?, teacher?);
        let (shape, activations) = (declaration.shape, declaration.activations());
        let code = match declaration.quadrature {
            Some(nodes) => Code::Numerical(Arc::new(Quadrature::new(nodes))),
            None => {
                let mut equations = Equations::derive(activations).map_err(wrong)?;
                let lanes = Lanes::new(&mut equations, shape.trained);
                let forms = equations.by_coincidence.then(|| Forms::new(&mut equations, false));
                let gradients = declaration.jacobian.is_some();
                let gradients = gradients.then(|| Gradients::new(&mut equations, shape));
                let pulls = !activations.are_error_functions();
                let pulls = pulls.then(|| Arc::new(PullProgram::new(&mut equations)));
                Code::Closed { program: Program::new(&lanes, forms.as_ref(), shape), gradients, pulls }
            }
        };
        let second_layer = if shape.trained { "trained" } else { "fixed" };
        let of_teacher = if student == teacher { String::new() } else { format!(", teacher {teacher}") };
        let name = name.unwrap_or_else(|| {
            format!("DynSystem({}, {}, {student}{of_teacher}, {second_layer})", shape.k, shape.p)
        });
        let texts = OnceLock::new();
        Ok(DynSystem(Arc::new(Inner { name, declaration, student, teacher, code, texts })))
    }

    /// One self-contained C99 file with the right-hand side and the risk, `NAME_right_hand_side` and `NAME_risk`; its first
    /// comment states the layout of state and parameters. For codes in C, C++, Fortran or Julia.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `name` cannot begin names in C, or if the expectations are numerical.
    pub fn c_file(&self, name: &str) -> Result<String, Error> {
        let mut equations = self.in_closed_form("C")?;
        overlap_engine::c::file(&mut equations, self.0.declaration.shape, name)
            .map_err(|message| Error::invalid("name", name, format!("a beginning of names: {message}")))
    }

    /// One self-contained Python module with `right_hand_side(state, parameters)` and `risk(state, parameters)`; its docstring states the
    /// layout of state and parameters. It needs NumPy, or JAX, under which both functions can be compiled, mapped and differentiated.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the expectations are numerical.
    pub fn python_file(&self) -> Result<String, Error> {
        let mut equations = self.in_closed_form("Python")?;
        Ok(overlap_engine::python::file(&mut equations, self.0.declaration.shape))
    }

    fn in_closed_form(&self, language: &str) -> Result<Equations<'_>, Error> {
        let numerical = || {
            let left_out = format!("left out: only closed forms are written in {language}");
            Error::invalid("quadrature", self.name(), left_out)
        };
        if self.0.declaration.quadrature.is_some() {
            return Err(numerical());
        }
        Equations::derive(self.0.declaration.activations()).map_err(|_| numerical())
    }

    /// The texts about the system, made when they are first asked for.
    fn texts(&self) -> &Description {
        self.0.texts.get_or_init(|| {
            let Declaration { shape, quadrature, .. } = self.0.declaration;
            let activations = self.0.declaration.activations();
            let name = self.0.declaration.type_name();
            match (quadrature, Equations::derive(activations)) {
                (None, Ok(mut equations)) => describe(&mut equations, activations, &name, shape),
                (nodes, _) => describe_numerical(activations, &name, shape, nodes.unwrap_or_default()),
            }
        })
    }

    fn activations(&self) -> [Activation; 2] {
        [self.0.student, self.0.teacher]
    }
}

fn mistakes(text: &str, mistakes: Vec<(text::Place, String)>) -> Error {
    Error::Declaration { text: text.to_owned(), mistakes }
}

impl FromStr for DynSystem {
    type Err = Error;

    /// Reads what stands between the brackets of `overlap_system!`, a name in front of it too. `unroll` has no effect.
    ///
    /// # Errors
    /// [`Error::Declaration`] with all mistakes, in the macro's words.
    fn from_str(declaration: &str) -> Result<Self, Error> {
        let (name, found) = text::parse(declaration, [MAX_UNITS; 2]).map_err(|all| {
            mistakes(declaration, all.into_iter().map(|mistake| (mistake.at, mistake.message)).collect())
        })?;
        DynSystem::of(declaration, name, found)
    }
}

impl fmt::Debug for DynSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynSystem").field(&self.0.name).finish()
    }
}

/// Equal declarations give equal systems.
impl PartialEq for DynSystem {
    fn eq(&self, other: &Self) -> bool {
        let of = |system: &Self| {
            let Declaration { shape, quadrature, jacobian, .. } = &system.0.declaration;
            (*shape, *quadrature, jacobian.is_some())
        };
        self.0.name == other.0.name && of(self) == of(other) && self.activations() == other.activations()
    }
}

impl System for DynSystem {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn shape(&self) -> Shape {
        self.0.declaration.shape
    }

    fn activation(&self) -> Activation {
        self.0.student
    }

    fn teacher_activation(&self) -> Activation {
        self.0.teacher
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        match &self.0.code {
            Code::Closed { program, .. } => program.right_hand_side(parameters, state, derivative),
            Code::Numerical(rule) => {
                rule.right_hand_side(self.shape(), self.activations(), parameters, state, derivative);
            }
        }
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        match &self.0.code {
            Code::Closed { program, .. } => program.risk(parameters, state),
            Code::Numerical(rule) => rule.risk(self.shape(), self.activations(), parameters, state),
        }
    }

    fn has_jacobian(&self) -> bool {
        self.0.declaration.jacobian.is_some()
    }

    fn jacobian(&self, parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) -> bool {
        match &self.0.code {
            Code::Closed { gradients: Some(gradients), .. } => {
                gradients.jacobian(parameters, state, jacobian)
            }
            Code::Numerical(rule) if self.has_jacobian() => {
                rule.jacobian(self.shape(), self.activations(), parameters, state, jacobian);
            }
            _ => return false,
        }
        true
    }

    fn pulls(&self) -> Option<Pulls> {
        match &self.0.code {
            Code::Closed { pulls, .. } => {
                let pulls = Arc::clone(pulls.as_ref()?);
                Some(Arc::new(move |with, overlaps| pulls.at(with, overlaps)))
            }
            Code::Numerical(rule) => {
                let (rule, activations) = (Arc::clone(rule), self.activations());
                Some(Arc::new(move |with, overlaps| rule.pulls(activations, with, overlaps)))
            }
        }
    }

    fn equations(&self) -> &str {
        &self.texts().text
    }

    fn equations_latex(&self) -> &str {
        &self.texts().latex
    }

    fn equations_ascii(&self) -> Option<&str> {
        Some(&self.texts().ascii)
    }

    fn equations_html(&self) -> Option<&str> {
        Some(&self.texts().html)
    }

    fn derivation(&self) -> Option<&str> {
        Some(&self.texts().derivation)
    }
}
