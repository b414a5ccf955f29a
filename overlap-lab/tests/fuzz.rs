//! Damaged files: problems, sweeps, tables, checkpoints, journals. Nothing panics, what is read again is what was
//! written, and a damaged checkpoint or journal never changes a result: it is that of an undisturbed run, or an error.
//!
//! A short seeded run here; `OVERLAP_FUZZ_CASES=1000000 cargo test --release -p overlap-lab --test fuzz` is the long one of
//! docs/reliability.md. A failure names its case.

#[path = "../../tests/support/mutate.rs"]
mod mutate;

use mutate::{Draws, cases};
use overlap_lab::Table;
use overlap_lab::sweep::{Sweep, SweepOptions};
use overlap_runtime::{
    Activation, DynSystem, Error, Problem, Silent, SimulateOptions, Simulator, evaluate, simulate,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

/// Runs the cases of a target; a panic names its case.
fn fuzz(target: &str, default: u64, mut one: impl FnMut(&mut Draws)) {
    for case in 0..cases(default) {
        let mut draws = Draws::new(case);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| one(&mut draws))) {
            eprintln!("{target}: case {case}");
            std::panic::resume_unwind(panic);
        }
    }
}

fn system() -> DynSystem {
    DynSystem::new(1, 2, Activation::Erf, false).unwrap()
}

const PROBLEM: &str = r#"{"k": 1, "p": 2, "activation": "erf", "student_scale": 0.5, "teacher_scale": "committee",
  "learning_rate": 1.5, "noise": 1e-3, "learning_rate_schedule": {"time": 10, "exponent": 0.5},
  "noise_schedule": {"piecewise": [[0, 1], [100, 0.1]]}, "batch": 3, "P": [[1.25]], "a_star": [1], "a": [0.5, -1],
  "M": [[0.1, -0.2]], "Q": [[1, 0.25], [0.25, 0.75]], "comment": "for a start"}"#;

