use super::*;
use overlap_runtime::internal::{Extent, Row};
use overlap_runtime::{Activation, DynSystem, Parameters, Problem};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

const SHAPE: Shape = Shape { k: 1, p: 2, trained: false };
const STATE: [f64; 5] = [0.3, -0.2, 1.0, 0.1, 0.9];
const DIMENSION: usize = 100;

fn parameters() -> Parameters {
    let problem = Problem::builder(1, 2).build().unwrap();
    Parameters::new(&DynSystem::new(1, 2, Activation::Erf, false).unwrap(), &problem).unwrap()
}

fn ode(times: &[f64]) -> Trajectory {
    let mut trajectory = Trajectory::empty(SHAPE, parameters());
    for &time in times {
        trajectory.push(time, STATE.to_vec(), 0.25, 0.0).unwrap();
    }
    trajectory
}

/// Replicas at steps 100, 200, ...: the ODE's state plus `shift` on M_1_2 plus independent normals of deviation 0.01.
fn sgd(rows: usize, replicas: usize, shift: f64, seed: u64) -> Ensemble {
    let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut ensemble = Ensemble::empty(SHAPE, parameters(), DIMENSION, replicas, Extent::default());
    for index in 1..=rows {
        let replica = |_| {
            let mut state = STATE.to_vec();
            state[1] += shift;
            for value in &mut state {
                let normal: f64 = StandardNormal.sample(&mut generator);
                *value += 0.01 * normal;
            }
            Row { state, risk: 0.25, training: None }
        };
        let samples = (0..replicas).map(replica).collect();
        ensemble.push(index as f64, (index * DIMENSION) as u64, 0.0, samples);
    }
    ensemble
}

/// 20 independent comparisons with 5 replicas: Bonferroni is nearly exact, so that 1 % of verdicts differ by chance:
/// 30 +- 5.4 of 3000; a range of 4 standard deviations, false-alarm rate below 1e-4. Normal quantiles instead of
/// Student's would give hundreds.
#[test]
fn false_alarms_are_as_rare_as_stated() {
    let ode = ode(&[1.0, 2.0, 3.0, 4.0]);
    let differs = (0..3000)
        .filter(|&seed| {
            let comparison = Comparison::with_bias(&ode, &sgd(4, 5, 0.0, seed), 0.0).unwrap();
            comparison.verdict() == Verdict::Differ
        })
        .count();
    assert!((9..=52).contains(&differs), "{differs} of 3000");
}

#[test]
fn a_real_difference_is_seen_and_named() {
    let comparison = Comparison::new(&ode(&[1.0, 2.0]), &sgd(2, 20, -0.05, 1)).unwrap();
    assert_eq!(comparison.verdict(), Verdict::Differ);
    let worst = comparison.worst().unwrap();
    assert_eq!((worst.deviating.as_str(), worst.z_of.as_str()), ("M_1_2", "M_1_2"));
    // 0.05 less the bias 1/d = 0.01, in standard errors 0.01/sqrt(20).
    assert!((worst.deviation - 0.05).abs() < 0.01 && (worst.z - 18.0).abs() < 8.0, "{worst:?}");
    let text = comparison.to_string();
    assert!(text.contains("DIFFER") && text.contains("M_1_2") && text.contains("20 replicas"), "{text}");
}

#[test]
fn a_deviation_of_order_one_over_d_is_allowed_however_many_replicas() {
    let (ode, sgd) = (ode(&[1.0]), sgd(1, 40_000, 0.005, 2));
    let comparison = Comparison::new(&ode, &sgd).unwrap();
    assert_eq!(comparison.bias(), 1.0 / DIMENSION as f64);
    assert_eq!(comparison.verdict(), Verdict::Agree);
    assert!(comparison.to_string().contains("SGD and ODE agree"));
    assert_eq!(Comparison::with_bias(&ode, &sgd, 0.1).unwrap().verdict(), Verdict::Differ);
}

#[test]
fn one_replica_decides_nothing() {
    let comparison = Comparison::new(&ode(&[1.0]), &sgd(1, 1, 0.0, 3)).unwrap();
    assert_eq!(comparison.verdict(), Verdict::Undecided);
    assert!(
        comparison.worst().is_none() && comparison.threshold().is_nan() && comparison.rows()[0].z.is_nan()
    );
    assert!(comparison.rows()[0].deviation < 0.05);
    assert!(comparison.to_string().contains("Undecided"));
}

