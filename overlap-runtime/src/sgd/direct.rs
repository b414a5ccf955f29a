//! SGD on the weights themselves, in d dimensions: one-pass, or on a finite training set.
//!
//! A step sweeps once over the weights, chunk by chunk: draw the new inputs, apply the last step's update, accumulate
//! the new fields. Weights and inputs are kept by chunks, so that what a sweep touches lies together.

mod chunk;

use super::checkpoint::Visit;
use super::normals::{DRAW, LANES, Normals};
use super::real::Real;
use super::setting::{Divergence, NotFinite, Rates, Setting, check_state};
use super::training::TrainingSet;
use crate::lanes::aligned::Aligned;
use crate::lanes::{Kernel, Simd, dispatch};
use crate::model::weights::Weights;
use chunk::Chunk;

/// Coordinates of a chunk: the chunk of all students and inputs fits into the first-level cache.
const CHUNK: usize = 128;
/// Chunks whose inputs are drawn together.
const DRAWN_TOGETHER: usize = 2;

/// What all replicas start from.
pub(super) struct Start<T> {
    pub(super) setting: Setting,
    /// Samples of each replica's training set; none for one-pass SGD.
    samples: Option<usize>,
    /// Student weights, by chunks: chunk x p x CHUNK, padded with zeros.
    student: Aligned<T>,
    /// The coordinates in which the teachers are not zero, and W* there, k x support.
    support: usize,
    teacher: Vec<f64>,
}

impl<T: Real> Start<T> {
    pub(super) fn new(setting: Setting, weights: &Weights, samples: Option<usize>) -> Self {
        let (d, p) = (setting.dimension, setting.shape.p);
        let mut student = Aligned::zeros(d.div_ceil(CHUNK) * p * CHUNK);
        for i in 0..p {
            for (chunk, part) in weights.student.column(i).as_slice().chunks(CHUNK).enumerate() {
                let at = (chunk * p + i) * CHUNK;
                for (own, &weight) in student[at..].iter_mut().zip(part) {
                    *own = T::new(weight);
                }
            }
        }
        let zero = |c: usize| weights.teacher.row(c).iter().all(|&weight| weight == 0.0);
        let support = (0..d).rev().find(|&c| !zero(c)).map_or(0, |last| last + 1);
        let teacher = weights.teacher.column_iter().flat_map(|w| w.as_slice()[..support].to_vec()).collect();
        Start { setting, samples, student, support, teacher }
    }
}

/// One run.
#[derive(Clone)]
pub(super) struct Direct<'a, T: Real> {
    start: &'a Start<T>,
    normals: Normals,
    set: Option<TrainingSet>,
    /// Student weights, as in [`Start`].
    student: Aligned<T>,
    /// Second layer a, p padded to whole packs; constant where it is not trained.
    a: Vec<f64>,
    step: u64,
    /// Label noise drawn in advance, and how much of it is used.
    zeta: [f64; DRAW],
    used: usize,
    /// The batch's inputs x, chunk x b x CHUNK, and the last step's.
    inputs: Aligned<T>,
    last: Aligned<T>,
    /// λ √d by lanes, b x p x LANES.
    sums: Aligned<T>,
    /// What multiplies x in the update of w_i, b x p; the last step's until it is applied.
    factors: Vec<T>,
    pending: bool,
    /// y - f of each sample of the last batch.
    errors: Vec<f64>,
    units: Units,
}

/// Work space for one sample, a number for each unit, padded to whole packs.
#[derive(Clone)]
struct Units {
    /// λ* and then λ.
    fields: Vec<f64>,
    /// σ(λ) and σ'(λ).
    values: Vec<f64>,
    slopes: Vec<f64>,
    /// Σ_b E σ(λ_i).
    second: Vec<f64>,
}

