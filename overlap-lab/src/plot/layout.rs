//! From a figure to shapes at pixel positions.

use super::axis::{Axis, AxisScale, Extent, Tick};
use super::legend::{Legend, dot, fit, stroke};
use super::scene::{Anchor, Item, Scene, Stroke};
use super::style::{Colour, FRAME, GRID, HEADING_SIZE, LABEL_SIZE, Style, TICK_SIZE, TITLE_SIZE, WIDTH};
use super::{Figure, Heat, Panel, Series, clip, heat, text};
use overlap_runtime::Error;

/// Keeps a PNG below some 100 million pixels.
const MOST_PANELS: usize = 64;
const OUTER: f64 = 16.0;
const BETWEEN: f64 = 30.0;
const TITLE_ROW: f64 = 34.0;
const HEADING_ROW: f64 = 26.0;
const TICK_LENGTH: f64 = 5.0;
/// Room for half a tick label beyond the right end of a plot.
const RIGHT: f64 = 14.0;
/// From the plot to the baseline of the numbers, and on to the baseline and the lower edge of the axis label.
const BELOW: [f64; 3] = [20.0, 23.0, 6.0];

/// Where a plot lies on the page, and which values it shows.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Extent,
    pub(super) y: Extent,
}

impl Frame {
    /// Pixel position of a fraction (y upwards).
    pub(super) fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.left + x * self.width, self.top + (1.0 - y) * self.height]
    }
}

/// Lays a figure out, or says why it cannot be drawn.
pub(super) fn scene(figure: &Figure) -> Result<Scene, Error> {
    if figure.panels.is_empty() {
        return Err(Error::Figure("it has no panels".into()));
    }
    if !(1..=4).contains(&figure.columns) {
        return Err(Error::Figure(format!("columns = {}, but it must be 1 to 4", figure.columns)));
    }
    if figure.panels.len() > MOST_PANELS {
        return Err(Error::Figure(format!(
            "it has {} panels, but at most {MOST_PANELS} fit",
            figure.panels.len()
        )));
    }
    let columns = figure.columns.min(figure.panels.len());
    let mut prepared = Vec::with_capacity(figure.panels.len());
    for (index, panel) in figure.panels.iter().enumerate() {
        let (x, y) = extents(panel, index)?;
        let ticks = y.axis_ticks(&panel.y, height(if panel.wide { 1 } else { columns }), 48.0, 36.0);
        prepared.push(Prepared { panel, x, y, ticks });
    }
    let rows: Vec<&[Prepared<'_>]> = prepared
        .chunk_by(|one, next| !one.panel.wide && !next.panel.wide)
        .flat_map(|panels| panels.chunks(columns))
        .collect();
    // Plots of a column share their left edge.
    let mut rooms = vec![0.0f64; columns];
    for row in rows.iter().filter(|row| !row[0].panel.wide) {
        for (room, Prepared { panel, ticks, .. }) in rooms.iter_mut().zip(*row) {
            *room = room.max(label_room(panel, ticks));
        }
    }

    let mut items = Vec::new();
    let mut top = OUTER;
    if !figure.title.is_empty() {
        let at = [OUTER, top + TITLE_SIZE];
        heading(&figure.title, at, TITLE_SIZE, WIDTH - 2.0 * OUTER, &mut items);
        top += TITLE_ROW;
    }
    for (row, panels) in rows.into_iter().enumerate() {
        top += if row == 0 { 0.0 } else { BETWEEN };
        let wide = panels[0].panel.wide;
        let (height, width) = if wide { (height(1), width(1)) } else { (height(columns), width(columns)) };
        let room = |column: usize| {
            if wide { label_room(panels[0].panel, &panels[0].ticks) } else { rooms[column] }
        };
        if figure.shared_legend {
            let series = panels.iter().flat_map(|panel| &panel.panel.series);
            let legend = Legend::new(series, WIDTH - 2.0 * OUTER - room(0));
            let high = legend.height();
            legend.draw(OUTER + room(0), top, &mut items);
            top += high;
        }
        let shown = |panel: &Panel| if figure.shared_legend { 0 } else { panel.series.len() };
        let title = if panels.iter().all(|panel| panel.panel.title.is_empty()) { 0.0 } else { HEADING_ROW };
        let tall = |(column, panel): (usize, &Prepared<'_>)| {
            let plot = width - room(column) - right(panel.panel);
            Legend::new(&panel.panel.series[..shown(panel.panel)], plot).height()
        };
        // Plots of a row stand at the same height, below the tallest legend.
        let header = title + panels.iter().enumerate().map(tall).fold(0.0, f64::max) + 6.0;
        for (column, Prepared { panel, x, y, ticks }) in panels.iter().enumerate() {
            let start = OUTER + column as f64 * (width + BETWEEN);
            let (left, plot) = (start + room(column), width - room(column) - right(panel));
            let frame = Frame { left, top: top + header, width: plot, height, x: *x, y: *y };
            if !panel.title.is_empty() {
                heading(&panel.title, [left, top + HEADING_SIZE], HEADING_SIZE, plot, &mut items);
            }
            Legend::new(&panel.series[..shown(panel)], plot).draw(left, top + title, &mut items);
            // Cells lie below the axes, everything else above.
            for heat in panel.series.iter().filter_map(heat_map) {
                heat::draw(heat, &frame, &mut items)?;
            }
            axes(panel, &frame, ticks, start, &mut items);
            for series in &panel.series {
                draw(series, &frame, &mut items);
            }
        }
        top += header + height + BELOW.iter().sum::<f64>();
    }
    Ok(Scene { width: WIDTH, height: (top + OUTER / 2.0).ceil(), items })
}

/// Height of a plot, of which there are `columns` side by side.
fn height(columns: usize) -> f64 {
    [380.0, 300.0, 220.0, 170.0][columns - 1]
}

/// Width of a panel, of which there are `columns` side by side.
fn width(columns: usize) -> f64 {
    (WIDTH - 2.0 * OUTER - (columns - 1) as f64 * BETWEEN) / columns as f64
}

/// A panel with its ranges and the ticks of its vertical axis.
struct Prepared<'a> {
    panel: &'a Panel,
    x: Extent,
    y: Extent,
    ticks: Vec<Tick>,
}

