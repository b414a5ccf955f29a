//! A scene as SVG text.

use super::scene::{Anchor, Item, Scene, Stroke};
use super::style::Colour;
use super::text::{Level, Span};
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
            let (x, y) = (number(*x), number(*y));
            let turn = if *vertical { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"{turn}>{}</text>",
                number(*size),
                hex(*colour),
                text(spans, *size)
            )
        }
    }
}

/// Spans as text and `tspan`s; each shift is relative to the span before.
fn text(spans: &[Span], size: f64) -> String {
    let mut out = String::new();
    let mut level = Level::Base;
    for span in spans {
        let content = escape(&span.text);
        let dy = number((level.rise() - span.level.rise()) * size);
        match (level, span.level) {
            (Level::Base, Level::Base) => out += &content,
            (_, Level::Base) => out += &format!("<tspan dy=\"{dy}\">{content}</tspan>"),
            (_, to) => {
                let size = number(size * to.scale());
                out += &format!("<tspan dy=\"{dy}\" font-size=\"{size}\">{content}</tspan>");
            }
        }
        level = span.level;
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
    fn superscripts_return_to_the_line() {
        let spans = super::super::text::parse("3×10^{−4} & M_{ri}");
        assert_eq!(
            text(&spans, 10.0),
            "3×10<tspan dy=\"-3.8\" font-size=\"7.2\">−4</tspan><tspan dy=\"3.8\"> &amp; M</tspan>\
             <tspan dy=\"1.8\" font-size=\"7.2\">ri</tspan>"
        );
    }
}
