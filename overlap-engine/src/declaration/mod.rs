//! `k = 4, p = 8, act = erf`: what a declaration may say, whoever reads it, with every mistake at its place.
//!
//! A reader of tokens (the macro) and one of [`text`] make [`Entries`] of it, and [`Entries::check`] has the last word. Places
//! are the reader's own: spans of tokens, or bytes of a text.

mod activations;
pub mod text;
mod words;

pub use activations::activation;

use crate::activation::{Activation, Activations};
use crate::expr::{Node, Pool, Rational};
use overlap_layout::Shape;
use words::{did_you_mean, hint, listed, nearest};

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake<P> {
    /// Where.
    pub at: P,
    /// A sentence in the user's words, with what is allowed.
    pub message: String,
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<P> {
    /// Where.
    pub at: P,
    /// As it reads.
    pub text: String,
    /// What it is.
    pub form: Form<P>,
}

/// What a value is, by its form. Brackets around a value are left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Form<P> {
    /// `erf`.
    Word(String),
    /// `12`, in decimal digits, and what stands behind it (`u8`).
    Integer(String, String),
    /// `0.5`, and what stands behind it.
    Decimal(String, String),
    /// `true`.
    Truth(bool),
    /// `-1`.
    Negative(Box<Written<P>>),
    /// `hermite(3)`.
    Call(Box<Written<P>>, Vec<Written<P>>),
    /// `[0, 1]`.
    List(Vec<Written<P>>),
    /// `gain = 2`.
    Assignment(Box<Written<P>>, Box<Written<P>>),
    /// A name that is no single word.
    Path,
    /// Anything else.
    Other,
}

/// The form of emitted code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unroll {
    /// Straight-line code for small systems, loops otherwise.
    Auto,
    /// Constant-size loops at every size.
    Never,
    /// Straight-line code.
    Always,
}

/// A checked declaration.
#[derive(Debug)]
pub struct Declaration<P> {
    /// Sizes.
    pub shape: Shape,
    /// Activation of the students.
    pub student: Box<dyn Activation>,
    /// Activation of the teachers.
    pub teacher: Box<dyn Activation>,
    /// Where the activations were given, for messages about them.
    pub activation_at: P,
    /// Form of the code.
    pub unroll: Unroll,
    /// Where it was asked for.
    pub unroll_at: P,
    /// Nodes of Gauss-Hermite quadrature in every dimension, where expectations are to be numerical.
    pub quadrature: Option<usize>,
    /// Where the Jacobian was asked for, if it was.
    pub jacobian: Option<P>,
}

impl<P> Declaration<P> {
    /// The activations of students and teachers.
    pub fn activations(&self) -> Activations<'_> {
        Activations { student: &*self.student, teacher: &*self.teacher }
    }

    /// `ErfK4P8Trained`: the name of a system that was given none.
    pub fn type_name(&self) -> String {
        let Shape { k, p, trained } = self.shape;
        let teacher = if self.activations().agree() { String::new() } else { self.teacher.type_name() };
        let suffix = if trained { "Trained" } else { "" };
        format!("{}{teacher}K{k}P{p}{suffix}", self.student.type_name())
    }
}

/// The options.
pub const KEYS: [&str; 8] =
    ["k", "p", "act", "teacher_act", "second_layer", "unroll", "quadrature", "jacobian"];

/// The largest number of nodes in a dimension of quadrature.
pub const MAX_NODES: usize = 100;

/// Names that belong to a problem, with what they are there.
const RUN_TIME: [(&str, &str); 17] = [
    ("a", "a"),
    ("a_star", "a_star"),
    ("batch", "batch"),
    ("batch_size", "batch"),
    ("d", "initial"),
    ("delta", "noise"),
    ("dimension", "initial"),
    ("gamma", "learning_rate"),
    ("gamma_a", "second_layer_rate"),
    ("initial", "initial"),
    ("learning_rate", "learning_rate"),
    ("lr", "learning_rate"),
    ("noise", "noise"),
    ("scale", "student_scale"),
    ("second_layer_rate", "second_layer_rate"),
    ("student_scale", "student_scale"),
    ("teacher_scale", "teacher_scale"),
];

/// Options as other tools call them.
const ALSO_CALLED: [(&str, &str); 8] = [
    ("act_fn", "act"),
    ("activation", "act"),
    ("nonlinearity", "act"),
    ("sigma", "act"),
    ("hidden", "p"),
    ("student", "p"),
    ("students", "p"),
    ("teachers", "k"),
];

/// What is written where a reader looks for an option and finds none.
pub fn expected_option() -> String {
    format!("expected an option `key = value`; the options are {}", listed(&KEYS))
}

/// Between two options.
pub const EXPECTED_COMMA: &str = "expected `,` between options";

/// Behind the key of an option.
pub fn expected_equals(key: &str) -> String {
    format!("expected `=`: write `{key} = ...`")
}

/// Behind the `=`.
pub fn expected_value(key: &str) -> String {
    format!("`{key}` needs a value: `{key} = ...`")
}

