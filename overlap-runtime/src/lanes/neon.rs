//! Packs for aarch64: two NEON registers of two doubles, whose operations run side by side.
//!
//! NEON belongs to the baseline of every aarch64 target, so nothing is asked at run time and no entry point is needed.
//! Unsafe code occurs for one reason, *bounds*: a load or store of memory whose bounds the slice index beside it has
//! just checked.

use super::Simd;
use std::arch::aarch64::*;
use std::ops::{Add, Mul, Neg, Sub};

/// The instruction set of every aarch64 machine.
#[derive(Debug, Clone, Copy)]
pub struct Neon;

/// Four doubles in two registers.
#[derive(Debug, Clone, Copy)]
pub struct PackNeon(float64x2_t, float64x2_t);

/// Four 64-bit words in two registers.
#[derive(Debug, Clone, Copy)]
pub struct BitsNeon(uint64x2_t, uint64x2_t);

/// Eight single-precision numbers in two registers.
#[derive(Debug, Clone, Copy)]
pub struct FloatsNeon(float32x4_t, float32x4_t);

/// An operator, or a method of [`Neon`], as one intrinsic for each half.
macro_rules! halves {
    ($pack:ident, $x:expr, $intrinsic:ident) => {{
        let x = $x;
        // SAFETY: NEON is in the baseline of aarch64.
        #[allow(unused_unsafe)]
        unsafe {
            $pack($intrinsic(x.0), $intrinsic(x.1))
        }
    }};
    ($pack:ident, $x:expr, $y:expr, $intrinsic:ident) => {{
        let (x, y) = ($x, $y);
        // SAFETY: NEON is in the baseline of aarch64.
        #[allow(unused_unsafe)]
        unsafe {
            $pack($intrinsic(x.0, y.0), $intrinsic(x.1, y.1))
        }
    }};
}

/// An operator of a pack type.
macro_rules! operator {
    ($pack:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl $trait for $pack {
            type Output = $pack;
            #[inline(always)]
            fn $method(self, other: $pack) -> $pack {
                halves!($pack, self, other, $intrinsic)
            }
        }
    };
}

operator!(PackNeon, Add, add, vaddq_f64);
operator!(PackNeon, Sub, sub, vsubq_f64);
operator!(PackNeon, Mul, mul, vmulq_f64);
operator!(FloatsNeon, Add, add, vaddq_f32);
operator!(FloatsNeon, Sub, sub, vsubq_f32);
operator!(FloatsNeon, Mul, mul, vmulq_f32);

impl Neg for PackNeon {
    type Output = PackNeon;
    #[inline(always)]
    fn neg(self) -> PackNeon {
        halves!(PackNeon, self, vnegq_f64)
    }
}

