//! Eight replicas side by side, one per lane.

use super::Chain;
use crate::lanes::aligned::Aligned;
use crate::lanes::{Kernel, Simd, dispatch};
use crate::sgd::checkpoint::Visit;
use crate::sgd::normals::{Chi, LANES, Normals};
use crate::sgd::setting::{Divergence, NotFinite, Rates, check_state};

/// Samples between two compressions.
const BLOCK: usize = 8;

/// Up to eight replicas, advanced together. Every array ends with an index over the lanes.
#[derive(Clone)]
pub(in crate::sgd) struct Octet<'a> {
    chain: &'a Chain,
    /// Lanes in use; the others idle along.
    replicas: usize,
    normals: Normals,
    /// The students' rows of L with the columns kept, p x columns.
    rows: Aligned,
    columns: usize,
    /// Second layer a, p.
    a: Vec<f64>,
    step: u64,
    /// Samples seen in this block, of `block`.
    seen: usize,
    block: usize,
    chi: Vec<Chi>,
    /// The batch's coordinates z, b x (columns + 2).
    z: Aligned,
    /// The factors c_i / d, b x p.
    factors: Vec<f64>,
    /// σ(λ_i) of one sample, p.
    values: Vec<f64>,
    /// Σ_b E σ(λ_i), p.
    second: Vec<f64>,
}

impl<'a> Octet<'a> {
    pub(in crate::sgd) fn new(chain: &'a Chain, normals: Normals, replicas: usize) -> Self {
        let (shape, batch) = (chain.setting.shape, chain.setting.batch);
        let (n, p) = (shape.nodes(), shape.p);
        let block = chain.block(BLOCK);
        let columns = n + block.min(chain.rest);
        let mut rows = Aligned::zeros(p * columns * LANES);
        for (row, start) in rows.chunks_exact_mut(columns * LANES).zip(chain.student.chunks_exact(n)) {
            for (lanes, &value) in row.chunks_exact_mut(LANES).zip(start) {
                lanes.fill(value);
            }
        }
        Octet {
            chain,
            replicas,
            normals,
            rows,
            columns,
            a: chain.setting.parameters.a.iter().flat_map(|&a| [a; LANES]).collect(),
            step: 0,
            seen: 0,
            block,
            chi: (0..block)
                .map(|sample| Chi::new([chain.rest.saturating_sub(sample) as u64; LANES]))
                .collect(),
            z: Aligned::zeros(batch * (columns + 2) * LANES),
            factors: vec![0.0; batch * p * LANES],
            values: vec![0.0; p * LANES],
            second: vec![0.0; p * LANES],
        }
    }

    pub(in crate::sgd) fn replicas(&self) -> usize {
        self.replicas
    }

    /// Goes `steps` steps on.
    pub(in crate::sgd) fn advance(&mut self, steps: u64) -> Result<(), Divergence> {
        dispatch(Advance { replicas: self, steps })
    }

    /// The state of one replica.
    pub(in crate::sgd) fn state(&self, replica: usize) -> Result<Vec<f64>, NotFinite> {
        let shape = self.chain.setting.shape;
        let (k, p) = (shape.k, shape.p);
        let entry = |i: usize, c: usize| self.rows[(i * self.columns + c) * LANES + replica];
        let mut state = vec![0.0; shape.dim()];
        for i in 0..p {
            for r in 0..k {
                state[shape.m(r, i)] = (0..=r).map(|c| self.chain.teacher[r * k + c] * entry(i, c)).sum();
            }
            for j in i..p {
                state[shape.q(i, j)] = (0..self.columns).map(|c| entry(i, c) * entry(j, c)).sum();
            }
            if shape.trained {
                state[shape.a(i)] = self.a[i * LANES + replica];
            }
        }
        check_state(shape, state)
    }

    /// The numbers that change from step to step.
    pub(in crate::sgd) fn visit(&mut self, visit: &mut dyn Visit) {
        visit.word(&mut self.step);
        visit.numbers(&mut self.rows);
        visit.numbers(&mut self.a);
        visit.normals(&mut self.normals);
        visit.count(&mut self.seen);
        self.seen = self.seen.min(self.block - 1);
    }

    /// Steps done.
    pub(in crate::sgd) fn step(&self) -> u64 {
        self.step
    }

