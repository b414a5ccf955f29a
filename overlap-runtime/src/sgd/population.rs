//! Gradient descent on the population risk, in the space of the weights.
//!
//! The mean update of a step of SGD: w_i += (γ s a_i / √d) E[E σ'(λ_i) x] = -γ ∂R/∂w_i, and a_i += (γ_a s / d) E[E σ(λ_i)] =
//! -(γ_a / d) ∂R/∂a_i. By Stein's lemma E[g(λ) x] = Σ_m (w_m/√d) E[∂g/∂λ_m], so that the update of w_i is a sum over all
//! weight vectors, Σ_m G_im w_m (γ s a_i / d) with G_im = c_m E[σ'(λ_i) σ'(λ_m)] + δ_im Σ_n c_n E[σ''(λ_i) σ(λ_n)]. The
//! expectations are functions of the overlaps, which are taken from the weights at every step.

use super::checkpoint::Visit;
use super::reduced::Chain;
use super::setting::{Divergence, NotFinite, Setting, check_state};
use crate::model::generated::{Partner, Pulls};
use crate::model::weights::Weights;
use crate::{Activation, Error, Problem};
use std::f64::consts::FRAC_2_PI;

/// What the descent starts from.
pub(super) struct Start {
    pub(super) setting: Setting,
    /// All weights over √d, teachers first, n rows.
    rows: Vec<f64>,
    expectations: Expectations,
}

/// K2, J2 and I2 of a student and another node.
#[derive(Clone)]
enum Expectations {
    /// Of units erf(g λ/√2), with 1/g² of every unit, teachers first: what its smoothness adds to the variance of its
    /// field; 0 for a sign.
    ErrorFunctions(Vec<f64>),
    /// As the system has them.
    Of(Pulls),
}

impl Start {
    /// With the weights themselves, in d dimensions.
    pub(super) fn direct(setting: Setting, problem: &Problem, pulls: Option<Pulls>) -> Result<Self, Error> {
        let expectations = Expectations::new(&setting, pulls)?;
        let weights = Weights::of(problem, setting.dimension)?;
        let root = (setting.dimension as f64).sqrt();
        let rows = [weights.teacher.as_slice(), weights.student.as_slice()].concat();
        Ok(Start { setting, rows: rows.into_iter().map(|weight| weight / root).collect(), expectations })
    }

    /// Numbers in all weights.
    pub(super) fn numbers(&self) -> usize {
        self.rows.len()
    }

    /// With weights in the n dimensions they span, which they never leave.
    pub(super) fn reduced(setting: Setting, problem: &Problem, pulls: Option<Pulls>) -> Result<Self, Error> {
        let expectations = Expectations::new(&setting, pulls)?;
        let chain = Chain::new(setting, problem)?;
        let rows = chain.rows();
        Ok(Start { setting: chain.setting, rows, expectations })
    }
}

/// The descent.
#[derive(Clone)]
pub(super) struct Descent<'a> {
    setting: &'a Setting,
    expectations: &'a Expectations,
    rows: Vec<f64>,
    /// Second layer a.
    a: Vec<f64>,
    step: u64,
    /// Ω, n x n.
    omega: Vec<f64>,
    /// The students' rows after the step.
    moved: Vec<f64>,
}

impl<'a> Descent<'a> {
    pub(super) fn new(start: &'a Start) -> Self {
        let Start { setting, rows, expectations } = start;
        let (n, p) = (setting.shape.nodes(), setting.shape.p);
        let mut descent = Descent {
            setting,
            expectations,
            a: setting.parameters.a.clone(),
            step: 0,
            omega: vec![0.0; n * n],
            moved: vec![0.0; rows.len() / n * p],
            rows: rows.clone(),
        };
        descent.overlaps();
        descent
    }

    /// Goes `steps` steps on.
    pub(super) fn advance(&mut self, steps: u64) -> Result<(), Divergence> {
        for _ in 0..steps {
            self.one_step();
            self.step += 1;
            self.overlaps();
            if let Some(&value) = self.omega.iter().find(|value| !value.is_finite()) {
                let what = NotFinite { quantity: "an overlap".to_owned(), value };
                return Err(Divergence { step: self.step, what, replica: 0 });
            }
        }
        Ok(())
    }

