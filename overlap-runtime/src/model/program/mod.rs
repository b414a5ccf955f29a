//! The engine's schedule run at run time: a program of instructions on blocks of lanes.
//!
//! The schedule is compiled once for a system ([`compile`]): every value gets a place in one memory ([`memory`]) and every statement
//! becomes an instruction or a part of one ([`machine`]). An instruction runs over all its units (packs of students, nodes, pairs
//! of nodes) before the next one is looked at, so that looking at it costs little.

mod blocks;
mod compile;
mod flow;
mod forms;
mod gradients;
mod machine;
mod memory;
mod noise;
mod risk;

use crate::lanes::aligned::Aligned;
use crate::{Parameters, Shape};
use flow::Flow;
use forms::Queues;
pub(crate) use gradients::{Gradients, PullProgram};
use machine::{Domain, Units, run};
use memory::Places;
use noise::{Noise, NoiseSums};
use overlap_engine::schedule::{Forms, Lanes};
use risk::Risk;
use std::sync::{Mutex, PoisonError};

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

impl Program {
    fn fill_tables(&self, tables: &[blocks::TableCode], memory: &mut [f64]) {
        for blocks::TableCode { code, value, table, blocks } in tables {
            run(code, &Domain::new(blocks, crate::lanes::MAX_LANES), memory);
            memory.copy_within(value.base..value.base + blocks.count * crate::lanes::MAX_LANES, *table);
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
        for blocks::Pair { j, l, slot } in self.pairs() {
            let (j, l) = (j - k, l - k);
            derivative[shape.q(j, l)] =
                rate[j] * flow(k + l)[j] + rate[l] * flow(k + j)[l] + memory[self.noise.noise + slot];
        }
        if trained {
            derivative[shape.a(0)..][..p].copy_from_slice(&memory[self.flow.readout..][..p]);
        }
    }
}
