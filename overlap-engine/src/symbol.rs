//! The letters of the equations: index roles, and the symbols that carry indices.

use overlap_layout::Shape;
use std::fmt;

/// What an index runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Teacher units, r = 1 … k.
    Teacher,
    /// Student units, i = 1 … p.
    Student,
    /// All nodes, teachers first, n = 1 … k + p.
    Node,
}

/// An index: a role that a loop or a sum gives a value to, or one definite node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Index {
    /// A letter with its range.
    Role(Kind, char),
    /// Teacher unit r, counted from 0.
    Teacher(u16),
    /// Student unit i, counted from 0.
    Student(u16),
}

impl Index {
    /// A teacher role.
    pub const fn teacher(letter: char) -> Self {
        Index::Role(Kind::Teacher, letter)
    }

    /// A student role.
    pub const fn student(letter: char) -> Self {
        Index::Role(Kind::Student, letter)
    }

    /// A role that runs over all nodes.
    pub const fn node(letter: char) -> Self {
        Index::Role(Kind::Node, letter)
    }

    /// What the index runs over; a definite node is one of its kind.
    pub const fn kind(self) -> Kind {
        match self {
            Index::Role(kind, _) => kind,
            Index::Teacher(_) => Kind::Teacher,
            Index::Student(_) => Kind::Student,
        }
    }

    /// How many nodes a role of this kind runs over.
    pub const fn units(self, shape: Shape) -> usize {
        match self.kind() {
            Kind::Node => shape.nodes(),
            Kind::Teacher => shape.k,
            Kind::Student => shape.p,
        }
    }

    /// The node at a position: teachers first.
    ///
    /// # Panics
    /// If there are 2^16 units or more.
    pub fn node_at(shape: Shape, position: usize) -> Self {
        let unit = |value: usize| u16::try_from(value).expect("far fewer units");
        if position < shape.k {
            Index::Teacher(unit(position))
        } else {
            Index::Student(unit(position - shape.k))
        }
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Index::Role(_, letter) => write!(f, "{letter}"),
            Index::Teacher(unit) | Index::Student(unit) => write!(f, "{}", unit + 1),
        }
    }
}

/// A run-time number without indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// Learning rate γ of the first layer.
    Gamma,
    /// Learning rate γ_a of the second layer.
    GammaA,
    /// Student output scale s.
    Scale,
    /// Batch size b.
    Batch,
    /// Variance Δ of the label noise.
    Noise,
}

/// A quantity with a name that an expression is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Symbol {
    /// A run-time number.
    Parameter(Parameter),
    /// Second-layer weight a_i of a student.
    Readout(Index),
    /// c_n = s* a*_n for a teacher node, -s a_n for a student node: the error is E = Σ_n c_n σ(λ_n) + √Δ ζ.
    Coefficient(Index),
    /// q_ab, an entry of Ω; kept with a ≤ b.
    Overlap(Index, Index),
    /// An intermediate quantity, see [`Definition`](crate::gaussian::Definition): its name and its indices.
    Defined(&'static str, Vec<Index>),
}

impl Symbol {
    /// q_ab = q_ba.
    pub fn overlap(a: Index, b: Index) -> Self {
        Symbol::Overlap(a.min(b), a.max(b))
    }

    /// The indices the symbol carries.
    pub fn indices(&self) -> Vec<Index> {
        match self {
            Symbol::Parameter(_) => Vec::new(),
            Symbol::Readout(a) | Symbol::Coefficient(a) => vec![*a],
            Symbol::Overlap(a, b) => vec![*a, *b],
            Symbol::Defined(_, indices) => indices.clone(),
        }
    }

    /// The symbol with every index replaced.
    pub fn map_indices(&self, map: impl Fn(Index) -> Index) -> Self {
        match self {
            Symbol::Parameter(_) => self.clone(),
            Symbol::Readout(a) => Symbol::Readout(map(*a)),
            Symbol::Coefficient(a) => Symbol::Coefficient(map(*a)),
            Symbol::Overlap(a, b) => Symbol::overlap(map(*a), map(*b)),
            Symbol::Defined(name, indices) => {
                Symbol::Defined(name, indices.iter().map(|&index| map(index)).collect())
            }
        }
    }
}

/// `gamma`, `a_i`, `c_n`, `q_jn`, `u_jln`: as names in code are made.
impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self {
            Symbol::Parameter(Parameter::Gamma) => "gamma",
            Symbol::Parameter(Parameter::GammaA) => "gamma_a",
            Symbol::Parameter(Parameter::Scale) => "s",
            Symbol::Parameter(Parameter::Batch) => "batch",
            Symbol::Parameter(Parameter::Noise) => "noise",
            Symbol::Readout(_) => "a",
            Symbol::Coefficient(_) => "c",
            Symbol::Overlap(..) => "q",
            Symbol::Defined(name, _) => name,
        };
        f.write_str(letter)?;
        let indices = self.indices();
        if !indices.is_empty() {
            f.write_str("_")?;
        }
        indices.iter().try_for_each(|index| write!(f, "{index}"))
    }
}
