//! Documents as text, in ASCII or with Greek letters.

use super::document::{Block, Document, Equation, Piece, Right, parts};
use super::typeset::typeset;
use crate::expr::{Pool, Style};

/// Lines are broken here, where they can be.
const WIDTH: usize = 118;
/// Stands for a space where no line is broken, until the text is done.
const FIXED_SPACE: &str = "\u{a0}";

pub(super) fn text(document: &Document, pool: &Pool, style: Style) -> String {
    let mut out = prose(&document.title, style) + "\n";
    for section in &document.sections {
        out.push_str(&format!("\n{}\n", section.heading));
        for block in &section.blocks {
            match block {
                Block::Prose(sentence) => out.push_str(&wrapped(&prose(sentence, style))),
                Block::Equation(shown) => {
                    let mut text = String::new();
                    equation(&mut text, shown, pool, style);
                    out.push_str(&if document.breaks_summands { broken(&text) } else { text });
                }
            }
        }
    }
    out.replace(FIXED_SPACE, " ")
}

/// Formulas of a sentence in the style, without their backticks.
fn prose(sentence: &str, style: Style) -> String {
    let part = |(position, part): (usize, &str)| match position % 2 {
        // Lines are broken between words, not inside formulas.
        1 => typeset(style, part).replace(' ', FIXED_SPACE),
        _ => part.to_owned(),
    };
    sentence.split('`').enumerate().map(part).collect()
}

fn wrapped(sentence: &str) -> String {
    let mut lines = Lines::new(2, 2);
    for (position, word) in sentence.split(' ').enumerate() {
        lines.push(&if position == 0 { word.to_owned() } else { format!(" {word}") });
    }
    lines.finish()
}

fn equation(out: &mut String, Equation { left, right, rule }: &Equation, pool: &Pool, style: Style) {
    let rule = if rule.is_empty() { String::new() } else { format!("    ({})", prose(rule, style)) };
    let mut lines = Lines::new(2, 6);
    lines.push(&typeset(style, left));
    for side in right {
        match side {
            Right::Line(pieces) => line(&mut lines, " = ", pieces, pool, style),
            Right::Cases(cases) => {
                lines.push(" =");
                lines.push(&rule);
                out.push_str(&lines.finish());
                for (who, pieces) in cases {
                    let mut lines = Lines::new(4, 8);
                    line(&mut lines, &format!("{who}: "), pieces, pool, style);
                    out.push_str(&lines.finish());
                }
                return;
            }
        }
    }
    lines.push(&rule);
    out.push_str(&lines.finish());
}

fn line(lines: &mut Lines, start: &str, pieces: &[Piece], pool: &Pool, style: Style) {
    for (position, part) in parts(pool, pieces, style).iter().enumerate() {
        lines.push(&if position == 0 { format!("{start}{part}") } else { part.clone() });
    }
}

/// Lines of equations that are too long, broken inside summands.
fn broken(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut rest = line.to_owned();
        let indent = " ".repeat(rest.len() - rest.trim_start().len() + 4);
        while rest.chars().count() > WIDTH {
            let end = rest.char_indices().nth(WIDTH).map_or(rest.len(), |(end, _)| end);
            let start = &rest[..end];
            // At a sign, else at a fraction's line, else at a space.
            let before = |operators: &[&str]| {
                let found = operators.iter().filter_map(|operator| start.rfind(operator)).max();
                found.filter(|&end| end > WIDTH / 3)
            };
            let Some(end) = before(&[" + ", " - "]).or_else(|| before(&[" / "])).or_else(|| before(&[" "]))
            else {
                break;
            };
            out.push_str(rest[..end].trim_end());
            out.push('\n');
            rest = format!("{indent}{}", rest[end..].trim_start());
        }
        out.push_str(&rest);
        out.push('\n');
    }
    out
}

/// Words that are filled into lines.
struct Lines {
    done: String,
    current: String,
    further: usize,
}

impl Lines {
    /// With the indents of the first and of further lines.
    fn new(first: usize, further: usize) -> Self {
        Lines { done: String::new(), current: " ".repeat(first), further }
    }

    fn push(&mut self, word: &str) {
        let start = self.current.trim_start().is_empty();
        if !start && self.current.chars().count() + word.chars().count() > WIDTH {
            self.done.push_str(self.current.trim_end());
            self.done.push('\n');
            self.current = " ".repeat(self.further) + word.trim_start();
        } else {
            self.current.push_str(word);
        }
    }

    fn finish(mut self) -> String {
        self.done.push_str(self.current.trim_end());
        self.done.push('\n');
        self.done
    }
}
