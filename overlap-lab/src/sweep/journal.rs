//! The journal: what is done, appended point by point, so that a kill loses nothing that was done.
//!
//! One JSON object a line. The first line says of which sweep; then comes a line for every point, in whatever order they
//! end. Every line ends with a checksum of itself, that of a point also of what the sweep is. A line that is damaged, of
//! another sweep, or cut off (killed or disk full while it was written) does not count: its point is run again. A line that
//! follows a cut-off one begins on a new line. Lines of versions without checksums count if they are written as those
//! wrote them, and hold what the sweep can give. Whole lines are written at once and synchronised with the
//! disk about once a second, so that even a power failure costs only the last points.

use super::Sweep;
use super::judge::Judge;
use super::point::Row;
use super::run::Rows;
use overlap_runtime::{Error, System};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Name of journals: this, what tells shards apart, and `.jsonl`.
pub(super) const PREFIX: &str = "journal";

/// What a journal belongs to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    pub(super) version: String,
    pub(super) identity: String,
    pub(super) instruction_set: String,
    /// The sweep file.
    pub(super) text: String,
}

impl Header {
    pub(super) fn new(sweep: &Sweep, system: &dyn System) -> Self {
        Header {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            identity: sweep.identity(system),
            instruction_set: instruction_set(),
            text: sweep.text.clone(),
        }
    }

    fn line(&self) -> String {
        let Header { version, identity, instruction_set, text } = self;
        json!({ "overlap": version, "identity": identity, "instruction_set": instruction_set, "sweep": text })
            .to_string()
    }

    /// What lines of this sweep's points are signed with.
    fn seal(&self) -> u64 {
        hash(hash(START, self.version.as_bytes()), self.identity.as_bytes())
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        Some(Header {
            version: text("overlap")?,
            identity: text("identity")?,
            instruction_set: text("instruction_set")?,
            text: text("sweep")?,
        })
    }

