//! Ratios in one run: every candidate of a size takes its turn in short batches, so that all see the same machine.
//!
//! `cargo bench --bench ratios [-- FILTER] [--wide] [--risk]`: systems whose name contains FILTER; `--wide` at a state
//! with all Q_ii > 1; `--risk` times the risk instead of the right-hand side. Times are wall clock, nanoseconds.

mod support;

use overlap::{DynSystem, Parameters, System, simd::Level};
use std::hint::black_box;
use std::time::{Duration, Instant};
use support::Size;

/// Time spent on one size.
const BUDGET: Duration = Duration::from_millis(2500);
/// Length of a batch: much shorter than a time slice of the operating system.
const BATCH: f64 = 150e-6;

struct Candidate<'a> {
    label: String,
    level: Level,
    system: &'a dyn System,
    calls: usize,
    times: Vec<f64>,
}

struct Work<'a> {
    parameters: &'a Parameters,
    state: &'a [f64],
    derivative: &'a mut [f64],
    risk: bool,
}

impl<'a> Candidate<'a> {
    fn new(label: impl Into<String>, level: Level, system: &'a dyn System) -> Self {
        Candidate { label: label.into(), level, system, calls: 1, times: Vec::new() }
    }

    /// One batch; nanoseconds per call.
    fn batch(&mut self, work: &mut Work<'_>) -> f64 {
        self.level.force();
        let start = Instant::now();
        for _ in 0..self.calls {
            let (parameters, state) = (black_box(work.parameters), black_box(work.state));
            if work.risk {
                black_box(self.system.risk(parameters, state));
            } else {
                self.system.right_hand_side(parameters, state, black_box(&mut *work.derivative));
            }
        }
        start.elapsed().as_secs_f64() * 1e9 / self.calls as f64
    }

    fn minimum(&self) -> f64 {
        self.times.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn median(&self) -> f64 {
        let mut sorted = self.times.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (wide, risk) =
        (arguments.iter().any(|word| word == "--wide"), arguments.iter().any(|word| word == "--risk"));
    let filters: Vec<&String> = arguments.iter().filter(|word| !word.starts_with("--")).collect();
    println!(
        "{} at a state with Q_ii {} 1",
        if risk { "risk" } else { "right-hand side" },
        if wide { ">" } else { "<" }
    );
    println!(
        "{:<16} {:<22} {:>11} {:>11} {:>8} {:>8} {:>9}",
        "system", "candidate", "min ns", "median ns", "x full", "x halved", "ns/asin"
    );
    for size in support::sizes() {
        let name = size.generated.name();
        if filters.is_empty() || filters.iter().any(|filter| name.contains(*filter)) {
            measure(&size, wide, risk);
        }
    }
}

fn measure(size: &Size, wide: bool, risk: bool) {
    let system = &*size.generated;
    let (parameters, state) = support::at_state(system, if wide { 1.5 } else { 0.8 });
    let (name, arcsines) = (system.name(), support::arcsines(system));
    let shape = system.shape();
    let dynamic = DynSystem::new(shape.k, shape.p, system.activation(), shape.trained).expect("valid sizes");
    let mut candidates = vec![
        Candidate::new("textbook, full sums", Level::Baseline, &*size.full),
        Candidate::new("textbook, halved", Level::Baseline, &*size.halved),
    ];
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        candidates.push(Candidate::new(format!("generated, {level:?}"), level, system));
        candidates.push(Candidate::new(format!("DynSystem, {level:?}"), level, &dynamic));
    }
    let mut derivative = vec![0.0; state.len()];
    let mut work = Work { parameters: &parameters, state: &state, derivative: &mut derivative, risk };
    for candidate in &mut candidates {
        let single = (0..5).map(|_| candidate.batch(&mut work)).fold(f64::INFINITY, f64::min);
        candidate.calls = ((BATCH * 1e9 / single) as usize).max(1);
    }
    let start = Instant::now();
    while start.elapsed() < BUDGET || candidates[0].times.len() < 5 {
        for candidate in &mut candidates {
            let time = candidate.batch(&mut work);
            candidate.times.push(time);
        }
    }
    let (full, halved) = (candidates[0].median(), candidates[1].median());
    for candidate in &candidates {
        let (minimum, median) = (candidate.minimum(), candidate.median());
        println!(
            "{name:<16} {:<22} {minimum:>11.1} {median:>11.1} {:>8.2} {:>8.2} {:>9.3}",
            candidate.label,
            full / median,
            halved / median,
            median / arcsines as f64,
        );
    }
}