/// Behind the name of a system.
pub fn expected_colon(name: &str) -> String {
    format!("expected `:` after the name: `{name}: k = 4, p = 8, act = erf`")
}

/// The options of a declaration as they are read, at most one value each.
#[derive(Debug)]
pub struct Entries<P> {
    values: Vec<(String, Option<Written<P>>)>,
    /// Options that the user meant but spelled otherwise: not to be reported as missing.
    meant: Vec<String>,
}

impl<P> Default for Entries<P> {
    fn default() -> Self {
        Entries { values: Vec::new(), meant: Vec::new() }
    }
}

impl<P: Clone> Entries<P> {
    /// Notes a key. Whether it is an option that was not given before; if not, the mistake is reported.
    pub fn key(&mut self, name: &str, at: &P, mistakes: &mut Vec<Mistake<P>>) -> bool {
        let mut wrong = |message: String| {
            mistakes.push(Mistake { at: at.clone(), message });
            false
        };
        if KEYS.contains(&name) {
            let twice = self.values.iter().any(|(earlier, _)| earlier == name);
            return !twice || wrong(format!("`{name}` is given twice"));
        }
        let look_up = |table: &[(&str, &'static str)]| {
            table.iter().find(|(other, _)| *other == name).map(|&(_, meant)| meant)
        };
        if let Some(field) = look_up(&RUN_TIME) {
            return wrong(format!(
                "`{name}` is not an option of the code but a number of the problem, given at run time (`{field}` of \
                 `Problem`); the options are {}",
                listed(&KEYS)
            ));
        }
        let meant = look_up(&ALSO_CALLED).or_else(|| nearest(name, &KEYS));
        self.meant.extend(meant.map(str::to_owned));
        let hint = hint(meant);
        wrong(format!("unknown option `{name}`{hint}; the options are {}", listed(&KEYS)))
    }

    /// Notes what was given for a key: nothing, where the value could not be read.
    pub fn push(&mut self, key: String, value: Option<Written<P>>) {
        self.values.push((key, value));
    }

    /// The value of an option, taken out.
    fn take(&mut self, name: &str) -> Option<Written<P>> {
        self.values.iter_mut().find(|(key, _)| key == name)?.1.take()
    }

    /// Whether the user has not even tried to give an option.
    fn lacks(&self, name: &str) -> bool {
        !self.values.iter().any(|(key, _)| key == name) && !self.meant.iter().any(|meant| meant == name)
    }

    /// The declaration, where `whole` is the place of what belongs nowhere, k and p are at most `most`, and `example` shows
    /// how to write one.
    ///
    /// # Errors
    /// `mistakes` and all others.
    pub fn check(
        mut self,
        whole: &P,
        most: [usize; 2],
        example: &str,
        mut mistakes: Vec<Mistake<P>>,
    ) -> Result<Declaration<P>, Vec<Mistake<P>>> {
        let missing: Vec<&str> = ["k", "p", "act"].into_iter().filter(|name| self.lacks(name)).collect();
        if !missing.is_empty() {
            let words: Vec<String> =
                missing.iter().map(|name| format!("`{name}`, {}", meaning(name))).collect();
            let message = format!("the system lacks {}: write `{example}`", words.join(", and "));
            mistakes.push(Mistake { at: whole.clone(), message });
        }
        let mut keep = Keep(mistakes);
        let k = self.take("k").and_then(|value| keep.keep(size(&value, "k", most[0])));
        let p = self.take("p").and_then(|value| keep.keep(size(&value, "p", most[1])));
        let act = self.take("act");
        let activation_at = act.as_ref().map_or_else(|| whole.clone(), |value| value.at.clone());
        let student = act.as_ref().and_then(|value| keep.keep(student_of(value)));
        let teacher = match self.take("teacher_act") {
            Some(value) => keep.keep(activation(&value, "teacher_act")),
            None => act.and_then(|value| activation(&value, "act").ok()),
        };
        let trained = self.take("second_layer").map_or(Some(false), |value| {
            keep.keep(choice(&value, "second_layer", &[("fixed", false), ("trained", true)]))
        });
        let unroll = self.take("unroll");
        let unroll_at = unroll.as_ref().map_or_else(|| whole.clone(), |value| value.at.clone());
        let unroll = unroll.map_or(Some(Unroll::Auto), |value| {
            let all = [("auto", Unroll::Auto), ("never", Unroll::Never), ("always", Unroll::Always)];
            keep.keep(choice(&value, "unroll", &all))
        });
        let quadrature = self.take("quadrature").and_then(|value| {
            let activations = [&student, &teacher].map(|activation| activation.as_deref());
            keep.keep(quadrature(&value, activations))
        });
        let jacobian = self.take("jacobian").and_then(|value| keep.keep(jacobian(&value)).flatten());
        match (k, p, student, teacher, trained, unroll) {
            (Some(k), Some(p), Some(student), Some(teacher), Some(trained), Some(unroll))
                if keep.0.is_empty() =>
            {
                let shape = Shape { k, p, trained };
                Ok(Declaration {
                    shape,
                    student,
                    teacher,
                    activation_at,
                    unroll,
                    unroll_at,
                    quadrature,
                    jacobian,
                })
            }
            _ => Err(keep.0),
        }
    }
}

/// Mistakes found so far, reported together.
struct Keep<P>(Vec<Mistake<P>>);

impl<P> Keep<P> {
    fn keep<T>(&mut self, result: Result<T, Mistake<P>>) -> Option<T> {
        result.map_err(|mistake| self.0.push(mistake)).ok()
    }
}

impl<P: Clone> Written<P> {
    /// A mistake at this value.
    fn wrong(&self, message: impl Into<String>) -> Mistake<P> {
        Mistake { at: self.at.clone(), message: message.into() }
    }

