//! Where the search for fixed points begins.

use super::super::field::SystemField;
use super::speed;
use crate::ode::{FromFn, Integrate, VectorField};
use crate::{Error, Parameters, Problem, Shape};
use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

/// Where the search for fixed points begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FixedPointStart {
    /// The problem's own initial state.
    Given,
    /// Where students that are all alike come to rest: the plateau of Saad and Solla.
    Plateau,
    /// Every student is one of the teachers, student i teacher i mod k.
    Specialised,
    /// Students drawn at random, inside and outside of the teachers' span.
    Random {
        /// How many times.
        count: usize,
        /// Seed of the first.
        seed: u64,
    },
}

/// Some start, as states.
pub(super) fn states(
    field: &SystemField<'_>,
    shape: Shape,
    problem: &Problem,
    parameters: &Parameters,
    start: &FixedPointStart,
) -> Result<Vec<Vec<f64>>, Error> {
    match *start {
        FixedPointStart::Given => Ok(vec![problem.initial_state(shape.trained)]),
        FixedPointStart::Plateau => plateau(field, shape, problem, parameters).map(|state| vec![state]),
        FixedPointStart::Specialised => Ok(vec![specialised(shape, problem)]),
        FixedPointStart::Random { count, seed } => {
            Ok((0..count as u64).map(|draw| random(shape, problem, seed.wrapping_add(draw))).collect())
        }
    }
}

/// The state of students with these overlaps with the teachers and each other.
fn state(
    shape: Shape,
    m: impl Fn(usize, usize) -> f64,
    q: impl Fn(usize, usize) -> f64,
    a: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let mut state = vec![0.0; shape.dim()];
    for i in 0..shape.p {
        (0..shape.k).for_each(|r| state[shape.m(r, i)] = m(r, i));
        (i..shape.p).for_each(|j| state[shape.q(i, j)] = q(i, j));
        if shape.trained {
            state[shape.a(i)] = a(i);
        }
    }
    state
}

/// The ODE of students that are alike, to its end: M_r, Q_11, Q_12 and a, of one student for all.
fn plateau(
    field: &SystemField<'_>,
    shape: Shape,
    problem: &Problem,
    parameters: &Parameters,
) -> Result<Vec<f64>, Error> {
    let Shape { k, p, trained } = shape;
    let first = problem.a()[0];
    if let Some(i) = (0..p).find(|&i| problem.a()[i] != first) {
        let bound = "that of student 1: on the plateau all students are alike";
        return Err(Error::invalid(format!("a_{}", i + 1), problem.a()[i], bound));
    }
    let all =
        |z: &[f64]| state(shape, |r, _| z[r], |i, j| if i == j { z[k] } else { z[k + 1] }, |_| z[k + 2]);
    let other = usize::from(p > 1);
    let alike = FromFn::new(k + 3, |_, z: &[f64], slope: &mut [f64]| {
        let (_, whole) = speed(field, &all(z));
        (0..k).for_each(|r| slope[r] = whole[shape.m(r, 0)]);
        slope[k] = whole[shape.q(0, 0)];
        slope[k + 1] = if p > 1 { whole[shape.q(0, other)] } else { 0.0 };
        slope[k + 2] = if trained { whole[shape.a(0)] } else { 0.0 };
    })
    .autonomous();
    // A tenth of the sum of the teachers, and as much again outside of their span, of each student by itself.
    let teacher = problem.teacher_overlaps();
    let mut z: Vec<f64> = (0..k).map(|r| 0.1 * teacher.row(r).sum()).collect();
    let shared = 0.01 * teacher.sum();
    z.extend([2.0 * shared.max(0.01), shared, first]);
    for decade in 1..6 {
        let span = 10_f64.powi(decade) / parameters.gamma;
        let solution = Integrate::new(&alike, 0.0, &z).solve(&[span])?;
        z.clone_from(&solution.states()[0]);
        if speed(&alike as &dyn VectorField, &z).0 < 1e-5 * parameters.gamma {
            break;
        }
    }
    Ok(all(&z))
}

/// Student i is teacher i mod k; a trained second layer shares its teacher's out.
fn specialised(shape: Shape, problem: &Problem) -> Vec<f64> {
    let Shape { k, p, .. } = shape;
    let (teacher, scale) = (problem.teacher_overlaps(), problem.teacher_scale() / problem.student_scale());
    let copies = |r: usize| (p - r).div_ceil(k) as f64;
    state(
        shape,
        |r, i| teacher[(r, i % k)],
        |i, j| teacher[(i % k, j % k)],
        |i| scale * problem.a_star()[i % k] / copies(i % k),
    )
}

/// Weights A w* + B e of unit variance at large, with e a basis outside of the teachers' span.
fn random(shape: Shape, problem: &Problem, seed: u64) -> Vec<f64> {
    let Shape { k, p, .. } = shape;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut normal = |rows: usize, columns: usize| {
        DMatrix::from_fn(rows, columns, |_, _| {
            let x: f64 = StandardNormal.sample(&mut random);
            0.7 * x
        })
    };
    let (inside, outside) = (normal(p, k), normal(p, p));
    let teacher = problem.teacher_overlaps();
    let m = teacher * inside.transpose();
    let q = &inside * &m + &outside * outside.transpose();
    state(shape, |r, i| m[(r, i)], |i, j| q[(i, j)], |i| problem.a()[i])
}
