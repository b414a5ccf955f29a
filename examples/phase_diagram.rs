//! The phase diagram of one-pass SGD in wide networks: which ODE remains as d grows, if any.
//!
//! Width p = p0 d^κ and learning rate γ = γ0 d^-δ on the mean-field scale (arXiv 2202.00293). All powers of d are those of
//! γ/p, so that k = 4, p = 8, γ0 = p0, Δ = 10⁻³ stands for the line κ + δ = const. One line of each region is solved, in the limit
//! and at finite d, and simulated, from the same initial overlaps.
//!
//! `cargo run --release --example phase_diagram [-- --quick] [-- --out DIR]`

mod support;

use overlap::{
    Error, Initial, PhaseDiagramOptions, Problem, Regime, RegimeCurves, Region, RiskCurve, overlap_system,
    phase_diagram, write_atomically,
};
use std::process::ExitCode;
use support::Options;

overlap_system!(k = 4, p = 8, act = erf);

fn main() -> ExitCode {
    support::main("phase_diagram", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let problem = Problem::builder(ErfK4P8::K, ErfK4P8::P)
        .learning_rate(8.0)
        .noise(1e-3)
        .initial(Initial::drawn(1000, 0))
        .build()?;
    let asked = PhaseDiagramOptions::default().steps(if options.quick { 100_000 } else { 20_000_000 });
    let diagram = phase_diagram(&ErfK4P8, &problem, &asked)?;
    for regime in &diagram.regimes {
        tell(regime)?;
    }
    let figure =
        diagram.figure("One-pass SGD in wide networks: k = 4, p = 8, erf, γ_{0} = p_{0}, Δ = 10^{−3}")?;
    for format in ["svg", "pdf", "png"] {
        figure.save(options.out.join(format!("phase_diagram.{format}")))?;
    }
    write_atomically(options.out.join("phase_diagram.csv"), |writer| diagram.write_csv(writer))?;
    println!("Wrote CSV files and figures to {}", options.out.display());
    Ok(())
}

/// What one κ + δ shows, beside the theory.
fn tell(regime: &RegimeCurves) -> Result<(), Error> {
    println!("κ + δ = {}, {}", regime.sum, regime.region);
    match Regime::new(0.0, regime.sum)?.limit() {
        Ok(limit) => println!("  τ = steps · d^{}", limit.time_step_power),
        Err(reason) => println!("  {reason}"),
    }
    let end = |curve: &RiskCurve| curve.excess_risk.last().copied().unwrap_or(f64::NAN);
    let mut floors = Vec::new();
    for finite in &regime.finite {
        let d = finite.dimension;
        if let (Some(ode), Some(limit)) = (&finite.ode, &regime.limit) {
            println!("  d = {d}: excess risk at the end {:.3e}, in the limit {:.3e}", end(ode), end(limit));
            floors.push((d as f64, end(ode) - end(limit)));
        } else {
            let ends = || finite.sgd.iter().map(end);
            let (least, most) = (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max));
            println!(
                "  d = {d}: excess risk of {} runs at the end {least:.3} to {most:.3}",
                finite.sgd.len()
            );
        }
    }
    if let (Region::Green, [(near, high), .., (far, low)]) = (regime.region, &floors[..]) {
        let slope = (high / low).ln() / (near / far).ln();
        println!("  what remains above the limit falls as d^{slope:.3} (theory d^{})", -regime.sum);
    }
    Ok(())
}
