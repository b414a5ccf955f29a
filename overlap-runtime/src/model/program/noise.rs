//! The noise of SGD.

use super::blocks::{BLOCKS, Blocks, PAIRS, Pair, PairTable, nodes, pairs_at};
use super::compile::Compiler;
use super::forms::{FormCodes, Results, Waiting};
use super::machine::{Domain, Instruction, Kind, Operand, Summand, Units, run, sum_up};
use super::memory::Places;
use super::{Program, Scratch};
use crate::lanes::{MAX_LANES, SIDE_BY_SIDE};
use crate::model::generated::find_directions;
use overlap_engine::schedule::{self, Forms, Statement, Value, range};
use overlap_engine::symbol::Parameter;

/// The noise of SGD, one number for every pair of students, block after block.
pub(super) struct Noise {
    /// Blocks of pairs of students.
    pub(super) blocks: Blocks,
    /// The rate of the noise.
    pub(super) once: Vec<Instruction>,
    pub(super) lane: Vec<Instruction>,
    /// The result of every block.
    pub(super) noise: usize,
    pub(super) sums: NoiseSums,
}

pub(super) enum NoiseSums {
    Loops(NoiseLoops),
    /// Forms, and the rates of pairs, which `lane` computes.
    Forms {
        codes: FormCodes,
        rate: Operand,
    },
}

/// Loops over nodes and over pairs of nodes.
pub(super) struct NoiseLoops {
    pub(super) loops: Vec<(Units, Vec<Instruction>)>,
    pub(super) start: Operand,
    /// The bracket of every block of a chunk.
    pub(super) bracket: usize,
    pub(super) sums: Vec<PairSum>,
    /// Where sums are gathered.
    pub(super) side_by_side: usize,
    pub(super) result: Vec<Instruction>,
    pub(super) result_at: Operand,
}

pub(super) struct PairSum {
    pub(super) code: Vec<Instruction>,
    pub(super) summand: Summand,
    pub(super) front: Option<Operand>,
    pub(super) table: PairTable,
    /// c_n c_m, with multiplicity.
    pub(super) weights: usize,
}

impl Noise {
    pub(super) fn new(
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
    pub(super) fn new(
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

impl Program {
    /// What the noise of SGD adds to dQ_jl, block after block.
    pub(super) fn sgd_noise(&self, scratch: &mut Scratch) {
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
    pub(super) fn pairs(&self) -> impl Iterator<Item = Pair> {
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
}
