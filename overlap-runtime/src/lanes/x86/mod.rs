//! Packs for AVX2 and AVX-512, and the entry points that enable them.
//!
//! Here, in its parts and in `neon` is all unsafe code. Two reasons occur, named at each block:
//! - *intrinsic*: an instruction of the pack's own instruction set. The pack and token types are public but only
//!   [`run`] and [`run_wide`] make tokens, given a [`Usable`] level, which only detection makes, and every operation takes a token or a
//!   pack made from one.
//! - *bounds*: a load or store of memory whose bounds the slice index beside it has just checked.

use super::{Kernel, Level, Portable, Usable, run_baseline};

/// Proof that the machine has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(());

/// Proof that the machine has AVX-512 F and DQ (and AVX2, FMA).
#[derive(Debug, Clone, Copy)]
pub struct Avx512(());

/// Runs `kernel` at `level`.
#[inline]
pub(super) fn run<K: Kernel>(level: Usable, kernel: K) -> K::Output {
    match level.level() {
        Level::Avx2 => {
            // SAFETY: a `Usable` is made only where the machine was found to have its level: AVX2 and FMA are there.
            unsafe { run_avx2(kernel) }
        }
        Level::Avx512 => {
            // SAFETY: as above, for AVX-512 F and DQ.
            unsafe { run_avx512(kernel) }
        }
        _ => run_baseline(Portable, kernel),
    }
}

/// As [`run`], with nothing done at the baseline.
#[inline]
pub(super) fn run_wide<K: Kernel>(level: Usable, kernel: K) -> Option<K::Output> {
    match level.level() {
        Level::Avx2 => {
            // SAFETY: as in `run`.
            Some(unsafe { run_avx2(kernel) })
        }
        Level::Avx512 => {
            // SAFETY: as in `run`.
            Some(unsafe { run_avx512(kernel) })
        }
        _ => None,
    }
}

#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

#[target_feature(enable = "avx2,fma,avx512f,avx512dq")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

/// An operator of a pack type as one intrinsic.
macro_rules! operator {
    ($pack:ident, $trait:ident, $method:ident, $intrinsic:ident) => {
        impl $trait for $pack {
            type Output = $pack;
            #[inline(always)]
            fn $method(self, other: $pack) -> $pack {
                // SAFETY: intrinsic.
                $pack(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    };
}

mod avx2;
mod avx512;
