//! The journal: what is done, appended point by point, so that a kill loses nothing that was done.
//!
//! One JSON object a line. The first line says of which sweep; then comes a line for every point, in whatever order they
//! end. A line that is cut off (killed or disk full while it was written) is no JSON and does not count: its point is run
//! again. A line that follows a cut-off one begins on a new line. Whole lines are written at once and synchronised with the
//! disk about once a second, so that even a power failure costs only the last points.

use super::Sweep;
use super::point::Row;
use crate::{Error, System};
use serde_json::{Value, json};
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
}

pub(super) fn instruction_set() -> String {
    format!("{:?}", crate::simd::Level::current()).to_lowercase()
}

/// What a journal holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// `None` where not even the first line is whole.
    pub(super) header: Option<Header>,
    /// Points and their rows, as they ended.
    pub(super) rows: Vec<(usize, Row)>,
    /// Whether the last line is cut off.
    torn: bool,
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

/// Reads a journal; a file that is not there is an empty one.
pub(super) fn read(path: &Path) -> Result<Contents, Error> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => file.read_to_end(&mut bytes).map_err(Error::io(path, "read"))?,
        Err(error) if error.kind() == ErrorKind::NotFound => 0,
        Err(error) => return Err(Error::io(path, "read")(error)),
    };
    let mut contents =
        Contents { torn: bytes.last().is_some_and(|byte| *byte != b'\n'), ..Contents::default() };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else { continue };
        let Ok(value) = serde_json::from_slice::<Value>(line) else { continue };
        if let Some(header) = Header::read(&value) {
            contents.header.get_or_insert(header);
        } else if contents.header.is_some()
            && let Some(row) = record(&value)
        {
            contents.rows.push(row);
        }
    }
    Ok(contents)
}

/// The line of a point, without its end.
pub(super) fn line(point: usize, row: &Row) -> String {
    json!({ "point": point + 1, "values": row.values, "error": row.error }).to_string()
}

/// A point from its line.
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
    /// What could not be written yet.
    waiting: Vec<u8>,
}

impl Journal {
    /// Opens the journal to go on with it, or begins one; with what it holds.
    pub(super) fn open(path: &Path, header: &Header) -> Result<(Self, Contents), Error> {
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
        let mut journal = Journal { path: path.to_owned(), file, torn: contents.torn, waiting: Vec::new() };
        match &contents.header {
            Some(found) => header.check(path, found)?,
            None => journal.append(&header.line())?,
        }
        Ok((journal, contents))
    }

    /// A second handle, to synchronise with the disk from another thread.
    pub(super) fn handle(&self) -> Result<File, Error> {
        self.file.try_clone().map_err(Error::io(&self.path, "write"))
    }

    /// Appends a line. What cannot be written is kept, and tried again with the next line.
    pub(super) fn append(&mut self, line: &str) -> Result<(), Error> {
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
