//! The engine's schedule run at run time: a program of instructions on blocks of lanes.
//!
//! The schedule is compiled once for a system ([`compile`]): every value gets a place in one memory ([`memory`]) and every statement
//! becomes an instruction or a part of one ([`machine`]). An instruction runs over all its units (packs of students, nodes, pairs
//! of nodes) before the next one is looked at, so that looking at it costs little.

mod compile;
mod forms;
mod gradients;
mod machine;
mod memory;

use crate::lanes::aligned::Aligned;
use crate::lanes::{Kernel, MAX_LANES, SIDE_BY_SIDE, Simd, dispatch};
use crate::model::generated::find_directions;
use crate::{Parameters, Shape};
use compile::Compiler;
use forms::{FormCodes, Queues, Results, Waiting};
pub(crate) use gradients::{Gradients, PullProgram};
use machine::{Domain, Instruction, Kind, Operand, Summand, Units, run, sum_up};
use memory::Places;
use overlap_engine::equations::N;
use overlap_engine::schedule::{self, Forms, Lanes, Statement, Table, Value, range};
use overlap_engine::symbol::{Index, Parameter};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Blocks of lanes that are begun together.
const BLOCKS: usize = 32;
/// Pairs of nodes that an instruction runs over at once: their values stay near the processor.
const PAIRS: usize = 64;

/// A right-hand side and a risk, ready to run.
pub(crate) struct Program {
    places: Places,
    /// One unit.
    single: Units,
    flow: Flow,
    noise: Noise,
    risk: Risk,
    /// The memory of an evaluation, made by the first one; another that runs at the same time makes its own.
    memory: Mutex<Option<Scratch>>,
    /// What those others have left.
    idle: Mutex<Vec<Scratch>>,
}

/// The work space of an evaluation.
struct Scratch {
    memory: Aligned,
    queues: Queues,
    /// Which nodes have one direction, and work space to find out.
    directions: [Vec<bool>; 2],
}

struct Flow {
    tables: Vec<TableCode>,
    once: Vec<Instruction>,
    readout_rate: usize,
    lane: Vec<Instruction>,
    sums: Vec<FlowSums>,
    rates: Vec<Instruction>,
    rates_at: Operand,
    /// γ s a_i, one for every student.
    rate: usize,
    /// flow[b][i], rows of `line`.
    flow: usize,
    readout: usize,
    /// c_n other of every node, units.
    other: usize,
    /// Blocks of students.
    blocks: Blocks,
}

struct FlowSums {
    nodes: Range<usize>,
    units: Units,
    code: Vec<Instruction>,
    own: Operand,
    other: Operand,
    readout: Option<Operand>,
}

struct TableCode {
    code: Vec<Instruction>,
    value: Operand,
    table: usize,
    blocks: Units,
}

/// The noise of SGD, one number for every pair of students, block after block.
struct Noise {
    /// Blocks of pairs of students.
    blocks: Blocks,
    /// The rate of the noise.
    once: Vec<Instruction>,
    lane: Vec<Instruction>,
    /// The result of every block.
    noise: usize,
    sums: NoiseSums,
}

enum NoiseSums {
    Loops(NoiseLoops),
    /// Forms, and the rates of pairs, which `lane` computes.
    Forms {
        codes: FormCodes,
        rate: Operand,
    },
}

/// Loops over nodes and over pairs of nodes.
struct NoiseLoops {
    loops: Vec<(Units, Vec<Instruction>)>,
    start: Operand,
    /// The bracket of every block of a chunk.
    bracket: usize,
    sums: Vec<PairSum>,
    /// Where sums are gathered.
    side_by_side: usize,
    result: Vec<Instruction>,
    result_at: Operand,
}

/// Blocks of lanes: students, nodes, or pairs of students, δ after δ.
struct Blocks {
    /// Where the first lane lies: K + j, K + j + δ and δ LINE + j of pairs of students.
    starts: Vec<[usize; 3]>,
    /// Lanes in use.
    lanes: Vec<usize>,
    /// At most [`BLOCKS`] at a time.
    chunks: Vec<Units>,
}

