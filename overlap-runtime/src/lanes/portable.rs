//! Packs of four doubles in plain Rust: the baseline of every target.

use super::Simd;
use std::ops::{Add, Mul, Neg, Sub};

/// The baseline instruction set of the target.
#[derive(Debug, Clone, Copy)]
pub struct Portable;

const LANES: usize = 4;

/// Four doubles.
#[derive(Debug, Clone, Copy)]
pub struct Pack([f64; LANES]);

#[inline(always)]
fn map(x: Pack, f: impl Fn(f64) -> f64) -> Pack {
    Pack([f(x.0[0]), f(x.0[1]), f(x.0[2]), f(x.0[3])])
}

#[inline(always)]
fn zip(x: Pack, y: Pack, f: impl Fn(f64, f64) -> f64) -> Pack {
    Pack([f(x.0[0], y.0[0]), f(x.0[1], y.0[1]), f(x.0[2], y.0[2]), f(x.0[3], y.0[3])])
}

impl Add for Pack {
    type Output = Pack;
    #[inline(always)]
    fn add(self, other: Pack) -> Pack {
        zip(self, other, |x, y| x + y)
    }
}

impl Sub for Pack {
    type Output = Pack;
    #[inline(always)]
    fn sub(self, other: Pack) -> Pack {
        zip(self, other, |x, y| x - y)
    }
}

impl Mul for Pack {
    type Output = Pack;
    #[inline(always)]
    fn mul(self, other: Pack) -> Pack {
        zip(self, other, |x, y| x * y)
    }
}

impl Neg for Pack {
    type Output = Pack;
    #[inline(always)]
    fn neg(self) -> Pack {
        map(self, |x| -x)
    }
}

/// x + a b. `mul_add` only where it is one instruction: elsewhere it calls a slow library function.
#[inline(always)]
fn add_mul(x: f64, a: f64, b: f64) -> f64 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, x) } else { x + a * b }
}

/// Eight single-precision numbers.
#[derive(Debug, Clone, Copy)]
pub struct Floats([f32; 2 * LANES]);

/// An operator of [`Floats`], lane by lane.
macro_rules! operator_f32 {
    ($trait:ident, $method:ident, $operator:tt) => {
        impl $trait for Floats {
            type Output = Floats;
            #[inline(always)]
            fn $method(mut self, other: Floats) -> Floats {
                for lane in 0..2 * LANES {
                    self.0[lane] $operator other.0[lane];
                }
                self
            }
        }
    };
}

operator_f32!(Add, add, +=);
operator_f32!(Sub, sub, -=);
operator_f32!(Mul, mul, *=);

impl Simd for Portable {
    const LANES: usize = LANES;
    type Pack = Pack;
    type Bits = [u64; LANES];
    type Floats = Floats;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Floats {
        Floats([value; 2 * LANES])
    }

    #[inline(always)]
    fn load_f32(self, values: &[f32], at: usize) -> Floats {
        let mut floats = [0.0; 2 * LANES];
        floats.copy_from_slice(&values[at..at + 2 * LANES]);
        Floats(floats)
    }

    #[inline(always)]
    fn store_f32(self, floats: Floats, values: &mut [f32], at: usize) {
        values[at..at + 2 * LANES].copy_from_slice(&floats.0);
    }

    #[inline(always)]
    fn add_mul_f32(self, mut x: Floats, a: Floats, b: Floats) -> Floats {
        for lane in 0..2 * LANES {
            let fused = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
            x.0[lane] = if fused {
                a.0[lane].mul_add(b.0[lane], x.0[lane])
            } else {
                x.0[lane] + a.0[lane] * b.0[lane]
            };
        }
        x
    }

    #[inline(always)]
    fn sqrt_f32(self, x: Floats) -> Floats {
        Floats(x.0.map(f32::sqrt))
    }

    #[inline(always)]
    fn max_f32(self, mut x: Floats, y: Floats) -> Floats {
        for lane in 0..2 * LANES {
            x.0[lane] = if x.0[lane] > y.0[lane] { x.0[lane] } else { y.0[lane] };
        }
        x
    }

    #[inline(always)]
    fn f32_from_bits(self, bits: Self::Bits) -> Floats {
        let mut floats = [0.0; 2 * LANES];
        for (lane, word) in bits.into_iter().enumerate() {
            floats[2 * lane] = f32::from_bits(word as u32);
            floats[2 * lane + 1] = f32::from_bits((word >> 32) as u32);
        }
        Floats(floats)
    }

