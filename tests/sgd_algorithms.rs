//! The other algorithms beside one-pass SGD: descent on the population risk, SGD on a training set; and single precision.

#[path = "support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;
#[path = "support/trained_committee.rs"]
mod trained_committee;

use nalgebra::DMatrix;
use overlap::{
    Activation, Algorithm, Ensemble, Error, Initial, Parameters, Precision, Problem, ProblemBuilder,
    Schedule, Shape, SimulateOptions, Simulator, SolveOptions, System, simulate, solve,
};
use textbook::Textbook;
use trained_committee::trained_committee;

overlap::overlap_system!(Gains: k = 2, p = 3, act = erf(gain = 2), teacher_act = sign, second_layer = trained);
overlap::overlap_system!(Rectified: k = 1, p = 1, act = relu);

/// A system of a user's own, with nothing beyond what it has to have.
struct Own;

impl System for Own {
    fn name(&self) -> &str {
        "Own"
    }
    fn shape(&self) -> Shape {
        Rectified.shape()
    }
    fn activation(&self) -> Activation {
        Rectified.activation()
    }
    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        Rectified.right_hand_side(parameters, state, derivative);
    }
    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        Rectified.risk(parameters, state)
    }
    fn equations(&self) -> &str {
        ""
    }
    fn equations_latex(&self) -> &str {
        ""
    }
}

fn builder() -> ProblemBuilder {
    trained_committee().a([1.0, -0.7, 0.5])
}

fn population() -> SimulateOptions {
    SimulateOptions::default().algorithm(Algorithm::Population)
}

fn largest_difference(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max)
}

/// A step is w_i -= γ ∂R/∂w_i, a_i -= (γ_a/d) ∂R/∂a_i, with gradients by central differences of the system's risk as a
/// function of weights that have the problem's overlaps (error 1e-9 of their size), and the same with units of another gain
/// and teachers of another activation.
#[test]
fn a_step_of_the_descent_is_the_gradient_of_the_risk() {
    check_step(&Textbook::new(2, 3, true));
    check_step(&Gains);
}

fn check_step(system: &dyn System) {
    let (k, p, d) = (2, 3, 7);
    let rate = Schedule::Piecewise(vec![(0.0, 0.5)]);
    let correlated = DMatrix::from_row_slice(2, 2, &[1.0, 0.3, 0.3, 0.8]);
    let problem = builder().teacher_overlaps(correlated).learning_rate_schedule(rate).build().expect("valid");
    let parameters = Parameters::new(system, &problem).unwrap();
    // Any weights with the overlaps: Cholesky's root.
    let mut omega = DMatrix::zeros(5, 5);
    omega.view_mut((0, 0), (2, 2)).copy_from(problem.teacher_overlaps());
    omega.view_mut((0, 2), (2, 3)).copy_from(problem.m());
    omega.view_mut((2, 0), (3, 2)).copy_from(&problem.m().transpose());
    omega.view_mut((2, 2), (3, 3)).copy_from(problem.q());
    let root = omega.cholesky().unwrap().l() * (d as f64).sqrt();
    let state = |weights: &DMatrix<f64>, a: &[f64]| {
        let overlaps = weights * weights.transpose() / d as f64;
        let shape = system.shape();
        let mut state = vec![0.0; shape.dim()];
        for i in 0..p {
            (0..k).for_each(|r| state[shape.m(r, i)] = overlaps[(r, k + i)]);
            (i..p).for_each(|j| state[shape.q(i, j)] = overlaps[(k + i, k + j)]);
            state[shape.a(i)] = a[i];
        }
        state
    };
    let a = [1.0, -0.7, 0.5];
    let risk = |weights: &DMatrix<f64>, a: &[f64]| system.risk(&parameters, &state(weights, a));
    let (mut moved, mut moved_a, h) = (root.clone(), a, 1e-4);
    for i in 0..p {
        for c in 0..5 {
            let at = |x: f64| {
                let mut weights = root.clone();
                weights[(k + i, c)] += x;
                risk(&weights, &a)
            };
            moved[(k + i, c)] -= 0.5 * 4.0 * (at(h) - at(-h)) / (2.0 * h);
        }
        let at = |x: f64| {
            let mut a = a;
            a[i] += x;
            risk(&root, &a)
        };
        moved_a[i] -= 0.5 * 1.5 / d as f64 * (at(h) - at(-h)) / (2.0 * h);
    }
    let truth = state(&moved, &moved_a);
    assert!(largest_difference(&truth, &state(&root, &a)) > 0.01);
    for simulator in [Simulator::Direct, Simulator::Reduced] {
        let options = population().simulator(simulator).dimension(d);
        let found = simulate(system, &problem, &[1.0 / d as f64], &options).unwrap();
        let difference = largest_difference(found.mean(0).unwrap().as_slice(), &truth);
        assert!(difference < 1e-8, "{simulator:?}: {difference:e}");
    }
}

