//! Journals that were damaged: the table is that of an undisturbed run, or an error says what is wrong.

use overlap_lab::Table;
use overlap_lab::sweep::{Outcome, Sweep, SweepOptions};
use overlap_runtime::{Activation, DynSystem, Error, Silent};
use std::fs;
use std::path::Path;

const SWEEP: &str = "
run = 'both'
[problem]
initial = { dimension = 20 }
[grid]
noise = [0.0, 0.1]
seed = [1, 9007199254740993]
[record]
until = 1
times = [0.5]
[sgd]
replicas = 2
[[event]]
when = 'risk below'
value = 1e-3
";

fn system() -> DynSystem {
    DynSystem::new(1, 2, Activation::Erf, false).unwrap()
}

fn run(text: &str, folder: &Path, threads: usize) -> Result<Outcome, Error> {
    let system = system();
    Sweep::parse(text, &system).unwrap().run(&system, &SweepOptions::new(folder).threads(threads), &Silent)
}

/// An undisturbed run: its table and its journal.
fn undisturbed(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let outcome = run(SWEEP, folder, 1).unwrap();
    assert!(outcome.remarks.is_empty() && outcome.table.is_some());
    (fs::read(folder.join("table.csv")).unwrap(), fs::read(folder.join("journal.jsonl")).unwrap())
}

/// The table of a run that goes on with this journal, and what it remarks.
fn resumed(folder: &Path, journal: &[u8]) -> Result<(Vec<u8>, Vec<String>), Error> {
    fs::write(folder.join("journal.jsonl"), journal).unwrap();
    let remarks = run(SWEEP, folder, 1)?.remarks;
    Ok((fs::read(folder.join("table.csv")).unwrap(), remarks))
}

/// As versions without checksums wrote it.
fn without_checks(journal: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(journal).unwrap();
    text.lines().map(|line| format!("{}}}", line.rsplit_once(",\"check\":").unwrap().0)).collect()
}

#[test]
fn no_flipped_bit_changes_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let (table, journal) = undisturbed(folder.path());
    for flip in 0..120 {
        let mut bytes = journal.clone();
        let place = (flip * 7919 * 8 / 7) % (8 * bytes.len());
        bytes[place / 8] ^= 1 << (place % 8);
        let (found, remarks) = resumed(folder.path(), &bytes).unwrap();
        assert_eq!(found, table, "bit {place}");
        let header = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let last = place / 8 == bytes.len() - 1;
        assert_eq!(remarks.is_empty(), place / 8 < header || last, "bit {place}: {remarks:?}");
        // What was computed again stands in the journal.
        assert!(run(SWEEP, folder.path(), 1).unwrap().remarks.is_empty());
    }
}

#[test]
fn lines_may_be_cut_off_swapped_or_doubled() {
    let folder = tempfile::tempdir().unwrap();
    let (table, journal) = undisturbed(folder.path());
    let lines: Vec<&[u8]> = journal.split_inclusive(|byte| *byte == b'\n').collect();
    let mut variants: Vec<Vec<u8>> =
        (0..journal.len()).step_by(97).map(|length| journal[..length].to_vec()).collect();
    variants.push([lines[0], lines[3], lines[1], lines[2], lines[4]].concat());
    variants.push([lines[1], lines[0], lines[1], lines[4], lines[4]].concat());
    variants.push([b"\n", lines[2], b"{}\n", lines[0]].concat());
    for variant in variants {
        assert_eq!(
            resumed(folder.path(), &variant).unwrap().0,
            table,
            "{}",
            String::from_utf8_lossy(&variant)
        );
    }
    // Lines of another sweep, under this one's header.
    let other = tempfile::tempdir().unwrap();
    run(&SWEEP.replace("0.1", "0.2"), other.path(), 1).unwrap();
    let foreign = fs::read(other.path().join("journal.jsonl")).unwrap();
    let rows = foreign.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let (found, remarks) = resumed(folder.path(), &[lines[0], &foreign[rows..]].concat()).unwrap();
    assert_eq!(found, table);
    assert!(remarks[0].contains("lines 2, 3, 4, 5 cut off, damaged or of another sweep"), "{remarks:?}");
    let error = resumed(folder.path(), &foreign).unwrap_err().to_string();
    assert!(error.contains("the journal is of another sweep"), "{error}");
    let error = resumed(folder.path(), &[&journal[..], &foreign[..]].concat()).unwrap_err().to_string();
    assert!(error.contains("the journal is of another sweep"), "{error}");
}

#[test]
fn journals_without_checksums_are_read_and_rows_that_cannot_be_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (table, journal) = undisturbed(folder.path());
    let old = without_checks(&journal);
    let resumed = |lines: &[String]| resumed(folder.path(), (lines.join("\n") + "\n").as_bytes()).unwrap();
    assert_eq!(resumed(&old), (table.clone(), vec![]));
    assert_eq!(
        fs::read_to_string(folder.path().join("journal.jsonl")).unwrap().lines().count(),
        5,
        "nothing is run"
    );

    let doubled = |line: &str, spaces: bool| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        for value in value["values"].as_array_mut().unwrap() {
            if let Some(number) = value.as_f64() {
                *value = (2.0 * number).into();
            }
        }
        if spaces { value.to_string().replace(',', ", ") } else { value.to_string() }
    };
    for spaces in [false, true] {
        let mut lines = old.clone();
        lines[2] = doubled(&old[2], spaces);
        let (found, remarks) = resumed(&lines);
        assert_eq!(found, table);
        assert!(remarks.len() == 1 && remarks[0].contains("line 3 cut off, damaged"), "{remarks:?}");
    }
    // Two rows of a point that differ: neither counts.
    let mut lines = old.clone();
    let number = lines[1].rsplit(',').nth(1).unwrap().to_owned();
    lines.push(lines[1].replace(&number, "0.5"));
    assert_ne!(lines[1], lines[5]);
    assert_eq!(resumed(&lines).0, table);
}

#[test]
fn threads_are_no_more_than_the_points() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = run(SWEEP, folder.path(), 100_000).unwrap();
    assert_eq!(outcome.remarks, ["threads = 100000, but 8 are all that have something to do"]);
    let single = tempfile::tempdir().unwrap();
    let (table, _) = undisturbed(single.path());
    assert_eq!(fs::read(folder.path().join("table.csv")).unwrap(), table);
    assert!(Table::read(folder.path().join("table.csv")).is_ok());
}
