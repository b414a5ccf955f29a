//! Simulated SGD: the update itself, start, streams, threads, interruption, divergence, files and errors.

#[path = "support/textbook.rs"]
#[allow(unreachable_pub)]
mod textbook;

use nalgebra::DMatrix;
use overlap::{
    Activation, Ensemble, Error, Initial, Monitor, Parameters, Problem, Scale, SimulateOptions, Simulator,
    System, simulate, simulate_monitored, whole_steps,
};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::sync::Mutex;
use textbook::Textbook;

fn given(k: usize, p: usize, m: f64, q: f64) -> Initial {
    Initial::Given { m: DMatrix::repeat(k, p, m), q: DMatrix::identity(p, p) * q }
}

fn small() -> (Textbook, Problem) {
    let problem = Problem::builder(2, 3).noise(0.1).initial(given(2, 3, 0.1, 0.7)).build().unwrap();
    (Textbook::new(2, 3, false), problem)
}

/// The stated random numbers of a replica of the direct simulator: eight generators side by side, Box and Muller's
/// method, in sixteens.
struct Streams([Xoshiro256PlusPlus; 8]);

impl Streams {
    fn new(seed: u64, replica: usize) -> Self {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..8 * replica).for_each(|_| generator.jump());
        Streams(std::array::from_fn(|_| {
            generator.jump();
            generator.clone()
        }))
    }

    fn draw(&mut self) -> [f64; 16] {
        let mut out = [0.0; 16];
        for (lane, generator) in self.0.iter_mut().enumerate() {
            let word = generator.next_u64();
            let unit = |half: u64| half as f64 * 2.0_f64.powi(-32);
            let radius = (-2.0 * (1.0 - unit(word >> 32)).ln()).sqrt();
            let (sin, cos) = (std::f64::consts::PI * (unit(word & 0xffff_ffff) - 0.5)).sin_cos();
            out[lane] = if word & 1 == 1 { -radius * cos } else { radius * cos };
            out[lane + 8] = radius * sin;
        }
        out
    }
}

/// The update in plain loops over the same stream of random numbers.
#[test]
fn the_update_is_the_stated_one() {
    let (k, p, d, b) = (2, 3, 7, 3);
    let system = Textbook::new(k, p, true);
    let problem = Problem::builder(k, p)
        .student_scale(Scale::Lazy)
        .learning_rate(2.0)
        .second_layer_rate(0.7)
        .noise(0.4)
        .batch(b)
        .a([1.0, -0.5, 2.0])
        .a_star([0.3, 1.5])
        .initial(Initial::drawn(d, 9))
        .build()
        .unwrap();
    let options =
        SimulateOptions::default().simulator(Simulator::Direct).seed(4).replicas(2).keep_replicas(true);
    let steps = 12;
    let ensemble = simulate(&system, &problem, &[steps as f64 / d as f64], &options).unwrap();
    assert_eq!((ensemble.dimension(), ensemble.steps()), (d, &[steps][..]));

    let normal = |generator: &mut Xoshiro256PlusPlus| -> f64 { StandardNormal.sample(generator) };
    for replica in 0..2 {
        // Teachers are √d times unit vectors (P = I), students the first normals of their own seed.
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(9);
        let mut w = vec![vec![0.0; d]; p];
        w.iter_mut().flatten().for_each(|weight| *weight = normal(&mut generator));
        let mut a = [1.0, -0.5, 2.0];
        let mut streams = Streams::new(4, replica);
        let mut zeta = Vec::new();
        let (root, s, s_star) = ((d as f64).sqrt(), 1.0 / 3.0_f64.sqrt(), 0.5);
        for _ in 0..steps {
            let x: Vec<Vec<f64>> = (0..b).map(|_| streams.draw()[..d].to_vec()).collect();
            let (old_w, old_a) = (w.clone(), a);
            for x in &x {
                let lambda: Vec<f64> =
                    old_w.iter().map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() / root).collect();
                let act = Activation::Erf;
                if zeta.is_empty() {
                    zeta = streams.draw().to_vec();
                }
                let y = s_star * (0.3 * act.value(x[0]) + 1.5 * act.value(x[1]))
                    + 0.4_f64.sqrt() * zeta.remove(0);
                let error = y - s * (0..p).map(|i| old_a[i] * act.value(lambda[i])).sum::<f64>();
                for i in 0..p {
                    for (w, x) in w[i].iter_mut().zip(x) {
                        *w += 2.0 * s * old_a[i] / root / b as f64 * error * act.derivative(lambda[i]) * x;
                    }
                    a[i] += 0.7 * s / d as f64 / b as f64 * error * act.value(lambda[i]);
                }
            }
        }
        let trajectory = ensemble.replica(replica).unwrap();
        let state = trajectory.state(0).unwrap();
        for i in 0..p {
            assert!((state.a(i) - a[i]).abs() < 1e-12);
            for r in 0..k {
                assert!((state.m(r, i) - w[i][r] / root).abs() < 1e-12, "M_{r}_{i}");
            }
            for j in 0..p {
                let q = w[i].iter().zip(&w[j]).map(|(x, y)| x * y).sum::<f64>() / d as f64;
                assert!((state.q(i, j) - q).abs() < 1e-12);
            }
        }
        let parameters = Parameters::new(&system, &problem).unwrap();
        assert_eq!(trajectory.risk()[0], system.risk(&parameters, state.as_slice()));
    }
}

