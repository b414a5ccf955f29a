//! One integration in progress: steps, output rows, stop conditions, jumps, failures.

use super::attempt::{NotFinite, Stepper};
use super::control::{Control, first_step, underflows};
use super::event::{Bracket, FieldEvent};
use super::rosenbrock::Rosenbrock;
use super::{SolveFailure, SolveOptions, SolveStats, VectorField};
use crate::Monitor;
use crate::lanes::MAX_LANES;
use std::cell::Cell;

/// Takes a row: time and state.
pub(crate) type TakeRow<'a> = dyn FnMut(f64, &[f64]) -> Result<(), SolveFailure> + 'a;

/// A vector field whose evaluations are counted; slices may be padded.
pub(super) struct Counted<'a> {
    pub(super) field: &'a dyn VectorField,
    dim: usize,
    evaluations: Cell<usize>,
}

impl<'a> Counted<'a> {
    pub(super) fn new(field: &'a dyn VectorField) -> Self {
        Counted { field, dim: field.dim(), evaluations: Cell::new(0) }
    }

    pub(super) fn evaluate(&self, time: f64, state: &[f64], slope: &mut [f64]) {
        self.evaluations.set(self.evaluations.get() + 1);
        self.field.slope(time, &state[..self.dim], &mut slope[..self.dim]);
    }
}

/// One integration in progress.
pub(crate) struct Integration<'a> {
    rhs: Counted<'a>,
    dim: usize,
    /// Where the field jumps, the next one last.
    jumps: Vec<f64>,
    times: &'a [f64],
    options: &'a SolveOptions,
    monitor: &'a dyn Monitor,
    events: &'a [FieldEvent<'a>],
    /// Values of the event functions at the last accepted step.
    event_values: Vec<f64>,
    /// The steps, and those inside an accepted one.
    steps: Stepper,
    inside: Stepper,
    /// What implicit steps need besides, of either.
    implicit: Option<[Box<Rosenbrock>; 2]>,
    /// Where the integration starts.
    start: f64,
    /// Where the next step begins, and its size.
    time: f64,
    step: f64,
    control: Control,
    attempts: usize,
    reported: f64,
    /// Rows handed on so far.
    rows: usize,
    pub(crate) stats: SolveStats,
    /// Where each event was met first.
    pub(crate) met: Vec<Option<(f64, Vec<f64>)>>,
    /// Whether one that stops was met.
    stopped: bool,
}

