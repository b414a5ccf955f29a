//! Where everything lies in the memory of a program, and the overlaps laid out for lanes.

use crate::lanes::MAX_LANES;
use crate::{Parameters, Shape};
use overlap_engine::symbol::Parameter;
use overlap_layout::Padded;
use std::collections::HashMap;

/// Places in one array of doubles, in doubles; units begin at multiples of [`MAX_LANES`].
#[derive(Debug)]
pub(super) struct Places {
    pub(super) shape: Shape,
    pub(super) padded: Padded,
    /// Ω, rows of `padded.row` continued periodically over students.
    pub(super) omega: usize,
    /// The diagonal of Ω, such a row.
    pub(super) variance: usize,
    /// Q_jl with l = j + δ, rows of `padded.line`.
    pub(super) band: usize,
    /// c_n, padded with zeros.
    pub(super) c: usize,
    /// The second layer a, at the students of a row.
    pub(super) a: usize,
    parameters: usize,
    tables: HashMap<String, usize>,
    constants: Vec<(f64, usize)>,
    end: usize,
}

impl Places {
    pub(super) fn new(shape: Shape) -> Self {
        let padded = Padded::new(shape);
        let mut places = Places {
            shape,
            padded,
            omega: 0,
            variance: 0,
            band: 0,
            c: 0,
            a: 0,
            parameters: 0,
            tables: HashMap::new(),
            constants: Vec::new(),
            end: 0,
        };
        places.omega = places.numbers(shape.nodes() * padded.row);
        places.variance = places.numbers(padded.row);
        places.band = places.numbers(padded.band * padded.line);
        places.c = places.numbers(padded.wide);
        places.a = places.numbers(padded.row);
        places.parameters = places.numbers(MAX_LANES);
        places
    }

    /// Room for so many doubles.
    pub(super) fn numbers(&mut self, count: usize) -> usize {
        let first = self.end;
        self.end += count.next_multiple_of(MAX_LANES);
        first
    }

    /// Room for so many units.
    pub(super) fn units(&mut self, count: usize) -> usize {
        self.numbers(count * MAX_LANES)
    }

    /// A unit that holds a number.
    pub(super) fn constant(&mut self, number: f64) -> usize {
        let known = self.constants.iter().find(|(known, _)| known.to_bits() == number.to_bits());
        if let Some(&(_, place)) = known {
            return place;
        }
        let place = self.units(1);
        self.constants.push((number, place));
        place
    }

    /// A table over nodes.
    pub(super) fn table(&mut self, name: &str) -> usize {
        if let Some(place) = self.tables.get(name) {
            return *place;
        }
        let place = self.numbers(self.padded.wide);
        self.tables.insert(name.to_owned(), place);
        place
    }

    /// Forgets the tables' names: those of another nest begin anew.
    pub(super) fn next_nest(&mut self) {
        self.tables.clear();
    }

    /// Where a parameter lies, one number.
    pub(super) fn parameter(&self, parameter: Parameter) -> usize {
        self.parameters
            + match parameter {
                Parameter::Gamma => 0,
                Parameter::GammaA => 1,
                Parameter::Scale => 2,
                Parameter::Batch => 3,
                Parameter::Noise => 4,
            }
    }

    /// Doubles in all.
    pub(super) fn len(&self) -> usize {
        self.end
    }

    /// Writes what never changes.
    pub(super) fn fill(&self, memory: &mut [f64]) {
        for &(number, place) in &self.constants {
            memory[place..place + MAX_LANES].fill(number);
        }
    }

    /// Lays out a state and the numbers of its problem.
    pub(super) fn lay_out(&self, parameters: &Parameters, state: &[f64], memory: &mut [f64]) {
        let (Shape { k, p, trained }, Padded { row, line, band, .. }) = (self.shape, self.padded);
        let n = k + p;
        let (m, rest) = state.split_at(k * p);
        let (q, rest) = rest.split_at(p * (p + 1) / 2);
        let (omega, after) = memory[self.omega..].split_at_mut(n * row);
        for r in 0..k {
            let line = &mut omega[r * row..][..n];
            line[..k].copy_from_slice(&parameters.teacher_overlaps[r * k..][..k]);
            line[k..].copy_from_slice(&m[r * p..][..p]);
            for i in 0..p {
                omega[(k + i) * row + r] = m[r * p + i];
            }
        }
        let mut at = 0;
        for i in 0..p {
            let upper = &q[at..at + p - i];
            omega[(k + i) * row + k + i..][..p - i].copy_from_slice(upper);
            for j in i + 1..p {
                omega[(k + j) * row + k + i] = upper[j - i];
            }
            at += p - i;
        }
        for line in omega.chunks_exact_mut(row) {
            periodic(line, n, p);
        }
        let place = |place: usize| place - self.omega - n * row;
        for student in 0..n {
            after[place(self.variance) + student] = omega[student * row + student];
        }
        periodic(&mut after[place(self.variance)..][..row], n, p);
        for delta in 0..band {
            let to = &mut after[place(self.band) + delta * line..][..line];
            for j in 0..p {
                to[j] = omega[(k + j) * row + k + j + delta];
            }
            periodic(to, p, p);
        }
        let a = if trained { &rest[..p] } else { &parameters.a[..p] };
        after[place(self.a) + k..][..p].copy_from_slice(a);
        periodic(&mut after[place(self.a)..][..row], n, p);
        let c = &mut after[place(self.c)..];
        for r in 0..k {
            c[r] = parameters.s_star * parameters.a_star[r];
        }
        for i in 0..p {
            c[k + i] = -parameters.s * a[i];
        }
        let numbers =
            [parameters.gamma, parameters.gamma_a, parameters.s, parameters.batch, parameters.noise];
        after[place(self.parameters)..][..numbers.len()].copy_from_slice(&numbers);
    }
}

/// Continues the p numbers before `from`.
fn periodic(line: &mut [f64], from: usize, p: usize) {
    for at in from..line.len() {
        line[at] = line[at - p];
    }
}
