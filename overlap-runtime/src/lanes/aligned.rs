//! Numbers that begin on a cache line, so that no pack straddles two.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest pack.
const LINE: usize = 64;

/// A fixed number of doubles (or other numbers), the first at the beginning of a cache line.
pub(crate) struct Aligned<T = f64> {
    numbers: Vec<T>,
    first: usize,
    length: usize,
}

impl<T: Copy + Default> Aligned<T> {
    pub(crate) fn zeros(length: usize) -> Self {
        let spare = LINE / size_of::<T>() - 1;
        let numbers = vec![T::default(); length + spare];
        // Where it cannot tell (only under an interpreter), alignment is given up: it is a matter of speed.
        let first = numbers.as_ptr().align_offset(LINE).min(spare);
        Aligned { numbers, first, length }
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.numbers[self.first..self.first + self.length]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.numbers[self.first..self.first + self.length]
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
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
            let mut numbers = Aligned::<f64>::zeros(length);
            numbers.iter_mut().enumerate().for_each(|(i, number)| *number = i as f64);
            let copy = numbers.clone();
            assert_eq!((copy.len(), &copy[..]), (length, &numbers[..]));
            assert_eq!((numbers.as_ptr().addr() % LINE, copy.as_ptr().addr() % LINE), (0, 0));
        }
    }
}
