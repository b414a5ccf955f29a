//! The Jacobian of the right-hand side: loops over lanes at every size.
//!
//! Rows are entries of the state, columns the entries of the state, γ, Δ and P_rs. Every derivative is taken of the
//! same expressions that the right-hand side is made of. The gradient flow is differentiated directly; the noise, in
//! reverse ([`chain`]), so that all derivatives of one entry together cost little more than the entry. Equations that
//! have forms of their own for equal nodes are differentiated form by form ([`coincidences`]).

mod chain;
mod coincidences;
mod noise;

use super::write::{range, scalar, statements, tables, value};
use super::{Sizes, count, ident};
use overlap_engine::equations::{Equations, I, M};
use overlap_engine::expr::{Expr, Node, Rational};
use overlap_engine::schedule::{self, Level, Nest};
use overlap_engine::symbol::{Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// The body of the kernel that fills `jacobian`; what it sees is as in [`lanes`](super::lanes).
pub fn jacobian(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let trained = sizes.trained;
    let (flow, noise) = if equations.by_coincidence {
        (coincidences::flow(equations, sizes), coincidences::noise(equations, sizes))
    } else {
        (flow(equations, sizes), noise::noise(equations, sizes))
    };
    let dim = sizes.dim();
    let columns = count(sizes.jacobian_columns());
    let first_a = trained.then(|| {
        let first = count(sizes.a(0));
        quote!(const FIRST_A: usize = #first;)
    });
    let dim = count(dim);
    quote! {
        const DIM: usize = #dim;
        const COLUMNS: usize = #columns;
        #first_a
        let nodes = Nodes::<K, P, N, WIDE, LINE, ROW, BAND>::new(parameters, state, #trained);
        let columns = const { &Columns::<N>::new(K, P, #trained) };
        let jacobian = &mut jacobian[..DIM * COLUMNS];
        jacobian.fill(0.0);
        #flow
        #noise
    }
}

/// The gradient flow, dΩ_ib = rate_i Σ_n c_n (q_ib own + q_nb other), with what its rows are made of: lanes over students
/// i, continued periodically; and the rows of M and, where the second layer is trained, of a.
fn flow(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let (rates, rows) = (rates(equations), rows(equations, sizes));
    let forces = equations.forces.clone();
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &[], &mut counter);
    nest.want_roots_of_nodes();
    let mut loops = Vec::new();
    for force in forces {
        nest.enter(force.n, M);
        let mut functions =
            vec![(quote!(flow.own), force.own, true), (quote!(flow.other), force.other, false)];
        if sizes.trained {
            functions.push((quote!(readout), force.two_point, false));
        }
        let mut stores = Vec::new();
        for (name, function, is_own) in functions {
            let mut fields = vec![("value", function)];
            for (field, a, b) in [("by_ii", I, I), ("by_in", I, force.n), ("by_nn", force.n, force.n)] {
                fields.push((field, nest.pool().differentiate(function, &Symbol::overlap(a, b))));
            }
            for (field, expr) in fields {
                if *nest.pool().node(expr) == Node::Rational(Rational::ZERO) {
                    continue;
                }
                let (field_name, value) = (ident(field), value(&nest.value(expr, Level::Outer)));
                stores.push(quote!(s.store(#value, &mut #name.#field_name[n], i);));
                let sum = match field {
                    "value" => quote!(own_sum),
                    "by_ii" => quote!(own_by_ii),
                    _ => continue,
                };
                if is_own {
                    stores.push(quote!(#sum = s.add_mul(#sum, c_n, #value);));
                }
            }
        }
        let (range, at_n) = (range(force.n), statements(nest.at_n(force.n)));
        loops.push(quote! {
            for n in #range {
                let c_n = s.splat(nodes.c[n]);
                #at_n
                #(#stores)*
            }
        });
    }
    let (lane, roots) = (statements(&nest.lane), tables(&nest.roots_of_nodes));
    let readout = sizes.trained.then(|| quote!(let mut readout = Gradient::<N, ROW>::zero();));
    quote! {
        // Gradient flow: lanes are students i, up to p/2 of them twice, as rows are continued.
        let mut flow = Flow::<N, ROW>::zero();
        #readout
        #rates
        #roots
        let mut first = 0;
        while first < P + P / 2 {
            let i = first.min(LINE + P / 2 - S::LANES);
            #lane
            let (mut own_sum, mut own_by_ii) = (s.splat(0.0), s.splat(0.0));
            #(#loops)*
            s.store(own_sum, &mut flow.own_sum, i);
            s.store(own_by_ii, &mut flow.own_by_ii, i);
            first += S::LANES;
        }
        #rows
    }
}

/// The rates of all students.
fn rates(equations: &mut Equations<'_>) -> TokenStream {
    let rate = equations.flow_rate;
    let by_gamma = rate_derivative(equations, rate, Some(Symbol::Parameter(Parameter::Gamma)));
    let by_a = rate_derivative(equations, rate, Some(Symbol::Readout(I)));
    let rate = rate_derivative(equations, rate, None);
    quote! {
        for at in 0..ROW {
            let i = at % P;
            flow.rate[at] = #rate;
            flow.rate_by_gamma[at] = #by_gamma;
            flow.rate_by_a[at] = #by_a;
        }
    }
}

/// The rows of M, and of a.
fn rows(equations: &mut Equations<'_>, sizes: Sizes) -> TokenStream {
    let readout_rate = rate_derivative(equations, equations.readout_rate, None);
    let (by_second_layer, readout_rows) = if sizes.trained {
        (
            quote! {
                row[FIRST_A + i] += rows.by_a_i[lane];
                // c_l = -s a_l
                for l in 0..P {
                    row[FIRST_A + l] -= parameters.s * rows.by_c[K + l][lane];
                }
            },
            quote! {
                for i in 0..P {
                    let rate = #readout_rate;
                    let row = &mut jacobian[(FIRST_A + i) * COLUMNS..][..COLUMNS];
                    for n in 0..N {
                        let weight = rate * nodes.c[n];
                        row[columns.of(K + i, n)] += weight * readout.by_in[n][i];
                        row[columns.of(n, n)] += weight * readout.by_nn[n][i];
                        row[columns.of(K + i, K + i)] += weight * readout.by_ii[n][i];
                    }
                    for l in 0..P {
                        row[FIRST_A + l] -= parameters.s * rate * readout.value[K + l][i];
                    }
                }
            },
        )
    } else {
        (quote!(), quote!())
    };
    quote! {
        for r in 0..K {
            let mut i = 0;
            while i < P {
                let mut rows = Rows::<N>::zero();
                rows.add_flow(s, &flow, &nodes, i, Along::Teacher(r));
                for lane in 0..S::LANES.min(P - i) {
                    let i = i + lane;
                    let row = &mut jacobian[(r * P + i) * COLUMNS..][..COLUMNS];
                    rows.add_to_row(row, columns, [K + i, r], lane);
                    row[DIM] += rows.by_gamma[lane];
                    #by_second_layer
                }
                i += S::LANES;
            }
        }
        #readout_rows
    }
}

/// A rate, or its derivative by a symbol, in scalars.
fn rate_derivative(equations: &mut Equations<'_>, rate: Expr, by: Option<Symbol>) -> TokenStream {
    let pool = &mut equations.pool;
    let expr = by.map_or(rate, |symbol| pool.differentiate(rate, &symbol));
    scalar(&schedule::scalar(pool, expr))
}
