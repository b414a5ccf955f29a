//! The problem a system is solved for: scales, rates, noise, second layers, teacher overlaps and the initial state.

use crate::error::check_at_least;
use crate::model::initial::{self, Initial};
use crate::{Activation, Error, Schedule, Shape, State};
use nalgebra::{Cholesky, DMatrix, DVector, SymmetricEigen};
use overlap_layout::MAX_UNITS;

/// An output scale s of a network s Σ a_i σ(λ_i).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Scale {
    /// 1 / (number of units): the mean-field scale, the default.
    MeanField,
    /// 1 / √(number of units): the lazy scale.
    Lazy,
    /// 1: the soft committee.
    Committee,
    /// Any other positive number.
    Value(f64),
}

impl Scale {
    /// The number for a network of `units` units.
    pub fn value(self, units: usize) -> f64 {
        match self {
            Scale::MeanField => 1.0 / units as f64,
            Scale::Lazy => 1.0 / (units as f64).sqrt(),
            Scale::Committee => 1.0,
            Scale::Value(value) => value,
        }
    }
}

/// A validated problem: everything that is a number at run time. Made by [`Problem::builder`] or read from JSON.
///
/// Symbols and scalings are those of Saad and Solla (Phys. Rev. E 52, 4225, 1995) in the convention of arXiv 2202.00293:
/// λ = w·x/√d, y = s* Σ a*_r σ(λ*_r) + √Δ ζ, f = s Σ a_i σ(λ_i), t = steps / d.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub(crate) k: usize,
    pub(crate) p: usize,
    pub(crate) activation: Option<Activation>,
    pub(crate) teacher_activation: Option<Activation>,
    pub(crate) student_scale: f64,
    pub(crate) teacher_scale: f64,
    pub(crate) learning_rate: f64,
    pub(crate) second_layer_rate: Option<f64>,
    pub(crate) noise: f64,
    pub(crate) learning_rate_schedule: Schedule,
    pub(crate) noise_schedule: Schedule,
    pub(crate) start_time: f64,
    pub(crate) batch: usize,
    pub(crate) teacher_overlaps: DMatrix<f64>,
    pub(crate) a_star: DVector<f64>,
    pub(crate) a: DVector<f64>,
    pub(crate) initial: Initial,
    pub(crate) m: DMatrix<f64>,
    pub(crate) q: DMatrix<f64>,
}

