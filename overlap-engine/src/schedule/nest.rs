//! Builds one loop nest: every subexpression is computed once, in the outermost loop it depends on.
//!
//! A nest is lanes (packs of students or of pairs of students), inside them a loop over nodes n, and inside that
//! possibly a loop over nodes m. What depends on n alone and is needed for m as well is kept in an array over nodes.

use super::parts::{depends_on, depends_on_known, split, symbols};
use super::value::{Name, Operation, Statement, Value};
use super::{Loop, MOST_NESTED, Table};
use crate::equations::B;
use crate::expr::{Expr, Node, Pool, Rational};
use crate::gaussian::{Definition, rename};
use crate::symbol::{Index, Symbol};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

/// The loop an expression belongs to, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Once per pack of lanes.
    Lane,
    /// Once per node n.
    Outer,
    /// Once per pair of nodes n, m.
    Inner,
}

/// Stands in for the role of a loop where there is no such loop.
const NOWHERE: Index = Index::node('∅');

/// Statements of a loop nest under construction.
pub struct Nest<'a> {
    pool: &'a mut Pool,
    definitions: &'a [Definition],
    /// The roles of n and m at present, see [`Nest::enter`].
    outer: Index,
    inner: Index,
    counter: &'a mut usize,
    /// Statements before the loop over n.
    pub lane: Vec<Statement>,
    /// Statements of the loops over n: one loop for every role that n takes.
    at_n: Vec<Loop>,
    /// Statements of the loop over m.
    pub at_m: Vec<Statement>,
    /// Names of what the loop over n keeps for the loop over m, arrays over nodes.
    pub kept_over_nodes: Vec<Name>,
    /// Whether two fields may be one, so that 1 - x² under an arcsine's x is exactly 0 there.
    pub degenerate: bool,
    /// Whether products and sums are rounded apart, so that x y - z² is exactly 0 where x, y and z are one number.
    unfused: bool,
    values: HashMap<(Expr, Level), Name>,
    /// Which indices occur where, as far as it was asked.
    dependences: RefCell<HashMap<(Expr, Index), bool>>,
    arrays: HashMap<Expr, Name>,
    /// Whether roots of nodes are tabulated, see [`Nest::want_roots_of_nodes`].
    wants_roots: bool,
    /// The tables, to be filled before all loops.
    pub roots_of_nodes: Vec<Table>,
    /// Their names, by what is under the root of node b.
    tables: HashMap<Expr, Name>,
}

impl<'a> Nest<'a> {
    /// An empty nest; `counter` numbers temporaries.
    pub fn new(pool: &'a mut Pool, definitions: &'a [Definition], counter: &'a mut usize) -> Self {
        Nest {
            pool,
            definitions,
            outer: NOWHERE,
            inner: NOWHERE,
            counter,
            lane: Vec::new(),
            at_n: Vec::new(),
            at_m: Vec::new(),
            kept_over_nodes: Vec::new(),
            degenerate: false,
            unfused: false,
            values: HashMap::new(),
            dependences: RefCell::new(HashMap::new()),
            arrays: HashMap::new(),
            wants_roots: false,
            roots_of_nodes: Vec::new(),
            tables: HashMap::new(),
        }
    }

    /// From now on, roots of what belongs to one node alone are taken once, lanes over nodes, not once per pack: the tables
    /// of `roots_of_nodes` are filled before all loops then.
    pub fn want_roots_of_nodes(&mut self) {
        self.wants_roots = true;
    }

    /// Starts the loops of one case: over nodes n, and inside it over nodes m.
    pub fn enter(&mut self, outer: Index, inner: Index) {
        (self.outer, self.inner) = (outer, inner);
        self.at_m.clear();
        self.values.retain(|&(_, level), _| level != Level::Inner);
    }

    /// The statements of the loop over n in the given role.
    pub fn at_n(&self, n: Index) -> &[Statement] {
        self.at_n.iter().find(|known| known.n == n).map_or(&[], |known| &known.statements)
    }

