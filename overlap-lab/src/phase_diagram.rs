//! The phase diagram of wide networks with solved and simulated curves in each region.

use crate::{Table, Values};
use overlap_runtime::internal::check_at_least;
use overlap_runtime::{
    Error, Problem, Regime, Region, SimulateOptions, SolveOptions, System, Trajectory, log_times, simulate,
    solve, whole_steps,
};
use std::io::Write;

/// What [`phase_diagram`] solves and simulates.
///
/// ```
/// use overlap::{PhaseDiagramOptions, SolveOptions};
/// let options = PhaseDiagramOptions::default()
///     .dimensions([100, 1000])
///     .until(100.0)
///     .points(31)
///     .seed(7)
///     .solve(SolveOptions::default().rtol(1e-6));
/// assert_eq!(options.sums, [0.0, 0.5, -0.375, -0.5]);
/// assert_eq!((options.times, options.points, options.runs), ((0.1, 100.0), 31, 5));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PhaseDiagramOptions {
    /// Values of κ + δ to look at (default 0, ½, -⅜, -½: one in each region).
    pub sums: Vec<f64>,
    /// Dimensions d, increasing (default 10², 10³, 10⁴).
    pub dimensions: Vec<usize>,
    /// First and last of the times τ = steps · δt (default 0.1 and 10⁴).
    pub times: (f64, f64),
    /// Number of times, logarithmically spaced (default 101).
    pub points: usize,
    /// Most steps of one run of SGD (default 10⁷); it ends early for that.
    pub steps: u64,
    /// Runs of SGD for each dimension where there is no limit (default 5); elsewhere there is one.
    pub runs: usize,
    /// Steps of these runs (default 200).
    pub steps_without_limit: u64,
    /// Seed of the data (default 0).
    pub seed: u64,
    /// How the ODE is solved.
    pub solve: SolveOptions,
}

impl Default for PhaseDiagramOptions {
    fn default() -> Self {
        PhaseDiagramOptions {
            sums: vec![0.0, 0.5, -0.375, -0.5],
            dimensions: vec![100, 1000, 10_000],
            times: (0.1, 1e4),
            points: 101,
            steps: 10_000_000,
            runs: 5,
            steps_without_limit: 200,
            seed: 0,
            solve: SolveOptions::default(),
        }
    }
}

impl PhaseDiagramOptions {
    /// Sets the values of κ + δ.
    #[must_use]
    pub fn sums(mut self, sums: impl IntoIterator<Item = f64>) -> Self {
        self.sums = sums.into_iter().collect();
        self
    }

    /// Sets the dimensions.
    #[must_use]
    pub fn dimensions(mut self, dimensions: impl IntoIterator<Item = usize>) -> Self {
        self.dimensions = dimensions.into_iter().collect();
        self
    }

    /// Sets the first time τ.
    #[must_use]
    pub fn starting(mut self, from: f64) -> Self {
        self.times.0 = from;
        self
    }

    /// Sets the last time τ.
    #[must_use]
    pub fn until(mut self, until: f64) -> Self {
        self.times.1 = until;
        self
    }

    /// Sets the number of times.
    #[must_use]
    pub fn points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// Sets the most steps of one run of SGD.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// Sets the runs of SGD for each dimension where there is no limit.
    #[must_use]
    pub fn runs(mut self, runs: usize) -> Self {
        self.runs = runs;
        self
    }

    /// Sets the steps of the runs where there is no limit.
    #[must_use]
    pub fn steps_without_limit(mut self, steps: u64) -> Self {
        self.steps_without_limit = steps;
        self
    }

    /// Sets the seed of the data.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets how the ODE is solved.
    #[must_use]
    pub fn solve(mut self, solve: SolveOptions) -> Self {
        self.solve = solve;
        self
    }

