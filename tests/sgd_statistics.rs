//! The law of simulated SGD against the ODE, the one-step drift and independent reference ensembles.

#[path = "support/textbook.rs"]
#[allow(unreachable_pub)]
mod textbook;

use nalgebra::DMatrix;
use overlap::{Ensemble, Initial, Parameters, Problem, SimulateOptions, Simulator, System, simulate};
use textbook::Textbook;

/// The state at `times`, by the classical Runge-Kutta method with steps of at most 0.02: error below 1e-8 here.
fn solution(system: &Textbook, problem: &Problem, start: &[f64], times: &[f64]) -> Vec<Vec<f64>> {
    let parameters = Parameters::new(system, problem).unwrap();
    let slope = |state: &[f64]| {
        let mut derivative = vec![0.0; state.len()];
        system.right_hand_side(&parameters, state, &mut derivative);
        derivative
    };
    let moved = |state: &[f64], slope: &[f64], h: f64| -> Vec<f64> {
        state.iter().zip(slope).map(|(value, slope)| value + h * slope).collect()
    };
    let (mut state, mut now, mut states) = (start.to_vec(), 0.0, Vec::new());
    for &time in times {
        let count = ((time - now) / 0.02_f64).ceil();
        let h = (time - now) / count.max(1.0);
        for _ in 0..count as usize {
            let k1 = slope(&state);
            let k2 = slope(&moved(&state, &k1, h / 2.0));
            let k3 = slope(&moved(&state, &k2, h / 2.0));
            let k4 = slope(&moved(&state, &k3, h));
            for (i, value) in state.iter_mut().enumerate() {
                *value += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
            }
        }
        now = time;
        states.push(state.clone());
    }
    states
}

/// k = 2, p = 3 with order-one overlaps everywhere: nothing is hidden by a symmetry.
fn problem(
    configure: impl Fn(overlap_runtime::ProblemBuilder) -> overlap_runtime::ProblemBuilder,
) -> Problem {
    let m = DMatrix::from_row_slice(2, 3, &[0.3, 0.1, -0.2, 0.0, 0.4, 0.1]);
    let q = DMatrix::from_row_slice(3, 3, &[0.8, 0.1, 0.0, 0.1, 0.6, 0.05, 0.0, 0.05, 0.7]);
    configure(Problem::builder(2, 3).initial(Initial::Given { m, q })).build().unwrap()
}

fn start(system: &Textbook, problem: &Problem) -> Vec<f64> {
    let at_start = simulate(system, problem, &[0.0], &SimulateOptions::default()).unwrap();
    at_start.mean(0).unwrap().as_slice().to_vec()
}

fn mean(ensemble: &Ensemble, row: usize) -> &[f64] {
    ensemble.mean(row).unwrap().as_slice()
}

/// One step from exact initial overlaps: the mean change is (right-hand side) / d, up to O(1/d²).
///
/// Every part of the right-hand side is seen: γ = 6 makes its γ² term as large as the gradient flow, and leaving out
/// γ², Δ, the batch size, the correlation of the teachers or the second layer moves some entry by more than 13
/// standard errors (measured); as it is, none is off by 2. 30 comparisons at 5: false-alarm rate below 2e-5.
#[test]
fn mean_of_one_step_is_the_drift() {
    let system = Textbook::new(2, 3, true);
    let correlated = DMatrix::from_row_slice(2, 2, &[1.0, 0.3, 0.3, 0.8]);
    for (seed, batch) in [(1, 1), (2, 3)] {
        let problem = problem(|builder| {
            let builder =
                builder.teacher_overlaps(correlated.clone()).a_star([1.0, -0.7]).a([0.8, -1.1, 0.6]);
            builder.learning_rate(6.0).second_layer_rate(2.0).noise(0.3).batch(batch)
        });
        let parameters = Parameters::new(&system, &problem).unwrap();
        let start = start(&system, &problem);
        let mut drift = vec![0.0; start.len()];
        system.right_hand_side(&parameters, &start, &mut drift);

        let d = 200;
        let options = SimulateOptions::default().dimension(d).replicas(8000).seed(seed);
        let ensemble = simulate(&system, &problem, &[1.0 / d as f64], &options).unwrap();
        assert_eq!(ensemble.steps(), [1]);
        let errors = ensemble.standard_error(0).unwrap();
        for (entry, name) in system.shape().names().iter().enumerate() {
            let change = mean(&ensemble, 0)[entry] - start[entry];
            let z = (change - drift[entry] / d as f64) / errors.as_slice()[entry];
            assert!(z.abs() < 5.0, "batch {batch}, {name}: {z} standard errors");
        }
    }
}

/// Mean overlaps at d = 100, 300, 1000 lie on the ODE within 4 standard errors plus its O(1/d) bias, and the
/// fluctuations shrink as d^(-1/2).
///
/// The bias, measured with 8000 replicas at d = 50 and 4000 at d = 100, is at most (0.19 ± 0.03)/d; 0.25/d is allowed.
/// 48 correlated comparisons for each d: false-alarm rate of the means below 1 %, of the slope (3 standard errors of a
/// weighted fit) 0.3 %.
#[test]
fn sgd_concentrates_on_the_ode() {
    concentrates(Simulator::Reduced);
}

/// The same of the simulator with weights, which knows nothing of the chain.
#[test]
fn direct_sgd_concentrates_on_the_ode() {
    concentrates(Simulator::Direct);
}