    /// Splits a product into the part that does not depend on nodes and the rest.
    pub fn split_lane_factors(&mut self, expr: Expr) -> (Expr, Expr) {
        let (outer, inner) = (self.outer, self.inner);
        let inside =
            |pool: &Pool, factor: Expr| depends_on(pool, factor, outer) || depends_on(pool, factor, inner);
        let (rest, outside) = split(self.pool, expr, &inside);
        (outside, rest)
    }

    /// Ends the loops over nodes: what comes next has loops of its own, and arrays at hand.
    pub fn next_loops(&mut self) {
        self.enter(NOWHERE, NOWHERE);
        self.at_n.clear();
        self.values.retain(|&(_, level), _| level == Level::Lane);
    }

    /// The statements before the loops, to be put where the nest is now.
    pub fn take_lane(&mut self) -> Vec<Statement> {
        std::mem::take(&mut self.lane)
    }

    /// The home of the expressions.
    pub fn pool(&mut self) -> &mut Pool {
        self.pool
    }

    /// The value of `expr` in the loop `here`; adds the statements that compute it.
    pub fn value(&mut self, expr: Expr, here: Level) -> Value {
        let level = self.level(expr);
        if level == Level::Outer && here == Level::Inner {
            return self.array_element(expr);
        }
        if let Some(name) = self.values.get(&(expr, level)) {
            return Value::Name(name.clone());
        }
        // Kept by earlier loops.
        if let (Level::Outer, Some(array)) = (level, self.arrays.get(&expr)) {
            return Value::Element(array.clone(), self.outer);
        }
        let (name, value) = match self.pool.node(expr).clone() {
            Node::Symbol(symbol) => {
                let name = match symbol {
                    // Not `s`, nor `noise`: names that the loops around may have.
                    Symbol::Parameter(_) => format!("parameter_{symbol}"),
                    _ => symbol.to_string(),
                };
                match self.body(&symbol) {
                    Some(body) => (name, self.compute(body, level)),
                    None => (name, Value::Given(symbol)),
                }
            }
            _ => {
                let value = self.compute(expr, level);
                (self.fresh(), value)
            }
        };
        self.statements(level).push(Statement::Let(name.clone(), value));
        self.values.insert((expr, level), name.clone());
        Value::Name(name)
    }

    /// x and true for arcsin(x), else the expression itself: the loop over m evaluates arcsines side by side.
    pub fn split_asin(&self, expr: Expr) -> (Expr, bool) {
        match self.pool.node(expr) {
            Node::Asin(x) => (*x, true),
            _ => (expr, false),
        }
    }

    /// What a defined symbol stands for.
    fn body(&mut self, symbol: &Symbol) -> Option<Expr> {
        let Symbol::Defined(name, indices) = symbol else { return None };
        let definitions = self.definitions;
        let definition = definitions.iter().find(|definition| definition.name == *name)?;
        Some(definition.instantiate(self.pool, indices))
    }

    fn fresh(&mut self) -> Name {
        *self.counter += 1;
        format!("t{}", self.counter)
    }

    fn statements(&mut self, level: Level) -> &mut Vec<Statement> {
        match level {
            Level::Lane => &mut self.lane,
            Level::Outer => {
                let n = self.outer;
                let position = self.at_n.iter().position(|known| known.n == n).unwrap_or_else(|| {
                    self.at_n.push(Loop { n, statements: Vec::new() });
                    self.at_n.len() - 1
                });
                &mut self.at_n[position].statements
            }
            Level::Inner => &mut self.at_m,
        }
    }

    /// The loop an expression belongs to, by the nodes it depends on.
    fn level(&self, expr: Expr) -> Level {
        match (self.depends_on(expr, self.outer), self.depends_on(expr, self.inner)) {
            (false, false) => Level::Lane,
            (true, true) => Level::Inner,
            _ => Level::Outer,
        }
    }

