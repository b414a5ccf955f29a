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
pub use straight::{cost, straight};
pub use words::{WordsCode, words};

use overlap_engine::expr::Rational;
pub use overlap_layout::{MAX_LANES, SIDE_BY_SIDE, Shape as Sizes};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn temporary(number: usize) -> Ident {
    format_ident!("t{number}")
}

/// A floating-point literal.
pub(crate) fn literal(value: f64) -> TokenStream {
    use std::f64::consts::{FRAC_1_PI, FRAC_2_PI};
    let size = match value.abs() {
        FRAC_1_PI => quote!(::core::f64::consts::FRAC_1_PI),
        FRAC_2_PI => quote!(::core::f64::consts::FRAC_2_PI),
        other => Literal::f64_unsuffixed(other).to_token_stream(),
    };
    if value.is_sign_negative() { quote!(-#size) } else { quote!(#size) }
}

/// An index or size, without a suffix.
pub(crate) fn count(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

fn is_one(value: Rational) -> bool {
    value == Rational::ONE
}

/// x * y * ...
fn times(factors: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    let mut product = TokenStream::new();
    for factor in factors {
        if !product.is_empty() {
            product.extend(quote!(*));
        }
        product.extend(factor);
    }
    product
}
