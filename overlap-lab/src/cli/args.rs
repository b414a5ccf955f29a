//! The words of the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use overlap_runtime::{Algorithm, Method, Precision, SimulateOptions, Simulator};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// No progress bars and no remarks on standard error; errors are still told
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the equations the program was generated from
    Equations {
        #[command(flatten)]
        form: Form,
    },
    /// Print the right-hand side of the ODE and the risk at the problem's start, as JSON: dM, dQ, da, risk
    Rhs {
        #[command(flatten)]
        problem: ProblemFlag,
    },
    /// Solve the ODE and write t, risk, excess risk and overlaps as CSV
    Solve {
        #[command(flatten)]
        problem: ProblemFlag,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        solver: Solver,
        #[command(flatten)]
        results: Results,
        #[command(flatten)]
        overlaps: OverlapFigure,
    },
    /// Run stochastic gradient descent and write means, standard deviations and standard errors as CSV
    Simulate {
        #[command(flatten)]
        problem: ProblemFlag,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        sgd: Sgd,
        #[command(flatten)]
        results: Results,
        #[command(flatten)]
        statistics: Statistics,
    },
    /// Do both from the same start and compare them: a table, or CSV with --out
    Compare {
        #[command(flatten)]
        problem: ProblemFlag,
        #[command(flatten)]
        times: Times,
        #[command(flatten)]
        solver: Solver,
        #[command(flatten)]
        sgd: Sgd,
        /// Compare in each of these dimensions, and find the exponent of d in the deviation from the ODE; needs at least
        /// 2 replicas
        #[arg(
            long, value_name = "D,D,...", value_delimiter = ',', help_heading = "SGD",
            conflicts_with_all = ["dimension", "checkpoint", "overlaps"],
            value_parser = whole::<usize>, allow_negative_numbers = true
        )]
        dimensions: Vec<usize>,
        #[command(flatten)]
        results: Results,
        #[command(flatten)]
        overlaps: OverlapFigure,
    },
    /// Run all points of a sweep file, or those that are not done yet, and write a table with one row a point
    Sweep(Sweep),
    /// Put the shares of a sweep (--shard) together and write its table
    Merge {
        /// The folders that `sweep --out` wrote to
        #[arg(value_name = "DIR", required = true)]
        folders: Vec<PathBuf>,
        /// Write the table to this folder [default: the first one]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Compute a result again from its own file and tell whether the numbers are the same
    Rerun {
        /// A table or trajectory with metadata: .csv, .npz or .parquet
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Write the new numbers to this file too
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Draw a result file: learning curves, overlaps, a sweep as curves or as a heat map
    Plot(Plot),
    /// Print a script that completes the command lines of this program, for a shell to read
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
}

/// A number; spaces around it, as in `--times "0, 1"`, are no part of it. Errors of these parsers say what would be right.
fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| "a number".to_owned())
}

fn whole<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| {
        let digits = !text.trim().is_empty() && text.trim().bytes().all(|byte| byte.is_ascii_digit());
        let bound = if digits { "a whole number below 2^64" } else { "a whole number of at least 0" };
        bound.to_owned()
    })
}

fn positive(text: &str) -> Result<NonZeroUsize, String> {
    let bound = |_| "a whole number of at least 1".to_owned();
    NonZeroUsize::new(whole(text).map_err(bound)?).ok_or_else(|| bound(String::new()))
}

#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// The sweep file, TOML (docs/sweeps.md)
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Folder of table, journal and trajectories [default: out/NAME for NAME.toml]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Check the file, count its points and estimate the cost, without writing anything
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Run only share I of N, counted from 1, to be put together with `merge`
    #[arg(long, value_name = "I/N", conflicts_with = "mpi")]
    pub(super) shard: Option<String>,
    /// Number of threads; the numbers do not depend on it [default: one per core]
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Share the points among the processes of mpirun (in builds with the feature mpi)
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) mpi: bool,
}

