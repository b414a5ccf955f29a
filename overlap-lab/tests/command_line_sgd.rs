//! The command line of the simulations: algorithms, statistics, checkpoints, several dimensions.

#[path = "../../tests/support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;

use overlap_lab::cli::{DONE, FAILED, Streams, USAGE, run_from};
use overlap_runtime::{Algorithm, Precision, Problem, SimulateOptions, Simulator, simulate};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use textbook::Textbook;

const PROBLEM: &str = r#"{"k": 1, "p": 2, "noise": 0.1, "learning_rate": 2, "initial": {"dimension": 40, "seed": 1},
    "learning_rate_schedule": {"time": 2, "exponent": 0.5}}"#;

/// Exit code, standard output and standard error; FOLDER stands for `folder`.
fn run(folder: &Path, line: &str) -> (u8, String, String) {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let line = format!("program {line}").replace("FOLDER", folder.to_str().unwrap());
    let mut streams = Streams {
        input: &mut PROBLEM.as_bytes(),
        output: &mut output,
        errors: &mut errors,
        interrupt: &AtomicBool::new(false),
    };
    let code = run_from(&Textbook::new(1, 2, false), line.split_whitespace(), &mut streams);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(output), text(errors))
}

fn csv(options: &SimulateOptions) -> String {
    let problem = Problem::from_json(PROBLEM).unwrap();
    let ensemble = simulate(&Textbook::new(1, 2, false), &problem, &[1.0, 2.0], options).unwrap();
    let mut bytes = Vec::new();
    ensemble.write_csv(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_flags_are_the_options_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let plain = || SimulateOptions::default().replicas(3).seed(2);
    for (flags, options) in [
        ("", plain()),
        ("--simulator direct", plain().simulator(Simulator::Direct)),
        ("--precision single", plain().precision(Precision::Single)),
        ("--algorithm multi-pass --samples 30", plain().algorithm(Algorithm::MultiPass { samples: 30 })),
        ("--quantiles 0.1,0.9", plain().quantiles([0.1, 0.9])),
    ] {
        let line = format!("simulate --problem - --times 1,2 --replicas 3 --seed 2 {flags}");
        let (code, output, errors) = run(folder.path(), &line);
        assert_eq!((code, output), (DONE, csv(&options)), "{flags}: {errors}");
    }
    let line = "simulate --problem - --times 1,2 --algorithm population";
    let descent = SimulateOptions::default().algorithm(Algorithm::Population);
    assert_eq!(run(folder.path(), line).1, csv(&descent));
}

#[test]
fn covariances_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let line = "simulate --problem - --times 1,2 --replicas 5 --covariance FOLDER/covariance.csv";
    assert_eq!(run(folder.path(), line).0, DONE);
    let text = std::fs::read_to_string(folder.path().join("covariance.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["t", "entry", "M_1_1", "M_1_2", "Q_1_1", "Q_1_2", "Q_2_2", "risk"]);
    assert_eq!((rows.len(), rows[12][..2].to_vec()), (13, vec!["2", "risk"]));
    // Symmetric, and the diagonal is that of the standard deviations.
    assert_eq!(rows[7][4], rows[9][2]);
    let plain = csv(&SimulateOptions::default().replicas(5));
    let header: Vec<&str> = plain.lines().next().unwrap().split(',').collect();
    let place = header.iter().position(|name| *name == "M_1_1_std").unwrap();
    let std: f64 = plain.lines().nth(2).unwrap().split(',').nth(place).unwrap().parse().unwrap();
    assert!((rows[7][2].parse::<f64>().unwrap() / (std * std) - 1.0).abs() < 1e-12);
}

#[test]
fn a_checkpoint_is_gone_on_from_and_a_foreign_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let line = "simulate --problem - --times 1,2 --replicas 3 --checkpoint FOLDER/run --checkpoint-every 0";
    let (code, first, errors) = run(folder.path(), line);
    assert_eq!(code, DONE, "{errors}");
    let file = folder.path().join("run");
    let saved = std::fs::read(&file).unwrap();
    assert_eq!(run(folder.path(), line).1, first);
    let (code, output, errors) = run(folder.path(), &format!("{line} --seed 7"));
    assert_eq!((code, output.as_str()), (FAILED, ""));
    assert!(errors.contains("of another simulation: it has seed = 0, this one seed = 7"), "{errors}");
    assert_eq!(std::fs::read(&file).unwrap(), saved);
}

#[test]
fn several_dimensions_give_verdicts_and_the_exponent() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --problem - --until 2 --points 5 --dimensions 200,50,800 --replicas 40";
    let (code, output, errors) = run(folder.path(), &format!("{line} --figure FOLDER/both.svg --threads 1"));
    assert_eq!(code, DONE, "{errors}");
    for words in ["d = 50\n", "d = 800\n", "SGD and ODE agree", "E max |ΔΩ| ~ d^(-0.", "95 %"] {
        assert!(output.contains(words), "{words}: {output}");
    }
    let figure = std::fs::read_to_string(folder.path().join("both.svg")).unwrap();
    for words in ["SGD, d = 50", "SGD, d = 800", "ODE", "standard error"] {
        assert!(figure.contains(words), "{words}");
    }
    assert_eq!(run(folder.path(), &format!("{line} --out FOLDER/points.csv")).0, DONE);
    let points = std::fs::read_to_string(folder.path().join("points.csv")).unwrap();
    assert!(points.starts_with("d,deviation,sem,fit\n50,") && points.lines().count() == 4, "{points}");
}

#[test]
fn mistakes_name_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    for (line, words) in [
        ("simulate --problem - --times 1 --algorithm multi-pass", "--samples"),
        ("simulate --problem - --times 1 --algorithm multi-pass --samples 0", "--samples: samples = 0"),
        ("simulate --problem - --times 1 --algorithm two-pass", "multi-pass"),
        ("simulate --problem - --times 1 --dimension 2 --simulator reduced", "--dimension: dimension = 2"),
        ("simulate --problem - --times 1 --simulator reduced --precision single", "--precision: precision"),
        ("simulate --problem - --times 1 --algorithm population --replicas 2", "--replicas: replicas = 2"),
        ("simulate --problem - --times 1 --quantiles 2", "--quantiles: quantile = 2"),
        ("simulate --problem - --times 1 --checkpoint-every 3", "--checkpoint"),
        ("simulate --problem - --times 1 --out FOLDER/a --checkpoint FOLDER/a", "the same file"),
        ("compare --problem - --times 1 --dimensions 50,100", "--replicas of at least 2"),
        ("compare --problem - --times 1 --dimensions 50 --dimension 3", "cannot be used with"),
        ("compare --problem - --times 1 --dimensions 50 --replicas 2", "the number of dimensions = 1"),
        ("simulate --problem - --times 1 --checkpoint FOLDER/none/run", "--checkpoint"),
    ] {
        let (code, output, errors) = run(folder.path(), line);
        assert!(code == USAGE || code == FAILED, "{line}");
        assert_eq!(output, "", "{line}");
        assert!(errors.contains(words), "{line}: {errors}");
    }
}
