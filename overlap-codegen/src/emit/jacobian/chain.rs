//! The chain rule for the noise of SGD, in reverse: from the summand of two nodes, over what depends on one node, to what
//! depends on the pair of students alone.
//!
//! noise = mass (Σ_nm c_n c_m tilted + Δ label), and `tilted` is made of symbols of n and m (only q_nm), of n or m
//! (q_nn, q_jn, u_jn, …), and of neither (q_jl, …). The derivatives by the second and third sort are summed up over pairs,
//! each in an array of its own ([`Sum`]), and carried on from there.

use overlap_engine::equations::Pair;
use overlap_engine::expr::{Expr, Node, Pool};
use overlap_engine::gaussian::{Definition, rename};
use overlap_engine::schedule::parts::{depends_on, split, symbols};
use overlap_engine::symbol::{Index, Kind, Symbol};
use std::collections::{BTreeMap, HashMap};

/// Names of Gram determinants of a tilted measure, 1 + q_nn - u_jn² - v_jln² for erf: derivatives pass through them.
const DETERMINANTS: [&str; 4] = ["d", "e", "g", "h"];

/// The weight c_n c_m of a pair, with its multiplicity.
pub(super) const WEIGHT: &str = "w";
/// The sum number i over pairs, of a node.
pub(super) const SUM: &str = "sum";
/// mass⁻¹ · noise.
pub(super) const BRACKET: &str = "bracket";

/// One case of the sum over pairs of different nodes.
pub(super) struct Case {
    pub(super) pair: Pair,
    /// What `tilted` has for a factor that does not depend on nodes,
    pub(super) front: Expr,
    /// and the rest.
    pub(super) value: Expr,
    /// weight · ∂value/∂q_nm.
    pub(super) direct: Option<Expr>,
    /// What every pair adds to the sums.
    pub(super) parts: Vec<Part>,
}

/// sum += left · right, at a node or none.
pub(super) struct Part {
    pub(super) sum: usize,
    pub(super) at: Option<Index>,
    pub(super) left: Expr,
    pub(super) right: Option<Expr>,
}

/// A sum over pairs: the derivative by `symbol` is `factor` times it.
#[derive(PartialEq)]
pub(super) struct Sum {
    symbol: Symbol,
    factor: Expr,
    /// The node that is left, under the name of the loop over nodes.
    pub(super) at: Option<Index>,
}

/// The noise's derivatives.
pub(super) struct Chain {
    pub(super) cases: Vec<Case>,
    pub(super) sums: Vec<Sum>,
    /// The vectors of the tilted measure and its determinants.
    pub(super) definitions: Vec<Definition>,
}

/// Derivatives of the bracket at the level of one node.
pub(super) struct AtNode {
    /// c_n² · tilted(n, n).
    pub(super) value: Expr,
    /// By what the node has itself: q_nn, q_jn, q_ln, c_n.
    pub(super) own: Vec<(Symbol, Expr)>,
    /// By what is the same for all nodes, still to be summed up over them.
    pub(super) lanes: Vec<(Symbol, Expr)>,
}

type Adjoints = BTreeMap<Symbol, Vec<Expr>>;

impl Chain {
    pub(super) fn new(pool: &mut Pool, pairs: &[Pair], vectors: &[Definition]) -> Self {
        let mut chain = Chain { cases: Vec::new(), sums: Vec::new(), definitions: vectors.to_vec() };
        for &pair in pairs {
            let case = chain.case(pool, pair);
            chain.cases.push(case);
        }
        chain
    }

    fn case(&mut self, pool: &mut Pool, pair: Pair) -> Case {
        let (n, m) = (pair.n, pair.m);
        let (front, value) = front(pool, pair);
        let value = self.determinants(pool, value, [n, m], &mut HashMap::new());
        let weight = pool.symbol(Symbol::Defined(WEIGHT, vec![n, m]));
        let mut direct = None;
        let mut parts = Vec::new();
        for symbol in symbols(pool, value) {
            let derivative = pool.differentiate(value, &symbol);
            let indices = symbol.indices();
            let at = match (indices.contains(&n), indices.contains(&m)) {
                (true, true) => {
                    direct = Some(pool.mul([weight, derivative]));
                    continue;
                }
                (true, false) => Some(n),
                (false, true) => Some(m),
                (false, false) => None,
            };
            // Factors that the sum over the other node does not need are left for later.
            let other = |pool: &Pool, factor: Expr| match at {
                Some(at) => depends_on(pool, factor, if at == n { m } else { n }),
                None => depends_on(pool, factor, n) || depends_on(pool, factor, m),
            };
            let (rest, factor) = split(pool, derivative, &other);
            let factor = pool.mul([factor, front]);
            let own = at.map(|at| Index::Role(at.kind(), 'n'));
            let canonical = |index: Index| if Some(index) == at { own.unwrap_or(index) } else { index };
            let sum = Sum {
                symbol: symbol.map_indices(canonical),
                factor: rename(pool, factor, &canonical),
                at: own,
            };
            let both = |pool: &Pool, factor: Expr| depends_on(pool, factor, n) && depends_on(pool, factor, m);
            let (left, right) = split(pool, rest, &both);
            let one = pool.integer(1);
            let left = pool.mul([weight, left]);
            parts.push(Part { sum: self.sum(sum), at, left, right: (right != one).then_some(right) });
        }
        Case { pair, front, value, direct, parts }
    }