impl<'a, T: Real> Direct<'a, T> {
    pub(super) fn new(start: &'a Start<T>, mut normals: Normals) -> Self {
        let Setting { shape, batch, dimension, .. } = start.setting;
        let inputs = Aligned::zeros(dimension.div_ceil(CHUNK) * batch * CHUNK);
        let set = start.samples.map(|samples| TrainingSet::new::<T>(samples, dimension, batch, &mut normals));
        let mut a = start.setting.parameters.a.clone();
        a.resize(shape.p.next_multiple_of(LANES), 0.0);
        let numbers = vec![0.0; shape.k.max(shape.p).next_multiple_of(LANES)];
        Direct {
            start,
            normals,
            set,
            student: start.student.clone(),
            a,
            step: 0,
            zeta: [0.0; DRAW],
            used: DRAW,
            last: inputs.clone(),
            inputs,
            sums: Aligned::zeros(batch * shape.p * T::LANES),
            factors: vec![T::default(); batch * shape.p],
            pending: false,
            errors: vec![0.0; batch],
            units: Units {
                fields: numbers.clone(),
                values: numbers.clone(),
                slopes: numbers.clone(),
                second: numbers,
            },
        }
    }

    /// Goes `steps` steps on: w_i += (γ s a_i / √d) mean_b[E σ'(λ_i) x], a_i += (γ_a s / d) mean_b[E σ(λ_i)], both from
    /// the same old weights.
    pub(super) fn advance(&mut self, steps: u64) -> Result<(), Divergence> {
        dispatch(Advance { replica: self, steps })
    }

