//! What the engine costs: nothing grows faster than what is emitted, and no expression, however deep, wide or shared,
//! takes more than it should. Work is counted in expressions made, not in seconds.

use overlap_codegen::emit::{Sizes, lanes, straight};
use overlap_codegen::spec::Specification;
use overlap_engine::equations::Equations;
use overlap_engine::expr::{Expr, Pool, Style, print};
use overlap_engine::symbol::{Index, Symbol};
use proptest::prelude::*;

fn symbol(number: u16) -> Symbol {
    Symbol::overlap(Index::Student(number), Index::Student(number))
}

/// Everything that can be done with an expression; how many expressions the pool has then.
fn use_it(pool: &mut Pool, expr: Expr) -> usize {
    let at = |_: &Symbol| 0.25;
    pool.evaluate(expr, &at);
    assert!(pool.constant_value(expr).is_none());
    let moved =
        pool.substitute(expr, &mut |pool, wanted| (*wanted == symbol(0)).then(|| pool.symbol(symbol(9))));
    assert!(moved != expr);
    let expanded = pool.expand(expr);
    pool.evaluate(expanded, &at);
    for style in [Style::Text, Style::Ascii, Style::Latex, Style::MathMl] {
        assert!(print(pool, expr, style).len() < 100_000_000);
    }
    let derivative = pool.differentiate(expr, &symbol(0));
    pool.evaluate(derivative, &at);
    print(pool, derivative, Style::Text);
    pool.len()
}

#[test]
fn depth_does_not_matter() {
    let mut pool = Pool::new();
    let mut expr = pool.symbol(symbol(0));
    for _ in 0..1000 {
        expr = pool.asin(expr);
    }
    // The derivative is a product of as many factors, and those of all parts are made: 1000²/2 entries in 7000 nodes.
    assert!(use_it(&mut pool, expr) < 10_000, "{}", pool.len());

    // Deeper than any stack.
    for _ in 0..200_000 {
        expr = pool.asin(expr);
    }
    assert_eq!(pool.extent(expr).1, 201_001);
    assert_eq!(print(&pool, expr, Style::Text), "<an expression nested 201001 deep>");
    pool.evaluate(expr, &|_| 0.0);
    let other = pool.substitute(expr, &mut |pool, _| Some(pool.symbol(symbol(1))));
    let sum = pool.add([expr, other]);
    assert_eq!(pool.expand(sum), sum);
}

#[test]
fn width_does_not_matter() {
    let mut pool = Pool::new();
    let symbols: Vec<Expr> = (0..30_000).map(|number| pool.symbol(symbol(number))).collect();
    let sum = pool.add(symbols.iter().copied());
    let product = pool.mul(symbols);
    let square = pool.mul([sum, sum, product]);
    // Its square would have 450 million terms.
    assert!(use_it(&mut pool, square) < 500_000, "{}", pool.len());
}

#[test]
fn shared_parts_are_dealt_with_once() {
    let mut pool = Pool::new();
    let mut expr = pool.symbol(symbol(0));
    let (one, quarter) = (pool.integer(1), pool.rational(1, 4));
    for _ in 0..80 {
        let next = pool.add([one, expr]);
        let angle = pool.asin(expr);
        let product = pool.mul([quarter, angle, next]);
        expr = pool.asin(product);
    }
    // Written out it has some 2^80 letters.
    assert!(print(&pool, expr, Style::Text).starts_with("<an expression"));
    assert!(use_it(&mut pool, expr) < 20_000, "{}", pool.len());
}

#[test]
fn powers_are_expanded_as_far_as_memory_allows() {
    let mut pool = Pool::new();
    let mut expr = pool.symbol(symbol(0));
    for number in 1..4 {
        let next = pool.symbol(symbol(number));
        let sum = pool.add([expr, next]);
        expr = pool.pow(sum, 16, 1);
    }
    pool.expand(expr);
    assert!(pool.len() < 2_000_000, "{}", pool.len());
}

