//! All points of a sweep over the threads of this process, with a journal.

use super::journal::{self, Header, Journal};
use super::point::{self, Interrupted, Row};
use super::{Sweep, table};
use crate::Table;
use overlap_runtime::{Error, Monitor, System};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

/// How a sweep is run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweepOptions {
    /// The folder of journal, table and trajectories; it is made where it is not there.
    pub out: PathBuf,
    /// Number of threads; default (`None`) one per core (`RAYON_NUM_THREADS`). The numbers do not depend on it.
    pub threads: Option<usize>,
    /// The share of the points that this process runs; `None` for all. With a share no table is written: [`merge`](fn@super::merge)
    /// does that once all shares are done.
    pub shard: Option<Shard>,
}

impl SweepOptions {
    /// All points on all cores, into the folder `out`.
    pub fn new(out: impl Into<PathBuf>) -> Self {
        SweepOptions { out: out.into(), threads: None, shard: None }
    }

    /// Sets the number of threads.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Runs only a share of the points.
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = Some(shard);
        self
    }
}

/// A share of the points: number `index` (from 1) of `count`, every `count`-th point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Share `index` of `count`.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless 1 ≤ index ≤ count.
    pub fn new(index: usize, count: usize) -> Result<Self, Error> {
        if index == 0 || index > count {
            let bound = "i/n with whole numbers and 1 <= i <= n";
            return Err(Error::invalid("shard", format!("{index}/{count}"), bound));
        }
        Ok(Shard { index, count })
    }

    fn has(self, point: usize) -> bool {
        point % self.count == self.index - 1
    }
}

/// What came of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// Points that are done, now and before, of those that were to be run.
    pub done: usize,
    /// Points that were to be run.
    pub points: usize,
    /// Points that failed: they are done, with their error in the table.
    pub failed: usize,
    /// The table, where all points of the sweep are done and no share was asked for.
    pub table: Option<Table>,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// What could not be written, first things first; the points concerned are run again next time.
    pub problems: Vec<Error>,
    /// What is worth knowing: damaged lines of a journal, threads that would have had nothing to do.
    pub remarks: Vec<String>,
}

/// More threads than this help no machine.
const MOST_THREADS: usize = 1024;

/// Rows that are done, by point.
pub(super) type Rows = BTreeMap<usize, Row>;

/// The journal and everything that is shared while points run.
pub(super) struct Ledger {
    journal: Mutex<Journal>,
    folder: PathBuf,
    problems: Mutex<Vec<Error>>,
    remarks: Vec<String>,
}

impl Sweep {
    /// Runs the points that are not done yet, over all threads.
    ///
    /// Every point is journalled as soon as it is done; running the same again goes on where a kill or an interruption
    /// left off. The table is written as `table.csv` (and `table.parquet` with the feature `parquet`) when all points are done.
    /// A point that fails is done: its error stands in the table.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::File`] where the folder cannot be written before anything has run, or holds a journal of
    /// another sweep; [`Error::Interrupted`] if the monitor asked to stop (what is done is in the journal).
    /// What goes wrong with files later on is in [`Outcome::problems`].
    pub fn run(
        &self,
        system: &dyn System,
        options: &SweepOptions,
        monitor: &dyn Monitor,
    ) -> Result<Outcome, Error> {
        let (mut ledger, mut rows) = Ledger::open(self, system, options)?;
        let wanted: Vec<usize> =
            (0..self.len()).filter(|&point| options.shard.is_none_or(|shard| shard.has(point))).collect();
        let open: Vec<usize> = wanted.iter().copied().filter(|point| !rows.contains_key(point)).collect();
        let progress = Progress::new(monitor, wanted.len() - open.len(), wanted.len());
        if open.is_empty() {
            // Nothing is missing, whatever lines are damaged.
            ledger.remarks.clear();
        }
        let runs = if self.plan.run.sgd { self.plan.sgd.replicas } else { 1 };
        let threads = options.threads.map(|asked| {
            let useful = open.len().saturating_mul(runs).clamp(1, MOST_THREADS);
            if asked > useful && !open.is_empty() {
                ledger
                    .remarks
                    .push(format!("threads = {asked}, but {useful} are all that have something to do"));
            }
            asked.min(useful)
        });
        let results = ledger.synchronised(|| {
            in_lanes(&open, threads, |point| {
                if monitor.should_stop() {
                    return Err(Interrupted);
                }
                let row = point::run(&self.plan, system, point, &progress.of_point())?;
                Ok((point, ledger.keep(point, row)))
            })
        })??;
        let interrupted = results.iter().any(Result::is_err);
        rows.extend(results.into_iter().filter_map(Result::ok));
        if interrupted {
            // What could not be journalled is not kept: that is the worse news.
            return Err(ledger.into_problems().into_iter().next().unwrap_or(Error::Interrupted));
        }
        ledger.finish(self, system, rows, &wanted, options.shard.is_none())
    }
}