    fn depends_on(&self, expr: Expr, index: Index) -> bool {
        depends_on_known(self.pool, expr, index, &mut self.dependences.borrow_mut())
    }

    /// An expression of one node, kept for all nodes: `array[n]` or `array[m]`.
    fn array_element(&mut self, expr: Expr) -> Value {
        let (outer, inner) = (self.outer, self.inner);
        let at = if self.depends_on(expr, inner) { inner } else { outer };
        // The loop that fills the array calls its node n.
        let own = Index::Role(at.kind(), 'n');
        let canonical = rename(self.pool, expr, &|index| if index == at { own } else { index });
        let array = match self.arrays.get(&canonical) {
            Some(array) => array.clone(),
            None => {
                (self.outer, self.inner) = (own, NOWHERE);
                let value = self.value(canonical, Level::Outer);
                let Value::Name(name) = &value else { unreachable!("no array holds it yet") };
                let array = format!("{name}_all");
                // Teachers and students may share an array.
                if !self.kept_over_nodes.contains(&array) {
                    self.kept_over_nodes.push(array.clone());
                }
                self.statements(Level::Outer).push(Statement::Keep(array.clone(), value));
                (self.outer, self.inner) = (outer, inner);
                self.arrays.insert(canonical, array.clone());
                array
            }
        };
        Value::Element(array, at)
    }

    /// What computes `expr` from values that are at hand in the loop `level`.
    fn compute(&mut self, expr: Expr, level: Level) -> Value {
        if let Some(number) = self.pool.constant_value(expr) {
            return Value::Number(number);
        }
        match self.pool.node(expr).clone() {
            Node::Asin(x) if self.degenerate => {
                let (one, square) = (self.pool.integer(1), self.pool.pow(x, 2, 1));
                let rest = self.pool.sub(one, square);
                let rest = self.pool.fraction(rest);
                let cosine = self.pool.sqrt(rest);
                let (x, cosine) = (self.value(x, level), self.value(cosine, level));
                Value::Of(Operation::AsinWithCosine, vec![x, cosine])
            }
            Node::Asin(x) => Value::Of(Operation::Asin, vec![self.value(x, level)]),
            Node::FourSigns(_) => unreachable!("orthant integrals are emitted by patterns of nodes"),
            Node::Sum(constant, terms) => self.sum(constant, &terms, level),
            Node::Product(coefficient, factors) => self.product(coefficient, &factors, level),
            Node::Rational(_) | Node::Pi | Node::Symbol(_) => self.value(expr, level),
        }
    }

