//! The Jacobian of a right-hand side from the expectations of definite nodes and their derivatives, and these expectations by
//! themselves. Rows and columns are those of [`Shape`].

use super::compile::{BlockCode, Compiler};
use super::forms::{FormCodes, Results, Waiting};
use super::machine::{Domain, Units, run};
use super::memory::Places;
use crate::lanes::MAX_LANES;
use crate::lanes::aligned::Aligned;
use crate::model::generated::{Partner, find_directions};
use crate::{Parameters, Shape};
use overlap_engine::equations::{Equations, I};
use overlap_engine::schedule::{Forms, Operation, Pulls, RateGradients, Value};
use overlap_engine::symbol::{Index, Kind, Symbol};
use std::sync::{Mutex, PoisonError};

/// Students and nodes that go through a block together.
const TOGETHER: usize = 64;

/// Of K2, J2 and I2 each: the function and its derivatives by q_ii, q_in and q_nn.
const NUMBERS: usize = 4;

/// What a Jacobian is made of.
pub(crate) struct Gradients {
    places: Places,
    pulls: Vec<PullCode>,
    forms: FormCodes,
    rates: RateGradients,
}

/// K2, J2 and I2 of students i and nodes n, alone or with derivatives.
struct PullCode {
    n: Index,
    block: BlockCode,
    /// For what is gathered, whether each of its two nodes is n.
    pairs: Vec<[bool; 2]>,
}

impl PullCode {
    fn all(places: &mut Places, equations: &mut Equations<'_>, derivatives: bool) -> Vec<Self> {
        let compile = |pulls: Pulls| {
            let block = Compiler::new(places).block(&pulls.block, TOGETHER / MAX_LANES);
            let pair = |(symbol, _): &(Symbol, usize)| match symbol {
                Symbol::Overlap(a, b) => [*a, *b].map(|index| index != I),
                _ => unreachable!("expectations depend on overlaps only"),
            };
            let pairs = block.gathered.iter().map(pair).collect();
            PullCode { n: pulls.n, block, pairs }
        };
        Pulls::all(equations, derivatives).into_iter().map(compile).collect()
    }

    /// Whether this is the case of student i and node n.
    fn holds(&self, is_itself: bool, is_teacher: bool) -> bool {
        match (is_itself, self.n == I) {
            (true, itself) => itself,
            (false, true) => false,
            (false, false) => match self.n.kind() {
                Kind::Node => true,
                Kind::Teacher => is_teacher,
                Kind::Student => !is_teacher,
            },
        }
    }
}

/// K2, J2 and I2 of one student and one node, as functions of their overlaps.
pub(crate) struct PullProgram {
    codes: Vec<PullCode>,
    single: Units,
    memory: Mutex<Aligned>,
}

impl PullProgram {
    pub(crate) fn new(equations: &mut Equations<'_>) -> Self {
        let mut places = Places::new(Shape { k: 1, p: 1, trained: false });
        let codes = PullCode::all(&mut places, equations, false);
        let mut memory = Aligned::zeros(places.len());
        places.fill(&mut memory);
        PullProgram { codes, single: Units::new(1), memory: Mutex::new(memory) }
    }

    /// From q_ii, q_in and q_nn.
    pub(crate) fn at(&self, with: Partner, [q_ii, q_in, q_nn]: [f64; 3]) -> [f64; 3] {
        let case = |code: &&PullCode| code.holds(with == Partner::Itself, with == Partner::Teacher);
        let code = self.codes.iter().find(case).expect("a case for every node");
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for (pair, (_, place)) in code.pairs.iter().zip(&code.block.gathered) {
            memory[*place] = match pair {
                [false, false] => q_ii,
                [true, true] => q_nn,
                _ => q_in,
            };
        }
        run(&code.block.code, &Domain::new(&self.single, 1), &mut memory);
        [0, 1, 2].map(|which| memory[code.block.results[which]])
    }
}

/// K2, J2 and I2 with their derivatives, of every student i and node n.
struct PullValues {
    nodes: usize,
    numbers: Vec<[[f64; NUMBERS]; 3]>,
}

impl PullValues {
    fn of(&self, i: usize, n: usize) -> &[[f64; NUMBERS]; 3] {
        &self.numbers[i * self.nodes + n]
    }
}

impl Gradients {
    pub(crate) fn new(equations: &mut Equations<'_>, shape: Shape) -> Self {
        let mut places = Places::new(shape);
        let pulls = PullCode::all(&mut places, equations, true);
        let forms = FormCodes::new(&mut places, &Forms::new(equations, true));
        let rates = RateGradients::new(equations);
        Gradients { places, pulls, forms, rates }
    }

