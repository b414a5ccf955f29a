//! The program of any system: what `--system` declares, and what is said where it is missing or wrong.

use overlap_lab::cli::{DONE, Streams, USAGE, run_declared_from, run_from};
use overlap_runtime::{Activation, DynSystem};
use std::sync::atomic::AtomicBool;

fn with(run: impl FnOnce(&mut Streams<'_>) -> u8) -> (u8, String, String) {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let interrupt = AtomicBool::new(false);
    let mut streams = Streams {
        input: &mut std::io::empty(),
        output: &mut output,
        errors: &mut errors,
        interrupt: &interrupt,
    };
    let code = run(&mut streams);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(output), text(errors))
}

fn general(args: &[&str]) -> (u8, String, String) {
    with(|streams| run_declared_from(std::iter::once(&"overlap").chain(args), streams))
}

/// A problem file in a folder of its own.
fn problem() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("problem.json");
    std::fs::write(&path, r#"{"noise": 0.01, "initial": {"alignment": 0.1}}"#).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn the_flag_stands_anywhere_and_declares_the_system() {
    let (_folder, path) = problem();
    let own = DynSystem::builder(2, 3).activation(Activation::Relu).build().unwrap();
    let expected = with(|streams| run_from(&own, ["overlap", "rhs", "--problem", &path], streams));
    assert_eq!(expected.0, DONE, "{}", expected.2);
    let declaration = "k = 2, p = 3, act = relu";
    for args in [
        ["rhs", "--problem", &path, "--system", declaration],
        ["--system", declaration, "rhs", "--problem", &path],
        ["rhs", "--system", declaration, "--problem", &path],
    ] {
        assert_eq!(general(&args), expected, "{args:?}");
    }
    let (code, rows, errors) = general(&[
        "solve",
        "--quiet",
        "--system",
        "k = 1, p = 2, act = erf, second_layer = trained",
        "--problem",
        &path,
        "--times",
        "0,1",
    ]);
    assert_eq!((code, rows.lines().count(), errors.as_str()), (DONE, 3, ""));
    assert!(rows.starts_with("t,risk,excess_risk,M_1_1,M_1_2,Q_1_1,Q_1_2,Q_2_2,a_1,a_2\n"), "{rows}");
}

#[test]
fn equations_are_written_in_every_form() {
    let system = ["--system", "k = 1, p = 2, act = erf, teacher_act = sign"];
    for (form, word) in [
        ("--latex", "\\begin{align*}"),
        ("--ascii", "asin"),
        ("--html", "<html"),
        ("--derive", "Price"),
        ("--c", "double erf_of_sign_1_2_risk("),
    ] {
        let (code, text, errors) = general(&["equations", form, system[0], system[1]]);
        assert_eq!((code, errors.as_str()), (DONE, ""), "{form}");
        assert!(text.contains(word), "{form}: {text}");
    }
}

#[test]
fn mistakes_are_told_in_the_macro_s_words() {
    let (code, output, errors) = general(&["equations"]);
    assert_eq!((code, output.as_str()), (USAGE, ""));
    assert_eq!(errors, "error: missing: --system, e.g. --system \"k = 4, p = 8, act = erf\"\n");
    for (declaration, words) in [
        ("k = 2, p = 3, act = rleu", "did you mean `relu`"),
        ("k = 0, p = 3, act = erf", "`k`"),
        ("k = 2, act = erf", "`p`"),
        ("", "k = 4, p = 8, act = erf"),
    ] {
        let (code, output, errors) = general(&["equations", "--system", declaration]);
        assert_eq!((code, output.as_str()), (USAGE, ""), "{declaration}");
        assert!(errors.starts_with("error: --system: ") && errors.contains(words), "{declaration}: {errors}");
    }
    // What needs no system asks for none.
    for args in [&["--help"][..], &["--version"], &["completions", "bash"]] {
        let (code, output, errors) = general(args);
        assert!(code == DONE && !output.is_empty() && errors.is_empty(), "{args:?}: {errors}");
    }
    assert!(general(&["solve", "--help"]).1.contains("--system"));
}
