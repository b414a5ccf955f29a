//! What a simulation returns: statistics of the overlaps and of the risk over the replicas.

use super::checkpoint::Visit;
use crate::{Error, Parameters, Shape, State, Trajectory};
use std::io::Write;

/// Mean, standard deviation (n - 1) and standard error of the overlaps and of the exact population risk over the
/// replicas of a simulation, at each output time. With a single replica the last two are NaN.
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
    states: Vec<Moments>,
    risks: Vec<Moments>,
    kept: Option<Vec<Vec<Row>>>,
    /// Stands in for a in views of deviations where the second layer is fixed.
    zeros: Vec<f64>,
}

/// One replica at one output time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) state: Vec<f64>,
    pub(crate) risk: f64,
}

/// Moments over the replicas of a list of numbers.
#[derive(Debug, Clone, PartialEq)]
struct Moments {
    mean: Vec<f64>,
    deviation: Vec<f64>,
    error: Vec<f64>,
}

impl Moments {
    /// Of `samples`, one list per replica, all equally long. In replica order, so that the sum does not depend on
    /// the threads.
    fn of(samples: &[&[f64]]) -> Self {
        let count = samples.len() as f64;
        let mut mean = samples[0].to_vec();
        let mut deviation = vec![0.0; mean.len()];
        for (entry, mean) in mean.iter_mut().enumerate() {
            // Around the first sample: equal samples have their mean and deviation 0 exactly.
            let first = *mean;
            *mean = first + samples.iter().map(|sample| sample[entry] - first).sum::<f64>() / count;
            let squares: f64 = samples.iter().map(|sample| (sample[entry] - *mean).powi(2)).sum();
            deviation[entry] = (squares / (count - 1.0)).sqrt();
        }
        let error = deviation.iter().map(|deviation| deviation / count.sqrt()).collect();
        Moments { mean, deviation, error }
    }
}

