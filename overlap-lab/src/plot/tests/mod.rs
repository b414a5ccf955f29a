//! Figures: positions, labels, files, mistakes. Parts: pictures of results, heat maps, properties.

mod heat;
mod properties;
mod results;

use super::*;

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
    let middle = |label: &str| {
        let line = svg.lines().find(|line| line.contains(&format!("aria-label=\"{label}\""))).unwrap();
        let points = line.split([' ', 'M', 'L', 'Q', 'C', '"']).filter_map(|point| point.split_once(','));
        let x: Vec<f64> = points.map(|(x, _)| x.parse().unwrap()).collect();
        0.5 * (x.iter().fold(f64::MAX, |a, b| a.min(*b)) + x.iter().fold(f64::MIN, |a, b| a.max(*b)))
    };
    // Up to the white around a glyph.
    for (label, place) in [("10^−2", x[0]), ("10^1", x[2])] {
        assert!((middle(label) - place).abs() < 1.5, "{label}");
    }
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
    for name in ["a.gif", "a", ".svg"] {
        assert!(message(corners().save(path(name))).contains("must be svg, pdf or png"), "{name}");
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

#[test]
fn a_pdf_draws_what_the_svg_draws() {
    let figure = corners();
    let pdf = String::from_utf8(figure.to_pdf().unwrap()).unwrap();
    assert!(pdf.starts_with("%PDF-1.4\n") && pdf.ends_with("%%EOF\n"));
    // Readers find objects by the table of their positions, and the table by its own.
    let place = |text: &str| text.parse::<usize>().unwrap();
    let table = place(pdf.rsplit("startxref\n").next().unwrap().lines().next().unwrap());
    let mut lines = pdf[table..].lines();
    assert_eq!(
        (lines.next(), lines.next(), lines.next()),
        (Some("xref"), Some("0 6"), Some("0000000000 65535 f "))
    );
    for n in 1..6 {
        let start = place(&lines.next().unwrap()[..10]);
        assert!(pdf[start..].starts_with(&format!("{n} 0 obj\n")), "object {n}");
    }
    let content = pdf.split("stream\n").nth(1).unwrap().strip_suffix("end").unwrap();
    assert!(pdf.contains(&format!("/Length {} ", content.len())));

    // The circles: paths of a move and curves, of their colour, around their centres.
    let svg = figure.to_svg().unwrap();
    let (x, y) = (attributes(&svg, "circle", "cx"), attributes(&svg, "circle", "cy"));
    let dots: Vec<&str> =
        content.split("0 0.447 0.698 rg\n").skip(1).map(|rest| rest.split("f\n").next().unwrap()).collect();
    assert_eq!(dots.len(), x.len());
    for (n, dot) in dots.iter().enumerate() {
        let ends = dot.lines().filter(|line| line.ends_with('c')).map(|line| {
            let numbers: Vec<f64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
            [numbers[4], numbers[5]]
        });
        let ends: Vec<[f64; 2]> = ends.collect();
        for (axis, centre) in [x[n], y[n]].into_iter().enumerate() {
            let mean = ends.iter().map(|end| end[axis]).sum::<f64>() / ends.len() as f64;
            assert!((mean - centre).abs() < 0.02, "{dot}: {mean}, {centre}");
        }
    }
    assert_eq!(figure.to_pdf().unwrap(), pdf.as_bytes(), "same figure, same bytes");
    let folder = tempfile::tempdir().unwrap();
    figure.save(folder.path().join("a.pdf")).unwrap();
    assert_eq!(std::fs::read(folder.path().join("a.pdf")).unwrap(), pdf.as_bytes());
}
