//! Straight-line code from expressions: every subexpression computed once, roots and arcsines in packs, stage by stage.

use super::Block;
use super::determinants::Gram;
use crate::equations::Equations;
use crate::expr::{Expr, Node, Pool, Rational, to_f64};
use crate::gaussian::Definition;
use crate::resolve::inline;
use crate::schedule::{MOST_NESTED, Name, Operation, Statement, Value};
use crate::symbol::{Index, Symbol};
use std::collections::HashMap;

/// Rounding of a Gram determinant of a few fields, as a part of the product of their variances.
const ROUNDING: f64 = 2e-15;

/// The name a given quantity gets; without one it is read in place.
pub(super) type Names<'a> = &'a dyn Fn(&Symbol) -> Option<Name>;

/// Straight-line code under construction.
pub(super) struct Straight<'a> {
    pub(super) pool: &'a mut Pool,
    definitions: &'a [Definition],
    names: Names<'a>,
    /// Whether Gram determinants of fields that are nearly one may stand under a root: rounding can carry them below 0.
    degenerate: bool,
    /// Whether an activation has a step: arcsines of fields that are nearly one then need their cosine.
    steps: bool,
    /// Whether products and sums are rounded apart, so that x y - z² is exactly 0 where x, y and z are one number.
    unfused: bool,
    pub(super) statements: Vec<Statement>,
    pub(super) values: HashMap<Expr, Value>,
    pub(super) grams: Vec<Gram>,
    pub(super) counter: usize,
}

/// What goes through lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Call {
    /// 1/√x.
    Root(Expr),
    /// arcsin(x).
    Asin(Expr),
}

impl<'a> Straight<'a> {
    pub(super) fn new(equations: &'a mut Equations<'_>, names: Names<'a>) -> Self {
        Straight {
            pool: &mut equations.pool,
            definitions: &equations.noise.vectors,
            names,
            degenerate: equations.by_coincidence,
            steps: equations.steps,
            unfused: false,
            statements: Vec::new(),
            values: HashMap::new(),
            grams: Vec::new(),
            counter: 0,
        }
    }

    /// All of `results`: statements and values.
    pub(super) fn block(mut self, results: &[Expr]) -> Block {
        self.stages(results);
        let mut values = Vec::new();
        for &result in results {
            let value = self.value(result);
            self.statements.push(Statement::Result(values.len()));
            values.push(value);
        }
        Block { statements: self.statements, values }
    }

    /// Emits the calls that `results` need, stage by stage: first those whose arguments need no call, and so on.
    pub(super) fn stages(&mut self, results: &[Expr]) {
        let mut calls = Vec::new();
        let mut stage_of = HashMap::new();
        for &result in results {
            self.collect(result, &mut calls, &mut stage_of);
        }
        let last = calls.iter().map(|&(_, stage)| stage).max().unwrap_or(0);
        // Arcsines that no other call waits for go through the lanes together, at the end.
        let mut known = HashMap::new();
        if !calls.iter().any(|&(call, _)| self.contains_asin(call.argument(), &mut known)) {
            for (call, stage) in &mut calls {
                if matches!(call, Call::Asin(_)) {
                    *stage = last;
                }
            }
        }
        for stage in 1..=last {
            let now = |wanted: bool| {
                calls
                    .iter()
                    .filter(move |&&(call, at)| at == stage && matches!(call, Call::Root(_)) == wanted)
            };
            let roots: Vec<Expr> = now(true).map(|&(call, _)| call.argument()).collect();
            let (near_one, angles): (Vec<Expr>, Vec<Expr>) =
                now(false).map(|&(call, _)| call.argument()).partition(|&x| self.may_reach_one(x));
            self.batch(&roots, format!("roots_{stage}"), Operation::Rsqrt, |pool, x| pool.pow(x, -1, 2));
            for position in 0..self.grams.len() {
                let gram = self.grams[position];
                if gram.stage == stage {
                    self.root_of_quotient(gram);
                }
            }
            self.batch(&angles, format!("angles_{stage}"), Operation::Asin, |pool, x| pool.asin(x));
            self.angles_with_cosines(&near_one, format!("wide_angles_{stage}"));
        }
    }

    /// Whether x of arcsin(x) is ±1, or 0/0, where all fields are one: near ±1 an arcsine loses half of its digits.
    fn may_reach_one(&mut self, x: Expr) -> bool {
        if !self.steps {
            return false;
        }
        let x = inline(self.pool, x, self.definitions);
        let value = self.pool.evaluate(x, &|_| 1.0).abs();
        value.is_nan() || value > 1.0 - 1e-6
    }

