//! Every activation, and pairs of them, through one function, `holds`. A new activation gets a line below.

#[path = "support/closed_forms.rs"]
mod closed_forms;
#[path = "support/differences.rs"]
mod differences;
#[path = "../overlap-engine/tests/support/mod.rs"]
mod expectations;
#[path = "support/random_problem.rs"]
mod random_problem;

use closed_forms::ClosedForms;
use differences::derivative;
use overlap::{
    Activation, Algorithm, Initial, Parameters, Problem, ProblemBuilder, Shape, SimulateOptions, Simulator,
    SolveOptions, System, evaluate, overlap_system, simulate, solve,
};
use overlap_codegen::spec::Specification;
use overlap_engine::activation::Activations;
use overlap_engine::activation::Relu as EngineRelu;
use overlap_engine::expr::Pool;
use random_problem::random_problem;

/// A test of what the options declare, in both forms of the code.
macro_rules! activations {
    ($($test:ident: ($($options:tt)*);)*) => {$(
        #[test]
        fn $test() {
            overlap_system!(Straight: $($options)*, unroll = always);
            overlap_system!(Loops: $($options)*, unroll = never);
            holds(stringify!($($options)*), &Straight, &Loops, 1e-9);
        }
    )*};
}

activations! {
    erf: (k = 1, p = 2, act = erf);
    erf_with_a_gain: (k = 2, p = 2, act = erf(gain = 1.5), second_layer = trained);
    linear: (k = 1, p = 2, act = linear);
    he2: (k = 2, p = 3, act = hermite(2));
    he3: (k = 1, p = 2, act = hermite(3), second_layer = trained);
    polynomial: (k = 2, p = 2, act = polynomial([0.5, -1, 0.25, 0.1]));
    relu: (k = 2, p = 2, act = relu, second_layer = trained);
    erf_student_of_sign: (k = 2, p = 3, act = erf, teacher_act = sign);
    erf_student_of_linear: (k = 1, p = 2, act = erf, teacher_act = linear);
    erf_student_of_he3: (k = 2, p = 2, act = erf, teacher_act = hermite(3), second_layer = trained);
    erf_student_of_a_gain: (k = 1, p = 1, act = erf, teacher_act = erf(gain = 1.5));
    erf_student_of_relu: (k = 2, p = 2, act = erf, teacher_act = relu);
    he2_student_of_linear: (k = 1, p = 1, act = hermite(2), teacher_act = linear);
    he2_student_of_erf: (k = 1, p = 1, act = hermite(2), teacher_act = erf);
    he2_student_of_sign: (k = 1, p = 2, act = hermite(2), teacher_act = sign);
    he2_student_of_relu: (k = 2, p = 2, act = hermite(2), teacher_act = relu);
    he2_student_of_a_polynomial: (k = 2, p = 2, act = hermite(2), teacher_act = polynomial([0, 1, 1]));
    he3_student_of_he2: (k = 1, p = 1, act = hermite(3), teacher_act = hermite(2));
    polynomial_student_of_a_gain:
        (k = 1, p = 1, act = polynomial([0.5, -1, 0.25, 0.1]), teacher_act = erf(gain = 1.5));
    relu_student_of_linear: (k = 1, p = 2, act = relu, teacher_act = linear);
}

/// Without closed forms there is one form of the code; and both where there are. 40 nodes leave 1e-10 of erf; 6 are
/// exact for what He2 needs. All fields on one grid, and (k + p > 4) by parts.
#[test]
fn quadrature() {
    overlap_system!(Tanh: k = 1, p = 2, act = tanh, second_layer = trained, quadrature = 24);
    holds("k = 1, p = 2, act = tanh, quadrature = 24", &Tanh, &Tanh, 1e-4);
    overlap_system!(TanhOfErf: k = 2, p = 3, act = tanh, teacher_act = erf, quadrature = 10);
    holds("k = 2, p = 3, act = tanh, teacher_act = erf, quadrature = 10", &TanhOfErf, &TanhOfErf, 5e-2);
    overlap_system!(NumericalErf: k = 1, p = 2, act = erf, second_layer = trained, quadrature = 40);
    overlap_system!(ClosedErf: k = 1, p = 2, act = erf, second_layer = trained);
    forms_agree(&NumericalErf, &ClosedErf, 1e-9);
    overlap_system!(NumericalSquare: k = 2, p = 3, act = hermite(2), quadrature = 6);
    overlap_system!(Square: k = 2, p = 3, act = hermite(2));
    forms_agree(&NumericalSquare, &Square, 1e-12);
}

/// All that an activation is asked for: σ' is the slope of σ, the derived expectations are those of quadrature, both
/// forms of the generated code say the same, without noise it descends the risk, as do weights, and its solution is the
/// mean of SGD.
/// `truncation` is what quadrature with few nodes leaves between the flow and the slope of the risk.
fn holds(declaration: &str, system: &dyn System, other_form: &dyn System, truncation: f64) {
    slopes_are_derivatives(system.activation());
    slopes_are_derivatives(system.teacher_activation());
    closed_forms_agree_with_quadrature(declaration, system);
    forms_agree(system, other_form, 1e-13);
    the_flow_descends_the_risk(system, truncation);
    the_descent_tends_to_the_flow(system, truncation);
    the_ode_lies_on_the_mean_of_sgd(system);
}

