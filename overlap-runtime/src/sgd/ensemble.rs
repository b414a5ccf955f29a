//! What a simulation returns: statistics of the overlaps and of the risk over the replicas.

use super::checkpoint::Visit;
use super::setting::NotFinite;
use super::statistics::{Extent, Moments};
use crate::lines::Lines;
use crate::{Error, Parameters, Shape, State, Trajectory};
use nalgebra::DMatrix;
use std::io::Write;

/// Mean, standard deviation (n - 1) and standard error of the overlaps and of the exact population risk over the
/// replicas of a simulation, at each output time. With a single replica the last two are NaN. Where asked for, also
/// covariances, quantiles and the replicas themselves; with a training set, the error on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    shape: Shape,
    parameters: Parameters,
    dimension: usize,
    replicas: usize,
    completed: bool,
    requested: Vec<f64>,
    steps: Vec<u64>,
    times: Vec<f64>,
    /// Variance of the label noise.
    noises: Vec<f64>,
    /// Of the state, the risk and, with a training set, the error on it.
    moments: Vec<Moments>,
    /// Whether there is a training set.
    training: bool,
    extent: Extent,
    /// The replicas row by row, where they are kept.
    kept: Vec<Vec<Row>>,
    /// Stands in for a in views of deviations where the second layer is fixed.
    zeros: Vec<f64>,
}

/// One replica at one output time.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Layout of [`Shape`].
    pub state: Vec<f64>,
    /// R.
    pub risk: f64,
    /// Error on the training set, where there is one.
    pub training: Option<f64>,
}

impl Row {
    /// All its numbers.
    fn numbers(&self) -> Vec<f64> {
        self.state.iter().copied().chain([self.risk]).chain(self.training).collect()
    }
}

impl Ensemble {
    /// Without rows yet.
    #[doc(hidden)]
    pub fn empty(
        shape: Shape,
        parameters: Parameters,
        dimension: usize,
        replicas: usize,
        extent: Extent,
    ) -> Self {
        Ensemble {
            shape,
            parameters,
            dimension,
            replicas,
            completed: false,
            requested: Vec::new(),
            steps: Vec::new(),
            times: Vec::new(),
            noises: Vec::new(),
            moments: Vec::new(),
            training: false,
            extent,
            kept: Vec::new(),
            zeros: vec![0.0; shape.p],
        }
    }

    /// States that the replicas have training sets.
    pub(super) fn with_training_sets(mut self, training: bool) -> Self {
        self.training = training;
        self
    }

    /// Adds the next output time; `rows` in replica order, one or more.
    #[doc(hidden)]
    pub fn push(&mut self, requested: f64, step: u64, noise: f64, rows: Vec<Row>) {
        let moments = self.moments_of(&rows);
        self.add(requested, step, noise, rows, moments);
    }

    /// As [`push`](Self::push), unless a statistic over the replicas is not finite.
    pub(super) fn push_finite(
        &mut self,
        requested: f64,
        step: u64,
        noise: f64,
        rows: Vec<Row>,
    ) -> Result<(), NotFinite> {
        let moments = self.moments_of(&rows);
        let mut names = self.shape.names();
        names.extend(["risk", "training_error"].map(String::from));
        moments.check(&names, rows.len(), &self.extent.quantiles)?;
        self.add(requested, step, noise, rows, moments);
        Ok(())
    }

    fn moments_of(&self, rows: &[Row]) -> Moments {
        let numbers: Vec<_> = rows.iter().map(Row::numbers).collect();
        Moments::of(&numbers, &self.extent)
    }

    fn add(&mut self, requested: f64, step: u64, noise: f64, rows: Vec<Row>, moments: Moments) {
        self.requested.push(requested);
        self.steps.push(step);
        self.noises.push(noise);
        self.times.push(step as f64 / self.dimension as f64);
        self.moments.push(moments);
        if self.extent.replicas {
            self.kept.push(rows);
        }
    }

