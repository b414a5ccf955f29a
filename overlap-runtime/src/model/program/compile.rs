//! From statements of the schedule to instructions: a place for every value, and instructions that do as much at once as the
//! values allow.

use super::machine::{Code, Instruction, Kind, OPERANDS, Operand, Summand};
use super::memory::Places;
use overlap_engine::equations::{B, I, J, L};
use overlap_engine::schedule::{Block, Operation, Statement, Value};
use overlap_engine::symbol::{Index, Symbol};
use std::collections::HashMap;

/// First of the numbers that stand for places still to be found.
const VIRTUAL: usize = 1 << 48;

/// Compiles the loops of one nest, outermost first.
pub(super) struct Compiler<'a> {
    pub(super) places: &'a mut Places,
    /// What names stand for, as seen from the loop at hand.
    names: HashMap<String, Operand>,
    /// Statements used once: written where they are used.
    inline: HashMap<String, Value>,
    /// Arrays over nodes.
    arrays: HashMap<String, usize>,
    code: Vec<Instruction>,
    fresh: usize,
    /// In straight-line code: units of a list, and where given quantities are gathered.
    gathered: Option<(usize, Vec<(Symbol, usize)>)>,
}

/// Straight-line code in instructions, every lane for nodes of its own.
pub(super) struct BlockCode {
    /// What it needs, and the first place of its numbers.
    pub(super) gathered: Vec<(Symbol, usize)>,
    pub(super) code: Vec<Instruction>,
    /// The first places of its results.
    pub(super) results: Vec<usize>,
}

/// The name of an element of a batch.
fn element(list: &str, position: usize) -> String {
    format!("{list}[{position}]")
}

impl<'a> Compiler<'a> {
    pub(super) fn new(places: &'a mut Places) -> Self {
        Compiler {
            places,
            names: HashMap::new(),
            inline: HashMap::new(),
            arrays: HashMap::new(),
            code: Vec::new(),
            fresh: 0,
            gathered: None,
        }
    }

    /// A name for something that lies in a known place.
    pub(super) fn name(&mut self, name: &str, operand: Operand) {
        self.names.insert(name.to_owned(), operand);
    }

    /// Makes room for arrays of units over nodes.
    pub(super) fn arrays(&mut self, names: &[String]) {
        for name in names {
            let place = self.places.units(self.places.shape.nodes());
            self.arrays.insert(name.clone(), place);
        }
    }

    /// Statements of a loop of `count` units; all their values stay, under their names, and are of the given kind to loops inside.
    pub(super) fn lasting(&mut self, statements: &[Statement], count: usize, kind: Kind) -> Vec<Instruction> {
        self.inline.clear();
        for statement in statements {
            let Statement::Let(name, value) = statement else {
                unreachable!("nothing to keep outside of loops")
            };
            let operand = self.value(value);
            self.names.insert(name.clone(), operand);
        }
        let code = self.settle(&mut [], |places| places.units(count), false);
        // Seen from inside, every value has found its place.
        for operand in self.names.values_mut() {
            if operand.kind == Kind::Dense {
                operand.kind = kind;
            }
        }
        code
    }

    /// A value that a loop further inside has made, or that lies outside of all loops.
    pub(super) fn outside(&mut self, value: &Value) -> Operand {
        let operand = self.value(value);
        assert!(self.code.is_empty(), "it has a place");
        operand
    }

    /// Values of a loop of `count` units, dense.
    pub(super) fn results(&mut self, values: &[&Value], count: usize) -> (Vec<Instruction>, Vec<Operand>) {
        self.inline.clear();
        let mut results: Vec<Operand> = values.iter().map(|value| self.dense(value)).collect();
        let code = self.settle(&mut results, |places| places.units(count), false);
        (code, results)
    }

    /// Statements of a loop over nodes whose first one is `first`, and their results, dense in `count` units.
    pub(super) fn body(
        &mut self,
        statements: &[Statement],
        results: &[&Value],
        count: usize,
        first: usize,
    ) -> (Vec<Instruction>, Vec<Operand>) {
        let outside = self.names.clone();
        self.statements(statements, results, first);
        let mut results: Vec<Operand> = results.iter().map(|value| self.dense(value)).collect();
        let code = self.settle(&mut results, |places| places.units(count), true);
        self.names = outside;
        (code, results)
    }