impl Blocks {
    fn new(blocks: impl Iterator<Item = ([usize; 3], usize)>) -> Self {
        let (starts, lanes): (Vec<[usize; 3]>, Vec<usize>) = blocks.unzip();
        let chunk = |starts: &[[usize; 3]]| {
            let [j, l, band] = [0, 1, 2].map(|which| starts.iter().map(move |start| start[which]));
            Units::new(starts.len())
                .with(Kind::Block, (0..starts.len()).map(|block| block * MAX_LANES))
                .with(Kind::J, j)
                .with(Kind::L, l)
                .with(Kind::Band, band)
        };
        let chunks = starts.chunks(BLOCKS).map(chunk).collect();
        Blocks { starts, lanes, chunks }
    }

    /// Blocks of a row that begins at `first`.
    fn of_row(first: usize, length: usize) -> Self {
        let block = |at| ([first + at, 0, 0], MAX_LANES.min(length - at));
        Blocks::new((0..length).step_by(MAX_LANES).map(block))
    }

    /// The chunks: number of the first block, all blocks of it.
    fn chunks(&self) -> impl Iterator<Item = (usize, Domain<'_>)> {
        let lanes = self.lanes.iter().copied().max().unwrap_or(0);
        self.chunks.iter().enumerate().map(move |(at, units)| (at * BLOCKS, Domain::new(units, lanes)))
    }
}

struct PairSum {
    code: Vec<Instruction>,
    summand: Summand,
    front: Option<Operand>,
    table: PairTable,
    /// c_n c_m, with multiplicity.
    weights: usize,
}

/// The pairs of nodes of a sum.
struct PairTable {
    nodes: Vec<[u16; 2]>,
    times: Vec<f64>,
    /// At most [`PAIRS`] at a time.
    chunks: Vec<Units>,
}

enum Risk {
    OverNodes {
        tables: Vec<TableCode>,
        lane: Vec<Instruction>,
        code: Vec<Instruction>,
        summand: Operand,
        blocks: Blocks,
        nodes: Units,
    },
    ByCases {
        lane: Vec<Instruction>,
        loops: Vec<(Units, Vec<Instruction>)>,
        sums: Vec<(PairTable, Vec<Instruction>, Operand)>,
        sum: usize,
    },
}

impl Program {
    /// Compiles a schedule for a shape; `forms` are those of a noise that is not in loops.
    pub(crate) fn new(lanes: &Lanes, forms: Option<&Forms>, shape: Shape) -> Self {
        let mut places = Places::new(shape);
        let flow = Flow::new(&mut places, &lanes.flow, &lanes.rates);
        places.next_nest();
        let noise = Noise::new(&mut places, lanes.noise.as_ref(), forms, &lanes.rates);
        places.next_nest();
        let risk = Risk::new(&mut places, &lanes.risk);
        let single = Units::new(1);
        Program { places, single, flow, noise, risk, memory: Mutex::default(), idle: Mutex::default() }
    }

    /// Calls `work` with a memory of this program.
    fn with_scratch<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let new = || {
            let mut memory = Aligned::zeros(self.places.len());
            self.places.fill(&mut memory);
            let (queues, nodes) = match &self.noise.sums {
                NoiseSums::Forms { codes, .. } => (codes.queues(), self.places.shape.nodes()),
                NoiseSums::Loops(_) => (Queues::default(), 0),
            };
            Scratch { memory, queues, directions: [(); 2].map(|()| vec![false; nodes * nodes]) }
        };
        if let Ok(mut scratch) = self.memory.try_lock() {
            return work(scratch.get_or_insert_with(new));
        }
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop();
        let mut scratch = known.unwrap_or_else(new);
        let result = work(&mut scratch);
        idle().push(scratch);
        result
    }

    /// d(state)/dt.
    pub(crate) fn right_hand_side(&self, parameters: &Parameters, state: &[f64], derivative: &mut [f64]) {
        self.with_scratch(|scratch| {
            self.places.lay_out(parameters, state, &mut scratch.memory);
            self.gradient_flow(&mut scratch.memory);
            self.sgd_noise(scratch);
            self.assemble(&scratch.memory, derivative);
        });
    }

    /// The population risk.
    pub(crate) fn risk(&self, parameters: &Parameters, state: &[f64]) -> f64 {
        self.with_scratch(|scratch| {
            self.places.lay_out(parameters, state, &mut scratch.memory);
            0.5 * parameters.noise + self.sum_of_risk(&mut scratch.memory)
        })
    }
}

