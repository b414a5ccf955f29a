//! Every size and instruction set with criterion's statistics: right-hand side, risk, one solve, ensembles.
//!
//! `cargo bench --bench criterion [-- FILTER]`; ratios in one run are printed by the bench `ratios`.

mod support;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use overlap::{DynSystem, SolveOptions, System, simd::Level, solve, solve_many};
use std::hint::black_box;

fn candidates<'a>(size: &'a support::Size, dynamic: &'a DynSystem) -> Vec<(String, Level, &'a dyn System)> {
    let mut candidates: Vec<(String, Level, &dyn System)> = vec![
        ("textbook, full sums".to_owned(), Level::Baseline, &*size.full),
        ("textbook, halved".to_owned(), Level::Baseline, &*size.halved),
    ];
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        candidates.push((format!("generated, {level:?}"), level, &*size.generated));
        candidates.push((format!("DynSystem, {level:?}"), level, dynamic));
    }
    candidates
}

fn evaluations(criterion: &mut Criterion) {
    for size in support::sizes() {
        let system = &*size.generated;
        let (parameters, state) = support::at_state(system, 0.8);
        let problem = support::problem(system, 0.8);
        let shape = system.shape();
        let dynamic = DynSystem::new(shape.k, shape.p, system.activation(), shape.trained).expect("valid");
        let mut derivative = vec![0.0; shape.dim()];
        for (name, level, candidate) in candidates(&size, &dynamic) {
            level.force();
            let mut group = criterion.benchmark_group(system.name());
            group.bench_function(BenchmarkId::new("right-hand side", &name), |bencher| {
                bencher.iter(|| {
                    candidate.right_hand_side(
                        black_box(&parameters),
                        black_box(&state),
                        black_box(&mut derivative),
                    );
                });
            });
            group.bench_function(BenchmarkId::new("risk", &name), |bencher| {
                bencher.iter(|| candidate.risk(black_box(&parameters), black_box(&state)));
            });
            group.bench_function(BenchmarkId::new("solve to t = 10", &name), |bencher| {
                bencher.iter(|| solve(candidate, &problem, &[10.0], &SolveOptions::default()));
            });
            group.finish();
        }
    }
}

/// 1000 solves, where systems are small enough for lanes over problems.
fn ensembles(criterion: &mut Criterion) {
    for size in support::sizes().into_iter().take(4) {
        let system = &*size.generated;
        let problems = vec![support::problem(system, 0.8); 1000];
        for level in Level::ALL.into_iter().filter(|level| level.force()) {
            let mut group = criterion.benchmark_group(system.name());
            group.sample_size(10);
            group.bench_function(
                BenchmarkId::new("ensemble of 1000 to t = 10", format!("{level:?}")),
                |bencher| {
                    bencher.iter(|| solve_many(system, &problems, &[10.0], &SolveOptions::default()));
                },
            );
            group.finish();
        }
    }
}

criterion_group!(benches, evaluations, ensembles);
criterion_main!(benches);
