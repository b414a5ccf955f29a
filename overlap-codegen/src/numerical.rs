//! `quadrature = N`: systems whose expectations the runtime integrates numerically, for smooth activations.

use crate::emit::{count, ident, literal};
use crate::spec::Specification;
use overlap_engine::activation::{Activation, Variant};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The value of the runtime's `Activation`, relative to that type.
pub(crate) fn variant(activation: &dyn Activation) -> TokenStream {
    let (name, parameter) = match activation.runtime() {
        Variant::Plain(name) => return ident(name).into_token_stream(),
        Variant::Number(name, value) => (name, literal(value)),
        Variant::Degree(name, degree) => (name, count(degree).into_token_stream()),
        Variant::Polynomial(values) => {
            let values = values.into_iter().map(literal);
            ("polynomial", quote!(&[#(#values),*]))
        }
    };
    let name = ident(name);
    quote!(#name(#parameter))
}

/// The body of `impl System` that differs from a system in closed form: right-hand side and risk.
pub(crate) fn methods(path: &syn::Path, specification: &Specification, nodes: usize) -> TokenStream {
    let activations = specification.activations();
    let (student, teacher) = (variant(activations.student), variant(activations.teacher));
    let nodes = count(nodes);
    let rule = quote! {
        static RULE: ::std::sync::OnceLock<#path::generated::Quadrature> = ::std::sync::OnceLock::new();
        let rule = RULE.get_or_init(|| #path::generated::Quadrature::new(#nodes));
        let activations = [#path::Activation::#student, #path::Activation::#teacher];
    };
    let shape = quote! {
        let shape = #path::System::shape(self);
    };
    let jacobian = specification.declaration.jacobian.map(|_| {
        quote! {
            fn has_jacobian(&self) -> ::core::primitive::bool {
                true
            }
            fn jacobian(
                &self,
                parameters: &#path::Parameters,
                state: &[::core::primitive::f64],
                jacobian: &mut [::core::primitive::f64],
            ) -> ::core::primitive::bool {
                #rule
                #shape
                rule.jacobian(shape, activations, parameters, state, jacobian);
                true
            }
        }
    });
    quote! {
        #jacobian
        fn right_hand_side(
            &self,
            parameters: &#path::Parameters,
            state: &[::core::primitive::f64],
            derivative: &mut [::core::primitive::f64],
        ) {
            #rule
            #shape
            rule.right_hand_side(shape, activations, parameters, state, derivative)
        }
        fn risk(
            &self,
            parameters: &#path::Parameters,
            state: &[::core::primitive::f64],
        ) -> ::core::primitive::f64 {
            #rule
            #shape
            rule.risk(shape, activations, parameters, state)
        }
        fn pulls(&self) -> ::core::option::Option<#path::generated::Pulls> {
            ::core::option::Option::Some(::std::sync::Arc::new(|with, overlaps| {
                #rule
                rule.pulls(activations, with, overlaps)
            }))
        }
    }
}
