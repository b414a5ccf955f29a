//! Derived expectations of erf against quadrature and against the textbook closed forms.

mod support;

use overlap_engine::activation::{Activations, Erf};
use overlap_engine::expr::Pool;
use overlap_engine::gaussian::Expectation;
use overlap_engine::resolve::{by_tilting, expectation};
use overlap_engine::symbol::Index;
use std::f64::consts::PI;
use support::quadrature::{Factor, Quadrature};
use support::{Matrix, Random, covariance, value};

const COVARIANCES: usize = 20;
const ERF: Activations<'static> = Activations { student: &Erf::UNIT, teacher: &Erf::UNIT };

/// The derivative of erf(x/√2) of this order.
fn sigma(order: u32) -> fn(f64) -> f64 {
    const SLOPE: fn(f64) -> f64 = |x| (2.0 / PI).sqrt() * (-x * x / 2.0).exp();
    match order {
        0 => |x| libm::erf(x / std::f64::consts::SQRT_2),
        1 => SLOPE,
        2 => |x| -x * SLOPE(x),
        _ => panic!("no derivative of order {order}"),
    }
}

/// Σ^(m) as (index, m), then bare fields.
fn wanted(factors: &[(usize, u32)], fields: &[usize]) -> Expectation {
    let node = |a: usize| Index::Student(u16::try_from(a).unwrap());
    Expectation {
        factors: factors.iter().map(|&(a, m)| (node(a), m)).collect(),
        fields: fields.iter().map(|&b| node(b)).collect(),
    }
}

/// Compares one expectation with quadrature on all covariances; returns the largest deviation.
fn against_quadrature(
    factors: &[(usize, u32)],
    fields: &[usize],
    omegas: &[Matrix],
    rule: &Quadrature,
) -> f64 {
    let mut pool = Pool::new();
    let wanted = wanted(factors, fields);
    let general = expectation(&mut pool, ERF, &wanted).expect("a closed form");
    let tilted = by_tilting(&mut pool, ERF, &wanted);
    let functions: Vec<fn(f64) -> f64> = factors.iter().map(|&(_, m)| sigma(m)).collect();
    let integrand: Vec<(usize, Factor<'_>)> = factors
        .iter()
        .zip(&functions)
        .map(|(&(a, _), f)| (a, Factor::Smooth(f)))
        .chain(fields.iter().map(|&b| (b, Factor::Field)))
        .collect();
    let mut worst = 0.0_f64;
    for omega in omegas {
        let truth = rule.expectation(omega, &integrand);
        for expr in [Some(general), tilted].into_iter().flatten() {
            worst = worst.max((value(&pool, expr, omega) - truth).abs());
        }
    }
    worst
}

/// 48 nodes a dimension. With eigenvalues up to 0.9 the expansion of the integrands in Hermite polynomials falls like
/// (0.9 / 1.9)^(degree / 2), so what the rule neglects is below 1e-15.
#[test]
fn derived_expectations_agree_with_quadrature() {
    let rule = Quadrature::new(48);
    let mut random = Random(1);
    let omegas: Vec<Matrix> = (0..COVARIANCES).map(|_| covariance(&mut random, 0.9)).collect();
    type Case<'a> = (&'a str, &'a [(usize, u32)], &'a [usize]);
    let cases: [Case<'_>; 26] = [
        ("E[σσσσ](a,b,c,d)", &[(0, 0), (1, 0), (2, 0), (3, 0)], &[]),
        ("E[σ'](a)", &[(0, 1)], &[]),
        ("E[σ'σ](a,b)", &[(0, 1), (1, 0)], &[]),
        ("E[σ''σ'σ](a,b,c)", &[(0, 2), (1, 1), (2, 0)], &[]),
        ("E[σ''σ'σ](a,b,c) λ_a λ_d", &[(0, 2), (1, 1), (2, 0)], &[0, 3]),
        ("I2(a,b)", &[(0, 0), (1, 0)], &[]),
        ("I2(a,a)", &[(2, 0), (2, 0)], &[]),
        ("J2(a,b)", &[(0, 1), (1, 1)], &[]),
        ("J2(a,a)", &[(1, 1), (1, 1)], &[]),
        ("E[σ''σ](a,b)", &[(0, 2), (3, 0)], &[]),
        ("E[σ''σ](a,a)", &[(3, 2), (3, 0)], &[]),
        ("E[λσ](a,b) λ_c σ_d", &[(0, 0), (1, 0)], &[2, 3]),
        ("I3(a,b,c)", &[(0, 1), (2, 0)], &[1]),
        ("I3(a,a,c)", &[(0, 1), (2, 0)], &[0]),
        ("I3(a,b,b)", &[(0, 1), (2, 0)], &[2]),
        ("I3(a,b,a)", &[(0, 1), (0, 0)], &[1]),
        ("I3(a,a,a)", &[(1, 1), (1, 0)], &[1]),
        ("I4(a,b,c,d)", &[(0, 1), (1, 1), (2, 0), (3, 0)], &[]),
        ("I4(a,a,c,d)", &[(0, 1), (0, 1), (2, 0), (3, 0)], &[]),
        ("I4(a,b,c,c)", &[(0, 1), (1, 1), (2, 0), (2, 0)], &[]),
        ("I4(a,b,a,d)", &[(0, 1), (1, 1), (0, 0), (3, 0)], &[]),
        ("I4(a,b,a,b)", &[(0, 1), (1, 1), (0, 0), (1, 0)], &[]),
        ("I4(a,b,a,a)", &[(0, 1), (1, 1), (0, 0), (0, 0)], &[]),
        ("I4(a,a,c,c)", &[(3, 1), (3, 1), (2, 0), (2, 0)], &[]),
        ("I4(a,a,a,d)", &[(1, 1), (1, 1), (1, 0), (3, 0)], &[]),
        ("I4(a,a,a,a)", &[(1, 1), (1, 1), (1, 0), (1, 0)], &[]),
    ];
    for (name, factors, fields) in cases {
        let worst = against_quadrature(factors, fields, &omegas, &rule);
        println!("{name}: {worst:.1e}");
        assert!(worst <= 1e-14, "{name}: off by {worst:e}");
    }
}