    /// A sum: what belongs to an outer loop is summed there, the rest is a chain of fused multiply-adds.
    fn sum(&mut self, constant: Rational, terms: &[(Expr, Rational)], level: Level) -> Value {
        let (mut here, mut outside): (Vec<_>, Vec<_>) =
            terms.iter().copied().partition(|&(term, _)| self.level(term) == level);
        // A single outside term joins the chain as it is, and so do those of n where m has some too.
        if outside.len() == 1 && constant == Rational::ZERO {
            here.append(&mut outside);
        } else if [self.outer, self.inner]
            .map(|node| outside.iter().any(|&(term, _)| self.depends_on(term, node)))
            == [true; 2]
        {
            let (of_n, rest) = outside.into_iter().partition(|&(term, _)| self.depends_on(term, self.outer));
            outside = rest;
            here.extend::<Vec<_>>(of_n);
        }
        // What depends on n alone, on m alone, and on neither.
        let mut groups: Vec<((bool, bool), Vec<Expr>)> = Vec::new();
        if constant != Rational::ZERO {
            groups.push(((false, false), vec![self.pool.rational(*constant.numer(), *constant.denom())]));
        }
        for (term, weight) in outside {
            let key = (self.depends_on(term, self.outer), self.depends_on(term, self.inner));
            let summand = self.pool.scale(term, weight);
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(summand),
                None => groups.push((key, vec![summand])),
            }
        }
        let mut chain: Option<Value> = None;
        for (_, group) in groups {
            let rest = self.pool.add(group);
            let rest = self.value(rest, level);
            chain = Some(match chain {
                None => rest,
                Some(chain) => chain.plus(rest),
            });
        }
        // Single positive quantities first: they can start the chain.
        here.sort_by_key(|&(term, weight)| {
            (weight < Rational::ZERO, matches!(self.pool.node(term), Node::Product(..)))
        });
        for (position, (term, weight)) in here.into_iter().enumerate() {
            // Long chains are statements of bounded depth, which compilers and formatters read recursively.
            if position > 0
                && position.is_multiple_of(MOST_NESTED)
                && let Some(long) = chain.take()
            {
                let name = self.fresh();
                self.statements(level).push(Statement::Let(name.clone(), long));
                chain = Some(Value::Name(name));
            }
            let (left, right) = self.two_factors(term, weight, level);
            let negative = weight < Rational::ZERO;
            chain = Some(match (chain, right, negative) {
                (None, None, false) => left,
                (None, None, true) => left.negated(),
                (None, Some(right), false) => left.times(right),
                (None, Some(right), true) => left.times(right).negated(),
                (Some(chain), None, false) => chain.plus(left),
                (Some(chain), None, true) => chain.minus(left),
                (Some(chain), Some(right), false) if self.unfused => chain.plus(left.times(right)),
                (Some(chain), Some(right), true) if self.unfused => chain.minus(left.times(right)),
                (Some(chain), Some(right), false) => Value::Of(Operation::AddMul, vec![chain, left, right]),
                (Some(chain), Some(right), true) => Value::Of(Operation::SubMul, vec![chain, left, right]),
            });
        }
        chain.unwrap_or(Value::Number(0.0))
    }

    /// |weight| · term as one value or as two to be multiplied.
    fn two_factors(&mut self, term: Expr, weight: Rational, level: Level) -> (Value, Option<Value>) {
        let size = if weight < Rational::ZERO { -weight } else { weight };
        if let Node::Product(_, factors) = self.pool.node(term).clone() {
            // x² and x y are two factors; anything longer is split before the last one.
            let (last, rest) = match factors[..] {
                [(base, exponent)] if exponent == 2.into() => (base, base),
                [.., (base, exponent)] if is_one(exponent) && factors.len() > 1 => {
                    let inverse = self.pool.pow(base, -1, 1);
                    (base, self.pool.mul([term, inverse]))
                }
                _ => {
                    let whole = self.pool.scale(term, size);
                    return (self.value(whole, level), None);
                }
            };
            let rest = self.pool.scale(rest, size);
            return (self.value(rest, level), Some(self.value(last, level)));
        }
        let left = self.value(term, level);
        if is_one(size) {
            return (left, None);
        }
        let size = self.pool.rational(*size.numer(), *size.denom());
        (left, Some(self.value(size, level)))
    }

    /// A product: what belongs to an outer loop is multiplied there.
    fn product(&mut self, coefficient: Rational, factors: &[(Expr, Rational)], level: Level) -> Value {
        if let ([(base, exponent)], true) = (factors, is_one(coefficient)) {
            return self.power(*base, *exponent, level);
        }
        // Groups by what they depend on: constants and lanes, n, m, both.
        let mut groups: Vec<((bool, bool), Vec<Expr>)> = Vec::new();
        for &(base, exponent) in factors {
            let key = (self.depends_on(base, self.outer), self.depends_on(base, self.inner));
            let factor = self.pool.pow(base, *exponent.numer(), *exponent.denom());
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, group)) => group.push(factor),
                None => groups.push((key, vec![factor])),
            }
        }
        let own = |key: (bool, bool)| match level {
            Level::Lane => key == (false, false),
            Level::Outer => key != (false, false),
            Level::Inner => key == (true, true),
        };
        let mut values = Vec::new();
        let mut front = coefficient;
        groups.sort_by_key(|(key, _)| own(*key));
        for (key, group) in groups {
            if own(key) {
                let constants =
                    group.iter().copied().filter(|&factor| self.pool.constant_value(factor).is_some());
                let constants: Vec<Expr> = constants.collect();
                if !constants.is_empty() || !is_one(front) {
                    let constant = self.pool.mul(constants.iter().copied());
                    let constant = self.pool.scale(constant, front);
                    front = Rational::ONE;
                    values.push(self.value(constant, level));
                }
                for factor in group.into_iter().filter(|factor| !constants.contains(factor)) {
                    values.push(self.value(factor, level));
                }
            } else {
                let whole = self.pool.mul(group);
                let whole = self.pool.scale(whole, front);
                front = Rational::ONE;
                values.push(self.value(whole, level));
            }
        }
        Value::product(values)
    }

    /// 1/√base from a table, if tables are wanted and `base` is made of the variance of node n, or of node b in lanes.
    fn tabulated_root(&mut self, base: Expr, level: Level) -> Option<Value> {
        let node = match level {
            Level::Lane => B,
            Level::Outer => self.outer,
            Level::Inner => return None,
        };
        let own = Symbol::overlap(node, node);
        if !self.wants_roots || symbols(self.pool, base) != BTreeSet::from([own]) {
            return None;
        }
        let base = rename(self.pool, base, &|index| if index == node { B } else { index });
        let table = match self.tables.get(&base) {
            Some(table) => table.clone(),
            None => self.tabulate_root(base),
        };
        Some(Value::Tabulated(table, node))
    }

    fn tabulate_root(&mut self, base: Expr) -> Name {
        let root = self.pool.pow(base, -1, 2);
        let mut nest = Nest::new(self.pool, &[], self.counter);
        let value = nest.value(root, Level::Lane);
        let Value::Name(name) = &value else { unreachable!("values of lanes have names") };
        let table = format!("{name}_of_nodes");
        let statements = nest.take_lane();
        self.roots_of_nodes.push(Table { name: table.clone(), statements, value });
        self.tables.insert(base, table.clone());
        table
    }

    fn power(&mut self, base: Expr, exponent: Rational, level: Level) -> Value {
        let (numerator, denominator) = (*exponent.numer(), *exponent.denom());
        if (numerator, denominator) == (-1, 2) {
            if let Some(root) = self.tabulated_root(base, level) {
                return root;
            }
            return Value::Of(Operation::Rsqrt, vec![self.value(base, level)]);
        }
        if (numerator, denominator) == (1, 2) {
            let unfused = std::mem::replace(&mut self.unfused, true);
            let base = self.value(base, level);
            self.unfused = unfused;
            // Rounding can carry a Gram determinant of equal fields below 0.
            let positive = Value::Of(Operation::Max, vec![base, Value::Number(0.0)]);
            return Value::Of(Operation::Sqrt, vec![positive]);
        }
        if (numerator, denominator) == (-1, 1) {
            let root = self.pool.pow(base, -1, 2);
            // Where 1/√x is at hand, 1/x costs one multiplication.
            if let Some(root) = self.values.get(&(root, level)) {
                let root = Value::Name(root.clone());
                return root.clone().times(root);
            }
            return Value::Of(Operation::Div, vec![Value::Number(1.0), self.value(base, level)]);
        }
        let unit = Rational::new(if numerator < 0 { -1 } else { 1 }, denominator);
        let step = self.pool.pow(base, *unit.numer(), *unit.denom());
        let step = self.value(step, level);
        Value::product((0..numerator.unsigned_abs()).map(|_| step.clone()))
    }
}

fn is_one(value: Rational) -> bool {
    value == Rational::ONE
}
