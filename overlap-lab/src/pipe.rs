//! Streams whose reader may go away.

use std::io::{self, ErrorKind, Write};

/// A stream whose reader may leave early (`| head`): writing to a closed pipe is a quiet success, and remembered.
pub(crate) struct PipeWriter<W> {
    inner: W,
    closed: bool,
}

impl<W: Write> PipeWriter<W> {
    /// Writes to `inner` until its reader leaves.
    pub(crate) fn new(inner: W) -> Self {
        PipeWriter { inner, closed: false }
    }

    fn quiet<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl<W: Write> Write for PipeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.quiet(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let result = self.inner.flush();
        self.quiet(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_a_quiet_end_and_a_full_disk_is_not() {
        struct Failing(ErrorKind);
        impl Write for Failing {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(self.0.into())
            }
        }
        let mut closed = PipeWriter::new(Failing(ErrorKind::BrokenPipe));
        closed.write_all(b"x").unwrap();
        closed.flush().unwrap();
        PipeWriter::new(Failing(ErrorKind::StorageFull)).write_all(b"x").unwrap_err();
    }
}
