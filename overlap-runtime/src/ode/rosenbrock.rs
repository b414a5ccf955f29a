//! One step of a Rosenbrock method: linearly implicit, with the system's own Jacobian.
//!
//! Rodas5P of G. Steinebach, BIT Numer. Math. 63, 27 (2023): order 5(4), L-stable, stiffly accurate, 8 stages. In the form of
//! E. Hairer and G. Wanner, *Solving Ordinary Differential Equations II* (2nd ed., 1996), section IV.7, eq. (7.25): with
//! J = ∂f/∂y and f_t = ∂f/∂t at the beginning (t, y) of the step h,
//! (1/(γ h) - J) k_i = f(t + c_i h, y + Σ_j a_ij k_j) + Σ_j (C_ij/h) k_j + h d_i f_t.
//! The last stages are the solution and its error: k_8 is the difference of the two orders.

use super::attempt::{NotFinite, Stepper};
use super::integration::Counted;
use nalgebra::{DMatrix, DVector};

const STAGES: usize = 8;
const GAMMA: f64 = 0.21193756319429014;

/// Rows of a_ij, stages 2 to 6; from stage 7 on each takes the row before and adds the latest k.
const A: [&[f64]; 5] = [
    &[3.0],
    &[2.849394379747939, 0.45842242204463923],
    &[-6.954028509809101, 2.489845061869568, -10.358996098473584],
    &[2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641],
    &[-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946],
];

/// Rows of C_ij, stages 2 to 8.
const C: [&[f64]; STAGES - 1] = [
    &[-14.155112264123755],
    &[-17.97296035885952, -2.859693295451294],
    &[147.12150275711716, -1.41221402718213, 71.68940251302358],
    &[165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306],
    &[24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471],
    &[
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ],
    &[
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ],
];

/// c_i.
const NODES: [f64; STAGES] =
    [0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0];

/// d_i.
const BY_TIME: [f64; STAGES] =
    [GAMMA, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0];

/// What a step needs beside the vectors of a [`Stepper`].
pub(super) struct Rosenbrock {
    dim: usize,
    /// Time and state that the Jacobian belongs to; no state before the first step.
    time: f64,
    state: Vec<f64>,
    /// Row by row.
    jacobian: Vec<f64>,
    /// ∂f/∂t; zeros where rates do not change.
    by_time: Vec<f64>,
    /// The k_i.
    stages: [DVector<f64>; STAGES],
    /// State of a stage, and derivative there.
    work: Vec<f64>,
    slope: Vec<f64>,
    /// What was not finite in the last attempt, and was the first to be so.
    pub(super) not_finite: Option<NotFinite>,
}

impl Rosenbrock {
    pub(super) fn new(dim: usize) -> Self {
        let vector = || vec![0.0; dim];
        Rosenbrock {
            dim,
            time: 0.0,
            state: Vec::new(),
            jacobian: vec![0.0; dim * dim],
            by_time: vector(),
            stages: std::array::from_fn(|_| DVector::zeros(dim)),
            work: vector(),
            slope: vector(),
            not_finite: None,
        }
    }

    /// Tries a step from `stepper.state` to `stepper.new`: its error in units of what is tolerated; not finite where
    /// something on the way was not.
    pub(super) fn attempt(&mut self, stepper: &mut Stepper, rhs: &Counted<'_>, time: f64, step: f64) -> f64 {
        self.linearise(stepper, rhs, time);
        if rhs.field.depends_on_time() {
            self.differentiate_by_time(stepper, rhs, time, step);
        }
        let dim = self.dim;
        let rows = || self.jacobian.chunks_exact(dim).enumerate();
        let wrong = |(index, row)| first(row, true).map(|cause| NotFinite { index, ..cause });
        self.not_finite = rows().find_map(wrong);
        if self.not_finite.is_some() {
            return f64::INFINITY;
        }
        let mut matrix = DMatrix::from_fn(dim, dim, |row, column| -self.jacobian[row * dim + column]);
        for i in 0..dim {
            matrix[(i, i)] += 1.0 / (GAMMA * step);
        }
        let factors = matrix.lu();
        for stage in 0..STAGES {
            // From stage 7 on, the state of the stage before plus its k.
            match A.get(stage.wrapping_sub(1)) {
                Some(row) => {
                    self.work.copy_from_slice(&stepper.state[..dim]);
                    for (k, &weight) in self.stages.iter().zip(*row) {
                        add(&mut self.work, weight, k);
                    }
                }
                None if stage > 0 => add(&mut self.work, 1.0, &self.stages[stage - 1]),
                None => {}
            }
            let (known, next) = self.stages.split_at_mut(stage);
            let right = next[0].as_mut_slice();
            if stage == 0 {
                right.copy_from_slice(&stepper.derivative()[..dim]);
            } else {
                rhs.evaluate(time + NODES[stage] * step, &self.work, &mut self.slope);
                self.not_finite = first(&self.work, false).or_else(|| first(&self.slope, true));
                if self.not_finite.is_some() {
                    return f64::INFINITY;
                }
                right.copy_from_slice(&self.slope);
                for (k, weight) in known.iter().zip(C[stage - 1]) {
                    add(right, weight / step, k);
                }
            }
            add(right, BY_TIME[stage] * step, &self.by_time);
            if !factors.solve_mut(&mut next[0]) {
                return f64::INFINITY;
            }
            rhs.field.keep_alike(next[0].as_mut_slice());
        }
        let error = self.stages[STAGES - 1].as_slice();
        add(&mut self.work, 1.0, error);
        stepper.new[..dim].copy_from_slice(&self.work);
        stepper.scaled(error)
    }