impl Problem {
    /// Starts a problem of k teacher and p student units with the defaults: mean-field scales, γ = 1, γ_a = γ where
    /// the second layer is trained, Δ = 0, b = 1, P = I, a* = a = 1, students drawn at d = 1000 with seed 0.
    ///
    /// ```
    /// use overlap::{Initial, Problem};
    /// let problem = Problem::builder(4, 8)
    ///     .learning_rate(8.0)
    ///     .noise(1e-3)
    ///     .initial(Initial::drawn(1000, 0))
    ///     .build()?;
    /// assert_eq!(problem.m().shape(), (4, 8));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    pub fn builder(k: usize, p: usize) -> ProblemBuilder {
        ProblemBuilder {
            k,
            p,
            activation: None,
            teacher_activation: None,
            student_scale: Scale::MeanField,
            teacher_scale: Scale::MeanField,
            learning_rate: 1.0,
            second_layer_rate: None,
            noise: 0.0,
            learning_rate_schedule: Schedule::Constant,
            noise_schedule: Schedule::Constant,
            start_time: 0.0,
            batch: 1,
            teacher_overlaps: None,
            a_star: None,
            a: None,
            initial: Initial::drawn(1000, 0),
        }
    }

    /// Number of teacher units.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Number of student units.
    pub fn p(&self) -> usize {
        self.p
    }

    /// The activation the problem was stated for, if it says so.
    pub fn activation(&self) -> Option<Activation> {
        self.activation
    }

    /// The activation of the teachers the problem was stated for, if it says so.
    pub fn teacher_activation(&self) -> Option<Activation> {
        self.teacher_activation
    }

    /// Student output scale s.
    pub fn student_scale(&self) -> f64 {
        self.student_scale
    }

    /// Teacher output scale s*.
    pub fn teacher_scale(&self) -> f64 {
        self.teacher_scale
    }

    /// Learning rate γ of the first layer.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// The same problem at another learning rate γ of the first layer.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless it is finite and at least 0.
    pub fn with_learning_rate(&self, gamma: f64) -> Result<Self, Error> {
        let learning_rate = check_at_least("learning_rate", gamma, 0.0, false)?;
        Ok(Problem { learning_rate, ..self.clone() })
    }

    /// Learning rate γ_a of the second layer; `None` means γ where the second layer is trained.
    pub fn second_layer_rate(&self) -> Option<f64> {
        self.second_layer_rate
    }

    /// Variance Δ of the label noise.
    pub fn noise(&self) -> f64 {
        self.noise
    }

    /// What multiplies both learning rates, γ and γ_a, in time.
    pub fn learning_rate_schedule(&self) -> &Schedule {
        &self.learning_rate_schedule
    }

    /// What multiplies the variance Δ of the label noise in time.
    pub fn noise_schedule(&self) -> &Schedule {
        &self.noise_schedule
    }

    /// The time t₀ of the initial state. Output times and schedules count from t = 0 all the same.
    pub fn start_time(&self) -> f64 {
        self.start_time
    }

    /// The same problem from a time t₀ on, at which it was in `state`: the way to go on where a solve ended.
    ///
    /// A solve that begins where rates jump takes the steps of the unbroken one, to the last bit; from anywhere else it has
    /// steps of its own and agrees within the tolerances.
    ///
    /// ```
    /// use overlap::{Activation, DynSystem, Problem, Schedule, SolveOptions, solve};
    /// let system = DynSystem::new(1, 2, Activation::Erf, false)?;
    /// let drop = Schedule::Piecewise(vec![(10.0, 0.1)]);
    /// let problem = Problem::builder(1, 2).learning_rate_schedule(drop).build()?;
    /// let options = SolveOptions::default();
    /// let unbroken = solve(&system, &problem, &[10.0, 30.0], &options)?;
    /// let rest = problem.continued_from(10.0, unbroken.state(0).expect("a row"))?;
    /// assert_eq!(solve(&system, &rest, &[30.0], &options)?.state(0), unbroken.state(1));
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] for a state of another size, [`Error::Invalid`] for a time that is not finite and at least 0 and for a
    /// state that is not finite; [`Error::NotPositiveSemidefinite`] for overlaps that are not those of weights.
    pub fn continued_from(&self, time: f64, state: State<'_>) -> Result<Problem, Error> {
        check_at_least("start_time", time, 0.0, false)?;
        let mut problem = self.clone();
        (problem.start_time, problem.initial, problem.a) = (time, Initial::from(state), state.a_vector());
        let (m, q) = (state.m_matrix(), state.q_matrix());
        check_initial(&problem.teacher_overlaps, &m, &q, time)?;
        check_vector("a", &problem.a, self.p, "p")?;
        (problem.m, problem.q) = (m, q);
        Ok(problem)
    }

    /// Batch size b.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Teacher overlaps P (k x k).
    pub fn teacher_overlaps(&self) -> &DMatrix<f64> {
        &self.teacher_overlaps
    }

    /// Teacher second layer a* (k).
    pub fn a_star(&self) -> &DVector<f64> {
        &self.a_star
    }

    /// Student second layer a at t = 0 (p).
    pub fn a(&self) -> &DVector<f64> {
        &self.a
    }

    /// How the initial state was chosen.
    pub fn initial(&self) -> &Initial {
        &self.initial
    }

    /// Initial teacher-student overlaps M (k x p).
    pub fn m(&self) -> &DMatrix<f64> {
        &self.m
    }

    /// Initial student-student overlaps Q (p x p).
    pub fn q(&self) -> &DMatrix<f64> {
        &self.q
    }

    /// The initial state as the flat vector that right-hand sides read (layout and length of [`Shape`]): M, the upper triangle
    /// of Q and, where the second layer is `trained`, a.
    ///
    /// ```
    /// let problem = overlap::Problem::builder(1, 2).build()?;
    /// let state = problem.initial_state(true);
    /// assert_eq!(state.len(), 2 + 3 + 2);
    /// assert_eq!(state[2], problem.q()[(0, 0)]);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    pub fn initial_state(&self, trained: bool) -> Vec<f64> {
        let shape = Shape { k: self.k, p: self.p, trained };
        let mut state = vec![0.0; shape.dim()];
        for i in 0..shape.p {
            for r in 0..shape.k {
                state[shape.m(r, i)] = self.m[(r, i)];
            }
            for j in i..shape.p {
                state[shape.q(i, j)] = self.q[(i, j)];
            }
            if shape.trained {
                state[shape.a(i)] = self.a[i];
            }
        }
        state
    }
}

