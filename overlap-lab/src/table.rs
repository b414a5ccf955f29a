//! Result tables: named columns with units, and the metadata they can be made again from, as CSV, NPZ and Parquet.

mod csv;
mod foreign;
mod npz;
#[cfg(feature = "parquet")]
mod parquet;
mod results;

use overlap_runtime::Error;
use serde_json::{Map, Value, json};
use std::path::Path;

pub(crate) use results::{comparison, ensemble, trajectory};

/// A table is read into memory whole; a file beyond this is another kind of file.
const MOST_BYTES: u64 = 4 << 30;

/// A table of results, one column for each quantity.
///
/// Written as CSV, NPZ or (with the feature `parquet`) Parquet it holds its own [`metadata`](Self::metadata): what was
/// computed, from which problem, by which version, and the units of the columns.
///
/// | | metadata | missing numbers | text |
/// | --- | --- | --- | --- |
/// | CSV | first line, `# {...}` | empty | as it is |
/// | Parquet | `key_value_metadata`, key `overlap` | null | UTF-8 |
/// | NPZ | array `metadata`, JSON in bytes | NaN | bytes, UTF-8 |
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(crate) metadata: Map<String, Value>,
    pub(crate) columns: Vec<Column>,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, e.g. `ode_risk`.
    pub name: String,
    /// Unit or meaning, e.g. `steps / d`; may be empty.
    pub unit: String,
    /// The values, row by row.
    pub values: Values,
}

/// The values of a [`Column`]; made of vectors of numbers, of text, and of options of both.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Values {
    /// Numbers; NaN where one is missing.
    Numbers(Vec<f64>),
    /// Whole numbers.
    Counts(Vec<u64>),
    /// Text, some of which may be missing.
    Text(Vec<Option<String>>),
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(values) => values.len(),
            Values::Counts(values) => values.len(),
            Values::Text(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as numbers: `None` where one is missing or is no number.
    pub fn numbers(&self) -> Vec<Option<f64>> {
        match self {
            Values::Numbers(values) => values.iter().map(|&value| present(value)).collect(),
            Values::Counts(values) => values.iter().map(|&value| Some(value as f64)).collect(),
            Values::Text(values) => {
                values.iter().map(|value| value.as_deref().and_then(number).flatten()).collect()
            }
        }
    }

    /// The value of a row as text, empty where it is missing.
    pub(crate) fn text(&self, row: usize) -> String {
        match self {
            Values::Numbers(values) => {
                present(values[row]).map(|value| value.to_string()).unwrap_or_default()
            }
            Values::Counts(values) => values[row].to_string(),
            Values::Text(values) => values[row].clone().unwrap_or_default(),
        }
    }
}

/// A number unless it is missing.
fn present(value: f64) -> Option<f64> {
    Some(value).filter(|value| !value.is_nan())
}

/// Numbers that are missing in the same rows are the same.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Values::Numbers(one), Values::Numbers(other)) => {
                let same = |(one, other): (&f64, &f64)| present(*one) == present(*other);
                one.len() == other.len() && one.iter().zip(other).all(same)
            }
            (Values::Counts(one), Values::Counts(other)) => one == other,
            (Values::Text(one), Values::Text(other)) => one == other,
            _ => false,
        }
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Self {
        Values::Numbers(values)
    }
}

impl From<Vec<Option<f64>>> for Values {
    fn from(values: Vec<Option<f64>>) -> Self {
        Values::Numbers(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}

impl From<Vec<u64>> for Values {
    fn from(values: Vec<u64>) -> Self {
        Values::Counts(values)
    }
}

impl From<Vec<String>> for Values {
    fn from(values: Vec<String>) -> Self {
        Values::Text(values.into_iter().map(Some).collect())
    }
}

impl From<Vec<Option<String>>> for Values {
    fn from(values: Vec<Option<String>>) -> Self {
        Values::Text(values)
    }
}

/// The number a text says: `Some(None)` for one that is missing or no number of any size (NaN, in any case).
fn number(text: &str) -> Option<Option<f64>> {
    match text.trim() {
        "" => Some(None),
        text => text.parse::<f64>().ok().map(|value| Some(value).filter(|value| !value.is_nan())),
    }
}

/// A format of result files, by extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Npz,
    Parquet,
}

impl Format {
    /// By the extension of `path`; anything unknown is CSV.
    pub(crate) fn of(path: &Path) -> Self {
        match path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase().as_str() {
            "npz" => Format::Npz,
            "parquet" => Format::Parquet,
            _ => Format::Csv,
        }
    }

