//! Sweeps: a TOML file declares points of parameter space, what to run there and what to record; one row a point.
//!
//! ```
//! use overlap::{Activation, DynSystem, Silent};
//! use overlap::sweep::{Sweep, SweepOptions};
//!
//! let system = DynSystem::new(1, 2, Activation::Erf, false)?;
//! let text = r#"
//!     run = "ode"
//!     [problem]
//!     learning_rate = 0.5
//!     [grid]
//!     noise = [0.0, 1e-2]
//!     seed = { from = 0, to = 2 }
//!     [record]
//!     until = 10.0
//! "#;
//! let sweep = Sweep::parse(text, &system)?;
//! assert_eq!(sweep.len(), 6);
//! let folder = tempfile::tempdir().unwrap();
//! let outcome = sweep.run(&system, &SweepOptions::new(folder.path()), &Silent)?;
//! assert_eq!(outcome.table.map(|table| table.rows()), Some(6));
//! # Ok::<(), overlap::Error>(())
//! ```
//!
//! Every point is written to a journal as soon as it is done. A sweep that was killed continues when it is run again; the
//! table is the same, byte for byte, however often that happened and however the points were shared among threads,
//! processes and machines. The format of the file is described in `docs/sweeps.md`.

mod axes;
mod document;
mod estimate;
mod events;
mod file;
mod journal;
mod judge;
mod merge;
#[cfg(feature = "mpi")]
mod mpi;
mod observable;
mod point;
mod record;
mod run;
mod setup;
mod table;

pub use estimate::Estimate;
pub use merge::merge;
#[cfg(feature = "mpi")]
pub use mpi::run_mpi;
pub(crate) use point::sized;
pub use run::{Outcome, Shard, SweepOptions};

use axes::Axis;
use overlap_runtime::{Error, SolveOptions, System};
use record::Record;
use serde_json::{Map, Value};
use std::path::Path;

/// A sweep: its points, what runs there, and what is recorded. Read from a TOML file and wholly checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The file it was read from.
    text: String,
    plan: Plan,
}

/// What a file says, without its comments.
#[derive(Debug, Clone, PartialEq)]
struct Plan {
    name: Option<String>,
    run: Processes,
    /// Parameters that are the same everywhere.
    fixed: Map<String, Value>,
    /// The last varies fastest.
    axes: Vec<Axis>,
    record: Record,
    solve: SolveOptions,
    sgd: Sgd,
}

/// What runs at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Processes {
    ode: bool,
    sgd: bool,
}

/// How SGD runs.
#[derive(Debug, Clone, PartialEq)]
struct Sgd {
    replicas: usize,
    simulator: overlap_runtime::Simulator,
    /// Number of times at which events are looked at.
    checks: usize,
}

impl Sweep {
    /// Reads and checks a sweep for `system`. Points whose k or p are not the system's run on a
    /// [`DynSystem`](overlap_runtime::DynSystem) of their own size.
    ///
    /// # Errors
    /// [`Error::File`] on a path named `sweep`, with every mistake that was found: its line, its key and what is allowed;
    /// [`Error::Invalid`] where the environment variable `OVERLAP_SIMD` is wrong.
    pub fn parse(text: &str, system: &dyn System) -> Result<Self, Error> {
        overlap_runtime::simd::Level::check()?;
        let plan =
            file::read(text, system).map_err(|message| Error::File { path: "sweep".into(), message })?;
        Ok(Sweep { text: text.to_owned(), plan })
    }

    /// Reads a sweep file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, else those of [`parse`](Self::parse).
    pub fn read(path: impl AsRef<Path>, system: &dyn System) -> Result<Self, Error> {
        let path = path.as_ref();
        let text = overlap_runtime::internal::read_text(path, "a sweep file")?;
        Self::parse(&text, system).map_err(|error| overlap_runtime::internal::on_path(path, error))
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        axes::count(&self.plan.axes).unwrap_or(0)
    }

    /// Whether there are no points: never, of a sweep that was read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parameters that vary, in the order of the table's columns.
    pub fn parameters(&self) -> Vec<&str> {
        self.plan.axes.iter().flat_map(|axis| &axis.names).map(String::as_str).collect()
    }

    /// What tells this sweep from another one, comments aside.
    fn identity(&self, system: &dyn System) -> String {
        let activations = (system.activation(), system.teacher_activation());
        format!("{:?} {activations:?} {:?}", system.shape(), self.plan)
    }
}
