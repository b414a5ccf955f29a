//! Expressions as people read them: ASCII, text, LaTeX and MathML.

use super::exact::gcd;
use super::style::Style;
use super::{Expr, Node, Pool, Rational};
use crate::symbol::{Index, Kind, Parameter, Symbol};

/// Larger and more deeply nested expressions are not written out: shared parts are repeated in print, so that a small
/// graph may stand for more text than fits anywhere.
const LARGEST_PRINTED: u64 = 20_000;
/// See [`LARGEST_PRINTED`].
const DEEPEST_PRINTED: u64 = 100;

/// Binding strength, weakest first: decides where parentheses stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Sum,
    Product,
    Power,
    Atom,
}

/// Writes `expr` in the given style. An expression of more than 20,000 parts, or nested a hundred deep, is only
/// described.
pub fn print(pool: &Pool, expr: Expr, style: Style) -> String {
    match too_large(pool, expr, style) {
        Some(text) => text,
        None => Printer { pool, style }.expr(expr).0,
    }
}

/// The summands of `expr` in the order of [`print()`], each with its sign: a sum may need more than a line.
pub fn print_summands(pool: &Pool, expr: Expr, style: Style) -> Vec<String> {
    match (too_large(pool, expr, style), pool.node(expr)) {
        (Some(text), _) => vec![text],
        (None, Node::Sum(constant, terms)) => Printer { pool, style }.summands(*constant, terms),
        _ => vec![print(pool, expr, style)],
    }
}

fn too_large(pool: &Pool, expr: Expr, style: Style) -> Option<String> {
    let (size, depth) = pool.extent(expr);
    let text = match (size > LARGEST_PRINTED, depth > DEEPEST_PRINTED) {
        (false, false) => return None,
        (_, true) => format!("an expression nested {depth} deep"),
        (true, false) => format!("an expression of more than {LARGEST_PRINTED} parts"),
    };
    Some(match style {
        Style::Ascii | Style::Text => format!("<{text}>"),
        Style::Latex => format!("\\text{{{text}}}"),
        Style::MathMl => format!("<mtext>{text}</mtext>"),
    })
}

struct Printer<'a> {
    pool: &'a Pool,
    style: Style,
}

