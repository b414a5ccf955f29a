//! The precision of weights and inputs in d dimensions.

use super::checkpoint::Visit;
use super::normals::{self, Normals};
use crate::lanes::Simd;

/// Double or single precision, and how packs of it are handled.
pub(super) trait Real: Copy + Default + Send + Sync {
    /// A pack.
    type Pack<S: Simd>: Copy;

    /// Numbers in the widest pack: sums over coordinates are kept in so many parts, whatever the width in use.
    const LANES: usize;

    /// Normals are drawn in multiples of this.
    const DRAW: usize = 2 * Self::LANES;

    /// Numbers in a pack of an instruction set.
    fn lanes<S: Simd>() -> usize {
        Self::LANES / normals::LANES * S::LANES
    }

    fn new(value: f64) -> Self;

    fn value(self) -> f64;

    fn splat<S: Simd>(s: S, value: Self) -> Self::Pack<S>;

    fn load<S: Simd>(s: S, values: &[Self], at: usize) -> Self::Pack<S>;

    fn store<S: Simd>(s: S, pack: Self::Pack<S>, values: &mut [Self], at: usize);

    /// x + a b.
    fn add_mul<S: Simd>(s: S, x: Self::Pack<S>, a: Self::Pack<S>, b: Self::Pack<S>) -> Self::Pack<S>;

    /// Fills `out`, whose length is a multiple of DRAW, with standard normals.
    fn fill<S: Simd>(s: S, normals: &mut Normals, out: &mut [Self]);

    /// For checkpoints.
    fn visit(numbers: &mut [Self], visit: &mut dyn Visit);
}

impl Real for f64 {
    type Pack<S: Simd> = S::Pack;
    const LANES: usize = normals::LANES;

    fn new(value: f64) -> Self {
        value
    }

    fn value(self) -> f64 {
        self
    }

    #[inline(always)]
    fn splat<S: Simd>(s: S, value: f64) -> S::Pack {
        s.splat(value)
    }

    #[inline(always)]
    fn load<S: Simd>(s: S, values: &[f64], at: usize) -> S::Pack {
        s.load(values, at)
    }

    #[inline(always)]
    fn store<S: Simd>(s: S, pack: S::Pack, values: &mut [f64], at: usize) {
        s.store(pack, values, at);
    }

    #[inline(always)]
    fn add_mul<S: Simd>(s: S, x: S::Pack, a: S::Pack, b: S::Pack) -> S::Pack {
        s.add_mul(x, a, b)
    }

    #[inline(always)]
    fn fill<S: Simd>(s: S, normals: &mut Normals, out: &mut [f64]) {
        normals.fill(s, out);
    }

    fn visit(numbers: &mut [f64], visit: &mut dyn Visit) {
        visit.numbers(numbers);
    }
}

impl Real for f32 {
    type Pack<S: Simd> = S::Floats;
    const LANES: usize = 2 * normals::LANES;

    fn new(value: f64) -> Self {
        value as f32
    }

    fn value(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn splat<S: Simd>(s: S, value: f32) -> S::Floats {
        s.splat_f32(value)
    }

    #[inline(always)]
    fn load<S: Simd>(s: S, values: &[f32], at: usize) -> S::Floats {
        s.load_f32(values, at)
    }

    #[inline(always)]
    fn store<S: Simd>(s: S, pack: S::Floats, values: &mut [f32], at: usize) {
        s.store_f32(pack, values, at);
    }

    #[inline(always)]
    fn add_mul<S: Simd>(s: S, x: S::Floats, a: S::Floats, b: S::Floats) -> S::Floats {
        s.add_mul_f32(x, a, b)
    }

    #[inline(always)]
    fn fill<S: Simd>(s: S, normals: &mut Normals, out: &mut [f32]) {
        normals.fill_f32(s, out);
    }

    fn visit(numbers: &mut [f32], visit: &mut dyn Visit) {
        for number in numbers {
            let mut word = u64::from(number.to_bits());
            visit.word(&mut word);
            *number = f32::from_bits(word as u32);
        }
    }
}
