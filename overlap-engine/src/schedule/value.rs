//! What is computed, as data: expressions on packs of lanes or on single numbers, and the statements that name them.

use crate::symbol::{Index, Symbol};

/// The name of a quantity in the code: `q_jn`, `t12`.
pub type Name = String;

/// What is done with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// x + y.
    Add,
    /// x - y.
    Sub,
    /// x y.
    Mul,
    /// x / y.
    Div,
    /// -x.
    Neg,
    /// x + y z, rounded once where the machine can.
    AddMul,
    /// x - y z, rounded once where the machine can.
    SubMul,
    /// The larger of x and y.
    Max,
    /// √x.
    Sqrt,
    /// 1/√x.
    Rsqrt,
    /// arcsin x.
    Asin,
    /// arcsin x where √(1 - x²) is known, the second operand.
    AsinWithCosine,
    /// E[sign sign sign sign] of four fields, from ρ_12, ρ_13, ρ_14, ρ_23, ρ_24, ρ_34.
    FourSigns,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, the same in every lane.
    Number(f64),
    /// A quantity of the problem or the state: a back-end knows where it is. Of a lane's role (i, j, l, b) it is a pack, of
    /// nodes of loops the same number in every lane.
    Given(Symbol),
    /// An earlier statement, or a sum of the loops around.
    Name(Name),
    /// What an earlier loop has kept of a node in an array of packs.
    Element(Name, Index),
    /// An entry of a [`Table`](super::Table): of node b a pack, of the node of a loop the same number in every lane.
    Tabulated(Name, Index),
    /// An element of a [batch](Statement::Batch), by its position.
    At(Name, usize),
    /// An operation on values.
    Of(Operation, Vec<Value>),
}

impl Value {
    /// x y.
    pub fn times(self, other: Value) -> Value {
        Value::Of(Operation::Mul, vec![self, other])
    }

    /// x + y.
    pub fn plus(self, other: Value) -> Value {
        Value::Of(Operation::Add, vec![self, other])
    }

    /// x - y.
    pub fn minus(self, other: Value) -> Value {
        Value::Of(Operation::Sub, vec![self, other])
    }

    /// -x.
    pub fn negated(self) -> Value {
        Value::Of(Operation::Neg, vec![self])
    }

    /// The larger of x and y.
    pub fn or_more(self, other: Value) -> Value {
        Value::Of(Operation::Max, vec![self, other])
    }

    /// The product of some values, from left to right; 1 of none.
    pub fn product(factors: impl IntoIterator<Item = Value>) -> Value {
        factors.into_iter().reduce(Value::times).unwrap_or(Value::Number(1.0))
    }

    /// Calls `see` with this value and all values inside it, inner ones first.
    pub fn walk(&self, see: &mut dyn FnMut(&Value)) {
        if let Value::Of(_, operands) = self {
            operands.iter().for_each(|operand| operand.walk(see));
        }
        see(self);
    }
}

/// A statement of a loop.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// A name for a value.
    Let(Name, Value),
    /// The value becomes the array's element of the loop's node.
    Keep(Name, Value),
    /// One operation on all values of a list (or of two), which gets a name: in straight-line code, where lanes are values that
    /// are ready at the same time.
    Batch {
        /// The name.
        name: Name,
        /// The operation.
        operation: Operation,
        /// A list for every operand.
        operands: Vec<Vec<Value>>,
    },
    /// The result of this number is known now.
    Result(usize),
}

impl Statement {
    /// What it computes.
    pub fn values(&self) -> Vec<&Value> {
        match self {
            Statement::Let(_, value) | Statement::Keep(_, value) => vec![value],
            Statement::Batch { operands, .. } => operands.iter().flatten().collect(),
            Statement::Result(_) => Vec::new(),
        }
    }
}
