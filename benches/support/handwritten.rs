//! The right-hand side and the risk of erf written by hand, at sizes known at run time: what the interpreter is measured against.

use overlap::generated::{Kernel, MAX_LANES, SIDE_BY_SIDE, Simd, dispatch};
use overlap::{Activation, Parameters, Shape, System};
use std::f64::consts::{FRAC_1_PI, FRAC_2_PI};

/// The equations of erf, written by hand for lanes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Handwritten {
    shape: Shape,
    /// Pairs of nodes m ≤ n, and how often each stands in the double sum; padded with weight 0.
    pairs: Vec<(usize, usize)>,
    times: Vec<f64>,
}

impl Handwritten {
    /// k teachers and p students, whose second layer is `trained` or fixed.
    pub(crate) fn new(k: usize, p: usize, trained: bool) -> Self {
        let nodes = k + p;
        let mut pairs: Vec<_> = (0..nodes).flat_map(|n| (0..=n).map(move |m| (n, m))).collect();
        let mut times: Vec<_> = pairs.iter().map(|&(n, m)| if n == m { 1.0 } else { 2.0 }).collect();
        let padded = pairs.len().next_multiple_of(SIDE_BY_SIDE);
        pairs.resize(padded, (0, 0));
        times.resize(padded, 0.0);
        Handwritten { shape: Shape { k, p, trained }, pairs, times }
    }
}

impl System for Handwritten {
    fn name(&self) -> &str {
        "Handwritten"
    }

    fn shape(&self) -> Shape {
        self.shape
    }

    fn activation(&self) -> Activation {
        Activation::Erf
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        dispatch(RightHandSide { system: self, parameters, state, derivative });
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        dispatch(Risk { nodes: Nodes::new(self.shape, parameters, state), noise: parameters.noise })
    }

    fn equations(&self) -> &str {
        ""
    }

    fn equations_latex(&self) -> &str {
        ""
    }
}

/// The overlaps laid out for lanes, of sizes known at run time: rows over nodes, and rows over students apart.
struct Nodes {
    k: usize,
    p: usize,
    n: usize,
    /// Length of a padded row over nodes.
    wide: usize,
    /// Length of a padded row over students, continued periodically.
    row: usize,
    /// Ω, n rows of `wide`.
    omega: Vec<f64>,
    /// c_n, `wide`.
    c: Vec<f64>,
    /// q_ni, n rows of `row`.
    rows: Vec<f64>,
    /// Q_{j, j+δ}, p/2 + 1 rows of `row`.
    band: Vec<f64>,
}

impl Nodes {
    fn new(shape: Shape, parameters: &Parameters, state: &[f64]) -> Self {
        let Shape { k, p, trained } = shape;
        let n = shape.nodes();
        let wide = n.next_multiple_of(MAX_LANES);
        let deltas = p / 2 + 1;
        let row = p.next_multiple_of(MAX_LANES) + deltas + MAX_LANES;
        let mut omega = vec![0.0; n * wide];
        let mut c = vec![0.0; wide];
        for r in 0..k {
            omega[r * wide..r * wide + k].copy_from_slice(&parameters.teacher_overlaps[r * k..(r + 1) * k]);
            omega[r * wide + k..r * wide + n].copy_from_slice(&state[r * p..(r + 1) * p]);
            c[r] = parameters.s_star * parameters.a_star[r];
        }
        for i in 0..p {
            let line = (k + i) * wide;
            for r in 0..k {
                omega[line + r] = state[shape.m(r, i)];
            }
            for j in 0..p {
                omega[line + k + j] = state[shape.q(i, j)];
            }
            c[k + i] = -parameters.s * if trained { state[shape.a(i)] } else { parameters.a[i] };
        }
        let mut rows = vec![0.0; n * row];
        for (line, values) in rows.chunks_exact_mut(row).zip(omega.chunks_exact(wide)) {
            for (to, from) in line.iter_mut().zip(values[k..n].iter().cycle()) {
                *to = *from;
            }
        }
        let mut band = vec![0.0; deltas * row];
        for (delta, line) in band.chunks_exact_mut(row).enumerate() {
            for (j, to) in line.iter_mut().enumerate() {
                *to = omega[(k + j % p) * wide + k + (j + delta) % p];
            }
        }
        Nodes { k, p, n, wide, row, omega, c, rows, band }
    }
}