    /// The numbers that change from step to step. Between calls of `advance` nothing is pending, and inputs are work space.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        visit.word(&mut self.step);
        T::visit(&mut self.student, visit);
        visit.numbers(&mut self.a);
        visit.normals(&mut self.normals);
        visit.numbers(&mut self.zeta);
        visit.count(&mut self.used);
        self.used = self.used.min(DRAW);
        if let Some(set) = &mut self.set {
            set.visit(visit);
        }
    }

    /// ½ (y - f)², averaged over the training set; none for one-pass SGD.
    pub(super) fn training_error(&self) -> Option<f64> {
        let samples = self.set.as_ref()?.samples();
        // Steps with rates of zero on a copy.
        let mut copy = self.clone();
        Some(dispatch(Errors { replica: &mut copy, samples }) / samples as f64)
    }

    /// Steps done.
    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// The state (layout of [`Shape`](crate::Shape)) computed from the weights.
    pub(super) fn state(&self) -> Result<Vec<f64>, NotFinite> {
        let setting = &self.start.setting;
        let (k, p, d) = (setting.shape.k, setting.shape.p, setting.dimension as f64);
        let shape = setting.shape;
        let mut state = vec![0.0; shape.dim()];
        for chunk in self.student.chunks_exact(p * CHUNK) {
            for i in 0..p {
                for j in i..p {
                    let (w, v) = (&chunk[i * CHUNK..][..CHUNK], &chunk[j * CHUNK..][..CHUNK]);
                    // By lanes, which a compiler may put into a register.
                    let mut sums = [0.0; LANES];
                    for (w, v) in w.chunks_exact(LANES).zip(v.chunks_exact(LANES)) {
                        for (sum, (w, v)) in sums.iter_mut().zip(w.iter().zip(v)) {
                            *sum += w.value() * v.value();
                        }
                    }
                    state[shape.q(i, j)] += sums.iter().sum::<f64>() / d;
                }
            }
        }
        for i in 0..p {
            for r in 0..k {
                let weight = |c: usize| self.student[((c / CHUNK) * p + i) * CHUNK + c % CHUNK].value();
                let row = &self.start.teacher[r * self.start.support..];
                state[shape.m(r, i)] = (0..self.start.support).map(|c| row[c] * weight(c)).sum::<f64>() / d;
            }
            if shape.trained {
                state[shape.a(i)] = self.a[i];
            }
        }
        check_state(shape, state)
    }

    /// Draws the batch, applies the pending update, and accumulates the fields.
    #[inline(always)]
    fn sweep<S: Simd>(&mut self, s: S) {
        let Setting { shape, batch, dimension, .. } = self.start.setting;
        std::mem::swap(&mut self.inputs, &mut self.last);
        self.sums.fill(T::default());
        let factors = self.pending.then_some(&self.factors[..]);
        let part = DRAWN_TOGETHER * CHUNK;
        let parts = self
            .student
            .chunks_mut(part * shape.p)
            .zip(self.inputs.chunks_mut(part * batch))
            .zip(self.last.chunks(part * batch));
        for (index, ((student, inputs), last)) in parts.enumerate() {
            let left = dimension - index * part;
            let whole = (left / CHUNK).min(DRAWN_TOGETHER);
            let rest = left.min(part) - whole * CHUNK;
            let (inputs, _) = inputs.as_chunks_mut::<CHUNK>();
            match &mut self.set {
                None => {
                    T::fill(s, &mut self.normals, inputs[..whole * batch].as_flattened_mut());
                    for x in &mut inputs[whole * batch..] {
                        T::fill(s, &mut self.normals, &mut x[..rest.next_multiple_of(T::DRAW)]);
                    }
                }
                Some(set) => {
                    for (at, x) in inputs.iter_mut().enumerate() {
                        let length = if at < whole * batch { CHUNK } else { rest.next_multiple_of(T::DRAW) };
                        set.fill(s, at % batch, &mut x[..length]);
                    }
                }
            }
            for x in &mut inputs[whole * batch..] {
                x[rest..].fill(T::default());
            }
            let (weights, _) = student.as_chunks_mut::<CHUNK>();
            let (last, _) = last.as_chunks::<CHUNK>();
            let chunks = weights
                .chunks_exact_mut(shape.p)
                .zip(inputs.chunks_exact(batch).zip(last.chunks_exact(batch)));
            for (chunk, (weights, (inputs, last))) in chunks.enumerate() {
                let length = if chunk < whole { CHUNK } else { rest.next_multiple_of(T::DRAW) };
                let sums = &mut self.sums[..];
                Chunk { inputs, last, factors, sums, p: shape.p, length }.all(s, weights);
            }
        }
        self.pending = false;
    }

    /// Applies a pending update without drawing the next batch: the same numbers as in a sweep.
    #[inline(always)]
    fn settle<S: Simd>(&mut self, s: S) {
        let Setting { shape, batch, .. } = self.start.setting;
        if !std::mem::take(&mut self.pending) {
            return;
        }
        let chunks =
            self.student.chunks_exact_mut(shape.p * CHUNK).zip(self.inputs.chunks_exact(batch * CHUNK));
        for (weights, inputs) in chunks {
            for (i, weights) in weights.chunks_exact_mut(CHUNK).enumerate() {
                for (sample, x) in inputs.chunks_exact(CHUNK).enumerate() {
                    let factor = T::splat(s, self.factors[sample * shape.p + i]);
                    for at in (0..CHUNK).step_by(T::lanes::<S>()) {
                        let moved = T::add_mul(s, T::load(s, weights, at), factor, T::load(s, x, at));
                        T::store(s, moved, weights, at);
                    }
                }
            }
        }
    }

    /// Errors of the batch, and from them the pending update of w and the update of a.
    #[inline(always)]
    fn respond<S: Simd>(&mut self, s: S, rates: Rates) -> Result<(), Divergence> {
        let Start { setting, support, teacher, .. } = self.start;
        let (p, batch, parameters) = (setting.shape.p, setting.batch, &setting.parameters);
        let root = (setting.dimension as f64).sqrt();
        let Units { fields, values, slopes, second } = &mut self.units;
        second.fill(0.0);
        for sample in 0..batch {
            for (r, row) in teacher.chunks_exact((*support).max(1)).enumerate() {
                let input =
                    |c: usize| self.inputs[((c / CHUNK) * batch + sample) * CHUNK + c % CHUNK].value();
                fields[r] = row.iter().enumerate().map(|(c, w)| w * input(c)).sum::<f64>() / root;
            }
            for at in (0..setting.shape.k).step_by(S::LANES) {
                let value = setting.teacher_activation.of_pack(s, s.load(fields, at)).0;
                s.store(value, values, at);
            }
            let of_teacher: f64 =
                parameters.a_star.iter().zip(values.iter()).map(|(a, value)| a * value).sum();
            for (field, sums) in
                fields.iter_mut().zip(self.sums[sample * p * T::LANES..].chunks_exact(T::LANES)).take(p)
            {
                *field = sum_of_lanes(sums) / root;
            }
            for at in (0..p).step_by(S::LANES) {
                let (value, slope) = setting.activation.of_pack(s, s.load(fields, at));
                s.store(value, values, at);
                s.store(slope, slopes, at);
            }
            let of_student: f64 = self.a[..p].iter().zip(values.iter()).map(|(a, value)| a * value).sum();
            let zeta = if let Some(set) = &self.set {
                set.noise(sample)
            } else {
                // Drawn without noise too, so that the inputs of a seed are the same for every Δ.
                if self.used == DRAW {
                    self.normals.fill(s, &mut self.zeta);
                    self.used = 0;
                }
                self.used += 1;
                self.zeta[self.used - 1]
            };
            let error = parameters.s_star * of_teacher + rates.noise * zeta - parameters.s * of_student;
            if !error.is_finite() {
                let what = NotFinite { quantity: "the error y - f".to_owned(), value: error };
                return Err(Divergence { step: self.step + 1, what, replica: 0 });
            }
            self.errors[sample] = error;
            let scaled = rates.first / root * error;
            for i in 0..p {
                self.factors[sample * p + i] = T::new(scaled * self.a[i] * slopes[i]);
                second[i] += error * values[i];
            }
        }
        if setting.shape.trained {
            for (a, second) in self.a.iter_mut().zip(second.iter()).take(p) {
                *a += rates.second * second;
            }
        }
        self.pending = true;
        self.step += 1;
        Ok(())
    }
}

