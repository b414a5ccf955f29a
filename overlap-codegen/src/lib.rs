//! From declarations of `overlap` to Rust: an ordinary library, tested like one.
//!
//! Tokens become a [`spec::Specification`]; the engine (`overlap-engine`) gives its equations; [`emit`] lowers them to Rust.
//!
//! # Reading what it makes
//!
//! `cargo run -p overlap-codegen --example expand -- 'k = 2, p = 2, act = erf'` prints the formatted expansion, and with
//! a second word `text`, `ascii`, `latex`, `html` or `derivation` the texts about the system. Built with
//! `OVERLAP_EXPAND=FOLDER` in the environment, every `overlap_system!` writes both to files there.

#![forbid(unsafe_code)]

pub mod emit;
pub mod spec;

mod dump;
mod expand;
mod numerical;

pub use expand::{expand, expand_for_reading};