#[test]
fn problem_files() {
    let corpus: Vec<Vec<u8>> = [
        PROBLEM,
        r#"{"k": 2, "p": 3, "initial": {"dimension": 100, "seed": 7, "variance": 0.5}}"#,
        r#"{"k": 1, "p": 2, "initial": {"alignment": 0.1}, "second_layer_rate": 0.5}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    let system = system();
    fuzz("problem files", 3000, |draws| {
        let bytes = draws.damaged(&corpus);
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        let Ok(problem) = Problem::from_json(text) else { return };
        let again = Problem::from_json(&problem.to_json()).expect("what is written is read");
        assert_eq!(again, problem);
        if let Ok(found) = evaluate(&system, &problem) {
            assert!(found.risk.is_finite());
        }
    });
}

const SWEEP: &str = "name = 'small'\n[problem]\ninitial = { alignment = 0.1 }\nnoise = 1e-3\n[grid]\n\
    learning_rate = { from = 0.5, to = 2, points = 3, log = true }\nbatch = [1, 2]\n[ode]\nmethod = 'dopri5'\n[record]\n\
    until = 2\ntimes = { from = 0, to = 1, step = 0.5 }\nobservables = ['risk', 'M_1_1']\n[[event]]\nwhen = 'risk below'\nvalue = 0.05\n";

#[test]
fn sweep_files() {
    let other = "run = 'both'\n[problem]\ninitial = { dimension = 50 }\n[list]\nseed = { from = 3, to = 5 }\nnoise = [0, 0.1, 0.2]\n\
        [sgd]\nreplicas = 2\nsimulator = 'reduced'\n[record]\nuntil = 1\n";
    let corpus = [SWEEP, other].map(|text| text.as_bytes().to_vec());
    let system = system();
    fuzz("sweep files", 3000, |draws| {
        let bytes = draws.damaged(&corpus);
        let Ok(text) = std::str::from_utf8(&bytes) else { return };
        if let Ok(sweep) = Sweep::parse(text, &system) {
            assert!(!sweep.is_empty());
        }
    });
}

fn table() -> Table {
    let mut table = Table::new("fuzz", [("seed", 9_007_199_254_740_993_u64.into())]);
    table.push("t", "steps / d", vec![Some(0.0), Some(0.1), None, Some(f64::MIN_POSITIVE)]);
    table.push("seed", "", vec![0_u64, 1, u64::MAX, 1 << 53]);
    table.push(
        "error",
        "",
        vec![None, Some("a, \"b\"\nc".to_owned()), Some(String::new()), Some("é".into())],
    );
    table
}

#[test]
fn tables() {
    let folder = tempfile::tempdir().unwrap();
    let formats: &[&str] =
        if cfg!(feature = "parquet") { &["csv", "npz", "parquet"] } else { &["csv", "npz"] };
    let written = |format: &&str| {
        let path = folder.path().join("written").with_extension(format);
        table().save(&path).unwrap();
        assert!(Table::read(&path).unwrap().rows() == 4, "{format}");
        std::fs::read(path).unwrap()
    };
    let corpora: Vec<Vec<u8>> = formats.iter().map(written).collect();
    fuzz("tables", 1500, |draws| {
        let format = draws.below(formats.len());
        let path = folder.path().join("damaged").with_extension(formats[format]);
        std::fs::write(&path, draws.damaged(&corpora[format..=format])).unwrap();
        let Ok(table) = Table::read(&path) else { return };
        assert!(table.columns().iter().all(|column| column.values.len() == table.rows()));
    });
}

#[test]
fn checkpoints() {
    let (folder, system) = (tempfile::tempdir().unwrap(), system());
    let problem =
        Problem::from_json(r#"{"k": 1, "p": 2, "noise": 0.1, "initial": {"alignment": 0.1}}"#).unwrap();
    for (number, simulator) in [Simulator::Direct, Simulator::Reduced].into_iter().enumerate() {
        let path = folder.path().join(format!("checkpoint-{number}"));
        let options = SimulateOptions::default().dimension(10).replicas(2).simulator(simulator).threads(1);
        let times = [0.0, 0.5, 1.0];
        let undisturbed = simulate(&system, &problem, &times, &options).unwrap();
        let saving = options.checkpoint(&path).checkpoint_interval(Duration::ZERO);
        // Stopped half way, so that there is something left to go on with.
        let stop = |so_far: &overlap_runtime::Ensemble| so_far.times().len() == 2;
        overlap_runtime::simulate_until(&system, &problem, &times, &saving, &stop, &Silent).unwrap();
        let Ok(saved) = std::fs::read(&path) else { panic!("nothing was saved") };
        let corpus = [saved];
        fuzz("checkpoints", 500, |draws| {
            std::fs::write(&path, draws.damaged(&corpus)).unwrap();
            match simulate(&system, &problem, &times, &saving) {
                // Damage may fall on what carries nothing, or leave nothing at all.
                Ok(found) => assert!(found.risk() == undisturbed.risk()),
                Err(Error::File { path: named, .. }) => assert_eq!(named, path),
                Err(other) => panic!("{other}"),
            }
        });
    }
}

#[test]
fn journals() {
    let (folder, system) = (tempfile::tempdir().unwrap(), system());
    let sweep = Sweep::parse(SWEEP, &system).unwrap();
    let table_after = |journal: Option<&[u8]>| -> Result<String, Error> {
        std::fs::remove_file(folder.path().join("table.csv")).ok();
        if let Some(journal) = journal {
            std::fs::write(journal_of(folder.path()), journal).unwrap();
        }
        sweep.run(&system, &SweepOptions::new(folder.path()).threads(1), &Silent)?;
        Ok(std::fs::read_to_string(folder.path().join("table.csv")).unwrap())
    };
    let undisturbed = table_after(None).unwrap();
    let corpus = [std::fs::read(journal_of(folder.path())).unwrap()];
    fuzz("journals", 300, |draws| match table_after(Some(&draws.damaged(&corpus))) {
        Ok(table) => assert_eq!(table, undisturbed),
        Err(Error::File { path, .. }) => assert_eq!(path, journal_of(folder.path())),
        Err(other) => panic!("{other}"),
    });
}

/// The one journal in a folder.
fn journal_of(folder: &Path) -> std::path::PathBuf {
    let mut entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.extension().is_some_and(|extension| extension == "jsonl")).expect("a journal")
}
