//! SGD steps per second: `cargo bench --bench simulate` for criterion's figures, `-- ratios` for the table of ratios to the
//! straightforward loop, all measured in turn in one run.

#[path = "../tests/support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;

use cpu_time::ProcessTime;
use criterion::{BenchmarkId, Criterion, Throughput};
use nalgebra::{DMatrix, DVector};
use overlap_runtime::{Activation, Initial, Problem, SimulateOptions, Simulator, simulate};
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

/// A step count and the work that does so many steps (of one replica).
fn simulated(d: usize, simulator: Simulator, replicas: usize, threads: usize, steps: u64) -> impl FnMut() {
    let system = Textbook::new(K, P, false);
    let problem = Problem::builder(K, P).initial(Initial::informed(0.3)).build().unwrap();
    let options =
        SimulateOptions::default().dimension(d).simulator(simulator).replicas(replicas).threads(threads);
    move || {
        simulate(&system, &problem, &[steps as f64 / d as f64], &options).unwrap();
    }
}

/// Name, steps of all replicas, work.
type Case = (String, u64, Box<dyn FnMut()>);

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for d in [1000, 10_000] {
        let steps = 4_000_000 / d as u64;
        let mut loops = Straightforward::new(d);
        let work = move || (0..steps / 4).for_each(|_| loops.step());
        cases.push((format!("straightforward, d = {d}"), steps / 4, Box::new(work)));
        cases.push((
            format!("direct, d = {d}"),
            steps,
            Box::new(simulated(d, Simulator::Direct, 1, 1, steps)),
        ));
    }
    for d in [1000, 1_000_000_000] {
        let steps = 100_000;
        let reduced =
            |replicas, threads| Box::new(simulated(d, Simulator::Reduced, replicas, threads, steps));
        cases.push((format!("reduced, d = {d}"), steps, reduced(1, 1)));
        cases.push((format!("reduced, 8 replicas, d = {d}"), 8 * steps, reduced(8, 1)));
    }
    let steps = 50_000;
    for threads in [1, 2] {
        let work = simulated(1000, Simulator::Reduced, 64, threads, steps);
        cases.push((format!("reduced, 64 replicas, elapsed, {threads} threads"), 64 * steps, Box::new(work)));
    }
    cases
}

/// Every case in turn, round by round, so that all see the same machine: minimum and median time of a step.
fn ratios() {
    const ROUNDS: usize = 15;
    let mut cases = cases();
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for ((name, steps, work), times) in cases.iter_mut().zip(&mut times) {
            // Processor time, which a busy machine does not lengthen; two threads are a matter of elapsed time.
            let (start, processor) = (Instant::now(), ProcessTime::now());
            work();
            let time = if name.ends_with("threads") { start.elapsed() } else { processor.elapsed() };
            times.push(time.as_secs_f64() * 1e9 / *steps as f64);
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    println!(
        "| case | ns per step: minimum | median | ratio of minima to straightforward at d = 1000 | of medians |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for ((name, ..), own) in cases.iter().zip(&times) {
        let (least, median) = (own[0], own[ROUNDS / 2]);
        let (all, middle) = (times[0][0] / least, times[0][ROUNDS / 2] / median);
        println!("| {name} | {least:.1} | {median:.1} | {all:.1} | {middle:.1} |");
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "ratios") {
        return ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("sgd");
    for (name, steps, mut work) in cases() {
        group.throughput(Throughput::Elements(steps));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| bencher.iter(&mut work));
    }
    group.finish();
    criterion.final_summary();
}
