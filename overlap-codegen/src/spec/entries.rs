//! `key = value, ...` as tokens, read on past mistakes so that all of them are reported at once.

use super::Errors;
use overlap_engine::declaration::{
    EXPECTED_COMMA, Entries, Form, Written, expected_equals, expected_option, expected_value,
};
use proc_macro2::{Span, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, ExprGroup, ExprLit, ExprParen, Ident, Lit, Token, UnOp, spanned::Spanned};

/// Reads everything that is left of `input`.
pub(super) fn parse(input: ParseStream<'_>, entries: &mut Entries<Span>, errors: &mut Errors) {
    while !input.is_empty() {
        if let Err(error) = entry(input, entries, errors) {
            errors.push(error);
            skip(input);
        }
        if input.is_empty() {
            break;
        }
        if input.peek(Token![,]) {
            let _ = input.parse::<Token![,]>();
        } else {
            errors.push(input.error(EXPECTED_COMMA));
            // `k = 4 p = 8` goes on with p; anything else is left out up to the next comma.
            if !(input.peek(Ident::peek_any) && input.peek2(Token![=])) {
                skip(input);
                let _ = input.parse::<Token![,]>();
            }
        }
    }
}

fn entry(input: ParseStream<'_>, entries: &mut Entries<Span>, errors: &mut Errors) -> syn::Result<()> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error(expected_option()));
    }
    let key = input.call(Ident::parse_any)?;
    let (name, mut mistakes) = (key.to_string(), Vec::new());
    let known = entries.key(&name, &key.span(), &mut mistakes);
    mistakes.into_iter().for_each(|mistake| errors.push(super::error(mistake)));
    if !input.peek(Token![=]) {
        // An unknown word has been reported; what follows it is not worth a second message.
        if !known {
            skip(input);
            return Ok(());
        }
        entries.push(name.clone(), None);
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new(key.span(), expected_value(&name)));
        }
        return Err(input.error(expected_equals(&name)));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        entries.push(name.clone(), None);
        return Err(Error::new(key.span(), expected_value(&name)));
    }
    if let Err(error) = bounded(input, &key) {
        entries.push(name, None);
        return Err(error);
    }
    let value = input.parse::<Expr>();
    if known {
        entries.push(name, value.as_ref().ok().map(written));
    }
    value.map(drop)
}

/// A value by its form.
fn written(value: &Expr) -> Written<Span> {
    let all = |values: &syn::punctuated::Punctuated<Expr, Token![,]>| values.iter().map(written).collect();
    let form = match value {
        // Values handed on by another macro lose their invisible brackets.
        Expr::Group(ExprGroup { expr, .. }) | Expr::Paren(ExprParen { expr, .. }) => return written(expr),
        Expr::Path(path) => match path.path.get_ident() {
            Some(word) => Form::Word(word.to_string()),
            None => Form::Path,
        },
        Expr::Lit(ExprLit { lit: Lit::Int(literal), .. }) => {
            Form::Integer(literal.base10_digits().to_owned(), literal.suffix().to_owned())
        }
        Expr::Lit(ExprLit { lit: Lit::Float(literal), .. }) => {
            Form::Decimal(literal.base10_digits().to_owned(), literal.suffix().to_owned())
        }
        Expr::Lit(ExprLit { lit: Lit::Bool(literal), .. }) => Form::Truth(literal.value),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Form::Negative(Box::new(written(&unary.expr)))
        }
        Expr::Call(call) => Form::Call(Box::new(written(&call.func)), all(&call.args)),
        Expr::Array(array) => Form::List(all(&array.elems)),
        Expr::Assign(assignment) => {
            let [left, right] = [&assignment.left, &assignment.right].map(|side| Box::new(written(side)));
            Form::Assignment(left, right)
        }
        _ => Form::Other,
    };
    Written { at: value.span(), text: value.to_token_stream().to_string().replace("- ", "-"), form }
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