    /// The numbers that change from step to step.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        visit.word(&mut self.step);
        visit.numbers(&mut self.rows);
        visit.numbers(&mut self.a);
        self.overlaps();
    }

    /// Steps done.
    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// The state.
    pub(super) fn state(&self) -> Result<Vec<f64>, NotFinite> {
        let shape = self.setting.shape;
        let (k, n) = (shape.k, shape.nodes());
        let mut state = vec![0.0; shape.dim()];
        for i in 0..shape.p {
            for r in 0..k {
                state[shape.m(r, i)] = self.omega[r * n + k + i];
            }
            for j in i..shape.p {
                state[shape.q(i, j)] = self.omega[(k + i) * n + k + j];
            }
            if shape.trained {
                state[shape.a(i)] = self.a[i];
            }
        }
        check_state(shape, state)
    }

    fn overlaps(&mut self) {
        let n = self.setting.shape.nodes();
        let width = self.rows.len() / n;
        let row = |node: usize| &self.rows[node * width..(node + 1) * width];
        for u in 0..n {
            for v in 0..=u {
                let overlap = row(u).iter().zip(row(v)).map(|(x, y)| x * y).sum();
                (self.omega[u * n + v], self.omega[v * n + u]) = (overlap, overlap);
            }
        }
    }

    fn one_step(&mut self) {
        let Setting { shape, parameters, schedules, dimension, .. } = self.setting;
        let time = self.setting.time(self.step);
        let (k, p, n, d) = (shape.k, shape.p, shape.nodes(), *dimension as f64);
        let width = self.rows.len() / n;
        let rate = schedules.learning_rate.factor(time) * parameters.s / d;
        let c: Vec<f64> = (0..k)
            .map(|r| parameters.s_star * parameters.a_star[r])
            .chain(self.a.iter().map(|a| -parameters.s * a))
            .collect();
        let mut moved_a = self.a.clone();
        for i in 0..p {
            let own = k + i;
            let pulls: Vec<[f64; 3]> =
                (0..n).map(|m| self.expectations.of(&self.omega, [k, n], own, m)).collect();
            let bend: f64 = pulls.iter().zip(&c).map(|([bend, ..], c)| c * bend).sum();
            let target = &mut self.moved[i * width..(i + 1) * width];
            target.copy_from_slice(&self.rows[own * width..(own + 1) * width]);
            for (m, [_, slopes, _]) in pulls.iter().enumerate() {
                let own_bend = if m == own { bend } else { 0.0 };
                let factor = rate * parameters.gamma * self.a[i] * (c[m] * slopes + own_bend);
                for (target, row) in target.iter_mut().zip(&self.rows[m * width..]) {
                    *target += factor * row;
                }
            }
            if shape.trained {
                let pull: f64 = pulls.iter().zip(&c).map(|([.., value], c)| c * value).sum();
                moved_a[i] += rate * parameters.gamma_a * pull;
            }
        }
        self.rows[k * width..].copy_from_slice(&self.moved);
        self.a = moved_a;
    }
}

impl Expectations {
    fn new(setting: &Setting, pulls: Option<Pulls>) -> Result<Self, Error> {
        if let Some(pulls) = pulls {
            return Ok(Expectations::Of(pulls));
        }
        let width = |activation: Activation| match activation {
            Activation::Erf => Ok(1.0),
            Activation::ErfGain(gain) => Ok(1.0 / (gain * gain)),
            Activation::Sign => Ok(0.0),
            other => {
                let bound =
                    "one whose expectations the system has, for gradient descent on the population risk";
                Err(Error::invalid("activation", other, bound))
            }
        };
        let mut widths = vec![width(setting.teacher_activation)?; setting.shape.k];
        widths.resize(setting.shape.nodes(), width(setting.activation)?);
        Ok(Expectations::ErrorFunctions(widths))
    }

    /// K2 = E[σ''(λ_i) σ(λ_m)], J2 = E[σ'(λ_i) σ'(λ_m)], I2 = E[σ(λ_i) σ(λ_m)] of student node i and node m; k of the n
    /// nodes are teachers.
    fn of(&self, omega: &[f64], [k, n]: [usize; 2], i: usize, m: usize) -> [f64; 3] {
        let [ii, im, mm] = [omega[i * n + i], omega[i * n + m], omega[m * n + m]];
        match self {
            Expectations::Of(pulls) => {
                let with = match m {
                    m if m == i => Partner::Itself,
                    m if m < k => Partner::Teacher,
                    _ => Partner::Student,
                };
                pulls(with, [ii, im, mm])
            }
            Expectations::ErrorFunctions(widths) => {
                let (ii, mm) = (widths[i] + ii, widths[m] + mm);
                let slopes = FRAC_2_PI / (ii * mm - im * im).sqrt();
                [-im * slopes / ii, slopes, FRAC_2_PI * libm::asin(im / (ii * mm).sqrt())]
            }
        }
    }
}
