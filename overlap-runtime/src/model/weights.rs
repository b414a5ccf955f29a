//! Real weights in d dimensions: where drawn initial overlaps come from, and where SGD starts.

use crate::error::check_at_least;
use crate::model::problem::omega;
use crate::{Error, Initial, Problem};
use nalgebra::{DMatrix, SymmetricEigen};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Teacher weights W* (k x d) and student weights W (p x d), kept by columns of unit: d x k and d x p.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    /// W*ᵀ, d x k.
    pub(crate) teacher: DMatrix<f64>,
    /// Wᵀ, d x p.
    pub(crate) student: DMatrix<f64>,
}

impl Weights {
    /// Teachers with overlaps exactly P, students w ~ N(0, variance I_d). Inputs are rotation invariant, so the
    /// teachers may lie in the first k coordinates.
    pub(crate) fn drawn(
        teacher_overlaps: &DMatrix<f64>,
        p: usize,
        dimension: usize,
        seed: u64,
        variance: f64,
    ) -> Result<Self, Error> {
        let k = teacher_overlaps.nrows();
        check_dimension(dimension, k, k.max(p), "k")?;
        let deviation = check_at_least("variance", variance, 0.0, false)?.sqrt();
        let mut generator = Xoshiro256PlusPlus::seed_from_u64(seed);
        let student = DMatrix::from_fn(dimension, p, |_, _| {
            let normal: f64 = StandardNormal.sample(&mut generator);
            deviation * normal
        });
        Ok(Weights { teacher: embedded_root(teacher_overlaps, dimension), student })
    }

    /// The very weights whose overlaps start the problem's ODE, in `dimension` dimensions: the drawn ones where the
    /// problem was drawn in that dimension, else weights that have the problem's overlaps exactly.
    pub(crate) fn of(problem: &Problem, dimension: usize) -> Result<Self, Error> {
        match *problem.initial() {
            Initial::Drawn { dimension: drawn, seed, variance } if drawn == dimension => {
                Self::drawn(problem.teacher_overlaps(), problem.p(), dimension, seed, variance)
            }
            _ => Self::with_overlaps(problem, dimension),
        }
    }

    /// Weights with Ω exactly as in the problem, in the first k + p coordinates.
    fn with_overlaps(problem: &Problem, dimension: usize) -> Result<Self, Error> {
        let (k, p) = (problem.k(), problem.p());
        check_dimension(dimension, k + p, k + p, "k + p")?;
        let all = embedded_root(&omega(problem.teacher_overlaps(), problem.m(), problem.q()), dimension);
        Ok(Weights { teacher: all.columns(0, k).into_owned(), student: all.columns(k, p).into_owned() })
    }

    /// M = W* Wᵀ / d.
    pub(crate) fn m(&self) -> DMatrix<f64> {
        self.teacher.tr_mul(&self.student) / self.student.nrows() as f64
    }

    /// Q = W Wᵀ / d, exactly symmetric.
    pub(crate) fn q(&self) -> DMatrix<f64> {
        let mut q = self.student.tr_mul(&self.student) / self.student.nrows() as f64;
        q.fill_lower_triangle_with_upper_triangle();
        q
    }
}

/// Most numbers in one weight matrix (8 GiB): beyond it the overlaps are better given than drawn.
const MOST_WEIGHTS: usize = 1 << 30;

fn check_dimension(dimension: usize, least: usize, units: usize, words: &str) -> Result<(), Error> {
    if dimension > MOST_WEIGHTS / units {
        let most = MOST_WEIGHTS / units;
        return Err(Error::invalid(
            "dimension",
            dimension,
            format!("at most {most}, or the weights need too much memory"),
        ));
    }
    if dimension >= least {
        return Ok(());
    }
    Err(Error::invalid("dimension", dimension, format!("at least {words} = {least} to hold the weights")))
}

/// d x n columns v_a with v_a · v_b / d = gram_ab, from the symmetric root (which exists for singular matrices too).
fn embedded_root(gram: &DMatrix<f64>, dimension: usize) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(gram.clone());
    let roots = eigen.eigenvalues.map(|value| (value.max(0.0) * dimension as f64).sqrt());
    let root = DMatrix::from_diagonal(&roots) * eigen.eigenvectors.transpose();
    let mut columns = DMatrix::zeros(dimension, gram.nrows());
    columns.rows_mut(0, gram.nrows()).copy_from(&root);
    columns
}