fn slopes_are_derivatives(activation: Activation) {
    for x in [-2.3, -1.0, -0.4, 0.3, 0.9, 1.7] {
        let (slope, _) = derivative(|h| vec![activation.value(x + h)]);
        let deviation = (activation.derivative(x) - slope[0]).abs();
        assert!(deviation <= 1e-11 * (1.0 + slope[0].abs()), "σ' of {activation} at {x}: {deviation:e}");
    }
}

/// I2, J2, I3 and I4 of every pattern of equal nodes on 20 random covariances.
fn closed_forms_agree_with_quadrature(declaration: &str, system: &dyn System) {
    let specification: Specification = syn::parse_str(declaration).expect("a declaration");
    let engine = specification.activations();
    if engine.student.terms(&mut Pool::new()).is_none() {
        // It claims none.
        return;
    }
    let worst = ClosedForms::new(engine, system.activation(), system.teacher_activation()).deviations();
    println!(
        "{declaration}: I2 {:.1e}, J2 {:.1e}, I3 {:.1e}, I4 {:.1e}",
        worst[0], worst[1], worst[2], worst[3]
    );
    assert!(worst.iter().all(|error| *error <= 1e-12), "{declaration}: {worst:?}");
}

/// One set of expressions, two ways of emitting them: the same numbers up to rounding, relative to the largest entry.
fn forms_agree(x: &dyn System, y: &dyn System, bound: f64) {
    let name = x.name();
    for seed in 0..20 {
        let problem = problem(x.shape(), seed, 0.7);
        let (x, y) = (evaluate(x, &problem).expect("finite"), evaluate(y, &problem).expect("finite"));
        for (block, x, y) in [
            ("dM", x.d_m.as_slice(), y.d_m.as_slice()),
            ("dQ", x.d_q.as_slice(), y.d_q.as_slice()),
            ("da", x.d_a.as_slice(), y.d_a.as_slice()),
            ("risk", &[x.risk], &[y.risk]),
        ] {
            let size = x.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
            for (x, y) in x.iter().zip(y) {
                assert!((x - y).abs() <= bound * size, "{name} {block}: {x} and {y}");
            }
        }
    }
}

/// For infinite batches dw_i = -γ d ∂R/∂w_i and da_i = -γ_a ∂R/∂a_i, with the risk's slopes by differences.
fn the_flow_descends_the_risk(system: &dyn System, bound: f64) {
    let shape = system.shape();
    let (k, p) = (shape.k, shape.p);
    let (q_of, a_of) = (k * p, shape.dim() - if shape.trained { p } else { 0 });
    let place = |i: usize, j: usize| {
        let (i, j) = (i.min(j), i.max(j));
        q_of + i * p - i * (i + 1) / 2 + j
    };
    for seed in 1..=3 {
        let problem = random_problem(shape, seed, 0.6);
        let mut parameters = Parameters::new(system, &problem).expect("they fit");
        parameters.batch = 1e300;
        let state = problem.initial_state(shape.trained);
        let slopes: Vec<f64> = (0..shape.dim())
            .map(|entry| {
                let risk = |h: f64| {
                    let mut state = state.clone();
                    state[entry] += h;
                    vec![system.risk(&parameters, &state)]
                };
                derivative(risk).0[0]
            })
            .collect();
        let mut found = vec![0.0; shape.dim()];
        system.right_hand_side(&parameters, &state, &mut found);
        let m = |r: usize, i: usize| state[r * p + i];
        // The derivative of w_i · w for the weights w of a node whose overlaps with teachers and students are given.
        let moved = |i: usize, with_teacher: &dyn Fn(usize) -> f64, with_student: &dyn Fn(usize) -> f64| {
            let teachers: f64 = (0..k).map(|r| slopes[r * p + i] * with_teacher(r)).sum();
            let students: f64 =
                (0..p).map(|l| if l == i { 2.0 } else { 1.0 } * slopes[place(i, l)] * with_student(l)).sum();
            -parameters.gamma * (teachers + students)
        };
        let mut expected = vec![0.0; shape.dim()];
        for i in 0..p {
            for r in 0..k {
                expected[r * p + i] = moved(i, &|s| parameters.teacher_overlaps[s * k + r], &|l| m(r, l));
            }
            for j in i..p {
                let one = |i: usize, j: usize| moved(i, &|s| m(s, j), &|l| state[place(l, j)]);
                expected[place(i, j)] = one(i, j) + one(j, i);
            }
            if shape.trained {
                expected[a_of + i] = -parameters.gamma_a * slopes[a_of + i];
            }
        }
        let size = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        for ((found, expected), name) in found.iter().zip(&expected).zip(shape.names()) {
            let deviation = (found - expected).abs() / size;
            assert!(deviation <= bound, "{} d{name}: {found}, but the slope is {expected}", system.name());
        }
    }
}

