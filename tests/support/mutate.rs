//! Damaged inputs, from seeds: what the fuzz targets are given.
#![allow(dead_code)]

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Numbers at which sizes, exponents and shortest digits go wrong.
const NUMBERS: [&str; 24] = [
    "0",
    "-0",
    "1",
    "-1",
    "2",
    "1e-320",
    "4e-324",
    "1e308",
    "1.8e308",
    "-1e300",
    "1e999999999999",
    "NaN",
    "nan",
    "inf",
    "1e-2147483648",
    "9007199254740993",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "0.1",
    "0.30000000000000004",
    "1e16",
    "00",
];

/// Number of cases: `OVERLAP_FUZZ_CASES`, or `default`.
pub(crate) fn cases(default: u64) -> u64 {
    std::env::var("OVERLAP_FUZZ_CASES").ok().map_or(default, |text| text.parse().expect("a number of cases"))
}

/// Draws that depend on the seed alone.
pub(crate) struct Draws(Xoshiro256PlusPlus);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Draws(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// Below `bound`; 0 where there is nothing to choose from.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.0.next_u64() % bound as u64) as usize }
    }

    pub(crate) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A range within `length`, mostly short.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let longest = if self.below(4) == 0 { length - start } else { (length - start).min(16) };
        start..start + self.below(longest + 1)
    }

    /// One of `corpus`, damaged in one place or several.
    pub(crate) fn damaged(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.one_of(corpus).clone();
        for _ in 0..=self.below(4) {
            self.damage(&mut bytes, corpus);
        }
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let range = self.range(bytes.len());
        match self.below(9) {
            0 if !bytes.is_empty() => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.below(8);
            }
            1 if !bytes.is_empty() => {
                let at = self.below(bytes.len());
                bytes[at] = self.0.next_u64() as u8;
            }
            2 => bytes.truncate(range.start),
            3 => drop(bytes.drain(range)),
            4 => {
                let copy = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, copy);
            }
            5 => {
                let other = self.one_of(corpus).clone();
                let from = self.range(other.len());
                bytes.splice(range, other[from].iter().copied());
            }
            6 => {
                // Two lines exchanged.
                let mut lines: Vec<Vec<u8>> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                if lines.len() > 1 {
                    let (one, other) = (self.below(lines.len()), self.below(lines.len()));
                    lines.swap(one, other);
                    *bytes = lines.concat();
                }
            }
            _ => {
                // A number, or what stands where one would, becomes another.
                let is_part = |byte: u8| byte.is_ascii_digit() || b".+-eE".contains(&byte);
                let starts: Vec<usize> = (0..bytes.len())
                    .filter(|&at| bytes[at].is_ascii_digit() && (at == 0 || !is_part(bytes[at - 1])))
                    .collect();
                if starts.is_empty() {
                    return;
                }
                let start = *self.one_of(&starts);
                let end = (start..bytes.len()).find(|&at| !is_part(bytes[at])).unwrap_or(bytes.len());
                let number = *self.one_of(&NUMBERS);
                bytes.splice(start..end, number.bytes());
            }
        }
    }
}
