//! Fixed points against values that were computed independently (double precision, right-hand sides at 1e-15).

use overlap::{DynSystem, Error, FixedPointStart, Problem, Scale, System, fixed_points, largest_stable_rate};

fn system(k: usize, p: usize) -> DynSystem {
    format!("k = {k}, p = {p}, act = erf, jacobian = true").parse().unwrap()
}

fn problem(k: usize, p: usize, gamma: f64, noise: f64) -> Problem {
    Problem::builder(k, p)
        .student_scale(Scale::Committee)
        .teacher_scale(Scale::Committee)
        .learning_rate(gamma)
        .noise(noise)
        .build()
        .unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 2e-11, "{found} and {expected}");
}

#[test]
fn one_unit() {
    for start in [FixedPointStart::Specialised, FixedPointStart::Plateau, FixedPointStart::Given] {
        let found = fixed_points(&system(1, 1), &problem(1, 1, 1.0, 0.1), &start).unwrap();
        let point = &found[0];
        assert!(found.len() == 1 && point.is_stable() && point.null_directions().is_empty());
        near(point.state().m(0, 0), 1.103514366420);
        near(point.state().q(0, 0), 1.287116874709);
        near(point.excess_risk(), 0.011798503152);
        near(point.eigenvalues()[0].re, -0.096486528816);
        near(point.eigenvalues()[1].re, -0.481790870012);
    }
}

#[test]
fn plateaus() {
    // γ, Δ; M, Q_11, Q_12, excess risk, growth rate.
    for (gamma, noise, m, q, c, risk, growth) in [
        (1.0, 0.0, 0.426138311520, 0.435084945386, 0.310212816799, 0.020656532848, 0.059140440189),
        (0.1, 0.0, 0.409234532532, 0.338823853518, 0.332031252606, 0.012085235827, 0.006531582491),
        (0.5, 0.01, 0.417444320476, 0.384797648851, 0.321855151838, 0.016276390811, 0.031124510118),
    ] {
        let points =
            fixed_points(&system(2, 2), &problem(2, 2, gamma, noise), &FixedPointStart::Plateau).unwrap();
        let point = &points[0];
        near(point.state().m(1, 0), m);
        near(point.state().q(1, 1), q);
        near(point.state().q(0, 1), c);
        near(point.excess_risk(), risk);
        near(point.eigenvalues()[0].re, growth);
        assert!(point.eigenvalues()[1].re < 0.0 && !point.is_stable());
        let unstable = point.unstable_directions();
        // Student 1 to one teacher, student 2 to the other.
        let direction = &unstable[0].1[0];
        assert!(unstable.len() == 1 && unstable[0].1.len() == 1);
        assert!((direction[0] + direction[1]).abs() < 1e-9 && (direction[0] - direction[3]).abs() < 1e-9);
        if noise == 0.0 && gamma == 1.0 {
            let real: Vec<f64> = point.eigenvalues().iter().map(|eigenvalue| eigenvalue.re).collect();
            near(real[1], -0.009357493337);
            near(real[2], -0.019171791018);
        }
    }
}

/// (k - 1)² directions lead away from the plateau of k = p.
#[test]
fn ways_off_the_plateau() {
    for k in [3, 4] {
        let points =
            fixed_points(&system(k, k), &problem(k, k, 0.1, 0.0), &FixedPointStart::Plateau).unwrap();
        let unstable = points[0].unstable_directions();
        assert_eq!(unstable[0].1.len(), (k - 1) * (k - 1), "{:?}", points[0].eigenvalues());
    }
}

#[test]
fn specialised() {
    let found =
        fixed_points(&system(2, 2), &problem(2, 2, 1.0, 0.01), &FixedPointStart::Specialised).unwrap();
    let point = &found[0];
    near(point.state().m(0, 0), 1.02445453867);
    near(point.state().m(0, 1), -0.008714187689);
    near(point.state().q(0, 0), 1.058059979281);
    near(point.state().q(0, 1), -0.017477003825);
    near(point.excess_risk(), 0.003191174518);
    let eigenvalues = point.eigenvalues();
    near(eigenvalues[0].re, -0.043697860538);
    near(eigenvalues[eigenvalues.len() - 1].re, -0.781772578393);
}

#[test]
fn largest_rates() {
    for (k, expected) in [(1, 4.05577867), (2, 2.30682770)] {
        let found = largest_stable_rate(&system(k, k), &problem(k, k, 1.0, 0.0)).unwrap();
        assert!((found - expected).abs() < 1e-7, "{found}");
    }
}

/// Starts anywhere lead to fixed points that hold on their own, among them the plateau and the teacher.
#[test]
fn random_starts() {
    let (system, problem) = (system(2, 2), problem(2, 2, 1.0, 0.01));
    let found = fixed_points(&system, &problem, &FixedPointStart::Random { count: 60, seed: 1 }).unwrap();
    assert!(found.len() >= 2, "{}", found.len());
    let risks: Vec<f64> = found.iter().map(|point| point.excess_risk()).collect();
    assert!(risks.is_sorted() && (risks[0] - 0.003191174518).abs() < 1e-10, "{risks:?}");
    for point in &found {
        assert!(point.residual() <= 1e-11);
        assert!(problem.continued_from(0.0, point.state()).is_ok(), "overlaps of weights");
    }
}

#[test]
fn students_beyond_the_teacher_s_rest_on_a_continuum() {
    // (1,2): with noise the two share the teacher; without, and with trained outputs, in any shares.
    let system: DynSystem =
        "k = 1, p = 2, act = erf, second_layer = trained, jacobian = true".parse().unwrap();
    let problem = Problem::builder(1, 2).learning_rate(0.5).second_layer_rate(0.5).build().unwrap();
    let found = fixed_points(&system, &problem, &FixedPointStart::Specialised).unwrap();
    assert!(!found[0].null_directions().is_empty(), "{:?}", found[0].eigenvalues());
}

#[test]
fn what_has_none_is_an_error() {
    let without: DynSystem = "k = 2, p = 2, act = erf".parse().unwrap();
    let plain = problem(2, 2, 1.0, 0.0);
    let error = fixed_points(&without, &plain, &FixedPointStart::Plateau).unwrap_err();
    assert!(matches!(error, Error::NoJacobian { .. }));
    let apart = Problem::builder(2, 2).a([1.0, 2.0]).build().unwrap();
    let error = fixed_points(&system(2, 2), &apart, &FixedPointStart::Plateau).unwrap_err().to_string();
    assert!(error.contains("a_2 = 2") && error.contains("alike"), "{error}");
    // Far beyond the largest stable rate everything grows.
    let wild = problem(2, 2, 50.0, 1.0);
    match fixed_points(&system(2, 2), &wild, &FixedPointStart::Specialised) {
        Err(Error::FixedPoint { residual, bound, shape, state }) => {
            assert!(residual > bound && state.len() == shape.dim());
        }
        other => assert!(other.is_ok_and(|points| !points[0].is_stable())),
    }
    assert!(system(2, 2).has_jacobian());
}
