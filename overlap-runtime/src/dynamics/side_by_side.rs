//! Eight solves side by side, one in each lane: small systems leave the lanes empty when they are solved alone.
//!
//! Every lane has its own time, step size and error control, and takes up the next problem when it is done. A lane goes
//! through the very steps of a single solve, to the last bit, including those that make output rows.

use super::near::Near;
use crate::lanes::aligned::Aligned;
use crate::lanes::{Kernel, MAX_LANES, Octet, Simd, dispatch};
use crate::ode::attempt::{NotFinite, Stepper};
use crate::ode::control::{Control, first_step, underflows};
use crate::ode::{Method, SolveFailure, SolveOptions};
use crate::{Error, Monitor, Parameters, Problem, Shape, System, Trajectory};

/// What all the solves have in common.
pub(super) struct Ensemble<'a> {
    pub(super) system: &'a dyn System,
    pub(super) problems: &'a [Problem],
    pub(super) times: &'a [f64],
    pub(super) options: &'a SolveOptions,
    pub(super) monitor: &'a dyn Monitor,
}

/// Whether this system has code for problems side by side on this machine.
pub(super) fn is_available(system: &dyn System) -> bool {
    let shape = system.shape();
    let cells = |count: usize| vec![[1.0; MAX_LANES]; count];
    let mut derivative = cells(shape.dim());
    system.side_by_side(&octets(shape.k, shape.p), &cells(shape.dim()), &mut derivative)
}

/// Solves the problems whose numbers `next` gives, at most `lanes` at a time, and hands every result to `done`.
pub(super) fn solve_side_by_side(
    ensemble: &Ensemble<'_>,
    lanes: usize,
    next: &mut dyn FnMut() -> Option<usize>,
    done: &mut dyn FnMut(usize, Result<Trajectory, Error>),
) {
    let mut together = Together::new(ensemble);
    let mut active: [Option<Lane>; MAX_LANES] = [const { None }; MAX_LANES];
    loop {
        for (at, lane) in active.iter_mut().enumerate().take(lanes) {
            while lane.is_none()
                && let Some(number) = next()
            {
                match Lane::begin(ensemble, number) {
                    Ok((begun, _)) if begun.finished(ensemble) => done(number, Ok(begun.trajectory)),
                    Ok((begun, start)) => {
                        together.take_up(at, &begun, &start);
                        *lane = Some(begun);
                    }
                    Err(error) => done(number, Err(error)),
                }
            }
        }
        if active.iter().all(Option::is_none) {
            return;
        }
        let steps: Octet = std::array::from_fn(|at| active[at].as_ref().map_or(0.0, Lane::step));
        let errors = together.attempt(ensemble.system, &steps);
        let mut moves = [Move::Again; MAX_LANES];
        for (at, slot) in active.iter_mut().enumerate() {
            let Some(lane) = slot else { continue };
            let error = lane.error(ensemble.system, &together.stepper, at, errors[at]);
            let end = lane.judge(error).map_or(Ok(Move::Again), |next| {
                lane.accept(ensemble, next, &|kept| {
                    column(if kept { &together.end.state } else { &together.stepper.new }, at)
                })
            });
            let end = end.and_then(|way| {
                moves[at] = way;
                lane.check(ensemble, &together, at)
            });
            if end.is_ok() && !lane.finished(ensemble) {
                continue;
            }
            let Some(Lane { number, trajectory, .. }) = slot.take() else { continue };
            let result = match end {
                Ok(()) => Ok(trajectory),
                Err(reason) => Err(Error::Solve { reason, partial: Box::new(trajectory) }),
            };
            done(number, result);
        }
        together.go(ensemble, &moves);
    }
}

/// A state and the derivative there, of all lanes.
struct Point {
    state: Aligned,
    slope: Aligned,
}

impl Point {
    fn zeros(dim: usize) -> Self {
        let vector = || Aligned::zeros(dim * MAX_LANES);
        Point { state: vector(), slope: vector() }
    }
}

/// The numbers of all lanes.
struct Together {
    stepper: Stepper,
    parameters: Parameters<Octet>,
    /// Where accepted steps begin, which output rows within them start from.
    begin: Point,
    /// Where accepted steps end, while output rows within them are made.
    end: Point,
}

impl Together {
    fn new(ensemble: &Ensemble<'_>) -> Self {
        let (shape, options) = (ensemble.system.shape(), ensemble.options);
        let dim = shape.dim();
        Together {
            stepper: Stepper::new(options.method, options.tolerances(), dim, MAX_LANES),
            parameters: octets(shape.k, shape.p),
            begin: Point::zeros(dim),
            end: Point::zeros(dim),
        }
    }

