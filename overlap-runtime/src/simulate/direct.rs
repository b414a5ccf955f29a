//! One-pass SGD on the weights themselves, in d dimensions.
//!
//! A step sweeps once over the weights, chunk by chunk: draw the new inputs, apply the last step's update, accumulate
//! the new fields. Weights and inputs are kept by chunks, so that what a sweep touches lies together.

use super::aligned::Aligned;
use super::checkpoint::Visit;
use super::normals::{DRAW, LANES, Normals};
use super::setting::{Divergence, NotFinite, Rates, Setting, check_state};
use crate::simd::{Kernel, Simd, dispatch};
use crate::weights::Weights;

/// Coordinates of a chunk: the chunk of all students and inputs fits into the first-level cache.
const CHUNK: usize = 64;
/// Chunks whose inputs are drawn together.
const DRAWN_TOGETHER: usize = 4;

/// What all replicas start from.
pub(super) struct Start {
    pub(super) setting: Setting,
    /// Student weights, by chunks: chunk x p x CHUNK, padded with zeros.
    student: Aligned,
    /// The coordinates in which the teachers are not zero, and W* there, k x support.
    support: usize,
    teacher: Vec<f64>,
}

impl Start {
    pub(super) fn new(setting: Setting, weights: &Weights) -> Self {
        let (d, p) = (setting.dimension, setting.shape.p);
        let mut student = Aligned::zeros(d.div_ceil(CHUNK) * p * CHUNK);
        for i in 0..p {
            for (chunk, part) in weights.student.column(i).as_slice().chunks(CHUNK).enumerate() {
                let at = (chunk * p + i) * CHUNK;
                student[at..at + part.len()].copy_from_slice(part);
            }
        }
        let zero = |c: usize| weights.teacher.row(c).iter().all(|&weight| weight == 0.0);
        let support = (0..d).rev().find(|&c| !zero(c)).map_or(0, |last| last + 1);
        let teacher = weights.teacher.column_iter().flat_map(|w| w.as_slice()[..support].to_vec()).collect();
        Start { setting, student, support, teacher }
    }
}

/// One run.
#[derive(Clone)]
pub(super) struct Direct<'a> {
    start: &'a Start,
    normals: Normals,
    /// Student weights, as in [`Start`].
    student: Aligned,
    /// Second layer a, p padded to whole packs; constant where it is not trained.
    a: Vec<f64>,
    step: u64,
    /// Label noise drawn in advance, and how much of it is used.
    zeta: [f64; DRAW],
    used: usize,
    /// The batch's inputs x, chunk x b x CHUNK, and the last step's.
    inputs: Aligned,
    last: Aligned,
    /// λ √d by lanes, b x p x LANES.
    sums: Aligned,
    /// What multiplies x in the update of w_i, b x p; the last step's until it is applied.
    factors: Vec<f64>,
    pending: bool,
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

