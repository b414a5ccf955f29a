//! ReLU units close to alignment, where fields have one direction and Gram determinants are rounding: right-hand sides
//! keep their digits, have no jumps (outside of the cone of positive semidefinite overlaps neither), and solves converge.

use nalgebra::DMatrix;
use overlap::{
    Error, Initial, Method, Parameters, Problem, Scale, SolveOptions, System, Trajectory, solve, solve_many,
};

overlap::overlap_system!(One: k = 1, p = 1, act = relu, second_layer = trained);
overlap::overlap_system!(OneInLoops: k = 1, p = 1, act = relu, second_layer = trained, unroll = never);
overlap::overlap_system!(Two: k = 2, p = 2, act = relu, unroll = always);
overlap::overlap_system!(Three: k = 2, p = 3, act = relu);

/// Normal enough, from a fixed seed.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        let uniform = |state: &mut u64| {
            *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (*state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform(&mut self.0)).sum::<f64>() - 6.0
    }

    fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.next())
    }
}

/// A problem of these weights in d dimensions.
fn problem(teacher: &DMatrix<f64>, student: &DMatrix<f64>, gamma: f64) -> Problem {
    let d = teacher.ncols() as f64;
    let (m, q) = (teacher * student.transpose() / d, student * student.transpose() / d);
    Problem::builder(teacher.nrows(), student.nrows())
        .student_scale(Scale::Committee)
        .teacher_scale(Scale::Committee)
        .learning_rate(gamma)
        .teacher_overlaps(teacher * teacher.transpose() / d)
        .initial(Initial::Given { m, q })
        .build()
        .expect("weights have overlaps")
}

fn right_hand_side(system: &dyn System, problem: &Problem, state: &[f64]) -> Vec<f64> {
    let parameters = Parameters::new(system, problem).expect("they fit");
    let mut derivative = vec![0.0; state.len()];
    system.right_hand_side(&parameters, state, &mut derivative);
    derivative
}

/// Students that are the teachers, the last one shared by two students where there is one more of them.
fn aligned(teacher: &DMatrix<f64>, p: usize) -> DMatrix<f64> {
    let shared = p > teacher.nrows();
    DMatrix::from_fn(p, teacher.ncols(), |i, x| {
        let part = if shared && i > 0 { 0.5 } else { 1.0 };
        part * teacher[(i.min(teacher.nrows() - 1), x)]
    })
}

/// P - 2M + Q over 4 where the fields are one, to first order in 1.3e-12: 6.5e-13, minus a hundred thousandth of it.
#[test]
fn digits_close_to_alignment() {
    let problem = Problem::builder(1, 1)
        .student_scale(Scale::Committee)
        .teacher_scale(Scale::Committee)
        .learning_rate(1.0)
        .teacher_overlaps(DMatrix::from_element(1, 1, 1.3))
        .initial(Initial::Given {
            m: DMatrix::from_element(1, 1, 1.2999999999987),
            q: DMatrix::from_element(1, 1, 1.3),
        })
        .build()
        .expect("overlaps of two vectors");
    let state = problem.initial_state(true);
    for system in [&One as &dyn System, &OneInLoops] {
        let parameters = Parameters::new(system, &problem).expect("they fit");
        let risk = system.risk(&parameters, &state);
        assert!((risk - 6.5004e-13).abs() < 2e-16, "{}: risk {risk:e}", system.name());
        let da = right_hand_side(system, &problem, &state)[2];
        assert!((da + 6.5e-13).abs() < 4e-16, "{}: da {da:e}", system.name());
    }
}

/// With weights η away from the teachers' the error E is η times something, and so the noise term of Q, E[E² σ' σ'], is
/// η² times something: down to rounding, which is 1e-15 in the noise. 10 of 1e-15 are allowed, or η.
#[test]
fn noise_vanishes_with_the_error() {
    for (system, p) in [(&Two as &dyn System, 2), (&Three, 3)] {
        for seed in 0..4 {
            let mut draws = Draws(seed);
            let (teacher, apart) = (draws.matrix(2, 12), draws.matrix(p, 12));
            let noise = |eta: f64| -> Vec<f64> {
                let student = aligned(&teacher, p) + &apart * eta;
                let of = |gamma| {
                    let problem = problem(&teacher, &student, gamma);
                    right_hand_side(system, &problem, &problem.initial_state(false))
                };
                // γ flow + γ² noise
                let (once, twice) = (of(1.0), of(2.0));
                (2 * p..once.len()).map(|at| (twice[at] - 2.0 * once[at]) / 2.0).collect()
            };
            let limit: Vec<f64> = noise(1e-3).iter().map(|x| x / 1e-6).collect();
            for exponent in 4..10 {
                let eta = 10_f64.powi(-exponent);
                for (found, limit) in noise(eta).iter().zip(&limit) {
                    let allowed = 1e-14 + 2e-2 * eta * eta;
                    let wanted = limit * eta * eta;
                    assert!(
                        (found - wanted).abs() < allowed,
                        "{}, seed {seed}, η = {eta:e}: {found:e}, not {wanted:e}",
                        system.name()
                    );
                }
            }
        }
    }
}

