//! The equations of a system whose expectations are integrated at run time: definitions, no closed forms.

use super::content::{marks, setting, title};
use super::document::{Block, Document, Piece, Right, Section};
use crate::activation::Activations;
use overlap_layout::Shape;

/// The equations, and where they come from.
pub(super) fn documents(
    activations: Activations<'_>,
    name: &str,
    shape: Shape,
    nodes: usize,
) -> [Document; 2] {
    let n = marks(activations)[1];
    let error = || Block::formula("E", format!("Σ_n c_n σ{n}(λ_n)")).by("error without the label noise");
    let mut motion = vec![
        Block::prose(format!(
            "Expectations by Gauss-Hermite quadrature with {nodes} nodes in every dimension."
        )),
        error(),
        Block::formula("dM_ri/dt", "γ s a_i E[E σ'(λ_i) λ_r]"),
        Block::equation(
            "dQ_jl/dt",
            vec![Right::Line(
                [
                    "γ s a_j E[E σ'(λ_j) λ_l] + γ s a_l E[E σ'(λ_l) λ_j]",
                    " + (γ² s² a_j a_l/b) E[(E² + Δ) σ'(λ_j) σ'(λ_l)]",
                ]
                .map(|text| Piece::Fixed(text.to_owned()))
                .into(),
            )],
        ),
    ];
    if shape.trained {
        motion.push(Block::formula("da_i/dt", "γ_a s E[E σ(λ_i)]"));
    }
    motion.push(Block::formula("R", "½ E[E²] + Δ/2").by("risk"));
    let steps = vec![
        Block::prose(
            "A step of SGD adds `(γ s a_i/√d) (E + √Δ ζ) σ'(λ_i) x`, averaged over a batch, to `w_i`. The overlap `q_im = w_i·w_m/d` with a \
             node `m` whose weights stay moves by",
        ),
        Block::formula("dq_im/dt", "γ s a_i E[E σ'(λ_i) λ_m]"),
        Block::prose(
            "With time steps of `1/d` this is the rate. Of two students the square of the step stays as well, because `|x|²/d` → 1:",
        ),
        Block::formula(
            "(γ² s² a_j a_l/b) E[(E + √Δ ζ)² σ'(λ_j) σ'(λ_l)]",
            "(γ² s² a_j a_l/b) E[(E² + Δ) σ'(λ_j) σ'(λ_l)]",
        ),
        Block::prose(
            "None of these expectations has a closed form for the activations of this system: they are integrated numerically.",
        ),
    ];
    let title = title(name, shape);
    [
        Document {
            title: title.clone(),
            sections: vec![
                Section { heading: "Setting", blocks: setting(activations, shape) },
                Section { heading: "Equations of motion", blocks: motion },
            ],
            breaks_summands: false,
        },
        Document {
            title,
            sections: vec![Section { heading: "Derivation", blocks: steps }],
            breaks_summands: false,
        },
    ]
}