/// The largest deviation of a derived form from a typed-in one, on covariances of any size: variances up to 30.
/// Relative to 1, the bound of σ, or to the value: for large variances the Λ of the textbook cancel.
fn against_textbook(factors: &[(usize, u32)], fields: &[usize], textbook: fn(&Matrix) -> f64) -> f64 {
    let mut pool = Pool::new();
    let wanted = wanted(factors, fields);
    let derived = expectation(&mut pool, ERF, &wanted).expect("a closed form");
    let mut random = Random(2);
    let mut worst = 0.0_f64;
    for size in [0.01, 0.3, 1.0, 3.0, 30.0] {
        for _ in 0..COVARIANCES {
            let omega = covariance(&mut random, size);
            let (derived, truth) = (value(&pool, derived, &omega), textbook(&omega));
            worst = worst.max((derived - truth).abs() / truth.abs().max(1.0));
        }
    }
    worst
}

/// Saad and Solla, Phys. Rev. E 52, 4225 (1995).
#[test]
fn three_point_function_is_the_textbook_one() {
    fn i3(q: &Matrix, [a, b, c]: [usize; 3]) -> f64 {
        let lambda3 = (1.0 + q[a][a]) * (1.0 + q[c][c]) - q[a][c] * q[a][c];
        2.0 / PI * (q[b][c] * (1.0 + q[a][a]) - q[a][b] * q[a][c]) / ((1.0 + q[a][a]) * lambda3.sqrt())
    }
    type Case<'a> = (&'a [(usize, u32)], usize, fn(&Matrix) -> f64);
    let cases: [Case<'_>; 5] = [
        (&[(0, 1), (2, 0)], 1, |q| i3(q, [0, 1, 2])),
        (&[(0, 1), (2, 0)], 0, |q| i3(q, [0, 0, 2])),
        (&[(0, 1), (2, 0)], 2, |q| i3(q, [0, 2, 2])),
        (&[(0, 1), (0, 0)], 1, |q| i3(q, [0, 1, 0])),
        (&[(0, 1), (0, 0)], 0, |q| i3(q, [0, 0, 0])),
    ];
    for (factors, field, textbook) in cases {
        let worst = against_textbook(factors, &[field], textbook);
        println!("I3: {worst:.1e}");
        assert!(worst <= 1e-14, "{factors:?}, {field}: {worst:e}");
    }
}

