//! The derived I2, J2, I3 and I4 of a declaration against quadrature over σ and σ' as the runtime has them.

use crate::expectations::quadrature::{Factor, Quadrature};
use crate::expectations::{Matrix, NODES, Random, covariance};
use overlap::Activation;
use overlap_engine::activation::Activations;
use overlap_engine::equations::{Equations, I, J, L};
use overlap_engine::expr::Expr;
use overlap_engine::gaussian::place;
use overlap_engine::resolve::inline;
use overlap_engine::symbol::{Index, Symbol};

/// Covariances for every expectation.
const COVARIANCES: usize = 20;

pub(crate) struct ClosedForms<'a> {
    student: Activation,
    teacher: Activation,
    equations: Equations<'a>,
    /// Nodes that are teachers; the others are students.
    teachers: usize,
}

/// A function of one field.
type Function<'a> = Box<dyn Fn(f64) -> f64 + 'a>;

/// σ' or σ of a node.
#[derive(Clone, Copy)]
enum Of {
    Slope(usize),
    Value(usize),
    Field(usize),
}

fn broken(activation: Activation) -> bool {
    matches!(activation, Activation::Relu | Activation::Sign)
}

/// The degree of a polynomial.
fn degree(activation: Activation) -> Option<usize> {
    match activation {
        Activation::Linear => Some(1),
        Activation::Hermite(n) => Some(n.into()),
        Activation::Polynomial(c) => c.iter().rposition(|c| *c != 0.0),
        _ => None,
    }
}

impl<'a> ClosedForms<'a> {
    /// `student` and `teacher` evaluate what the engine knows as `engine`.
    pub(crate) fn new(engine: Activations<'a>, student: Activation, teacher: Activation) -> Self {
        let equations = Equations::derive(engine).expect("closed forms");
        ClosedForms { student, teacher, equations, teachers: if engine.agree() { 0 } else { 2 } }
    }

    fn index(&self, node: usize) -> Index {
        let unit = |value: usize| u16::try_from(value).expect("four nodes");
        if node < self.teachers {
            Index::Teacher(unit(node))
        } else {
            Index::Student(unit(node - self.teachers))
        }
    }

    pub(crate) fn two_point(&mut self, n: usize, m: usize) -> Expr {
        let (n, m) = (self.index(n), self.index(m));
        self.equations.two_point(n, m)
    }

    /// J2(i, n) and I3(i, b, n) = q_ib K2(i, n) + q_bn J2(i, n).
    pub(crate) fn forces(&mut self, i: usize, b: usize, n: usize) -> [Expr; 2] {
        let force = self.equations.force_of(self.index(n));
        let (i, b, n) = (self.index(i), self.index(b), self.index(n));
        let pool = &mut self.equations.pool;
        let places = [(I, i), (force.n, n)];
        let (own, other) = (place(pool, force.own, &places), place(pool, force.other, &places));
        let (q_ib, q_bn) = (pool.overlap(i, b), pool.overlap(b, n));
        let (own, pull) = (pool.mul([q_ib, own]), pool.mul([q_bn, other]));
        [other, pool.add([own, pull])]
    }

    /// I4(j, l, n, m) as generated code has it.
    pub(crate) fn four_point(&mut self, nodes: [usize; 4]) -> Expr {
        let [j, l, n, m] = nodes.map(|node| self.index(node));
        let four = self.equations.four_point([j, l, n, m]);
        let vectors = self.equations.noise.vectors.clone();
        let mass = place(&mut self.equations.pool, self.equations.noise.mass, &[(J, j), (L, l)]);
        let pool = &mut self.equations.pool;
        let whole = pool.mul([mass, four]);
        inline(pool, whole, &vectors)
    }

    /// The value of an expression at Ω.
    pub(crate) fn value(&self, expr: Expr, omega: &Matrix) -> f64 {
        let position = |index: Index| match index {
            Index::Teacher(unit) => usize::from(unit),
            Index::Student(unit) => self.teachers + usize::from(unit),
            Index::Role(..) => panic!("a definite node"),
        };
        self.equations.pool.evaluate(expr, &|symbol| match symbol {
            Symbol::Overlap(a, b) => omega[position(*a)][position(*b)],
            other => panic!("{other:?} is not an overlap"),
        })
    }