fn concentrates(simulator: Simulator) {
    let system = Textbook::new(2, 3, false);
    let problem = problem(|builder| builder.learning_rate(3.0).noise(0.05));
    let times = [0.5, 1.0, 2.0, 4.0];
    let states = solution(&system, &problem, &start(&system, &problem), &times);
    let mut points = Vec::new();
    for (d, replicas) in [(100, 1000), (300, 300), (1000, 100)] {
        let options = SimulateOptions::default().simulator(simulator).dimension(d);
        let options = options.replicas(replicas).seed(d as u64).keep_replicas(true);
        let ensemble = simulate(&system, &problem, &times, &options).unwrap();
        let bias = 0.25 / d as f64;
        for (row, state) in states.iter().enumerate() {
            let errors = ensemble.standard_error(row).unwrap();
            for (entry, name) in system.shape().names().iter().enumerate() {
                let deviation = (mean(&ensemble, row)[entry] - state[entry]).abs();
                let error = errors.as_slice()[entry];
                assert!(
                    deviation < 4.0 * error + bias,
                    "d = {d}, {name} at t = {}: {} standard errors",
                    times[row],
                    deviation / error
                );
            }
        }
        let largest: Vec<f64> = (0..replicas)
            .map(|replica| {
                let trajectory = ensemble.replica(replica).unwrap();
                let deviations = states.iter().enumerate().flat_map(|(row, state)| {
                    let simulated = trajectory.state(row).unwrap().as_slice().to_vec();
                    state.iter().zip(simulated).map(|(ode, sgd)| (ode - sgd).abs()).collect::<Vec<_>>()
                });
                deviations.fold(0.0, f64::max)
            })
            .collect();
        let count = replicas as f64;
        let average = largest.iter().sum::<f64>() / count;
        let variance = largest.iter().map(|value| (value - average).powi(2)).sum::<f64>() / (count - 1.0);
        // log d, log E max, and the weight 1 / Var(log of the mean).
        points.push(((d as f64).ln(), average.ln(), average * average * count / variance));
    }
    let (slope, error) = weighted_slope(&points);
    println!("{simulator:?}: E max|ΔΩ| ~ d^({slope:.3} ± {error:.3})");
    assert!(error < 0.02 && (slope + 0.5).abs() < 3.0 * error, "slope {slope} ± {error}");
}

/// Slope of a straight line through (x, y) with weights 1/Var(y), and its standard error.
fn weighted_slope(points: &[(f64, f64, f64)]) -> (f64, f64) {
    let sum =
        |f: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(|point| point.2 * f(point)).sum::<f64>();
    let weight = sum(&|_| 1.0);
    let (x, y) = (sum(&|point| point.0) / weight, sum(&|point| point.1) / weight);
    let spread = sum(&|point| (point.0 - x).powi(2));
    (sum(&|point| (point.0 - x) * (point.1 - y)) / spread, spread.sqrt().recip())
}

/// Both layers trained with batches: the same, at d = 300.
#[test]
fn sgd_with_a_trained_second_layer_lies_on_the_ode() {
    let system = Textbook::new(2, 3, true);
    let problem = problem(|builder| {
        builder
            .learning_rate(2.0)
            .second_layer_rate(1.0)
            .noise(0.1)
            .batch(2)
            .a([1.0, 0.5, -0.5])
            .a_star([1.0, 2.0])
    });
    let times = [1.0, 3.0];
    let states = solution(&system, &problem, &start(&system, &problem), &times);
    let d = 300;
    let options = SimulateOptions::default().dimension(d).replicas(300).seed(5);
    let ensemble = simulate(&system, &problem, &times, &options).unwrap();
    for (row, state) in states.iter().enumerate() {
        let errors = ensemble.standard_error(row).unwrap();
        for (entry, name) in system.shape().names().iter().enumerate() {
            let (deviation, error) =
                ((mean(&ensemble, row)[entry] - state[entry]).abs(), errors.as_slice()[entry]);
            assert!(
                deviation < 4.0 * error + 0.25 / d as f64,
                "{name}: {} standard errors",
                deviation / error
            );
        }
    }
}

/// Fluctuations at k = p = 1, γ s = 1, Δ = 0.1, (M, Q) = (0.1, 0.5), t = 3, d = 50 against the exact overlap chain:
/// d Var = 0.1138 for M and 0.2169 for Q (an independent ensemble), mean on the ODE (0.68498, 0.65805).
///
/// 8000 replicas give a variance to 1.6 %, the reference is good to about 2 %: 10 % is 4 standard errors.
#[test]
fn fluctuations_match_the_overlap_chain() {
    let system = Textbook::new(1, 1, false);
    let given = |m, q| Initial::Given { m: DMatrix::repeat(1, 1, m), q: DMatrix::repeat(1, 1, q) };
    let problem = Problem::builder(1, 1).noise(0.1).initial(given(0.1, 0.5)).build().unwrap();
    let d = 50;
    let options = SimulateOptions::default().dimension(d).replicas(8000);
    let ensemble = simulate(&system, &problem, &[3.0], &options).unwrap();
    let deviation = ensemble.standard_deviation(0).unwrap();
    for (name, deviation, reference) in [("M", deviation.m(0, 0), 0.1138), ("Q", deviation.q(0, 0), 0.2169)] {
        let ratio = d as f64 * deviation * deviation / reference;
        assert!((ratio - 1.0).abs() < 0.1, "Var {name} is {ratio} of the reference");
    }
    // Bias of order 0.1/d to 0.6/d.
    let mean = ensemble.mean(0).unwrap();
    assert!((mean.m(0, 0) - 0.68498).abs() < 0.02 && (mean.q(0, 0) - 0.65805).abs() < 0.025, "{mean:?}");
}
