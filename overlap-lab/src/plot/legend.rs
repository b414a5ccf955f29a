//! The legend of a panel: one row or more above the plot, never on the data.

use super::Series;
use super::scene::{Anchor, Item, Stroke};
use super::style::{Colour, Dash, Marker, Style, TICK_SIZE};
use super::text::{self, Span};

const ROW: f64 = 23.0;
const SWATCH: f64 = 24.0;
const GAP: f64 = 7.0;
const BETWEEN: f64 = 14.0;
/// Width is measured in the embedded font, a viewer's may be wider.
const SLACK: f64 = 1.12;

/// Entries with their places relative to the top left of the legend.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
    rows: usize,
}

struct Entry<'a> {
    spans: Vec<Span>,
    size: f64,
    series: Vec<&'a Series>,
    x: f64,
    row: usize,
}

impl<'a> Legend<'a> {
    /// Fills rows of a given width; series with the same label share an entry.
    pub(super) fn new(series: impl IntoIterator<Item = &'a Series>, width: f64) -> Self {
        let mut groups: Vec<(&str, Vec<&Series>)> = Vec::new();
        for series in series.into_iter().filter(|series| !series.label().is_empty()) {
            match groups.iter_mut().find(|(label, _)| *label == series.label()) {
                Some((_, group)) => group.push(series),
                None => groups.push((series.label(), vec![series])),
            }
        }
        let (mut x, mut row) = (0.0, 0);
        let mut entries = Vec::with_capacity(groups.len());
        for (label, series) in groups {
            let spans = text::parse(label);
            let size = fit(&spans, TICK_SIZE, width - SWATCH - GAP);
            let wide = SWATCH + GAP + SLACK * text::width(&spans, size);
            if x > 0.0 && x + wide > width {
                (x, row) = (0.0, row + 1);
            }
            entries.push(Entry { spans, size, series, x, row });
            x += wide + BETWEEN;
        }
        let rows = if entries.is_empty() { 0 } else { row + 1 };
        Legend { entries, rows }
    }

    /// Height of all rows.
    pub(super) fn height(&self) -> f64 {
        self.rows as f64 * ROW
    }

    /// Draws it with its top left at (left, top).
    pub(super) fn draw(self, left: f64, top: f64, items: &mut Vec<Item>) {
        for entry in self.entries {
            let (x, y) = (left + entry.x, top + (entry.row as f64 + 0.5) * ROW);
            for series in &entry.series {
                swatch(series, x, y, items);
            }
            markers(&entry.series, x, y, items);
            let at = [x + SWATCH + GAP, y + 0.36 * entry.size];
            let (size, anchor, spans) = (entry.size, Anchor::Start, entry.spans);
            items.push(Item::Text { at, size, anchor, vertical: false, colour: Colour::BLACK, spans });
        }
    }
}

/// A sample of a series, strong enough to tell its colour.
fn swatch(series: &Series, x: f64, y: f64, items: &mut Vec<Item>) {
    let style = series.style();
    match series {
        Series::Line { .. } => {
            let style = Style { width: style.width.max(2.0), alpha: style.alpha.max(0.8), ..style };
            items.push(Item::Line { points: vec![[x, y], [x + SWATCH, y]], stroke: stroke(style) });
        }
        Series::Band { .. } => {
            let (top, low) = (y - 7.0, y + 7.0);
            let points = vec![[x, top], [x + SWATCH, top], [x + SWATCH, low], [x, low]];
            items.push(Item::Area { points, colour: style.colour, alpha: style.alpha });
        }
        Series::Points { .. } | Series::Texts { .. } | Series::Heat(_) => {}
    }
}

/// Samples of points: up to three side by side, where a label stands for several colours.
fn markers(group: &[&Series], x: f64, y: f64, items: &mut Vec<Item>) {
    let mut styles: Vec<Style> = Vec::new();
    for series in group.iter().filter(|series| matches!(series, Series::Points { .. })) {
        let style = series.style();
        if styles.len() < 3 && styles.iter().all(|known| known.colour != style.colour) {
            styles.push(Style { width: style.width.max(5.0), alpha: 1.0, ..style });
        }
    }
    for (n, style) in styles.iter().enumerate() {
        let place = (n as f64 + 0.5) / styles.len() as f64;
        items.push(dot([x + SWATCH * place, y], *style));
    }
}

/// The pen of a line style.
pub(super) fn stroke(style: Style) -> Stroke {
    let dash: &[f64] = if style.dash == Dash::Dashed { &[7.0, 4.0] } else { &[] };
    Stroke { colour: style.colour, alpha: style.alpha, width: style.width, dash }
}

/// One marker.
pub(super) fn dot(centre: [f64; 2], style: Style) -> Item {
    let ring = (style.marker == Marker::Ring).then_some(1.6);
    Item::Dot { centre, radius: style.width / 2.0, ring, colour: style.colour, alpha: style.alpha }
}

/// The size at which a text fits: as wished, or smaller, but not unreadably so.
pub(super) fn fit(spans: &[Span], wished: f64, room: f64) -> f64 {
    let width = SLACK * text::width(spans, wished);
    if width <= room { wished } else { (wished * room / width).max(0.5 * wished) }
}
