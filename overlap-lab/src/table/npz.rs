//! Tables as NPZ: one array for each column, `numpy.load` reads it.
//!
//! The NPY format (version 1.0) is a short header and the bytes; the archive is stored, not compressed, as `numpy.savez`
//! does it. Same table, same bytes.

use super::{Column, Table, Values};
use serde_json::Value;
use std::io::{self, Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The array that holds the metadata.
const METADATA: &str = "metadata";

/// Writes the table.
pub(super) fn write(table: &Table, writer: &mut dyn Write) -> io::Result<()> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // The date of a file is no result: always the first of 1980, the earliest of the format.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut array = |name: &str, kind: &str, shape: String, bytes: &[u8]| -> io::Result<()> {
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&header(kind, &shape))?;
        archive.write_all(bytes)
    };
    let text = table.metadata().to_string();
    array(METADATA, &format!("|S{}", text.len()), "()".to_owned(), text.as_bytes())?;
    for Column { name, values, .. } in &table.columns {
        let shape = format!("({},)", values.len());
        match values {
            Values::Numbers(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                array(name, "<f8", shape, &bytes)?;
            }
            Values::Counts(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                array(name, "<u8", shape, &bytes)?;
            }
            Values::Text(values) => {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let width = values.iter().map(|value| text(value).len()).max().unwrap_or(0).max(1);
                let padded = |value| {
                    let mut bytes = text(value).into_bytes();
                    bytes.resize(width, 0);
                    bytes
                };
                let bytes: Vec<u8> = values.iter().flat_map(padded).collect();
                array(name, &format!("|S{width}"), shape, &bytes)?;
            }
        }
    }
    writer.write_all(&archive.finish()?.into_inner())
}

/// Magic number, version 1.0, and the description padded to a multiple of 64 bytes.
fn header(kind: &str, shape: &str) -> Vec<u8> {
    let mut text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    text.extend(std::iter::repeat_n(' ', length - text.len() - 1));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((length as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

/// Reads a table as [`write`] writes it, or as `numpy.savez` does with one-dimensional arrays of these kinds.
pub(super) fn read(bytes: &[u8]) -> Result<Table, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("no NPZ file: {error}"))?;
    let mut metadata = None;
    let mut columns = Vec::new();
    // Arrays are stored one after the other: more than the file holds is the same bytes several times.
    let mut left = bytes.len() as u64;
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = file.name().map_err(|error| error.to_string())?.trim_end_matches(".npy").to_owned();
        let mut bytes = Vec::new();
        left = left.checked_sub(file.size()).ok_or("its arrays are larger than the file")?;
        file.read_to_end(&mut bytes).map_err(|error| format!("array {name}: {error}"))?;
        let array = Array::read(&bytes).ok_or_else(|| format!("array {name} is of no kind that is known"))?;
        if name == METADATA {
            metadata = serde_json::from_slice::<Value>(array.bytes).ok();
        } else {
            let unit = String::new();
            let values = array.values().ok_or_else(|| format!("array {name} is no column"))?;
            columns.push(Column { name, unit, values });
        }
    }
    if columns.is_empty() {
        return Err("it has no columns".to_owned());
    }
    Ok(Table { metadata: Default::default(), columns }.described(metadata))
}

struct Array<'a> {
    kind: &'a str,
    /// Number of values of a column, as the header says.
    rows: Option<usize>,
    bytes: &'a [u8],
}

impl<'a> Array<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"\x93NUMPY\x01\x00")?;
        let length = usize::from(u16::from_le_bytes(*rest.first_chunk()?));
        let text = std::str::from_utf8(rest.get(2..2 + length)?).ok()?;
        let kind = text.split("'descr': '").nth(1)?.split('\'').next()?;
        let shape = text.split("'shape': (").nth(1)?.split(')').next()?;
        let rows = shape.strip_suffix(',').and_then(|rows| rows.trim().parse().ok());
        text.contains("'fortran_order': False").then_some(Array { kind, rows, bytes: &rest[2 + length..] })
    }

    fn values(&self) -> Option<Values> {
        let width = self.kind.get(2..)?.parse::<usize>().ok().filter(|&width| width > 0)?;
        if self.rows?.checked_mul(width)? != self.bytes.len() {
            return None;
        }
        let words = || self.bytes.chunks_exact(8).filter_map(|word| word.first_chunk().copied());
        match self.kind.split_at_checked(2)? {
            ("<f", "8") => Some(Values::Numbers(words().map(f64::from_le_bytes).collect())),
            ("<u", "8") => Some(Values::Counts(words().map(u64::from_le_bytes).collect())),
            ("|S", _) => {
                let text = |bytes: &[u8]| {
                    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
                    (end > 0).then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
                };
                Some(Values::Text(self.bytes.chunks(width).map(text).collect()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_errors_or_tables() {
        let mut table = Table::new("test", []);
        table.push("n", "", Values::Counts(vec![1, 2, 3]));
        table.push("x", "", vec![Some(0.5), None, Some(2.0)]);
        table.push("word", "", Values::Text(vec![Some("a".to_owned()), None, None]));
        let mut good = Vec::new();
        write(&table, &mut good).unwrap();
        assert_eq!(read(&good).unwrap(), table);
        let contained = |bytes: &[u8]| super::super::foreign::contained(|| read(bytes));
        for place in 0..good.len() {
            for value in [good[place] ^ 1, good[place] ^ 0x80, 0xff, 0] {
                let mut bytes = good.clone();
                bytes[place] = value;
                if let Ok(table) = contained(&bytes) {
                    let rows: Vec<_> = table.columns.iter().map(|column| column.values.len()).collect();
                    assert!(rows.iter().all(|&rows| rows == 3), "byte {place} = {value}: {rows:?}");
                }
            }
        }
        for end in 0..good.len() {
            assert!(contained(&good[..end]).is_err());
        }
    }
}
