//! Packs of AVX-512: eight doubles, sixteen floats.

use super::super::Simd;
use super::Avx512;
use std::arch::x86_64::*;
use std::ops::{Add, Mul, Neg, Sub};

/// Eight doubles in an AVX-512 register.
#[derive(Debug, Clone, Copy)]
pub struct Pack8(__m512d);

/// Eight 64-bit words in an AVX-512 register.
#[derive(Debug, Clone, Copy)]
pub struct Bits8(__m512i);

operator!(Pack8, Add, add, _mm512_add_pd);
operator!(Pack8, Sub, sub, _mm512_sub_pd);
operator!(Pack8, Mul, mul, _mm512_mul_pd);

impl Neg for Pack8 {
    type Output = Pack8;
    #[inline(always)]
    fn neg(self) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_xor_pd(self.0, _mm512_set1_pd(-0.0)) })
    }
}

/// Sixteen single-precision numbers in an AVX-512 register.
#[derive(Debug, Clone, Copy)]
pub struct Floats16(__m512);

operator!(Floats16, Add, add, _mm512_add_ps);
operator!(Floats16, Sub, sub, _mm512_sub_ps);
operator!(Floats16, Mul, mul, _mm512_mul_ps);

impl Simd for Avx512 {
    const LANES: usize = 8;
    type Pack = Pack8;
    type Bits = Bits8;
    type Floats = Floats16;

    #[inline(always)]
    fn splat_f32(self, value: f32) -> Floats16 {
        // SAFETY: intrinsic.
        Floats16(unsafe { _mm512_set1_ps(value) })
    }

    #[inline(always)]
    fn load_f32(self, values: &[f32], at: usize) -> Floats16 {
        let values = &values[at..at + 2 * Self::LANES];
        // SAFETY: intrinsic, bounds.
        Floats16(unsafe { _mm512_loadu_ps(values.as_ptr()) })
    }

    #[inline(always)]
    fn store_f32(self, floats: Floats16, values: &mut [f32], at: usize) {
        let values = &mut values[at..at + 2 * Self::LANES];
        // SAFETY: intrinsic, bounds.
        unsafe { _mm512_storeu_ps(values.as_mut_ptr(), floats.0) }
    }

    #[inline(always)]
    fn add_mul_f32(self, x: Floats16, a: Floats16, b: Floats16) -> Floats16 {
        // SAFETY: intrinsic.
        Floats16(unsafe { _mm512_fmadd_ps(a.0, b.0, x.0) })
    }

    #[inline(always)]
    fn sqrt_f32(self, x: Floats16) -> Floats16 {
        // SAFETY: intrinsic.
        Floats16(unsafe { _mm512_sqrt_ps(x.0) })
    }

    #[inline(always)]
    fn max_f32(self, x: Floats16, y: Floats16) -> Floats16 {
        // SAFETY: intrinsic.
        Floats16(unsafe { _mm512_max_ps(x.0, y.0) })
    }

    #[inline(always)]
    fn f32_from_bits(self, bits: Bits8) -> Floats16 {
        // SAFETY: intrinsic.
        Floats16(unsafe { _mm512_castsi512_ps(bits.0) })
    }