    /// Fills `jacobian`, row by row.
    pub(crate) fn jacobian(&self, parameters: &Parameters, state: &[f64], jacobian: &mut [f64]) {
        let mut memory = Aligned::zeros(self.places.len());
        self.places.fill(&mut memory);
        self.places.lay_out(parameters, state, &mut memory);
        jacobian.fill(0.0);
        let pulls = self.pull_values(&mut memory);
        let rows = Rows {
            shape: self.places.shape,
            columns: self.places.shape.jacobian_columns(),
            s: parameters.s,
            memory: &memory,
            places: &self.places,
            rates: &self.rates,
            pulls: &pulls,
        };
        rows.flow(jacobian);
        self.noise(&mut memory, parameters, jacobian);
    }

    fn pull_values(&self, memory: &mut [f64]) -> PullValues {
        let Shape { k, p, .. } = self.places.shape;
        let nodes = k + p;
        let units: Vec<Units> = (1..=TOGETHER / MAX_LANES).map(Units::new).collect();
        let mut numbers = vec![[[0.0; NUMBERS]; 3]; p * nodes];
        for code in &self.pulls {
            let all = (0..p).flat_map(|i| (0..nodes).map(move |n| (i, n)));
            let all: Vec<(usize, usize)> = all.filter(|&(i, n)| code.holds(n == k + i, n < k)).collect();
            for some in all.chunks(TOGETHER) {
                for (pair, (_, place)) in code.pairs.iter().zip(&code.block.gathered) {
                    for (at, &(i, n)) in some.iter().enumerate() {
                        let [x, y] = pair.map(|is_n| if is_n { n } else { k + i });
                        memory[place + at] = memory[self.places.omega + x * self.places.padded.row + y];
                    }
                }
                let domain = Domain::new(&units[some.len().div_ceil(MAX_LANES) - 1], MAX_LANES);
                run(&code.block.code, &domain, memory);
                // Of i itself there is one derivative.
                let present = code.block.results.len() / 3;
                for (at, &(i, n)) in some.iter().enumerate() {
                    for which in 0..3 {
                        for number in 0..present {
                            let place = code.block.results[which * present + number];
                            numbers[i * nodes + n][which][number] = memory[place + at];
                        }
                    }
                }
            }
        }
        PullValues { nodes, numbers }
    }

    /// Adds the rows of the noise.
    fn noise(&self, memory: &mut [f64], parameters: &Parameters, jacobian: &mut [f64]) {
        let (places, shape) = (&self.places, self.places.shape);
        let Shape { k, p, trained } = shape;
        let (nodes, dim, columns) = (shape.nodes(), shape.dim(), shape.jacobian_columns());
        let c: Vec<f64> = memory[places.c..][..nodes].to_vec();
        let rate = |number: usize, j: usize, l: usize, memory: &[f64]| {
            scalar(&self.rates.noise[number], places, memory, &|index| {
                if index == overlap_engine::equations::J { j } else { l }
            })
        };
        let mut rates = vec![0.0; dim];
        for j in 0..p {
            for l in j..p {
                rates[shape.q(j, l)] = rate(0, j, l, memory);
            }
        }
        let mut values = vec![0.0; dim];
        let mut add = |memory: &mut [f64], results: Results<'_>| {
            for (at, waiting) in results.waited.iter().enumerate() {
                let number = |which: usize| memory[results.places[which] + at];
                let (rate, expectation) = (rates[waiting.slot], number(0));
                let row = &mut jacobian[waiting.slot * columns..][..columns];
                values[waiting.slot] += waiting.weight * expectation;
                let node = |position: usize| usize::from(waiting.nodes[position]);
                for (which, &[a, b]) in results.by.iter().enumerate() {
                    row[shape.jacobian_column(node(a), node(b))] += rate * waiting.weight * number(which + 1);
                }
                if waiting.label {
                    row[dim + 1] += rate * expectation;
                    continue;
                }
                // c_i = -s a_i
                let (n, m) = (node(2), node(3));
                let times = if n == m { 1.0 } else { 2.0 };
                for (x, y) in [(n, m), (m, n)] {
                    if trained && x >= k {
                        row[shape.a(x - k)] -= parameters.s * rate * times * c[y] * expectation;
                    }
                }
            }
        };
        let mut queues = self.forms.queues();
        let [mut one, mut near] = [(); 2].map(|()| vec![false; nodes * nodes]);
        let entry = |x: usize, y: usize| memory[places.omega + x * places.padded.row + y];
        find_directions(nodes, self.forms.apart, &entry, &mut one, &mut near);
        let along = |x: usize, y: usize| one[x * nodes + y];
        for j in 0..p {
            for l in j..p {
                let (slot, students) = (shape.q(j, l), [k + j, k + l]);
                let [j, l] = students;
                let label = Waiting::new([j, l, j, l], parameters.noise, slot, true);
                self.forms.push(FormCodes::label(j == l), label, &mut queues, memory, places, &mut add);
                for n in 0..nodes {
                    for m in 0..=n {
                        let Some(form) = self.forms.four_point(&along, [j, l, n, m]) else { continue };
                        let times = if n == m { 1.0 } else { 2.0 };
                        let waiting = Waiting::new([j, l, n, m], times * c[n] * c[m], slot, false);
                        self.forms.push(form, waiting, &mut queues, memory, places, &mut add);
                    }
                }
            }
        }
        self.forms.finish(&mut queues, memory, places, &mut add);
        for j in 0..p {
            for l in j..p {
                let slot = shape.q(j, l);
                let row = &mut jacobian[slot * columns..][..columns];
                row[dim] += rate(1, j, l, memory) * values[slot];
                if trained {
                    row[shape.a(j)] += rate(2, j, l, memory) * values[slot];
                    row[shape.a(l)] += rate(3, j, l, memory) * values[slot];
                }
            }
        }
    }
}

