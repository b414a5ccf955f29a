//! What generated code calls: the overlaps laid out for lanes. Public for expansions, not for users.

mod jacobian;

pub use crate::lanes::{
    Kernel, MAX_LANES, Many, Octet, One, SIDE_BY_SIDE, Simd, Words, dispatch, dispatch_wide,
};
pub use crate::model::numerical::Quadrature;
pub use crate::model::orthant::four_signs;
pub use crate::{Parameters, Shape};
pub use jacobian::{Along, Columns, Flow, Gradient, Lanes, Rows};

/// What a node is to a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partner {
    /// The student itself.
    Itself,
    /// A teacher.
    Teacher,
    /// Another student.
    Student,
}

/// K2(i, n) = E[σ''(λ_i) σ(λ_n)], J2(i, n) = E[σ'(λ_i) σ'(λ_n)] and I2(i, n) = E[σ(λ_i) σ(λ_n)] of student i and node n, from
/// q_ii, q_in and q_nn.
pub type Pulls = std::sync::Arc<dyn Fn(Partner, [f64; 3]) -> [f64; 3] + Send + Sync>;

/// The overlaps of one state, laid out for lanes over students and over pairs of students.
///
/// N = k + p nodes, teachers first; WIDE is N and LINE is p rounded up to full packs; ROW ≥ WIDE and k + LINE + p/2;
/// BAND = p/2 + 1. Rows are continued periodically over students, student i + p being student i, so that a pack that
/// starts at a multiple of its length or up to p/2 students later is one contiguous load and holds overlaps of real
/// students in every lane.
#[derive(Debug, Clone)]
pub struct Nodes<
    const K: usize,
    const P: usize,
    const N: usize,
    const WIDE: usize,
    const LINE: usize,
    const ROW: usize,
    const BAND: usize,
> {
    /// Ω; `omega[n][K + i]` = q_ni of node n and student i.
    pub omega: [[f64; ROW]; N],
    /// The diagonal of Ω.
    pub variance: [f64; ROW],
    /// `band[δ][j]` = Q_jl with l = j + δ.
    pub band: [[f64; LINE]; BAND],
    /// c_n = s* a*_n for a teacher, -s a_n for a student, padded with zeros.
    pub c: [f64; WIDE],
    /// The second layer a, from the state where it is trained.
    pub a: [f64; P],
}

impl<
    const K: usize,
    const P: usize,
    const N: usize,
    const WIDE: usize,
    const LINE: usize,
    const ROW: usize,
    const BAND: usize,
> Nodes<K, P, N, WIDE, LINE, ROW, BAND>
{
    /// Lays out `state` (see [`Shape`]), compiled once for all kernels and instruction sets.
    ///
    /// # Panics
    /// If `state`, or P or a* in `parameters`, is shorter than K and P ask for, or a has another length than P.
    #[inline(never)]
    pub fn new(parameters: &Parameters, state: &[f64], trained: bool) -> Self {
        Self::in_place(parameters, state, trained)
    }

    /// The same as a part of its caller, which takes longer to compile: a right-hand side of (4,8) is 1 % faster so.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[inline(always)]
    pub fn in_place(parameters: &Parameters, state: &[f64], trained: bool) -> Self {
        // Slices of known length: one check each.
        let (m, rest) = state.split_at(K * P);
        let (q, rest) = rest.split_at(P * (P + 1) / 2);
        let teacher_overlaps = &parameters.teacher_overlaps[..K * K];
        let mut omega = [[0.0; ROW]; N];
        for r in 0..K {
            omega[r][..K].copy_from_slice(&teacher_overlaps[r * K..(r + 1) * K]);
            omega[r][K..N].copy_from_slice(&m[r * P..(r + 1) * P]);
            for i in 0..P {
                omega[K + i][r] = m[r * P + i];
            }
        }
        let mut at = 0;
        for i in 0..P {
            for j in i..P {
                omega[K + i][K + j] = q[at];
                omega[K + j][K + i] = q[at];
                at += 1;
            }
        }
        for row in &mut omega {
            periodic::<P>(row, N);
        }
        let (a_star, mut a) = (&parameters.a_star[..K], [0.0; P]);
        a.copy_from_slice(if trained { &rest[..P] } else { &parameters.a });
        let mut variance = [0.0; ROW];
        let mut c = [0.0; WIDE];
        for n in 0..N {
            variance[n] = omega[n][n];
            c[n] = if n < K { parameters.s_star * a_star[n] } else { -parameters.s * a[n - K] };
        }
        periodic::<P>(&mut variance, N);
        let mut band = [[0.0; LINE]; BAND];
        for (delta, line) in band.iter_mut().enumerate() {
            for j in 0..P {
                line[j] = omega[K + j][K + j + delta];
            }
            periodic::<P>(line, P);
        }
        Nodes { omega, variance, band, c, a }
    }
}

