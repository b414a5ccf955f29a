//! The run-time choice of instruction set.

use crate::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// What every machine of the target has.
    Baseline,
    /// aarch64 with NEON, which every such machine has.
    Neon,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F and DQ.
    Avx512,
}

/// A level this machine was found to have: what unsafe code relies on. No other code makes one.
#[derive(Clone, Copy)]
pub(super) struct Usable(Level);

/// The level in use; `u8::MAX` until it is first asked for. Written by [`Usable::store`] alone.
static CURRENT: AtomicU8 = AtomicU8::new(u8::MAX);

const VARIABLE: &str = "OVERLAP_SIMD";

impl Usable {
    pub(super) const BASELINE: Usable = Usable(Level::Baseline);

    /// The level, where this machine has it.
    #[inline]
    pub(super) fn detect(level: Level) -> Option<Self> {
        level.is_available().then_some(Usable(level))
    }

    /// The level in use.
    #[inline]
    pub(super) fn current() -> Self {
        match CURRENT.load(Ordering::Relaxed) {
            0 => Usable(Level::Baseline),
            1 => Usable(Level::Neon),
            2 => Usable(Level::Avx2),
            3 => Usable(Level::Avx512),
            _ => Usable::choose(),
        }
    }

    #[inline]
    pub(super) fn level(self) -> Level {
        self.0
    }

    fn store(self) -> Self {
        CURRENT.store(self.0 as u8, Ordering::Relaxed);
        self
    }

    #[cold]
    fn choose() -> Self {
        let asked = asked().ok().flatten().and_then(Usable::detect);
        let widest = || Level::ALL.into_iter().rev().find_map(Usable::detect);
        asked.or_else(widest).unwrap_or(Usable::BASELINE).store()
    }
}

/// What the environment variable asks for, read once; its value where that is no level of this machine.
fn asked() -> Result<Option<Level>, &'static str> {
    static ASKED: OnceLock<Result<Option<Level>, String>> = OnceLock::new();
    let asked = ASKED.get_or_init(|| match std::env::var_os(VARIABLE) {
        None => Ok(None),
        Some(value) => named(&value.to_string_lossy()),
    });
    asked.as_ref().copied().map_err(String::as_str)
}

/// The level of a word, `None` for an empty one.
fn named(word: &str) -> Result<Option<Level>, String> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = Level::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(word));
    known.filter(|level| level.is_available()).map(Some).ok_or_else(|| word.to_owned())
}

impl Level {
    /// Every level of this build, narrowest first.
    pub const ALL: [Level; 4] = [Level::Baseline, Level::Neon, Level::Avx2, Level::Avx512];

    /// The word for it in `OVERLAP_SIMD` and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Baseline => "baseline",
            Level::Neon => "neon",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        match self {
            Level::Baseline => true,
            Level::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => {
                Level::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// The level [`dispatch`](super::dispatch) uses: the one the environment variable `OVERLAP_SIMD` names (`baseline`,
    /// `neon`, `avx2`, `avx512`, in any case), else the widest this machine has. Read once. A wrong value counts as
    /// none here; [`check`](Self::check) refuses it.
    #[inline]
    pub fn current() -> Level {
        Usable::current().level()
    }

    /// The [`current`](Self::current) level. Everything that solves or simulates asks this first (by
    /// [`Parameters::new`](crate::Parameters::new)).
    ///
    /// # Errors
    /// [`Error::Invalid`] where `OVERLAP_SIMD` names no instruction set, or one this machine does not have.
    pub fn check() -> Result<Level, Error> {
        match asked() {
            Ok(_) => Ok(Level::current()),
            Err(value) => Err(Level::refusal(value)),
        }
    }

    fn refusal(value: &str) -> Error {
        let usable = Level::ALL.into_iter().filter(|level| level.is_available());
        let words = usable.map(Level::name).collect::<Vec<_>>().join(", ");
        let known = Level::ALL.into_iter().any(|level| level.name().eq_ignore_ascii_case(value));
        let why = if known { "this machine does not have it" } else { "what this machine has" };
        Error::invalid(VARIABLE, value, format!("one of {words} ({why}), or unset for the widest"))
    }

    /// Makes [`dispatch`](super::dispatch) use this level from now on, in every thread: for tests and benchmarks that
    /// compare levels. Whether this machine has it; if not, nothing changes.
    #[doc(hidden)]
    pub fn force(self) -> bool {
        Usable::detect(self).map(Usable::store).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_variable() {
        for level in Level::ALL {
            for word in [level.name().to_owned(), level.name().to_uppercase()] {
                assert_eq!(named(&word).ok(), level.is_available().then_some(Some(level)), "{word}");
            }
        }
        assert_eq!(named(""), Ok(None));
        for word in ["foo", "avx", "avx2 ", "sse2", "AVX-512"] {
            assert_eq!(named(word), Err(word.to_owned()));
            let text = Level::refusal(word).to_string();
            assert!(
                text.starts_with(&format!("OVERLAP_SIMD = {word}, but it must be one of baseline")),
                "{text}"
            );
        }
        if let Some(lacking) = Level::ALL.into_iter().find(|level| !level.is_available()) {
            assert!(Level::refusal(lacking.name()).to_string().contains("(this machine does not have it)"));
            assert!(!lacking.force());
        }
    }
}
