//! A sweep over the processes of `mpirun`.
//!
//! The first process reads the file, keeps the journal and hands out points in small blocks, smaller towards the end, to
//! whoever asks; it runs points of its own in a second thread. Every finished point is sent back at once. A slow point
//! holds up nobody but the process that runs it. If a process dies MPI ends all of them; the journal has what was done.

use super::journal;
use super::point::{self, Row};
use super::run::{Ledger, Progress, pool, refused, save_trajectories};
use super::{Outcome, Sweep, SweepOptions};
use ::mpi::Threading;
use ::mpi::point_to_point::MatchedReceiveVec;
use ::mpi::topology::SimpleCommunicator;
use ::mpi::traits::*;
use overlap_runtime::{Error, Monitor, System};
use serde_json::Value;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// Tags of messages.
const DONE: i32 = 1;
const ASK: i32 = 2;
const WORK: i32 = 3;
/// Most points of a block.
const BLOCK: usize = 16;
/// Between two looks for messages, when there are none.
const PAUSE: Duration = Duration::from_micros(50);

/// As [`Sweep::run`] of the file at `path`, over all processes of MPI. The first one gives the outcome, the others `None`.
/// Every process runs one point at a time, on `options.threads` threads (one unless stated): start one process a core.
///
/// The file is read by the first process only; trajectories are written by all of them, so that their folder must be
/// common to all machines.
///
/// # Errors
/// Those of [`Sweep::read`] and [`Sweep::run`], on the first process; [`Error::Invalid`] where MPI is in use already.
pub fn run_mpi(
    system: &dyn System,
    path: &Path,
    options: &SweepOptions,
    monitor: &dyn Monitor,
) -> Result<Option<Outcome>, Error> {
    let universe = ::mpi::initialize_with_threading(Threading::Funneled);
    let Some((universe, _)) = universe else {
        return Err(Error::invalid("MPI", "initialised already", "started by this call"));
    };
    let world = universe.world();
    if world.rank() == 0 {
        first(system, path, options, monitor, &world).map(Some)
    } else {
        other(system, options, monitor, &world);
        Ok(None)
    }
}

/// The process that hands out points.
fn first(
    system: &dyn System,
    path: &Path,
    options: &SweepOptions,
    monitor: &dyn Monitor,
    world: &SimpleCommunicator,
) -> Result<Outcome, Error> {
    let prepared = Sweep::read(path, system).and_then(|sweep| {
        let (ledger, rows) = Ledger::open(&sweep, system, options)?;
        Ok((sweep, ledger, rows))
    });
    // Whoever waits for the file must hear of it, even that there is none.
    let mut text = prepared.as_ref().map_or(Vec::new(), |(sweep, ..)| sweep.text.clone().into_bytes());
    let mut length = text.len() as u64;
    let root = world.process_at_rank(0);
    root.broadcast_into(&mut length);
    if length > 0 {
        root.broadcast_into(&mut text[..]);
    }
    let (sweep, ledger, mut rows) = prepared?;

    let open: VecDeque<usize> = (0..sweep.len()).filter(|point| !rows.contains_key(point)).collect();
    let processes = world.size() as usize;
    let progress = Progress::new(monitor, rows.len(), sweep.len());
    let mut office = Office { open, processes, monitor };
    let served = ledger.synchronised(|| {
        let mut finish = |point: usize, row: Row, journalled: bool| {
            rows.insert(point, if journalled { row } else { ledger.journalled(point, row) });
        };
        serve(&sweep, system, options, world, &mut office, &progress, &ledger, &mut finish)
    })?;
    served?;
    if rows.len() < sweep.len() {
        return Err(Error::Interrupted);
    }
    let all: Vec<usize> = (0..sweep.len()).collect();
    ledger.finish(&sweep, system, rows, &all, true)
}

/// Points that nobody has yet.
struct Office<'a> {
    open: VecDeque<usize>,
    processes: usize,
    monitor: &'a dyn Monitor,
}

impl Office<'_> {
    /// The next block; empty when all is given out.
    fn block(&mut self) -> Vec<u64> {
        if self.monitor.should_stop() {
            self.open.clear();
        }
        let size = (self.open.len() / (8 * self.processes)).clamp(1, BLOCK).min(self.open.len());
        self.open.drain(..size).map(|point| point as u64).collect()
    }
}

