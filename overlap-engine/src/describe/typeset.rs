//! Formulas that are typed in, as text: `dM_ri/dt = γ s a_i Σ_n c_n I3(i,r,n)`, in any style.

use crate::expr::{Style, named};

/// Words that are names of functions.
const FUNCTIONS: [&str; 6] = ["erf", "asin", "sign", "max", "tanh", "exp"];

/// Sets a formula of the text style in `style`. What it knows: letters with `*`, primes, subscripts and powers, I2(m,n),
/// sums Σ_mn, expectations E[…], derivatives dM_ri/dt and ∂I2(i,n)/∂q_in, roots √d, matrices [[P, M], [Mᵀ, Q]].
pub(super) fn typeset(style: Style, formula: &str) -> String {
    if style == Style::Text {
        return formula.to_owned();
    }
    let mut reader = Reader { style, rest: formula };
    let mut out = String::new();
    while let Some(piece) = reader.piece() {
        // A LaTeX command and a letter need a space between them.
        if style == Style::Latex
            && piece.starts_with(|first: char| first.is_ascii_alphabetic())
            && out
                .rsplit(|c: char| !c.is_ascii_alphabetic())
                .next()
                .is_some_and(|word| !word.is_empty() && out[..out.len() - word.len()].ends_with('\\'))
        {
            out.push(' ');
        }
        out.push_str(&piece);
    }
    out
}

struct Reader<'a> {
    style: Style,
    rest: &'a str,
}

