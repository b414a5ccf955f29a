//! A scene as PNG, drawn by tiny-skia with the outlines of the embedded font.

use super::paths::{circle, glyphs, outline};
use super::scene::{Item, Scene};
use super::style::{Colour, PNG_SCALE};
use overlap_runtime::Error;
use tiny_skia::{Color, FillRule, LineJoin, Paint, Pixmap, Stroke, StrokeDash, Transform};

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
        Item::Dot { centre, radius, ring, colour, alpha } => {
            let Some(path) = circle(*centre, *radius) else { return };
            let paint = paint(*colour, *alpha);
            match ring {
                Some(width) => {
                    let pen = Stroke { width: *width as f32, ..Stroke::default() };
                    page.stroke_path(&path, &paint, &pen, zoom, None);
                }
                None => page.fill_path(&path, &paint, FillRule::Winding, zoom, None),
            }
        }
        Item::Text { at, size, anchor, vertical, colour, spans } => {
            let Some((path, place)) = glyphs(spans, *at, *size, *anchor, *vertical) else { return };
            let place = place.post_concat(zoom);
            page.fill_path(&path, &paint(*colour, 1.0), FillRule::Winding, place, None);
        }
    }
}

fn paint(colour: Colour, alpha: f64) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour.r, colour.g, colour.b, (alpha * 255.0).round() as u8);
    paint
}
