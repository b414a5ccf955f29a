//! Tables as Parquet: one row group, plain columns, the metadata under the key `overlap`.

use super::{Column, Table, Values};
use ::parquet::basic::{Encoding, LogicalType, Repetition, Type as Physical};
use ::parquet::column::page::Page;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::Type;
use bytes::Bytes;
use serde_json::Value;
use std::io::{self, Write};
use std::sync::Arc;

/// The key of the metadata.
const METADATA: &str = "overlap";

/// Writes the table.
pub(super) fn write(table: &Table, writer: &mut dyn Write) -> io::Result<()> {
    writer.write_all(&file(table).map_err(io::Error::other)?)
}

fn file(table: &Table) -> Result<Vec<u8>, ParquetError> {
    let field = |column: &Column| {
        let (physical, logical, repetition) = match column.values {
            Values::Numbers(_) => (Physical::DOUBLE, None, Repetition::OPTIONAL),
            // Seeds take all 64 bits.
            Values::Counts(_) => {
                let unsigned = LogicalType::integer(64, false);
                (Physical::INT64, Some(unsigned), Repetition::REQUIRED)
            }
            Values::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
        };
        Type::primitive_type_builder(&column.name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition)
            .build()
            .map(Arc::new)
    };
    let fields = table.columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(vec![KeyValue::new(METADATA.to_owned(), table.metadata().to_string())]))
        .set_created_by(format!("overlap version {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for column in &table.columns {
        let Some(mut place) = rows.next_column()? else { break };
        match &column.values {
            Values::Counts(values) => {
                let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
                place.typed::<Int64Type>().write_batch(&values, None, None)?;
            }
            Values::Numbers(values) => {
                let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
                let levels: Vec<i16> = values.iter().map(|value| i16::from(!value.is_nan())).collect();
                place.typed::<DoubleType>().write_batch(&present, Some(&levels), None)?;
            }
            Values::Text(values) => {
                let present: Vec<_> = values.iter().flatten().map(|text| text.as_str().into()).collect();
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                place.typed::<ByteArrayType>().write_batch(&present, Some(&levels), None)?;
            }
        }
        place.close()?;
    }
    rows.close()?;
    writer.into_inner()
}

/// Most numbers of a table: what is claimed beyond them is damage.
const MOST_VALUES: u64 = 1 << 28;
/// Rows read at a time, so that room is made for what is there and not for what is claimed.
const BATCH: usize = 1 << 16;

/// Reads a table as [`write`] writes it. Everything a damaged file may claim is checked before it is believed.
pub(super) fn read(bytes: Vec<u8>) -> Result<Table, String> {
    let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(wrong)?;
    let about = file.metadata().file_metadata();
    let entries = about.key_value_metadata().into_iter().flatten();
    let text = entries.filter(|entry| entry.key == METADATA).find_map(|entry| entry.value.as_ref());
    let metadata = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let kinds = about.schema_descr().columns();
    let mut columns: Vec<Column> = kinds
        .iter()
        .map(|column| {
            let values = match column.physical_type() {
                _ if column.max_rep_level() > 0 || column.max_def_level() > 1 => {
                    Err(format!("column {} is nested", column.name()))
                }
                Physical::INT64 => Ok(Values::Counts(Vec::new())),
                Physical::DOUBLE => Ok(Values::Numbers(Vec::new())),
                Physical::BYTE_ARRAY => Ok(Values::Text(Vec::new())),
                other => Err(format!("column {} is of the unknown kind {other}", column.name())),
            };
            values.map(|values| Column { name: column.name().to_owned(), unit: String::new(), values })
        })
        .collect::<Result<_, _>>()?;
    if columns.is_empty() {
        return Err("it has no columns".to_owned());
    }
    let mut rows = 0u64;
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group).map_err(wrong)?;
        let own = u64::try_from(group.metadata().num_rows()).map_err(|_| "it is damaged: a negative size")?;
        rows = rows.saturating_add(own);
        if rows.saturating_mul(columns.len() as u64) > MOST_VALUES {
            return Err(format!(
                "it has {rows} rows of {} columns, but at most {MOST_VALUES} values can be read",
                columns.len()
            ));
        }
        for (index, column) in columns.iter_mut().enumerate() {
            check_pages(&*group, index, own).map_err(|error| format!("column {}: {error}", column.name))?;
            let reader = group.get_column_reader(index).map_err(wrong)?;
            let optional = kinds[index].max_def_level() > 0;
            append(&mut column.values, reader, own as usize, optional)
                .map_err(wrong)?
                .ok_or_else(|| format!("column {} has an unexpected kind", column.name))?;
            if column.values.len() as u64 != rows {
                let found = column.values.len();
                return Err(format!("column {} has {found} rows, but it must have {rows}", column.name));
            }
        }
    }
    Ok(Table { metadata: Default::default(), columns }.described(metadata))
}

fn wrong(error: ParquetError) -> String {
    format!("no Parquet file of this kind: {error}")
}

