//! The command line of a system, run inside the test: results, mistakes, interruptions.

#[path = "support/probe.rs"]
mod probe;
#[path = "../../tests/support/textbook.rs"]
mod textbook;
#[path = "support/watched.rs"]
mod watched;

use overlap_lab::cli::{DONE, FAILED, INTERRUPTED, USAGE};
use overlap_runtime::{Problem, SolveOptions, linear_times, log_times, simulate, solve};
use probe::{PROBLEM, Probe, probe};
use std::io::{ErrorKind, Write};
use std::path::Path;

#[test]
fn equations_are_printed_with_one_newline() {
    assert_eq!(probe().run("equations", "").done().output, "R = 1/2 E[(y - f)^2]\n");
    assert_eq!(probe().run("equations --latex", "").done().output, "R = \\tfrac12 \\mathbb{E}[(y - f)^2]\n");
    assert_eq!(probe().run("equations --derive", "").done().output, "from the risk\n");
}

#[test]
fn forms_of_equations_that_a_system_lacks_are_told() {
    let answer = probe().run("equations --html", "");
    assert_eq!((answer.code, answer.output.as_str()), (FAILED, ""));
    assert_eq!(
        answer.errors,
        "error: equations --html: ErfK1P2 has none; systems declared with overlap_system! have\n"
    );
    assert_eq!(probe().run("equations --html --latex", "").code, USAGE);
}

#[test]
fn right_hand_sides_match_the_reference_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/reference");
    let mut cases = 0;
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if !path.file_name().unwrap().to_str().unwrap().starts_with("rhs_") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
        let size = |name: &str| reference[name].as_u64().unwrap() as usize;
        let system = Probe::new(size("k"), size("p"), reference["second_layer_rate"] != 0.0);
        let found: serde_json::Value =
            serde_json::from_str(&system.run("rhs --problem PROBLEM", &text).done().output).unwrap();
        // Near convergence the sums cancel.
        let tolerance = if path.ends_with("rhs_k4_p8_nearly_aligned.json") { 5e-12 } else { 1e-14 };
        for block in ["dM", "dQ", "da", "risk"] {
            let (found, expected) = (numbers(&found[block]), numbers(&reference[block]));
            assert_eq!(found.len(), expected.len(), "{block} of {}", path.display());
            let largest = expected.iter().fold(f64::MIN_POSITIVE, |most, value| value.abs().max(most));
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() <= tolerance * largest, "{block} of {}", path.display());
            }
        }
        cases += 1;
    }
    assert_eq!(cases, 9);
}

/// All numbers of a JSON value, in order.
fn numbers(value: &serde_json::Value) -> Vec<f64> {
    match value.as_array() {
        Some(entries) => entries.iter().flat_map(numbers).collect(),
        None => vec![value.as_f64().unwrap()],
    }
}

#[test]
fn solve_writes_the_library_s_rows_at_the_times_asked_for() {
    let system = probe();
    let problem = Problem::from_json_for(&system.inner, PROBLEM).unwrap();
    let csv = |times: &[f64], options: &SolveOptions| {
        let mut csv = Vec::new();
        solve(&system.inner, &problem, times, options).unwrap().write_csv(&mut csv).unwrap();
        String::from_utf8(csv).unwrap()
    };
    let standard = SolveOptions::default();
    let answer = system.run("solve --problem PROBLEM --times 0.1,1,10", PROBLEM).done();
    assert_eq!(answer.output, csv(&[0.1, 1.0, 10.0], &standard));
    assert!(answer.output.starts_with("t,risk,excess_risk,M_1_1,M_1_2,Q_1_1,Q_1_2,Q_2_2\n0.1,"));
    assert_eq!(system.run("solve --problem - --times 0.1,1,10 -q", PROBLEM).done().output, answer.output);
    let lines: &[(&str, Vec<f64>)] = &[
        ("--until 4 --points 5", linear_times(0.0, 4.0, 5).unwrap()),
        ("--until 4 --points 5 --from 2", linear_times(2.0, 4.0, 5).unwrap()),
        ("--until 10 --points 3 --log", log_times(1e-3, 10.0, 3).unwrap()),
        ("--until 10 --points 3 --log --from 0.5", log_times(0.5, 10.0, 3).unwrap()),
    ];
    for (flags, times) in lines {
        let answer = system.run(&format!("solve --problem PROBLEM {flags}"), PROBLEM).done();
        assert_eq!(answer.times(), *times, "{flags}");
    }
    let loose = standard.rtol(1e-4).atol(1e-5).method(overlap_runtime::Method::Dopri5);
    let answer =
        system.run("solve --problem PROBLEM --times 5 --rtol 1e-4 --atol 1e-5 --method dopri5", PROBLEM);
    assert_eq!(answer.done().output, csv(&[5.0], &loose));
    let answer = system.run("solve --problem PROBLEM --times 5 --method rodas5p", PROBLEM);
    assert!(
        answer.errors.contains("has no Jacobian: declare it with `jacobian = true`"),
        "{}",
        answer.errors
    );
}