/// With step 1/d of time it follows the gradient flow (the ODE with b → ∞) with an error of 1/d: ten times d, a tenth of
/// the error, to 10 %. In d dimensions and in those the weights span it is the same descent.
#[test]
fn the_descent_tends_to_the_gradient_flow() {
    let system = Textbook::new(2, 3, true);
    let decay = Schedule::PowerLaw { time: 2.0, exponent: 0.5 };
    let problem = builder().learning_rate_schedule(decay.clone()).build().unwrap();
    let flow = builder().learning_rate_schedule(decay).batch(usize::MAX).build().unwrap();
    let times = [1.0, 4.0];
    let flow = solve(&system, &flow, &times, &SolveOptions::default()).unwrap();
    let error = |d: usize, simulator: Simulator| {
        let options = population().simulator(simulator).dimension(d);
        let descent = simulate(&system, &problem, &times, &options).unwrap();
        let difference = |row| {
            largest_difference(descent.mean(row).unwrap().as_slice(), flow.state(row).unwrap().as_slice())
        };
        difference(0).max(difference(1))
    };
    let errors = [100, 1000, 10_000].map(|d| error(d, Simulator::Reduced));
    assert!(errors[0] < 0.1 && errors[0] > 1e-3, "{errors:?}");
    for pair in errors.windows(2) {
        assert!((pair[0] / pair[1] - 10.0).abs() < 1.0, "{errors:?}");
    }
    assert!((error(100, Simulator::Direct) - errors[0]).abs() < 1e-12);
}

fn training(samples: usize) -> SimulateOptions {
    SimulateOptions::default().algorithm(Algorithm::MultiPass { samples })
}

/// Kolmogorov and Smirnov's two-sample statistic times √(n/2); beyond 3 with probability 3e-8 for the same law.
fn distance(mut x: Vec<f64>, mut y: Vec<f64>) -> f64 {
    x.sort_by(f64::total_cmp);
    y.sort_by(f64::total_cmp);
    let (n, mut i, mut largest) = (x.len(), 0, 0.0_f64);
    for (j, y) in y.iter().enumerate() {
        while i < n && x[i] <= *y {
            i += 1;
        }
        largest = largest.max((i as f64 - j as f64).abs().max((i as f64 - (j + 1) as f64).abs()));
    }
    (largest - 1.0) / n as f64 * (n as f64 / 2.0).sqrt()
}

/// The risk and some overlaps of every replica at the last time.
fn sample(ensemble: &Ensemble) -> Vec<Vec<f64>> {
    let rows = (0..ensemble.replicas()).map(|replica| {
        let trajectory = ensemble.replica(replica).unwrap();
        let last = trajectory.len() - 1;
        let state = trajectory.state(last).unwrap();
        [trajectory.risk()[last], state.m(0, 0), state.m(1, 2), state.q(0, 0), state.q(1, 2), state.a(1)]
    });
    let rows: Vec<_> = rows.collect();
    (0..6).map(|entry| rows.iter().map(|row| row[entry]).collect()).collect()
}

fn farthest(one: &Ensemble, other: &Ensemble) -> f64 {
    let pairs = sample(one).into_iter().zip(sample(other));
    pairs.map(|(one, other)| distance(one, other)).fold(0.0, f64::max)
}

/// More samples than are seen: one-pass SGD in law, with single samples and batches, in double and in single precision.
/// Few samples: another law. 4000 replicas, 6 x 5 comparisons, false-alarm rate 1e-6.
#[test]
fn the_first_pass_has_the_law_of_one_pass_sgd() {
    let system = Textbook::new(2, 3, true);
    let d = 20;
    for (batch, seed) in [(1, 0), (3, 10)] {
        let problem = builder().batch(batch).build().unwrap();
        let run = |options: SimulateOptions, seed| {
            let options = options.dimension(d).replicas(4000).keep_replicas(true).seed(seed);
            simulate(&system, &problem, &[3.0], &options).unwrap()
        };
        let fresh = run(SimulateOptions::default().simulator(Simulator::Direct), seed);
        let many = run(training(3 * d * batch), seed + 1);
        let single = run(SimulateOptions::default().precision(Precision::Single), seed + 2);
        let many_single = run(training(3 * d * batch).precision(Precision::Single), seed + 3);
        let few = run(training(10 * batch), seed + 4);
        let distances = [&many, &single, &many_single, &few].map(|other| farthest(&fresh, other));
        println!("b = {batch}: {distances:?}");
        assert!(distances[..3].iter().all(|&distance| distance < 3.0), "b = {batch}: {distances:?}");
        assert!(distances[3] > 3.0, "b = {batch}: {distances:?}");
    }
}