impl<'a> Integration<'a> {
    /// Everything checked by the caller: `times` increasing, not empty, none before `start`; `initial` as long as the field says.
    pub(crate) fn new(
        field: &'a dyn VectorField,
        (start, initial): (f64, &[f64]),
        times: &'a [f64],
        options: &'a SolveOptions,
        monitor: &'a dyn Monitor,
        events: &'a [FieldEvent<'a>],
    ) -> Self {
        let dim = field.dim();
        let mut jumps = field.jumps();
        jumps.retain(|&jump| jump > start);
        jumps.reverse();
        field.begin(start);
        let stepper = || Stepper::new(options.method, options.tolerances(), dim, 1);
        let mut steps = stepper();
        steps.state[..dim].copy_from_slice(initial);
        let implicit = || Box::new(Rosenbrock::new(dim));
        Integration {
            rhs: Counted::new(field),
            dim,
            jumps,
            times,
            options,
            monitor,
            events,
            event_values: vec![f64::NAN; events.len()],
            steps,
            inside: stepper(),
            implicit: options.method.needs_jacobian().then(|| [implicit(), implicit()]),
            start,
            time: start,
            step: 0.0,
            control: Control::new(options.method),
            attempts: 0,
            reported: 0.0,
            rows: 0,
            stats: SolveStats::default(),
            met: vec![None; events.len()],
            stopped: false,
        }
    }

    /// Solves up to the last time, the stop condition or a failure.
    pub(crate) fn run(&mut self, rows: &mut TakeRow<'_>) -> Result<(), SolveFailure> {
        let result = self.solve(rows);
        self.stats.evaluations = self.rhs.evaluations.get();
        self.stats.rejected = self.attempts.saturating_sub(self.stats.accepted);
        result
    }

    fn solve(&mut self, rows: &mut TakeRow<'_>) -> Result<(), SolveFailure> {
        self.begin()?;
        let state = self.steps.state[..self.dim].to_vec();
        if self.times[0] == self.start {
            self.push_row(rows, self.start, &state)?;
        }
        for (index, event) in self.events.iter().enumerate() {
            let value = watch(event, self.start, &state)?;
            if event.met(f64::NAN, value) {
                self.meet(index, self.start, &state);
            }
            self.event_values[index] = value;
        }
        while !self.finished() {
            self.advance(rows)?;
        }
        Ok(())
    }

    /// A beginning at the present state: its derivative, and the size of the first step from there.
    fn begin(&mut self) -> Result<(), SolveFailure> {
        let Integration { steps, rhs, time, dim, options, .. } = self;
        let (dim, state) = (*dim, steps.state.to_vec());
        rhs.evaluate(*time, &state, steps.derivative());
        if let Some(cause) = steps.not_finite(0) {
            return Err(failure(rhs.field, cause, *time));
        }
        let (state, slope) = (&state[..dim], &steps.derivative()[..dim]);
        self.step =
            first_step(options.method, options.tolerances(), state, slope, &mut |part, state, slope| {
                rhs.evaluate(*time + part, state, slope);
            });
        self.control = Control::new(options.method);
        Ok(())
    }

    /// One attempt of a step.
    fn advance(&mut self, rows: &mut TakeRow<'_>) -> Result<(), SolveFailure> {
        let SolveOptions { max_steps, .. } = *self.options;
        if self.attempts >= max_steps {
            return Err(SolveFailure::MaxSteps { max_steps, time: self.time });
        }
        if underflows(self.step, self.time) {
            return Err(self.stuck(false));
        }
        let implicit = self.implicit.as_mut().map(|[implicit, _]| &mut **implicit);
        let error = attempt(&mut self.steps, implicit, &self.rhs, (self.time, self.step), false);
        let (accepted, next) = self.control.judge(error, self.step);
        self.attempts += 1;
        if !accepted {
            self.step = next;
            return Ok(());
        }
        let time = self.time + self.step;
        end_slope(&mut self.steps, &self.rhs, time);
        let at_jump = self.accept(rows, time)?;
        match at_jump {
            // Other rates from here on: a new beginning, with a first step of its own.
            Some((jump, state)) => {
                self.time = jump;
                self.rhs.field.begin(jump);
                self.steps.state.copy_from_slice(&state);
                self.begin()?;
            }
            None => {
                self.steps.go_on();
                (self.time, self.step) = (time, next);
            }
        }
        Ok(())
    }

    fn end(&self) -> f64 {
        self.times[self.times.len() - 1]
    }

    fn finished(&self) -> bool {
        self.stopped || self.rows == self.times.len()
    }

    fn push_row(&mut self, rows: &mut TakeRow<'_>, time: f64, state: &[f64]) -> Result<(), SolveFailure> {
        rows(time, state)?;
        self.rows += 1;
        Ok(())
    }

    /// Event number `index` is met here.
    fn meet(&mut self, index: usize, time: f64, state: &[f64]) {
        self.stopped |= self.events[index].stops;
        self.met[index] = Some((time, state.to_vec()));
    }

    /// Takes the accepted step up to `time`: the rows and the stop condition within it. Where a schedule jumps within it,
    /// only up to there: the answer is the time of the jump and the state then.
    fn accept(&mut self, rows: &mut TakeRow<'_>, time: f64) -> Result<Option<(f64, Vec<f64>)>, SolveFailure> {
        let dim = self.dim;
        let jump = self.jumps.last().copied().filter(|&jump| jump <= time);
        let mut reached = time.min(self.end()).min(jump.unwrap_or(f64::INFINITY));
        let open = |(index, _): &(usize, &FieldEvent<'_>)| self.met[*index].is_none();
        let open: Vec<_> = self.events.iter().enumerate().filter(open).collect();
        if !open.is_empty() {
            let end = self.state_at(reached, time)?;
            let mut met = Vec::new();
            for (index, event) in open {
                let before = self.event_values[index];
                let value = watch(event, reached, &end[..dim])?;
                self.event_values[index] = value;
                if !event.met(before, value) {
                    continue;
                }
                let (mut at, mut state) = (reached, end.clone());
                let mut bracket = Bracket::new((self.time, before), (reached, value));
                while let Some(probe) = bracket.probe(event.tolerance * reached) {
                    let probed = self.state_at(probe, time)?;
                    let found = watch(event, probe, &probed[..dim])?;
                    if bracket.update(probe, found) {
                        (at, state) = (probe, probed);
                    }
                }
                met.push((index, at, state));
            }
            // What comes after the first stop does not happen.
            met.sort_by(|(_, a, _), (_, b, _)| a.total_cmp(b));
            for (index, at, state) in met {
                if self.stopped && at > reached {
                    break;
                }
                self.meet(index, at, &state[..dim]);
                if self.stopped {
                    reached = at;
                }
            }
        }
        while let Some(&at) = self.times.get(self.rows)
            && at <= reached
        {
            let row = self.state_at(at, time)?;
            self.push_row(rows, at, &row[..dim])?;
        }
        self.stats.accepted += 1;
        self.report(reached);
        if self.monitor.should_stop() && !self.finished() {
            return Err(SolveFailure::Interrupted { time: reached });
        }
        if jump.is_none() || self.finished() {
            return Ok(None);
        }
        self.jumps.pop();
        Ok(Some((reached, self.state_at(reached, time)?)))
    }

    /// The state at a time inside the step that ends at `end`, by a step of its own from its beginning: as accurate as
    /// the solution itself, and independent of every other output time. In relative time, where nothing can underflow.
    fn state_at(&mut self, at: f64, end: f64) -> Result<Vec<f64>, SolveFailure> {
        if at == end {
            return Ok(self.steps.new.to_vec());
        }
        let SolveOptions { max_steps, method, .. } = *self.options;
        let to = at - self.time;
        let (mut time, mut step, mut control) = (0.0, to, Control::new(method));
        self.inside.begin_as(&mut self.steps);
        for _ in 0..max_steps {
            if underflows(step, time) {
                return Err(self.stuck(true));
            }
            let last = time + 1.01 * step > to;
            if last {
                step = to - time;
            }
            let implicit = self.implicit.as_mut().map(|[_, implicit]| &mut **implicit);
            let error = attempt(&mut self.inside, implicit, &self.rhs, (self.time + time, step), true);
            let (accepted, next) = control.judge(error, step);
            if accepted && last {
                return Ok(self.inside.new.to_vec());
            }
            if accepted {
                time += step;
                end_slope(&mut self.inside, &self.rhs, self.time + time);
                self.inside.go_on();
            }
            step = next;
        }
        Err(SolveFailure::MaxSteps { max_steps, time: self.time })
    }

    fn report(&mut self, time: f64) {
        let fraction = (time - self.start) / (self.end() - self.start);
        if fraction >= self.reported + 1e-3 || self.finished() {
            self.monitor.progress(fraction);
            self.reported = fraction;
        }
    }

    /// Why steps became too small: only what happened in the last attempt tells NaN from a genuine singularity.
    fn stuck(&self, inside: bool) -> SolveFailure {
        let cause = match &self.implicit {
            Some([outer, inner]) => if inside { inner } else { outer }.not_finite,
            None => if inside { &self.inside } else { &self.steps }.not_finite(0),
        };
        match cause {
            Some(cause) => failure(self.rhs.field, cause, self.time),
            None => SolveFailure::StepSizeUnderflow { time: self.time, rtol: self.options.rtol },
        }
    }
}