    /// The error of the end of the last attempt's step.
    pub(super) fn error_estimate(&self) -> Vec<f64> {
        self.stages[STAGES - 1].as_slice().to_vec()
    }

    /// The Jacobian at the beginning of a step, unless it is known from the attempt before.
    fn linearise(&mut self, stepper: &Stepper, rhs: &Counted<'_>, time: f64) {
        let state = &stepper.state[..self.dim];
        if self.time == time && self.state == state {
            return;
        }
        self.time = time;
        self.state.clear();
        self.state.extend_from_slice(state);
        rhs.field.jacobian(time, state, &mut self.jacobian);
    }

    /// ∂f/∂t from three points, so that it holds at t = 0 and after a jump: to (a thousandth of the step)².
    fn differentiate_by_time(&mut self, stepper: &mut Stepper, rhs: &Counted<'_>, time: f64, step: f64) {
        let part = 1e-3 * step;
        self.by_time.fill(0.0);
        add(&mut self.by_time, -1.5 / part, &*stepper.derivative());
        for (points, weight) in [(1.0, 2.0), (2.0, -0.5)] {
            rhs.evaluate(time + points * part, &self.state, &mut self.slope);
            add(&mut self.by_time, weight / part, &self.slope);
        }
    }
}

/// The first entry that is not finite.
fn first(values: &[f64], derivative: bool) -> Option<NotFinite> {
    let index = values.iter().position(|value| !value.is_finite())?;
    Some(NotFinite { derivative, index, value: values[index] })
}

