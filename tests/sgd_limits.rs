//! Numbers beyond all bounds: simulations end in typed errors that name the quantity, with finite rows before them.

use overlap::{
    Activation, Algorithm, DynSystem, Ensemble, Error, Initial, Precision, Problem, SimulateOptions,
    Simulator, System, overlap_system, simulate,
};

overlap_system!(H3: k = 1, p = 1, act = hermite(3));
overlap_system!(Relu: k = 1, p = 2, act = relu, second_layer = trained);
overlap_system!(Erf: k = 2, p = 3, act = erf, second_layer = trained);

/// Every number that the ensemble hands out is finite.
fn check(sgd: &Ensemble, what: &str) {
    let several = sgd.replicas() > 1;
    let finite = |list: &[f64]| assert!(list.iter().all(|value| value.is_finite()), "{what}: {list:?}");
    finite(&sgd.risk());
    finite(&sgd.excess_risk());
    finite(&sgd.training_error().unwrap_or_default());
    if several {
        finite(&sgd.risk_standard_deviation());
        finite(&sgd.risk_standard_error());
        finite(&sgd.training_error_standard_error().unwrap_or_default());
    }
    for row in 0..sgd.len() {
        finite(sgd.mean(row).unwrap().as_slice());
        if several {
            finite(sgd.standard_deviation(row).unwrap().as_slice());
            if let Some(covariance) = sgd.covariance(row) {
                finite(covariance.as_slice());
            }
        }
        for level in 0..sgd.quantile_levels().len() {
            finite(sgd.quantile(row, level).unwrap().as_slice());
            finite(&sgd.risk_quantile(level).unwrap());
        }
    }
}

/// All ways to simulate, one replica, two, and the eight that are advanced together.
fn ways() -> Vec<SimulateOptions> {
    let all =
        SimulateOptions::default().dimension(6).seed(3).threads(1).covariance(true).quantiles([0.1, 0.5]);
    let mut ways = vec![all.clone().algorithm(Algorithm::Population)];
    ways.push(all.clone().algorithm(Algorithm::Population).simulator(Simulator::Direct));
    for replicas in [1, 2, 8] {
        let all = all.clone().replicas(replicas);
        ways.push(all.clone().simulator(Simulator::Reduced));
        ways.push(all.clone().simulator(Simulator::Direct));
        ways.push(all.clone().precision(Precision::Single));
        ways.push(all.clone().algorithm(Algorithm::MultiPass { samples: 5 }));
        ways.push(all.algorithm(Algorithm::MultiPass { samples: 5 }).precision(Precision::Single));
    }
    ways
}

#[test]
fn a_risk_beyond_doubles_is_divergence_with_the_row_before_it() {
    let text = r#"{"learning_rate": 78.65344779842366, "noise": 0, "initial": {"alignment": 1e-300}}"#;
    let problem = Problem::from_json_for(&H3, text).unwrap();
    let options = SimulateOptions::default().dimension(2).replicas(2).seed(14725484201114446947).threads(1);
    match simulate(&H3, &problem, &[0.0, 1.2985277913497915], &options).unwrap_err() {
        Error::Diverged { quantity, value, step: 3, time: 1.5, replica: Some(_), partial, .. } => {
            assert!(quantity == "risk" && !value.is_finite(), "{quantity} = {value}");
            assert_eq!((partial.len(), partial.times()), (1, &[0.0][..]));
            check(&partial, "h3");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn whatever_the_learning_rate_no_result_is_infinite() {
    let systems: [&dyn System; 3] = [&H3, &Relu, &Erf];
    let times = [0.0, 0.2, 0.4, 1.0];
    let mut diverged = 0;
    for system in systems {
        let (k, p) = (system.shape().k, system.shape().p);
        for exponent in (0..=300).step_by(20).chain([78, 154, 308]) {
            let problem = Problem::builder(k, p)
                .learning_rate(8.4 * 10.0_f64.powi(exponent - 1))
                .initial(Initial::drawn(6, 1))
                .build()
                .unwrap();
            for options in ways() {
                let what = format!("{} γ = 8.4e{exponent} / 10, {options:?}", system.name());
                match simulate(system, &problem, &times, &options) {
                    Ok(sgd) => check(&sgd, &what),
                    Err(Error::Diverged { value, partial, .. }) => {
                        assert!(!value.is_finite() && !partial.is_empty(), "{what}");
                        check(&partial, &what);
                        diverged += 1;
                    }
                    // Not every activation has it.
                    Err(Error::Invalid { quantity, .. }) => assert_eq!(quantity, "activation", "{what}"),
                    Err(other) => panic!("{what}: {other}"),
                }
            }
        }
    }
    assert!(diverged > 100, "{diverged}");
}

#[test]
fn sizes_beyond_memory_are_refused_by_their_names() {
    let refused = |batch: usize, options: &SimulateOptions, expected: &str| {
        let problem = Problem::builder(2, 3).batch(batch).build().unwrap();
        let system = DynSystem::new(2, 3, Activation::Erf, false).unwrap();
        match simulate(&system, &problem, &[0.0, 1.0], options) {
            Err(Error::Invalid { quantity, value, bound }) => {
                assert_eq!(quantity, expected, "{value} {bound}");
                assert!(value.len() > 9 && bound.contains("memory"), "{value} {bound}");
            }
            other => panic!("{other:?}"),
        }
    };
    let reduced = SimulateOptions::default().dimension(1000).simulator(Simulator::Reduced);
    let direct = reduced.clone().simulator(Simulator::Direct);
    let single = direct.clone().precision(Precision::Single);
    let ways = [&reduced, &direct, &single];
    for replicas in [1, 4, 8, 20] {
        for options in ways {
            for batch in [usize::MAX, usize::MAX - 1, 1 << 63, 1 << 40, 10_000_000_000] {
                refused(batch, &options.clone().replicas(replicas), "batch");
            }
        }
        refused(1_000_000_000, &reduced.clone().replicas(replicas), "batch");
    }
    for options in ways {
        for replicas in [usize::MAX, 1 << 50] {
            refused(1, &options.clone().replicas(replicas), "replicas");
            refused(100, &options.clone().replicas(replicas).threads(usize::MAX), "replicas");
            refused(1, &options.clone().replicas(replicas).keep_replicas(true), "replicas");
        }
    }
    for options in [&direct, &single, &direct.clone().algorithm(Algorithm::Population)] {
        refused(3, &options.clone().dimension(usize::MAX), "dimension");
    }
    let samples = Algorithm::MultiPass { samples: usize::MAX };
    refused(1, &SimulateOptions::default().algorithm(samples), "samples");
    refused(1, &SimulateOptions::default().algorithm(samples).precision(Precision::Single), "samples");
}

#[test]
fn a_batch_without_bound_can_be_solved() {
    let system = DynSystem::new(1, 1, Activation::Erf, false).unwrap();
    let problem = Problem::builder(1, 1).batch(usize::MAX).build().unwrap();
    let solution = overlap::solve(&system, &problem, &[0.0, 1.0], &overlap::SolveOptions::default()).unwrap();
    assert!(solution.risk().iter().all(|risk| risk.is_finite()));
}
