//! The derived gradient flow against the risk, differentiated numerically, and against the textbook sum over I3.

mod support;

use overlap_engine::activation::{Activations, Erf};
use overlap_engine::equations::{Equations, I, N};
use overlap_engine::expr::Pool;
use overlap_engine::gaussian::Expectation;
use overlap_engine::resolve::expectation;
use overlap_engine::symbol::{Index, Parameter, Symbol};
use std::f64::consts::PI;
use support::{Matrix, NODES, Random, covariance, value};

/// One teacher unit (node 0) and three student units (nodes 1 to 3).
const TEACHERS: usize = 1;
const GAMMA: f64 = 0.7;
const ERF: Activations<'static> = Activations { student: &Erf::UNIT, teacher: &Erf::UNIT };
const SCALE: f64 = 0.4;

struct Case {
    omega: Matrix,
    /// a of the students, at their nodes.
    a: [f64; NODES],
    /// The teacher's s* a*.
    teacher: f64,
}

impl Case {
    fn random(random: &mut Random) -> Self {
        let omega = covariance(random, 1.5);
        Case { omega, a: std::array::from_fn(|_| random.symmetric()), teacher: random.symmetric() }
    }

    fn c(&self, node: usize) -> f64 {
        if node < TEACHERS { self.teacher } else { -SCALE * self.a[node] }
    }

    /// ½ Σ_nm c_n c_m I2(n, m), I2 typed in.
    fn risk(&self, omega: &Matrix) -> f64 {
        let mut sum = 0.0;
        for n in 0..NODES {
            for m in 0..NODES {
                let cosine = omega[n][m] / ((1.0 + omega[n][n]) * (1.0 + omega[m][m])).sqrt();
                sum += self.c(n) * self.c(m) * 2.0 / PI * cosine.asin();
            }
        }
        sum / 2.0
    }

    /// ∂R/∂Ω_nm, entries (n, m) and (m, n) independent, so half of the derivative along both: central differences with
    /// four steps of Richardson's extrapolation, accurate to about 1e-13 here.
    fn slope(&self, n: usize, m: usize) -> f64 {
        let difference = |h: f64| {
            let moved = |h: f64| {
                let mut omega = self.omega;
                omega[n][m] += h;
                if n != m {
                    omega[m][n] += h;
                }
                self.risk(&omega)
            };
            (moved(h) - moved(-h)) / (2.0 * h)
        };
        let mut table: Vec<f64> = (0..5).map(|level| difference(0.04 / f64::from(1 << level))).collect();
        for order in 1..table.len() {
            let factor = f64::from(1 << (2 * order));
            for level in 0..table.len() - order {
                table[level] = (factor * table[level + 1] - table[level]) / (factor - 1.0);
            }
        }
        table[0] / if n == m { 1.0 } else { 2.0 }
    }

    /// dΩ_ib of a student i through its own weights: w_i moves by -γ d ∂R/∂w_i, that is -2γ Σ_m ∂R/∂Ω_im w_m.
    fn slope_flow(&self, i: usize, b: usize) -> f64 {
        (0..NODES).map(|m| -2.0 * GAMMA * self.slope(i, m) * self.omega[m][b]).sum()
    }

    /// The value of a derived expression for student i and node n.
    fn derived(&self, pool: &Pool, expr: overlap_engine::expr::Expr, i: usize, n: usize) -> f64 {
        let node = |index: Index| match index {
            I => i,
            N => n,
            other => panic!("{other:?} has no value"),
        };
        pool.evaluate(expr, &|symbol| match symbol {
            Symbol::Overlap(a, b) => self.omega[node(*a)][node(*b)],
            Symbol::Readout(i) => self.a[node(*i)],
            Symbol::Parameter(Parameter::Gamma) => GAMMA,
            Symbol::Parameter(Parameter::Scale) => SCALE,
            other => panic!("{other:?} has no place in the gradient flow"),
        })
    }

    /// rate · Σ_n c_n (q_ib own + q_nb other).
    fn flow(&self, equations: &Equations, i: usize, b: usize) -> f64 {
        let (pool, force) = (&equations.pool, equations.forces[0]);
        let sum: f64 = (0..NODES)
            .map(|n| {
                let own = self.derived(pool, force.own, i, n);
                let other = self.derived(pool, force.other, i, n);
                self.c(n) * (self.omega[i][b] * own + self.omega[n][b] * other)
            })
            .sum();
        self.derived(pool, equations.flow_rate, i, i) * sum
    }
}

fn cases() -> Vec<Case> {
    let mut random = Random(4);
    (0..20).map(|_| Case::random(&mut random)).collect()
}

#[test]
fn gradient_flow_is_the_slope_of_the_risk() {
    let equations = Equations::derive(ERF).expect("erf has closed forms");
    let mut worst = 0.0_f64;
    for case in cases() {
        for i in TEACHERS..NODES {
            for b in 0..NODES {
                let (derived, slope) = (case.flow(&equations, i, b), case.slope_flow(i, b));
                worst = worst.max((derived - slope).abs());
            }
        }
    }
    println!("against the risk: {worst:.1e}");
    assert!(worst <= 1e-12, "{worst:e}");
}

#[test]
fn gradient_flow_is_the_textbook_sum_over_i3() {
    let equations = Equations::derive(ERF).expect("erf has closed forms");
    let node = |n: usize| Index::Student(u16::try_from(n).unwrap());
    let mut pool = Pool::new();
    let mut worst = 0.0_f64;
    for case in cases() {
        for i in TEACHERS..NODES {
            for b in 0..NODES {
                let mut sum = 0.0;
                for n in 0..NODES {
                    let i3 = Expectation { factors: vec![(node(i), 1), (node(n), 0)], fields: vec![node(b)] };
                    let i3 = expectation(&mut pool, ERF, &i3).expect("I3 has a closed form");
                    sum += case.c(n) * value(&pool, i3, &case.omega);
                }
                let textbook = GAMMA * SCALE * case.a[i] * sum;
                worst = worst.max((case.flow(&equations, i, b) - textbook).abs());
            }
        }
    }
    println!("against I3: {worst:.1e}");
    assert!(worst <= 1e-15, "{worst:e}");
}

#[test]
fn second_layer_follows_the_slope_of_the_risk() {
    let equations = Equations::derive(ERF).expect("erf has closed forms");
    for case in cases() {
        for i in TEACHERS..NODES {
            // R is quadratic in a, so a central difference of any step is exact.
            let moved = |h: f64| {
                let mut a = case.a;
                a[i] += h;
                Case { omega: case.omega, a, teacher: case.teacher }.risk(&case.omega)
            };
            let slope = (moved(0.5) - moved(-0.5)) / 1.0;
            let sum: f64 = (0..NODES)
                .map(|n| case.c(n) * case.derived(&equations.pool, equations.forces[0].two_point, i, n))
                .sum();
            assert!((SCALE * sum + slope).abs() <= 1e-15, "{} and {slope}", SCALE * sum);
        }
    }
}
