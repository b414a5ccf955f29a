//! Numbers evenly spaced between two that somebody wrote down.
//!
//! People write decimals: 0.1, 0.2, 0.3 and 1e-3, 1e-2, 1e-1. Where a number of a range is a decimal it is the double
//! next to that decimal, as if it had been written itself; elsewhere it is computed in double precision.

use super::times::MOST_POINTS;
use crate::Error;

/// Decimals up to this many digits are told apart by doubles.
const DIGITS: u32 = 15;

/// mantissa · 10^exponent.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    mantissa: i128,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that reads back as `x`: what was written, up to 15 digits.
    fn of(x: f64) -> Option<Self> {
        let text = format!("{x:e}");
        let (digits, exponent) = text.split_once('e')?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mantissa = format!("{whole}{fraction}").parse().ok()?;
        Some(Decimal { mantissa, exponent: exponent.parse::<i32>().ok()? - fraction.len() as i32 })
    }

    /// The mantissa at an `exponent` at most its own.
    fn at(self, exponent: i32) -> Option<i128> {
        if self.mantissa == 0 {
            return Some(0);
        }
        let places = u32::try_from(self.exponent - exponent).ok()?;
        self.mantissa.checked_mul(10i128.checked_pow(places)?)
    }

    fn value(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }
}

/// Number `n` of `intervals` from `first` to `last`, where it is a decimal of few digits.
fn between(first: f64, last: f64, n: usize, intervals: usize) -> Option<f64> {
    let (first, last) = (Decimal::of(first)?, Decimal::of(last)?);
    let mut exponent = first.exponent.min(last.exponent);
    let (first, last) = (first.at(exponent)?, last.at(exponent)?);
    let (n, intervals) = (n as i128, intervals as i128);
    let whole = first.checked_mul(intervals)?;
    let mut numerator = whole.checked_add(last.checked_sub(first)?.checked_mul(n)?)?;
    let mut divisor = intervals;
    // What is left of the divisor but twos and fives never ends.
    for prime in [2, 5] {
        while divisor % prime == 0 {
            divisor /= prime;
        }
    }
    if numerator % divisor != 0 {
        return None;
    }
    while numerator % intervals != 0 {
        numerator = numerator.checked_mul(10)?;
        exponent -= 1;
    }
    let mut mantissa = numerator / intervals;
    while mantissa != 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        exponent += 1;
    }
    (mantissa.unsigned_abs() < 10u128.pow(DIGITS)).then(|| Decimal { mantissa, exponent }.value())
}

/// The same, evenly in the logarithm: whole decades lie between powers of ten of one mantissa.
fn decade(first: f64, last: f64, n: usize, intervals: usize) -> Option<f64> {
    let (first, last) = (Decimal::of(first)?, Decimal::of(last)?);
    let decades = (last.exponent - first.exponent) as i64 * n as i64;
    let whole = first.mantissa == last.mantissa && decades % intervals as i64 == 0;
    whole.then(|| Decimal { exponent: first.exponent + (decades / intervals as i64) as i32, ..first }.value())
}

/// `x` of a logarithmic range between these logarithms, or the decimal of nine digits it is within rounding.
fn tidy(x: f64, low: f64, high: f64) -> f64 {
    let near: f64 = format!("{x:.8e}").parse().unwrap_or(x);
    let rounding = f64::EPSILON * (4.0 + 2.0 * low.abs().max(high.abs()));
    if (near - x).abs() <= rounding * x { near } else { x }
}

/// `points` numbers from `first` to `last`, up or down, exact at both ends; evenly in the logarithm where `log` is set.
///
/// # Errors
/// [`Error::Invalid`] unless both are finite (and positive where `log` is set), 2 ≤ points ≤ 10⁷, and neighbours differ.
pub fn spaced(first: f64, last: f64, points: usize, log: bool) -> Result<Vec<f64>, Error> {
    for (name, value) in [("first", first), ("last", last)] {
        if !value.is_finite() || (log && value <= 0.0) {
            let bound = if log { "finite and greater than 0" } else { "finite" };
            return Err(Error::invalid(name, value, bound));
        }
    }
    if !(2..=MOST_POINTS).contains(&points) {
        return Err(Error::invalid("points", points, format!("at least 2 and at most {MOST_POINTS}")));
    }
    if first > last {
        let mut numbers = spaced(last, first, points, log)?;
        numbers.reverse();
        return Ok(numbers);
    }
    let intervals = points - 1;
    let (low, high) = if log { (libm::log(first), libm::log(last)) } else { (first, last) };
    let inner = |n: usize| {
        let fraction = n as f64 / intervals as f64;
        let exact = if log { decade } else { between };
        exact(first, last, n, intervals).unwrap_or_else(|| {
            let at = low + fraction * (high - low);
            if log { tidy(libm::exp(at), low, high) } else { at }
        })
    };
    let numbers: Vec<f64> = (0..points)
        .map(|n| match n {
            0 => first,
            _ if n == intervals => last,
            _ => inner(n),
        })
        .collect();
    if numbers.windows(2).any(|pair| pair[0].partial_cmp(&pair[1]) != Some(std::cmp::Ordering::Less)) {
        let bound =
            format!("small enough for times between {first} and {last} to differ in double precision");
        return Err(Error::invalid("points", points, bound));
    }
    Ok(numbers)
}

