//! The noise of SGD where I4 has a form of its own for nodes of one direction: loops over students and nodes around one
//! block of straight-line code for every pattern of directions.

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
    let kinds = equations.activations.kinds();
    for pattern in patterns(kinds) {
        let value = equations.four_point_along(pattern.nodes, pattern.firsts);
        let (code, value) = block(equations, &[value]);
        let arm = pattern.arm();
        four_point.push(quote!(#arm => { let s = One(s); #(#code)* #(#value)* }));
    }
    let noise = parameter_tokens(Parameter::Noise);
    let (directions, matched) = (directions(kinds), matched());
    quote! {
        // Noise of SGD: pairs of students j, l = j + δ, one form for every pattern of nodes of one direction.
        #directions
        let mut noise = [[0.0; LINE]; BAND];
        for delta in 0..BAND {
            for student in 0..if 2 * delta == P { delta } else { P } {
                let (j, l) = (K + student, K + if student + delta < P { student + delta } else { student + delta - P });
                let label = match j == l { #(#labels)* };
                let mut sum = #noise * label;
                for n in 0..N {
                    for m in 0..n + 1 {
                        let value = match #matched {
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

/// The pattern of `node < K`.
pub(super) fn is_teacher(kind: Kind) -> TokenStream {
    match kind {
        Kind::Node => quote!(_),
        Kind::Teacher => quote!(true),
        Kind::Student => quote!(false),
    }
}

/// Which of the nodes j, l, n, m have one direction, and whether j and l are one node.
pub(super) struct Pattern {
    /// For l, n, m the number of the first direction they have, as the runtime's `Directions` counts.
    directions: [usize; 3],
    /// Whether l is j.
    one_student: bool,
    /// The kinds of n and m.
    kinds: [Kind; 2],
    /// The nodes.
    pub(super) nodes: [Index; 4],
    /// The first node of the direction of each.
    pub(super) firsts: [Index; 4],
}

impl Pattern {
    /// The match arm.
    pub(super) fn arm(&self) -> TokenStream {
        let [l, n, m] = self.directions.map(count);
        let [n_is_teacher, m_is_teacher] = self.kinds.map(is_teacher);
        // Only where the directions are one it matters whether the students are.
        let one_student = if self.directions[0] == 0 {
            let one_student = self.one_student;
            quote!(#one_student)
        } else {
            quote!(_)
        };
        quote!((#one_student, [#l, #n, #m], #n_is_teacher, #m_is_teacher))
    }
}

/// What the patterns are matched with.
pub(super) fn matched() -> TokenStream {
    quote!((j == l, directions.pattern(j, l, n, m), n < K, m < K))
}

/// The table that `matched` looks into. Teachers with an activation of their own share no step with students.
pub(super) fn directions(kinds: &[Kind]) -> TokenStream {
    let apart = if kinds.len() > 1 { quote!(K) } else { quote!(0) };
    quote!(let directions = Directions::<N>::new(&nodes.omega, #apart);)
}

/// All patterns with m ≤ n in every kind; teachers, where they differ from students, share no direction with a student.
pub(super) fn patterns(kinds: &[Kind]) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (l, one_student) in [(0, true), (0, false), (1, false)] {
        let second = if one_student { J } else { L };
        for &kind_n in kinds {
            for n in 0..=l + 1 {
                if n <= l && kind_n == Kind::Teacher {
                    continue;
                }
                let distinct = l.max(n);
                for &kind_m in kinds {
                    for m in 0..=distinct + 1 {
                        // m is along a student, or along n, or along nothing before it.
                        let along_n = m == n;
                        if (along_n && kind_m != kind_n)
                            || (!along_n && m <= distinct && kind_m == Kind::Teacher)
                        {
                            continue;
                        }
                        if kind_n == Kind::Teacher && kind_m == Kind::Student {
                            // Teachers come first, and m ≤ n.
                            continue;
                        }
                        let nodes = [J, second, Index::Role(kind_n, 'n'), Index::Role(kind_m, 'm')];
                        let directions = [0, l, n, m];
                        let firsts = directions.map(|direction| {
                            let first = directions.iter().position(|&other| other == direction);
                            nodes[first.expect("its own, at last")]
                        });
                        let directions = [l, n, m];
                        patterns.push(Pattern {
                            directions,
                            one_student,
                            kinds: [kind_n, kind_m],
                            nodes,
                            firsts,
                        });
                    }
                }
            }
        }
    }
    patterns
}
