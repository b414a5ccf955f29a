//! The blue line κ = δ = 0, the scaling of Saad and Solla, for four label noises: figure 3 of arXiv 2202.00293.
//!
//! Both terms of the ODE remain. The excess risk ends at a floor of order γ Δ; without noise it keeps falling.
//!
//! `cargo run --release --example blue_line [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{Colour, Figure};
use overlap::{
    Error, PowerLaw, SimulateOptions, log_times, overlap_system, simulate_monitored, solve, whole_steps,
};
use std::process::ExitCode;
use support::study::{self, Curves};
use support::{Budget, Options, published};

overlap_system!(Committee: k = 4, p = 8, act = erf);

const FIGURE_3: &str = include_str!("data/fig03.csv");

fn main() -> ExitCode {
    support::main("blue_line", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let (dimension, replicas, seconds) = if options.quick { (100, 2, 1) } else { (1000, 8, 25) };
    let noises =
        [("Δ = 0", "Delta=0", 0.0), ("Δ = 10^{−4}", "Delta=1e-4", 1e-4), ("Δ = 10^{−3}", "Delta=1e-3", 1e-3)];
    let noises = noises.into_iter().chain([("Δ = 10^{−2}", "Delta=1e-2", 1e-2)]);
    let heading = format!("Lines: ODE; bands: {replicas} runs of SGD, d = {dimension}");
    let mut curves = Curves::new(&heading, "t = steps / d");
    let (mut gaps, mut floors) = (Vec::new(), Vec::new());
    let times = whole_steps(&log_times(0.1, 1e4, 121)?, dimension)?;
    println!(
        "Excess risk at the last time of the ODE (t = 10⁴) and of SGD in d = {dimension}, {replicas} runs:"
    );
    println!(
        "{:>8} {:>11} {:>11} {:>7} {:>8} {:>23} {:>7} {:>11} {:>11}",
        "Δ", "ODE", "published", "ratio", "worst", "SGD ± standard error", "z", "published", "ODE p/(γΔ)"
    );
    for ((name, series, noise), colour) in noises.zip(Colour::series(4)) {
        let problem = study::problem(noise)?;
        let (x, risk) = published(FIGURE_3, series, "ode");
        let at_published = solve(&Committee, &problem, &x, &study::accurate())?.excess_risk();
        let worst = at_published.iter().zip(&risk).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        let ode = solve(&Committee, &problem, &times, &study::accurate())?;
        let asked = SimulateOptions::default().dimension(dimension).replicas(replicas);
        let sgd = simulate_monitored(&Committee, &problem, &times, &asked, &Budget::seconds(seconds))?;

        let published_sgd = published(FIGURE_3, series, "sgd");
        let (end, row) = (at_published[x.len() - 1], sgd.len() - 1);
        let (mean, error) = (sgd.excess_risk()[row], sgd.risk_standard_error()[row]);
        println!(
            "{noise:>8} {end:>11.4e} {:>11.4e} {:>7.4} {worst:>8.1e} {mean:>13.4e} ± {error:.1e} {:>7.1} {:>11.4e} {:>11}",
            risk[x.len() - 1],
            end / risk[x.len() - 1],
            (mean - ode.excess_risk()[row]) / error,
            published_sgd.1.last().unwrap_or(&f64::NAN),
            if noise > 0.0 { format!("{:.4}", end / noise) } else { "-".to_owned() },
        );
        if noise > 0.0 {
            floors.push((noise, end));
        }
        gaps.push((mean / ode.excess_risk()[row] - 1.0).abs());
        curves.sgd(name, colour, 1.0, &sgd);
        curves.ode(name, colour, ode.times(), &ode.excess_risk());
        curves.published(name, "ode", colour, (x, risk));
    }
    let gap = gaps.into_iter().fold(0.0, f64::max);
    let law = PowerLaw::fit(&floors)?;
    println!(
        "The floor is proportional to Δ: it goes like Δ^{:.3}. SGD ends within {:.0} % of the ODE.",
        law.exponent(),
        100.0 * gap
    );
    let title = "The blue line: one-pass SGD with k = 4, p = 8, γ = p, and its ODE";
    let figure = Figure::new(title).panel(curves.panel());
    curves.write(options, "blue_line")?;
    options.draw("blue_line", &figure)
}
