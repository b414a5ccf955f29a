//! Whole solves: how much of the time is the right-hand side, and what an ensemble gains from lanes and threads.
//!
//! `cargo bench --bench solves`. The share of the right-hand side is found by evaluating it twice: what that adds is
//! what it costs, in the solver's own surroundings. Times are wall clock; the candidates take turns.

#[path = "../tests/support/reference.rs"]
#[allow(dead_code, reason = "every user needs its own part")]
mod reference;

use overlap::simd::Level;
use overlap::{
    Activation, DynSystem, Initial, Method, Parameters, Problem, Shape, SolveOptions, System, log_times,
    overlap_system, solve, solve_many,
};
use std::time::Instant;

overlap_system!(k = 1, p = 1, act = erf);
overlap_system!(k = 2, p = 2, act = erf);
overlap_system!(k = 3, p = 3, act = erf);
overlap_system!(k = 2, p = 4, act = erf);
overlap_system!(k = 4, p = 8, act = erf);

/// A system whose right-hand side is evaluated `TIMES` times.
struct Repeated<S, const TIMES: usize>(S);

impl<S: System, const TIMES: usize> System for Repeated<S, TIMES> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn shape(&self) -> Shape {
        self.0.shape()
    }

    fn activation(&self) -> Activation {
        self.0.activation()
    }

    fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        for _ in 0..TIMES {
            self.0.right_hand_side(std::hint::black_box(parameters), state, derivative);
        }
    }

    fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        self.0.risk(parameters, state)
    }

    fn equations(&self) -> &str {
        self.0.equations()
    }

    fn equations_latex(&self) -> &str {
        self.0.equations_latex()
    }
}

/// Minimum and median seconds of each candidate, taking turns.
fn race(turns: usize, candidates: &[&dyn Fn()]) -> Vec<(f64, f64)> {
    let mut times = vec![Vec::new(); candidates.len()];
    for _ in 0..turns {
        for (candidate, times) in candidates.iter().zip(&mut times) {
            let start = Instant::now();
            candidate();
            times.push(start.elapsed().as_secs_f64());
        }
    }
    let summary = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        (times[0], times[times.len() / 2])
    };
    times.iter_mut().map(summary).collect()
}

fn share<S: System + Copy>(system: S, case: &str, turns: usize) {
    let problem = reference::problem(&reference::json(case));
    let times = log_times(0.1, 1000.0, 50).expect("valid");
    for method in [Method::Dopri5, Method::Dop853] {
        let mut options = SolveOptions::default();
        (options.rtol, options.atol, options.method) = (1e-8, 1e-10, method);
        let run = |system: &dyn System| solve(system, &problem, &times, &options).expect("solved").stats();
        let (once, twice) = (Repeated::<S, 1>(system), Repeated::<S, 2>(system));
        let Shape { k, p, trained } = system.shape();
        let dynamic = DynSystem::new(k, p, system.activation(), trained).expect("valid");
        let stats = run(&once);
        let [once, twice, dynamic]: [&dyn Fn(); 3] =
            [&|| _ = run(&once), &|| _ = run(&twice), &|| _ = run(&dynamic)];
        let race = race(turns, &[once, twice, dynamic]);
        let [(minimum, median), (twice_minimum, twice_median), (_, dynamic)] = race[..] else {
            unreachable!()
        };
        println!(
            "{:<8} {method:?}: {:.1} us min, {:.1} us median, {} evaluations, {} steps; outside the right-hand side \
             {:.1} % (by minima {:.1} %), {:.0} ns per evaluation; DynSystem takes {:.2} times as long",
            system.name(),
            minimum * 1e6,
            median * 1e6,
            stats.evaluations,
            stats.accepted,
            100.0 * (2.0 - twice_median / median),
            100.0 * (2.0 - twice_minimum / minimum),
            (2.0 * median - twice_median) * 1e9 / stats.evaluations as f64,
            dynamic / median,
        );
    }
}

/// An ensemble solved one by one, by `solve_many` on one thread (which is what lanes gain) and on all threads.
fn ensemble<S: System>(system: S, turns: usize) {
    let Shape { k, p, .. } = system.shape();
    let problem = |seed| {
        let initial = Initial::Drawn { dimension: 1000, seed, variance: 0.5 };
        Problem::builder(k, p).learning_rate(1.0).noise(1e-2).initial(initial).build().expect("valid")
    };
    let problems: Vec<Problem> = (0..1000).map(problem).collect();
    let (times, options) = (log_times(0.1, 100.0, 20).expect("valid"), SolveOptions::default());
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let single = || problems.iter().for_each(|problem| drop(solve(&system, problem, &times, &options)));
    let many = || drop(solve_many(&system, &problems, &times, &options));
    let lanes = || one_thread.install(many);
    let race = race(turns, &[&single, &lanes, &many]);
    println!(
        "1000 {} solves: singly {:.1} ms, solve_many on one thread {:.1} ms, on {} threads {:.1} ms (medians); throughput \
         {:.2} and {:.2} times (by minima {:.2} and {:.2})",
        system.name(),
        race[0].1 * 1e3,
        race[1].1 * 1e3,
        std::thread::available_parallelism().map_or(1, usize::from),
        race[2].1 * 1e3,
        race[0].1 / race[1].1,
        race[0].1 / race[2].1,
        race[0].0 / race[1].0,
        race[0].0 / race[2].0,
    );
}

fn main() {
    share(ErfK2P2, "solve_general_k2_p2", 200);
    share(ErfK4P8, "solve_general_k4_p8", 40);
    for level in Level::ALL.into_iter().filter(|level| level.force()) {
        println!("{level:?}");
        ensemble(ErfK1P1, 15);
        ensemble(ErfK2P2, 15);
        ensemble(ErfK3P3, 9);
        ensemble(ErfK2P4, 5);
    }
}
