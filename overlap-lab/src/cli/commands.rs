//! What each command does.

use super::args::{Cli, Command, Form, OverlapFigure, ProblemFlag, Results, Sgd, Solver, Statistics, Times};
use super::monitor::{self, Watch};
use super::{Failure, Streams, figure};
use crate::describe::{self, counted};
use crate::pipe::PipeWriter;
use crate::table::{self, Format};
use crate::{Comparison, Concentration, Table};
use overlap_runtime::internal::{object, on_path, read_from, rows};
use overlap_runtime::{
    DynSystem, Ensemble, Error, Method, Problem, Shape, SimulateOptions, SolveFailure, SolveOptions, System,
    Trajectory, evaluate, linear_times, log_times, simulate_monitored, solve_monitored, whole_steps,
};
use overlap_runtime::{check_writable, write_atomically};
use serde_json::{Value, json};
use std::io::{BufWriter, Write};
use std::path::Path;

/// `4 teacher units, 8 student units, erf, second layer fixed`.
pub(super) fn describe(system: &dyn System) -> String {
    let Shape { k, p, trained } = system.shape();
    let units = |count, kind| format!("{count} {kind} unit{}", if count == 1 { "" } else { "s" });
    let layer = if trained { "trained" } else { "fixed" };
    let activation = system.activation().name();
    format!("{}, {}, activation {activation}, second layer {layer}", units(k, "teacher"), units(p, "student"))
}

/// A system as one that is derived here: for what declared systems do not carry with them.
fn derived(system: &dyn System) -> Result<DynSystem, Error> {
    let Shape { k, p, trained } = system.shape();
    let [student, teacher] = [system.activation(), system.teacher_activation()];
    DynSystem::builder(k, p).activation(student).teacher_activation(teacher).trained(trained).build()
}

/// The equations of a system as C, whose names begin with its activation and sizes.
fn c_file(system: &dyn System) -> Result<String, Error> {
    let Shape { k, p, trained } = system.shape();
    let [student, teacher] = [system.activation(), system.teacher_activation()];
    let letters = |name: String| name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let teacher = if teacher == student { String::new() } else { format!("_of_{}", letters(teacher.name())) };
    let name =
        format!("{}{teacher}_{k}_{p}{}", letters(student.name()), if trained { "_trained" } else { "" });
    derived(system)?.c_file(&name)
}

/// One command at work.
pub(super) struct Session<'a, 'io> {
    pub(super) system: &'a dyn System,
    /// How the program was called.
    pub(super) program: String,
    pub(super) quiet: bool,
    /// Whether the signals and terminals of the process are used.
    pub(super) process: bool,
    pub(super) streams: &'a mut Streams<'io>,
}

impl Session<'_, '_> {
    pub(super) fn run(&mut self, command: &Command) -> Result<(), Failure> {
        match command {
            Command::Equations { form } => self.equations(form),
            Command::Rhs { problem } => self.rhs(problem),
            Command::Solve { problem, times, solver, results, overlaps } => {
                self.solve(problem, times, solver, results, overlaps)
            }
            Command::Simulate { problem, times, sgd, results, statistics } => {
                self.simulate(problem, times, sgd, results, statistics)
            }
            Command::Compare { problem, times, solver, sgd, dimensions, results, overlaps } => {
                if dimensions.is_empty() {
                    self.compare(problem, times, solver, sgd, results, overlaps)
                } else {
                    self.concentrate(problem, times, solver, (sgd, dimensions), results)
                }
            }
            Command::Sweep(flags) => self.sweep(flags),
            Command::Merge { folders, out } => self.merge(folders, out.as_deref()),
            Command::Rerun { file, out } => self.rerun(file, out.as_deref()),
            Command::Plot(flags) => self.plot(flags),
            Command::Completions { shell } => self.completions(*shell),
        }
    }

