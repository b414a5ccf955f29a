//! The words of the command line.

use crate::Method;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

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
        #[command(flatten)]
        results: Results,
        #[command(flatten)]
        overlaps: OverlapFigure,
    },
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
        required_unless_present = "until", conflicts_with_all = ["until", "points", "log", "from"]
    )]
    pub(super) times: Vec<f64>,
    /// Or: evenly spaced times up to this one
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(super) until: Option<f64>,
    /// Number of output times
    #[arg(long, value_name = "N", requires = "until", default_value_t = 100)]
    pub(super) points: usize,
    /// Evenly spaced in log t
    #[arg(long, requires = "until")]
    pub(super) log: bool,
    /// First output time [default: 0; with --log: a ten-thousandth of --until]
    #[arg(long, value_name = "T", requires = "until", allow_negative_numbers = true)]
    pub(super) from: Option<f64>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "ODE")]
pub(super) struct Solver {
    /// Relative tolerance of a step [default: 1e-8]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(super) rtol: Option<f64>,
    /// Absolute tolerance of a step [default: 1e-10]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(super) atol: Option<f64>,
    /// Largest number of steps [default: 1000000]
    #[arg(long, value_name = "N")]
    pub(super) max_steps: Option<usize>,
    /// The Runge-Kutta method
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
}

impl From<MethodName> for Method {
    fn from(name: MethodName) -> Self {
        match name {
            MethodName::Dopri5 => Method::Dopri5,
            MethodName::Dop853 => Method::Dop853,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "SGD")]
pub(super) struct Sgd {
    /// Input dimension d [default: that of the problem's initial weights, else 1000]
    #[arg(long, value_name = "D")]
    pub(super) dimension: Option<usize>,
    /// Number of independent runs
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) replicas: NonZeroUsize,
    /// Seed of the data; the initial weights have their own, in the problem
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(super) seed: u64,
    /// Number of threads; the numbers do not depend on it [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(super) struct Results {
    /// Write the CSV to this file instead of standard output; a file there is replaced once all is done
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Draw the learning curve too: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    pub(super) figure: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Results")]
pub(super) struct OverlapFigure {
    /// Draw the overlaps M and Q over time too: FILE.svg or FILE.png
    #[arg(long, value_name = "FILE")]
    pub(super) overlaps: Option<PathBuf>,
}