#[derive(Debug, Args)]
pub(super) struct Plot {
    /// The result: .csv, .npz or .parquet
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The figure, .svg, .pdf or .png [default: FILE with .svg]
    #[arg(long, value_name = "FIGURE")]
    pub(super) out: Option<PathBuf>,
    /// Column of the horizontal axis
    #[arg(long, value_name = "NAME")]
    pub(super) x: Option<String>,
    /// Columns of the vertical axis, or with --z the one parameter there; M, Q and a stand for all of their entries
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(super) y: Vec<String>,
    /// Column that colours a heat map
    #[arg(long, value_name = "NAME")]
    pub(super) z: Option<String>,
    /// A parameter with a curve for each of its values
    #[arg(long, value_name = "NAME", conflicts_with = "z")]
    pub(super) by: Option<String>,
    /// Axes that are logarithmic, of x, y, z [default: those over more than a decade and a half]
    #[arg(long, value_name = "AXES", value_delimiter = ',', value_parser = ["x", "y", "z"])]
    pub(super) log: Vec<String>,
    /// Axes that are linear, of x, y, z
    #[arg(long, value_name = "AXES", value_delimiter = ',', value_parser = ["x", "y", "z"])]
    pub(super) linear: Vec<String>,
    /// Title of the figure
    #[arg(long, value_name = "TEXT")]
    pub(super) title: Option<String>,
}

/// How equations are written; as text with Greek letters unless one of these is set.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Form {
    /// As LaTeX: one align* environment
    #[arg(long)]
    pub(super) latex: bool,
    /// In plain ASCII
    #[arg(long)]
    pub(super) ascii: bool,
    /// As a self-contained HTML page, with the derivation and references
    #[arg(long)]
    pub(super) html: bool,
    /// Show how they are derived from the risk, step by step
    #[arg(long)]
    pub(super) derive: bool,
    /// As a C99 file: right-hand side and risk
    #[arg(long)]
    pub(super) c: bool,
    /// As a Python module for NumPy or JAX: right-hand side and risk
    #[arg(long)]
    pub(super) python: bool,
}

#[derive(Debug, Args)]
pub(super) struct ProblemFlag {
    /// The problem, a JSON file (its fields: see --help of the program); - reads standard input
    #[arg(long, value_name = "FILE")]
    pub(super) problem: PathBuf,
}

/// When results are wanted. Time is t = steps / d.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output times, t = steps / d")]
pub(super) struct Times {
    /// The output times, increasing
    #[arg(
        long, value_name = "T,T,...", value_delimiter = ',', allow_negative_numbers = true,
        value_parser = number, required_unless_present = "until",
        conflicts_with_all = ["until", "points", "log", "from"]
    )]
    pub(super) times: Vec<f64>,
    /// Or: evenly spaced times up to this one
    #[arg(long, value_name = "T", allow_negative_numbers = true, value_parser = number)]
    pub(super) until: Option<f64>,
    /// Number of output times
    #[arg(
        long, value_name = "N", requires = "until", default_value_t = 100, value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub(super) points: usize,
    /// Evenly spaced in log t
    #[arg(long, requires = "until")]
    pub(super) log: bool,
    /// First output time [default: the problem's start_time, 0 if it has none; with --log at least a ten-thousandth of --until]
    #[arg(long, value_name = "T", requires = "until", allow_negative_numbers = true, value_parser = number)]
    pub(super) from: Option<f64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "ODE")]
pub(super) struct Solver {
    /// Relative tolerance of a step [default: 1e-8]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = number)]
    pub(super) rtol: Option<f64>,
    /// Absolute tolerance of a step [default: 1e-10]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = number)]
    pub(super) atol: Option<f64>,
    /// Largest number of steps [default: 1000000]
    #[arg(long, value_name = "N", value_parser = whole::<usize>, allow_negative_numbers = true)]
    pub(super) max_steps: Option<usize>,
    /// The method of integration
    #[arg(long, value_enum, default_value_t = MethodName::Dop853)]
    pub(super) method: MethodName,
}

/// [`Method`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum MethodName {
    /// Dormand and Prince, order 5(4)
    Dopri5,
    /// Dormand and Prince, order 8(5,3)
    Dop853,
    /// Rodas5P, implicit, order 5(4): for long times with little noise; takes a system with a Jacobian
    #[value(name = "rodas5p")]
    Rodas5P,
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Dopri5 => Method::Dopri5,
            MethodName::Dop853 => Method::Dop853,
            MethodName::Rodas5P => Method::Rodas5P,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "SGD")]
