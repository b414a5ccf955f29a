//! The green region, κ = 0 and δ = ½, ¼: figures 4 and 5 of arXiv 2202.00293.
//!
//! In its own time SGD follows the gradient flow the longer the larger d is, until it comes to rest at a floor
//! R∞ - Δ/2 ~ d^-δ. The floor is measured from where the ODE of the very same d has come to rest, as a mean over time
//! and runs, and its slope fitted with the confidence interval.
//!
//! `cargo run --release --example green_region [-- --quick] [-- --out DIR]`

mod support;

use overlap::plot::{Axis, Colour, Figure, Panel, Style};
use overlap::{
    Error, Initial, PowerLaw, Problem, Regime, SimulateOptions, linear_times, log_times, overlap_system,
    simulate, solve,
};
use std::process::ExitCode;
use support::study::{self, Curves};
use support::{Options, published};

overlap_system!(Committee: k = 4, p = 8, act = erf);

/// δ, its name, the power of d in the own time, curves and floors.
const FIGURES: [(f64, &str, &str, &str, &str); 2] = [
    (0.5, "½", "3/2", include_str!("data/fig04a.csv"), include_str!("data/fig04b.csv")),
    (0.25, "¼", "5/4", include_str!("data/fig05a.csv"), include_str!("data/fig05b.csv")),
];

fn main() -> ExitCode {
    support::main("green_region", experiment)
}

fn experiment(options: &Options) -> Result<(), Error> {
    let mut figure = Figure::new("The green region: k = 4, p = 8, γ = p d^{−δ}").columns(2);
    for (delta, name, power, curves, floors) in FIGURES {
        let regime = Regime::new(0.0, delta)?;
        let heading = format!("δ = {name}, Δ = 10^{{−3}}; bands: SGD");
        let drawn =
            learning_curves(options, regime, &heading, &format!("τ = steps / d^{{{power}}}"), curves)?;
        println!("\nδ = {name}: slope of R∞ - Δ/2 against d, expected -{delta}");
        let slopes =
            floor_panel(options, regime, &format!("δ = {name}: slope of the floor for Δ ="), floors)?;
        figure = figure.panel(drawn.panel()).panel(slopes);
        drawn.write(options, &format!("green_curves_{delta}"))?;
    }
    println!(
        "\nIn the full run δ is found as the leading power: R∞ - Δ/2 = 0.092 γΔ/p (1 + O(γ/p)) with γ/p = d^-δ. For γ0 = p this is up to 0.43, which bends \
         the line: a plain power law is too steep by 0.002 to 0.01, which the interval can tell, for SGD as for the ODE of \
         the same d; for γ0 = p/4 it is not. The published points at Δ = 10⁻⁴, δ = ½ are not at rest: of 3.7e-7 at d = 1000, the \
         flow still has 6e-8."
    );
    options.draw("green_region", &figure)
}

/// SGD in several dimensions and the gradient flow, from the fitted start.
fn learning_curves(
    options: &Options,
    regime: Regime,
    heading: &str,
    time: &str,
    points: &str,
) -> Result<Curves, Error> {
    let (dimensions, until): (&[usize], _) =
        if options.quick { (&[30, 100], 1e2) } else { (&[30, 100, 300, 1000], 3e3) };
    let mut curves = Curves::new(heading, time);
    for (&d, colour) in dimensions.iter().zip(Colour::CATEGORIES) {
        let prefactors = regime.prefactors(d as f64)?;
        let unit = prefactors.time_step * d as f64;
        let times: Vec<f64> = log_times(0.3, until, 81)?.into_iter().map(|tau| tau / unit).collect();
        let asked = SimulateOptions::default().dimension(d).replicas(2);
        let sgd = simulate(&Committee, &problem(regime, 8.0, d, 1e-3, study::start())?, &times, &asked)?;
        curves.sgd(&format!("d = {d}"), colour, unit, &sgd);
        curves.published(&format!("d = {d}"), "sgd", colour, published(points, &format!("d={d}"), "sgd"));
    }
    let flow = regime.limit()?.of(&Committee);
    let ode = solve(&flow, &study::problem(1e-3)?, &log_times(0.3, until, 81)?, &study::accurate())?;
    curves.ode("gradient flow", Colour::BLACK, ode.times(), &ode.excess_risk());
    Ok(curves)
}

/// SGD at dimension d of a regime with γ = γ0 d^-δ; for d = 1, γ0 itself.
fn problem(regime: Regime, gamma_0: f64, d: usize, noise: f64, start: Initial) -> Result<Problem, Error> {
    let rate = regime.learning_rate(gamma_0, d as f64);
    Problem::builder(4, 8).learning_rate(rate).noise(noise).initial(start).build()
}

