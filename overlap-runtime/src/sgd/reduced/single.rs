//! One replica, lanes over students.
//!
//! Steps wait for each other: λ needs the last error. So the coordinates and teacher outputs of a whole block are drawn
//! ahead, and with single samples λ' = L_old z' + c (z·z')/d: of a step, only the activation, the error and one
//! multiplication wait for the step before.

mod draws;
mod triangle;

use super::{Chain, decreasing};
use crate::Shape;
use crate::lanes::aligned::Aligned;
use crate::lanes::{Kernel, Simd, dispatch};
use crate::sgd::checkpoint::Visit;
use crate::sgd::normals::{Chi, LANES, Normals};
use crate::sgd::setting::{Divergence, NotFinite, Rates, Setting, check_state};
use draws::{Block, Draws};
use triangle::compress;

/// Samples between two compressions.
const BLOCK: usize = 16;

/// One run.
#[derive(Clone)]
pub(in crate::sgd) struct Single<'a> {
    chain: &'a Chain,
    normals: Normals,
    /// p padded to whole packs.
    width: usize,
    /// The students' part of L with the columns kept, column by column, `width` numbers each.
    columns: Aligned,
    /// Second layer a.
    a: Vec<f64>,
    step: u64,
    /// Samples seen in this block, of `block`.
    seen: usize,
    block: usize,
    /// Directions a block opens.
    directions: usize,
    chi: Vec<Chi>,
    draws: Draws,
    /// c / d of the samples whose update is not in `columns` yet, sample by sample, and how many: the batch at hand, or
    /// with single samples the last one.
    factors: Aligned,
    pending: usize,
    /// With single samples: L z of the next sample without the pending update.
    fields: Aligned,
    /// σ(λ), and Σ_b E σ(λ_i).
    values: Aligned,
    second: Aligned,
    /// A row of L while it is reflected.
    reflected: Vec<f64>,
}

impl<'a> Single<'a> {
    pub(in crate::sgd) fn new(chain: &'a Chain, normals: Normals) -> Self {
        let Setting { shape, batch, .. } = chain.setting;
        let (n, width) = (shape.nodes(), shape.p.next_multiple_of(LANES));
        let block = chain.block(BLOCK);
        let directions = block.min(chain.rest);
        let mut columns = Aligned::zeros((n + directions) * width);
        for (i, row) in chain.student.chunks_exact(n).enumerate() {
            for (c, &value) in row.iter().enumerate() {
                columns[c * width + i] = value;
            }
        }
        let mut a = chain.setting.parameters.a.clone();
        a.resize(width, 0.0);
        Single {
            chain,
            normals,
            width,
            columns,
            a,
            step: 0,
            seen: 0,
            block,
            directions,
            chi: decreasing(chain.rest, block),
            draws: Draws::new(block, n + directions, shape.k),
            factors: Aligned::zeros(batch * width),
            pending: 0,
            fields: Aligned::zeros(width),
            values: Aligned::zeros(width),
            second: Aligned::zeros(width),
            reflected: vec![0.0; n + directions],
        }
    }

    /// Goes `steps` steps on.
    pub(in crate::sgd) fn advance(&mut self, steps: u64) -> Result<(), Divergence> {
        dispatch(Advance { replica: self, steps })
    }

    /// The numbers that change from step to step.
    pub(in crate::sgd) fn visit(&mut self, visit: &mut dyn Visit) {
        visit.word(&mut self.step);
        visit.numbers(&mut self.columns);
        visit.numbers(&mut self.a);
        visit.normals(&mut self.normals);
        visit.count(&mut self.seen);
        self.seen = self.seen.min(self.block - 1);
        visit.numbers(&mut self.draws.z);
        visit.numbers(&mut self.draws.labels);
        visit.numbers(&mut self.draws.products);
        visit.numbers(&mut self.factors);
        visit.numbers(&mut self.fields);
        visit.count(&mut self.pending);
        self.pending = self.pending.min(self.seen).min(self.chain.setting.batch);
    }

    /// Steps done.
    pub(in crate::sgd) fn step(&self) -> u64 {
        self.step
    }

    /// L of student i with what is pending.
    fn entry(&self, i: usize, c: usize) -> f64 {
        let pending = |sample: usize| {
            let at = self.seen - self.pending + sample;
            self.factors[sample * self.width + i] * self.draws.of(at)[c]
        };
        self.columns[c * self.width + i] + (0..self.pending).map(pending).sum::<f64>()
    }

