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

const TESTS: [(&str, fn()); 5] = [
    ("exit codes reach the shell", exit_codes),
    ("a reader that leaves early ends the program quietly", early_reader),
    ("a terminate request keeps the rows that are done", || interrupted("-TERM")),
    ("ctrl-c keeps the rows that are done", || interrupted("-INT")),
    ("a hang-up is left to the system", hang_up),
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
    assert!(errors.ends_with("interrupted; 1 of the 2 output times were reached\n"), "{errors}");
}

fn hang_up() {
    // Under nohup hang-ups are ignored, by this process and by those it starts.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    if ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 != 0)) {
        println!("hang-ups are ignored here and not tested");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = endless(folder.path(), "-HUP").wait_with_output().unwrap();
    assert_eq!(output.status.code(), None, "ended by the signal, as any program");
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
