//! Problem files: a [`Problem`] as JSON.
//!
//! | field | meaning | default |
//! | --- | --- | --- |
//! | `k`, `p` | numbers of teacher and student units | those of the declared system; needed without one |
//! | `activation` | [`Activation`] by name, e.g. `"erf"` | not checked |
//! | `teacher_activation` | that of the teachers | `activation` |
//! | `student_scale`, `teacher_scale` | s, s*: a number, `"mean_field"`, `"lazy"` or `"committee"` | `"mean_field"` |
//! | `learning_rate` | γ | 1 |
//! | `second_layer_rate` | γ_a | γ where the second layer is trained, else 0 |
//! | `noise` | Δ, the variance of the label noise | 0 |
//! | `learning_rate_schedule`, `noise_schedule` | what multiplies γ and γ_a, and Δ, in time: `{"time": 10, "exponent": 0.5}` for (1 + t/10)^(-0.5), `{"piecewise": [[0, 1], [100, 0.1]]}` for 1 from t = 0 and 0.1 from t = 100 on | 1 at all times |
//! | `start_time` | t₀, the time of the initial state; output times and schedules count from t = 0 | 0 |
//! | `batch` | b | 1 |
//! | `P` | teacher overlaps, k rows of k numbers | identity |
//! | `a_star`, `a` | second layers, k and p numbers (a at t = 0) | ones |
//! | `M`, `Q` | initial overlaps, k x p and p x p, together | drawn |
//! | `initial` | instead of `M` and `Q`: `{"dimension": 1000, "seed": 0, "variance": 1}` or `{"alignment": 0.1}` | drawn so |
//!
//! Results (`dM`, `dQ`, `da`, `risk`) and remarks (`name`, `description`, `comment`, `source`, `seed`) may stand beside
//! them and are not read. Any other field is an error.

use crate::input;
use crate::model::problem_json::{self, Entries};
use crate::{Activation, Error, Initial, Problem, ProblemBuilder, Scale, Schedule, Shape, System};
use nalgebra::DMatrix;
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A problem file of this size holds thousands of units; anything larger is another kind of file.
const MAX_BYTES: u64 = 64 << 20;

impl Problem {
    /// Reads a problem from JSON text (fields and defaults: [`to_json`](Self::to_json) writes them all).
    ///
    /// ```
    /// use overlap::Problem;
    /// let problem = Problem::from_json(r#"{"k": 2, "p": 3, "noise": 1e-3, "initial": {"alignment": 0.1}}"#)?;
    /// assert_eq!(problem.m()[(0, 0)], 0.1);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::File`], on a path named `problem`, with line and column for broken JSON, unknown and repeated fields;
    /// [`Error::Invalid`], [`Error::Shape`] and [`Error::NotPositiveSemidefinite`] for a field's value.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        parse(text, None)
    }

    /// As [`from_json`](Self::from_json), with k and p taken from `system` where the text leaves them out.
    ///
    /// # Errors
    /// Also [`Error::Mismatch`] where k, p or the activation are not those of the system.
    pub fn from_json_for(system: &(impl System + ?Sized), text: &str) -> Result<Self, Error> {
        let problem = parse(text, Some((system.name(), system.shape())))?;
        crate::Parameters::new(system, &problem)?;
        Ok(problem)
    }

    /// Reads a problem file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, else those of [`from_json`](Self::from_json).
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::from_json(&read_text(path, "a problem file")?).map_err(|error| on_path(path, error))
    }

    /// As [`read`](Self::read), with k and p taken from `system` where the file leaves them out.
    ///
    /// # Errors
    /// Those of [`read`](Self::read) and [`from_json_for`](Self::from_json_for).
    pub fn read_for(system: &(impl System + ?Sized), path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::from_json_for(system, &read_text(path, "a problem file")?).map_err(|error| on_path(path, error))
    }

    /// The problem as JSON that [`from_json`](Self::from_json) reads back exactly, bit for bit. Scales are written as
    /// numbers; drawn and informed starts are written as such, not as overlaps.
    pub fn to_json(&self) -> String {
        let mut fields = vec![("k", json!(self.k())), ("p", json!(self.p()))];
        if let Some(activation) = self.activation() {
            fields.push(("activation", json!(activation.name())));
        }
        if let Some(activation) = self.teacher_activation() {
            fields.push(("teacher_activation", json!(activation.name())));
        }
        fields.push(("student_scale", json!(self.student_scale())));
        fields.push(("teacher_scale", json!(self.teacher_scale())));
        fields.push(("learning_rate", json!(self.learning_rate())));
        if let Some(rate) = self.second_layer_rate() {
            fields.push(("second_layer_rate", json!(rate)));
        }
        fields.push(("noise", json!(self.noise())));
        for (name, schedule) in [
            ("learning_rate_schedule", self.learning_rate_schedule()),
            ("noise_schedule", self.noise_schedule()),
        ] {
            match schedule {
                Schedule::Constant => {}
                Schedule::PowerLaw { time, exponent } => {
                    fields.push((name, json!({ "time": time, "exponent": exponent })));
                }
                Schedule::Piecewise(pieces) => fields.push((name, json!({ "piecewise": pieces }))),
            }
        }
        if self.start_time() != 0.0 {
            fields.push(("start_time", json!(self.start_time())));
        }
        fields.push(("batch", json!(self.batch())));
        fields.push(("P", rows(self.teacher_overlaps())));
        fields.push(("a_star", json!(self.a_star().as_slice())));
        fields.push(("a", json!(self.a().as_slice())));
        match self.initial() {
            Initial::Given { m, q } => fields.extend([("M", rows(m)), ("Q", rows(q))]),
            Initial::Drawn { dimension, seed, variance } => {
                fields
                    .push(("initial", json!({ "dimension": dimension, "seed": seed, "variance": variance })));
            }
            Initial::Informed { alignment } => fields.push(("initial", json!({ "alignment": alignment }))),
        }
        object(&fields)
    }
}

