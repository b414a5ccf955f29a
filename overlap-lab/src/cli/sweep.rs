//! `sweep` and `merge`.

use super::commands::Session;
use super::{Failure, args};
use crate::describe::counted;
use crate::sweep::{Estimate, Outcome, Shard, Sweep, SweepOptions, merge};
use overlap_runtime::Error;
use std::path::{Path, PathBuf};

impl Session<'_, '_> {
    pub(super) fn sweep(&mut self, flags: &args::Sweep) -> Result<(), Failure> {
        let options = options(flags)?;
        if flags.mpi {
            return self.sweep_mpi(flags, &options);
        }
        let sweep = Sweep::read(&flags.file, self.system)?;
        if flags.dry_run {
            let estimate = sweep.estimate(self.system);
            let threads = options.threads.map_or_else(overlap_runtime::internal::threads, Ok)?;
            let text = told(&sweep, &estimate, &options, threads);
            return self
                .emit(None, |writer| writer.write_all(text.as_bytes()).map_err(Error::io("-", "write")));
        }
        self.listen();
        let watch = self.watch("sweep", None);
        let result = sweep.run(self.system, &options, &watch);
        drop(watch);
        self.outcome(result, options.shard.is_some(), &options.out)
    }

    #[cfg(feature = "mpi")]
    fn sweep_mpi(&mut self, flags: &args::Sweep, options: &SweepOptions) -> Result<(), Failure> {
        self.listen();
        let watch = self.watch("sweep", None);
        let result = crate::sweep::run_mpi(self.system, &flags.file, options, &watch);
        drop(watch);
        match result {
            // The first process has everything to tell.
            Ok(None) => Ok(()),
            Ok(Some(outcome)) => self.outcome(Ok(outcome), false, &options.out),
            Err(error) => self.outcome(Err(error), false, &options.out),
        }
    }

    #[cfg(not(feature = "mpi"))]
    fn sweep_mpi(&mut self, _flags: &args::Sweep, _options: &SweepOptions) -> Result<(), Failure> {
        Err(Failure::Usage(
            "--mpi: this program was built without MPI (cargo build --features mpi); --shard I/N and merge share the \
             work among processes without it"
                .to_owned(),
        ))
    }

    pub(super) fn merge(&mut self, folders: &[PathBuf], out: Option<&Path>) -> Result<(), Failure> {
        let out = out.unwrap_or(&folders[0]);
        let outcome = merge(self.system, folders, out)?;
        if outcome.table.is_none() && outcome.problems.is_empty() {
            return Err(Failure::Failed(format!(
                "{} of {} done: run the missing shares first (or `sweep` without --shard, which does the rest)",
                outcome.done,
                counted(outcome.points, "point")
            )));
        }
        self.outcome(Ok(outcome), false, out)
    }

    /// Tells what came of it.
    fn outcome(&mut self, result: Result<Outcome, Error>, share: bool, out: &Path) -> Result<(), Failure> {
        let outcome = match result {
            Ok(outcome) => outcome,
            Err(Error::Interrupted) => {
                let folder = out.display();
                return Err(Failure::Interrupted(format!(
                    "interrupted; what is done is kept in {folder}: the same command goes on with it"
                )));
            }
            Err(error) => return Err(error.into()),
        };
        let Outcome { done, points, failed, files, problems, remarks, .. } = outcome;
        for remark in &remarks {
            self.remark(remark);
        }
        self.remark(&format!(
            "{done} of {} {} done",
            counted(points, "point"),
            if done == 1 { "is" } else { "are" }
        ));
        if failed > 0 {
            // Worth knowing even with --quiet.
            let text = if failed == 1 { "point failed: its" } else { "points failed: their" };
            _ = writeln!(self.streams.errors, "{failed} {text} error stands in the column error");
        }
        for file in &files {
            self.remark(&format!("wrote {}", file.display()));
        }
        if share {
            self.remark(&format!("once all shares are done: merge {}", out.display()));
        }
        match problems.into_iter().next() {
            None => Ok(()),
            Some(problem) => Err(Failure::Failed(format!(
                "{problem}; everything else is done, the same command does what is missing"
            ))),
        }
    }
}

fn options(flags: &args::Sweep) -> Result<SweepOptions, Failure> {
    let stem = flags.file.file_stem().unwrap_or_default();
    let mut options = SweepOptions::new(flags.out.clone().unwrap_or_else(|| Path::new("out").join(stem)));
    options.threads = flags.threads.map(|threads| threads.get());
    if let Some(text) = &flags.shard {
        let shard = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let (index, count) = shard.ok_or_else(|| {
            Failure::Usage(format!("--shard = {text}, but it must be i/n with whole numbers and 1 <= i <= n"))
        })?;
        options.shard = Some(Shard::new(index, count)?);
    }
    Ok(options)
}

/// What `--dry-run` prints.
fn told(sweep: &Sweep, estimate: &Estimate, options: &SweepOptions, threads: usize) -> String {
    let Estimate { points, columns, tried, unfinished, core_seconds } = estimate;
    let parameters = sweep.parameters();
    let varying = if parameters.is_empty() { "nothing".to_owned() } else { parameters.join(", ") };
    let least = if *unfinished > 0 { " (some were too long to finish: a rough figure)" } else { "" };
    format!(
        "the file is sound\n\
         points:  {points} ({varying} varying)\n\
         columns: {columns}\n\
         cost:    {} of one core, from {}{least}; {} on {}\n\
         table:   {}, about {}\n",
        duration(*core_seconds),
        counted(*tried, "point"),
        duration(core_seconds / threads as f64),
        counted(threads, "thread"),
        options.out.join("table.csv").display(),
        size(*points as f64 * *columns as f64 * 15.0),
    )
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => "less than 1 ms".to_owned(),
        s if s < 1.0 => format!("{:.0} ms", 1e3 * s),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b < 1e6 => format!("{:.0} kB", (b / 1e3).max(1.0)),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}
