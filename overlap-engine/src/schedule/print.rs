//! Schedules as text, for people and for tests.

use super::{Block, Flow, Lanes, Loop, Noise, Operation, Risk, Statement, Table, Value};
use std::fmt::{self, Display, Formatter, Write};

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Given(symbol) => write!(f, "{symbol}"),
            Value::Name(name) => f.write_str(name),
            Value::Element(array, index) | Value::Tabulated(array, index) => write!(f, "{array}[{index}]"),
            Value::At(list, position) => write!(f, "{list}[{position}]"),
            Value::Of(operation, x) => match (operation, &x[..]) {
                (Operation::Add, [x, y]) => write!(f, "({x} + {y})"),
                (Operation::Sub, [x, y]) => write!(f, "({x} - {y})"),
                (Operation::Mul, [x, y]) => write!(f, "{x} {y}"),
                (Operation::Div, [x, y]) => write!(f, "{x} / ({y})"),
                (Operation::Neg, [x]) => write!(f, "-{x}"),
                (Operation::AddMul, [x, y, z]) => write!(f, "({x} + {y} {z})"),
                (Operation::SubMul, [x, y, z]) => write!(f, "({x} - {y} {z})"),
                (operation, operands) => {
                    let name = format!("{operation:?}").to_lowercase();
                    let operands: Vec<String> = operands.iter().map(Value::to_string).collect();
                    write!(f, "{name}({})", operands.join(", "))
                }
            },
        }
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Statement::Let(name, Value::Given(symbol)) if *name == symbol.to_string() => {
                write!(f, "{name} given")
            }
            Statement::Let(name, value) => write!(f, "{name} = {value}"),
            Statement::Keep(array, value) => write!(f, "{array}[n] = {value}"),
            Statement::Batch { name, operation, operands } => {
                let list = |values: &Vec<Value>| {
                    let values: Vec<String> = values.iter().map(Value::to_string).collect();
                    format!("[{}]", values.join(", "))
                };
                let lists: Vec<String> = operands.iter().map(list).collect();
                write!(f, "{name} = {}({})", format!("{operation:?}").to_lowercase(), lists.join(", "))
            }
            Statement::Result(number) => write!(f, "result {number}"),
        }
    }
}

/// Lines, indented.
struct Lines<'a, 'b> {
    f: &'a mut Formatter<'b>,
    depth: usize,
}

impl Lines<'_, '_> {
    fn line(&mut self, text: &dyn Display) -> fmt::Result {
        (0..self.depth).try_for_each(|_| self.f.write_str("  "))?;
        writeln!(self.f, "{text}")
    }

    fn statements(&mut self, statements: &[Statement]) -> fmt::Result {
        statements.iter().try_for_each(|statement| self.line(statement))
    }

    fn inside(&mut self, head: &dyn Display, body: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        self.line(head)?;
        self.depth += 1;
        body(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn tables(&mut self, tables: &[Table]) -> fmt::Result {
        for table in tables {
            self.inside(&"for packs of nodes b", |lines| {
                lines.statements(&table.statements)?;
                lines.line(&format_args!("{}[b] = {}", table.name, table.value))
            })?;
        }
        Ok(())
    }

    fn loops(&mut self, loops: &[Loop]) -> fmt::Result {
        loops.iter().try_for_each(|body| {
            self.inside(&format_args!("for {}", over(body.n)), |lines| lines.statements(&body.statements))
        })
    }
}

/// `nodes n`, `teachers n`.
fn over(index: crate::symbol::Index) -> String {
    format!("{:?}s {index}", index.kind()).to_lowercase()
}

impl Display for Block {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut lines = Lines { f, depth: 0 };
        for statement in &self.statements {
            match statement {
                Statement::Result(number) => {
                    lines.line(&format_args!("result {number} = {}", self.values[*number]))?
                }
                statement => lines.line(statement)?,
            }
        }
        Ok(())
    }
}

impl Display for Flow {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut lines = Lines { f, depth: 0 };
        lines.tables(&self.tables)?;
        lines.inside(&"for packs of students i", |lines| {
            lines.statements(&self.lane)?;
            for sum in &self.sums {
                lines.inside(&format_args!("for {}", over(sum.n)), |lines| {
                    lines.statements(&sum.statements)?;
                    lines.line(&format_args!("own += c_n {}", sum.own))?;
                    lines.line(&format_args!("other[n] = c_n {}", sum.other))?;
                    match &sum.readout {
                        Some(readout) => lines.line(&format_args!("readout += c_n {readout}")),
                        None => Ok(()),
                    }
                })?;
            }
            Ok(())
        })
    }
}

impl Display for Noise {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut lines = Lines { f, depth: 0 };
        lines.inside(&"for packs of pairs of students j, l", |lines| {
            lines.statements(&self.lane)?;
            lines.loops(&self.loops)?;
            lines.line(&format_args!("{} = {}", Noise::BRACKET, self.start))?;
            for sum in &self.sums {
                let once = if sum.symmetric { ", each pair once" } else { "" };
                let head = format!("for {}, {}{once}", over(sum.n), over(sum.m));
                lines.inside(&head, |lines| {
                    lines.statements(&sum.statements)?;
                    let mut added = String::from("weight_nm ");
                    let argument = &sum.argument;
                    if sum.asin {
                        write!(added, "asin({argument})")?
                    } else {
                        write!(added, "{argument}")?
                    }
                    if let Some(front) = &sum.front {
                        added = format!("{front} {added}");
                    }
                    lines.line(&format_args!("{} += {added}", Noise::BRACKET))
                })?;
            }
            lines.line(&format_args!("noise[j][l] = {}", self.result))
        })
    }
}

impl Display for Risk {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut lines = Lines { f, depth: 0 };
        match self {
            Risk::OverNodes { tables, lane, statements, summand } => {
                lines.tables(tables)?;
                lines.inside(&"for packs of nodes b", |lines| {
                    lines.statements(lane)?;
                    lines.inside(&"for nodes n", |lines| {
                        lines.statements(statements)?;
                        lines.line(&format_args!("risk += {summand}"))
                    })
                })
            }
            Risk::ByCases { lane, loops, sums, .. } => {
                lines.statements(lane)?;
                lines.loops(loops)?;
                for sum in sums {
                    lines.inside(&format_args!("for {}, {}", over(sum.n), over(sum.m)), |lines| {
                        lines.statements(&sum.statements)?;
                        lines.line(&format_args!("risk += {}", sum.summand))
                    })?;
                }
                Ok(())
            }
        }
    }
}

impl Display for Lanes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "flow\n{}", self.flow)?;
        if let Some(noise) = &self.noise {
            write!(f, "noise\n{noise}")?;
        }
        let rates = &self.rates;
        writeln!(
            f,
            "rate_i = {}\nnoise_rate = {} {}\nreadout_rate = {}",
            rates.flow, rates.noise, rates.readouts, rates.readout
        )?;
        write!(f, "risk\n{}", self.risk)
    }
}
