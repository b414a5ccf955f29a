//! Writing results: whole files or none.

mod part;

use crate::Error;
use part::Part;
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a file whole or not at all: `write` fills a temporary file in the same folder, which takes the place of
/// `path` once everything is on disk. Where anything fails, a file already at `path` stays as it was.
///
/// A link is followed; the permissions of a replaced file are kept; devices and pipes are written to directly. The
/// temporary file of a run that was killed is removed by the next one that writes `path`.
///
/// # Errors
/// What `write` answers, or [`Error::Io`] on `path`.
pub fn write_atomically(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    let path = path.as_ref();
    let fail = |source| Error::io(path, "write")(source);
    let target = target(path)?;
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        let mut device = BufWriter::new(fs::OpenOptions::new().write(true).open(&target).map_err(fail)?);
        named(path, write(&mut device))?;
        return device.flush().map_err(fail);
    }
    let part = Part::new(&target).map_err(fail)?;
    let mut file = BufWriter::new(&part.file);
    named(path, write(&mut file))?;
    file.flush().map_err(fail)?;
    drop(file);
    if let Some(old) = old {
        fs::set_permissions(part.path(), old.permissions()).map_err(fail)?;
    }
    part.file.sync_all().map_err(fail)?;
    part.persist(&target).map_err(fail)
}

/// Writers know their stream as `-`; here it is the file of this name.
fn named(path: &Path, result: Result<(), Error>) -> Result<(), Error> {
    result.map_err(|error| match error {
        Error::Io { path: stream, action, source } if stream == Path::new("-") => {
            Error::io(path, action)(source)
        }
        other => other,
    })
}

/// Checks that [`write_atomically`] can write `path`, without touching a file that is there: to be asked before long work.
///
/// # Errors
/// [`Error::Io`] on `path`.
pub fn check_writable(path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let fail = |source| Error::io(path, "write")(source);
    let target = target(path)?;
    match fs::metadata(&target) {
        Ok(old) if !old.is_file() => Ok(()),
        Ok(_) => {
            fs::OpenOptions::new().write(true).open(&target).map_err(fail)?;
            Part::new(&target).map(drop).map_err(fail)
        }
        Err(_) => Part::new(&target).map(drop).map_err(fail),
    }
}

/// The file behind `path`, links followed.
fn target(path: &Path) -> Result<PathBuf, Error> {
    let fail = |kind, message: String| Error::io(path, "write")(io::Error::new(kind, message));
    if path.is_dir() {
        return Err(fail(ErrorKind::IsADirectory, "it is a folder".to_owned()));
    }
    if path.file_name().is_none() {
        return Err(fail(ErrorKind::InvalidInput, "it names no file".to_owned()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.map(|folder| (folder, fs::metadata(folder))) {
        Some((folder, Err(error))) if error.kind() == ErrorKind::NotFound => {
            Err(fail(error.kind(), format!("there is no folder {}", folder.display())))
        }
        Some((folder, Ok(about))) if !about.is_dir() => {
            Err(fail(ErrorKind::NotADirectory, format!("{} is no folder", folder.display())))
        }
        // A link to nothing yet is replaced by the file.
        _ => Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failure_midway_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        let result = write_atomically(&path, |writer| {
            writer.write_all(&[b'x'; 100_000]).unwrap();
            writer.flush().unwrap();
            Err(Error::Interrupted)
        });
        assert!(matches!(result, Err(Error::Interrupted)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(contents(folder.path()), ["out.csv"]);

        write_atomically(&path, |writer| {
            writer.write_all(b"new").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(contents(folder.path()), ["out.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_and_links_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (plain, fresh, link) =
            (folder.path().join("plain"), folder.path().join("fresh"), folder.path().join("link"));
        fs::File::create(&plain).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let write = |path: &Path| {
            write_atomically(path, |writer| writer.write_all(b"x").map_err(Error::io("-", "write"))).unwrap()
        };
        write(&fresh);
        assert_eq!(mode(&fresh), mode(&plain), "a new file has the permissions of any new file");
        fs::set_permissions(&plain, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&plain, &link).unwrap();
        write(&link);
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&plain).unwrap(), "x");
        assert_eq!(mode(&plain), 0o640);
    }

    #[test]
    fn unwritable_places_are_told_before_and_after() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        for (path, word) in [
            ("", "folder"),
            ("missing/out.csv", "there is no folder "),
            ("file/out.csv", "file is no folder"),
            ("..", "folder"),
        ] {
            let path = folder.path().join(path);
            for result in
                [check_writable(&path), write_atomically(&path, |_| unreachable!("nothing is computed"))]
            {
                let message = result.unwrap_err().to_string();
                assert!(message.contains(word) && message.contains("cannot write"), "{message}");
            }
        }
        let (fresh, old) = (folder.path().join("fresh"), folder.path().join("file"));
        check_writable(&fresh).unwrap();
        check_writable(&old).unwrap();
        assert_eq!(contents(folder.path()), ["file"]);
    }

    #[test]
    fn devices_are_written_directly() {
        write_atomically("/dev/null", |writer| writer.write_all(b"x").map_err(Error::io("-", "write")))
            .unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn what_a_killed_run_left_is_cleaned_and_what_runs_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        for name in [".overlap-out.csv.part", ".overlap-out.csv.1.part", ".overlap-out.csv.2.part"] {
            fs::write(folder.path().join(name), "half of a resu").unwrap();
        }
        // Another output's, and a stranger's.
        for name in [".overlap-other.csv.part", ".part"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let all = contents(folder.path()).len();
        let running = fs::File::open(folder.path().join(".overlap-out.csv.1.part")).unwrap();
        running.try_lock().unwrap();
        check_writable(&path).unwrap();
        let kept = [".overlap-other.csv.part", ".overlap-out.csv.1.part", ".part"];
        assert_eq!(contents(folder.path()), kept, "of {all}");
        // Two at once: each has a file of its own, the last one stays.
        write_atomically(&path, |outer| {
            outer.write_all(b"outer").unwrap();
            write_atomically(&path, |inner| inner.write_all(b"in").map_err(Error::io("-", "write")))?;
            assert_eq!(fs::read_to_string(&path).unwrap(), "in");
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "outer");
        assert_eq!(
            fs::read_to_string(folder.path().join(".overlap-out.csv.1.part")).unwrap(),
            "half of a resu"
        );
        drop(running);
        write_atomically(&path, |_| Ok(())).unwrap();
        assert_eq!(contents(folder.path()), [".overlap-other.csv.part", ".part", "out.csv"]);
        let long = folder.path().join("ü".repeat(120));
        write_atomically(&long, |_| Ok(())).unwrap();
        assert!(long.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_device_is_told_on_the_user_s_path() {
        let full = |bytes: usize| {
            write_atomically("/dev/full", |writer| {
                writer.write_all(&vec![b'x'; bytes]).map_err(Error::io("-", "write"))
            })
        };
        for bytes in [1, 1 << 20] {
            let message = full(bytes).unwrap_err().to_string();
            assert_eq!(message, "/dev/full: cannot write: No space left on device");
        }
    }
}
