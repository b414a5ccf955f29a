//! A scene as SVG text.

use super::scene::{Anchor, Item, Scene, Stroke};
use super::style::Colour;
use super::text::{self, Level, Span};
use std::fmt::Write;

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
            let turn = |x: &str, y: &str| {
                if *vertical { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() }
            };
            if let [Span { level: Level::Base, text }] = &spans[..] {
                let (x, y) = (number(*x), number(*y));
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                return writeln!(
                    out,
                    "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{}>{}</text>",
                    number(*size),
                    hex(*colour),
                    turn(&x, &y),
                    escape(text)
                );
            }
            let turn = turn(&number(*x), &number(*y));
            let start = x - anchor.share() * text::width(spans, *size);
            writeln!(out, "<g fill=\"{}\"{turn}>{}</g>", hex(*colour), pieces(spans, [start, *y], *size))
        }
    }
}

/// Each span as a text at a place and of a width of its own: renderers differ in what they make of shifts within one text,
/// `baseline-shift` and `dy` alike.
fn pieces(spans: &[Span], [mut x, y]: [f64; 2], size: f64) -> String {
    let mut out = String::new();
    for span in spans {
        let width = |text: &str| text::width(&[Span { text: text.to_owned(), level: span.level }], size);
        // White space at the ends of a text is not drawn.
        let shown = span.text.trim();
        let left = x + width(&span.text[..span.text.len() - span.text.trim_start().len()]);
        if !shown.is_empty() {
            out += &format!(
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                number(left),
                number(y - span.level.rise() * size),
                number(size * span.level.scale()),
                number(width(shown)),
                escape(shown)
            );
        }
        x += width(&span.text);
    }
    out
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
    fn superscripts_stand_at_places_of_their_own() {
        let spans = text::parse("10^{−4} & M_{r}");
        let svg = pieces(&spans, [100.0, 50.0], 10.0);
        let values = |name: &str| {
            let mark = format!(" {name}=\"");
            let values = svg.split(&mark).skip(1);
            values.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect::<Vec<f64>>()
        };
        let texts: Vec<&str> = svg.split('>').filter_map(|part| part.strip_suffix("</text")).collect();
        assert_eq!(texts, ["10", "−4", "&amp; M", "r"]);
        assert_eq!(values("y"), [50.0, 46.2, 50.0, 51.8]);
        assert_eq!(values("font-size"), [10.0, 7.2, 10.0, 7.2]);
        // Each starts where the last one ends, but for the space.
        let (x, long) = (values("x"), values("textLength"));
        let space = text::advance(' ') * 10.0;
        for (n, gap) in [(0, 0.0), (1, space), (2, 0.0)] {
            assert!((x[n] + long[n] + gap - x[n + 1]).abs() < 0.02, "{svg}");
        }
    }
}
