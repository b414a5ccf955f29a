//! Expectations that have a form of their own for every pattern of nodes: nodes of one pattern wait until they fill lanes.

use super::compile::{BlockCode, Compiler};
use super::machine::{Domain, Units, run};
use super::memory::Places;
use crate::lanes::MAX_LANES;
use crate::model::generated::pattern_of;
use overlap_engine::equations::{J, L};
use overlap_engine::schedule::{Form, Forms};
use overlap_engine::symbol::{Index, Kind, Symbol};

/// How many nodes j, l, n, m go through a form together, at most.
const TOGETHER: usize = 64;

/// No form: the expectation is 0.
const NONE: u16 = u16::MAX;

/// The forms of a system.
pub(super) struct FormCodes {
    /// J2(j, l) of one student and of two, then I4(j, l, n, m) by patterns.
    codes: Vec<FormCode>,
    /// The form of I4 by [`FormCodes::key`].
    by_key: Vec<u16>,
    pub(super) by_identity: bool,
    /// Teachers that share no direction with students.
    pub(super) apart: usize,
    k: usize,
    /// Of one unit, of two, ….
    units: Vec<Units>,
}

struct FormCode {
    block: BlockCode,
    /// What is gathered, by positions among j, l, n, m.
    pairs: Vec<[usize; 2]>,
    /// The overlaps that the derivatives are by.
    by: Vec<[usize; 2]>,
}

/// Nodes j, l, n, m that wait, and what is to be done with their expectation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) nodes: [u16; 4],
    pub(super) weight: f64,
    /// Where it belongs.
    pub(super) slot: usize,
    /// Whether J2(j, l) is what they wait for.
    pub(super) label: bool,
}

impl Waiting {
    pub(super) fn new(nodes: [usize; 4], weight: f64, slot: usize, label: bool) -> Self {
        let nodes = nodes.map(|node| u16::try_from(node).expect("far fewer nodes"));
        Waiting { nodes, weight, slot, label }
    }
}

/// What waits for every form.
#[derive(Default)]
pub(super) struct Queues(Vec<Vec<Waiting>>);

/// The results of nodes that have gone through a form.
pub(super) struct Results<'a> {
    pub(super) waited: &'a [Waiting],
    /// The first place of every result: the expectation, and its derivatives.
    pub(super) places: &'a [usize],
    pub(super) by: &'a [[usize; 2]],
}

impl FormCodes {
    pub(super) fn new(places: &mut Places, forms: &Forms) -> Self {
        let k = places.shape.k;
        let mut compile = |form: &Form| {
            let block = Compiler::new(places).block(&form.block, TOGETHER / MAX_LANES);
            let pair = |(symbol, _): &(Symbol, usize)| match symbol {
                Symbol::Overlap(a, b) => [*a, *b].map(position),
                _ => unreachable!("expectations depend on overlaps only"),
            };
            let pairs = block.gathered.iter().map(pair).collect();
            FormCode { block, pairs, by: form.by.iter().map(|pair| pair.map(position)).collect() }
        };
        let mut codes: Vec<FormCode> = forms.labels.iter().map(&mut compile).collect();
        let mut by_key = vec![NONE; 1 << 9];
        for (pattern, form) in &forms.cases {
            let number = u16::try_from(codes.len()).expect("few forms");
            codes.push(compile(form));
            let directions = pattern.directions.map(|direction| u8::try_from(direction).expect("at most 3"));
            let students = if directions[0] == 0 { vec![pattern.one_student] } else { vec![false, true] };
            let may_be = |kind| match kind {
                Kind::Node => vec![false, true],
                Kind::Teacher => vec![true],
                Kind::Student => vec![false],
            };
            for &one_student in &students {
                for &n in &may_be(pattern.kinds[0]) {
                    for &m in &may_be(pattern.kinds[1]) {
                        let form = &mut by_key[key(one_student, directions, [n, m])];
                        if *form == NONE {
                            *form = number;
                        }
                    }
                }
            }
        }
        FormCodes {
            codes,
            by_key,
            by_identity: forms.by_identity,
            apart: if forms.teachers_apart { k } else { 0 },
            k,
            units: (1..=TOGETHER / MAX_LANES).map(Units::new).collect(),
        }
    }

    pub(super) fn queues(&self) -> Queues {
        Queues(self.codes.iter().map(|_| Vec::with_capacity(TOGETHER)).collect())
    }

    /// The form of J2(j, l).
    pub(super) fn label(one_student: bool) -> usize {
        usize::from(!one_student)
    }

    /// The form of I4(j, l, n, m), m ≤ n, given which nodes have one direction.
    pub(super) fn four_point(
        &self,
        along: &impl Fn(usize, usize) -> bool,
        [j, l, n, m]: [usize; 4],
    ) -> Option<usize> {
        let directions = if self.by_identity {
            let of_l = u8::from(l != j);
            [of_l, of_l + 1, if m == n { of_l + 1 } else { of_l + 2 }]
        } else {
            pattern_of(along, j, l, n, m)
        };
        let form = self.by_key[key(j == l, directions, [n < self.k, m < self.k])];
        (form != NONE).then_some(form as usize)
    }

    /// Lets nodes wait for their form; hands on what is full.
    pub(super) fn push(
        &self,
        form: usize,
        waiting: Waiting,
        queues: &mut Queues,
        memory: &mut [f64],
        places: &Places,
        done: &mut dyn FnMut(&mut [f64], Results<'_>),
    ) {
        queues.0[form].push(waiting);
        if queues.0[form].len() == TOGETHER {
            self.flush(form, queues, memory, places, done);
        }
    }

    /// Computes what still waits.
    pub(super) fn finish(
        &self,
        queues: &mut Queues,
        memory: &mut [f64],
        places: &Places,
        done: &mut dyn FnMut(&mut [f64], Results<'_>),
    ) {
        for form in 0..self.codes.len() {
            self.flush(form, queues, memory, places, done);
        }
    }

    fn flush(
        &self,
        form: usize,
        queues: &mut Queues,
        memory: &mut [f64],
        places: &Places,
        done: &mut dyn FnMut(&mut [f64], Results<'_>),
    ) {
        let (code, queue) = (&self.codes[form], &mut queues.0[form]);
        if queue.is_empty() {
            return;
        }
        for (pair, (_, place)) in code.pairs.iter().zip(&code.block.gathered) {
            for (at, waiting) in queue.iter().enumerate() {
                let [x, y] = pair.map(|position| usize::from(waiting.nodes[position]));
                memory[place + at] = memory[places.omega + x * places.padded.row + y];
            }
        }
        let units = queue.len().div_ceil(MAX_LANES);
        let lanes = if units == 1 { queue.len() } else { MAX_LANES };
        run(&code.block.code, &Domain::new(&self.units[units - 1], lanes), memory);
        done(memory, Results { waited: queue, places: &code.block.results, by: &code.by });
        queue.clear();
    }
}

/// Which students, directions and kinds of n and m there are.
fn key(one_student: bool, [l, n, m]: [u8; 3], [n_is_teacher, m_is_teacher]: [bool; 2]) -> usize {
    let bits = [one_student, n_is_teacher, m_is_teacher]
        .into_iter()
        .fold(0, |bits, bit| 2 * bits + usize::from(bit));
    bits << 6 | usize::from(l) << 4 | usize::from(n) << 2 | usize::from(m)
}

/// A node's position among j, l, n, m.
fn position(index: Index) -> usize {
    match index {
        J => 0,
        L => 1,
        Index::Role(_, 'n') => 2,
        _ => 3,
    }
}