    /// Statements of a loop over pairs of nodes, and what is summed up.
    pub(super) fn pairs(
        &mut self,
        statements: &[Statement],
        argument: &Value,
        asin: bool,
        count: usize,
    ) -> (Vec<Instruction>, Summand) {
        let outside = self.names.clone();
        self.statements(statements, &[argument], 0);
        let argument = self.resolved(argument).clone();
        let summand = match (asin, self.cosine(&argument)) {
            (true, Some(cosine)) => cosine,
            (true, None) => Summand::Asin(self.dense(&argument)),
            (false, _) => Summand::Weighted(self.dense(&argument)),
        };
        let mut results = match summand {
            Summand::Asin(x) | Summand::Weighted(x) | Summand::Plain(x) => vec![x],
            Summand::Cosine(operands, roots) => [&operands[..], &roots].concat(),
        };
        let code = self.settle(&mut results, |places| places.units(count), true);
        let summand = match summand {
            Summand::Asin(_) => Summand::Asin(results[0]),
            Summand::Weighted(_) | Summand::Plain(_) => Summand::Weighted(results[0]),
            Summand::Cosine(..) => Summand::Cosine(
                [results[0], results[1], results[2], results[3], results[4]],
                [results[5], results[6]],
            ),
        };
        self.names = outside;
        (code, summand)
    }

    /// Straight-line code: the quantities it needs, every one with the place of its units, and the results.
    pub(super) fn block(&mut self, block: &Block, count: usize) -> BlockCode {
        self.gathered = Some((count, Vec::new()));
        for statement in &block.statements {
            match statement {
                Statement::Let(name, value) => {
                    let operand = self.value(value);
                    self.names.insert(name.clone(), operand);
                }
                Statement::Batch { name, operation, operands } => {
                    for position in 0..operands[0].len() {
                        let arguments: Vec<Value> =
                            operands.iter().map(|list| list[position].clone()).collect();
                        let operand = self.operation(*operation, &arguments);
                        self.names.insert(element(name, position), operand);
                    }
                }
                Statement::Result(_) => {}
                Statement::Keep(..) => unreachable!("no loops"),
            }
        }
        let mut results: Vec<Operand> = block.values.iter().map(|value| self.dense(value)).collect();
        self.names.clear();
        let code = self.settle(&mut results, |places| places.units(count), true);
        let gathered = self.gathered.take().map_or_else(Vec::new, |(_, gathered)| gathered);
        BlockCode { gathered, code, results: results.iter().map(|result| result.base).collect() }
    }

    fn statements(&mut self, statements: &[Statement], results: &[&Value], first: usize) {
        self.inline.clear();
        let mut uses: HashMap<String, usize> = HashMap::new();
        let values = statements.iter().flat_map(Statement::values).chain(results.iter().copied());
        for value in values {
            value.walk(&mut |value| {
                if let Value::Name(name) = value {
                    *uses.entry(name.clone()).or_default() += 1;
                }
            });
        }
        let kept = |wanted: &str| {
            statements.iter().find_map(|statement| match statement {
                Statement::Keep(array, Value::Name(name)) if name == wanted => Some(array.clone()),
                _ => None,
            })
        };
        for statement in statements {
            match statement {
                Statement::Let(name, value) => {
                    let array = kept(name);
                    if array.is_none() && uses.get(name) == Some(&1) && matches!(value, Value::Of(..)) {
                        self.inline.insert(name.clone(), value.clone());
                        self.names.remove(name);
                        continue;
                    }
                    self.inline.remove(name);
                    let mut operand = self.value(value);
                    if let Some(array) = array {
                        let place = self.arrays[&array] + first * crate::lanes::MAX_LANES;
                        operand = self.moved(operand, place);
                    }
                    self.names.insert(name.clone(), operand);
                }
                // Its name lies there already.
                Statement::Keep(_, Value::Name(_)) => {}
                Statement::Keep(..) | Statement::Batch { .. } | Statement::Result(_) => {
                    unreachable!("only what has a name is kept, and loops have no batches")
                }
            }
        }
    }

    /// Has the last instruction write to a place, if the value is its result, else copies it there.
    fn moved(&mut self, operand: Operand, place: usize) -> Operand {
        let to = Operand::new(place, Kind::Dense);
        match self.code.last_mut() {
            Some(last)
                if operand.kind == Kind::Dense && last.to == operand.base && operand.base >= VIRTUAL =>
            {
                last.to = place;
            }
            _ => self.code.push(Instruction {
                code: Code::Copy,
                to: place,
                operands: std::array::from_fn(|at| if at == 0 { operand } else { Operand::NONE }),
            }),
        }
        to
    }

