//! Heat maps: coloured cells around the points of a grid, and the colour bar.

use super::axis::{Axis, AxisScale, Extent};
use super::layout::Frame;
use super::legend::fit;
use super::scene::{Anchor, Item, Stroke};
use super::style::{Colour, FRAME, LABEL_SIZE, TICK_SIZE};
use super::text;
use overlap_runtime::Error;

/// Values on a grid, drawn as cells whose colour is the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// Values of the horizontal axis, increasing.
    pub x: Vec<f64>,
    /// Values of the vertical axis, increasing.
    pub y: Vec<f64>,
    /// `z[row][column]` belongs to `y[row]` and `x[column]`; one that is missing, or that a logarithmic axis cannot show,
    /// is a grey cell.
    pub z: Vec<Vec<Option<f64>>>,
    /// The colour bar.
    pub axis: Axis,
}

/// A value that is missing.
const MISSING: Colour = Colour { r: 0xdd, g: 0xdd, b: 0xdd };
/// From the plot to the bar, and the width of the bar.
const BAR: [f64; 2] = [16.0, 18.0];
/// From the bar to the edge: numbers and label.
const NUMBERS: f64 = 86.0;
/// Room right of a plot for the colour bar.
pub(super) const ROOM: f64 = BAR[0] + BAR[1] + NUMBERS;

/// Borders between cells around values: half way between neighbours, in decades on a logarithmic axis.
pub(super) fn edges(values: &[f64], scale: AxisScale) -> Vec<f64> {
    let log = scale == AxisScale::Log;
    let to = |value: f64| if log { libm::log10(value) } else { value };
    let from = |place: f64| if log { libm::pow(10.0, place) } else { place };
    let places: Vec<f64> = values.iter().map(|&value| to(value)).collect();
    let last = places.len() - 1;
    let half = |n: usize| match last {
        0 if log => 0.25,
        0 => 0.5 * places[0].abs().max(1.0),
        _ => 0.5 * (places[n + 1] - places[n]),
    };
    let mut edges = vec![from(places[0] - half(0))];
    edges.extend((0..last).map(|n| from(places[n] + half(n))));
    edges.push(from(places[last] + half(last.saturating_sub(1))));
    edges
}

/// A cell narrower than this part of the mean one is hard to see.
const THIN: f64 = 0.25;

/// Whether some of the cells around values are too thin to see beside the others.
pub(super) fn too_thin(values: &[f64], scale: AxisScale) -> bool {
    if values.len() < 2 {
        return false;
    }
    let to = |value: f64| if scale == AxisScale::Log { libm::log10(value) } else { value };
    let edges: Vec<f64> = edges(values, scale).into_iter().map(to).collect();
    let mean = (edges[values.len()] - edges[0]) / values.len() as f64;
    edges.windows(2).any(|pair| pair[1] - pair[0] < THIN * mean)
}

/// Whether a heat map can be drawn on axes of these scales.
pub(super) fn check(heat: &Heat, x: AxisScale, y: AxisScale) -> Result<(), String> {
    for (name, values, scale) in [("x", &heat.x, x), ("y", &heat.y, y)] {
        if values.is_empty() || values.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(format!("the {name} values of a heat map must be there, and increase"));
        }
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(format!("an {name} value is {value}, but it must be finite"));
        }
        if scale == AxisScale::Log && values[0] <= 0.0 {
            return Err(format!("{name} = {} has no place on a logarithmic axis", values[0]));
        }
    }
    if heat.z.len() != heat.y.len() || heat.z.iter().any(|row| row.len() != heat.x.len()) {
        return Err(format!("its values must be {} rows of {}", heat.y.len(), heat.x.len()));
    }
    match heat.z.iter().flatten().flatten().find(|value| !value.is_finite()) {
        Some(value) => Err(format!("a value is {value}, but it must be finite or missing")),
        None => Ok(()),
    }
}

