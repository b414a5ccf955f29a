//! The orange region, κ = 0 and δ = -3/8: figure 7 of arXiv 2202.00293.
//!
//! In the limit only the noise of SGD is left, in the time τ = ν d^(-1/4). But the gradient flow fades only like d^(-3/8), so
//! that no dimension of practice is near the limit, while the ODE with the prefactors of the very d describes SGD. The
//! overlaps are an exact Markov chain, which is simulated here up to d = 10¹².
//!
//! `cargo run --release --example orange_region [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{Colour, Figure};
use overlap::{Error, Problem, Regime, SimulateOptions, log_times, overlap_system, simulate, solve};
use std::process::ExitCode;
use support::study::{self, Curves};
use support::{Options, published};

overlap_system!(Committee: k = 4, p = 8, act = erf);

const FIGURE_7: &str = include_str!("data/fig07.csv");

fn main() -> ExitCode {
    support::main("orange_region", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let regime = Regime::new(0.0, -0.375)?;
    let problem = study::problem(1e-3)?;
    let times = log_times(0.3, 1e4, 81)?;
    let limit = solve(&regime.limit()?.of(&Committee), &problem, &times, &study::accurate())?;
    let last = times.len() - 1;
    let (ode_x, ode_risk) = published(FIGURE_7, "ode", "ode");
    println!(
        "Noise alone (d → ∞): R - Δ/2 = {:.5} at τ = 10⁴, published {:.5}",
        limit.excess_risk()[last],
        ode_risk.last().unwrap_or(&f64::NAN)
    );
    println!(
        "{:>14} {:>10} {:>11} {:>22} {:>14}",
        "d", "d^(-3/8)", "ODE at d", "SGD ± standard error", "published SGD"
    );

    let mut figure = Figure::new("The orange region: k = 4, p = 8, γ = p d^{3/8}, Δ = 10^{−3}").columns(2);
    let near: &[(usize, usize)] =
        if options.quick { &[(1000, 8), (4000, 8)] } else { &[(1000, 64), (1500, 64), (4000, 64)] };
    let far: &[(usize, usize)] = if options.quick {
        &[(1_000_000, 4)]
    } else {
        &[(1_000_000, 64), (1_000_000_000, 16), (1_000_000_000_000, 8)]
    };
    let (mut gap, mut fraction) = (0.0, 1.0);
    for (name, heading, dimensions) in [
        ("orange_near", "Bands: SGD; lines: ODE of the same d", near),
        ("orange_far", "The same, towards the limit", far),
    ] {
        let mut curves = Curves::new(heading, "τ = steps / d^{1/4}");
        for (&(d, replicas), colour) in dimensions.iter().zip(Colour::CATEGORIES) {
            let prefactors = regime.prefactors(d as f64)?;
            let ode = solve(&prefactors.of(&Committee), &problem, &times, &study::accurate())?;
            let unit = prefactors.time_step * d as f64;
            let own: Vec<f64> = times.iter().map(|tau| tau / unit).collect();
            let at_d = Problem::builder(4, 8)
                .learning_rate(regime.learning_rate(8.0, d as f64))
                .noise(1e-3)
                .initial(study::start())
                .build()?;
            let asked = SimulateOptions::default().dimension(d).replicas(replicas);
            let sgd = simulate(&Committee, &at_d, &own, &asked)?;
            let known = published(FIGURE_7, &format!("d={d}"), "sgd");
            println!(
                "{d:>14} {:>10.5} {:>11.5} {:>12.5} ± {:.5} {:>14}",
                prefactors.flow,
                ode.excess_risk()[last],
                sgd.excess_risk()[last],
                sgd.risk_standard_error()[last],
                known.1.last().map_or("-".into(), |risk| format!("{risk:.5}")),
            );
            gap = f64::max(gap, (ode.excess_risk()[last] / sgd.excess_risk()[last] - 1.0).abs());
            if d < 10_000 {
                fraction = sgd.excess_risk()[last] / limit.excess_risk()[last];
            }
            let label = if d < 10_000 { format!("d = {d}") } else { format!("d = 10^{{{}}}", d.ilog10()) };
            curves.sgd(&label, colour, unit, &sgd);
            curves.ode(&label, colour, ode.times(), &ode.excess_risk());
            if !known.0.is_empty() {
                curves.published(&label, "sgd", colour, known);
            }
        }
        curves.ode("d → ∞: noise alone", Colour::BLACK, &times, &limit.excess_risk());
        if name == "orange_far" {
            curves.published("d → ∞", "ode", Colour::BLACK, (ode_x.clone(), ode_risk.clone()));
        }
        figure = figure.panel(curves.panel());
        curves.write(options, name)?;
    }
    println!(
        "Strong finite-size effects: {}. At d = {} SGD ends at {:.2} of the limit's risk, since the flow, {:.3} of the noise, still \
         teaches. They are effects of this prefactor, not of fluctuations: the ODE at the same d is within {:.1} % of SGD, at \
         every d above.",
        if fraction < 0.5 { "hold" } else { "do NOT hold" },
        near[near.len() - 1].0,
        fraction,
        regime.prefactors(near[near.len() - 1].0 as f64)?.flow,
        100.0 * gap
    );
    options.draw("orange_region", &figure)
}
