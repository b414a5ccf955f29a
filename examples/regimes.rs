//! Learning curves of the three regimes: figure 2 of arXiv 2202.00293.
//!
//! Width p = p0 d^κ and rate γ = γ0 d^-δ leave of the ODE, for d → ∞, the gradient flow (green, κ + δ > 0), both terms
//! (blue, κ + δ = 0) or the noise of SGD alone (orange, -½ < κ + δ < 0), each in its own time τ.
//!
//! `cargo run --release --example regimes [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{Colour, Figure};
use overlap::{Error, Regime, log_times, overlap_system, solve};
use std::process::ExitCode;
use support::study::{self, Curves};
use support::{Options, published};

overlap_system!(Committee: k = 4, p = 8, act = erf);

const FIGURE_2: &str = include_str!("data/fig02.csv");

fn main() -> ExitCode {
    support::main("regimes", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let problem = study::problem(1e-3)?;
    // In the orange region the limit is the same for all δ. The study writes its edge, where no limit exists: δ = -½.
    let regimes = [
        ("green: gradient flow", 0.5, Colour::GREEN, "delta=1/2-kappa"),
        ("blue: both terms", 0.0, Colour::BLUE, "delta=-kappa"),
        ("orange: noise of SGD", -0.375, Colour::ORANGE, "delta=-1/2"),
    ];
    let mut curves = Curves::new("Lines: ODE in the limit d → ∞, k = 4, p = 8, Δ = 10^{−3}", "own time τ");
    let mut ends = Vec::new();
    println!(
        "{:<22} {:>11} {:>11} {:>9} {:>24}",
        "region", "R - Δ/2", "published", "ratio", "largest |ratio - 1|, τ"
    );
    for (name, delta, colour, series) in regimes {
        let (times, risks) = published(FIGURE_2, series, "ode");
        let limit = Regime::new(0.0, delta)?.limit()?.of(&Committee);
        // At the published times for the table, more densely for the figure.
        let found = solve(&limit, &problem, &times, &study::accurate())?.excess_risk();
        let off = |n: usize| (found[n] / risks[n] - 1.0).abs();
        let worst = (0..times.len()).max_by(|&a, &b| off(a).total_cmp(&off(b))).unwrap_or(0);
        let last = times.len() - 1;
        let ratio = found[last] / risks[last];
        println!(
            "{name:<22} {:>11.4e} {:>11.4e} {ratio:>9.4} {:>17.1e}, {:>5}",
            found[last],
            risks[last],
            off(worst),
            times[worst]
        );
        ends.push(found[last]);
        let dense = log_times(0.1, times[last], if options.quick { 41 } else { 161 })?;
        let ode = solve(&limit, &problem, &dense, &study::accurate())?;
        curves.ode(name, colour, ode.times(), &ode.excess_risk());
        curves.published(name, "ode", colour, (times, risks));
    }
    let holds = ends.is_sorted();
    println!(
        "Ordering green < blue < orange at τ = 10⁴: {}. The flow learns the teacher (R falls like a power of τ), \
         with noise a plateau of order γΔ remains, noise alone unlearns what the start knew.",
        if holds { "holds" } else { "does NOT hold" }
    );
    let figure = Figure::new("Three regimes of one-pass SGD").panel(curves.panel());
    curves.write(options, "regimes")?;
    options.draw("regimes", &figure)
}
