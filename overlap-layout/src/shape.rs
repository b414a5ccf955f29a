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

    /// Columns of a Jacobian: the entries of the state, then γ, Δ and P_rs (r ≤ s, row by row).
    pub const fn jacobian_columns(self) -> usize {
        self.dim() + 2 + self.k * (self.k + 1) / 2
    }

    /// Column of q_nm = q_mn in a Jacobian (nodes from 0, teachers first, any order): of an entry of the state, or of P.
    pub const fn jacobian_column(self, n: usize, m: usize) -> usize {
        let (low, high) = if n < m { (n, m) } else { (m, n) };
        if high < self.k {
            self.dim() + 2 + low * self.k + high - low * (low + 1) / 2
        } else if low < self.k {
            self.m(low, high - self.k)
        } else {
            self.q(low - self.k, high - self.k)
        }
    }

    /// Names of the parameters a Jacobian has columns for: `gamma`, `Delta`, `P_1_1`, `P_1_2`, ...
    ///
    /// ```
    /// let shape = overlap::Shape { k: 2, p: 1, trained: false };
    /// assert_eq!(shape.parameter_names(), ["gamma", "Delta", "P_1_1", "P_1_2", "P_2_2"]);
    /// ```
    pub fn parameter_names(self) -> Vec<String> {
        let mut names = vec!["gamma".to_owned(), "Delta".to_owned()];
        for r in 1..=self.k {
            names.extend((r..=self.k).map(|s| format!("P_{r}_{s}")));
        }
        names
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

    #[test]
    fn columns_of_a_jacobian_are_met_once() {
        for shape in [Shape { k: 3, p: 5, trained: true }, Shape { k: 1, p: 2, trained: false }] {
            let nodes = shape.nodes();
            let mut columns: Vec<usize> = (0..nodes)
                .flat_map(|n| (0..=n).map(move |m| (n, m)))
                .map(|(n, m)| {
                    assert_eq!(shape.jacobian_column(n, m), shape.jacobian_column(m, n));
                    shape.jacobian_column(n, m)
                })
                .collect();
            // γ, Δ and a trained second layer have columns of their own.
            columns.extend([shape.dim(), shape.dim() + 1]);
            columns.extend((0..if shape.trained { shape.p } else { 0 }).map(|i| shape.a(i)));
            columns.sort_unstable();
            assert_eq!(columns, (0..shape.jacobian_columns()).collect::<Vec<_>>());
            assert_eq!(shape.parameter_names().len(), shape.jacobian_columns() - shape.dim());
        }
    }
}
