use super::*;
use crate::simulate::{Extent, Row};
use crate::{Ensemble, Parameters, Shape, Trajectory};
use proptest::prelude::*;

/// Positions of the attribute values in an SVG, e.g. all `cx`.
fn attributes(svg: &str, tag: &str, name: &str) -> Vec<f64> {
    let prefix = format!(" {name}=\"");
    svg.lines()
        .filter(|line| line.starts_with(&format!("<{tag} ")))
        .filter_map(|line| line.split(&prefix).nth(1)?.split('"').next()?.parse().ok())
        .collect()
}

/// The points of the data paths: those in `colour`.
fn paths(svg: &str, colour: &str) -> Vec<Vec<[f64; 2]>> {
    let number = |text: &str| text.parse::<f64>().unwrap();
    svg.lines()
        .filter(|line| line.starts_with("<path ") && line.contains(colour))
        .map(|line| {
            let d = line.split('"').nth(1).unwrap().trim_start_matches('M').trim_end_matches('Z');
            d.split('L')
                .map(|pair| pair.split_once(',').unwrap())
                .map(|(x, y)| [number(x), number(y)])
                .collect()
        })
        .collect()
}

const BLUE: &str = "#0072b2";

fn message(result: Result<impl Sized, Error>) -> String {
    match result {
        Err(Error::Figure(message)) => message,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

fn one_line(x: Vec<f64>, y: Vec<f64>) -> Figure {
    Figure::new("").panel(Panel::new("", Axis::log("x"), Axis::log("y")).line(
        "",
        Style::line(Colour::BLUE),
        x,
        y,
    ))
}

/// Corners of the axes, then a point a quarter up and three quarters right.
fn corners() -> Figure {
    let panel = Panel::new("", Axis::log("x").range(1e-2, 1e2), Axis::linear("y").range(-1.0, 3.0)).points(
        "",
        Style::dots(Colour::BLUE),
        vec![1e-2, 1e2, 10.0],
        vec![-1.0, 3.0, 0.0],
    );
    Figure::new("").panel(panel)
}

#[test]
fn a_point_lands_at_its_place_in_both_formats() {
    let svg = corners().to_svg().unwrap();
    let (x, y) = (attributes(&svg, "circle", "cx"), attributes(&svg, "circle", "cy"));
    assert!(x[0] < 120.0 && x[1] > 850.0 && y[0] > y[1] + 300.0, "{x:?} {y:?}");
    assert!((x[2] - (x[0] + 0.75 * (x[1] - x[0]))).abs() < 0.011);
    assert!((y[2] - (y[0] + 0.25 * (y[1] - y[0]))).abs() < 0.011);
    // The axes' corner is where the lowest point is: frame lines start or end there.
    let frame = paths(&svg, "#666666");
    assert!(frame.iter().any(|path| path[0][0] == x[0] && path[1] == [x[0], y[0]]), "{frame:?}");

    let png = corners().to_png().unwrap();
    let image = tiny_skia::Pixmap::decode_png(&png).unwrap();
    assert_eq!(f64::from(image.width()), WIDTH * PNG_SCALE);
    for (x, y) in x.iter().zip(&y) {
        let pixel = image.pixel((x * PNG_SCALE) as u32, (y * PNG_SCALE) as u32).unwrap();
        assert_eq!([pixel.red(), pixel.green(), pixel.blue()], [0x00, 0x72, 0xb2]);
    }
}

#[test]
fn the_numbers_stand_at_their_values() {
    let svg = corners().to_svg().unwrap();
    let x = attributes(&svg, "circle", "cx");
    let label = |inner: &str| {
        let line = svg.lines().find(|line| line.starts_with("<text") && line.contains(inner)).unwrap();
        attributes(line, "text", "x")[0]
    };
    assert_eq!(label(">10<tspan dy=\"-5.13\" font-size=\"9.72\">−2</tspan></text>"), x[0]);
    assert_eq!(label(">10<tspan dy=\"-5.13\" font-size=\"9.72\">1</tspan></text>"), x[2]);
}

#[test]
fn values_without_a_place_leave_a_gap() {
    let lines = |y: Vec<f64>| {
        let x = (1..=y.len()).map(|n| n as f64).collect();
        paths(&one_line(x, y).to_svg().unwrap(), BLUE).iter().map(Vec::len).collect::<Vec<_>>()
    };
    assert_eq!(lines(vec![1.0, 2.0, 4.0, 3.0]), [4]);
    assert_eq!(lines(vec![1.0, 2.0, 0.0, 4.0, 3.0, 1.0]), [2, 3]);
    assert_eq!(lines(vec![1.0, 2.0, -1.0]), [2]);
    let single = one_line(vec![1.0], vec![1.0]).to_svg().unwrap();
    assert_eq!(attributes(&single, "circle", "cx").len(), 1, "a single point is a dot");
}

#[test]
fn a_band_reaches_down_to_the_axis_where_its_edge_is_not_positive() {
    let (x, low, high) = (vec![1.0, 2.0, 4.0], vec![1.0, -1.0, 1.0], vec![2.0, 2.0, 2.0]);
    let panel = Panel::new("", Axis::log(""), Axis::log("").range(0.1, 10.0)).band(
        "",
        Style::band(Colour::BLUE),
        x,
        low,
        high,
    );
    let svg = Figure::new("").panel(panel).to_svg().unwrap();
    let band = &paths(&svg, BLUE)[0];
    let lowest = band.iter().map(|point| point[1]).fold(0.0, f64::max);
    // The frame's horizontal line.
    let axis = paths(&svg, "#666666").into_iter().find(|path| path[1][0] - path[0][0] > 300.0).unwrap();
    assert_eq!(lowest, axis[0][1]);
}

#[test]
fn lines_end_at_the_border_of_a_given_range() {
    let panel = Panel::new("", Axis::linear("").range(0.0, 1.0), Axis::linear("").range(0.0, 1.0))
        .line("", Style::line(Colour::BLUE), vec![-1e300, 0.5, 0.5], vec![0.5, 0.5, f64::MAX])
        .points("", Style::dots(Colour::BLUE), vec![2.0], vec![0.5]);
    let svg = Figure::new("").panel(panel).to_svg().unwrap();
    let frame: Vec<[f64; 2]> = paths(&svg, "#666666").into_iter().flatten().collect();
    let (left, top) =
        frame.iter().fold((f64::MAX, f64::MAX), |(x, y), point| (x.min(point[0]), y.min(point[1])));
    let line = &paths(&svg, BLUE)[0];
    assert!(line.iter().all(|[x, y]| *x >= left && *y >= top), "{line:?} leaves {left}, {top}");
    assert_eq!(line.last().unwrap()[1], top);
    assert!(attributes(&svg, "circle", "cx").is_empty());
}

#[test]
fn long_data_make_no_long_file() {
    let x: Vec<f64> = (1..=100_000).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| 1.0 / x).collect();
    assert!(one_line(x, y).to_svg().unwrap().len() < 100_000);
}

#[test]
fn legends_merge_equal_labels_and_text_is_escaped() {
    let panel = Panel::new("a < b", Axis::linear("x & y"), Axis::linear(""))
        .line("same", Style::line(Colour::BLUE), vec![0.0, 1.0], vec![0.0, 1.0])
        .points("same", Style::dots(Colour::BLUE), vec![0.0, 1.0], vec![0.0, 1.0])
        .points("", Style::dots(Colour::BLUE), vec![0.0, 1.0], vec![0.0, 1.0]);
    let svg = Figure::new("\"t\"").panel(panel).to_svg().unwrap();
    assert_eq!(svg.matches(">same<").count(), 1);
    assert!(svg.contains("a &lt; b") && svg.contains("x &amp; y") && svg.contains("&quot;t&quot;"));
    // Two series of two points, and one sample in the legend.
    assert_eq!(attributes(&svg, "circle", "cx").len(), 5);
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let style = Style::line(Colour::BLUE);
    let panel = || Panel::new("", Axis::log("t"), Axis::log("risk"));
    let svg = |panel: Panel| message(Figure::new("").panel(panel).to_svg());
    assert_eq!(message(Figure::new("").to_svg()), "it has no panels");
    assert_eq!(svg(panel()), "panel 1 has no series");
    assert_eq!(svg(panel().line("ODE", style, vec![], vec![])), "series \"ODE\" of panel 1: it is empty");
    assert_eq!(
        svg(panel().line("", style, vec![1.0], vec![])),
        "series 1 of panel 1: it has 1 horizontal and 0 vertical values"
    );
    assert_eq!(
        svg(panel().line("ODE", style, vec![1.0, 2.0], vec![1.0, f64::NAN])),
        "series \"ODE\" of panel 1: value 2 is NaN, but it must be finite"
    );
    assert!(svg(panel().points("p", style, vec![f64::INFINITY], vec![1.0])).contains("value 1 is inf"));
    assert!(
        svg(panel().line("ODE", style, vec![0.0, -1.0], vec![1.0, 1.0])).contains("positive values only")
    );
    assert!(
        svg(panel().line("ODE", style, vec![1.0, 2.0], vec![0.0, -1.0])).contains("positive values only")
    );
    assert!(svg(panel().band("b", style, vec![1.0], vec![2.0], vec![1.0])).contains("above the upper edge"));
    assert!(svg(panel().line("", style.width(-1.0), vec![1.0], vec![1.0])).contains("width = -1"));
    let ranged = |low, high| {
        let x = Axis::log("t").range(low, high);
        svg(Panel::new("", x, Axis::linear("")).line("", style, vec![1.0], vec![1.0]))
    };
    for (low, high) in [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        assert!(ranged(low, high).contains("the range of the axis \"t\""));
    }
    assert!(message(corners().columns(0).to_svg()).contains("columns = 0"));
    let many = Figure { panels: vec![panel(); 65], ..corners() };
    assert!(message(many.to_svg()).contains("65 panels"));
}

#[test]
fn a_wide_panel_has_its_row_and_a_row_may_share_its_legend() {
    let at = |label: &str| {
        let panel = Panel::new("", Axis::linear("").range(0.0, 1.0), Axis::linear("").range(0.0, 1.0));
        panel.points(label, Style::dots(Colour::BLUE), vec![0.0, 1.0], vec![0.0, 1.0])
    };
    let figure = Figure::new("").columns(2).panel(at("one").wide()).panel(at("two")).panel(at("two"));
    let swatches = |figure: &Figure| figure.to_svg().unwrap().matches(">two<").count();
    assert_eq!(swatches(&figure), 2);
    let shared = figure.shared_legend();
    assert_eq!(swatches(&shared), 1);
    let svg = shared.to_svg().unwrap();
    let (x, y) = (attributes(&svg, "circle", "cx"), attributes(&svg, "circle", "cy"));
    // A sample, the wide panel, a sample, two panels side by side.
    let [_, a, b, _, c, d, e, f] = x[..] else { panic!("{x:?}") };
    assert!(b - a > 800.0 && b == f && a == c && (d - c - (f - e)).abs() < 0.02 && e > d, "{x:?}");
    assert!(y[1] < y[5] && y[4] == y[6] && y[3] < y[5], "{y:?}");
}

#[test]
fn texts_stand_where_they_are_put() {
    let panel = Panel::new("", Axis::linear("").range(0.0, 1.0), Axis::linear("").range(0.0, 1.0))
        .points("", Style::dots(Colour::BLUE), vec![0.3], vec![0.6])
        .text("here", Colour::BLACK, 0.3, 0.6)
        .text("outside", Colour::BLACK, 1.3, 0.6);
    let svg = Figure::new("").panel(panel.clone()).to_svg().unwrap();
    let text = svg.lines().find(|line| line.contains(">here<")).unwrap();
    assert_eq!(attributes(text, "text", "x"), attributes(&svg, "circle", "cx"));
    assert_eq!(attributes(text, "text", "y"), attributes(&svg, "circle", "cy"));
    assert!(text.contains("text-anchor=\"middle\"") && !svg.contains("outside"));
    let mut few = panel;
    few.series.push(Series::Texts {
        style: Style::line(Colour::BLACK),
        x: vec![0.0],
        y: vec![0.0],
        texts: vec![],
    });
    assert!(message(Figure::new("").panel(few).to_svg()).contains("1 places and 0 texts"));
}

#[test]
fn the_extension_picks_the_format_and_files_appear_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    corners().save(path("a.svg")).unwrap();
    corners().save(path("a.PNG")).unwrap();
    assert_eq!(std::fs::read_to_string(path("a.svg")).unwrap(), corners().to_svg().unwrap());
    assert_eq!(std::fs::read(path("a.PNG")).unwrap(), corners().to_png().unwrap(), "same figure, same bytes");
    for name in ["a.pdf", "a", ".svg"] {
        assert!(message(corners().save(path(name))).contains("must be svg or png"), "{name}");
    }
    // A figure that cannot be drawn leaves the old file alone, and no file where none was.
    let old = std::fs::read(path("a.svg")).unwrap();
    message(Figure::new("").save(path("a.svg")));
    message(Figure::new("").save(path("b.svg")));
    assert_eq!(std::fs::read(path("a.svg")).unwrap(), old);
    let lost = corners().save(path("missing/a.svg"));
    assert!(matches!(&lost, Err(Error::Io { path, action: "write", .. }) if path.ends_with("missing/a.svg")));
    // A folder cannot be replaced by a file; the temporary file is gone afterwards.
    std::fs::create_dir(path("folder.svg")).unwrap();
    assert!(matches!(corners().save(path("folder.svg")), Err(Error::Io { .. })));
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.PNG", "a.svg", "folder.svg"]);
}

