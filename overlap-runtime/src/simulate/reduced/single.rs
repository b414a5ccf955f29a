//! One replica, lanes over students.
//!
//! Steps wait for each other: λ needs the last error. So the coordinates and teacher outputs of a whole block are drawn
//! ahead, and with single samples λ' = L_old z' + c (z·z')/d: of a step, only the activation, the error and one
//! multiplication wait for the step before.

use super::{Chain, decreasing};
use crate::simd::{Kernel, Simd, dispatch};
use crate::simulate::aligned::Aligned;
use crate::simulate::normals::{Chi, DRAW, LANES, Normals};
use crate::simulate::setting::{Divergence, NotFinite, Rates, Setting, check_state};
use crate::simulate::units::activate;

/// Samples between two compressions.
const BLOCK: usize = 16;

/// One run.
#[derive(Clone)]
pub(in crate::simulate) struct Single<'a> {
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
}

/// The randomness of a block.
#[derive(Clone)]
struct Draws {
    /// Numbers in a row: samples, padded.
    stride: usize,
    /// z, a row for each coordinate; a direction opened by sample j has zeros before j and χ at j. Padded in front.
    z: Aligned,
    /// ζ, then the label y.
    labels: Vec<f64>,
    /// z·z' of each sample with the one before.
    products: Vec<f64>,
}

