//! A right-hand side and a risk as loops over lanes. Their size does not grow with k and p.

use super::nest::{Level, Nest};
use super::parts::split;
use super::{Loop, Name, Operation, Statement, Table, Value};
use crate::equations::{B, Equations, I, J, L, M, N, Pair};
use crate::expr::{Expr, Node, Pool, to_f64};
use crate::gaussian::rename;
use crate::symbol::{Index, Kind, Parameter, Symbol};
use overlap_layout::Shape;

/// The loops of one system.
#[derive(Debug, Clone, PartialEq)]
pub struct Lanes {
    /// Gradient flow.
    pub flow: Flow,
    /// Noise of SGD; `None` where I4 has forms of its own for equal nodes.
    pub noise: Option<Noise>,
    /// What the sums are multiplied by.
    pub rates: Rates,
    /// The population risk.
    pub risk: Risk,
}

/// flow\[b\]\[i\] = Σ_n c_n I3(i, b, n) = q_ib Σ_n c_n own + Σ_n q_nb c_n other: lanes are students i.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Filled before the loops.
    pub tables: Vec<Table>,
    /// Once per pack.
    pub lane: Vec<Statement>,
    /// One case, or one for teachers and one for students.
    pub sums: Vec<FlowSums>,
}

/// The sums over nodes n in one role.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowSums {
    /// The role.
    pub n: Index,
    /// For every node.
    pub statements: Vec<Statement>,
    /// K2(i, n).
    pub own: Value,
    /// J2(i, n).
    pub other: Value,
    /// I2(i, n), where the second layer is trained.
    pub readout: Option<Value>,
}

/// noise\[j\]\[l\] = mass (Σ_nm c_n c_m tilted + Δ label): lanes are pairs of students j, l.
#[derive(Debug, Clone, PartialEq)]
pub struct Noise {
    /// Once per pack.
    pub lane: Vec<Statement>,
    /// Arrays of packs over nodes that the loops fill.
    pub arrays: Vec<Name>,
    /// Over nodes n, before the sums.
    pub loops: Vec<Loop>,
    /// Δ label.
    pub start: Value,
    /// One case, or teacher-teacher, teacher-student and student-student.
    pub sums: Vec<PairSum>,
    /// mass bracket, where [`BRACKET`](Noise::BRACKET) names what the sums have been added to.
    pub result: Value,
}

impl Noise {
    /// The name of start + Σ front sum.
    pub const BRACKET: &str = "bracket";
}

/// front Σ_nm weight_nm function(argument).
#[derive(Debug, Clone, PartialEq)]
pub struct PairSum {
    /// The role of n.
    pub n: Index,
    /// The role of m.
    pub m: Index,
    /// Whether each pair is met once, m ≤ n, and counts twice unless m = n.
    pub symmetric: bool,
    /// For every pair of nodes.
    pub statements: Vec<Statement>,
    /// The argument.
    pub argument: Value,
    /// Whether the function is the arcsine; else it is the identity.
    pub asin: bool,
    /// 1 unless given.
    pub front: Option<Value>,
}

impl PairSum {
    /// Number of pairs.
    pub fn pairs(&self, shape: Shape) -> usize {
        let (n, m) = (self.n.units(shape), self.m.units(shape));
        if self.symmetric { n * (n + 1) / 2 } else { n * m }
    }
}

/// Factors in front of sums, in scalars: parameters and the second layer a.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// γ s a_i, of the gradient flow.
    pub flow: Value,
    /// γ² s² / b, of the noise.
    pub noise: Value,
    /// a_j a_l, of the noise.
    pub readouts: Value,
    /// γ_a s, of a trained second layer.
    pub readout: Value,
}

/// R = Σ_nm summand + Δ/2.
#[derive(Debug, Clone, PartialEq)]
pub enum Risk {
    /// Lanes are nodes b, which stand for m; for every n in turn.
    OverNodes {
        /// Filled before the loops.
        tables: Vec<Table>,
        /// Once per pack of nodes b.
        lane: Vec<Statement>,
        /// For every node n.
        statements: Vec<Statement>,
        /// Summed up.
        summand: Value,
    },
    /// Teachers and students apart, one pair of nodes at a time, no lanes.
    ByCases {
        /// Arrays over nodes that the loops fill.
        arrays: Vec<Name>,
        /// First of all.
        lane: Vec<Statement>,
        /// Over nodes n, before the sums.
        loops: Vec<Loop>,
        /// All n and m in their roles.
        sums: Vec<RiskSum>,
    },
}

