//! The main job: the learning curve of a committee of 8 students and 4 teachers, ODE and SGD in one picture.
//!
//! k = 4, p = 8, σ = erf(x/√2), mean-field scales, γ = p, Δ = 10⁻³, d = 1000: the blue line (κ = δ = 0) of
//! arXiv 2202.00293, figure 3, whose published points are overlaid. Their initial overlaps are not published; the start is the
//! one fitted to figure 2 of the study (docs/figures.md), so that the points of figure 3 test the ODE.
//!
//! `cargo run --release --example learning_curve [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{self, Overlay};
use overlap::{
    Comparison, Error, SimulateOptions, SolveOptions, log_times, overlap_system, simulate_monitored, solve,
    whole_steps, write_atomically,
};
use std::process::ExitCode;
use support::study;
use support::{Budget, Options, published};

overlap_system!(k = 4, p = 8, act = erf);

const FIGURE_3: &str = include_str!("data/fig03.csv");

fn main() -> ExitCode {
    support::main("learning_curve", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let (dimension, replicas, seconds) = if options.quick { (100, 4, 5) } else { (1000, 8, 60) };
    let problem = study::problem(1e-3)?;

    let until = if options.quick { 1e3 } else { 1e4 };
    let times = whole_steps(&log_times(1e-1, until, 121)?, dimension)?;
    let ode = solve(&ErfK4P8, &problem, &times, &SolveOptions::default())?;
    let last = ode.len() - 1;
    println!(
        "ODE: {} steps, {} right-hand sides; excess risk {:.4e} at t = {:e} (published: 1.1396e-4 at t = 1e4)",
        ode.stats().accepted,
        ode.stats().evaluations,
        ode.excess_risk()[last],
        ode.times()[last],
    );

    println!("SGD: {replicas} runs in d = {dimension}, for at most {seconds} s ...");
    let sgd = simulate_monitored(
        &ErfK4P8,
        &problem,
        &times,
        &SimulateOptions::default().dimension(dimension).replicas(replicas),
        &Budget::seconds(seconds),
    )?;
    println!("{}", Comparison::new(&ode, &sgd)?);

    let (ode_t, ode_risk) = published(FIGURE_3, "Delta=1e-3", "ode");
    let (sgd_t, sgd_risk) = published(FIGURE_3, "Delta=1e-3", "sgd");
    let overlays = [
        Overlay { label: "published ODE", times: &ode_t, values: &ode_risk },
        Overlay { label: "published SGD", times: &sgd_t, values: &sgd_risk },
    ];
    let title = format!("One-pass SGD, k = 4, p = 8, erf, γ = p, Δ = 10^{{−3}}, d = {dimension}");
    let curve = plot::learning_curve(&title, &ode, Some(&sgd), &overlays);
    let overlaps = plot::overlaps(&title, &ode, Some(&sgd));
    write_atomically(options.out.join("ode.csv"), |writer| ode.write_csv(writer))?;
    write_atomically(options.out.join("sgd.csv"), |writer| sgd.write_csv(writer))?;
    options.draw("learning_curve", &curve)?;
    options.draw("overlaps", &overlaps)
}
