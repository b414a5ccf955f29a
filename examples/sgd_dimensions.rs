//! One-pass SGD at d = 10², 10⁴ and 10⁶ around the ODE of Saad and Solla: k = 4, p = 8.
//!
//! A run at d = 10⁶ to t = 100 takes 10⁸ steps. The overlaps are an exact Markov chain, so that a step costs the same
//! in every dimension and the run ends within a minute. The deviations from the ODE shrink as d^(-1/2).
//!
//! `cargo run --release --example sgd_dimensions [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{Axis, Colour, Figure, Panel, Style};
use overlap::{
    Concentration, Ensemble, Error, Initial, Problem, SimulateOptions, SolveOptions, Trajectory, log_times,
    overlap_system, simulate, solve, write_atomically,
};
use std::process::ExitCode;
use std::time::Instant;
use support::Options;

overlap_system!(Committee: k = 4, p = 8, act = erf);

fn main() -> ExitCode {
    support::main("sgd_dimensions", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let (dimensions, replicas): ([usize; 3], _) = if options.quick {
        ([100, 1000, 10_000], [16, 8, 2])
    } else {
        ([100, 10_000, 1_000_000], [64, 16, 2])
    };
    let until = if options.quick { 10.0 } else { 100.0 };
    let problem = Problem::builder(Committee::K, Committee::P)
        .learning_rate(8.0)
        .noise(1e-3)
        .initial(Initial::informed(0.3))
        .build()?;
    // Whole steps in every dimension.
    let mut times: Vec<f64> =
        log_times(1e-1, until, 61)?.iter().map(|t| (t * 100.0).round() / 100.0).collect();
    times.dedup();
    let ode = solve(&Committee, &problem, &times, &SolveOptions::default())?;
    let mut simulations = Vec::new();
    for (dimension, replicas) in dimensions.into_iter().zip(replicas) {
        let start = Instant::now();
        let asked = SimulateOptions::default().dimension(dimension).replicas(replicas).keep_replicas(true);
        let sgd = simulate(&Committee, &problem, &times, &asked)?;
        let steps = sgd.steps().last().copied().unwrap_or(0);
        println!(
            "d = {dimension}: {replicas} runs of {steps} steps in {:.1} s",
            start.elapsed().as_secs_f64()
        );
        write_atomically(options.out.join(format!("sgd_{dimension}.csv")), |writer| sgd.write_csv(writer))?;
        simulations.push(sgd);
    }
    println!("{}", Concentration::new(&ode, &simulations)?);
    let figure = figure(&ode, &simulations);
    write_atomically(options.out.join("ode.csv"), |writer| ode.write_csv(writer))?;
    options.draw("sgd_dimensions", &figure)
}

/// Risk of single runs around the ODE, and the deviation of the overlaps.
fn figure(ode: &Trajectory, simulations: &[Ensemble]) -> Figure {
    let mut risk = Panel::new("", Axis::log("t = steps / d"), Axis::log("excess risk R − Δ/2"));
    let mut deviation = Panel::new("", Axis::log("t = steps / d"), Axis::log("max |Ω − Ω̄| of a run"));
    let curves = simulations.iter().zip(Colour::series(simulations.len()));
    // Runs that nearly coincide stay visible under each other: the larger d, the wider the line, and the smallest on top.
    for ((sgd, colour), width) in curves.rev().zip([6.0, 3.5, 1.1]) {
        let label = format!("SGD, d = 10^{{{}}}", sgd.dimension().ilog10());
        let runs = if width < 2.0 { 5 } else { 2 };
        for run in (0..sgd.replicas().min(runs)).filter_map(|replica| sgd.replica(replica)) {
            let style = Style::line(colour).width(width).alpha(0.7);
            risk = risk.line(&label, style, run.times().to_vec(), run.excess_risk());
            let largest = (0..run.len()).filter_map(|row| Some((run.state(row)?, ode.state(row)?)));
            let largest = largest.map(|(run, ode)| {
                let pairs = run.as_slice().iter().zip(ode.as_slice());
                pairs.map(|(run, ode)| (run - ode).abs()).fold(0.0, f64::max)
            });
            let style = Style::line(colour).width(1.4).alpha(0.8);
            deviation = deviation.line(&label, style, run.times().to_vec(), largest.collect());
        }
    }
    risk = risk.line(
        "ODE",
        Style::line(Colour::BLACK).width(1.8).dashed(),
        ode.times().to_vec(),
        ode.excess_risk(),
    );
    Figure::new("One-pass SGD around the ODE, k = 4, p = 8, γ = 8, Δ = 10^{−3}")
        .panel(risk)
        .panel(deviation)
        .columns(2)
}
