//! The expression engine on random expressions: building, differentiating, substituting and expanding keep the value,
//! and one expression has one form.

#[path = "support/interval.rs"]
mod interval;
#[path = "support/parse.rs"]
mod parse;

use interval::Interval;
use overlap_engine::expr::{Expr, Pool, Rational, Style, print};
use overlap_engine::symbol::{Index, Symbol};
use proptest::prelude::*;

/// An expression as a person writes it, before any simplification.
#[derive(Debug, Clone)]
enum Tree {
    Number(i8, u8),
    Pi,
    Variable(u16),
    Sum(Vec<Tree>),
    Difference(Box<Tree>, Box<Tree>),
    Product(Vec<Tree>),
    Whole(Box<Tree>, i8),
    /// (1 + x²) ^ (n/2): what is under a root is positive, as variances are.
    Root(Box<Tree>, i8),
    /// arcsin(x / (2 √(1 + x²))): a cosine.
    Angle(Box<Tree>),
}

const VARIABLES: u16 = 3;

fn symbol(variable: u16) -> Symbol {
    Symbol::overlap(Index::Student(variable), Index::Student(variable))
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        2 => (-6..=6_i8, 1..=4_u8).prop_map(|(n, d)| Tree::Number(n, d)),
        1 => Just(Tree::Pi),
        5 => (0..VARIABLES).prop_map(Tree::Variable),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::Sum),
            1 => (boxed(), boxed()).prop_map(|(x, y)| Tree::Difference(x, y)),
            3 => prop::collection::vec(inner.clone(), 1..4).prop_map(Tree::Product),
            1 => (boxed(), -2..=3_i8).prop_map(|(x, n)| Tree::Whole(x, n)),
            2 => (boxed(), -3..=3_i8).prop_map(|(x, n)| Tree::Root(x, n)),
            1 => boxed().prop_map(Tree::Angle),
        ]
    })
}

fn build(pool: &mut Pool, tree: &Tree) -> Expr {
    match tree {
        Tree::Number(n, d) => pool.rational((*n).into(), (*d).into()),
        Tree::Pi => pool.pi(),
        Tree::Variable(v) => pool.symbol(symbol(*v)),
        Tree::Sum(parts) => {
            let parts: Vec<Expr> = parts.iter().map(|part| build(pool, part)).collect();
            pool.add(parts)
        }
        Tree::Difference(x, y) => {
            let (x, y) = (build(pool, x), build(pool, y));
            pool.sub(x, y)
        }
        Tree::Product(parts) => {
            let parts: Vec<Expr> = parts.iter().map(|part| build(pool, part)).collect();
            pool.mul(parts)
        }
        Tree::Whole(x, n) => {
            let x = build(pool, x);
            pool.pow(x, (*n).into(), 1)
        }
        Tree::Root(x, n) => {
            let x = build(pool, x);
            under_root(pool, x, (*n).into())
        }
        Tree::Angle(x) => {
            let x = build(pool, x);
            let inverse = under_root(pool, x, -1);
            let half = pool.rational(1, 2);
            let cosine = pool.mul([half, x, inverse]);
            pool.asin(cosine)
        }
    }
}

fn under_root(pool: &mut Pool, x: Expr, n: i128) -> Expr {
    let (one, square) = (pool.integer(1), pool.pow(x, 2, 1));
    let base = pool.add([one, square]);
    pool.pow(base, n, 2)
}

/// The value of a tree and its slope in one variable, by the rules of calculus on intervals: a truth of its own.
#[derive(Debug, Clone, Copy)]
struct Dual {
    value: Interval,
    slope: Interval,
}

impl Dual {
    fn constant(value: Interval) -> Self {
        Dual { value, slope: Interval::exact(0.0) }
    }
    fn plus(self, other: Dual) -> Self {
        Dual { value: self.value + other.value, slope: self.slope + other.slope }
    }
    fn times(self, other: Dual) -> Self {
        let slope = self.slope * other.value + self.value * other.slope;
        Dual { value: self.value * other.value, slope }
    }
    /// self ^ (n/2).
    fn half_power(self, n: i8) -> Self {
        let half = Interval::exact(f64::from(n) / 2.0);
        let slope = half * self.value.half_power(i128::from(n) - 2) * self.slope;
        Dual { value: self.value.half_power(n.into()), slope }
    }
}