    /// The bare word it consists of.
    fn word(&self) -> Option<&str> {
        match &self.form {
            Form::Word(word) => Some(word),
            _ => None,
        }
    }

    /// A whole number without suffix.
    fn whole(&self) -> Option<usize> {
        match &self.form {
            Form::Integer(digits, suffix) if suffix.is_empty() => digits.parse().ok(),
            _ => None,
        }
    }
}

fn meaning(name: &str) -> &'static str {
    match name {
        "k" => "the number of teacher units",
        "p" => "the number of student units",
        _ => "the activation",
    }
}

/// A number of units.
fn size<P: Clone>(value: &Written<P>, name: &str, most: usize) -> Result<usize, Mistake<P>> {
    let bound = format!("`{name}` is {}, a whole number from 1 to {most}", meaning(name));
    let wrong = |what: &str| value.wrong(format!("{bound}; {what}"));
    match &value.form {
        Form::Integer(digits, suffix) if !suffix.is_empty() => {
            Err(wrong(&format!("write {digits} without the suffix `{suffix}`")))
        }
        Form::Integer(digits, _) => match digits.parse() {
            Ok(size) if (1..=most).contains(&size) => Ok(size),
            _ => Err(wrong(&format!("found {digits}"))),
        },
        // The sizes are needed before any constant has a value.
        Form::Word(_) | Form::Path => {
            Err(wrong("write it in digits, names have no value yet when the code is generated"))
        }
        _ => Err(wrong(&format!("found `{}`", value.text))),
    }
}

/// Nodes of a quadrature that converges for these activations.
fn quadrature<P: Clone>(
    value: &Written<P>,
    activations: [Option<&dyn Activation>; 2],
) -> Result<usize, Mistake<P>> {
    let nodes = value.whole().filter(|nodes| (2..=MAX_NODES).contains(nodes)).ok_or_else(|| {
        value.wrong(format!(
            "`quadrature` is the number of Gauss-Hermite nodes in every dimension, 2 to {MAX_NODES}"
        ))
    })?;
    match activations.into_iter().flatten().find_map(not_smooth) {
        Some(reason) => Err(value.wrong(reason)),
        None => Ok(nodes),
    }
}

/// Why an activation is not for Gauss-Hermite quadrature, if so: a step in it, or in its slope.
fn not_smooth(activation: &dyn Activation) -> Option<String> {
    let mut pool = Pool::new();
    let terms = activation.terms(&mut pool)?;
    let is_step = |width| matches!(pool.node(width), Node::Rational(width) if *width == Rational::ZERO);
    terms.iter().any(|term| term.width.is_some_and(is_step)).then(|| {
        format!(
            "`{}` is not smooth, Gauss-Hermite quadrature converges too slowly for it; its closed forms need no `quadrature`",
            activation.name()
        )
    })
}

/// `jacobian = true`, and where it stands.
fn jacobian<P: Clone>(value: &Written<P>) -> Result<Option<P>, Mistake<P>> {
    match value.form {
        Form::Truth(wanted) => Ok(wanted.then(|| value.at.clone())),
        _ => Err(value.wrong(
            "`jacobian` is `true` or `false`: whether the derivatives of the right-hand side by the state, γ, Δ and P \
             are generated as well",
        )),
    }
}

/// The activation of the students, which must be able to learn with it.
fn student_of<P: Clone>(value: &Written<P>) -> Result<Box<dyn Activation>, Mistake<P>> {
    let activation = activation(value, "act")?;
    match activation.no_student() {
        Some(reason) => {
            Err(value
                .wrong(format!("{reason}; `{0}` is for teachers: `teacher_act = {0}`", activation.name())))
        }
        None => Ok(activation),
    }
}

/// One of several words.
fn choice<P: Clone, T: Copy>(value: &Written<P>, name: &str, all: &[(&str, T)]) -> Result<T, Mistake<P>> {
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let found = value.word();
    let chosen = found.and_then(|found| all.iter().find(|(name, _)| *name == found));
    chosen.map(|&(_, choice)| choice).ok_or_else(|| {
        let hint = found.map_or_else(String::new, |found| did_you_mean(found, &names));
        value.wrong(format!("`{name}` is one of {}{hint}", listed(&names)))
    })
}
