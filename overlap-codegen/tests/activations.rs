//! Every activation, and pairs of them, through one function: the derived I2, J2, I3 and I4 against quadrature with
//! formulas of their own. A new activation gets a line in `every_activation`.

mod support;

use overlap_codegen::activation::{Activation, Activations, Erf, Polynomial, Relu, Sign};
use overlap_codegen::equations::{Equations, I, J, L};
use overlap_codegen::expr::{Expr, Rational};
use overlap_codegen::gaussian::place;
use overlap_codegen::resolve::inline;
use overlap_codegen::symbol::{Index, Symbol};
use support::{Factor, Matrix, NODES, Quadrature, Random, Sigma, covariance};

/// Covariances for every expectation.
const COVARIANCES: usize = 20;

/// A typed-in activation and the engine's.
type Unit<'a> = (Sigma, &'a dyn Activation);

struct Case<'a> {
    student: Unit<'a>,
    teacher: Unit<'a>,
    equations: Equations<'a>,
    /// Nodes that are teachers; the others are students.
    teachers: usize,
}

impl<'a> Case<'a> {
    fn new(student: Unit<'a>, teacher: Unit<'a>) -> Self {
        let activations = Activations { student: student.1, teacher: teacher.1 };
        let equations = Equations::derive(activations).expect("closed forms");
        Case { student, teacher, equations, teachers: if activations.agree() { 0 } else { 2 } }
    }

    fn index(&self, node: usize) -> Index {
        let unit = |value: usize| u16::try_from(value).expect("four nodes");
        if node < self.teachers {
            Index::Teacher(unit(node))
        } else {
            Index::Student(unit(node - self.teachers))
        }
    }

    fn factor(&self, node: usize, order: u32) -> (usize, Factor) {
        let sigma = if node < self.teachers { self.teacher.0 } else { self.student.0 };
        (node, Factor::Sigma(sigma, order))
    }

    fn two_point(&mut self, n: usize, m: usize) -> Expr {
        let (n, m) = (self.index(n), self.index(m));
        self.equations.two_point(n, m)
    }