/// Simulation and ODE start from the same overlaps, drawn or given, in any dimension that can hold them.
#[test]
fn the_start_is_the_problems() {
    let system = Textbook::new(2, 3, false);
    for (initial, dimension) in [
        (Initial::drawn(2, 3), None),
        (Initial::drawn(50, 3), None),
        (Initial::drawn(50, 3), Some(5)),
        (given(2, 3, 0.1, 0.7), Some(5)),
        (given(2, 3, 0.1, 0.7), None),
        (Initial::informed(1.0), Some(300)),
    ] {
        let problem = Problem::builder(2, 3).initial(initial).build().unwrap();
        let options = SimulateOptions::default().replicas(3);
        let options = dimension.map_or(options.clone(), |dimension| options.dimension(dimension));
        let ensemble = simulate(&system, &problem, &[0.0], &options).unwrap();
        let mean = ensemble.mean(0).unwrap();
        assert!((mean.m_matrix() - problem.m()).amax() < 1e-13);
        assert!((mean.q_matrix() - problem.q()).amax() < 1e-13);
        assert!(ensemble.standard_deviation(0).unwrap().as_slice().iter().all(|&deviation| deviation == 0.0));
    }
}

/// Drawn weights and data with the same seed are independent: the first inputs are not the students' weights.
#[test]
fn equal_seeds_of_weights_and_data_do_not_meet() {
    let (d, system) = (400, Textbook::new(1, 1, false));
    let problem = Problem::builder(1, 1).learning_rate(4.0).initial(Initial::drawn(d, 7)).build().unwrap();
    let options = SimulateOptions::default().seed(7);
    let ensemble = simulate(&system, &problem, &[1.0 / d as f64], &options).unwrap();
    // x = w would make λ = √d = 20 and σ' = 0: the step would leave w where it was.
    let moved = ensemble.mean(0).unwrap().q(0, 0) - problem.q()[(0, 0)];
    assert!(moved.abs() > 1e-9, "{moved:e}");
}

#[test]
fn numbers_do_not_depend_on_threads() {
    let (system, problem) = small();
    let times = [0.0, 0.1, 0.5, 1.0];
    // 27 replicas: three octets and three single ones in the reduced simulator.
    for (simulator, replicas) in [(Simulator::Direct, 9), (Simulator::Reduced, 27)] {
        let fixed = SimulateOptions::default().simulator(simulator).dimension(40).seed(3).keep_replicas(true);
        let run = |options: SimulateOptions| simulate(&system, &problem, &times, &options).unwrap();
        let one = run(fixed.clone().threads(1).replicas(replicas));
        for threads in [2, 7] {
            assert_eq!(run(fixed.clone().threads(threads).replicas(replicas)), one);
        }
        assert_eq!(run(fixed.clone().replicas(replicas)), one);
        for replica in 1..replicas {
            assert_ne!(one.replica(replica - 1), one.replica(replica));
        }
        assert_eq!(one.replica(replicas), None);
    }
    // The first of many is the only one of one, where replicas do not share lanes.
    let direct = SimulateOptions::default().simulator(Simulator::Direct).dimension(40).seed(3);
    let many = simulate(&system, &problem, &times, &direct.clone().replicas(9).keep_replicas(true)).unwrap();
    let single = simulate(&system, &problem, &times, &direct).unwrap();
    assert_eq!(single.mean(3).unwrap().as_slice(), many.replica(0).unwrap().state(3).unwrap().as_slice());
    assert_eq!(single.replica(0), None);
}

