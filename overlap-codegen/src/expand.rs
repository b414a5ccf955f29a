//! The whole way from the macro's tokens to the declared system.

use crate::dump;
use crate::emit::{Sizes, WordsCode, count, jacobian, lanes, pulls, straight, words};
use crate::numerical::{self, variant};
use crate::spec::Specification;
use overlap_engine::declaration::Unroll;
use overlap_engine::describe::{Description, describe, describe_numerical};
use overlap_engine::equations::{Equations, INEXACT};
use overlap_engine::schedule::cost;
use overlap_layout::Padded;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::parse::Parser;

/// Systems up to this cost, in arcsines per right-hand side, become straight-line code with `unroll = auto`: 126 are a
/// (3, 3) system. Beyond it the lanes of the loop form win; see docs/performance.md.
pub(crate) const STRAIGHT_UP_TO: usize = 126;

/// Systems up to this cost may be unrolled on request: beyond it the compiler needs minutes and gigabytes.
pub(crate) const UNROLL_AT_MOST: usize = 1000;

/// Tokens of the code of one system: more take compilers minutes and gigabytes, and in the end their stack (docs/activations.md).
const MOST_TOKENS: usize = 60_000;

/// The same where they are spread over several kernels or forms, and so are less work.
const MOST_TOKENS_SPREAD: usize = 120_000;

/// Entries a Jacobian may have, 64 MB: what it is put together from lives on the stack. (8, 64) has 6.8 million.
const JACOBIAN_AT_MOST: usize = 1 << 23;

/// Expands `crate_path; options`: the path of the facade crate as the caller sees it, then what the user wrote.
///
/// # Errors
/// All mistakes of the input, each at its token.
pub fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let parser = |stream: syn::parse::ParseStream<'_>| {
        let path = stream.parse::<syn::Path>()?;
        stream.parse::<syn::Token![;]>()?;
        Ok((path, stream.parse::<Specification>()?))
    };
    let (path, specification) = parser.parse2(input)?;
    let (description, code) = system(&path, &specification, Texts::Written)?;
    if let Some(folder) = std::env::var_os(dump::VARIABLE).filter(|folder| !folder.is_empty()) {
        let (_, code) = system(&path, &specification, Texts::Included)?;
        dump::write(std::path::Path::new(&folder), &specification.name.to_string(), &description, &code)
            .map_err(|message| syn::Error::new(proc_macro2::Span::call_site(), message))?;
    }
    Ok(code)
}

/// What a system expands to, for people: the code, with `include_str!` of `NAME.txt` and so on in place of the texts, and
/// the texts.
///
/// # Errors
/// As [`expand`].
pub fn expand_for_reading(input: TokenStream) -> syn::Result<(Description, TokenStream)> {
    let specification: Specification = syn::parse2(input)?;
    system(&syn::parse_quote!(::overlap), &specification, Texts::Included)
}

/// How the texts about a system get into its code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Texts {
    Written,
    /// From files beside the code, so that people see the code.
    Included,
}