/// The numbers `from`, `from` + `step`, ... as far as `to`, which is one of them where the decimals say so.
///
/// # Errors
/// [`Error::Invalid`] unless all are finite, `step` leads from `from` to `to`, and there are at most 10⁷ numbers that differ.
pub fn stepped(from: f64, to: f64, step: f64) -> Result<Vec<f64>, Error> {
    let leads = (to - from).is_finite() && step.is_finite() && step != 0.0 && (to > from) == (step > 0.0);
    if !leads {
        return Err(Error::invalid("step", step, format!("a step that leads from {from} to {to}")));
    }
    let decimals = || {
        let [from, to, step] = [Decimal::of(from)?, Decimal::of(to)?, Decimal::of(step)?];
        let exponent = from.exponent.min(to.exponent).min(step.exponent);
        let (first, last, step) = (from.at(exponent)?, to.at(exponent)?, step.at(exponent)?);
        // As long as ends and difference fit, so does what lies between.
        Some((first, step, last.checked_sub(first)? / step, exponent))
    };
    let exact = decimals();
    let count = match exact {
        Some((_, _, count, _)) => count as f64,
        None => ((to - from) / step * (1.0 + 1e-12)).floor(),
    };
    if count >= MOST_POINTS as f64 {
        return Err(Error::invalid("step", step, format!("a step with at most {MOST_POINTS} values")));
    }
    let numbers: Vec<f64> = (0..=count as usize)
        .map(|n| match exact {
            Some((first, step, _, exponent)) => {
                Decimal { mantissa: first + n as i128 * step, exponent }.value()
            }
            None => from + n as f64 * step,
        })
        .collect();
    if numbers.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid("step", step, "a step that changes a number in double precision"));
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_those_one_would_write() {
        assert_eq!(spaced(0.3, 0.9, 3, false).unwrap(), [0.3, 0.6, 0.9]);
        assert_eq!(spaced(0.0, 0.7, 8, false).unwrap(), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
        assert_eq!(spaced(-0.3, 0.3, 3, false).unwrap(), [-0.3, 0.0, 0.3]);
        assert_eq!(spaced(1.0, 0.4, 3, false).unwrap(), [1.0, 0.7, 0.4]);
        let tenths: Vec<f64> = (0..=1000).map(|n| format!("{n}e-1").parse().unwrap()).collect();
        assert_eq!(spaced(0.0, 100.0, 1001, false).unwrap(), tenths);
        for (first, last) in
            [(1e-9, 1e9), (3e-4, 3e14), (1e-300, 1e300), (1.23456789012345e-5, 12.3456789012345)]
        {
            let (low, high) = (Decimal::of(first).unwrap(), Decimal::of(last).unwrap());
            let decades: Vec<f64> =
                (low.exponent..=high.exponent).map(|exponent| Decimal { exponent, ..low }.value()).collect();
            assert_eq!(spaced(first, last, decades.len(), true).unwrap(), decades);
            let down: Vec<f64> = decades.iter().rev().copied().collect();
            assert_eq!(spaced(last, first, decades.len(), true).unwrap(), down);
            let halves = spaced(first, last, 2 * decades.len() - 1, true).unwrap();
            assert_eq!(halves.iter().step_by(2).copied().collect::<Vec<_>>(), decades);
        }
        let powers: Vec<f64> = (-10..=10).map(|n| 2f64.powi(n)).collect();
        assert_eq!(spaced(powers[0], powers[20], 21, true).unwrap(), powers);
    }

    #[test]
    fn numbers_that_are_no_short_decimals_are_those_of_double_precision() {
        let (first, last) = (1.0, 8.0);
        for (n, value) in spaced(first, last, 20, false).unwrap().into_iter().enumerate() {
            assert_eq!(value, first + n as f64 / 19.0 * (last - first));
        }
        let (low, high) = (libm::log(1e-4), libm::log(0.1));
        for (n, value) in spaced(1e-4, 0.1, 15, true).unwrap().into_iter().enumerate().skip(1).take(13) {
            // Seven intervals are a decade and a half.
            assert_eq!(value, libm::exp(low + n as f64 / 14.0 * (high - low)));
        }
    }

    #[test]
    fn steps_reach_their_end() {
        assert_eq!(stepped(0.0, 0.3, 0.1).unwrap(), [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(stepped(0.0, 0.35, 0.1).unwrap(), [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(stepped(0.3, 0.0, -0.1).unwrap(), [0.3, 0.2, 0.1, 0.0]);
        assert_eq!(stepped(1e-3, 3e-3, 1e-3).unwrap(), [1e-3, 2e-3, 3e-3]);
        assert_eq!(stepped(1e300, 3e300, 1e300).unwrap(), [1e300, 2e300, 3e300]);
        assert_eq!(stepped(0.0, 1e300, 5e299).unwrap().last(), Some(&1e300));
        assert_eq!(stepped(0.0, 1e20, 3e-20 * 1e39).unwrap().len(), 4, "beyond whole numbers of 128 bits");
        for (from, to, step) in
            [(0.0, 1.0, -0.1), (1.0, 0.0, 0.1), (0.0, 1.0, 0.0), (0.0, 1.0, f64::NAN), (0.0, 1.0, 1e-9)]
        {
            assert!(stepped(from, to, step).is_err(), "{from} {to} {step}");
        }
        assert!(stepped(1e16, 1e16 + 2.0, 0.5).is_err(), "steps that change nothing");
    }
}