pub(super) struct Sgd {
    /// Input dimension d [default: that of the problem's initial weights, else 1000]
    #[arg(long, value_name = "D", value_parser = whole::<usize>, allow_negative_numbers = true)]
    pub(super) dimension: Option<usize>,
    /// Number of independent runs
    #[arg(
        long, value_name = "N", default_value = "1", value_parser = positive, allow_negative_numbers = true
    )]
    pub(super) replicas: NonZeroUsize,
    /// Seed of the data; the initial weights have their own, in the problem
    #[arg(
        long, value_name = "S", default_value_t = 0, value_parser = whole::<u64>, allow_negative_numbers = true
    )]
    pub(super) seed: u64,
    /// Number of threads; the numbers do not depend on it [default: one per core]
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(super) threads: Option<NonZeroUsize>,
    /// How the weights are followed
    #[arg(long, value_enum, default_value_t = SimulatorName::Auto)]
    pub(super) simulator: SimulatorName,
    /// What is simulated; the ODE is that of one-pass SGD
    #[arg(long, value_enum, default_value_t = AlgorithmName::OnePass)]
    pub(super) algorithm: AlgorithmName,
    /// Number of training samples of --algorithm multi-pass
    #[arg(
        long, value_name = "N", required_if_eq("algorithm", "multi-pass"), value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub(super) samples: Option<usize>,
    /// Precision of the direct simulator
    #[arg(long, value_enum, default_value_t = PrecisionName::Double)]
    pub(super) precision: PrecisionName,
    /// Save the simulation to this file now and then and when interrupted; where it is there already, go on from it
    #[arg(long, value_name = "FILE")]
    pub(super) checkpoint: Option<PathBuf>,
    /// Least time between two checkpoints [default: 60]
    #[arg(
        long, value_name = "SECONDS", requires = "checkpoint", value_parser = whole::<u64>,
        allow_negative_numbers = true
    )]
    pub(super) checkpoint_every: Option<u64>,
}

impl Sgd {
    /// The options of the library.
    pub(super) fn options(&self) -> SimulateOptions {
        let mut options = SimulateOptions::default()
            .replicas(self.replicas.get())
            .seed(self.seed)
            .simulator(match self.simulator {
                SimulatorName::Auto => Simulator::Auto,
                SimulatorName::Direct => Simulator::Direct,
                SimulatorName::Reduced => Simulator::Reduced,
            })
            .algorithm(match self.algorithm {
                AlgorithmName::OnePass => Algorithm::OnePass,
                AlgorithmName::MultiPass => Algorithm::MultiPass { samples: self.samples.unwrap_or(0) },
                AlgorithmName::Population => Algorithm::Population,
            })
            .precision(match self.precision {
                PrecisionName::Double => Precision::Double,
                PrecisionName::Single => Precision::Single,
            });
        options.dimension = self.dimension;
        options.threads = self.threads.map(NonZeroUsize::get);
        options.checkpoint.clone_from(&self.checkpoint);
        match self.checkpoint_every {
            Some(seconds) => options.checkpoint_interval(Duration::from_secs(seconds)),
            None => options,
        }
    }
}

/// [`Simulator`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SimulatorName {
    /// Reduced where it can be, else direct
    Auto,
    /// The weights themselves, in d dimensions
    Direct,
    /// The overlaps alone, in the same law, at a cost that does not depend on d; for d of at least k + p
    Reduced,
}

/// [`Algorithm`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum AlgorithmName {
    /// SGD on fresh samples
    OnePass,
    /// SGD on a training set, pass after pass
    MultiPass,
    /// Gradient descent on the population risk
    Population,
}

/// [`Precision`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PrecisionName {
    /// 53 bits
    Double,
    /// 24 bits, about twice as fast
    Single,
}

/// What is computed over the replicas.
#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Statistics {
    /// Quantiles over the replicas at these levels too, in further columns
    #[arg(long, value_name = "L,L,...", value_delimiter = ',', allow_negative_numbers = true, value_parser = number)]
    pub(super) quantiles: Vec<f64>,
    /// Write the covariances of all overlaps and the risk to this CSV file
    #[arg(long, value_name = "FILE")]
    pub(super) covariance: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Results {
    /// Write the CSV to this file instead of standard output; a file there is replaced once all is done. FILE.npz and
    /// FILE.parquet are written in these formats, with metadata
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Begin a CSV with a comment line: problem, options, versions and units, as `rerun` reads them
    #[arg(long)]
    pub(super) metadata: bool,
    /// Draw the learning curve too: FILE.svg, FILE.pdf or FILE.png
    #[arg(long, value_name = "FILE")]
    pub(super) figure: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(super) struct OverlapFigure {
    /// Draw the overlaps M and Q over time too: FILE.svg, FILE.pdf or FILE.png
    #[arg(long, value_name = "FILE")]
    pub(super) overlaps: Option<PathBuf>,
}