/// Where a simulation pauses, for output or a monitor, leaves no trace: not inside a block of the reduced simulator, not
/// in the batch of the direct one.
#[test]
fn pauses_leave_no_trace() {
    let (system, problem) = small();
    let batches = Problem::builder(2, 3).noise(0.1).batch(3).initial(given(2, 3, 0.1, 0.7)).build().unwrap();
    for problem in [problem, batches] {
        for simulator in [Simulator::Direct, Simulator::Reduced] {
            for replicas in [1, 8] {
                let options =
                    SimulateOptions::default().simulator(simulator).dimension(100).replicas(replicas);
                let often: Vec<f64> =
                    [1, 2, 3, 7, 16, 17, 30, 32, 63, 99].map(|step| f64::from(step) / 100.0).into();
                let often = simulate(&system, &problem, &often, &options).unwrap();
                let once = simulate(&system, &problem, &[0.99], &options).unwrap();
                assert_eq!(once.mean(0), often.mean(9));
            }
        }
    }
}

#[test]
fn one_dimension_is_enough_for_one_teacher() {
    let problem = Problem::builder(1, 1).initial(Initial::drawn(1, 0)).build().unwrap();
    let options = SimulateOptions::default().replicas(4);
    let ensemble = simulate(&Textbook::new(1, 1, false), &problem, &[1.0, 5.0], &options).unwrap();
    assert_eq!(ensemble.steps(), [1, 5]);
    assert!(ensemble.risk().iter().all(|risk| risk.is_finite()));
}

#[test]
fn output_times_are_whole_steps() {
    let (system, problem) = small();
    let options = SimulateOptions::default().dimension(10);
    let times = [0.0, 0.04, 0.06, 0.13, 0.97];
    let ensemble = simulate(&system, &problem, &times, &options).unwrap();
    assert_eq!(ensemble.steps(), [0, 0, 1, 1, 10]);
    assert_eq!(ensemble.times(), [0.0, 0.0, 0.1, 0.1, 1.0]);
    assert_eq!(ensemble.requested_times(), times);
    assert_eq!(ensemble.mean(2), ensemble.mean(3));
    assert_eq!(whole_steps(&times, 10).unwrap(), [0.0, 0.1, 1.0]);
    // Fewer output times do not change what is at the others.
    let last = simulate(&system, &problem, &[1.0], &options).unwrap();
    assert_eq!(last.mean(0), ensemble.mean(4));
}

/// Stops once more than half of the work is done.
#[derive(Default)]
struct Impatient(Mutex<Vec<f64>>);

impl Monitor for Impatient {
    fn progress(&self, fraction: f64) {
        self.0.lock().unwrap().push(fraction);
    }

    fn should_stop(&self) -> bool {
        self.0.lock().unwrap().iter().any(|&fraction| fraction > 0.5)
    }
}

#[test]
fn an_interruption_keeps_the_rows_reached() {
    let (system, problem) = small();
    // The monitor is asked about every million random numbers: here every 524 steps.
    let options = SimulateOptions::default().dimension(2000).replicas(2).simulator(Simulator::Direct);
    let times = [0.0, 0.5, 1.0];
    let whole = simulate(&system, &problem, &times, &options).unwrap();
    assert!(whole.completed());
    let monitor = Impatient::default();
    let part = simulate_monitored(&system, &problem, &times, &options, &monitor).unwrap();
    assert!(!part.completed());
    assert_eq!((part.len(), part.times()), (2, &whole.times()[..2]));
    assert_eq!(part.mean(1), whole.mean(1));
    let nothing = simulate_monitored(&system, &problem, &[1.0], &options, &monitor).unwrap_err();
    assert!(matches!(nothing, Error::Interrupted));
}

#[test]
fn progress_ends_at_one() {
    #[derive(Default)]
    struct Patient(Mutex<Vec<f64>>);
    impl Monitor for Patient {
        fn progress(&self, fraction: f64) {
            self.0.lock().unwrap().push(fraction);
        }
    }
    let (system, problem) = small();
    for times in [&[0.0][..], &[0.5, 2.0]] {
        let monitor = Patient::default();
        let options = SimulateOptions::default().dimension(100).replicas(5);
        simulate_monitored(&system, &problem, times, &options, &monitor).unwrap();
        let fractions = monitor.0.into_inner().unwrap();
        assert!(fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)));
        assert_eq!(fractions.last(), Some(&1.0));
    }
}

