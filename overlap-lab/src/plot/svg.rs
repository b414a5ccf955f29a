//! A scene as SVG text.

use super::paths;
use super::scene::{Anchor, Item, Scene, Stroke};
use super::style::Colour;
use super::text::{Level, Span};
use std::fmt::Write;
use tiny_skia::{Path, PathSegment, Point};

/// Sans-serif faces of about the same width, then whatever the viewer has.
const FONTS: &str = "'Noto Sans', 'Open Sans', Helvetica, Arial, 'Liberation Sans', sans-serif";

/// The SVG document.
pub(super) fn document(scene: &Scene, title: &str) -> String {
    let (w, h) = (number(scene.width), number(scene.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"{FONTS}\" role=\"img\">\n"
    );
    if !title.is_empty() {
        out += &format!("<title>{}</title>\n", escape(title));
    }
    out += &format!("<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n");
    for item in &scene.items {
        // Writing to a String cannot fail.
        let _ = write_item(&mut out, item);
    }
    out + "</svg>\n"
}

fn write_item(out: &mut String, item: &Item) -> std::fmt::Result {
    match item {
        Item::Line { points, stroke } => {
            writeln!(out, "<path d=\"{}\" fill=\"none\" {}/>", path(points), attributes(stroke))
        }
        Item::Area { points, colour, alpha } => {
            writeln!(
                out,
                "<path d=\"{}Z\" fill=\"{}\"{}/>",
                path(points),
                hex(*colour),
                opacity("fill", *alpha)
            )
        }
        Item::Dot { centre: [x, y], radius, ring, colour, alpha } => {
            let (cx, cy, r, colour) = (number(*x), number(*y), number(*radius), hex(*colour));
            let paint = match ring {
                Some(width) => {
                    let width = number(*width);
                    format!(
                        "fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{}",
                        opacity("stroke", *alpha)
                    )
                }
                None => format!("fill=\"{colour}\"{}", opacity("fill", *alpha)),
            };
            writeln!(out, "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"{r}\" {paint}/>")
        }
        Item::Text { at: [x, y], size, anchor, vertical, colour, spans } => {
            if let [Span { level: Level::Base, text }] = &spans[..] {
                let (x, y) = (number(*x), number(*y));
                let turn =
                    if *vertical { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                return writeln!(
                    out,
                    "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{turn}>{}</text>",
                    number(*size),
                    hex(*colour),
                    escape(text)
                );
            }
            // Renderers differ in what they make of shifts within a text, `baseline-shift` and `dy` alike, and places of
            // their own would suit one font only.
            let outlines = paths::glyphs(spans, [*x, *y], *size, *anchor, *vertical);
            match outlines.and_then(|(path, place)| path.transform(place)) {
                Some(path) => writeln!(
                    out,
                    "<path aria-label=\"{}\" d=\"{}\" fill=\"{}\"/>",
                    escape(&words(spans)),
                    curves(&path),
                    hex(*colour)
                ),
                None => Ok(()),
            }
        }
    }
}

/// `10^−3`.
fn words(spans: &[Span]) -> String {
    let mark = |level| match level {
        Level::Base => "",
        Level::Super => "^",
        Level::Sub => "_",
    };
    spans.iter().map(|span| mark(span.level).to_owned() + &span.text).collect()
}

fn curves(path: &Path) -> String {
    let place = |point: Point| format!("{},{}", number(point.x.into()), number(point.y.into()));
    let one = |segment| match segment {
        PathSegment::MoveTo(to) => format!("M{}", place(to)),
        PathSegment::LineTo(to) => format!("L{}", place(to)),
        PathSegment::QuadTo(by, to) => format!("Q{} {}", place(by), place(to)),
        PathSegment::CubicTo(a, b, to) => format!("C{} {} {}", place(a), place(b), place(to)),
        PathSegment::Close => "Z".to_owned(),
    };
    path.segments().map(one).collect()
}

fn path(points: &[[f64; 2]]) -> String {
    let mut out = String::new();
    for (index, [x, y]) in points.iter().enumerate() {
        let _ = write!(out, "{}{},{}", if index == 0 { 'M' } else { 'L' }, number(*x), number(*y));
    }
    out
}

fn attributes(stroke: &Stroke) -> String {
    let dash = match stroke.dash {
        [] => String::new(),
        dash => {
            let lengths: Vec<String> = dash.iter().map(|length| number(*length)).collect();
            format!(" stroke-dasharray=\"{}\"", lengths.join(" "))
        }
    };
    format!(
        "stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"{dash}{}",
        hex(stroke.colour),
        number(stroke.width),
        opacity("stroke", stroke.alpha)
    )
}

fn opacity(of: &str, alpha: f64) -> String {
    if alpha < 1.0 { format!(" {of}-opacity=\"{}\"", number(alpha)) } else { String::new() }
}

fn hex(colour: Colour) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b)
}

/// Two decimals, no trailing zeros: a hundredth of a pixel is below what can be seen.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text for XML: markup escaped, characters XML does not have replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown: Vec<String> = [1.0, 0.5, 100.0, -0.001, 12.346].map(number).into();
        assert_eq!(shown, ["1", "0.5", "100", "0", "12.35"]);
    }

    #[test]
    fn superscripts_stand_above_the_line() {
        let text = Item::Text {
            at: [100.0, 50.0],
            size: 10.0,
            anchor: Anchor::Start,
            vertical: false,
            colour: Colour::BLACK,
            spans: super::super::text::parse("1^{1}_{1}"),
        };
        let mut svg = String::new();
        write_item(&mut svg, &text).unwrap();
        assert!(svg.starts_with("<path aria-label=\"1^1_1\" d=\"M"), "{svg}");
        // A one stands on its baseline: the lowest point of each glyph.
        let lowest = |glyph: &str| {
            let ends = glyph.split([' ', 'M', 'L', 'Q', 'C', '"']).filter_map(|point| point.split_once(','));
            ends.map(|(_, y)| y.parse::<f64>().unwrap()).fold(f64::MIN, f64::max)
        };
        let found: Vec<f64> = svg.split('Z').take(3).map(lowest).collect();
        assert_eq!(found, [50.0, 46.2, 51.8]);
    }
}
