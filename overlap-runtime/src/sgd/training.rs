//! A finite training set, passed through again and again.

use super::checkpoint::Visit;
use super::normals::{DRAW, LANES, Normals};
use super::real::Real;
use crate::lanes::{Kernel, Simd, dispatch};
use std::marker::PhantomData;

/// n samples. Their inputs are not kept but drawn anew each time, from the state their stream was in: at the cost of a
/// fresh sample, and 272 bytes whatever the dimension.
#[derive(Clone)]
pub(super) struct TrainingSet {
    streams: Vec<Normals>,
    /// Label noise of each sample in units of √Δ.
    zeta: Vec<f64>,
    /// The pass at hand: the first in the order of drawing, every other in a random one.
    order: Vec<usize>,
    position: usize,
    /// The samples of the batch at hand, and their streams on the way through the coordinates.
    batch: Vec<usize>,
    under_way: Vec<Normals>,
}

/// Bytes of a sample.
pub(super) const BYTES: usize = size_of::<Normals>() + 2 * size_of::<f64>();

impl TrainingSet {
    /// Draws `samples` samples in `dimension` dimensions of precision T, for batches of `batch`.
    pub(super) fn new<T: Real>(
        samples: usize,
        dimension: usize,
        batch: usize,
        normals: &mut Normals,
    ) -> Self {
        dispatch(Draw::<T> { samples, dimension, batch, normals, precision: PhantomData })
    }

    /// Number of samples n.
    pub(super) fn samples(&self) -> usize {
        self.order.len()
    }

    /// Puts samples `first`, `first` + 1, ... (modulo n) into the batch.
    pub(super) fn choose(&mut self, first: usize) {
        let samples = self.samples();
        for (place, sample) in self.batch.iter_mut().enumerate() {
            *sample = (first + place) % samples;
        }
        self.begin();
    }

    /// Puts the next samples into the batch; a new pass begins where the last one ends, also within a batch.
    #[inline(always)]
    pub(super) fn next<S: Simd>(&mut self, s: S, normals: &mut Normals) {
        for place in 0..self.batch.len() {
            if self.position == self.order.len() {
                self.shuffle(s, normals);
                self.position = 0;
            }
            self.batch[place] = self.order[self.position];
            self.position += 1;
        }
        self.begin();
    }

    fn begin(&mut self) {
        for (stream, &sample) in self.under_way.iter_mut().zip(&self.batch) {
            stream.clone_from(&self.streams[sample]);
        }
    }

    /// The next coordinates of a sample of the batch.
    #[inline(always)]
    pub(super) fn fill<S: Simd, T: Real>(&mut self, s: S, sample: usize, out: &mut [T]) {
        T::fill(s, &mut self.under_way[sample], out);
    }

    /// Label noise of a sample of the batch, in units of √Δ.
    pub(super) fn noise(&self, sample: usize) -> f64 {
        self.zeta[self.batch[sample]]
    }

    /// The numbers that change from step to step.
    pub(super) fn visit(&mut self, visit: &mut dyn Visit) {
        visit.count(&mut self.position);
        let samples = self.samples();
        self.position = self.position.min(samples);
        for sample in &mut self.order {
            visit.count(sample);
            *sample = (*sample).min(samples - 1);
        }
    }

    /// Fisher and Yates' shuffle. A uniform number u in (0, 1] chooses among i by ⌊(1 - u) i⌋, even to 2^-52 i.
    #[inline(always)]
    fn shuffle<S: Simd>(&mut self, s: S, normals: &mut Normals) {
        let mut uniform = [0.0; LANES];
        for (drawn, i) in (2..=self.order.len()).rev().enumerate() {
            if drawn % LANES == 0 {
                normals.uniform(s, &mut uniform);
            }
            let chosen = ((1.0 - uniform[drawn % LANES]) * i as f64) as usize;
            self.order.swap(i - 1, chosen.min(i - 1));
        }
    }
}

struct Draw<'a, T> {
    samples: usize,
    dimension: usize,
    batch: usize,
    normals: &'a mut Normals,
    precision: PhantomData<T>,
}

impl<T: Real> Kernel for Draw<'_, T> {
    type Output = TrainingSet;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> TrainingSet {
        let Draw { samples, dimension, batch, normals, .. } = self;
        let mut input = vec![T::default(); dimension.next_multiple_of(T::DRAW)];
        let mut streams = Vec::with_capacity(samples);
        for _ in 0..samples {
            streams.push(normals.clone());
            T::fill(s, normals, &mut input);
        }
        let mut zeta = vec![0.0; samples.next_multiple_of(DRAW)];
        normals.fill(s, &mut zeta);
        TrainingSet {
            zeta,
            order: (0..samples).collect(),
            position: 0,
            batch: vec![0; batch],
            under_way: vec![normals.clone(); batch],
            streams,
        }
    }
}