    fn equations(&mut self, form: &Form) -> Result<(), Failure> {
        let system = self.system;
        let file = match form {
            Form { c: true, .. } => Some(c_file(system)?),
            Form { python: true, .. } => Some(derived(system)?.python_file()?),
            _ => None,
        };
        let (flag, text) = match form {
            _ if file.is_some() => ("", file.as_deref()),
            Form { latex: true, .. } => ("--latex", Some(system.equations_latex())),
            Form { ascii: true, .. } => ("--ascii", system.equations_ascii()),
            Form { html: true, .. } => ("--html", system.equations_html()),
            Form { derive: true, .. } => ("--derive", system.derivation()),
            _ => ("", Some(system.equations())),
        };
        let Some(text) = text else {
            let name = system.name();
            return Err(Failure::Failed(format!(
                "equations {flag}: {name} has none; systems declared with overlap_system! have"
            )));
        };
        self.emit(None, |writer| {
            let end = if text.ends_with('\n') { "" } else { "\n" };
            write!(writer, "{text}{end}").map_err(Error::io("-", "write"))
        })
    }

    fn completions(&mut self, shell: clap_complete::Shell) -> Result<(), Failure> {
        let name = Path::new(&self.program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut <Cli as clap::CommandFactory>::command(), name, &mut script);
        self.emit(None, |writer| writer.write_all(&script).map_err(Error::io("-", "write")))
    }

    fn rhs(&mut self, problem: &ProblemFlag) -> Result<(), Failure> {
        let problem = self.problem(problem)?;
        let side = evaluate(self.system, &problem)?;
        let text = object(&[
            ("dM", rows(&side.d_m)),
            ("dQ", rows(&side.d_q)),
            ("da", json!(side.d_a.as_slice())),
            ("risk", json!(side.risk)),
        ]);
        self.emit(None, |writer| writer.write_all(text.as_bytes()).map_err(Error::io("-", "write")))
    }

    fn solve(
        &mut self,
        problem: &ProblemFlag,
        times: &Times,
        solver: &Solver,
        results: &Results,
        overlaps: &OverlapFigure,
    ) -> Result<(), Failure> {
        let overlaps = overlaps.overlaps.as_deref();
        let files = [("--overlaps", overlaps)];
        let (problem, times) = self.prepare(problem, times, results, &files)?;
        let options = solve_options(solver);
        let (trajectory, failure) = self.solved(&problem, &times, &options)?;
        if trajectory.is_empty()
            && let Some(failure) = failure
        {
            return Err(failure);
        }
        let about = self.about(&problem, &times, Some(&options), None);
        self.record(
            results,
            |writer| trajectory.write_csv(writer),
            || table::trajectory(&trajectory, about),
        )?;
        let drawn = self.draw(results.figure.as_deref(), overlaps, Some(&trajectory), None);
        failure.map_or(drawn, Err)
    }

    fn simulate(
        &mut self,
        problem: &ProblemFlag,
        times: &Times,
        sgd: &Sgd,
        results: &Results,
        statistics: &Statistics,
    ) -> Result<(), Failure> {
        let covariance = statistics.covariance.as_deref();
        let files = [("--checkpoint", sgd.checkpoint.as_deref()), ("--covariance", covariance)];
        let (problem, times) = self.prepare(problem, times, results, &files)?;
        let options =
            sgd.options().covariance(covariance.is_some()).quantiles(statistics.quantiles.iter().copied());
        let times = whole_steps(&times, options.dimension_for(&problem))?;
        let (ensemble, failure) = self.simulated(&problem, &times, &options)?;
        if ensemble.is_empty()
            && let Some(failure) = failure
        {
            return Err(failure);
        }
        let about = self.about(&problem, &times, None, Some(&options));
        self.record(results, |writer| ensemble.write_csv(writer), || table::ensemble(&ensemble, about))?;
        if covariance.is_some() {
            self.emit(covariance, |writer| ensemble.write_covariance_csv(writer))?;
        }
        let drawn = self.draw(results.figure.as_deref(), None, None, Some(&ensemble));
        failure.map_or(drawn, Err)
    }