#[allow(unused_unsafe)]
impl Simd for Neon {
    const LANES: usize = 4;
    type Pack = PackNeon;
    type Bits = BitsNeon;
    type Floats = FloatsNeon;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> FloatsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        let half = unsafe { vdupq_n_f32(value) };
        FloatsNeon(half, half)
    }

    #[inline(always)]
    fn load_f32(self, values: &[f32], at: usize) -> FloatsNeon {
        let values = &values[at..at + 2 * Self::LANES];
        // SAFETY: bounds.
        FloatsNeon(unsafe { vld1q_f32(values.as_ptr()) }, unsafe { vld1q_f32(values[4..].as_ptr()) })
    }

    #[inline(always)]
    fn store_f32(self, floats: FloatsNeon, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + 2 * Self::LANES];
        // SAFETY: bounds.
        unsafe {
            vst1q_f32(values.as_mut_ptr(), floats.0);
            vst1q_f32(values[4..].as_mut_ptr(), floats.1);
        }
    }

    #[inline(always)]
    fn add_mul_f32(self, x: FloatsNeon, a: FloatsNeon, b: FloatsNeon) -> FloatsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { FloatsNeon(vfmaq_f32(x.0, a.0, b.0), vfmaq_f32(x.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn sqrt_f32(self, x: FloatsNeon) -> FloatsNeon {
        halves!(FloatsNeon, x, vsqrtq_f32)
    }

    #[inline(always)]
    fn max_f32(self, x: FloatsNeon, y: FloatsNeon) -> FloatsNeon {
        // The instruction for the maximum would answer NaN where either is.
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe {
            FloatsNeon(vbslq_f32(vcgtq_f32(x.0, y.0), x.0, y.0), vbslq_f32(vcgtq_f32(x.1, y.1), x.1, y.1))
        }
    }

    #[inline(always)]
    fn f32_from_bits(self, bits: BitsNeon) -> FloatsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { FloatsNeon(vreinterpretq_f32_u64(bits.0), vreinterpretq_f32_u64(bits.1)) }
    }

    #[inline(always)]
    fn f32_to_bits(self, floats: FloatsNeon) -> BitsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { BitsNeon(vreinterpretq_u64_f32(floats.0), vreinterpretq_u64_f32(floats.1)) }
    }

    #[inline(always)]
    fn splat_bits(self, value: u64) -> BitsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        let half = unsafe { vdupq_n_u64(value) };
        BitsNeon(half, half)
    }

    #[inline(always)]
    fn load_bits(self, values: &[u64], at: usize) -> BitsNeon {
        let values = &values[at..at + Self::LANES];
        // SAFETY: bounds.
        BitsNeon(unsafe { vld1q_u64(values.as_ptr()) }, unsafe { vld1q_u64(values[2..].as_ptr()) })
    }

    #[inline(always)]
    fn store_bits(self, bits: BitsNeon, values: &mut [u64], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: bounds.
        unsafe {
            vst1q_u64(values.as_mut_ptr(), bits.0);
            vst1q_u64(values[2..].as_mut_ptr(), bits.1);
        }
    }

    #[inline(always)]
    fn to_bits(self, pack: PackNeon) -> BitsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { BitsNeon(vreinterpretq_u64_f64(pack.0), vreinterpretq_u64_f64(pack.1)) }
    }

    #[inline(always)]
    fn from_bits(self, bits: BitsNeon) -> PackNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { PackNeon(vreinterpretq_f64_u64(bits.0), vreinterpretq_f64_u64(bits.1)) }
    }

    #[inline(always)]
    fn and(self, x: BitsNeon, y: BitsNeon) -> BitsNeon {
        halves!(BitsNeon, x, y, vandq_u64)
    }

    #[inline(always)]
    fn or(self, x: BitsNeon, y: BitsNeon) -> BitsNeon {
        halves!(BitsNeon, x, y, vorrq_u64)
    }

    #[inline(always)]
    fn xor(self, x: BitsNeon, y: BitsNeon) -> BitsNeon {
        halves!(BitsNeon, x, y, veorq_u64)
    }

    #[inline(always)]
    fn add_bits(self, x: BitsNeon, y: BitsNeon) -> BitsNeon {
        halves!(BitsNeon, x, y, vaddq_u64)
    }

    #[inline(always)]
    fn shl<const N: i32>(self, x: BitsNeon) -> BitsNeon {
        // A negative count shifts to the right.
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe {
            let count = vdupq_n_s64(i64::from(N));
            BitsNeon(vshlq_u64(x.0, count), vshlq_u64(x.1, count))
        }
    }

    #[inline(always)]
    fn shr<const N: i32>(self, x: BitsNeon) -> BitsNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe {
            let count = vdupq_n_s64(-i64::from(N));
            BitsNeon(vshlq_u64(x.0, count), vshlq_u64(x.1, count))
        }
    }

    #[inline(always)]
    fn splat(self, value: f64) -> PackNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        let half = unsafe { vdupq_n_f64(value) };
        PackNeon(half, half)
    }

    #[inline(always)]
    fn load(self, values: &[f64], at: usize) -> PackNeon {
        let values = &values[at..at + Self::LANES];
        // SAFETY: bounds.
        PackNeon(unsafe { vld1q_f64(values.as_ptr()) }, unsafe { vld1q_f64(values[2..].as_ptr()) })
    }

    #[inline(always)]
    fn store(self, pack: PackNeon, values: &mut [f64], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: bounds.
        unsafe {
            vst1q_f64(values.as_mut_ptr(), pack.0);
            vst1q_f64(values[2..].as_mut_ptr(), pack.1);
        }
    }

    #[inline(always)]
    fn add_mul(self, x: PackNeon, a: PackNeon, b: PackNeon) -> PackNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { PackNeon(vfmaq_f64(x.0, a.0, b.0), vfmaq_f64(x.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn sub_mul(self, x: PackNeon, a: PackNeon, b: PackNeon) -> PackNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe { PackNeon(vfmsq_f64(x.0, a.0, b.0), vfmsq_f64(x.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn add_mul_1(self, x: f64, a: f64, b: f64) -> f64 {
        a.mul_add(b, x)
    }

    #[inline(always)]
    fn div(self, x: PackNeon, y: PackNeon) -> PackNeon {
        halves!(PackNeon, x, y, vdivq_f64)
    }

    #[inline(always)]
    fn sqrt(self, x: PackNeon) -> PackNeon {
        halves!(PackNeon, x, vsqrtq_f64)
    }

    #[inline(always)]
    fn rsqrt(self, x: PackNeon) -> PackNeon {
        // Square root and division run beside the multiplications, and are exact to rounding.
        self.div(self.splat(1.0), self.sqrt(x))
    }

    #[inline(always)]
    fn abs(self, x: PackNeon) -> PackNeon {
        halves!(PackNeon, x, vabsq_f64)
    }

    #[inline(always)]
    fn max(self, x: PackNeon, y: PackNeon) -> PackNeon {
        // The instruction for the maximum would answer NaN where either is.
        self.select_greater(x, y, x, y)
    }

    #[inline(always)]
    fn select_greater(self, x: PackNeon, y: PackNeon, yes: PackNeon, no: PackNeon) -> PackNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe {
            PackNeon(vbslq_f64(vcgtq_f64(x.0, y.0), yes.0, no.0), vbslq_f64(vcgtq_f64(x.1, y.1), yes.1, no.1))
        }
    }

    #[inline(always)]
    fn any_greater(self, x: PackNeon, y: PackNeon) -> bool {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe {
            let any = vorrq_u64(vcgtq_f64(x.0, y.0), vcgtq_f64(x.1, y.1));
            vmaxvq_u32(vreinterpretq_u32_u64(any)) != 0
        }
    }

    #[inline(always)]
    fn copysign(self, magnitude: PackNeon, sign: PackNeon) -> PackNeon {
        // SAFETY: NEON is in the baseline of aarch64.
        unsafe {
            let mask = vdupq_n_u64(1 << 63);
            PackNeon(vbslq_f64(mask, sign.0, magnitude.0), vbslq_f64(mask, sign.1, magnitude.1))
        }
    }
}
