//! What the user asked for: `overlap_system!`'s input, checked, with every mistake at its token.

mod activations;
mod entries;
mod words;

use crate::emit::Sizes;
use crate::numerical::{MAX_NODES, not_smooth};
use entries::{Entries, choice};
use overlap_engine::activation::{Activation, Activations};
use overlap_layout::{MAX_K, MAX_P};
use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, Token, Visibility, spanned::Spanned};

/// The form of the emitted code.
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
pub struct Specification {
    /// Attributes and documentation for the declared type.
    pub attributes: Vec<Attribute>,
    /// Its visibility.
    pub visibility: Visibility,
    /// Its name, given or made from the sizes.
    pub name: Ident,
    /// Sizes.
    pub sizes: Sizes,
    /// Activation of the students.
    pub student: Box<dyn Activation>,
    /// Activation of the teachers.
    pub teacher: Box<dyn Activation>,
    /// Where the activations were given, for messages about them.
    pub activation_span: Span,
    /// Form of the code.
    pub unroll: Unroll,
    /// Where the code's form was asked for, for messages about it.
    pub unroll_span: Span,
    /// Nodes of Gauss-Hermite quadrature in every dimension, where expectations are to be numerical.
    pub quadrature: Option<usize>,
    /// Where the Jacobian was asked for, if it was.
    pub jacobian: Option<Span>,
}

const KEYS: [&str; 8] = ["k", "p", "act", "teacher_act", "second_layer", "unroll", "quadrature", "jacobian"];
const EXAMPLE: &str = "overlap_system!(k = 4, p = 8, act = erf)";

impl Parse for Specification {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), format!("the system has no sizes: write `{EXAMPLE}`")));
        }
        let mut errors = Errors::default();
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        let given = given_name(input, &mut errors)?;
        if given.is_none() && !(attributes.is_empty() && matches!(visibility, Visibility::Inherited)) {
            let span = attributes.first().map_or_else(|| visibility.span(), Spanned::span);
            errors.push(Error::new(
                span,
                "attributes and visibility belong to a named system: `pub Committee: k = 4, p = 8, act = erf`",
            ));
            if input.peek(Token![:]) {
                input.parse::<Token![:]>()?;
            }
        }
        let entries = Entries::parse(input, &mut errors);
        Self::check(attributes, visibility, given, entries, errors)
    }
}

