//! From equations to Rust: loops over lanes, or straight-line code for small systems.

mod jacobian;
mod lanes;
mod patterns;
mod pulls;
mod straight;
mod words;
mod write;

pub use jacobian::jacobian;
pub use lanes::lanes;
pub use pulls::pulls;
pub use straight::straight;
pub use words::{WordsCode, words};

pub use overlap_layout::{MAX_LANES, SIDE_BY_SIDE, Shape as Sizes};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};

pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A floating-point literal.
pub(crate) fn literal(value: f64) -> TokenStream {
    use std::f64::consts::{FRAC_1_PI, FRAC_2_PI};
    let size = match value.abs() {
        FRAC_1_PI => quote!(::core::f64::consts::FRAC_1_PI),
        FRAC_2_PI => quote!(::core::f64::consts::FRAC_2_PI),
        // Without a row of zeros.
        other if other > 0.0 && other < 1e-6 => {
            let digits = format!("{other:e}").parse::<Literal>();
            digits.unwrap_or_else(|_| Literal::f64_unsuffixed(other)).to_token_stream()
        }
        other => Literal::f64_unsuffixed(other).to_token_stream(),
    };
    if value.is_sign_negative() { quote!(-#size) } else { quote!(#size) }
}

/// An index or size, without a suffix.
pub(crate) fn count(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}