/// The nodes of a role as units.
fn nodes(places: &Places, n: Index) -> Units {
    let (nodes, row) = (range(n, places.shape), places.padded.row);
    Units::new(nodes.len())
        .with(Kind::NumberOfN, nodes.clone())
        .with(Kind::RowJ, nodes.clone().map(|n| n * row))
        .with(Kind::RowL, nodes.map(|n| n * row))
}

impl TableCode {
    fn all(places: &mut Places, tables: &[Table]) -> Vec<Self> {
        let count = places.padded.wide / MAX_LANES;
        let compile = |table: &Table| {
            let place = places.table(&table.name);
            let mut compiler = Compiler::new(places);
            let (code, values) = compiler.body(&table.statements, &[&table.value], count, 0);
            let starts = (0..count).map(|block| block * MAX_LANES);
            let blocks = Units::new(count).with(Kind::J, starts);
            TableCode { code, value: values[0], table: place, blocks }
        };
        tables.iter().map(compile).collect()
    }
}

impl Flow {
    fn new(places: &mut Places, flow: &schedule::Flow, rates: &schedule::Rates) -> Self {
        let (shape, padded) = (places.shape, places.padded);
        let tables = TableCode::all(places, &flow.tables);
        let (flow_at, readout) = (places.numbers(shape.nodes() * padded.line), places.numbers(padded.line));
        let other = places.units(shape.nodes());
        let mut compiler = Compiler::new(places);
        let (once, values) = compiler.results(&[&rates.readout], 1);
        let readout_rate = values[0].base;
        let (rates, values) = compiler.results(&[&rates.flow], BLOCKS);
        let rates_at = values[0];
        let rate = compiler.places.numbers(padded.line);
        let lane = compiler.lasting(&flow.lane, BLOCKS, Kind::Block);
        let sums = flow.sums.iter().map(|sum| {
            let results: Vec<&Value> = [&sum.own, &sum.other].into_iter().chain(&sum.readout).collect();
            let count = sum.n.units(shape);
            let (code, values) = compiler.body(&sum.statements, &results, count, range(sum.n, shape).start);
            let (nodes, units) = (range(sum.n, shape), nodes(compiler.places, sum.n));
            FlowSums { nodes, units, code, own: values[0], other: values[1], readout: values.get(2).copied() }
        });
        let sums = sums.collect();
        Flow {
            tables,
            once,
            readout_rate,
            lane,
            sums,
            rates,
            rates_at,
            rate,
            flow: flow_at,
            readout,
            other,
            blocks: Blocks::of_row(shape.k, shape.p),
        }
    }
}

impl Noise {
    fn new(
        places: &mut Places,
        loops: Option<&schedule::Noise>,
        forms: Option<&Forms>,
        rates: &schedule::Rates,
    ) -> Self {
        let (shape, padded) = (places.shape, places.padded);
        let at = |delta: usize| {
            let count = pairs_at(delta, shape.p);
            let start = move |j| [shape.k + j, shape.k + j + delta, delta * padded.line + j];
            (0..count).step_by(MAX_LANES).map(move |j| (start(j), MAX_LANES.min(count - j)))
        };
        let blocks = Blocks::new((0..padded.band).flat_map(at));
        let noise = places.units(blocks.starts.len());
        let codes = forms.map(|forms| FormCodes::new(places, forms));
        let mut compiler = Compiler::new(places);
        // Names that are in no schedule.
        let (rate, rate_of_pair) = ("noise_rate".to_owned(), "rate_of_pair".to_owned());
        let once = compiler.lasting(&[Statement::Let(rate.clone(), rates.noise.clone())], 1, Kind::Fixed);
        let factors = Value::Name(rate).times(rates.readouts.clone());
        let factors = Statement::Let(rate_of_pair.clone(), factors);
        let rate_of_pair = Value::Name(rate_of_pair);
        let (lane, sums) = match (codes, loops) {
            (None, Some(loops)) => {
                let (lane, loops) = NoiseLoops::new(&mut compiler, loops, factors, rate_of_pair);
                (lane, NoiseSums::Loops(loops))
            }
            (codes, _) => {
                let lane = compiler.lasting(&[factors], BLOCKS, Kind::Block);
                let rate = compiler.outside(&rate_of_pair);
                (lane, NoiseSums::Forms { codes: codes.expect("loops or forms"), rate })
            }
        };
        Noise { blocks, once, lane, noise, sums }
    }
}

