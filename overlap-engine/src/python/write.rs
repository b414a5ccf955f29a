//! Values in Python: every quantity is an array, and a role is an array of nodes that broadcasting combines with others.

use crate::infix::Leaves;
use crate::schedule::{Operation, Value};
use crate::symbol::{Parameter, Symbol};

/// Δ.
pub(super) const PARAMETER_NOISE: &str = "parameters[\"noise\"]";

/// What values are written for.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Whether overlaps are those of a form, `q(a, b)`.
    pub(super) definite: bool,
    /// Whether arrays over nodes have one number a node.
    pub(super) single: bool,
}

impl Leaves for Writer {
    fn leaf(&self, value: &Value) -> String {
        match value {
            Value::Number(number) => format!("{number:?}"),
            Value::Given(symbol) => self.given(symbol),
            Value::Name(name) => name.clone(),
            Value::Element(array, index) if self.single => format!("{array}[{index}]"),
            Value::Element(array, index) => format!("{array}[{index}.reshape(-1)]"),
            Value::Tabulated(table, index) => format!("{table}[{index}]"),
            Value::At(list, position) => format!("{list}_{position}"),
            Value::Of(..) => unreachable!("operations are no leaves"),
        }
    }

    fn function(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Max => "xp.maximum",
            Operation::Sqrt => "xp.sqrt",
            Operation::Asin => "_asin",
            Operation::AsinWithCosine => "_asin_with_cosine",
            Operation::FourSigns => "_four_signs",
            _ => unreachable!("it has a sign"),
        }
    }
}

impl Writer {
    fn given(&self, symbol: &Symbol) -> String {
        match symbol {
            Symbol::Overlap(a, b) if self.definite => format!("q({a}, {b})"),
            Symbol::Overlap(a, b) => format!("omega[{a}, {b}]"),
            Symbol::Coefficient(n) => format!("c[{n}]"),
            Symbol::Readout(i) => format!("a[{i}]"),
            Symbol::Parameter(Parameter::Gamma) => "parameters[\"learning_rate\"]".into(),
            Symbol::Parameter(Parameter::GammaA) => "parameters[\"second_layer_rate\"]".into(),
            Symbol::Parameter(Parameter::Scale) => "_scale(parameters[\"student_scale\"], P)".into(),
            Symbol::Parameter(Parameter::Batch) => "parameters[\"batch\"]".into(),
            Symbol::Parameter(Parameter::Noise) => PARAMETER_NOISE.into(),
            Symbol::Defined(..) => unreachable!("defined symbols have statements"),
        }
    }
}
