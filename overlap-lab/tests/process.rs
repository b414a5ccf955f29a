//! A program made by `cli::run`, as a process: pipes, signals, exit codes. This test has no harness: started with
//! `AS_PROGRAM` set it is that program, else it starts itself so.

#[path = "../../tests/support/textbook.rs"]
mod textbook;
#[path = "support/watched.rs"]
mod watched;

use overlap_lab::cli;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use textbook::Textbook;
use watched::Watched;

/// Names the file that the program makes when its work has begun.
const AS_PROGRAM: &str = "OVERLAP_TEST_AS_PROGRAM";

fn main() -> ExitCode {
    if let Some(begun) = std::env::var_os(AS_PROGRAM) {
        let begin = move || {
            if !begun.is_empty() {
                std::fs::write(&begun, "").unwrap();
            }
        };
        return cli::run(Watched { inner: Textbook::new(1, 2, false), seen: begin });
    }
    if cfg!(unix) {
        for (name, test) in TESTS {
            println!("test {name} ...");
            test();
        }
    }
    ExitCode::SUCCESS
}

const TESTS: [(&str, fn()); 10] = [
    ("exit codes reach the shell", exit_codes),
    ("a reader that leaves early ends the program quietly", early_reader),
    ("a terminate request keeps the rows that are done", || interrupted("-TERM")),
    ("ctrl-c keeps the rows that are done", || interrupted("-INT")),
    ("a quit keeps the rows that are done", || interrupted("-QUIT")),
    ("a hang-up keeps the rows that are done", hang_up),
    ("a hang-up is ignored under nohup", nohup),
    ("streams without an end are no problem files", endless_files),
    ("threads that the system refuses are an error", refused_threads),
    ("an instruction set is one of the machine's, and the same to the end", instruction_sets),
];

fn program(line: &str, begun: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(line.split_whitespace()).env(AS_PROGRAM, begun);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(line: &str) -> Output {
    program(line, Path::new("")).output().unwrap()
}

fn exit_codes() {
    assert_eq!(run("equations").status.code(), Some(cli::DONE.into()));
    assert_eq!(run("--help").status.code(), Some(cli::DONE.into()));
    assert_eq!(run("rhs --problem -").status.code(), Some(cli::FAILED.into()), "nothing on standard input");
    assert_eq!(run("rhs").status.code(), Some(cli::USAGE.into()));
    assert_eq!(run("").status.code(), Some(cli::USAGE.into()));
}

/// More rows than a pipe holds.
const MANY: &str = "solve --quiet --problem FILE --until 10 --points 20000";

fn early_reader() {
    let folder = tempfile::tempdir().unwrap();
    let line = with_problem(MANY, folder.path());
    let shell = format!("\"$0\" {line} | head -n 1; exit ${{PIPESTATUS[0]}}");
    let output = Command::new("bash")
        .args(["-c", &shell])
        .arg(std::env::current_exe().unwrap())
        .env(AS_PROGRAM, "")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_eq!(text(output.stdout).lines().count(), 1);
    assert_eq!((output.status.code(), text(output.stderr).as_str()), (Some(cli::DONE.into()), ""));
}

fn interrupted(signal: &str) {
    let folder = tempfile::tempdir().unwrap();
    let child = endless(folder.path(), signal);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (rows, errors) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(cli::INTERRUPTED.into()), "{errors}");
    assert_eq!(rows.lines().count(), 2, "the names and the row at t = 0");
    assert!(errors.ends_with("interrupted; 1 of the 2 output times was reached\n"), "{errors}");
}

fn hang_up() {
    // Under nohup hang-ups are ignored, by this process and by those it starts.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    if ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 != 0)) {
        println!("hang-ups are ignored here and not tested");
        return;
    }
    interrupted("-HUP");
}

fn nohup() {
    let folder = tempfile::tempdir().unwrap();
    let line = with_problem("simulate --problem FILE --times 0,1e9 --dimension 100", folder.path());
    let begun = folder.path().join("begun");
    let mut command = Command::new("nohup");
    command.arg(std::env::current_exe().unwrap()).args(line.split_whitespace()).env(AS_PROGRAM, &begun);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !begun.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = |signal: &str| Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill("-HUP").success());
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(kill("-TERM").success());
    assert_eq!(child.wait().unwrap().code(), Some(cli::INTERRUPTED.into()));
}

