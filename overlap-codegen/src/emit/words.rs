//! Straight-line code as functions over the runtime's `Words`: one text for one problem and for eight side by side.

use super::{Sizes, count};
use proc_macro2::TokenStream;
use quote::quote;

/// The parts of a straight-line system.
#[derive(Debug, Default)]
pub struct WordsCode {
    /// The functions, and the kernel that runs them for problems side by side.
    pub items: TokenStream,
    /// Body of the kernel of one right-hand side.
    pub right_hand_side: TokenStream,
    /// Body of the kernel of one risk.
    pub risk: TokenStream,
    /// The method of `System` for problems side by side.
    pub side_by_side: TokenStream,
}

/// Wraps the two bodies of [`straight`](super::straight); without `side_by_side` they may call functions of one problem.
pub fn words(
    path: &syn::Path,
    right_hand_side: &TokenStream,
    risk: &TokenStream,
    sizes: Sizes,
    side_by_side: bool,
) -> WordsCode {
    let Sizes { k, p, .. } = sizes;
    let [dim, k, p, k_k] = [sizes.dim(), k, p, k * k].map(count);
    // Lengths once, instead of a test at every index.
    let sized = quote! {
        let (state, teacher_overlaps) = (&state[..#dim], &parameters.teacher_overlaps[..#k_k]);
        let (a_star, a) = (&parameters.a_star[..#k], &parameters.a[..#p]);
    };
    // One text for every kind of number, or for doubles only.
    let (generic, words, cell, number) = if side_by_side {
        (quote!(W: Words), quote!(W), quote!(W::Cell), quote!(W::Number))
    } else {
        (quote!(S: Simd), quote!(One<S>), quote!(f64), quote!(f64))
    };
    let functions = quote! {
        #[inline(always)]
        fn right_hand_side<#generic>(
            s: #words, parameters: &Parameters<#cell>, state: &[#cell], derivative: &mut [#cell],
        ) {
            #sized
            let derivative = &mut derivative[..#dim];
            #right_hand_side
        }

        #[inline(always)]
        fn risk<#generic>(s: #words, parameters: &Parameters<#cell>, state: &[#cell]) -> #number {
            #sized
            #risk
        }
    };
    let kernel = quote! {
        pub(super) struct SideBySide<'a> {
            pub(super) parameters: &'a Parameters<Octet>,
            pub(super) state: &'a [Octet],
            pub(super) derivative: &'a mut [Octet],
        }

        impl Kernel for SideBySide<'_> {
            type Output = ();

            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                let mut at = 0;
                while at < MAX_LANES {
                    right_hand_side(Many { s, at }, self.parameters, self.state, self.derivative);
                    at += S::LANES;
                }
            }
        }
    };
    let method = quote! {
        fn side_by_side(
            &self,
            parameters: &#path::Parameters<#path::generated::Octet>,
            state: &[#path::generated::Octet],
            derivative: &mut [#path::generated::Octet],
        ) -> ::core::primitive::bool {
            #path::generated::dispatch_wide(kernels::SideBySide { parameters, state, derivative }).is_some()
        }
    };
    let (kernel, method) = if side_by_side { (kernel, method) } else { (quote!(), quote!()) };
    WordsCode {
        items: quote!(#functions #kernel),
        right_hand_side: quote!(right_hand_side(One(s), parameters, state, derivative);),
        risk: quote!(risk(One(s), parameters, state)),
        side_by_side: method,
    }
}