#[cfg(unix)]
#[test]
fn a_saved_file_is_as_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    corners().save(folder.path().join("a.svg")).unwrap();
    std::fs::write(folder.path().join("b.svg"), "").unwrap();
    assert_eq!(mode("a.svg"), mode("b.svg"));
}

/// States that name their place: entry n of row m is n + m / 10.
fn trajectory(shape: Shape) -> Trajectory {
    let parameters = Parameters {
        teacher_overlaps: vec![0.0; shape.k * shape.k],
        a_star: vec![1.0; shape.k],
        a: vec![1.0; shape.p],
        s: 1.0,
        s_star: 1.0,
        gamma: 1.0,
        gamma_a: 0.0,
        noise: 0.2,
        batch: 1.0,
    };
    let mut ode = Trajectory::empty(shape, parameters);
    ode.times = vec![0.0, 0.1, 1.0, 10.0];
    ode.states = (0..4).map(|m| (0..shape.dim()).map(|n| n as f64 + m as f64 / 10.0).collect()).collect();
    ode.risks = vec![1.1, 0.6, 0.2, 0.11];
    ode.noises = vec![ode.parameters.noise; 4];
    ode
}

/// Replicas around the rows of [`trajectory`]: its state and risk plus each of `offsets`. Δ/2 is 0.1 there.
fn ensemble(shape: Shape, offsets: &[f64]) -> Ensemble {
    let ode = trajectory(shape);
    let mut sgd = Ensemble::empty(shape, ode.parameters().clone(), 10, offsets.len(), Extent::default());
    for (row, state) in ode.states.iter().enumerate() {
        let replica = |offset: &f64| Row {
            state: state.iter().map(|value| value + offset).collect(),
            risk: ode.risks[row] + offset,
            training: None,
        };
        sgd.push(
            ode.times[row],
            (ode.times[row] * 10.0) as u64,
            ode.parameters.noise,
            offsets.iter().map(replica).collect(),
        );
    }
    sgd
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12)
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
    assert_eq!(last(a, Colour::GREEN), [12.0, 13.0, 14.0]);
    let labels: Vec<&str> = m.series.iter().map(Series::label).filter(|label| !label.is_empty()).collect();
    assert_eq!(labels, ["teacher 1", "teacher 2"]);
    assert!(figure.to_svg().is_ok());

    let figure = overlaps("", &ode, Some(&ensemble(shape, &[0.0, 0.0])));
    let dots = figure.panels[1].series.iter().filter(|series| matches!(series, Series::Points { .. }));
    for (dots, index) in dots.zip([7, 8, 10, 6, 9, 11]) {
        assert_eq!(dots.columns().0, [0.1, 1.0, 10.0], "t = 0 has no place");
        assert_eq!(dots.columns().1[0][2], ode.states[3][index]);
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

#[test]
fn a_heat_map_has_a_cell_of_the_right_colour_at_every_value() {
    let heat = Heat {
        x: vec![1.0, 10.0, 100.0],
        y: vec![0.0, 1.0],
        z: vec![vec![Some(1.0), Some(10.0), Some(100.0)], vec![None, Some(100.0), Some(100.0)]],
        axis: Axis::log("risk"),
    };
    let figure =
        |heat: Heat| Figure::new("map").panel(Panel::new("", Axis::log("x"), Axis::linear("y")).heat(heat));
    let svg = figure(heat.clone()).to_svg().unwrap();
    let cells = |colour: Colour| {
        let fill = format!("fill=\"#{:02x}{:02x}{:02x}\"", colour.r, colour.g, colour.b);
        paths(&svg, &fill)
    };
    let (low, high) = (cells(Colour::sequence(0.0)), cells(Colour::sequence(1.0)));
    let missing = cells(Colour { r: 0xdd, g: 0xdd, b: 0xdd });
    assert_eq!((low.len(), high.len(), missing.len()), (1, 2, 1), "{svg}");
    // The plot: from the left edge of the first cell to the right edge of the last one; columns are equally wide.
    let span = |cell: &Vec<[f64; 2]>, axis: usize| {
        let values = cell.iter().map(|point| point[axis]);
        (values.clone().fold(f64::MAX, f64::min), values.fold(f64::MIN, f64::max))
    };
    let (left, right) = (span(&low[0], 0).0, span(&high[0], 0).1);
    let third = (right - left) / 3.0;
    assert!((span(&low[0], 0).1 - left - third).abs() < 0.6);
    assert!((span(&high[0], 0).0 - right + third).abs() < 0.6);
    assert!((span(&high[1], 0).0 - right + 2.0 * third).abs() < 0.6, "neighbours of one colour are one area");
    // y grows upwards: the first row of z lies below the second.
    assert!(span(&low[0], 1).1 > span(&missing[0], 1).1 + 50.0);
    assert!((span(&low[0], 0).0 - span(&missing[0], 0).0).abs() < 1e-9);
    for label in ["risk</text>", ">10<tspan"] {
        assert!(svg.contains(label), "{label}");
    }
    assert!(figure(heat.clone()).to_png().unwrap().len() > 1000);

    for (spoil, expected) in [
        ((|heat: &mut Heat| heat.x[0] = 0.0) as fn(&mut Heat), "x = 0 has no place on a logarithmic axis"),
        (|heat| heat.x.swap(0, 1), "the x values of a heat map must be there, and increase"),
        (|heat| heat.y.clear(), "the y values of a heat map must be there, and increase"),
        (|heat| heat.z[1].truncate(2), "its values must be 2 rows of 3"),
        (|heat| heat.z[1][1] = Some(f64::NAN), "a value is NaN, but it must be finite or missing"),
        (|heat| heat.z = vec![vec![None; 3]; 2], "a heat map has no value its colour bar can show"),
    ] {
        let mut heat = heat.clone();
        spoil(&mut heat);
        assert!(message(figure(heat).to_svg()).contains(expected), "{expected}");
    }
}