    #[inline(always)]
    fn one_step<S: Simd>(&mut self, s: S, rates: Rates) -> Result<(), Divergence> {
        let (n, batch) = (self.chain.setting.shape.nodes(), self.chain.setting.batch);
        let directions = self.columns - n;
        // Columns that are not zero yet.
        let filled = n + self.seen.min(directions);
        self.second.fill(0.0);
        for sample in 0..batch {
            let zeta = self.draw(s, sample);
            self.sample(s, sample, filled, zeta, rates)?;
        }
        let p = self.chain.setting.shape.p;
        let width = (self.columns + 2) * LANES;
        for (i, row) in self.rows.chunks_exact_mut(self.columns * LANES).enumerate() {
            for (sample, z) in self.z.chunks_exact(width).enumerate() {
                let touched = n + (self.seen + sample + 1).min(directions);
                for at in (0..LANES).step_by(S::LANES) {
                    let factor = s.load(&self.factors, (sample * p + i) * LANES + at);
                    for (l, z) in row.chunks_exact_mut(LANES).zip(z.chunks_exact(LANES)).take(touched) {
                        s.store(s.add_mul(s.load(l, at), factor, s.load(z, at)), l, at);
                    }
                }
            }
        }
        if self.chain.setting.shape.trained {
            for at in (0..self.a.len()).step_by(S::LANES) {
                let moved = s.add_mul(s.load(&self.a, at), s.splat(rates.second), s.load(&self.second, at));
                s.store(moved, &mut self.a, at);
            }
        }
        self.step += 1;
        self.seen += batch;
        if self.seen == self.block {
            self.compress(s);
            self.seen = 0;
        }
        Ok(())
    }

    /// Draws z of a sample, its χ among the coordinates, and returns ζ.
    #[inline(always)]
    fn draw<S: Simd>(&mut self, s: S, sample: usize) -> [f64; LANES] {
        let n = self.chain.setting.shape.nodes();
        let (directions, seen) = (self.columns - n, self.seen + sample);
        let known = n + seen.min(directions);
        let width = (self.columns + 2) * LANES;
        let z = &mut self.z[sample * width..(sample + 1) * width];
        // Pairs of rows, one row more than z for ζ. It is drawn without noise too, so that the inputs of a seed are the
        // same for every Δ.
        self.normals.fill(s, &mut z[..(known + 1).next_multiple_of(2) * LANES]);
        let mut zeta = [0.0; LANES];
        let last = &mut z[known * LANES..(known + 1) * LANES];
        zeta.copy_from_slice(last);
        if seen < directions {
            last.copy_from_slice(&self.chi[seen].draw(s, &mut self.normals));
        }
        zeta
    }