/// The rows of a Jacobian without the noise.
struct Rows<'a> {
    shape: Shape,
    columns: usize,
    s: f64,
    memory: &'a [f64],
    places: &'a Places,
    rates: &'a RateGradients,
    pulls: &'a PullValues,
}

impl Rows<'_> {
    fn flow(&self, jacobian: &mut [f64]) {
        let Shape { k, p, trained } = self.shape;
        let mut row = |position: usize, fill: &mut dyn FnMut(&mut [f64])| {
            fill(&mut jacobian[position * self.columns..][..self.columns]);
        };
        for i in 0..p {
            for r in 0..k {
                row(self.shape.m(r, i), &mut |row| self.add_flow(row, i, r));
            }
            for l in i..p {
                row(self.shape.q(i, l), &mut |row| {
                    self.add_flow(row, i, k + l);
                    self.add_flow(row, l, k + i);
                });
            }
            if trained {
                row(self.shape.a(i), &mut |row| self.add_readout(row, i));
            }
        }
    }

    fn omega(&self, x: usize, y: usize) -> f64 {
        self.memory[self.places.omega + x * self.places.padded.row + y]
    }

    fn c(&self, n: usize) -> f64 {
        self.memory[self.places.c + n]
    }

    fn rate(&self, value: &Value, i: usize) -> f64 {
        scalar(value, self.places, self.memory, &|_| i)
    }

    /// Adds dΩ_ib = rate Σ_n c_n (q_ib own + q_nb other).
    fn add_flow(&self, row: &mut [f64], i: usize, b: usize) {
        let Shape { k, trained, .. } = self.shape;
        let [rate, by_gamma, by_a] = [0, 1, 2].map(|which| self.rate(&self.rates.flow[which], i));
        let (student, column) = (k + i, |x: usize, y: usize| self.shape.jacobian_column(x, y));
        let (q_ib, mut sum) = (self.omega(student, b), 0.0);
        for n in 0..self.shape.nodes() {
            let [own, other, _] = self.pulls.of(i, n);
            let (q_nb, c_n) = (self.omega(n, b), self.c(n));
            let both = |number: usize| q_ib * own[number] + q_nb * other[number];
            let weight = rate * c_n;
            row[column(student, b)] += weight * own[0];
            row[column(n, b)] += weight * other[0];
            row[column(student, student)] += weight * both(1);
            row[column(student, n)] += weight * both(2);
            row[column(n, n)] += weight * both(3);
            if trained && n >= k {
                row[self.shape.a(n - k)] -= self.s * rate * both(0);
            }
            sum += c_n * both(0);
        }
        row[self.shape.dim()] += by_gamma * sum;
        if trained {
            row[self.shape.a(i)] += by_a * sum;
        }
    }

    /// Adds da_i = rate Σ_n c_n I2(i, n).
    fn add_readout(&self, row: &mut [f64], i: usize) {
        let k = self.shape.k;
        let (rate, student) = (self.rate(&self.rates.readout, i), k + i);
        for n in 0..self.shape.nodes() {
            let [_, _, value] = self.pulls.of(i, n);
            let weight = rate * self.c(n);
            row[self.shape.jacobian_column(student, student)] += weight * value[1];
            row[self.shape.jacobian_column(student, n)] += weight * value[2];
            row[self.shape.jacobian_column(n, n)] += weight * value[3];
            if n >= k {
                row[self.shape.a(n - k)] -= self.s * rate * value[0];
            }
        }
    }
}

/// A product of parameters and a; `student` gives the number of an index.
fn scalar(value: &Value, places: &Places, memory: &[f64], student: &dyn Fn(Index) -> usize) -> f64 {
    let of = |value: &Value| scalar(value, places, memory, student);
    match value {
        Value::Number(number) => *number,
        Value::Given(Symbol::Parameter(parameter)) => memory[places.parameter(*parameter)],
        Value::Given(Symbol::Readout(index)) => memory[places.a + places.shape.k + student(*index)],
        Value::Of(Operation::Mul, operands) => of(&operands[0]) * of(&operands[1]),
        Value::Of(Operation::Div, operands) => of(&operands[0]) / of(&operands[1]),
        _ => unreachable!("rates are quotients of parameters and a"),
    }
}
