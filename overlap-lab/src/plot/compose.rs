//! The project's own figures, from trajectories and simulations.

use super::{Axis, Colour, Figure, Panel, Style};
use overlap_runtime::{Ensemble, Trajectory};

/// Points to compare with, e.g. read off a published figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlay<'a> {
    /// Legend entry.
    pub label: &'a str,
    /// Times t = steps / d.
    pub times: &'a [f64],
    /// Excess risk, as many.
    pub values: &'a [f64],
}

/// The learning curve: excess risk R - Δ/2 against t on logarithmic axes. The ODE is a line; the simulation, where
/// given, a wide line (mean) in a band (± std); overlays are open circles.
///
/// Times without a place on the axis (t = 0) are left out. What cannot be drawn is reported by [`Figure::save`].
pub fn learning_curve(
    title: &str,
    ode: &Trajectory,
    sgd: Option<&Ensemble>,
    overlays: &[Overlay<'_>],
) -> Figure {
    let mut panel = Panel::new("", Axis::log(TIME), Axis::log("excess risk R − Δ/2"));
    if let Some(sgd) = sgd.filter(|sgd| has_place(sgd)) {
        let (times, mean, std) = (sgd.times(), sgd.excess_risk(), sgd.risk_standard_deviation());
        let mut label = format!("SGD, d = {}", sgd.dimension());
        // A single run has no standard deviation.
        if std.iter().all(|std| std.is_finite()) {
            label += &format!(", mean ± std of {} runs", sgd.replicas());
            let low = mean.iter().zip(&std).map(|(mean, std)| mean - std).collect();
            let high = mean.iter().zip(&std).map(|(mean, std)| mean + std).collect();
            panel = panel.band(&label, Style::band(Colour::BLUE), times.to_vec(), low, high);
        }
        panel = panel.line(&label, Style::line(Colour::SKY).width(4.5), times.to_vec(), mean);
    }
    // Where the risk is rounding, the line ends.
    let (rows, excess_risk) = (ode.resolved(), ode.excess_risk());
    let style = Style::line(Colour::BLACK).width(1.8);
    panel = panel.line("ODE", style, ode.times()[..rows].to_vec(), excess_risk[..rows].to_vec());
    let colours = [Colour::VERMILLION, Colour::GREEN, Colour::PURPLE, Colour::ORANGE];
    for (overlay, colour) in overlays.iter().zip(colours.into_iter().cycle()) {
        let (times, values) = (overlay.times.to_vec(), overlay.values.to_vec());
        panel = panel.points(overlay.label, Style::rings(colour), times, values);
    }
    Figure::new(title).panel(panel)
}

/// The overlaps against t on a logarithmic axis: M_ri in the colour of its teacher r, one thin line per student, and
/// Q_ij with the diagonal told from the rest; a trained second layer adds a panel for a_i, in the colour of its student. Lines are the ODE; dots
/// the mean of the simulation, where given, at no more than 25 of its times.
pub fn overlaps(title: &str, ode: &Trajectory, sgd: Option<&Ensemble>) -> Figure {
    let shape = ode.shape();
    let (k, p) = (shape.k, shape.p);
    let teachers = Colour::series(k);
    // Past the palette the colours are a sequence: its ends and its middle say how to read it.
    let named = |count: usize, n: usize| {
        count <= Colour::CATEGORIES.len() || n == 0 || n == count / 2 || n == count - 1
    };

    let m = (0..k).flat_map(|r| (0..p).map(move |i| (r, i))).map(|(r, i)| Curve {
        label: if i == 0 && named(k, r) { format!("teacher {}", r + 1) } else { String::new() },
        colour: teachers[r],
        width: 1.4,
        alpha: 0.75,
        index: shape.m(r, i),
    });
    let q = |diagonal: bool, label: &str, colour: Colour, width: f64, alpha: f64| {
        let pairs =
            (0..p).flat_map(move |i| (i..p).map(move |j| (i, j))).filter(move |(i, j)| (i == j) == diagonal);
        let label = label.to_string();
        pairs.enumerate().map(move |(n, (i, j))| Curve {
            label: if n == 0 { label.clone() } else { String::new() },
            colour,
            width,
            alpha,
            index: shape.q(i, j),
        })
    };
    // Off-diagonal entries first: they are many, the diagonal lies on top.
    let q =
        q(false, "Q_{ij}, i ≠ j", Colour::ORANGE, 1.1, 0.6).chain(q(true, "Q_{ii}", Colour::BLUE, 1.6, 0.85));

    let axes = |label: &str| (Axis::log(TIME), Axis::linear(label));
    let (x, y) = axes("M_{ri}");
    let mut figure = Figure::new(title).columns(2).panel(curves(
        Panel::new("Teacher–student overlaps", x, y),
        m,
        ode,
        sgd,
    ));
    let (x, y) = axes("Q_{ij}");
    figure = figure.panel(curves(Panel::new("Student–student overlaps", x, y), q, ode, sgd));
    if shape.trained {
        let students = Colour::series(p);
        let a = (0..p).map(|i| Curve {
            label: if named(p, i) { format!("student {}", i + 1) } else { String::new() },
            colour: students[i],
            width: 1.6,
            alpha: 0.85,
            index: shape.a(i),
        });
        let (x, y) = axes("a_{i}");
        figure = figure.panel(curves(Panel::new("Second layer", x, y), a, ode, sgd));
    }
    figure
}

pub(super) const TIME: &str = "t = steps / d";

/// How one entry of the state is drawn.
struct Curve {
    label: String,
    colour: Colour,
    width: f64,
    alpha: f64,
    index: usize,
}

fn curves(
    mut panel: Panel,
    curves: impl Iterator<Item = Curve>,
    ode: &Trajectory,
    sgd: Option<&Ensemble>,
) -> Panel {
    let shown = sgd.filter(|sgd| has_place(sgd)).map(|sgd| (sgd, spread(sgd.times(), 25)));
    let mut dots = Vec::new();
    for curve in curves {
        let values = (0..ode.len()).filter_map(|n| ode.state(n)).map(|state| state.as_slice()[curve.index]);
        let style = Style::line(curve.colour).width(curve.width).alpha(curve.alpha);
        panel = panel.line(curve.label, style, ode.times().to_vec(), values.collect());
        if let Some((sgd, shown)) = &shown {
            // A simulation of another system becomes an error of the figure: lengths differ.
            let values =
                shown.iter().filter_map(|&n| sgd.mean(n)?.as_slice().get(curve.index).copied()).collect();
            let times: Vec<f64> = shown.iter().map(|&n| sgd.times()[n]).collect();
            dots.push((Style::dots(curve.colour).width(3.6), times, values));
        }
    }
    // All dots lie on top of all lines.
    let label = sgd.map(|sgd| format!("SGD, d = {}; lines: ODE", sgd.dimension())).unwrap_or_default();
    for (style, times, values) in dots {
        panel = panel.points(&label, style, times, values);
    }
    panel
}

/// Whether a simulation has rows that a logarithmic time axis can show; one that was interrupted may not.
pub(super) fn has_place(sgd: &Ensemble) -> bool {
    sgd.times().iter().any(|time| *time > 0.0)
}

/// Up to `most` indices of positive times, about evenly spaced in log t.
fn spread(times: &[f64], most: usize) -> Vec<usize> {
    let positive: Vec<usize> = (0..times.len()).filter(|&n| times[n] > 0.0 && times[n].is_finite()).collect();
    let (Some(&first), Some(&last)) = (positive.first(), positive.last()) else { return Vec::new() };
    let step = (times[last] / times[first]).ln() / (most.max(2) - 1) as f64;
    let mut next = times[first].ln();
    let mut chosen = Vec::new();
    for n in positive {
        if times[n].ln() >= next - 1e-9 {
            chosen.push(n);
            next = times[n].ln() + step;
        }
    }
    chosen
}