impl Texts {
    /// Tokens of the texts, in the order of [`Description::files`].
    fn of(self, description: &Description, name: &str) -> [TokenStream; 5] {
        description.files(name).map(|(file, text)| match self {
            Texts::Written => quote!(#text),
            Texts::Included => quote!(::core::include_str!(#file)),
        })
    }
}

/// A system whose expectations are integrated at run time.
fn by_quadrature(
    path: &syn::Path,
    specification: &Specification,
    nodes: usize,
    texts: Texts,
) -> (Description, TokenStream) {
    let name = &specification.name;
    let (activations, sizes) = (specification.activations(), specification.sizes);
    let description = describe_numerical(activations, &name.to_string(), sizes, nodes);
    let texts = texts.of(&description, &name.to_string());
    let (declaration, common) = (declaration(specification, texts), common(path, specification));
    let methods = numerical::methods(path, specification, nodes);
    let code = quote! {
        #declaration

        #[allow(clippy::all)]
        const _: () = {
            impl #path::System for #name {
                #common
                #methods
            }
        };
    };
    (description, code)
}

fn system(
    path: &syn::Path,
    specification: &Specification,
    texts: Texts,
) -> syn::Result<(Description, TokenStream)> {
    if let Some(nodes) = specification.declaration.quadrature {
        return Ok(by_quadrature(path, specification, nodes, texts));
    }
    derived(path, specification, texts, specification.declaration.unroll)
}

/// A system in closed form.
fn derived(
    path: &syn::Path,
    specification: &Specification,
    texts: Texts,
    unroll: Unroll,
) -> syn::Result<(Description, TokenStream)> {
    let Specification { name, sizes, .. } = specification;
    let activations = specification.activations();
    let unsupported = |message: String| {
        let message = format!("{message}; `quadrature = 20` asks for the numerical one");
        syn::Error::new(specification.declaration.activation_at, message)
    };
    let mut equations = Equations::derive(activations).map_err(unsupported)?;
    let description = describe(&mut equations, activations, &name.to_string(), *sizes);
    let written = texts.of(&description, &name.to_string());
    let cost = cost(&equations, *sizes);
    // Which nodes have one direction is found while it runs, and then decides between forms.
    let branches = equations.by_coincidence && sizes.nodes() > 2;
    let unrolled = match unroll {
        _ if branches => false,
        Unroll::Never => false,
        Unroll::Auto => cost <= STRAIGHT_UP_TO,
        Unroll::Always if cost <= UNROLL_AT_MOST => true,
        Unroll::Always => {
            return Err(syn::Error::new(
                specification.declaration.unroll_at,
                format!(
                    "`unroll = always` would write out as much as {cost} arcsines, more than the {UNROLL_AT_MOST} a compiler takes \
                     in reasonable time; use `auto` or `never`"
                ),
            ));
        }
    };
    let WordsCode { items, right_hand_side, risk, side_by_side } = if unrolled {
        let (right_hand_side, risk) = straight(&mut equations, *sizes);
        words(path, &right_hand_side, &risk, *sizes, !equations.by_coincidence)
    } else {
        let (right_hand_side, risk) = lanes(&mut equations, *sizes);
        WordsCode { right_hand_side, risk, ..WordsCode::default() }
    };
    // Before the Jacobian: the slope of arcsin(1), a constant, is 0 times an infinite number there.
    if !equations.pool.is_exact() {
        return Err(unsupported(INEXACT.into()));
    }
    let constants = constants(*sizes, unrolled && specification.declaration.jacobian.is_none());
    let (jacobian_kernel, jacobian_method) = match specification.declaration.jacobian {
        Some(span) => jacobian_items(path, &mut equations, specification, span)?,
        None => (quote!(), quote!()),
    };
    let (pulls_kernel, pulls_method) = pulls_items(path, &mut equations);
    let (declaration, common) = (declaration(specification, written), common(path, specification));
    let code = quote! {
        #declaration

        #[allow(clippy::all)]
        const _: () = {
            // In a module of their own, where no name of the caller reaches them.
            mod kernels {
                // Methods of numbers are found in a crate without prelude, too.
                #[allow(unused_imports)]
                use ::core::prelude::v1::*;
                #[allow(unused_imports)]
                use ::core::primitive::{bool, f64, str, usize};
                #[allow(unused_imports)]
                use #path::generated::{
                    Directions, Kernel, MAX_LANES, Many, NodePairs, Nodes, Octet, One, Parameters, SIDE_BY_SIDE, Simd,
                    Words, four_signs, pair,
                };

                #constants
                #items

                pub(super) struct RightHandSide<'a> {
                    pub(super) parameters: &'a Parameters,
                    pub(super) state: &'a [f64],
                    pub(super) derivative: &'a mut [f64],
                }

                impl Kernel for RightHandSide<'_> {
                    type Output = ();

                    #[inline(always)]
                    fn run<S: Simd>(self, s: S) {
                        let RightHandSide { parameters, state, derivative } = self;
                        #right_hand_side
                    }
                }

                pub(super) struct Risk<'a> {
                    pub(super) parameters: &'a Parameters,
                    pub(super) state: &'a [f64],
                }

                impl Kernel for Risk<'_> {
                    type Output = f64;

                    #[inline(always)]
                    fn run<S: Simd>(self, s: S) -> f64 {
                        let Risk { parameters, state } = self;
                        #risk
                    }
                }