/// Cells and colour bar.
pub(super) fn draw(heat: &Heat, frame: &Frame, items: &mut Vec<Item>) -> Result<(), Error> {
    let nothing = || Error::Figure("a heat map has no value its colour bar can show".into());
    let values = heat.z.iter().flatten().flatten().copied();
    let extent = Extent::new(&heat.axis, values, 0.0)?.ok_or_else(nothing)?;
    let colour = |value: Option<f64>| {
        value
            .and_then(|value| extent.fraction(value))
            .map_or(MISSING, |place| Colour::sequence(place.clamp(0.0, 1.0)))
    };
    let places = |values: &[f64], extent: &Extent, scale| -> Vec<f64> {
        edges(values, scale)
            .into_iter()
            .map(|edge| extent.fraction(edge).unwrap_or(0.0).clamp(0.0, 1.0))
            .collect()
    };
    let (columns, rows) =
        (places(&heat.x, &frame.x, frame.x.scale()), places(&heat.y, &frame.y, frame.y.scale()));
    for (row, values) in heat.z.iter().enumerate() {
        let mut start = 0;
        while start < values.len() {
            // Neighbours of one colour are one area.
            let own = colour(values[start]);
            let end = (start..values.len()).find(|&n| colour(values[n]) != own).unwrap_or(values.len());
            let [left, top] = frame.at([columns[start], rows[row + 1]]);
            let [right, bottom] = frame.at([columns[end], rows[row]]);
            // Half a pixel over the next ones, or the page shines through.
            let (right, top) = (
                if end < values.len() { right + 0.5 } else { right },
                if row + 1 < heat.z.len() { top - 0.5 } else { top },
            );
            items.push(area(left, top, right, bottom, own));
            start = end;
        }
    }
    bar(heat, &extent, frame, items);
    Ok(())
}

fn area(left: f64, top: f64, right: f64, bottom: f64, colour: Colour) -> Item {
    Item::Area {
        points: vec![[left, top], [right, top], [right, bottom], [left, bottom]],
        colour,
        alpha: 1.0,
    }
}

fn bar(heat: &Heat, extent: &Extent, frame: &Frame, items: &mut Vec<Item>) {
    const STEPS: usize = 128;
    let (left, bottom) = (frame.left + frame.width + BAR[0], frame.top + frame.height);
    let right = left + BAR[1];
    for step in 0..STEPS {
        let height = |n: usize| bottom - frame.height * n as f64 / STEPS as f64;
        let colour = Colour::sequence((step as f64 + 0.5) / STEPS as f64);
        let top = if step + 1 < STEPS { height(step + 1) - 0.5 } else { frame.top };
        items.push(area(left, top, right, height(step), colour));
    }
    let text = |at, spans, size, anchor, vertical| Item::Text {
        at,
        size,
        anchor,
        vertical,
        colour: Colour::BLACK,
        spans,
    };
    let mut widest = 0.0f64;
    for tick in extent.ticks(frame.height, 48.0, 36.0) {
        let Some(label) = &tick.label else { continue };
        let y = bottom - tick.place * frame.height;
        let stroke = Stroke { colour: FRAME, alpha: 1.0, width: 1.0, dash: &[] };
        items.push(Item::Line { points: vec![[right, y], [right + 4.0, y]], stroke });
        let spans = text::parse(label);
        widest = widest.max(text::width(&spans, TICK_SIZE));
        items.push(text([right + 7.0, y + 0.36 * TICK_SIZE], spans, TICK_SIZE, Anchor::Start, false));
    }
    if !heat.axis.label.is_empty() {
        let spans = text::parse(&heat.axis.label);
        let size = fit(&spans, LABEL_SIZE, frame.height);
        let x = (right + 7.0 + widest + 0.95 * LABEL_SIZE + 6.0).min(right + NUMBERS - 4.0);
        items.push(text([x, frame.top + frame.height / 2.0], spans, size, Anchor::Middle, true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_border_half_way_between_values() {
        assert_eq!(edges(&[1.0, 2.0, 4.0], AxisScale::Linear), [0.5, 1.5, 3.0, 5.0]);
        let log = edges(&[1.0, 100.0], AxisScale::Log);
        for (found, expected) in log.iter().zip([0.1, 10.0, 1000.0]) {
            assert!((found / expected - 1.0).abs() < 1e-12, "{log:?}");
        }
        assert_eq!(edges(&[0.0], AxisScale::Linear), [-0.5, 0.5]);
        assert!(too_thin(&[0.0, 1e-3, 1e-2, 1.0], AxisScale::Linear));
        assert!(too_thin(&[1.0, 1.1, 1e5], AxisScale::Log));
        for values in [&[0.0, 1.0, 2.0][..], &[1.0, 2.0, 4.0], &[3.0]] {
            assert!(!too_thin(values, AxisScale::Linear) && !too_thin(&[1.0, 10.0, 1e3], AxisScale::Log));
        }
    }
}