/// Σ_nm summand.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskSum {
    /// The role of n.
    pub n: Index,
    /// The role of m.
    pub m: Index,
    /// For every pair of nodes.
    pub statements: Vec<Statement>,
    /// Summed up.
    pub summand: Value,
}

impl Lanes {
    /// Schedules the loops.
    pub fn new(equations: &mut Equations<'_>, trained: bool) -> Self {
        let mut counter = 0;
        let flow = flow(equations, trained, &mut counter);
        let noise = (!equations.by_coincidence).then(|| noise(equations, &mut counter));
        let rates = rates(equations);
        Lanes { flow, noise, rates, risk: risk(equations) }
    }
}

fn flow(equations: &mut Equations<'_>, trained: bool, counter: &mut usize) -> Flow {
    let forces = equations.forces.clone();
    let mut nest = Nest::new(&mut equations.pool, &[], counter);
    nest.want_roots_of_nodes();
    let mut sums = Vec::new();
    for force in forces {
        nest.enter(force.n, M);
        nest.degenerate = force.degenerate;
        let own = nest.value(force.own, Level::Outer);
        let other = nest.value(force.other, Level::Outer);
        let readout = trained.then(|| nest.value(force.two_point, Level::Outer));
        let statements = nest.at_n(force.n).to_vec();
        sums.push(FlowSums { n: force.n, statements, own, other, readout });
    }
    Flow { lane: nest.take_lane(), tables: nest.roots_of_nodes, sums }
}

fn noise(equations: &mut Equations<'_>, counter: &mut usize) -> Noise {
    let pairs = equations.pairs.clone();
    let (mass, label) = (equations.noise.mass, equations.noise.label);
    let one = equations.pool.integer(1);
    let mut nest = Nest::new(&mut equations.pool, &equations.noise.vectors, counter);
    let mut sums = Vec::new();
    for pair in &pairs {
        nest.enter(pair.n, pair.m);
        nest.degenerate = pair.degenerate;
        let (front, tilted) = nest.split_lane_factors(pair.tilted);
        let front = (front != one).then(|| nest.value(front, Level::Lane));
        // Arcsines side by side, unless each needs its cosine.
        let (argument, asin) = if pair.degenerate { (tilted, false) } else { nest.split_asin(tilted) };
        let argument = nest.value(argument, Level::Inner);
        let (n, m, symmetric, statements) = (pair.n, pair.m, pair.symmetric, nest.at_m.clone());
        sums.push(PairSum { n, m, symmetric, statements, argument, asin, front });
    }
    let mut start = Value::Given(Symbol::Parameter(Parameter::Noise));
    if label != one {
        start = start.times(nest.value(label, Level::Lane));
    }
    let mut result = Value::Name(Noise::BRACKET.into());
    if mass != one {
        result = nest.value(mass, Level::Lane).times(result);
    }
    let loops = loops_over_nodes(&nest, &pairs);
    Noise { lane: nest.take_lane(), arrays: nest.kept_over_nodes, loops, start, sums, result }
}

/// The loops over n that fill the arrays over nodes.
fn loops_over_nodes(nest: &Nest<'_>, pairs: &[Pair]) -> Vec<Loop> {
    let body = |n| Loop { n, statements: nest.at_n(n).to_vec() };
    roles(pairs).into_iter().map(body).filter(|body| !body.statements.is_empty()).collect()
}

/// The roles that a node takes in the cases.
pub fn roles(pairs: &[Pair]) -> Vec<Index> {
    pairs.iter().filter(|pair| pair.n.kind() == pair.m.kind()).map(|pair| pair.n).collect()
}

fn rates(equations: &mut Equations<'_>) -> Rates {
    let pool = &mut equations.pool;
    // Divided once, not for every pair.
    let readouts = |pool: &Pool, factor: Expr| matches!(pool.node(factor), Node::Symbol(Symbol::Readout(_)));
    let (readouts, noise) = split(pool, equations.noise.rate, &readouts);
    Rates {
        flow: scalar(pool, equations.flow_rate),
        noise: scalar(pool, noise),
        readouts: scalar(pool, readouts),
        readout: scalar(pool, equations.readout_rate),
    }
}

