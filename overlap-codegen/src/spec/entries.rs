//! `key = value, ...` as written, read on past mistakes so that all of them are reported at once.

use super::words::{did_you_mean, hint, listed, nearest};
use super::{Errors, KEYS};
use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, Ident, Token, spanned::Spanned};

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

/// The values of the options, at most one each.
#[derive(Default)]
pub(super) struct Entries {
    values: Vec<(Ident, Option<Expr>)>,
    /// Options that the user meant but spelled otherwise: not to be reported as missing.
    meant: Vec<String>,
}

impl Entries {
    /// Reads everything that is left of `input`.
    pub(super) fn parse(input: ParseStream<'_>, errors: &mut Errors) -> Self {
        let mut entries = Entries::default();
        while !input.is_empty() {
            if let Err(error) = entries.entry(input, errors) {
                errors.push(error);
                skip(input);
            }
            if input.is_empty() {
                break;
            }
            if input.peek(Token![,]) {
                let _ = input.parse::<Token![,]>();
            } else {
                errors.push(input.error("expected `,` between options"));
                // `k = 4 p = 8` goes on with p; anything else is left out up to the next comma.
                if !(input.peek(Ident::peek_any) && input.peek2(Token![=])) {
                    skip(input);
                    let _ = input.parse::<Token![,]>();
                }
            }
        }
        entries
    }

    fn entry(&mut self, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(
                input.error(format!("expected an option `key = value`; the options are {}", listed(&KEYS)))
            );
        }
        let key = input.call(Ident::parse_any)?;
        let known = self.check_key(&key, errors);
        if !input.peek(Token![=]) {
            // An unknown word has been reported; what follows it is not worth a second message.
            if !known {
                skip(input);
                return Ok(());
            }
            self.values.push((key.clone(), None));
            if input.is_empty() || input.peek(Token![,]) {
                return Err(no_value(&key));
            }
            return Err(input.error(format!("expected `=`: write `{key} = ...`")));
        }
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            self.values.push((key.clone(), None));
            return Err(no_value(&key));
        }
        if let Err(error) = bounded(input, &key) {
            self.values.push((key, None));
            return Err(error);
        }
        let value = input.parse::<Expr>();
        if known {
            self.values.push((key, value.as_ref().ok().cloned()));
        }
        value.map(drop)
    }

    /// Whether `key` is an option that was not given before.
    fn check_key(&mut self, key: &Ident, errors: &mut Errors) -> bool {
        let name = key.to_string();
        if KEYS.contains(&name.as_str()) {
            let twice = self.values.iter().any(|(earlier, _)| earlier == key);
            if twice {
                errors.push(Error::new(key.span(), format!("`{name}` is given twice")));
            }
            return !twice;
        }
        let look_up = |table: &[(&str, &'static str)]| {
            table.iter().find(|(other, _)| *other == name).map(|&(_, meant)| meant)
        };
        let message = if let Some(field) = look_up(&RUN_TIME) {
            format!(
                "`{name}` is not an option of the code but a number of the problem, given at run time (`{field}` of \
                 `Problem`); the options are {}",
                listed(&KEYS)
            )
        } else {
            let meant = look_up(&ALSO_CALLED).or_else(|| nearest(&name, &KEYS));
            self.meant.extend(meant.map(str::to_owned));
            let hint = hint(meant);
            format!("unknown option `{name}`{hint}; the options are {}", listed(&KEYS))
        };
        errors.push(Error::new(key.span(), message));
        false
    }

    /// The value of an option, taken out. Values handed on by another macro lose their invisible brackets.
    pub(super) fn take(&mut self, name: &str) -> Option<Expr> {
        let mut value = self.values.iter_mut().find(|(key, _)| key == name)?.1.take()?;
        while let Expr::Group(syn::ExprGroup { expr, .. }) | Expr::Paren(syn::ExprParen { expr, .. }) = value
        {
            value = *expr;
        }
        Some(value)
    }

    /// Whether the user has not even tried to give an option.
    pub(super) fn lacks(&self, name: &str) -> bool {
        !self.values.iter().any(|(key, _)| key == name) && !self.meant.iter().any(|meant| meant == name)
    }
}

fn no_value(key: &Ident) -> Error {
    Error::new(key.span(), format!("`{key}` needs a value: `{key} = ...`"))
}

/// Tokens a value may have, and how deeply they may stand in brackets: a parser reads both recursively.
const MOST_TOKENS: usize = 256;
/// See [`MOST_TOKENS`].
const DEEPEST: usize = 16;
/// Characters of one token: digits are read in a time that grows with the square of their number.
const LONGEST: usize = 256;

/// An error at the token, before anything is parsed, where the value of `key` is too long or too deep.
fn bounded(input: ParseStream<'_>, key: &Ident) -> syn::Result<()> {
    let (ahead, mut tokens) = (input.fork(), 0);
    while !ahead.is_empty() && !ahead.peek(Token![,]) {
        count(&ahead.parse()?, key, 0, &mut tokens)?;
    }
    Ok(())
}

/// Adds a token and all in it to the number of `tokens`.
fn count(token: &TokenTree, key: &Ident, depth: usize, tokens: &mut usize) -> syn::Result<()> {
    let too_large = |what: String| Err(Error::new(token.span(), format!("the value of `{key}` has {what}")));
    *tokens += 1;
    if *tokens > MOST_TOKENS {
        return too_large(format!("more than the {MOST_TOKENS} tokens it may have"));
    }
    match token {
        TokenTree::Group(_) if depth == DEEPEST => {
            too_large(format!("more than the {DEEPEST} brackets inside each other that it may have"))
        }
        TokenTree::Group(group) => {
            group.stream().into_iter().try_for_each(|token| count(&token, key, depth + 1, tokens))
        }
        other => match other.to_string().chars().count() {
            length if length > LONGEST => {
                too_large(format!("a token of {length} characters, more than the {LONGEST} it may have"))
            }
            _ => Ok(()),
        },
    }
}

/// Leaves out everything up to the next comma.
fn skip(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}

/// The bare word a value consists of.
pub(super) fn word(value: &Expr) -> Option<&Ident> {
    match value {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    }
}

/// One of several words.
pub(super) fn choice<T: Copy>(value: &Expr, name: &str, all: &[(&str, T)]) -> syn::Result<T> {
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let found = word(value).map(Ident::to_string);
    let chosen = found.as_deref().and_then(|found| all.iter().find(|(name, _)| *name == found));
    chosen.map(|&(_, choice)| choice).ok_or_else(|| {
        let hint = found.as_deref().map_or_else(String::new, |found| did_you_mean(found, &names));
        Error::new(value.span(), format!("`{name}` is one of {}{hint}", listed(&names)))
    })
}