impl NoiseLoops {
    /// The code of the lanes, and the loops.
    fn new(
        compiler: &mut Compiler<'_>,
        noise: &schedule::Noise,
        factors: Statement,
        rate_of_pair: Value,
    ) -> (Vec<Instruction>, Self) {
        let (shape, row) = (compiler.places.shape, compiler.places.padded.row);
        let (side_by_side, bracket) = (compiler.places.units(SIDE_BY_SIDE), compiler.places.units(BLOCKS));
        compiler.arrays(&noise.arrays);
        let start = "start".to_owned();
        let extra = [factors, Statement::Let(start.clone(), noise.start.clone())];
        let lane = compiler.lasting(&[&noise.lane[..], &extra].concat(), BLOCKS, Kind::Block);
        let loops = noise.loops.iter().map(|body| {
            let (first, count) = (range(body.n, shape).start, body.n.units(shape));
            (nodes(compiler.places, body.n), compiler.body(&body.statements, &[], count, first).0)
        });
        let loops = loops.collect();
        let sums = noise.sums.iter().map(|sum| {
            let (code, summand) = compiler.pairs(&sum.statements, &sum.argument, sum.asin, PAIRS);
            let front = sum.front.as_ref().map(|front| compiler.outside(front));
            let table = PairTable::new(shape, row, [sum.n, sum.m], sum.symmetric);
            let weights = compiler.places.numbers(table.nodes.len());
            PairSum { code, summand, front, table, weights }
        });
        let sums = sums.collect();
        let start = compiler.outside(&Value::Name(start));
        compiler.name(schedule::Noise::BRACKET, Operand::new(bracket, Kind::Dense));
        let (result, values) = compiler.results(&[&rate_of_pair.times(noise.result.clone())], BLOCKS);
        (lane, NoiseLoops { loops, start, bracket, sums, side_by_side, result, result_at: values[0] })
    }
}

/// A pair of students, as nodes, and its place in the blocks.
struct Pair {
    j: usize,
    l: usize,
    slot: usize,
}

/// Pairs j, j + δ that are to be computed: δ = p/2 has every pair twice.
fn pairs_at(delta: usize, p: usize) -> usize {
    if 2 * delta == p { delta } else { p }
}

impl PairTable {
    fn new(shape: Shape, row: usize, [n, m]: [Index; 2], symmetric: bool) -> Self {
        let (mut nodes, mut times) = (Vec::new(), Vec::new());
        for first in range(n, shape) {
            for second in range(m, shape).filter(|second| !symmetric || *second <= first) {
                nodes.push([first, second].map(|node| u16::try_from(node).expect("far fewer nodes")));
                times.push(if symmetric && second < first { 2.0 } else { 1.0 });
            }
        }
        let chunk = |pairs: &[[u16; 2]]| {
            let all = |which: usize| pairs.iter().map(move |pair| usize::from(pair[which]));
            Units::new(pairs.len())
                .with(Kind::N, all(0).map(|n| n * MAX_LANES))
                .with(Kind::M, all(1).map(|m| m * MAX_LANES))
                .with(Kind::NumberOfNM, all(0).zip(all(1)).map(|(n, m)| n * row + m))
        };
        let chunks = nodes.chunks(PAIRS).map(chunk).collect();
        PairTable { nodes, times, chunks }
    }
}

