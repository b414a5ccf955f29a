//! Instructions on packs: each runs over all units of a domain before the next one is looked at.
//!
//! A unit is [`MAX_LANES`] doubles, whatever the instruction set. Where an operand of unit number u lies is said by a list of
//! offsets: the domain's, by the operand's [`Kind`].

use crate::lanes::{Kernel, MAX_LANES, SIDE_BY_SIDE, Simd, dispatch};
use crate::model::orthant::four_signs;
use std::sync::Arc;

/// What moves an operand from unit to unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Fixed,
    /// Unit after unit.
    Dense,
    /// The block of lanes.
    Block,
    /// Node n.
    N,
    /// Node m.
    M,
    /// The first student j of the block (or student i, or node b).
    J,
    /// The first student l of the block.
    L,
    /// δ and j of the block.
    Band,
    /// Node n, and the first student j of the block in its row.
    RowJ,
    /// Node n, and the first student l of the block in its row.
    RowL,
    /// Node n, one number.
    NumberOfN,
    /// Nodes n and m, one number.
    NumberOfNM,
}

/// Number of kinds.
pub(super) const KINDS: usize = 12;

/// Where an operand lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Operand {
    pub(super) base: usize,
    pub(super) kind: Kind,
    /// One number for all lanes.
    pub(super) splat: bool,
}

impl Operand {
    pub(super) const NONE: Operand = Operand { base: 0, kind: Kind::Fixed, splat: false };

    pub(super) fn new(base: usize, kind: Kind) -> Self {
        let splat = matches!(kind, Kind::NumberOfN | Kind::NumberOfNM);
        Operand { base, kind, splat }
    }
}

/// What an instruction does with its operands x, y, z, v, w, ….
///
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Copy,
    Add,
    Sub,
    Mul,
    /// x y z.
    Mul3,
    Div,
    Neg,
    AddMul,
    SubMul,
    /// x - y z - v w.
    SubMul2,
    Max,
    Sqrt,
    Rsqrt,
    Asin,
    AsinWithCosine,
    /// Of six correlations, lane by lane.
    FourSigns,
}

/// One instruction; the result is dense. Only the first operand may be a single number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instruction {
    pub(super) code: Code,
    pub(super) to: usize,
    pub(super) operands: [Operand; OPERANDS],
}

/// Operands of an instruction, at most.
pub(super) const OPERANDS: usize = 6;

/// Offsets of the units that instructions run over, by kind of operand.
pub(super) struct Units {
    pub(super) count: usize,
    lists: [Arc<[u32]>; KINDS],
}

impl Units {
    /// Units whose operands are dense, or stay where they are.
    pub(super) fn new(count: usize) -> Self {
        let zeros: Arc<[u32]> = std::iter::repeat_n(0, count).collect();
        let mut units = Units { count, lists: std::array::from_fn(|_| zeros.clone()) };
        units = units.with(Kind::Dense, (0..count).map(|unit| unit * MAX_LANES));
        units
    }

    pub(super) fn with(mut self, kind: Kind, places: impl Iterator<Item = usize>) -> Self {
        let offset = |place| u32::try_from(place).expect("sizes are bounded");
        self.lists[kind as usize] = places.map(offset).collect();
        assert_eq!(self.lists[kind as usize].len(), self.count);
        self
    }
}

/// Units, and how far the block at hand moves their operands.
pub(super) struct Domain<'a> {
    pub(super) units: &'a Units,
    /// The lanes of a unit that are in use.
    pub(super) lanes: usize,
    pub(super) shifts: [usize; KINDS],
}

impl<'a> Domain<'a> {
    pub(super) fn new(units: &'a Units, lanes: usize) -> Self {
        Domain { units, lanes, shifts: [0; KINDS] }
    }

    pub(super) fn shifted(mut self, kind: Kind, shift: usize) -> Self {
        self.shifts[kind as usize] = shift;
        self
    }

    /// For a block of lanes, the place of its pack among packs of lanes, and of its first students j and l.
    pub(super) fn at(self, block: usize, [j, l, band]: [usize; 3]) -> Self {
        self.shifted(Kind::Block, block * MAX_LANES)
            .shifted(Kind::J, j)
            .shifted(Kind::L, l)
            .shifted(Kind::Band, band)
            .shifted(Kind::RowJ, j)
            .shifted(Kind::RowL, l)
    }

    /// First place and offsets of an operand.
    #[inline(always)]
    fn of(&self, operand: &Operand) -> (usize, &'a [u32]) {
        let kind = operand.kind as usize;
        (operand.base + self.shifts[kind], &self.units.lists[kind][..self.units.count])
    }

    /// Where an operand that is the same for all units lies.
    pub(super) fn place(&self, operand: &Operand) -> usize {
        let (base, list) = self.of(operand);
        base + list[0] as usize
    }
}