impl Reader<'_> {
    fn next(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.starts_with(text);
        if found {
            self.skip(text.len());
        }
        found
    }

    /// The longest beginning whose characters are all `wanted`.
    fn run(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let run = self.rest[..end].to_owned();
        self.skip(end);
        run
    }

    fn piece(&mut self) -> Option<String> {
        let style = self.style;
        let first = self.next()?;
        if style != Style::Ascii {
            if let Some(derivative) = self.derivative() {
                return Some(derivative);
            }
            if self.eat("E[") {
                return Some(match style {
                    Style::Latex => "\\mathbb{E}[".to_owned(),
                    _ => "<mi>𝔼</mi><mo stretchy=\"false\">[</mo>".to_owned(),
                });
            }
            if let Some(inside) = self.rest.strip_prefix("[[").and_then(|rest| rest.split_once("]]")) {
                self.skip(inside.0.len() + 4);
                return Some(self.matrix(inside.0));
            }
            if first == '_' || first == '^' {
                self.skip(1);
                return Some(String::new());
            }
        }
        Some(match first {
            ' ' => {
                let spaces = self.run(|c| c == ' ');
                match style {
                    Style::Ascii => spaces,
                    Style::Latex => if spaces.len() > 1 { "\\quad " } else { " " }.to_owned(),
                    _ if spaces.len() > 1 => "<mspace width=\"1em\"/>".to_owned(),
                    _ => String::new(),
                }
            }
            'Σ' => {
                self.skip('Σ'.len_utf8());
                let below = if self.eat("_") { self.run(char::is_alphanumeric) } else { String::new() };
                match style {
                    Style::Latex => {
                        let below: Vec<String> = below.chars().map(String::from).collect();
                        format!("\\sum_{{{}}}", below.join(","))
                    }
                    Style::MathMl => {
                        let below: Vec<String> = below.chars().map(|c| style.letter(c)).collect();
                        format!("<munder><mo>∑</mo><mrow>{}</mrow></munder>", below.join("<mo>,</mo>"))
                    }
                    _ => format!("sum_{below}"),
                }
            }
            '√' => {
                self.skip('√'.len_utf8());
                let inside = match self.bracketed() {
                    Some(inside) => typeset(style, inside),
                    None => self.piece().unwrap_or_default(),
                };
                style.root(&inside, false)
            }
            c if c.is_alphabetic() => self.word(),
            c if c.is_ascii_digit() => {
                let number = self.run(|c| c.is_ascii_digit() || c == '.');
                if style == Style::MathMl { format!("<mn>{number}</mn>") } else { number }
            }
            '(' | ')' | '[' | ']' if style == Style::MathMl => {
                self.skip(1);
                format!("<mo stretchy=\"false\">{first}</mo>")
            }
            '|' if style == Style::MathMl => {
                self.skip(1);
                "<mo stretchy=\"false\" form=\"infix\" lspace=\"0\" rspace=\"0\">|</mo>".to_owned()
            }
            '²' | '³' => {
                self.skip(first.len_utf8());
                style.scripts("", "", &raised(style, first))
            }
            other => {
                self.skip(other.len_utf8());
                style.letter(other)
            }
        })
    }

    /// dX/dt, or ∂X/∂Y.
    fn derivative(&mut self) -> Option<String> {
        let start = self.rest;
        let found = self.read_derivative();
        if found.is_none() {
            self.rest = start;
        }
        found
    }

    fn read_derivative(&mut self) -> Option<String> {
        let style = self.style;
        let partial = self.eat("∂");
        if !partial && !self.eat("d") {
            return None;
        }
        let sign = style.letter(if partial { '∂' } else { 'd' });
        let space = if style == Style::Latex && partial { " " } else { "" };
        self.next().filter(|c| c.is_alphabetic())?;
        let over = format!("{sign}{space}{}", self.word());
        let under = if partial {
            if !self.eat("/∂") {
                return Some(over);
            }
            format!("{sign}{space}{}", self.word())
        } else {
            if !self.eat("/dt") {
                return None;
            }
            format!("{sign}{}", style.letter('t'))
        };
        Some(style.fraction(&over, &under))
    }

    /// A function, a letter with its marks, or I2(m,n).
    fn word(&mut self) -> String {
        let style = self.style;
        for name in FUNCTIONS {
            let rest = self.rest.strip_prefix(name);
            if rest.is_some_and(|rest| !rest.starts_with(char::is_alphabetic)) {
                self.skip(name.len());
                return style.function(name);
            }
        }
        let Some(letter) = self.next() else { return String::new() };
        self.skip(letter.len_utf8());
        let digits = self.run(|c| c.is_ascii_digit());
        if !digits.is_empty() {
            let name = named(style, letter, &digits);
            let arguments = self.rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
            let Some((arguments, _)) = arguments else { return name };
            self.skip(arguments.len() + 2);
            let arguments: String = arguments.chars().map(|c| style.letter(c)).collect();
            return match style {
                Style::MathMl => {
                    format!("{name}<mo stretchy=\"false\">(</mo>{arguments}<mo stretchy=\"false\">)</mo>")
                }
                _ => format!("{name}({arguments})"),
            };
        }
        let star = self.run(|c| c == '*');
        let below = if self.eat("_") { self.run(char::is_alphanumeric) } else { String::new() };
        let primes = self.run(|c| c == '\'');
        let power = self.run(|c| matches!(c, '²' | '³' | '⁴' | '⁵' | '⁶' | 'ᵀ'));
        let below: String = below.chars().map(|c| style.letter(c)).collect();
        let power: String = power.chars().map(|c| raised(style, c)).collect();
        if style == Style::Ascii {
            let power = if power.is_empty() { power } else { format!("^{power}") };
            let below = if below.is_empty() { below } else { format!("_{below}") };
            return format!("{}{star}{below}{primes}{power}", style.letter(letter));
        }
        let mark = |mark: char, latex: &str| match style {
            Style::MathMl => format!("<mo>{mark}</mo>"),
            _ => latex.to_owned(),
        };
        let mut above = String::new();
        above.extend(star.chars().map(|_| mark('*', "*")));
        above.extend(primes.chars().map(|_| mark('′', "\\prime")));
        above.push_str(&power);
        style.scripts(&style.letter(letter), &below, &above)
    }

    /// What stands in the parentheses that come next.
    fn bracketed(&mut self) -> Option<&str> {
        let mut depth = 0;
        for (position, c) in self.rest.char_indices() {
            depth += i32::from(c == '(') - i32::from(c == ')');
            if depth == 0 {
                let inside = self.rest[..position].strip_prefix('(')?;
                self.rest = &self.rest[position + 1..];
                return Some(inside);
            }
        }
        None
    }

    fn matrix(&self, inside: &str) -> String {
        let rows = inside.split("], [").map(|row| row.split(", ").map(|entry| typeset(self.style, entry)));
        match self.style {
            Style::Latex => {
                let rows: Vec<String> = rows.map(|row| row.collect::<Vec<_>>().join(" & ")).collect();
                format!("\\begin{{pmatrix}} {} \\end{{pmatrix}}", rows.join(" \\\\ "))
            }
            _ => {
                let row = |row: &mut dyn Iterator<Item = String>| {
                    let cells: String = row.map(|cell| format!("<mtd>{cell}</mtd>")).collect();
                    format!("<mtr>{cells}</mtr>")
                };
                let rows: String = rows.map(|mut cells| row(&mut cells)).collect();
                format!("<mrow><mo>(</mo><mtable>{rows}</mtable><mo>)</mo></mrow>")
            }
        }
    }
}

fn raised(style: Style, c: char) -> String {
    let digit = match c {
        'ᵀ' => return if style == Style::Latex { "\\top".to_owned() } else { style.letter('T') },
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        _ => '6',
    };
    style.letter(digit)
}
