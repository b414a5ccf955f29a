//! Expressions as people read them: plain text and LaTeX.

use super::{Expr, Node, Pool, Rational};
use crate::symbol::{Index, Kind, Parameter, Symbol};

/// How an expression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// One line of text with Greek letters, `√` and superscripts.
    Text,
    /// LaTeX, to stand in math mode.
    Latex,
}

/// Binding strength, weakest first: decides where parentheses stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Sum,
    Product,
    Power,
    Atom,
}

/// Writes `expr` in the given style.
pub fn print(pool: &Pool, expr: Expr, style: Style) -> String {
    Printer { pool, style }.expr(expr).0
}

struct Printer<'a> {
    pool: &'a Pool,
    style: Style,
}

impl Printer<'_> {
    fn expr(&self, expr: Expr) -> (String, Strength) {
        match self.pool.node(expr) {
            Node::Rational(value) => self.rational(*value),
            Node::Pi => (self.pick("π", "\\pi").to_owned(), Strength::Atom),
            Node::Symbol(symbol) => (self.symbol(symbol), Strength::Atom),
            Node::Asin(x) => {
                let x = self.expr(*x).0;
                let text = match self.style {
                    Style::Text => format!("asin({x})"),
                    Style::Latex => format!("\\arcsin\\left({x}\\right)"),
                };
                (text, Strength::Atom)
            }
            Node::FourSigns(correlations) => {
                let words: Vec<String> = correlations.iter().map(|&x| self.expr(x).0).collect();
                let text = match self.style {
                    Style::Text => format!("S4({})", words.join(", ")),
                    Style::Latex => format!("S_4\\left({}\\right)", words.join(", ")),
                };
                (text, Strength::Atom)
            }
            Node::Sum(constant, terms) => (self.sum(*constant, terms), Strength::Sum),
            Node::Product(coefficient, factors) => self.product(*coefficient, factors),
        }
    }

    fn pick<'s>(&self, text: &'s str, latex: &'s str) -> &'s str {
        match self.style {
            Style::Text => text,
            Style::Latex => latex,
        }
    }

    /// At least as strong as `least`, in parentheses if need be.
    fn bound(&self, expr: Expr, least: Strength) -> String {
        let (text, strength) = self.expr(expr);
        if strength >= least { text } else { self.parenthesised(&text) }
    }

    fn parenthesised(&self, text: &str) -> String {
        match self.style {
            Style::Text => format!("({text})"),
            Style::Latex => format!("\\left({text}\\right)"),
        }
    }

    fn rational(&self, value: Rational) -> (String, Strength) {
        if value.is_integer() {
            let strength = if value < Rational::ZERO { Strength::Sum } else { Strength::Atom };
            return (value.to_integer().to_string(), strength);
        }
        let text = match self.style {
            Style::Text => value.to_string(),
            Style::Latex => format!("\\frac{{{}}}{{{}}}", value.numer(), value.denom()),
        };
        (text, Strength::Product)
    }

    /// Positive terms first: 1 - x reads better than -x + 1.
    fn sum(&self, constant: Rational, terms: &[(Expr, Rational)]) -> String {
        let mut positive = Vec::new();
        let mut negative = Vec::new();
        if constant != Rational::ZERO {
            let side = if constant > Rational::ZERO { &mut positive } else { &mut negative };
            side.push(self.rational(if constant > Rational::ZERO { constant } else { -constant }).0);
        }
        for &(term, weight) in terms {
            let single = [(term, Rational::ONE)];
            let factors = match self.pool.node(term) {
                Node::Product(_, factors) => factors.as_slice(),
                _ => &single,
            };
            let (side, size) =
                if weight > Rational::ZERO { (&mut positive, weight) } else { (&mut negative, -weight) };
            side.push(self.product(size, factors).0);
        }
        let minus = self.pick(" - ", " - ");
        let mut text = positive.join(" + ");
        for term in negative {
            text.push_str(if text.is_empty() { "-" } else { minus });
            text.push_str(&term);
        }
        text
    }

    /// (constant) numerators / denominators, with one root for all powers -½.
    fn product(&self, coefficient: Rational, factors: &[(Expr, Rational)]) -> (String, Strength) {
        if let ([(base, exponent)], true) = (factors, coefficient == Rational::ONE) {
            if *exponent == Rational::ONE {
                return self.expr(*base);
            }
            if *exponent > Rational::ZERO {
                return (self.power(*base, *exponent), Strength::Power);
            }
        }
        let negative = coefficient < Rational::ZERO;
        let size = if negative { -coefficient } else { coefficient };
        let is_pi = |base: Expr| *self.pool.node(base) == Node::Pi;
        let (constants, variables): (Vec<_>, Vec<_>) =
            factors.iter().copied().partition(|&(base, _)| is_pi(base));
        let constant = self.constant(size, &constants);
        let half = Rational::new(1, 2);
        let mut over = Vec::new();
        let mut under = Vec::new();
        let mut root = Vec::new();
        // Alone above a fraction line a sum needs no parentheses.
        let over_bare =
            match variables.iter().filter(|(_, exponent)| *exponent > Rational::ZERO).collect::<Vec<_>>()[..]
            {
                [&(base, exponent)] if exponent == Rational::ONE => Some(self.expr(base).0),
                _ => None,
            };
        for (base, exponent) in variables {
            if exponent > Rational::ZERO {
                over.push(self.power(base, exponent));
            } else if exponent == -half {
                root.push(base);
            } else {
                under.push(self.power(base, -exponent));
            }
        }
        if let [single] = root[..] {
            under.push(self.root(&self.expr(single).0));
        } else if !root.is_empty() {
            let inside: Vec<String> = root.iter().map(|&base| self.bound(base, Strength::Product)).collect();
            under.push(self.root(&inside.join(self.pick(" ", " "))));
        }
        let sign = if negative { "-" } else { "" };
        let text = match self.style {
            Style::Text => {
                let mut words: Vec<String> = Vec::new();
                words.extend(constant.map(|(over, under)| match under {
                    None => over,
                    Some(under) => format!("({over}/{under})"),
                }));
                words.extend(over);
                if words.is_empty() {
                    words.push("1".to_owned());
                }
                let top = words.join(" ");
                match under.len() {
                    0 => top,
                    1 => format!("{top} / {}", under[0]),
                    _ => format!("{top} / ({})", under.join(" ")),
                }
            }
            Style::Latex => {
                let constant = constant.map(|(over, under)| match under {
                    None => over,
                    Some(under) => format!("\\frac{{{over}}}{{{under}}}"),
                });
                let top = over.join(" ");
                let fraction = if under.is_empty() {
                    top
                } else {
                    let top = match over_bare {
                        Some(bare) => bare,
                        None if top.is_empty() => "1".to_owned(),
                        None => top,
                    };
                    format!("\\frac{{{top}}}{{{}}}", under.join(" "))
                };
                match constant {
                    None if fraction.is_empty() => "1".to_owned(),
                    None => fraction,
                    Some(constant) if fraction.is_empty() => constant,
                    Some(constant) => format!("{constant} {fraction}"),
                }
            }
        };
        (format!("{sign}{text}"), if negative { Strength::Sum } else { Strength::Product })
    }

    /// The number in front: (numerator, denominator), or `None` for 1.
    fn constant(&self, size: Rational, pis: &[(Expr, Rational)]) -> Option<(String, Option<String>)> {
        let (mut over, mut under) = (Vec::new(), Vec::new());
        if *size.numer() != 1 {
            over.push(size.numer().to_string());
        }
        if *size.denom() != 1 {
            under.push(size.denom().to_string());
        }
        for &(pi, exponent) in pis {
            let (side, size) =
                if exponent > Rational::ZERO { (&mut over, exponent) } else { (&mut under, -exponent) };
            side.push(self.power(pi, size));
        }
        if over.is_empty() && under.is_empty() {
            return None;
        }
        let over = if over.is_empty() { "1".to_owned() } else { over.join(" ") };
        Some((over, (!under.is_empty()).then(|| under.join(" "))))
    }

    fn root(&self, inside: &str) -> String {
        match self.style {
            Style::Text => format!("√({inside})"),
            Style::Latex => format!("\\sqrt{{{inside}}}"),
        }
    }

    fn power(&self, base: Expr, exponent: Rational) -> String {
        if exponent == Rational::ONE {
            return self.bound(base, Strength::Product);
        }
        if exponent == Rational::new(1, 2) {
            return self.root(&self.expr(base).0);
        }
        let base = self.bound(base, Strength::Atom);
        match self.style {
            Style::Latex => format!("{{{base}}}^{{{exponent}}}"),
            Style::Text if exponent.is_integer() => {
                let digits = exponent.to_integer().to_string();
                base + &digits.chars().map(superscript).collect::<String>()
            }
            Style::Text => format!("{base}^({exponent})"),
        }
    }

    fn symbol(&self, symbol: &Symbol) -> String {
        match symbol {
            Symbol::Parameter(parameter) => self.parameter(*parameter).to_owned(),
            Symbol::Readout(i) => self.subscript("a", &[*i]),
            Symbol::Coefficient(n) => self.subscript("c", &[*n]),
            Symbol::Overlap(a, b) => self.subscript(block(*a, *b), &[*a, *b]),
            Symbol::Defined(name, indices) => {
                let mut letters = name.chars();
                match (letters.next(), letters.as_str()) {
                    // u_jn, but J2(i,n)
                    (Some(_), "") => self.subscript(name, indices),
                    (Some(letter), rest) => {
                        let arguments: Vec<String> = indices.iter().map(Index::to_string).collect();
                        let arguments = arguments.join(",");
                        match self.style {
                            Style::Text => format!("{name}({arguments})"),
                            Style::Latex => format!("{letter}_{{{rest}}}({arguments})"),
                        }
                    }
                    (None, _) => String::new(),
                }
            }
        }
    }

    fn parameter(&self, parameter: Parameter) -> &str {
        match parameter {
            Parameter::Gamma => self.pick("γ", "\\gamma"),
            Parameter::GammaA => self.pick("γ_a", "\\gamma_a"),
            Parameter::Scale => "s",
            Parameter::Batch => "b",
            Parameter::Noise => self.pick("Δ", "\\Delta"),
        }
    }

    fn subscript(&self, letter: &str, indices: &[Index]) -> String {
        let words: Vec<String> = indices.iter().map(Index::to_string).collect();
        // 1,12 needs its comma; ij and 12 do not.
        let separator = if words.iter().any(|word| word.chars().count() > 1) { "," } else { "" };
        let words = words.join(separator);
        match self.style {
            Style::Text => format!("{letter}_{words}"),
            Style::Latex => format!("{letter}_{{{words}}}"),
        }
    }
}

/// The block of Ω an entry lies in: P, M or Q, or q where it may be any of them.
fn block(a: Index, b: Index) -> &'static str {
    match (a.kind(), b.kind()) {
        (Kind::Node, _) | (_, Kind::Node) => "q",
        (Kind::Teacher, Kind::Teacher) => "P",
        (Kind::Student, Kind::Student) => "Q",
        _ => "M",
    }
}

fn superscript(digit: char) -> char {
    match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '-' => '⁻',
        other => other.to_digit(10).and_then(|value| char::from_u32(0x2070 + value)).unwrap_or(other),
    }
}