    /// Fields, error and factors of a sample.
    #[inline(always)]
    fn sample<S: Simd>(
        &mut self,
        s: S,
        sample: usize,
        filled: usize,
        zeta: [f64; LANES],
        rates: Rates,
    ) -> Result<(), Divergence> {
        let setting = &self.chain.setting;
        let (k, p, parameters) = (setting.shape.k, setting.shape.p, &setting.parameters);
        let width = (self.columns + 2) * LANES;
        let z = &self.z[sample * width..(sample + 1) * width];
        let factors = &mut self.factors[sample * p * LANES..(sample + 1) * p * LANES];
        let mut errors = [0.0; LANES];
        for at in (0..LANES).step_by(S::LANES) {
            let mut teacher = s.splat(0.0);
            for r in 0..k {
                let mut field = s.splat(0.0);
                for c in 0..=r {
                    field =
                        s.add_mul(field, s.splat(self.chain.teacher[r * k + c]), s.load(z, c * LANES + at));
                }
                let value = setting.teacher_activation.of_pack(s, field).0;
                teacher = s.add_mul(teacher, s.splat(parameters.a_star[r]), value);
            }
            let mut student = s.splat(0.0);
            for (i, row) in self.rows.chunks_exact(self.columns * LANES).enumerate() {
                let (mut even, mut odd) = (s.splat(0.0), s.splat(0.0));
                let row = &row[..filled * LANES];
                let mut pairs = row.chunks_exact(2 * LANES).zip(z.chunks_exact(2 * LANES));
                for (l, z) in &mut pairs {
                    even = s.add_mul(even, s.load(l, at), s.load(z, at));
                    odd = s.add_mul(odd, s.load(l, LANES + at), s.load(z, LANES + at));
                }
                if filled % 2 == 1 {
                    let last = (filled - 1) * LANES + at;
                    even = s.add_mul(even, s.load(row, last), s.load(z, last));
                }
                let (value, slope) = setting.activation.of_pack(s, even + odd);
                let a = s.load(&self.a, i * LANES + at);
                student = s.add_mul(student, a, value);
                s.store(a * slope, factors, i * LANES + at);
                s.store(value, &mut self.values, i * LANES + at);
            }
            let noise = s.splat(rates.noise) * s.load(&zeta, at);
            let teacher = s.add_mul(noise, s.splat(parameters.s_star), teacher);
            s.store(s.sub_mul(teacher, s.splat(parameters.s), student), &mut errors, at);
        }
        if let Some(replica) = errors[..self.replicas].iter().position(|error| !error.is_finite()) {
            let what = NotFinite { quantity: "the error y - f".to_owned(), value: errors[replica] };
            return Err(Divergence { step: self.step + 1, what, replica });
        }
        let rate = rates.first / setting.dimension as f64;
        for at in (0..LANES).step_by(S::LANES) {
            let error = s.load(&errors, at);
            let scaled = s.splat(rate) * error;
            for i in (0..p * LANES).step_by(LANES) {
                s.store(scaled * s.load(factors, i + at), factors, i + at);
                let second = s.add_mul(s.load(&self.second, i + at), error, s.load(&self.values, i + at));
                s.store(second, &mut self.second, i + at);
            }
        }
        Ok(())
    }

    /// Householder LQ of the students' part: back to a triangle with a positive diagonal, the other columns zero.
    #[inline(always)]
    fn compress<S: Simd>(&mut self, s: S) {
        let k = self.chain.setting.shape.k;
        let length = self.columns * LANES;
        for i in 0..self.chain.setting.shape.p {
            let (above, below) = self.rows.split_at_mut((i + 1) * length);
            // The vector reflected onto the diagonal: this row from the diagonal on.
            let v = &mut above[i * length + (k + i) * LANES..];
            for at in (0..LANES).step_by(S::LANES) {
                let zero = s.splat(0.0);
                let mut square = zero;
                for v in v.chunks_exact(LANES) {
                    square = s.add_mul(square, s.load(v, at), s.load(v, at));
                }
                let (pivot, norm) = (s.load(v, at), s.sqrt(square));
                // v = x + sign(x_0) |x| e_0 and H = 1 - β v vᵀ with β = 1/(|x| (|x| + |x_0|)); a zero row is left alone.
                let beta = s.div(s.splat(1.0), norm * (norm + s.abs(pivot)));
                let beta = s.select_greater(norm, zero, beta, zero);
                s.store(pivot + s.copysign(norm, pivot), v, at);
                // H leaves -sign(x_0) |x| on the diagonal; the column's sign is free.
                let flip = s.copysign(s.splat(1.0), -pivot);
                for row in below.chunks_exact_mut(length) {
                    let row = &mut row[(k + i) * LANES..];
                    let mut dot = zero;
                    for (v, l) in v.chunks_exact(LANES).zip(row.chunks_exact(LANES)) {
                        dot = s.add_mul(dot, s.load(v, at), s.load(l, at));
                    }
                    let scaled = beta * dot;
                    for (v, l) in v.chunks_exact(LANES).zip(row.chunks_exact_mut(LANES)) {
                        s.store(s.sub_mul(s.load(l, at), scaled, s.load(v, at)), l, at);
                    }
                    s.store(flip * s.load(row, at), row, at);
                }
                s.store(norm, v, at);
            }
            v[LANES..].fill(0.0);
        }
    }
}

struct Advance<'a, 'b> {
    replicas: &'b mut Octet<'a>,
    steps: u64,
}

impl Kernel for Advance<'_, '_> {
    type Output = Result<(), Divergence>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        for _ in 0..self.steps {
            let rates = self.replicas.chain.setting.rates(self.replicas.step);
            self.replicas.one_step(s, rates)?;
        }
        Ok(())
    }
}