    /// Whether this build can write it.
    pub(crate) fn check(self, path: &Path) -> Result<(), Error> {
        if self == Format::Parquet && cfg!(not(feature = "parquet")) {
            let message = "this program was built without Parquet (cargo build --features parquet); \
                           a name in .csv or .npz works"
                .to_owned();
            return Err(Error::File { path: path.to_owned(), message });
        }
        Ok(())
    }
}

impl Table {
    /// A table without columns yet, with metadata: the `kind` of result and further fields.
    ///
    /// ```
    /// use overlap::Table;
    /// let mut table = Table::new("floor", [("gamma_0", 8.0.into())]);
    /// table.push("d", "", vec![100_u64, 1000]);
    /// table.push("floor", "R - noise / 2", vec![8.5e-6, 8.4e-7]);
    /// table.push("error", "", vec![None, Some(1e-8)]);
    /// assert_eq!((table.rows(), &table.metadata()["gamma_0"]), (2, &8.0.into()));
    /// ```
    pub fn new(kind: &str, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let mut metadata = Map::new();
        metadata.insert("overlap".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        metadata.insert("kind".to_owned(), json!(kind));
        metadata.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        Table { metadata, columns: Vec::new() }
    }

    /// Adds a column; [`save`](Self::save) expects all of one length.
    pub fn push(&mut self, name: impl Into<String>, unit: impl Into<String>, values: impl Into<Values>) {
        let (name, unit, values) = (name.into(), unit.into(), values.into());
        self.columns.push(Column { name, unit, values });
    }

    /// What the table is and what it was made from; `units` are those of the columns.
    pub fn metadata(&self) -> Value {
        let mut metadata = self.metadata.clone();
        let units = self.columns.iter().filter(|column| !column.unit.is_empty());
        metadata.insert(
            "units".to_owned(),
            units.map(|column| (column.name.clone(), json!(column.unit))).collect::<Map<_, _>>().into(),
        );
        Value::Object(metadata)
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// The rows of these numbers, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Self {
        fn pick<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| values[row].clone()).collect()
        }
        let mut table = self.clone();
        for column in &mut table.columns {
            column.values = match &column.values {
                Values::Numbers(values) => Values::Numbers(pick(values, rows)),
                Values::Counts(values) => Values::Counts(pick(values, rows)),
                Values::Text(values) => Values::Text(pick(values, rows)),
            };
        }
        table
    }

    /// Sets units and metadata from what a file says.
    fn described(mut self, metadata: Option<Value>) -> Self {
        if let Some(Value::Object(mut metadata)) = metadata {
            if let Some(Value::Object(units)) = metadata.remove("units") {
                for column in &mut self.columns {
                    if let Some(Value::String(unit)) = units.get(&column.name) {
                        column.unit.clone_from(unit);
                    }
                }
            }
            self.metadata = metadata;
        }
        self
    }

    /// Writes the table, in the format of the extension of `path`: `.npz`, `.parquet`, anything else CSV. The file
    /// appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`] for Parquet without the feature `parquet`, and [`Error::Shape`] for columns of different
    /// lengths.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let rows = self.rows();
        if let Some(column) = self.columns.iter().find(|column| column.values.len() != rows) {
            return Err(Error::Shape {
                quantity: format!("column {}", column.name),
                found: format!("{} rows", column.values.len()),
                expected: format!("{rows} rows, as many as column {}", self.columns[0].name),
            });
        }
        let format = Format::of(path);
        format.check(path)?;
        overlap_runtime::write_atomically(path, |writer| {
            let written = match format {
                Format::Csv => csv::write(self, true, writer),
                Format::Npz => npz::write(self, writer),
                #[cfg(feature = "parquet")]
                Format::Parquet => parquet::write(self, writer),
                #[cfg(not(feature = "parquet"))]
                Format::Parquet => Ok(()),
            };
            written.map_err(Error::io(path, "write"))
        })
    }

    /// What is wrong with the lengths of its columns.
    fn unequal(&self) -> Option<String> {
        let rows = self.rows();
        let column = self.columns.iter().find(|column| column.values.len() != rows)?;
        let (name, found, first) = (&column.name, column.values.len(), &self.columns[0].name);
        Some(format!("column {name} has {found} rows, but column {first} has {rows}"))
    }

    /// CSV without metadata.
    pub(crate) fn write_csv(&self, writer: &mut dyn std::io::Write) -> std::io::Result<()> {
        csv::write(self, false, writer)
    }

    /// Reads a table from a file of one of the formats, of at most 4 GiB; CSV without metadata too.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::File`] if the file is no such table, is damaged, or is larger.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let format = Format::of(path);
        format.check(path)?;
        let bytes = overlap_runtime::internal::read_file(path, MOST_BYTES, "a table of results")?;
        let table = foreign::contained(|| match format {
            Format::Csv => csv::read(&bytes),
            Format::Npz => npz::read(&bytes),
            #[cfg(feature = "parquet")]
            Format::Parquet => parquet::read(bytes),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => Err("no Parquet".to_owned()),
        });
        let table = table.and_then(|table| table.unequal().map_or(Ok(table), Err));
        table.map_err(|message| Error::File { path: path.to_owned(), message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_different_lengths_are_not_written() {
        let mut table = Table::new("test", []);
        table.push("d", "", Values::Counts(vec![1, 2]));
        table.push("risk", "", vec![None::<f64>]);
        let path = std::env::temp_dir().join("overlap_unequal_columns.csv");
        let error = table.save(&path).unwrap_err().to_string();
        assert!(
            error.contains("column risk") && error.contains("1 rows") && error.contains("2 rows"),
            "{error}"
        );
        assert!(!path.exists());
    }
}
