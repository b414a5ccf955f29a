//! Values and statements of the schedule as Rust.
//!
//! Packs are of the runtime's `Simd`, called `s`; quantities lie in its `Nodes`, called `nodes`.

use super::{count, ident, literal};
use overlap_engine::equations::{B, I, J, L};
use overlap_engine::schedule::{Loop, Operation, Statement, Table, Value};
use overlap_engine::symbol::{Index, Kind, Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// A pack.
pub(super) fn value(value: &Value) -> TokenStream {
    value_with(value, &given)
}

/// A pack, where given quantities are found elsewhere.
pub(super) fn value_with(value: &Value, given: &dyn Fn(&Symbol) -> TokenStream) -> TokenStream {
    let splat = |number: f64| {
        let number = literal(number);
        quote!(s.splat(#number))
    };
    tokens(value, given, &splat)
}

/// A value, from the tokens of given quantities and of numbers.
pub(super) fn tokens(
    value: &Value,
    given: &dyn Fn(&Symbol) -> TokenStream,
    number: &dyn Fn(f64) -> TokenStream,
) -> TokenStream {
    match value {
        Value::Number(value) => number(*value),
        Value::Given(symbol) => given(symbol),
        Value::Name(name) => {
            let name = ident(name);
            quote!(#name)
        }
        Value::Element(array, index) => {
            let (array, index) = (ident(array), index_tokens(*index));
            quote!(#array[#index])
        }
        Value::At(list, position) => {
            let (list, position) = (ident(list), count(*position));
            quote!(#list[#position])
        }
        Value::Tabulated(table, index) => {
            let table = ident(table);
            if *index == B { quote!(s.load(&#table, b)) } else { quote!(s.splat(#table[n])) }
        }
        Value::Of(operation, operands) => {
            let tokens: Vec<TokenStream> = operands.iter().map(|x| tokens(x, given, number)).collect();
            match (operation, &tokens[..]) {
                (Operation::Neg, [x]) if matches!(operands[0], Value::Of(..)) => quote!(-(#x)),
                (Operation::Neg, [x]) => quote!(-#x),
                (Operation::Add, [x, y]) => quote!(#x + #y),
                (Operation::Sub, [x, y]) => quote!(#x - #y),
                (Operation::Mul, [x, y]) => quote!(#x * #y),
                (Operation::FourSigns, correlations) => quote!(four_signs([#(#correlations),*])),
                (operation, operands) => {
                    let method = ident(method(*operation));
                    quote!(s.#method(#(#operands),*))
                }
            }
        }
    }
}

/// The method of `Simd`.
fn method(operation: Operation) -> &'static str {
    match operation {
        Operation::AddMul => "add_mul",
        Operation::SubMul => "sub_mul",
        Operation::Div => "div",
        Operation::Max => "max",
        Operation::Sqrt => "sqrt",
        Operation::Rsqrt => "rsqrt",
        Operation::Asin => "asin",
        Operation::AsinWithCosine => "asin_with_cosine",
        Operation::Add | Operation::Sub | Operation::Mul | Operation::Neg | Operation::FourSigns => {
            unreachable!("no methods")
        }
    }
}

/// A given quantity: of a lane a pack, else the same number in every lane.
pub(super) fn given(symbol: &Symbol) -> TokenStream {
    let lane = |index: Index| match index {
        _ if index == B => Some(quote!(b)),
        _ if [I, J, L].contains(&index) => {
            let student = index_tokens(index);
            Some(quote!(K + #student))
        }
        _ => None,
    };
    match *symbol {
        Symbol::Overlap(a, b) if (a.min(b), a.max(b)) == (J, L) => quote!(s.load(&nodes.band[delta], j)),
        Symbol::Overlap(a, b) => match (lane(a), lane(b)) {
            (Some(at), Some(_)) => quote!(s.load(&nodes.variance, #at)),
            (Some(at), None) => {
                let node = index_tokens(b);
                quote!(s.load(&nodes.omega[#node], #at))
            }
            (None, Some(at)) => {
                let node = index_tokens(a);
                quote!(s.load(&nodes.omega[#node], #at))
            }
            (None, None) => {
                // Ω is symmetric: row n, so that the loop over m runs along it.
                let (row, column) = (index_tokens(b), index_tokens(a));
                if a == b {
                    quote!(s.splat(nodes.variance[#row]))
                } else {
                    quote!(s.splat(nodes.omega[#row][#column]))
                }
            }
        },
        Symbol::Coefficient(n) if n == B => quote!(s.load(&nodes.c, b)),
        Symbol::Coefficient(n) => {
            let n = index_tokens(n);
            quote!(s.splat(nodes.c[#n]))
        }
        Symbol::Parameter(parameter) => {
            let parameter = parameter_tokens(parameter);
            quote!(s.splat(#parameter))
        }
        Symbol::Readout(_) | Symbol::Defined(..) => unreachable!("no pack of the schedule's own"),
    }
}

/// Statements of a loop over nodes n.
pub(super) fn statements(statements: &[Statement]) -> TokenStream {
    statements_with(statements, &given)
}

/// The same, where given quantities are found elsewhere.
pub(super) fn statements_with(
    statements: &[Statement],
    given: &dyn Fn(&Symbol) -> TokenStream,
) -> TokenStream {
    statements
        .iter()
        .map(|statement| match statement {
            Statement::Let(name, value) => {
                let (name, value) = (ident(name), value_with(value, given));
                quote!(let #name = #value;)
            }
            Statement::Keep(array, value) => {
                let (array, value) = (ident(array), value_with(value, given));
                quote!(#array[n] = #value;)
            }
            Statement::Batch { .. } | Statement::Result(_) => {
                unreachable!("only straight-line code has them")
            }
        })
        .collect()
}

/// A loop over nodes.
pub(super) fn over_nodes(body: &Loop) -> TokenStream {
    let (range, statements) = (range(body.n), statements(&body.statements));
    quote!(for n in #range { #statements })
}

/// Tables over nodes, filled.
pub(super) fn tables(tables: &[Table]) -> TokenStream {
    tables
        .iter()
        .map(|table| {
            let (name, statements, value) =
                (ident(&table.name), statements(&table.statements), value(&table.value));
            quote! {
                let mut #name = [0.0; WIDE];
                let mut b = 0;
                while b < WIDE {
                    #statements
                    s.store(#value, &mut #name, b);
                    b += S::LANES;
                }
            }
        })
        .collect()
}

/// A number, in scalars: parameters and a.
pub(super) fn scalar(value: &Value) -> TokenStream {
    match value {
        Value::Number(number) => literal(*number),
        Value::Given(Symbol::Parameter(parameter)) => parameter_tokens(*parameter),
        Value::Given(Symbol::Readout(index)) => {
            let position = index_tokens(*index);
            quote!(nodes.a[#position])
        }
        Value::Of(Operation::Mul, operands) => {
            let [x, y] = [&operands[0], &operands[1]].map(scalar);
            quote!(#x * #y)
        }
        Value::Of(Operation::Div, operands) => {
            let [x, y] = [&operands[0], &operands[1]].map(scalar);
            if matches!(operands[1], Value::Of(..)) { quote!(#x / (#y)) } else { quote!(#x / #y) }
        }
        _ => unreachable!("rates are quotients of parameters and a"),
    }
}

/// The field of the runtime's `Parameters`.
pub(super) fn parameter_tokens(parameter: Parameter) -> TokenStream {
    match parameter {
        Parameter::Gamma => quote!(parameters.gamma),
        Parameter::GammaA => quote!(parameters.gamma_a),
        Parameter::Scale => quote!(parameters.s),
        Parameter::Batch => quote!(parameters.batch),
        Parameter::Noise => quote!(parameters.noise),
    }
}

/// The nodes a role runs over.
pub(super) fn range(role: Index) -> TokenStream {
    match role.kind() {
        Kind::Node => quote!(0..N),
        Kind::Teacher => quote!(0..K),
        Kind::Student => quote!(K..N),
    }
}

/// The same as first node and end.
pub(super) fn bounds(role: Index) -> TokenStream {
    match role.kind() {
        Kind::Node => quote!((0, N)),
        Kind::Teacher => quote!((0, K)),
        Kind::Student => quote!((K, N)),
    }
}

fn index_tokens(index: Index) -> TokenStream {
    let name = ident(&index.to_string());
    quote!(#name)
}