/// On few samples the training error falls far below the generalisation risk: it learns the noise by heart. On many it
/// does not; before the first step both are the same in the mean, to 4 standard errors (the seed is fixed).
#[test]
fn few_samples_are_learnt_by_heart() {
    let system = Textbook::new(1, 2, false);
    let initial = Initial::Given { m: DMatrix::repeat(1, 2, 0.1), q: DMatrix::identity(2, 2) };
    let problem = Problem::builder(1, 2).noise(0.5).initial(initial).build().unwrap();
    let run = |samples| {
        let options = training(samples).dimension(50).replicas(20);
        let ensemble = simulate(&system, &problem, &[0.0, 100.0], &options).unwrap();
        let (error, sem) =
            (ensemble.training_error().unwrap(), ensemble.training_error_standard_error().unwrap());
        assert!((error[0] - ensemble.risk()[0]).abs() < 4.0 * sem[0], "{error:?} {:?}", ensemble.risk());
        (error[1], ensemble.risk()[1])
    };
    let (error, risk) = run(30);
    assert!(error < 0.2 * risk, "30 samples: {error} on them, risk {risk}");
    let (error, risk) = run(5000);
    assert!((error / risk - 1.0).abs() < 0.05, "5000 samples: {error} on them, risk {risk}");
    let fresh = simulate(&system, &problem, &[1.0], &SimulateOptions::default()).unwrap();
    assert_eq!(fresh.training_error(), None);
}

/// Passes take every sample once: with batches of all samples every step is gradient descent on the training error,
/// whatever the order, and the training error falls at every small step.
#[test]
fn a_batch_of_everything_is_gradient_descent_on_the_training_error() {
    let system = Textbook::new(2, 3, true);
    let problem = builder().learning_rate(0.5).batch(40).build().unwrap();
    let times: Vec<f64> = (0..50).map(|step| f64::from(step) / 20.0).collect();
    let ensemble = simulate(&system, &problem, &times, &training(40).dimension(20)).unwrap();
    let error = ensemble.training_error().unwrap();
    assert!(error.windows(2).all(|pair| pair[1] < pair[0]), "{error:?}");
    // Two samples fewer than two batches: a batch reaches into the next pass.
    let uneven = simulate(&system, &problem, &times, &training(78).dimension(20)).unwrap();
    assert!(uneven.training_error().unwrap()[49] < error[0]);
}

/// Single precision follows double precision's law at its own distance: rounding of 6e-8 a step is far below 1/√d.
#[test]
fn single_precision_lies_on_the_ode() {
    let system = Textbook::new(2, 3, false);
    let m = DMatrix::from_row_slice(2, 3, &[0.3, 0.1, -0.2, 0.0, 0.4, 0.1]);
    let initial = Initial::Given { m: m.clone(), q: m.tr_mul(&m) + DMatrix::identity(3, 3) * 0.5 };
    let problem = Problem::builder(2, 3).learning_rate(3.0).noise(0.05).initial(initial).build().unwrap();
    let times = [1.0, 4.0];
    let ode = solve(&system, &problem, &times, &SolveOptions::default()).unwrap();
    let options = SimulateOptions::default().precision(Precision::Single).dimension(500).replicas(200);
    let sgd = simulate(&system, &problem, &times, &options).unwrap();
    let comparison = overlap::Comparison::new(&ode, &sgd).unwrap();
    assert_eq!(comparison.verdict(), overlap::Verdict::Agree, "{comparison}");
}

#[test]
fn what_does_not_go_together_is_named() {
    let system = Textbook::new(2, 3, true);
    let reduced = Simulator::Reduced;
    let plain = || builder().batch(4);
    let falling = Schedule::PowerLaw { time: 1.0, exponent: 1.0 };
    let cases: Vec<(&str, ProblemBuilder, SimulateOptions)> = vec![
        ("simulator = reduced", plain(), training(100).simulator(reduced)),
        ("samples = 3", plain(), training(3)),
        ("samples = 18446744073709551615", plain(), training(usize::MAX)),
        ("noise_schedule", plain().noise_schedule(falling), training(100)),
        ("replicas = 2", plain(), population().replicas(2)),
        ("precision = single", plain(), population().precision(Precision::Single)),
        (
            "precision = single",
            plain(),
            SimulateOptions::default().precision(Precision::Single).simulator(reduced),
        ),
        ("dimension = 4", plain(), population().dimension(4)),
        ("quantile = 1.5", plain(), SimulateOptions::default().quantiles([0.5, 1.5])),
        ("quantile = NaN", plain(), SimulateOptions::default().quantiles([f64::NAN])),
    ];
    for (beginning, builder, options) in cases {
        let error = simulate(&system, &builder.build().unwrap(), &[1.0], &options).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        assert!(error.to_string().starts_with(beginning), "{beginning}: {error}");
    }
    let problem = Problem::builder(1, 1).build().unwrap();
    let error = simulate(&Own, &problem, &[1.0], &population()).unwrap_err();
    assert!(error.to_string().starts_with("activation = relu, but it must be one whose"), "{error}");
}