/// sum += weight · vector.
fn add<'a>(sum: &mut [f64], weight: f64, vector: impl IntoIterator<Item = &'a f64>) {
    for (sum, value) in sum.iter_mut().zip(vector) {
        *sum += weight * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ode::{FromFn, Method};

    /// One step of x' = -x³, y' = x² y: the error of a step of order 5 falls by 2⁶ with half the step, that of its
    /// estimate, of order 4, by 2⁵.
    #[test]
    fn a_step_has_its_order() {
        let field = FromFn::new(2, |_, x: &[f64], slope: &mut [f64]| {
            slope.copy_from_slice(&[-x[0] * x[0] * x[0], x[0] * x[0] * x[1]]);
        });
        let field = field.jacobian(|_, x: &[f64], jacobian: &mut [f64]| {
            jacobian.copy_from_slice(&[-3.0 * x[0] * x[0], 0.0, 2.0 * x[0] * x[1], x[0] * x[0]]);
        });
        let error = |step: f64| {
            let rhs = Counted::new(&field);
            let mut stepper = Stepper::new(Method::Rodas5P, (0.0, 1.0), 2, 1);
            stepper.state[..2].copy_from_slice(&[1.0, 1.0]);
            rhs.evaluate(0.0, &[1.0, 1.0], stepper.derivative());
            let estimate = Rosenbrock::new(2).attempt(&mut stepper, &rhs, 0.0, step);
            // x = (1 + 2 t)^(-1/2), y = (1 + 2 t)^(1/2).
            let x = (1.0 + 2.0 * step).sqrt().recip();
            ((stepper.new[0] - x).abs().max((stepper.new[1] - 1.0 / x).abs()), estimate)
        };
        let ((coarse, of_coarse), (fine, of_fine)) = (error(0.04), error(0.02));
        assert!((5.6..6.4).contains(&(coarse / fine).log2()), "{coarse:e} {fine:e}");
        assert!((4.6..5.4).contains(&(of_coarse / of_fine).log2()), "{of_coarse:e} {of_fine:e}");
    }

    /// The coefficients of the equations before they are solved for u = Γ k (Hairer and Wanner, IV.7): Γ⁻¹ = 1/γ - C,
    /// α = a Γ and b = m Γ, where the solution is y + Σ m_i k_i.
    struct Untransformed {
        alpha: DMatrix<f64>,
        gamma: DMatrix<f64>,
        /// Of order 5 and of order 4.
        weights: [DVector<f64>; 2],
    }

    fn untransformed() -> Untransformed {
        let inverse = DMatrix::from_fn(STAGES, STAGES, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Less => 0.0,
            std::cmp::Ordering::Equal => 1.0 / GAMMA,
            std::cmp::Ordering::Greater => -C[i - 1][j],
        });
        let gamma = inverse.try_inverse().expect("triangular");
        // Stages 7 and 8, and the solution, continue the row before by a 1.
        let last = A[A.len() - 1];
        let a = DMatrix::from_fn(STAGES + 1, STAGES, |i, j| match i {
            0 => 0.0,
            1..=5 => A[i - 1].get(j).copied().unwrap_or(0.0),
            _ if j < last.len() => last[j],
            _ => f64::from(u8::from(j < i)),
        });
        let all = a * &gamma;
        let weights = [STAGES, STAGES - 1].map(|row| all.row(row).transpose());
        Untransformed { alpha: all.rows(0, STAGES).into_owned(), gamma, weights }
    }

    #[test]
    fn times_of_the_stages_are_sums_of_their_rows() {
        let Untransformed { alpha, gamma, .. } = untransformed();
        for i in 0..STAGES {
            assert!((alpha.row(i).sum() - NODES[i]).abs() < 1e-12, "stage {}: {}", i + 1, alpha.row(i).sum());
            assert!(
                (gamma.row(i).sum() - BY_TIME[i]).abs() < 1e-12,
                "stage {}: {}",
                i + 1,
                gamma.row(i).sum()
            );
        }
    }

    /// All conditions up to order 5 (Hairer and Wanner, IV.7, table 7.1, with γ on the diagonal of β = α + Γ).
    #[test]
    fn the_orders_are_five_and_four() {
        let Untransformed { alpha, gamma, weights } = untransformed();
        let beta = &alpha + &gamma;
        let one = DVector::from_element(STAGES, 1.0);
        let (c, b) = (&alpha * &one, &beta * &one);
        let power = |n: i32| c.map(|c| c.powi(n));
        let (a_b, a_c2, a_bb) = (&alpha * &b, &alpha * power(2), &alpha * (&beta * &b));
        let conditions: [(u32, DVector<f64>, f64); 17] = [
            (1, one.clone(), 1.0),
            (2, b.clone(), 2.0),
            (3, power(2), 3.0),
            (3, &beta * &b, 6.0),
            (4, power(3), 4.0),
            (4, c.component_mul(&a_b), 8.0),
            (4, &beta * power(2), 12.0),
            (4, &beta * (&beta * &b), 24.0),
            (5, power(4), 5.0),
            (5, power(2).component_mul(&a_b), 10.0),
            (5, a_b.component_mul(&a_b), 20.0),
            (5, c.component_mul(&a_c2), 15.0),
            (5, c.component_mul(&a_bb), 30.0),
            (5, &beta * power(3), 20.0),
            (5, &beta * c.component_mul(&a_b), 40.0),
            (5, &beta * (&beta * power(2)), 60.0),
            (5, &beta * (&beta * (&beta * &b)), 120.0),
        ];
        for (weights, order) in weights.iter().zip([5, 4]) {
            for (number, (of_order, tree, density)) in conditions.iter().enumerate() {
                let missed = weights.dot(tree) - 1.0 / density;
                if *of_order <= order {
                    assert!(missed.abs() < 1e-12, "order {order}, condition {}: {missed:e}", number + 1);
                }
            }
        }
    }
}
