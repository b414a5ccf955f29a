//! The C file of a system, compiled by the system's compiler, agrees with the interpreted program to 1e-13 of the block's largest
//! entry; that agrees with generated code (`tests/interpreter.rs`).

#[path = "support/random_problem.rs"]
mod random_problem;

use overlap::{DynSystem, Parameters, System};
use random_problem::random_problem;
use std::fmt::Write;
use std::process::Command;

/// A main program with the numbers of a problem, which prints derivative and risk.
fn program(parameters: &Parameters, state: &[f64]) -> String {
    let list =
        |values: &[f64]| values.iter().map(|value| format!("{value:e}")).collect::<Vec<_>>().join(", ");
    let mut text = String::from("\n#include <stdio.h>\nint main(void)\n{\n");
    let _ = writeln!(
        text,
        "    const Test_parameters parameters = {{ {{{}}}, {{{}}}, {{{}}}, {:e}, {:e}, {:e}, {:e}, {:e}, {:e} }};",
        list(&parameters.teacher_overlaps),
        list(&parameters.a_star),
        list(&parameters.a),
        parameters.s,
        parameters.s_star,
        parameters.gamma,
        parameters.gamma_a,
        parameters.noise,
        parameters.batch
    );
    let _ = writeln!(text, "    const double state[Test_DIMENSION] = {{{}}};", list(state));
    text.push_str(
        "    double derivative[Test_DIMENSION];
    Test_right_hand_side(&parameters, state, derivative);
    for (int at = 0; at < Test_DIMENSION; at++)
        printf(\"%.17g\\n\", derivative[at]);
    printf(\"%.17g\\n\", Test_risk(&parameters, state));
    return 0;
}
",
    );
    text
}

fn agrees(declaration: &str) {
    let system: DynSystem = declaration.parse().unwrap();
    let shape = system.shape();
    let problem = random_problem(shape, 1, 0.8);
    let parameters = Parameters::new(&system, &problem).unwrap();
    let state = problem.initial_state(shape.trained);
    let folder = tempfile::tempdir().unwrap();
    let (source, binary) = (folder.path().join("system.c"), folder.path().join("system"));
    std::fs::write(&source, system.c_file("Test").unwrap() + &program(&parameters, &state)).unwrap();
    let flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"];
    let compiled =
        Command::new("cc").args(flags).arg(&source).arg("-o").arg(&binary).arg("-lm").output().unwrap();
    assert!(compiled.status.success(), "{declaration}: {}", String::from_utf8_lossy(&compiled.stderr));
    let output = Command::new(&binary).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let found: Vec<f64> = text.lines().map(|line| line.parse().unwrap()).collect();
    let mut expected = vec![0.0; shape.dim()];
    system.right_hand_side(&parameters, &state, &mut expected);
    expected.push(system.risk(&parameters, &state));
    assert_eq!(found.len(), expected.len());
    let (m, q, dim) = (shape.m(shape.k, 0), shape.a(0), shape.dim());
    for block in [0..m, m..q, q..dim, dim..dim + 1] {
        let largest = expected[block.clone()].iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        for at in block {
            let error = (found[at] - expected[at]).abs();
            assert!(
                error <= 1e-13 * largest,
                "{declaration}, entry {at}: {} and {}",
                found[at],
                expected[at]
            );
        }
    }
}

#[test]
fn loops() {
    for activations in [
        "erf",
        "erf(gain = 1.5)",
        "linear",
        "hermite(2)",
        "hermite(3)",
        "polynomial([0.5, -1, 0.25])",
        "erf, teacher_act = sign",
        "hermite(2), teacher_act = erf",
    ] {
        for (k, p, second_layer) in [(1, 2, "fixed"), (2, 3, "trained"), (4, 8, "fixed"), (4, 8, "trained")] {
            agrees(&format!("k = {k}, p = {p}, act = {activations}, second_layer = {second_layer}"));
        }
    }
}

/// Forms by patterns of nodes.
#[test]
fn forms() {
    for activations in ["relu", "hermite(2), teacher_act = sign", "relu, teacher_act = linear"] {
        for (k, p, second_layer) in [(1, 2, "fixed"), (2, 3, "trained")] {
            agrees(&format!("k = {k}, p = {p}, act = {activations}, second_layer = {second_layer}"));
        }
    }
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let system: DynSystem = "k = 1, p = 1, act = erf".parse().unwrap();
    for name in ["", "1st", "a-b", "é"] {
        assert!(system.c_file(name).unwrap_err().to_string().contains("names"), "{name}");
    }
    let numerical: DynSystem = "k = 1, p = 1, act = tanh, quadrature = 10".parse().unwrap();
    assert!(numerical.c_file("Test").unwrap_err().to_string().contains("closed forms"));
}
