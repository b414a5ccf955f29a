//! Declarations as text: `"k = 4, p = 8, act = relu, teacher_act = sign"`. Places are bytes.

use super::{
    Declaration, EXPECTED_COMMA, Entries, Form, Mistake, Written, expected_colon, expected_equals,
    expected_option, expected_value,
};
use std::ops::Range;

/// Where something stands in a text, in bytes.
pub type Place = Range<usize>;

/// How a declaration is written.
const EXAMPLE: &str = "k = 4, p = 8, act = erf";

/// Characters of a declaration, at most.
const LONGEST: usize = 10_000;

/// How deeply values may stand in brackets.
const DEEPEST: usize = 16;

/// A declaration and its name, if it has one.
pub type Named = (Option<String>, Declaration<Place>);

/// Reads a declaration and its name, if it has one: `Committee: k = 4, p = 8, act = erf`. k and p are at most `most`.
///
/// # Errors
/// All mistakes.
pub fn parse(text: &str, most: [usize; 2]) -> Result<Named, Vec<Mistake<Place>>> {
    let one = |at: Place, message: String| vec![Mistake { at, message }];
    if text.len() > LONGEST {
        let message =
            format!("the declaration has {} bytes, more than the {LONGEST} it may have", text.len());
        return Err(one(LONGEST..text.len(), message));
    }
    if text.trim().is_empty() {
        return Err(one(0..text.len(), format!("the system has no sizes: write `{EXAMPLE}`")));
    }
    let mut reader = Reader { text, at: 0 };
    let (mut entries, mut mistakes) = (Entries::default(), Vec::new());
    let name = reader.name(&mut mistakes);
    while !reader.ended() {
        reader.entry(&mut entries, &mut mistakes);
        if !reader.ended() && !reader.eat(',') {
            mistakes.push(Mistake { at: reader.next_place(), message: EXPECTED_COMMA.into() });
            // `k = 4 p = 8` goes on with p; anything else is left out up to the next comma.
            let mut ahead = reader.clone();
            if !(ahead.word().is_some() && ahead.peek() == Some('=')) {
                reader.skip();
                reader.eat(',');
            }
        }
    }
    let declaration = entries.check(&(0..text.len()), most, EXAMPLE, mistakes)?;
    Ok((name, declaration))
}

