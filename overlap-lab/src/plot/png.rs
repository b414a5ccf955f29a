//! A scene as PNG, drawn by tiny-skia with the outlines of the embedded font.

use super::scene::{Anchor, Item, Scene};
use super::style::{Colour, PNG_SCALE};
use super::text::{self, Span};
use crate::Error;
use tiny_skia::{Color, FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};
use ttf_parser::OutlineBuilder;

/// The PNG file.
pub(super) fn file(scene: &Scene) -> Result<Vec<u8>, Error> {
    let pixels = |length: f64| (length * PNG_SCALE).ceil() as u32;
    let mut page = Pixmap::new(pixels(scene.width), pixels(scene.height)).ok_or_else(|| {
        Error::Figure(format!("a page of {} x {} px is too large", scene.width, scene.height))
    })?;
    page.fill(Color::WHITE);
    for item in &scene.items {
        draw(&mut page, item);
    }
    page.encode_png().map_err(|error| Error::Figure(format!("PNG encoding failed: {error}")))
}

// Empty paths give `None`: there is nothing to draw then.
fn draw(page: &mut Pixmap, item: &Item) {
    let zoom = Transform::from_scale(PNG_SCALE as f32, PNG_SCALE as f32);
    match item {
        Item::Line { points, stroke } => {
            let Some(path) = outline(points, false) else { return };
            let dash = stroke.dash.iter().map(|length| *length as f32).collect();
            let pen = Stroke {
                width: stroke.width as f32,
                line_join: LineJoin::Round,
                dash: StrokeDash::new(dash, 0.0),
                ..Stroke::default()
            };
            page.stroke_path(&path, &paint(stroke.colour, stroke.alpha), &pen, zoom, None);
        }
        Item::Area { points, colour, alpha } => {
            let Some(path) = outline(points, true) else { return };
            page.fill_path(&path, &paint(*colour, *alpha), FillRule::Winding, zoom, None);
        }
        Item::Dot { centre: [x, y], radius, ring, colour, alpha } => {
            let Some(path) = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32) else { return };
            let paint = paint(*colour, *alpha);
            match ring {
                Some(width) => {
                    let pen = Stroke { width: *width as f32, ..Stroke::default() };
                    page.stroke_path(&path, &paint, &pen, zoom, None);
                }
                None => page.fill_path(&path, &paint, FillRule::Winding, zoom, None),
            }
        }
        Item::Text { at: [x, y], size, anchor, vertical, colour, spans } => {
            let Some(path) = glyphs(spans, *size, *anchor) else { return };
            let place = if *vertical { Transform::from_rotate(-90.0) } else { Transform::identity() };
            let place = place.post_translate(*x as f32, *y as f32).post_concat(zoom);
            page.fill_path(&path, &paint(*colour, 1.0), FillRule::Winding, place, None);
        }
    }
}

fn outline(points: &[[f64; 2]], closed: bool) -> Option<Path> {
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

fn paint(colour: Colour, alpha: f64) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour.r, colour.g, colour.b, (alpha * 255.0).round() as u8);
    paint
}

/// The outlines of a text whose anchor lies at the origin.
fn glyphs(spans: &[Span], size: f64, anchor: Anchor) -> Option<Path> {
    let shift = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => 0.5,
        Anchor::End => 1.0,
    };
    let face = text::face();
    let mut x = -shift * text::width(spans, size);
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
    pen.path.finish()
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