/// Answers until every process, and the thread of this one, has been told that nothing is left.
#[allow(clippy::too_many_arguments)]
fn serve(
    sweep: &Sweep,
    system: &dyn System,
    options: &SweepOptions,
    world: &SimpleCommunicator,
    office: &mut Office<'_>,
    progress: &Progress<'_>,
    ledger: &Ledger,
    finish: &mut dyn FnMut(usize, Row, bool),
) -> Result<(), Error> {
    std::thread::scope(|scope| {
        let (give, given) = mpsc::channel::<Vec<u64>>();
        let (send, sent) = mpsc::channel::<Option<(usize, Row)>>();
        let threads = options.threads.unwrap_or(1);
        let own = scope.spawn(move || {
            pool(threads).map_err(|error| refused(threads, error))?.install(move || {
                loop {
                    // Without a listener there is nothing left to do.
                    if send.send(None).is_err() {
                        return;
                    }
                    let Ok(block) = given.recv() else { return };
                    if block.is_empty() {
                        return;
                    }
                    for point in block {
                        let point = point as usize;
                        let Ok(row) = point::run(&sweep.plan, system, point, &progress.of_point()) else {
                            return;
                        };
                        if send.send(Some((point, ledger.keep(point, row)))).is_err() {
                            return;
                        }
                    }
                }
            });
            Ok(())
        });
        let (mut at_work, mut own_at_work) = (office.processes - 1, true);
        while at_work > 0 || own_at_work {
            let mut idle = true;
            match sent.try_recv() {
                Ok(None) => {
                    // A thread that has gone does not hear it.
                    _ = give.send(office.block());
                    idle = false;
                }
                Ok(Some((point, row))) => {
                    finish(point, row, true);
                    idle = false;
                }
                Err(mpsc::TryRecvError::Empty) => {}
                Err(mpsc::TryRecvError::Disconnected) => own_at_work = false,
            }
            if let Some(message) = world.any_process().immediate_matched_probe() {
                idle = false;
                let (bytes, status): (Vec<u8>, _) = message.matched_receive_vec();
                if status.tag() == DONE {
                    if let Some((point, row)) = unpack(&bytes) {
                        let lost = bytes.first() == Some(&b'!');
                        if lost {
                            let message = row.error.clone().unwrap_or_default();
                            ledger.problem(Error::File { path: options.out.join("trajectories"), message });
                        }
                        drop(progress.of_point());
                        finish(point, row, lost);
                    }
                } else {
                    let block = office.block();
                    at_work -= usize::from(block.is_empty());
                    world.process_at_rank(status.source_rank()).send_with_tag(&block[..], WORK);
                }
            }
            if idle {
                std::thread::sleep(PAUSE);
            }
        }
        own.join().unwrap_or(Ok(()))
    })
}

/// A finished point as a message: its object in the journal, behind `!` if it is not to stand there.
fn pack(point: usize, row: &Row, keep: bool) -> Vec<u8> {
    let mark = if keep { "" } else { "!" };
    format!("{mark}{}", journal::object(point, row)).into_bytes()
}

fn unpack(bytes: &[u8]) -> Option<(usize, Row)> {
    let line = bytes.strip_prefix(b"!").unwrap_or(bytes);
    journal::record(&serde_json::from_slice::<Value>(line).ok()?)
}

/// A process that asks for points.
fn other(system: &dyn System, options: &SweepOptions, monitor: &dyn Monitor, world: &SimpleCommunicator) {
    let root = world.process_at_rank(0);
    let mut length = 0u64;
    root.broadcast_into(&mut length);
    // The first process tells what is wrong.
    if length == 0 {
        return;
    }
    let mut text = vec![0u8; length as usize];
    root.broadcast_into(&mut text[..]);
    let text = String::from_utf8_lossy(&text);
    let Ok(sweep) = Sweep::parse(&text, system) else { return };
    // Without a pool of its own the process still works, on the threads it has.
    let pool = pool(options.threads.unwrap_or(1)).ok();
    loop {
        root.send_with_tag(&[0u8][..], ASK);
        let (block, _) = root.receive_vec_with_tag::<u64>(WORK);
        if block.is_empty() {
            return;
        }
        for point in block {
            let point = point as usize;
            let watch = Stop { monitor };
            let run = || point::run(&sweep.plan, system, point, &watch);
            let Ok(mut row) = pool.as_ref().map_or_else(run, |pool| pool.install(run)) else {
                // Asked to stop: ask until the first process says that nothing is left.
                break;
            };
            let kept = save_trajectories(&options.out, point, &mut row).is_ok();
            root.send_with_tag(&pack(point, &row, kept)[..], DONE);
        }
    }
}

/// Passes on only the wish to stop.
struct Stop<'a> {
    monitor: &'a dyn Monitor,
}

impl Monitor for Stop<'_> {
    fn should_stop(&self) -> bool {
        self.monitor.should_stop()
    }
}
