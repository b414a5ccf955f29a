//! SGD steps per second: `cargo bench --bench simulate` for criterion's figures, `-- ratios` for the table of ratios to the
//! straightforward loop, all measured in turn in one run.

#[path = "../tests/support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;

use cpu_time::ProcessTime;
use criterion::{BenchmarkId, Criterion, Throughput};
use nalgebra::{DMatrix, DVector};
use overlap_runtime::{Activation, Initial, Precision, Problem, SimulateOptions, Simulator, simulate};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::time::Instant;
use textbook::Textbook;

const K: usize = 4;
const P: usize = 8;

/// What one writes in an afternoon: rand_distr's normals, nalgebra's matrix-vector product and rank-one update.
struct Straightforward {
    teacher: DMatrix<f64>,
    student: DMatrix<f64>,
    generator: Xoshiro256PlusPlus,
    x: DVector<f64>,
}

impl Straightforward {
    fn new(d: usize) -> Self {
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut normal = || -> f64 { StandardNormal.sample(&mut generator) };
        let teacher = DMatrix::from_fn(K, d, |_, _| normal());
        let student = DMatrix::from_fn(P, d, |_, _| normal());
        Straightforward { teacher, student, generator, x: DVector::zeros(d) }
    }

    fn step(&mut self) {
        let d = self.x.len() as f64;
        for x in self.x.iter_mut() {
            *x = StandardNormal.sample(&mut self.generator);
        }
        let teacher_fields = &self.teacher * &self.x / d.sqrt();
        let fields = &self.student * &self.x / d.sqrt();
        let act = Activation::Erf;
        let y: f64 = teacher_fields.iter().map(|&field| act.value(field)).sum::<f64>() / K as f64;
        let f: f64 = fields.iter().map(|&field| act.value(field)).sum::<f64>() / P as f64;
        let factors = fields.map(|field| (y - f) / P as f64 * act.derivative(field) / d.sqrt());
        self.student.ger(1.0, &factors, &self.x, 1.0);
    }
}

/// The work that does so many steps of every replica.
fn simulated(d: usize, options: SimulateOptions, steps: u64) -> Box<dyn FnMut()> {
    let system = Textbook::new(K, P, false);
    let problem = Problem::builder(K, P).initial(Initial::informed(0.3)).build().unwrap();
    let options = options.dimension(d);
    Box::new(move || {
        simulate(&system, &problem, &[steps as f64 / d as f64], &options).unwrap();
    })
}

/// One thing to measure.
struct Case {
    name: String,
    /// Steps of all replicas.
    steps: u64,
    work: Box<dyn FnMut()>,
    /// The case it is compared with.
    baseline: usize,
    /// Whether elapsed time counts, not processor time.
    elapsed: bool,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let one = || SimulateOptions::default().threads(1);
    for d in [1000, 10_000] {
        // Long enough for the start (drawing weights, their overlaps) not to count.
        let steps = 40_000_000 / d as u64;
        let baseline = cases.len();
        let mut add = |name: &str, steps, work| {
            cases.push(Case { name: format!("{name}, d = {d}"), steps, work, baseline, elapsed: false });
        };
        let mut loops = Straightforward::new(d);
        add("straightforward", steps / 20, Box::new(move || (0..steps / 20).for_each(|_| loops.step())));
        let direct = || one().simulator(Simulator::Direct);
        add("direct", steps, simulated(d, direct(), steps));
        add("direct, single precision", steps, simulated(d, direct().precision(Precision::Single), steps));
    }
    for d in [1000, 1_000_000_000] {
        let steps = 100_000;
        for (name, replicas) in [("reduced", 1), ("reduced, 8 replicas", 8)] {
            cases.push(Case {
                name: format!("{name}, d = {d}"),
                steps: replicas as u64 * steps,
                work: simulated(d, one().replicas(replicas), steps),
                baseline: 0,
                elapsed: false,
            });
        }
    }
    let baseline = cases.len();
    for threads in [1, 2] {
        let (steps, replicas) = (50_000, 64);
        cases.push(Case {
            name: format!("reduced, 64 replicas, elapsed, {threads} threads"),
            steps: replicas as u64 * steps,
            work: simulated(1000, SimulateOptions::default().replicas(replicas).threads(threads), steps),
            baseline,
            elapsed: true,
        });
    }
    cases
}

/// Every case in turn, round by round, so that all see the same machine: minimum and median time of a step.
fn ratios() {
    const ROUNDS: usize = 15;
    let mut cases = cases();
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (case, times) in cases.iter_mut().zip(&mut times) {
            // Processor time, which a busy machine does not lengthen; two threads are a matter of elapsed time.
            let (start, processor) = (Instant::now(), ProcessTime::now());
            (case.work)();
            let time = if case.elapsed { start.elapsed() } else { processor.elapsed() };
            times.push(time.as_secs_f64() * 1e9 / case.steps as f64);
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    println!("| case | ns per step: minimum | median | against | minima | medians |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (case, own) in cases.iter().zip(&times) {
        let (least, median) = (own[0], own[ROUNDS / 2]);
        let (baseline, name) = (&times[case.baseline], &cases[case.baseline].name);
        let (minima, medians) = (baseline[0] / least, baseline[ROUNDS / 2] / median);
        println!("| {} | {least:.1} | {median:.1} | {name} | {minima:.1} | {medians:.1} |", case.name);
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "ratios") {
        return ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("sgd");
    for Case { name, steps, mut work, .. } in cases() {
        group.throughput(Throughput::Elements(steps));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(&mut work));
    }
    group.finish();
    criterion.final_summary();
}