#[test]
fn simulate_writes_the_library_s_rows_whatever_the_threads() {
    let system = probe();
    let problem = Problem::from_json_for(&system.inner, PROBLEM).unwrap();
    let options = overlap_runtime::SimulateOptions::default().replicas(3).seed(5);
    let mut csv = Vec::new();
    simulate(&system.inner, &problem, &[0.5, 2.0], &options).unwrap().write_csv(&mut csv).unwrap();
    for threads in [1, 2] {
        let line =
            format!("simulate --problem PROBLEM --times 0.5,2 --replicas 3 --seed 5 --threads {threads}");
        assert_eq!(system.run(&line, PROBLEM).done().output.as_bytes(), csv);
    }
    let other = system.run("simulate --problem PROBLEM --times 0.5,2 --replicas 3 --seed 6", PROBLEM).done();
    assert_ne!(other.output.as_bytes(), csv);
    // Another dimension than the problem's: states exist at whole steps only, each of them once.
    let answer =
        system.run("simulate --problem PROBLEM --until 1 --points 100 --dimension 10", PROBLEM).done();
    assert_eq!(answer.times(), (0..=10).map(|step| step as f64 / 10.0).collect::<Vec<_>>());
}

#[test]
fn compare_prints_a_table_or_writes_csv() {
    let line = "compare --problem PROBLEM --times 0.5,1,2 --replicas 4";
    let table = probe().run(line, PROBLEM).done().output;
    assert!(table.contains("risk") && table.lines().count() > 4, "{table}");
    let answer = probe().run(&format!("{line} --out FOLDER/out.csv"), PROBLEM).done();
    assert!(answer.output.is_empty());
    assert!(answer.files["out.csv"].starts_with("t,risk_ode,risk_sgd,"));
    assert_eq!(answer.files["out.csv"].lines().count(), 4);
}

#[test]
fn results_go_to_files_and_remarks_to_standard_error() {
    let line = "solve --problem PROBLEM --times 1,2 --out FOLDER/out.csv";
    let answer = probe().run(line, PROBLEM).done();
    assert_eq!(answer.files["out.csv"], probe().run("solve --problem PROBLEM --times 1,2", PROBLEM).output);
    assert!(answer.output.is_empty());
    assert!(
        answer.errors.contains("wrote FOLDER/out.csv") && answer.errors.contains("steps"),
        "{}",
        answer.errors
    );
    assert_eq!(probe().run(&format!("{line} --quiet"), PROBLEM).done().errors, "");
    assert_eq!(answer.files.len(), 2, "no temporary file stays");
    assert_eq!(
        probe().run("solve --problem PROBLEM --times 1 --out -", PROBLEM).done().output.lines().count(),
        2
    );
}

#[test]
fn a_solve_that_fails_midway_keeps_its_rows() {
    let whole = probe().run("solve --problem PROBLEM --times 0,0.001,1000", PROBLEM).done();
    let answer = probe()
        .run("solve --problem PROBLEM --times 0,0.001,1000 --max-steps 20 --out FOLDER/out.csv", PROBLEM);
    assert_eq!(answer.code, FAILED);
    assert!(answer.errors.contains("error: more than max_steps = 20"), "{}", answer.errors);
    assert!(answer.errors.contains("2 of the output times were reached"), "{}", answer.errors);
    let rows = &answer.files["out.csv"];
    assert_eq!(rows.lines().collect::<Vec<_>>(), whole.output.lines().take(3).collect::<Vec<_>>());
}

