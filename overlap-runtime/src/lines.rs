//! Comma-separated lines of names and numbers, none of which needs quotes.

use crate::Error;
use std::io::{BufWriter, Write};

/// Writes lines of cells.
pub(crate) struct Lines<'a> {
    writer: BufWriter<&'a mut dyn Write>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(writer: &'a mut dyn Write) -> Self {
        Lines { writer: BufWriter::new(writer) }
    }

    /// One line.
    pub(crate) fn write(
        &mut self,
        cells: impl IntoIterator<Item = impl std::fmt::Display>,
    ) -> Result<(), Error> {
        let line = || {
            for (position, cell) in cells.into_iter().enumerate() {
                let comma = if position == 0 { "" } else { "," };
                write!(self.writer, "{comma}{cell}")?;
            }
            writeln!(self.writer)
        };
        line().map_err(Error::io("-", "write"))
    }

    /// Hands everything on.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.writer.flush().map_err(Error::io("-", "write"))
    }
}