#[derive(Clone)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn ended(&mut self) -> bool {
        self.peek().is_none()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// What comes next, for a message: a word, a number or a sign.
    fn next_place(&mut self) -> Place {
        let Some(first) = self.peek() else { return self.at..self.at };
        let start = self.at;
        let length =
            self.text[start..].chars().take_while(|c| is_word(*c)).map(char::len_utf8).sum::<usize>();
        start..start + length.max(first.len_utf8())
    }

    fn word(&mut self) -> Option<(String, Place)> {
        let first = self.peek()?;
        if !(first.is_alphabetic() || first == '_') {
            return None;
        }
        let place = self.next_place();
        self.at = place.end;
        Some((self.text[place.clone()].to_owned(), place))
    }

    /// `Name:` in front of the options.
    fn name(&mut self, mistakes: &mut Vec<Mistake<Place>>) -> Option<String> {
        let mut ahead = self.clone();
        let (name, at) = ahead.word()?;
        let colon = ahead.eat(':');
        // `k: 4` is an option gone wrong, and reported as one; a word that stands alone was meant as the name.
        if super::KEYS.contains(&name.as_str()) || !(colon || ahead.ended() || ahead.clone().word().is_some())
        {
            return None;
        }
        if !colon {
            mistakes.push(Mistake { at, message: expected_colon(&name) });
        }
        self.at = ahead.at;
        Some(name)
    }

    fn entry(&mut self, entries: &mut Entries<Place>, mistakes: &mut Vec<Mistake<Place>>) {
        let Some((key, at)) = self.word() else {
            mistakes.push(Mistake { at: self.next_place(), message: expected_option() });
            return self.skip();
        };
        let known = entries.key(&key, &at, mistakes);
        if !self.eat('=') {
            // An unknown word has been reported; what follows it is not worth a second message.
            if known {
                let missing = self.ended() || self.peek() == Some(',');
                let (at, message) = if missing {
                    (at, expected_value(&key))
                } else {
                    (self.next_place(), expected_equals(&key))
                };
                mistakes.push(Mistake { at, message });
                entries.push(key, None);
            }
            return self.skip();
        }
        if self.ended() || self.peek() == Some(',') {
            mistakes.push(Mistake { at, message: expected_value(&key) });
            return entries.push(key, None);
        }
        match self.value(0) {
            Ok(value) if known => entries.push(key, Some(value)),
            Ok(_) => {}
            Err(mistake) => {
                mistakes.push(mistake);
                if known {
                    entries.push(key, None);
                }
                self.skip();
            }
        }
    }

    /// Leaves out everything up to the next comma outside of brackets.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        for (at, letter) in self.text[self.at..].char_indices() {
            match letter {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    self.at += at;
                    return;
                }
                _ => {}
            }
        }
        self.at = self.text.len();
    }

    fn value(&mut self, depth: usize) -> Result<Written<Place>, Mistake<Place>> {
        let first = self.peek();
        let start = self.at;
        if depth > DEEPEST {
            let message = format!("more than the {DEEPEST} brackets inside each other that a value may have");
            return Err(Mistake { at: self.next_place(), message });
        }
        let form = match first {
            Some('-') => {
                self.eat('-');
                Form::Negative(Box::new(self.value(depth + 1)?))
            }
            Some('[') => Form::List(self.list('[', ']', depth)?),
            Some('(') => {
                self.eat('(');
                let inside = self.value(depth + 1)?;
                return if self.eat(')') { Ok(inside) } else { Err(self.unexpected("`)`")) };
            }
            Some(digit) if digit.is_ascii_digit() => self.number(),
            _ => match self.word() {
                Some((word, at)) => {
                    let form = match word.as_str() {
                        "true" => Form::Truth(true),
                        "false" => Form::Truth(false),
                        _ => Form::Word(word.clone()),
                    };
                    if self.peek() == Some('(') {
                        let function = Written { at, text: word, form };
                        Form::Call(Box::new(function), self.list('(', ')', depth)?)
                    } else {
                        form
                    }
                }
                None => return Err(self.unexpected("a value")),
            },
        };
        let end = self.at;
        Ok(Written { at: start..end, text: self.text[start..end].to_owned(), form })
    }

    /// Values in brackets, some of them with a name.
    fn list(&mut self, open: char, close: char, depth: usize) -> Result<Vec<Written<Place>>, Mistake<Place>> {
        self.eat(open);
        let mut values = Vec::new();
        while !self.eat(close) {
            let mut value = self.value(depth + 1)?;
            if self.eat('=') {
                let right = self.value(depth + 1)?;
                let at = value.at.start..right.at.end;
                let text = self.text[at.clone()].to_owned();
                value = Written { at, text, form: Form::Assignment(Box::new(value), Box::new(right)) };
            }
            values.push(value);
            if !self.eat(',') && self.peek() != Some(close) {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
        Ok(values)
    }

    fn unexpected(&mut self, wanted: &str) -> Mistake<Place> {
        Mistake { at: self.next_place(), message: format!("expected {wanted}") }
    }

    /// `12`, `0.5`, `1e-3`, with what stands behind it.
    fn number(&mut self) -> Form<Place> {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut end = digits(0);
        let mut decimal = false;
        if bytes.get(end) == Some(&b'.') {
            decimal = true;
            end += 1 + digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent > 0 {
                decimal = true;
                end += 1 + sign + exponent;
            }
        }
        let suffix: String = rest[end..].chars().take_while(|c| is_word(*c)).collect();
        let number = rest[..end].to_owned();
        self.at += end + suffix.len();
        if decimal { Form::Decimal(number, suffix) } else { Form::Integer(number, suffix) }
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}