/// With a huge rate the second layer runs away; what came before is kept, and the report does not depend on threads.
#[test]
fn divergence_names_the_step_and_keeps_the_rows_before() {
    let system = Textbook::new(1, 2, true);
    let problem = Problem::builder(1, 2)
        .second_layer_rate(1e4)
        .student_scale(Scale::Committee)
        .initial(given(1, 2, 0.1, 2.0))
        .build()
        .unwrap();
    let times = [0.0, 0.1, 1000.0];
    let options = SimulateOptions::default().dimension(20).replicas(3).keep_replicas(true);
    let mut reports = Vec::new();
    for threads in [1, 2] {
        match simulate(&system, &problem, &times, &options.clone().threads(threads)).unwrap_err() {
            Error::Diverged { quantity, value, step, time, replica, partial, .. } => {
                assert!(
                    !value.is_finite() && step > 2 && time == step as f64 / 20.0,
                    "{quantity} {value} {step}"
                );
                assert_eq!((partial.len(), partial.completed()), (2, false));
                reports.push((quantity, step, replica, partial));
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn csv_begins_as_the_trajectorys_and_reads_back_exactly() {
    let (system, problem) = small();
    let options = SimulateOptions::default().dimension(30).replicas(3).keep_replicas(true);
    let ensemble = simulate(&system, &problem, &[0.0, 1.0], &options).unwrap();
    let lines = |write: &dyn Fn(&mut Vec<u8>) -> Result<(), Error>| -> Vec<Vec<String>> {
        let mut bytes = Vec::new();
        write(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(|line| line.split(',').map(String::from).collect()).collect()
    };
    let table = lines(&|bytes| ensemble.write_csv(bytes));
    let single = lines(&|bytes| ensemble.replica(0).unwrap().write_csv(bytes));
    let columns = single[0].len();
    assert_eq!(table[0][..columns], single[0]);
    assert_eq!(table[0][columns..columns + 4], ["risk_std", "risk_sem", "M_1_1_std", "M_1_1_sem"]);
    assert_eq!(table[0].len(), columns + 2 * (system.shape().dim() + 1));
    let number = |column: &str| -> f64 {
        table[2][table[0].iter().position(|name| name == column).unwrap()].parse().unwrap()
    };
    assert_eq!(number("t"), 1.0);
    assert_eq!(number("risk"), ensemble.risk()[1]);
    assert_eq!(number("excess_risk"), ensemble.excess_risk()[1]);
    assert_eq!(number("risk_sem"), ensemble.risk_standard_error()[1]);
    assert_eq!(number("Q_2_3"), ensemble.mean(1).unwrap().q(1, 2));
    assert_eq!(number("Q_2_3_std"), ensemble.standard_deviation(1).unwrap().q(1, 2));
    assert_eq!(number("M_2_1_sem"), ensemble.standard_error(1).unwrap().m(1, 0));

    let single = simulate(&system, &problem, &[1.0], &SimulateOptions::default().dimension(30)).unwrap();
    assert!(single.risk_standard_error()[0].is_nan());
    assert_eq!(lines(&|bytes| single.write_csv(bytes))[1][columns], "NaN");
}

/// Moments by their definitions over the kept replicas.
#[test]
fn moments_are_those_of_the_replicas() {
    let (system, problem) = small();
    let options = SimulateOptions::default().dimension(30).replicas(5).keep_replicas(true);
    let ensemble = simulate(&system, &problem, &[1.0], &options).unwrap();
    let check = |values: Vec<f64>, mean: f64, deviation: f64, error: f64| {
        let true_mean = values.iter().sum::<f64>() / 5.0;
        let true_deviation = (values.iter().map(|x| (x - true_mean).powi(2)).sum::<f64>() / 4.0).sqrt();
        assert!((mean - true_mean).abs() < 1e-15 && (deviation / true_deviation - 1.0).abs() < 1e-13);
        assert!((error - deviation / 5.0_f64.sqrt()).abs() < 1e-16);
    };
    let of = |ensemble: &Ensemble, entry: &dyn Fn(&overlap_runtime::Trajectory) -> f64| -> Vec<f64> {
        (0..5).map(|replica| entry(&ensemble.replica(replica).unwrap())).collect()
    };
    let (mean, deviation, error) = (
        ensemble.mean(0).unwrap(),
        ensemble.standard_deviation(0).unwrap(),
        ensemble.standard_error(0).unwrap(),
    );
    let m = of(&ensemble, &|replica| replica.state(0).unwrap().m(1, 2));
    check(m, mean.m(1, 2), deviation.m(1, 2), error.m(1, 2));
    let risk = of(&ensemble, &|replica| replica.risk()[0]);
    check(risk, ensemble.risk()[0], ensemble.risk_standard_deviation()[0], ensemble.risk_standard_error()[0]);
    // Covariances and quantiles over the same replicas; asking for them, or not keeping replicas, changes nothing else.
    let asked = options.clone().keep_replicas(false).covariance(true).quantiles([0.0, 0.5]);
    let more = simulate(&system, &problem, &[1.0], &asked).unwrap();
    assert_eq!(
        (more.mean(0), more.standard_deviation(0)),
        (ensemble.mean(0), ensemble.standard_deviation(0))
    );
    assert_eq!((more.replica(0), ensemble.covariance(0), ensemble.quantile(0, 0)), (None, None, None));
    let shape = system.shape();
    let covariance = more.covariance(0).unwrap();
    assert_eq!(covariance.shape(), (shape.dim() + 1, shape.dim() + 1));
    let risks = of(&ensemble, &|replica| replica.risk()[0]);
    let m = of(&ensemble, &|replica| replica.state(0).unwrap().m(1, 2));
    let middle = |values: &[f64]| values.iter().sum::<f64>() / 5.0;
    let middle_m = middle(&m);
    let product: f64 = m.iter().zip(&risks).map(|(m, risk)| (m - middle_m) * (risk - middle(&risks))).sum();
    assert!((covariance[(shape.m(1, 2), shape.dim())] / (product / 4.0) - 1.0).abs() < 1e-12);
    assert_eq!(covariance, covariance.transpose());
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    assert_eq!(more.quantile_levels(), [0.0, 0.5]);
    let (least, median) = (more.quantile(0, 0).unwrap(), more.quantile(0, 1).unwrap());
    assert_eq!((least.m(1, 2), median.m(1, 2)), (sorted(m.clone())[0], sorted(m)[2]));
    assert_eq!((more.risk_quantile(1), more.risk_quantile(2)), (Some(vec![sorted(risks)[2]]), None));
    let mut bytes = Vec::new();
    more.write_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let header: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    let place = header.iter().position(|name| *name == "M_2_3_q0.5").unwrap();
    let cell = text.lines().nth(1).unwrap().split(',').nth(place).unwrap();
    assert_eq!(cell.parse::<f64>().unwrap(), median.m(1, 2));
    // A fixed second layer does not deviate.
    assert_eq!((mean.a(0), deviation.a(0)), (1.0, 0.0));
}

#[test]
fn bad_input_is_a_typed_error() {
    let (system, problem) = small();
    let drawn = Problem::builder(2, 3).initial(Initial::drawn(50, 0)).build().unwrap();
    let fine = || SimulateOptions::default().dimension(20).simulator(Simulator::Direct);
    let reduced = || fine().simulator(Simulator::Reduced);
    let cases: Vec<(&str, &Problem, Vec<f64>, SimulateOptions)> = vec![
        ("replicas = 0", &problem, vec![1.0], fine().replicas(0)),
        ("threads = 0", &problem, vec![1.0], fine().threads(0)),
        ("dimension = 0", &problem, vec![1.0], fine().dimension(0)),
        ("dimension = 4", &problem, vec![1.0], fine().dimension(4)),
        ("dimension = 4", &drawn, vec![1.0], fine().dimension(4)),
        ("dimension = 1000000000000000000", &problem, vec![1.0], fine().dimension(10_usize.pow(18))),
        ("dimension = 18446744073709551615", &problem, vec![1.0], fine().dimension(usize::MAX)),
        ("replicas = 18446744073709551615", &problem, vec![1.0], fine().replicas(usize::MAX)),
        ("dimension = 4", &problem, vec![1.0], reduced().dimension(4)),
        ("dimension = 0", &problem, vec![1.0], reduced().dimension(0)),
        ("replicas = 18446744073709551615", &problem, vec![1.0], reduced().replicas(usize::MAX)),
        ("output time 1 = 1", &problem, vec![1.0], reduced().dimension(usize::MAX)),
        ("the number of output times = 0", &problem, vec![], fine()),
        ("output time 1 = NaN", &problem, vec![f64::NAN], fine()),
        ("output time 2 = inf", &problem, vec![1.0, f64::INFINITY], fine()),
        ("output time 1 = -1", &problem, vec![-1.0], fine()),
        ("output time 2 = 0.5", &problem, vec![1.0, 0.5], fine()),
        ("output time 2 = 1", &problem, vec![1.0, 1.0], fine()),
        ("output time 1 = 1", &problem, vec![1e300], fine()),
    ];
    for (beginning, problem, times, options) in cases {
        let error = simulate(&system, problem, &times, &options).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        assert!(error.to_string().starts_with(beginning), "{beginning}: {error}");
    }
    let other = Textbook::new(2, 4, false);
    assert!(matches!(simulate(&other, &problem, &[1.0], &fine()), Err(Error::Mismatch { .. })));
    assert!(whole_steps(&[1.0], 0).is_err() && whole_steps(&[1.0, 0.0], 10).is_err());
}
