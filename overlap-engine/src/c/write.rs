//! Values in C.

use crate::equations::{B, I, J, L};
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

impl Writer {
    pub(super) fn value(&self, value: &Value) -> String {
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
            Value::Of(operation, operands) => self.operation(*operation, operands),
        }
    }

    /// A value as a factor of a product.
    pub(super) fn factor(&self, value: &Value) -> String {
        match value {
            Value::Of(
                Operation::Add | Operation::Sub | Operation::AddMul | Operation::SubMul | Operation::Neg,
                _,
            ) => {
                format!("({})", self.value(value))
            }
            Value::Of(Operation::Div, _) => format!("({})", self.value(value)),
            Value::Number(number) if *number < 0.0 => format!("({number:?})"),
            _ => self.value(value),
        }
    }

    fn operation(&self, operation: Operation, x: &[Value]) -> String {
        let call = |function: &str| {
            let operands: Vec<String> = x.iter().map(|operand| self.value(operand)).collect();
            format!("{function}({})", operands.join(", "))
        };
        match operation {
            Operation::Add => format!("{} + {}", self.value(&x[0]), self.value(&x[1])),
            Operation::Sub => format!("{} - {}", self.value(&x[0]), self.factor(&x[1])),
            Operation::Mul => format!("{} * {}", self.factor(&x[0]), self.factor(&x[1])),
            Operation::Div => {
                let under = match &x[1] {
                    under @ Value::Of(Operation::Mul, _) => format!("({})", self.value(under)),
                    under => self.factor(under),
                };
                format!("{} / {under}", self.factor(&x[0]))
            }
            Operation::Neg => format!("-{}", self.factor(&x[0])),
            Operation::AddMul => {
                format!("{} + {} * {}", self.value(&x[0]), self.factor(&x[1]), self.factor(&x[2]))
            }
            Operation::SubMul => {
                format!("{} - {} * {}", self.value(&x[0]), self.factor(&x[1]), self.factor(&x[2]))
            }
            Operation::Max => call("OVERLAP_larger"),
            Operation::Sqrt => call("sqrt"),
            Operation::Rsqrt => format!("(1.0 / {})", call("sqrt")),
            Operation::Asin => call("OVERLAP_asin"),
            Operation::AsinWithCosine => call("OVERLAP_asin_with_cosine"),
            Operation::FourSigns => call("OVERLAP_four_signs"),
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
