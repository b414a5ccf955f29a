//! The equations of documents as one `align*` environment of amsmath.

use super::document::{Block, Document, Equation, Piece, Right, parts};
use super::typeset::typeset;
use crate::expr::{Pool, Style};

/// Lines are broken once their text is this long.
const WIDTH: usize = 90;

/// All equations; sentences are left out.
pub(super) fn latex(document: &Document, pool: &Pool, comment: &str) -> String {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    let rows: Vec<String> = blocks
        .filter_map(|block| match block {
            Block::Equation(shown) => Some(equation(shown, pool)),
            Block::Prose(_) => None,
        })
        .collect();
    format!("% {comment}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n", rows.join(" \\\\\n"))
}

fn equation(Equation { left, right, .. }: &Equation, pool: &Pool) -> String {
    let mut row = format!("{} &", typeset(Style::Latex, left));
    let mut width = left.chars().count();
    for (position, side) in right.iter().enumerate() {
        match side {
            Right::Line(pieces) => {
                let length: usize =
                    parts(pool, pieces, Style::Text).iter().map(|part| part.chars().count()).sum();
                if position > 0 && width + length > WIDTH {
                    row.push_str(" \\\\\n&");
                    width = 0;
                }
                row.push_str(if position == 0 || width == 0 { "= " } else { " = " });
                line(&mut row, &mut width, pieces, pool);
            }
            Right::Cases(cases) => {
                row.push_str(if position == 0 { "=" } else { " =" });
                for (who, pieces) in cases {
                    row.push_str(" \\\\\n&\\quad ");
                    width = 0;
                    line(&mut row, &mut width, pieces, pool);
                    row.push_str(&format!(" && \\text{{({who})}}"));
                }
            }
        }
    }
    row
}

fn line(row: &mut String, width: &mut usize, pieces: &[Piece], pool: &Pool) {
    let plain = parts(pool, pieces, Style::Text);
    for (position, (part, plain)) in parts(pool, pieces, Style::Latex).iter().zip(plain).enumerate() {
        let length = plain.chars().count();
        if position > 0 && *width + length > WIDTH {
            row.push_str(" \\\\\n&\\quad");
            *width = 0;
        }
        row.push_str(part);
        *width += length;
    }
}