/// `Name:` in front of the options.
fn given_name(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<Ident>> {
    let path = input.peek(Token![::]) || input.peek2(Token![::]);
    // `k: 4` is an option gone wrong, and reported as one.
    let ahead = input.fork();
    let option = ahead.parse::<Ident>().is_ok_and(|word| KEYS.contains(&word.to_string().as_str()));
    if path || option || !input.peek(Ident) {
        return Ok(None);
    }
    // A word that stands alone, or in front of an option, was meant as the name.
    if input.peek2(Token![:]) || ahead.is_empty() || ahead.peek(Ident) {
        let name: Ident = input.parse()?;
        if input.peek(Token![:]) {
            input.parse::<Token![:]>()?;
        } else {
            errors.push(Error::new(
                name.span(),
                format!("expected `:` after the name: `{name}: k = 4, p = 8, act = erf`"),
            ));
        }
        return Ok(Some(name));
    }
    Ok(None)
}

impl Specification {
    fn check(
        attributes: Vec<Attribute>,
        visibility: Visibility,
        given: Option<Ident>,
        mut entries: Entries,
        mut errors: Errors,
    ) -> syn::Result<Self> {
        let missing: Vec<&str> = ["k", "p", "act"].into_iter().filter(|name| entries.lacks(name)).collect();
        if !missing.is_empty() {
            let words: Vec<String> =
                missing.iter().map(|name| format!("`{name}`, {}", meaning(name))).collect();
            errors.push(Error::new(
                given.as_ref().map_or_else(Span::call_site, Ident::span),
                format!("the system lacks {}: write `{EXAMPLE}`", words.join(", and ")),
            ));
        }
        let k = entries.take("k").and_then(|value| errors.keep(size(&value, "k", MAX_K)));
        let p = entries.take("p").and_then(|value| errors.keep(size(&value, "p", MAX_P)));
        let act = entries.take("act");
        let activation_span = act.as_ref().map_or_else(Span::call_site, Spanned::span);
        let student = act.as_ref().and_then(|value| errors.keep(student_of(value)));
        let teacher = match entries.take("teacher_act") {
            Some(value) => errors.keep(activations::activation(&value, "teacher_act")),
            None => act.and_then(|value| activations::activation(&value, "act").ok()),
        };
        let trained = entries.take("second_layer").map_or(Some(false), |value| {
            errors.keep(choice(&value, "second_layer", &[("fixed", false), ("trained", true)]))
        });
        let unroll = entries.take("unroll");
        let unroll_span = unroll.as_ref().map_or_else(Span::call_site, Spanned::span);
        let unroll = unroll.map_or(Some(Unroll::Auto), |value| {
            let all = [("auto", Unroll::Auto), ("never", Unroll::Never), ("always", Unroll::Always)];
            errors.keep(choice(&value, "unroll", &all))
        });
        let quadrature = entries.take("quadrature").and_then(|value| {
            let activations = [&student, &teacher].map(|activation| activation.as_deref());
            errors.keep(quadrature(&value, activations))
        });
        let jacobian = entries.take("jacobian").and_then(|value| errors.keep(jacobian(&value)).flatten());
        errors.finish()?;
        let (Some(k), Some(p), Some(student), Some(teacher), Some(trained), Some(unroll)) =
            (k, p, student, teacher, trained, unroll)
        else {
            return Err(Error::new(Span::call_site(), format!("write `{EXAMPLE}`")));
        };
        let sizes = Sizes { k, p, trained };
        let name = given.unwrap_or_else(|| {
            let suffix = if trained { "Trained" } else { "" };
            let activations = Activations { student: &*student, teacher: &*teacher };
            let teacher = if activations.agree() { String::new() } else { teacher.type_name() };
            Ident::new(&format!("{}{teacher}K{k}P{p}{suffix}", student.type_name()), Span::call_site())
        });
        Ok(Specification {
            attributes,
            visibility,
            name,
            sizes,
            student,
            teacher,
            activation_span,
            unroll,
            unroll_span,
            quadrature,
            jacobian,
        })
    }

    /// The activations of students and teachers.
    pub fn activations(&self) -> Activations<'_> {
        Activations { student: &*self.student, teacher: &*self.teacher }
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
fn size(value: &syn::Expr, name: &str, most: usize) -> syn::Result<usize> {
    let bound = format!("`{name}` is {}, a whole number from 1 to {most}", meaning(name));
    let wrong = |what: &str| Error::new(value.span(), format!("{bound}; {what}"));
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(literal), .. }) => {
            if !literal.suffix().is_empty() {
                return Err(wrong(&format!(
                    "write {} without the suffix `{}`",
                    literal.base10_digits(),
                    literal.suffix()
                )));
            }
            match literal.base10_parse() {
                Ok(size) if (1..=most).contains(&size) => Ok(size),
                _ => Err(wrong(&format!("found {}", literal.base10_digits()))),
            }
        }
        // The sizes are needed before any constant has a value.
        syn::Expr::Path(_) => {
            Err(wrong("write it in digits, names have no value yet when the code is generated"))
        }
        other => Err(wrong(&format!("found `{}`", other.to_token_stream().to_string().replace("- ", "-")))),
    }
}

/// Nodes of a quadrature that converges for these activations.
fn quadrature(value: &syn::Expr, activations: [Option<&dyn Activation>; 2]) -> syn::Result<usize> {
    let bound =
        format!("`quadrature` is the number of Gauss-Hermite nodes in every dimension, 2 to {MAX_NODES}");
    let nodes = match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(literal), .. }) if literal.suffix().is_empty() => {
            literal.base10_parse().ok().filter(|nodes| (2..=MAX_NODES).contains(nodes))
        }
        _ => None,
    };
    let nodes = nodes.ok_or_else(|| Error::new(value.span(), bound))?;
    match activations.into_iter().flatten().find_map(not_smooth) {
        Some(reason) => Err(Error::new(value.span(), reason)),
        None => Ok(nodes),
    }
}

/// `jacobian = true`, and where it stands.
fn jacobian(value: &syn::Expr) -> syn::Result<Option<Span>> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Bool(literal), .. }) => {
            Ok(literal.value.then_some(literal.span))
        }
        other => Err(Error::new(
            other.span(),
            "`jacobian` is `true` or `false`: whether the derivatives of the right-hand side by the state, γ, Δ and P \
             are generated as well",
        )),
    }
}

/// The activation of the students, which must be able to learn with it.
fn student_of(value: &syn::Expr) -> syn::Result<Box<dyn Activation>> {
    let activation = activations::activation(value, "act")?;
    match activation.no_student() {
        Some(reason) => Err(Error::new(
            value.span(),
            format!("{reason}; `{0}` is for teachers: `teacher_act = {0}`", activation.name()),
        )),
        None => Ok(activation),
    }
}

/// Errors found so far, reported together.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    fn finish(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
