//! What is shown to people, before it has a style: sections of sentences and equations.

use super::typeset::typeset;
use crate::expr::{Expr, Pool, Style, print, print_summands};

/// Longer sums are cut short: nobody reads them, and those of a polynomial of degree 6 have tens of thousands of terms.
const LONGEST_SUM: usize = 300;

/// Sections with headings.
pub(super) struct Document {
    /// Name and sizes of the system.
    pub(super) title: String,
    pub(super) sections: Vec<Section>,
    /// Whether lines of text may be broken inside a summand that is longer than one.
    pub(super) breaks_summands: bool,
}

pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) blocks: Vec<Block>,
}

pub(super) enum Block {
    /// A sentence, formulas in backticks.
    Prose(String),
    /// An equation on a line of its own.
    Equation(Equation),
}

/// left = right = right = …
pub(super) struct Equation {
    /// A formula to be typeset.
    pub(super) left: String,
    pub(super) right: Vec<Right>,
    /// The rule it comes from.
    pub(super) rule: &'static str,
}

pub(super) enum Right {
    Line(Vec<Piece>),
    /// One line for every case of the nodes.
    Cases(Vec<(String, Vec<Piece>)>),
}

/// Part of a right-hand side. A line may be broken before summands.
pub(super) enum Piece {
    /// A formula to be typeset.
    Fixed(String),
    /// An expression; where it is a sum a line may be broken before each summand.
    Expr(Expr),
    /// An expression in front of something it multiplies.
    Factor(Expr),
}

impl Block {
    pub(super) fn prose(text: impl Into<String>) -> Self {
        Block::Prose(text.into())
    }

    /// left = right, both formulas.
    pub(super) fn formula(left: impl Into<String>, right: impl Into<String>) -> Self {
        Block::equation(left, vec![Right::fixed(right)])
    }

    pub(super) fn equation(left: impl Into<String>, right: Vec<Right>) -> Self {
        Block::Equation(Equation { left: left.into(), right, rule: "" })
    }

    /// With the rule it comes from.
    pub(super) fn by(mut self, rule: &'static str) -> Self {
        if let Block::Equation(equation) = &mut self {
            equation.rule = rule;
        }
        self
    }
}

impl Right {
    pub(super) fn fixed(formula: impl Into<String>) -> Self {
        Right::Line(vec![Piece::Fixed(formula.into())])
    }

    pub(super) fn expr(expr: Expr) -> Self {
        Right::Line(vec![Piece::Expr(expr)])
    }

    /// One formula, or one for every case.
    pub(super) fn cases(mut cases: Vec<(String, Vec<Piece>)>) -> Self {
        if cases.len() == 1 { Right::Line(cases.remove(0).1) } else { Right::Cases(cases) }
    }
}

/// The pieces of a line in a style, in parts between which it may be broken: before summands.
pub(super) fn parts(pool: &Pool, pieces: &[Piece], style: Style) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut join = |text: String, breakable: bool| match parts.last_mut() {
        Some(last) if !breakable => last.push_str(&text),
        _ => parts.push(text),
    };
    for piece in pieces {
        match piece {
            Piece::Fixed(formula) => {
                let summand = formula.starts_with(" + ") || formula.starts_with(" - ");
                join(typeset(style, formula), summand);
            }
            Piece::Factor(expr) => {
                let factor = print(pool, *expr, style);
                let on_one_line = style.inline() && factor.contains(" / ");
                let factor = if on_one_line { format!("({factor})") } else { factor };
                join(factor + style.between_factors(), false);
            }
            Piece::Expr(expr) => {
                let summands = print_summands(pool, *expr, style);
                let count = summands.len();
                for (position, summand) in summands.into_iter().take(LONGEST_SUM).enumerate() {
                    join(summand, position > 0);
                }
                if count > LONGEST_SUM {
                    join(further_terms(count - LONGEST_SUM, style), true);
                }
            }
        }
    }
    parts
}

fn further_terms(count: usize, style: Style) -> String {
    match style {
        Style::Ascii => format!(" + ... ({count} further terms)"),
        Style::Text => format!(" + … ({count} further terms)"),
        Style::Latex => format!(" + \\cdots \\text{{ ({count} further terms)}}"),
        Style::MathMl => format!("<mo>+</mo><mo>…</mo><mtext> ({count} further terms)</mtext>"),
    }
}