    fn sum(&mut self, sum: Sum) -> usize {
        self.sums.iter().position(|known| *known == sum).unwrap_or_else(|| {
            self.sums.push(sum);
            self.sums.len() - 1
        })
    }

    /// Gives names to the determinants of one node under fractional powers. `known` has the parts that are done.
    fn determinants(
        &mut self,
        pool: &mut Pool,
        expr: Expr,
        nodes: [Index; 2],
        known: &mut HashMap<Expr, Expr>,
    ) -> Expr {
        if let Some(&done) = known.get(&expr) {
            return done;
        }
        let done = match pool.node(expr).clone() {
            // Only forms by coincidence of nodes, differentiated one by one, have orthants.
            Node::Rational(_) | Node::Pi | Node::Symbol(_) | Node::FourSigns(_) => expr,
            Node::Asin(x) => {
                let x = self.determinants(pool, x, nodes, known);
                pool.asin(x)
            }
            Node::Sum(constant, terms) => {
                let mut summands = vec![pool.rational(*constant.numer(), *constant.denom())];
                for (term, weight) in terms {
                    let term = self.determinants(pool, term, nodes, known);
                    summands.push(pool.scale(term, weight));
                }
                pool.add(summands)
            }
            Node::Product(coefficient, factors) => {
                let mut product = vec![pool.rational(*coefficient.numer(), *coefficient.denom())];
                for (base, exponent) in factors {
                    let base = if exponent.is_integer() {
                        self.determinants(pool, base, nodes, known)
                    } else {
                        self.determinant(pool, base, nodes)
                    };
                    product.push(pool.pow(base, *exponent.numer(), *exponent.denom()));
                }
                pool.mul(product)
            }
        };
        known.insert(expr, done);
        done
    }

    fn determinant(&mut self, pool: &mut Pool, base: Expr, nodes: [Index; 2]) -> Expr {
        let [n, m] = nodes.map(|node| depends_on(pool, base, node));
        if n == m || matches!(pool.node(base), Node::Symbol(_)) {
            return base;
        }
        let at = if n { nodes[0] } else { nodes[1] };
        let own = Index::Role(at.kind(), 'n');
        let body = rename(pool, base, &|index| if index == at { own } else { index });
        let determinants = || self.definitions.iter().filter(|known| DETERMINANTS.contains(&known.name));
        let known = determinants().find(|known| known.body == body).map(|known| known.name);
        let name = match (known, DETERMINANTS.get(determinants().count())) {
            (Some(name), _) => name,
            (None, Some(name)) => {
                self.definitions.push(Definition { name, indices: vec![own], body });
                name
            }
            (None, None) => return base,
        };
        pool.symbol(Symbol::Defined(name, vec![at]))
    }

    /// The derivatives of the bracket after the sums over pairs, for nodes in a role.
    pub(super) fn at_node(&self, pool: &mut Pool, role: Index) -> AtNode {
        let mut adjoints = Adjoints::new();
        let mut lanes = Vec::new();
        for (number, sum) in self.sums.iter().enumerate().filter(|(_, sum)| sum.at == Some(role)) {
            let value = pool.symbol(Symbol::Defined(SUM, vec![numbered(number), role]));
            let product = pool.mul([sum.factor, value]);
            adjoints.entry(sum.symbol.clone()).or_default().push(product);
        }
        let value = self.diagonal(pool, role);
        for symbol in symbols(pool, value) {
            let derivative = pool.differentiate(value, &symbol);
            if symbol.indices().contains(&role) {
                adjoints.entry(symbol).or_default().push(derivative);
            } else {
                lanes.push((symbol, derivative));
            }
        }
        for definition in self.definitions.iter().rev() {
            let mut indices = definition.indices.clone();
            if let Some(last) = indices.last_mut().filter(|last| last.kind() == Kind::Node) {
                *last = role;
            }
            let symbol = Symbol::Defined(definition.name, indices);
            for (inner, part) in self.through(pool, &mut adjoints, &symbol) {
                if inner.indices().contains(&role) {
                    adjoints.entry(inner).or_default().push(part);
                } else {
                    lanes.push((inner, part));
                }
            }
        }
        let own = adjoints.into_iter().map(|(symbol, parts)| (symbol, pool.add(parts))).collect();
        AtNode { value, own, lanes }
    }

