//! Outlines of shapes and texts, for PNG and PDF; `None` where there is nothing to draw.

use super::scene::Anchor;
use super::text::{self, Span};
use tiny_skia::{Path, PathBuilder, Transform};
use ttf_parser::OutlineBuilder;

pub(super) fn outline(points: &[[f64; 2]], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (index, [x, y]) in points.iter().enumerate() {
        if index == 0 {
            path.move_to(*x as f32, *y as f32);
        } else {
            path.line_to(*x as f32, *y as f32);
        }
    }
    if closed {
        path.close();
    }
    path.finish()
}

pub(super) fn circle([x, y]: [f64; 2], radius: f64) -> Option<Path> {
    PathBuilder::from_circle(x as f32, y as f32, radius as f32)
}

/// The outlines of a text whose anchor lies at the origin, and what brings them to their place.
pub(super) fn glyphs(
    spans: &[Span],
    [x, y]: [f64; 2],
    size: f64,
    anchor: Anchor,
    vertical: bool,
) -> Option<(Path, Transform)> {
    let turn = if vertical { Transform::from_rotate(-90.0) } else { Transform::identity() };
    let place = turn.post_translate(x as f32, y as f32);
    let face = text::face();
    let mut x = -anchor.share() * text::width(spans, size);
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0, y: 0.0, scale: 1.0 };
    for span in spans {
        let span_size = size * span.level.scale();
        pen.y = (-span.level.rise() * size) as f32;
        pen.scale = (span_size / f64::from(face.units_per_em())) as f32;
        for c in span.text.chars() {
            pen.x = x as f32;
            face.outline_glyph(face.glyph_index(c).unwrap_or_default(), &mut pen);
            x += text::advance(c) * span_size;
        }
    }
    Some((pen.path.finish()?, place))
}

/// Puts glyph outlines (y upwards, font units) on the page (y downwards, pixels).
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + self.scale * x, self.y - self.scale * y)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
