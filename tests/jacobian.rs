//! Generated Jacobians against differences of right-hand sides: typed in from the papers for erf, else generated ones
//! (which other tests compare with quadrature). CI runs this file on every instruction set (`OVERLAP_SIMD`).

#[path = "support/differences.rs"]
mod differences;
#[path = "support/random_problem.rs"]
mod random_problem;
#[path = "support/textbook.rs"]
#[allow(dead_code)]
mod textbook;

use differences::derivative;
use nalgebra::DMatrix;
use overlap::{Error, Jacobian, Parameters, Problem, Regime, Shape, System, jacobian, overlap_system};
use random_problem::random_problem;
use textbook::Textbook;

/// Relative to the largest entry of a block.
const BOUND: f64 = 1e-9;

/// The Jacobian by differences, and the largest estimate of its error.
fn differences(truth: &dyn System, parameters: &Parameters, state: &[f64]) -> (DMatrix<f64>, f64) {
    let shape = truth.shape();
    let (k, dim) = (shape.k, shape.dim());
    let mut columns = DMatrix::zeros(dim, shape.jacobian_columns());
    let mut error = 0.0_f64;
    let names: Vec<String> = shape.names().into_iter().chain(shape.parameter_names()).collect();
    for (column, name) in names.iter().enumerate() {
        let (values, apart) = derivative(|step| {
            let (mut parameters, mut state) = (parameters.clone(), state.to_vec());
            match &name.split('_').collect::<Vec<_>>()[..] {
                _ if column < dim => state[column] += step,
                ["gamma"] => parameters.gamma += step,
                ["Delta"] => parameters.noise += step,
                ["P", r, s] => {
                    let (r, s): (usize, usize) = (r.parse().unwrap(), s.parse().unwrap());
                    parameters.teacher_overlaps[(r - 1) * k + s - 1] += step;
                    if r != s {
                        parameters.teacher_overlaps[(s - 1) * k + r - 1] += step;
                    }
                }
                other => panic!("no such variable: {other:?}"),
            }
            let mut values = vec![0.0; dim];
            truth.right_hand_side(&parameters, &state, &mut values);
            values
        });
        columns.column_mut(column).copy_from_slice(&values);
        error = error.max(apart);
    }
    (columns, error)
}

