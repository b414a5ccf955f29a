//! What generated Jacobians call: where a derivative stands, and rows put together from packs.
//!
//! A row belongs to an entry of the state, a column to a variable: the entries of the state, then γ, Δ and P_rs (r ≤ s).

use super::Nodes;
use crate::Shape;
use crate::lanes::{MAX_LANES, Simd};

/// The column of every overlap q_nm.
#[derive(Debug)]
pub struct Columns<const N: usize>([[u16; N]; N]);

impl<const N: usize> Columns<N> {
    /// Columns of a system of that shape; N = k + p.
    pub const fn new(k: usize, p: usize, trained: bool) -> Self {
        let shape = Shape { k, p, trained };
        let mut columns = [[0; N]; N];
        let mut n = 0;
        while n < N {
            let mut m = 0;
            while m < N {
                columns[n][m] = shape.jacobian_column(n, m) as u16;
                m += 1;
            }
            n += 1;
        }
        Columns(columns)
    }

    /// The column of q_nm = q_mn.
    #[inline(always)]
    pub fn of(&self, n: usize, m: usize) -> usize {
        self.0[n][m] as usize
    }
}

/// One number for each lane of a pack.
pub type Lanes = [f64; MAX_LANES];

/// A function of student i and node n, and its derivatives: for every n, students in lanes, continued periodically by p/2
/// students at least.
#[derive(Debug)]
pub struct Gradient<const N: usize, const ROW: usize> {
    /// The function itself.
    pub value: [[f64; ROW]; N],
    /// Its derivative by q_ii,
    pub by_ii: [[f64; ROW]; N],
    /// by q_in,
    pub by_in: [[f64; ROW]; N],
    /// by q_nn.
    pub by_nn: [[f64; ROW]; N],
}

impl<const N: usize, const ROW: usize> Gradient<N, ROW> {
    /// A function that is zero.
    #[inline(always)]
    pub fn zero() -> Self {
        let zero = [[0.0; ROW]; N];
        Gradient { value: zero, by_ii: zero, by_in: zero, by_nn: zero }
    }

    /// Continues what is known for the first p students periodically.
    fn repeat(&mut self, p: usize) {
        for lines in [&mut self.value, &mut self.by_ii, &mut self.by_in, &mut self.by_nn] {
            lines.iter_mut().for_each(|line| repeat(line, p));
        }
    }
}

fn repeat(line: &mut [f64], p: usize) {
    for at in p..line.len() {
        line[at] = line[at - p];
    }
}

/// The gradient flow, dΩ_ib = rate_i Σ_n c_n (q_ib own + q_nb other), with its derivatives.
#[derive(Debug)]
pub struct Flow<const N: usize, const ROW: usize> {
    /// The pull along the student's own weights.
    pub own: Gradient<N, ROW>,
    /// The pull along the weights of node n.
    pub other: Gradient<N, ROW>,
    /// Σ_n c_n own,
    pub own_sum: [f64; ROW],
    /// and its derivative by q_ii.
    pub own_by_ii: [f64; ROW],
    /// rate_i,
    pub rate: [f64; ROW],
    /// its derivative by γ,
    pub rate_by_gamma: [f64; ROW],
    /// and by a_i.
    pub rate_by_a: [f64; ROW],
}

impl<const N: usize, const ROW: usize> Flow<N, ROW> {
    /// No flow.
    #[inline(always)]
    pub fn zero() -> Self {
        let zero = [0.0; ROW];
        Flow {
            own: Gradient::zero(),
            other: Gradient::zero(),
            own_sum: zero,
            own_by_ii: zero,
            rate: zero,
            rate_by_gamma: zero,
            rate_by_a: zero,
        }
    }

    /// Continues what is known for the first p students periodically, but for the rates.
    pub fn repeat(&mut self, p: usize) {
        self.own.repeat(p);
        self.other.repeat(p);
        repeat(&mut self.own_sum, p);
        repeat(&mut self.own_by_ii, p);
    }
}

/// What students in lanes move along.
#[derive(Debug, Clone, Copy)]
pub enum Along {
    /// A teacher.
    Teacher(usize),
    /// The students from there on, one for each lane.
    Students(usize),
}

/// A pack of rows: derivatives of dΩ_ib/dt for students i in lanes, and b a teacher, or a student that moves along with i.
/// What is derived by q_nm of two nodes other than i and b stands in the Jacobian already.
#[derive(Debug)]
pub struct Rows<const N: usize> {
    /// By q_nn for every node,
    pub by_nn: [Lanes; N],
    /// by q_in,
    pub by_in: [Lanes; N],
    /// by q_bn,
    pub by_bn: [Lanes; N],
    /// by c_n,
    pub by_c: [Lanes; N],
    /// by q_ii,
    pub by_ii: Lanes,
    /// by q_ib,
    pub by_ib: Lanes,
    /// by q_bb,
    pub by_bb: Lanes,
    /// by γ,
    pub by_gamma: Lanes,
    /// by a_i as it stands in the rates,
    pub by_a_i: Lanes,
    /// and by a_b.
    pub by_a_b: Lanes,
}

