//! The Python module of a system agrees under NumPy, and under JAX with jit, with the interpreted program to 1e-13 of the block's largest
//! entry, and JAX's own derivative of it with the Jacobian that is derived. `OVERLAP_PYTHON` names an interpreter that has NumPy or both;
//! what python3 does not have is left out, and said so.

#[path = "support/random_problem.rs"]
mod random_problem;

use overlap::{DynSystem, Parameters, System, jacobian};
use random_problem::random_problem;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const ACTIVATIONS: [&str; 11] = [
    "erf",
    "erf(gain = 1.5)",
    "linear",
    "hermite(2)",
    "hermite(3)",
    "polynomial([0.5, -1, 0.25])",
    "relu",
    "erf, teacher_act = sign",
    "hermite(2), teacher_act = erf",
    "hermite(2), teacher_act = sign",
    "relu, teacher_act = linear",
];

/// What is evaluated, and what comes out: blocks are M, Q, a and the risk.
fn case(declaration: &str, folder: &Path, number: usize) -> Value {
    let system: DynSystem = declaration.parse().unwrap();
    let shape = system.shape();
    let problem = random_problem(shape, 1, 0.8);
    let parameters = Parameters::new(&system, &problem).unwrap();
    let state = problem.initial_state(shape.trained);
    let mut derivative = vec![0.0; shape.dim()];
    system.right_hand_side(&parameters, &state, &mut derivative);
    let module = folder.join(format!("system_{number}.py"));
    std::fs::write(&module, system.python_file().unwrap()).unwrap();
    let with_jacobian = format!("{declaration}, jacobian = true").parse::<DynSystem>();
    let known = with_jacobian.ok().filter(|_| shape.dim() < 40).map(|system| {
        let known = jacobian(&system, &problem, &state).unwrap();
        known.by_state.row_iter().map(|row| row.iter().copied().collect()).collect::<Vec<Vec<f64>>>()
    });
    json!({
        "declaration": declaration, "module": module, "state": state, "derivative": derivative,
        "risk": system.risk(&parameters, &state), "jacobian": known,
        "blocks": [0, shape.m(shape.k, 0), shape.a(0), shape.dim()],
        "parameters": {
            "P": parameters.teacher_overlaps, "a_star": parameters.a_star, "a": parameters.a,
            "student_scale": "lazy", "teacher_scale": "committee", "learning_rate": parameters.gamma,
            "second_layer_rate": parameters.gamma_a, "noise": parameters.noise, "batch": parameters.batch,
        },
    })
}

/// Reads cases, prints the largest error of each; `numpy` or `jax` is the first argument.
const DRIVER: &str = r#"
import importlib.util, json, sys
import numpy as np
jax = None
if sys.argv[1] == "jax":
    import jax
    jax.config.update("jax_enable_x64", True)
for case in json.load(open(sys.argv[2])):
    text = open(case["module"]).read()
    if jax:
        text = text.replace("import numpy as xp", "import jax.numpy as xp")
    module = {}
    exec(compile(text, case["module"], "exec"), module)
    right_hand_side, risk = module["right_hand_side"], module["risk"]
    parameters, state = case["parameters"], np.array(case["state"])
    if jax:
        words = {word: parameters.pop(word) for word in ["student_scale", "teacher_scale"]}
        whole = lambda f: (lambda x, numbers: f(x, {**numbers, **words}))
        numbers = {name: np.array(value, dtype=float) for name, value in parameters.items()}
        found = np.asarray(jax.jit(whole(right_hand_side))(state, numbers))
        found_risk = float(jax.jit(whole(risk))(state, numbers))
    else:
        found, found_risk = right_hand_side(state, parameters), risk(state, parameters)
    expected = np.array(case["derivative"])
    error = abs(found_risk - case["risk"]) / abs(case["risk"])
    for first, end in zip(case["blocks"], case["blocks"][1:]):
        if first < end:
            error = max(error, np.abs(found - expected)[first:end].max() / np.abs(expected[first:end]).max())
    of_jacobian = 0.0
    if jax and case["jacobian"] is not None:
        ours = np.array(case["jacobian"])
        theirs = np.asarray(jax.jacfwd(whole(right_hand_side))(state, numbers))
        of_jacobian = np.abs(ours - theirs).max() / np.abs(ours).max()
    numbers = [number if np.isfinite(number) else 1e300 for number in (float(error), float(of_jacobian))]
    print(json.dumps([case["declaration"], *numbers]))
"#;

fn agree(library: &str, sizes: &[(usize, usize, &str)]) {
    let python = std::env::var("OVERLAP_PYTHON").unwrap_or_else(|_| "python3".into());
    let import = format!("import {library}");
    if !Command::new(&python).args(["-c", &import]).output().is_ok_and(|output| output.status.success()) {
        println!("left out: {python} has no {library}; OVERLAP_PYTHON may name one that has");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let declarations = ACTIVATIONS.into_iter().flat_map(|activations| {
        sizes.iter().map(move |(k, p, second_layer)| {
            format!("k = {k}, p = {p}, act = {activations}, second_layer = {second_layer}")
        })
    });
    let cases: Vec<Value> = declarations
        .enumerate()
        .map(|(number, declaration)| case(&declaration, folder.path(), number))
        .collect();
    let (driver, file) = (folder.path().join("driver.py"), folder.path().join("cases.json"));
    std::fs::write(&driver, DRIVER).unwrap();
    std::fs::write(&file, serde_json::to_string(&cases).unwrap()).unwrap();
    let output = Command::new(&python).arg(&driver).arg(library).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), cases.len());
    let mut wrong = Vec::new();
    for line in text.lines() {
        println!("{line}");
        let (declaration, error, of_jacobian): (String, f64, f64) = serde_json::from_str(line).unwrap();
        if error > 1e-13 || of_jacobian > 1e-11 {
            wrong.push(format!("{library}, {declaration}: {error:e}, Jacobian {of_jacobian:e}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn numpy() {
    agree(
        "numpy",
        &[(1, 2, "fixed"), (2, 2, "trained"), (2, 3, "fixed"), (4, 8, "trained"), (4, 8, "fixed")],
    );
}

/// Compiling takes JAX seconds each, so that the larger sizes are for `OVERLAP_PYTHON_ALL`.
#[test]
fn jax() {
    let sizes = [(1, 2, "fixed"), (2, 2, "trained"), (2, 3, "fixed"), (4, 8, "fixed"), (4, 8, "trained")];
    agree("jax", if std::env::var_os("OVERLAP_PYTHON_ALL").is_some() { &sizes } else { &sizes[..1] });
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let numerical: DynSystem = "k = 1, p = 1, act = tanh, quadrature = 10".parse().unwrap();
    assert!(numerical.python_file().unwrap_err().to_string().contains("closed forms"));
}
