//! What the user asked for: `overlap_system!`'s input, checked, with every mistake at its token.

mod entries;
mod words;

use crate::activation::{self, Activation};
use crate::emit::Sizes;
use entries::{Entries, choice, word};
use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, Token, Visibility, spanned::Spanned};
use words::{did_you_mean, listed};

/// Largest number of teacher units: Ω and its lane layout live on the stack.
pub const MAX_K: usize = 64;
/// Largest number of student units.
pub const MAX_P: usize = 128;

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
    /// Activation.
    pub activation: &'static dyn Activation,
    /// Form of the code.
    pub unroll: Unroll,
    /// Where the code's form was asked for, for messages about it.
    pub unroll_span: Span,
}

const KEYS: [&str; 5] = ["k", "p", "act", "second_layer", "unroll"];
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
        let activation = entries.take("act").and_then(|value| errors.keep(activation_of(&value)));
        let trained = entries.take("second_layer").map_or(Some(false), |value| {
            errors.keep(choice(&value, "second_layer", &[("fixed", false), ("trained", true)]))
        });
        let unroll = entries.take("unroll");
        let unroll_span = unroll.as_ref().map_or_else(Span::call_site, Spanned::span);
        let unroll = unroll.map_or(Some(Unroll::Auto), |value| {
            let all = [("auto", Unroll::Auto), ("never", Unroll::Never), ("always", Unroll::Always)];
            errors.keep(choice(&value, "unroll", &all))
        });
        errors.finish()?;
        let (Some(k), Some(p), Some(activation), Some(trained), Some(unroll)) =
            (k, p, activation, trained, unroll)
        else {
            return Err(Error::new(Span::call_site(), format!("write `{EXAMPLE}`")));
        };
        let sizes = Sizes { k, p, trained };
        let name = given.unwrap_or_else(|| {
            let suffix = if trained { "Trained" } else { "" };
            Ident::new(&format!("{}K{k}P{p}{suffix}", activation.type_name()), Span::call_site())
        });
        Ok(Specification { attributes, visibility, name, sizes, activation, unroll, unroll_span })
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

fn activation_of(value: &syn::Expr) -> syn::Result<&'static dyn Activation> {
    let all = activation::all();
    let names = all.map(Activation::name);
    let Some(word) = word(value) else {
        return Err(Error::new(
            value.span(),
            format!("`act` is the name of an activation: {}", listed(&names)),
        ));
    };
    let name = word.to_string();
    all.into_iter().find(|activation| activation.name() == name).ok_or_else(|| {
        let hint = did_you_mean(&name, &names);
        Error::new(
            word.span(),
            format!("unknown activation `{name}`{hint}; the activations are {}", listed(&names)),
        )
    })
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
