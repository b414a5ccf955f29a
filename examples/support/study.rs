//! What the examples after arXiv 2202.00293 share: the problem, its start, and curves of the risk with their file and panel.

use super::Options;
use nalgebra::DMatrix;
use overlap::plot::{Axis, Colour, Panel, Series, Style};
use overlap::{Ensemble, Error, Initial, Problem, SolveOptions, Table};

/// k = 4, p = 8, erf, γ = γ0 = p, from the fitted start.
pub fn problem(noise: f64) -> Result<Problem, Error> {
    Problem::builder(4, 8).learning_rate(8.0).noise(noise).initial(start()).build()
}

/// The study does not publish its initial overlaps. These were fitted to the three curves of its figure 2, with students
/// that start as unit vectors in the span of the teachers; they reproduce the curves to 0.3 %.
pub fn start() -> Initial {
    let rows = include_str!("../data/fitted_start.csv").lines().skip(1);
    let numbers = rows.flat_map(|row| row.split(',').skip(1)).filter_map(|number| number.parse().ok());
    let mut m = DMatrix::from_iterator(4, 8, numbers);
    // Six digits are kept; unit vectors to the last.
    m.column_iter_mut().for_each(|mut student| student /= student.norm());
    Initial::Given { q: m.transpose() * &m, m }
}

/// Tolerances for an excess risk far below the risk: 10⁻⁸ beside Δ/2.
pub fn accurate() -> SolveOptions {
    SolveOptions::default().rtol(1e-11).atol(1e-13)
}

/// Curves of the excess risk: a panel to draw and a table to keep.
pub struct Curves {
    panel: Panel,
    /// Drawn last, on top of all lines.
    rings: Vec<Series>,
    series: Vec<String>,
    kind: Vec<String>,
    x: Vec<f64>,
    risk: Vec<f64>,
}

impl Curves {
    /// Without curves yet; `time` labels the horizontal axis.
    pub fn new(heading: &str, time: &str) -> Self {
        let panel = Panel::new(heading, Axis::log(time), Axis::log("excess risk R − Δ/2"));
        Curves {
            panel,
            rings: Vec::new(),
            series: Vec::new(),
            kind: Vec::new(),
            x: Vec::new(),
            risk: Vec::new(),
        }
    }

    fn keep(&mut self, series: &str, kind: &str, x: &[f64], risk: &[f64]) {
        let series = series.replace(['{', '}'], "").replace('−', "-");
        for (x, risk) in x.iter().zip(risk) {
            self.series.push(series.clone());
            self.kind.push(kind.to_owned());
            self.x.push(*x);
            self.risk.push(*risk);
        }
    }

    fn line(&mut self, label: &str, style: Style, x: &[f64], y: &[f64]) {
        self.panel.series.push(Series::Line { label: label.into(), style, x: x.to_vec(), y: y.to_vec() });
    }

    /// A solution of the ODE: a line.
    pub fn ode(&mut self, series: &str, colour: Colour, x: &[f64], risk: &[f64]) {
        self.keep(series, "ode", x, risk);
        self.line(series, Style::line(colour), x, risk);
    }

    /// Mean ± standard deviation of SGD, against `unit` times its own t: a pale line in a band.
    pub fn sgd(&mut self, series: &str, colour: Colour, unit: f64, sgd: &Ensemble) {
        let x: Vec<f64> = sgd.times().iter().map(|t| t * unit).collect();
        let (mean, std) = (sgd.excess_risk(), sgd.risk_standard_deviation());
        self.keep(series, "sgd", &x, &mean);
        if std.iter().all(|std| std.is_finite()) {
            let edge = |sign: f64| mean.iter().zip(&std).map(|(mean, std)| mean + sign * std).collect();
            let (label, style) = (series.to_owned(), Style::band(colour));
            let band = Series::Band { label, style, x: x.clone(), low: edge(-1.0), high: edge(1.0) };
            self.panel.series.push(band);
        }
        self.line(series, Style::line(colour).width(5.0).alpha(0.4), &x, &mean);
    }

    /// Published points: rings.
    pub fn published(&mut self, series: &str, kind: &str, colour: Colour, (x, y): (Vec<f64>, Vec<f64>)) {
        self.keep(series, &format!("published_{kind}"), &x, &y);
        let label = format!("published {}", kind.to_uppercase());
        self.rings.push(Series::Points { label, style: Style::rings(colour).width(6.0), x, y });
    }

    /// The panel, on logarithmic axes.
    pub fn panel(&self) -> Panel {
        let mut panel = self.panel.clone();
        panel.series.extend(self.rings.iter().cloned());
        panel
    }

    /// Writes `NAME.csv`: `series,kind,x,risk`, one row for each point.
    pub fn write(self, options: &Options, name: &str) -> Result<(), Error> {
        let mut table = Table::new(name, []);
        table.push("series", "", self.series);
        table.push("kind", "", self.kind);
        table.push("x", self.panel.x.label, self.x);
        table.push("risk", "E[(y - f)^2] / 2, without noise / 2", self.risk);
        table.save(options.out.join(format!("{name}.csv")))
    }
}