#[test]
fn an_interruption_keeps_what_is_done() {
    let whole = probe().run("solve --problem PROBLEM --until 1000 --points 200", PROBLEM).done();
    let interrupted = |line: &str, interrupt_at| Probe { interrupt_at, ..probe() }.run(line, PROBLEM);

    let answer = interrupted("solve --problem PROBLEM --until 1000 --points 200", 400);
    assert_eq!(answer.code, INTERRUPTED);
    assert!(answer.errors.starts_with("interrupted at t = "), "{}", answer.errors);
    let rows = answer.output.lines().count();
    assert!((2..200).contains(&rows), "{rows} rows");
    assert_eq!(
        answer.output.lines().collect::<Vec<_>>(),
        whole.output.lines().take(rows).collect::<Vec<_>>()
    );

    let line = "simulate --problem PROBLEM --until 20 --points 11";
    let whole = probe().run(line, PROBLEM).done();
    // One risk a row: the flag is set with the fourth.
    let answer = interrupted(line, 4);
    assert_eq!(answer.code, INTERRUPTED);
    assert!(
        answer.errors.contains("interrupted; 4 of the 11 output times were reached"),
        "{}",
        answer.errors
    );
    assert_eq!(answer.output.lines().collect::<Vec<_>>(), whole.output.lines().take(5).collect::<Vec<_>>());

    let line = "compare --problem PROBLEM --until 20 --points 11 --out FOLDER/out.csv";
    let system = probe();
    system.run(line, PROBLEM).done();
    // The last evaluations are the risks of SGD.
    let answer = interrupted(line, system.calls() - 5);
    assert_eq!((answer.code, answer.files["out.csv"].lines().count()), (INTERRUPTED, 7), "{}", answer.errors);

    let at_once = Probe { interrupt: true.into(), ..probe() };
    for command in ["solve", "simulate", "compare"] {
        let answer = at_once.run(&format!("{command} --problem PROBLEM --times 1"), PROBLEM);
        assert_eq!(answer.code, INTERRUPTED, "{command}: {}", answer.errors);
        assert!(answer.errors.starts_with("interrupted"), "{}", answer.errors);
    }
}

/// A standard output that fails.
struct Failing(ErrorKind);

impl From<Failing> for Vec<u8> {
    fn from(_: Failing) -> Self {
        Vec::new()
    }
}

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
    for line in
        ["equations", "--help", "rhs --problem PROBLEM", "solve --problem PROBLEM --until 10 --points 500 -q"]
    {
        let answer = probe().run_into(line, PROBLEM, Failing(ErrorKind::BrokenPipe));
        assert_eq!((answer.code, answer.errors.as_str()), (DONE, ""), "{line}");
        let answer = probe().run_into(line, PROBLEM, Failing(ErrorKind::StorageFull));
        assert_eq!(answer.code, FAILED, "{line}");
        if line != "--help" {
            assert!(answer.errors.contains("error: standard output: cannot write"), "{}", answer.errors);
        }
    }
}

#[test]
fn help_tells_what_there_is() {
    insta::assert_snapshot!("help", probe().run("--help", "").done().output);
    insta::assert_snapshot!("help_compare", probe().run("compare --help", "").done().output);
    assert!(probe().run("-h", "").done().output.contains("ErfK1P2"));
}

#[test]
fn figures_are_drawn() {
    let draw = |line: &str, names: &[&str]| {
        let answer = probe().run(&format!("{line} --problem PROBLEM --times 0,0.5,1,2"), PROBLEM).done();
        assert!(!answer.output.is_empty());
        for name in names {
            assert!(answer.errors.contains(&format!("wrote FOLDER/{name}\n")), "{}", answer.errors);
            assert!(answer.files.contains_key(*name));
        }
        answer
    };
    let both =
        draw("compare --replicas 2 --figure FOLDER/a.svg --overlaps FOLDER/b.svg", &["a.svg", "b.svg"]);
    let ode = draw("solve --figure FOLDER/a.svg --overlaps FOLDER/b.png", &["a.svg", "b.png"]);
    let sgd = draw("simulate --replicas 2 --figure FOLDER/a.svg", &["a.svg"]);
    // The legends tell what is in the picture.
    for (answer, has_ode, has_sgd) in [(both, true, true), (ode, true, false), (sgd, false, true)] {
        let svg = &answer.files["a.svg"];
        assert_eq!((svg.contains(">ODE<"), svg.contains("SGD, d = 50")), (has_ode, has_sgd));
        assert!(svg.contains("ErfK1P2, γ = 2, Δ = 0.01"));
    }
}

