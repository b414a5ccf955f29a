//! The expectations that the mean of a step of SGD is made of, for simulations that know weights and no ODE.

use super::straight::Straight;
use crate::equations::{Equations, I};
use crate::expr::Expr;
use crate::gaussian::place;
use crate::symbol::{Index, Kind, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// K2(i, n), J2(i, n) and I2(i, n) as functions of `overlaps` = [q_ii, q_in, q_nn] and of `with`, what node n is. `None`
/// for error functions, whose forms the runtime has.
pub fn pulls(equations: &mut Equations<'_>) -> Option<TokenStream> {
    if equations.activations.are_error_functions() {
        return None;
    }
    let cases = if equations.activations.agree() {
        vec![(quote!(Partner::Teacher | Partner::Student), Index::Role(Kind::Node, 'n'))]
    } else {
        [(quote!(Partner::Teacher), Kind::Teacher), (quote!(Partner::Student), Kind::Student)]
            .map(|(pattern, kind)| (pattern, Index::Role(kind, 'n')))
            .into()
    };
    let arms = [(quote!(Partner::Itself), I)].into_iter().chain(cases).map(|(pattern, n)| {
        let exprs = expectations(equations, n);
        let load = |symbol: &Symbol| match symbol {
            Symbol::Overlap(a, b) => match (*a == I, *b == I) {
                (true, true) => (None, quote!(overlaps[0])),
                (false, false) => (None, quote!(overlaps[2])),
                _ => (None, quote!(overlaps[1])),
            },
            _ => unreachable!("expectations depend on overlaps only"),
        };
        let mut code = Straight::new(equations, &load);
        code.stages(&exprs);
        let values = exprs.map(|expr| code.value(expr));
        let statements = code.statements;
        quote!(#pattern => { #(#statements)* [#(#values),*] })
    });
    let arms: Vec<TokenStream> = arms.collect();
    Some(quote!(match with { #(#arms)* }))
}

fn expectations(equations: &mut Equations<'_>, n: Index) -> [Expr; 3] {
    if equations.by_coincidence {
        return equations.at_coincidence(I, n);
    }
    let force = equations.force_of(n);
    [force.own, force.other, force.two_point].map(|expr| place(&mut equations.pool, expr, &[(force.n, n)]))
}
