//! Tables as Parquet: one row group, plain columns, the metadata under the key `overlap`.

use super::{Column, Table, Values};
use ::parquet::basic::{LogicalType, Repetition, Type as Physical};
use ::parquet::column::reader::ColumnReader;
use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
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
            Values::Counts(_) => (Physical::INT64, None, Repetition::REQUIRED),
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
                let present: Vec<f64> = values.iter().flatten().copied().collect();
                place.typed::<DoubleType>().write_batch(&present, Some(&levels(values)), None)?;
            }
            Values::Text(values) => {
                let present: Vec<_> = values.iter().flatten().map(|text| text.as_str().into()).collect();
                place.typed::<ByteArrayType>().write_batch(&present, Some(&levels(values)), None)?;
            }
        }
        place.close()?;
    }
    rows.close()?;
    writer.into_inner()
}

/// 1 where there is a value, 0 where it is missing.
fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values.iter().map(|value| i16::from(value.is_some())).collect()
}

/// Reads a table as [`write`] writes it.
pub(super) fn read(bytes: Vec<u8>) -> Result<Table, String> {
    let wrong = |error: ParquetError| format!("no Parquet file of this kind: {error}");
    let file = SerializedFileReader::new(Bytes::from(bytes)).map_err(wrong)?;
    let about = file.metadata().file_metadata();
    let entries = about.key_value_metadata().into_iter().flatten();
    let text = entries.filter(|entry| entry.key == METADATA).find_map(|entry| entry.value.as_ref());
    let metadata = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let mut columns: Vec<Column> = about
        .schema_descr()
        .columns()
        .iter()
        .map(|column| {
            let values = match column.physical_type() {
                Physical::INT64 => Ok(Values::Counts(Vec::new())),
                Physical::DOUBLE => Ok(Values::Numbers(Vec::new())),
                Physical::BYTE_ARRAY => Ok(Values::Text(Vec::new())),
                other => Err(format!("column {} is of the unknown kind {other}", column.name())),
            };
            values.map(|values| Column { name: column.name().to_owned(), unit: String::new(), values })
        })
        .collect::<Result<_, _>>()?;
    for group in 0..file.num_row_groups() {
        let group = file.get_row_group(group).map_err(wrong)?;
        let rows = group.metadata().num_rows() as usize;
        for (index, column) in columns.iter_mut().enumerate() {
            let reader = group.get_column_reader(index).map_err(wrong)?;
            append(&mut column.values, reader, rows)
                .map_err(wrong)?
                .ok_or_else(|| format!("column {} has an unexpected kind", column.name))?;
        }
    }
    Ok(Table { metadata: Default::default(), columns }.described(metadata))
}

fn append(values: &mut Values, reader: ColumnReader, rows: usize) -> Result<Option<()>, ParquetError> {
    let mut levels = Vec::new();
    match (values, reader) {
        (Values::Counts(values), ColumnReader::Int64ColumnReader(mut reader)) => {
            let mut found = Vec::new();
            reader.read_records(rows, None, None, &mut found)?;
            values.extend(found.into_iter().map(|value| value as u64));
        }
        (Values::Numbers(values), ColumnReader::DoubleColumnReader(mut reader)) => {
            let mut found = Vec::new();
            reader.read_records(rows, Some(&mut levels), None, &mut found)?;
            values.extend(spread(levels, found));
        }
        (Values::Text(values), ColumnReader::ByteArrayColumnReader(mut reader)) => {
            let mut found: Vec<ByteArray> = Vec::new();
            reader.read_records(rows, Some(&mut levels), None, &mut found)?;
            let text = |bytes: ByteArray| String::from_utf8_lossy(bytes.data()).into_owned();
            values.extend(spread(levels, found).map(|value| value.map(text)));
        }
        _ => return Ok(None),
    }
    Ok(Some(()))
}

/// Puts the values that are there in their rows.
fn spread<T>(levels: Vec<i16>, found: Vec<T>) -> impl Iterator<Item = Option<T>> {
    let mut found = found.into_iter();
    levels.into_iter().map(move |level| if level > 0 { found.next() } else { None })
}