struct RightHandSide<'a> {
    system: &'a Handwritten,
    parameters: &'a Parameters,
    state: &'a [f64],
    derivative: &'a mut [f64],
}

impl Kernel for RightHandSide<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let RightHandSide { system, parameters, state, derivative } = self;
        let (shape, nodes) = (system.shape, Nodes::new(system.shape, parameters, state));
        let (k, p, row) = (nodes.k, nodes.p, nodes.row);
        let mut flow = vec![0.0; nodes.n * row];
        let mut readout = vec![0.0; row];
        let mut noise = vec![0.0; nodes.band.len()];
        gradient_flow(s, &nodes, shape.trained, &mut flow, &mut readout);
        sgd_noise(s, system, &nodes, parameters.noise, &mut noise);
        // γ s a_i, with c = -s a_i of the student.
        let rate = |i: usize| -parameters.gamma * nodes.c[k + i];
        for i in 0..p {
            for r in 0..k {
                derivative[shape.m(r, i)] = rate(i) * flow[r * row + i];
            }
            if shape.trained {
                derivative[shape.a(i)] = parameters.gamma_a * parameters.s * readout[i];
            }
        }
        for delta in 0..p / 2 + 1 {
            for j in 0..if 2 * delta == p { delta } else { p } {
                let l = (j + delta) % p;
                derivative[shape.q(j, l)] = rate(j) * flow[(k + l) * row + j]
                    + rate(l) * flow[(k + j) * row + l]
                    + rate(j) * rate(l) / parameters.batch * noise[delta * row + j];
            }
        }
    }
}

/// flow[b][i] = Σ_n c_n I3(i, b, n) and readout[i] = Σ_n c_n I2(i, n): lanes over students i.
#[inline(always)]
fn gradient_flow<S: Simd>(s: S, nodes: &Nodes, trained: bool, flow: &mut [f64], readout: &mut [f64]) {
    let Nodes { n: count, wide, row, .. } = *nodes;
    let one = s.splat(1.0);
    let mut other = vec![0.0; count * S::LANES];
    let mut i = 0;
    while i < nodes.p {
        let q_ii = one + s.load(&nodes.band, i);
        let root = s.rsqrt(q_ii);
        let mut own = s.splat(0.0);
        let mut sum = s.splat(0.0);
        for n in 0..count {
            let q_in = s.load(&nodes.rows, n * row + i);
            let q_nn = one + s.splat(nodes.omega[n * wide + n]);
            let c_n = s.splat(nodes.c[n] * FRAC_2_PI);
            let force = c_n * s.rsqrt(s.sub_mul(q_ii * q_nn, q_in, q_in));
            own = s.sub_mul(own, force, q_in * root * root);
            s.store(force, &mut other, n * S::LANES);
            if trained {
                sum = s.add_mul(sum, c_n, s.asin(q_in * root * s.rsqrt(q_nn)));
            }
        }
        for b in 0..count {
            let mut sum = s.load(&nodes.rows, b * row + i) * own;
            for n in 0..count {
                let q_bn = s.splat(nodes.omega[b * wide + n]);
                sum = s.add_mul(sum, q_bn, s.load(&other, n * S::LANES));
            }
            s.store(sum, flow, b * row + i);
        }
        if trained {
            s.store(sum, readout, i);
        }
        i += S::LANES;
    }
}

