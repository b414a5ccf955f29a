//! Whether a row can be one of a sweep: what tells damage in journals without checksums.

use super::Plan;
use super::file::values;
use super::point::Row;
use super::setup::Setup;
use overlap_runtime::{Schedule, Shape, System};

/// Relative rounding of times and differences.
const ROUNDING: f64 = 1e-9;

/// Knows what rows of a sweep look like.
pub(super) struct Judge<'a> {
    plan: &'a Plan,
    shape: Shape,
    names: Vec<String>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(plan: &'a Plan, system: &dyn System) -> Self {
        let shape = system.shape();
        Judge { plan, shape, names: plan.columns(shape).into_iter().map(|column| column.name).collect() }
    }

    /// Number of values of a row.
    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    /// Whether times lie within the run and end where it ends, risk and excess risk differ by half the noise, and no
    /// standard error is negative.
    pub(super) fn believes(&self, point: usize, row: &Row) -> bool {
        let record = &self.plan.record;
        if point >= super::axes::count(&self.plan.axes).unwrap_or(0) || row.values.len() != self.width() {
            return false;
        }
        let stops = record.events.iter().any(|event| event.stop);
        let within = |time: f64| time >= 0.0 && time <= record.until * (1.0 + ROUNDING);
        let happens = |name: &str| {
            let event = name.split_once('_').map_or("", |(_, rest)| rest);
            record.events.iter().any(|plan| plan.name == event)
        };
        let noise = self.noise(point);
        self.names.iter().zip(&row.values).all(|(name, value)| {
            let Some(value) = *value else {
                // What ends without an error has every value, events aside.
                return row.error.is_some() || happens(name) || stops;
            };
            if name.ends_with("_t_end") {
                let whole = (value / record.until - 1.0).abs() <= ROUNDING;
                return within(value) && (whole || stops || row.error.is_some());
            }
            if happens(name) {
                return within(value);
            }
            let plain = name.split('@').next().unwrap_or(name);
            if plain.ends_with("_sem") && value < 0.0 {
                return false;
            }
            // The risk beside the excess risk, at the same time.
            let Some(excess) = name.find("_risk").filter(|_| !name.contains("excess")) else { return true };
            let (process, rest) = name.split_at(excess);
            let partner = format!("{process}_excess{rest}");
            let other = self.names.iter().position(|name| *name == partner);
            let Some(other) = other.and_then(|index| row.values[index]) else { return true };
            let apart = if plain.ends_with("_sem") { Some(0.0) } else { noise.map(|noise| 0.5 * noise) };
            apart.is_none_or(|apart| (value - other - apart).abs() <= ROUNDING * value.abs().max(apart))
        })
    }

    /// The noise of a point, where it stays what it is.
    fn noise(&self, point: usize) -> Option<f64> {
        let problem = Setup::new(values(self.plan, point), self.shape).ok()?.check(None, 0.0).ok()?;
        (*problem.noise_schedule() == Schedule::Constant).then(|| problem.noise())
    }
}