impl Risk {
    fn new(places: &mut Places, risk: &schedule::Risk) -> Self {
        let (shape, padded) = (places.shape, places.padded);
        match risk {
            schedule::Risk::OverNodes { tables, lane, statements, summand } => {
                let blocks = Blocks::of_row(0, shape.nodes());
                let tables = TableCode::all(places, tables);
                let mut compiler = Compiler::new(places);
                let lane = compiler.lasting(lane, BLOCKS, Kind::Block);
                let (code, values) = compiler.body(statements, &[summand], shape.nodes(), 0);
                Risk::OverNodes { tables, lane, code, summand: values[0], blocks, nodes: nodes(places, N) }
            }
            schedule::Risk::ByCases { arrays, lane, loops, sums } => {
                let sum = places.units(SIDE_BY_SIDE);
                let mut compiler = Compiler::new(places);
                compiler.arrays(arrays);
                let lane = compiler.lasting(lane, 1, Kind::Fixed);
                let loops = loops.iter().map(|body| {
                    let (first, count) = (range(body.n, shape).start, body.n.units(shape));
                    (nodes(compiler.places, body.n), compiler.body(&body.statements, &[], count, first).0)
                });
                let loops = loops.collect();
                let sums = sums.iter().map(|sum| {
                    let table = PairTable::new(shape, padded.row, [sum.n, sum.m], false);
                    let (code, summand) = compiler.pairs(&sum.statements, &sum.summand, false, PAIRS);
                    let Summand::Weighted(summand) = summand else {
                        unreachable!("no arcsine was asked for")
                    };
                    (table, code, summand)
                });
                let sums = sums.collect();
                Risk::ByCases { lane, loops, sums, sum }
            }
        }
    }
}

impl Program {
    fn fill_tables(&self, tables: &[TableCode], memory: &mut [f64]) {
        for TableCode { code, value, table, blocks } in tables {
            run(code, &Domain::new(blocks, MAX_LANES), memory);
            memory.copy_within(value.base..value.base + blocks.count * MAX_LANES, *table);
        }
    }

    /// flow[b][i] and readout[i].
    fn gradient_flow(&self, memory: &mut [f64]) {
        let flow = &self.flow;
        self.fill_tables(&flow.tables, memory);
        run(&flow.once, &Domain::new(&self.single, MAX_LANES), memory);
        for (first, blocks) in flow.blocks.chunks() {
            run(&flow.rates, &blocks, memory);
            let (from, length) = (flow.rates_at.base, blocks.units.count * MAX_LANES);
            memory.copy_within(from..from + length, flow.rate + first * MAX_LANES);
            run(&flow.lane, &blocks, memory);
            for block in 0..blocks.units.count {
                let (start, lanes) = (flow.blocks.starts[first + block], flow.blocks.lanes[first + block]);
                for sum in &flow.sums {
                    run(&sum.code, &Domain::new(&sum.units, lanes).at(block, start), memory);
                }
                let block = first + block;
                dispatch(Along { program: self, block, start: start[0], lanes, memory });
            }
        }
    }

    /// What the noise of SGD adds to dQ_jl, block after block.
    fn sgd_noise(&self, scratch: &mut Scratch) {
        run(&self.noise.once, &Domain::new(&self.single, MAX_LANES), &mut scratch.memory);
        match &self.noise.sums {
            NoiseSums::Loops(loops) => self.noise_in_loops(loops, &mut scratch.memory),
            NoiseSums::Forms { codes, rate } => self.noise_by_forms(codes, rate, scratch),
        }
    }

    fn noise_in_loops(&self, loops: &NoiseLoops, memory: &mut [f64]) {
        let (noise, c) = (&self.noise, self.places.c);
        for PairSum { table, weights, .. } in &loops.sums {
            for (pair, ([n, m], times)) in table.nodes.iter().zip(&table.times).enumerate() {
                memory[weights + pair] = times * memory[c + usize::from(*n)] * memory[c + usize::from(*m)];
            }
        }
        for (first, blocks) in noise.blocks.chunks() {
            run(&noise.lane, &blocks, memory);
            for block in 0..blocks.units.count {
                let (start, lanes) = (noise.blocks.starts[first + block], noise.blocks.lanes[first + block]);
                for (nodes, code) in &loops.loops {
                    run(code, &Domain::new(nodes, lanes).at(block, start), memory);
                }
                self.bracket(loops, block, lanes, start, memory);
            }
            run(&loops.result, &blocks, memory);
            let (from, length) = (loops.result_at.base, blocks.units.count * MAX_LANES);
            memory.copy_within(from..from + length, noise.noise + first * MAX_LANES);
        }
    }