/// By halves, in an order that does not depend on the width of a pack.
fn sum_of_lanes<T: Real>(lanes: &[T]) -> f64 {
    let mut halves = [0.0; 2 * LANES];
    for (half, lane) in halves.iter_mut().zip(lanes) {
        *half = lane.value();
    }
    let mut length = lanes.len().min(2 * LANES) / 2;
    while length > 0 {
        for l in 0..length {
            halves[l] += halves[l + length];
        }
        length /= 2;
    }
    halves[0]
}

struct Advance<'a, 'b, T: Real> {
    replica: &'b mut Direct<'a, T>,
    steps: u64,
}

impl<T: Real> Kernel for Advance<'_, '_, T> {
    type Output = Result<(), Divergence>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let replica = self.replica;
        for _ in 0..self.steps {
            if let Some(set) = &mut replica.set {
                set.next(s, &mut replica.normals);
            }
            replica.sweep(s);
            let rates = replica.start.setting.rates(replica.step);
            replica.respond(s, rates)?;
        }
        replica.settle(s);
        Ok(())
    }
}

/// Σ ½ (y - f)² over the training set; the replica is of no use afterwards.
struct Errors<'a, 'b, T: Real> {
    replica: &'b mut Direct<'a, T>,
    samples: usize,
}

impl<T: Real> Kernel for Errors<'_, '_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let replica = self.replica;
        let batch = replica.errors.len();
        let rates = Rates { first: 0.0, second: 0.0, ..replica.start.setting.rates(0) };
        let mut sum = 0.0;
        for first in (0..self.samples).step_by(batch) {
            if let Some(set) = &mut replica.set {
                set.choose(first);
            }
            replica.sweep(s);
            replica.pending = false;
            if let Err(divergence) = replica.respond(s, rates) {
                return divergence.what.value;
            }
            replica.pending = false;
            sum += replica
                .errors
                .iter()
                .take(self.samples - first)
                .map(|error| 0.5 * error * error)
                .sum::<f64>();
        }
        sum
    }
}
