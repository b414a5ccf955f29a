//! The procedural macro behind `overlap::overlap_system!`: a thin shell around `overlap-codegen`.

#![forbid(unsafe_code)]

use proc_macro::TokenStream;

/// Declares a system; called by the facade's `overlap_system!`, which passes its own path first.
#[proc_macro]
pub fn overlap_system(input: TokenStream) -> TokenStream {
    overlap_codegen::expand(input.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