/// Rates with their derivatives, in scalars.
#[derive(Debug, Clone, PartialEq)]
pub struct RateGradients {
    /// The rate of the gradient flow of student i, its derivatives by γ and by a_i.
    pub flow: [Value; 3],
    /// The rate of the noise of students j and l, its derivatives by γ, a_j and a_l.
    pub noise: [Value; 4],
    /// The rate of a trained second layer.
    pub readout: Value,
}

impl RateGradients {
    /// Of these equations.
    pub fn new(equations: &mut Equations<'_>) -> Self {
        let (flow, noise, readout) = (equations.flow_rate, equations.noise.rate, equations.readout_rate);
        let pool = &mut equations.pool;
        let gamma = Symbol::Parameter(Parameter::Gamma);
        let mut by = |expr, symbol: Symbol| {
            let derivative = pool.differentiate(expr, &symbol);
            scalar(pool, derivative)
        };
        let flow_by = [by(flow, gamma.clone()), by(flow, Symbol::Readout(I))];
        let noise_by = [by(noise, gamma), by(noise, Symbol::Readout(J)), by(noise, Symbol::Readout(L))];
        let [flow_by_gamma, flow_by_a] = flow_by;
        let [noise_by_gamma, noise_by_a_j, noise_by_a_l] = noise_by;
        RateGradients {
            flow: [scalar(pool, flow), flow_by_gamma, flow_by_a],
            noise: [scalar(pool, noise), noise_by_gamma, noise_by_a_j, noise_by_a_l],
            readout: scalar(pool, readout),
        }
    }
}

/// A product of symbols and numbers with integer exponents.
pub fn scalar(pool: &Pool, expr: Expr) -> Value {
    match pool.node(expr) {
        Node::Symbol(symbol) => Value::Given(symbol.clone()),
        Node::Product(coefficient, factors) => {
            let (mut over, mut under) = (Vec::new(), Vec::new());
            let size = to_f64(*coefficient);
            if size != 1.0 {
                over.push(Value::Number(size));
            }
            for &(base, exponent) in factors {
                let base = scalar(pool, base);
                let side = if *exponent.numer() > 0 { &mut over } else { &mut under };
                side.extend((0..exponent.numer().unsigned_abs()).map(|_| base.clone()));
            }
            let (over, under) = (Value::product(over), under.into_iter().reduce(Value::times));
            match under {
                Some(under) => Value::Of(Operation::Div, vec![over, under]),
                None => over,
            }
        }
        _ => Value::Number(pool.evaluate(expr, &|_| f64::NAN)),
    }
}

fn risk(equations: &mut Equations<'_>) -> Risk {
    match equations.pairs[..] {
        [pair] => risk_over_nodes(equations, pair),
        _ => risk_by_cases(equations),
    }
}

fn risk_over_nodes(equations: &mut Equations<'_>, pair: Pair) -> Risk {
    // The lane index is called b in the equations, so that n stays the loop.
    let summand = rename(&mut equations.pool, pair.risk, &|index| if index == M { B } else { index });
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &[], &mut counter);
    nest.want_roots_of_nodes();
    nest.enter(N, M);
    nest.degenerate = pair.degenerate;
    let summand = nest.value(summand, Level::Outer);
    let statements = nest.at_n(N).to_vec();
    Risk::OverNodes { lane: nest.take_lane(), tables: nest.roots_of_nodes, statements, summand }
}

fn risk_by_cases(equations: &mut Equations<'_>) -> Risk {
    let pairs = equations.pairs.clone();
    let mut counter = 0;
    let mut nest = Nest::new(&mut equations.pool, &[], &mut counter);
    let mut sums = Vec::new();
    for pair in &pairs {
        nest.enter(pair.n, pair.m);
        nest.degenerate = pair.degenerate;
        let summand = nest.value(pair.risk, Level::Inner);
        sums.push(RiskSum { n: pair.n, m: pair.m, statements: nest.at_m.clone(), summand });
    }
    let loops = loops_over_nodes(&nest, &pairs);
    Risk::ByCases { lane: nest.take_lane(), arrays: nest.kept_over_nodes, loops, sums }
}

/// The first node of a role and the end of its nodes.
pub fn range(role: Index, shape: Shape) -> std::ops::Range<usize> {
    match role.kind() {
        Kind::Node => 0..shape.nodes(),
        Kind::Teacher => 0..shape.k,
        Kind::Student => shape.k..shape.nodes(),
    }
}
