//! A TOML file being read: every entry knows its line, every mistake is collected.

use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text, and what is wrong with it.
pub(super) struct Document<'t> {
    text: &'t str,
    mistakes: RefCell<Vec<(usize, String)>>,
}

impl<'t> Document<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Document { text, mistakes: RefCell::default() }
    }

    /// The whole file as a table; `None` if it is no TOML.
    pub(super) fn parse(&self) -> Option<Spanned<DeTable<'t>>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = error.span().map_or(1, |span| self.line(&span));
            self.mistake(line, error.message().replace('\n', ", "));
        }
        errors.is_empty().then_some(table)
    }

    fn line(&self, span: &Range<usize>) -> usize {
        1 + self.text.as_bytes()[..span.start.min(self.text.len())].iter().filter(|&&b| b == b'\n').count()
    }

    pub(super) fn mistake(&self, line: usize, message: impl Into<String>) {
        let mistake = (line, message.into());
        let mut mistakes = self.mistakes.borrow_mut();
        if !mistakes.contains(&mistake) {
            mistakes.push(mistake);
        }
    }

    pub(super) fn is_sound(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    /// The mistakes, one a line, in the order of the file; `None` if there are none.
    pub(super) fn report(&self) -> Option<String> {
        let mut mistakes = self.mistakes.borrow().clone();
        mistakes.sort_by_key(|(line, _)| *line);
        let lines: Vec<_> =
            mistakes.iter().map(|(line, message)| format!("line {line}: {message}")).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// A table of the file; what nobody takes is an unknown key.
pub(super) struct Section<'d, 't> {
    document: &'d Document<'t>,
    /// Name of the table, empty for the whole file.
    name: String,
    pub(super) line: usize,
    /// In the order of the file.
    entries: RefCell<Vec<Entry<'d, 't>>>,
}

/// A key and its value.
#[derive(Clone)]
pub(super) struct Entry<'d, 't> {
    document: &'d Document<'t>,
    pub(super) key: String,
    /// The key within the file, e.g. `record.until`.
    pub(super) name: String,
    pub(super) line: usize,
    span: Range<usize>,
    value: &'d DeValue<'t>,
}

impl<'d, 't> Section<'d, 't> {
    pub(super) fn new(
        document: &'d Document<'t>,
        name: &str,
        span: Range<usize>,
        table: &'d DeTable<'t>,
    ) -> Self {
        let entry = |(key, value): (&'d Spanned<_>, &'d Spanned<DeValue<'t>>)| {
            let key_text: &str = AsRef::<str>::as_ref(key.get_ref());
            Entry {
                document,
                key: key_text.to_owned(),
                name: if name.is_empty() { key_text.to_owned() } else { format!("{name}.{key_text}") },
                line: document.line(&key.span()),
                span: value.span(),
                value: value.get_ref(),
            }
        };
        let mut entries: Vec<_> =
            table.iter().map(|(key, value)| (key.span().start, entry((key, value)))).collect();
        entries.sort_by_key(|(start, _)| *start);
        let line = document.line(&span);
        let entries = RefCell::new(entries.into_iter().map(|(_, entry)| entry).collect());
        Section { document, name: name.to_owned(), line, entries }
    }

    /// The value of a key, once.
    pub(super) fn take(&self, key: &str) -> Option<Entry<'d, 't>> {
        let mut entries = self.entries.borrow_mut();
        let index = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(index))
    }

    /// All entries that were not taken, in the order of the file.
    pub(super) fn rest(&self) -> Vec<Entry<'d, 't>> {
        std::mem::take(&mut self.entries.borrow_mut())
    }

    pub(super) fn missing(&self, key: &str, meaning: &str) {
        let place = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
        self.document.mistake(self.line, format!("{key} is missing{place}: {meaning}"));
    }

    /// Every key that was not taken is a mistake.
    pub(super) fn finish(&self, allowed: &[&str]) {
        for entry in self.rest() {
            entry.unknown(allowed);
        }
    }
}

impl<'d, 't> Entry<'d, 't> {
    /// The value as it stands in the file, shortened.
    fn shown(&self) -> String {
        let text: String =
            self.document.text[self.span.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() <= 40 { text } else { text.chars().take(36).chain(" ...".chars()).collect() }
    }

    /// `line 3: record.until = -1, but it must be ...`.
    pub(super) fn wrong(&self, allowed: impl std::fmt::Display) {
        let line = self.document.line(&self.span);
        self.document.mistake(line, format!("{} = {}, but it must be {allowed}", self.name, self.shown()));
    }

    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.document.mistake(self.line, message);
    }

    /// The key itself is a mistake.
    pub(super) fn unknown(&self, allowed: &[&str]) {
        let distance = |known: &&&str| strsim::damerau_levenshtein(&self.key, known);
        let near = allowed.iter().filter(|known| distance(known) <= 1 + known.len() / 4).min_by_key(distance);
        let hint = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        self.mistake(format!("unknown key {}: {hint}Allowed are {}", self.name, allowed.join(", ")));
    }

    pub(super) fn section(&self) -> Option<Section<'d, 't>> {
        match self.value {
            DeValue::Table(table) => {
                let section = Section::new(self.document, &self.name, self.span.clone(), table);
                Some(Section { line: self.line, ..section })
            }
            _ => {
                self.wrong("a table");
                None
            }
        }
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// The values of a list, each an entry of its own.
    pub(super) fn list(&self, allowed: &str) -> Option<Vec<Entry<'d, 't>>> {
        let DeValue::Array(values) = self.value else {
            self.wrong(allowed);
            return None;
        };
        let entry = |value: &'d Spanned<DeValue<'t>>| Entry {
            line: self.document.line(&value.span()),
            span: value.span(),
            value: value.get_ref(),
            ..self.clone()
        };
        Some(values.iter().map(entry).collect())
    }

    fn float(&self) -> Option<f64> {
        match self.value {
            DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
            DeValue::Integer(whole) => {
                i128::from_str_radix(whole.as_str(), whole.radix()).ok().map(|whole| whole as f64)
            }
            _ => None,
        }
        .filter(|value: &f64| value.is_finite())
    }

    /// A number that `fits`.
    pub(super) fn number(&self, allowed: &str, fits: impl Fn(f64) -> bool) -> Option<f64> {
        let found = self.float().filter(|value| fits(*value));
        if found.is_none() {
            self.wrong(allowed);
        }
        found
    }

    /// A whole number of at least `least`.
    pub(super) fn whole(&self, least: u64) -> Option<u64> {
        let found = match self.value {
            DeValue::Integer(whole) => u64::from_str_radix(whole.as_str(), whole.radix()).ok(),
            _ => None,
        };
        let found = found.filter(|whole| *whole >= least);
        if found.is_none() {
            self.wrong(format!("a whole number of at least {least}"));
        }
        found
    }

    /// A whole number of any sign.
    pub(super) fn integer(&self, allowed: &str) -> Option<i128> {
        let found = match self.value {
            DeValue::Integer(whole) => i128::from_str_radix(whole.as_str(), whole.radix()).ok(),
            _ => self.float().filter(|value| value.fract() == 0.0).map(|value| value as i128),
        };
        // Larger steps than all numbers there are need no arithmetic of their own.
        let most = i128::from(u64::MAX);
        let found = found.map(|whole| whole.clamp(-most - 1, most + 1));
        if found.is_none() {
            self.wrong(allowed);
        }
        found
    }

    pub(super) fn text(&self, allowed: &str) -> Option<&'d str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => {
                self.wrong(allowed);
                None
            }
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                self.wrong("true or false");
                None
            }
        }
    }

    pub(super) fn is_boolean(&self) -> bool {
        matches!(self.value, DeValue::Boolean(_))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let found = match self.value {
            DeValue::String(text) => words.iter().find(|(word, _)| word == text).map(|(_, value)| *value),
            _ => None,
        };
        if found.is_none() {
            let names: Vec<_> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.wrong(names.join(" or "));
        }
        found
    }

    /// The value as JSON, as a problem file would hold it.
    pub(super) fn json(&self) -> Option<Value> {
        let found = json_of(self.value);
        if found.is_none() {
            self.wrong("a finite number, text, or a list or table of such");
        }
        found
    }
}

fn json_of(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(json!(text)),
        DeValue::Integer(whole) => {
            let (digits, radix) = (whole.as_str(), whole.radix());
            let unsigned = u64::from_str_radix(digits, radix).ok().map(|whole| json!(whole));
            unsigned.or_else(|| i64::from_str_radix(digits, radix).ok().map(|whole| json!(whole)))
        }
        DeValue::Float(float) => {
            let number: f64 = float.as_str().replace('_', "").parse().ok()?;
            serde_json::Number::from_f64(number).map(Value::Number)
        }
        DeValue::Boolean(value) => Some(json!(value)),
        DeValue::Datetime(_) => None,
        DeValue::Array(values) => {
            values.iter().map(|value| json_of(value.get_ref())).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| {
                let key: &str = AsRef::<str>::as_ref(key.get_ref());
                Some((key.to_owned(), json_of(value.get_ref())?))
            })
            .collect::<Option<Map<_, _>>>()
            .map(Value::Object),
    }
}
