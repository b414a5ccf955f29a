//! No input of the right type makes the solve panic, and what succeeds is complete and finite.

#[path = "support/textbook.rs"]
mod textbook;

use nalgebra::DMatrix;
use overlap::{
    Error, Event, Initial, Method, Problem, Silent, SolveOptions, State, evaluate, linear_times, log_times,
    solve, solve_until,
};
use proptest::num::f64::ANY;
use proptest::prelude::*;
use textbook::Textbook;

/// Mostly sensible numbers, sometimes anything at all.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..3.0, 1 => -2.0..2.0, 1 => (-300.0..300.0f64).prop_map(|x| 10f64.powf(x)), 1 => ANY]
}

fn times() -> impl Strategy<Value = Vec<f64>> {
    let increasing = prop::collection::vec(0.0..5.0, 1..8).prop_map(|mut times| {
        times.sort_by(f64::total_cmp);
        times
    });
    prop_oneof![3 => increasing, 1 => prop::collection::vec(number(), 0..5)]
}

fn options() -> impl Strategy<Value = SolveOptions> {
    let rtol = prop_oneof![4 => (-13.9..-0.1f64).prop_map(|x| 10f64.powf(x)), 1 => ANY];
    let atol = prop_oneof![4 => (-16.0..0.0f64).prop_map(|x| 10f64.powf(x)), 1 => ANY, 1 => Just(0.0)];
    (rtol, atol, 0usize..200, prop::bool::ANY).prop_map(|(rtol, atol, steps, five)| {
        let method = if five { Method::Dopri5 } else { Method::Dop853 };
        SolveOptions::default().rtol(rtol).atol(atol).max_steps(steps).method(method)
    })
}

fn initial(k: usize, p: usize) -> impl Strategy<Value = Initial> {
    prop_oneof![
        2 => (-1.2..1.2).prop_map(Initial::informed),
        2 => (0usize..50, any::<u64>(), number())
            .prop_map(|(dimension, seed, variance)| Initial::Drawn { dimension, seed, variance }),
        1 => prop::collection::vec(number(), k * p + p * p).prop_map(move |values| {
            let m = DMatrix::from_column_slice(k, p, &values[..k * p]);
            let q = DMatrix::from_column_slice(p, p, &values[k * p..]);
            Initial::Given { m, q: &q * q.transpose() }
        }),
    ]
}

fn problem() -> impl Strategy<Value = (Problem, bool)> {
    (1usize..3, 1usize..4)
        .prop_flat_map(|(k, p)| {
            let a = prop::collection::vec(number(), p);
            let rates = (number(), prop::option::of(number()), number(), 1usize..5);
            (Just((k, p)), rates, a, initial(k, p), prop::bool::ANY)
        })
        .prop_filter_map("a problem", |((k, p), (gamma, gamma_a, noise, batch), a, initial, trained)| {
            let mut builder =
                Problem::builder(k, p).learning_rate(gamma).noise(noise).batch(batch).a(a).initial(initial);
            if let Some(rate) = gamma_a {
                builder = builder.second_layer_rate(rate);
            }
            Some((builder.build().ok()?, trained))
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn solving_never_panics(
        (problem, trained) in problem(), times in times(), options in options(), level in number(),
    ) {
        let system = Textbook::new(problem.k(), problem.p(), trained);
        match solve(&system, &problem, &times, &options) {
            Ok(found) => {
                prop_assert_eq!(found.times(), &times[..]);
                prop_assert!((0..found.len())
                    .all(|row| found.state(row).unwrap().as_slice().iter().all(|value| value.is_finite())));
                prop_assert!(found.risk().iter().all(|risk| risk.is_finite()));
            }
            Err(Error::Solve { partial, .. }) => {
                prop_assert!(partial.len() < times.len());
                prop_assert_eq!(partial.times(), &times[..partial.len()]);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        let _ = evaluate(&system, &problem);
        let event = |_: f64, state: State<'_>, _: f64| state.q(0, 0) - level;
        let result = solve_until(&system, &problem, &times, &options, Event::new(&event), &Silent);
        if let Ok((found, crossing)) = result {
            prop_assert!(crossing.is_some() || found.times() == &times[..]);
        }
    }

    #[test]
    fn lists_of_times_are_increasing_or_refused(first in number(), last in number(), points in 0usize..300) {
        for times in [linear_times(first, last, points), log_times(first, last, points)].into_iter().flatten() {
            prop_assert_eq!((times.len(), times[0], times[points - 1]), (points, first, last));
            prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