/// The form with Λ0, Λ1, Λ2 of Saad and Solla, Phys. Rev. E 52, 4225 (1995).
#[test]
fn four_point_function_is_the_textbook_one() {
    fn i4(q: &Matrix, [a, b, c, d]: [usize; 4]) -> f64 {
        let lambda4 = (1.0 + q[a][a]) * (1.0 + q[b][b]) - q[a][b] * q[a][b];
        let lambda0 =
            lambda4 * q[c][d] - q[b][c] * q[b][d] * (1.0 + q[a][a]) - q[a][c] * q[a][d] * (1.0 + q[b][b])
                + q[a][b] * q[a][c] * q[b][d]
                + q[a][b] * q[a][d] * q[b][c];
        let one = |c: usize| {
            lambda4 * (1.0 + q[c][c])
                - q[b][c] * q[b][c] * (1.0 + q[a][a])
                - q[a][c] * q[a][c] * (1.0 + q[b][b])
                + 2.0 * q[a][b] * q[a][c] * q[b][c]
        };
        4.0 / (PI * PI) / lambda4.sqrt() * (lambda0 / (one(c) * one(d)).sqrt()).asin()
    }
    type Case<'a> = (&'a [(usize, u32)], fn(&Matrix) -> f64);
    let cases: [Case<'_>; 5] = [
        (&[(0, 1), (1, 1), (2, 0), (3, 0)], |q| i4(q, [0, 1, 2, 3])),
        (&[(0, 1), (0, 1), (2, 0), (3, 0)], |q| i4(q, [0, 0, 2, 3])),
        (&[(0, 1), (1, 1), (2, 0), (2, 0)], |q| i4(q, [0, 1, 2, 2])),
        (&[(0, 1), (1, 1), (0, 0), (3, 0)], |q| i4(q, [0, 1, 0, 3])),
        (&[(0, 1), (0, 1), (0, 0), (0, 0)], |q| i4(q, [0, 0, 0, 0])),
    ];
    for (factors, textbook) in cases {
        let worst = against_textbook(factors, &[], textbook);
        println!("I4: {worst:.1e}");
        assert!(worst <= 1e-14, "{factors:?}: {worst:e}");
    }
}

/// Two derivations of one quantity.
#[test]
fn price_and_tilting_give_the_same_j2() {
    let mut pool = Pool::new();
    for indices in [[0, 1], [2, 2]] {
        let wanted = wanted(&indices.map(|a| (a, 1)), &[]);
        let by_price = expectation(&mut pool, ERF, &wanted).expect("a closed form");
        let by_tilting = by_tilting(&mut pool, ERF, &wanted).expect("a closed form");
        let mut random = Random(3);
        for size in [0.01, 0.3, 1.0, 3.0, 30.0] {
            for _ in 0..COVARIANCES {
                let omega = covariance(&mut random, size);
                let (x, y) = (value(&pool, by_price, &omega), value(&pool, by_tilting, &omega));
                assert!((x - y).abs() <= 1e-14, "{indices:?}: {x} and {y}");
            }
        }
    }
}

/// Six error functions have no rule; an odd number has mean 0.
#[test]
fn expectations_without_a_rule_have_no_form() {
    let mut pool = Pool::new();
    let six = wanted(&[(0, 0), (1, 0), (2, 0), (3, 0), (0, 0), (1, 0)], &[]);
    assert_eq!(expectation(&mut pool, ERF, &six), None);
    let five = wanted(&[(0, 0), (1, 0), (2, 0), (3, 0), (0, 0)], &[]);
    assert_eq!(expectation(&mut pool, ERF, &five), Some(pool.integer(0)));
}