    /// √(1 - x²) as one fraction, whose numerator is exactly 0 where two fields are one.
    fn cosine(&mut self, x: Expr) -> Expr {
        let (one, square) = (self.pool.integer(1), self.pool.pow(x, 2, 1));
        let rest = self.pool.sub(one, square);
        let rest = self.pool.fraction(rest);
        self.pool.sqrt(rest)
    }

    /// Arcsines through lanes, with their cosines.
    fn angles_with_cosines(&mut self, arguments: &[Expr], name: Name) {
        if arguments.is_empty() {
            return;
        }
        let cosines = arguments.iter().map(|&x| {
            let cosine = self.cosine(x);
            self.value(cosine)
        });
        let cosines = cosines.collect();
        let values = arguments.iter().map(|&x| self.value(x)).collect();
        let operation = Operation::AsinWithCosine;
        self.statements.push(Statement::Batch {
            name: name.clone(),
            operation,
            operands: vec![values, cosines],
        });
        for (position, &argument) in arguments.iter().enumerate() {
            let result = self.pool.asin(argument);
            self.values.insert(result, Value::At(name.clone(), position));
        }
    }

    /// One array of arguments through lanes.
    fn batch(
        &mut self,
        arguments: &[Expr],
        name: Name,
        operation: Operation,
        result: impl Fn(&mut Pool, Expr) -> Expr,
    ) {
        if arguments.is_empty() {
            return;
        }
        let unfused = std::mem::replace(&mut self.unfused, self.degenerate);
        let mut values: Vec<Value> = arguments.iter().map(|&argument| self.value(argument)).collect();
        self.unfused = unfused;
        if self.degenerate && operation == Operation::Rsqrt {
            for (value, &argument) in values.iter_mut().zip(arguments) {
                let floor = self.rounding_of(argument);
                *value = value.clone().or_more(floor);
            }
        }
        self.statements.push(Statement::Batch { name: name.clone(), operation, operands: vec![values] });
        for (position, &argument) in arguments.iter().enumerate() {
            let result = result(self.pool, argument);
            self.values.insert(result, Value::At(name.clone(), position));
        }
    }

    /// What a Gram determinant is rounded to, in proportion to the product of its variances: less than this says
    /// nothing but that the fields depend on each other. A variance has a floor that keeps 1/√x finite.
    fn rounding_of(&mut self, determinant: Expr) -> Value {
        let variances = |pool: &Pool, term: Expr| match pool.node(term) {
            Node::Product(_, factors) => factors.iter().all(|&(base, _)| is_variance(pool, base)),
            _ => false,
        };
        let diagonal = match self.pool.node(determinant) {
            Node::Sum(_, terms) => {
                terms.iter().find(|&&(term, weight)| weight > Rational::ZERO && variances(self.pool, term))
            }
            _ => None,
        };
        let Some(&(term, weight)) = diagonal else { return Value::Number(1e-30) };
        let diagonal = self.pool.scale(term, weight);
        let diagonal = self.value(diagonal);
        Value::Number(ROUNDING).times(diagonal).or_more(Value::Number(1e-300))
    }

    /// Finds all calls below `expr` with their stages, innermost first.
    pub(super) fn collect(
        &mut self,
        expr: Expr,
        calls: &mut Vec<(Call, usize)>,
        stage_of: &mut HashMap<Expr, usize>,
    ) -> usize {
        if let Some(&stage) = stage_of.get(&expr) {
            return stage;
        }
        if self.pool.constant_value(expr).is_some() {
            return 0;
        }
        let stage = match self.pool.node(expr).clone() {
            Node::Rational(_) | Node::Pi => 0,
            Node::Symbol(symbol) => match self.body(&symbol) {
                Some(body) => self.collect(body, calls, stage_of),
                None => 0,
            },
            Node::Sum(_, parts) => {
                parts.iter().map(|&(part, _)| self.collect(part, calls, stage_of)).max().unwrap_or(0)
            }
            Node::Product(_, factors) => factors
                .iter()
                .map(|&(base, exponent)| {
                    if is_root(exponent)
                        && let Some(stage) = self.quotient_of_determinants(base, calls, stage_of)
                    {
                        return stage;
                    }
                    let below = self.collect(base, calls, stage_of);
                    if !is_root(exponent) {
                        return below;
                    }
                    push(calls, Call::Root(base), below + 1);
                    below + 1
                })
                .max()
                .unwrap_or(0),
            Node::FourSigns(correlations) => {
                correlations.iter().map(|&x| self.collect(x, calls, stage_of)).max().unwrap_or(0)
            }
            Node::Asin(x) => {
                let mut below = self.collect(x, calls, stage_of);
                if self.may_reach_one(x) {
                    let cosine = self.cosine(x);
                    below = below.max(self.collect(cosine, calls, stage_of));
                }
                push(calls, Call::Asin(x), below + 1);
                below + 1
            }
        };
        stage_of.insert(expr, stage);
        stage
    }