/// A JSON object with one field a line.
pub fn object(fields: &[(&str, Value)]) -> String {
    let lines: Vec<_> = fields.iter().map(|(name, value)| format!("  {name:?}: {value}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// A matrix as JSON rows.
pub fn rows(matrix: &DMatrix<f64>) -> Value {
    matrix.row_iter().map(|row| row.iter().copied().collect::<Vec<f64>>()).map(|row| json!(row)).collect()
}

/// An error in the text of a problem, before its file is known.
pub(crate) fn text_error(message: impl Into<String>) -> Error {
    Error::File { path: PathBuf::from("problem"), message: message.into() }
}

/// Names the file in an error about its text.
pub fn on_path(path: &Path, error: Error) -> Error {
    match error {
        Error::File { message, .. } => Error::File { path: path.to_owned(), message },
        other => other,
    }
}

/// Reads all of a text file. Streams this process was given (`/dev/stdin`, `<(...)` of a shell) are read to their end.
/// `kind` says what the file must be.
pub fn read_text(path: &Path, kind: &str) -> Result<String, Error> {
    let given =
        path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd");
    if given {
        return read_from(path, std::fs::File::open(path).map_err(Error::io(path, "read"))?, kind);
    }
    text(path, input::read_file(path, MAX_BYTES, kind)?)
}

/// Reads all of `source`, which is called `path` in errors.
pub fn read_from(path: &Path, source: impl Read, kind: &str) -> Result<String, Error> {
    text(path, input::read_stream(path, source, MAX_BYTES, kind)?)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    String::from_utf8(bytes).map_err(|error| {
        let message = format!("it is not UTF-8 text (at byte {})", error.utf8_error().valid_up_to() + 1);
        Error::File { path: path.to_owned(), message }
    })
}

fn parse(text: &str, system: Option<(&str, Shape)>) -> Result<Problem, Error> {
    builder(problem_json::read(text)?, system)?.build()
}

/// The problem that fields state, not yet checked as a whole.
pub fn builder(mut entries: Entries, system: Option<(&str, Shape)>) -> Result<ProblemBuilder, Error> {
    let k = size(&mut entries, "k", system.map(|(name, shape)| (name, shape.k)))?;
    let p = size(&mut entries, "p", system.map(|(name, shape)| (name, shape.p)))?;
    let mut builder = Problem::builder(k, p);
    if let Some(value) = entries.take("activation") {
        builder = builder.activation(activation(&value)?);
    }
    if let Some(value) = entries.take("teacher_activation") {
        builder = builder.teacher_activation(activation(&value)?);
    }
    if let Some(value) = entries.take("student_scale") {
        builder = builder.student_scale(scale("student_scale", &value)?);
    }
    if let Some(value) = entries.take("teacher_scale") {
        builder = builder.teacher_scale(scale("teacher_scale", &value)?);
    }
    if let Some(value) = entries.take("learning_rate") {
        builder = builder.learning_rate(number("learning_rate", &value)?);
    }
    if let Some(value) = entries.take("second_layer_rate") {
        builder = builder.second_layer_rate(number("second_layer_rate", &value)?);
    }
    if let Some(value) = entries.take("noise") {
        builder = builder.noise(number("noise", &value)?);
    }
    if let Some(fields) = entries.take_object("learning_rate_schedule") {
        builder = builder.learning_rate_schedule(schedule("learning_rate_schedule", fields)?);
    }
    if let Some(fields) = entries.take_object("noise_schedule") {
        builder = builder.noise_schedule(schedule("noise_schedule", fields)?);
    }
    if let Some(value) = entries.take("start_time") {
        builder = builder.start_time(number("start_time", &value)?);
    }
    if let Some(value) = entries.take("batch") {
        builder = builder.batch(whole("batch", &value, 1)? as usize);
    }
    if let Some(value) = entries.take("P") {
        builder = builder.teacher_overlaps(matrix("P", &value)?);
    }
    if let Some(value) = entries.take("a_star") {
        builder = builder.a_star(vector("a_star", &value)?);
    }
    if let Some(value) = entries.take("a") {
        builder = builder.a(vector("a", &value)?);
    }
    Ok(builder.initial(initial(&mut entries)?))
}

/// A number of units: that of the file, which must be the system's where there is one.
fn size(entries: &mut Entries, name: &'static str, system: Option<(&str, usize)>) -> Result<usize, Error> {
    match (entries.take(name), system) {
        (None, Some((_, units))) => Ok(units),
        (None, None) => Err(text_error(format!("{name} is missing: the number of units must be given"))),
        (Some(value), None) => Ok(whole(name, &value, 1)? as usize),
        (Some(value), Some((system, units))) => match whole(name, &value, 1)? as usize {
            found if found == units => Ok(found),
            found => Err(Error::Mismatch {
                quantity: name,
                found: found.to_string(),
                system: system.to_owned(),
                expected: units.to_string(),
            }),
        },
    }
}

fn initial(entries: &mut Entries) -> Result<Initial, Error> {
    let overlaps = (entries.take("M"), entries.take("Q"));
    let drawn = |mut fields: Entries| match fields.take("alignment") {
        Some(_) if !fields.is_empty() => Err(text_error(
            "initial: alignment draws nothing, so dimension, seed and variance cannot stand beside it",
        )),
        Some(value) => Ok(Initial::Informed { alignment: number("alignment", &value)? }),
        None => {
            let mut whole_or = |name, least, default| {
                fields.take(name).map_or(Ok(default), |value| whole(name, &value, least))
            };
            let (dimension, seed) = (whole_or("dimension", 1, 1000)? as usize, whole_or("seed", 0, 0)?);
            let variance = fields.take("variance").map_or(Ok(1.0), |value| number("variance", &value))?;
            Ok(Initial::Drawn { dimension, seed, variance })
        }
    };
    let initial = match (overlaps, entries.take_object("initial")) {
        ((Some(m), Some(q)), None) => return Ok(Initial::Given { m: matrix("M", &m)?, q: matrix("Q", &q)? }),
        ((None, None), fields) => drawn(fields.unwrap_or_default())?,
        ((Some(_), None), None) => return Err(text_error("M is given without Q: give both or neither")),
        ((None, Some(_)), None) => return Err(text_error("Q is given without M: give both or neither")),
        (_, Some(_)) => {
            return Err(text_error("M or Q and initial are given: the initial state must be given once"));
        }
    };
    // A remark in files with M and Q, but beside a draw it would be read as its seed, and quietly not be it.
    match (&initial, entries.remark_seed) {
        (Initial::Drawn { .. }, true) => Err(text_error(
            "seed stands outside of initial: the students are drawn with \"initial\": {\"seed\": ...}",
        )),
        _ => Ok(initial),
    }
}

fn schedule(name: &str, mut fields: Entries) -> Result<Schedule, Error> {
    match (fields.take("time"), fields.take("exponent"), fields.take("piecewise")) {
        (Some(time), Some(exponent), None) => Ok(Schedule::PowerLaw {
            time: number(&format!("time of {name}"), &time)?,
            exponent: number(&format!("exponent of {name}"), &exponent)?,
        }),
        (None, None, Some(pieces)) => {
            let pairs = || {
                Error::invalid(format!("piecewise of {name}"), shown(&pieces), "a list of pairs [t, factor]")
            };
            let pair = |piece: &Value| match piece.as_array().map(Vec::as_slice) {
                Some([from, factor]) => from.as_f64().zip(factor.as_f64()).ok_or_else(pairs),
                _ => Err(pairs()),
            };
            pieces
                .as_array()
                .ok_or_else(pairs)?
                .iter()
                .map(pair)
                .collect::<Result<_, _>>()
                .map(Schedule::Piecewise)
        }
        _ => Err(text_error(format!("{name}: it has time and exponent, or piecewise, and nothing else"))),
    }
}

/// The value as it stands in the file, shortened.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 { text } else { text.chars().take(36).chain(" ...".chars()).collect() }
}

fn number(name: &str, value: &Value) -> Result<f64, Error> {
    value.as_f64().ok_or_else(|| Error::invalid(name, shown(value), "a number"))
}

/// A whole number of at least `least`; JSON does not tell 4 from 4.0.
fn whole(name: &str, value: &Value, least: u64) -> Result<u64, Error> {
    const EXACT: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;
    let float = value.as_f64().filter(|x| x.fract() == 0.0 && (0.0..=EXACT).contains(x)).map(|x| x as u64);
    match value.as_u64().or(float) {
        Some(whole) if whole >= least && usize::try_from(whole).is_ok() => Ok(whole),
        _ => Err(Error::invalid(name, shown(value), format!("a whole number of at least {least}"))),
    }
}

fn activation(value: &Value) -> Result<Activation, Error> {
    match value.as_str() {
        Some(name) => name.parse(),
        None => Err(Error::invalid("activation", shown(value), "the name of an activation, such as \"erf\"")),
    }
}

fn scale(name: &str, value: &Value) -> Result<Scale, Error> {
    match (value.as_f64(), value.as_str()) {
        (Some(number), _) => Ok(Scale::Value(number)),
        (_, Some("mean_field")) => Ok(Scale::MeanField),
        (_, Some("lazy")) => Ok(Scale::Lazy),
        (_, Some("committee")) => Ok(Scale::Committee),
        _ => Err(Error::invalid(name, shown(value), r#"a number, "mean_field", "lazy" or "committee""#)),
    }
}

fn vector(name: &str, value: &Value) -> Result<Vec<f64>, Error> {
    let Value::Array(entries) = value else {
        return Err(Error::invalid(name, shown(value), "a list of numbers"));
    };
    entries.iter().enumerate().map(|(i, entry)| number(&format!("{name}_{}", i + 1), entry)).collect()
}

fn matrix(name: &str, value: &Value) -> Result<DMatrix<f64>, Error> {
    let Some(rows) = value.as_array().filter(|rows| rows.iter().all(Value::is_array)) else {
        return Err(Error::invalid(name, shown(value), "a matrix, written as a list of rows"));
    };
    let row = |(r, row)| vector(&format!("{name}_{}", r + 1), row);
    let rows = rows.iter().enumerate().map(row).collect::<Result<Vec<_>, _>>()?;
    let columns = rows.first().map_or(0, Vec::len);
    if let Some((r, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != columns) {
        return Err(Error::Shape {
            quantity: format!("row {} of {name}", r + 1),
            found: row.len().to_string(),
            expected: format!("{columns}, that of row 1"),
        });
    }
    Ok(DMatrix::from_row_iterator(rows.len(), columns, rows.into_iter().flatten()))
}
