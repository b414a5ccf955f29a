//! What instructions run over: blocks of lanes, nodes, pairs of nodes.

use super::compile::Compiler;
use super::machine::{Domain, Instruction, Kind, Operand, Units};
use super::memory::Places;
use crate::Shape;
use crate::lanes::MAX_LANES;
use overlap_engine::schedule::{Table, range};
use overlap_engine::symbol::Index;

/// Blocks of lanes that are begun together.
pub(super) const BLOCKS: usize = 32;
/// Pairs of nodes that an instruction runs over at once: their values stay near the processor.
pub(super) const PAIRS: usize = 64;

/// Blocks of lanes: students, nodes, or pairs of students, δ after δ.
pub(super) struct Blocks {
    /// Where the first lane lies: K + j, K + j + δ and δ LINE + j of pairs of students.
    pub(super) starts: Vec<[usize; 3]>,
    /// Lanes in use.
    pub(super) lanes: Vec<usize>,
    /// At most [`BLOCKS`] at a time.
    pub(super) chunks: Vec<Units>,
}

impl Blocks {
    pub(super) fn new(blocks: impl Iterator<Item = ([usize; 3], usize)>) -> Self {
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
    pub(super) fn of_row(first: usize, length: usize) -> Self {
        let block = |at| ([first + at, 0, 0], MAX_LANES.min(length - at));
        Blocks::new((0..length).step_by(MAX_LANES).map(block))
    }

    /// The chunks: number of the first block, all blocks of it.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (usize, Domain<'_>)> {
        let lanes = self.lanes.iter().copied().max().unwrap_or(0);
        self.chunks.iter().enumerate().map(move |(at, units)| (at * BLOCKS, Domain::new(units, lanes)))
    }
}

/// The nodes of a role as units.
pub(super) fn nodes(places: &Places, n: Index) -> Units {
    let (nodes, row) = (range(n, places.shape), places.padded.row);
    Units::new(nodes.len())
        .with(Kind::NumberOfN, nodes.clone())
        .with(Kind::RowJ, nodes.clone().map(|n| n * row))
        .with(Kind::RowL, nodes.map(|n| n * row))
}

/// A pair of students, as nodes, and its place in the blocks.
pub(super) struct Pair {
    pub(super) j: usize,
    pub(super) l: usize,
    pub(super) slot: usize,
}

/// Pairs j, j + δ that are to be computed: δ = p/2 has every pair twice.
pub(super) fn pairs_at(delta: usize, p: usize) -> usize {
    if 2 * delta == p { delta } else { p }
}

/// The pairs of nodes of a sum.
pub(super) struct PairTable {
    pub(super) nodes: Vec<[u16; 2]>,
    pub(super) times: Vec<f64>,
    /// At most [`PAIRS`] at a time.
    pub(super) chunks: Vec<Units>,
}

impl PairTable {
    pub(super) fn new(shape: Shape, row: usize, [n, m]: [Index; 2], symmetric: bool) -> Self {
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

pub(super) struct TableCode {
    pub(super) code: Vec<Instruction>,
    pub(super) value: Operand,
    pub(super) table: usize,
    pub(super) blocks: Units,
}

impl TableCode {
    pub(super) fn all(places: &mut Places, tables: &[Table]) -> Vec<Self> {
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