impl<'a> Direct<'a> {
    pub(super) fn new(start: &'a Start, normals: Normals) -> Self {
        let Setting { shape, batch, dimension, .. } = start.setting;
        let inputs = Aligned::zeros(dimension.div_ceil(CHUNK) * batch * CHUNK);
        let mut a = start.setting.parameters.a.clone();
        a.resize(shape.p.next_multiple_of(LANES), 0.0);
        let numbers = vec![0.0; shape.k.max(shape.p).next_multiple_of(LANES)];
        Direct {
            start,
            normals,
            student: start.student.clone(),
            a,
            step: 0,
            zeta: [0.0; DRAW],
            used: DRAW,
            last: inputs.clone(),
            inputs,
            sums: Aligned::zeros(batch * shape.p * LANES),
            factors: vec![0.0; batch * shape.p],
            pending: false,
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

    /// What changes. Between calls of `advance` nothing is pending, and inputs are work space.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        visit.word(&mut self.step);
        visit.numbers(&mut self.student);
        visit.numbers(&mut self.a);
        visit.normals(&mut self.normals);
        visit.numbers(&mut self.zeta);
        visit.count(&mut self.used);
        self.used = self.used.min(DRAW);
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
                    state[shape.q(i, j)] += w.iter().zip(v).map(|(w, v)| w * v).sum::<f64>() / d;
                }
            }
        }
        for i in 0..p {
            for r in 0..k {
                let weight = |c: usize| self.student[((c / CHUNK) * p + i) * CHUNK + c % CHUNK];
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
        self.sums.fill(0.0);
        let (width, p, pending) = (batch * CHUNK, shape.p, self.pending);
        let student: &mut [f64] = &mut self.student;
        let sums: &mut [f64] = &mut self.sums;
        let inputs: &mut [f64] = &mut self.inputs;
        let (last, factors): (&[f64], &[f64]) = (&self.last, &self.factors);
        let part = DRAWN_TOGETHER * CHUNK;
        let parts =
            student.chunks_mut(part * p).zip(inputs.chunks_mut(part * batch)).zip(last.chunks(part * batch));
        for (index, ((student, inputs), last)) in parts.enumerate() {
            let left = dimension - index * part;
            let whole = (left / CHUNK).min(DRAWN_TOGETHER);
            self.normals.fill(s, &mut inputs[..whole * width]);
            let rest = left.min(part) - whole * CHUNK;
            for x in inputs[whole * width..].chunks_exact_mut(CHUNK) {
                self.normals.fill(s, &mut x[..rest.next_multiple_of(DRAW)]);
                x[rest..].fill(0.0);
            }
            let chunks = student
                .chunks_exact_mut(p * CHUNK)
                .zip(inputs.chunks_exact(width).zip(last.chunks_exact(width)));
            for (chunk, (weights, (inputs, last))) in chunks.enumerate() {
                let length = if chunk < whole { CHUNK } else { rest.next_multiple_of(DRAW) };
                let mut work = Chunk { inputs, last, factors, sums, p, length };
                let (mut first, mut weights) = (0, weights);
                // As many students together as registers hold their factors and sums.
                while first < p {
                    let count = if S::LANES == LANES && p - first >= 8 {
                        8
                    } else if p - first >= 4 {
                        4
                    } else {
                        1
                    };
                    let (group, others) = weights.split_at_mut(count * CHUNK);
                    match count {
                        8 => work.students::<S, 8>(s, first, group, pending),
                        4 => work.students::<S, 4>(s, first, group, pending),
                        _ => work.students::<S, 1>(s, first, group, pending),
                    }
                    first += count;
                    weights = others;
                }
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
                    let factor = s.splat(self.factors[sample * shape.p + i]);
                    for at in (0..CHUNK).step_by(S::LANES) {
                        s.store(s.add_mul(s.load(weights, at), factor, s.load(x, at)), weights, at);
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
                let input = |c: usize| self.inputs[((c / CHUNK) * batch + sample) * CHUNK + c % CHUNK];
                fields[r] = row.iter().enumerate().map(|(c, w)| w * input(c)).sum::<f64>() / root;
            }
            for at in (0..setting.shape.k).step_by(S::LANES) {
                let value = setting.teacher_activation.of_pack(s, s.load(fields, at)).0;
                s.store(value, values, at);
            }
            let of_teacher: f64 =
                parameters.a_star.iter().zip(values.iter()).map(|(a, value)| a * value).sum();
            for (field, sums) in
                fields.iter_mut().zip(self.sums[sample * p * LANES..].chunks_exact(LANES)).take(p)
            {
                *field = sum_of_lanes(sums) / root;
            }
            for at in (0..p).step_by(S::LANES) {
                let (value, slope) = setting.activation.of_pack(s, s.load(fields, at));
                s.store(value, values, at);
                s.store(slope, slopes, at);
            }
            let of_student: f64 = self.a[..p].iter().zip(values.iter()).map(|(a, value)| a * value).sum();
            // Drawn without noise too, so that the inputs of a seed are the same for every Δ.
            if self.used == DRAW {
                self.normals.fill(s, &mut self.zeta);
                self.used = 0;
            }
            let zeta = self.zeta[self.used];
            self.used += 1;
            let error = parameters.s_star * of_teacher + rates.noise * zeta - parameters.s * of_student;
            if !error.is_finite() {
                let what = NotFinite { quantity: "the error y - f".to_owned(), value: error };
                return Err(Divergence { step: self.step + 1, what, replica: 0 });
            }
            let scaled = rates.first / root * error;
            for i in 0..p {
                self.factors[sample * p + i] = scaled * self.a[i] * slopes[i];
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

/// One chunk of weights and inputs during a sweep.
struct Chunk<'a> {
    inputs: &'a [f64],
    last: &'a [f64],
    factors: &'a [f64],
    sums: &'a mut [f64],
    p: usize,
    /// Coordinates in use, a multiple of [`DRAW`].
    length: usize,
}

impl Chunk<'_> {
    /// Updates G students from number `first` and adds to their fields.
    #[inline(always)]
    fn students<S: Simd, const G: usize>(&mut self, s: S, first: usize, weights: &mut [f64], pending: bool) {
        let batch = self.inputs.len() / CHUNK;
        let none = [0.0; CHUNK];
        // All but the last sample's update, then the last one's on the way to the first field.
        if pending {
            for sample in 0..batch - 1 {
                let factors: [S::Pack; G] = self.factors_of(s, sample, first);
                let x = &self.last[sample * CHUNK..][..CHUNK];
                for at in (0..self.length).step_by(S::LANES) {
                    let x = s.load(x, at);
                    for g in 0..G {
                        let w = s.load(weights, g * CHUNK + at);
                        s.store(s.add_mul(w, factors[g], x), weights, g * CHUNK + at);
                    }
                }
            }
        }
        let (factors, last): ([S::Pack; G], _) = if pending {
            (self.factors_of(s, batch - 1, first), &self.last[(batch - 1) * CHUNK..][..CHUNK])
        } else {
            ([s.splat(0.0); G], &none[..])
        };
        for lane in (0..LANES).step_by(S::LANES) {
            let mut sums: [S::Pack; G] = self.sums_of(s, 0, first, lane);
            let x = &self.inputs[..self.length];
            for at in (lane..self.length).step_by(LANES) {
                let (x, last) = (s.load(x, at), s.load(last, at));
                for g in 0..G {
                    let w = s.add_mul(s.load(weights, g * CHUNK + at), factors[g], last);
                    s.store(w, weights, g * CHUNK + at);
                    sums[g] = s.add_mul(sums[g], w, x);
                }
            }
            self.keep(s, 0, first, lane, sums);
        }
        for sample in 1..batch {
            for lane in (0..LANES).step_by(S::LANES) {
                let mut sums: [S::Pack; G] = self.sums_of(s, sample, first, lane);
                let x = &self.inputs[sample * CHUNK..][..self.length];
                for at in (lane..self.length).step_by(LANES) {
                    let x = s.load(x, at);
                    for g in 0..G {
                        sums[g] = s.add_mul(sums[g], s.load(weights, g * CHUNK + at), x);
                    }
                }
                self.keep(s, sample, first, lane, sums);
            }
        }
    }

    #[inline(always)]
    fn factors_of<S: Simd, const G: usize>(&self, s: S, sample: usize, first: usize) -> [S::Pack; G] {
        // Not `array::from_fn`: its closure would be compiled without the instruction set.
        let mut factors = [s.splat(0.0); G];
        for g in 0..G {
            factors[g] = s.splat(self.factors[sample * self.p + first + g]);
        }
        factors
    }

    #[inline(always)]
    fn sums_of<S: Simd, const G: usize>(
        &self,
        s: S,
        sample: usize,
        first: usize,
        lane: usize,
    ) -> [S::Pack; G] {
        let mut sums = [s.splat(0.0); G];
        for g in 0..G {
            sums[g] = s.load(self.sums, (sample * self.p + first + g) * LANES + lane);
        }
        sums
    }

    #[inline(always)]
    fn keep<S: Simd, const G: usize>(
        &mut self,
        s: S,
        sample: usize,
        first: usize,
        lane: usize,
        sums: [S::Pack; G],
    ) {
        for (g, sum) in sums.into_iter().enumerate() {
            s.store(sum, self.sums, (sample * self.p + first + g) * LANES + lane);
        }
    }
}

/// By halves, in an order that does not depend on the width of a pack.
fn sum_of_lanes(lanes: &[f64]) -> f64 {
    let half = |l: usize| lanes[l] + lanes[l + 4];
    (half(0) + half(2)) + (half(1) + half(3))
}

struct Advance<'a, 'b> {
    replica: &'b mut Direct<'a>,
    steps: u64,
}

impl Kernel for Advance<'_, '_> {
    type Output = Result<(), Divergence>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        for _ in 0..self.steps {
            self.replica.sweep(s);
            let rates = self.replica.start.setting.rates(self.replica.step);
            self.replica.respond(s, rates)?;
        }
        self.replica.settle(s);
        Ok(())
    }
}