/// From aligned states in any direction, also out of the cone: the derivative moves as the square root at most, which is
/// what the angle between two fields does; twenty times that is allowed.
#[test]
fn no_jumps_across_the_boundary_of_the_cone() {
    for (system, p) in [(&Two as &dyn System, 2), (&Three, 3)] {
        for seed in 0..10 {
            let mut draws = Draws(seed);
            let teacher = draws.matrix(2, 12);
            let problem = problem(&teacher, &aligned(&teacher, p), 1.0);
            let state = problem.initial_state(false);
            let at_rest = right_hand_side(system, &problem, &state);
            let direction: Vec<f64> = state.iter().map(|_| draws.next()).collect();
            for exponent in 10..15 {
                let size = 10_f64.powi(-exponent);
                let moved: Vec<f64> = state.iter().zip(&direction).map(|(x, y)| x + size * y).collect();
                for (x, y) in right_hand_side(system, &problem, &moved).iter().zip(&at_rest) {
                    let change = (x - y).abs();
                    assert!(
                        change < 20.0 * size.sqrt(),
                        "{}, seed {seed}: {size:e} changes it by {change:e}",
                        system.name()
                    );
                }
            }
        }
    }
}

fn converged(found: Result<Trajectory, Error>, what: &str) {
    let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
    let risk = found.risk();
    // The state is known to atol, 1e-10, and the risk is a sum of a few of its entries.
    let last = *risk.last().expect("rows");
    assert!(last.abs() < 1e-9, "{what}: risk {last:e}");
    assert!(risk.iter().all(|&risk| risk > -1e-9), "{what}: {risk:?}");
}

/// Committees that find their teachers do not diverge afterwards.
#[test]
fn solves_stay_converged() {
    let times = [0.0, 100.0, 400.0, 500.0, 1000.0, 1e4];
    let of_seed = |seed| {
        Problem::builder(2, 2)
            .student_scale(Scale::Committee)
            .teacher_scale(Scale::Committee)
            .learning_rate(0.3)
            .initial(Initial::Drawn { dimension: 1000, seed, variance: 1.0 })
            .build()
            .expect("a problem")
    };
    let problems: Vec<Problem> = (0..6).map(of_seed).collect();
    for method in [Method::Dop853, Method::Dopri5] {
        let options = SolveOptions::default().method(method);
        for (seed, found) in solve_many(&Two, &problems, &times, &options).into_iter().enumerate() {
            converged(found, &format!("{method:?}, seed {seed}"));
        }
        let start = Problem::builder(1, 1)
            .student_scale(Scale::Committee)
            .teacher_scale(Scale::Committee)
            .learning_rate(0.3)
            .teacher_overlaps(DMatrix::from_element(1, 1, 1.3))
            .initial(Initial::Given {
                m: DMatrix::from_element(1, 1, 0.3),
                q: DMatrix::from_element(1, 1, 0.9),
            })
            .a([0.8])
            .build()
            .expect("a problem");
        for system in [&One as &dyn System, &OneInLoops] {
            converged(solve(system, &start, &times, &options), &format!("{method:?}, {}", system.name()));
        }
    }
}

/// More students than teachers, and perturbed aligned starts.
#[test]
fn students_that_share_a_teacher_stay() {
    let mut draws = Draws(7);
    for _ in 0..3 {
        let (teacher, apart) = (draws.matrix(2, 12), draws.matrix(3, 12));
        let problem = problem(&teacher, &(aligned(&teacher, 3) + apart * 0.1), 0.1);
        let found = solve(&Three, &problem, &[0.0, 100.0, 300.0, 1000.0], &SolveOptions::default());
        let risk = found.expect("it converges").risk().to_vec();
        assert!(risk[3].abs() <= risk[1].abs() + 1e-9 && risk[3] < 1e-4, "{risk:?}");
    }
}
