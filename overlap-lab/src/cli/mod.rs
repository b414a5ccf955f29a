//! A whole command-line program for a declared system: `equations`, `rhs`, `solve`, `simulate`, `compare`, `sweep`,
//! `merge`, `rerun`, `plot`, `completions`.
//!
//! `fn main() -> std::process::ExitCode { overlap::cli::run(ErfK4P8) }` is the program of the system `ErfK4P8`. The program
//! `overlap` ([`run_declared`]) has the same commands for the system that `--system "k = 4, p = 8, act = erf"` declares.
//!
//! Results go to standard output (or `--out FILE`), everything else to standard error. Exit codes: [`DONE`],
//! [`FAILED`], [`USAGE`], [`INTERRUPTED`]. The problem file is that of [`Problem::from_json`](overlap_runtime::Problem::from_json).

mod args;
mod commands;
mod figure;
mod help;
mod monitor;
mod plot;
mod rerun;
mod sweep;
mod usage;

use crate::pipe::PipeWriter;
use clap::{Arg, ArgMatches, CommandFactory, FromArgMatches};
use overlap_runtime::{DynSystem, Error, SolveFailure, System};
use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

/// Exit code: all done. A reader that leaves early (`| head`) is no error.
pub const DONE: u8 = 0;
/// Exit code: an error, told on standard error as `error: ...`; results until then are written.
pub const FAILED: u8 = 1;
/// Exit code: a wrong command line.
pub const USAGE: u8 = 2;
/// Exit code: stopped by Ctrl-C or a request to terminate; results until then are written.
pub const INTERRUPTED: u8 = 130;

/// Where a command reads and writes, and what stops it.
pub struct Streams<'a> {
    /// Standard input, for `--problem -`.
    pub input: &'a mut dyn Read,
    /// Standard output: results.
    pub output: &'a mut dyn Write,
    /// Standard error: errors and remarks.
    pub errors: &'a mut dyn Write,
    /// Long work stops at the next safe point once this is set.
    pub interrupt: &'a AtomicBool,
}

/// Runs the command line of this process for `system`: the whole `main` of a program.
pub fn run<S: System>(system: S) -> ExitCode {
    run_process(Some(&system))
}

/// Runs the command line of this process for the system that its `--system` declares: all of `main` of the program `overlap`.
pub fn run_declared() -> ExitCode {
    run_process(None)
}

fn run_process(system: Option<&dyn System>) -> ExitCode {
    let (mut input, mut output, mut errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let coloured = usage::coloured(|name| std::env::var_os(name));
    let colours =
        Colours { output: coloured && output.is_terminal(), errors: coloured && errors.is_terminal() };
    let mut streams = Streams {
        input: &mut input,
        output: &mut output,
        errors: &mut errors,
        interrupt: &monitor::INTERRUPT,
    };
    ExitCode::from(execute(system, std::env::args_os().collect(), &mut streams, Some(colours)))
}

/// Runs a command line, the program's name first, on streams of one's own: for programs inside programs, and tests.
/// Draws no progress bars and listens to no signals. Returns the exit code.
pub fn run_from(
    system: &dyn System,
    args: impl IntoIterator<Item = impl Into<OsString>>,
    streams: &mut Streams<'_>,
) -> u8 {
    execute(Some(system), args.into_iter().map(Into::into).collect(), streams, None)
}

/// As [`run_from`], for the system that `--system` declares.
pub fn run_declared_from(
    args: impl IntoIterator<Item = impl Into<OsString>>,
    streams: &mut Streams<'_>,
) -> u8 {
    execute(None, args.into_iter().map(Into::into).collect(), streams, None)
}

/// Which streams of a process are terminals that show colours, where they are wanted.
#[derive(Clone, Copy)]
struct Colours {
    output: bool,
    errors: bool,
}

/// Why a command ended early.
#[derive(Clone)]
enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The work went wrong.
    Failed(String),
    /// The user asked to stop.
    Interrupted(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Interrupted | Error::Solve { reason: SolveFailure::Interrupted { .. }, .. } => {
                Failure::Interrupted(error.to_string())
            }
            // Times and options are checked by the library in its words; here they came from these flags.
            Error::Invalid { quantity, .. } => match flag(quantity) {
                Some(flag) => Failure::Usage(format!("{flag}: {error}")),
                None => Failure::Failed(error.to_string()),
            },
            _ => Failure::Failed(error.to_string()),
        }
    }
}