impl Printer<'_> {
    fn expr(&self, expr: Expr) -> (String, Strength) {
        match self.pool.node(expr) {
            Node::Rational(value) => self.rational(*value),
            Node::Pi => (self.style.letter('π'), Strength::Atom),
            Node::Symbol(symbol) => (self.symbol(symbol), Strength::Atom),
            Node::Asin(x) => {
                let argument = self.style.parenthesised(&self.expr(*x).0);
                (self.style.function("asin") + &argument, Strength::Atom)
            }
            Node::FourSigns(correlations) => {
                let words: Vec<String> = correlations.iter().map(|&x| self.expr(x).0).collect();
                let comma = if self.style == Style::MathMl { "<mo separator=\"true\">,</mo>" } else { ", " };
                let arguments = self.style.parenthesised(&words.join(comma));
                (named(self.style, 'S', "4") + &arguments, Strength::Atom)
            }
            Node::Sum(constant, terms) => (self.summands(*constant, terms).concat(), Strength::Sum),
            Node::Product(coefficient, factors) => self.product(*coefficient, factors),
        }
    }

    /// At least as strong as `least`, in parentheses if need be.
    fn bound(&self, expr: Expr, least: Strength) -> String {
        let (text, strength) = self.expr(expr);
        if strength >= least { text } else { self.style.parenthesised(&text) }
    }

    fn rational(&self, value: Rational) -> (String, Strength) {
        if value.is_integer() {
            let strength = if value < Rational::ZERO { Strength::Sum } else { Strength::Atom };
            return (self.style.number(value.to_integer()), strength);
        }
        let sign = self.style.sign(value < Rational::ZERO, true);
        let (over, under) = (self.style.number(value.numer().abs()), self.style.number(*value.denom()));
        let strength = if value < Rational::ZERO { Strength::Sum } else { Strength::Product };
        (sign.to_owned() + &self.style.fraction(&over, &under), strength)
    }

    /// Positive terms first: 1 - x reads better than -x + 1.
    fn summands(&self, constant: Rational, terms: &[(Expr, Rational)]) -> Vec<String> {
        let mut summands = Vec::new();
        for negative in [false, true] {
            let here = |weight: Rational| weight != Rational::ZERO && (weight < Rational::ZERO) == negative;
            let size = |weight: Rational| if negative { -weight } else { weight };
            if here(constant) {
                let sign = self.style.sign(negative, summands.is_empty());
                summands.push(sign.to_owned() + &self.rational(size(constant)).0);
            }
            for &(term, weight) in terms.iter().filter(|(_, weight)| here(*weight)) {
                let single = [(term, Rational::ONE)];
                let factors = match self.pool.node(term) {
                    Node::Product(_, factors) => factors.as_slice(),
                    _ => &single,
                };
                let sign = self.style.sign(negative, summands.is_empty());
                summands.push(sign.to_owned() + &self.product(size(weight), factors).0);
            }
        }
        summands
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
        let is_number = |base: Expr| matches!(self.pool.node(base), Node::Pi | Node::Rational(_));
        let (numbers, variables): (Vec<_>, Vec<_>) =
            factors.iter().copied().partition(|&(base, _)| is_number(base));
        let constant = Constant::new(self, size, &numbers);
        let half = Rational::new(1, 2);
        let (mut over, mut under, mut root) = (Vec::new(), Vec::new(), Vec::new());
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
        let between = self.style.between_factors();
        if let [single] = root[..] {
            under.push(self.style.root(&self.expr(single).0, false));
        } else if !root.is_empty() {
            let inside: Vec<String> = root.iter().map(|&base| self.bound(base, Strength::Product)).collect();
            under.push(self.style.root(&inside.join(between), false));
        }
        let one = self.style.number(1);
        let text = if self.style.inline() {
            let mut words = constant.words(self.style);
            words.extend(over);
            let top = if words.is_empty() { one } else { words.join(between) };
            match &under[..] {
                [] => top,
                [single] => format!("{top} / {single}"),
                _ => format!("{top} / ({})", under.join(between)),
            }
        } else {
            let mut words = constant.words(self.style);
            if !under.is_empty() {
                let top = match over_bare {
                    Some(bare) => bare,
                    None if over.is_empty() => one,
                    None => over.join(between),
                };
                words.push(self.style.fraction(&top, &under.join(between)));
            } else if over.is_empty() && words.is_empty() {
                words.push(one);
            } else {
                words.extend(over);
            }
            words.join(between)
        };
        let sign = self.style.sign(negative, true);
        (format!("{sign}{text}"), if negative { Strength::Sum } else { Strength::Product })
    }

    fn power(&self, base: Expr, exponent: Rational) -> String {
        if exponent == Rational::ONE {
            return self.bound(base, Strength::Product);
        }
        if exponent == Rational::new(1, 2) {
            let bare = matches!(self.pool.node(base), Node::Pi | Node::Rational(_));
            return self.style.root(&self.expr(base).0, bare);
        }
        self.style.power(&self.bound(base, Strength::Atom), exponent)
    }

    fn symbol(&self, symbol: &Symbol) -> String {
        let subscript = |letter: &str, indices: &[Index]| {
            let letter: String = letter.chars().map(|letter| self.style.letter(letter)).collect();
            self.style.scripts(&letter, &self.style.indices(indices), "")
        };
        match symbol {
            Symbol::Parameter(parameter) => self.parameter(*parameter),
            Symbol::Readout(i) => subscript("a", &[*i]),
            Symbol::Coefficient(n) => subscript("c", &[*n]),
            Symbol::Overlap(a, b) => subscript(block(*a, *b), &[*a, *b]),
            Symbol::Defined(name, indices) => {
                let mut letters = name.chars();
                match (letters.next(), letters.as_str()) {
                    // u_jn, but J2(i,n)
                    (Some(_), "") => subscript(name, indices),
                    (Some(letter), rest) => named(self.style, letter, rest) + &self.style.arguments(indices),
                    (None, _) => String::new(),
                }
            }
        }
    }

    fn parameter(&self, parameter: Parameter) -> String {
        match parameter {
            Parameter::Gamma => self.style.letter('γ'),
            Parameter::GammaA => self.style.scripts(&self.style.letter('γ'), &self.style.letter('a'), ""),
            Parameter::Scale => self.style.letter('s'),
            Parameter::Batch => self.style.letter('b'),
            Parameter::Noise => self.style.letter('Δ'),
        }
    }
}

