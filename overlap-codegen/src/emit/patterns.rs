//! The noise of SGD where I4 has a form of its own for equal nodes: loops over students and nodes around one block of
//! straight-line code for every pattern of coincidences.

use super::straight::Straight;
use super::write::parameter_tokens;
use super::{count, ident};
use overlap_engine::equations::{Equations, J, L};
use overlap_engine::expr::Expr;
use overlap_engine::symbol::{Index, Kind, Parameter, Symbol};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// noise[δ][j] = Σ_nm c_n c_m I4(j, l, n, m) + Δ J2(j, l), as the loop form over lanes has it.
pub(super) fn noise(equations: &mut Equations<'_>) -> TokenStream {
    let (mut four_point, mut labels) = (Vec::new(), Vec::new());
    for equal in [true, false] {
        let label = equations.label(J, if equal { J } else { L });
        let (code, value) = block(equations, &[label]);
        labels.push(quote!(#equal => { let s = One(s); #(#code)* #(#value)* }));
    }
    for (pattern, kinds, nodes) in patterns(equations.activations.kinds()) {
        let value = equations.four_point(nodes);
        let (code, value) = block(equations, &[value]);
        let arm = arm(pattern, kinds);
        four_point.push(quote!(#arm => { let s = One(s); #(#code)* #(#value)* }));
    }
    let noise = parameter_tokens(Parameter::Noise);
    quote! {
        // Noise of SGD: pairs of students j, l = j + δ, one form for every pattern of equal nodes.
        let mut noise = [[0.0; LINE]; BAND];
        for delta in 0..BAND {
            for student in 0..if 2 * delta == P { delta } else { P } {
                let (j, l) = (K + student, K + if student + delta < P { student + delta } else { student + delta - P });
                let label = match j == l { #(#labels)* };
                let mut sum = #noise * label;
                for n in 0..N {
                    for m in 0..n + 1 {
                        let [first, second, third] = coincidences(j, l, n, m);
                        let value = match (first, second, third, n < K, m < K) {
                            #(#four_point)*
                            _ => 0.0,
                        };
                        let times = if n == m { 1.0 } else { 2.0 };
                        sum += times * nodes.c[n] * nodes.c[m] * value;
                    }
                }
                noise[delta][student] = sum;
            }
        }
    }
}

/// Straight-line code for expressions of nodes by role: statements and values.
pub(super) fn block(equations: &mut Equations<'_>, exprs: &[Expr]) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let load = |symbol: &Symbol| match symbol {
        Symbol::Overlap(a, b) => {
            let name = ident(&format!("q_{a}{b}"));
            let (a, b) = (ident(&a.to_string()), ident(&b.to_string()));
            (Some::<Ident>(name), quote!(nodes.omega[#a][#b]))
        }
        _ => unreachable!("expectations depend on overlaps only"),
    };
    Straight::new(equations, &load).block(exprs)
}

/// The match arm of a pattern of coincidences.
pub(super) fn arm(pattern: [usize; 3], kinds: [Kind; 2]) -> TokenStream {
    let [l, n, m] = pattern.map(count);
    let [n_is_teacher, m_is_teacher] = kinds.map(is_teacher);
    quote!((#l, #n, #m, #n_is_teacher, #m_is_teacher))
}

/// The pattern of `node < K`.
pub(super) fn is_teacher(kind: Kind) -> TokenStream {
    match kind {
        Kind::Node => quote!(_),
        Kind::Teacher => quote!(true),
        Kind::Student => quote!(false),
    }
}

/// A pattern of equal nodes among j, l, n, m: for l, n, m the number of the first distinct node they equal, as the
/// runtime's `coincidences` counts; the kinds of n and m; and the nodes.
pub(super) type Pattern = ([usize; 3], [Kind; 2], [Index; 4]);

/// All patterns with m ≤ n in every kind; teachers, where they differ from students, equal no student.
pub(super) fn patterns(kinds: &[Kind]) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for l in 0..2 {
        for &kind_n in kinds {
            for n in 0..=l + 1 {
                if n <= l && kind_n == Kind::Teacher {
                    continue;
                }
                let distinct = l.max(n);
                for &kind_m in kinds {
                    for m in 0..=distinct + 1 {
                        // m equals a student, or n, or nothing before it.
                        let equals_n = m == n;
                        if (equals_n && kind_m != kind_n)
                            || (!equals_n && m <= distinct && kind_m == Kind::Teacher)
                        {
                            continue;
                        }
                        if kind_n == Kind::Teacher && kind_m == Kind::Student {
                            // Teachers come first, and m ≤ n.
                            continue;
                        }
                        let new_n = Index::Role(kind_n, 'n');
                        let mut representatives = vec![J];
                        if l == 1 {
                            representatives.push(L);
                        }
                        if n == representatives.len() {
                            representatives.push(new_n);
                        }
                        if m == representatives.len() {
                            representatives.push(Index::Role(kind_m, 'm'));
                        }
                        let nodes = [J, representatives[l], representatives[n], representatives[m]];
                        patterns.push(([l, n, m], [kind_n, kind_m], nodes));
                    }
                }
            }
        }
    }
    patterns
}
