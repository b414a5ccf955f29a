//! What the benchmarks share: declared systems, their baselines, and parameters at typical states.

#![allow(dead_code, reason = "every benchmark uses its own part")]

mod paper;

use overlap::{Initial, Parameters, Problem, System, overlap_system};
use paper::Paper;

overlap_system!(k = 1, p = 1, act = erf);
overlap_system!(k = 2, p = 2, act = erf);
overlap_system!(k = 3, p = 3, act = erf);
overlap_system!(k = 2, p = 4, act = erf);
overlap_system!(k = 4, p = 8, act = erf);
overlap_system!(k = 4, p = 16, act = erf);
overlap_system!(k = 8, p = 32, act = erf);
overlap_system!(k = 4, p = 8, act = erf, second_layer = trained);

/// A declared system and its two textbook forms.
pub(crate) struct Size {
    pub(crate) generated: Box<dyn System>,
    pub(crate) full: Box<dyn System>,
    pub(crate) halved: Box<dyn System>,
}

fn size<const K: usize, const P: usize, const N: usize>(generated: impl System + 'static) -> Size {
    let trained = generated.shape().trained;
    Size {
        generated: Box::new(generated),
        full: Box::new(Paper::<K, P, N, false> { trained }),
        halved: Box::new(Paper::<K, P, N, true> { trained }),
    }
}

/// All sizes, smallest first.
pub(crate) fn sizes() -> Vec<Size> {
    vec![
        size::<1, 1, 2>(ErfK1P1),
        size::<2, 2, 4>(ErfK2P2),
        size::<3, 3, 6>(ErfK3P3),
        size::<2, 4, 6>(ErfK2P4),
        size::<4, 8, 12>(ErfK4P8),
        size::<4, 8, 12>(ErfK4P8Trained),
        size::<4, 16, 20>(ErfK4P16),
        size::<8, 32, 40>(ErfK8P32),
    ]
}

/// Arcsines of one right-hand side: those of the noise, each pair of nodes once, and of a trained second layer.
pub(crate) fn arcsines(system: &dyn System) -> usize {
    let shape = system.shape();
    let n = shape.nodes();
    shape.p * (shape.p + 1) / 2 * (n * (n + 1) / 2) + if shape.trained { shape.p * n } else { 0 }
}

/// Weights drawn at d = 1000, the students scaled by `scale`: with 0.8 every Q_ii < 1, with 1.5 every Q_ii > 1.
pub(crate) fn problem(system: &dyn System, scale: f64) -> Problem {
    let shape = system.shape();
    let drawn = Problem::builder(shape.k, shape.p).build().expect("valid");
    Problem::builder(shape.k, shape.p)
        .noise(1e-2)
        .initial(Initial::Given { m: drawn.m() * scale, q: drawn.q() * (scale * scale) })
        .build()
        .expect("valid")
}

/// Parameters and state of [`problem`].
pub(crate) fn at_state(system: &dyn System, scale: f64) -> (Parameters, Vec<f64>) {
    let (shape, problem) = (system.shape(), problem(system, scale));
    (Parameters::new(system, &problem).expect("the same sizes"), problem.initial_state(shape.trained))
}