    /// Whether rows of the other journal are rows of this sweep.
    pub(super) fn check(&self, path: &Path, other: &Header) -> Result<(), Error> {
        let wrong = |message: String| Err(Error::File { path: path.to_owned(), message });
        if self.version != other.version {
            return wrong(format!(
                "the journal was written by overlap {}, but this is overlap {}: go on with that version, or name \
                 another folder with --out",
                other.version, self.version
            ));
        }
        if self.identity != other.identity {
            return wrong(
                "the journal is of another sweep (the sweep file or the system has changed): name another folder \
                 with --out, or remove the journal to start anew"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Whether a sweep that writes this header can go on with a journal that has `other`: bit for bit.
    fn check_continued(&self, path: &Path, other: &Header) -> Result<(), Error> {
        self.check(path, other)?;
        if self.instruction_set == other.instruction_set {
            return Ok(());
        }
        let message = format!(
            "the journal was written with the instruction set {}, but this is {}: its numbers would differ by \
             rounding. Set OVERLAP_SIMD={} to go on, or name another folder with --out",
            other.instruction_set, self.instruction_set, other.instruction_set
        );
        Err(Error::File { path: path.to_owned(), message })
    }
}

pub(super) fn instruction_set() -> String {
    overlap_runtime::simd::Level::current().name().to_owned()
}

/// Where checksums begin: the basis of Fowler, Noll and Vo's hash.
const START: u64 = 0xcbf2_9ce4_8422_2325;
/// Before and after the checksum of a line, 16 hexadecimal digits.
const CHECK: (&str, &str) = (",\"check\":\"", "\"}");

/// Fowler, Noll and Vo's hash: no change of a single byte leaves it as it is.
fn hash(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A JSON object with its checksum.
fn sealed(object: &str, seal: u64) -> String {
    let (before, after) = CHECK;
    let open = object.strip_suffix('}').unwrap_or(object);
    format!("{open}{before}{:016x}{after}", hash(seal, object.as_bytes()))
}

/// The object of a line, and its checksum if it has one.
fn unsealed(line: &str) -> (String, Option<&str>) {
    let (before, after) = CHECK;
    let found = line.strip_suffix(after).and_then(|line| line.rsplit_once(before));
    match found {
        Some((open, check)) => (format!("{open}}}"), Some(check)),
        None => (line.to_owned(), None),
    }
}

/// The line of a point.
#[derive(Debug)]
struct Line {
    number: usize,
    /// Its object, as it stands there.
    object: String,
    check: Option<String>,
    point: usize,
    row: Row,
}

/// What a journal holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    path: PathBuf,
    /// What it says it is of, once for every beginning; none where no first line is whole.
    pub(super) headers: Vec<Header>,
    lines: Vec<Line>,
    /// Numbers of the lines that are damaged.
    damaged: Vec<usize>,
    /// Whether the last line is cut off.
    torn: bool,
}

impl Contents {
    /// Adds the rows of a sweep that count to `rows`; what is wrong with others, if anything.
    pub(super) fn collect(
        mut self,
        sweep: &Sweep,
        system: &dyn System,
        header: &Header,
        rows: &mut Rows,
    ) -> Option<String> {
        let seal = header.seal();
        let judge = Judge::new(&sweep.plan, system);
        let points = sweep.len();
        let mut found: BTreeMap<usize, Vec<Line>> = BTreeMap::new();
        for line in self.lines {
            let right = match &line.check {
                Some(check) => *check == format!("{:016x}", hash(seal, line.object.as_bytes())),
                // Without a checksum a line counts where it can tell of which sweep it is.
                None => !self.headers.is_empty() && judge.believes(line.point, &line.row),
            };
            if right && line.point < points && line.row.values.len() == judge.width() {
                found.entry(line.point).or_default().push(line);
            } else {
                self.damaged.push(line.number);
            }
        }
        for (point, mut lines) in found {
            // Rows with a checksum stand above those without, and those must agree.
            if lines.iter().any(|line| line.check.is_some()) {
                lines.retain(|line| line.check.is_some());
            } else if lines.iter().any(|line| line.row != lines[0].row) {
                self.damaged.extend(lines.iter().map(|line| line.number));
                continue;
            }
            rows.entry(point).or_insert_with(|| lines.swap_remove(0).row);
        }
        self.damaged.sort_unstable();
        let numbers: Vec<String> = self.damaged.iter().take(8).map(usize::to_string).collect();
        let more = if self.damaged.len() > numbers.len() { ", ..." } else { "" };
        (!numbers.is_empty()).then(|| {
            let (path, lines) = (self.path.display(), if numbers.len() == 1 { "line" } else { "lines" });
            let numbers = numbers.join(", ");
            format!("{path}: {lines} {numbers}{more} cut off, damaged or of another sweep: computed again where missing")
        })
    }
}

/// The journals of a folder, in the order of their names.
pub(super) fn find(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let path = entry.map_err(Error::io(folder, "read"))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(".jsonl") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Checks that a journal, if there is one, is a file: opening a pipe would wait for ever, and reading a device would not end.
fn check(path: &Path) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(about) => overlap_runtime::internal::check_regular(path, &about, "a journal"),
        Err(_) => Ok(()),
    }
}

/// Reads a journal; a file that is not there is an empty one.
pub(super) fn read(path: &Path) -> Result<Contents, Error> {
    check(path)?;
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes).map_err(Error::io(path, "read"))?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(Error::io(path, "read")(error)),
    };
    let torn = bytes.last().is_some_and(|byte| *byte != b'\n');
    let mut contents = Contents { path: path.to_owned(), torn, ..Contents::default() };
    for (index, bytes) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // The last line may be on its way.
        let Some(bytes) = bytes.strip_suffix(b"\n") else { continue };
        if bytes.is_empty() {
            continue;
        }
        match std::str::from_utf8(bytes).ok().and_then(|text| entry(index + 1, text)) {
            Some(Entry::Header(header)) => contents.headers.push(header),
            Some(Entry::Point(line)) => contents.lines.push(line),
            None => contents.damaged.push(index + 1),
        }
    }
    Ok(contents)
}

