//! SGD in several dimensions around the ODE.

use super::compose::{TIME, has_place};
use super::{Axis, Colour, Figure, Panel, Style};
use crate::Concentration;
use overlap_runtime::{Ensemble, Trajectory};

/// Two panels: the learning curves of SGD (mean and ± std) in several dimensions with the ODE over them, and the mean of
/// max|Ω - Ω̄| against d with its standard error and the fitted power of d.
pub fn concentration(
    title: &str,
    ode: &Trajectory,
    simulations: &[Ensemble],
    concentration: &Concentration,
) -> Figure {
    let mut risk = Panel::new("", Axis::log(TIME), Axis::log("excess risk R − Δ/2"));
    let mut sorted: Vec<&Ensemble> = simulations.iter().filter(|sgd| has_place(sgd)).collect();
    sorted.sort_by_key(|sgd| sgd.dimension());
    for (sgd, colour) in sorted.iter().zip(Colour::series(sorted.len())) {
        let (times, mean, std) = (sgd.times(), sgd.excess_risk(), sgd.risk_standard_deviation());
        let label = format!("SGD, d = {}", sgd.dimension());
        if std.iter().all(|std| std.is_finite()) {
            let low = mean.iter().zip(&std).map(|(mean, std)| mean - std).collect();
            let high = mean.iter().zip(&std).map(|(mean, std)| mean + std).collect();
            risk = risk.band(&label, Style::band(colour), times.to_vec(), low, high);
        }
        risk = risk.line(&label, Style::line(colour), times.to_vec(), mean);
    }
    let dashed = Style::line(Colour::BLACK).width(1.8).dashed();
    risk = risk.line("ODE", dashed, ode.times().to_vec(), ode.excess_risk());

    let points = concentration.points();
    let d: Vec<f64> = points.iter().map(|point| point.dimension as f64).collect();
    let fit = d.iter().map(|&d| concentration.fit(d)).collect();
    let half = 1.959964 * concentration.standard_error();
    let label = format!("d^{{{:.3} ± {half:.3}}} (95 %)", concentration.exponent());
    let mut law = Panel::new("", Axis::log("d"), Axis::log("mean of max |Ω − Ω̄|"));
    law = law.line(label, Style::line(Colour::BLACK).width(1.8), d, fit);
    let measured: Vec<_> =
        points.iter().map(|point| (point.dimension as f64, point.deviation, point.standard_error)).collect();
    law = law.measured("SGD, mean ± standard error", Style::dots(Colour::BLUE).width(6.0), &measured);
    Figure::new(title).panel(risk).panel(law).columns(2)
}