/// Descent on the population risk, with steps 1/d of time, is off the solution for infinite batches by O(1/d).
fn the_descent_tends_to_the_flow(system: &dyn System, truncation: f64) {
    let shape = system.shape();
    let problem = problem(shape, 3, rate(system));
    let whole = builder(shape, 3, rate(system)).batch(usize::MAX).build().expect("a valid problem");
    let times = [1.0];
    let flow = solve(system, &whole, &times, &SolveOptions::default()).expect("it ends");
    let error = |d: usize| {
        let options = SimulateOptions::default()
            .algorithm(Algorithm::Population)
            .simulator(Simulator::Reduced)
            .dimension(d);
        let descent = simulate(system, &problem, &times, &options).expect("it ends");
        let pairs =
            descent.mean(0).expect("a row").as_slice().iter().zip(flow.state(0).expect("a row").as_slice());
        pairs.fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()))
    };
    let (near, far) = (error(300), error(3000));
    let ratio = (near - 10.0 * far).abs();
    assert!(near < 0.01 && ratio < 0.1 * near + truncation, "{}: {near:e}, {far:e}", system.name());
}

/// γ: slow where σ grows fast.
fn rate(system: &dyn System) -> f64 {
    if matches!(system.activation(), Activation::Hermite(3)) { 0.02 } else { 0.2 }
}

/// Means of 60 runs at d = 1000 within 4 standard errors, plus the bias of order 1/d, of the ODE, at three times. Of some
/// 430 comparisons in all, 0.08 are expected beyond 4 standard errors by chance alone (t distribution with 59 degrees of
/// freedom: 1.8e-4 each), most of them hidden by the allowance for the bias.
fn the_ode_lies_on_the_mean_of_sgd(system: &dyn System) {
    const D: usize = 1000;
    const RUNS: usize = 60;
    let times = [0.25, 0.5, 1.0];
    let shape = system.shape();
    let problem = problem(shape, 3, rate(system));
    let ode = solve(system, &problem, &times, &SolveOptions::default()).expect("it ends");
    // With all d weights, the simulation that knows no expectation and no basis.
    let direct = SimulateOptions::default().simulator(Simulator::Direct);
    let options = direct.replicas(RUNS).seed(11).dimension(D);
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

/// A problem with a state away from every symmetry.
fn problem(shape: Shape, seed: u64, rate: f64) -> Problem {
    builder(shape, seed, rate).build().expect("a valid problem")
}

fn builder(shape: Shape, seed: u64, rate: f64) -> ProblemBuilder {
    let a_star: Vec<f64> = (0..shape.k).map(|r| 1.0 - 0.3 * r as f64).collect();
    let a: Vec<f64> = (0..shape.p).map(|i| 0.7 + 0.2 * i as f64).collect();
    Problem::builder(shape.k, shape.p)
        .learning_rate(rate)
        .noise(0.05)
        .a_star(a_star)
        .a(a)
        .initial(Initial::Drawn { dimension: 60, seed, variance: 0.5 })
}

/// The test values of the four-by-four covariance in the notes on activations, from quadrature with 128 nodes.
#[test]
fn relu_values() {
    let mut forms = ClosedForms::new(Activations::same(&EngineRelu), Activation::Relu, Activation::Relu);
    let omega =
        [[1.0, 0.3, -0.2, 0.1], [0.3, 0.8, 0.25, 0.4], [-0.2, 0.25, 0.6, 0.15], [0.1, 0.4, 0.15, 1.2]];
    let [_, i3] = forms.forces(0, 1, 2);
    for (expr, known) in [
        (forms.two_point(0, 1), 0.225_437_575_191),
        (forms.forces(0, 0, 1)[0], 0.304_437_454_758),
        (i3, 0.087_839_072_890),
        (forms.four_point([0, 0, 1, 2]), 0.096_076_418_692),
        (forms.four_point([0, 1, 2, 3]), 0.068_028_230_830),
    ] {
        let value = forms.value(expr, &omega);
        assert!((value - known).abs() < 2e-12, "{value}, not {known}");
    }
}

#[test]
fn declared_systems_know_their_activations() {
    overlap_system!(Gain: k = 1, p = 1, act = erf(gain = 2));
    assert_eq!(Gain.activation(), Activation::ErfGain(2.0));
    overlap_system!(Perceptrons: k = 1, p = 1, act = erf, teacher_act = sign);
    let both = (Perceptrons.activation(), Perceptrons.teacher_activation());
    assert_eq!(both, (Activation::Erf, Activation::Sign));
    overlap_system!(Mixture: k = 1, p = 1, act = polynomial([0.5, -1, 0.25, 0.1]));
    assert_eq!(Mixture.activation().name(), "polynomial([0.5, -1, 0.25, 0.1])");
}
