//! Documents as one self-contained page: MathML, which browsers draw without help, and no network.

use super::document::{Block, Document, Equation, Piece, Right, parts};
use super::typeset::typeset;
use crate::expr::{Pool, Style};

const HEAD: &str = "<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<style>
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; color: #1a1a1a; background: #fff; }
h1 { font-size: 1.5rem; line-height: 1.3; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.eq { margin: 0.7rem 0 0.7rem 2rem; padding-left: 2rem; text-indent: -2rem; line-height: 2.2; overflow-x: auto; overflow-y: hidden; }
.case { margin-left: 2rem; } .who, .rule { color: #666; font-size: 0.85rem; } .rule { margin-left: 1.5rem; }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #16181c; } .who, .rule { color: #999; } a { color: #8ab4f8; } }
</style>";

pub(super) fn html(document: &Document, pool: &Pool) -> String {
    let title = escaped(&document.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>{title}</title>\n{HEAD}\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for section in &document.sections {
        page.push_str(&format!("<h2>{}</h2>\n", escaped(section.heading)));
        for block in &section.blocks {
            match block {
                Block::Prose(sentence) => page.push_str(&format!("<p>{}</p>\n", prose(sentence))),
                Block::Equation(shown) => equation(&mut page, shown, pool),
            }
        }
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn math(elements: &str) -> String {
    format!("<math displaystyle=\"true\">{elements}</math>")
}

fn prose(sentence: &str) -> String {
    let part = |(position, part): (usize, &str)| match position % 2 {
        1 => format!("<math>{}</math>", typeset(Style::MathMl, part)),
        _ => escaped(part),
    };
    sentence.split('`').enumerate().map(part).collect()
}

fn equation(page: &mut String, Equation { left, right, rule }: &Equation, pool: &Pool) {
    let rule =
        if rule.is_empty() { String::new() } else { format!("<span class=\"rule\">{}</span>", prose(rule)) };
    page.push_str(&format!("<div class=\"eq\">{}", math(&typeset(Style::MathMl, left))));
    let mut cases_follow = "";
    for side in right {
        match side {
            Right::Line(pieces) => line(page, "<mo>=</mo>", pieces, pool),
            Right::Cases(cases) => {
                page.push_str(&format!(" {}{rule}", math("<mo>=</mo>")));
                for (who, pieces) in cases {
                    page.push_str("\n<div class=\"case\">");
                    line(page, "", pieces, pool);
                    page.push_str(&format!(" <span class=\"rule\">({who})</span></div>"));
                }
                cases_follow = "\n";
            }
        }
    }
    page.push_str(&if cases_follow.is_empty() { rule } else { cases_follow.to_owned() });
    page.push_str("</div>\n");
}

/// Every part is an element of its own, so that long sums are broken between them.
fn line(page: &mut String, start: &str, pieces: &[Piece], pool: &Pool) {
    for (position, part) in parts(pool, pieces, Style::MathMl).iter().enumerate() {
        // A sign that starts an element would be set as that of a negative number.
        let part = if position == 0 {
            format!("{start}{part}")
        } else {
            part.replacen("<mo>", "<mo form=\"infix\">", 1)
        };
        page.push_str(&format!(" {}", math(&part)));
    }
}
