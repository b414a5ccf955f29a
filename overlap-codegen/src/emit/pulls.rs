//! The expectations that the mean of a step of SGD is made of, for simulations that know weights and no ODE.

use super::straight::block;
use overlap_engine::equations::{Equations, I};
use overlap_engine::schedule::{Block, Pulls};
use overlap_engine::symbol::{Index, Kind, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// K2(i, n), J2(i, n) and I2(i, n) as functions of `overlaps` = [q_ii, q_in, q_nn] and of `with`, what node n is. `None`
/// for error functions, whose forms the runtime has.
pub fn pulls(equations: &mut Equations<'_>) -> Option<TokenStream> {
    if equations.activations.are_error_functions() {
        return None;
    }
    let cases = equations.activations.kinds().iter().map(|&kind| {
        let pattern = match kind {
            Kind::Node => quote!(Partner::Teacher | Partner::Student),
            Kind::Teacher => quote!(Partner::Teacher),
            Kind::Student => quote!(Partner::Student),
        };
        (pattern, Index::Role(kind, 'n'))
    });
    let arms = [(quote!(Partner::Itself), I)].into_iter().chain(cases).map(|(pattern, n)| {
        let exprs = Pulls::expectations(equations, n);
        let given = |symbol: &Symbol| match symbol {
            Symbol::Overlap(a, b) => match (*a == I, *b == I) {
                (true, true) => quote!(overlaps[0]),
                (false, false) => quote!(overlaps[2]),
                _ => quote!(overlaps[1]),
            },
            _ => unreachable!("expectations depend on overlaps only"),
        };
        let (statements, values) = block(&Block::new(equations, &exprs, &|_| None), &given);
        quote!(#pattern => { #statements [#(#values),*] })
    });
    let arms: Vec<TokenStream> = arms.collect();
    Some(quote!(match with { #(#arms)* }))
}
