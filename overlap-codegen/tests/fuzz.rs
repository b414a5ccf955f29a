//! Damaged declarations: every one is refused with an error or becomes code; nothing panics, and nothing takes long or grows large.
//!
//! A short seeded run here; `OVERLAP_FUZZ_CASES=1000000 cargo test --release -p overlap-codegen --test fuzz` is the long one of
//! docs/reliability.md.

#[path = "../../tests/support/mutate.rs"]
mod mutate;

use mutate::{Draws, cases};
use proc_macro2::TokenStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

const CORPUS: [&str; 9] = [
    "k = 1, p = 1, act = erf",
    "pub Committee: k = 2, p = 1, act = erf(gain = 1.5), second_layer = trained",
    "k = 1, p = 2, act = relu, unroll = never",
    "k = 1, p = 1, act = hermite(2), teacher_act = sign, jacobian = true",
    "k = 1, p = 1, act = polynomial([0, 1, -0.5]), unroll = always",
    "k = 2, p = 2, act = linear, teacher_act = erf",
    "k = 1, p = 1, act = tanh, quadrature = 20",
    "#[doc = \"x\"] pub(crate) S: k = 1, p = 1, act = hermite(3), batch = 2",
    "k = 4, p = 8, act = relu, teacher_act = polynomial([1, 2, 3])",
];

#[test]
fn declarations() {
    let corpus = CORPUS.map(|text| text.as_bytes().to_vec());
    for case in 0..cases(400) {
        let bytes = Draws::new(case).damaged(&corpus);
        // What is no text, or no tokens, never reaches a macro.
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let Ok(tokens) = text.parse::<TokenStream>() else { continue };
        let expanded = catch_unwind(AssertUnwindSafe(|| overlap_codegen::expand_for_reading(tokens)));
        let Ok(result) = expanded else { panic!("case {case}: {text}") };
        if let Err(error) = result {
            assert!(error.into_iter().all(|one| !one.to_string().is_empty()), "case {case}: {text}");
        }
    }
}
