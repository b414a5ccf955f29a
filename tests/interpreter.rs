//! Systems declared at run time against generated code of the same declaration: right-hand side, risk and Jacobian agree to 1e-13
//! of the block's largest entry, on every instruction set.

#[path = "support/random_problem.rs"]
mod random_problem;

use overlap::{Activation, DynSystem, Error, Parameters, Shape, System, overlap_system, simd::Level};
use random_problem::random_problem;

/// Of the largest entry of a block of rows (dM, dQ, da), and in Jacobians of columns too.
const BOUND: f64 = 1e-13;

/// A declaration, generated and interpreted.
macro_rules! one {
    ([$($options:tt)*] [$k:literal, $p:literal, $second:ident]) => {{
        overlap_system!(Generated: k = $k, p = $p, $($options)*, second_layer = $second);
        let text = concat!(
            "k = ", stringify!($k), ", p = ", stringify!($p), ", ", stringify!($($options)*), ", second_layer = ",
            stringify!($second), ", jacobian = true"
        );
        agree(&Generated, text);
    }};
}

macro_rules! same {
    ($($test:ident: $options:tt at { $($size:tt)* })*) => {$(
        #[test]
        fn $test() {
            $(one!($options $size);)*
        }
    )*};
}

same! {
    erf: [act = erf] at { [1, 2, fixed] [1, 2, trained] [2, 2, fixed] [2, 2, trained] [2, 3, fixed] [2, 3, trained]
        [4, 8, fixed] [4, 8, trained] }
    erf_with_a_gain: [act = erf(gain = 1.5)] at { [1, 2, fixed] [2, 2, trained] [2, 3, fixed] [4, 8, trained] }
    linear: [act = linear] at { [1, 2, trained] [2, 2, fixed] [2, 3, trained] [4, 8, fixed] }
    hermite_2: [act = hermite(2)] at { [1, 2, fixed] [2, 2, trained] [2, 3, fixed] [4, 8, trained] }
    hermite_3: [act = hermite(3)] at { [1, 2, trained] [4, 8, fixed] }
    polynomial: [act = polynomial([0.5, -1, 0.25, 0.1])] at { [2, 2, fixed] [4, 8, trained] }
    relu: [act = relu] at { [1, 2, fixed] [2, 2, trained] [2, 3, fixed] [4, 8, trained] }
    sign_teachers: [act = erf, teacher_act = sign] at { [1, 2, trained] [2, 2, fixed] [2, 3, trained] [4, 8, fixed] }
    relu_teachers: [act = erf, teacher_act = relu] at { [2, 3, trained] }
    mixed: [act = hermite(2), teacher_act = erf] at { [2, 3, trained] }
    relu_students_of_linear: [act = relu, teacher_act = linear] at { [2, 3, trained] }
}

/// By quadrature: the same code runs both.
#[test]
fn tanh() {
    overlap_system!(Generated: k = 1, p = 2, act = tanh, teacher_act = erf, quadrature = 8, jacobian = true);
    agree(&Generated, "k = 1, p = 2, act = tanh, teacher_act = erf, quadrature = 8, jacobian = true");
}

/// With the generated Jacobian.
#[test]
fn jacobians() {
    overlap_system!(Erf: k = 2, p = 3, act = erf, second_layer = trained, jacobian = true);
    agree(&Erf, "k = 2, p = 3, act = erf, second_layer = trained, jacobian = true");
    overlap_system!(Large: k = 4, p = 9, act = erf, jacobian = true);
    agree(&Large, "k = 4, p = 9, act = erf, jacobian = true");
    overlap_system!(He2: k = 2, p = 3, act = hermite(2), second_layer = trained, jacobian = true);
    agree(&He2, "k = 2, p = 3, act = hermite(2), second_layer = trained, jacobian = true");
    overlap_system!(OfSign: k = 2, p = 3, act = erf, teacher_act = sign, second_layer = trained, jacobian = true);
    agree(&OfSign, "k = 2, p = 3, act = erf, teacher_act = sign, second_layer = trained, jacobian = true");
    overlap_system!(Relu: k = 1, p = 2, act = relu, second_layer = trained, jacobian = true);
    agree(&Relu, "k = 1, p = 2, act = relu, second_layer = trained, jacobian = true");
}

