//! The four ways to write mathematics down, and how each writes letters, fractions, roots and the like.

use super::Rational;
use crate::symbol::Index;

/// How mathematics is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One line of plain ASCII: `gamma`, `sqrt(x)`, `x^2`.
    Ascii,
    /// One line of text with Greek letters, `√` and superscripts.
    Text,
    /// LaTeX, to stand in math mode.
    Latex,
    /// MathML, to stand inside `<math>`: a sequence of elements.
    MathMl,
}

/// Letters and signs that have a name of their own in ASCII and LaTeX.
const NAMED: [(char, &str, &str); 22] = [
    ('ρ', "rho", "\\rho"),
    ('π', "pi", "\\pi"),
    ('γ', "gamma", "\\gamma"),
    ('Δ', "Delta", "\\Delta"),
    ('δ', "delta", "\\delta"),
    ('σ', "sigma", "\\sigma"),
    ('λ', "lambda", "\\lambda"),
    ('Λ', "Lambda", "\\Lambda"),
    ('Ω', "Omega", "\\Omega"),
    ('ζ', "zeta", "\\zeta"),
    ('α', "alpha", "\\alpha"),
    ('β', "beta", "\\beta"),
    ('·', ".", "\\cdot"),
    ('∂', "d", "\\partial"),
    ('Σ', "sum", "\\sum"),
    ('→', "->", "\\to"),
    ('≥', ">=", "\\ge"),
    ('≤', "<=", "\\le"),
    ('≠', "!=", "\\ne"),
    ('∞', "infinity", "\\infty"),
    ('½', "1/2", "\\tfrac{1}{2}"),
    ('~', "~", "\\sim"),
];

impl Style {
    /// Whether fractions are written on one line.
    pub(crate) fn inline(self) -> bool {
        matches!(self, Style::Ascii | Style::Text)
    }

    /// One letter or sign.
    pub(crate) fn letter(self, letter: char) -> String {
        let named = NAMED.iter().find(|(known, ..)| *known == letter);
        match (self, named) {
            (Style::Ascii, Some((_, ascii, _))) => (*ascii).to_owned(),
            (Style::Latex, Some((.., latex))) => (*latex).to_owned(),
            (Style::Ascii | Style::Text | Style::Latex, _) => letter.to_string(),
            (Style::MathMl, _) => match letter {
                '½' => "<mfrac><mn>1</mn><mn>2</mn></mfrac>".to_owned(),
                '∂' => "<mi>∂</mi>".to_owned(),
                '-' => "<mo>−</mo>".to_owned(),
                '<' => "<mo>&lt;</mo>".to_owned(),
                '>' => "<mo>&gt;</mo>".to_owned(),
                '&' => "<mo>&amp;</mo>".to_owned(),
                letter if letter.is_alphabetic() => format!("<mi>{letter}</mi>"),
                digit if digit.is_ascii_digit() => format!("<mn>{digit}</mn>"),
                sign => format!("<mo>{sign}</mo>"),
            },
        }
    }

    pub(crate) fn number(self, value: i128) -> String {
        match self {
            Style::MathMl if value < 0 => format!("<mo>−</mo><mn>{}</mn>", value.unsigned_abs()),
            Style::MathMl => format!("<mn>{value}</mn>"),
            _ => value.to_string(),
        }
    }

    /// The name of a function: `asin`, `erf`.
    pub(crate) fn function(self, name: &str) -> String {
        match (self, name) {
            (Style::Latex, "asin") => "\\arcsin".to_owned(),
            (Style::Latex, "exp" | "max" | "tanh") => format!("\\{name}"),
            (Style::Latex, name) => format!("\\operatorname{{{name}}}"),
            (Style::MathMl, "asin") => "<mi>arcsin</mi>".to_owned(),
            (Style::MathMl, name) => format!("<mi>{name}</mi>"),
            _ => name.to_owned(),
        }
    }

    pub(crate) fn parenthesised(self, inside: &str) -> String {
        match self {
            Style::Ascii | Style::Text => format!("({inside})"),
            Style::Latex => format!("\\left({inside}\\right)"),
            Style::MathMl => format!("<mrow><mo>(</mo>{inside}<mo>)</mo></mrow>"),
        }
    }

