//! Vector fields of one's own through the public interface: the three equations of Lorenz, and what is refused.

use overlap_runtime::ode::{FieldEvent, FromFn, Integrate, VectorField};
use overlap_runtime::{Error, Method, Monitor, SolveFailure, SolveOptions};

/// Lorenz, J. Atmos. Sci. 20, 130 (1963), with its Jacobian.
fn lorenz() -> impl VectorField {
    let field = FromFn::new(3, |_time, x: &[f64], slope: &mut [f64]| {
        slope[0] = 10.0 * (x[1] - x[0]);
        slope[1] = x[0] * (28.0 - x[2]) - x[1];
        slope[2] = x[0] * x[1] - 8.0 / 3.0 * x[2];
    });
    field.autonomous().jacobian(|_time, x: &[f64], jacobian: &mut [f64]| {
        jacobian.copy_from_slice(&[-10.0, 10.0, 0.0, 28.0 - x[2], -1.0, -x[0], x[1], x[0], -8.0 / 3.0]);
    })
}

/// Taylor series of order 30 in steps of 1/200, whose errors are far below rounding: xy' and xz' by Cauchy products.
fn by_series(mut x: [f64; 3], until: f64) -> [f64; 3] {
    let steps = (until * 200.0).round();
    let step = until / steps;
    for _ in 0..steps as usize {
        let mut series = vec![x];
        for n in 0..30 {
            let product =
                |a: usize, b: usize| -> f64 { (0..=n).map(|m| series[m][a] * series[n - m][b]).sum() };
            let [a, b, c] = series[n];
            let slope = [10.0 * (b - a), 28.0 * a - b - product(0, 2), product(0, 1) - 8.0 / 3.0 * c];
            series.push(slope.map(|value| value / (n + 1) as f64));
        }
        x = series.iter().rev().fold([0.0; 3], |sum, term| std::array::from_fn(|i| sum[i] * step + term[i]));
    }
    x
}

#[test]
fn lorenz_follows_its_taylor_series_with_all_methods() {
    let (field, start) = (lorenz(), [1.0, 1.0, 1.0]);
    let times = [0.0, 0.1, 1.0, 2.5, 5.0];
    for method in [Method::Dopri5, Method::Dop853, Method::Rodas5P] {
        let options = SolveOptions::default().method(method).rtol(1e-11).atol(1e-11);
        let solution = Integrate::new(&field, 0.0, &start).options(options.clone()).solve(&times).unwrap();
        assert_eq!(solution.times(), times);
        assert_eq!(solution.states()[0], start);
        for (&time, state) in times.iter().zip(solution.states()) {
            let truth = if time == 0.0 { start } else { by_series(start, time) };
            for (found, known) in state.iter().zip(truth) {
                assert!((found - known).abs() < 1e-7, "{method:?} t = {time}: {found} {known}");
            }
        }
        // The same from another time, which the field does not know of, and continued from a row.
        let moved = Integrate::new(&field, -7.0, &start).options(options.clone()).solve(&[-6.0]).unwrap();
        assert!((moved.states()[0][0] - solution.states()[2][0]).abs() < 1e-9);
        let on = Integrate::new(&field, 1.0, &solution.states()[2]).options(options).solve(&[2.5]).unwrap();
        assert!((on.states()[0][0] - solution.states()[3][0]).abs() < 1e-7, "{method:?}");
    }
}

#[test]
fn events_of_a_field_are_located_and_stop() {
    let field = lorenz();
    for method in [Method::Dopri5, Method::Dop853, Method::Rodas5P] {
        let options = SolveOptions::default().method(method).rtol(1e-10).atol(1e-12);
        let (upper, below) = (|_: f64, x: &[f64]| x[2] - 30.0, |_: f64, x: &[f64]| x[2] - 20.0);
        let solution = Integrate::new(&field, 0.0, &[1.0, 1.0, 1.0])
            .options(options)
            .event(FieldEvent::crossing(&upper).record())
            .event(FieldEvent::crossing(&below))
            .solve(&[0.2, 0.3, 100.0])
            .unwrap();
        // z rises through 20, where the integration ends, before it reaches 30.
        let (time, state) = solution.met()[1].as_ref().unwrap();
        assert!((state[2] - 20.0).abs() < 1e-7 && solution.met()[0].is_none(), "{method:?}: {time}");
        assert!((by_series([1.0; 3], *time)[2] - 20.0).abs() < 1e-6);
        assert!(solution.times().iter().all(|row| row <= time));
    }
}

#[test]
fn mistakes_are_typed_errors() {
    let plain = FromFn::new(2, |_t, x: &[f64], slope: &mut [f64]| slope.copy_from_slice(x));
    let integrate = |initial: &[f64], start: f64, times: &[f64]| {
        Integrate::new(&plain, start, initial).solve(times).map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(
        integrate(&[1.0], 0.0, &[1.0]),
        "the initial state has shape 1, but it must have shape the 2 entries of the vector field"
    );
    assert_eq!(integrate(&[1.0, f64::NAN], 0.0, &[1.0]), "x_2 = NaN, but it must be finite");
    assert!(integrate(&[1.0; 2], 2.0, &[1.0]).starts_with("output time 1 = 1"));
    assert!(integrate(&[1.0; 2], f64::INFINITY, &[1.0]).starts_with("the start time"));
    let implicit = SolveOptions::default().method(Method::Rodas5P);
    let error = Integrate::new(&plain, 0.0, &[1.0; 2]).options(implicit).solve(&[1.0]).unwrap_err();
    assert!(matches!(error, Error::NoJacobian { .. }), "{error}");
}

struct Stop;

impl Monitor for Stop {
    fn should_stop(&self) -> bool {
        true
    }
}

#[test]
fn what_was_integrated_is_kept() {
    let explodes = FromFn::new(1, |_t, x: &[f64], slope: &mut [f64]| slope[0] = x[0] * x[0]).autonomous();
    let error = Integrate::new(&explodes, 0.0, &[1.0]).solve(&[0.5, 2.0]).unwrap_err();
    let Error::Integration { reason: SolveFailure::StepSizeUnderflow { time, .. }, partial } = error else {
        panic!("{error}")
    };
    assert!((time - 1.0).abs() < 1e-6);
    assert!((partial.states()[0][0] - 2.0).abs() < 1e-7 && partial.times() == [0.5]);
    let stopped = Integrate::new(&explodes, 0.0, &[1.0]).monitor(&Stop).solve(&[0.1, 0.9]).unwrap_err();
    let Error::Integration { reason: SolveFailure::Interrupted { .. }, .. } = stopped else {
        panic!("{stopped}")
    };
}
