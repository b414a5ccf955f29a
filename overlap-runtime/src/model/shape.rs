//! Sizes of a system and the layout of its state vector.

/// Sizes of a two-layer teacher-student system and the layout of its flat state vector.
///
/// The state is `[M | Q | a]`: M row by row (k x p), the upper triangle of Q row by row (i ≤ j), and, where the
/// second layer is trained, a (p). This is also the order of the columns of every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Number of teacher units.
    pub k: usize,
    /// Number of student units.
    pub p: usize,
    /// Whether the student's second layer a is trained (and then part of the state).
    pub trained: bool,
}

impl Shape {
    /// Number of nodes n = k + p, the size of Ω.
    pub const fn nodes(self) -> usize {
        self.k + self.p
    }

    /// Length of the state vector: k p + p (p + 1) / 2, plus p where the second layer is trained.
    pub const fn dim(self) -> usize {
        self.a_offset() + if self.trained { self.p } else { 0 }
    }

    /// Position of M_ri in the state (indices from 0).
    pub const fn m(self, r: usize, i: usize) -> usize {
        r * self.p + i
    }

    /// Position of Q_ij = Q_ji in the state (indices from 0, any order).
    pub const fn q(self, i: usize, j: usize) -> usize {
        let (i, j) = if i <= j { (i, j) } else { (j, i) };
        self.k * self.p + i * self.p + j - i * (i + 1) / 2
    }

    /// Position of a_i in the state (index from 0); meaningful where the second layer is trained.
    pub const fn a(self, i: usize) -> usize {
        self.a_offset() + i
    }

    const fn a_offset(self) -> usize {
        self.k * self.p + self.p * (self.p + 1) / 2
    }

    /// Names of the state's entries, units counted from 1 as in the papers: `M_1_1`, ..., `Q_1_1`, ..., `a_1`, ...
    ///
    /// ```
    /// let shape = overlap::Shape { k: 1, p: 2, trained: true };
    /// assert_eq!(shape.names(), ["M_1_1", "M_1_2", "Q_1_1", "Q_1_2", "Q_2_2", "a_1", "a_2"]);
    /// ```
    pub fn names(self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.dim());
        for r in 1..=self.k {
            names.extend((1..=self.p).map(|i| format!("M_{r}_{i}")));
        }
        for i in 1..=self.p {
            names.extend((i..=self.p).map(|j| format!("Q_{i}_{j}")));
        }
        if self.trained {
            names.extend((1..=self.p).map(|i| format!("a_{i}")));
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_a_bijection_in_column_order() {
        for shape in [
            Shape { k: 3, p: 5, trained: true },
            Shape { k: 1, p: 1, trained: false },
            Shape { k: 2, p: 4, trained: true },
        ] {
            let names = shape.names();
            assert_eq!(names.len(), shape.dim());
            for r in 0..shape.k {
                for i in 0..shape.p {
                    assert_eq!(names[shape.m(r, i)], format!("M_{}_{}", r + 1, i + 1));
                }
            }
            for i in 0..shape.p {
                for j in 0..shape.p {
                    let (low, high) = (i.min(j) + 1, i.max(j) + 1);
                    assert_eq!(names[shape.q(i, j)], format!("Q_{low}_{high}"));
                }
                if shape.trained {
                    assert_eq!(names[shape.a(i)], format!("a_{}", i + 1));
                }
            }
        }
    }
}