fn agree(generated: &dyn System, text: &str) {
    let system: DynSystem = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let shape = generated.shape();
    assert_eq!((system.shape(), system.activation()), (shape, generated.activation()));
    assert_eq!(system.teacher_activation(), generated.teacher_activation());
    assert_eq!(
        system.equations().lines().skip(1).collect::<Vec<_>>(),
        generated.equations().lines().skip(1).collect::<Vec<_>>()
    );
    for seed in 0..3 {
        let problem = random_problem(shape, seed, 0.8);
        let parameters = Parameters::new(generated, &problem).unwrap();
        let state = problem.initial_state(shape.trained);
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            level.force();
            let [mut truth, mut found] = [vec![0.0; shape.dim()], vec![0.0; shape.dim()]];
            generated.right_hand_side(&parameters, &state, &mut truth);
            // Twice: the memory of the first is used again.
            for _ in 0..2 {
                system.right_hand_side(&parameters, &state, &mut found);
                compare(shape, 1, &truth, &found, &format!("{text}, {level:?}"));
            }
            let risks = [generated, &system].map(|system| system.risk(&parameters, &state));
            assert!((risks[0] - risks[1]).abs() <= BOUND * risks[0].abs(), "{text}: {risks:?}");
            let columns = shape.jacobian_columns();
            let [mut truth, mut found] = [vec![0.0; shape.dim() * columns], vec![0.0; shape.dim() * columns]];
            if generated.jacobian(&parameters, &state, &mut truth) {
                assert!(system.jacobian(&parameters, &state, &mut found));
                compare(shape, columns, &truth, &found, &format!("Jacobian of {text}, {level:?}"));
            }
        }
    }
}

/// Rows of M, Q and a; with more than one column, columns of M, Q, a, γ, Δ and P.
fn compare(shape: Shape, columns: usize, truth: &[f64], found: &[f64], what: &str) {
    let (m, q) = (shape.k * shape.p, shape.a(0));
    let dim = shape.dim();
    let rows = [0..m, m..q, q..dim];
    let apart = [0..m, m..q, q..dim, dim..dim + 1, dim + 1..dim + 2, dim + 2..columns.max(dim + 2)];
    let apart = if columns == 1 { vec![std::ops::Range { start: 0, end: 1 }] } else { apart.to_vec() };
    for rows in rows {
        for column in &apart {
            let places =
                || rows.clone().flat_map(|row| column.clone().map(move |column| row * columns + column));
            let largest = places().fold(0.0_f64, |largest, place| largest.max(truth[place].abs()));
            for place in places() {
                let error = (truth[place] - found[place]).abs();
                assert!(
                    error <= BOUND * largest,
                    "{what}: row {}, column {}: {} and {}, largest {largest}",
                    place / columns,
                    place % columns,
                    truth[place],
                    found[place]
                );
            }
        }
    }
}

/// Evaluations at the same time have memories of their own.
#[test]
fn threads_do_not_disturb_each_other() {
    for text in ["k = 2, p = 5, act = erf", "k = 1, p = 2, act = relu"] {
        let system: DynSystem = text.parse().unwrap();
        let shape = system.shape();
        let evaluate = |seed| {
            let problem = random_problem(shape, seed, 0.8);
            let parameters = Parameters::new(&system, &problem).unwrap();
            let mut derivative = vec![0.0; shape.dim()];
            system.right_hand_side(&parameters, &problem.initial_state(false), &mut derivative);
            derivative
        };
        let alone: Vec<Vec<f64>> = (0..4).map(evaluate).collect();
        std::thread::scope(|scope| {
            for seed in 0..4 {
                let (alone, evaluate) = (&alone, &evaluate);
                scope.spawn(move || (0..200).for_each(|_| assert_eq!(evaluate(seed), alone[seed as usize])));
            }
        });
    }
}

/// Sizes beyond those of the macro, with blocks of lanes in more than one chunk.
#[test]
fn large_systems_are_those_of_small_ones_repeated() {
    // Students that are copies of each other move alike, whatever the block they are in.
    let system: DynSystem = "k = 2, p = 270, act = erf".parse().unwrap();
    let shape = system.shape();
    let problem = random_problem(Shape { p: 3, ..shape }, 1, 0.8);
    let small = DynSystem::new(2, 3, Activation::Erf, false).unwrap();
    let mut parameters = Parameters::new(&small, &problem).unwrap();
    let state = problem.initial_state(false);
    let of = small.shape();
    let mut large = vec![0.0; shape.dim()];
    for i in 0..270 {
        (0..2).for_each(|r| large[shape.m(r, i)] = state[of.m(r, i % 3)]);
        (i..270).for_each(|j| large[shape.q(i, j)] = state[of.q(i % 3, j % 3)]);
    }
    // 90 copies of each with 1/90 of the second layer, and the rate that makes up for it.
    let mut expected = vec![0.0; of.dim()];
    small.right_hand_side(&parameters, &state, &mut expected);
    parameters.a = (0..270).map(|i| parameters.a[i % 3] / 90.0).collect();
    parameters.gamma *= 90.0;
    let mut found = vec![0.0; shape.dim()];
    system.right_hand_side(&parameters, &large, &mut found);
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for i in 0..270 {
        for r in 0..2 {
            let error = found[shape.m(r, i)] - expected[of.m(r, i % 3)];
            assert!(error.abs() < 1e-11 * largest, "M_{r}_{i}");
        }
        for j in i..270 {
            let error = found[shape.q(i, j)] - expected[of.q(i % 3, j % 3)];
            assert!(error.abs() < 1e-11 * largest, "Q_{i}_{j}: {error}");
        }
    }
}

