//! Sweeps as processes: killed, cut short by full disks, shared among shards. This test has no harness: started with
//! `AS_PROGRAM` set it is the program, else it starts itself so.

use overlap_lab::cli;
use overlap_runtime::{Activation, DynSystem};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

const AS_PROGRAM: &str = "OVERLAP_TEST_AS_PROGRAM";

fn main() -> ExitCode {
    if std::env::var_os(AS_PROGRAM).is_some() {
        return cli::run(DynSystem::new(1, 2, Activation::Erf, false).unwrap());
    }
    if cfg!(unix) {
        for (name, test) in TESTS {
            println!("test {name} ...");
            test();
        }
    }
    ExitCode::SUCCESS
}

const TESTS: [(&str, fn()); 8] = [
    ("killed at 20 random moments and continued, the table is that of an undisturbed run", killed),
    ("shares that are killed and continued are merged to that table", killed_shares),
    ("threads, shards and merge do not change a byte", shared),
    ("a full disk costs what could not be written, and no more", full_disk),
    ("a full device under the table leaves the journal", full_table),
    ("a folder that cannot be written is told at once", unwritable),
    ("a trajectory that cannot be written is the error of its point, and of no other", unwritable_trajectory),
    ("ctrl-c keeps the points that are done", interrupted),
];

/// 400 points; at the larger learning rates some need more steps than they may take.
const SWEEP: &str = "\
run = 'both'
[problem]
initial = { dimension = 100 }
[grid]
learning_rate = { from = 0.1, to = 20, points = 20, log = true }
noise = { from = 1e-3, to = 1, points = 5, log = true }
seed = { from = 0, to = 3 }
[ode]
max_steps = 30
[sgd]
replicas = 2
[record]
until = 60
times = [1, 10]
observables = ['risk', 'excess_risk', 'M']
[[event]]
when = 'risk below'
value = 2e-2
";

fn command(folder: &Path, line: &str) -> Command {
    let file = folder.join("sweep.toml");
    // Once: processes that are at work read it.
    if !file.exists() {
        fs::write(file, SWEEP).unwrap();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(line.split_whitespace()).env(AS_PROGRAM, "1").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, line: &str) -> Output {
    command(folder, line).output().unwrap()
}

#[track_caller]
fn done(output: &Output) {
    assert_eq!(output.status.code(), Some(cli::DONE.into()), "{}", String::from_utf8_lossy(&output.stderr));
}

fn undisturbed(folder: &Path) -> Vec<u8> {
    done(&run(folder, "sweep sweep.toml --out whole"));
    fs::read(folder.join("whole/table.csv")).unwrap()
}

/// xorshift64*: moments that are the same every time.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn killed() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let expected = undisturbed(folder.path());
    let whole = start.elapsed().as_secs_f64();
    let failed = String::from_utf8_lossy(&expected).lines().filter(|line| line.contains("max_steps")).count();
    assert!((10..200).contains(&failed), "{failed} points fail, which is not what the test is about");

    let mut moments = Moments(20_221_122);
    let journal = folder.path().join("killed/journal.jsonl");
    let (mut kept, mut partial) = (BTreeSet::new(), 0);
    for _ in 0..20 {
        let mut child = command(folder.path(), "sweep sweep.toml --out killed").spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(0.15 * whole * moments.next()));
        // SIGKILL: nothing of the program has a say.
        child.kill().unwrap();
        child.wait().unwrap();
        let text = fs::read_to_string(&journal).unwrap_or_default();
        let points: Vec<String> = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .filter_map(|line| Some(line.split("\"point\":").nth(1)?.split(',').next()?.to_owned()))
            .collect();
        let distinct: BTreeSet<String> = points.iter().cloned().collect();
        assert_eq!(points.len(), distinct.len(), "no point is run twice once it stands in the journal");
        assert!(kept.is_subset(&distinct), "what was done stays done");
        partial += usize::from(!distinct.is_empty() && distinct.len() < 400);
        kept = distinct;
    }
    assert!(partial >= 5, "only {partial} of the kills came in the middle");
    done(&run(folder.path(), "sweep sweep.toml --out killed"));
    assert_eq!(fs::read(folder.path().join("killed/table.csv")).unwrap(), expected);
    // A record that is cut off anywhere, as by a power failure, is run again.
    let text = fs::read(&journal).unwrap();
    for cut in [text.len() - 1, text.len() - 40, text.len() / 2, 50, 0] {
        fs::write(&journal, &text[..cut]).unwrap();
        fs::remove_file(folder.path().join("killed/table.csv")).unwrap();
        done(&run(folder.path(), "sweep sweep.toml --out killed"));
        assert_eq!(fs::read(folder.path().join("killed/table.csv")).unwrap(), expected, "cut at {cut}");
    }
}