/// Checks that pages hold what they say: a decoder makes room for all of it at once.
fn check_pages(group: &dyn RowGroupReader, column: usize, rows: u64) -> Result<(), String> {
    let mut pages = group.get_column_page_reader(column).map_err(wrong)?;
    let mut found = 0;
    while let Some(page) = pages.get_next_page().map_err(wrong)? {
        let count = u64::from(page.num_values());
        match page {
            // Its values take at least four bytes each.
            Page::DictionaryPage { buf, .. } if count > buf.len() as u64 / 4 => {
                return Err(format!("a dictionary of {count} values in {} bytes", buf.len()));
            }
            Page::DictionaryPage { .. } => {}
            Page::DataPage { encoding, .. } | Page::DataPageV2 { encoding, .. } => {
                found += count;
                if !matches!(
                    encoding,
                    Encoding::PLAIN | Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY
                ) {
                    return Err(format!("the encoding {encoding} is not read"));
                }
            }
        }
    }
    if found == rows { Ok(()) } else { Err(format!("{found} rows, but it must have {rows}")) }
}

fn append(
    values: &mut Values,
    reader: ColumnReader,
    rows: usize,
    optional: bool,
) -> Result<Option<()>, ParquetError> {
    match (values, reader) {
        (Values::Counts(values), ColumnReader::Int64ColumnReader(reader)) => {
            for value in records(reader, rows, optional)? {
                let missing = || ParquetError::General("a whole number is missing".to_owned());
                values.push(value.ok_or_else(missing)? as u64);
            }
        }
        (Values::Numbers(values), ColumnReader::DoubleColumnReader(reader)) => {
            let numbers = records(reader, rows, optional)?;
            values.extend(numbers.into_iter().map(|value| value.unwrap_or(f64::NAN)));
        }
        (Values::Text(values), ColumnReader::ByteArrayColumnReader(reader)) => {
            let text = |bytes: ByteArray| String::from_utf8_lossy(bytes.data()).into_owned();
            values.extend(records(reader, rows, optional)?.into_iter().map(|value| value.map(text)));
        }
        _ => return Ok(None),
    }
    Ok(Some(()))
}

/// The records of a column, as many as there are up to `rows`.
fn records<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    optional: bool,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let mut all = Vec::new();
    let (mut levels, mut found) = (Vec::new(), Vec::new());
    while all.len() < rows {
        levels.clear();
        found.clear();
        let most = BATCH.min(rows - all.len());
        let (read, _, _) = reader.read_records(most, optional.then_some(&mut levels), None, &mut found)?;
        if read == 0 {
            break;
        }
        let mut present = found.drain(..);
        if optional {
            // Where there is a value, the level is 1.
            all.extend(levels.iter().map(|&level| if level > 0 { present.next() } else { None }));
        } else {
            all.extend(present.map(Some));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by flipping bits; each made the reader of the crate panic, or gave columns of different lengths.
    const DAMAGED: [&[u8]; 3] = [
        include_bytes!("../../tests/data/flip-2208.parquet"),
        include_bytes!("../../tests/data/metadata-1043.parquet"),
        include_bytes!("../../tests/data/result-158.parquet"),
    ];

    #[test]
    fn damaged_files_are_errors() {
        for bytes in DAMAGED {
            let read = super::super::foreign::contained(|| read(bytes.to_vec()));
            assert!(read.is_err());
        }
    }

    #[test]
    fn whole_numbers_beyond_the_signed_range_are_unsigned() {
        let mut table = Table::new("test", []);
        table.push("seed", "", vec![0, (1 << 53) + 1, 1 << 63, u64::MAX]);
        let bytes = file(&table).unwrap();
        assert_eq!(read(bytes.clone()).unwrap(), table);
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let column = reader.metadata().file_metadata().schema_descr().column(0);
        assert_eq!(column.logical_type_ref(), Some(&LogicalType::integer(64, false)));
        assert_eq!(column.converted_type(), ::parquet::basic::ConvertedType::UINT_64);
    }

    #[test]
    fn every_flipped_byte_gives_an_error_or_a_table() {
        let mut table = Table::new("test", []);
        table.push("n", "", Values::Counts(vec![1, 2, 3]));
        table.push("x", "", vec![Some(0.5), None, Some(2.0)]);
        table.push("word", "", Values::Text(vec![Some("a".to_owned()), None, None]));
        let good = file(&table).unwrap();
        assert_eq!(read(good.clone()).unwrap(), table);
        for place in 0..good.len() {
            for value in [good[place] ^ 1, good[place] ^ 0x80, 0xff, 0] {
                let mut bytes = good.clone();
                bytes[place] = value;
                // Neither a panic that leaves it, nor columns of different lengths.
                if let Ok(table) = super::super::foreign::contained(|| read(bytes)) {
                    assert_eq!(table.unequal(), None, "byte {place} = {value}");
                }
            }
        }
        for end in 0..good.len() {
            assert!(super::super::foreign::contained(|| read(good[..end].to_vec())).is_err());
        }
    }
}