/// Room right of a plot.
fn right(panel: &Panel) -> f64 {
    RIGHT + if panel.series.iter().any(|series| heat_map(series).is_some()) { heat::ROOM } else { 0.0 }
}

fn heat_map(series: &Series) -> Option<&Heat> {
    match series {
        Series::Heat(heat) => Some(heat),
        _ => None,
    }
}

/// Width left of a plot: axis label, numbers, ticks.
fn label_room(panel: &Panel, ticks: &[Tick]) -> f64 {
    let number =
        |tick: &Tick| tick.label.as_deref().map_or(0.0, |label| text::width(&text::parse(label), TICK_SIZE));
    let label = if panel.y.label.is_empty() { 0.0 } else { 1.55 * LABEL_SIZE };
    label + ticks.iter().map(number).fold(0.0, f64::max) + TICK_LENGTH + 6.0
}

/// Checks the data of a panel and finds the ranges of its axes.
fn extents(panel: &Panel, index: usize) -> Result<(Extent, Extent), Error> {
    let place = |n: usize| match panel.series[n].label() {
        "" => format!("series {} of panel {}", n + 1, index + 1),
        label => format!("series \"{label}\" of panel {}", index + 1),
    };
    if panel.series.is_empty() {
        return Err(Error::Figure(format!("panel {} has no series", index + 1)));
    }
    for (n, series) in panel.series.iter().enumerate() {
        check(series, panel).map_err(|message| Error::Figure(format!("{}: {message}", place(n))))?;
    }
    let maps = || panel.series.iter().filter_map(heat_map);
    let x = panel.series.iter().flat_map(|series| series.columns().0.iter().copied());
    let x = x.chain(maps().flat_map(|heat| heat::edges(&heat.x, panel.x.scale)));
    let mapped = maps().next().is_some();
    let margin = |axis: &Axis| match axis.scale {
        _ if mapped => 0.0,
        AxisScale::Log => 0.02,
        AxisScale::Linear => 0.03,
    };
    let nothing = || Error::Figure(format!("panel {} has no value its axes can show", index + 1));
    let x = Extent::new(&panel.x, x, margin(&panel.x))?.ok_or_else(nothing)?;
    let y = vertical(panel).chain(maps().flat_map(|heat| heat::edges(&heat.y, panel.y.scale)));
    let y = Extent::new(&panel.y, y, if mapped { 0.0 } else { 0.05 })?.ok_or_else(nothing)?;
    Ok((x, y))
}