fn killed_shares() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let expected = undisturbed(folder.path());
    let whole = start.elapsed().as_secs_f64();
    let lines: Vec<String> =
        (1..=3).map(|n| format!("sweep sweep.toml --out shards --shard {n}/3 --threads 1")).collect();
    let mut moments = Moments(20_221_123);
    for _ in 0..5 {
        let children: Vec<_> =
            lines.iter().map(|line| command(folder.path(), line).spawn().unwrap()).collect();
        for mut child in children {
            std::thread::sleep(Duration::from_secs_f64(0.1 * whole * moments.next()));
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    let early = run(folder.path(), "merge shards");
    assert_eq!(early.status.code(), Some(cli::FAILED.into()), "the kills came too late");
    for line in &lines {
        done(&run(folder.path(), line));
    }
    done(&run(folder.path(), "merge shards"));
    assert_eq!(fs::read(folder.path().join("shards/table.csv")).unwrap(), expected);
}

fn shared() {
    let folder = tempfile::tempdir().unwrap();
    let expected = undisturbed(folder.path());
    for threads in [1, 3] {
        done(&run(folder.path(), &format!("sweep sweep.toml --out threads{threads} --threads {threads}")));
        assert_eq!(fs::read(folder.path().join(format!("threads{threads}/table.csv"))).unwrap(), expected);
    }
    // Three processes at the same time, in one folder and in folders of their own.
    for folders in ["shards", "apart"] {
        let children: Vec<_> = (1..=3)
            .map(|n| {
                let out = if folders == "apart" { format!("apart{n}") } else { folders.to_owned() };
                command(folder.path(), &format!("sweep sweep.toml --out {out} --shard {n}/3"))
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            done(&child.wait_with_output().unwrap());
        }
    }
    assert!(!folder.path().join("shards/table.csv").exists(), "a share writes no table");
    for line in ["merge shards", "merge apart1 apart2 apart3 --out merged"] {
        done(&run(folder.path(), line));
        let out = if line.contains("--out") { "merged" } else { "shards" };
        assert_eq!(fs::read(folder.path().join(out).join("table.csv")).unwrap(), expected, "{line}");
    }
    let missing = run(folder.path(), "merge apart1 apart3 --out merged");
    assert_eq!(missing.status.code(), Some(cli::FAILED.into()));
    let text = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(text.contains("267 of 400 points done: run the missing shares first"), "{text}");
    let wrong = run(folder.path(), "sweep sweep.toml --out shards --shard 4/3");
    assert_eq!(wrong.status.code(), Some(cli::USAGE.into()));
    // Numbers from the table's own file.
    let again = run(folder.path(), "rerun merged/table.csv --out again.csv");
    done(&again);
    assert_eq!(fs::read(folder.path().join("again.csv")).unwrap(), expected);
}

/// No file may grow beyond a few kilobytes, in the middle of a record: what a full disk does, without filling one.
fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let expected = undisturbed(folder.path());
    let line = "sweep sweep.toml --out full";
    command(folder.path(), line);
    let limited = |kilobytes: usize| {
        // Ignored, the signal of the limit becomes an error of the write.
        let shell = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" {line}");
        Command::new("bash")
            .args(["-c", &shell])
            .arg(std::env::current_exe().unwrap())
            .env(AS_PROGRAM, "1")
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    for kilobytes in [0, 1, 7, 40] {
        let output = limited(kilobytes);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(cli::FAILED.into()), "{kilobytes}: {text}");
        assert!(
            text.contains("journal.jsonl: cannot write") || text.contains("table.csv: cannot write"),
            "{text}"
        );
        assert!(!folder.path().join("full/table.csv").exists(), "a table is whole or not there");
        let left: Vec<_> = fs::read_dir(folder.path().join("full")).unwrap().collect();
        assert!(left.len() <= 1, "nothing but the journal is left: {left:?}");
    }
    done(&run(folder.path(), line));
    assert_eq!(fs::read(folder.path().join("full/table.csv")).unwrap(), expected);
}

