//! Quadrature against closed forms, and its Jacobian against differences.

use super::*;
use crate::{DynSystem, Initial, Problem, System};

/// The closed form of erf, on a grid over all fields and by parts: 40 nodes leave 1e-12 here.
#[test]
fn erf_agrees_with_its_closed_form() {
    let rule = Quadrature::new(40);
    for (k, p, trained) in [(1, 1, false), (1, 2, true)] {
        let system = DynSystem::new(k, p, Activation::Erf, trained).expect("a size");
        let problem = Problem::builder(k, p)
            .noise(0.3)
            .batch(2)
            .initial(Initial::Drawn { dimension: 30, seed: 5, variance: 0.4 })
            .build()
            .expect("a problem");
        let parameters = Parameters::new(&system, &problem).expect("its own");
        let shape = system.shape();
        let state = problem.initial_state(trained);
        let mut truth = vec![0.0; shape.dim()];
        system.right_hand_side(&parameters, &state, &mut truth);
        let network = Network::new(shape, [Activation::Erf; 2], &parameters, &state);
        for parts in [false, true] {
            let mut found = vec![0.0; shape.dim()];
            if parts {
                rule.by_parts(&network, &mut found);
            } else {
                rule.whole_grid(&network, &mut found);
            }
            for (found, truth) in found.iter().zip(&truth) {
                assert!((found - truth).abs() < 1e-10, "{k}, {p}, by parts {parts}: {found}, not {truth}");
            }
        }
        let risk = rule.risk(shape, [Activation::Erf; 2], &parameters, &state);
        assert!((risk - system.risk(&parameters, &state)).abs() < 1e-11);
    }
}

/// One variable after the other against central differences with one step of Richardson's extrapolation: 1e-9.
#[test]
fn the_jacobian_is_the_slope_of_the_right_hand_side() {
    let rule = Quadrature::new(8);
    let activations = [Activation::Tanh, Activation::Hermite(2)];
    for (k, p, trained) in [(2, 1, true), (2, 3, false)] {
        let shape = Shape { k, p, trained };
        let system = DynSystem::new(k, p, Activation::Erf, trained).expect("a size");
        let problem = Problem::builder(k, p)
            .noise(0.3)
            .initial(Initial::Drawn { dimension: 30, seed: 5, variance: 0.4 })
            .build()
            .expect("a problem");
        let parameters = Parameters::new(&system, &problem).expect("its own");
        let state = problem.initial_state(trained);
        let dim = shape.dim();
        let columns = dim + 2 + k * (k + 1) / 2;
        let mut jacobian = vec![0.0; dim * columns];
        rule.jacobian(shape, activations, &parameters, &state, &mut jacobian);
        for column in 0..columns {
            let value = |step: f64| {
                let (mut parameters, mut state, mut out) =
                    (parameters.clone(), state.clone(), vec![0.0; dim]);
                match column {
                    column if column < dim => state[column] += step,
                    column if column == dim => parameters.gamma += step,
                    column if column == dim + 1 => parameters.noise += step,
                    // P_12 and P_21; the other entries of P are left to P_11.
                    column if column == dim + 3 => {
                        parameters.teacher_overlaps[1] += step;
                        parameters.teacher_overlaps[2] += step;
                    }
                    column => parameters.teacher_overlaps[if column == dim + 2 { 0 } else { 3 }] += step,
                }
                rule.right_hand_side(shape, activations, &parameters, &state, &mut out);
                out
            };
            let steps = [1e-3, -1e-3, 5e-4, -5e-4].map(value);
            for row in 0..dim {
                let [a, b, c, d] = [0, 1, 2, 3].map(|step| steps[step][row]);
                let truth = (4.0 * (c - d) / 1e-3 - (a - b) / 2e-3) / 3.0;
                let found = jacobian[row * columns + column];
                assert!((found - truth).abs() < 1e-9, "{row}, {column}: {found}, not {truth}");
            }
        }
    }
}

/// Moments of the normal distribution up to the order 2 N - 1 that N nodes integrate exactly.
#[test]
fn the_rule_is_gaussian() {
    let rule = Quadrature::new(8).rule;
    let mut known = 1.0;
    for order in 0..8 {
        let moment: f64 = rule.iter().map(|(x, w)| w * x.powi(2 * order)).sum();
        assert!((moment / known - 1.0).abs() < 1e-12, "{order}");
        known *= f64::from(2 * order + 1);
    }
}