/// Tries a step from a time: its error in units of what is tolerated. `inside` as in [`VectorField::error_beyond`].
fn attempt(
    stepper: &mut Stepper,
    mut implicit: Option<&mut Rosenbrock>,
    rhs: &Counted<'_>,
    (time, step): (f64, f64),
    inside: bool,
) -> f64 {
    let error = match &mut implicit {
        Some(implicit) => implicit.attempt(stepper, rhs, time, step),
        None => {
            let errors = stepper.attempt(&[step; MAX_LANES], &mut |part, state, slope| {
                rhs.evaluate(time + part * step, state, slope);
            });
            errors[0]
        }
    };
    if error > 1.0 || error.is_nan() {
        return error;
    }
    let estimate = || match &implicit {
        Some(implicit) => implicit.error_estimate(),
        None => stepper.error_estimate(0),
    };
    error.max(rhs.field.error_beyond(&stepper.new[..rhs.dim], &estimate, inside))
}

/// The derivative at the end of an accepted step.
fn end_slope(stepper: &mut Stepper, rhs: &Counted<'_>, time: f64) {
    stepper.end_slope(&mut |state, slope| rhs.evaluate(time, state, slope));
}

/// Value of an event's function.
fn watch(event: &FieldEvent<'_>, time: f64, state: &[f64]) -> Result<f64, SolveFailure> {
    let value = (event.function)(time, state);
    if value.is_finite() {
        return Ok(value);
    }
    Err(SolveFailure::NotFinite { quantity: "the stop condition".to_owned(), value, time })
}

/// The failure that names what was not finite.
fn failure(field: &dyn VectorField, cause: NotFinite, time: f64) -> SolveFailure {
    cause.failure(&field.name(cause.index), time)
}