    /// J2(i, n) and I3(i, b, n) = q_ib K2(i, n) + q_bn J2(i, n).
    fn forces(&mut self, i: usize, b: usize, n: usize) -> [Expr; 2] {
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
    fn four_point(&mut self, nodes: [usize; 4]) -> Expr {
        let [j, l, n, m] = nodes.map(|node| self.index(node));
        let four = self.equations.four_point([j, l, n, m]);
        let vectors = self.equations.noise.vectors.clone();
        let mass = place(&mut self.equations.pool, self.equations.noise.mass, &[(J, j), (L, l)]);
        let pool = &mut self.equations.pool;
        let whole = pool.mul([mass, four]);
        inline(pool, whole, &vectors)
    }

    /// The largest deviation from quadrature, relative to the value or to 1.
    fn deviation(
        &self,
        expr: Expr,
        factors: &[(usize, Factor)],
        omegas: &[Matrix],
        rule: &Quadrature,
    ) -> f64 {
        let position = |index: Index| match index {
            Index::Teacher(unit) => usize::from(unit),
            Index::Student(unit) => self.teachers + usize::from(unit),
            Index::Role(..) => panic!("a definite node"),
        };
        let mut worst = 0.0_f64;
        for omega in omegas {
            let truth = rule.expectation(omega, factors);
            let value = self.equations.pool.evaluate(expr, &|symbol| match symbol {
                Symbol::Overlap(a, b) => omega[position(*a)][position(*b)],
                other => panic!("{other:?} is not an overlap"),
            });
            let error = (value - truth).abs() / truth.abs().max(1.0);
            assert!(error.is_finite(), "{value}");
            worst = worst.max(error);
        }
        worst
    }
}

/// The generic test of an activation: I2, J2, I3 and I4 of every pattern of equal nodes on 20 random covariances.
fn agrees_with_quadrature(student: Unit<'_>, teacher: Unit<'_>, rule: &Quadrature, bound: f64) {
    let mut case = Case::new(student, teacher);
    let mut random = Random(7);
    let gain = [student.0, teacher.0].iter().map(|sigma| sigma.gain()).fold(1.0, f64::max);
    let omegas: Vec<Matrix> = (0..COVARIANCES)
        .map(|_| {
            let omega = covariance(&mut random, 0.9 / (gain * gain));
            if !student.0.jumps() && !teacher.0.jumps() {
                return omega;
            }
            // What a jump leaves in the other dimensions is as smooth as the fields are independent.
            std::array::from_fn(|a| {
                std::array::from_fn(|b| 0.6 * omega[a][b] + if a == b { 0.3 } else { 0.0 })
            })
        })
        .collect();
    let name = format!("{} students, {} teachers", student.1.name(), teacher.1.name());
    let first = case.teachers;
    let mut worst = [0.0_f64; 4];
    for n in 0..NODES {
        for m in n..NODES {
            let (expr, factors) = (case.two_point(n, m), [case.factor(n, 0), case.factor(m, 0)]);
            worst[0] = worst[0].max(case.deviation(expr, &factors, &omegas, rule));
        }
    }
    let i = NODES - 1;
    for n in 0..NODES {
        for b in 0..NODES {
            let [j2, i3] = case.forces(i, b, n);
            // The second derivative of a teacher's jump is no function: its J2 is tested through I3.
            if b == 0 && !matches!((n < first, teacher.0), (true, Sigma::Sign)) {
                let factors = [case.factor(i, 1), case.factor(n, 1)];
                worst[1] = worst[1].max(case.deviation(j2, &factors, &omegas, rule));
            }
            let factors = [case.factor(i, 1), (b, Factor::Field), case.factor(n, 0)];
            worst[2] = worst[2].max(case.deviation(i3, &factors, &omegas, rule));
        }
    }
    // All patterns of equal nodes; four different ones cost most.
    let patterns: &[[usize; 4]] = if first == 0 {
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
    };
    for &nodes in patterns {
        let [j, l, n, m] = nodes;
        let expr = case.four_point(nodes);
        let factors = [case.factor(j, 1), case.factor(l, 1), case.factor(n, 0), case.factor(m, 0)];
        worst[3] = worst[3].max(case.deviation(expr, &factors, &omegas, rule));
    }
    println!("{name}: I2 {:.1e}, J2 {:.1e}, I3 {:.1e}, I4 {:.1e}", worst[0], worst[1], worst[2], worst[3]);
    assert!(worst.iter().all(|error| *error <= bound), "{name}: {worst:?}");
}

#[test]
fn every_activation() {
    let number = |n: i128, d: i128| Rational::new(n, d);
    let gain = Erf { gain: number(3, 2) };
    let linear = Polynomial::linear();
    let (he2, he3) = (Polynomial::hermite(2).unwrap(), Polynomial::hermite(3).unwrap());
    let mixture = Polynomial::new(vec![number(1, 2), number(-1, 1), number(1, 4), number(1, 3)]).unwrap();
    let erf: Unit<'_> = (Sigma::Erf(1.0), &Erf::UNIT);
    let gain: Unit<'_> = (Sigma::Erf(1.5), &gain);
    let linear: Unit<'_> = (Sigma::Powers(&[0.0, 1.0]), &linear);
    let he2: Unit<'_> = (Sigma::Powers(&[-1.0, 0.0, 1.0]), &he2);
    let he3: Unit<'_> = (Sigma::Powers(&[0.0, -3.0, 0.0, 1.0]), &he3);
    let mixture: Unit<'_> = (Sigma::Powers(&[0.5, -1.0, 0.25, 1.0 / 3.0]), &mixture);
    let sign: Unit<'_> = (Sigma::Sign, &Sign);
    // Exact for the polynomials here.
    let few = Quadrature::new(10);
    for (student, teacher) in
        [(linear, linear), (he2, he2), (he3, he3), (mixture, mixture), (he2, linear), (he3, he2)]
    {
        agrees_with_quadrature(student, teacher, &few, 1e-12);
    }
    let many = Quadrature::new(56);
    for (student, teacher) in [
        (gain, gain),
        (erf, linear),
        (erf, he3),
        (erf, gain),
        (he2, erf),
        (mixture, gain),
        (erf, sign),
        (he2, sign),
    ] {
        agrees_with_quadrature(student, teacher, &many, 1e-12);
    }
}

#[test]
fn relu() {
    let relu: Unit<'_> = (Sigma::Relu, &Relu);
    let linear = Polynomial::linear();
    let linear: Unit<'_> = (Sigma::Powers(&[0.0, 1.0]), &linear);
    let many = Quadrature::new(56);
    agrees_with_quadrature(relu, relu, &many, 1e-12);
    agrees_with_quadrature(relu, linear, &many, 1e-12);
    agrees_with_quadrature((Sigma::Erf(1.0), &Erf::UNIT), relu, &many, 1e-12);
}

/// The test values of the four-by-four covariance in the notes on activations, from quadrature with 128 nodes.
#[test]
fn relu_values() {
    let mut case = Case::new((Sigma::Relu, &Relu), (Sigma::Relu, &Relu));
    let omega =
        [[1.0, 0.3, -0.2, 0.1], [0.3, 0.8, 0.25, 0.4], [-0.2, 0.25, 0.6, 0.15], [0.1, 0.4, 0.15, 1.2]];
    let [j2, i3] = case.forces(0, 1, 2);
    let _ = j2;
    for (expr, known) in [
        (case.two_point(0, 1), 0.225_437_575_191),
        (case.forces(0, 0, 1)[0], 0.304_437_454_758),
        (i3, 0.087_839_072_890),
        (case.four_point([0, 0, 1, 2]), 0.096_076_418_692),
        (case.four_point([0, 1, 2, 3]), 0.068_028_230_830),
    ] {
        let value = support::value(&case.equations.pool, expr, &omega);
        assert!((value - known).abs() < 2e-12, "{value}, not {known}");
    }
}