enum Entry {
    Header(Header),
    Point(Line),
}

/// What stands in a line; `None` if it is damaged, as far as the line alone tells.
fn entry(number: usize, text: &str) -> Option<Entry> {
    let (object, check) = unsealed(text);
    let value: Value = serde_json::from_str(&object).ok()?;
    // It must be what this program writes, to the byte: other digits, spaces or keys are somebody else's.
    if format!("{value}") != object {
        return None;
    }
    if let Some(header) = Header::read(&value) {
        let right = check.is_none_or(|check| *check == format!("{:016x}", hash(START, object.as_bytes())));
        return right.then_some(Entry::Header(header));
    }
    let (point, row) = record(&value)?;
    Some(Entry::Point(Line { number, object, check: check.map(str::to_owned), point, row }))
}

/// The object of a point.
pub(super) fn object(point: usize, row: &Row) -> String {
    json!({ "point": point + 1, "values": row.values, "error": row.error }).to_string()
}

/// A point from its object.
pub(super) fn record(value: &Value) -> Option<(usize, Row)> {
    let point = usize::try_from(value.get("point")?.as_u64()?).ok()?.checked_sub(1)?;
    let number = |value: &Value| if value.is_null() { Some(None) } else { value.as_f64().map(Some) };
    let values = value.get("values")?.as_array()?.iter().map(number).collect::<Option<_>>()?;
    let error = match value.get("error")? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        _ => return None,
    };
    Some((point, Row { values, error, trajectories: Vec::new() }))
}

/// A journal that is written to. While it lives no other process writes to it.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    torn: bool,
    /// Of the header.
    seal: u64,
    /// What could not be written yet.
    waiting: Vec<u8>,
}

impl Journal {
    /// Opens the journal to go on with it, or begins one; with what it holds.
    pub(super) fn open(path: &Path, header: &Header) -> Result<(Self, Contents), Error> {
        check(path)?;
        let file =
            OpenOptions::new().create(true).append(true).open(path).map_err(Error::io(path, "write"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let message = "another process is at work on it".to_owned();
                return Err(Error::File { path: path.to_owned(), message });
            }
            // A file system without locks: go on without.
            Err(TryLockError::Error(_)) => {}
        }
        let contents = read(path)?;
        let (torn, seal) = (contents.torn, header.seal());
        let mut journal = Journal { path: path.to_owned(), file, torn, seal, waiting: Vec::new() };
        for found in &contents.headers {
            header.check_continued(path, found)?;
        }
        if contents.headers.is_empty() {
            journal.append(&sealed(&header.line(), START))?;
        }
        Ok((journal, contents))
    }

    /// A second handle, to synchronise with the disk from another thread.
    pub(super) fn handle(&self) -> Result<File, Error> {
        self.file.try_clone().map_err(Error::io(&self.path, "write"))
    }

    /// Appends the line of a point.
    pub(super) fn keep(&mut self, point: usize, row: &Row) -> Result<(), Error> {
        self.append(&sealed(&object(point, row), self.seal))
    }

    /// Appends a line. What cannot be written is kept, and tried again with the next line.
    fn append(&mut self, line: &str) -> Result<(), Error> {
        self.waiting.extend(line.as_bytes());
        self.waiting.push(b'\n');
        self.flush()
    }

    /// Writes what could not be written before.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        if self.torn {
            self.waiting.insert(0, b'\n');
            self.torn = false;
        }
        let written = self.file.write_all(&self.waiting);
        match written {
            Ok(()) => self.waiting.clear(),
            // Part of it may have arrived.
            Err(_) => self.torn = true,
        }
        written.map_err(Error::io(&self.path, "write"))
    }
}
