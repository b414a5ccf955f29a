//! What is to be computed, in which order and in which loops, as data: between the equations and the languages they are
//! written in.
//!
//! A [`Lanes`] is a right-hand side and a risk as loops over lanes, the same at every size. It holds three kinds of things:
//!
//! - [`Value`]s and [`Statement`]s: expressions on packs of numbers, and names for them. A [`Value::Given`] is a quantity of the
//!   problem by its symbol; every back-end knows where it keeps it.
//! - [`Loop`]s over nodes: statements for one node n, some of them kept in arrays for a loop over pairs of nodes.
//! - [`Table`]s over nodes, filled before all loops, and sums: [`FlowSums`], [`PairSum`], [`Risk`].
//!
//! Every subexpression is computed once, in the outermost loop it depends on. What is said here in words (how a sum over
//! nodes runs, what is done with its result) is what a back-end writes around the statements:
//!
//! ```text
//! tables
//! flow: for every pack of students i
//!     flow.lane
//!     for every case of flow.sums: for n: statements; own += c_n own; other[n] = c_n other; readout += c_n readout
//!     for every node b: flow[b][i] = q_ib own + Σ_n q_bn other[n]
//! noise: for every pack of pairs of students j ≤ l
//!     noise.lane
//!     for every loop: for n: statements
//!     bracket = start
//!     for every case: bracket += front Σ_nm weight_nm function(argument)
//!     noise[j][l] = result
//! dM_ri = rate_i flow[r][i]
//! dQ_jl = rate_j flow[l][j] + rate_l flow[j][l] + noise_rate a_j a_l noise[j][l]
//! da_i = readout_rate readout[i]
//! ```
//!
//! weight_nm is c_n c_m, twice that where n and m of a symmetric summand differ: each pair is met once then, m ≤ n.
//!
//! Where I4 has a form of its own for nodes of one direction (ReLU units), the noise has no loops but [`Forms`]: a [`Block`] of
//! straight-line code for every pattern of nodes. Blocks are also what small systems are written as, every index resolved
//! ([`Block::right_hand_side`]), and what derivatives are computed by ([`Forms::new`], [`Pulls`], [`RateGradients`]). In a block the
//! roots and arcsines that are ready at the same time are a [`Statement::Batch`].
//!
//! `to_string()` of all of these is text for people.

mod forms;
mod lanes;
mod nest;
pub mod parts;
mod print;
mod straight;
mod value;

pub use forms::{Form, Forms, Pattern, Pulls, block};
pub use lanes::{
    Flow, FlowSums, Lanes, Noise, PairSum, RateGradients, Rates, Risk, RiskSum, range, roles, scalar,
};
pub use nest::{Level, Nest};
pub use straight::{Block, cost};
pub use value::{Name, Operation, Statement, Value};

use crate::symbol::Index;

/// Terms in one nested expression: what is longer becomes several statements, since compilers read expressions recursively.
pub const MOST_NESTED: usize = 64;

/// A loop over nodes in one role.
#[derive(Debug, Clone, PartialEq)]
pub struct Loop {
    /// The role: all nodes, teachers or students.
    pub n: Index,
    /// What is done for every node.
    pub statements: Vec<Statement>,
}

/// A number for every node b: lanes are nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: Name,
    /// What is done for every pack of nodes b.
    pub statements: Vec<Statement>,
    /// What is entered.
    pub value: Value,
}