#[test]
fn every_documented_field_is_read() {
    // The help text cannot list a field that the reader refuses, nor the other way round.
    let help = probe().run("--help", "").done().output;
    let unknown = Problem::from_json("{\"temperature\": 1}").unwrap_err().to_string();
    let fields = unknown.split("the fields are ").nth(1).unwrap();
    assert_eq!(fields.split(", ").count(), 19);
    for field in fields.split(", ") {
        assert!(help.contains(&format!("  {field}")) || help.contains(&format!(", {field} ")), "{field}");
    }
}

#[test]
fn the_program_says_its_version_and_completes_its_lines() {
    let answer = probe().run("--version", "").done();
    assert_eq!(answer.output, format!("ErfK1P2 overlap {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = probe().run(&format!("completions {shell}"), "").done().output;
        for word in ["program", "simulate", "max-steps"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let answer = probe().run("completions tcsh", "");
    assert_eq!(answer.code, overlap_lab::cli::USAGE);
    assert!(answer.errors.contains("SHELL> = tcsh, but it must be one of bash"), "{}", answer.errors);
}

#[test]
fn what_fails_at_once_leaves_no_header() {
    let big = r#"{"learning_rate": 1e200, "noise": 1e200}"#;
    let answer = probe().run("solve --problem PROBLEM --times 1,2 --out FOLDER/out.csv", big);
    assert_eq!((answer.code, answer.output.as_str()), (FAILED, ""), "{}", answer.errors);
    assert!(answer.errors.contains("0 of the output times were reached"), "{}", answer.errors);
    assert_eq!(answer.files.len(), 1, "{:?}", answer.files.keys());
}

#[test]
fn used_up_steps_name_the_implicit_method() {
    let answer = probe().run("solve --problem PROBLEM --times 0,1000 --max-steps 20", PROBLEM);
    assert_eq!(answer.code, FAILED);
    assert!(answer.errors.contains("1 of the output times was reached"), "{}", answer.errors);
    assert!(answer.errors.contains("rodas5p, of a system with jacobian = true"), "{}", answer.errors);
}

/// A table of a sweep over two parameters that are spaced unevenly, with values no figure can show.
const UNEVEN: &str = "# {\"kind\": \"sweep\", \"parameters\": [\"noise\", \"learning_rate\"]}
noise,learning_rate,ode_risk
0,1,0.1\n0,2,0.2\n0,100,nan
1e-3,1,0.3\n1e-3,2,NAN\n1e-3,100,inf
1e-2,1,0.5\n1e-2,2,0.6\n1e-2,100,
1, 1,0.7\n1, 2,0.8\n1,100,-nan
";

#[test]
fn columns_of_an_uneven_heat_map_can_be_seen() {
    for (flags, labels) in [
        ("", &[">0<", "aria-label=\"10^", ">0.01<", ">1<"][..]),
        ("--x noise --y learning_rate --z ode_risk", &[">0<", ">0.01<", ">1<"]),
    ] {
        let answer = probe().run(&format!("plot PROBLEM --out FOLDER/a.svg {flags}"), UNEVEN).done();
        for label in labels {
            assert!(answer.files["a.svg"].contains(label), "{label}: {}", answer.files["a.svg"]);
        }
    }
}

#[test]
fn spaces_around_times_are_no_part_of_them() {
    let system = words(&["solve", "--problem", "-", "--times", "0, 1 ,2"]);
    let plain = words(&["solve", "--problem", "-", "--times", "0,1,2"]);
    assert_eq!((system.0, &system.1), (DONE, &plain.1));
    assert_eq!(plain.1.lines().count(), 4);
}

/// Exit code and output of a command line given word by word.
fn words(words: &[&str]) -> (u8, String) {
    let (mut input, mut output, mut errors) = (PROBLEM.as_bytes(), Vec::new(), Vec::new());
    let mut streams = overlap_lab::cli::Streams {
        input: &mut input,
        output: &mut output,
        errors: &mut errors,
        interrupt: &false.into(),
    };
    let args = std::iter::once(&"program").chain(words);
    let code = overlap_lab::cli::run_from(&probe().inner, args, &mut streams);
    (code, String::from_utf8(output).unwrap())
}
