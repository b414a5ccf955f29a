//! Every activation from declaration to SGD: the loop form and the straight-line form of the generated code agree, and
//! the solved overlaps lie on the means of simulated runs.

use overlap::{
    Activation, Initial, Problem, Shape, SimulateOptions, SolveOptions, System, evaluate, overlap_system,
    simulate, solve,
};

macro_rules! both_forms {
    ($($name:ident, $loops:ident, ($($options:tt)*);)*) => {
        $(
            overlap_system!($name: $($options)*, unroll = always);
            overlap_system!($loops: $($options)*, unroll = never);
        )*
        fn every_system() -> Vec<(&'static dyn System, &'static dyn System)> {
            vec![$((&$name, &$loops)),*]
        }
    };
}

both_forms! {
    Linear, LinearLoops, (k = 1, p = 2, act = linear);
    Square, SquareLoops, (k = 2, p = 3, act = hermite(2));
    Cube, CubeLoops, (k = 1, p = 2, act = hermite(3), second_layer = trained);
    Mixture, MixtureLoops, (k = 2, p = 2, act = polynomial([0.5, -1, 0.25, 0.1]));
    Gain, GainLoops, (k = 2, p = 2, act = erf(gain = 2), second_layer = trained);
    Relu, ReluLoops, (k = 2, p = 2, act = relu, second_layer = trained);
    Perceptrons, PerceptronsLoops, (k = 2, p = 3, act = erf, teacher_act = sign);
    SquareOfErf, SquareOfErfLoops, (k = 2, p = 2, act = hermite(2), teacher_act = polynomial([0, 1, 1]));
    ErfOfCube, ErfOfCubeLoops, (k = 2, p = 2, act = erf, teacher_act = hermite(3), second_layer = trained);
    ReluOfErf, ReluOfErfLoops, (k = 1, p = 2, act = relu, teacher_act = linear);
    ErfOfRelu, ErfOfReluLoops, (k = 2, p = 2, act = erf, teacher_act = relu);
}

// By quadrature: all fields on one grid, and by parts.
overlap_system!(Tanh: k = 1, p = 2, act = tanh, second_layer = trained, quadrature = 24);
overlap_system!(TanhParts: k = 2, p = 3, act = tanh, teacher_act = erf, quadrature = 10);
overlap_system!(NumericalErf: k = 1, p = 2, act = erf, second_layer = trained, quadrature = 40);
overlap_system!(ClosedErf: k = 1, p = 2, act = erf, second_layer = trained);
overlap_system!(NumericalSquare: k = 2, p = 3, act = hermite(2), quadrature = 6);

/// A problem with a state away from every symmetry.
fn problem(shape: Shape, seed: u64, rate: f64) -> Problem {
    let a_star: Vec<f64> = (0..shape.k).map(|r| 1.0 - 0.3 * r as f64).collect();
    let a: Vec<f64> = (0..shape.p).map(|i| 0.7 + 0.2 * i as f64).collect();
    let drawn = Problem::builder(shape.k, shape.p)
        .initial(Initial::Drawn { dimension: 60, seed, variance: 0.5 })
        .build()
        .expect("a valid problem");
    Problem::builder(shape.k, shape.p)
        .learning_rate(rate)
        .noise(0.05)
        .a_star(a_star)
        .a(a)
        .initial(Initial::Given { m: drawn.m().clone(), q: drawn.q().clone() })
        .build()
        .expect("a valid problem")
}

/// One set of expressions, two ways of emitting them, and quadrature as a third: the same numbers up to rounding (or what
/// the quadrature leaves), relative to the largest entry.
#[test]
fn loops_and_straight_lines_agree() {
    // 40 nodes leave 1e-10 of erf; 6 nodes are exact for what He2 needs.
    let systems = every_system().into_iter().map(|(x, y)| (x, y, 1e-13));
    let numerical: [(&dyn System, &dyn System, f64); 2] =
        [(&NumericalErf, &ClosedErf, 1e-9), (&NumericalSquare, &Square, 1e-12)];
    for (straight, loops, bound) in systems.chain(numerical) {
        let shape = straight.shape();
        for seed in 0..20 {
            let problem = problem(shape, seed, 0.7);
            let (x, y) =
                (evaluate(straight, &problem).expect("finite"), evaluate(loops, &problem).expect("finite"));
            for (name, x, y) in [
                ("dM", x.d_m.as_slice(), y.d_m.as_slice()),
                ("dQ", x.d_q.as_slice(), y.d_q.as_slice()),
                ("da", x.d_a.as_slice(), y.d_a.as_slice()),
                ("risk", &[x.risk], &[y.risk]),
            ] {
                let size = x.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
                for (x, y) in x.iter().zip(y) {
                    assert!((x - y).abs() <= bound * size, "{} {name}: {x} and {y}", straight.name());
                }
            }
        }
    }
}

/// Means of 60 runs at d = 1000 within 4 standard errors, plus the bias of order 1/d, of the ODE, at three times. Of some
/// 300 comparisons, 0.06 are expected beyond 4 standard errors by chance alone (t distribution with 59 degrees of
/// freedom: 1.8e-4 each), most of them hidden by the allowance for the bias.
#[test]
fn the_ode_lies_on_the_mean_of_sgd() {
    const D: usize = 1000;
    const RUNS: usize = 60;
    let times = [0.25, 0.5, 1.0];
    let systems = every_system().into_iter().map(|(system, _)| system);
    for system in systems.chain([&Tanh as &dyn System, &TanhParts]) {
        let shape = system.shape();
        let rate = if matches!(system.activation(), Activation::Hermite(3)) { 0.02 } else { 0.2 };
        let problem = problem(shape, 3, rate);
        let ode = solve(system, &problem, &times, &SolveOptions::default()).expect("it ends");
        let options = SimulateOptions::default().replicas(RUNS).seed(11).dimension(D);
        let sgd = simulate(system, &problem, &times, &options).expect("it ends");
        for (row, t) in times.iter().enumerate() {
            for index in 0..shape.dim() {
                let truth = ode.state(row).expect("a row").as_slice()[index];
                let mean = sgd.mean(row).expect("a row").as_slice()[index];
                let error = sgd.standard_error(row).expect("a row").as_slice()[index];
                let bias = 2.0 * truth.abs().max(1.0) / D as f64;
                assert!(
                    (mean - truth).abs() <= 4.0 * error + bias,
                    "{} at t = {t}, {}: SGD {mean} ± {error}, ODE {truth}",
                    system.name(),
                    shape.names()[index]
                );
            }
        }
    }
}

#[test]
fn declared_systems_know_their_activations() {
    assert_eq!(Gain.activation(), Activation::ErfGain(2.0));
    assert_eq!(Square.activation(), Activation::Hermite(2));
    assert_eq!(
        (Perceptrons.activation(), Perceptrons.teacher_activation()),
        (Activation::Erf, Activation::Sign)
    );
    assert_eq!(Mixture.activation().name(), "polynomial([0.5, -1, 0.25, 0.1])");
}