/// One operation on what was made before.
#[derive(Debug, Clone)]
enum Step {
    Add(usize, usize, i8),
    Multiply(usize, usize),
    Power(usize, i8, bool),
    Asin(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = 0..1000_usize;
    let step = prop_oneof![
        3 => (one.clone(), one.clone(), -3..=3_i8).prop_map(|(x, y, n)| Step::Add(x, y, n)),
        3 => (one.clone(), one.clone()).prop_map(|(x, y)| Step::Multiply(x, y)),
        2 => (one.clone(), -3..=3_i8, any::<bool>()).prop_map(|(x, n, root)| Step::Power(x, n, root)),
        1 => one.prop_map(Step::Asin),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Expressions that use each other again and again: the graph stays small, whatever is done with it.
    #[test]
    fn random_graphs_stay_small(steps in steps()) {
        let mut pool = Pool::new();
        let mut made: Vec<Expr> = (0..3).map(|number| pool.symbol(symbol(number))).collect();
        for step in steps {
            // Mostly of the latest, so that the graph gets deep.
            let get = |n: usize| made[made.len() - 1 - n % made.len().min(4)];
            let next = match step {
                Step::Add(x, y, n) => {
                    let scaled = pool.scale(get(y), i128::from(n).into());
                    pool.add([get(x), scaled])
                }
                Step::Multiply(x, y) => pool.mul([get(x), get(y)]),
                Step::Power(x, n, root) => pool.pow(get(x), n.into(), if root { 2 } else { 1 }),
                Step::Asin(x) => pool.asin(get(x)),
            };
            made.push(next);
        }
        let last = made[made.len() - 1];
        prop_assert!(pool.len() < 20_000, "{} after building", pool.len());
        pool.evaluate(last, &|_| 0.5);
        for style in [Style::Text, Style::Latex] {
            print(&pool, last, style);
        }
        let before = pool.len();
        pool.differentiate(last, &symbol(0));
        prop_assert!(pool.len() < 200_000, "{before}, after differentiating {}", pool.len());
    }
}

/// Expressions and tokens made for one system.
fn cost(act: &str, sizes: Sizes, unrolled: bool) -> (usize, usize) {
    let specification: Specification =
        syn::parse_str(&format!("k = 1, p = 1, act = {act}")).expect("a valid declaration");
    let mut equations = Equations::derive(specification.activations()).expect("closed forms");
    let (side, risk) = if unrolled { straight(&mut equations, sizes) } else { lanes(&mut equations, sizes) };
    let tokens = |stream: proc_macro2::TokenStream| stream.to_string().split_whitespace().count();
    (equations.pool.len(), tokens(side) + tokens(risk))
}

/// Loops are the same at every size: neither the engine's work nor the code grows.
#[test]
fn loops_cost_the_same_at_every_size() {
    for act in ["erf", "hermite(3)", "erf, teacher_act = sign"] {
        let costs = [(4, 8), (8, 32), (8, 64)].map(|(k, p)| cost(act, Sizes { k, p, trained: false }, false));
        assert!(costs.iter().all(|cost| *cost == costs[0]), "{act}: {costs:?}");
    }
}

/// Straight-line code grows with the system, and the engine's work no faster.
#[test]
fn unrolling_makes_no_more_expressions_than_code() {
    for (act, largest) in [("erf", 4), ("hermite(2)", 3)] {
        let costs: Vec<(usize, usize)> =
            (1..=largest).map(|n| cost(act, Sizes { k: n, p: n, trained: true }, true)).collect();
        let per_token: Vec<f64> = costs.iter().map(|&(made, code)| made as f64 / code as f64).collect();
        assert!(
            per_token.windows(2).all(|pair| pair[1] < 1.1 * pair[0]),
            "{act}: expressions for every token of code: {per_token:?}, {costs:?}"
        );
    }
}