    fn attempt(&mut self, system: &dyn System, steps: &Octet) -> Octet {
        let parameters = &self.parameters;
        self.stepper.attempt(steps, &mut |_, state, derivative| {
            evaluate(system, parameters, state, derivative);
        })
    }

    /// Puts every lane where its next step starts.
    fn go(&mut self, ensemble: &Ensemble<'_>, moves: &[Move; MAX_LANES]) {
        let of = |is: fn(Move) -> bool| std::array::from_fn(|at| f64::from(u8::from(is(moves[at]))));
        let masks = Masks {
            keep: of(|way| matches!(way, Move::On | Move::BackFromStep)),
            new: of(|way| way == Move::OnInRow),
            end: of(|way| matches!(way, Move::On | Move::Ahead)),
            begin: of(|way| matches!(way, Move::BackFromStep | Move::BackFromRow)),
        };
        if moves.iter().all(|&way| way == Move::Again) {
            return;
        }
        let Together { stepper, parameters, begin, end } = self;
        stepper.end_slope(&mut |state, slope| evaluate(ensemble.system, parameters, state, slope));
        let (state, slope, new, new_slope) = stepper.ends();
        dispatch(Go { masks: &masks, new, end: &mut end.state, begin: &mut begin.state, at: state });
        dispatch(Go {
            masks: &masks,
            new: new_slope,
            end: &mut end.slope,
            begin: &mut begin.slope,
            at: slope,
        });
    }

    fn take_up(&mut self, at: usize, lane: &Lane, (state, slope): &Start) {
        for (numbers, column) in [
            (&mut self.stepper.state[..], state),
            (&mut self.begin.state[..], state),
            (&mut self.begin.slope[..], slope),
        ] {
            set_column(numbers, at, column);
        }
        set_column(self.stepper.derivative(), at, slope);
        let Parameters { teacher_overlaps, a_star, a, s, s_star, gamma, gamma_a, noise, batch } =
            &mut self.parameters;
        let own = &lane.trajectory.parameters;
        for (all, own) in [(teacher_overlaps, &own.teacher_overlaps), (a_star, &own.a_star), (a, &own.a)] {
            all.iter_mut().zip(own).for_each(|(all, own)| all[at] = *own);
        }
        for (all, own) in [
            (s, own.s),
            (s_star, own.s_star),
            (gamma, own.gamma),
            (gamma_a, own.gamma_a),
            (noise, own.noise),
            (batch, own.batch),
        ] {
            all[at] = own;
        }
    }
}

/// Where the next step of a lane starts from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Move {
    /// Where the last one did: it was rejected.
    Again,
    /// The end of the step just accepted.
    On,
    /// The end of a step of an output row that takes several.
    OnInRow,
    /// The beginning of the step just accepted, for an output row inside it.
    BackFromStep,
    /// The same, after another output row.
    BackFromRow,
    /// The end of the accepted step, after its last output row.
    Ahead,
}

/// [`Move`]s as lanes of 0 and 1: whose end is kept, and who starts from the new numbers, from the end, from the beginning.
struct Masks {
    keep: Octet,
    new: Octet,
    end: Octet,
    begin: Octet,
}

struct Go<'a> {
    masks: &'a Masks,
    new: &'a [f64],
    end: &'a mut [f64],
    begin: &'a mut [f64],
    at: &'a mut [f64],
}

impl Kernel for Go<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let half = s.splat(0.5);
        let Masks { keep, new, end, begin } = self.masks;
        let mut i = 0;
        while i < self.new.len() {
            let lane = i % MAX_LANES;
            let fresh = s.load(self.new, i);
            let ahead = s.select_greater(s.load(keep, lane), half, fresh, s.load(self.end, i));
            let before = s.load(self.begin, i);
            let is_end = s.load(end, lane);
            let mut start = s.select_greater(s.load(begin, lane), half, before, s.load(self.at, i));
            start = s.select_greater(s.load(new, lane), half, fresh, start);
            start = s.select_greater(is_end, half, ahead, start);
            s.store(ahead, self.end, i);
            s.store(s.select_greater(is_end, half, ahead, before), self.begin, i);
            s.store(start, self.at, i);
            i += S::LANES;
        }
    }
}

