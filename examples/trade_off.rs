//! Samples against precision: four learning rates γ = p d^-δ in one dimension d = 1000, figure 6 of arXiv 2202.00293.
//!
//! A smaller rate ends at a lower risk, but needs more samples to get anywhere.
//!
//! `cargo run --release --example trade_off [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{Colour, Figure};
use overlap::{
    Error, Event, Problem, Regime, Silent, SimulateOptions, State, log_times, overlap_system,
    simulate_monitored, solve, solve_events, whole_steps,
};
use std::process::ExitCode;
use support::study::{self, Curves};
use support::{Budget, Options, published};

overlap_system!(Committee: k = 4, p = 8, act = erf);

const FIGURE_6: &str = include_str!("data/fig06.csv");
const DIMENSION: usize = 1000;
const NOISE: f64 = 1e-3;

fn main() -> ExitCode {
    support::main("trade_off", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let replicas = if options.quick { 2 } else { 4 };
    let heading = format!("Lines: ODE; bands: {replicas} runs of SGD, d = {DIMENSION}, Δ = 10^{{−3}}");
    let mut curves = Curves::new(&heading, "samples / d");
    // δ, the name here and there, and how far SGD is followed.
    let rates = [
        (0.0, "γ = p", "gamma=p0", 1e4),
        (0.25, "γ = p d^{−1/4}", "gamma=p0/d^(1/4)", 2e4),
        (0.375, "γ = p d^{−3/8}", "gamma=p0/d^(3/8)", 4e4),
        (0.5, "γ = p d^{−1/2}", "gamma=p0/d^(1/2)", 1e5),
    ];
    let samples = [1e1, 1e2, 1e3, 1e4, 1e5];
    let mut table = Vec::new();
    println!(
        "Samples / d until the ODE's excess risk falls below 10⁻³, 10⁻⁴, 10⁻⁵, 5 10⁻⁶, and where SGD ends:"
    );
    for ((delta, name, series, until), colour) in rates.into_iter().zip(Colour::CATEGORIES) {
        let rate = Regime::new(0.0, delta)?.learning_rate(8.0, DIMENSION as f64);
        let problem =
            Problem::builder(4, 8).learning_rate(rate).noise(NOISE).initial(study::start()).build()?;
        let risks = [1e-3, 1e-4, 1e-5, 5e-6];
        let below = risks.map(|risk| move |_: f64, _: State<'_>, now: f64| now - 0.5 * NOISE - risk);
        let events: Vec<_> = below.iter().map(|below| Event::below(below).record()).collect();
        let times = log_times(1.0, 3.2e5, 201)?;
        let (ode, met) = solve_events(&Committee, &problem, &times, &study::accurate(), &events, &Silent)?;
        let at = solve(&Committee, &problem, &samples, &study::accurate())?;
        table.push((name, at.excess_risk()));

        let until = if options.quick { 1e3 } else { until };
        let times = whole_steps(&log_times(1.0, until, 101)?, DIMENSION)?;
        let asked = SimulateOptions::default().dimension(DIMENSION).replicas(replicas);
        let sgd = simulate_monitored(&Committee, &problem, &times, &asked, &Budget::seconds(60))?;
        let met = met.iter().map(|met| met.as_ref().map_or("never".into(), |met| format!("{:.0}", met.time)));
        let row = sgd.len() - 1;
        println!(
            "{:<16} {:>34}   SGD {:.3e} ± {:.0e} at {:.0} (ODE at 3.2 10⁵: {:.3e})",
            plain(name),
            met.map(|met| format!("{met:>8}")).collect::<String>(),
            sgd.excess_risk()[row],
            sgd.risk_standard_error()[row],
            sgd.times()[row],
            ode.excess_risk()[ode.len() - 1],
        );
        curves.sgd(name, colour, 1.0, &sgd);
        curves.ode(name, colour, ode.times(), &ode.excess_risk());
        curves.published(name, "sgd", colour, published(FIGURE_6, series, "sgd"));
    }
    println!("\nThe best of the four rates after so many samples (ODE):");
    let mut order = Vec::new();
    for (n, samples) in samples.iter().enumerate() {
        let best = (0..table.len()).min_by(|&a, &b| table[a].1[n].total_cmp(&table[b].1[n])).unwrap_or(0);
        let (name, risks) = &table[best];
        println!("  samples / d = {samples:>8}: {:<16} R - Δ/2 = {:.3e}", plain(name), risks[n]);
        order.push(best);
    }
    let holds = order.is_sorted() && order.first() == Some(&0) && order.last() == Some(&3);
    println!(
        "The more samples, the smaller the best rate: {}. Every gain in the floor is paid in samples.",
        if holds { "holds" } else { "does NOT hold" }
    );
    let title = "The price of a small rate: k = 4, p = 8";
    let figure = Figure::new(title).panel(curves.panel());
    curves.write(options, "trade_off")?;
    options.draw("trade_off", &figure)
}

/// A label without its markup.
fn plain(label: &str) -> String {
    label.replace(['{', '}'], "")
}