    /// c_n² · tilted(n, n).
    fn diagonal(&self, pool: &mut Pool, role: Index) -> Expr {
        let of_role = |case: &&Case| case.pair.n.kind() == role.kind() && case.pair.m.kind() == role.kind();
        let pair = self.cases.iter().find(of_role).expect("a case for every kind").pair;
        let tilted = rename(pool, pair.tilted, &|index| if index == pair.m { pair.n } else { index });
        let c = pool.symbol(Symbol::Coefficient(role));
        pool.mul([c, c, tilted])
    }

    /// The derivatives by q_jj, q_jl and q_ll, all other ones being done: `by_lane` gives the sums over nodes.
    pub(super) fn at_lane(
        &self,
        pool: &mut Pool,
        by_lane: Vec<(Symbol, Expr)>,
        mass: Expr,
        added: Expr,
    ) -> Vec<(Symbol, Expr)> {
        let mut adjoints = Adjoints::new();
        for (number, sum) in self.sums.iter().enumerate().filter(|(_, sum)| sum.at.is_none()) {
            let value = pool.symbol(Symbol::Defined(SUM, vec![numbered(number)]));
            let product = pool.mul([sum.factor, value]);
            adjoints.entry(sum.symbol.clone()).or_default().push(product);
        }
        for (symbol, value) in by_lane {
            adjoints.entry(symbol).or_default().push(value);
        }
        // d(mass · bracket) / mass
        let bracket = pool.symbol(Symbol::Defined(BRACKET, Vec::new()));
        let inverse = pool.pow(mass, -1, 1);
        for symbol in symbols(pool, mass) {
            let derivative = pool.differentiate(mass, &symbol);
            let part = pool.mul([derivative, inverse, bracket]);
            adjoints.entry(symbol).or_default().push(part);
        }
        for symbol in symbols(pool, added) {
            let derivative = pool.differentiate(added, &symbol);
            adjoints.entry(symbol).or_default().push(derivative);
        }
        for definition in self.definitions.iter().rev() {
            let defined: Vec<Symbol> = adjoints
                .keys()
                .filter(|symbol| matches!(symbol, Symbol::Defined(name, _) if *name == definition.name))
                .cloned()
                .collect();
            for symbol in defined {
                for (inner, part) in self.through(pool, &mut adjoints, &symbol) {
                    adjoints.entry(inner).or_default().push(part);
                }
            }
        }
        adjoints.into_iter().map(|(symbol, parts)| (symbol, pool.add(parts))).collect()
    }

    /// Takes the derivative by a defined symbol and carries it on to what its definition is made of.
    fn through(&self, pool: &mut Pool, adjoints: &mut Adjoints, symbol: &Symbol) -> Vec<(Symbol, Expr)> {
        let (Some(parts), Symbol::Defined(name, indices)) = (adjoints.remove(symbol), symbol) else {
            return Vec::new();
        };
        let definition = self.definitions.iter().find(|known| known.name == *name).expect("it is defined");
        let adjoint = pool.add(parts);
        let body = definition.instantiate(pool, indices);
        let inner = symbols(pool, body).into_iter().map(|inner| {
            let derivative = pool.differentiate(body, &inner);
            let part = pool.mul([adjoint, derivative]);
            (inner, part)
        });
        inner.collect()
    }
}

/// `tilted` as a factor that does not depend on nodes, and the rest.
fn front(pool: &mut Pool, pair: Pair) -> (Expr, Expr) {
    let inside =
        |pool: &Pool, factor: Expr| depends_on(pool, factor, pair.n) || depends_on(pool, factor, pair.m);
    let (value, front) = split(pool, pair.tilted, &inside);
    (front, value)
}

/// A number that a symbol carries as an index.
pub(super) fn numbered(number: usize) -> Index {
    Index::Student(u16::try_from(number).expect("few sums"))
}