/// State and derivative at t = 0.
type Start = (Vec<f64>, Vec<f64>);

/// One solve.
struct Lane {
    number: usize,
    trajectory: Trajectory,
    control: Control,
    near: Near,
    /// Beginning of the step being tried.
    time: f64,
    /// Size of the next step.
    step: f64,
    attempts: usize,
    /// Once a step is accepted: an output row inside it in the making.
    row: Option<Row>,
}

/// An output row inside an accepted step: an integration of its own from the step's beginning.
struct Row {
    /// Time since then, now and in the end.
    time: f64,
    to: f64,
    step: f64,
    /// Whether the next step ends at the row.
    last: bool,
    control: Control,
    near: Near,
    /// When the accepted step ends.
    ahead: f64,
}

impl Lane {
    /// The solve of a problem, with its state and derivative at t = 0.
    fn begin(ensemble: &Ensemble<'_>, number: usize) -> Result<(Self, Start), Error> {
        let Ensemble { system, options, .. } = *ensemble;
        let problem = &ensemble.problems[number];
        let parameters = Parameters::new(system, problem)?;
        let state = problem.initial_state(system.shape().trained);
        let near = Near::new(system, &parameters, &state, options);
        let mut lane = Lane {
            near,
            number,
            trajectory: Trajectory::empty(system.shape(), parameters),
            control: Control::new(options.method),
            time: problem.start_time(),
            step: 0.0,
            attempts: 0,
            row: None,
        };
        match lane.start(ensemble, &state) {
            Ok(slope) => Ok((lane, (state, slope))),
            Err(reason) => Err(Error::Solve { reason, partial: Box::new(lane.trajectory) }),
        }
    }

    fn start(&mut self, ensemble: &Ensemble<'_>, state: &[f64]) -> Result<Vec<f64>, SolveFailure> {
        let Ensemble { system, options, times, .. } = *ensemble;
        let parameters = &self.trajectory.parameters;
        let mut slopes =
            |_: f64, state: &[f64], slope: &mut [f64]| system.right_hand_side(parameters, state, slope);
        let mut slope = vec![0.0; state.len()];
        slopes(0.0, state, &mut slope);
        if let Some(index) = slope.iter().position(|value| !value.is_finite()) {
            let cause = NotFinite { derivative: true, index, value: slope[index] };
            return Err(failure(system.shape(), cause, self.time));
        }
        let tolerances = options.tolerances();
        self.step = first_step(options.method, tolerances, state, &slope, &mut slopes);
        self.trajectory.stats.evaluations = 2;
        if times[0] == self.time {
            self.push_row(ensemble, self.time, state.to_vec())?;
        }
        if underflows(self.step, self.time) && !self.finished(ensemble) {
            return Err(SolveFailure::StepSizeUnderflow { time: self.time, rtol: options.rtol });
        }
        Ok(slope)
    }

    fn finished(&self, ensemble: &Ensemble<'_>) -> bool {
        self.trajectory.len() == ensemble.times.len()
    }

    /// The step to try.
    fn step(&self) -> f64 {
        self.row.as_ref().map_or(self.step, |row| row.step)
    }

    /// The error of the step just tried, that of the risk where it counts.
    fn error(&mut self, system: &dyn System, stepper: &Stepper, at: usize, error: f64) -> f64 {
        if error > 1.0 || error.is_nan() {
            return error;
        }
        let near = self.row.as_mut().map_or(&mut self.near, |row| &mut row.near);
        let parameters = &self.trajectory.parameters;
        error.max(near.error(system, parameters, &|| stepper.end(at), &|| stepper.error_estimate(at)))
    }

    /// The size of the next step, if the one just tried is accepted.
    fn judge(&mut self, error: f64) -> Option<f64> {
        let (control, step) = match &mut self.row {
            None => (&mut self.control, &mut self.step),
            Some(row) => (&mut row.control, &mut row.step),
        };
        self.trajectory.stats.evaluations += control.method().stages();
        let (accepted, next) = control.judge(error, *step);
        if self.row.is_none() {
            self.attempts += 1;
            *(if accepted {
                &mut self.trajectory.stats.accepted
            } else {
                &mut self.trajectory.stats.rejected
            }) += 1;
        }
        if accepted {
            return Some(next);
        }
        match &mut self.row {
            None => self.step = next,
            Some(row) => row.set_step(next),
        }
        None
    }

