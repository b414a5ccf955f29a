//! Reading files: of a stated size at most, and never what has no end.

use crate::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Reads a file of at most `most` bytes; `kind` says what it must be, e.g. `a problem file`. Folders, devices and pipes
/// are errors, before anything waits for them.
///
/// # Errors
/// [`Error::File`] if it is no regular file or too large, [`Error::Io`].
pub fn read_file(path: &Path, most: u64, kind: &str) -> Result<Vec<u8>, Error> {
    let about = fs::metadata(path).map_err(Error::io(path, "read"))?;
    check_regular(path, &about, kind)?;
    if about.len() > most {
        return Err(too_large(path, most, kind));
    }
    read_stream(path, File::open(path).map_err(Error::io(path, "read"))?, most, kind)
}

/// Reads a stream of at most `most` bytes, which is called `path` in errors.
///
/// # Errors
/// As [`read_file`].
pub(crate) fn read_stream(path: &Path, source: impl Read, most: u64, kind: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes).map_err(Error::io(path, "read"))?;
    if bytes.len() as u64 > most { Err(too_large(path, most, kind)) } else { Ok(bytes) }
}

/// Checks that a file is a regular one: neither folder, device nor pipe.
///
/// # Errors
/// [`Error::File`].
pub fn check_regular(path: &Path, about: &fs::Metadata, kind: &str) -> Result<(), Error> {
    if about.is_file() {
        return Ok(());
    }
    let found = if about.is_dir() { "a folder" } else { "a device or pipe" };
    Err(Error::File { path: path.to_owned(), message: format!("it is {found}, but it must be {kind}") })
}

fn too_large(path: &Path, most: u64, kind: &str) -> Error {
    let message = format!("it is larger than {} MiB, the most {kind} may have", most >> 20);
    Error::File { path: path.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_has_no_end_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "12345").unwrap();
        let told = |path: &Path, most| read_file(path, most, "a table").unwrap_err().to_string();
        assert_eq!(read_file(&path, 5, "a table").unwrap(), b"12345");
        assert!(told(&path, 4).ends_with("it is larger than 0 MiB, the most a table may have"));
        // As large as can be, and nothing in it.
        File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(told(&path, 1 << 30).contains("larger than 1024 MiB"));
        assert!(told(folder.path(), 5).ends_with("it is a folder, but it must be a table"));
        assert!(told(&folder.path().join("none"), 5).contains("cannot read: "));
        for device in ["/dev/zero", "/dev/full", "/dev/null"].map(Path::new) {
            if device.exists() {
                assert!(told(device, 5).ends_with("it is a device or pipe, but it must be a table"));
            }
        }
        let endless = std::io::repeat(b' ');
        assert!(read_stream(&path, endless, 1 << 20, "a table").unwrap_err().to_string().contains("1 MiB"));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let error = read_file(&path, 5, "a table").unwrap_err().to_string();
        assert!(error.ends_with("it is a device or pipe, but it must be a table"), "{error}");
    }
}
