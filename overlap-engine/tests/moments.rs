//! Moments that are summed from each other, not written out: high degrees of polynomials.

use overlap_engine::activation::{Activations, Polynomial};
use overlap_engine::expr::Pool;
use overlap_engine::gaussian::Expectation;
use overlap_engine::resolve::by_tilting;
use overlap_engine::symbol::{Index, Symbol};

/// E[He_n(x) He_n(y)] = n! ρⁿ.
#[test]
fn hermite_polynomials_are_orthogonal() {
    for n in 1..=6 {
        let activation = Polynomial::hermite(n).expect("a degree that is allowed");
        let mut pool = Pool::new();
        let (x, y) = (Index::Student(1), Index::Student(2));
        let wanted = Expectation { factors: vec![(x, 0), (y, 0)], fields: vec![] };
        let form = by_tilting(&mut pool, Activations::same(&activation), &wanted).expect("a closed form");
        let found = pool.evaluate(form, &|symbol| if *symbol == Symbol::overlap(x, y) { 0.3 } else { 1.0 });
        let right = (1..=n).map(|factor| factor as f64).product::<f64>() * 0.3_f64.powi(n as i32);
        assert!((found - right).abs() < 1e-11, "{n}: {found}, {right}");
    }
}

/// I4 of degree 4 is the polynomial that it is when written out.
#[test]
fn four_points_are_those_written_out() {
    let activation = Polynomial::hermite(4).expect("a degree that is allowed");
    let mut pool = Pool::new();
    let [j, l, n, m] = [1, 2, 3, 4].map(Index::Student);
    let wanted = Expectation { factors: vec![(j, 1), (l, 1), (n, 0), (m, 0)], fields: vec![] };
    let form = by_tilting(&mut pool, Activations::same(&activation), &wanted).expect("a closed form");
    let written_out = pool.expand(form);
    assert_ne!(form, written_out);
    let at = |symbol: &Symbol| {
        let Symbol::Overlap(Index::Student(a), Index::Student(b)) = *symbol else {
            unreachable!("overlaps only")
        };
        if a == b { 1.0 + 0.1 * f64::from(a) } else { 0.5 / f64::from(a + 2 * b) }
    };
    let (found, right) = (pool.evaluate(form, &at), pool.evaluate(written_out, &at));
    assert!((found - right).abs() < 1e-10 * right.abs().max(100.0), "{found}, {right}");
}