    /// Takes the accepted step, of the solve or of an output row. `end` gives the state where it ends, or where the
    /// step whose end is kept does.
    fn accept(
        &mut self,
        ensemble: &Ensemble<'_>,
        next: f64,
        end: &dyn Fn(bool) -> Vec<f64>,
    ) -> Result<Move, SolveFailure> {
        let method = ensemble.options.method;
        let (ahead, kept, back, on) = match self.row.take() {
            None => {
                self.trajectory.stats.evaluations += method.after_acceptance();
                let ahead = self.time + self.step;
                self.step = next;
                (ahead, false, Move::BackFromStep, Move::On)
            }
            Some(mut row) => {
                if !row.last {
                    row.time += row.step;
                    self.trajectory.stats.evaluations += method.after_acceptance();
                    row.set_step(next);
                    self.row = Some(row);
                    return Ok(Move::OnInRow);
                }
                self.push_row(ensemble, ensemble.times[self.trajectory.len()], end(false))?;
                (row.ahead, true, Move::BackFromRow, Move::Ahead)
            }
        };
        let due = ensemble.times.get(self.trajectory.len()).copied().filter(|&due| due <= ahead);
        if let Some(due) = due.filter(|&due| due < ahead) {
            self.row = Some(Row::new(method, self.near.always(), due - self.time, ahead));
            return Ok(back);
        }
        if due.is_some() {
            self.push_row(ensemble, ahead, end(kept))?;
        }
        self.time = ahead;
        if ensemble.monitor.should_stop() && !self.finished(ensemble) {
            return Err(SolveFailure::Interrupted { time: ahead });
        }
        Ok(on)
    }

    /// Whether the next step can be tried.
    fn check(&self, ensemble: &Ensemble<'_>, together: &Together, at: usize) -> Result<(), SolveFailure> {
        let SolveOptions { rtol, max_steps, .. } = *ensemble.options;
        let time = self.time;
        if self.row.is_none() && self.attempts >= max_steps && !self.finished(ensemble) {
            return Err(SolveFailure::MaxSteps { max_steps, time });
        }
        let since = self.row.as_ref().map_or(time, |row| row.time);
        if !underflows(self.step(), since) {
            return Ok(());
        }
        Err(match together.stepper.not_finite(at) {
            Some(cause) => failure(ensemble.system.shape(), cause, time),
            None => SolveFailure::StepSizeUnderflow { time, rtol },
        })
    }

    fn push_row(&mut self, ensemble: &Ensemble<'_>, time: f64, state: Vec<f64>) -> Result<(), SolveFailure> {
        let parameters = &self.trajectory.parameters;
        let (risk, noise) = (ensemble.system.risk(parameters, &state), parameters.noise);
        self.trajectory.push(time, state, risk, noise)
    }
}

impl Row {
    fn new(method: Method, near: Near, to: f64, ahead: f64) -> Self {
        Row { time: 0.0, to, step: to, last: true, control: Control::new(method), near, ahead }
    }

    /// The next step, which ends at the row if it comes close.
    fn set_step(&mut self, step: f64) {
        self.last = self.time + 1.01 * step > self.to;
        self.step = if self.last { self.to - self.time } else { step };
    }
}

/// One right-hand side of all lanes; only called where [`is_available`] said that there is one.
fn evaluate(system: &dyn System, parameters: &Parameters<Octet>, state: &[f64], derivative: &mut [f64]) {
    let there_is = system.side_by_side(parameters, state.as_chunks().0, derivative.as_chunks_mut().0);
    debug_assert!(there_is);
}

/// The failure that names what was not finite.
fn failure(shape: Shape, cause: NotFinite, time: f64) -> SolveFailure {
    cause.failure(&shape.names()[cause.index], time)
}

/// Parameters of k teachers and p students in every lane, all 1.
fn octets(k: usize, p: usize) -> Parameters<Octet> {
    let one = [1.0; MAX_LANES];
    Parameters {
        teacher_overlaps: vec![one; k * k],
        a_star: vec![one; k],
        a: vec![one; p],
        s: one,
        s_star: one,
        gamma: one,
        gamma_a: one,
        noise: one,
        batch: one,
    }
}

fn column(numbers: &[f64], at: usize) -> Vec<f64> {
    numbers.as_chunks::<MAX_LANES>().0.iter().map(|row| row[at]).collect()
}

fn set_column(numbers: &mut [f64], at: usize, column: &[f64]) {
    numbers.as_chunks_mut::<MAX_LANES>().0.iter_mut().zip(column).for_each(|(row, value)| row[at] = *value);
}