    /// What stands between factors.
    pub(crate) fn between_factors(self) -> &'static str {
        if self == Style::MathMl { "" } else { " " }
    }

    /// What stands between summands, or in front of the first.
    pub(crate) fn sign(self, negative: bool, first: bool) -> &'static str {
        match (self, negative, first) {
            (_, false, true) => "",
            (Style::MathMl, true, _) => "<mo>−</mo>",
            (Style::MathMl, false, false) => "<mo>+</mo>",
            (_, true, true) => "-",
            (_, true, false) => " - ",
            (_, false, false) => " + ",
        }
    }

    /// A fraction with a line. Both parts carry their own parentheses where it is written on one line.
    pub(crate) fn fraction(self, over: &str, under: &str) -> String {
        match self {
            Style::Ascii | Style::Text => format!("{over}/{under}"),
            Style::Latex => format!("\\frac{{{over}}}{{{under}}}"),
            Style::MathMl => format!("<mfrac>{}{}</mfrac>", single(over), single(under)),
        }
    }

    /// A square root; `bare` is a single letter or number.
    pub(crate) fn root(self, inside: &str, bare: bool) -> String {
        match self {
            Style::Ascii => format!("sqrt({inside})"),
            Style::Text if bare => format!("√{inside}"),
            Style::Text => format!("√({inside})"),
            Style::Latex => format!("\\sqrt{{{inside}}}"),
            Style::MathMl => format!("<msqrt>{inside}</msqrt>"),
        }
    }

    pub(crate) fn power(self, base: &str, exponent: Rational) -> String {
        let text = exponent.to_string();
        match self {
            Style::Ascii if exponent.is_integer() && exponent > Rational::ZERO => format!("{base}^{text}"),
            Style::Text if exponent.is_integer() => {
                format!("{base}{}", text.chars().map(superscript).collect::<String>())
            }
            Style::Ascii | Style::Text => format!("{base}^({text})"),
            Style::Latex => format!("{base}^{{{text}}}"),
            Style::MathMl => {
                let exponent = if exponent.is_integer() {
                    self.number(exponent.to_integer())
                } else {
                    let (over, under) = (self.number(*exponent.numer()), self.number(*exponent.denom()));
                    format!("<mrow>{over}<mo>/</mo>{under}</mrow>")
                };
                format!("<msup>{}{}</msup>", single(base), single(&exponent))
            }
        }
    }

    /// A letter with what stands below and above it, both of which may be empty.
    pub(crate) fn scripts(self, letter: &str, below: &str, above: &str) -> String {
        match self {
            Style::Ascii | Style::Text => {
                let below = if below.is_empty() { String::new() } else { format!("_{below}") };
                format!("{letter}{above}{below}")
            }
            Style::Latex => {
                let below = if below.is_empty() { String::new() } else { format!("_{{{below}}}") };
                let above = if above.is_empty() { String::new() } else { format!("^{{{above}}}") };
                format!("{letter}{above}{below}")
            }
            Style::MathMl => match (below.is_empty(), above.is_empty()) {
                (true, true) => letter.to_owned(),
                (false, true) => format!("<msub>{}{}</msub>", single(letter), single(below)),
                (true, false) => format!("<msup>{}{}</msup>", single(letter), single(above)),
                (false, false) => {
                    format!("<msubsup>{}{}{}</msubsup>", single(letter), single(below), single(above))
                }
            },
        }
    }

    /// Indices in a row: `ij`, `1,12`.
    pub(crate) fn indices(self, indices: &[Index]) -> String {
        let words: Vec<String> = indices.iter().map(Index::to_string).collect();
        // 1,12 needs its comma; ij and 12 do not.
        let separator = if words.iter().any(|word| word.chars().count() > 1) { "," } else { "" };
        self.list(&words, separator)
    }

    /// Indices as arguments: `(j,l,n)`.
    pub(crate) fn arguments(self, indices: &[Index]) -> String {
        let words: Vec<String> = indices.iter().map(Index::to_string).collect();
        let list = self.list(&words, ",");
        match self {
            Style::MathMl => format!("<mo stretchy=\"false\">(</mo>{list}<mo stretchy=\"false\">)</mo>"),
            _ => format!("({list})"),
        }
    }

    fn list(self, words: &[String], separator: &str) -> String {
        match self {
            Style::MathMl => {
                let separator = if separator.is_empty() { "" } else { "<mo separator=\"true\">,</mo>" };
                let word = |word: &String| match word.parse() {
                    Ok(number) => self.number(number),
                    Err(_) => word.chars().map(|letter| self.letter(letter)).collect(),
                };
                words.iter().map(word).collect::<Vec<_>>().join(separator)
            }
            Style::Text => words.join(separator),
            _ => {
                let word = |word: &String| word.chars().map(|letter| self.letter(letter)).collect();
                words.iter().map(word).collect::<Vec<String>>().join(separator)
            }
        }
    }
}

/// One MathML element: what already is one, or an `<mrow>` around it.
pub(crate) fn single(elements: &str) -> String {
    let name = elements.strip_prefix('<').and_then(|rest| rest.split(['>', ' ']).next()).unwrap_or("");
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let alone = matches!(name, "mi" | "mn" | "mrow" | "msqrt" | "mfrac" | "msub" | "msup" | "msubsup")
        && elements.ends_with(&close)
        // Nothing of the same name inside or beside it.
        && elements.matches(&close).count() == 1
        && elements.matches(&open).count() == 1;
    if alone { elements.to_owned() } else { format!("<mrow>{elements}</mrow>") }
}

pub(crate) fn superscript(digit: char) -> char {
    match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '-' => '⁻',
        other => other.to_digit(10).and_then(|value| char::from_u32(0x2070 + value)).unwrap_or(other),
    }
}