#[test]
fn mistakes_are_those_of_the_macro_with_their_place() {
    let of = |text: &str| match text.parse::<DynSystem>() {
        Err(Error::Declaration { mistakes, text: said }) => {
            assert_eq!(said, text);
            mistakes.into_iter().map(|(at, message)| (text[at].to_owned(), message)).collect::<Vec<_>>()
        }
        other => panic!("{text}: {other:?}"),
    };
    for (text, at, message) in [
        (
            "k = 0, p = 8, act = erf",
            "0",
            "`k` is the number of teacher units, a whole number from 1 to 1024; found 0",
        ),
        (
            "k = 4, p = -8, act = erf",
            "-8",
            "`p` is the number of student units, a whole number from 1 to 1024; found `-8`",
        ),
        ("k = 4, p = 8u8, act = erf", "8u8", "write 8 without the suffix `u8`"),
        ("k = 4, p = 8, act = erff", "erff", "unknown activation `erff` (did you mean `erf`?)"),
        ("k = 4, p = 8, act = sign", "sign", "`teacher_act = sign`"),
        ("k = 4, p = 8, act = relu, quadrature = 20", "20", "`relu` is not smooth"),
        ("k = 4, p = 8, act = erf(gain = -1)", "-1", "the gain of `erf` is positive"),
        ("k = 4, p = 8, act = hermite(7)", "7", "a whole number from 1 to 6"),
        ("k = 4, p = 8, act = polynomial([0, 1, x])", "x", "a coefficient is a decimal number"),
        ("k = 4, p = 8, act = erf, gama = 2", "gama", "unknown option `gama`"),
        ("k = 4, p = 8, act = erf, gamma = 2", "gamma", "a number of the problem"),
        ("k = 4, k = 5, p = 8, act = erf", "k", "`k` is given twice"),
        ("k = 4, p = 8, act =", "act", "`act` needs a value"),
        ("k = 4, p : 8, act = erf", ":", "expected `=`: write `p = ...`"),
        ("k = 4 p = 8, act = erf", "p", "expected `,` between options"),
        ("k = 4, p = 8, act = erf, second_layer = traind", "traind", "(did you mean `trained`?)"),
        ("k = 4, p = 8, act = erf, jacobian = yes", "yes", "`jacobian` is `true` or `false`"),
        (
            "k = 4, p = 8, act = tanh",
            "tanh",
            "has no closed form; `quadrature = 20` asks for the numerical one",
        ),
        ("k = 4, act = erf", "k = 4, act = erf", "the system lacks `p`, the number of student units"),
    ] {
        let found = of(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].0, at, "{text}");
        assert!(found[0].1.contains(message), "{text}: {}", found[0].1);
    }
    let all = of("k = 0, p = x, act = erff");
    assert_eq!(all.len(), 3, "{all:?}");
    let message = "k = 4, p = 8, act = erff".parse::<DynSystem>().unwrap_err().to_string();
    assert!(message.ends_with("(at `erff`, column 21)"), "{message}");
    // Nothing that is typed panics.
    for text in [
        "",
        ",",
        "k",
        "k=",
        "(((",
        "k = [",
        "k = 4)",
        "é = 1",
        "k = 4, p = 8, act = hermite(",
        "Name",
        "Name:",
        "k = --4",
    ] {
        assert!(text.parse::<DynSystem>().is_err(), "{text}");
    }
}

#[test]
fn builders_say_the_same() {
    let built =
        DynSystem::builder(2, 3).activation(Activation::Hermite(2)).teacher_activation(Activation::Relu);
    let built = built.trained(true).jacobian(true).build().unwrap();
    let read: DynSystem =
        "k=2,p=3,act=hermite(2),teacher_act=relu,second_layer=trained,jacobian=true,".parse().unwrap();
    assert_eq!(built, read);
    assert_eq!(built.name(), "DynSystem(2, 3, hermite(2), teacher relu, trained)");
    let named: DynSystem = "Committee: k = 1, p = 1, act = erf".parse().unwrap();
    assert_eq!(named.name(), "Committee");
    let error = DynSystem::new(0, 3, Activation::Erf, false).unwrap_err().to_string();
    assert_eq!(error, "k = 0, but it must be between 1 and 1024");
}
