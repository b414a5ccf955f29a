//! A scene as a PDF of one page: the shapes of the PNG as outlines, texts too, so that no viewer needs a font.

use super::paths::{circle, glyphs, outline};
use super::scene::{Item, Scene};
use super::style::Colour;
use super::text;
use std::collections::BTreeSet;
use std::fmt::Write;
use tiny_skia::{Path, PathSegment};

/// Points in a CSS pixel.
const POINTS: f64 = 0.75;

/// The PDF file.
pub(super) fn file(scene: &Scene, title: &str) -> Vec<u8> {
    let (width, height) = (scene.width * POINTS, scene.height * POINTS);
    let mut page = Page { content: String::new(), opacities: BTreeSet::new() };
    // Positions on the page as in the scene: pixels, y downwards.
    page.put(format_args!("{POINTS} 0 0 -{POINTS} 0 {} cm 1 j", number(height)));
    for item in &scene.items {
        page.draw(item);
    }
    let mut opacities = String::new();
    for percent in &page.opacities {
        let alpha = f64::from(*percent) / 100.0;
        // Writing to a String cannot fail.
        let _ = write!(opacities, "/A{percent} << /ca {alpha} /CA {alpha} >> ");
    }
    let content = page.content;
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Contents 4 0 R /Resources << /ExtGState << {opacities}>> >> >>",
            number(width),
            number(height)
        ),
        format!("<< /Length {} >>\nstream\n{content}endstream", content.len()),
        format!("<< /Title {} >>", words(title)),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut starts = String::new();
    for (n, object) in objects.iter().enumerate() {
        let _ = writeln!(starts, "{:010} 00000 n ", out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let (table, count) = (out.len(), objects.len() + 1);
    let _ = write!(
        out,
        "xref\n0 {count}\n0000000000 65535 f \n{starts}trailer\n<< /Size {count} /Root 1 0 R /Info 5 0 R >>\n\
         startxref\n{table}\n%%EOF\n"
    );
    out.into_bytes()
}

/// Operators of the page, and the opacities they name, in hundredths.
struct Page {
    content: String,
    opacities: BTreeSet<u8>,
}

impl Page {
    fn put(&mut self, operators: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.content, "{operators}");
    }

    fn draw(&mut self, item: &Item) {
        match item {
            Item::Line { points, stroke } => {
                let dash: Vec<String> = stroke.dash.iter().map(|length| number(*length)).collect();
                self.put(format_args!("[{}] 0 d", dash.join(" ")));
                self.stroke(outline(points, false), stroke.width, stroke.colour, stroke.alpha);
                if !dash.is_empty() {
                    self.put(format_args!("[] 0 d"));
                }
            }
            Item::Area { points, colour, alpha } => self.fill(outline(points, true), *colour, *alpha),
            Item::Dot { centre, radius, ring, colour, alpha } => {
                let path = circle(*centre, *radius);
                match ring {
                    Some(width) => self.stroke(path, *width, *colour, *alpha),
                    None => self.fill(path, *colour, *alpha),
                }
            }
            Item::Text { at, size, anchor, vertical, colour, spans } => {
                let path = glyphs(spans, *at, *size, *anchor, *vertical)
                    .and_then(|(path, place)| path.transform(place));
                self.fill(path, *colour, 1.0);
            }
        }
    }

    fn fill(&mut self, path: Option<Path>, colour: Colour, alpha: f64) {
        let Some(path) = path else { return };
        self.paint(alpha, colour, "rg");
        self.path(&path);
        self.put(format_args!("f"));
    }

    fn stroke(&mut self, path: Option<Path>, width: f64, colour: Colour, alpha: f64) {
        let Some(path) = path else { return };
        self.paint(alpha, colour, "RG");
        self.put(format_args!("{} w", number(width)));
        self.path(&path);
        self.put(format_args!("S"));
    }

    fn paint(&mut self, alpha: f64, colour: Colour, operator: &str) {
        let percent = (100.0 * alpha).round() as u8;
        self.opacities.insert(percent);
        let [r, g, b] = [colour.r, colour.g, colour.b].map(|part| number(f64::from(part) / 255.0));
        self.put(format_args!("/A{percent} gs {r} {g} {b} {operator}"));
    }

    fn path(&mut self, path: &Path) {
        let mut last = [0.0; 2];
        for segment in path.segments() {
            let (points, operator) = match segment {
                PathSegment::MoveTo(to) => (vec![[to.x, to.y]], "m"),
                PathSegment::LineTo(to) => (vec![[to.x, to.y]], "l"),
                // PDF has cubic curves only.
                PathSegment::QuadTo(by, to) => {
                    let (by, to) = ([by.x, by.y], [to.x, to.y]);
                    let towards = |from: [f32; 2]| [0, 1].map(|n| from[n] + 2.0 / 3.0 * (by[n] - from[n]));
                    (vec![towards(last), towards(to), to], "c")
                }
                PathSegment::CubicTo(a, b, to) => (vec![[a.x, a.y], [b.x, b.y], [to.x, to.y]], "c"),
                PathSegment::Close => (Vec::new(), "h"),
            };
            last = points.last().copied().unwrap_or(last);
            for point in points {
                let [x, y] = point.map(|place| number(f64::from(place)));
                let _ = write!(self.content, "{x} {y} ");
            }
            let _ = writeln!(self.content, "{operator}");
        }
    }
}

/// Three decimals, no trailing zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// A text string without markup, in UTF-16.
fn words(title: &str) -> String {
    let plain: String = text::parse(title).into_iter().map(|span| span.text).collect();
    plain.encode_utf16().fold("<FEFF".to_owned(), |out, unit| out + &format!("{unit:04X}")) + ">"
}
