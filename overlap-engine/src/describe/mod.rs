//! The equations as people read them, from the expressions that the code is emitted from.
//!
//! `content` and `derivation` say what is shown, as a document of sentences, typed formulas and expressions; `text`,
//! `latex` and `html` give it a style.

mod content;
mod derivation;
mod document;
mod html;
mod latex;
mod naming;
mod numerical;
mod text;
mod typeset;

use crate::activation::Activations;
use crate::equations::Equations;
use crate::expr::{Pool, Style};
use content::Shown;
use document::Document;
pub use naming::Names;
use overlap_layout::Shape;

/// The system's equations in all styles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// With Greek letters, `√` and superscripts.
    pub text: String,
    /// The same in plain ASCII.
    pub ascii: String,
    /// One `align*` environment of amsmath.
    pub latex: String,
    /// A self-contained page with the equations, their derivation and references.
    pub html: String,
    /// The steps from the risk to the equations, as text.
    pub derivation: String,
}

impl Description {
    /// Every text with the name of a file for it: text, ASCII, LaTeX, HTML, derivation.
    pub fn files(&self, name: &str) -> [(String, &str); 5] {
        [
            (format!("{name}.txt"), &self.text),
            (format!("{name}.ascii.txt"), &self.ascii),
            (format!("{name}.tex"), &self.latex),
            (format!("{name}.html"), &self.html),
            (format!("{name}.derivation.txt"), &self.derivation),
        ]
    }
}

/// Describes a system of that name and size.
pub fn describe(
    equations: &mut Equations<'_>,
    activations: Activations<'_>,
    name: &str,
    shape: Shape,
) -> Description {
    let shown = Shown::new(equations);
    let mut document = content::document(equations, activations, name, shape, &shown);
    let mut derivation = derivation::document(equations, activations, name, shape, &shown);
    if activations.are_error_functions() {
        // These have the names that their derivation gives them.
        return in_all_styles(document, derivation, &equations.pool, name, shape);
    }
    // What is named in print stays out of what code is made of.
    let mut pool = equations.pool.clone();
    let names = Names::new(&mut pool, equations);
    for document in [&mut document, &mut derivation] {
        names.apply(&mut pool, document);
        document.breaks_summands = true;
    }
    in_all_styles(document, derivation, &pool, name, shape)
}

/// Describes a system whose expectations are integrated at run time, with so many nodes in every dimension.
pub fn describe_numerical(
    activations: Activations<'_>,
    name: &str,
    shape: Shape,
    nodes: usize,
) -> Description {
    let [document, derivation] = numerical::documents(activations, name, shape, nodes);
    in_all_styles(document, derivation, &Pool::new(), name, shape)
}

fn in_all_styles(
    mut document: Document,
    derivation: Document,
    pool: &Pool,
    name: &str,
    Shape { k, p, .. }: Shape,
) -> Description {
    let units = format!(
        "{name}: r = 1..{k} teachers, i, j, l = 1..{p} students, m, n = 1..{} nodes, teachers first",
        k + p
    );
    let [text, ascii] = [Style::Text, Style::Ascii].map(|style| text::text(&document, pool, style));
    let latex = latex::latex(&document, pool, &units);
    let steps = text::text(&derivation, pool, Style::Text);
    document.sections.extend(derivation.sections);
    document.sections.push(content::references());
    Description { text, ascii, latex, html: html::html(&document, pool), derivation: steps }
}