    /// The largest deviation from quadrature, relative to the value or to 1.
    fn deviation(&self, expr: Expr, factors: &[Of], omegas: &[Matrix], rule: &Quadrature) -> f64 {
        let sigma = |node: usize| if node < self.teachers { self.teacher } else { self.student };
        let value = |node: usize| move |x: f64| sigma(node).value(x);
        let slope = |node: usize| move |x: f64| sigma(node).derivative(x);
        let functions: Vec<(usize, Option<Function<'_>>)> = factors
            .iter()
            .map(|factor| match *factor {
                Of::Value(node) => (node, Some(Box::new(value(node)) as Function<'_>)),
                Of::Slope(node) => (node, Some(Box::new(slope(node)) as Function<'_>)),
                Of::Field(node) => (node, None),
            })
            .collect();
        let integrand: Vec<(usize, Factor<'_>)> = functions
            .iter()
            .map(|(node, function)| {
                let factor = match function {
                    None => Factor::Field,
                    Some(f) if broken(sigma(*node)) => Factor::Broken(f),
                    Some(f) => Factor::Smooth(f),
                };
                (*node, factor)
            })
            .collect();
        let mut worst = 0.0_f64;
        for omega in omegas {
            let truth = rule.expectation(omega, &integrand);
            let error = (self.value(expr, omega) - truth).abs() / truth.abs().max(1.0);
            assert!(error.is_finite(), "{truth}");
            worst = worst.max(error);
        }
        worst
    }

    /// Covariances on which the rule is exact to rounding.
    fn covariances(&self) -> Vec<Matrix> {
        let gain = |activation| if let Activation::ErfGain(gain) = activation { gain } else { 1.0 };
        let gain = gain(self.student).max(gain(self.teacher));
        let mut random = Random(7);
        let draw = |_| {
            let omega = covariance(&mut random, 0.9 / f64::max(1.0, gain * gain));
            if !broken(self.student) && !broken(self.teacher) {
                return omega;
            }
            // What a jump leaves in the other dimensions is as smooth as the fields are independent.
            std::array::from_fn(|a| {
                std::array::from_fn(|b| 0.6 * omega[a][b] + if a == b { 0.3 } else { 0.0 })
            })
        };
        (0..COVARIANCES).map(draw).collect()
    }

    fn rule(&self) -> Quadrature {
        match (degree(self.student), degree(self.teacher)) {
            // σ'σ'σσ of one node has a degree of at most 4 n - 2.
            (Some(x), Some(y)) => Quadrature::new(2 * x.max(y)),
            _ => Quadrature::new(56),
        }
    }

    /// I2, J2, I3 and I4 of every pattern of equal nodes on 20 random covariances: the largest deviations.
    pub(crate) fn deviations(&mut self) -> [f64; 4] {
        let (rule, omegas, first) = (self.rule(), self.covariances(), self.teachers);
        let mut worst = [0.0_f64; 4];
        for n in 0..NODES {
            for m in n..NODES {
                let expr = self.two_point(n, m);
                worst[0] = worst[0].max(self.deviation(expr, &[Of::Value(n), Of::Value(m)], &omegas, &rule));
            }
        }
        let i = NODES - 1;
        for n in 0..NODES {
            for b in 0..NODES {
                let [j2, i3] = self.forces(i, b, n);
                // The derivative of a teacher's jump is no function: its J2 is tested through I3.
                if b == 0 && !(n < first && self.teacher == Activation::Sign) {
                    worst[1] =
                        worst[1].max(self.deviation(j2, &[Of::Slope(i), Of::Slope(n)], &omegas, &rule));
                }
                let factors = [Of::Slope(i), Of::Field(b), Of::Value(n)];
                worst[2] = worst[2].max(self.deviation(i3, &factors, &omegas, &rule));
            }
        }
        for &nodes in patterns(first == 0) {
            let [j, l, n, m] = nodes;
            let expr = self.four_point(nodes);
            let factors = [Of::Slope(j), Of::Slope(l), Of::Value(n), Of::Value(m)];
            worst[3] = worst[3].max(self.deviation(expr, &factors, &omegas, &rule));
        }
        worst
    }
}

/// All patterns of equal nodes in (j, l, n, m); the first two are teachers where their activation differs.
fn patterns(agree: bool) -> &'static [[usize; 4]] {
    if agree {
        &[
            [0, 1, 2, 3],
            [0, 0, 2, 3],
            [0, 1, 2, 2],
            [0, 1, 0, 3],
            [0, 1, 1, 3],
            [0, 1, 0, 1],
            [0, 1, 0, 0],
            [0, 1, 1, 1],
            [0, 0, 0, 3],
            [0, 0, 0, 0],
            [0, 0, 2, 2],
        ]
    } else {
        &[
            [2, 3, 0, 1],
            [2, 2, 0, 1],
            [2, 3, 0, 0],
            [2, 3, 0, 2],
            [2, 3, 0, 3],
            [2, 3, 2, 3],
            [2, 3, 2, 2],
            [2, 2, 0, 2],
            [2, 2, 0, 3],
            [2, 2, 2, 2],
            [2, 2, 2, 3],
            [2, 2, 0, 0],
        ]
    }
}
