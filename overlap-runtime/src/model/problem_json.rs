//! The fields of a problem file: JSON objects whose unknown and repeated fields are errors with line and column.

use crate::Error;
use crate::model::problem_file::text_error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Fields that state the problem.
pub const FIELDS: [&str; 19] = [
    "k",
    "p",
    "activation",
    "teacher_activation",
    "student_scale",
    "teacher_scale",
    "learning_rate",
    "second_layer_rate",
    "noise",
    "learning_rate_schedule",
    "noise_schedule",
    "start_time",
    "batch",
    "P",
    "M",
    "Q",
    "a",
    "a_star",
    "initial",
];
/// Results and remarks that may stand beside them.
const REMARKS: [&str; 9] = ["seed", "dM", "dQ", "da", "risk", "name", "comment", "description", "source"];
/// Fields of `initial`.
pub const INITIAL: [&str; 4] = ["dimension", "seed", "variance", "alignment"];
/// Fields of `learning_rate_schedule` and `noise_schedule`.
pub const SCHEDULE: [&str; 3] = ["time", "exponent", "piecewise"];
/// What the same quantities are called elsewhere.
const SYNONYMS: [(&str, &str); 19] = [
    ("schedule", "learning_rate_schedule"),
    ("gamma", "learning_rate"),
    ("lr", "learning_rate"),
    ("eta", "learning_rate"),
    ("gamma_a", "second_layer_rate"),
    ("delta", "noise"),
    ("sigma", "activation"),
    ("act", "activation"),
    ("s", "student_scale"),
    ("s_star", "teacher_scale"),
    ("b", "batch"),
    ("t", "P"),
    ("r", "M"),
    ("hidden", "p"),
    ("d", r#""initial": {"dimension": ...}"#),
    ("n", r#""initial": {"dimension": ...}"#),
    ("dimension", r#""initial": {"dimension": ...}"#),
    ("variance", r#""initial": {"variance": ...}"#),
    ("alignment", r#""initial": {"alignment": ...}"#),
];

/// The fields found, by name.
#[derive(Debug, Default)]
pub struct Entries {
    values: BTreeMap<String, Value>,
    /// The fields of those that are objects.
    objects: BTreeMap<String, Entries>,
    /// Whether a `seed` stands among the remarks.
    pub(crate) remark_seed: bool,
}

impl Entries {
    /// Fields whose names are known to be right.
    pub fn of(fields: serde_json::Map<String, Value>) -> Self {
        let mut entries = Entries::default();
        for (name, value) in fields {
            match value {
                Value::Object(inner) => _ = entries.objects.insert(name, Entries::of(inner)),
                value => _ = entries.values.insert(name, value),
            }
        }
        entries
    }

    /// The value of a field, once.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name)
    }

    /// The fields of a field that is an object, once.
    pub fn take_object(&mut self, name: &str) -> Option<Entries> {
        self.objects.remove(name)
    }

    /// Whether all fields were taken.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Reads the fields of a problem.
pub(crate) fn read(text: &str) -> Result<Entries, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(text_error("it is empty, but it must be a JSON object such as {\"noise\": 0.001}"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let entries = Object { level: Level::Problem }.deserialize(&mut deserializer);
    entries.and_then(|entries| deserializer.end().map(|()| entries)).map_err(|error| located(text, &error))
}

/// `line 3, column 5: what is wrong`, with the words a physicist expects for NaN and infinity.
fn located(text: &str, error: &serde_json::Error) -> Error {
    let (line, column) = (error.line(), error.column());
    let whole = error.to_string();
    let message = whole.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&whole);
    let message = match word_at(text, line, column) {
        Some(word) if error.is_syntax() => {
            format!("{word} is no number of JSON: every number must be finite and written in digits")
        }
        _ => message.to_owned(),
    };
    text_error(format!("line {line}, column {column}: {message}"))
}

/// The word around a position, if it says NaN or infinity.
fn word_at(text: &str, line: usize, column: usize) -> Option<String> {
    let line = text.split('\n').nth(line.checked_sub(1)?)?.as_bytes();
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let position = column.checked_sub(1)?.min(line.len());
    let start = line[..position].iter().rposition(|byte| !inside(byte)).map_or(0, |before| before + 1);
    let end =
        line[position..].iter().position(|byte| !inside(byte)).map_or(line.len(), |after| position + after);
    let word = String::from_utf8_lossy(&line[start..end]).into_owned();
    let bare = word.trim_start_matches(['+', '-']).to_ascii_lowercase();
    ["nan", "inf", "infinity"].contains(&bare.as_str()).then_some(word)
}

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Problem,
    Initial,
    Schedule,
}

impl Level {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Level::Problem => &FIELDS,
            Level::Initial => &INITIAL,
            Level::Schedule => &SCHEDULE,
        }
    }

    /// The level of a field's value, where it is an object.
    fn below(self, name: &str) -> Option<Level> {
        match (self, name) {
            (Level::Problem, "initial") => Some(Level::Initial),
            (Level::Problem, "learning_rate_schedule" | "noise_schedule") => Some(Level::Schedule),
            _ => None,
        }
    }
}

/// An object at one of the levels.
struct Object {
    level: Level,
}

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Entries;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entries, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Entries;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self.level {
            Level::Problem => "a JSON object such as {\"noise\": 0.001}",
            Level::Initial => "initial = {\"dimension\": 1000, \"seed\": 0} or {\"alignment\": 0.1}",
            Level::Schedule => {
                "a schedule such as {\"time\": 10, \"exponent\": 0.5} or {\"piecewise\": [[0, 1], [100, 0.1]]}"
            }
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let top = self.level == Level::Problem;
        let fields = self.level.fields();
        let mut entries = Entries::default();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let field = fields.contains(&name.as_str());
            let remark = top && REMARKS.contains(&name.as_str());
            if !(field || remark) {
                return Err(A::Error::custom(unknown(&name, fields, top)));
            }
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("the field {name:?} is given twice")));
            }
            match (field, self.level.below(&name)) {
                (true, Some(level)) => {
                    _ = entries.objects.insert(name, map.next_value_seed(Object { level })?)
                }
                (true, None) => _ = entries.values.insert(name, map.next_value()?),
                (false, _) => {
                    map.next_value::<IgnoredAny>()?;
                    entries.remark_seed |= name == "seed";
                }
            }
        }
        Ok(entries)
    }
}

/// `unknown field "nose": did you mean noise?`
fn unknown(name: &str, fields: &[&str], top: bool) -> String {
    let name: String = name.chars().take(40).collect();
    let lower = name.to_lowercase();
    let synonym = SYNONYMS.iter().find(|(other, _)| top && *other == lower).map(|(_, field)| *field);
    let distance = |field: &str| strsim::damerau_levenshtein(&lower, &field.to_lowercase());
    let near = fields.iter().copied().min_by_key(|field| distance(field));
    let near = near.filter(|field| distance(field) <= (field.len().min(lower.len()) / 2).min(3));
    match synonym.or(near) {
        Some(field) => format!("unknown field {name:?}: did you mean {field}?"),
        None => format!("unknown field {name:?}: the fields are {}", fields.join(", ")),
    }
}