/// Builds a [`Problem`]; every setter may be left out.
#[derive(Debug, Clone)]
#[must_use = "call build()"]
pub struct ProblemBuilder {
    k: usize,
    p: usize,
    activation: Option<Activation>,
    teacher_activation: Option<Activation>,
    student_scale: Scale,
    teacher_scale: Scale,
    learning_rate: f64,
    second_layer_rate: Option<f64>,
    noise: f64,
    learning_rate_schedule: Schedule,
    noise_schedule: Schedule,
    start_time: f64,
    batch: usize,
    teacher_overlaps: Option<DMatrix<f64>>,
    a_star: Option<DVector<f64>>,
    a: Option<DVector<f64>>,
    initial: Initial,
}

impl ProblemBuilder {
    /// States the activation, so that a system with another one is refused.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// States the activation of the teachers, where it is not that of the students.
    pub fn teacher_activation(mut self, activation: Activation) -> Self {
        self.teacher_activation = Some(activation);
        self
    }

    /// Student output scale s (default 1/p).
    pub fn student_scale(mut self, scale: Scale) -> Self {
        self.student_scale = scale;
        self
    }

    /// Teacher output scale s* (default 1/k).
    pub fn teacher_scale(mut self, scale: Scale) -> Self {
        self.teacher_scale = scale;
        self
    }

    /// Learning rate γ of the first layer, finite and at least 0 (default 1).
    pub fn learning_rate(mut self, gamma: f64) -> Self {
        self.learning_rate = gamma;
        self
    }

    /// Learning rate γ_a of the second layer, finite and at least 0 (default γ where the second layer is trained).
    pub fn second_layer_rate(mut self, gamma_a: f64) -> Self {
        self.second_layer_rate = Some(gamma_a);
        self
    }

    /// Variance Δ of the label noise, finite and at least 0 (default 0).
    pub fn noise(mut self, delta: f64) -> Self {
        self.noise = delta;
        self
    }

    /// What multiplies both learning rates in time (default constant).
    pub fn learning_rate_schedule(mut self, schedule: Schedule) -> Self {
        self.learning_rate_schedule = schedule;
        self
    }

    /// What multiplies the variance of the label noise in time (default constant).
    pub fn noise_schedule(mut self, schedule: Schedule) -> Self {
        self.noise_schedule = schedule;
        self
    }

    /// The time t₀ of the initial state, finite and at least 0 (default 0). Output times, which are not before it, and
    /// schedules count from t = 0.
    pub fn start_time(mut self, time: f64) -> Self {
        self.start_time = time;
        self
    }

    /// Batch size b, at least 1 (default 1).
    pub fn batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Teacher overlaps P, k x k, symmetric and positive semidefinite (default the identity).
    pub fn teacher_overlaps(mut self, p: DMatrix<f64>) -> Self {
        self.teacher_overlaps = Some(p);
        self
    }

    /// Teacher second layer a*, k finite numbers (default ones).
    pub fn a_star(mut self, a_star: impl IntoIterator<Item = f64>) -> Self {
        self.a_star = Some(DVector::from_vec(a_star.into_iter().collect()));
        self
    }

    /// Student second layer a at t = 0, p finite numbers (default ones).
    pub fn a(mut self, a: impl IntoIterator<Item = f64>) -> Self {
        self.a = Some(DVector::from_vec(a.into_iter().collect()));
        self
    }

    /// The initial state (default: drawn at d = 1000 with seed 0).
    pub fn initial(mut self, initial: Initial) -> Self {
        self.initial = initial;
        self
    }

