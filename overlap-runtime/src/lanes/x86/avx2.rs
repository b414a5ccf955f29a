//! Packs of AVX2 with fused multiply-add: four doubles, eight floats.

use super::super::Simd;
use super::Avx2;
use std::arch::x86_64::*;
use std::ops::{Add, Mul, Neg, Sub};

/// Four doubles in an AVX register.
#[derive(Debug, Clone, Copy)]
pub struct Pack4(__m256d);

/// Four 64-bit words in an AVX register.
#[derive(Debug, Clone, Copy)]
pub struct Bits4(__m256i);

operator!(Pack4, Add, add, _mm256_add_pd);
operator!(Pack4, Sub, sub, _mm256_sub_pd);
operator!(Pack4, Mul, mul, _mm256_mul_pd);

impl Neg for Pack4 {
    type Output = Pack4;
    #[inline(always)]
    fn neg(self) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_xor_pd(self.0, _mm256_set1_pd(-0.0)) })
    }
}

/// Eight single-precision numbers in an AVX register.
#[derive(Debug, Clone, Copy)]
pub struct Floats8(__m256);

operator!(Floats8, Add, add, _mm256_add_ps);
operator!(Floats8, Sub, sub, _mm256_sub_ps);
operator!(Floats8, Mul, mul, _mm256_mul_ps);

impl Simd for Avx2 {
    const LANES: usize = 4;
    type Pack = Pack4;
    type Bits = Bits4;
    type Floats = Floats8;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Floats8 {
        // SAFETY: intrinsic.
        Floats8(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    fn load_f32(self, values: &[f32], at: usize) -> Floats8 {
        let values = &values[at..at + 2 * Self::LANES];
        // SAFETY: intrinsic, bounds.
        Floats8(unsafe { _mm256_loadu_ps(values.as_ptr()) })
    }

    #[inline(always)]
    fn store_f32(self, floats: Floats8, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + 2 * Self::LANES];
        // SAFETY: intrinsic, bounds.
        unsafe { _mm256_storeu_ps(values.as_mut_ptr(), floats.0) }
    }

    #[inline(always)]
    fn add_mul_f32(self, x: Floats8, a: Floats8, b: Floats8) -> Floats8 {
        // SAFETY: intrinsic.
        Floats8(unsafe { _mm256_fmadd_ps(a.0, b.0, x.0) })
    }

    #[inline(always)]
    fn sqrt_f32(self, x: Floats8) -> Floats8 {
        // SAFETY: intrinsic.
        Floats8(unsafe { _mm256_sqrt_ps(x.0) })
    }

    #[inline(always)]
    fn max_f32(self, x: Floats8, y: Floats8) -> Floats8 {
        // SAFETY: intrinsic.
        Floats8(unsafe { _mm256_max_ps(x.0, y.0) })
    }

    #[inline(always)]
    fn f32_from_bits(self, bits: Bits4) -> Floats8 {
        // SAFETY: intrinsic.
        Floats8(unsafe { _mm256_castsi256_ps(bits.0) })
    }

    #[inline(always)]
    fn f32_to_bits(self, floats: Floats8) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_castps_si256(floats.0) })
    }

    #[inline(always)]
    fn splat_bits(self, value: u64) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_set1_epi64x(value as i64) })
    }

    #[inline(always)]
    fn load_bits(self, values: &[u64], at: usize) -> Bits4 {
        let values = &values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        Bits4(unsafe { _mm256_loadu_si256(values.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store_bits(self, bits: Bits4, values: &mut [u64], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), bits.0) }
    }

    #[inline(always)]
    fn to_bits(self, pack: Pack4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_castpd_si256(pack.0) })
    }

    #[inline(always)]
    fn from_bits(self, bits: Bits4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_castsi256_pd(bits.0) })
    }

    #[inline(always)]
    fn and(self, x: Bits4, y: Bits4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_and_si256(x.0, y.0) })
    }

    #[inline(always)]
    fn or(self, x: Bits4, y: Bits4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_or_si256(x.0, y.0) })
    }

    #[inline(always)]
    fn xor(self, x: Bits4, y: Bits4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_xor_si256(x.0, y.0) })
    }

    #[inline(always)]
    fn add_bits(self, x: Bits4, y: Bits4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_add_epi64(x.0, y.0) })
    }

    #[inline(always)]
    fn shl<const N: i32>(self, x: Bits4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_sll_epi64(x.0, _mm_cvtsi32_si128(N)) })
    }

    #[inline(always)]
    fn shr<const N: i32>(self, x: Bits4) -> Bits4 {
        // SAFETY: intrinsic.
        Bits4(unsafe { _mm256_srl_epi64(x.0, _mm_cvtsi32_si128(N)) })
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_set1_pd(value) })
    }

    #[inline(always)]
    fn load(self, values: &[f64], at: usize) -> Pack4 {
        let values = &values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        Pack4(unsafe { _mm256_loadu_pd(values.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, pack: Pack4, values: &mut [f64], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        unsafe { _mm256_storeu_pd(values.as_mut_ptr(), pack.0) }
    }

    #[inline(always)]
    fn add_mul(self, x: Pack4, a: Pack4, b: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_fmadd_pd(a.0, b.0, x.0) })
    }

    #[inline(always)]
    fn sub_mul(self, x: Pack4, a: Pack4, b: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_fnmadd_pd(a.0, b.0, x.0) })
    }

    #[inline(always)]
    fn add_mul_1(self, x: f64, a: f64, b: f64) -> f64 {
        a.mul_add(b, x)
    }

    #[inline(always)]
    fn div(self, x: Pack4, y: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_div_pd(x.0, y.0) })
    }

    #[inline(always)]
    fn sqrt(self, x: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_sqrt_pd(x.0) })
    }

    #[inline(always)]
    fn rsqrt(self, x: Pack4) -> Pack4 {
        // Square root and division run beside the multiplications, and are exact to rounding.
        self.div(self.splat(1.0), self.sqrt(x))
    }

    #[inline(always)]
    fn abs(self, x: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_andnot_pd(_mm256_set1_pd(-0.0), x.0) })
    }

    #[inline(always)]
    fn max(self, x: Pack4, y: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_max_pd(x.0, y.0) })
    }

    #[inline(always)]
    fn select_greater(self, x: Pack4, y: Pack4, yes: Pack4, no: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe { _mm256_blendv_pd(no.0, yes.0, _mm256_cmp_pd::<_CMP_GT_OQ>(x.0, y.0)) })
    }

    #[inline(always)]
    fn any_greater(self, x: Pack4, y: Pack4) -> bool {
        // SAFETY: intrinsic.
        unsafe { _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(x.0, y.0)) != 0 }
    }

    #[inline(always)]
    fn copysign(self, magnitude: Pack4, sign: Pack4) -> Pack4 {
        // SAFETY: intrinsic.
        Pack4(unsafe {
            let mask = _mm256_set1_pd(-0.0);
            _mm256_or_pd(_mm256_andnot_pd(mask, magnitude.0), _mm256_and_pd(mask, sign.0))
        })
    }
}
