//! Values in C.

use crate::equations::{B, I, J, L};
use crate::infix::Leaves;
use crate::schedule::{Operation, Value};
use crate::symbol::{Index, Kind, Parameter, Symbol};

/// What values are written for.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// Names of values of lanes, arrays.
    pub(super) lanes: Vec<String>,
    /// Whether quantities are those of definite nodes j, l, n, m.
    pub(super) definite: bool,
    /// Whether there are no lanes.
    pub(super) single: bool,
}

impl Leaves for Writer {
    fn leaf(&self, value: &Value) -> String {
        match value {
            Value::Number(number) => format!("{number:?}"),
            Value::Given(symbol) if self.definite => definite(symbol),
            Value::Given(symbol) => given(symbol),
            Value::Name(name) if self.lanes.contains(name) => format!("{name}[v]"),
            Value::Name(name) => name.clone(),
            Value::Element(array, index) if self.single => format!("{array}[{}]", index_name(*index)),
            Value::Element(array, index) => format!("{array}[{}][v]", index_name(*index)),
            Value::Tabulated(table, index) if *index == B => format!("{table}[b + v]"),
            Value::Tabulated(table, index) => format!("{table}[{}]", index_name(*index)),
            Value::At(list, position) => format!("{list}_{position}"),
            Value::Of(..) => unreachable!("operations are no leaves"),
        }
    }

    fn function(&self, operation: Operation) -> &'static str {
        match operation {
            Operation::Max => "OVERLAP_larger",
            Operation::Sqrt => "sqrt",
            Operation::Asin => "OVERLAP_asin",
            Operation::AsinWithCosine => "OVERLAP_asin_with_cosine",
            Operation::FourSigns => "OVERLAP_four_signs",
            _ => unreachable!("it has a sign"),
        }
    }
}

/// A quantity of lanes and of the nodes of loops.
fn given(symbol: &Symbol) -> String {
    let lane = |index: Index| match index {
        _ if index == B => Some("b + v".to_owned()),
        _ if [I, J, L].contains(&index) => Some(format!("OVERLAP_K + {} + v", index_name(index))),
        _ => None,
    };
    match *symbol {
        Symbol::Overlap(a, b) if (a.min(b), a.max(b)) == (J, L) => "x->band[delta][j + v]".to_owned(),
        Symbol::Overlap(a, b) => match (lane(a), lane(b)) {
            (Some(at), Some(_)) => format!("x->variance[{at}]"),
            (Some(at), None) => format!("x->omega[{}][{at}]", index_name(b)),
            (None, Some(at)) => format!("x->omega[{}][{at}]", index_name(a)),
            (None, None) => format!("x->omega[{}][{}]", index_name(b), index_name(a)),
        },
        Symbol::Coefficient(n) if n == B => "x->c[b + v]".to_owned(),
        Symbol::Coefficient(n) => format!("x->c[{}]", index_name(n)),
        Symbol::Readout(i) => format!("x->a[OVERLAP_K + {}]", index_name(i)),
        Symbol::Parameter(parameter) => of_problem(parameter).to_owned(),
        Symbol::Defined(..) => unreachable!("defined symbols have statements"),
    }
}

/// An overlap of definite nodes.
fn definite(symbol: &Symbol) -> String {
    match *symbol {
        Symbol::Overlap(a, b) => format!("x->omega[{}][{}]", index_name(a), index_name(b)),
        _ => unreachable!("expectations depend on overlaps only"),
    }
}

/// A number, of parameters and a.
pub(super) fn scalar(value: &Value) -> String {
    Writer::default().factor(value)
}

fn of_problem(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Gamma => "parameters->learning_rate",
        Parameter::GammaA => "parameters->second_layer_rate",
        Parameter::Scale => "parameters->student_scale",
        Parameter::Batch => "parameters->batch",
        Parameter::Noise => "parameters->noise",
    }
}

fn index_name(index: Index) -> String {
    index.to_string()
}

/// A loop over the nodes of a role.
pub(super) fn loop_over(role: Index, letter: &str) -> String {
    let (first, end) = match role.kind() {
        Kind::Node => ("0", "OVERLAP_N"),
        Kind::Teacher => ("0", "OVERLAP_K"),
        Kind::Student => ("OVERLAP_K", "OVERLAP_N"),
    };
    format!("for (int {letter} = {first}; {letter} < {end}; {letter}++)")
}