    #[inline(always)]
    fn f32_to_bits(self, floats: Floats16) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_castps_si512(floats.0) })
    }

    #[inline(always)]
    fn splat_bits(self, value: u64) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_set1_epi64(value as i64) })
    }

    #[inline(always)]
    fn load_bits(self, values: &[u64], at: usize) -> Bits8 {
        let values = &values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        Bits8(unsafe { _mm512_loadu_si512(values.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store_bits(self, bits: Bits8, values: &mut [u64], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), bits.0) }
    }

    #[inline(always)]
    fn to_bits(self, pack: Pack8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_castpd_si512(pack.0) })
    }

    #[inline(always)]
    fn from_bits(self, bits: Bits8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_castsi512_pd(bits.0) })
    }

    #[inline(always)]
    fn and(self, x: Bits8, y: Bits8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_and_si512(x.0, y.0) })
    }

    #[inline(always)]
    fn or(self, x: Bits8, y: Bits8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_or_si512(x.0, y.0) })
    }

    #[inline(always)]
    fn xor(self, x: Bits8, y: Bits8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_xor_si512(x.0, y.0) })
    }

    #[inline(always)]
    fn add_bits(self, x: Bits8, y: Bits8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_add_epi64(x.0, y.0) })
    }

    #[inline(always)]
    fn shl<const N: i32>(self, x: Bits8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_sll_epi64(x.0, _mm_cvtsi32_si128(N)) })
    }

    #[inline(always)]
    fn shr<const N: i32>(self, x: Bits8) -> Bits8 {
        // SAFETY: intrinsic.
        Bits8(unsafe { _mm512_srl_epi64(x.0, _mm_cvtsi32_si128(N)) })
    }

    #[inline(always)]
    fn splat(self, value: f64) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_set1_pd(value) })
    }

    #[inline(always)]
    fn load(self, values: &[f64], at: usize) -> Pack8 {
        let values = &values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        Pack8(unsafe { _mm512_loadu_pd(values.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, pack: Pack8, values: &mut [f64], at: usize) {
        let values = &mut values[at..at + Self::LANES];
        // SAFETY: intrinsic, bounds.
        unsafe { _mm512_storeu_pd(values.as_mut_ptr(), pack.0) }
    }

    #[inline(always)]
    fn add_mul(self, x: Pack8, a: Pack8, b: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_fmadd_pd(a.0, b.0, x.0) })
    }

    #[inline(always)]
    fn sub_mul(self, x: Pack8, a: Pack8, b: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_fnmadd_pd(a.0, b.0, x.0) })
    }

    #[inline(always)]
    fn add_mul_1(self, x: f64, a: f64, b: f64) -> f64 {
        a.mul_add(b, x)
    }

    #[inline(always)]
    fn div(self, x: Pack8, y: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_div_pd(x.0, y.0) })
    }

    #[inline(always)]
    fn sqrt(self, x: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_sqrt_pd(x.0) })
    }

    #[inline(always)]
    fn rsqrt(self, x: Pack8) -> Pack8 {
        // 14 bits from the table, then one step of fourth order: with e = 1 - x y², 1/√x = y (1 - e)^(-½) and
        // (1 - e)^(-½) = 1 + e/2 + 3e²/8 + 5e³/16 + O(e⁴), e < 2⁻¹³.
        // SAFETY: intrinsic.
        let y = Pack8(unsafe { _mm512_rsqrt14_pd(x.0) });
        let e = self.sub_mul(self.splat(1.0), x * y, y);
        let mut series = self.add_mul(self.splat(0.375), self.splat(0.3125), e);
        series = self.add_mul(self.splat(0.5), series, e);
        self.add_mul(y, y * e, series)
    }

    #[inline(always)]
    fn abs(self, x: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_abs_pd(x.0) })
    }

    #[inline(always)]
    fn max(self, x: Pack8, y: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_max_pd(x.0, y.0) })
    }

    #[inline(always)]
    fn select_greater(self, x: Pack8, y: Pack8, yes: Pack8, no: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe { _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_GT_OQ>(x.0, y.0), no.0, yes.0) })
    }

    #[inline(always)]
    fn any_greater(self, x: Pack8, y: Pack8) -> bool {
        // SAFETY: intrinsic.
        unsafe { _mm512_cmp_pd_mask::<_CMP_GT_OQ>(x.0, y.0) != 0 }
    }

    #[inline(always)]
    fn copysign(self, magnitude: Pack8, sign: Pack8) -> Pack8 {
        // SAFETY: intrinsic.
        Pack8(unsafe {
            let mask = _mm512_set1_pd(-0.0);
            _mm512_or_pd(_mm512_andnot_pd(mask, magnitude.0), _mm512_and_pd(mask, sign.0))
        })
    }
}
