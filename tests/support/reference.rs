//! Reads the reference data of `tests/data/reference`.

use nalgebra::{DMatrix, DVector};
use overlap_runtime::{Initial, Problem, Scale};
use serde_json::Value;
use std::path::PathBuf;

/// Folder of the reference data, also seen from the tests of a workspace member.
pub(crate) fn folder() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let inside = here.join("tests/data/reference");
    if inside.is_dir() { inside } else { here.join("../tests/data/reference") }
}

/// A file of the reference data as text.
pub(crate) fn text(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names (without extension) of the cases that start with `prefix` and are JSON, sorted.
pub(crate) fn cases(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".json")?.to_owned()))
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

/// The parsed JSON of a case.
pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(&format!("{name}.json"))).unwrap()
}

/// A vector of a case.
pub(crate) fn vector(value: &Value) -> DVector<f64> {
    DVector::from_vec(value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect())
}

/// A matrix of a case, given by rows.
pub(crate) fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<_> = value.as_array().unwrap().iter().map(|row| vector(row).transpose()).collect();
    DMatrix::from_rows(&rows)
}

/// Whether the case trains the second layer.
pub(crate) fn trained(case: &Value) -> bool {
    case["second_layer_rate"].as_f64().unwrap() != 0.0
}

/// k and p of the case.
pub(crate) fn sizes(case: &Value) -> (usize, usize) {
    (case["k"].as_u64().unwrap() as usize, case["p"].as_u64().unwrap() as usize)
}

/// The problem of a case.
pub(crate) fn problem(case: &Value) -> Problem {
    let number = |key: &str| case[key].as_f64().unwrap();
    let (k, p) = sizes(case);
    Problem::builder(k, p)
        .student_scale(Scale::Value(number("student_scale")))
        .teacher_scale(Scale::Value(number("teacher_scale")))
        .learning_rate(number("learning_rate"))
        .second_layer_rate(number("second_layer_rate"))
        .noise(number("noise"))
        .batch(case["batch"].as_u64().unwrap() as usize)
        .teacher_overlaps(matrix(&case["P"]))
        .a_star(vector(&case["a_star"]).iter().copied())
        .a(vector(&case["a"]).iter().copied())
        .initial(Initial::Given { m: matrix(&case["M"]), q: matrix(&case["Q"]) })
        .build()
        .unwrap()
}

/// The header and the rows of a case's CSV.
pub(crate) fn table(name: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = text(&format!("{name}.csv"));
    let mut lines = text.lines();
    let header = lines.next().unwrap().split(',').map(str::to_owned).collect();
    (header, lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect())
}
