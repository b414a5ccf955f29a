//! Streams of normal, uniform and χ numbers, eight at a time.
//!
//! Eight xoshiro256++ generators (D. Blackman and S. Vigna, ACM Trans. Math. Softw. 47, 36, 2021), 2^128 draws apart, run
//! side by side whatever the width of a pack, so that the numbers are those of the seed on every machine (to rounding
//! in the last place where it has no fused multiply-add).

mod single;

use crate::lanes::{MAX_LANES, Simd};

/// Generators side by side.
pub(super) const LANES: usize = MAX_LANES;
/// Numbers are drawn in multiples of this: Box and Muller's method makes pairs.
pub(super) const DRAW: usize = 2 * LANES;

/// One xoshiro256++ generator.
#[derive(Debug, Clone)]
struct Generator([u64; 4]);

impl Generator {
    /// State from SplitMix64, as the authors advise (and rand does).
    fn new(mut seed: u64) -> Self {
        Generator(std::array::from_fn(|_| {
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = seed;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn step(&mut self) {
        let s = &mut self.0;
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
    }

    /// 2^128 steps.
    fn jump(&mut self) {
        const JUMP: [u64; 4] =
            [0x180e_c6d3_3cfd_0aba, 0xd5a6_1266_f0c9_392c, 0xa958_2618_e03f_c9aa, 0x39ab_dc45_29b1_661c];
        let mut sum = [0; 4];
        for word in JUMP {
            for bit in 0..64 {
                if word >> bit & 1 == 1 {
                    for (sum, word) in sum.iter_mut().zip(self.0) {
                        *sum ^= word;
                    }
                }
                self.step();
            }
        }
        self.0 = sum;
    }
}

/// Eight streams of random numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Normals {
    /// Word by word, stream by stream.
    state: [[u64; LANES]; 4],
}

impl Normals {
    /// Group after group of streams of a seed: stream n is the generator seeded with it and jumped n + 1 times.
    pub(super) fn groups(seed: u64) -> impl Iterator<Item = Normals> {
        let mut generator = Generator::new(seed);
        std::iter::repeat_with(move || {
            let mut state = [[0; LANES]; 4];
            for lane in 0..LANES {
                generator.jump();
                for (words, word) in state.iter_mut().zip(generator.0) {
                    words[lane] = word;
                }
            }
            Normals { state }
        })
    }

    /// For checkpoints.
    pub(super) fn words(&self) -> [u64; 4 * LANES] {
        std::array::from_fn(|i| self.state[i / LANES][i % LANES])
    }

    /// From [`words`](Self::words).
    pub(super) fn from_words(words: &[u64; 4 * LANES]) -> Self {
        Normals { state: std::array::from_fn(|i| std::array::from_fn(|lane| words[i * LANES + lane])) }
    }

    /// Fills `out`, whose length is a multiple of [`DRAW`], with standard normals: `out[16 n + l]` and
    /// `out[16 n + 8 + l]` are the n-th pair of stream l, by Box and Muller's method from the halves u, v of a word:
    /// √(-2 ln u) (± cos φ, sin φ), u in (0, 1] from the high half, φ in [-π/2, π/2) from the low half and the sign from
    /// its lowest bit. The largest is 6.7, which a normal number exceeds with probability 3e-11.
    #[inline(always)]
    pub(super) fn fill<S: Simd>(&mut self, s: S, out: &mut [f64]) {
        for at in (0..LANES).step_by(S::LANES) {
            let mut state = self.load(s, at);
            // In two passes, so that pairs do not wait for division, logarithm and root one after the other.
            for pair in out.chunks_exact_mut(DRAW) {
                let word = next(s, &mut state);
                let high = s.splat(2.0) - half_from_one(s, s.shr::<12>(word));
                s.store(s.ln(high), pair, at);
                s.store(s.from_bits(word), pair, at + LANES);
            }
            for pair in out.chunks_exact_mut(DRAW) {
                let word = s.to_bits(s.load(pair, at + LANES));
                let radius = s.sqrt(s.splat(-2.0) * s.load(pair, at));
                let (sin, cos) = s.sin_cos_pi(half_from_one(s, s.shl::<20>(word)) - s.splat(1.5));
                let sign = s.shl::<63>(word);
                s.store(s.from_bits(s.xor(s.to_bits(radius * cos), sign)), pair, at);
                s.store(radius * sin, pair, at + LANES);
            }
            self.store(s, at, state);
        }
    }

    /// Fills `out`, whose length is a multiple of [`LANES`], with uniform numbers in (0, 1].
    #[inline(always)]
    pub(super) fn uniform<S: Simd>(&mut self, s: S, out: &mut [f64]) {
        for at in (0..LANES).step_by(S::LANES) {
            let mut state = self.load(s, at);
            for out in out.chunks_exact_mut(LANES) {
                s.store(s.splat(2.0) - from_one(s, next(s, &mut state)), out, at);
            }
            self.store(s, at, state);
        }
    }

    #[inline(always)]
    fn load<S: Simd>(&self, s: S, at: usize) -> [S::Bits; 4] {
        let [w0, w1, w2, w3] = &self.state;
        [s.load_bits(w0, at), s.load_bits(w1, at), s.load_bits(w2, at), s.load_bits(w3, at)]
    }

    #[inline(always)]
    fn store<S: Simd>(&mut self, s: S, at: usize, state: [S::Bits; 4]) {
        for (words, state) in self.state.iter_mut().zip(state) {
            s.store_bits(state, words, at);
        }
    }
}

/// The next word of every stream.
#[inline(always)]
fn next<S: Simd>(s: S, state: &mut [S::Bits; 4]) -> S::Bits {
    let [s0, s1, s2, s3] = *state;
    let sum = s.add_bits(s0, s3);
    let result = s.add_bits(s.or(s.shl::<23>(sum), s.shr::<41>(sum)), s0);
    let shifted = s.shl::<17>(s1);
    let (s2, s3) = (s.xor(s2, s0), s.xor(s3, s1));
    let (s1, s0) = (s.xor(s1, s2), s.xor(s0, s3));
    *state = [s0, s1, s.xor(s2, shifted), s.or(s.shl::<45>(s3), s.shr::<19>(s3))];
    result
}

/// Uniform on [1, 2) in steps of 2^-32, from the bits of `word` that are the high bits of a fraction.
#[inline(always)]
fn half_from_one<S: Simd>(s: S, word: S::Bits) -> S::Pack {
    let fraction = s.and(word, s.splat_bits(0x000f_ffff_fff0_0000));
    s.from_bits(s.or(fraction, s.splat_bits(1.0_f64.to_bits())))
}

/// Uniform on [1, 2), from the 52 high bits.
#[inline(always)]
fn from_one<S: Simd>(s: S, word: S::Bits) -> S::Pack {
    s.from_bits(s.or(s.shr::<12>(word), s.splat_bits(1.0_f64.to_bits())))
}

/// Lengths of normal vectors in eight numbers of dimensions (degrees of freedom): χ, one per stream.
#[derive(Debug, Clone)]
pub(super) struct Chi {
    freedom: [u64; LANES],
    /// D = ν/2 - 1/3 and 1/(3 √D) of G. Marsaglia and W. W. Tsang, ACM Trans. Math. Softw. 26, 363 (2000).
    shift: [f64; LANES],
    width: [f64; LANES],
}

/// Below, the length is taken of that many normals.
const FEW: u64 = 4;

impl Chi {
    pub(super) fn new(freedom: [u64; LANES]) -> Self {
        // χ² = 2 Gamma(ν/2); few degrees of freedom are replaced by an actual vector.
        let shift = freedom.map(|freedom| 0.5 * freedom.max(FEW) as f64 - 1.0 / 3.0);
        Chi { freedom, shift, width: shift.map(|shift| 1.0 / (3.0 * shift.sqrt())) }
    }

    /// One length for each of the eight.
    #[inline(always)]
    pub(super) fn draw<S: Simd>(&self, s: S, normals: &mut Normals) -> [f64; LANES] {
        let mut lengths = self.attempt(s, normals);
        while lengths.iter().any(|length| length.is_nan()) {
            let again = self.attempt(s, normals);
            for (length, again) in lengths.iter_mut().zip(again) {
                if length.is_nan() {
                    *length = again;
                }
            }
        }
        if self.freedom.iter().any(|&freedom| freedom < FEW) {
            let mut vectors = [0.0; 2 * DRAW];
            normals.fill(s, &mut vectors);
            for lane in (0..LANES).filter(|&lane| self.freedom[lane] < FEW) {
                let square = |m| vectors[m as usize * LANES + lane] * vectors[m as usize * LANES + lane];
                lengths[lane] = (0..self.freedom[lane]).map(square).sum::<f64>().sqrt();
            }
        }
        lengths
    }

    /// NaN where rejected.
    #[inline(always)]
    fn attempt<S: Simd>(&self, s: S, normals: &mut Normals) -> [f64; LANES] {
        let (mut x, mut u) = ([0.0; DRAW], [0.0; LANES]);
        normals.fill(s, &mut x);
        normals.uniform(s, &mut u);
        let mut lengths = [0.0; LANES];
        let one = s.splat(1.0);
        for at in (0..LANES).step_by(S::LANES) {
            let (x, u, shift) = (s.load(&x, at), s.load(&u, at), s.load(&self.shift, at));
            let root = s.add_mul(one, s.load(&self.width, at), x);
            // A negative cube is out; the smallest number fails the test just as well.
            let cube = s.max(root * root * root, s.splat(f64::MIN_POSITIVE));
            let bound = s.add_mul(s.splat(0.5) * x * x, shift, one - cube + s.ln(cube));
            let length = s.sqrt(s.splat(2.0) * shift * cube);
            s.store(s.select_greater(bound, s.ln(u), length, s.splat(f64::NAN)), &mut lengths, at);
        }
        lengths
    }
}

#[cfg(test)]
mod tests;
