//! Numbers that begin on a cache line, so that no pack straddles two.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest pack.
const LINE: usize = 64;
const NUMBERS: usize = LINE / size_of::<f64>();

/// A fixed number of doubles, the first at the beginning of a cache line.
pub(super) struct Aligned {
    numbers: Vec<f64>,
    first: usize,
    length: usize,
}

impl Aligned {
    pub(super) fn zeros(length: usize) -> Self {
        let numbers = vec![0.0; length + NUMBERS - 1];
        // Where it cannot tell (only under an interpreter), alignment is given up: it is a matter of speed.
        let first = numbers.as_ptr().align_offset(LINE).min(NUMBERS - 1);
        Aligned { numbers, first, length }
    }
}

impl Deref for Aligned {
    type Target = [f64];
    #[inline(always)]
    fn deref(&self) -> &[f64] {
        &self.numbers[self.first..self.first + self.length]
    }
}

impl DerefMut for Aligned {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.numbers[self.first..self.first + self.length]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Aligned::zeros(self.length);
        copy.copy_from_slice(self);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_on_a_line_also_as_a_copy() {
        for length in [0, 1, 7, 8, 1000] {
            let mut numbers = Aligned::zeros(length);
            numbers.iter_mut().enumerate().for_each(|(i, number)| *number = i as f64);
            let copy = numbers.clone();
            assert_eq!((copy.len(), &copy[..]), (length, &numbers[..]));
            assert_eq!((numbers.as_ptr().addr() % LINE, copy.as_ptr().addr() % LINE), (0, 0));
        }
    }
}
