//! The (κ, δ) plane with its regions, and a panel for each line κ + δ = const that was solved.

use super::{Axis, Colour, Figure, Panel, Style};
use crate::phase_diagram::{DimensionCurves, PhaseDiagram, RegimeCurves};
use overlap_runtime::{Error, Region};

/// What the plane shows.
const KAPPA: f64 = 0.8;
const DELTA: [f64; 2] = [-1.25, 0.75];
/// The lines of the panels are marked up to here, the texts stand beyond.
const MARKED: f64 = 0.16;

impl PhaseDiagram {
    /// The plane of κ and δ with the blue line, the green and the orange region and the one without a limit, and below it
    /// the learning curves of each κ + δ: the limit, and ODE (lines) and SGD (dots) at finite d.
    ///
    /// # Errors
    /// [`Error::Figure`] if there are no curves.
    pub fn figure(&self, title: &str) -> Result<Figure, Error> {
        if self.regimes.is_empty() {
            return Err(Error::Figure("the phase diagram has no curves".into()));
        }
        // Two of them are wide enough to be read; three make a full row.
        let columns = if self.regimes.len() == 3 { 3 } else { self.regimes.len().min(2) };
        let first = Figure::new(title).columns(columns).shared_legend().panel(self.plane());
        Ok(self
            .regimes
            .iter()
            .enumerate()
            .map(|(n, regime)| curves(regime, letter(n)))
            .fold(first, Figure::panel))
    }

    fn plane(&self) -> Panel {
        let x = vec![0.0, KAPPA];
        let below = |offset: f64| vec![offset, offset - KAPPA];
        let far = vec![DELTA[0] - KAPPA; 2];
        let (blue, green, orange) = (Colour::BLUE, Colour::GREEN, Colour::ORANGE);
        let mut plane = Panel::new(
            "",
            Axis::linear("κ,  width p = p_{0} d^{κ}").range(0.0, KAPPA),
            Axis::linear("δ,  learning rate γ = γ_{0} d^{−δ}").range(DELTA[0], DELTA[1]),
        )
        .wide()
        .band("", Style::band(green), x.clone(), below(0.0), vec![DELTA[1]; 2])
        .band("", Style::band(orange).alpha(0.3), x.clone(), below(-0.5), below(0.0))
        .band("", Style::band(Colour::GREY).alpha(0.16), x.clone(), far, below(-0.5))
        .line("blue line, κ + δ = 0", Style::line(blue).width(4.0), x.clone(), below(0.0))
        .line("κ + δ = −1/2", Style::line(Colour::BLACK).width(1.8), x.clone(), below(-0.5));
        for (at, text) in [
            ([0.5, 0.33], "green: the gradient flow remains"),
            ([0.5, 0.22], "δt = d^{−(1+κ+δ)}"),
            ([0.64, -0.42], "blue line: gradient flow and noise of SGD"),
            ([0.64, -0.53], "δt = d^{−1}"),
            ([0.36, -0.61], "orange: the noise of SGD remains"),
            ([0.36, -0.72], "δt = d^{−(1+2κ+2δ)}"),
            ([0.22, -1.06], "no deterministic limit: steps too large"),
        ] {
            plane = plane.text(text, Colour::BLACK, at[0], at[1]);
        }
        for (n, regime) in self.regimes.iter().enumerate() {
            let (kappa, delta) = (0.5 * MARKED, regime.sum - 0.5 * MARKED);
            // The boundaries are drawn already.
            if regime.sum != 0.0 && regime.sum != -0.5 {
                let dashed = Style::line(Colour::BLACK).width(1.2).dashed();
                let (x, y) = (vec![0.0, MARKED], vec![regime.sum, regime.sum - MARKED]);
                plane = plane.line("panels below", dashed, x, y);
            }
            let dot = Style::dots(colour(regime.region)).width(9.0);
            plane = plane.points("panels below", dot, vec![kappa], vec![delta]).text(
                letter(n),
                Colour::BLACK,
                kappa + 0.012,
                delta + 0.045,
            );
        }
        plane
    }
}

fn letter(n: usize) -> String {
    char::from_u32('a' as u32 + n as u32).unwrap_or('?').to_string()
}

fn colour(region: Region) -> Colour {
    match region {
        Region::BlueLine => Colour::BLUE,
        Region::Green => Colour::GREEN,
        Region::Orange => Colour::ORANGE,
        Region::NoLimit => Colour::GREY,
    }
}

fn curves(regime: &RegimeCurves, letter: String) -> Panel {
    let time = if regime.limit.is_some() { "τ = steps · δt" } else { "steps" };
    let sum = regime.sum.to_string().replace('-', "−");
    let kind = if regime.limit.is_some() { "" } else { ", SGD" };
    let title = format!("{letter}: κ + δ = {sum}{kind}");
    let mut panel = Panel::new(title, Axis::log(time), Axis::log("R − Δ/2"));
    // From light to dark as d grows towards the limit, which is black.
    let count = regime.finite.len().max(2) as f64;
    let colours = (0..).map(|n| Colour::sequence(0.85 - 0.75 * f64::from(n) / count));
    for (DimensionCurves { dimension, ode, .. }, colour) in regime.finite.iter().zip(colours.clone()) {
        if let Some(ode) = ode {
            let (x, y) = (ode.times.clone(), ode.excess_risk.clone());
            let label = format!("ODE, d = {}", power(*dimension));
            panel = panel.line(label, Style::line(colour).width(1.6), x, y);
        }
    }
    for (DimensionCurves { sgd, .. }, colour) in regime.finite.iter().zip(colours) {
        for run in sgd {
            let (x, y) = (run.times.clone(), run.excess_risk.clone());
            panel = if regime.limit.is_some() {
                panel.points("SGD", Style::dots(colour).width(3.0), x, y)
            } else {
                panel.line("", Style::line(colour).width(1.2).alpha(0.8), x, y)
            };
        }
    }
    if let Some(limit) = &regime.limit {
        let style = Style::line(Colour::BLACK).width(1.6).dashed();
        panel = panel.line("ODE, d → ∞", style, limit.times.clone(), limit.excess_risk.clone());
    }
    panel
}

/// 10^n where it is one.
fn power(d: usize) -> String {
    let exponent = d.checked_ilog10().unwrap_or(0);
    if exponent > 1 && 10usize.checked_pow(exponent) == Some(d) {
        format!("10^{{{exponent}}}")
    } else {
        d.to_string()
    }
}
