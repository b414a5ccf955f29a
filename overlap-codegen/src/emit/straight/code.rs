//! Straight-line code from expressions: every subexpression computed once, roots and arcsines in packs, stage by stage.

use super::determinants::Gram;
use crate::emit::write::parameter_tokens;
use crate::emit::{MAX_LANES, Sizes, count, ident, is_one, temporary, times};
use overlap_engine::equations::Equations;
use overlap_engine::expr::{Expr, Node, Pool, Rational, to_f64};
use overlap_engine::gaussian::Definition;
use overlap_engine::resolve::inline;
use overlap_engine::schedule::MOST_NESTED;
use overlap_engine::symbol::{Index, Symbol};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::HashMap;

/// Rounding of a Gram determinant of a few fields, as a part of the product of their variances.
const ROUNDING: f64 = 2e-15;

/// The name and the place of a given quantity; without a name it is read in place.
pub(in crate::emit) type Load<'a> = &'a dyn Fn(&Symbol) -> (Option<Ident>, TokenStream);

/// Straight-line code under construction.
pub(in crate::emit) struct Straight<'a> {
    pub(super) pool: &'a mut Pool,
    definitions: &'a [Definition],
    load: Load<'a>,
    /// Whether Gram determinants of fields that are nearly one may stand under a root: rounding can carry them below 0.
    degenerate: bool,
    /// Whether an activation has a step: arcsines of fields that are nearly one then need their cosine.
    steps: bool,
    /// Whether products and sums are rounded apart, so that x y - z² is exactly 0 where x, y and z are one number.
    unfused: bool,
    pub(in crate::emit) statements: Vec<TokenStream>,
    pub(super) values: HashMap<Expr, TokenStream>,
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
    pub(in crate::emit) fn new(equations: &'a mut Equations<'_>, load: Load<'a>) -> Self {
        Straight {
            pool: &mut equations.pool,
            definitions: &equations.noise.vectors,
            load,
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
    pub(in crate::emit) fn block(mut self, results: &[Expr]) -> (Vec<TokenStream>, Vec<TokenStream>) {
        self.stages(results);
        let values = results.iter().map(|&result| self.value(result)).collect();
        (self.statements, values)
    }

    /// Emits the calls that `results` need, stage by stage: first those whose arguments need no call, and so on.
    pub(in crate::emit) fn stages(&mut self, results: &[Expr]) {
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
            self.batch(&roots, &format!("roots_{stage}"), "rsqrt_all", 1.0, |pool, x| pool.pow(x, -1, 2));
            for position in 0..self.grams.len() {
                let gram = self.grams[position];
                if gram.stage == stage {
                    self.root_of_quotient(gram);
                }
            }
            self.batch(&angles, &format!("angles_{stage}"), "asin_all", 0.0, |pool, x| pool.asin(x));
            self.angles_with_cosines(&near_one, &format!("wide_angles_{stage}"));
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
    fn angles_with_cosines(&mut self, arguments: &[Expr], name: &str) {
        if arguments.is_empty() {
            return;
        }
        let cosines: Vec<TokenStream> = arguments
            .iter()
            .map(|&x| {
                let cosine = self.cosine(x);
                self.value(cosine)
            })
            .collect();
        let cosines_name = ident(&format!("cosines_of_{name}"));
        let (zero, one) = (literal(0.0), literal(1.0));
        let padded = (cosines.len()..cosines.len().next_multiple_of(MAX_LANES)).map(|_| &one);
        let values: Vec<TokenStream> = arguments.iter().map(|&x| self.value(x)).collect();
        self.statements.push(quote!(let #cosines_name = [#(#cosines,)* #(#padded),*];));
        let padded = (values.len()..values.len().next_multiple_of(MAX_LANES)).map(|_| &zero);
        let (array, filled) = (ident(name), count(values.len()));
        self.statements.push(quote!(let mut #array = [#(#values,)* #(#padded),*];));
        self.statements.push(quote!(s.asin_with_cosine_all(&mut #array, &#cosines_name, #filled);));
        for (position, &argument) in arguments.iter().enumerate() {
            let (result, position) = (self.pool.asin(argument), count(position));
            self.values.insert(result, quote!(#array[#position]));
        }
    }

    /// One array of arguments through lanes, padded to full packs.
    fn batch(
        &mut self,
        arguments: &[Expr],
        name: &str,
        function: &str,
        padding: f64,
        result: impl Fn(&mut Pool, Expr) -> Expr,
    ) {
        if arguments.is_empty() {
            return;
        }
        let unfused = std::mem::replace(&mut self.unfused, self.degenerate);
        let mut values: Vec<TokenStream> = arguments.iter().map(|&argument| self.value(argument)).collect();
        self.unfused = unfused;
        if self.degenerate && function == "rsqrt_all" {
            for (value, &argument) in values.iter_mut().zip(arguments) {
                let floor = self.rounding_of(argument);
                *value = quote!(s.max(#value, #floor));
            }
        }
        let (name, function, padding) = (ident(name), ident(function), literal(padding));
        let padded = (values.len()..values.len().next_multiple_of(MAX_LANES)).map(|_| &padding);
        self.statements.push(quote!(let mut #name = [#(#values,)* #(#padded),*];));
        let filled = count(values.len());
        self.statements.push(quote!(s.#function(&mut #name, #filled);));
        for (position, &argument) in arguments.iter().enumerate() {
            let result = result(self.pool, argument);
            let position = count(position);
            self.values.insert(result, quote!(#name[#position]));
        }
    }

    /// What a Gram determinant is rounded to, in proportion to the product of its variances: less than this says
    /// nothing but that the fields depend on each other. A variance has a floor that keeps 1/√x finite.
    fn rounding_of(&mut self, determinant: Expr) -> TokenStream {
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
        let Some(&(term, weight)) = diagonal else { return literal(1e-30) };
        let diagonal = self.pool.scale(term, weight);
        let (diagonal, relative) = (self.value(diagonal), literal(ROUNDING));
        quote!(s.max(#relative * #diagonal, s.number(1e-300)))
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

    /// The tokens of the value of `expr`; adds the statements that compute it.
    pub(in crate::emit) fn value(&mut self, expr: Expr) -> TokenStream {
        if let Some(known) = self.values.get(&expr) {
            return known.clone();
        }
        if let Some(number) = self.pool.constant_value(expr) {
            return literal(number);
        }
        let (name, tokens) = match self.pool.node(expr).clone() {
            Node::Symbol(symbol) => match self.body(&symbol) {
                Some(body) => (Some(defined_name(&symbol)), self.compute(body)),
                None => match (self.load)(&symbol) {
                    (None, tokens) => return tokens,
                    named => named,
                },
            },
            _ => (None, self.compute(expr)),
        };
        let name = name.unwrap_or_else(|| {
            self.counter += 1;
            temporary(self.counter)
        });
        self.statements.push(quote!(let #name = #tokens;));
        self.values.insert(expr, quote!(#name));
        quote!(#name)
    }

    /// The expression that computes `expr` from values that are at hand.
    fn compute(&mut self, expr: Expr) -> TokenStream {
        match self.pool.node(expr).clone() {
            Node::Sum(constant, terms) => self.sum(constant, &terms),
            Node::Product(coefficient, factors) => self.product(coefficient, &factors),
            Node::FourSigns(correlations) => {
                let values = correlations.map(|x| self.value(x));
                quote!(four_signs([#(#values),*]))
            }
            // Constants and calls are known by now, symbols have a value.
            Node::Rational(_) | Node::Pi | Node::Asin(_) | Node::Symbol(_) => self.value(expr),
        }
    }

    /// A chain of multiply-adds, fused unless asked otherwise. A variance and one plus a variance share theirs.
    fn sum(&mut self, constant: Rational, terms: &[(Expr, Rational)]) -> TokenStream {
        if constant != Rational::ZERO && terms.len() > 1 {
            let summands: Vec<Expr> =
                terms.iter().map(|&(term, weight)| self.pool.scale(term, weight)).collect();
            let rest = self.pool.add(summands);
            let (constant, rest) = (literal(to_f64(constant)), self.value(rest));
            return quote!(#constant + #rest);
        }
        let mut terms = terms.to_vec();
        terms.sort_by_key(|&(term, weight)| {
            (weight < Rational::ZERO, matches!(self.pool.node(term), Node::Product(..)))
        });
        let mut chain = (constant != Rational::ZERO).then(|| literal(to_f64(constant)));
        for (position, (term, weight)) in terms.into_iter().enumerate() {
            if position > 0 && position.is_multiple_of(MOST_NESTED) {
                self.counter += 1;
                let name = temporary(self.counter);
                self.statements.push(quote!(let #name = #chain;));
                chain = Some(quote!(#name));
            }
            // x - a b rather than x + (-a) b; a chain that starts keeps its sign.
            let minus = weight < Rational::ZERO && chain.is_some();
            let (left, right) = self.two_factors(term, if minus { -weight } else { weight });
            chain = Some(match (chain, right, minus) {
                (None, None, _) => left,
                (None, Some(right), _) => quote!(#left * #right),
                (Some(chain), None, false) => quote!(#chain + #left),
                (Some(chain), None, true) => quote!(#chain - #left),
                (Some(chain), Some(right), false) if self.unfused => quote!(#chain + #left * #right),
                (Some(chain), Some(right), true) if self.unfused => quote!(#chain - #left * #right),
                (Some(chain), Some(right), false) => quote!(s.add_mul(#chain, #left, #right)),
                (Some(chain), Some(right), true) => quote!(s.sub_mul(#chain, #left, #right)),
            });
        }
        chain.unwrap_or_else(|| literal(0.0))
    }

    /// weight · term as one value, or as the part that repeats (weights and symbols) times the rest.
    fn two_factors(&mut self, term: Expr, weight: Rational) -> (TokenStream, Option<TokenStream>) {
        let Node::Product(_, factors) = self.pool.node(term).clone() else {
            let value = self.value(term);
            return if is_one(weight) { (value, None) } else { (literal(to_f64(weight)), Some(value)) };
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

    fn product(&mut self, coefficient: Rational, factors: &[(Expr, Rational)]) -> TokenStream {
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
                    (&mut over, quote!(s.sqrt(s.max(#base, s.number(0.0)))), times)
                } else {
                    let base = self.value(base);
                    (if exponent > Rational::ZERO { &mut over } else { &mut under }, base, times)
                };
            side.extend((0..times).map(|_| factor.clone()));
        }
        let constant = self.pool.mul(constants);
        let number = self.pool.constant_value(constant).unwrap_or(1.0);
        if number != 1.0 || over.is_empty() {
            over.insert(0, literal(number));
        }
        quotient(over, under)
    }
}

fn is_variance(pool: &Pool, expr: Expr) -> bool {
    matches!(pool.node(expr), Node::Symbol(Symbol::Overlap(a, b)) if a == b)
}

/// Where a given quantity is found, and the name it gets.
pub(super) fn load(symbol: &Symbol, sizes: Sizes) -> (Option<Ident>, TokenStream) {
    let trained = sizes.trained;
    let unit = |index: Index| match index {
        Index::Teacher(unit) | Index::Student(unit) => usize::from(unit),
        Index::Role(..) => unreachable!("straight-line code has no loops"),
    };
    match *symbol {
        Symbol::Parameter(parameter) => (None, get(parameter_tokens(parameter))),
        Symbol::Readout(index) => {
            let i = unit(index);
            let (position, i) = (count(sizes.a(i)), count(i));
            let tokens = get(if trained { quote!(state[#position]) } else { quote!(a[#i]) });
            (Some(ident(&format!("a_{index}"))), tokens)
        }
        Symbol::Coefficient(index @ Index::Teacher(_)) => {
            let r = count(unit(index));
            let name = ident(&format!("c_star_{index}"));
            (Some(name), quote!(s.get(&parameters.s_star) * s.get(&a_star[#r])))
        }
        Symbol::Coefficient(index) => {
            let i = unit(index);
            let (position, i) = (count(sizes.a(i)), count(i));
            let a = get(if trained { quote!(state[#position]) } else { quote!(a[#i]) });
            (Some(ident(&format!("c_{index}"))), quote!(-s.get(&parameters.s) * #a))
        }
        Symbol::Overlap(a, b) => {
            let (x, y) = (unit(a), unit(b));
            let (letter, tokens) = match (a, b) {
                (Index::Teacher(_), Index::Teacher(_)) => {
                    let position = count(x * sizes.k + y);
                    ("p", quote!(teacher_overlaps[#position]))
                }
                (Index::Teacher(_), _) => {
                    let position = count(sizes.m(x, y));
                    ("m", quote!(state[#position]))
                }
                _ => {
                    let position = count(sizes.q(x, y));
                    ("q", quote!(state[#position]))
                }
            };
            (Some(ident(&format!("{letter}_{a}_{b}"))), get(tokens))
        }
        Symbol::Defined(..) => unreachable!("defined symbols have a body"),
    }
}

impl Call {
    fn argument(self) -> Expr {
        match self {
            Call::Root(x) | Call::Asin(x) => x,
        }
    }
}

/// A constant of the code's own numbers.
fn literal(value: f64) -> TokenStream {
    let value = crate::emit::literal(value);
    quote!(s.number(#value))
}

/// Reads a quantity from memory.
fn get(place: TokenStream) -> TokenStream {
    quote!(s.get(&#place))
}

/// Π over / Π under, where under may be empty.
fn quotient(over: Vec<TokenStream>, under: Vec<TokenStream>) -> TokenStream {
    let over = times(over);
    if under.is_empty() {
        return over;
    }
    let under = times(under);
    quote!(s.div(#over, #under))
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
fn defined_name(symbol: &Symbol) -> Ident {
    let Symbol::Defined(name, indices) = symbol else { unreachable!("called for defined symbols") };
    let mut text = (*name).to_owned();
    for index in indices {
        let letter = if matches!(index, Index::Teacher(_)) { "t" } else { "" };
        text.push_str(&format!("_{letter}{index}"));
    }
    ident(&text)
}
