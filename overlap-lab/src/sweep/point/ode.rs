//! The ODE of a point.

use super::{Point, Row};
use crate::sweep::events::Watched;
use crate::{describe, table};
use overlap_runtime::{Error, Event, SolveFailure, solve_events};

impl Point<'_> {
    /// Solves the ODE and adds its values to the row; why it ended early, if it did.
    pub(super) fn ode(&self, row: &mut Row) -> Result<Option<Error>, Error> {
        let record = &self.plan.record;
        let times = self.times([]);
        let functions: Vec<Watched<'_>> = record
            .events
            .iter()
            .map(|event| event.function(self.system, self.problem, self.rate))
            .collect::<Result<_, _>>()?;
        let mut events: Vec<Event<'_>> = Vec::with_capacity(functions.len());
        for (function, plan) in functions.iter().zip(&record.events) {
            let event = Event::below(&**function);
            events.push(if plan.stop { event } else { event.record() });
        }
        let result = solve_events(self.system, self.problem, &times, &self.plan.solve, &events, self.monitor);
        let (trajectory, crossings, error) = match result {
            Ok((trajectory, crossings)) => (trajectory, crossings, None),
            Err(Error::Solve { reason: SolveFailure::Interrupted { .. }, .. }) => {
                return Err(Error::Interrupted);
            }
            Err(Error::Solve { reason, partial }) => {
                ((*partial).clone(), vec![None; events.len()], Some(Error::Solve { reason, partial }))
            }
            Err(error) => return Err(error),
        };
        let first = crossings.iter().zip(&record.events).filter(|(_, plan)| plan.stop);
        let first = first.filter_map(|(met, _)| met.as_ref()).min_by(|a, b| a.time.total_cmp(&b.time));
        let at = |time: f64| {
            let index = trajectory.times().iter().position(|&found| found == self.time(time))?;
            Some(self.values(trajectory.times()[index], trajectory.state(index)?, trajectory.risk()[index]))
        };
        let end = match first {
            Some(met) => Some((met.time * self.rate, self.values(met.time, met.state(), met.risk))),
            None => at(record.until).map(|values| (record.until, values)),
        };
        self.add(row, self.observables.len(), end, at);
        row.values.extend(crossings.iter().map(|met| met.as_ref().map(|met| met.time * self.rate)));
        let options = describe::solve_options(&self.plan.solve);
        self.keep(row, "ode", options, trajectory.times(), |metadata| {
            table::trajectory(&trajectory, metadata)
        });
        Ok(error)
    }
}
