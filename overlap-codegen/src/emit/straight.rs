//! Straight-line code for small systems, and for forms of expectations, as the schedule has it.

use super::write::{self, parameter_tokens};
use super::{MAX_LANES, Sizes, count, ident, literal};
use overlap_engine::equations::Equations;
use overlap_engine::schedule::{Block, Operation, Statement, Value};
use overlap_engine::symbol::{Index, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// The bodies of the two kernels, `(right_hand_side, risk)`, as in [`lanes`](super::lanes).
pub fn straight(equations: &mut Equations<'_>, sizes: Sizes) -> (TokenStream, TokenStream) {
    let given = |symbol: &Symbol| given(symbol, sizes);
    let right_hand_side = Block::right_hand_side(equations, sizes);
    let result = |number: usize, value: TokenStream| {
        let position = count(number);
        quote!(s.put(#value, &mut derivative[#position]);)
    };
    let right_hand_side = statements(&right_hand_side, &given, &result);
    let risk = Block::risk(equations, sizes);
    let (statements, values) = block(&risk, &given);
    (right_hand_side, quote!(#statements #(#values)*))
}

/// Statements, and the results in the end.
pub(super) fn block(
    block: &Block,
    given: &dyn Fn(&Symbol) -> TokenStream,
) -> (TokenStream, Vec<TokenStream>) {
    let statements = statements(block, given, &|_, _| TokenStream::new());
    (statements, block.values.iter().map(|value| number(value, given)).collect())
}

/// Statements; `result` says what is done with a result.
fn statements(
    block: &Block,
    given: &dyn Fn(&Symbol) -> TokenStream,
    result: &dyn Fn(usize, TokenStream) -> TokenStream,
) -> TokenStream {
    let statement = |statement: &Statement| match statement {
        Statement::Let(name, value) => {
            let (name, value) = (ident(name), number(value, given));
            quote!(let #name = #value;)
        }
        Statement::Batch { name, operation, operands } => batch(name, *operation, operands, given),
        Statement::Result(at) => result(*at, number(&block.values[*at], given)),
        Statement::Keep(..) => unreachable!("no loops"),
    };
    block.statements.iter().map(statement).collect()
}

/// Arrays through lanes, padded to full packs.
fn batch(
    name: &str,
    operation: Operation,
    operands: &[Vec<Value>],
    given: &dyn Fn(&Symbol) -> TokenStream,
) -> TokenStream {
    let array = |values: &[Value], padding: f64| {
        let length = values.len();
        let padding = Value::Number(padding);
        let padding = (length..length.next_multiple_of(MAX_LANES)).map(|_| &padding);
        let elements = values.iter().chain(padding).map(|value| number(value, given));
        quote!([#(#elements),*])
    };
    let (filled, cosines) = (count(operands[0].len()), ident(&format!("cosines_of_{name}")));
    let name = ident(name);
    match operation {
        Operation::Rsqrt => {
            let values = array(&operands[0], 1.0);
            quote!(let mut #name = #values; s.rsqrt_all(&mut #name, #filled);)
        }
        Operation::Asin => {
            let values = array(&operands[0], 0.0);
            quote!(let mut #name = #values; s.asin_all(&mut #name, #filled);)
        }
        Operation::AsinWithCosine => {
            let (values, of) = (array(&operands[0], 0.0), array(&operands[1], 1.0));
            quote! {
                let #cosines = #of;
                let mut #name = #values;
                s.asin_with_cosine_all(&mut #name, &#cosines, #filled);
            }
        }
        other => unreachable!("{other:?} goes through no lanes"),
    }
}

/// A value of the runtime's `Words`.
fn number(value: &Value, given: &dyn Fn(&Symbol) -> TokenStream) -> TokenStream {
    let of_number = |value: f64| {
        let value = literal(value);
        quote!(s.number(#value))
    };
    write::tokens(value, given, &of_number)
}

/// Where a quantity of definite nodes is found.
fn given(symbol: &Symbol, sizes: Sizes) -> TokenStream {
    let trained = sizes.trained;
    let unit = |index: Index| match index {
        Index::Teacher(unit) | Index::Student(unit) => usize::from(unit),
        Index::Role(..) => unreachable!("straight-line code has no loops"),
    };
    match *symbol {
        Symbol::Parameter(parameter) => get(parameter_tokens(parameter)),
        Symbol::Readout(index) => {
            let i = unit(index);
            let (position, i) = (count(sizes.a(i)), count(i));
            get(if trained { quote!(state[#position]) } else { quote!(a[#i]) })
        }
        Symbol::Coefficient(index @ Index::Teacher(_)) => {
            let r = count(unit(index));
            quote!(s.get(&parameters.s_star) * s.get(&a_star[#r]))
        }
        Symbol::Coefficient(index) => {
            let i = unit(index);
            let (position, i) = (count(sizes.a(i)), count(i));
            let a = get(if trained { quote!(state[#position]) } else { quote!(a[#i]) });
            quote!(-s.get(&parameters.s) * #a)
        }
        Symbol::Overlap(a, b) => {
            let (x, y) = (unit(a), unit(b));
            get(match (a, b) {
                (Index::Teacher(_), Index::Teacher(_)) => {
                    let position = count(x * sizes.k + y);
                    quote!(teacher_overlaps[#position])
                }
                (Index::Teacher(_), _) => {
                    let position = count(sizes.m(x, y));
                    quote!(state[#position])
                }
                _ => {
                    let position = count(sizes.q(x, y));
                    quote!(state[#position])
                }
            })
        }
        Symbol::Defined(..) => unreachable!("defined symbols have a body"),
    }
}

/// Reads a quantity from memory.
fn get(place: TokenStream) -> TokenStream {
    quote!(s.get(&#place))
}
