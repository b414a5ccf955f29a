//! Pictures of trajectories and ensembles.

use super::*;
use overlap_runtime::internal::{Extent, Row};
use overlap_runtime::{Activation, DynSystem, Ensemble, Parameters, Problem, Shape, Trajectory};

/// States that name their place: entry n of row m is n + m / 10.
fn trajectory(shape: Shape) -> Trajectory {
    let Shape { k, p, trained } = shape;
    let problem = Problem::builder(k, p).noise(0.2).build().unwrap();
    let parameters =
        Parameters::new(&DynSystem::new(k, p, Activation::Erf, trained).unwrap(), &problem).unwrap();
    let mut ode = Trajectory::empty(shape, parameters);
    for (row, (time, risk)) in [(0.0, 1.1), (0.1, 0.6), (1.0, 0.2), (10.0, 0.11)].into_iter().enumerate() {
        let state = (0..shape.dim()).map(|entry| entry as f64 + row as f64 / 10.0).collect();
        ode.push(time, state, risk, 0.2).unwrap();
    }
    ode
}

/// Replicas around the rows of [`trajectory`]: its state and risk plus each of `offsets`. Δ/2 is 0.1 there.
fn ensemble(shape: Shape, offsets: &[f64]) -> Ensemble {
    let ode = trajectory(shape);
    let mut sgd = Ensemble::empty(shape, ode.parameters().clone(), 10, offsets.len(), Extent::default());
    for (row, state) in ode.states().iter().enumerate() {
        let replica = |offset: &f64| Row {
            state: state.iter().map(|value| value + offset).collect(),
            risk: ode.risk()[row] + offset,
            training: None,
        };
        sgd.push(
            ode.times()[row],
            (ode.times()[row] * 10.0) as u64,
            ode.parameters().noise,
            offsets.iter().map(replica).collect(),
        );
    }
    sgd
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12)
}

#[test]
fn the_learning_curve_ends_where_the_risk_is_rounding() {
    let system = DynSystem::new(1, 1, Activation::Erf, false).unwrap();
    let times = overlap_runtime::log_times(0.1, 1e4, 60).unwrap();
    let ode = overlap_runtime::solve(
        &system,
        &Problem::builder(1, 1).build().unwrap(),
        &times,
        &Default::default(),
    );
    let figure = learning_curve("title", &ode.unwrap(), None, &[]);
    let [Series::Line { y, .. }] = &figure.panels[0].series[..] else { panic!("{figure:?}") };
    assert!((20..60).contains(&y.len()), "{y:?}");
    // Falling all the way, to the last point.
    assert!(y.windows(2).all(|pair| pair[0] > pair[1]) && y[y.len() - 1] < 1e-12, "{y:?}");
}

#[test]
fn the_learning_curve_shows_excess_risk() {
    let shape = Shape { k: 1, p: 2, trained: false };
    let ode = trajectory(shape);
    let overlay = Overlay { label: "published", times: &[0.1, 1.0], values: &[0.5, 0.1] };
    // Standard deviation (n - 1) of -0.2, 0, 0.2 is 0.2.
    let figure = learning_curve("title", &ode, Some(&ensemble(shape, &[-0.2, 0.0, 0.2])), &[overlay]);
    let [band, line, theory, points] = &figure.panels[0].series[..] else { panic!("{figure:?}") };
    let Series::Band { low, high, .. } = band else { panic!("{band:?}") };
    assert!(close(low, &[0.8, 0.3, -0.1, -0.19]) && close(high, &[1.2, 0.7, 0.3, 0.21]), "{low:?} {high:?}");
    assert!(close(line.columns().1[0], &[1.0, 0.5, 0.1, 0.01]));
    assert_eq!(line.label(), "SGD, d = 10, mean ± std of 3 runs");
    assert_eq!((theory.columns().0, theory.columns().1[0]), (ode.times(), &ode.excess_risk()[..]));
    assert_eq!((points.label(), points.columns().1[0]), ("published", overlay.values));
    assert!(figure.to_svg().is_ok());

    let single = learning_curve("", &ode, Some(&ensemble(shape, &[0.0])), &[]);
    assert_eq!(single.panels[0].series.len(), 2, "a single run has no standard deviation");
    let interrupted = Ensemble::empty(shape, ode.parameters().clone(), 10, 3, Extent::default());
    let figure = learning_curve("", &ode, Some(&interrupted), &[]);
    assert_eq!(figure, learning_curve("", &ode, None, &[]));
}

#[test]
fn overlaps_are_sorted_into_panels_and_colours() {
    let shape = Shape { k: 2, p: 3, trained: true };
    let ode = trajectory(shape);
    let figure = overlaps("", &ode, None);
    let last = |panel: &Panel, colour| -> Vec<f64> {
        let of_colour = panel.series.iter().filter(|series| series.style().colour == colour);
        of_colour.map(|series| series.columns().1[0][3] - 0.3).map(f64::round).collect()
    };
    let [m, q, a] = &figure.panels[..] else { panic!() };
    assert_eq!(last(m, Colour::BLUE), [0.0, 1.0, 2.0]);
    assert_eq!(last(m, Colour::VERMILLION), [3.0, 4.0, 5.0]);
    // Q_11, Q_12, Q_13, Q_22, Q_23, Q_33 are entries 6 to 11.
    assert_eq!(last(q, Colour::BLUE), [6.0, 9.0, 11.0]);
    assert_eq!(last(q, Colour::ORANGE), [7.0, 8.0, 10.0]);
    for (n, colour) in [Colour::BLUE, Colour::VERMILLION, Colour::GREEN].into_iter().enumerate() {
        assert_eq!(last(a, colour), [12.0 + n as f64]);
        assert_eq!(a.series[n].label(), format!("student {}", n + 1));
    }
    let labels: Vec<&str> = m.series.iter().map(Series::label).filter(|label| !label.is_empty()).collect();
    assert_eq!(labels, ["teacher 1", "teacher 2"]);
    assert!(figure.to_svg().is_ok());

    let figure = overlaps("", &ode, Some(&ensemble(shape, &[0.0, 0.0])));
    let dots = figure.panels[1].series.iter().filter(|series| matches!(series, Series::Points { .. }));
    for (dots, index) in dots.zip([7, 8, 10, 6, 9, 11]) {
        assert_eq!(dots.columns().0, [0.1, 1.0, 10.0], "t = 0 has no place");
        assert_eq!(dots.columns().1[0][2], ode.states()[3][index]);
    }
    assert!(figure.to_svg().is_ok());
    let smaller = ensemble(Shape { k: 1, ..shape }, &[0.0]);
    assert!(overlaps("", &ode, Some(&smaller)).to_svg().is_err());
}

#[test]
fn many_teachers_have_distinct_colours_and_a_short_legend() {
    let ode = trajectory(Shape { k: 12, p: 1, trained: false });
    let panel = &overlaps("", &ode, None).panels[0];
    let mut colours: Vec<_> =
        panel.series.iter().map(|series| series.style().colour).map(|c| (c.r, c.g, c.b)).collect();
    colours.sort();
    colours.dedup();
    assert_eq!(colours.len(), 12);
    let labels: Vec<&str> =
        panel.series.iter().map(Series::label).filter(|label| !label.is_empty()).collect();
    assert_eq!(labels, ["teacher 1", "teacher 7", "teacher 12"]);
}