/// I2: on one line as it is, else with the number as an index.
pub(crate) fn named(style: Style, letter: char, rest: &str) -> String {
    if style.inline() {
        return format!("{letter}{rest}");
    }
    let rest: String = rest.chars().map(|letter| style.letter(letter)).collect();
    style.scripts(&style.letter(letter), &rest, "")
}

/// The number in front of a product.
struct Constant {
    /// Above and below the fraction line.
    over: Vec<String>,
    under: Vec<String>,
    /// A root beside the fraction.
    root: Option<String>,
}

impl Constant {
    /// Powers ½ of numbers and of π go under one root; what the coefficient has in common with it is cancelled, so that
    /// ½ √(2/π) is 1/√(2 π).
    fn new(printer: &Printer<'_>, size: Rational, numbers: &[(Expr, Rational)]) -> Self {
        let half = Rational::new(1, 2);
        let (mut over, mut under) = (Vec::new(), Vec::new());
        let (mut inside, mut pi_exponent, mut pi_base) = (1_i128, Rational::ZERO, None);
        for &(base, exponent) in numbers {
            match printer.pool.node(base) {
                Node::Pi => (pi_exponent, pi_base) = (exponent, Some(base)),
                Node::Rational(value) if exponent == half && value.is_integer() => {
                    match inside.checked_mul(value.to_integer()) {
                        Some(product) => inside = product,
                        None => over.push(printer.power(base, exponent)),
                    }
                }
                _ if exponent > Rational::ZERO => over.push(printer.power(base, exponent)),
                _ => under.push(printer.power(base, -exponent)),
            }
        }
        let (mut numerator, mut denominator) = (*size.numer(), *size.denom());
        let common = gcd(denominator, inside);
        denominator /= common;
        let mut above = vec![inside / common];
        let mut below = vec![common];
        above.retain(|&number| number != 1);
        below.retain(|&number| number != 1);
        // Where π has an exponent like ⅓ it stays as it is.
        let pi_root = (pi_exponent * Rational::from(2)).is_integer() && !pi_exponent.is_integer();
        let whole = if pi_root { pi_exponent.trunc() } else { pi_exponent };
        let style = printer.style;
        let side = |numbers: &[i128], with_pi: bool| -> Vec<String> {
            let pi = with_pi.then(|| style.letter('π'));
            numbers.iter().map(|&number| style.number(number)).chain(pi).collect()
        };
        let above = side(&above, pi_root && pi_exponent > Rational::ZERO);
        let below = side(&below, pi_root && pi_exponent < Rational::ZERO);
        if let Some(pi) = pi_base
            && whole != Rational::ZERO
        {
            let list = if whole > Rational::ZERO { &mut over } else { &mut under };
            list.insert(0, printer.power(pi, if whole > Rational::ZERO { whole } else { -whole }));
        }
        for (number, list) in [(&mut numerator, &mut over), (&mut denominator, &mut under)] {
            if *number != 1 {
                list.insert(0, style.number(*number));
            }
        }
        let between = style.between_factors();
        let bare = |side: &[String]| side.len() == 1;
        let root = match (above.is_empty(), below.is_empty()) {
            (true, true) => None,
            (true, false) => {
                under.push(style.root(&below.join(between), bare(&below)));
                None
            }
            (false, true) => Some(style.root(&above.join(between), bare(&above))),
            (false, false) => {
                let inline = |side: &[String]| match side {
                    [single] => single.clone(),
                    _ if style.inline() => format!("({})", side.join(between)),
                    _ => side.join(between),
                };
                Some(style.root(&style.fraction(&inline(&above), &inline(&below)), false))
            }
        };
        Constant { over, under, root }
    }

    /// As factors of a product; none for 1.
    fn words(self, style: Style) -> Vec<String> {
        let Constant { mut over, mut under, root } = self;
        if under.is_empty() {
            over.extend(root);
            return over;
        }
        let between = style.between_factors();
        let over = match (over.len(), style.inline()) {
            (0, _) => style.number(1),
            (1, _) => over.remove(0),
            _ => over.join(between),
        };
        let under = match (under.len(), style.inline()) {
            (1, _) => under.remove(0),
            (_, true) => format!("({})", under.join(between)),
            (_, false) => under.join(between),
        };
        let fraction = style.fraction(&over, &under);
        let fraction = if style.inline() { format!("({fraction})") } else { fraction };
        std::iter::once(fraction).chain(root).collect()
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
