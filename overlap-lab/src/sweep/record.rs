//! What is recorded, when, and under which column names.

use super::events::EventPlan;
use super::observable::Observable;
use super::{Processes, Sgd};
use overlap_runtime::Shape;

/// What is recorded of every process.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// End of the solve or simulation, if no event stops it before.
    pub(super) until: f64,
    /// Times at which the observables are recorded beside the end.
    pub(super) times: Vec<f64>,
    /// Names of observables or groups of them.
    pub(super) observables: Vec<String>,
    pub(super) clock: Clock,
    /// Times of trajectories written to files of their own.
    pub(super) trajectories: Option<Vec<f64>>,
    pub(super) events: Vec<EventPlan>,
}

/// In which time all times of the sweep are given and recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// t = steps / d.
    Steps,
    /// γ s t, the time of gradient flow.
    GradientFlow,
    /// γ² s² t / b, the time of the noise term.
    Noise,
}

/// The names of the clocks.
pub(super) const CLOCKS: [(&str, Clock); 3] =
    [("steps", Clock::Steps), ("gradient_flow", Clock::GradientFlow), ("noise", Clock::Noise)];

impl Clock {
    pub(super) fn unit(self) -> &'static str {
        match self {
            Clock::Steps => "t = steps / d",
            Clock::GradientFlow => "gamma s t",
            Clock::Noise => "gamma^2 s^2 t / b",
        }
    }

    /// Units of this clock in one unit of t = steps / d.
    pub(super) fn rate(self, gamma: f64, s: f64, batch: f64) -> f64 {
        match self {
            Clock::Steps => 1.0,
            Clock::GradientFlow => gamma * s,
            Clock::Noise => gamma * s * gamma * s / batch,
        }
    }
}

/// A column of results.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ResultColumn {
    pub(super) name: String,
    pub(super) unit: String,
}

impl Record {
    /// The observables, for states of a shape.
    pub(super) fn observables(&self, shape: Shape) -> Vec<Observable> {
        self.observables.iter().flat_map(|name| Observable::parse(name, shape).unwrap_or_default()).collect()
    }

    /// The columns of results, in the order in which a point gives its values.
    pub(super) fn columns(&self, run: Processes, sgd: &Sgd, shape: Shape) -> Vec<ResultColumn> {
        let observables = self.observables(shape);
        let mut columns = Vec::new();
        let mut push = |name: String, unit: &str| columns.push(ResultColumn { name, unit: unit.to_owned() });
        for process in run.prefixes() {
            push(format!("{process}_t_end"), self.clock.unit());
            let ends = std::iter::once(String::new()).chain(self.times.iter().map(|time| format!("@{time}")));
            for end in ends {
                for observable in &observables {
                    let name = format!("{process}_{}", observable.name());
                    push(format!("{name}{end}"), observable.unit());
                    if process == "sgd" && sgd.has_error(*observable) {
                        push(format!("{name}_sem{end}"), "standard error of the mean");
                    }
                }
            }
            for event in self.events.iter().filter(|event| process == "ode" || event.in_sgd()) {
                push(format!("{process}_{}", event.name), self.clock.unit());
            }
        }
        columns
    }
}

impl Sgd {
    /// Whether a standard error of an observable is recorded.
    pub(super) fn has_error(&self, observable: Observable) -> bool {
        self.replicas > 1 && observable != Observable::Specialisation
    }
}