    /// The state, with what is pending.
    pub(in crate::sgd) fn state(&self) -> Result<Vec<f64>, NotFinite> {
        let shape = self.chain.setting.shape;
        let (k, p) = (shape.k, shape.p);
        let count = shape.nodes() + self.directions;
        let rows: Vec<Vec<f64>> = (0..p).map(|i| (0..count).map(|c| self.entry(i, c)).collect()).collect();
        let mut state = vec![0.0; shape.dim()];
        for i in 0..p {
            for r in 0..k {
                state[shape.m(r, i)] = (0..=r).map(|c| self.chain.teacher[r * k + c] * rows[i][c]).sum();
            }
            for j in i..p {
                state[shape.q(i, j)] = rows[i].iter().zip(&rows[j]).map(|(l, m)| l * m).sum();
            }
            if shape.trained {
                state[shape.a(i)] = self.a[i];
            }
        }
        check_state(shape, state)
    }

    /// L z of the first sample of a block; nothing is pending.
    #[inline(always)]
    fn first_fields<S: Simd>(&mut self, s: S) {
        for i in (0..self.width).step_by(S::LANES) {
            let mut field = s.splat(0.0);
            let columns = self.columns.chunks_exact(self.width).zip(self.draws.of(0));
            for (l, &z) in columns.take(self.chain.setting.shape.nodes()) {
                field = s.add_mul(field, s.load(l, i), s.splat(z));
            }
            s.store(field, &mut self.fields, i);
        }
        self.factors.fill(0.0);
    }

    /// A step on a single sample. W is the width where it is known to the compiler, else 0.
    #[inline(always)]
    fn step_single<S: Simd, const W: usize>(&mut self, s: S, rates: Rates) -> Result<(), Divergence> {
        let at = self.seen;
        let width = if W > 0 { W } else { self.width };
        // The last update's factors are zero for the first sample of a block.
        let product = s.splat(self.draws.products[at]);
        let opened = self.chain.setting.shape.nodes() + at.min(self.directions);
        let previous = &self.draws.of(at.max(1) - 1)[..opened];
        let next = &self.draws.of((at + 1).min(self.block - 1))[..opened];
        let filled = &mut self.columns[..opened * width];
        for i in (0..width).step_by(S::LANES) {
            let last = s.load(&self.factors, i);
            let old = s.load(&self.fields, i);
            // Off the critical path: apply the last update, and take the next sample's fields.
            let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
            let mut columns = filled.chunks_exact_mut(2 * width);
            let pairs = previous.chunks_exact(2).zip(next.chunks_exact(2));
            for (l, (previous, next)) in columns.by_ref().zip(pairs) {
                let first = s.add_mul(s.load(l, i), last, s.splat(previous[0]));
                s.store(first, l, i);
                even = s.add_mul(even, first, s.splat(next[0]));
                let second = s.add_mul(s.load(l, width + i), last, s.splat(previous[1]));
                s.store(second, l, width + i);
                odd = s.add_mul(odd, second, s.splat(next[1]));
            }
            if opened % 2 == 1 {
                let l = columns.into_remainder();
                let first = s.add_mul(s.load(l, i), last, s.splat(previous[opened - 1]));
                s.store(first, l, i);
                even = s.add_mul(even, first, s.splat(next[opened - 1]));
            }
            s.store(even + odd, &mut self.fields, i);

            let field = s.add_mul(old, last, product);
            let (value, slope) = self.chain.setting.activation.of_pack(s, field);
            let a = s.load(&self.a, i);
            s.store(a * value, &mut self.second, i);
            s.store(value, &mut self.values, i);
            s.store(a * slope, &mut self.factors, i);
        }
        let error = self.error(at, |single| &single.second)?;
        let scaled = s.splat(rates.first / self.chain.setting.dimension as f64 * error);
        for i in (0..width).step_by(S::LANES) {
            s.store(scaled * s.load(&self.factors, i), &mut self.factors, i);
        }
        if self.chain.setting.shape.trained {
            let scaled = s.splat(rates.second * error);
            for i in (0..width).step_by(S::LANES) {
                let a = s.add_mul(s.load(&self.a, i), scaled, s.load(&self.values, i));
                s.store(a, &mut self.a, i);
            }
        }
        self.pending = 1;
        Ok(())
    }

    /// y - f of a sample, from the students' outputs.
    #[inline(always)]
    fn error(&self, sample: usize, outputs: impl Fn(&Self) -> &[f64]) -> Result<f64, Divergence> {
        let mut lanes = [0.0; LANES];
        for outputs in outputs(self).chunks_exact(LANES) {
            for (lane, output) in lanes.iter_mut().zip(outputs) {
                *lane += output;
            }
        }
        let student = sum_of_lanes(&lanes);
        let error = self.draws.labels[sample] - self.chain.setting.parameters.s * student;
        if error.is_finite() {
            return Ok(error);
        }
        let what = NotFinite { quantity: "the error y - f".to_owned(), value: error };
        Err(Divergence { step: self.step + 1, what, replica: 0 })
    }