    fn compare(
        &mut self,
        problem: &ProblemFlag,
        times: &Times,
        solver: &Solver,
        sgd: &Sgd,
        results: &Results,
        overlaps: &OverlapFigure,
    ) -> Result<(), Failure> {
        let overlaps = overlaps.overlaps.as_deref();
        let files = [("--overlaps", overlaps), ("--checkpoint", sgd.checkpoint.as_deref())];
        let (problem, times) = self.prepare(problem, times, results, &files)?;
        let options = sgd.options();
        // SGD has states at whole steps only: both are asked there.
        let times = whole_steps(&times, options.dimension_for(&problem))?;
        let solve = solve_options(solver);
        let trajectory = self.solved_whole(&problem, &times, &solve)?;
        let (ensemble, failure) = self.simulated(&problem, &times, &options)?;
        if ensemble.is_empty()
            && let Some(failure) = failure
        {
            return Err(failure);
        }
        let comparison = Comparison::new(&trajectory, &ensemble)?;
        let about = self.about(&problem, &times, Some(&solve), Some(&options));
        match results.out.as_deref() {
            None => {
                self.emit(None, |writer| writeln!(writer, "{comparison}").map_err(Error::io("-", "write")))?
            }
            _ => self.record(
                results,
                |writer| comparison.write_csv(writer),
                || table::comparison(&comparison, about),
            )?,
        }
        let drawn = self.draw(results.figure.as_deref(), overlaps, Some(&trajectory), Some(&ensemble));
        failure.map_or(drawn, Err)
    }

