//! Long simulations saved to a file: interrupted, killed, continued bit for bit; files that are not theirs are left alone.

#[path = "support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;

use nalgebra::DMatrix;
use overlap::{
    Algorithm, Ensemble, Error, Initial, Monitor, Precision, Problem, SimulateOptions, Simulator, simulate,
    simulate_monitored,
};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use textbook::Textbook;

const TIMES: [f64; 3] = [0.5, 1.7, 4.0];

fn system() -> Textbook {
    Textbook::new(2, 3, true)
}

fn problem(batch: usize) -> Problem {
    let initial = Initial::Given { m: DMatrix::repeat(2, 3, 0.1), q: DMatrix::identity(3, 3) };
    Problem::builder(2, 3).noise(0.1).batch(batch).initial(initial).build().unwrap()
}

fn options(simulator: Simulator, replicas: usize) -> SimulateOptions {
    SimulateOptions::default()
        .simulator(simulator)
        .dimension(if simulator == Simulator::Direct { 3000 } else { 100_000 })
        .replicas(replicas)
        .keep_replicas(true)
        .covariance(true)
        .quantiles([0.1, 0.5])
        .checkpoint_interval(Duration::ZERO)
}

/// Every number to the last digit; the spread of a single replica is NaN, which is not equal to itself.
fn assert_same(one: &Ensemble, other: &Ensemble) {
    assert!(format!("{one:?}") == format!("{other:?}"));
}

/// Stops after so many questions.
struct Patience(AtomicUsize);

impl Monitor for Patience {
    fn should_stop(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err()
    }
}

/// Interrupted again and again, on one thread and on several, until it is done.
#[test]
fn interruptions_leave_no_trace() {
    let direct = |replicas| options(Simulator::Direct, replicas);
    let reduced = |replicas| options(Simulator::Reduced, replicas);
    for (asked, batch) in [
        (direct(3), 1),
        (direct(2), 3),
        (direct(2).precision(Precision::Single), 1),
        // Several passes.
        (direct(2).algorithm(Algorithm::MultiPass { samples: 500 }), 3),
        (reduced(1).algorithm(Algorithm::Population), 1),
        (reduced(1), 1),
        (reduced(2), 5),
        (reduced(17), 1),
    ] {
        let (system, problem, folder) = (system(), problem(batch), TempDir::new().unwrap());
        let whole = simulate(&system, &problem, &TIMES, &asked).unwrap();
        let saved = asked.clone().checkpoint(folder.path().join("run"));
        let mut interruptions = 0;
        let continued = loop {
            let options = saved.clone().threads(1 + interruptions % 3);
            let monitor = Patience(AtomicUsize::new(4 + interruptions % 5));
            match simulate_monitored(&system, &problem, &TIMES, &options, &monitor) {
                Ok(ensemble) if ensemble.completed() => break ensemble,
                Ok(_) | Err(Error::Interrupted) => interruptions += 1,
                Err(other) => panic!("{other}"),
            }
        };
        assert!(interruptions > 1, "{asked:?}");
        assert_same(&continued, &whole);
        // What is finished is read back.
        let none = Patience(AtomicUsize::new(0));
        assert_same(&simulate_monitored(&system, &problem, &TIMES, &saved, &none).unwrap(), &whole);
    }
}

const FILE: &str = "OVERLAP_TEST_CHECKPOINT";

fn long(path: &Path) -> Result<Ensemble, Error> {
    let options = options(Simulator::Auto, 9).checkpoint(path);
    simulate(&system(), &problem(1), &TIMES, &options)
}

/// Run by `a_killed_process_is_continued` in a process of its own; alone it does nothing.
#[test]
fn child() {
    if let Some(path) = std::env::var_os(FILE) {
        long(Path::new(&path)).unwrap();
    }
}

#[test]
fn a_killed_process_is_continued() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("run");
    let mut kills = 0;
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child"])
            .env(FILE, &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Three times saved, each time a new file in the place of the old.
        let state = || std::fs::read(&path).unwrap_or_default();
        let mut last = state();
        for _ in 0..3 {
            while state() == last && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            last = state();
        }
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(kills > 0, "the child was never killed at work");
    let whole = simulate(&system(), &problem(1), &TIMES, &options(Simulator::Auto, 9)).unwrap();
    assert_same(&long(&path).unwrap(), &whole);
}

