//! Problems in which nothing is special.

use nalgebra::DMatrix;
use overlap::{Initial, Problem, Scale, Shape};

/// A correlated teacher, second layers, scales and a batch of its own for every seed; weights drawn with this variance.
pub(crate) fn random_problem(shape: Shape, seed: u64, variance: f64) -> Problem {
    let unit = |i: usize, salt: f64| (1.7 * i as f64 + salt + seed as f64).sin();
    let mut teacher = DMatrix::from_fn(shape.k, shape.k, |r, s| 0.1 * unit(r, 0.3) * unit(s, 0.3));
    (0..shape.k).for_each(|r| teacher[(r, r)] += 0.9);
    let mut builder = Problem::builder(shape.k, shape.p)
        .student_scale(Scale::Lazy)
        .teacher_scale(Scale::Committee)
        .learning_rate(1.3)
        .noise(0.3)
        .batch(2)
        .teacher_overlaps(teacher)
        .a_star((0..shape.k).map(|r| 1.0 + 0.5 * unit(r, 0.9)))
        .a((0..shape.p).map(|i| 0.8 + 0.5 * unit(i, 2.1)))
        .initial(Initial::Drawn { dimension: 60, seed, variance });
    if shape.trained {
        builder = builder.second_layer_rate(0.7);
    }
    builder.build().expect("a valid problem")
}
