//! Values as the expressions of languages that write sums and products alike: C and Python.

use crate::schedule::{Form, Operation, Statement, Value};
use std::collections::HashSet;

/// What differs between languages and places.
pub(crate) trait Leaves {
    /// A value that is no operation.
    fn leaf(&self, value: &Value) -> String;

    /// The function of an operation that has no sign of its own.
    fn function(&self, operation: Operation) -> &'static str;

    fn value(&self, value: &Value) -> String
    where
        Self: Sized,
    {
        match value {
            Value::Of(operation, operands) => self.operation(*operation, operands),
            _ => self.leaf(value),
        }
    }

    /// A value as a factor of a product.
    fn factor(&self, value: &Value) -> String
    where
        Self: Sized,
    {
        use Operation::{Add, AddMul, Div, Neg, Sub, SubMul};
        match value {
            Value::Of(Add | Sub | AddMul | SubMul | Neg | Div, _) => format!("({})", self.value(value)),
            Value::Number(number) if *number < 0.0 => format!("({number:?})"),
            _ => self.value(value),
        }
    }

    #[doc(hidden)]
    fn operation(&self, operation: Operation, x: &[Value]) -> String
    where
        Self: Sized,
    {
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
            Operation::Rsqrt => format!("(1.0 / {})", self.operation(Operation::Sqrt, x)),
            _ => {
                let operands: Vec<String> = x.iter().map(|operand| self.value(operand)).collect();
                format!("{}({})", self.function(operation), operands.join(", "))
            }
        }
    }
}

/// The statements that the expectation of a form needs, as names and values, and the expectation.
pub(crate) fn form(form: &Form, writer: &impl Leaves) -> (Vec<(String, String)>, String) {
    let result = &form.block.values[0];
    let (mut needed, mut lines) = (HashSet::new(), Vec::new());
    let need = |value: &Value, needed: &mut HashSet<String>| {
        value.walk(&mut |value| {
            if let Value::Name(_) | Value::At(..) = value {
                needed.insert(writer.value(value));
            }
        });
    };
    need(result, &mut needed);
    for statement in form.block.statements.iter().rev() {
        let values: Vec<(String, Value)> = match statement {
            Statement::Let(name, value) => vec![(name.clone(), value.clone())],
            Statement::Batch { name, operation, operands } => (0..operands[0].len())
                .map(|position| {
                    let operands = operands.iter().map(|list| list[position].clone()).collect();
                    (writer.value(&Value::At(name.clone(), position)), Value::Of(*operation, operands))
                })
                .collect(),
            Statement::Result(_) | Statement::Keep(..) => Vec::new(),
        };
        for (name, value) in values.into_iter().rev() {
            if needed.contains(&name) {
                need(&value, &mut needed);
                lines.push((name, writer.value(&value)));
            }
        }
    }
    lines.reverse();
    (lines, writer.value(result))
}
