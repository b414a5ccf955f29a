//! The noise of SGD where I4 has a form of its own for nodes of one direction: loops over students and nodes around one
//! block of straight-line code for every pattern of directions.

use super::write::parameter_tokens;
use super::{count, ident};
use overlap_engine::schedule::{Block, Forms, Pattern};
use overlap_engine::symbol::{Kind, Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// noise[δ][j] = Σ_nm c_n c_m I4(j, l, n, m) + Δ J2(j, l), as the loop form over lanes has it.
pub(super) fn noise(forms: &Forms) -> TokenStream {
    let code = |code: &Block| {
        let (code, value) = block(code);
        quote!({ let s = One(s); #code #(#value)* })
    };
    let labels = [true, false].into_iter().zip(&forms.labels).map(|(one_student, form)| {
        let code = code(&form.block);
        quote!(#one_student => #code)
    });
    let four_point = forms.cases.iter().map(|(pattern, form)| {
        let (arm, code) = (arm(pattern), code(&form.block));
        quote!(#arm => #code)
    });
    let noise = parameter_tokens(Parameter::Noise);
    let (directions, matched) = (directions(forms), matched());
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

/// Straight-line code of a form: statements and values.
pub(super) fn block(block: &Block) -> (TokenStream, Vec<TokenStream>) {
    super::straight::block(block, &|symbol| match symbol {
        Symbol::Overlap(a, b) => {
            let (a, b) = (ident(&a.to_string()), ident(&b.to_string()));
            quote!(nodes.omega[#a][#b])
        }
        _ => unreachable!("expectations depend on overlaps only"),
    })
}

/// The pattern of `node < K`.
pub(super) fn is_teacher(kind: Kind) -> TokenStream {
    match kind {
        Kind::Node => quote!(_),
        Kind::Teacher => quote!(true),
        Kind::Student => quote!(false),
    }
}

/// The match arm of a pattern.
pub(super) fn arm(pattern: &Pattern) -> TokenStream {
    let [l, n, m] = pattern.directions.map(count);
    let [n_is_teacher, m_is_teacher] = pattern.kinds.map(is_teacher);
    // Only where the directions are one it matters whether the students are.
    let one_student = if pattern.directions[0] == 0 {
        let one_student = pattern.one_student;
        quote!(#one_student)
    } else {
        quote!(_)
    };
    quote!((#one_student, [#l, #n, #m], #n_is_teacher, #m_is_teacher))
}

/// What the patterns are matched with.
pub(super) fn matched() -> TokenStream {
    quote!((j == l, directions.pattern(j, l, n, m), n < K, m < K))
}

/// The table that `matched` looks into. Teachers with an activation of their own share no step with students.
pub(super) fn directions(forms: &Forms) -> TokenStream {
    let apart = if forms.teachers_apart { quote!(K) } else { quote!(0) };
    quote!(let directions = Directions::<N>::new(&nodes.omega, #apart);)
}
