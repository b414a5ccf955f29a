//! `act = ...`: the name of an activation, some with parameters.

use super::words::{did_you_mean, listed};
use num_traits::{CheckedDiv, CheckedMul, Signed};
use overlap_engine::activation::{Activation, Erf, FORMS, MAX_DEGREE, Polynomial, Relu, Sign, Tanh};
use overlap_engine::expr::Rational;
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Lit, Token, UnOp, spanned::Spanned};

/// Digits of a number in `act = ...`: what products of a few of them leave room for.
const DIGITS: usize = 9;

/// The activation that `value` names.
pub(super) fn activation(value: &Expr, key: &str) -> syn::Result<Box<dyn Activation>> {
    let nothing = Punctuated::new();
    let (function, arguments, call) = match value {
        Expr::Call(call) => (&*call.func, &call.args, true),
        other => (other, &nothing, false),
    };
    let Some(word) = super::entries::word(function) else {
        return Err(Error::new(
            value.span(),
            format!("`{key}` is the name of an activation: {}", listed(&forms(key))),
        ));
    };
    let name = word.to_string();
    let plain = |activation: Box<dyn Activation>| {
        if call {
            return Err(Error::new(
                value.span(),
                format!("`{name}` has no parameters: write `{key} = {name}`"),
            ));
        }
        Ok(activation)
    };
    match name.as_str() {
        "erf" => Ok(Box::new(if call { Erf { gain: gain(value, arguments, key)? } } else { Erf::UNIT })),
        "linear" => plain(Box::new(Polynomial::linear())),
        "relu" => plain(Box::new(Relu)),
        "sign" => plain(Box::new(Sign)),
        "tanh" => plain(Box::new(Tanh)),
        "hermite" => Ok(Box::new(hermite(value, arguments, key)?)),
        "polynomial" => Ok(Box::new(polynomial(value, arguments, key)?)),
        _ => {
            let forms = forms(key);
            let names: Vec<&str> = forms.iter().map(|form| form.split('(').next().unwrap_or(form)).collect();
            let hint = did_you_mean(&name, &names);
            Err(Error::new(
                word.span(),
                format!("unknown activation `{name}`{hint}; `{key}` is one of {}", listed(&forms)),
            ))
        }
    }
}

/// What may be written for `key`: students cannot learn with `sign`.
fn forms(key: &str) -> Vec<&'static str> {
    FORMS.into_iter().filter(|form| key == "teacher_act" || Sign.name() != *form).collect()
}

type Arguments = Punctuated<Expr, Token![,]>;

/// `(gain = 2)`.
fn gain(value: &Expr, arguments: &Arguments, key: &str) -> syn::Result<Rational> {
    let form = format!("write `{key} = erf(gain = 2)`");
    let [Expr::Assign(assignment)] = &arguments.iter().collect::<Vec<_>>()[..] else {
        return Err(Error::new(value.span(), format!("`erf` has one parameter, its gain: {form}")));
    };
    if super::entries::word(&assignment.left).is_none_or(|word: &Ident| word != "gain") {
        return Err(Error::new(
            assignment.left.span(),
            format!("the parameter of `erf` is its `gain`: {form}"),
        ));
    }
    let gain = number(&assignment.right, "the gain")?;
    if !gain.is_positive() {
        return Err(Error::new(assignment.right.span(), "the gain of `erf` is positive"));
    }
    Ok(gain)
}

/// `(3)`.
fn hermite(value: &Expr, arguments: &Arguments, key: &str) -> syn::Result<Polynomial> {
    let bound = format!(
        "the degree of `hermite` is a whole number from 1 to {MAX_DEGREE}: write `{key} = hermite(3)`"
    );
    let [degree] = &arguments.iter().collect::<Vec<_>>()[..] else {
        return Err(Error::new(value.span(), bound));
    };
    let found = match degree {
        Expr::Lit(syn::ExprLit { lit: Lit::Int(literal), .. }) => literal.base10_parse().ok(),
        _ => None,
    };
    found.and_then(Polynomial::hermite).ok_or_else(|| Error::new(degree.span(), bound))
}

/// `([0, 1, 0.5])`.
fn polynomial(value: &Expr, arguments: &Arguments, key: &str) -> syn::Result<Polynomial> {
    let form = format!("write `{key} = polynomial([0, 1, 0.5])` for σ(x) = x + 0.5 x²");
    let [Expr::Array(array)] = &arguments.iter().collect::<Vec<_>>()[..] else {
        return Err(Error::new(value.span(), format!("`polynomial` has a list of coefficients: {form}")));
    };
    let mut coefficients = Vec::new();
    for element in &array.elems {
        coefficients.push(number(element, "a coefficient")?);
    }
    Polynomial::new(coefficients).ok_or_else(|| {
        Error::new(array.span(), format!("the degree of `polynomial` is from 1 to {MAX_DEGREE}: {form}"))
    })
}

/// A decimal number, exactly.
fn number(value: &Expr, what: &str) -> syn::Result<Rational> {
    let wrong = || {
        Error::new(
            value.span(),
            format!(
                "{what} is a decimal number of at most {DIGITS} digits, without suffix; found `{}`",
                value.to_token_stream().to_string().replace("- ", "-")
            ),
        )
    };
    match value {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Ok(-number(&unary.expr, what)?),
        Expr::Group(group) => number(&group.expr, what),
        Expr::Paren(paren) => number(&paren.expr, what),
        Expr::Lit(syn::ExprLit { lit, .. }) => {
            let digits = match lit {
                Lit::Int(literal) if literal.suffix().is_empty() => literal.base10_digits().to_owned(),
                Lit::Float(literal) if literal.suffix().is_empty() => literal.base10_digits().to_owned(),
                _ => return Err(wrong()),
            };
            decimal(&digits).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

/// 12.5 as 25/2, 1e-3 as 1/1000.
fn decimal(text: &str) -> Option<Rational> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let shift = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if digits.trim_matches('0').len() > DIGITS || shift.unsigned_abs() > DIGITS as u64 {
        return None;
    }
    let shift = i32::try_from(shift).ok()?;
    let size = Rational::from(10_i128.pow(shift.unsigned_abs()));
    let number = Rational::from(digits.parse::<i128>().ok()?);
    if shift < 0 { number.checked_div(&size) } else { number.checked_mul(&size) }
}
