//! The points of parameter space: lists and ranges of values, and their combinations.

use super::document::Entry;
use crate::{linear_times, log_times};
use serde_json::{Value, json};

/// More points than this are taken for a mistake.
pub(super) const MOST_POINTS: usize = 10_000_000;

/// Parameters that vary together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) names: Vec<String>,
    /// The values of each name, all equally many.
    pub(super) values: Vec<Vec<Value>>,
}

impl Axis {
    pub(super) fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }
}

/// Number of points of a grid; `None` if they are too many to count.
pub(super) fn count(axes: &[Axis]) -> Option<usize> {
    axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.len()))
}

/// The values at a point, by name; the last axis varies fastest.
pub(super) fn at(axes: &[Axis], point: usize) -> Vec<(&str, &Value)> {
    let mut rest = point;
    let mut found: Vec<Vec<(&str, &Value)>> = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        let row = rest % axis.len();
        rest /= axis.len();
        found.push(
            axis.names.iter().zip(&axis.values).map(|(name, column)| (name.as_str(), &column[row])).collect(),
        );
    }
    found.into_iter().rev().flatten().collect()
}

/// The values of one parameter: a list, or a range `{ from, to, points, log }` or `{ from, to, step }`. With the line of each.
pub(super) fn values(entry: &Entry<'_, '_>, whole: bool) -> Option<Vec<(Value, usize)>> {
    const ALLOWED: &str = "a list of values, or a range { from = ..., to = ..., points = ... }";
    if entry.is_list() {
        let entries = entry.list(ALLOWED)?;
        if entries.is_empty() {
            entry.wrong("a list of at least one value");
            return None;
        }
        return entries.iter().map(|entry| Some((entry.json()?, entry.line))).collect();
    }
    if !entry.is_table() {
        entry.wrong(ALLOWED);
        return None;
    }
    let numbers = range(entry, whole)?;
    let value = |number: f64| if whole { json!(number as u64) } else { json!(number) };
    Some(numbers.into_iter().map(|number| (value(number), entry.line)).collect())
}

/// The numbers of a range; whole numbers where the parameter is one.
pub(super) fn range(entry: &Entry<'_, '_>, whole: bool) -> Option<Vec<f64>> {
    let section = entry.section()?;
    let bound = |key: &str| {
        let Some(entry) = section.take(key) else {
            section.missing(key, "a range goes from one number to another");
            return None;
        };
        if whole {
            entry.whole(0).map(|whole| whole as f64)
        } else {
            entry.number("a finite number", |_| true)
        }
    };
    let (from, to) = (bound("from"), bound("to"));
    let points = section.take("points").map(|entry| entry.whole(2));
    let log = section.take("log").map(|entry| entry.boolean());
    let step = section.take("step").map(|entry| entry.number("a number greater than 0", |step| step > 0.0));
    section.finish(&["from", "to", "points", "log", "step"]);
    let (from, to) = (from?, to?);
    if from >= to {
        entry.wrong("a range with from less than to");
        return None;
    }
    let log = log.unwrap_or(Some(false))?;
    let numbers = match (points, step) {
        (Some(points), None) => {
            let points = points? as usize;
            if log && from <= 0.0 {
                entry.wrong("a range from a positive number where log = true");
                return None;
            }
            // Ranges may start below zero, lists of times may not: shift them.
            let list = if log {
                log_times(from, to, points)
            } else {
                linear_times(0.0, to - from, points)
                    .map(|list| list.into_iter().map(|value| from + value).collect())
            };
            match list {
                Ok(list) => list,
                Err(error) => {
                    entry.wrong(format!("a range that can be spaced: {error}"));
                    return None;
                }
            }
        }
        (None, step) if !log && (step.is_some() || whole) => {
            let step = step.unwrap_or(Some(1.0))?;
            let count = ((to - from) / step * (1.0 + 1e-12)).floor();
            if count >= MOST_POINTS as f64 {
                entry.wrong(format!("a range of at most {MOST_POINTS} values"));
                return None;
            }
            (0..=count as usize).map(|n| from + n as f64 * step).collect()
        }
        (Some(_), Some(_)) => {
            entry.wrong("a range with points or step, not both");
            return None;
        }
        (None, _) => {
            entry.wrong("a range with points = N (or, without log, step = X)");
            return None;
        }
    };
    let numbers: Vec<f64> = if whole { numbers.iter().map(|x| x.round()).collect() } else { numbers };
    if numbers.windows(2).any(|pair| pair[0] == pair[1]) {
        entry.wrong("a range whose values differ after rounding to whole numbers: fewer points");
        return None;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_axis_varies_fastest() {
        let axis = |name: &str, values: &[i32]| Axis {
            names: vec![name.to_owned()],
            values: vec![values.iter().map(|value| json!(value)).collect()],
        };
        let axes = [axis("a", &[1, 2]), axis("b", &[10, 20, 30])];
        assert_eq!(count(&axes), Some(6));
        let points: Vec<Vec<i64>> = (0..6)
            .map(|point| at(&axes, point).iter().map(|(_, value)| value.as_i64().unwrap()).collect())
            .collect();
        assert_eq!(points, [[1, 10], [1, 20], [1, 30], [2, 10], [2, 20], [2, 30]]);
        assert_eq!(count(&[]), Some(1), "no axis is one point");
        assert!(at(&[], 0).is_empty());
    }
}
