//! Sizes of arrays that packs are loaded from.

use crate::Shape;

/// The widest pack of any instruction set, in doubles.
pub const MAX_LANES: usize = 8;

/// Packs evaluated side by side in the loops that have the choice: their chains of multiply-adds overlap.
pub const SIDE_BY_SIDE: usize = 4;

/// Lengths of rows that loops over lanes run along, padded to full packs.
///
/// Pairs of students are j, l = j + δ (mod p) with δ = 0 … p/2, so that each is met once, but twice at δ = p/2 of even p.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Padded {
    /// All nodes: k + p, rounded up.
    pub wide: usize,
    /// The students: p, rounded up.
    pub line: usize,
    /// All nodes, the students continued periodically, so that the last pack of students may start p/2 students later; at
    /// least `wide`.
    pub row: usize,
    /// Values of δ, p/2 + 1.
    pub band: usize,
}

impl Padded {
    /// The lengths for a system of that shape.
    pub const fn new(shape: Shape) -> Self {
        let wide = shape.nodes().next_multiple_of(MAX_LANES);
        let line = shape.p.next_multiple_of(MAX_LANES);
        let row = shape.k + line + shape.p / 2;
        Padded { wide, line, row: if row < wide { wide } else { row }, band: shape.p / 2 + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pack that starts at a multiple of its length or up to p/2 students later lies inside its row.
    #[test]
    fn packs_stay_inside_their_rows() {
        for (k, p) in [(1, 1), (2, 3), (4, 8), (3, 9), (64, 128), (1, 17)] {
            let shape = Shape { k, p, trained: false };
            let padded = Padded::new(shape);
            let last_pack = (p - 1) / MAX_LANES * MAX_LANES;
            assert!(k + last_pack + p / 2 + MAX_LANES <= padded.row, "({k}, {p})");
            assert!(last_pack + MAX_LANES <= padded.line && shape.nodes() <= padded.wide, "({k}, {p})");
            assert!(padded.wide <= padded.row && padded.band == p / 2 + 1, "({k}, {p})");
        }
    }
}