    /// Checks everything without drawing any weights.
    ///
    /// # Errors
    /// Those of [`build`](Self::build).
    #[doc(hidden)]
    pub fn check(mut self) -> Result<Problem, Error> {
        initial::check_drawn(&self.initial, self.k, self.p)?;
        if let Initial::Drawn { .. } = self.initial {
            self.initial = Initial::informed(0.0);
        }
        self.build()
    }

    /// Checks everything and computes the initial overlaps.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Invalid`] or [`Error::NotPositiveSemidefinite`], naming the quantity.
    pub fn build(self) -> Result<Problem, Error> {
        let (k, p) = (self.k, self.p);
        for (name, size) in [("k", k), ("p", p), ("batch", self.batch)] {
            if size == 0 {
                return Err(Error::invalid(name, size, "at least 1"));
            }
        }
        for (name, units) in [("k", k), ("p", p)] {
            if units > MAX_UNITS {
                return Err(Error::invalid(name, units, format!("at most {MAX_UNITS}")));
            }
        }
        let scale = |name, scale: Scale, units| check_at_least(name, scale.value(units), 0.0, true);
        let student_scale = scale("student_scale", self.student_scale, p)?;
        let teacher_scale = scale("teacher_scale", self.teacher_scale, k)?;
        let learning_rate = check_at_least("learning_rate", self.learning_rate, 0.0, false)?;
        let second_layer_rate = self
            .second_layer_rate
            .map(|rate| check_at_least("second_layer_rate", rate, 0.0, false))
            .transpose()?;
        let noise = check_at_least("noise", self.noise, 0.0, false)?;
        self.learning_rate_schedule.validate("learning_rate")?;
        self.noise_schedule.validate("noise")?;
        let start_time = check_at_least("start_time", self.start_time, 0.0, false)?;

        let teacher_overlaps = self.teacher_overlaps.unwrap_or_else(|| DMatrix::identity(k, k));
        check_symmetric("P", &teacher_overlaps, k, "k x k")?;
        let teacher_overlaps = symmetrized(teacher_overlaps);
        check_semidefinite("P", &teacher_overlaps, ROUNDING)?;
        let a_star = self.a_star.unwrap_or_else(|| DVector::repeat(k, 1.0));
        check_vector("a_star", &a_star, k, "k")?;
        let a = self.a.unwrap_or_else(|| DVector::repeat(p, 1.0));
        check_vector("a", &a, p, "p")?;

        let (m, q) = initial::overlaps(&self.initial, &teacher_overlaps, p)?;
        check_shape("M", &m, (k, p), "k x p")?;
        check_symmetric("Q", &q, p, "p x p")?;
        let q = symmetrized(q);
        check_initial(&teacher_overlaps, &m, &q, start_time)?;
        Ok(Problem {
            k,
            p,
            activation: self.activation,
            teacher_activation: self.teacher_activation,
            student_scale,
            teacher_scale,
            learning_rate,
            second_layer_rate,
            noise,
            learning_rate_schedule: self.learning_rate_schedule,
            noise_schedule: self.noise_schedule,
            start_time,
            batch: self.batch,
            teacher_overlaps,
            a_star,
            a,
            initial: self.initial,
            m,
            q,
        })
    }
}

/// Ω = [[P, M], [Mᵀ, Q]].
pub(crate) fn omega(p: &DMatrix<f64>, m: &DMatrix<f64>, q: &DMatrix<f64>) -> DMatrix<f64> {
    let (rows, columns) = m.shape();
    let mut omega = DMatrix::zeros(rows + columns, rows + columns);
    omega.view_mut((0, 0), (rows, rows)).copy_from(p);
    omega.view_mut((0, rows), (rows, columns)).copy_from(m);
    omega.view_mut((rows, 0), (columns, rows)).copy_from(&m.transpose());
    omega.view_mut((rows, rows), (columns, columns)).copy_from(q);
    omega
}