    fn validate(&self) -> Result<(), Error> {
        let empty = |name: &str| Err(Error::invalid(format!("the number of {name}"), 0, "at least 1"));
        if self.sums.is_empty() {
            return empty("sums");
        }
        if self.dimensions.is_empty() {
            return empty("dimensions");
        }
        for (index, pair) in self.dimensions.windows(2).enumerate() {
            if pair[0] >= pair[1] {
                let bound = format!("greater than dimension {} = {}", index + 1, pair[0]);
                return Err(Error::invalid(format!("dimension {}", index + 2), pair[1], bound));
            }
        }
        if self.runs == 0 {
            return empty("runs");
        }
        check_at_least("the first time", self.times.0, 0.0, true)?;
        check_at_least("the last time", self.times.1, self.times.0, true).map(drop)
    }
}

/// Excess risk R - Δ/2 against a regime's own time τ = steps · δt (steps, where there is no limit).
#[derive(Debug, Clone, PartialEq)]
pub struct RiskCurve {
    /// τ.
    pub times: Vec<f64>,
    /// R - Δ/2, as many.
    pub excess_risk: Vec<f64>,
}

/// The curves of one κ + δ.
#[derive(Debug, Clone, PartialEq)]
pub struct RegimeCurves {
    /// κ + δ.
    pub sum: f64,
    /// Where that lies.
    pub region: Region,
    /// The ODE that remains for d → ∞, where there is one.
    pub limit: Option<RiskCurve>,
    /// Dimension by dimension.
    pub finite: Vec<DimensionCurves>,
}

/// The curves of one κ + δ in one dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct DimensionCurves {
    /// Input dimension d.
    pub dimension: usize,
    /// The ODE with the prefactors of this dimension, where there is one.
    pub ode: Option<RiskCurve>,
    /// Single runs of SGD.
    pub sgd: Vec<RiskCurve>,
}

/// Curves from the regions of the (κ, δ) plane; [`figure`](PhaseDiagram::figure) draws them with the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseDiagram {
    /// For every κ + δ that was asked for, in this order.
    pub regimes: Vec<RegimeCurves>,
}

/// Solves and simulates `problem` on lines κ + δ = const of the phase diagram of arXiv 2202.00293.
///
/// The problem's γ is γ0 p / p0 and its overlaps start every curve. All powers of d are those of γ/p = (γ0/p0) d^-(κ+δ), so that the
/// system with its p units stands for the line: SGD in d dimensions has learning rate γ d^-(κ+δ), and the ODE the weights of
/// [`Regime::prefactors`]. (Where κ > 0 the p of a curve is the width that is reached at some d.) Curves are over the region's own
/// time τ, so that SGD tends to the limit's curve.
///
/// # Errors
/// [`Error::Invalid`] for an option; those of [`solve`](fn@solve) and of [`simulate`].
pub fn phase_diagram(
    system: &dyn System,
    problem: &Problem,
    options: &PhaseDiagramOptions,
) -> Result<PhaseDiagram, Error> {
    options.validate()?;
    let lines = options.sums.iter().map(|&sum| line(system, problem, options, Regime::new(0.0, sum)?));
    Ok(PhaseDiagram { regimes: lines.collect::<Result<_, Error>>()? })
}

