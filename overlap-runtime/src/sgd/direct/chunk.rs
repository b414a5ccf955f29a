//! One chunk of weights and inputs during a sweep.

use super::CHUNK;
use crate::lanes::Simd;
use crate::sgd::real::Real;

pub(super) struct Chunk<'a, T> {
    /// The batch's inputs, b x CHUNK, and the last step's.
    pub(super) inputs: &'a [[T; CHUNK]],
    pub(super) last: &'a [[T; CHUNK]],
    /// What multiplies the last inputs in the update, b x p; none where nothing is pending.
    pub(super) factors: Option<&'a [T]>,
    /// λ √d by lanes, b x p x LANES.
    pub(super) sums: &'a mut [T],
    pub(super) p: usize,
    /// Coordinates in use, a multiple of [`Real::DRAW`].
    pub(super) length: usize,
}

impl<T: Real> Chunk<'_, T> {
    /// Updates all students and adds to their fields.
    #[inline(always)]
    pub(super) fn all<S: Simd>(&mut self, s: S, weights: &mut [[T; CHUNK]]) {
        // As many students together as registers hold their factors and sums.
        let (eights, rest) =
            if S::LANES == 8 { weights.as_chunks_mut::<8>() } else { (&mut [][..], weights) };
        let mut first = 0;
        for group in eights {
            self.students(s, first, group);
            first += 8;
        }
        let (fours, rest) = rest.as_chunks_mut::<4>();
        for group in fours {
            self.students(s, first, group);
            first += 4;
        }
        let (ones, _) = rest.as_chunks_mut::<1>();
        for group in ones {
            self.students(s, first, group);
            first += 1;
        }
    }

    /// Updates G students from number `first` and adds to their fields.
    #[inline(always)]
    fn students<S: Simd, const G: usize>(&mut self, s: S, first: usize, weights: &mut [[T; CHUNK]; G]) {
        // A whole chunk has a length known to the compiler, except where it would unroll the whole loop and run out of
        // registers.
        let known = self.length == CHUNK && CHUNK / T::LANES > 8;
        match self.factors {
            Some(factors) if known => self.update(s, first, weights, CHUNK, factors),
            Some(factors) => self.update(s, first, weights, self.length, factors),
            None => self.fields(s, 0, first, weights, self.length),
        }
        for sample in 1..self.inputs.len() {
            self.fields(s, sample, first, weights, self.length);
        }
    }

    /// All but the last sample's update, then the last one's on the way to the fields of the first new sample.
    #[inline(always)]
    fn update<S: Simd, const G: usize>(
        &mut self,
        s: S,
        first: usize,
        weights: &mut [[T; CHUNK]; G],
        length: usize,
        factors: &[T],
    ) {
        let lanes = T::lanes::<S>();
        let Some((last, others)) = self.last.split_last() else { return };
        for (sample, x) in others.iter().enumerate() {
            let factors = splat::<T, S, G>(s, &factors[sample * self.p + first..]);
            for at in (0..length).step_by(lanes) {
                let x = T::load(s, x, at);
                for g in 0..G {
                    let w = T::load(s, &weights[g], at);
                    T::store(s, T::add_mul(s, w, factors[g], x), &mut weights[g], at);
                }
            }
        }
        let factors = splat::<T, S, G>(s, &factors[others.len() * self.p + first..]);
        for lane in (0..T::LANES).step_by(lanes) {
            let mut sums: [T::Pack<S>; G] = self.sums_of(s, 0, first, lane);
            for at in (lane..length).step_by(T::LANES) {
                let (x, last) = (T::load(s, &self.inputs[0], at), T::load(s, last, at));
                for g in 0..G {
                    let w = T::add_mul(s, T::load(s, &weights[g], at), factors[g], last);
                    T::store(s, w, &mut weights[g], at);
                    sums[g] = T::add_mul(s, sums[g], w, x);
                }
            }
            self.keep(s, 0, first, lane, sums);
        }
    }

    /// Adds to the fields of a sample.
    #[inline(always)]
    fn fields<S: Simd, const G: usize>(
        &mut self,
        s: S,
        sample: usize,
        first: usize,
        weights: &[[T; CHUNK]; G],
        length: usize,
    ) {
        for lane in (0..T::LANES).step_by(T::lanes::<S>()) {
            let mut sums: [T::Pack<S>; G] = self.sums_of(s, sample, first, lane);
            for at in (lane..length).step_by(T::LANES) {
                let x = T::load(s, &self.inputs[sample], at);
                for g in 0..G {
                    sums[g] = T::add_mul(s, sums[g], T::load(s, &weights[g], at), x);
                }
            }
            self.keep(s, sample, first, lane, sums);
        }
    }

    #[inline(always)]
    fn sums_of<S: Simd, const G: usize>(
        &self,
        s: S,
        sample: usize,
        first: usize,
        lane: usize,
    ) -> [T::Pack<S>; G] {
        let mut sums = [T::splat(s, T::default()); G];
        for g in 0..G {
            sums[g] = T::load(s, self.sums, (sample * self.p + first + g) * T::LANES + lane);
        }
        sums
    }

    #[inline(always)]
    fn keep<S: Simd, const G: usize>(
        &mut self,
        s: S,
        sample: usize,
        first: usize,
        lane: usize,
        sums: [T::Pack<S>; G],
    ) {
        for g in 0..G {
            T::store(s, sums[g], self.sums, (sample * self.p + first + g) * T::LANES + lane);
        }
    }
}

/// The first G of `factors`, each in every lane.
#[inline(always)]
fn splat<T: Real, S: Simd, const G: usize>(s: S, factors: &[T]) -> [T::Pack<S>; G] {
    // Not `array::from_fn`: its closure would be compiled without the instruction set.
    let mut packs = [T::splat(s, T::default()); G];
    for g in 0..G {
        packs[g] = T::splat(s, factors[g]);
    }
    packs
}
