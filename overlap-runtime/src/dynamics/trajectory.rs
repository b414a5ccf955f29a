//! A solved trajectory: times, states and risks, and its CSV form.

use crate::lines::Lines;
use crate::ode::{SolveFailure, SolveStats};
use crate::{Error, Parameters, Shape, State};
use std::io::Write;

/// The overlaps and the risk at the requested times, in increasing time.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    pub(crate) shape: Shape,
    pub(crate) parameters: Parameters,
    pub(crate) times: Vec<f64>,
    pub(crate) states: Vec<Vec<f64>>,
    pub(crate) risks: Vec<f64>,
    /// Variance of the label noise.
    pub(crate) noises: Vec<f64>,
    pub(crate) stats: SolveStats,
}

impl Trajectory {
    /// An empty trajectory, to be filled in increasing time.
    #[doc(hidden)]
    pub fn empty(shape: Shape, parameters: Parameters) -> Self {
        Trajectory {
            shape,
            parameters,
            times: Vec::new(),
            states: Vec::new(),
            risks: Vec::new(),
            noises: Vec::new(),
            stats: SolveStats::default(),
        }
    }

    /// Adds a row; `noise` is Δ at that time.
    ///
    /// # Errors
    /// [`SolveFailure::NotFinite`] if the risk is not.
    #[doc(hidden)]
    pub fn push(&mut self, time: f64, state: Vec<f64>, risk: f64, noise: f64) -> Result<(), SolveFailure> {
        if !risk.is_finite() {
            return Err(SolveFailure::NotFinite { quantity: "risk".to_owned(), value: risk, time });
        }
        self.times.push(time);
        self.states.push(state);
        self.risks.push(risk);
        self.noises.push(noise);
        Ok(())
    }

    /// Sizes and state layout.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The parameters it was solved with, schedules left out.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The output times t = steps / d.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// The state at row `index`, or `None` past the end.
    pub fn state(&self, index: usize) -> Option<State<'_>> {
        self.states.get(index).map(|values| State::new(self.shape, values, &self.parameters.a))
    }

    /// The flat states (layout of [`Shape`]) at every time.
    pub fn states(&self) -> &[Vec<f64>] {
        &self.states
    }

    /// Risk R at every time, with Δ/2.
    pub fn risk(&self) -> &[f64] {
        &self.risks
    }

    /// Excess risk R - Δ/2 at every time.
    pub fn excess_risk(&self) -> Vec<f64> {
        self.risks.iter().zip(&self.noises).map(|(risk, noise)| risk - 0.5 * noise).collect()
    }

    /// Number of rows before the excess risk first falls to what rounding leaves of it, 64 ε of the largest risk: what comes
    /// after is noise around 0, of either sign. Fits and curves over log R end there.
    ///
    /// ```
    /// use overlap::{Activation, DynSystem, Problem, SolveOptions, log_times, solve};
    /// let system = DynSystem::new(1, 1, Activation::Erf, false)?;
    /// let ode = solve(&system, &Problem::builder(1, 1).build()?, &log_times(1.0, 1e4, 40)?, &SolveOptions::default())?;
    /// let excess_risk = &ode.excess_risk()[..ode.resolved()];
    /// assert!(excess_risk.len() < 40 && excess_risk.iter().all(|risk| *risk > 1e-16));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    pub fn resolved(&self) -> usize {
        let rounding = crate::dynamics::near::ROUNDING * self.risks.iter().copied().fold(0.0, f64::max);
        let excess = self.excess_risk();
        excess.iter().position(|risk| *risk <= rounding).unwrap_or(excess.len())
    }

    /// What the integration cost.
    pub fn stats(&self) -> SolveStats {
        self.stats
    }

    /// Writes CSV: `t,risk,excess_risk,M_1_1,...,Q_1_1,...,a_1,...`, one row per time, shortest digits that read
    /// back exactly.
    ///
    /// # Errors
    /// What the writer answers, as [`Error::Io`] on a path named `-`.
    pub fn write_csv(&self, mut writer: impl Write) -> Result<(), Error> {
        self.csv(&mut writer)
    }

    fn csv(&self, writer: &mut dyn Write) -> Result<(), Error> {
        let mut lines = Lines::new(writer);
        let header = ["t", "risk", "excess_risk"].map(String::from).into_iter().chain(self.shape.names());
        lines.write(header)?;
        for ((time, risk), (excess, state)) in
            self.times.iter().zip(&self.risks).zip(self.excess_risk().iter().zip(&self.states))
        {
            let row = [time, risk, excess].into_iter().chain(state).map(|value| value.to_string());
            lines.write(row)?;
        }
        lines.finish()
    }
}
