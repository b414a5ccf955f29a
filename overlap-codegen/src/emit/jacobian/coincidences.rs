//! The Jacobian where expectations have forms of their own for nodes of one direction: one block of straight-line code for
//! every pattern of directions, which computes the expectation with its derivatives by the overlaps of the nodes.

use super::{rate_derivative, rates, rows};
use crate::emit::patterns::{block, directions, is_teacher, matched, patterns};
use crate::emit::write::parameter_tokens;
use crate::emit::{Sizes, ident};
use overlap_engine::equations::{Equations, I, J, L};
use overlap_engine::expr::{Expr, Node, Rational};
use overlap_engine::symbol::{Index, Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// The gradient flow, as the loops over lanes leave it.
pub(super) fn flow(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let (rates, rows) = (rates(equations), rows(equations, sizes));
    let mut arms = vec![(quote!((true, _)), pulls(equations, sizes, I))];
    for &kind in equations.activations.kinds() {
        let teacher = is_teacher(kind);
        arms.push((quote!((false, #teacher)), pulls(equations, sizes, Index::Role(kind, 'n'))));
    }
    let arms = arms.into_iter().map(|(pattern, code)| quote!(#pattern => { #code }));
    let readout = sizes.trained.then(|| quote!(let mut readout = Gradient::<N, ROW>::zero();));
    quote! {
        // Gradient flow: students i and nodes n.
        let mut flow = Flow::<N, ROW>::zero();
        #readout
        for student in 0..P {
            let i = K + student;
            for n in 0..N {
                match (n == i, n < K) { #(#arms)* }
                flow.own_sum[student] += nodes.c[n] * flow.own.value[n][student];
                flow.own_by_ii[student] += nodes.c[n] * flow.own.by_ii[n][student];
            }
        }
        flow.repeat(P);
        #rates
        #rows
    }
}

/// K2(i, n), J2(i, n) and, for a trained second layer, I2(i, n), with their derivatives.
fn pulls(equations: &mut Equations<'_>, sizes: Sizes, n: Index) -> TokenStream {
    let names = [quote!(flow.own), quote!(flow.other), quote!(readout)];
    let functions = equations.at_coincidence(I, n);
    let (mut places, mut exprs) = (Vec::new(), Vec::new());
    for (name, function) in names.into_iter().zip(functions).take(if sizes.trained { 3 } else { 2 }) {
        let apart = [("by_ii", I, I), ("by_in", I, n), ("by_nn", n, n)];
        let variables = if n == I { &apart[..1] } else { &apart[..] };
        places.push(quote!(#name.value));
        exprs.push(function);
        for &(field, a, b) in variables {
            let field = ident(field);
            places.push(quote!(#name.#field));
            exprs.push(equations.pool.differentiate(function, &Symbol::overlap(a, b)));
        }
    }
    let (code, values) = block(equations, &exprs);
    quote! {
        let s = One(s);
        #(#code)*
        #(#places[n][student] = #values;)*
    }
}

/// What the noise of SGD adds to the rows of Q.
pub(super) fn noise(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let rows = super::noise::rows(equations, sizes);
    let labels: Vec<TokenStream> = [true, false]
        .map(|equal| {
            let l = if equal { J } else { L };
            let label = equations.label(J, l);
            let delta = parameter_tokens(Parameter::Noise);
            let code = derivatives(equations, label, &[J, l], &quote!(rate * #delta));
            quote!(#equal => { #code })
        })
        .into();
    let mut four_point = Vec::new();
    let kinds = equations.activations.kinds();
    for pattern in patterns(kinds) {
        let expr = equations.four_point_along(pattern.nodes, pattern.firsts);
        let code =
            derivatives(equations, expr, &pattern.nodes, &quote!(rate * times * nodes.c[n] * nodes.c[m]));
        let arm = pattern.arm();
        four_point.push(quote!(#arm => { #code }));
    }
    let delta = parameter_tokens(Parameter::Noise);
    let rate = rate_derivative(equations, equations.noise.rate, None);
    let by_c = sizes.trained.then(|| {
        quote! {
            rows.by_c[n][lane] += rate * times * nodes.c[m] * expectation;
            rows.by_c[m][lane] += rate * times * nodes.c[n] * expectation;
        }
    });
    let (directions, matched) = (directions(kinds), matched());
    quote! {
        // Noise of SGD: pairs of students j, l = j + δ.
        #directions
        for delta in 0..BAND {
            let count = if 2 * delta == P { delta } else { P };
            let mut j = 0;
            while j < count {
                let lanes = S::LANES.min(count - j);
                let (mut rates, mut value, mut label): (Lanes, Lanes, Lanes) =
                    ([0.0; MAX_LANES], [0.0; MAX_LANES], [0.0; MAX_LANES]);
                // dQ_jl is the flow of j along l, that of l along j, and the noise.
                let mut rows = Rows::<N>::zero();
                rows.add_flow(s, &flow, &nodes, j, Along::Students(j + delta));
                rows.swap();
                rows.add_flow(s, &flow, &nodes, j + delta, Along::Students(j));
                rows.swap();
                for lane in 0..lanes {
                    let j = j + lane;
                    let (l, position) = pair::<K, P>(j, delta);
                    let row = &mut jacobian[position * COLUMNS..][..COLUMNS];
                    let rate = #rate;
                    rates[lane] = rate;
                    {
                        let (j, l) = (K + j, K + l);
                        label[lane] = match j == l { #(#labels)* };
                        value[lane] = #delta * label[lane];
                        for n in 0..N {
                            for m in 0..n + 1 {
                                let times = if n == m { 1.0 } else { 2.0 };
                                let expectation = match #matched {
                                    #(#four_point)*
                                    _ => 0.0,
                                };
                                value[lane] += times * nodes.c[n] * nodes.c[m] * expectation;
                                #by_c
                            }
                        }
                    }
                    rows.add_to_row(row, columns, [K + j, K + l], lane);
                    #rows
                }
                j += S::LANES;
            }
        }
    }
}

/// Code that adds the derivatives of an expectation by the overlaps of its nodes, times a weight, to a row, and has the
/// expectation as its value.
fn derivatives(
    equations: &mut Equations<'_>,
    expectation: Expr,
    nodes: &[Index],
    weight: &TokenStream,
) -> TokenStream {
    let mut distinct: Vec<Index> = Vec::new();
    for &node in nodes {
        if !distinct.contains(&node) {
            distinct.push(node);
        }
    }
    let (mut places, mut exprs) = (Vec::new(), vec![expectation]);
    for (position, &a) in distinct.iter().enumerate() {
        for &b in &distinct[..=position] {
            let derivative = equations.pool.differentiate(expectation, &Symbol::overlap(a, b));
            if *equations.pool.node(derivative) == Node::Rational(Rational::ZERO) {
                continue;
            }
            let [a, b] = [a, b].map(|index| ident(&index.to_string()));
            places.push(quote!(columns.of(#a, #b)));
            exprs.push(derivative);
        }
    }
    let (code, values) = block(equations, &exprs);
    let (value, derivatives) = values.split_first().expect("the expectation");
    quote! {
        let s = One(s);
        #(#code)*
        let weight = #weight;
        #(row[#places] += weight * #derivatives;)*
        #value
    }
}
