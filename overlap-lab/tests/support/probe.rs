//! A system that watches how it is used, and command lines run on it inside the test.
#![allow(dead_code)]

use crate::textbook::Textbook;
use crate::watched::Watched;
use overlap_lab::cli::{DONE, Streams, run_from};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A textbook system that counts its evaluations and may ask for an interruption at one of them.
pub(crate) struct Probe {
    pub(crate) inner: Textbook,
    pub(crate) calls: AtomicUsize,
    pub(crate) interrupt_at: usize,
    pub(crate) interrupt: AtomicBool,
}

impl Probe {
    pub(crate) fn new(k: usize, p: usize, trained: bool) -> Self {
        let inner = Textbook::new(k, p, trained);
        Probe { inner, calls: 0.into(), interrupt_at: usize::MAX, interrupt: false.into() }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn count(&self) {
        if self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.interrupt_at {
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }

    /// Runs a command line; `PROBLEM` in it stands for a file with the text `problem`.
    pub(crate) fn run(&self, line: &str, problem: &str) -> Answer {
        self.run_into(line, problem, Vec::new())
    }

    pub(crate) fn run_into<W: Write + Into<Vec<u8>>>(
        &self,
        line: &str,
        problem: &str,
        mut output: W,
    ) -> Answer {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("problem.json");
        std::fs::write(&file, problem).unwrap();
        let place = |word: &str| match word {
            "PROBLEM" => file.clone().into_os_string(),
            _ => word.replace("FOLDER", folder.path().to_str().unwrap()).into(),
        };
        let args = std::iter::once("program".into()).chain(line.split_whitespace().map(place));
        let (mut input, mut errors) = (problem.as_bytes(), Vec::new());
        let mut streams = Streams {
            input: &mut input,
            output: &mut output,
            errors: &mut errors,
            interrupt: &self.interrupt,
        };
        let system = Watched { inner: self.inner, seen: || self.count() };
        let code = run_from(&system, args, &mut streams);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let errors = text(errors).replace(folder.path().to_str().unwrap(), "FOLDER");
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read_to_string(entry.path()).unwrap_or_default(),
            )
        };
        let files = std::fs::read_dir(folder.path()).unwrap().map(read).collect();
        Answer { code, output: text(output.into()), errors, files }
    }
}

pub(crate) struct Answer {
    pub(crate) code: u8,
    pub(crate) output: String,
    pub(crate) errors: String,
    /// What is in the folder afterwards.
    pub(crate) files: std::collections::BTreeMap<String, String>,
}

impl Answer {
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, DONE, "{}", self.errors);
        self
    }

    /// The first column of a CSV output.
    pub(crate) fn times(&self) -> Vec<f64> {
        self.output.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
    }
}

pub(crate) const PROBLEM: &str =
    r#"{"noise": 0.01, "learning_rate": 2, "initial": {"dimension": 50, "seed": 1}}"#;

pub(crate) fn probe() -> Probe {
    Probe::new(1, 2, false)
}