impl<const N: usize> Rows<N> {
    /// Rows of zeros.
    #[inline(always)]
    pub fn zero() -> Self {
        let (lanes, nodes) = ([0.0; MAX_LANES], [[0.0; MAX_LANES]; N]);
        Rows {
            by_nn: nodes,
            by_in: nodes,
            by_bn: nodes,
            by_c: nodes,
            by_ii: lanes,
            by_ib: lanes,
            by_bb: lanes,
            by_gamma: lanes,
            by_a_i: lanes,
            by_a_b: lanes,
        }
    }

    /// Multiplies the derivatives by overlaps and c, and starts the others from zero.
    #[inline(always)]
    pub fn scale<S: Simd>(&mut self, s: S, scale: &Lanes) {
        let scale = s.load(scale, 0);
        for n in 0..N {
            for line in [&mut self.by_nn[n], &mut self.by_in[n], &mut self.by_bn[n], &mut self.by_c[n]] {
                s.store(s.load(line, 0) * scale, line, 0);
            }
        }
        for line in [&mut self.by_ii, &mut self.by_ib, &mut self.by_bb] {
            s.store(s.load(line, 0) * scale, line, 0);
        }
        self.by_gamma = [0.0; MAX_LANES];
        self.by_a_i = [0.0; MAX_LANES];
        self.by_a_b = [0.0; MAX_LANES];
    }

    /// Adds the flow of students i … along b.
    #[inline(always)]
    pub fn add_flow<
        S: Simd,
        const K: usize,
        const P: usize,
        const WIDE: usize,
        const LINE: usize,
        const ROW: usize,
        const BAND: usize,
    >(
        &mut self,
        s: S,
        flow: &Flow<N, ROW>,
        nodes: &Nodes<K, P, N, WIDE, LINE, ROW, BAND>,
        i: usize,
        b: Along,
    ) {
        let q_nb = |n: usize| match b {
            Along::Teacher(r) => s.splat(nodes.omega[r][n]),
            Along::Students(l) => s.load(&nodes.omega[n], K + l),
        };
        let q_ib = match b {
            Along::Teacher(r) => s.load(&nodes.omega[r], K + i),
            Along::Students(l) => s.load(&nodes.band[l.abs_diff(i)], l.min(i)),
        };
        let (own, other) = (&flow.own, &flow.other);
        let rate = s.load(&flow.rate, i);
        let own_sum = s.load(&flow.own_sum, i);
        let (mut value, mut by_ii) = (q_ib * own_sum, q_ib * s.load(&flow.own_by_ii, i));
        let add = |line: &mut Lanes, weight: S::Pack, x: S::Pack| {
            s.store(s.add_mul(s.load(line, 0), weight, x), line, 0);
        };
        for n in 0..N {
            let (c, q_nb) = (s.splat(nodes.c[n]), q_nb(n));
            let weight = rate * c;
            let pull = s.load(&other.value[n], i);
            let both = |own: &[f64; ROW], other: &[f64; ROW]| {
                s.add_mul(q_ib * s.load(own, i), q_nb, s.load(other, i))
            };
            add(&mut self.by_in[n], weight, both(&own.by_in[n], &other.by_in[n]));
            add(&mut self.by_nn[n], weight, both(&own.by_nn[n], &other.by_nn[n]));
            add(&mut self.by_c[n], rate, both(&own.value[n], &other.value[n]));
            add(&mut self.by_bn[n], weight, pull);
            let weighted = c * q_nb;
            value = s.add_mul(value, weighted, pull);
            by_ii = s.add_mul(by_ii, weighted, s.load(&other.by_ii[n], i));
        }
        add(&mut self.by_ii, rate, by_ii);
        add(&mut self.by_ib, rate, own_sum);
        add(&mut self.by_gamma, s.load(&flow.rate_by_gamma, i), value);
        add(&mut self.by_a_i, s.load(&flow.rate_by_a, i), value);
    }

    /// i and b in each other's place.
    #[inline(always)]
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.by_in, &mut self.by_bn);
        std::mem::swap(&mut self.by_ii, &mut self.by_bb);
        std::mem::swap(&mut self.by_a_i, &mut self.by_a_b);
    }

    /// Adds the derivatives by overlaps of one lane to its row. `i` and `b` are nodes.
    #[inline(always)]
    pub fn add_to_row(&self, row: &mut [f64], columns: &Columns<N>, [i, b]: [usize; 2], lane: usize) {
        for n in 0..N {
            row[columns.of(n, n)] += self.by_nn[n][lane];
            row[columns.of(i, n)] += self.by_in[n][lane];
            row[columns.of(b, n)] += self.by_bn[n][lane];
        }
        row[columns.of(i, i)] += self.by_ii[lane];
        row[columns.of(i, b)] += self.by_ib[lane];
        row[columns.of(b, b)] += self.by_bb[lane];
    }
}