/// Rows and columns of a block: where it starts and ends.
fn blocks(shape: Shape) -> [Vec<(&'static str, usize, usize)>; 2] {
    let (m, q) = (shape.k * shape.p, shape.p * (shape.p + 1) / 2);
    let (dim, all) = (shape.dim(), shape.jacobian_columns());
    let rows = vec![("M", 0, m), ("Q", m, m + q), ("a", m + q, dim)];
    let columns = [&rows[..], &[("gamma", dim, dim + 1), ("Delta", dim + 1, dim + 2), ("P", dim + 2, all)]];
    let columns = columns.concat();
    [rows, columns]
}

fn check(system: &dyn System, truth: &dyn System) {
    let shape = system.shape();
    for (seed, variance) in [(1, 0.3), (2, 1.0), (3, 2.0)] {
        let problem = random_problem(shape, seed, variance);
        let state = problem.initial_state(shape.trained);
        let Jacobian { by_state, by_parameters, .. } = jacobian(system, &problem, &state).unwrap();
        let parameters = Parameters::new(system, &problem).unwrap();
        let (expected, error) = differences(truth, &parameters, &state);
        let found = DMatrix::from_fn(shape.dim(), shape.jacobian_columns(), |row, column| {
            if column < shape.dim() {
                by_state[(row, column)]
            } else {
                by_parameters[(row, column - shape.dim())]
            }
        });
        let [rows, columns] = blocks(shape);
        for &(row_name, first, end) in rows.iter().filter(|(_, first, end)| first < end) {
            for &(column_name, left, right) in columns.iter().filter(|(_, left, right)| left < right) {
                let part = |matrix: &DMatrix<f64>| {
                    matrix.view((first, left), (end - first, right - left)).into_owned()
                };
                let (found, expected) = (part(&found), part(&expected));
                let (deviation, largest) = ((&found - &expected).amax(), expected.amax());
                // Where nothing depends on the variables, differences leave rounding.
                let scale = if largest > 1e-7 { largest } else { 1.0 };
                println!(
                    "{}: d{row_name}/d{column_name} {:e}, differences {error:e}",
                    system.name(),
                    deviation / scale
                );
                assert!(
                    deviation <= BOUND * scale,
                    "{}: d{row_name}/d{column_name} at variance {variance} is off by {:e} (differences: {error:e})\n{found:.6}{expected:.6}",
                    system.name(),
                    deviation / scale
                );
            }
        }
    }
}

macro_rules! against_the_textbook {
    ($test:ident, $layer:ident: $(($k:literal, $p:literal)),*) => {
        #[test]
        fn $test() {
            $({
                overlap_system!(System: k = $k, p = $p, act = erf, second_layer = $layer, jacobian = true);
                check(&System, &Textbook::new($k, $p, System.shape().trained));
            })*
        }
    };
}

// One unit of either, odd and even p, p below, at and beyond a pack.
against_the_textbook!(erf_matches_differences_of_the_textbook, fixed: (2, 1), (1, 2), (3, 4), (4, 8), (2, 9));
against_the_textbook!(trained_erf_matches_differences_of_the_textbook, trained: (2, 3), (3, 8));

// A compiler is busy with every system for seconds, three times, for three instruction sets: so the patterns of equal nodes, odd and even
// p, more teachers than students, one of either, and the second layer are spread over the activations.
macro_rules! against_itself {
    ($test:ident: $($options:tt)*) => {
        #[test]
        fn $test() {
            overlap_system!(System: jacobian = true, unroll = never, $($options)*);
            check(&System, &System);
        }
    };
}

against_itself!(linear_matches_differences: k = 2, p = 3, act = linear, second_layer = trained);
against_itself!(quadratic_matches_differences: k = 3, p = 2, act = hermite(2));
against_itself!(cubic_matches_differences: k = 2, p = 3, act = hermite(3), second_layer = trained);
against_itself!(polynomial_matches_differences: k = 2, p = 2, act = polynomial([0.1, 1, 0.5]), second_layer = trained);
against_itself!(gain_matches_differences: k = 2, p = 3, act = erf(gain = 2), second_layer = trained);
against_itself!(sign_teacher_matches_differences: k = 2, p = 2, act = erf, teacher_act = sign, second_layer = trained);
against_itself!(linear_student_of_sign_matches_differences: k = 3, p = 2, act = linear, teacher_act = sign);
against_itself!(erf_student_of_linear_matches_differences: k = 2, p = 1, act = erf, teacher_act = linear);
against_itself!(quadratic_student_of_erf_matches_differences: k = 1, p = 3, act = hermite(2), teacher_act = erf(gain = 0.5), second_layer = trained);

// A form for every pattern of equal nodes.
against_itself!(relu_matches_differences: k = 2, p = 3, act = relu, second_layer = trained);
against_itself!(relu_student_of_linear_matches_differences: k = 2, p = 2, act = relu, teacher_act = linear);
against_itself!(erf_student_of_relu_matches_differences: k = 2, p = 3, act = erf, teacher_act = relu);
against_itself!(quadratic_student_of_sign_matches_differences: k = 2, p = 3, act = hermite(2), teacher_act = sign, second_layer = trained);
against_itself!(quadratic_student_of_relu_matches_differences: k = 1, p = 2, act = hermite(2), teacher_act = relu);

/// The ODE of a regime: both parts of the right-hand side, and γ itself, have factors.
#[test]
fn weighted_parts_match_differences() {
    overlap_system!(System: k = 1, p = 2, act = erf, second_layer = trained, jacobian = true);
    for delta in [0.5, -0.25] {
        let ode = Regime::new(0.0, delta).unwrap().prefactors(20.0).unwrap().of(&System);
        check(&ode, &ode);
    }
}

/// The derivative of the quadrature itself.
#[test]
fn quadrature_matches_differences() {
    overlap_system!(System: k = 1, p = 2, act = tanh, second_layer = trained, quadrature = 12, jacobian = true);
    check(&System, &System);
}

#[test]
fn a_system_without_a_jacobian_says_how_to_get_one() {
    overlap_system!(k = 1, p = 1, act = erf);
    let problem = Problem::builder(1, 1).build().unwrap();
    let error = jacobian(&ErfK1P1, &problem, &[0.1, 0.5]).unwrap_err();
    assert!(matches!(error, Error::NoJacobian { .. }));
    assert_eq!(error.to_string(), "ErfK1P1 has no Jacobian: declare it with `jacobian = true`");
}

#[test]
fn wrong_states_are_errors() {
    overlap_system!(k = 1, p = 1, act = erf, jacobian = true);
    let problem = Problem::builder(1, 1).build().unwrap();
    let error = jacobian(&ErfK1P1, &problem, &[0.1]).unwrap_err();
    assert_eq!(error.to_string(), "the state has shape 1, but it must have shape the 2 entries of ErfK1P1");
    let error = jacobian(&ErfK1P1, &problem, &[0.1, f64::NAN]).unwrap_err();
    assert!(error.to_string().starts_with("the derivative of dM_1_1/dt by M_1_1 = NaN"), "{error}");
}
