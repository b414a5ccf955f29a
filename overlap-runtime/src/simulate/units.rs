//! The activation and its derivative for packs of local fields.

use crate::Activation;
use crate::simd::Simd;

/// σ(λ) and σ'(λ).
#[inline(always)]
pub(super) fn activate<S: Simd>(s: S, activation: Activation, field: S::Pack) -> (S::Pack, S::Pack) {
    match activation {
        Activation::Erf => {
            let (erf, gaussian) = s.erf_and_gaussian(field);
            // √(2/π) exp(-λ²/2)
            let height = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
            (erf, s.splat(height) * gaussian)
        }
    }
}