/// Continues the P numbers before `from`.
#[inline(always)]
fn periodic<const P: usize>(line: &mut [f64], from: usize) {
    for at in from..line.len() {
        line[at] = line[at - P];
    }
}

/// Position of the pair (j, j + δ mod p) in the state.
#[inline(always)]
pub fn pair<const K: usize, const P: usize>(j: usize, delta: usize) -> (usize, usize) {
    let l = if j + delta < P { j + delta } else { j + delta - P };
    (l, crate::Shape { k: K, p: P, trained: false }.q(j, l))
}

/// 1 - cos² of the angle up to which two fields have one direction, 1e-5 in angle: forms for one direction are then right
/// to 1e-10, and forms for two, which divide rounding by the angle, to 1e-11.
const ONE_DIRECTION: f64 = 1e-10;

/// The same for fields of which a third one is as near: forms for three directions divide by the square of the angle.
const ONE_DIRECTION_OF_THREE: f64 = 1e-7;

/// Which nodes have one direction: their steps are one then, and with them the forms of expectations.
#[derive(Debug, Clone, Copy)]
pub struct Directions<const N: usize> {
    one: [[bool; N]; N],
}

impl<const N: usize> Directions<N> {
    /// From Ω; the first `apart` nodes share no direction with the others. Fields whose overlap exceeds what their
    /// variances allow (as the state of a solve may have it, by its tolerance) have one direction.
    #[inline(always)]
    pub fn new<const ROW: usize>(omega: &[[f64; ROW]; N], apart: usize) -> Self {
        let (mut one, mut near) = ([[false; N]; N], [[false; N]; N]);
        find_directions(N, apart, &|x, y| omega[x][y], one.as_flattened_mut(), near.as_flattened_mut());
        Directions { one }
    }

    /// For l, n, m the number of the first of the distinct directions of j, l, n, m that they have: [0, 0, 0] if all are
    /// one, [1, 2, 3] if all differ.
    #[inline(always)]
    pub fn pattern(&self, j: usize, l: usize, n: usize, m: usize) -> [u8; 3] {
        pattern_of(&|x, y| self.one[x][y], j, l, n, m)
    }
}

/// Which of n nodes have one direction, in `one` row by row; see [`Directions::new`]. `near` is work space of the same length.
#[inline(always)]
pub(crate) fn find_directions(
    n: usize,
    apart: usize,
    omega: &impl Fn(usize, usize) -> f64,
    one: &mut [bool],
    near: &mut [bool],
) {
    for x in 0..n {
        for y in 0..n {
            let (variances, overlap) = (omega(x, x) * omega(y, y), omega(x, y));
            let rest = variances - overlap * overlap;
            let may_be = x != y && overlap > 0.0 && (x < apart) == (y < apart);
            one[x * n + y] = x == y || (may_be && rest <= ONE_DIRECTION * variances);
            near[x * n + y] = may_be && rest <= ONE_DIRECTION_OF_THREE * variances;
        }
    }
    for x in 0..n {
        for y in 0..n {
            one[x * n + y] |= near[x * n + y] && (0..n).any(|z| near[x * n + z] && near[z * n + y]);
        }
    }
}

/// See [`Directions::pattern`].
#[inline(always)]
pub(crate) fn pattern_of(
    along: &impl Fn(usize, usize) -> bool,
    j: usize,
    l: usize,
    n: usize,
    m: usize,
) -> [u8; 3] {
    let of_l = u8::from(!along(l, j));
    let of_n = if along(n, j) {
        0
    } else if along(n, l) {
        of_l
    } else {
        of_l + 1
    };
    let of_m = if along(m, j) {
        0
    } else if along(m, l) {
        of_l
    } else if along(m, n) {
        of_n
    } else {
        of_l.max(of_n) + 1
    };
    [of_l, of_n, of_m]
}

/// The pairs of nodes a double sum runs over, padded by at least [`MAX_LANES`].
#[derive(Debug)]
pub struct NodePairs<const PAIRS: usize> {
    nodes: [(u16, u16); PAIRS],
    /// How often each pair stands in the double sum; 0 for the padding.
    times: [f64; PAIRS],
    /// First node n and end.
    n_range: (usize, usize),
    /// First node m and end.
    m_range: (usize, usize),
    symmetric: bool,
    apart: bool,
}

impl<const PAIRS: usize> NodePairs<PAIRS> {
    /// All pairs of n and m in the given ranges (first, end), row by row; where the summand is symmetric, and the ranges
    /// equal, only m ≤ n, the others twice. Ranges of a summand that is not symmetric have no node in common.
    pub const fn new(n_range: (usize, usize), m_range: (usize, usize), symmetric: bool) -> Self {
        Self::filled(n_range, m_range, symmetric, false)
    }