/// One instruction over all units of a domain: a loop for every combination, so that nothing is asked inside it. A macro and
/// no function with a closure: closures are not always inlined into the code that has the instruction set enabled.
macro_rules! each {
    ($s:ident, $domain:ident, $memory:ident, $instruction:ident; $x:ident $(, $y:ident)*; $result:expr) => {{
        let [first, ..] = &$instruction.operands;
        #[allow(unused_mut)]
        let mut rest = $instruction.operands[1..].iter();
        let $x = $domain.of(first);
        $(let $y = $domain.of(rest.next().unwrap_or(&Operand::NONE));)*
        let _ = rest;
        let (single, first) = (first.splat, $x);
        $(let $y = ($y.0, &$y.1[..$domain.units.count]);)*
        let list = &first.1[..$domain.units.count];
        if single {
            for unit in 0..$domain.units.count {
                let $x = $s.splat($memory[first.0 + list[unit] as usize]);
                each!(unit, $s, $domain, $memory, $instruction; $($y),*; $result, lane, {});
            }
        } else {
            for unit in 0..$domain.units.count {
                let at = first.0 + list[unit] as usize;
                each!(unit, $s, $domain, $memory, $instruction; $($y),*; $result, lane, let $x = $s.load($memory, at + lane););
            }
        }
    }};
    ($unit:ident, $s:ident, $domain:ident, $memory:ident, $instruction:ident; $($y:ident),*; $result:expr, $lane:ident, $($load:tt)*) => {{
        let mut $lane = 0;
        while $lane < $domain.lanes {
            $($load)*
            $(let $y = $s.load($memory, $y.0 + $y.1[$unit] as usize + $lane);)*
            let result = $result;
            $s.store(result, $memory, $instruction.to + $unit * MAX_LANES + $lane);
            $lane += S::LANES;
        }
    }};
}

/// Runs the code over the whole domain, one instruction after the other.
pub(super) fn run(code: &[Instruction], domain: &Domain<'_>, memory: &mut [f64]) {
    if !code.is_empty() {
        dispatch(Run { code, domain, memory });
    }
}

struct Run<'a, 'b> {
    code: &'a [Instruction],
    domain: &'a Domain<'b>,
    memory: &'a mut [f64],
}

impl Kernel for Run<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        run_on(s, self.code, self.domain, self.memory);
    }
}

#[inline(always)]
fn run_on<S: Simd>(s: S, code: &[Instruction], domain: &Domain<'_>, memory: &mut [f64]) {
    for i in code {
        match i.code {
            Code::Copy => each!(s, domain, memory, i; x; x),
            Code::Add => each!(s, domain, memory, i; x, y; x + y),
            Code::Sub => each!(s, domain, memory, i; x, y; x - y),
            Code::Mul => each!(s, domain, memory, i; x, y; x * y),
            Code::Mul3 => each!(s, domain, memory, i; x, y, z; x * y * z),
            Code::Div => each!(s, domain, memory, i; x, y; s.div(x, y)),
            Code::Neg => each!(s, domain, memory, i; x; -x),
            Code::AddMul => each!(s, domain, memory, i; x, y, z; s.add_mul(x, y, z)),
            Code::SubMul => each!(s, domain, memory, i; x, y, z; s.sub_mul(x, y, z)),
            Code::SubMul2 => {
                each!(s, domain, memory, i; x, y, z, v, w; s.sub_mul(s.sub_mul(x, y, z), v, w))
            }
            Code::Max => each!(s, domain, memory, i; x, y; s.max(x, y)),
            Code::Sqrt => each!(s, domain, memory, i; x; s.sqrt(x)),
            Code::Rsqrt => each!(s, domain, memory, i; x; s.rsqrt(x)),
            Code::Asin => each!(s, domain, memory, i; x; s.asin(x)),
            Code::AsinWithCosine => each!(s, domain, memory, i; x, y; s.asin_with_cosine(x, y)),
            Code::FourSigns => {
                for unit in 0..domain.units.count {
                    for lane in 0..domain.lanes {
                        let mut correlations = [0.0; 6];
                        for (value, operand) in correlations.iter_mut().zip(&i.operands) {
                            let (base, list) = domain.of(operand);
                            *value = memory[base + list[unit] as usize + lane];
                        }
                        memory[i.to + unit * MAX_LANES + lane] = four_signs(correlations);
                    }
                }
            }
        }
    }
}

/// What is summed up over the units of a domain.
#[derive(Debug, Clone, Copy)]
pub(super) enum Summand {
    /// A value, dense.
    Plain(Operand),
    /// weight · value.
    Weighted(Operand),
    /// weight · arcsin(x).
    Asin(Operand),
    /// weight · arcsin(a b (x - y z - v w)), x a single number: the operands x, y, z, v, w and a, b.
    Cosine([Operand; 5], [Operand; 2]),
}