    /// The operand of a value, which may be any.
    fn value(&mut self, value: &Value) -> Operand {
        let value = self.resolved(value).clone();
        match value {
            Value::Number(number) => Operand::new(self.places.constant(number), Kind::Fixed),
            Value::Given(symbol) => self.given(&symbol),
            Value::Name(name) => *self.names.get(&name).expect("names are given before they are used"),
            Value::Element(array, index) => {
                Operand::new(self.arrays[&array], if is_m(index) { Kind::M } else { Kind::N })
            }
            Value::Tabulated(table, index) => {
                let place = self.places.table(&table);
                Operand::new(place, if index == B { Kind::J } else { Kind::NumberOfN })
            }
            Value::At(list, position) => self.names[&element(&list, position)],
            Value::Of(operation, operands) => self.operation(operation, &operands),
        }
    }

    /// What an inlined name stands for.
    fn resolved<'b>(&'b self, value: &'b Value) -> &'b Value {
        match value {
            Value::Name(name) => self.inline.get(name).unwrap_or(value),
            _ => value,
        }
    }

    fn operation(&mut self, operation: Operation, operands: &[Value]) -> Operand {
        let inner = |compiler: &Self, wanted: Operation| match compiler.resolved(&operands[0]) {
            Value::Of(found, inner) if *found == wanted => Some(inner.clone()),
            _ => None,
        };
        let (code, operands) = match operation {
            Operation::Add => (Code::Add, operands.to_vec()),
            Operation::Sub => (Code::Sub, operands.to_vec()),
            Operation::Mul => match inner(self, Operation::Mul) {
                Some(first) => (Code::Mul3, [&first[..], &operands[1..]].concat()),
                None => (Code::Mul, operands.to_vec()),
            },
            Operation::Div => (Code::Div, operands.to_vec()),
            Operation::Neg => (Code::Neg, operands.to_vec()),
            Operation::AddMul => (Code::AddMul, operands.to_vec()),
            Operation::SubMul => match inner(self, Operation::SubMul) {
                Some(first) => (Code::SubMul2, [&first[..], &operands[1..]].concat()),
                None => (Code::SubMul, operands.to_vec()),
            },
            Operation::Max => (Code::Max, operands.to_vec()),
            Operation::Sqrt => (Code::Sqrt, operands.to_vec()),
            Operation::Rsqrt => (Code::Rsqrt, operands.to_vec()),
            Operation::Asin => (Code::Asin, operands.to_vec()),
            Operation::AsinWithCosine => (Code::AsinWithCosine, operands.to_vec()),
            Operation::FourSigns => (Code::FourSigns, operands.to_vec()),
        };
        let mut found: Vec<Operand> = operands.iter().map(|operand| self.value(operand)).collect();
        // Factors and summands may trade places.
        let trades = matches!(code, Code::Add | Code::Mul | Code::Mul3);
        if trades && let Some(single) = found.iter().position(|operand| operand.splat) {
            found.swap(0, single);
        }
        for operand in found.iter_mut().skip(1).filter(|operand| operand.splat) {
            *operand = self.emit(Code::Copy, &[*operand]);
        }
        self.emit(code, &found)
    }

    fn emit(&mut self, code: Code, operands: &[Operand]) -> Operand {
        let to = VIRTUAL + self.fresh;
        self.fresh += 1;
        let mut all = [Operand::NONE; OPERANDS];
        all[..operands.len()].copy_from_slice(operands);
        self.code.push(Instruction { code, to, operands: all });
        Operand::new(to, Kind::Dense)
    }

    /// A value as the result of an instruction.
    fn dense(&mut self, value: &Value) -> Operand {
        match self.value(value) {
            operand if operand.kind == Kind::Dense => operand,
            operand => self.emit(Code::Copy, &[operand]),
        }
    }