/// noise[δ][j] = J2 (Σ_nm c_n c_m I4 / J2 + Δ) of the students j, j + δ: lanes over the pairs.
#[inline(always)]
fn sgd_noise<S: Simd>(s: S, system: &Handwritten, nodes: &Nodes, variance: f64, noise: &mut [f64]) {
    let Nodes { n: count, wide, row, p, .. } = *nodes;
    let one = s.splat(1.0);
    let weight = |(&(n, m), times): (&(usize, usize), &f64)| times * nodes.c[n] * nodes.c[m];
    let weights: Vec<f64> = system.pairs.iter().zip(&system.times).map(weight).collect();
    // u_n, v_n and 1/√(1 + T_nn) of the tilted fields, for every node.
    let mut tilt = vec![0.0; 3 * count * S::LANES];
    let [u_at, v_at, r_at] = [0, 1, 2].map(|part| part * count * S::LANES);
    for delta in 0..p / 2 + 1 {
        let pairs = if 2 * delta == p { delta } else { p };
        let mut j = 0;
        while j < pairs {
            let l = j + delta;
            let root_j = s.rsqrt(one + s.load(&nodes.band, j));
            let u_l = s.load(&nodes.band, delta * row + j) * root_j;
            let root_l = s.rsqrt(s.sub_mul(one + s.load(&nodes.band, l), u_l, u_l));
            for n in 0..count {
                let u = root_j * s.load(&nodes.rows, n * row + j);
                let v = root_l * s.sub_mul(s.load(&nodes.rows, n * row + l), u_l, u);
                let q_nn = one + s.splat(nodes.omega[n * wide + n]);
                s.store(u, &mut tilt, u_at + n * S::LANES);
                s.store(v, &mut tilt, v_at + n * S::LANES);
                s.store(s.rsqrt(s.sub_mul(s.sub_mul(q_nn, u, u), v, v)), &mut tilt, r_at + n * S::LANES);
            }
            let mut sums = [s.splat(0.0); SIDE_BY_SIDE];
            let mut pair = 0;
            while pair < system.pairs.len() {
                let mut sines = [s.splat(0.0); SIDE_BY_SIDE];
                for side in 0..SIDE_BY_SIDE {
                    let (n, m) = system.pairs[pair + side];
                    let [n_at, m_at] = [n * S::LANES, m * S::LANES];
                    let (u_n, u_m) = (s.load(&tilt, u_at + n_at), s.load(&tilt, u_at + m_at));
                    let (v_n, v_m) = (s.load(&tilt, v_at + n_at), s.load(&tilt, v_at + m_at));
                    let (r_n, r_m) = (s.load(&tilt, r_at + n_at), s.load(&tilt, r_at + m_at));
                    let q_nm = s.splat(nodes.omega[n * wide + m]);
                    sines[side] = r_n * r_m * s.sub_mul(s.sub_mul(q_nm, u_n, u_m), v_n, v_m);
                }
                let angles = s.asin_each(sines);
                for side in 0..SIDE_BY_SIDE {
                    sums[side] = s.add_mul(sums[side], s.splat(weights[pair + side]), angles[side]);
                }
                pair += SIDE_BY_SIDE;
            }
            let two_over_pi = s.splat(FRAC_2_PI);
            let bracket = s.add_mul(s.splat(variance), two_over_pi, s.sum_each(sums));
            s.store(two_over_pi * root_j * root_l * bracket, noise, delta * row + j);
            j += S::LANES;
        }
    }
}

/// R = ½ Σ_nm c_n c_m I2(n, m) + Δ/2: lanes over the nodes m, padded with c_m = 0.
struct Risk {
    nodes: Nodes,
    noise: f64,
}

impl Kernel for Risk {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let Nodes { n: count, wide, ref omega, ref c, .. } = self.nodes;
        let mut roots = vec![1.0; wide];
        for n in 0..count {
            roots[n] = 1.0 + omega[n * wide + n];
        }
        s.rsqrt_all(&mut roots);
        let mut risk = 0.5 * self.noise;
        let mut sums = [0.0; MAX_LANES];
        for m in (0..wide).step_by(S::LANES) {
            let (root_m, c_m) = (s.load(&roots, m), s.load(c, m) * s.splat(FRAC_1_PI));
            let mut sum = s.splat(0.0);
            for n in 0..count {
                let sine = s.load(omega, n * wide + m) * s.splat(roots[n]) * root_m;
                sum = s.add_mul(sum, s.splat(c[n]) * c_m, s.asin(sine));
            }
            s.store(sum, &mut sums, 0);
            risk += sums[..S::LANES].iter().sum::<f64>();
        }
        risk
    }
}
