//! Symmetries of the start that the implicit method keeps to the last bit, where rounding would end them.

use overlap::{
    Initial, Method, Problem, Schedule, SolveOptions, System, Trajectory, log_times, overlap_system, solve,
    solve_many,
};

overlap_system!(Two: k = 2, p = 2, act = erf, jacobian = true);
overlap_system!(Three: k = 3, p = 3, act = erf, second_layer = trained, jacobian = true);
overlap_system!(Pairs: k = 2, p = 4, act = erf, jacobian = true);
overlap_system!(TrainedPairs: k = 2, p = 4, act = erf, second_layer = trained, jacobian = true);

fn implicit() -> SolveOptions {
    SolveOptions::default().method(Method::Rodas5P)
}

fn solved<S: System>(system: &S, problem: &Problem) -> Trajectory {
    solve(system, problem, &log_times(1.0, 1e4, 9).unwrap(), &implicit()).unwrap()
}

/// That the entries of each class, named by their columns, are equal in all rows.
fn assert_alike(found: &Trajectory, classes: &[&[&str]]) {
    let names = found.shape().names();
    for row in 0..found.len() {
        let state = found.state(row).unwrap();
        let value = |name: &str| state.as_slice()[names.iter().position(|other| other == name).unwrap()];
        for class in classes {
            for name in *class {
                assert_eq!(value(name), value(class[0]), "{name} and {} in row {row}", class[0]);
            }
        }
    }
}

const ALL_OF_TWO: [&[&str]; 2] = [&["M_1_1", "M_1_2", "M_2_1", "M_2_2"], &["Q_1_1", "Q_2_2"]];

/// The symmetric start of two students and two teachers stays on the unspecialised plateau for good.
#[test]
fn the_unspecialised_plateau_is_not_left() {
    let problem = Problem::from_json_for(&Two, r#"{"initial": {"alignment": 0}}"#).unwrap();
    let found = solved(&Two, &problem);
    assert_alike(&found, &ALL_OF_TWO);
    let explicit = solve(&Two, &problem, &[1e4], &SolveOptions::default()).unwrap();
    let last = *found.risk().last().unwrap();
    assert!((last - 3.2259e-3).abs() < 1e-7, "{last}");
    assert!((last - explicit.risk()[0]).abs() < 1e-9, "{last} {}", explicit.risk()[0]);
    // The same beside others, and where a rate jumps or falls.
    let rate = |schedule| {
        let builder = Problem::builder(2, 2).initial(Initial::informed(0.0)).noise(1e-9);
        builder.learning_rate_schedule(schedule).build().unwrap()
    };
    let problems = [
        problem.clone(),
        rate(Schedule::Piecewise(vec![(50.0, 0.5), (3e3, 2.0)])),
        rate(Schedule::PowerLaw { time: 1e3, exponent: 0.1 }),
    ];
    for found in solve_many(&Two, &problems, &[2.0, 1e4], &implicit()) {
        assert_alike(&found.unwrap(), &ALL_OF_TWO);
    }
}

#[test]
fn teachers_exchanged_together_with_students() {
    // Student i with teacher i: the plateau is left, by both together.
    let both: [&[&str]; 3] = [&["M_1_1", "M_2_2"], &["M_1_2", "M_2_1"], &["Q_1_1", "Q_2_2"]];
    let problem = Problem::builder(2, 2).initial(Initial::informed(0.01)).build().unwrap();
    assert_alike(&solved(&Two, &problem), &both);
    let cycle: [&[&str]; 5] = [
        &["M_1_1", "M_2_2", "M_3_3"],
        &["M_1_2", "M_2_3", "M_3_1", "M_1_3", "M_2_1", "M_3_2"],
        &["Q_1_1", "Q_2_2", "Q_3_3"],
        &["Q_1_2", "Q_1_3", "Q_2_3"],
        &["a_1", "a_2", "a_3"],
    ];
    for alignment in [0.0, 0.01] {
        let problem =
            Problem::builder(3, 3).noise(1e-4).initial(Initial::informed(alignment)).build().unwrap();
        assert_alike(&solved(&Three, &problem), &cycle);
    }
}

#[test]
fn students_alike_stay_alike() {
    let groups: [&[&str]; 6] = [
        &["M_1_1", "M_1_3"],
        &["M_2_1", "M_2_3"],
        &["M_1_2", "M_1_4"],
        &["M_2_2", "M_2_4"],
        &["Q_1_1", "Q_3_3"],
        &["Q_2_2", "Q_4_4"],
    ];
    let all: [&[&str]; 1] = [&["Q_1_2", "Q_1_3", "Q_1_4", "Q_2_3", "Q_2_4", "Q_3_4"]];
    let problem = |alignment, a_star: [f64; 2]| {
        let initial = Initial::informed(alignment);
        Problem::builder(2, 4).noise(1e-6).a_star(a_star).initial(initial).build().unwrap()
    };
    assert_alike(&solved(&Pairs, &problem(0.0, [1.0, 1.0])), &all);
    assert_alike(&solved(&TrainedPairs, &problem(0.0, [1.0, 1.0])), &all);
    assert_alike(&solved(&TrainedPairs, &problem(0.0, [1.0, 1.0])), &[&["a_1", "a_2", "a_3", "a_4"]]);
    for a_star in [[1.0, 1.0], [1.0, -0.5]] {
        assert_alike(&solved(&Pairs, &problem(0.02, a_star)), &groups);
        assert_alike(&solved(&TrainedPairs, &problem(0.02, a_star)), &groups);
        assert_alike(&solved(&TrainedPairs, &problem(0.02, a_star)), &[&["a_1", "a_3"], &["a_2", "a_4"]]);
    }
}

/// Students 1 and 3 have the same weights, and so have 2 and 4: Q_13 = Q_11 for good.
#[test]
fn copies_stay_copies() {
    let q = nalgebra::DMatrix::from_fn(4, 4, |i, j| if i % 2 == j % 2 { 0.5 } else { 0.125 });
    let m = nalgebra::DMatrix::from_fn(2, 4, |r, i| [[0.01, 0.02], [0.03, -0.01]][r][i % 2]);
    let builder =
        || Problem::builder(2, 4).noise(1e-4).initial(Initial::Given { m: m.clone(), q: q.clone() });
    let copies: [&[&str]; 4] = [
        &["Q_1_1", "Q_1_3", "Q_3_3"],
        &["Q_2_2", "Q_2_4", "Q_4_4"],
        &["Q_1_2", "Q_1_4", "Q_2_3", "Q_3_4"],
        &["M_1_1", "M_1_3"],
    ];
    assert_alike(&solved(&Pairs, &builder().build().unwrap()), &copies);
    assert_alike(&solved(&TrainedPairs, &builder().a([1.0, -0.5, 1.0, -0.5]).build().unwrap()), &copies);
}