fn dual(tree: &Tree, x: &[Dual]) -> Dual {
    let one = Dual::constant(Interval::exact(1.0));
    match tree {
        Tree::Number(n, d) => Dual::constant(Interval::rational(Rational::new((*n).into(), (*d).into()))),
        Tree::Pi => Dual::constant(Interval::pi()),
        Tree::Variable(v) => x[usize::from(*v)],
        Tree::Sum(parts) => {
            parts.iter().fold(Dual::constant(Interval::exact(0.0)), |sum, part| sum.plus(dual(part, x)))
        }
        Tree::Difference(a, b) => {
            let minus = Dual::constant(Interval::exact(-1.0));
            dual(a, x).plus(minus.times(dual(b, x)))
        }
        Tree::Product(parts) => parts.iter().fold(one, |product, part| product.times(dual(part, x))),
        Tree::Whole(_, 0) | Tree::Root(_, 0) => one,
        Tree::Whole(a, n) => dual(a, x).half_power(2 * n),
        Tree::Root(a, n) => {
            let a = dual(a, x);
            one.plus(a.times(a)).half_power(*n)
        }
        Tree::Angle(a) => {
            let a = dual(a, x);
            let half = Dual::constant(Interval::exact(0.5));
            let cosine = half.times(a).times(one.plus(a.times(a)).half_power(-1));
            let rest = Interval::exact(1.0) - cosine.value * cosine.value;
            Dual { value: cosine.value.asin(), slope: cosine.slope * rest.half_power(-1) }
        }
    }
}

/// Constants at `x`.
fn fixed(x: &[f64]) -> Vec<Dual> {
    x.iter().map(|&x| Dual::constant(Interval::exact(x))).collect()
}

fn value(tree: &Tree, x: &[f64]) -> Interval {
    dual(tree, &fixed(x)).value
}

fn evaluate(pool: &Pool, expr: Expr, x: &[f64]) -> Interval {
    interval::evaluate(pool, expr, &|wanted| {
        let variable = (0..VARIABLES).find(|&v| symbol(v) == *wanted).expect("no other variables");
        Interval::exact(x[usize::from(variable)])
    })
}

fn point() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.1..2.0_f64, usize::from(VARIABLES))
}