fn full_table() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let expected = undisturbed(folder.path());
    let table = folder.path().join("device/table.csv");
    fs::create_dir(folder.path().join("device")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/full", &table).unwrap();
    let output = run(folder.path(), "sweep sweep.toml --out device");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(cli::FAILED.into()), "{text}");
    assert!(text.contains("table.csv: cannot write: No space left on device"), "{text}");
    fs::remove_file(&table).unwrap();
    let start = fs::metadata(folder.path().join("device/journal.jsonl")).unwrap().len();
    done(&run(folder.path(), "sweep sweep.toml --out device"));
    assert_eq!(fs::read(&table).unwrap(), expected);
    assert_eq!(
        fs::metadata(folder.path().join("device/journal.jsonl")).unwrap().len(),
        start,
        "nothing was run again"
    );
}

fn unwritable() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be: nobody, not even root, can write there.
    fs::write(folder.path().join("out"), "").unwrap();
    let output = run(folder.path(), "sweep sweep.toml --out out");
    assert_eq!(output.status.code(), Some(cli::FAILED.into()));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("out: cannot make the folder"), "{text}");
    let output = run(folder.path(), "sweep nothing.toml");
    assert_eq!(output.status.code(), Some(cli::FAILED.into()));
}

/// Something stands where the file should be: nobody, not even root, can write there.
fn unwritable_trajectory() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("sweep.toml"),
        format!("{SWEEP}\n").replace("until = 60", "until = 60\ntrajectories = 3"),
    )
    .unwrap();
    let expected = undisturbed(folder.path());
    let blocked = folder.path().join("out/trajectories/000007-ode.npz/inside");
    fs::create_dir_all(&blocked).unwrap();
    let output = run(folder.path(), "sweep sweep.toml --out out");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(cli::FAILED.into()), "{text}");
    assert!(text.contains("000007-ode.npz: cannot write"), "{text}");
    let table = fs::read_to_string(folder.path().join("out/table.csv")).unwrap();
    let rows = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let (found, known) = (rows(&table), rows(std::str::from_utf8(&expected).unwrap()));
    assert_eq!(found.len(), known.len());
    for (n, (found, known)) in found.iter().zip(&known).enumerate() {
        assert_eq!(found == known, n != 7, "{found}");
    }
    assert!(found[7].contains("000007-ode.npz: cannot write"), "{}", found[7]);
    fs::remove_dir_all(blocked.parent().unwrap()).unwrap();
    done(&run(folder.path(), "sweep sweep.toml --out out"));
    assert_eq!(fs::read(folder.path().join("out/table.csv")).unwrap(), expected);
}

fn interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let line = "sweep sweep.toml --out stopped";
    let child = command(folder.path(), line).spawn().unwrap();
    let journal = folder.path().join("stopped/journal.jsonl");
    let records = || fs::read_to_string(&journal).unwrap_or_default().lines().count();
    while records() < 5 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(cli::INTERRUPTED.into()), "{text}");
    assert!(text.contains("what is done is kept in stopped: the same command goes on with it"), "{text}");
    assert!(!folder.path().join("stopped/table.csv").exists());
}