    /// Σ_nm c_n c_m I4(j, l, n, m) + Δ J2(j, l), times the rate.
    fn noise_by_forms(&self, codes: &FormCodes, rate: &Operand, scratch: &mut Scratch) {
        let (places, noise) = (&self.places, &self.noise);
        let Scratch { memory, queues, directions: [one, near] } = scratch;
        let nodes = places.shape.nodes();
        let entry = |x: usize, y: usize| memory[places.omega + x * places.padded.row + y];
        find_directions(nodes, codes.apart, &entry, one, near);
        let along = |x: usize, y: usize| one[x * nodes + y];
        memory[noise.noise..][..noise.blocks.starts.len() * MAX_LANES].fill(0.0);
        let variance = memory[places.parameter(Parameter::Noise)];
        let mut add = |memory: &mut [f64], results: Results<'_>| {
            for (at, Waiting { weight, slot, .. }) in results.waited.iter().enumerate() {
                memory[*slot] += weight * memory[results.places[0] + at];
            }
        };
        for pair in self.pairs() {
            let Pair { j, l, slot } = pair;
            let slot = noise.noise + slot;
            let label = Waiting::new([j, l, j, l], variance, slot, true);
            codes.push(FormCodes::label(j == l), label, queues, memory, places, &mut add);
            for n in 0..nodes {
                for m in 0..=n {
                    let Some(form) = codes.four_point(&along, [j, l, n, m]) else { continue };
                    let times = if n == m { 1.0 } else { 2.0 };
                    let weight = times * memory[places.c + n] * memory[places.c + m];
                    let waiting = Waiting::new([j, l, n, m], weight, slot, false);
                    codes.push(form, waiting, queues, memory, places, &mut add);
                }
            }
        }
        codes.finish(queues, memory, places, &mut add);
        for (first, blocks) in noise.blocks.chunks() {
            run(&noise.lane, &blocks, memory);
            for at in 0..blocks.units.count * MAX_LANES {
                memory[noise.noise + first * MAX_LANES + at] *= memory[rate.base + at];
            }
        }
    }

    /// The pairs of students, as nodes, and the place of each in the blocks.
    fn pairs(&self) -> impl Iterator<Item = Pair> {
        let (k, p, band) = (self.places.shape.k, self.places.shape.p, self.places.padded.band);
        (0..band)
            .scan(0, move |first, delta| {
                let slot = *first;
                let count = pairs_at(delta, p);
                *first += count.next_multiple_of(MAX_LANES);
                Some((delta, count, slot))
            })
            .flat_map(move |(delta, count, slot)| {
                (0..count).map(move |j| {
                    let l = if j + delta < p { j + delta } else { j + delta - p };
                    Pair { j: k + j, l: k + l, slot: slot + j }
                })
            })
    }

    /// start + Σ front sum of a block.
    fn bracket(&self, noise: &NoiseLoops, block: usize, lanes: usize, start: [usize; 3], memory: &mut [f64]) {
        let here = Domain::new(&self.single, lanes).at(block, start);
        let bracket = noise.bracket + block * MAX_LANES;
        let from = here.place(&noise.start);
        for lane in 0..lanes {
            memory[bracket + lane] = memory[from + if noise.start.splat { 0 } else { lane }];
        }
        for sum in &noise.sums {
            let sums = noise.side_by_side;
            memory[sums..sums + SIDE_BY_SIDE * MAX_LANES].fill(0.0);
            let mut weights = sum.weights;
            for pairs in &sum.table.chunks {
                let domain = Domain::new(pairs, lanes).at(block, start);
                run(&sum.code, &domain, memory);
                sum_up(&sum.summand, &domain, weights, sums, memory);
                weights += pairs.count;
            }
            for lane in 0..lanes {
                let part = |side: usize| memory[sums + side * MAX_LANES + lane];
                let total = (part(0) + part(1)) + (part(2) + part(3));
                let front = sum
                    .front
                    .as_ref()
                    .map_or(1.0, |front| memory[here.place(front) + if front.splat { 0 } else { lane }]);
                memory[bracket + lane] += front * total;
            }
        }
    }

    /// dM, dQ and da from the sums.
    fn assemble(&self, memory: &[f64], derivative: &mut [f64]) {
        let (shape, line) = (self.places.shape, self.places.padded.line);
        let Shape { k, p, trained } = shape;
        let rate = &memory[self.flow.rate..][..p];
        let flow = |b: usize| &memory[self.flow.flow + b * line..][..p];
        for r in 0..k {
            let (flow, to) = (flow(r), &mut derivative[r * p..][..p]);
            for i in 0..p {
                to[i] = rate[i] * flow[i];
            }
        }
        for Pair { j, l, slot } in self.pairs() {
            let (j, l) = (j - k, l - k);
            derivative[shape.q(j, l)] =
                rate[j] * flow(k + l)[j] + rate[l] * flow(k + j)[l] + memory[self.noise.noise + slot];
        }
        if trained {
            derivative[shape.a(0)..][..p].copy_from_slice(&memory[self.flow.readout..][..p]);
        }
    }
}