impl<'a> Single<'a> {
    pub(in crate::simulate) fn new(chain: &'a Chain, normals: Normals) -> Self {
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
        let stride = block.next_multiple_of(DRAW);
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
            draws: Draws {
                stride,
                z: Aligned::zeros(LANES + (n + directions) * stride),
                labels: vec![0.0; stride],
                products: vec![0.0; stride],
            },
            factors: Aligned::zeros(batch * width),
            pending: 0,
            fields: Aligned::zeros(width),
            values: Aligned::zeros(width),
            second: Aligned::zeros(width),
        }
    }

    /// Goes `steps` steps on.
    pub(in crate::simulate) fn advance(&mut self, steps: u64) -> Result<(), Divergence> {
        dispatch(Advance { replica: self, steps })
    }

    /// The state, with what is pending.
    pub(in crate::simulate) fn state(&self) -> Result<Vec<f64>, NotFinite> {
        let shape = self.chain.setting.shape;
        let (k, p) = (shape.k, shape.p);
        let count = shape.nodes() + self.directions;
        let entry = |i: usize, c: usize| {
            let pending = |sample: usize| {
                let at = self.seen - self.pending + sample;
                self.factors[sample * self.width + i] * self.draws.z[LANES + c * self.draws.stride + at]
            };
            self.columns[c * self.width + i] + (0..self.pending).map(pending).sum::<f64>()
        };
        let rows: Vec<Vec<f64>> = (0..p).map(|i| (0..count).map(|c| entry(i, c)).collect()).collect();
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

    /// Draws a block: coordinates, lengths, labels (at the rates of each step), products.
    #[inline(always)]
    fn begin<S: Simd>(&mut self, s: S) {
        let setting = &self.chain.setting;
        let (k, n, batch) = (setting.shape.k, setting.shape.nodes(), setting.batch);
        let Draws { stride, z, labels, products } = &mut self.draws;
        let stride = *stride;
        let rows = &mut z[LANES..];
        self.normals.fill(s, rows);
        for (eight, chi) in self.chi.iter().enumerate() {
            let lengths = chi.draw(s, &mut self.normals);
            for (j, length) in (eight * LANES..self.directions).zip(lengths) {
                let row = &mut rows[(n + j) * stride..(n + j + 1) * stride];
                row[..j].fill(0.0);
                row[j] = length;
            }
        }
        // ζ is drawn without noise too, so that the inputs of a seed are the same for every Δ.
        self.normals.fill(s, labels);
        let noise: &mut [f64] = products;
        for (sample, noise) in noise.iter_mut().enumerate() {
            *noise = setting.rates(self.step + (sample / batch) as u64).noise;
        }
        let parameters = &setting.parameters;
        for at in (0..stride).step_by(S::LANES) {
            let mut teacher = s.splat(0.0);
            for r in 0..k {
                let mut field = s.splat(0.0);
                for c in 0..=r {
                    let l = s.splat(self.chain.teacher[r * k + c]);
                    field = s.add_mul(field, l, s.load(rows, c * stride + at));
                }
                let value = activate(s, setting.activation, field).0;
                teacher = s.add_mul(teacher, s.splat(parameters.a_star[r]), value);
            }
            let noise = s.load(noise, at) * s.load(labels, at);
            s.store(s.add_mul(noise, s.splat(parameters.s_star), teacher), labels, at);
        }
        if batch == 1 {
            for at in (0..stride).step_by(S::LANES) {
                let mut product = s.splat(0.0);
                for row in (at..(n + self.directions) * stride + at).step_by(stride) {
                    product = s.add_mul(product, s.load(z, LANES + row), s.load(z, LANES + row - 1));
                }
                s.store(product, products, at);
            }
        }
    }

    /// L z of the first sample of a block; nothing is pending.
    #[inline(always)]
    fn first_fields<S: Simd>(&mut self, s: S) {
        let (width, stride) = (self.width, self.draws.stride);
        let n = self.chain.setting.shape.nodes();
        for i in (0..width).step_by(S::LANES) {
            let mut field = s.splat(0.0);
            let columns = self.columns.chunks_exact(width).zip(self.draws.z[LANES..].chunks_exact(stride));
            for (l, z) in columns.take(n) {
                field = s.add_mul(field, s.load(l, i), s.splat(z[0]));
            }
            s.store(field, &mut self.fields, i);
        }
        self.factors.fill(0.0);
    }

    /// A step on a single sample.
    #[inline(always)]
    fn step_single<S: Simd>(&mut self, s: S, rates: Rates) -> Result<(), Divergence> {
        let (width, stride, at) = (self.width, self.draws.stride, self.seen);
        // The last update's factors, zero for the first sample of a block.
        let product = s.splat(self.draws.products[at]);
        let opened = self.chain.setting.shape.nodes() + at.min(self.directions);
        let z = &self.draws.z[LANES..];
        let filled = &mut self.columns[..opened * width];
        for i in (0..width).step_by(S::LANES) {
            let last = s.load(&self.factors, i);
            let old = s.load(&self.fields, i);
            // Off the critical path: apply the last update, and take the next sample's fields.
            let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
            let previous = at.max(1) - 1;
            let next = (at + 1).min(stride - 1);
            let mut rows = z.chunks_exact(2 * stride);
            let mut columns = filled.chunks_exact_mut(2 * width);
            for (l, z) in columns.by_ref().zip(rows.by_ref()) {
                let first = s.add_mul(s.load(l, i), last, s.splat(z[previous]));
                s.store(first, l, i);
                even = s.add_mul(even, first, s.splat(z[next]));
                let second = s.add_mul(s.load(l, width + i), last, s.splat(z[stride + previous]));
                s.store(second, l, width + i);
                odd = s.add_mul(odd, second, s.splat(z[stride + next]));
            }
            if opened % 2 == 1 {
                let (l, z) = (columns.into_remainder(), &z[(opened - 1) * stride..]);
                let first = s.add_mul(s.load(l, i), last, s.splat(z[previous]));
                s.store(first, l, i);
                even = s.add_mul(even, first, s.splat(z[next]));
            }
            s.store(even + odd, &mut self.fields, i);

            let field = s.add_mul(old, last, product);
            let (value, slope) = activate(s, self.chain.setting.activation, field);
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
        let half = |l: usize| lanes[l] + lanes[l + 4];
        let student = (half(0) + half(2)) + (half(1) + half(3));
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
        let (width, stride, n) = (self.width, self.draws.stride, setting.shape.nodes());
        let rate = rates.first / setting.dimension as f64;
        let mut sums = std::mem::replace(&mut self.second, Aligned::zeros(0));
        let filled = n + self.seen.min(self.directions);
        sums.fill(0.0);
        self.pending = 0;
        for sample in 0..setting.batch {
            let at = self.seen + sample;
            let z = &self.draws.z[LANES..];
            let factors = &mut self.factors[sample * width..(sample + 1) * width];
            for i in (0..width).step_by(S::LANES) {
                let mut field = s.splat(0.0);
                for (l, z) in self.columns.chunks_exact(width).zip(z.chunks_exact(stride)).take(filled) {
                    field = s.add_mul(field, s.load(l, i), s.splat(z[at]));
                }
                let (value, slope) = activate(s, setting.activation, field);
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
        let (width, stride) = (self.width, self.draws.stride);
        let z = &self.draws.z[LANES..];
        for (l, z) in self.columns.chunks_exact_mut(width).zip(z.chunks_exact(stride)) {
            for sample in 0..self.pending {
                let z = s.splat(z[self.seen - self.pending + sample]);
                for i in (0..width).step_by(S::LANES) {
                    s.store(s.add_mul(s.load(l, i), s.load(&self.factors, sample * width + i), z), l, i);
                }
            }
        }
        self.pending = 0;
    }

    /// Householder LQ of the students' part: back to a triangle with a positive diagonal, the other columns zero.
    #[inline(always)]
    fn compress<S: Simd>(&mut self, s: S) {
        let (k, width) = (self.chain.setting.shape.k, self.width);
        for i in 0..self.chain.setting.shape.p {
            let part = &mut self.columns[(k + i) * width..];
            let square: f64 = part.chunks_exact(width).map(|column| column[i] * column[i]).sum();
            let (pivot, norm) = (part[i], square.sqrt());
            if norm == 0.0 {
                continue;
            }
            // v = x + sign(x_0) |x| e_0 and H = 1 - β v vᵀ with β = 1/(|x| (|x| + |x_0|)).
            part[i] = pivot + norm.copysign(pivot);
            let beta = s.splat(1.0 / (norm * (norm + pivot.abs())));
            for at in (0..width).step_by(S::LANES) {
                let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
                let mut pairs = part.chunks_exact(2 * width);
                for pair in pairs.by_ref() {
                    even = s.add_mul(even, s.load(pair, at), s.splat(pair[i]));
                    odd = s.add_mul(odd, s.load(pair, width + at), s.splat(pair[width + i]));
                }
                if let [_, ..] = pairs.remainder() {
                    even = s.add_mul(even, s.load(pairs.remainder(), at), s.splat(pairs.remainder()[i]));
                }
                s.store(beta * (even + odd), &mut self.values, at);
            }
            for column in part.chunks_exact_mut(width) {
                let v = s.splat(column[i]);
                for at in (0..width).step_by(S::LANES) {
                    s.store(s.sub_mul(s.load(column, at), s.load(&self.values, at), v), column, at);
                }
            }
            // H leaves -sign(x_0) |x| on the diagonal; the column's sign is free. The rest of the row is zero but for
            // rounding, and so are the rows above, which were zero.
            let flip = s.splat(-1.0_f64.copysign(pivot));
            for at in (0..width).step_by(S::LANES) {
                s.store(flip * s.load(part, at), part, at);
            }
            part[..i].fill(0.0);
            part[i] = norm;
            part[width..].chunks_exact_mut(width).for_each(|column| column[..=i].fill(0.0));
        }
    }
}

struct Advance<'a, 'b> {
    replica: &'b mut Single<'a>,
    steps: u64,
}

impl Kernel for Advance<'_, '_> {
    type Output = Result<(), Divergence>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let single = self.replica;
        let batch = single.chain.setting.batch;
        for _ in 0..self.steps {
            let rates = single.chain.setting.rates(single.step);
            if single.seen == 0 {
                single.begin(s);
            }
            if batch == 1 {
                if single.seen == 0 {
                    single.first_fields(s);
                }
                single.step_single(s, rates)?;
            } else {
                single.step_batch(s, rates)?;
            }
            single.step += 1;
            single.seen += batch;
            if batch > 1 || single.seen == single.block {
                single.settle(s);
            }
            if single.seen == single.block {
                single.compress(s);
                single.seen = 0;
            }
        }
        Ok(())
    }
}