fn line(
    system: &dyn System,
    problem: &Problem,
    options: &PhaseDiagramOptions,
    regime: Regime,
) -> Result<RegimeCurves, Error> {
    let (first, last) = options.times;
    let times = log_times(first, last, options.points)?;
    let curve = |trajectory: Trajectory| RiskCurve {
        times: trajectory.times().to_vec(),
        excess_risk: trajectory.excess_risk(),
    };
    let limit = regime.limit().ok().map(|limit| solve(&limit.of(system), problem, &times, &options.solve));
    let mut finite = Vec::with_capacity(options.dimensions.len());
    for &dimension in &options.dimensions {
        let d = dimension as f64;
        let prefactors = regime.prefactors(d).ok();
        let ode = prefactors.map(|found| solve(&found.of(system), problem, &times, &options.solve));
        // Where there is no limit, τ counts steps.
        let (time_step, runs, steps) = match prefactors {
            Some(found) => (found.time_step, 1, options.steps),
            None => (1.0, options.runs, options.steps_without_limit.min(options.steps)),
        };
        let most = steps as f64 * time_step;
        let asked = times.iter().filter(|tau| **tau <= most).map(|tau| tau / (time_step * d));
        let asked: Vec<f64> = asked.collect();
        let mut asked = whole_steps(&asked, dimension).unwrap_or_default();
        asked.retain(|time| *time > 0.0);
        let mut sgd = Vec::new();
        if !asked.is_empty() {
            let fast = problem.with_learning_rate(regime.learning_rate(problem.learning_rate(), d))?;
            let asked_for = SimulateOptions::default().dimension(dimension).seed(options.seed);
            let simulated = simulate(system, &fast, &asked, &asked_for.replicas(runs).keep_replicas(true));
            // Of runs that run away, the part before.
            let ensemble = match simulated {
                Err(Error::Diverged { partial, .. }) => *partial,
                other => other?,
            };
            let runs = (0..runs).filter_map(|run| ensemble.replica(run));
            sgd.extend(runs.map(|run| RiskCurve {
                times: ensemble.steps().iter().map(|&step| step as f64 * time_step).collect(),
                excess_risk: run.excess_risk(),
            }));
        }
        finite.push(DimensionCurves { dimension, ode: ode.transpose()?.map(curve), sgd });
    }
    Ok(RegimeCurves {
        sum: regime.sum(),
        region: regime.region(),
        limit: limit.transpose()?.map(curve),
        finite,
    })
}

impl PhaseDiagram {
    /// All curves as a table, one row a point: `sum`, `region`, `kind` (`limit`, `ode` or `sgd`), `dimension` (missing for
    /// the limit), `run` (counted from 1; of SGD only), `tau`, `excess_risk`.
    pub fn table(&self) -> Table {
        let mut points: Vec<Point> = Vec::new();
        for regime in &self.regimes {
            let mut add = |kind, dimension: Option<usize>, run: Option<usize>, curve: &RiskCurve| {
                let rows = curve.times.iter().zip(&curve.excess_risk);
                points.extend(rows.map(|(&tau, &risk)| Point { regime, kind, dimension, run, tau, risk }));
            };
            if let Some(limit) = &regime.limit {
                add("limit", None, None, limit);
            }
            for DimensionCurves { dimension, ode, sgd } in &regime.finite {
                if let Some(ode) = ode {
                    add("ode", Some(*dimension), None, ode);
                }
                for (run, curve) in sgd.iter().enumerate() {
                    add("sgd", Some(*dimension), Some(run + 1), curve);
                }
            }
        }
        let text = |of: fn(&Point<'_>) -> &'static str| {
            Values::Text(points.iter().map(|point| Some(of(point).to_owned())).collect())
        };
        let numbers = |of: fn(&Point<'_>) -> Option<f64>| {
            Values::from(points.iter().map(of).collect::<Vec<Option<f64>>>())
        };
        let mut table = Table::new("phase_diagram", []);
        table.push("sum", "kappa + delta", numbers(|point| Some(point.regime.sum)));
        table.push("region", "", text(|point| point.region()));
        table.push("kind", "", text(|point| point.kind));
        table.push("dimension", "d", numbers(|point| point.dimension.map(|d| d as f64)));
        table.push("run", "", numbers(|point| point.run.map(|run| run as f64)));
        table.push("tau", "steps dt; steps where there is no limit", numbers(|point| Some(point.tau)));
        table.push("excess_risk", "E[(y - f)^2] / 2, without noise / 2", numbers(|point| Some(point.risk)));
        table
    }

    /// Writes the [`table`](Self::table) as CSV without metadata. ([`Table::save`] writes files of any format with them.)
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        self.table().write_csv(&mut writer).map_err(Error::io("-", "write"))
    }
}

/// A row of the table.
struct Point<'a> {
    regime: &'a RegimeCurves,
    kind: &'static str,
    dimension: Option<usize>,
    run: Option<usize>,
    tau: f64,
    risk: f64,
}