                #jacobian_kernel
                #pulls_kernel
            }

            impl #path::System for #name {
                #common
                fn right_hand_side(
                    &self,
                    parameters: &#path::Parameters,
                    state: &[::core::primitive::f64],
                    derivative: &mut [::core::primitive::f64],
                ) {
                    #path::generated::dispatch(kernels::RightHandSide { parameters, state, derivative })
                }
                fn risk(
                    &self,
                    parameters: &#path::Parameters,
                    state: &[::core::primitive::f64],
                ) -> ::core::primitive::f64 {
                    #path::generated::dispatch(kernels::Risk { parameters, state })
                }
                #side_by_side
                #jacobian_method
                #pulls_method
            }
        };
    };
    let tokens = count_tokens(code.clone());
    let spread = branches || specification.declaration.jacobian.is_some();
    let most = if spread { MOST_TOKENS_SPREAD } else { MOST_TOKENS };
    if tokens > most {
        // The arcsines are few, but polynomials of large degree stand between them.
        if unrolled && unroll == Unroll::Auto {
            return derived(path, specification, texts, Unroll::Never);
        }
        let [student, teacher] =
            [activations.student, activations.teacher].map(|activation| activation.name());
        return Err(unsupported(format!(
            "the code of `{student}` students and `{teacher}` teachers has {tokens} tokens, more than the {most} a compiler \
             takes in reasonable time: lower the degree, or derive the system at run time: `\"k = {}, p = {}, ...\".parse::<DynSystem>()`",
            sizes.k, sizes.p
        )));
    }
    Ok((description, code))
}

/// How many tokens there are, at all depths.
fn count_tokens(stream: TokenStream) -> usize {
    let of = |token| match token {
        TokenTree::Group(group) => 1 + count_tokens(group.stream()),
        _ => 1,
    };
    stream.into_iter().map(of).sum()
}

/// The declared type with its constants.
fn declaration(specification: &Specification, texts: [TokenStream; 5]) -> TokenStream {
    let Specification { attributes, visibility, name, sizes, .. } = specification;
    let activations = specification.activations();
    let (k, p, trained, dim) = (count(sizes.k), count(sizes.p), sizes.trained, count(sizes.dim()));
    let [text, ascii, latex, html, derivation] = texts;
    let summary = format!(
        "The overlap dynamics of one-pass SGD with k = {k} teacher units, p = {p} student units and σ = {}{}{}.",
        activations.student.name(),
        if activations.agree() { String::new() } else { format!(", σ* = {}", activations.teacher.name()) },
        if trained { ", second layer trained" } else { "" }
    );
    let doc = if attributes.iter().any(|attribute| attribute.path().is_ident("doc")) {
        quote!()
    } else {
        quote!(#[doc = #summary])
    };
    quote! {
        #(#attributes)*
        #doc
        #[::core::prelude::v1::derive(
            ::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy, ::core::default::Default,
            ::core::cmp::PartialEq, ::core::cmp::Eq, ::core::hash::Hash
        )]
        #visibility struct #name;

        #[allow(dead_code)]
        impl #name {
            /// Number of teacher units.
            pub const K: ::core::primitive::usize = #k;
            /// Number of student units.
            pub const P: ::core::primitive::usize = #p;
            /// Length of the state vector.
            pub const DIM: ::core::primitive::usize = #dim;
            /// The derived equations as text.
            pub const EQUATIONS: &'static ::core::primitive::str = #text;
            /// The derived equations in plain ASCII.
            pub const EQUATIONS_ASCII: &'static ::core::primitive::str = #ascii;
            /// The derived equations as LaTeX.
            pub const EQUATIONS_LATEX: &'static ::core::primitive::str = #latex;
            /// A self-contained HTML page: the equations, their derivation, references.
            pub const EQUATIONS_HTML: &'static ::core::primitive::str = #html;
            /// The derivation, step by step, as text.
            pub const DERIVATION: &'static ::core::primitive::str = #derivation;
        }
    }
}