/// The flag that a quantity of the library came from.
fn flag(quantity: &str) -> Option<&'static str> {
    const FLAGS: [(&str, &str); 17] = [
        ("times", "--times"),
        ("output time", "--times"),
        ("the number of output times", "--times"),
        ("first", "--from"),
        ("last", "--until"),
        ("points", "--points"),
        ("rtol", "--rtol"),
        ("atol", "--atol"),
        ("max_steps", "--max-steps"),
        ("dimension", "--dimension"),
        ("replicas", "--replicas"),
        ("threads", "--threads"),
        ("simulator", "--simulator"),
        ("samples", "--samples"),
        ("precision", "--precision"),
        ("quantile", "--quantiles"),
        ("shard", "--shard"),
    ];
    FLAGS.iter().find(|(name, _)| quantity.starts_with(name)).map(|(_, flag)| *flag)
}

/// The flag of the general program.
const SYSTEM: &str = "system";

/// The system that `--system` declares, behind whatever command it stands.
fn declared(matches: &ArgMatches) -> Result<DynSystem, Failure> {
    let (mut deepest, mut command) = (matches, "");
    while let Some((name, inner)) = deepest.subcommand() {
        (deepest, command) = (inner, name);
    }
    let Some(text) = deepest.get_one::<String>(SYSTEM) else {
        // These work on files of any system; what they ask of one is its name.
        if ["plot", "completions"].contains(&command) {
            return Ok(DynSystem::new(1, 1, overlap_runtime::Activation::Erf, false)?);
        }
        return Err(Failure::Usage(
            "missing: --system, e.g. --system \"k = 4, p = 8, act = erf\"".to_owned(),
        ));
    };
    text.parse().map_err(|error: Error| Failure::Usage(format!("--system: {error}")))
}

/// `system`: none where `--system` declares it. `process`: the streams are those of the process, whose signals and
/// terminals are to be used.
fn execute(
    system: Option<&dyn System>,
    args: Vec<OsString>,
    streams: &mut Streams<'_>,
    process: Option<Colours>,
) -> u8 {
    let name = system.map_or("overlap", System::name).to_owned();
    let about = match system {
        Some(system) => format!("Exact learning dynamics of {name}: {}", commands::describe(system)),
        None => "Exact learning dynamics of two-layer networks".to_owned(),
    };
    let program = usage::program(args.first(), &name);
    let mut command = args::Cli::command()
        .name(name.clone())
        .bin_name(program.clone())
        .version(concat!("overlap ", env!("CARGO_PKG_VERSION")))
        .about(about)
        .after_help("Use --help for examples, the fields of a problem file and the exit codes.")
        .after_long_help(help::AFTER.replace("NAME", &program));
    if system.is_none() {
        let flag = Arg::new(SYSTEM).long(SYSTEM).global(true).value_name("DECLARATION");
        command =
            command.arg(flag.help("The system, as overlap_system! declares it: \"k = 4, p = 8, act = erf\""));
    }
    let parsed = command.try_get_matches_from(args).and_then(|matches| {
        let cli = args::Cli::from_arg_matches(&matches)?;
        Ok((cli, system.is_none().then(|| declared(&matches))))
    });
    let (cli, own) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            if let Some(message) = usage::told(&error) {
                _ = writeln!(streams.errors, "error: {message}\n\nFor more information, try '--help'.");
                return USAGE;
            }
            let text = error.render();
            let paint = |colour: bool| if colour { text.ansi().to_string() } else { text.to_string() };
            // A closed stream leaves nobody to tell.
            if error.use_stderr() {
                _ = streams.errors.write_all(paint(process.is_some_and(|colours| colours.errors)).as_bytes());
                return USAGE;
            }
            let text = paint(process.is_some_and(|colours| colours.output));
            return match PipeWriter::new(&mut *streams.output).write_all(text.as_bytes()) {
                Ok(()) => DONE,
                Err(_) => FAILED,
            };
        }
    };
    let level = overlap_runtime::simd::Level::check().map_err(|error| Failure::Usage(error.to_string()));
    let own = own.transpose();
    let done = level.and(own.as_ref().map_err(Failure::clone)).and_then(|own| {
        let system = own.as_ref().map(|own| own as &dyn System).or(system);
        let Some(system) = system else { return Ok(()) };
        commands::Session { system, program, quiet: cli.quiet, process: process.is_some(), streams }
            .run(&cli.command)
    });
    let (code, label, message) = match done {
        Ok(()) => return DONE,
        Err(Failure::Usage(message)) => (USAGE, "error: ", message),
        Err(Failure::Failed(message)) => (FAILED, "error: ", message),
        Err(Failure::Interrupted(message)) => (INTERRUPTED, "", message),
    };
    _ = writeln!(streams.errors, "{label}{message}");
    code
}