impl Sweep {
    /// Computes the table without any files, on all cores.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the monitor asked to stop.
    pub fn table(&self, system: &dyn System, monitor: &dyn Monitor) -> Result<Table, Error> {
        let progress = Progress::new(monitor, 0, self.len());
        let points: Vec<usize> = (0..self.len()).collect();
        let row = |point| Ok((point, point::run(&self.plan, system, point, &progress.of_point())?));
        let rows: Result<Rows, Interrupted> = in_lanes(&points, None, row)?.into_iter().collect();
        let rows: Vec<Row> = rows.map_err(|Interrupted| Error::Interrupted)?.into_values().collect();
        Ok(table::table(self, system, &rows, &[journal::instruction_set()]))
    }
}

/// Does the same for all points, in lanes that take the next point as soon as they are done with one; results in no
/// particular order. A lane is a pool of its own, of one thread where there are points enough: within a point nothing waits
/// for threads that are at work on others.
fn in_lanes<T: Send>(
    points: &[usize],
    threads: Option<usize>,
    work: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>, Error> {
    let threads = match threads {
        Some(threads) => threads.max(1),
        None => overlap_runtime::internal::threads()?,
    };
    let lanes = threads.min(points.len()).max(1);
    let next = AtomicUsize::new(0);
    let lane = || {
        let take = || points.get(next.fetch_add(1, Ordering::Relaxed)).copied();
        std::iter::from_fn(take).map(&work).collect::<Vec<T>>()
    };
    // All threads first: nothing runs where the system refuses one.
    let own = |n: usize| threads / lanes + usize::from(n < threads % lanes);
    let pools: Vec<_> = (0..lanes)
        .map(|n| pool(own(n)))
        .collect::<Result<_, _>>()
        .map_err(|error| refused(threads, error))?;
    std::thread::scope(|scope| {
        let mut started = Vec::with_capacity(lanes);
        for pool in &pools {
            let lane = &lane;
            match std::thread::Builder::new().spawn_scoped(scope, move || pool.install(lane)) {
                Ok(handle) => started.push(handle),
                Err(error) => {
                    // The others find nothing left to do.
                    next.store(points.len(), Ordering::Relaxed);
                    return Err(refused(threads, error));
                }
            }
        }
        let mut results = Vec::with_capacity(points.len());
        for lane in started {
            // A panic of a point is one of the sweep.
            results.extend(lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        Ok(results)
    })
}

/// A pool of so many threads.
pub(super) fn pool(threads: usize) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build()
}

/// The system does not start so many threads.
pub(super) fn refused(threads: usize, error: impl std::fmt::Display) -> Error {
    Error::invalid("threads", threads, format!("a number the system can start ({error})"))
}

impl Ledger {
    /// Opens the folder: the journal of this process, and the rows that all journals hold.
    pub(super) fn open(
        sweep: &Sweep,
        system: &dyn System,
        options: &SweepOptions,
    ) -> Result<(Self, Rows), Error> {
        let folder = &options.out;
        std::fs::create_dir_all(folder).map_err(Error::io(folder, "make the folder"))?;
        overlap_runtime::check_writable(folder.join("table.csv"))?;
        if sweep.plan.record.trajectories.is_some() {
            let folder = folder.join("trajectories");
            std::fs::create_dir_all(&folder).map_err(Error::io(&folder, "make the folder"))?;
        }
        let header = Header::new(sweep, system);
        let name = match options.shard {
            None => format!("{}.jsonl", journal::PREFIX),
            Some(Shard { index, count }) => format!("{}-{index}-of-{count}.jsonl", journal::PREFIX),
        };
        let path = folder.join(name);
        let (journal, own) = Journal::open(&path, &header)?;
        let mut rows = Rows::new();
        let mut remarks: Vec<String> = own.collect(sweep, system, &header, &mut rows).into_iter().collect();
        for other in journal::find(folder)? {
            if other != path {
                let contents = journal::read(&other)?;
                for found in &contents.headers {
                    header.check(&other, found)?;
                }
                remarks.extend(contents.collect(sweep, system, &header, &mut rows));
            }
        }
        let folder = folder.clone();
        Ok((Ledger { journal: Mutex::new(journal), folder, problems: Mutex::default(), remarks }, rows))
    }

    /// Keeps a finished point: its trajectories first, so that what stands in the journal is whole. Where they cannot be
    /// written, the point stands in the table with that error, but not in the journal, and is run again next time.
    pub(super) fn keep(&self, point: usize, mut row: Row) -> Row {
        if let Err(error) = save_trajectories(&self.folder, point, &mut row) {
            self.problem(error);
            return row;
        }
        self.journalled(point, row)
    }

    /// Writes a finished point to the journal.
    pub(super) fn journalled(&self, point: usize, row: Row) -> Row {
        let appended = self.journal.lock().unwrap_or_else(PoisonError::into_inner).keep(point, &row);
        if let Err(error) = appended {
            self.problem(error);
        }
        row
    }

    /// Remembers the first few problems; a full disk has the same for every point.
    pub(super) fn problem(&self, error: Error) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.len() < 3 {
            problems.push(error);
        }
    }

    /// The problems so far.
    pub(super) fn into_problems(self) -> Vec<Error> {
        self.problems.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work while another thread brings the journal to the disk about once a second.
    pub(super) fn synchronised<T>(&self, work: impl FnOnce() -> T) -> Result<T, Error> {
        let file: File = self.journal.lock().unwrap_or_else(PoisonError::into_inner).handle()?;
        let (end, ended) = mpsc::channel::<()>();
        let result = std::thread::scope(|scope| {
            // Without this thread the journal reaches the disk when the system pleases.
            _ = std::thread::Builder::new().spawn_scoped(scope, move || {
                while let Err(mpsc::RecvTimeoutError::Timeout) = ended.recv_timeout(Duration::from_secs(1)) {
                    // What cannot be written is told where it is written.
                    _ = file.sync_data();
                }
                _ = file.sync_data();
            });
            let result = work();
            drop(end);
            result
        });
        Ok(result)
    }

    /// What came of the `wanted` points; writes the table of all of them, if they are there and a `table` is to be.
    pub(super) fn finish(
        self,
        sweep: &Sweep,
        system: &dyn System,
        rows: Rows,
        wanted: &[usize],
        table: bool,
    ) -> Result<Outcome, Error> {
        let mut problems = self.problems.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut journal = self.journal.into_inner().unwrap_or_else(PoisonError::into_inner);
        match journal.flush() {
            // The journal has everything after all: the disk had room again.
            Ok(()) => problems.retain(|error| !matches!(error, Error::Io { path, .. } if path.extension().is_some_and(|e| e == "jsonl"))),
            Err(error) => problems.push(error),
        }
        let found: Vec<&Row> = wanted.iter().filter_map(|point| rows.get(point)).collect();
        let failed = found.iter().filter(|row| row.error.is_some()).count();
        let (done, points) = (found.len(), wanted.len());
        let mut outcome =
            Outcome { done, points, failed, table: None, files: Vec::new(), problems, remarks: self.remarks };
        if table && rows.len() == sweep.len() {
            let rows: Vec<Row> = rows.into_values().collect();
            let sets = instruction_sets(&self.folder)?;
            write(table::table(sweep, system, &rows, &sets), &self.folder, &mut outcome);
        }
        Ok(outcome)
    }
}

/// The instruction sets the journals of a folder were written with.
fn instruction_sets(folder: &Path) -> Result<Vec<String>, Error> {
    let mut sets = vec![];
    for path in journal::find(folder)? {
        sets.extend(journal::read(&path)?.headers.into_iter().map(|header| header.instruction_set));
    }
    sets.sort();
    sets.dedup();
    Ok(if sets.is_empty() { vec![journal::instruction_set()] } else { sets })
}

/// Writes the table in all formats.
pub(super) fn write(table: Table, folder: &Path, outcome: &mut Outcome) {
    let names: &[&str] =
        if cfg!(feature = "parquet") { &["table.csv", "table.parquet"] } else { &["table.csv"] };
    for name in names {
        let path = folder.join(name);
        match table.save(&path) {
            Ok(()) => outcome.files.push(path),
            Err(error) => outcome.problems.push(error),
        }
    }
    outcome.table = Some(table);
}

/// Writes the trajectories of a point, counted from 1 as in the table. Where that fails, it is the error of the row.
pub(super) fn save_trajectories(folder: &Path, point: usize, row: &mut Row) -> Result<(), Error> {
    for (process, table) in std::mem::take(&mut row.trajectories) {
        let path = folder.join("trajectories").join(format!("{:06}-{process}.npz", point + 1));
        if let Err(error) = table.save(&path) {
            row.error.get_or_insert_with(|| error.to_string());
            return Err(error);
        }
    }
    Ok(())
}

/// Progress over all points.
pub(super) struct Progress<'a> {
    monitor: &'a dyn Monitor,
    /// In thousandths of a point.
    done: AtomicU64,
    points: usize,
}

impl<'a> Progress<'a> {
    pub(super) fn new(monitor: &'a dyn Monitor, done: usize, points: usize) -> Self {
        Progress { monitor, done: AtomicU64::new(1000 * done as u64), points }
    }

    /// The monitor of one point.
    pub(super) fn of_point(&self) -> PointProgress<'_> {
        PointProgress { whole: self, reported: AtomicU64::new(0) }
    }

    fn advance(&self, thousandths: u64) {
        let done = self.done.fetch_add(thousandths, Ordering::Relaxed) + thousandths;
        self.monitor.progress((done as f64 / (1000 * self.points) as f64).min(1.0));
    }
}

/// Progress of one point, in that of the whole.
pub(super) struct PointProgress<'a> {
    whole: &'a Progress<'a>,
    reported: AtomicU64,
}

impl Monitor for PointProgress<'_> {
    fn progress(&self, fraction: f64) {
        // The end is counted when the point is dropped: ODE and SGD of a point both report theirs.
        let now = (fraction * 999.0) as u64;
        let before = self.reported.fetch_max(now, Ordering::Relaxed);
        if now > before {
            self.whole.advance(now - before);
        }
    }

    fn should_stop(&self) -> bool {
        self.whole.monitor.should_stop()
    }
}

impl Drop for PointProgress<'_> {
    fn drop(&mut self) {
        self.whole.advance(1000 - self.reported.load(Ordering::Relaxed));
    }
}