    /// The same without the pairs n = m.
    pub const fn apart(n_range: (usize, usize), m_range: (usize, usize), symmetric: bool) -> Self {
        Self::filled(n_range, m_range, symmetric, true)
    }

    const fn filled(n_range: (usize, usize), m_range: (usize, usize), symmetric: bool, apart: bool) -> Self {
        assert!(symmetric || n_range.1 <= m_range.0 || m_range.1 <= n_range.0);
        let (nodes, times) = ([(0, 0); PAIRS], [0.0; PAIRS]);
        let mut pairs = NodePairs { nodes, times, n_range, m_range, symmetric, apart };
        let (mut at, mut n) = (0, n_range.0);
        while n < n_range.1 {
            let mut m = m_range.0;
            while m < pairs.end(n) {
                pairs.nodes[at] = (n as u16, m as u16);
                pairs.times[at] = if symmetric && m < n { 2.0 } else { 1.0 };
                at += 1;
                m += 1;
            }
            n += 1;
        }
        assert!(at + MAX_LANES <= PAIRS);
        // The padding repeats a pair, so that its values are finite where the others are.
        while at < PAIRS {
            pairs.nodes[at] = pairs.nodes[at - 1];
            at += 1;
        }
        pairs
    }

    /// The end of the nodes m beside n.
    const fn end(&self, n: usize) -> usize {
        match (self.symmetric, self.apart) {
            (false, _) => self.m_range.1,
            (true, false) => n + 1,
            (true, true) => n,
        }
    }

    /// Nodes n, m of a pair.
    #[inline(always)]
    pub fn nodes(&self, pair: usize) -> (usize, usize) {
        let (n, m) = self.nodes[pair];
        (n as usize, m as usize)
    }

    /// How often a pair stands in the double sum; 0 for the padding.
    #[inline(always)]
    pub fn times(&self, pair: usize) -> f64 {
        self.times[pair]
    }

    /// c_n c_m of every pair, with its multiplicity; packs of m.
    #[inline(always)]
    pub fn weights<S: Simd, const WIDE: usize>(&self, s: S, c: &[f64; WIDE]) -> [f64; PAIRS] {
        let (mut weights, mut line) = ([0.0; PAIRS], [0.0; WIDE]);
        let first = self.m_range.0;
        line[..self.m_range.1 - first].copy_from_slice(&c[first..self.m_range.1]);
        let mut at = 0;
        for n in self.n_range.0..self.n_range.1 {
            let c_n = s.splat(if self.symmetric { 2.0 * c[n] } else { c[n] });
            let row = self.end(n) - first;
            let mut m = 0;
            while m < row {
                // A pack may run into the next row, which is yet to come.
                s.store(c_n * s.load(&line, m), &mut weights, at + m);
                m += S::LANES;
            }
            at += row;
            if self.symmetric && !self.apart {
                weights[at - 1] = c[n] * c[n];
            }
        }
        s.store(s.splat(0.0), &mut weights, at);
        weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::{Level, dispatch_at};

    struct Weights<'a, const PAIRS: usize>(&'a NodePairs<PAIRS>, &'a [f64; 16]);

    impl<const PAIRS: usize> Kernel for Weights<'_, PAIRS> {
        type Output = [f64; PAIRS];
        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> [f64; PAIRS] {
            self.0.weights(s, self.1)
        }
    }

    fn check<const PAIRS: usize>(pairs: &NodePairs<PAIRS>) {
        let c: [f64; 16] = std::array::from_fn(|n| 1.0 + n as f64 / 7.0);
        for level in Level::ALL {
            let weights = dispatch_at(level, Weights(pairs, &c));
            for pair in 0..PAIRS {
                let (n, m) = pairs.nodes(pair);
                assert_eq!(
                    weights[pair],
                    pairs.times(pair) * c[n] * c[m],
                    "{level:?}, pair {pair}: {n}, {m}"
                );
            }
        }
    }

    #[test]
    fn weights_are_those_of_the_pairs() {
        check(&NodePairs::<88>::new((0, 12), (0, 12), true));
        check(&NodePairs::<76>::apart((0, 12), (0, 12), true));
        check(&NodePairs::<40>::new((0, 4), (4, 12), false));
        check(&NodePairs::<44>::apart((4, 16), (1, 4), false));
        check(&NodePairs::<20>::new((0, 4), (0, 4), true));
        check(&NodePairs::<80>::apart((4, 16), (4, 16), true));
        check(&NodePairs::<12>::new((0, 1), (1, 3), false));
    }
}