    fn contains_asin(&mut self, expr: Expr, known: &mut HashMap<Expr, bool>) -> bool {
        if let Some(&answer) = known.get(&expr) {
            return answer;
        }
        let answer = match self.pool.node(expr).clone() {
            Node::Rational(_) | Node::Pi => false,
            Node::Symbol(symbol) => match self.body(&symbol) {
                Some(body) => self.contains_asin(body, known),
                None => false,
            },
            Node::Sum(_, parts) | Node::Product(_, parts) => {
                parts.iter().any(|&(part, _)| self.contains_asin(part, known))
            }
            Node::FourSigns(correlations) => correlations.iter().any(|&x| self.contains_asin(x, known)),
            Node::Asin(_) => true,
        };
        known.insert(expr, answer);
        answer
    }

    /// What a defined symbol stands for.
    pub(super) fn body(&mut self, symbol: &Symbol) -> Option<Expr> {
        let Symbol::Defined(name, indices) = symbol else { return None };
        let definitions = self.definitions;
        let definition = definitions.iter().find(|definition| definition.name == *name)?;
        Some(definition.instantiate(self.pool, indices))
    }

    /// The value of `expr`; adds the statements that compute it.
    pub(super) fn value(&mut self, expr: Expr) -> Value {
        if let Some(known) = self.values.get(&expr) {
            return known.clone();
        }
        if let Some(number) = self.pool.constant_value(expr) {
            return Value::Number(number);
        }
        let (name, value) = match self.pool.node(expr).clone() {
            Node::Symbol(symbol) => match self.body(&symbol) {
                Some(body) => (defined_name(&symbol), self.compute(body)),
                None => match (self.names)(&symbol) {
                    None => return Value::Given(symbol),
                    Some(name) => (name, Value::Given(symbol)),
                },
            },
            _ => {
                let value = self.compute(expr);
                (self.fresh(), value)
            }
        };
        let named = self.named(name, value);
        self.values.insert(expr, named.clone());
        named
    }

    fn fresh(&mut self) -> Name {
        self.counter += 1;
        format!("t{}", self.counter)
    }

    fn named(&mut self, name: Name, value: Value) -> Value {
        self.statements.push(Statement::Let(name.clone(), value));
        Value::Name(name)
    }

    /// A value under a name of its own.
    pub(super) fn temporary(&mut self, value: Value) -> Value {
        let name = self.fresh();
        self.named(name, value)
    }

    /// What computes `expr` from values that are at hand.
    fn compute(&mut self, expr: Expr) -> Value {
        match self.pool.node(expr).clone() {
            Node::Sum(constant, terms) => self.sum(constant, &terms),
            Node::Product(coefficient, factors) => self.product(coefficient, &factors),
            Node::FourSigns(correlations) => {
                Value::Of(Operation::FourSigns, correlations.map(|x| self.value(x)).into())
            }
            // Constants and calls are known by now, symbols have a value.
            Node::Rational(_) | Node::Pi | Node::Asin(_) | Node::Symbol(_) => self.value(expr),
        }
    }