/// The floor against d for three noises, with slopes.
fn floor_panel(options: &Options, regime: Regime, heading: &str, points: &str) -> Result<Panel, Error> {
    let dimensions: &[usize] =
        if options.quick { &[30, 60, 100] } else { &[30, 50, 100, 200, 300, 500, 1000] };
    let mut panel = Panel::new(heading, Axis::log("d"), Axis::log("floor R_{∞} − Δ/2"));
    let mut above = Vec::new();
    for (exponent, colour) in [-2, -3, -4].into_iter().zip(Colour::CATEGORIES) {
        let noise = 10f64.powi(exponent);
        let measured = floors(regime, 8.0, noise, dimensions, options.quick)?;
        let law = PowerLaw::weighted(&measured)?;
        report(&format!("Δ = {noise}, SGD"), regime, &law);
        let (x, y) = published(points, &format!("Delta=1e{exponent}"), "sgd");
        let known: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
        report(&format!("Δ = {noise}, published SGD"), regime, &PowerLaw::fit(&known)?);
        let half = (law.interval().1 - law.interval().0) / 2.0;
        let label = format!("10^{{{exponent}}}: {:.3} ± {half:.3}", law.exponent()).replace('-', "−");
        let ends = vec![dimensions[0] as f64, dimensions[dimensions.len() - 1] as f64];
        let line = ends.iter().map(|&d| law.at(d)).collect();
        panel = panel.line(label, Style::line(colour), ends, line);
        panel = panel.measured("SGD", Style::dots(colour).width(6.0), &measured);
        above.push((Style::rings(colour).alpha(0.6), x, y));
    }
    for (style, x, y) in above {
        panel = panel.points("published SGD", style, x, y);
    }
    if !options.quick {
        let slow = floors(regime, 2.0, 1e-3, &[100, 200, 300, 500], false)?;
        report("Δ = 0.001, SGD, γ0 = p/4, d = 100 ... 500", regime, &PowerLaw::weighted(&slow)?);
    }
    let same = dimensions.iter().map(|&d| Ok((d as f64, rest(regime, 8.0, d as f64, 1e-3)?.0)));
    report("Δ = 0.001, ODE", regime, &PowerLaw::fit(&same.collect::<Result<Vec<_>, Error>>()?)?);
    // Small rates stand for large dimensions: d^-δ = 10⁻², 10⁻³.
    let far = [1e2f64, 1e3].map(|scale| scale.powf(1.0 / regime.delta));
    let [a, b] = [rest(regime, 8.0, far[0], 1e-2)?.0, rest(regime, 8.0, far[1], 1e-2)?.0];
    let slope = (b / a).ln() / (far[1] / far[0]).ln();
    println!(
        "  ODE, d = {:e} to {:e}: {slope:.4}, with (R∞ - Δ/2) / (γΔ/p) = {:.4}",
        far[0],
        far[1],
        b * 1e5
    );
    Ok(panel)
}

/// One line about a slope.
fn report(what: &str, regime: Regime, law: &PowerLaw) {
    let (low, high) = law.interval();
    let inside = low <= -regime.delta && -regime.delta <= high;
    println!("  {what:<42} {:>28} -δ is {}", law.to_string(), if inside { "inside" } else { "OUTSIDE" });
}

/// (d, floor, standard error).
type Floor = (f64, f64, f64);

/// The floors in several dimensions.
fn floors(
    regime: Regime,
    gamma_0: f64,
    noise: f64,
    dimensions: &[usize],
    quick: bool,
) -> Result<Vec<Floor>, Error> {
    let floor =
        |&d: &usize| floor(regime, gamma_0, d, noise, rest(regime, gamma_0, d as f64, noise)?.1, quick);
    dimensions.iter().map(floor).collect()
}

/// The excess risk of the ODE at dimension d when it has come to rest, and the overlaps there.
fn rest(regime: Regime, gamma_0: f64, d: f64, noise: f64) -> Result<(f64, Initial), Error> {
    let ode = regime.prefactors(d)?.of(&Committee);
    let problem = problem(regime, gamma_0, 1, noise, study::start())?;
    let found = solve(&ode, &problem, &[1e5 * 8.0 / gamma_0], &study::accurate())?;
    let state = found.state(0).ok_or(Error::Figure("no state".into()))?;
    Ok((found.excess_risk()[0], Initial::Given { m: state.m_matrix(), q: state.q_matrix() }))
}

/// The excess risk of SGD around the ODE's rest: over time in each run, then over runs.
fn floor(
    regime: Regime,
    gamma_0: f64,
    d: usize,
    noise: f64,
    start: Initial,
    quick: bool,
) -> Result<Floor, Error> {
    let unit = regime.prefactors(d as f64)?.time_step * d as f64;
    // The fluctuations that add to the ODE's risk, of order 1/d, come late: the smaller d, the longer.
    let until = if quick { 100.0 } else { (1.5e5 / d as f64).min(2e3) } * 8.0 / gamma_0;
    let times: Vec<f64> = linear_times(0.3 * until, until, 101)?.iter().map(|tau| tau / unit).collect();
    let asked = SimulateOptions::default().dimension(d).replicas(8).keep_replicas(true);
    let sgd = simulate(&Committee, &problem(regime, gamma_0, d, noise, start)?, &times, &asked)?;
    let (floor, error) = sgd.steady_excess_risk(0.0)?;
    Ok((d as f64, floor, error))
}