/// flow[b][i] of a block of students i, when own and other are known for every node.
struct Along<'a> {
    program: &'a Program,
    block: usize,
    start: usize,
    lanes: usize,
    memory: &'a mut [f64],
}

impl Kernel for Along<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Along { program, block, start, lanes, memory } = self;
        let (flow, Places { shape, padded, omega, c, .. }) = (&program.flow, &program.places);
        let mut lane = 0;
        while lane < lanes {
            let mut own = s.splat(0.0);
            let mut readout = s.splat(0.0);
            for sum in &flow.sums {
                for unit in 0..sum.units.count {
                    let (n, at) = (sum.nodes.start + unit, unit * MAX_LANES + lane);
                    let c_n = s.splat(memory[c + n]);
                    own = s.add_mul(own, c_n, s.load(memory, sum.own.base + at));
                    let other = c_n * s.load(memory, sum.other.base + at);
                    s.store(other, memory, flow.other + n * MAX_LANES + lane);
                    if let Some(value) = sum.readout {
                        readout = s.add_mul(readout, c_n, s.load(memory, value.base + at));
                    }
                }
            }
            let first = block * MAX_LANES + lane;
            for b in 0..shape.nodes() {
                let entries = omega + b * padded.row;
                let mut sum = s.load(memory, entries + start + lane) * own;
                for n in 0..shape.nodes() {
                    let other = s.load(memory, flow.other + n * MAX_LANES + lane);
                    sum = s.add_mul(sum, s.splat(memory[entries + n]), other);
                }
                s.store(sum, memory, flow.flow + b * padded.line + first);
            }
            let rate = s.load(memory, flow.readout_rate + lane);
            s.store(rate * readout, memory, flow.readout + first);
            lane += S::LANES;
        }
    }
}

impl Program {
    /// The risk without Δ/2.
    fn sum_of_risk(&self, memory: &mut [f64]) -> f64 {
        match &self.risk {
            Risk::OverNodes { tables, lane, code, summand, blocks, nodes } => {
                self.fill_tables(tables, memory);
                let mut risk = 0.0;
                for (first, chunk) in blocks.chunks() {
                    run(lane, &chunk, memory);
                    for block in 0..chunk.units.count {
                        let (start, lanes) = (blocks.starts[first + block], blocks.lanes[first + block]);
                        run(code, &Domain::new(nodes, lanes).at(block, start), memory);
                        let mut totals = [0.0; MAX_LANES];
                        for unit in memory[summand.base..][..nodes.count * MAX_LANES].chunks_exact(MAX_LANES)
                        {
                            for lane in 0..MAX_LANES {
                                totals[lane] += unit[lane];
                            }
                        }
                        risk += totals[..lanes].iter().sum::<f64>();
                    }
                }
                risk
            }
            Risk::ByCases { lane, loops, sums, sum } => {
                run(lane, &Domain::new(&self.single, 1), memory);
                for (nodes, code) in loops {
                    run(code, &Domain::new(nodes, 1), memory);
                }
                memory[*sum..sum + SIDE_BY_SIDE * MAX_LANES].fill(0.0);
                for (table, code, summand) in sums {
                    for pairs in &table.chunks {
                        let domain = Domain::new(pairs, 1);
                        run(code, &domain, memory);
                        sum_up(&Summand::Plain(*summand), &domain, 0, *sum, memory);
                    }
                }
                (0..SIDE_BY_SIDE).map(|side| memory[sum + side * MAX_LANES]).sum()
            }
        }
    }
}