    /// Comparisons in several dimensions, and the exponent of d.
    fn concentrate(
        &mut self,
        problem: &ProblemFlag,
        times: &Times,
        solver: &Solver,
        (sgd, dimensions): (&Sgd, &[usize]),
        results: &Results,
    ) -> Result<(), Failure> {
        if let Some(out) = &results.out
            && Format::of(out) != Format::Csv
        {
            return Err(Failure::Usage("--out: with --dimensions it is a CSV file".to_owned()));
        }
        if sgd.replicas.get() < 2 {
            return Err(Failure::Usage("--dimensions needs --replicas of at least 2".to_owned()));
        }
        let (problem, times) = self.prepare(problem, times, results, &[])?;
        // Whole steps of the smallest dimension; in others they are rounded to within 1/(2d).
        let times = whole_steps(&times, dimensions.iter().copied().min().unwrap_or(1))?;
        let trajectory = self.solved_whole(&problem, &times, &solve_options(solver))?;
        let mut simulations = Vec::new();
        let mut report = String::new();
        for &dimension in dimensions {
            let options = sgd.options().dimension(dimension).keep_replicas(true);
            let (ensemble, failure) = self.simulated(&problem, &times, &options)?;
            if let Some(failure) = failure {
                return Err(failure);
            }
            let comparison = Comparison::new(&trajectory, &ensemble)?;
            report += &format!("d = {dimension}\n{comparison}\n\n");
            simulations.push(ensemble);
        }
        let concentration = Concentration::new(&trajectory, &simulations)?;
        report += &format!("{concentration}\n");
        match results.out.as_deref() {
            None => self
                .emit(None, |writer| writer.write_all(report.as_bytes()).map_err(Error::io("-", "write")))?,
            out => self.emit(out, |writer| concentration.write_csv(writer))?,
        }
        if let Some(path) = results.figure.as_deref() {
            figure::concentration(path, self.system, &trajectory, &simulations, &concentration)?;
            self.remark(&format!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// The problem and the output times; and that results can be written, before long work.
    fn prepare(
        &mut self,
        problem: &ProblemFlag,
        times: &Times,
        results: &Results,
        more: &[(&'static str, Option<&Path>)],
    ) -> Result<(Problem, Vec<f64>), Failure> {
        let mut outputs = list(times, 0.0)?;
        let (out, figure) = (results.out.as_deref(), results.figure.as_deref());
        let out = out.filter(|path| *path != Path::new("-"));
        let files = [("--out", out), ("--figure", figure)].into_iter().chain(more.iter().copied());
        let files: Vec<_> = files.filter_map(|(flag, path)| path.map(|path| (flag, path))).collect();
        for (n, &(flag, path)) in files.iter().enumerate() {
            match flag {
                "--out" => Format::of(path).check(path)?,
                "--figure" | "--overlaps" => figure::check_extension(flag, path)?,
                _ => {}
            }
            if let Some((other, _)) = files[..n].iter().find(|(_, other)| *other == path) {
                return Err(Failure::Usage(format!(
                    "{other} and {flag} name the same file, {}",
                    path.display()
                )));
            }
            check_writable(path).map_err(|error| Failure::Failed(format!("{flag} {error}")))?;
        }
        let problem = self.problem(problem)?;
        if problem.start_time() > 0.0 {
            outputs = list(times, problem.start_time())?;
        }
        self.listen();
        Ok((problem, outputs))
    }

    /// Lets Ctrl-C end long work cleanly.
    pub(super) fn listen(&self) {
        if self.process {
            monitor::listen();
        }
    }

    /// The metadata of a result.
    fn about(
        &self,
        problem: &Problem,
        times: &[f64],
        solve: Option<&SolveOptions>,
        sgd: Option<&SimulateOptions>,
    ) -> Vec<(&'static str, Value)> {
        let mut about = vec![
            ("system", describe::system(self.system)),
            ("problem", describe::problem(problem)),
            ("times", json!(times)),
        ];
        about.extend(solve.map(|options| ("ode", describe::solve_options(options))));
        about.extend(sgd.map(|options| ("sgd", describe::simulate_options(options, problem))));
        about
    }

    /// Writes a result in the format its file asks for.
    fn record(
        &mut self,
        results: &Results,
        csv: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
        table: impl FnOnce() -> Table,
    ) -> Result<(), Failure> {
        let out = results.out.as_deref();
        match out {
            Some(path) if Format::of(path) != Format::Csv => {
                table().save(path)?;
                self.remark(&format!("wrote {}", path.display()));
                Ok(())
            }
            _ => self.emit(out, |writer| {
                if results.metadata {
                    writeln!(writer, "# {}", table().metadata()).map_err(Error::io("-", "write"))?;
                }
                csv(writer)
            }),
        }
    }

    fn problem(&mut self, flag: &ProblemFlag) -> Result<Problem, Failure> {
        let (name, problem) = if flag.problem == Path::new("-") {
            let name = Path::new("standard input");
            let text = read_from(name, &mut *self.streams.input, "a problem file");
            let problem = text.and_then(|text| Problem::from_json_for(self.system, &text));
            (name, problem.map_err(|error| on_path(name, error)))
        } else {
            (flag.problem.as_path(), Problem::read_for(self.system, &flag.problem))
        };
        problem.map_err(|error| {
            Failure::Failed(match error {
                Error::File { .. } | Error::Io { .. } => format!("--problem {error}"),
                other => format!("--problem {}: {other}", name.display()),
            })
        })
    }

    /// The trajectory, and where it is not whole, why.
    fn solved(
        &mut self,
        problem: &Problem,
        times: &[f64],
        options: &SolveOptions,
    ) -> Result<(Trajectory, Option<Failure>), Failure> {
        let watch = self.watch("ODE", None);
        let result = solve_monitored(self.system, problem, times, options, &watch);
        drop(watch);
        match result {
            Ok(trajectory) => {
                let stats = trajectory.stats();
                self.remark(&format!(
                    "ODE: {} ({} more rejected), {}",
                    counted(stats.accepted, "step"),
                    stats.rejected,
                    counted(stats.evaluations, "right-hand side")
                ));
                Ok((trajectory, None))
            }
            Err(Error::Solve { reason, partial }) => {
                let trajectory = (*partial).clone();
                let hint = self.hint(&reason, options);
                let failure = match Failure::from(Error::Solve { reason, partial }) {
                    Failure::Failed(message) => Failure::Failed(message + &hint),
                    other => other,
                };
                Ok((trajectory, Some(failure)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What may help where the steps are used up: late in a solve with little noise the equations are stiff.
    fn hint(&self, reason: &SolveFailure, options: &SolveOptions) -> String {
        if !matches!(reason, SolveFailure::MaxSteps { .. }) || options.method == Method::Rodas5P {
            return String::new();
        }
        let long = "late in a solve with little noise explicit methods need many steps, and";
        if self.system.has_jacobian() {
            format!("; {long} --method rodas5p takes few")
        } else {
            format!("; {long} --method rodas5p, of a system with jacobian = true, takes few")
        }
    }

    /// The whole trajectory.
    fn solved_whole(
        &mut self,
        problem: &Problem,
        times: &[f64],
        options: &SolveOptions,
    ) -> Result<Trajectory, Failure> {
        let (trajectory, failure) = self.solved(problem, times, options)?;
        failure.map_or(Ok(trajectory), Err)
    }

    /// The ensemble, and where it is not whole, why.
    fn simulated(
        &mut self,
        problem: &Problem,
        times: &[f64],
        options: &SimulateOptions,
    ) -> Result<(Ensemble, Option<Failure>), Failure> {
        let last = times.last().copied().unwrap_or(0.0) * options.dimension_for(problem) as f64;
        let watch = self.watch("SGD", Some((last * options.replicas as f64) as u64));
        let result = simulate_monitored(self.system, problem, times, options, &watch);
        drop(watch);
        match result {
            Ok(ensemble) if ensemble.completed() => Ok((ensemble, None)),
            Ok(ensemble) => {
                let (rows, all) = (ensemble.len(), times.len());
                let mut message = format!(
                    "interrupted; {rows} of the {all} output times {} reached",
                    if rows == 1 { "was" } else { "were" }
                );
                if let Some(path) = &options.checkpoint {
                    message += &format!("; the same command goes on from {}", path.display());
                }
                Ok((ensemble, Some(Failure::Interrupted(message))))
            }
            Err(error) => match &error {
                Error::Diverged { partial, .. } | Error::Checkpoint { partial, .. } => {
                    Ok(((**partial).clone(), Some(error.into())))
                }
                _ => Err(error.into()),
            },
        }
    }

    pub(super) fn watch(&self, label: &'static str, steps: Option<u64>) -> Watch<'_> {
        Watch::new(label, self.process && !self.quiet, steps, self.streams.interrupt)
    }

    /// The pictures asked for.
    fn draw(
        &mut self,
        figure: Option<&Path>,
        overlaps: Option<&Path>,
        trajectory: Option<&Trajectory>,
        ensemble: Option<&Ensemble>,
    ) -> Result<(), Failure> {
        if let Some(path) = figure {
            match (trajectory, ensemble) {
                (Some(ode), sgd) => figure::learning_curve(path, self.system, ode, sgd)?,
                (None, Some(sgd)) => figure::sgd_curve(path, self.system, sgd)?,
                (None, None) => {}
            }
            self.remark(&format!("wrote {}", path.display()));
        }
        if let (Some(path), Some(ode)) = (overlaps, trajectory) {
            figure::overlaps(path, self.system, ode, ensemble)?;
            self.remark(&format!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// A line on standard error for who wants to know.
    pub(super) fn remark(&mut self, text: &str) {
        if !self.quiet {
            _ = writeln!(self.streams.errors, "{text}");
        }
    }

    /// Writes a result to standard output or to a file.
    pub(super) fn emit(
        &mut self,
        out: Option<&Path>,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
    ) -> Result<(), Failure> {
        let (name, result) = match out.filter(|path| *path != Path::new("-")) {
            Some(path) => (path, write_atomically(path, write)),
            None => {
                let mut writer = BufWriter::new(PipeWriter::new(&mut *self.streams.output));
                let written = write(&mut writer);
                (Path::new("standard output"), written.and(writer.flush().map_err(Error::io("-", "write"))))
            }
        };
        result.map_err(|error| match error {
            Error::Io { action, source, .. } => Error::Io { path: name.to_owned(), action, source },
            other => other,
        })?;
        if name == out.unwrap_or(Path::new("")) {
            self.remark(&format!("wrote {}", name.display()));
        }
        Ok(())
    }
}

fn solve_options(solver: &Solver) -> SolveOptions {
    let mut options = SolveOptions::default().method(solver.method.into());
    options.rtol = solver.rtol.unwrap_or(options.rtol);
    options.atol = solver.atol.unwrap_or(options.atol);
    options.max_steps = solver.max_steps.unwrap_or(options.max_steps);
    options
}

/// The output times asked for, of a problem that starts at `start`.
fn list(times: &Times, start: f64) -> Result<Vec<f64>, Error> {
    let Some(until) = times.until else { return Ok(times.times.clone()) };
    if times.log {
        log_times(times.from.unwrap_or(start.max(1e-4 * until)), until, times.points)
    } else {
        linear_times(times.from.unwrap_or(start), until, times.points)
    }
}
