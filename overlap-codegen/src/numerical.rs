//! `quadrature = N`: systems whose expectations the runtime integrates numerically, for smooth activations.

use crate::activation::Activation;
use crate::describe::Description;
use crate::emit::{Sizes, count};
use crate::spec::Specification;
use proc_macro2::TokenStream;
use quote::quote;

/// The largest number of nodes in a dimension.
pub(crate) const MAX_NODES: usize = 100;

/// Why an activation is not for Gauss-Hermite quadrature, if so.
pub(crate) fn not_smooth(activation: &dyn Activation) -> Option<String> {
    let name = activation.name();
    matches!(name.as_str(), "relu" | "sign").then(|| {
        format!("`{name}` is not smooth, Gauss-Hermite quadrature converges too slowly for it; its closed forms need no `quadrature`")
    })
}

/// The body of `impl System` that differs from a system in closed form: right-hand side and risk.
pub(crate) fn methods(path: &syn::Path, specification: &Specification, nodes: usize) -> TokenStream {
    let activations = specification.activations();
    let (student, teacher) = (activations.student.runtime(), activations.teacher.runtime());
    let nodes = count(nodes);
    let rule = quote! {
        static RULE: ::std::sync::OnceLock<#path::generated::Quadrature> = ::std::sync::OnceLock::new();
        let rule = RULE.get_or_init(|| #path::generated::Quadrature::new(#nodes));
        let activations = [#path::Activation::#student, #path::Activation::#teacher];
        let shape = #path::System::shape(self);
    };
    quote! {
        fn right_hand_side(
            &self,
            parameters: &#path::Parameters,
            state: &[::core::primitive::f64],
            derivative: &mut [::core::primitive::f64],
        ) {
            #rule
            rule.right_hand_side(shape, activations, parameters, state, derivative)
        }
        fn risk(
            &self,
            parameters: &#path::Parameters,
            state: &[::core::primitive::f64],
        ) -> ::core::primitive::f64 {
            #rule
            rule.risk(shape, activations, parameters, state)
        }
    }
}

/// The equations: definitions, no closed forms.
pub(crate) fn describe(specification: &Specification, nodes: usize) -> Description {
    let activations = specification.activations();
    let (name, Sizes { k, p, trained }) = (&specification.name, specification.sizes);
    let [student, teacher] = [activations.student.formula(), activations.teacher.formula()];
    let layer = if trained { "trained" } else { "fixed" };
    let readout = if trained { "  da_i/dt = γ_a s E[E σ(λ_i)]\n" } else { "" };
    let text = format!(
        "\
{name}: overlap dynamics of one-pass SGD, k = {k} teacher units, p = {p} student units, second layer {layer}

Setting
  activation of students σ(x) = {}, of teachers σ*(x) = {}
  teacher y = s* Σ_r a*_r σ*(λ*_r) + √Δ ζ, student f = s Σ_i a_i σ(λ_i), λ = w·x/√d, x ~ N(0, I_d)
  overlaps Ω = [[P, M], [Mᵀ, Q]]; fields λ ~ N(0, Ω); error E = y - f without the label noise

Equations of motion, expectations by Gauss-Hermite quadrature with {nodes} nodes in every dimension
  dM_ri/dt = γ s a_i E[E σ'(λ_i) λ*_r]
  dQ_jl/dt = γ s a_j E[E σ'(λ_j) λ_l] + γ s a_l E[E σ'(λ_l) λ_j] + (γ² s² a_j a_l / b) E[(E² + Δ) σ'(λ_j) σ'(λ_l)]
{readout}  R = ½ E[E²] + Δ/2
",
        student[0], teacher[0]
    );
    let mut rows = vec![
        format!("\\sigma(x) &= {}, \\quad \\sigma^*(x) = {}", student[1], teacher[1]),
        "E &= s^* \\sum_r a^*_r \\sigma^*(\\lambda^*_r) - s \\sum_i a_i \\sigma(\\lambda_i)".to_owned(),
        "\\frac{dM_{ri}}{dt} &= \\gamma s a_i \\mathbb{E}[E \\sigma'(\\lambda_i) \\lambda^*_r]".to_owned(),
        "\\frac{dQ_{jl}}{dt} &= \\gamma s a_j \\mathbb{E}[E \\sigma'(\\lambda_j) \\lambda_l] + \\gamma s a_l \\mathbb{E}[E \
         \\sigma'(\\lambda_l) \\lambda_j] + \\frac{\\gamma^2 s^2 a_j a_l}{b} \\mathbb{E}[(E^2 + \\Delta) \\sigma'(\\lambda_j) \
         \\sigma'(\\lambda_l)]"
            .to_owned(),
    ];
    if trained {
        rows.push("\\frac{da_i}{dt} &= \\gamma_a s \\mathbb{E}[E \\sigma(\\lambda_i)]".to_owned());
    }
    rows.push("R &= \\frac{1}{2} \\mathbb{E}[E^2] + \\frac{\\Delta}{2}".to_owned());
    let latex = format!(
        "% {name}: expectations by Gauss-Hermite quadrature with {nodes} nodes\n\\begin{{align*}}\n{}\n\\end{{align*}}\n",
        rows.join(" \\\\\n")
    );
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title></head>\n<body><pre>{text}</pre></body></html>\n"
    );
    let ascii = ascii(&text);
    Description { derivation: text.clone(), text, ascii, latex, html }
}

/// Greek letters and signs spelt out.
fn ascii(text: &str) -> String {
    const WORDS: [(char, &str); 19] = [
        ('σ', "sigma"),
        ('λ', "lambda"),
        ('Σ', "Sum"),
        ('√', "sqrt"),
        ('Δ', "Delta"),
        ('ζ', "zeta"),
        ('Ω', "Omega"),
        ('γ', "gamma"),
        ('ᵀ', "^T"),
        ('·', "."),
        ('²', "^2"),
        ('³', "^3"),
        ('½', "1/2"),
        ('⁴', "^4"),
        ('⁵', "^5"),
        ('⁶', "^6"),
        ('∞', "inf"),
        ('π', "pi"),
        ('–', "-"),
    ];
    text.chars()
        .map(|c| {
            WORDS.iter().find(|(other, _)| *other == c).map_or(c.to_string(), |(_, word)| (*word).to_owned())
        })
        .collect()
}
