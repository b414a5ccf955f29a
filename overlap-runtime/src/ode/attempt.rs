//! One attempt of a Runge-Kutta step: of one integration, or of eight side by side.
//!
//! The vectors of eight integrations are rows of eight numbers; those of one are padded to full packs. Number by number
//! the arithmetic is the same, and the same on every pack width, so eight side by side step as each would alone.

use super::SolveFailure;
use super::options::Method;
use super::tableau::{Combination, DOP853, DOPRI5, NONE, Tableau};
use crate::lanes::aligned::Aligned;
use crate::lanes::{Kernel, MAX_LANES, Octet, Simd, dispatch};

/// The first entry seen that is not finite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotFinite {
    /// Whether it is an entry of the derivative (of a finite state) or of the state itself.
    pub(crate) derivative: bool,
    pub(crate) index: usize,
    pub(crate) value: f64,
}

impl NotFinite {
    /// The failure at a time, with the name of the entry.
    pub(crate) fn failure(self, name: &str, time: f64) -> SolveFailure {
        let quantity = if self.derivative { format!("d{name}/dt") } else { name.to_owned() };
        SolveFailure::NotFinite { quantity, value: self.value, time }
    }
}

/// The vectors of a step.
pub(crate) struct Stepper {
    method: Method,
    tableau: &'static Tableau,
    rtol: f64,
    atol: f64,
    /// Numbers of the state.
    dim: usize,
    /// Integrations side by side: 1 or [`MAX_LANES`].
    width: usize,
    /// Numbers of a vector, padded.
    length: usize,
    /// States at the beginning of the step.
    pub(crate) state: Aligned,
    /// States at its end.
    pub(crate) new: Aligned,
    /// Derivatives there, once found.
    pub(crate) slope: Aligned,
    /// Derivatives of all stages, one after the other; the first is that of `state`.
    stages: Aligned,
    /// State of a stage, then squares of scaled errors.
    work: Aligned,
    /// Squares of the second error estimate, scaled.
    other: Aligned,
    /// The last step sizes tried.
    steps: Octet,
}

impl Stepper {
    /// For `dim` numbers of each of `width` integrations.
    pub(crate) fn new(method: Method, (rtol, atol): (f64, f64), dim: usize, width: usize) -> Self {
        let tableau = match method {
            Method::Dopri5 => &DOPRI5,
            Method::Dop853 => &DOP853,
            Method::Rodas5P => &NONE,
        };
        let length = (dim * width).next_multiple_of(MAX_LANES);
        let vector = || Aligned::zeros(length);
        Stepper {
            method,
            tableau,
            rtol,
            atol,
            dim,
            width,
            length,
            state: vector(),
            new: vector(),
            slope: vector(),
            stages: Aligned::zeros((tableau.stages.len() + 1) * length),
            work: vector(),
            other: vector(),
            steps: [0.0; MAX_LANES],
        }
    }

    /// The derivative at `state`; to be filled in before an attempt.
    pub(crate) fn derivative(&mut self) -> &mut [f64] {
        &mut self.stages[..self.length]
    }

    /// Finds the derivative at `new`, with `slopes` where it is not the last stage's.
    pub(crate) fn end_slope(&mut self, slopes: &mut dyn FnMut(&[f64], &mut [f64])) {
        match self.method {
            Method::Dopri5 => {
                let last = self.tableau.stages.len() * self.length;
                self.slope.copy_from_slice(&self.stages[last..]);
            }
            Method::Dop853 | Method::Rodas5P => slopes(&self.new, &mut self.slope),
        }
    }

    /// The next step begins where this one ends, see [`end_slope`](Stepper::end_slope).
    pub(crate) fn go_on(&mut self) {
        std::mem::swap(&mut self.state, &mut self.new);
        self.stages[..self.length].copy_from_slice(&self.slope);
    }

    /// Where the step begins and ends: state and derivative there, and again.
    pub(crate) fn ends(&mut self) -> (&mut [f64], &mut [f64], &[f64], &[f64]) {
        (&mut self.state, &mut self.stages[..self.length], &self.new, &self.slope)
    }

    /// Begins where the last step of `other` begins.
    pub(crate) fn begin_as(&mut self, other: &mut Stepper) {
        self.state.copy_from_slice(&other.state);
        self.derivative().copy_from_slice(other.derivative());
    }

    /// Tries steps of the sizes `steps` (all equal where there is one integration) from `state` to `new`. `slopes` gives
    /// the derivatives at states that are the given parts of the steps away from the beginning. The answer is the error of each step
    /// in units of what is tolerated; not finite where something on the way was not.
    pub(crate) fn attempt(
        &mut self,
        steps: &Octet,
        slopes: &mut impl FnMut(f64, &[f64], &mut [f64]),
    ) -> Octet {
        self.steps = *steps;
        dispatch(Attempt { stepper: self, slopes });
        let [squares, others] = [self.sums(&self.work), self.sums(&self.other)];
        std::array::from_fn(|lane| self.error(steps[lane], [squares[lane], others[lane]]))
    }

    /// The state at the end of the last attempt's step, of one integration.
    pub(crate) fn end(&self, lane: usize) -> Vec<f64> {
        (0..self.dim).map(|i| self.new[i * self.width + lane]).collect()
    }

