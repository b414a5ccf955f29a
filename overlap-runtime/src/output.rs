//! Writing results: whole files or none.

use crate::Error;
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Writes a file whole or not at all: `write` fills a temporary file in the same folder, which takes the place of
/// `path` once everything is on disk. Where anything fails, a file already at `path` stays as it was.
///
/// A link is followed; the permissions of a replaced file are kept; devices and pipes are written to directly.
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
        write(&mut device)?;
        return device.flush().map_err(fail);
    }
    let mut file = BufWriter::new(temporary(&target).map_err(fail)?);
    write(&mut file)?;
    let file = file.into_inner().map_err(|error| fail(error.into_error()))?;
    if let Some(old) = old {
        fs::set_permissions(file.path(), old.permissions()).map_err(fail)?;
    }
    file.as_file().sync_all().map_err(fail)?;
    file.persist(&target).map_err(|error| fail(error.error))?;
    Ok(())
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
            temporary(&target).map(drop).map_err(fail)
        }
        Err(_) => temporary(&target).map(drop).map_err(fail),
    }
}

/// The file behind `path`, links followed.
fn target(path: &Path) -> Result<PathBuf, Error> {
    let fail = |kind, message| Error::io(path, "write")(io::Error::new(kind, message));
    if path.is_dir() {
        return Err(fail(ErrorKind::IsADirectory, "it is a folder"));
    }
    if path.file_name().is_none() {
        return Err(fail(ErrorKind::InvalidInput, "it names no file"));
    }
    // A link to nothing yet is replaced by the file.
    Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
}

/// A new file in the folder of `target`, removed again unless it is persisted.
fn temporary(target: &Path) -> io::Result<NamedTempFile> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".overlap-").suffix(".part");
    #[cfg(unix)]
    {
        // As for any new file: open to all, less the umask. (Temporary files are private otherwise.)
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // The path of the temporary file is none of the user's business.
    builder.tempfile_in(folder).map_err(|error| error.kind().into())
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
            ("missing/out.csv", "not found"),
            ("file/out.csv", "not a directory"),
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
}
