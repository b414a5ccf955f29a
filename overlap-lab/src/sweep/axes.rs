//! The points of parameter space: lists and ranges of values, and their combinations.

use super::document::Entry;
use overlap_runtime::internal::{spaced, stepped};
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
    let numbers: Vec<Value> = if whole {
        whole_range(entry)?.into_iter().map(|number| json!(number)).collect()
    } else {
        range(entry)?.into_iter().map(|number| json!(number)).collect()
    };
    Some(numbers.into_iter().map(|number| (number, entry.line)).collect())
}

/// What a range states beside its ends.
struct Spacing<'d, 't> {
    points: Option<usize>,
    log: bool,
    step: Option<Entry<'d, 't>>,
}

/// The ends of a range, as `bound` reads them, and its spacing.
fn ends<'d, 't, T: PartialEq>(
    entry: &Entry<'d, 't>,
    bound: impl Fn(&Entry<'d, 't>) -> Option<T>,
) -> Option<(T, T, Spacing<'d, 't>)> {
    let section = entry.section()?;
    let end = |key: &str| match section.take(key) {
        Some(entry) => bound(&entry),
        None => {
            section.missing(key, "a range goes from one number to another");
            None
        }
    };
    let (from, to) = (end("from"), end("to"));
    let points = section.take("points").map(|entry| entry.whole(2));
    let log = section.take("log").map_or(Some(false), |entry| entry.boolean());
    let step = section.take("step");
    section.finish(&["from", "to", "points", "log", "step"]);
    let (from, to, log) = (from?, to?, log?);
    let points = match points {
        Some(points) => Some(usize::try_from(points?).unwrap_or(usize::MAX)),
        None => None,
    };
    let spacing = Spacing { points, log, step };
    if from == to {
        entry.wrong("a range with from other than to");
    } else if spacing.points.is_some() && spacing.step.is_some() {
        entry.wrong("a range with points or step, not both");
    } else {
        return Some((from, to, spacing));
    }
    None
}

/// Says what is wrong with the spacing.
fn told<T>(entry: &Entry<'_, '_>, result: Result<T, overlap_runtime::Error>) -> Option<T> {
    if let Err(error) = &result {
        entry.wrong(format!("a range that can be spaced: {error}"));
    }
    result.ok()
}

/// The numbers of a range.
pub(super) fn range(entry: &Entry<'_, '_>) -> Option<Vec<f64>> {
    let (from, to, Spacing { points, log, step }) =
        ends(entry, |entry| entry.number("a finite number", |_| true))?;
    match (points, step) {
        (Some(_), _) if log && from.min(to) <= 0.0 => {
            entry.wrong("a range from a positive number where log = true");
            None
        }
        (Some(points), _) => told(entry, spaced(from, to, points, log)),
        (None, Some(step)) if !log => {
            let step = step.number("a number other than 0", |step| step != 0.0)?;
            told(entry, stepped(from, to, step))
        }
        _ => {
            entry.wrong("a range with points = N (or, without log, step = X)");
            None
        }
    }
}

/// The whole numbers of a range, exact however large.
fn whole_range(entry: &Entry<'_, '_>) -> Option<Vec<u64>> {
    let (from, to, Spacing { points, log, step }) = ends(entry, |entry| entry.whole(0).map(i128::from))?;
    let numbers: Vec<i128> = match points {
        Some(_) if log && from.min(to) < 1 => {
            entry.wrong("a range from a positive number where log = true");
            return None;
        }
        Some(points) if log => {
            let numbers = told(entry, spaced(from as f64, to as f64, points, true))?;
            let last = points - 1;
            let end = |n: usize| [(0, from), (last, to)].iter().find(|(at, _)| *at == n).map(|(_, end)| *end);
            let whole = |(n, number): (usize, &f64)| {
                end(n).unwrap_or_else(|| (number.round() as i128).clamp(from.min(to), from.max(to)))
            };
            numbers.iter().enumerate().map(whole).collect()
        }
        Some(points) if points > MOST_POINTS => return too_many(entry),
        Some(points) => {
            let last = points as i128 - 1;
            // Rounded to nearest, halves up.
            let between = |n: i128| (2 * (from * (last - n) + to * n) + last).div_euclid(2 * last);
            (0..=last).map(between).collect()
        }
        None if log => {
            entry.wrong("a range with points = N (or, without log, step = X)");
            return None;
        }
        None => {
            let unit = if from < to { 1 } else { -1 };
            let step = step.map_or(Some(unit), |entry| entry.integer("a whole number other than 0"))?;
            if step == 0 || (to > from) != (step > 0) {
                entry.wrong(format!("a range whose step leads from {from} to {to}"));
                return None;
            }
            let count = (to - from) / step;
            if count >= MOST_POINTS as i128 {
                return too_many(entry);
            }
            (0..=count).map(|n| from + n * step).collect()
        }
    };
    if numbers.windows(2).any(|pair| pair[0] == pair[1]) {
        entry.wrong("a range whose values differ after rounding to whole numbers: fewer points");
        return None;
    }
    numbers.into_iter().map(|number| u64::try_from(number).ok()).collect()
}

fn too_many<T>(entry: &Entry<'_, '_>) -> Option<T> {
    entry.wrong(format!("a range of at most {MOST_POINTS} values"));
    None
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
