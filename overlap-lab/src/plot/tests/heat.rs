//! Heat maps.

use super::*;

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
    for label in ["risk</text>", "aria-label=\"10^"] {
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
