//! What holds for every figure.

use super::*;
use proptest::prelude::*;

fn value() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{ANY, NORMAL, SUBNORMAL};
    let special = prop::sample::select(vec![
        0.0,
        -0.0,
        1.0,
        f64::MAX,
        -f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        1.0 + f64::EPSILON,
    ]);
    prop_oneof![4 => -10.0..10.0, 2 => special, 2 => NORMAL, 1 => SUBNORMAL, 1 => ANY]
}

fn axis() -> impl Strategy<Value = Axis> {
    (any::<bool>(), prop::option::weighted(0.3, (value(), value())), ".{0,8}").prop_map(
        |(log, range, label)| Axis {
            label,
            scale: if log { AxisScale::Log } else { AxisScale::Linear },
            range,
            ticks: Vec::new(),
        },
    )
}

fn figure() -> impl Strategy<Value = Figure> {
    let data = || prop::collection::vec((value(), value(), value()), 0..8);
    let series = (0..4u8, data(), ".{0,6}").prop_map(|(kind, data, label)| {
        let x: Vec<f64> = data.iter().map(|row| row.0).collect();
        let (low, high) = data.iter().map(|row| (row.1.min(row.2), row.1.max(row.2))).unzip();
        let style = Style::line(Colour::BLUE);
        match kind {
            0 => Series::Line { label, style, x, y: high },
            1 => Series::Points { label, style, x, y: high },
            2 => Series::Texts { style, texts: vec![label; x.len()], x, y: high },
            _ => Series::Band { label, style, x, low, high },
        }
    });
    let panel = (".{0,8}", axis(), axis(), prop::collection::vec(series, 1..3), any::<bool>())
        .prop_map(|(title, x, y, series, wide)| Panel { title, x, y, series, wide });
    let panels = prop::collection::vec(panel, 1..4);
    (".{0,30}", panels, 1..4usize, any::<bool>()).prop_map(|(title, panels, columns, shared_legend)| Figure {
        title,
        panels,
        columns,
        shared_legend,
    })
}

proptest! {
    #[test]
    fn no_figure_panics_and_no_position_is_lost(figure in figure()) {
        match figure.to_svg() {
            Ok(svg) => {
                let shapes = svg.lines().filter(|line| line.starts_with("<path") || line.starts_with("<circle"));
                for shape in shapes {
                    prop_assert!(!shape.contains("NaN") && !shape.contains("inf"), "{}", shape);
                }
                prop_assert_eq!(svg, figure.to_svg().unwrap());
            }
            Err(error) => prop_assert!(matches!(error, Error::Figure(_))),
        }
    }

    #[test]
    fn finite_positive_data_can_always_be_drawn(
        data in prop::collection::vec((value(), value()), 1..10), log in any::<[bool; 2]>(),
    ) {
        let place = |value: f64| if value.is_finite() && value != 0.0 { value.abs() } else { 1.0 };
        let (x, y) = data.into_iter().map(|(x, y)| (place(x), place(y))).unzip();
        let axis = |log| if log { Axis::log("") } else { Axis::linear("") };
        let panel = Panel::new("", axis(log[0]), axis(log[1])).line("", Style::line(Colour::BLUE), x, y);
        prop_assert!(Figure::new("").panel(panel).to_svg().is_ok());
    }
}

proptest! {
    // A picture takes a while without optimisation.
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn no_picture_panics(figure in figure()) {
        prop_assert_eq!(figure.to_png().is_ok(), figure.to_svg().is_ok());
    }
}
