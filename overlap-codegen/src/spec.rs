//! What the user asked for: `overlap_system!`'s input, checked, with every mistake at its token.

use crate::activation::{self, Activation};
use crate::emit::Sizes;
use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, LitInt, Token, Visibility, spanned::Spanned};

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

/// A value as written: kept as tokens so that all mistakes can be reported at once.
struct Entry {
    key: Ident,
    value: Option<syn::Expr>,
}

impl Parse for Specification {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), format!("the system has no sizes: write `{EXAMPLE}`")));
        }
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        let given = if input.peek(Ident) && input.peek2(Token![:]) {
            let name: Ident = input.parse()?;
            input.parse::<Token![:]>()?;
            Some(name)
        } else {
            None
        };
        let mut errors = Errors::default();
        if given.is_none() && !(attributes.is_empty() && matches!(visibility, Visibility::Inherited)) {
            let span = attributes.first().map_or_else(|| visibility.span(), Spanned::span);
            errors.push(Error::new(
                span,
                "attributes and visibility belong to a named system: `pub Committee: k = 4, p = 8, act = erf`",
            ));
        }
        let entries = entries(input)?;
        Self::check(attributes, visibility, given, entries, errors, input.span())
    }
}

/// `key = value, ...` with an optional trailing comma.
fn entries(input: ParseStream<'_>) -> syn::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while !input.is_empty() {
        if !input.peek(Ident) {
            return Err(input.error(format!("expected one of the options {}", listed(&KEYS))));
        }
        let key: Ident = input.parse()?;
        if !input.peek(Token![=]) {
            return Err(Error::new(key.span(), format!("`{key}` needs a value: `{key} = ...`")));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(key.span(), format!("`{key}` needs a value: `{key} = ...`")));
        }
        entries.push(Entry { key, value: Some(input.parse()?) });
        if input.is_empty() {
            break;
        }
        if !input.peek(Token![,]) {
            return Err(input.error("expected `,` between options"));
        }
        input.parse::<Token![,]>()?;
    }
    Ok(entries)
}

impl Specification {
    fn check(
        attributes: Vec<Attribute>,
        visibility: Visibility,
        given: Option<Ident>,
        mut entries: Vec<Entry>,
        mut errors: Errors,
        end: Span,
    ) -> syn::Result<Self> {
        for position in 0..entries.len() {
            let key = entries[position].key.clone();
            let name = key.to_string();
            if !KEYS.contains(&name.as_str()) {
                let hint = did_you_mean(&name, &KEYS);
                errors.push(Error::new(
                    key.span(),
                    format!("unknown option `{name}`{hint}; the options are {}", listed(&KEYS)),
                ));
            } else if entries[..position].iter().any(|earlier| earlier.key == key) {
                errors.push(Error::new(key.span(), format!("`{name}` is given twice")));
                entries[position].value = None;
            }
        }
        let mut take = |name: &str| {
            let entry = entries.iter_mut().find(|entry| entry.key == name && entry.value.is_some())?;
            entry.value.take()
        };
        let (k, p, act) = (take("k"), take("p"), take("act"));
        let (second_layer, unroll) = (take("second_layer"), take("unroll"));

        let missing: Vec<&str> = [("k", k.is_none()), ("p", p.is_none()), ("act", act.is_none())]
            .into_iter()
            .filter_map(|(name, missing)| missing.then_some(name))
            .collect();
        if !missing.is_empty() {
            let words: Vec<String> =
                missing.iter().map(|name| format!("`{name} = {}`", meaning(name))).collect();
            errors.push(Error::new(
                end,
                format!("the system lacks {}: write `{EXAMPLE}`", words.join(" and ")),
            ));
        }
        let k = k.and_then(|value| errors.keep(size(&value, "k", "teacher", MAX_K)));
        let p = p.and_then(|value| errors.keep(size(&value, "p", "student", MAX_P)));
        let activation = act.and_then(|value| errors.keep(activation_of(&value)));
        let trained = second_layer.map_or(Some(false), |value| {
            errors.keep(choice(&value, "second_layer", &[("fixed", false), ("trained", true)]))
        });
        let unroll_span = unroll.as_ref().map_or_else(Span::call_site, Spanned::span);
        let unroll = unroll.map_or(Some(Unroll::Auto), |value| {
            let all = [("auto", Unroll::Auto), ("never", Unroll::Never), ("always", Unroll::Always)];
            errors.keep(choice(&value, "unroll", &all))
        });
        errors.finish()?;
        let (Some(k), Some(p), Some(activation), Some(trained), Some(unroll)) =
            (k, p, activation, trained, unroll)
        else {
            return Err(Error::new(end, format!("write `{EXAMPLE}`")));
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
        "k" => "number of teacher units",
        "p" => "number of student units",
        _ => "activation",
    }
}

/// A number of units.
fn size(value: &syn::Expr, name: &str, whose: &str, most: usize) -> syn::Result<usize> {
    let bound = format!("`{name}` is the number of {whose} units, a whole number from 1 to {most}");
    let literal = match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(literal), .. }) => literal,
        _ => return Err(Error::new(value.span(), bound)),
    };
    if !literal.suffix().is_empty() {
        return Err(Error::new(literal.span(), format!("{bound}, without a suffix")));
    }
    match parsed(literal) {
        Some(size) if (1..=most).contains(&size) => Ok(size),
        _ => Err(Error::new(literal.span(), format!("{bound}; found {}", literal.base10_digits()))),
    }
}

fn parsed(literal: &LitInt) -> Option<usize> {
    literal.base10_parse().ok()
}

/// The bare word a value consists of.
fn word(value: &syn::Expr) -> Option<&Ident> {
    match value {
        syn::Expr::Path(path) => path.path.get_ident(),
        _ => None,
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

fn choice<T: Copy>(value: &syn::Expr, name: &str, all: &[(&str, T)]) -> syn::Result<T> {
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let found = word(value).map(Ident::to_string);
    let chosen = found.as_deref().and_then(|found| all.iter().find(|(name, _)| *name == found));
    chosen.map(|&(_, choice)| choice).ok_or_else(|| {
        let hint = found.as_deref().map_or_else(String::new, |found| did_you_mean(found, &names));
        Error::new(value.span(), format!("`{name}` is one of {}{hint}", listed(&names)))
    })
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// `, did you mean ...?` for the nearest name within two edits.
fn did_you_mean(found: &str, names: &[&str]) -> String {
    names
        .iter()
        .map(|name| (distance(&found.to_lowercase(), name), name))
        .min()
        .filter(|&(distance, name)| distance <= 2 && distance < name.len())
        .map_or_else(String::new, |(_, name)| format!(", did you mean `{name}`?"))
}

/// Levenshtein distance.
fn distance(x: &str, y: &str) -> usize {
    let y: Vec<char> = y.chars().collect();
    let mut row: Vec<usize> = (0..=y.len()).collect();
    for (i, a) in x.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in y.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[y.len()]
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
