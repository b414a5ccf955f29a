//! Ratios in one run: every candidate of a size takes its turn in short batches, so that all see the same machine.
//!
//! `cargo bench --bench ratios [-- FILTER] [--wide] [--risk]`: systems whose name contains FILTER; `--wide` at a state
//! with all Q_ii > 1; `--risk` times the risk instead of the right-hand side. Times are wall clock, nanoseconds. At the end,
//! if (4, 8), fixed and trained, and (8, 32) are among the systems, these are compared with each other, in turn.

#[path = "support/handwritten.rs"]
mod handwritten;
mod support;

use handwritten::Handwritten;
use overlap::{DynSystem, Parameters, System, simd::Level};
use std::hint::black_box;
use std::time::{Duration, Instant};
use support::Size;

/// Time spent on one size, or on one comparison of sizes.
const BUDGET: Duration = Duration::from_millis(2500);
/// Length of a batch: much shorter than a time slice of the operating system.
const BATCH: f64 = 150e-6;

struct Candidate<'a> {
    label: String,
    level: Level,
    system: &'a dyn System,
    /// Where the right-hand side is taken.
    at: &'a (Parameters, Vec<f64>),
    risk: bool,
    calls: usize,
    times: Vec<f64>,
}

impl<'a> Candidate<'a> {
    fn new(
        label: impl Into<String>,
        level: Level,
        system: &'a dyn System,
        at: &'a (Parameters, Vec<f64>),
        risk: bool,
    ) -> Self {
        Candidate { label: label.into(), level, system, at, risk, calls: 1, times: Vec::new() }
    }

    /// One batch; nanoseconds per call.
    fn batch(&mut self, derivative: &mut [f64]) -> f64 {
        self.level.force();
        let (parameters, state) = self.at;
        let derivative = &mut derivative[..state.len()];
        let start = Instant::now();
        for _ in 0..self.calls {
            let (parameters, state) = (black_box(parameters), black_box(state));
            if self.risk {
                black_box(self.system.risk(parameters, state));
            } else {
                self.system.right_hand_side(parameters, state, black_box(&mut *derivative));
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
    let sizes = support::sizes();
    let chosen = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(*filter));
    for size in sizes.iter().filter(|size| chosen(size.generated.name())) {
        measure(size, wide, risk);
    }
    let compared = ["ErfK4P8", "ErfK4P8Trained", "ErfK8P32"];
    if !risk && compared.iter().all(|name| chosen(name)) {
        let found = compared.map(|name| sizes.iter().find(|size| size.generated.name() == name));
        compare(found.map(|size| &*size.expect("one of the sizes").generated), wide);
    }
}

/// All candidates in turn, until the time is over.
fn take_turns(candidates: &mut [Candidate<'_>]) {
    let longest = candidates.iter().map(|candidate| candidate.at.1.len()).max().unwrap_or(0);
    let mut derivative = vec![0.0; longest];
    for candidate in &mut *candidates {
        let single = (0..5).map(|_| candidate.batch(&mut derivative)).fold(f64::INFINITY, f64::min);
        candidate.calls = ((BATCH * 1e9 / single) as usize).max(1);
    }
    let start = Instant::now();
    while start.elapsed() < BUDGET || candidates[0].times.len() < 5 {
        for candidate in &mut *candidates {
            let time = candidate.batch(&mut derivative);
            candidate.times.push(time);
        }
    }
}

fn measure(size: &Size, wide: bool, risk: bool) {
    let system = &*size.generated;
    let at = support::at_state(system, if wide { 1.5 } else { 0.8 });
    let (name, arcsines) = (system.name(), support::arcsines(system));
    let shape = system.shape();
    let dynamic = DynSystem::new(shape.k, shape.p, system.activation(), shape.trained).expect("valid sizes");
    let handwritten = (system.activation() == overlap::Activation::Erf)
        .then(|| Handwritten::new(shape.k, shape.p, shape.trained));
    let mut candidates = vec![
        Candidate::new("textbook, full sums", Level::Baseline, &*size.full, &at, risk),
        Candidate::new("textbook, halved", Level::Baseline, &*size.halved, &at, risk),
    ];
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        candidates.push(Candidate::new(format!("generated, {level:?}"), level, system, &at, risk));
        candidates.push(Candidate::new(format!("DynSystem, {level:?}"), level, &dynamic, &at, risk));
        if let Some(system) = &handwritten {
            candidates.push(Candidate::new(format!("by hand, {level:?}"), level, system, &at, risk));
        }
    }
    take_turns(&mut candidates);
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

/// What a trained second layer costs at (4, 8), and how the time per arcsine falls from (4, 8) to (8, 32): systems of
/// different sizes take their turns too.
fn compare(systems: [&dyn System; 3], wide: bool) {
    let at = systems.map(|system| support::at_state(system, if wide { 1.5 } else { 0.8 }));
    println!("\n{:<10} {:>10} {:>30}", "", "trained", "per arcsine, (4,8) to (8,32)");
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let mut candidates: Vec<Candidate<'_>> = systems
            .iter()
            .zip(&at)
            .map(|(&system, at)| Candidate::new(system.name(), level, system, at, false))
            .collect();
        take_turns(&mut candidates);
        let [small, trained, large] = [0, 1, 2].map(|which| candidates[which].median());
        let small_each = small / support::arcsines(systems[0]) as f64;
        let large_each = large / support::arcsines(systems[2]) as f64;
        println!(
            "{:<10} {:>+8.1} % {small_each:>9.3} to {large_each:.3} ns: {:>+5.1} %",
            format!("{level:?}"),
            100.0 * (trained / small - 1.0),
            100.0 * (large_each / small_each - 1.0),
        );
    }
}
