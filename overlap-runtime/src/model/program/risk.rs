//! The population risk.

use super::Program;
use super::blocks::{BLOCKS, Blocks, PAIRS, PairTable, TableCode, nodes};
use super::compile::Compiler;
use super::machine::{Domain, Instruction, Kind, Operand, Summand, Units, run, sum_up};
use super::memory::Places;
use crate::lanes::{MAX_LANES, SIDE_BY_SIDE};
use overlap_engine::equations::N;
use overlap_engine::schedule::{self, range};

// One for each system: its size does not matter.
#[allow(clippy::large_enum_variant)]
pub(super) enum Risk {
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

impl Risk {
    pub(super) fn new(places: &mut Places, risk: &schedule::Risk) -> Self {
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
    /// The risk without Δ/2.
    pub(super) fn sum_of_risk(&self, memory: &mut [f64]) -> f64 {
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