    /// The error of the end of the last attempt's step, as the method estimates it, of one integration.
    pub(crate) fn error_estimate(&self, lane: usize) -> Vec<f64> {
        // As much smaller than the estimate of lower order as the step's error is.
        let [square, other] = [self.sums(&self.work)[lane], self.sums(&self.other)[lane]];
        let part = match self.method {
            Method::Dop853 if square > 0.0 => (square / (square + 0.01 * other)).sqrt(),
            _ => 1.0,
        };
        let of = |i: usize| {
            let at = |stage: usize| self.stages[stage * self.length + i * self.width + lane];
            self.tableau.errors[0].iter().map(|&(stage, weight)| weight * at(stage)).sum::<f64>()
        };
        (0..self.dim).map(|i| self.steps[lane] * part * of(i)).collect()
    }

    /// What was not finite in the last attempt of one integration, and was the first to be so.
    #[cold]
    pub(crate) fn not_finite(&self, lane: usize) -> Option<NotFinite> {
        let at = |stage: usize, i: usize| self.stages[stage * self.length + i * self.width + lane];
        let stages = self.tableau.stages.len() + 1;
        let (stage, index) = (0..stages)
            .flat_map(|stage| (0..self.dim).map(move |i| (stage, i)))
            .find(|&(stage, i)| !at(stage, i).is_finite())?;
        let combination = if stage == 0 { &[][..] } else { self.tableau.stages[stage - 1] };
        let state = |i: usize| {
            let slope: f64 = combination.iter().map(|&(earlier, weight)| weight * at(earlier, i)).sum();
            self.state[i * self.width + lane] + self.steps[lane] * slope
        };
        let beyond = (0..self.dim).map(|i| (i, state(i))).find(|(_, value)| !value.is_finite());
        Some(match beyond {
            Some((index, value)) => NotFinite { derivative: false, index, value },
            None => NotFinite { derivative: true, index, value: at(stage, index) },
        })
    }

    /// The root mean square of the error of one integration's step, in units of what is tolerated.
    pub(crate) fn scaled(&self, error: &[f64]) -> f64 {
        let ends = self.state.iter().zip(self.new.iter());
        let square = |(error, (before, after)): (&f64, (&f64, &f64))| {
            (error / (self.atol + self.rtol * before.abs().max(after.abs()))).powi(2)
        };
        (error.iter().zip(ends).map(square).sum::<f64>() / self.dim as f64).sqrt()
    }

    /// The sums of `squares` over each integration, in the order of the state whatever the width.
    fn sums(&self, squares: &[f64]) -> Octet {
        let mut sums = [0.0; MAX_LANES];
        if self.width == 1 {
            sums = [squares[..self.dim].iter().sum(); MAX_LANES];
        } else {
            for row in squares.as_chunks::<MAX_LANES>().0 {
                for lane in 0..MAX_LANES {
                    sums[lane] += row[lane];
                }
            }
        }
        sums
    }

    fn error(&self, step: f64, [square, other]: [f64; 2]) -> f64 {
        let dim = self.dim as f64;
        match self.method {
            Method::Dopri5 | Method::Rodas5P => step * (square / dim).sqrt(),
            Method::Dop853 => {
                let sum = square + 0.01 * other;
                step * square / (dim * if sum > 0.0 { sum } else { 1.0 }).sqrt()
            }
        }
    }
}

struct Attempt<'a, F> {
    stepper: &'a mut Stepper,
    slopes: &'a mut F,
}

impl<F: FnMut(f64, &[f64], &mut [f64])> Kernel for Attempt<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Attempt { stepper, slopes } = self;
        let Stepper { tableau, length, steps, .. } = *stepper;
        let steps = &steps;
        for (stage, combination) in tableau.stages.iter().enumerate() {
            let (known, next) = stepper.stages.split_at_mut((stage + 1) * length);
            advance(s, &stepper.state, known, combination, steps, &mut stepper.work);
            slopes(tableau.nodes[stage], &stepper.work, &mut next[..length]);
        }
        advance(s, &stepper.state, &stepper.stages, tableau.solution, steps, &mut stepper.new);
        let (rtol, atol) = (s.splat(stepper.rtol), s.splat(stepper.atol));
        let mut at = 0;
        while at < length {
            let (before, after) = (s.load(&stepper.state, at), s.load(&stepper.new, at));
            let scale = s.add_mul(atol, rtol, s.max(s.abs(before), s.abs(after)));
            let error = s.div(combine(s, &stepper.stages, length, tableau.errors[0], at), scale);
            let other = s.div(combine(s, &stepper.stages, length, tableau.errors[1], at), scale);
            s.store(error * error, &mut stepper.work, at);
            s.store(other * other, &mut stepper.other, at);
            at += S::LANES;
        }
    }
}

/// out = state + h Σ weight · k.
#[inline(always)]
fn advance<S: Simd>(
    s: S,
    state: &[f64],
    stages: &[f64],
    combination: Combination,
    steps: &Octet,
    out: &mut [f64],
) {
    let mut at = 0;
    while at < state.len() {
        let slope = combine(s, stages, state.len(), combination, at);
        let step = s.load(steps, at % MAX_LANES);
        s.store(s.add_mul(s.load(state, at), step, slope), out, at);
        at += S::LANES;
    }
}

/// Σ weight · k, the latest stage last: it is the one to wait for.
#[inline(always)]
fn combine<S: Simd>(s: S, stages: &[f64], length: usize, combination: Combination, at: usize) -> S::Pack {
    let mut sum = s.splat(0.0);
    for &(stage, weight) in combination {
        sum = s.add_mul(sum, s.splat(weight), s.load(stages, stage * length + at));
    }
    sum
}