impl Point<'_> {
    fn region(&self) -> &'static str {
        match self.regime.region {
            Region::BlueLine => "blue",
            Region::Green => "green",
            Region::Orange => "orange",
            Region::NoLimit => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use overlap_runtime::{Activation, DynSystem, Initial};

    fn drawn() -> PhaseDiagram {
        let system = DynSystem::new(1, 2, Activation::Erf, false).unwrap();
        let problem = Problem::builder(1, 2).learning_rate(2.0).noise(1e-2).initial(Initial::informed(0.3));
        let options = PhaseDiagramOptions::default().dimensions([64, 256]).until(10.0).steps(2000);
        phase_diagram(&system, &problem.build().unwrap(), &options).unwrap()
    }

    /// The ODE at finite d is the plain ODE with the rate of SGD, by another clock.
    #[test]
    fn the_ode_of_a_dimension_is_that_of_its_rate() {
        let system = DynSystem::new(1, 2, Activation::Erf, false).unwrap();
        for regime in drawn().regimes.iter().filter(|regime| regime.limit.is_some()) {
            for DimensionCurves { dimension, ode, .. } in &regime.finite {
                let d = *dimension as f64;
                let Some(ode) = ode else { panic!("no ODE") };
                let rate = 2.0 * d.powf(-regime.sum);
                let problem = Problem::builder(1, 2).learning_rate(rate).noise(1e-2);
                let problem = problem.initial(Initial::informed(0.3)).build().unwrap();
                let step = d.powf(-1.0 - regime.sum.min(2.0 * regime.sum));
                let times: Vec<f64> = ode.times.iter().map(|tau| tau / step / d).collect();
                let plain = solve(&system, &problem, &times, &SolveOptions::default()).unwrap();
                for (found, known) in ode.excess_risk.iter().zip(plain.excess_risk()) {
                    assert!((found - known).abs() < 1e-7, "{} {d}: {found} {known}", regime.sum);
                }
            }
        }
    }

    #[test]
    fn steps_are_bounded_and_runs_are_many_where_there_is_no_limit() {
        let diagram = drawn();
        let regions = [Region::BlueLine, Region::Green, Region::Orange, Region::NoLimit];
        assert!(diagram.regimes.iter().map(|regime| regime.region).eq(regions));
        for (regime, step) in
            diagram.regimes.iter().zip([1.0 / 256.0, 256f64.powf(-1.5), 256f64.powf(-0.25), 1.0])
        {
            let sgd = &regime.finite[1].sgd;
            assert_eq!(sgd.len(), if regime.region == Region::NoLimit { 5 } else { 1 });
            let last = sgd[0].times.last().unwrap();
            assert!(
                *last <= 10.0 && *last <= 2000.0 * step && *last > 0.8 * (2000.0 * step).min(10.0),
                "{last}"
            );
        }
        let mut csv = Vec::new();
        diagram.write_csv(&mut csv).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        assert_eq!(csv.lines().filter(|line| line.contains(",limit,")).count(), 3 * 101);
        assert!(csv.lines().all(|line| line.split(',').count() == 7));
    }

    #[test]
    fn bad_options_are_named() {
        let system = DynSystem::new(1, 1, Activation::Erf, false).unwrap();
        let problem = Problem::builder(1, 1).build().unwrap();
        let options = PhaseDiagramOptions::default;
        for (options, message) in [
            (options().sums([]), "the number of sums = 0"),
            (options().sums([f64::NAN]), "delta = NaN"),
            (options().dimensions([]), "the number of dimensions = 0"),
            (
                options().dimensions([10, 10]),
                "dimension 2 = 10, but it must be greater than dimension 1 = 10",
            ),
            (options().until(0.01), "the last time = 0.01"),
            (options().starting(0.0), "the first time = 0"),
            (options().points(1), "points = 1"),
            (options().runs(0), "the number of runs = 0"),
            (options().solve(SolveOptions::default().rtol(-1.0)), "rtol = -1"),
            (options().until(f64::INFINITY), "the last time = inf"),
        ] {
            let error = phase_diagram(&system, &problem, &options).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
