//! Right-hand sides and risks, generated and sized at run time, against values computed with 40 digits, on every instruction set.

use nalgebra::DMatrix;
use overlap::simd::Level;
use overlap::{DynSystem, Initial, Parameters, Problem, Scale, System, overlap_system};
use serde_json::Value;

use overlap::{Initial, Problem, RightHandSide, Scale, System, evaluate, overlap_system};
use textbook::Textbook;

/// Largest deviation of a block relative to its largest entry (absolute where the block is zero).
fn deviation(found: &[f64], truth: &[f64]) -> f64 {
    let largest = truth.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let worst = found.iter().zip(truth).fold(0.0_f64, |most, (x, y)| most.max((x - y).abs()));
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
    let sized_at_run_time =
        DynSystem::new(shape.k, shape.p, system.activation(), shape.trained).expect("valid sizes");
    let (m, q) = (shape.k * shape.p, shape.k * shape.p + shape.p * (shape.p + 1) / 2);
    for level in Level::ALL {
        if !level.force() {
            println!("{level:?} is not available");
            continue;
        }
        for system in [system, &sized_at_run_time] {
            let mut derivative = vec![f64::NAN; shape.dim()];
            system.right_hand_side(&parameters, &state, &mut derivative);
            let worst = [(0, m), (m, q), (q, shape.dim())]
                .map(|(from, to)| deviation(&derivative[from..to], &expected[from..to]));
            let risk = deviation(&[system.risk(&parameters, &state)], &[number("risk")]);
            let text = format!("{file}, {}, {level:?}: {worst:?} {risk:e}", system.name());
            println!("{text}");
            assert!(worst.iter().all(|&x| x <= bound) && risk <= bound, "{text}");
        }
    }
}

#[test]
fn right_hand_sides_match_forty_digits_on_every_instruction_set() {
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

/// Every problem has its own correlated teacher, second layers, scales, batch and noise; variance 2 makes arcsines of
/// large arguments.
fn against_the_textbook(system: &dyn System) {
    let shape = system.shape();
    for (seed, variance) in [(1, 0.3), (2, 1.0), (3, 2.0)] {
        let unit = |i: usize, salt: f64| (1.7 * i as f64 + salt + seed as f64).sin();
        let mut teacher =
            nalgebra::DMatrix::from_fn(shape.k, shape.k, |r, s| 0.1 * unit(r, 0.3) * unit(s, 0.3));
        (0..shape.k).for_each(|r| teacher[(r, r)] += 0.9);
        let mut builder = Problem::builder(shape.k, shape.p)
            .student_scale(Scale::Lazy)
            .teacher_scale(Scale::Committee)
            .learning_rate(1.3)
            .noise(0.02)
            .batch(2)
            .teacher_overlaps(teacher)
            .a_star((0..shape.k).map(|r| 1.0 + 0.5 * unit(r, 0.9)))
            .a((0..shape.p).map(|i| 0.8 + 0.5 * unit(i, 2.1)))
            .initial(Initial::Drawn { dimension: 60, seed, variance });
        if shape.trained {
            builder = builder.second_layer_rate(0.7);
        }
        let problem = builder.build().unwrap();
        let found = evaluate(system, &problem).unwrap();
        let truth = evaluate(&Textbook::new(shape.k, shape.p, shape.trained), &problem).unwrap();
        let worst = deviations(&found, &truth);
        assert!(worst.iter().all(|&x| x <= 2e-14), "{} at variance {variance}: {worst:?}", system.name());
    }
}

macro_rules! sizes {
    ($test:ident, $unroll:ident, $layer:ident: $(($k:literal, $p:literal)),*) => {
        #[test]
        fn $test() {
            $({
                overlap_system!(System: k = $k, p = $p, act = erf, unroll = $unroll, second_layer = $layer);
                against_the_textbook(&System);
            })*
        }
    };
}

// Odd and even p, p below, at and beyond a pack, more teachers than students, one of either.
sizes!(loops_match_the_textbook, never, fixed:
    (1, 1), (2, 1), (1, 2), (5, 2), (1, 3), (3, 4), (2, 5), (4, 6), (3, 7), (1, 8), (2, 9), (9, 3), (1, 15), (3, 17), (7, 24));
sizes!(loops_match_the_textbook_with_a_trained_second_layer, never, trained: (1, 1), (2, 3), (4, 7), (3, 10), (6, 12));
sizes!(straight_lines_match_the_textbook, always, fixed: (1, 1), (2, 1), (1, 2), (5, 1), (1, 3), (3, 2), (2, 4));
sizes!(straight_lines_match_the_textbook_with_a_trained_second_layer, always, trained: (1, 1), (2, 2), (1, 3));
