//! Expressions without loops as scalar Rust: the prefactors of the equations.

use super::{literal, quotient, times};
use overlap_engine::expr::{Expr, Node, Pool};
use overlap_engine::symbol::{Parameter, Symbol};
use proc_macro2::TokenStream;
use quote::quote;

/// Tokens of a product of symbols and numbers with integer exponents; `readout` gives the tokens of a_i.
pub(super) fn scalar(pool: &Pool, expr: Expr, readout: &dyn Fn(&Symbol) -> TokenStream) -> TokenStream {
    match pool.node(expr) {
        Node::Symbol(Symbol::Parameter(parameter)) => parameter_tokens(*parameter),
        Node::Symbol(symbol) => readout(symbol),
        Node::Product(coefficient, factors) => {
            let (mut over, mut under) = (Vec::new(), Vec::new());
            let size = overlap_engine::expr::to_f64(*coefficient);
            if size != 1.0 {
                over.push(literal(size));
            }
            for &(base, exponent) in factors {
                let base = scalar(pool, base, readout);
                let side = if *exponent.numer() > 0 { &mut over } else { &mut under };
                for _ in 0..exponent.numer().unsigned_abs() {
                    side.push(base.clone());
                }
            }
            if over.is_empty() {
                over.push(literal(1.0));
            }
            quotient(times(over), under)
        }
        _ => literal(pool.evaluate(expr, &|_| f64::NAN)),
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