    /// The rows for a checkpoint, or from one.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        let Ensemble { requested, steps, times, noises, moments, kept, .. } = self;
        for list in [requested, times, noises] {
            visit.numbers(list);
        }
        steps.iter_mut().for_each(|step| visit.word(step));
        moments.iter_mut().for_each(|moments| moments.visit(visit));
        for row in kept.iter_mut().flatten() {
            visit.numbers(&mut row.state);
            visit.numbers(std::slice::from_mut(&mut row.risk));
            row.training.iter_mut().for_each(|error| visit.numbers(std::slice::from_mut(error)));
        }
    }

    /// Makes room for `count` rows that [`visit`](Self::visit) fills.
    pub(super) fn prepare(&mut self, count: usize) {
        let zero =
            Row { state: vec![0.0; self.shape.dim()], risk: 0.0, training: self.training.then_some(0.0) };
        for _ in 0..count {
            self.push(0.0, 0, 0.0, vec![zero.clone(); if self.extent.replicas { self.replicas } else { 1 }]);
        }
    }

    /// Marks that every output time was reached.
    pub(crate) fn complete(&mut self) {
        self.completed = true;
    }

    /// Sizes and state layout.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The parameters it was simulated with, schedules left out.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Input dimension d.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of replicas.
    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// Whether every output time was reached; `false` after an interruption.
    pub fn completed(&self) -> bool {
        self.completed
    }

    /// Number of rows: of output times that all replicas reached.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The times t = step / d of the rows.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The times asked for; they differ from [`times`](Self::times) by at most 1/(2d).
    pub fn requested_times(&self) -> &[f64] {
        &self.requested
    }

    /// The number of SGD steps at each row, counted from t = 0.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// A view of the overlaps among the numbers of `list`; `a` where the second layer is fixed.
    fn view<'a>(&'a self, list: &'a [f64], a: &'a [f64]) -> State<'a> {
        State::new(self.shape, &list[..self.shape.dim()], a)
    }

    /// One of the numbers behind the overlaps, at every time.
    fn column(&self, offset: usize, list: impl Fn(&Moments) -> &[f64]) -> Vec<f64> {
        self.moments.iter().map(|moments| list(moments)[self.shape.dim() + offset]).collect()
    }

    /// Mean overlaps at row `index`, or `None` past the end.
    pub fn mean(&self, index: usize) -> Option<State<'_>> {
        self.moments.get(index).map(|moments| self.view(&moments.mean, &self.parameters.a))
    }

    /// Standard deviation over the replicas (n - 1) of every overlap at row `index`, or `None` past the end.
    pub fn standard_deviation(&self, index: usize) -> Option<State<'_>> {
        self.moments.get(index).map(|moments| self.view(&moments.deviation, &self.zeros))
    }

    /// Standard error of the mean of every overlap at row `index`, or `None` past the end.
    pub fn standard_error(&self, index: usize) -> Option<State<'_>> {
        self.moments.get(index).map(|moments| self.view(&moments.error, &self.zeros))
    }

    /// The levels of the quantiles asked for ([`SimulateOptions::quantiles`](crate::SimulateOptions)).
    pub fn quantile_levels(&self) -> &[f64] {
        &self.extent.quantiles
    }

    /// The quantile of every overlap over the replicas, at row `index` and the level numbered `level` among
    /// [`quantile_levels`](Self::quantile_levels), or `None` past the end of either. Interpolated linearly between order
    /// statistics.
    pub fn quantile(&self, index: usize, level: usize) -> Option<State<'_>> {
        let quantiles = self.moments.get(index)?.quantiles.get(level)?;
        Some(self.view(quantiles, &self.parameters.a))
    }

    /// The quantile of the risk at every time, as [`quantile`](Self::quantile); `None` past the end of the levels.
    pub fn risk_quantile(&self, level: usize) -> Option<Vec<f64>> {
        (level < self.extent.quantiles.len()).then(|| self.column(0, |moments| &moments.quantiles[level]))
    }

    /// The covariance over the replicas (n - 1) at row `index`: of all overlaps in the order of the state (see [`Shape`])
    /// and, last, the risk. `None` past the end or where it was not asked for
    /// ([`SimulateOptions::covariance`](crate::SimulateOptions)).
    pub fn covariance(&self, index: usize) -> Option<DMatrix<f64>> {
        let triangle = &self.moments.get(index).filter(|_| self.extent.covariance)?.covariance;
        let entries = self.shape.dim() + 1 + usize::from(self.training);
        // Rows before row i hold entries + (entries - 1) + ... numbers.
        let at = |i: usize, j: usize| i * entries + j - i * (i + 1) / 2;
        let size = self.shape.dim() + 1;
        Some(DMatrix::from_fn(size, size, |i, j| triangle[at(i.min(j), i.max(j))]))
    }

    /// Mean risk R at every time, with Δ/2.
    pub fn risk(&self) -> Vec<f64> {
        self.column(0, |moments| &moments.mean)
    }

    /// Mean excess risk R - Δ/2 at every time.
    pub fn excess_risk(&self) -> Vec<f64> {
        self.risk().iter().zip(&self.noises).map(|(risk, noise)| risk - 0.5 * noise).collect()
    }

    /// Standard deviation over the replicas (n - 1) of the risk at every time.
    pub fn risk_standard_deviation(&self) -> Vec<f64> {
        self.column(0, |moments| &moments.deviation)
    }

    /// Standard error of the mean risk at every time.
    pub fn risk_standard_error(&self) -> Vec<f64> {
        self.column(0, |moments| &moments.error)
    }

    /// Mean error on the training set, ½ (y - f)² averaged over its samples, at every time; `None` without training sets.
    pub fn training_error(&self) -> Option<Vec<f64>> {
        self.training.then(|| self.column(1, |moments| &moments.mean))
    }

    /// Standard error of [`training_error`](Self::training_error) over the replicas at every time.
    pub fn training_error_standard_error(&self) -> Option<Vec<f64>> {
        self.training.then(|| self.column(1, |moments| &moments.error))
    }

    /// A single replica (counted from 0), or `None` past the end or where replicas were not kept
    /// ([`SimulateOptions::keep_replicas`](crate::SimulateOptions)).
    pub fn replica(&self, index: usize) -> Option<Trajectory> {
        if !self.extent.replicas || index >= self.replicas {
            return None;
        }
        let mut trajectory = Trajectory::empty(self.shape, self.parameters.clone());
        trajectory.times.clone_from(&self.times);
        trajectory.states = self.kept.iter().map(|row| row[index].state.clone()).collect();
        trajectory.risks = self.kept.iter().map(|row| row[index].risk).collect();
        trajectory.noises.clone_from(&self.noises);
        Some(trajectory)
    }

    /// Writes the covariances as CSV, for every time one row per entry: `t,entry,M_1_1,...,risk`. Only the header where they
    /// were not asked for.
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_covariance_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        self.covariance_csv(&mut writer)
    }

    fn covariance_csv(&self, writer: &mut dyn Write) -> Result<(), Error> {
        let mut lines = Lines::new(writer);
        let mut names = self.shape.names();
        names.push("risk".to_owned());
        lines.write(["t", "entry"].into_iter().chain(names.iter().map(String::as_str)))?;
        for (index, time) in self.times.iter().enumerate() {
            let Some(covariance) = self.covariance(index) else { break };
            for (name, row) in names.iter().zip(covariance.row_iter()) {
                let cells = [time.to_string(), name.clone()].into_iter();
                lines.write(cells.chain(row.iter().map(|value| value.to_string())))?;
            }
        }
        lines.finish()
    }

    /// Writes CSV, one row per time. The first columns are those of [`Trajectory::write_csv`], with the means:
    /// `t,risk,excess_risk,M_1_1,...`; then `risk_std,risk_sem` and, for every overlap, `M_1_1_std,M_1_1_sem,...`; then for
    /// every level of the quantiles asked for `risk_q0.05,M_1_1_q0.05,...`, and with training sets
    /// `training_error,training_error_std,training_error_sem`. Shortest digits that read back exactly; `NaN` where a single
    /// replica has no deviation.
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        self.csv(&mut writer)
    }

    fn csv(&self, writer: &mut dyn Write) -> Result<(), Error> {
        let mut lines = Lines::new(writer);
        lines.write(self.column_names())?;
        for index in 0..self.len() {
            lines.write(self.row(index))?;
        }
        lines.finish()
    }

    /// The names of the columns of [`write_csv`](Self::write_csv).
    #[doc(hidden)]
    pub fn column_names(&self) -> Vec<String> {
        let names = self.shape.names();
        let risk_first = || std::iter::once("risk").chain(names.iter().map(String::as_str));
        let mut header = ["t", "risk", "excess_risk"].map(String::from).to_vec();
        header.extend(names.iter().cloned());
        header.extend(risk_first().flat_map(|name| [format!("{name}_std"), format!("{name}_sem")]));
        for level in &self.extent.quantiles {
            header.extend(risk_first().map(|name| format!("{name}_q{level}")));
        }
        if self.training {
            header.extend(["", "_std", "_sem"].map(|end| format!("training_error{end}")));
        }
        header
    }

    /// The numbers of a row of [`write_csv`](Self::write_csv).
    #[doc(hidden)]
    pub fn row(&self, index: usize) -> Vec<f64> {
        let dim = self.shape.dim();
        let Moments { mean, deviation, error, quantiles, .. } = &self.moments[index];
        let risk_first = || std::iter::once(dim).chain(0..dim);
        let mut row = vec![self.times[index], mean[dim], mean[dim] - 0.5 * self.noises[index]];
        row.extend(&mean[..dim]);
        row.extend(risk_first().flat_map(|entry| [deviation[entry], error[entry]]));
        for quantiles in quantiles {
            row.extend(risk_first().map(|entry| quantiles[entry]));
        }
        if self.training {
            row.extend([mean[dim + 1], deviation[dim + 1], error[dim + 1]]);
        }
        row
    }
}
