//! Lists of output times.

use super::spaced::spaced;
use crate::Error;
use crate::error::check_at_least;

/// A list longer than this is taken for a mistake.
pub(super) const MOST_POINTS: usize = 10_000_000;

/// `points` times from `first` to `last`, evenly spaced, exact at both ends; a time that is a decimal is the double next to
/// it (0.3, not 0.30000000000000004).
///
/// ```
/// assert_eq!(overlap::linear_times(0.0, 1.0, 5)?, [0.0, 0.25, 0.5, 0.75, 1.0]);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] unless 0 ≤ first < last, both finite, 2 ≤ points ≤ 10⁷, and neighbours differ in double precision.
pub fn linear_times(first: f64, last: f64, points: usize) -> Result<Vec<f64>, Error> {
    check_at_least("first", first, 0.0, false)?;
    check_at_least("last", last, first, true)?;
    spaced(first, last, points, false)
}

/// `points` times from `first` to `last`, evenly spaced in log t, exact at both ends and at decades.
///
/// ```
/// let times = overlap::log_times(0.01, 100.0, 5)?;
/// assert_eq!(times, [0.01, 0.1, 1.0, 10.0, 100.0]);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`Error::Invalid`] unless 0 < first < last, both finite, 2 ≤ points ≤ 10⁷, and neighbours differ in double precision.
pub fn log_times(first: f64, last: f64, points: usize) -> Result<Vec<f64>, Error> {
    check_at_least("first", first, 0.0, true)?;
    check_at_least("last", last, first, true)?;
    spaced(first, last, points, true)
}

/// Output times must be finite, at least `start` and strictly increasing.
pub(crate) fn check(times: &[f64], start: f64) -> Result<(), Error> {
    if !start.is_finite() {
        return Err(Error::invalid("the start time", start, "finite"));
    }
    if times.is_empty() {
        return Err(Error::invalid("the number of output times", 0, "at least 1"));
    }
    for (index, &time) in times.iter().enumerate() {
        let name = format!("output time {}", index + 1);
        check_at_least(&name, time, start, false)?;
        if index > 0 && time <= times[index - 1] {
            let bound = format!("greater than output time {index} = {}", times[index - 1]);
            return Err(Error::invalid(name, time, bound));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_exact_and_ratios_are_constant() {
        for (first, last, points) in [(1e-2, 1e4, 200), (0.1, 0.3, 7), (1.0, 3.0, 2)] {
            let times = log_times(first, last, points).unwrap();
            assert_eq!((times.len(), times[0], times[points - 1]), (points, first, last));
            let ratio = (last / first).powf(1.0 / (points - 1) as f64);
            assert!(times.windows(2).all(|pair| (pair[1] / pair[0] / ratio - 1.0).abs() < 1e-13));
            let times = linear_times(first, last, points).unwrap();
            assert_eq!((times.len(), times[0], times[points - 1]), (points, first, last));
        }
    }

    #[test]
    fn impossible_lists_are_refused() {
        for (first, last, points) in [
            (0.0, 1.0, 3),
            (-1.0, 1.0, 3),
            (f64::NAN, 1.0, 3),
            (1.0, f64::INFINITY, 3),
            (1.0, f64::NAN, 3),
            (2.0, 1.0, 3),
            (1.0, 1.0, 3),
            (1.0, 2.0, 1),
            (1.0, 2.0, usize::MAX),
            (1.0, 1.0 + 4.0 * f64::EPSILON, 100),
        ] {
            assert!(log_times(first, last, points).is_err(), "log {first} {last} {points}");
            if first != 0.0 {
                assert!(linear_times(first, last, points).is_err(), "linear {first} {last} {points}");
            }
        }
    }

    #[test]
    fn a_wrong_order_names_both_times() {
        let text = check(&[0.0, 2.0, 1.5], 0.0).unwrap_err().to_string();
        assert_eq!(text, "output time 3 = 1.5, but it must be greater than output time 2 = 2");
        assert!(check(&[], 0.0).is_err() && check(&[f64::NAN], 0.0).is_err() && check(&[-1.0], 0.0).is_err());
        assert!(check(&[0.0], 0.0).is_ok() && check(&[1.0, 1.0], 0.0).is_err());
    }
}