/// The vertical values that set a range: of points that have a place on the horizontal axis. The lower edge of a
/// band counts at most a decade below its upper edge on a logarithmic axis, as mean - std may be as good as zero.
fn vertical(panel: &Panel) -> impl Iterator<Item = f64> {
    let shown = |x: f64| panel.x.scale == AxisScale::Linear || x > 0.0;
    let floor = if panel.y.scale == AxisScale::Log { 0.1 } else { f64::NEG_INFINITY };
    panel.series.iter().flat_map(move |series| {
        let (x, columns) = series.columns();
        let values = move |n: usize| {
            let top = columns[columns.len() - 1][n];
            let least = if floor > 0.0 { floor * top } else { floor };
            [columns[0][n].max(least), top]
        };
        x.iter().enumerate().filter(move |(_, x)| shown(**x)).flat_map(move |(n, _)| values(n))
    })
}

fn check(series: &Series, panel: &Panel) -> Result<(), String> {
    if let Some(map) = heat_map(series) {
        return heat::check(map, panel.x.scale, panel.y.scale);
    }
    let (x, columns) = series.columns();
    if let Some(column) = columns.iter().find(|column| column.len() != x.len()) {
        return Err(format!("it has {} horizontal and {} vertical values", x.len(), column.len()));
    }
    if x.is_empty() {
        return Err("it is empty".into());
    }
    for column in std::iter::once(&x).chain(&columns) {
        if let Some(n) = column.iter().position(|value| !value.is_finite()) {
            return Err(format!("value {} is {}, but it must be finite", n + 1, column[n]));
        }
    }
    if let [low, high] = columns[..]
        && let Some(n) = (0..low.len()).find(|&n| low[n] > high[n])
    {
        return Err(format!(
            "value {}: the lower edge {} is above the upper edge {}",
            n + 1,
            low[n],
            high[n]
        ));
    }
    if let Series::Texts { texts, .. } = series
        && texts.len() != x.len()
    {
        return Err(format!("it has {} places and {} texts", x.len(), texts.len()));
    }
    let on = |axis: &Axis, value: f64| axis.scale == AxisScale::Linear || value > 0.0;
    let top = columns[columns.len() - 1];
    if !(0..x.len()).any(|n| on(&panel.x, x[n]) && on(&panel.y, top[n])) {
        return Err("a logarithmic axis shows positive values only, and it has none".into());
    }
    let Style { alpha, width, .. } = series.style();
    if !(alpha > 0.0 && alpha <= 1.0 && width > 0.0 && width <= 20.0) {
        return Err(format!("alpha = {alpha} must be in (0, 1] and width = {width} in (0, 20]"));
    }
    Ok(())
}

fn heading(title: &str, at: [f64; 2], size: f64, room: f64, items: &mut Vec<Item>) {
    let spans = text::parse(title);
    let size = fit(&spans, size, room);
    items.push(Item::Text { at, size, anchor: Anchor::Start, vertical: false, colour: Colour::BLACK, spans });
}

/// Grid, frame, ticks, numbers and labels.
fn axes(panel: &Panel, frame: &Frame, y_ticks: &[Tick], left: f64, items: &mut Vec<Item>) {
    let line = |from: [f64; 2], to: [f64; 2], colour, width| Item::Line {
        points: vec![from, to],
        stroke: Stroke { colour, alpha: 1.0, width, dash: &[] },
    };
    let text = |at, source: &str, size, anchor, vertical| {
        let spans = text::parse(source);
        Item::Text { at, size, anchor, vertical, colour: Colour::BLACK, spans }
    };
    let grid = !panel.series.iter().any(|series| heat_map(series).is_some());
    let x_ticks = frame.x.axis_ticks(&panel.x, frame.width, 62.0, 54.0);
    let bottom = frame.top + frame.height;
    let mut marks = Vec::new();
    for tick in &x_ticks {
        let [x, _] = frame.at([tick.place, 0.0]);
        let length = if tick.label.is_some() { TICK_LENGTH } else { 0.6 * TICK_LENGTH };
        marks.push(line([x, bottom], [x, bottom + length], FRAME, 1.0));
        if let Some(label) = &tick.label {
            if grid {
                items.push(line([x, frame.top], [x, bottom], GRID, 1.0));
            }
            marks.push(text([x, bottom + BELOW[0]], label, TICK_SIZE, Anchor::Middle, false));
        }
    }
    for tick in y_ticks {
        let [_, y] = frame.at([0.0, tick.place]);
        let length = if tick.label.is_some() { TICK_LENGTH } else { 0.6 * TICK_LENGTH };
        marks.push(line([frame.left - length, y], [frame.left, y], FRAME, 1.0));
        if let Some(label) = &tick.label {
            if grid {
                items.push(line([frame.left, y], [frame.left + frame.width, y], GRID, 1.0));
            }
            let at = [frame.left - TICK_LENGTH - 4.0, y + 0.36 * TICK_SIZE];
            marks.push(text(at, label, TICK_SIZE, Anchor::End, false));
        }
    }
    // Two sides are enough of a frame.
    items.push(line([frame.left, frame.top], [frame.left, bottom], FRAME, 1.0));
    items.push(line([frame.left, bottom], [frame.left + frame.width, bottom], FRAME, 1.0));
    items.append(&mut marks);
    let middle = [frame.left + frame.width / 2.0, frame.top + frame.height / 2.0];
    let size = |label: &str, room| fit(&text::parse(label), LABEL_SIZE, room);
    if !panel.x.label.is_empty() {
        let at = [middle[0], bottom + BELOW[0] + BELOW[1]];
        let label = &panel.x.label;
        items.push(text(at, label, size(label, frame.width), Anchor::Middle, false));
    }
    if !panel.y.label.is_empty() {
        let at = [left + 0.85 * LABEL_SIZE, middle[1]];
        let label = &panel.y.label;
        items.push(text(at, label, size(label, frame.height), Anchor::Middle, true));
    }
}