impl Ensemble {
    /// Without rows yet.
    pub(crate) fn empty(
        shape: Shape,
        parameters: Parameters,
        dimension: usize,
        replicas: usize,
        keep_replicas: bool,
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
            states: Vec::new(),
            risks: Vec::new(),
            kept: keep_replicas.then(Vec::new),
            zeros: vec![0.0; shape.p],
        }
    }

    /// Adds the next output time; `rows` in replica order, one or more.
    pub(crate) fn push(&mut self, requested: f64, step: u64, noise: f64, rows: Vec<Row>) {
        self.requested.push(requested);
        self.steps.push(step);
        self.noises.push(noise);
        self.times.push(step as f64 / self.dimension as f64);
        self.states.push(Moments::of(&rows.iter().map(|row| row.state.as_slice()).collect::<Vec<_>>()));
        self.risks
            .push(Moments::of(&rows.iter().map(|row| std::slice::from_ref(&row.risk)).collect::<Vec<_>>()));
        if let Some(kept) = &mut self.kept {
            kept.push(rows);
        }
    }

    /// The rows for a checkpoint, or from one.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        let Ensemble { requested, steps, times, noises, states, risks, kept, .. } = self;
        for list in [requested, times, noises] {
            visit.numbers(list);
        }
        steps.iter_mut().for_each(|step| visit.word(step));
        for Moments { mean, deviation, error } in states.iter_mut().chain(risks) {
            for list in [mean, deviation, error] {
                visit.numbers(list);
            }
        }
        for row in kept.iter_mut().flatten().flatten() {
            visit.numbers(&mut row.state);
            visit.numbers(std::slice::from_mut(&mut row.risk));
        }
    }

    /// Makes room for `count` rows that [`visit`](Self::visit) fills.
    pub(super) fn prepare(&mut self, count: usize) {
        let zero = Row { state: vec![0.0; self.shape.dim()], risk: 0.0 };
        for _ in 0..count {
            self.push(0.0, 0, 0.0, vec![zero.clone(); if self.kept.is_some() { self.replicas } else { 1 }]);
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

    /// The number of SGD steps done at each row.
    pub fn steps(&self) -> &[u64] {
        &self.steps
    }

    /// Mean overlaps at row `index`, or `None` past the end.
    pub fn mean(&self, index: usize) -> Option<State<'_>> {
        self.states.get(index).map(|moments| State::new(self.shape, &moments.mean, &self.parameters.a))
    }

    /// Standard deviation over the replicas (n - 1) of every overlap at row `index`, or `None` past the end.
    pub fn standard_deviation(&self, index: usize) -> Option<State<'_>> {
        self.states.get(index).map(|moments| State::new(self.shape, &moments.deviation, &self.zeros))
    }

    /// Standard error of the mean of every overlap at row `index`, or `None` past the end.
    pub fn standard_error(&self, index: usize) -> Option<State<'_>> {
        self.states.get(index).map(|moments| State::new(self.shape, &moments.error, &self.zeros))
    }

    /// Mean risk R at every time, with Δ/2.
    pub fn risk(&self) -> Vec<f64> {
        self.risks.iter().map(|moments| moments.mean[0]).collect()
    }

    /// Mean excess risk R - Δ/2 at every time.
    pub fn excess_risk(&self) -> Vec<f64> {
        self.risks.iter().zip(&self.noises).map(|(moments, noise)| moments.mean[0] - 0.5 * noise).collect()
    }

    /// Standard deviation over the replicas (n - 1) of the risk at every time.
    pub fn risk_standard_deviation(&self) -> Vec<f64> {
        self.risks.iter().map(|moments| moments.deviation[0]).collect()
    }

    /// Standard error of the mean risk at every time.
    pub fn risk_standard_error(&self) -> Vec<f64> {
        self.risks.iter().map(|moments| moments.error[0]).collect()
    }

    /// A single replica (counted from 0), or `None` past the end or where replicas were not kept
    /// ([`SimulateOptions::keep_replicas`](crate::SimulateOptions)).
    pub fn replica(&self, index: usize) -> Option<Trajectory> {
        let rows = self.kept.as_ref().filter(|_| index < self.replicas)?;
        let mut trajectory = Trajectory::empty(self.shape, self.parameters.clone());
        trajectory.times.clone_from(&self.times);
        trajectory.states = rows.iter().map(|row| row[index].state.clone()).collect();
        trajectory.risks = rows.iter().map(|row| row[index].risk).collect();
        trajectory.noises.clone_from(&self.noises);
        Some(trajectory)
    }

    /// Writes CSV, one row per time. The first columns are those of [`Trajectory::write_csv`], with the means:
    /// `t,risk,excess_risk,M_1_1,...`; then `risk_std,risk_sem` and, for every overlap, `M_1_1_std,M_1_1_sem,...`.
    /// Shortest digits that read back exactly; `NaN` where a single replica has no deviation.
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_csv(&self, writer: impl Write) -> Result<(), Error> {
        let fail = |error: csv::Error| Error::io("-", "write")(std::io::Error::other(error));
        let mut csv = csv::Writer::from_writer(writer);
        let names = self.shape.names();
        let spread = |name: &str| [format!("{name}_std"), format!("{name}_sem")];
        let header = ["t", "risk", "excess_risk"].map(String::from).into_iter();
        let spreads = spread("risk").into_iter().chain(names.iter().flat_map(|name| spread(name)));
        csv.write_record(header.chain(names.iter().cloned()).chain(spreads)).map_err(fail)?;
        for ((time, excess), (state, risk)) in
            self.times.iter().zip(self.excess_risk()).zip(self.states.iter().zip(&self.risks))
        {
            let spread = |moments: &Moments| {
                let pairs = moments.deviation.iter().zip(&moments.error);
                pairs.flat_map(|(&deviation, &error)| [deviation, error]).collect::<Vec<_>>()
            };
            let means = [*time, risk.mean[0], excess].into_iter().chain(state.mean.iter().copied());
            let row = means.chain(spread(risk)).chain(spread(state)).map(|value| value.to_string());
            csv.write_record(row).map_err(fail)?;
        }
        csv.flush().map_err(Error::io("-", "write"))
    }
}