/// Rotations and reversals: enough orders to find one that matters.
fn reordered<T: Clone>(parts: &[T], turn: usize) -> Vec<T> {
    let mut parts = parts.to_vec();
    let length = parts.len();
    parts.rotate_left(turn % length);
    if turn % 2 == 1 {
        parts.reverse();
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn building_keeps_the_value(tree in tree(), x in point()) {
        let mut pool = Pool::new();
        let expr = build(&mut pool, &tree);
        let (truth, found) = (value(&tree, &x), evaluate(&pool, expr, &x));
        prop_assume!(pool.is_exact() && truth.is_sharp() && found.is_sharp());
        prop_assert!(found.meets(truth), "{found:?} for {truth:?}: {}", print(&pool, expr, Style::Text));
    }

    #[test]
    fn expanding_keeps_the_value(tree in tree(), x in point()) {
        let mut pool = Pool::new();
        let expr = build(&mut pool, &tree);
        prop_assume!(pool.len() < 60);
        let expanded = pool.expand(expr);
        let (truth, found) = (value(&tree, &x), evaluate(&pool, expanded, &x));
        prop_assume!(pool.is_exact() && truth.is_sharp() && found.is_sharp());
        prop_assert!(found.meets(truth), "{found:?} for {truth:?}");
    }

    #[test]
    fn substituting_moves_the_point(tree in tree(), other in tree(), x in point()) {
        let mut pool = Pool::new();
        let (expr, other_expr) = (build(&mut pool, &tree), build(&mut pool, &other));
        let mut moved = fixed(&x);
        moved[0] = dual(&other, &fixed(&x));
        let truth = dual(&tree, &moved).value;
        let substituted = pool.substitute(expr, &mut |_, wanted| (*wanted == symbol(0)).then_some(other_expr));
        let found = evaluate(&pool, substituted, &x);
        prop_assume!(pool.is_exact() && truth.is_sharp() && found.is_sharp());
        prop_assert!(found.meets(truth), "{found:?} for {truth:?}");
    }

    #[test]
    fn derivatives_are_slopes(tree in tree(), x in point(), variable in 0..VARIABLES) {
        let mut pool = Pool::new();
        let expr = build(&mut pool, &tree);
        let derivative = pool.differentiate(expr, &symbol(variable));
        let mut moving = fixed(&x);
        moving[usize::from(variable)].slope = Interval::exact(1.0);
        let (truth, found) = (dual(&tree, &moving).slope, evaluate(&pool, derivative, &x));
        prop_assume!(pool.is_exact() && truth.is_sharp() && found.is_sharp());
        prop_assert!(found.meets(truth), "{found:?} for {truth:?}: {}", print(&pool, expr, Style::Text));
    }

    /// What is printed means the same expression, handle for handle, to a reader that knows only how it is written.
    #[test]
    fn what_is_printed_is_read_back(tree in tree()) {
        let mut pool = Pool::new();
        let expr = build(&mut pool, &tree);
        prop_assume!(pool.is_exact());
        for style in [Style::Text, Style::Ascii] {
            let text = print(&pool, expr, style);
            let read = parse::parse(&mut pool, &text, &|letter| panic!("no roles here: {letter}"));
            prop_assert_eq!(read, Ok(expr), "{}", text);
        }
    }

    /// One at a time, all at once, from either end, in any order: the same handle.
    #[test]
    fn order_and_brackets_of_sums_and_products_do_not_matter(
        parts in prop::collection::vec(tree(), 2..5), turn in 0..6_usize, split in 1..4_usize
    ) {
        let mut pool = Pool::new();
        let parts: Vec<Expr> = parts.iter().map(|part| build(&mut pool, part)).collect();
        let moved = reordered(&parts, turn);
        let split = split.min(parts.len() - 1);
        let (sum, product) = (pool.add(parts.clone()), pool.mul(parts.clone()));
        let (left, right) = (pool.add(moved[..split].to_vec()), pool.add(moved[split..].to_vec()));
        let other_sum = pool.add([left, right]);
        let (left, right) = (pool.mul(moved[..split].to_vec()), pool.mul(moved[split..].to_vec()));
        let other_product = pool.mul([left, right]);
        prop_assume!(pool.is_exact());
        prop_assert_eq!(sum, other_sum);
        prop_assert_eq!(
            product, other_product,
            "{} and {}", print(&pool, product, Style::Text), print(&pool, other_product, Style::Text)
        );
        let zero = pool.sub(sum, other_sum);
        prop_assert_eq!(zero, pool.integer(0));
    }

    /// What is printed depends on the expression alone.
    #[test]
    fn printing_does_not_depend_on_what_was_built_before(tree in tree(), earlier in prop::collection::vec(tree(), 0..4)) {
        let mut fresh = Pool::new();
        let alone = build(&mut fresh, &tree);
        let mut used = Pool::new();
        for other in &earlier {
            build(&mut used, other);
        }
        let among = build(&mut used, &tree);
        prop_assume!(fresh.is_exact() && used.is_exact());
        for style in [Style::Ascii, Style::Text, Style::Latex, Style::MathMl] {
            prop_assert_eq!(print(&fresh, alone, style), print(&used, among, style));
        }
    }
}

/// Constants that have no exact value are noted; nothing panics.
#[test]
fn overflow_and_division_by_zero_are_noted() {
    let attempts: [fn(&mut Pool) -> Expr; 8] = [
        |pool| pool.rational(1, 0),
        |pool| pool.rational(i128::MIN, -1),
        |pool| {
            let zero = pool.integer(0);
            pool.pow(zero, -1, 1)
        },
        |pool| {
            let zero = pool.integer(0);
            pool.pow(zero, -1, 2)
        },
        |pool| {
            let ten = pool.integer(10);
            pool.pow(ten, 39, 1)
        },
        |pool| {
            let (largest, one) = (pool.integer(i128::MAX), pool.integer(1));
            pool.add([largest, one])
        },
        |pool| {
            let (large, q) = (pool.integer(i128::MAX / 2), pool.symbol(symbol(0)));
            let product = pool.mul([large, q]);
            pool.mul([product, large])
        },
        |pool| {
            let q = pool.symbol(symbol(0));
            let power = pool.pow(q, i128::MAX, 1);
            pool.mul([power, power])
        },
    ];
    for (position, attempt) in attempts.into_iter().enumerate() {
        let mut pool = Pool::new();
        let expr = attempt(&mut pool);
        assert!(!pool.is_exact(), "attempt {position}");
        // Whatever it is now, it can be used.
        let derivative = pool.differentiate(expr, &symbol(0));
        let expanded = pool.expand(derivative);
        print(&pool, expanded, Style::Text);
    }
    let mut pool = Pool::new();
    let largest = pool.integer(i128::MAX);
    let one = pool.integer(-1);
    pool.add([largest, one]);
    assert!(pool.is_exact());
}

#[test]
fn constants_under_roots_have_one_form() {
    let mut pool = Pool::new();
    let roots: Vec<Expr> = [2, 3, 6, 8].map(|n| (n, pool.integer(n))).map(|(_, n)| pool.sqrt(n)).to_vec();
    assert_eq!(pool.mul([roots[0], roots[1]]), roots[2]);
    let two = pool.integer(2);
    assert_eq!(pool.mul([two, roots[0]]), roots[3]);
    assert_eq!(pool.mul([roots[0], roots[0]]), two);
    let (x, y) = (pool.symbol(symbol(0)), pool.symbol(symbol(1)));
    let difference = pool.sub(x, y);
    let reversed = pool.sub(y, x);
    let (left, right) = (pool.mul([x, difference]), pool.mul([x, reversed]));
    assert_eq!(pool.add([left, right]), pool.integer(0));
}