/// Each is an error at once: nothing is waited for, nothing read for ever.
fn endless_files() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), Path::new("/dev/zero"), Path::new("/dev/full")] {
        let path = path.to_str().unwrap();
        for (line, kind) in [
            (format!("rhs --problem {path}"), "a problem file"),
            (format!("sweep {path} --out {}/out", folder.path().display()), "a sweep file"),
            (format!("plot {path} --out {}/a.svg", folder.path().display()), "a table of results"),
            (format!("rerun {path}"), "a table of results"),
        ] {
            let output = run(&line);
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(cli::FAILED.into()), "{line}: {text}");
            let told = format!("{path}: it is a device or pipe, but it must be {kind}");
            assert!(text.contains(&told), "{line}: {text}");
        }
    }
    // As a journal.
    std::fs::write(folder.path().join("sweep.toml"), "[grid]\nnoise = [0, 1]\n[record]\nuntil = 1\n")
        .unwrap();
    for (n, journal) in ["/dev/full", "/dev/zero", pipe.to_str().unwrap()].into_iter().enumerate() {
        let out = folder.path().join(format!("out{n}"));
        std::fs::create_dir(&out).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(journal, out.join("journal.jsonl")).unwrap();
        let output = run(&format!("sweep {}/sweep.toml --out {}", folder.path().display(), out.display()));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(cli::FAILED.into()), "{text}");
        assert!(text.contains("journal.jsonl: it is a device or pipe"), "{text}");
    }
}

/// Each thread wants 2 MiB for its stack, and all of them together have less.
fn refused_threads() {
    let folder = tempfile::tempdir().unwrap();
    let line =
        with_problem("simulate --problem FILE --times 0,1 --replicas 2000 --threads 1000", folder.path());
    let output = Command::new("bash")
        .args(["-c", &format!("ulimit -v 1000000; exec \"$0\" {line}")])
        .arg(std::env::current_exe().unwrap())
        .env(AS_PROGRAM, "")
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(cli::USAGE.into()), "{errors}");
    assert!(errors.contains("threads = 1000, but it must be a number the system can start"), "{errors}");
}

fn instruction_sets() {
    let folder = tempfile::tempdir().unwrap();
    let at = |set: &str, line: &str| {
        let line = with_problem(line, folder.path());
        let output = program(&line, Path::new("")).env("OVERLAP_SIMD", set).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let lines = [
        "rhs --problem FILE",
        "solve --problem FILE --times 0,1",
        "simulate --problem FILE --times 0,1",
        "equations",
    ];
    for line in lines {
        for wrong in ["foo", "avx", "sse9", " avx2"] {
            let (code, errors) = at(wrong, line);
            assert_eq!(code, i32::from(cli::USAGE), "{line}");
            assert!(
                errors.contains(&format!("OVERLAP_SIMD = {wrong}, but it must be one of baseline")),
                "{errors}"
            );
        }
        for right in ["", "baseline", "BASELINE"] {
            assert_eq!(at(right, line).0, i32::from(cli::DONE), "{right} {line}");
        }
    }
    // What no machine has beside its own.
    let foreign = if cfg!(target_arch = "x86_64") { "neon" } else { "avx512" };
    let (code, errors) = at(foreign, "equations");
    assert!(code == i32::from(cli::USAGE) && errors.contains("this machine does not have it"), "{errors}");
    let run =
        format!("simulate --problem FILE --times 0,1 --checkpoint {}", folder.path().join("run").display());
    assert_eq!(at("baseline", &run).0, i32::from(cli::DONE));
    let (code, errors) = at("", &run);
    if overlap_runtime::lanes::Level::current().name() != "baseline" {
        assert!(code == i32::from(cli::FAILED) && errors.contains("OVERLAP_SIMD"), "{errors}");
    }
    assert_eq!(at("Baseline", &run).0, i32::from(cli::DONE));
}

/// A simulation that would take years, sent a signal after it has begun.
fn endless(folder: &Path, signal: &str) -> Child {
    let line = with_problem("simulate --problem FILE --times 0,1e9 --dimension 100", folder);
    let begun = folder.join("begun");
    let child = program(&line, &begun).spawn().unwrap();
    while !begun.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    child
}

fn with_problem(line: &str, folder: &Path) -> String {
    let file = folder.join("problem.json");
    std::fs::write(&file, "{}").unwrap();
    line.replace("FILE", file.to_str().unwrap())
}
