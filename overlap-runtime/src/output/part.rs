//! The file that is filled before it takes the place of a result: `.overlap-NAME.part` beside NAME.
//!
//! Its name is the same in every run and its writer holds a lock on it, which ends with the process. So what a killed run
//! left is found by the next run of the same output, and what another process is writing is never touched.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// So many processes may write one output at a time.
const SLOTS: usize = 64;
/// Bytes of the output's name in that of its part: with them it fits into every file system.
const MOST_NAME: usize = 120;

/// A file being filled, removed again unless it is [persisted](Self::persist).
#[derive(Debug)]
pub(super) struct Part {
    pub(super) file: File,
    path: PathBuf,
    kept: bool,
}

impl Part {
    /// A new, empty one for `target`. Those that killed runs of the same output left are removed.
    pub(super) fn new(target: &Path) -> io::Result<Self> {
        let mut own: Option<Part> = None;
        for slot in 0..SLOTS {
            let path = path(target, slot);
            if own.is_some() && fs::symlink_metadata(&path).is_err() {
                break;
            }
            match Self::locked(&path)? {
                // A second one is of a killed run too, and goes.
                Some(part) => _ = own.get_or_insert(part),
                None => continue,
            }
        }
        own.ok_or_else(|| io::Error::other("too many processes are writing it"))
    }

    /// The file at `path`, emptied, unless another process has it.
    fn locked(path: &Path) -> io::Result<Option<Self>> {
        // Once more where the file was moved away between opening and locking it.
        for _ in 0..8 {
            if fs::symlink_metadata(path).is_ok_and(|about| !about.is_file()) {
                return Ok(None);
            }
            let file = match OpenOptions::new().write(true).create(true).truncate(false).open(path) {
                Ok(file) => file,
                // Someone else's.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path.exists() => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, path) => {
                    let part = Part { file, path: path.to_owned(), kept: false };
                    part.file.set_len(0)?;
                    return Ok(Some(part));
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                // A file system without locks: a name that no other process has.
                Err(TryLockError::Error(_)) => return Self::unlocked(path).map(Some),
            }
        }
        Ok(None)
    }

    fn unlocked(path: &Path) -> io::Result<Self> {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        _ = fs::remove_file(path);
        let own = format!("{}-{}.part", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = path.with_extension(own);
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        Ok(Part { file, path, kept: false })
    }

    /// Its place until then.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the place of `target`.
    pub(super) fn persist(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            _ = fs::remove_file(&self.path);
        }
    }
}

/// `.overlap-NAME.part`, `.overlap-NAME.1.part`, ...
fn path(target: &Path, slot: usize) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    let mut part = OsString::from(".overlap-");
    if name.len() <= MOST_NAME {
        part.push(name);
    } else {
        part.push(name.to_string_lossy().chars().take(MOST_NAME / 4).collect::<String>());
    }
    part.push(if slot == 0 { ".part".to_owned() } else { format!(".{slot}.part") });
    target.with_file_name(part)
}

/// Whether `path` is still the name of `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |about: fs::Metadata| (about.dev(), about.ino());
    let at = fs::symlink_metadata(path).map(identity);
    file.metadata().map(identity).is_ok_and(|own| at.is_ok_and(|at| at == own))
}

/// Open files cannot be moved away here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
