//! Tables as CSV: `# {metadata}` on the first line, names, rows.

use super::{Column, Table, Values};
use serde_json::Value;
use std::io::{self, Write};

/// Writes the table, shortest digits that read back exactly.
pub(super) fn write(table: &Table, metadata: bool, writer: &mut dyn Write) -> io::Result<()> {
    if metadata {
        writeln!(writer, "# {}", table.metadata())?;
    }
    let mut csv = ::csv::Writer::from_writer(writer);
    csv.write_record(table.columns.iter().map(|column| &column.name))?;
    for row in 0..table.rows() {
        csv.write_record(table.columns.iter().map(|column| column.values.text(row)))?;
    }
    csv.flush()
}

/// Reads a table; columns whose every value is a number or missing are numbers.
pub(super) fn read(bytes: &[u8]) -> Result<Table, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text, so no CSV".to_owned())?;
    if text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
        return Err("it is JSON, but it must be a table of results: .csv, .npz or .parquet".to_owned());
    }
    let comment = text.lines().next().and_then(|line| line.strip_prefix('#'));
    let metadata = comment.and_then(|json| serde_json::from_str::<Value>(json).ok());
    let mut reader = ::csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(bytes);
    let names = reader.headers().map_err(wrong)?.clone();
    let mut cells: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, cell) in cells.iter_mut().zip(&record.map_err(wrong)?) {
            column.push(cell.to_owned());
        }
    }
    if names.is_empty() {
        return Err("it is empty, but it must be a table of results".to_owned());
    }
    let column = |(name, cells): (&str, Vec<String>)| Column {
        name: name.to_owned(),
        unit: String::new(),
        values: values(cells),
    };
    let columns = names.iter().zip(cells).map(column).collect();
    Ok(Table { metadata: Default::default(), columns }.described(metadata))
}

/// What is wrong with a line, in words.
fn wrong(error: ::csv::Error) -> String {
    match error.kind() {
        ::csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, ::csv::Position::line);
            format!("line {line} has {len} values, but there are {expected_len} columns")
        }
        _ => error.to_string(),
    }
}

/// Whole numbers from here on are not all doubles.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;

/// Whole numbers that doubles would change, else numbers, else text.
fn values(cells: Vec<String>) -> Values {
    let whole = |cell: &String| cell.parse().ok().filter(|whole: &u64| whole.to_string() == *cell);
    if let Some(whole) = cells.iter().map(whole).collect::<Option<Vec<u64>>>()
        && whole.iter().any(|&whole| whole > EXACT)
    {
        return Values::Counts(whole);
    }
    match cells.iter().map(|cell| super::number(cell)).collect::<Option<Vec<_>>>() {
        Some(numbers) => numbers.into(),
        None => Values::Text(cells.into_iter().map(|cell| (!cell.is_empty()).then_some(cell)).collect()),
    }
}