/// Adds the summands of a domain to sums that lie in memory, [`SIDE_BY_SIDE`] units; `weights` is where those of the domain begin.
/// Several units go through the arcsine side by side, and what is left goes one by one to the first of the sums.
pub(super) fn sum_up(
    summand: &Summand,
    domain: &Domain<'_>,
    weights: usize,
    sums: usize,
    memory: &mut [f64],
) {
    dispatch(SumUp { summand, domain, weights, sums, memory });
}

struct SumUp<'a, 'b> {
    summand: &'a Summand,
    domain: &'a Domain<'b>,
    weights: usize,
    sums: usize,
    memory: &'a mut [f64],
}

impl Kernel for SumUp<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let SumUp { summand, domain, weights, sums, memory } = self;
        sum_up_on(s, summand, domain, weights, sums, memory);
    }
}

#[inline(always)]
fn sum_up_on<S: Simd>(
    s: S,
    summand: &Summand,
    domain: &Domain<'_>,
    weights: usize,
    sums: usize,
    memory: &mut [f64],
) {
    let count = domain.units.count;
    macro_rules! sums {
        ($unit:ident, $lane:ident; $value:expr, $weight:expr, $function:expr, $last:expr) => {{
            let mut $lane = 0;
            while $lane < domain.lanes {
                let mut totals = [s.splat(0.0); SIDE_BY_SIDE];
                for side in 0..SIDE_BY_SIDE {
                    totals[side] = s.load(memory, sums + side * MAX_LANES + $lane);
                }
                let mut first = 0;
                while first + SIDE_BY_SIDE <= count {
                    let mut values = [s.splat(0.0); SIDE_BY_SIDE];
                    for side in 0..SIDE_BY_SIDE {
                        let $unit = first + side;
                        values[side] = $value;
                    }
                    #[allow(clippy::redundant_locals)]
                    let values = $function(s, values);
                    for side in 0..SIDE_BY_SIDE {
                        #[allow(unused_variables)]
                        let $unit = first + side;
                        totals[side] = s.add_mul(totals[side], $weight, values[side]);
                    }
                    first += SIDE_BY_SIDE;
                }
                for $unit in first..count {
                    let value = $last(s, $value);
                    totals[0] = s.add_mul(totals[0], $weight, value);
                }
                for side in 0..SIDE_BY_SIDE {
                    s.store(totals[side], memory, sums + side * MAX_LANES + $lane);
                }
                $lane += S::LANES;
            }
        }};
    }
    match summand {
        Summand::Plain(x) => {
            let x = domain.of(x);
            sums!(unit, lane; s.load(memory, x.0 + x.1[unit] as usize + lane), s.splat(1.0), same_each, same)
        }
        Summand::Weighted(x) => {
            let x = domain.of(x);
            sums!(unit, lane; s.load(memory, x.0 + x.1[unit] as usize + lane), s.splat(memory[weights + unit]), same_each, same)
        }
        Summand::Asin(x) => {
            let x = domain.of(x);
            sums!(unit, lane; s.load(memory, x.0 + x.1[unit] as usize + lane), s.splat(memory[weights + unit]), asin_each, asin)
        }
        Summand::Cosine(operands, roots) => {
            let [x, y, z, v, w] = operands;
            let [a, b] = roots;
            let (x, y, z, v, w) = (domain.of(x), domain.of(y), domain.of(z), domain.of(v), domain.of(w));
            let (a, b) = (domain.of(a), domain.of(b));
            macro_rules! at {
                ($operand:ident, $unit:ident, $lane:ident) => {
                    s.load(memory, $operand.0 + $operand.1[$unit] as usize + $lane)
                };
            }
            sums!(unit, lane; {
                let entry = s.splat(memory[x.0 + x.1[unit] as usize]);
                let once = s.sub_mul(entry, at!(y, unit, lane), at!(z, unit, lane));
                let tilted = s.sub_mul(once, at!(v, unit, lane), at!(w, unit, lane));
                at!(a, unit, lane) * at!(b, unit, lane) * tilted
            }, s.splat(memory[weights + unit]), asin_each, asin)
        }
    }
}

#[inline(always)]
fn same<S: Simd>(_: S, x: S::Pack) -> S::Pack {
    x
}

#[inline(always)]
fn same_each<S: Simd>(_: S, x: [S::Pack; SIDE_BY_SIDE]) -> [S::Pack; SIDE_BY_SIDE] {
    x
}

#[inline(always)]
fn asin<S: Simd>(s: S, x: S::Pack) -> S::Pack {
    s.asin(x)
}

#[inline(always)]
fn asin_each<S: Simd>(s: S, x: [S::Pack; SIDE_BY_SIDE]) -> [S::Pack; SIDE_BY_SIDE] {
    s.asin_each(x)
}
