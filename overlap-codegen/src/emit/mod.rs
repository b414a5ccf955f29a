//! From equations to Rust: loops over lanes, or straight-line code for small systems.

mod jacobian;
mod lanes;
mod nest;
mod parts;
mod patterns;
mod pulls;
mod scalar;
mod straight;
mod words;

pub use jacobian::jacobian;
pub use lanes::lanes;
pub use pulls::pulls;
pub use straight::{cost, straight};
pub use words::{WordsCode, words};

use crate::expr::Rational;
use crate::symbol::{Index, Kind};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};

/// The widest pack of any instruction set, in doubles: the runtime's constant of this name.
pub const MAX_LANES: usize = 8;

/// The packs evaluated side by side in loops: the runtime's constant of this name.
pub const SIDE_BY_SIDE: usize = 4;

/// Sizes that generated code is specialised to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Teacher units.
    pub k: usize,
    /// Student units.
    pub p: usize,
    /// Whether the second layer is part of the state.
    pub trained: bool,
}

impl Sizes {
    /// k + p.
    pub fn nodes(self) -> usize {
        self.k + self.p
    }

    /// Length of the state vector, the runtime's `Shape::dim`.
    pub fn dim(self) -> usize {
        self.k * self.p + self.p * (self.p + 1) / 2 + if self.trained { self.p } else { 0 }
    }

    /// How many nodes a role runs over.
    fn units(self, role: Index) -> usize {
        match role.kind() {
            Kind::Node => self.nodes(),
            Kind::Teacher => self.k,
            Kind::Student => self.p,
        }
    }

    /// Position of a node's index: teachers first.
    fn node(self, position: usize) -> Index {
        let unit = |value: usize| u16::try_from(value).expect("sizes are bounded by the specification");
        if position < self.k {
            Index::Teacher(unit(position))
        } else {
            Index::Student(unit(position - self.k))
        }
    }
}

fn ident(name: &str) -> Ident {
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

/// over / under, where under may be empty.
fn quotient(over: TokenStream, under: Vec<TokenStream>) -> TokenStream {
    match &under[..] {
        [] => over,
        [single] => quote!(#over / #single),
        _ => {
            let under = times(under);
            quote!(#over / (#under))
        }
    }
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