fn check_shape(
    name: &str,
    matrix: &DMatrix<f64>,
    expected: (usize, usize),
    words: &str,
) -> Result<(), Error> {
    if matrix.shape() == expected {
        return Ok(());
    }
    Err(Error::Shape {
        quantity: name.to_owned(),
        found: format!("{} x {}", matrix.nrows(), matrix.ncols()),
        expected: format!("{words} = {} x {}", expected.0, expected.1),
    })
}

fn check_finite(name: &str, matrix: &DMatrix<f64>) -> Result<(), Error> {
    for i in 0..matrix.nrows() {
        for j in 0..matrix.ncols() {
            if !matrix[(i, j)].is_finite() {
                return Err(Error::invalid(format!("{name}_{}_{}", i + 1, j + 1), matrix[(i, j)], "finite"));
            }
        }
    }
    Ok(())
}

fn check_vector(name: &str, vector: &DVector<f64>, length: usize, words: &str) -> Result<(), Error> {
    if vector.len() != length {
        return Err(Error::Shape {
            quantity: name.to_owned(),
            found: vector.len().to_string(),
            expected: format!("{words} = {length}"),
        });
    }
    match vector.iter().position(|value| !value.is_finite()) {
        Some(i) => Err(Error::invalid(format!("{name}_{}", i + 1), vector[i], "finite")),
        None => Ok(()),
    }
}

/// Square of the right size, finite, and symmetric up to the rounding of a file.
fn check_symmetric(name: &str, matrix: &DMatrix<f64>, size: usize, words: &str) -> Result<(), Error> {
    check_shape(name, matrix, (size, size), words)?;
    check_finite(name, matrix)?;
    let tolerance = 1e-12 * matrix.amax().max(1.0);
    for i in 0..size {
        for j in i + 1..size {
            let (upper, lower) = (matrix[(i, j)], matrix[(j, i)]);
            if (upper - lower).abs() > tolerance {
                return Err(Error::invalid(
                    format!("{name}_{}_{}", j + 1, i + 1),
                    lower,
                    format!("{name}_{}_{} = {upper} ({name} is symmetric)", i + 1, j + 1),
                ));
            }
        }
    }
    Ok(())
}

/// Copies the upper triangle onto the lower one, so that the state's upper triangle is the whole truth.
fn symmetrized(mut matrix: DMatrix<f64>) -> DMatrix<f64> {
    matrix.fill_lower_triangle_with_upper_triangle();
    matrix
}

/// Initial overlaps of the right shape that real weights have: at t₀ = 0 up to rounding, later up to the error of the solve
/// that they may be the end of.
fn check_initial(
    teachers: &DMatrix<f64>,
    m: &DMatrix<f64>,
    q: &DMatrix<f64>,
    start_time: f64,
) -> Result<(), Error> {
    check_shape("M", m, (teachers.nrows(), q.nrows()), "k x p")?;
    check_finite("M", m)?;
    check_finite("Q", q)?;
    check_semidefinite("Omega", &omega(teachers, m, q), if start_time > 0.0 { SOLVED } else { ROUNDING })
}

/// How negative an eigenvalue may be, over the largest entry: after rounding, and after a solve.
const ROUNDING: f64 = 1e-10;
const SOLVED: f64 = 1e-6;

/// Positive semidefinite up to a tolerance: a singular Ω (students inside the teachers' span) is a valid start.
fn check_semidefinite(name: &'static str, matrix: &DMatrix<f64>, tolerance: f64) -> Result<(), Error> {
    // Most problems: no row has more beside its diagonal than on it. It saves the eigenvalues of large matrices.
    let dominant = (0..matrix.nrows()).all(|row| {
        let beside: f64 =
            matrix.row(row).iter().map(|value| value.abs()).sum::<f64>() - matrix[(row, row)].abs();
        matrix[(row, row)] >= beside
    });
    if dominant || Cholesky::new(matrix.clone()).is_some() {
        return Ok(());
    }
    let bound = -tolerance * matrix.amax().max(1.0);
    let smallest = SymmetricEigen::try_new(matrix.clone(), f64::EPSILON, 100_000)
        .map_or(f64::NAN, |eigen| eigen.eigenvalues.min());
    if smallest >= bound {
        Ok(())
    } else {
        Err(Error::NotPositiveSemidefinite { matrix: name, smallest, bound })
    }
}
