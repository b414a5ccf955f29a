//! SGD of a point.

use super::{Point, Row, Values};
use crate::sweep::events::{EventPlan, Watched};
use crate::sweep::observable::Observable;
use crate::{describe, table};
use overlap_runtime::{Ensemble, Error, SimulateOptions, log_times, simulate_until};

impl Point<'_> {
    /// Simulates SGD and adds its values to the row; why it ended early, if it did.
    pub(super) fn sgd(&self, row: &mut Row) -> Result<Option<Error>, Error> {
        let record = &self.plan.record;
        let watched: Vec<&EventPlan> = record.events.iter().filter(|event| event.in_sgd()).collect();
        // Checked at the start and, from there, on a logarithmic scale.
        let start = self.problem.start_time() * self.rate;
        let span = record.until - start;
        let mut checks = Vec::new();
        if !watched.is_empty() {
            checks.push(start);
            if span > 0.0 {
                let after = log_times(1e-4 * span, span, self.plan.sgd.checks)?;
                checks.extend(after.into_iter().map(|time| start + time));
            }
        }
        let times = self.times(checks);
        let options = SimulateOptions::default()
            .dimension(self.setup.dimension)
            .simulator(self.plan.sgd.simulator)
            .replicas(self.plan.sgd.replicas)
            .seed(self.setup.data_seed);
        let functions: Vec<Watched<'_>> = watched
            .iter()
            .map(|event| event.function(self.system, self.problem, self.rate))
            .collect::<Result<_, _>>()?;
        let level = |ensemble: &Ensemble, event: usize, index: usize| {
            let state = ensemble.mean(index)?;
            Some(functions[event](ensemble.times()[index], state, ensemble.risk()[index]))
        };
        let met = |ensemble: &Ensemble, event: usize, index: usize| {
            level(ensemble, event, index).is_some_and(|level| level <= 0.0)
        };
        let stop = |ensemble: &Ensemble| {
            let last = ensemble.len() - 1;
            (0..watched.len()).any(|event| watched[event].stop && met(ensemble, event, last))
        };
        let result = simulate_until(self.system, self.problem, &times, &options, &stop, self.monitor);
        let (ensemble, error) = match result {
            Ok(ensemble) if !ensemble.completed() => return Err(Error::Interrupted),
            Ok(ensemble) => (ensemble, None),
            Err(error) => match &error {
                Error::Diverged { partial, .. } => ((**partial).clone(), Some(error)),
                _ => return Err(error),
            },
        };
        let stopped = !ensemble.is_empty() && error.is_none() && stop(&ensemble);
        let at = |time: f64| {
            let index = times.iter().position(|&found| found == self.time(time))?;
            (index < ensemble.len()).then(|| self.sgd_values(&ensemble, index))
        };
        let last = ensemble.len().checked_sub(1);
        let end = last.map(|last| ensemble.times()[last] * self.rate);
        let values =
            if stopped { last.map(|last| self.sgd_values(&ensemble, last)) } else { at(record.until) };
        let errors =
            self.observables.iter().filter(|observable| self.plan.sgd.has_error(**observable)).count();
        self.add(row, self.observables.len() + errors, end.zip(values), at);
        for event in 0..watched.len() {
            let first = (0..ensemble.len()).find(|&index| met(&ensemble, event, index));
            let time = first.map(|index| {
                let time = ensemble.times()[index];
                let before = index
                    .checked_sub(1)
                    .and_then(|before| Some((ensemble.times()[before], level(&ensemble, event, before)?)));
                let after = level(&ensemble, event, index);
                // On the line between the last look before and this one.
                match (before, after) {
                    (Some((t, before)), Some(after)) => t + (time - t) * before / (before - after),
                    _ => time,
                }
            });
            row.values.push(time.map(|time| time * self.rate));
        }
        let described = describe::simulate_options(&options, self.problem);
        self.keep(row, "sgd", described, &times[..ensemble.len()], |metadata| {
            table::ensemble(&ensemble, metadata)
        });
        Ok(error)
    }

    fn sgd_values(&self, ensemble: &Ensemble, index: usize) -> Values {
        let (Some(mean), Some(error)) = (ensemble.mean(index), ensemble.standard_error(index)) else {
            return Vec::new();
        };
        let (risk, risk_error) = (ensemble.risk()[index], ensemble.risk_standard_error()[index]);
        let scene = self.scene(ensemble.times()[index], mean, risk);
        let mut values = Values::new();
        for observable in &self.observables {
            values.push(Some(observable.value(&scene)));
            if self.plan.sgd.has_error(*observable) {
                let entry = observable.index(mean.shape()).map(|at| error.as_slice()[at]);
                values.push(Some(entry.unwrap_or(match observable {
                    Observable::A(_) => 0.0,
                    _ => risk_error,
                })));
            }
        }
        values
    }
}
