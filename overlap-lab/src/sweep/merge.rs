//! The table of a sweep whose points were shared among processes.

use super::journal::{self, Header};
use super::run::{Rows, write};
use super::{Outcome, Sweep, table};
use overlap_runtime::{Error, System};
use std::path::{Path, PathBuf};

/// Puts the journals of one or several folders together and writes the table to `out`: the same as that of one process.
///
/// The folders may come from machines without a common file system. Where points are missing no table is written and
/// [`Outcome::table`] is `None`.
///
/// # Errors
/// [`Error::File`] where there is no journal, or one of another sweep; [`Error::Io`].
pub fn merge(system: &dyn System, folders: &[PathBuf], out: &Path) -> Result<Outcome, Error> {
    let mut journals = Vec::new();
    for folder in folders {
        for path in journal::find(folder)? {
            let contents = journal::read(&path)?;
            journals.push((path, contents));
        }
    }
    let first = journals.iter().find_map(|(path, contents)| Some((path, contents.headers.first()?)));
    let Some((path, found)) = first else {
        let path = folders.first().cloned().unwrap_or_default();
        return Err(Error::File { path, message: "there is no journal of a sweep".to_owned() });
    };
    let sweep =
        Sweep::parse(&found.text, system).map_err(|error| overlap_runtime::internal::on_path(path, error))?;
    let header = Header::new(&sweep, system);
    let (mut rows, mut sets, mut remarks) = (Rows::new(), Vec::new(), Vec::new());
    for (path, contents) in journals {
        for found in &contents.headers {
            header.check(&path, found)?;
            sets.push(found.instruction_set.clone());
        }
        remarks.extend(contents.collect(&sweep, system, &header, &mut rows));
    }
    sets.sort();
    sets.dedup();
    let failed = rows.values().filter(|row| row.error.is_some()).count();
    let mut outcome = Outcome {
        done: rows.len(),
        points: sweep.len(),
        failed,
        table: None,
        files: Vec::new(),
        problems: Vec::new(),
        remarks,
    };
    if rows.len() == sweep.len() {
        std::fs::create_dir_all(out).map_err(Error::io(out, "make the folder"))?;
        let rows: Vec<_> = rows.into_values().collect();
        write(table::table(&sweep, system, &rows, &sets), out, &mut outcome);
    }
    Ok(outcome)
}
