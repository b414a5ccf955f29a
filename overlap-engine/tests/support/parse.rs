//! Reads expressions back from what is printed in the text and ASCII styles.
#![allow(dead_code, unreachable_pub)]

use overlap_engine::expr::{Expr, Pool};
use overlap_engine::symbol::{Index, Parameter, Symbol};

/// Reads `text`; `role` says what a letter of an index stands for.
pub fn parse(pool: &mut Pool, text: &str, role: &dyn Fn(char) -> Index) -> Result<Expr, String> {
    let mut parser = Parser { pool, rest: text, role };
    let expr = parser.sum()?;
    match parser.next() {
        None => Ok(expr),
        Some(_) => Err(format!("`{}` is left of `{text}`", parser.rest)),
    }
}

struct Parser<'a> {
    pool: &'a mut Pool,
    rest: &'a str,
    role: &'a dyn Fn(char) -> Index,
}

impl Parser<'_> {
    /// The next character that is not a space.
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        self.next();
        let found = self.rest.strip_prefix(text);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) { Ok(()) } else { Err(format!("expected `{text}` at `{}`", self.rest)) }
    }

    fn run(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run.to_owned()
    }

    /// Products with signs between them.
    fn sum(&mut self) -> Result<Expr, String> {
        let mut summands = Vec::new();
        loop {
            let minus = if self.eat("-") {
                true
            } else if summands.is_empty() || self.eat("+") {
                false
            } else {
                return Ok(self.pool.add(summands));
            };
            let product = self.product()?;
            summands.push(if minus { self.pool.scale(product, (-1).into()) } else { product });
        }
    }

    /// Factors side by side, and divisors: a b / c is (a b) / c.
    fn product(&mut self) -> Result<Expr, String> {
        let mut product = self.factor()?;
        loop {
            let divide = self.eat("/");
            match self.next() {
                Some(c) if divide || c.is_alphanumeric() || c == '(' || c == '√' => {
                    let factor = self.factor()?;
                    let factor = if divide { self.pool.pow(factor, -1, 1) } else { factor };
                    product = self.pool.mul([product, factor]);
                }
                _ if divide => return Err("a division by nothing".to_owned()),
                _ => return Ok(product),
            }
        }
    }

    fn factor(&mut self) -> Result<Expr, String> {
        let base = self.atom()?;
        let digits: String =
            self.run(|c| "⁻⁰¹²³⁴⁵⁶⁷⁸⁹".contains(c)).chars().map(|c| plain_digit(c).unwrap_or('?')).collect();
        if !digits.is_empty() {
            let exponent = digits.parse().map_err(|_| format!("the exponent {digits}"))?;
            return Ok(self.pool.pow(base, exponent, 1));
        }
        if !self.rest.starts_with('^') {
            return Ok(base);
        }
        self.expect("^")?;
        let bracket = self.eat("(");
        let minus = self.eat("-");
        let numerator = self.number()? * if minus { -1 } else { 1 };
        let denominator = if bracket && self.eat("/") { self.number()? } else { 1 };
        if bracket {
            self.expect(")")?;
        }
        Ok(self.pool.pow(base, numerator, denominator))
    }

    fn number(&mut self) -> Result<i128, String> {
        self.next();
        let digits = self.run(|c| c.is_ascii_digit());
        digits.parse().map_err(|_| format!("expected a number at `{}`", self.rest))
    }

    fn bracketed(&mut self) -> Result<Expr, String> {
        self.expect("(")?;
        let inside = self.sum()?;
        self.expect(")")?;
        Ok(inside)
    }

    fn atom(&mut self) -> Result<Expr, String> {
        match self.next() {
            Some('(') => self.bracketed(),
            Some(c) if c.is_ascii_digit() => {
                let number = self.number()?;
                Ok(self.pool.integer(number))
            }
            Some('√') => {
                self.expect("√")?;
                let inside = self.atom()?;
                Ok(self.pool.sqrt(inside))
            }
            Some(c) if c.is_alphabetic() => self.word(),
            _ => Err(format!("expected a factor at `{}`", self.rest)),
        }
    }

    fn word(&mut self) -> Result<Expr, String> {
        let word = self.run(char::is_alphabetic);
        let parameter = |parameter| Ok(Symbol::Parameter(parameter));
        let symbol: Result<Symbol, String> = match word.as_str() {
            "asin" => {
                let x = self.bracketed()?;
                return Ok(self.pool.asin(x));
            }
            "sqrt" => {
                let x = self.bracketed()?;
                return Ok(self.pool.sqrt(x));
            }
            "π" | "pi" => return Ok(self.pool.pi()),
            "S" if self.rest.starts_with("4(") => {
                self.expect("4(")?;
                let mut correlations = Vec::new();
                for position in 0..6 {
                    correlations.push(self.sum()?);
                    self.expect(if position < 5 { "," } else { ")" })?;
                }
                let correlations = correlations.try_into().map_err(|_| "six correlations".to_owned())?;
                return Ok(self.pool.four_signs(correlations));
            }
            "γ" | "gamma" if self.rest.starts_with("_a") => {
                self.expect("_a")?;
                parameter(Parameter::GammaA)
            }
            "γ" | "gamma" => parameter(Parameter::Gamma),
            "s" => parameter(Parameter::Scale),
            "b" => parameter(Parameter::Batch),
            "Δ" | "Delta" => parameter(Parameter::Noise),
            letter => {
                self.expect("_")?;
                let indices = self.indices(letter)?;
                match (letter, &indices[..]) {
                    ("a", &[i]) => Ok(Symbol::Readout(i)),
                    ("c", &[n]) => Ok(Symbol::Coefficient(n)),
                    ("P" | "M" | "Q" | "q", &[a, b]) => Ok(Symbol::overlap(a, b)),
                    ("u", _) => Ok(Symbol::Defined("u", indices)),
                    ("v", _) => Ok(Symbol::Defined("v", indices)),
                    ("ρ" | "rho", _) => Ok(Symbol::Defined("ρ", indices)),
                    ("C", _) => Ok(Symbol::Defined("C", indices)),
                    ("D", _) => Ok(Symbol::Defined("D", indices)),
                    ("G", _) => Ok(Symbol::Defined("G", indices)),
                    ("H", _) => Ok(Symbol::Defined("H", indices)),
                    ("T", _) => Ok(Symbol::Defined("T", indices)),
                    _ => Err(format!("no quantity is called {letter}")),
                }
            }
        };
        Ok(self.pool.symbol(symbol?))
    }

    /// `mn`, `12` or `1,12`: letters are roles, numbers are units of the kind that the block of Ω says.
    fn indices(&mut self, letter: &str) -> Result<Vec<Index>, String> {
        let start = self.rest;
        let text = self.run(|c| c.is_ascii_alphanumeric() || c == ',');
        // That of `S4(ρ_jl, ρ_jm, …)` is not between indices.
        let text = text.trim_end_matches(',').to_owned();
        self.rest = &start[text.len()..];
        let words: Vec<&str> = if text.contains(',') {
            text.split(',').collect()
        } else {
            text.split("").filter(|word| !word.is_empty()).collect()
        };
        let mut indices = Vec::new();
        for (position, word) in words.into_iter().enumerate() {
            indices.push(match word.parse::<u16>() {
                Ok(unit) if letter == "P" || (letter == "M" && position == 0) => Index::Teacher(unit - 1),
                Ok(unit) => Index::Student(unit - 1),
                Err(_) => (self.role)(word.chars().next().ok_or("an empty index")?),
            });
        }
        Ok(indices)
    }
}

fn plain_digit(c: char) -> Option<char> {
    let position = "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == c);
    if c == '⁻' { Some('-') } else { char::from_digit(u32::try_from(position?).ok()?, 10) }
}