    /// a b (x - y z - v w) with a single number x.
    fn cosine(&mut self, argument: &Value) -> Option<Summand> {
        let parts = |value: &Value, wanted: Operation| match self.resolved(value) {
            Value::Of(found, operands) if *found == wanted => Some(operands.clone()),
            _ => None,
        };
        let whole = parts(argument, Operation::Mul)?;
        let roots = parts(&whole[0], Operation::Mul)?;
        let tilted = parts(&whole[1], Operation::SubMul)?;
        let once = parts(&tilted[0], Operation::SubMul)?;
        let all = [&once[0], &once[1], &once[2], &tilted[1], &tilted[2], &roots[0], &roots[1]];
        let all = all.map(|value| self.value(value));
        let single = all.map(|operand| operand.splat) == [true, false, false, false, false, false, false];
        single.then(|| Summand::Cosine([all[0], all[1], all[2], all[3], all[4]], [all[5], all[6]]))
    }

    fn given(&mut self, symbol: &Symbol) -> Operand {
        if let Some((count, gathered)) = &mut self.gathered {
            let known = gathered.iter().find(|(known, _)| known == symbol).map(|&(_, place)| place);
            let place = known.unwrap_or_else(|| {
                let place = self.places.units(*count);
                gathered.push((symbol.clone(), place));
                place
            });
            return Operand::new(place, Kind::Dense);
        }
        let places = &*self.places;
        let lane = |index: Index| match index {
            _ if index == L => Some(Kind::L),
            _ if [I, J, B].contains(&index) => Some(Kind::J),
            _ => None,
        };
        match *symbol {
            Symbol::Overlap(a, b) if (a.min(b), a.max(b)) == (J, L) => Operand::new(places.band, Kind::Band),
            Symbol::Overlap(a, b) => match (lane(a), lane(b)) {
                (Some(kind), Some(_)) => Operand::new(places.variance, kind),
                (Some(kind), None) | (None, Some(kind)) => {
                    let row = if kind == Kind::L { Kind::RowL } else { Kind::RowJ };
                    Operand::new(places.omega, row)
                }
                (None, None) if a == b => Operand::new(places.variance, Kind::NumberOfN),
                (None, None) => Operand::new(places.omega, Kind::NumberOfNM),
            },
            Symbol::Coefficient(n) => match lane(n) {
                Some(kind) => Operand::new(places.c, kind),
                None => Operand::new(places.c, Kind::NumberOfN),
            },
            Symbol::Readout(i) => Operand::new(places.a, lane(i).expect("rates belong to students")),
            Symbol::Parameter(parameter) => {
                Operand { base: places.parameter(parameter), kind: Kind::Fixed, splat: true }
            }
            Symbol::Defined(..) => unreachable!("defined symbols have statements"),
        }
    }

    /// Finds places for what instructions compute: one that is free again after its last use where `reuse` is allowed. Values under
    /// names and results are moved with them.
    fn settle(
        &mut self,
        results: &mut [Operand],
        room: impl Fn(&mut Places) -> usize,
        reuse: bool,
    ) -> Vec<Instruction> {
        let mut code = std::mem::take(&mut self.code);
        let mut last_use: HashMap<usize, usize> = HashMap::new();
        for (position, instruction) in code.iter().enumerate() {
            for operand in instruction.operands.iter().chain([&Operand::new(instruction.to, Kind::Dense)]) {
                last_use.insert(operand.base, position);
            }
        }
        for result in results.iter() {
            last_use.insert(result.base, usize::MAX);
        }
        let (mut free, mut found): (Vec<usize>, HashMap<usize, usize>) = (Vec::new(), HashMap::new());
        for (position, instruction) in code.iter_mut().enumerate() {
            for operand in instruction.operands.iter_mut().filter(|operand| operand.base >= VIRTUAL) {
                let virtual_place = operand.base;
                operand.base = found[&virtual_place];
                if reuse && last_use.get(&virtual_place) == Some(&position) {
                    // Once, though it may be an operand twice.
                    last_use.remove(&virtual_place);
                    free.push(operand.base);
                }
            }
            if instruction.to >= VIRTUAL {
                let place = free.pop().unwrap_or_else(|| room(self.places));
                found.insert(instruction.to, place);
                instruction.to = place;
            }
        }
        for operand in results.iter_mut().chain(self.names.values_mut()) {
            if let Some(place) = found.get(&operand.base) {
                operand.base = *place;
            }
        }
        code
    }
}

/// Whether an index is m of a pair of nodes n, m.
fn is_m(index: Index) -> bool {
    matches!(index, Index::Role(_, 'm'))
}
