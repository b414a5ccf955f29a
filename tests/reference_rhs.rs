//! Generated right-hand sides and risks against values computed with 40 digits, on every instruction set.

use nalgebra::DMatrix;
use overlap::{Initial, Parameters, Problem, Scale, System, overlap_system};
use serde_json::Value;

overlap_system!(k = 1, p = 1, act = erf);
overlap_system!(k = 1, p = 2, act = erf);
overlap_system!(k = 2, p = 2, act = erf, second_layer = trained);
overlap_system!(k = 2, p = 3, act = erf, second_layer = trained);
overlap_system!(k = 3, p = 5, act = erf, second_layer = trained);
overlap_system!(k = 4, p = 8, act = erf);
overlap_system!(k = 4, p = 16, act = erf);
overlap_system!(k = 4, p = 8, act = erf, second_layer = trained);

fn list(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("an array").iter().map(list).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

/// Largest deviation relative to the largest entry of the block (absolute where the block is zero).
fn deviation(found: &[f64], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let worst = found.iter().zip(expected).fold(0.0_f64, |m, (x, y)| m.max((x - y).abs()));
    if largest == 0.0 { worst } else { worst / largest }
}

fn check(system: &dyn System, file: &str, bound: f64) {
    let path = format!("{}/tests/data/reference/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let number = |key: &str| case[key].as_f64().unwrap();
    let size = |key: &str| case[key].as_u64().unwrap() as usize;
    let mut builder = Problem::builder(size("k"), size("p"))
        .student_scale(Scale::Value(number("student_scale")))
        .teacher_scale(Scale::Value(number("teacher_scale")))
        .learning_rate(number("learning_rate"))
        .noise(number("noise"))
        .batch(size("batch"))
        .teacher_overlaps(matrix(&case["P"]))
        .a_star(list(&case["a_star"]))
        .a(list(&case["a"]))
        .initial(Initial::Given { m: matrix(&case["M"]), q: matrix(&case["Q"]) });
    builder = builder.second_layer_rate(number("second_layer_rate"));
    let problem = builder.build().unwrap();
    let parameters = Parameters::new(system, &problem).unwrap();
    let shape = system.shape();
    let mut state = vec![0.0; shape.dim()];
    let (dm, dq, da) = (matrix(&case["dM"]), matrix(&case["dQ"]), list(&case["da"]));
    let mut expected = vec![0.0; shape.dim()];
    for i in 0..shape.p {
        for r in 0..shape.k {
            state[shape.m(r, i)] = problem.m()[(r, i)];
            expected[shape.m(r, i)] = dm[(r, i)];
        }
        for j in i..shape.p {
            state[shape.q(i, j)] = problem.q()[(i, j)];
            expected[shape.q(i, j)] = dq[(i, j)];
        }
        if shape.trained {
            state[shape.a(i)] = problem.a()[i];
            expected[shape.a(i)] = da[i];
        }
    }
    let mut derivative = vec![f64::NAN; shape.dim()];
    system.right_hand_side(&parameters, &state, &mut derivative);
    let (m, q) = (shape.k * shape.p, shape.k * shape.p + shape.p * (shape.p + 1) / 2);
    let worst = [(0, m), (m, q), (q, shape.dim())]
        .map(|(from, to)| deviation(&derivative[from..to], &expected[from..to]));
    let risk = deviation(&[system.risk(&parameters, &state)], &[number("risk")]);
    println!("{file}: {worst:?} {risk:e}");
    assert!(worst.iter().all(|&x| x <= bound) && risk <= bound, "{file}: {worst:?} {risk:e}");
}

#[test]
fn generated_right_hand_sides_match_forty_digits() {
    check(&ErfK1P1, "rhs_k1_p1_mean", 1e-14);
    check(&ErfK1P2, "rhs_k1_p2_sum", 1e-14);
    check(&ErfK2P2Trained, "rhs_k2_p2_sum_trained", 1e-14);
    check(&ErfK2P3Trained, "rhs_k2_p3_mean_correlated_teacher", 1e-14);
    check(&ErfK3P5Trained, "rhs_k3_p5_sqrt_trained", 1e-14);
    check(&ErfK4P8, "rhs_k4_p8_mean", 1e-14);
    check(&ErfK4P16, "rhs_k4_p16_mean", 1e-14);
    check(&ErfK4P8Trained, "rhs_k4_p8_mean_trained_batch4", 1e-14);
    check(&ErfK4P8, "rhs_k4_p8_nearly_aligned", 5e-12);
}
