//! The gradient flow.

use super::Program;
use super::blocks::{BLOCKS, Blocks, TableCode, nodes};
use super::compile::Compiler;
use super::machine::{Domain, Instruction, Kind, Operand, Units, run};
use super::memory::Places;
use crate::lanes::{Kernel, MAX_LANES, Simd, dispatch};
use overlap_engine::schedule::{self, Value, range};
use std::ops::Range;

pub(super) struct Flow {
    pub(super) tables: Vec<TableCode>,
    pub(super) once: Vec<Instruction>,
    pub(super) readout_rate: usize,
    pub(super) lane: Vec<Instruction>,
    pub(super) sums: Vec<FlowSums>,
    pub(super) rates: Vec<Instruction>,
    pub(super) rates_at: Operand,
    /// γ s a_i, one for every student.
    pub(super) rate: usize,
    /// flow[b][i], rows of `line`.
    pub(super) flow: usize,
    pub(super) readout: usize,
    /// c_n other of every node, units.
    pub(super) other: usize,
    /// Blocks of students.
    pub(super) blocks: Blocks,
}

pub(super) struct FlowSums {
    pub(super) nodes: Range<usize>,
    pub(super) units: Units,
    pub(super) code: Vec<Instruction>,
    pub(super) own: Operand,
    pub(super) other: Operand,
    pub(super) readout: Option<Operand>,
}

impl Flow {
    pub(super) fn new(places: &mut Places, flow: &schedule::Flow, rates: &schedule::Rates) -> Self {
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

impl Program {
    /// flow[b][i] and readout[i].
    pub(super) fn gradient_flow(&self, memory: &mut [f64]) {
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
}

/// flow[b][i] of a block of students i, when own and other are known for every node.
pub(super) struct Along<'a> {
    pub(super) program: &'a Program,
    pub(super) block: usize,
    pub(super) start: usize,
    pub(super) lanes: usize,
    pub(super) memory: &'a mut [f64],
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
