//! The Jacobian where expectations have forms of their own for nodes of one direction: one block of straight-line code for
//! every pattern of directions, which computes the expectation with its derivatives by the overlaps of the nodes.

use super::{rate_derivative, rates, rows};
use crate::emit::patterns::{arm, block, directions, is_teacher, matched};
use crate::emit::write::parameter_tokens;
use crate::emit::{Sizes, ident};
use overlap_engine::equations::{Equations, I};
use overlap_engine::schedule::{self, Form, Forms, Pulls};
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
    let functions = Pulls::expectations(equations, n);
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
    let (code, values) = block(&schedule::block(equations, &exprs));
    quote! {
        let s = One(s);
        #code
        #(#places[n][student] = #values;)*
    }
}

/// What the noise of SGD adds to the rows of Q.
pub(super) fn noise(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let rows = super::noise::rows(equations, sizes);
    let delta = parameter_tokens(Parameter::Noise);
    let forms = Forms::new(equations, true);
    let labels = [true, false].into_iter().zip(&forms.labels).map(|(one_student, form)| {
        let code = derivatives(form, &quote!(rate * #delta));
        quote!(#one_student => { #code })
    });
    let labels: Vec<TokenStream> = labels.collect();
    let four_point = forms.cases.iter().map(|(pattern, form)| {
        let code = derivatives(form, &quote!(rate * times * nodes.c[n] * nodes.c[m]));
        let arm = arm(pattern);
        quote!(#arm => { #code })
    });
    let four_point: Vec<TokenStream> = four_point.collect();
    let rate = rate_derivative(equations, equations.noise.rate, None);
    let by_c = sizes.trained.then(|| {
        quote! {
            rows.by_c[n][lane] += rate * times * nodes.c[m] * expectation;
            rows.by_c[m][lane] += rate * times * nodes.c[n] * expectation;
        }
    });
    let (directions, matched) = (directions(&forms), matched());
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
fn derivatives(form: &Form, weight: &TokenStream) -> TokenStream {
    let places = form.by.iter().map(|pair| {
        let [a, b] = pair.map(|index| ident(&index.to_string()));
        quote!(columns.of(#a, #b))
    });
    let (code, values) = block(&form.block);
    let (value, derivatives) = values.split_first().expect("the expectation");
    quote! {
        let s = One(s);
        #code
        let weight = #weight;
        #(row[#places] += weight * #derivatives;)*
        #value
    }
}
