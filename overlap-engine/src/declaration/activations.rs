//! `act = ...`: the name of an activation, some with parameters.

use super::words::{did_you_mean, listed};
use super::{Form, Mistake, Written};
use crate::activation::{Activation, Erf, FORMS, MAX_DEGREE, Polynomial, Relu, Sign, Tanh};
use crate::expr::Rational;
use num_traits::{CheckedDiv, CheckedMul, Signed};

/// Digits of a number in `act = ...`: what products of a few of them leave room for.
const DIGITS: usize = 9;

/// The activation that the value of `key` names.
///
/// # Errors
/// What may be written instead.
pub fn activation<P: Clone>(value: &Written<P>, key: &str) -> Result<Box<dyn Activation>, Mistake<P>> {
    let (function, arguments, call) = match &value.form {
        Form::Call(function, arguments) => (&**function, &arguments[..], true),
        _ => (value, &[][..], false),
    };
    let Some(name) = function.word() else {
        return Err(value.wrong(format!("`{key}` is the name of an activation: {}", listed(&forms(key)))));
    };
    let plain = |activation: Box<dyn Activation>| {
        if call {
            return Err(value.wrong(format!("`{name}` has no parameters: write `{key} = {name}`")));
        }
        Ok(activation)
    };
    match name {
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
            let hint = did_you_mean(name, &names);
            Err(function
                .wrong(format!("unknown activation `{name}`{hint}; `{key}` is one of {}", listed(&forms))))
        }
    }
}

/// What may be written for `key`: students cannot learn with `sign`.
fn forms(key: &str) -> Vec<&'static str> {
    FORMS.into_iter().filter(|form| key == "teacher_act" || Sign.name() != *form).collect()
}

/// `(gain = 2)`.
fn gain<P: Clone>(value: &Written<P>, arguments: &[Written<P>], key: &str) -> Result<Rational, Mistake<P>> {
    let form = format!("write `{key} = erf(gain = 2)`");
    let [Written { form: Form::Assignment(left, right), .. }] = arguments else {
        return Err(value.wrong(format!("`erf` has one parameter, its gain: {form}")));
    };
    if left.word() != Some("gain") {
        return Err(left.wrong(format!("the parameter of `erf` is its `gain`: {form}")));
    }
    let gain = number(right, "the gain")?;
    if !gain.is_positive() {
        return Err(right.wrong("the gain of `erf` is positive"));
    }
    Ok(gain)
}

/// `(3)`.
fn hermite<P: Clone>(
    value: &Written<P>,
    arguments: &[Written<P>],
    key: &str,
) -> Result<Polynomial, Mistake<P>> {
    let bound = format!(
        "the degree of `hermite` is a whole number from 1 to {MAX_DEGREE}: write `{key} = hermite(3)`"
    );
    let [degree] = arguments else { return Err(value.wrong(bound)) };
    degree.whole().and_then(Polynomial::hermite).ok_or_else(|| degree.wrong(bound))
}

/// `([0, 1, 0.5])`.
fn polynomial<P: Clone>(
    value: &Written<P>,
    arguments: &[Written<P>],
    key: &str,
) -> Result<Polynomial, Mistake<P>> {
    let form = format!("write `{key} = polynomial([0, 1, 0.5])` for σ(x) = x + 0.5 x²");
    let [list @ Written { form: Form::List(elements), .. }] = arguments else {
        return Err(value.wrong(format!("`polynomial` has a list of coefficients: {form}")));
    };
    let mut coefficients = Vec::new();
    for element in elements {
        coefficients.push(number(element, "a coefficient")?);
    }
    Polynomial::new(coefficients)
        .ok_or_else(|| list.wrong(format!("the degree of `polynomial` is from 1 to {MAX_DEGREE}: {form}")))
}

/// A decimal number, exactly.
fn number<P: Clone>(value: &Written<P>, what: &str) -> Result<Rational, Mistake<P>> {
    let wrong = || {
        value.wrong(format!(
            "{what} is a decimal number of at most {DIGITS} digits, without suffix; found `{}`",
            value.text
        ))
    };
    match &value.form {
        Form::Negative(size) => Ok(-number(size, what)?),
        Form::Integer(digits, suffix) | Form::Decimal(digits, suffix) if suffix.is_empty() => {
            decimal(digits).ok_or_else(wrong)
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