    /// A chain of multiply-adds, fused unless asked otherwise. A variance and one plus a variance share theirs.
    fn sum(&mut self, constant: Rational, terms: &[(Expr, Rational)]) -> Value {
        if constant != Rational::ZERO && terms.len() > 1 {
            let summands: Vec<Expr> =
                terms.iter().map(|&(term, weight)| self.pool.scale(term, weight)).collect();
            let rest = self.pool.add(summands);
            let rest = self.value(rest);
            return Value::Number(to_f64(constant)).plus(rest);
        }
        let mut terms = terms.to_vec();
        terms.sort_by_key(|&(term, weight)| {
            (weight < Rational::ZERO, matches!(self.pool.node(term), Node::Product(..)))
        });
        let mut chain = (constant != Rational::ZERO).then(|| Value::Number(to_f64(constant)));
        for (position, (term, weight)) in terms.into_iter().enumerate() {
            if position > 0 && position.is_multiple_of(MOST_NESTED) {
                chain = chain.map(|long| self.temporary(long));
            }
            // x - a b rather than x + (-a) b; a chain that starts keeps its sign.
            let minus = weight < Rational::ZERO && chain.is_some();
            let (left, right) = self.two_factors(term, if minus { -weight } else { weight });
            chain = Some(match (chain, right, minus) {
                (None, None, _) => left,
                (None, Some(right), _) => left.times(right),
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

    /// weight · term as one value, or as the part that repeats (weights and symbols) times the rest.
    fn two_factors(&mut self, term: Expr, weight: Rational) -> (Value, Option<Value>) {
        let Node::Product(_, factors) = self.pool.node(term).clone() else {
            let value = self.value(term);
            return if weight == Rational::ONE {
                (value, None)
            } else {
                (Value::Number(to_f64(weight)), Some(value))
            };
        };
        let is_front = |base: Expr| {
            let plain = matches!(
                self.pool.node(base),
                Node::Symbol(Symbol::Coefficient(_) | Symbol::Readout(_)) | Node::Pi
            );
            plain || matches!(self.pool.node(base), Node::Symbol(Symbol::Parameter(_)))
        };
        let (mut front, mut rest): (Vec<_>, Vec<_>) =
            factors.into_iter().partition(|&(base, _)| is_front(base));
        if front.is_empty() {
            front.push(rest.remove(0));
        } else if rest.len() > 1 {
            // c_n / √x stands in front of several overlaps.
            let shared: Vec<_> = rest.extract_if(.., |(_, exponent)| *exponent == (-1, 2).into()).collect();
            front.extend(shared);
        }
        if rest.is_empty() {
            // x² is x · x; anything else is one value.
            let (base, exponent) = front[0];
            if front.len() == 1 && exponent == 2.into() {
                let scaled = self.pool.scale(base, weight);
                return (self.value(scaled), Some(self.value(base)));
            }
            let whole = self.pool.scale(term, weight);
            return (self.value(whole), None);
        }
        let mut product = |factors: Vec<(Expr, Rational)>| {
            let factors: Vec<Expr> =
                factors.into_iter().map(|(base, e)| self.pool.pow(base, *e.numer(), *e.denom())).collect();
            self.pool.mul(factors)
        };
        let (front, rest) = (product(front), product(rest));
        let front = self.pool.scale(front, weight);
        (self.value(front), Some(self.value(rest)))
    }

    fn product(&mut self, coefficient: Rational, factors: &[(Expr, Rational)]) -> Value {
        let factors = self.merge_roots(factors);
        let (mut over, mut under) = (Vec::new(), Vec::new());
        let mut constants = vec![self.pool.rational(*coefficient.numer(), *coefficient.denom())];
        for (base, exponent) in factors {
            let power = self.pool.pow(base, *exponent.numer(), *exponent.denom());
            if self.pool.constant_value(power).is_some() {
                constants.push(power);
                continue;
            }
            let root = self.pool.pow(base, -1, 2);
            let times = exponent.numer().unsigned_abs();
            let (side, factor, times) =
                if let Some(root) = self.values.get(&root).filter(|_| exponent < Rational::ZERO) {
                    // (1/√x)^(2e) for x^(-e)
                    (&mut over, root.clone(), if exponent.is_integer() { 2 * times } else { times })
                } else if exponent > Rational::ZERO && *exponent.denom() == 2 {
                    // √x^(2e) for x^e
                    let unfused = std::mem::replace(&mut self.unfused, self.steps);
                    let base = self.value(base);
                    self.unfused = unfused;
                    (&mut over, Value::Of(Operation::Sqrt, vec![base.or_more(Value::Number(0.0))]), times)
                } else {
                    let base = self.value(base);
                    (if exponent > Rational::ZERO { &mut over } else { &mut under }, base, times)
                };
            side.extend((0..times).map(|_| factor.clone()));
        }
        let constant = self.pool.mul(constants);
        let number = self.pool.constant_value(constant).unwrap_or(1.0);
        if number != 1.0 || over.is_empty() {
            over.insert(0, Value::Number(number));
        }
        let over = Value::product(over);
        match under.into_iter().reduce(Value::times) {
            Some(under) => Value::Of(Operation::Div, vec![over, under]),
            None => over,
        }
    }
}

fn is_variance(pool: &Pool, expr: Expr) -> bool {
    matches!(pool.node(expr), Node::Symbol(Symbol::Overlap(a, b)) if a == b)
}

impl Call {
    fn argument(self) -> Expr {
        match self {
            Call::Root(x) | Call::Asin(x) => x,
        }
    }
}

/// x^(-½), x^(-3/2), ... are powers of 1/√x.
fn is_root(exponent: Rational) -> bool {
    exponent < Rational::ZERO && *exponent.denom() == 2
}

pub(super) fn push(calls: &mut Vec<(Call, usize)>, call: Call, stage: usize) {
    if !calls.iter().any(|&(known, _)| known == call) {
        calls.push((call, stage));
    }
}

/// `u_1_2` of students 1 and 2, `u_1_t2` of student 1 and teacher 2.
fn defined_name(symbol: &Symbol) -> Name {
    let Symbol::Defined(name, indices) = symbol else { unreachable!("called for defined symbols") };
    let mut text = (*name).to_owned();
    for index in indices {
        let letter = if matches!(index, Index::Teacher(_)) { "t" } else { "" };
        text.push_str(&format!("_{letter}{index}"));
    }
    text
}