    /// A step on a batch: fields of all its samples, then the update.
    #[inline(always)]
    fn step_batch<S: Simd>(&mut self, s: S, rates: Rates) -> Result<(), Divergence> {
        let setting = &self.chain.setting;
        let (width, n) = (self.width, setting.shape.nodes());
        let rate = rates.first / setting.dimension as f64;
        let mut sums = std::mem::replace(&mut self.second, Aligned::zeros(0));
        let filled = n + self.seen.min(self.directions);
        sums.fill(0.0);
        self.pending = 0;
        for sample in 0..setting.batch {
            let at = self.seen + sample;
            let factors = &mut self.factors[sample * width..(sample + 1) * width];
            for i in (0..width).step_by(S::LANES) {
                let mut field = s.splat(0.0);
                for (l, &z) in self.columns.chunks_exact(width).zip(self.draws.of(at)).take(filled) {
                    field = s.add_mul(field, s.load(l, i), s.splat(z));
                }
                let (value, slope) = setting.activation.of_pack(s, field);
                let a = s.load(&self.a, i);
                s.store(a * slope, factors, i);
                s.store(value, &mut self.values, i);
                s.store(a * value, &mut self.fields, i);
            }
            let error = self.error(at, |single| &single.fields)?;
            let (scaled, error) = (s.splat(rate * error), s.splat(error));
            let factors = &mut self.factors[sample * width..(sample + 1) * width];
            for i in (0..width).step_by(S::LANES) {
                s.store(scaled * s.load(factors, i), factors, i);
                s.store(s.add_mul(s.load(&sums, i), error, s.load(&self.values, i)), &mut sums, i);
            }
        }
        if setting.shape.trained {
            for i in (0..width).step_by(S::LANES) {
                let a = s.add_mul(s.load(&self.a, i), s.splat(rates.second), s.load(&sums, i));
                s.store(a, &mut self.a, i);
            }
        }
        self.second = sums;
        self.pending = setting.batch;
        Ok(())
    }

    /// Brings the pending updates into the columns.
    #[inline(always)]
    fn settle<S: Simd>(&mut self, s: S) {
        let width = self.width;
        for sample in 0..self.pending {
            let z = self.draws.of(self.seen - self.pending + sample);
            for (l, &z) in self.columns.chunks_exact_mut(width).zip(z) {
                for i in (0..width).step_by(S::LANES) {
                    let moved =
                        s.add_mul(s.load(l, i), s.load(&self.factors, sample * width + i), s.splat(z));
                    s.store(moved, l, i);
                }
            }
        }
        self.pending = 0;
    }
}

/// By halves, in an order that does not depend on the width of a pack.
#[inline(always)]
fn sum_of_lanes(lanes: &[f64; LANES]) -> f64 {
    let half = |l: usize| lanes[l] + lanes[l + 4];
    (half(0) + half(2)) + (half(1) + half(3))
}

struct Advance<'a, 'b> {
    replica: &'b mut Single<'a>,
    steps: u64,
}

impl Kernel for Advance<'_, '_> {
    type Output = Result<(), Divergence>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        if self.replica.width == LANES { self.steps::<S, LANES>(s) } else { self.steps::<S, 0>(s) }
    }
}

impl Advance<'_, '_> {
    #[inline(always)]
    fn steps<S: Simd, const W: usize>(self, s: S) -> Result<(), Divergence> {
        let single = self.replica;
        let batch = single.chain.setting.batch;
        for _ in 0..self.steps {
            let rates = single.chain.setting.rates(single.step);
            if single.seen == 0 {
                let Single { chain, normals, draws, chi, step, directions, .. } = &mut *single;
                draws.fill(s, chain, normals, Block { step: *step, directions: *directions, chi });
            }
            if batch == 1 {
                if single.seen == 0 {
                    single.first_fields(s);
                }
                single.step_single::<S, W>(s, rates)?;
            } else {
                single.step_batch(s, rates)?;
            }
            single.step += 1;
            single.seen += batch;
            if batch > 1 || single.seen == single.block {
                single.settle(s);
            }
            if single.seen == single.block {
                let Shape { k, p, .. } = single.chain.setting.shape;
                let width = if W > 0 { W } else { single.width };
                compress(s, &mut single.columns, &mut single.reflected, [k, p], width);
                single.seen = 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