/// Nothing has moved at t = 0: no deviation, no standard error, no false alarm.
#[test]
fn rows_without_spread_are_fine() {
    let mut ensemble = Ensemble::empty(SHAPE, parameters(), DIMENSION, 2, Extent::default());
    ensemble.push(0.0, 0, 0.0, vec![Row { state: STATE.to_vec(), risk: 0.25, training: None }; 2]);
    let comparison = Comparison::with_bias(&ode(&[0.0]), &ensemble, 0.0).unwrap();
    assert_eq!((comparison.verdict(), comparison.rows()[0].z), (Verdict::Agree, 0.0));
    let mut moved = Trajectory::empty(SHAPE, parameters());
    moved.push(0.0, STATE.map(|value| value + 0.1).to_vec(), 0.25, 0.0).unwrap();
    assert_eq!(Comparison::new(&moved, &ensemble).unwrap().verdict(), Verdict::Differ);
}

#[test]
fn what_cannot_be_compared_is_a_typed_error() {
    let sgd = sgd(2, 3, 0.0, 4);
    assert!(Comparison::new(&ode(&[1.004, 2.0]), &sgd).is_ok());
    let late = Comparison::new(&ode(&[1.006, 2.0]), &sgd).unwrap_err();
    assert!(late.to_string().starts_with("output time 1 = 1.006"), "{late}");
    assert!(matches!(Comparison::new(&ode(&[1.0]), &sgd), Err(Error::Shape { .. })));
    let other = Trajectory::empty(Shape { k: 2, ..SHAPE }, parameters());
    assert!(matches!(Comparison::new(&other, &sgd), Err(Error::Shape { .. })));
    for bias in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Comparison::with_bias(&ode(&[1.0, 2.0]), &sgd, bias), Err(Error::Invalid { .. })));
    }
}

#[test]
fn table_and_file() {
    let times: Vec<f64> = (1..=50).map(f64::from).collect();
    let comparison = Comparison::new(&ode(&times), &sgd(50, 4, 0.0, 5)).unwrap();
    let text = comparison.to_string();
    println!("{text}");
    // Title, head, every third of 50 rows with the last among them, note, verdict.
    assert_eq!(text.lines().count(), 2 + 17 + 2);
    assert!(text.contains("\n   50.0000  "));
    let mut bytes = Vec::new();
    comparison.write_csv(&mut bytes).unwrap();
    let csv = String::from_utf8(bytes).unwrap();
    assert_eq!(csv.lines().count(), 51);
    let row = &comparison.rows()[0];
    let first = format!(
        "1,0.25,0.25,0,0,{},{},{},{},{}",
        row.deviation, row.deviating, row.deviation_z, row.z, row.z_of
    );
    assert_eq!(csv.lines().nth(1), Some(first.as_str()));
}

/// Normals of deviation d^(-1/2) give an exponent within 4 standard errors of -½, and a small one; without kept replicas,
/// with one dimension or one replica it is an error.
#[test]
fn the_exponent_of_known_deviations_is_found() {
    let ensemble = |dimension: usize, replicas, keep| {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(dimension as u64);
        let mut ensemble = Ensemble::empty(
            SHAPE,
            parameters(),
            dimension,
            replicas,
            Extent { replicas: keep, ..Extent::default() },
        );
        let replica = |_| {
            let mut normal = || -> f64 { StandardNormal.sample(&mut generator) };
            Row {
                state: STATE.map(|x| x + normal() / (dimension as f64).sqrt()).to_vec(),
                risk: 0.25,
                training: None,
            }
        };
        let rows = (0..replicas).map(replica).collect();
        ensemble.push(1.0, dimension as u64, 0.0, rows);
        ensemble
    };
    let ode = ode(&[1.0]);
    let found = Concentration::new(&ode, &[100, 10_000, 1000].map(|d| ensemble(d, 400, true))).unwrap();
    assert_eq!(found.points().iter().map(|point| point.dimension).collect::<Vec<_>>(), [100, 1000, 10_000]);
    assert!(
        (found.exponent() + 0.5).abs() < 4.0 * found.standard_error() && found.standard_error() < 0.02,
        "{found}"
    );
    let (low, high) = found.interval();
    assert!(low < found.exponent() && found.exponent() < high && found.to_string().contains("95 %"));
    for simulations in [
        vec![],
        vec![ensemble(100, 9, true)],
        [10, 20].map(|d| ensemble(d, 9, false)).into(),
        [10, 20].map(|d| ensemble(d, 1, true)).into(),
    ] {
        assert!(matches!(Concentration::new(&ode, &simulations), Err(Error::Invalid { .. })));
    }
}