#[test]
fn other_files_are_named_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("run");
    let small = options(Simulator::Reduced, 1).dimension(50).checkpoint(&path);
    let run = |options: &SimulateOptions, batch| simulate(&system(), &problem(batch), &TIMES, options);
    let refused = |options: &SimulateOptions, batch, message: &str| {
        let before = std::fs::read(&path).unwrap();
        let error = run(options, batch).unwrap_err();
        assert!(matches!(error, Error::File { .. }) && error.to_string().contains(message), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    };
    std::fs::write(&path, "my thesis\n").unwrap();
    refused(&small, 1, "no checkpoint");
    std::fs::remove_file(&path).unwrap();

    let whole = run(&small, 1).unwrap();
    let good = std::fs::read(&path).unwrap();
    refused(&small.clone().seed(1), 1, "it has seed = 0, this one seed = 1");
    refused(&small.clone().dimension(51), 1, "it has dimension = 50, this one dimension = 51");
    refused(&small.clone().simulator(Simulator::Direct), 1, "it has simulator = Reduced");
    refused(&small, 2, "it has parameters");
    refused(&small.clone().algorithm(Algorithm::Population), 1, "it has algorithm = (OnePass, Double)");
    refused(&small.clone().quantiles([]), 1, "it has replicas = ");
    // Cut anywhere, or with any byte changed.
    for length in (1..good.len()).step_by(97) {
        std::fs::write(&path, &good[..length]).unwrap();
        refused(&small, 1, "");
        let mut changed = good.clone();
        changed[length] ^= 4;
        std::fs::write(&path, &changed).unwrap();
        refused(&small, 1, "");
    }
    std::fs::write(&path, &good).unwrap();
    assert_same(&run(&small, 1).unwrap(), &whole);
}

/// A disk that is full between two questions, and a third at which it is enough.
#[cfg(target_os = "linux")]
struct FullDisk<'a> {
    path: &'a Path,
    full_from: usize,
    full_until: usize,
    stop_at: usize,
    questions: AtomicUsize,
    warnings: std::sync::Mutex<Vec<String>>,
}

#[cfg(target_os = "linux")]
impl Monitor for FullDisk<'_> {
    fn should_stop(&self) -> bool {
        let question = self.questions.fetch_add(1, Ordering::SeqCst);
        let aside = self.path.with_extension("aside");
        if question == self.full_from {
            // Where the checkpoint was, writing is answered with "no space left on device".
            std::fs::rename(self.path, aside).unwrap();
            std::os::unix::fs::symlink("/dev/full", self.path).unwrap();
        } else if question == self.full_until {
            std::fs::rename(aside, self.path).unwrap();
        }
        question >= self.stop_at
    }

    fn warning(&self, message: &str) {
        self.warnings.lock().unwrap().push(message.to_owned());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_costs_no_result() {
    const NEVER: usize = usize::MAX;
    let (system, problem) = (system(), problem(1));
    let options = options(Simulator::Direct, 2).threads(1);
    let whole = simulate(&system, &problem, &TIMES, &options).unwrap();
    let run = |full_from, full_until, stop_at| {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("run");
        let (questions, warnings) = Default::default();
        let disk = FullDisk { path: &path, full_from, full_until, stop_at, questions, warnings };
        let options = options.clone().checkpoint(&path);
        let result = simulate_monitored(&system, &problem, &TIMES, &options, &disk);
        if full_until == NEVER {
            // What was saved last is whole, and goes on to the same end.
            std::fs::rename(path.with_extension("aside"), &path).unwrap();
            assert_same(&simulate(&system, &problem, &TIMES, &options).unwrap(), &whole);
        }
        (result, disk.questions.into_inner(), disk.warnings.into_inner().unwrap())
    };
    // Full when the first output time is reached, and no longer at the second.
    let (result, questions, warnings) = run(3, 20, NEVER);
    assert_same(&result.unwrap(), &whole);
    assert!(!warnings.is_empty() && warnings[0].contains("No space left on device"), "{warnings:?}");
    // Full until the end, reached or interrupted.
    for (stop_at, rows) in [(NEVER, 3), (questions - 1, 2), (4, 0)] {
        let (result, _, warnings) = run(3, NEVER, stop_at);
        let Err(Error::Checkpoint { cause, partial }) = result else { panic!("{result:?}") };
        assert!(matches!(*cause, Error::Io { .. }) && cause.to_string().contains("No space left"), "{cause}");
        assert_eq!((partial.len(), partial.completed()), (rows, rows == 3));
        if rows == 3 {
            assert_same(&partial, &whole);
        }
        assert!(rows == 0 || !warnings.is_empty());
    }
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let run = |path: &str| {
        let options = options(Simulator::Reduced, 1).checkpoint(path);
        simulate(&system(), &problem(1), &[1e9], &options).unwrap_err()
    };
    assert!(matches!(run("/no such folder/run"), Error::Io { .. }));
    // A full disk.
    #[cfg(target_os = "linux")]
    assert!(matches!(run("/dev/full"), Error::Io { .. }));
}