fn draw(series: &Series, frame: &Frame, items: &mut Vec<Item>) {
    let style = series.style();
    match series {
        Series::Heat(_) => {}
        Series::Line { x, y, .. } => {
            for run in runs(x, |n| Some([frame.x.fraction(x[n])?, frame.y.fraction(y[n])?])) {
                lines(&run, frame, style, items);
            }
        }
        Series::Band { x, low, high, .. } => {
            let edges = |n: usize| {
                let top = frame.y.fraction(high[n])?;
                Some([frame.x.fraction(x[n])?, frame.y.fraction_or_bottom(low[n]), top])
            };
            for run in runs(x, edges) {
                if let [[x, low, high]] = run[..] {
                    lines(&[[x, low], [x, high]], frame, style, items);
                    continue;
                }
                let upper = run.iter().map(|[x, _, high]| [*x, *high]);
                let lower = run.iter().rev().map(|[x, low, _]| [*x, *low]);
                let outline: Vec<[f64; 2]> = upper.chain(lower).collect();
                let points: Vec<_> =
                    clip::polygon(&outline).into_iter().map(|point| frame.at(point)).collect();
                if points.len() > 2 {
                    items.push(Item::Area { points: thin(points), colour: style.colour, alpha: style.alpha });
                }
            }
        }
        Series::Points { x, y, .. } => {
            for (_, at) in places(x, y, frame) {
                items.push(dot(at, style));
            }
        }
        Series::Texts { x, y, texts, .. } => {
            for (n, at) in places(x, y, frame) {
                let (spans, colour) = (text::parse(&texts[n]), style.colour);
                let size = TICK_SIZE;
                items.push(Item::Text { at, size, anchor: Anchor::Middle, vertical: false, colour, spans });
            }
        }
    }
}

/// Which points lie inside the plot, and where on the page.
fn places<'a>(x: &'a [f64], y: &'a [f64], frame: &'a Frame) -> impl Iterator<Item = (usize, [f64; 2])> + 'a {
    (0..x.len()).filter_map(|n| {
        let at = [frame.x.fraction(x[n])?, frame.y.fraction(y[n])?];
        at.iter().all(|place| (0.0..=1.0).contains(place)).then(|| (n, frame.at(at)))
    })
}

/// Stretches of neighbouring points that can all be placed.
fn runs<P>(x: &[f64], place: impl Fn(usize) -> Option<P>) -> Vec<Vec<P>> {
    let mut runs = vec![Vec::new()];
    for n in 0..x.len() {
        match (place(n), runs.last_mut()) {
            (Some(point), Some(run)) => run.push(point),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// One run of a line; a single point is a dot of the line's width.
fn lines(run: &[[f64; 2]], frame: &Frame, style: Style, items: &mut Vec<Item>) {
    if let [point] = run {
        if point.iter().all(|fraction| (0.0..=1.0).contains(fraction)) {
            items.push(dot(frame.at(*point), Style { marker: super::Marker::Dot, ..style }));
        }
        return;
    }
    for part in clip::polyline(run) {
        let points = thin(part.into_iter().map(|point| frame.at(point)).collect());
        items.push(Item::Line { points, stroke: stroke(style) });
    }
}

/// Leaves out points within a fifth of a pixel of the last one kept: a long trajectory need not make a large file.
fn thin(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let last = points.len() - 1;
    let mut kept: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    for (n, point) in points.into_iter().enumerate() {
        let far = |from: &[f64; 2]| (point[0] - from[0]).hypot(point[1] - from[1]) > 0.2;
        if n == last || kept.last().is_none_or(far) {
            kept.push(point);
        }
    }
    kept
}