    #[inline(always)]
    fn f32_to_bits(self, floats: Floats) -> Self::Bits {
        let mut bits = [0; LANES];
        for (lane, word) in bits.iter_mut().enumerate() {
            *word =
                u64::from(floats.0[2 * lane].to_bits()) | u64::from(floats.0[2 * lane + 1].to_bits()) << 32;
        }
        bits
    }

    #[inline(always)]
    fn splat_bits(self, value: u64) -> Self::Bits {
        [value; LANES]
    }

    #[inline(always)]
    fn load_bits(self, values: &[u64], at: usize) -> Self::Bits {
        let values = &values[at..at + LANES];
        [values[0], values[1], values[2], values[3]]
    }

    #[inline(always)]
    fn store_bits(self, bits: Self::Bits, values: &mut [u64], at: usize) {
        values[at..at + LANES].copy_from_slice(&bits);
    }

    #[inline(always)]
    fn to_bits(self, pack: Pack) -> Self::Bits {
        pack.0.map(f64::to_bits)
    }

    #[inline(always)]
    fn from_bits(self, bits: Self::Bits) -> Pack {
        Pack(bits.map(f64::from_bits))
    }

    #[inline(always)]
    fn and(self, x: Self::Bits, y: Self::Bits) -> Self::Bits {
        std::array::from_fn(|i| x[i] & y[i])
    }

    #[inline(always)]
    fn or(self, x: Self::Bits, y: Self::Bits) -> Self::Bits {
        std::array::from_fn(|i| x[i] | y[i])
    }

    #[inline(always)]
    fn xor(self, x: Self::Bits, y: Self::Bits) -> Self::Bits {
        std::array::from_fn(|i| x[i] ^ y[i])
    }

    #[inline(always)]
    fn add_bits(self, x: Self::Bits, y: Self::Bits) -> Self::Bits {
        std::array::from_fn(|i| x[i].wrapping_add(y[i]))
    }

    #[inline(always)]
    fn shl<const N: i32>(self, x: Self::Bits) -> Self::Bits {
        x.map(|x| x << N)
    }

    #[inline(always)]
    fn shr<const N: i32>(self, x: Self::Bits) -> Self::Bits {
        x.map(|x| x >> N)
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Pack {
        Pack([value; LANES])
    }

    #[inline(always)]
    fn load(self, values: &[f64], at: usize) -> Pack {
        let values = &values[at..at + LANES];
        Pack([values[0], values[1], values[2], values[3]])
    }

    #[inline(always)]
    fn store(self, pack: Pack, values: &mut [f64], at: usize) {
        values[at..at + LANES].copy_from_slice(&pack.0);
    }

    #[inline(always)]
    fn add_mul(self, x: Pack, a: Pack, b: Pack) -> Pack {
        Pack([
            add_mul(x.0[0], a.0[0], b.0[0]),
            add_mul(x.0[1], a.0[1], b.0[1]),
            add_mul(x.0[2], a.0[2], b.0[2]),
            add_mul(x.0[3], a.0[3], b.0[3]),
        ])
    }

    #[inline(always)]
    fn sub_mul(self, x: Pack, a: Pack, b: Pack) -> Pack {
        self.add_mul(x, -a, b)
    }

    #[inline(always)]
    fn add_mul_1(self, x: f64, a: f64, b: f64) -> f64 {
        add_mul(x, a, b)
    }

    #[inline(always)]
    fn div(self, x: Pack, y: Pack) -> Pack {
        zip(x, y, |x, y| x / y)
    }

    #[inline(always)]
    fn sqrt(self, x: Pack) -> Pack {
        map(x, f64::sqrt)
    }

    #[inline(always)]
    fn rsqrt(self, x: Pack) -> Pack {
        map(x, |x| 1.0 / x.sqrt())
    }

    #[inline(always)]
    fn abs(self, x: Pack) -> Pack {
        map(x, f64::abs)
    }

    #[inline(always)]
    fn max(self, x: Pack, y: Pack) -> Pack {
        zip(x, y, |x, y| if x > y { x } else { y })
    }

    #[inline(always)]
    fn select_greater(self, x: Pack, y: Pack, yes: Pack, no: Pack) -> Pack {
        let lane = |i: usize| if x.0[i] > y.0[i] { yes.0[i] } else { no.0[i] };
        Pack([lane(0), lane(1), lane(2), lane(3)])
    }

    #[inline(always)]
    fn any_greater(self, x: Pack, y: Pack) -> bool {
        (x.0[0] > y.0[0]) | (x.0[1] > y.0[1]) | (x.0[2] > y.0[2]) | (x.0[3] > y.0[3])
    }

    #[inline(always)]
    fn copysign(self, magnitude: Pack, sign: Pack) -> Pack {
        zip(magnitude, sign, f64::copysign)
    }
}