/// The methods of `System` that say what the system is.
fn common(path: &syn::Path, specification: &Specification) -> TokenStream {
    let Specification { name, sizes, .. } = specification;
    let activations = specification.activations();
    let (k, p, trained, name_text) = (count(sizes.k), count(sizes.p), sizes.trained, name.to_string());
    let (student, teacher) = (variant(activations.student), variant(activations.teacher));
    let teacher_activation = (!activations.agree()).then(|| {
        quote! {
            fn teacher_activation(&self) -> #path::Activation {
                #path::Activation::#teacher
            }
        }
    });
    quote! {
        fn name(&self) -> &::core::primitive::str {
            #name_text
        }
        fn shape(&self) -> #path::Shape {
            #path::Shape { k: #k, p: #p, trained: #trained }
        }
        fn activation(&self) -> #path::Activation {
            #path::Activation::#student
        }
        #teacher_activation
        fn equations(&self) -> &::core::primitive::str {
            Self::EQUATIONS
        }
        fn equations_latex(&self) -> &::core::primitive::str {
            Self::EQUATIONS_LATEX
        }
        fn equations_ascii(&self) -> ::core::option::Option<&::core::primitive::str> {
            ::core::option::Option::Some(Self::EQUATIONS_ASCII)
        }
        fn equations_html(&self) -> ::core::option::Option<&::core::primitive::str> {
            ::core::option::Option::Some(Self::EQUATIONS_HTML)
        }
        fn derivation(&self) -> ::core::option::Option<&::core::primitive::str> {
            ::core::option::Option::Some(Self::DERIVATION)
        }
    }
}

/// The kernel and the method of `jacobian = true`, which was asked for at `span`.
fn jacobian_items(
    path: &syn::Path,
    equations: &mut Equations<'_>,
    specification: &Specification,
    span: proc_macro2::Span,
) -> syn::Result<(TokenStream, TokenStream)> {
    let sizes = specification.sizes;
    let columns = sizes.jacobian_columns();
    if sizes.dim() * columns > JACOBIAN_AT_MOST {
        return Err(syn::Error::new(
            span,
            format!(
                "the Jacobian of k = {}, p = {} has {} x {columns} entries, more than the {JACOBIAN_AT_MOST} it may have",
                sizes.k,
                sizes.p,
                sizes.dim()
            ),
        ));
    }
    let body = jacobian(equations, sizes);
    let kernel = quote! {
        #[allow(unused_imports)]
        use #path::generated::{Along, Columns, Flow, Gradient, Lanes, Rows};

        pub(super) struct Jacobian<'a> {
            pub(super) parameters: &'a Parameters,
            pub(super) state: &'a [f64],
            pub(super) jacobian: &'a mut [f64],
        }

        impl Kernel for Jacobian<'_> {
            type Output = ();

            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                let Jacobian { parameters, state, jacobian } = self;
                #body
            }
        }
    };
    let method = quote! {
        fn has_jacobian(&self) -> ::core::primitive::bool {
            true
        }
        fn jacobian(
            &self,
            parameters: &#path::Parameters,
            state: &[::core::primitive::f64],
            jacobian: &mut [::core::primitive::f64],
        ) -> ::core::primitive::bool {
            #path::generated::dispatch(kernels::Jacobian { parameters, state, jacobian });
            true
        }
    };
    Ok((kernel, method))
}

/// The kernel and the method of the expectations in the mean of a step of SGD, where the runtime needs them.
fn pulls_items(path: &syn::Path, equations: &mut Equations<'_>) -> (TokenStream, TokenStream) {
    let Some(body) = pulls(equations) else { return (quote!(), quote!()) };
    let kernel = quote! {
        use #path::generated::Partner;

        pub(super) struct Pulls {
            pub(super) with: Partner,
            pub(super) overlaps: [f64; 3],
        }

        impl Kernel for Pulls {
            type Output = [f64; 3];

            #[inline(always)]
            fn run<S: Simd>(self, s: S) -> [f64; 3] {
                let Pulls { with, overlaps } = self;
                let s = One(s);
                #body
            }
        }
    };
    let method = quote! {
        fn pulls(&self) -> ::core::option::Option<#path::generated::Pulls> {
            ::core::option::Option::Some(::std::sync::Arc::new(|with, overlaps| {
                #path::generated::dispatch(kernels::Pulls { with, overlaps })
            }))
        }
    };
    (kernel, method)
}

/// The sizes that loops refer to.
fn constants(sizes: Sizes, without: bool) -> TokenStream {
    if without {
        return quote!();
    }
    let Padded { wide, line, row, band } = Padded::new(sizes);
    let [k, p, nodes, wide, line, row, band] =
        [sizes.k, sizes.p, sizes.nodes(), wide, line, row, band].map(count);
    quote! {
        const K: usize = #k;
        const P: usize = #p;
        const N: usize = #nodes;
        const WIDE: usize = #wide;
        const LINE: usize = #line;
        const ROW: usize = #row;
        const BAND: usize = #band;
    }
}
