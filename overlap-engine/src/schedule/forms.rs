//! Expectations that have a form of their own for every pattern of nodes: blocks of straight-line code, and when each holds.

use super::straight::Block;
use crate::equations::{Equations, I, J, L};
use crate::expr::{Expr, Node, Rational};
use crate::gaussian::place;
use crate::symbol::{Index, Kind, Symbol};

/// The noise of SGD by forms: noise\[j\]\[l\] = Σ_nm c_n c_m I4(j, l, n, m) + Δ J2(j, l), sums over n and m ≤ n, pairs of different
/// nodes twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Forms {
    /// J2(j, l) of one student, and of two.
    pub labels: [Form; 2],
    /// I4(j, l, n, m) by patterns; where none holds it is 0.
    pub cases: Vec<(Pattern, Form)>,
    /// Whether teachers share no direction with students, having an activation of their own.
    pub teachers_apart: bool,
    /// Whether only j = l and n = m make a form of their own, whatever the directions.
    pub by_identity: bool,
}

/// An expectation, from the overlaps of its nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The expectation, and its derivatives where they were asked for.
    pub block: Block,
    /// The overlaps that the derivatives are by.
    pub by: Vec<[Index; 2]>,
}

/// Which of the nodes j, l, n, m have one direction, and whether j and l are one node.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// For l, n, m the number of the first direction they have among those of j, l, n, m: [0, 0, 0] if all are one, [1, 2, 3] if all
    /// differ.
    pub directions: [usize; 3],
    /// Whether l is j, where their directions are one.
    pub one_student: bool,
    /// The kinds of n and m.
    pub kinds: [Kind; 2],
    /// The nodes.
    pub nodes: [Index; 4],
    /// The first node of the direction of each.
    pub firsts: [Index; 4],
}

impl Forms {
    /// Schedules all forms, with their derivatives by the overlaps where `derivatives` are wanted.
    pub fn new(equations: &mut Equations<'_>, derivatives: bool) -> Self {
        if !equations.by_coincidence {
            return Self::by_identity(equations, derivatives);
        }
        let labels = [J, L].map(|l| {
            let label = equations.label(J, l);
            Form::new(equations, label, &[J, l], derivatives)
        });
        let kinds = equations.activations.kinds();
        let case = |pattern: Pattern| {
            let expr = equations.four_point_along(pattern.nodes, pattern.firsts);
            let form = Form::new(equations, expr, &pattern.nodes, derivatives);
            (pattern, form)
        };
        let cases = patterns(kinds).into_iter().map(case).collect();
        Forms { labels, cases, teachers_apart: kinds.len() > 1, by_identity: false }
    }

    /// The general form of equations that have one, where n and m, and j and l, are or are not one node.
    fn by_identity(equations: &mut Equations<'_>, derivatives: bool) -> Self {
        let labels = [J, L].map(|l| {
            let label = equations.whole([J, l], &[]);
            Form::new(equations, label, &[J, l], derivatives)
        });
        let kinds = equations.activations.kinds();
        let mut cases = Vec::new();
        for (l, first) in [(J, 0), (L, 1)] {
            for (position, &kind_m) in kinds.iter().enumerate() {
                // Teachers come first, and m ≤ n.
                for &kind_n in &kinds[position..] {
                    let n = Index::Role(kind_n, 'n');
                    let apart = Some((Index::Role(kind_m, 'm'), first + 2));
                    let same = (kind_n == kind_m).then_some((n, first + 1));
                    for (m, direction) in same.into_iter().chain(apart) {
                        let nodes = [J, l, n, m];
                        let four = equations.whole([J, l], &[n, m]);
                        let pattern = Pattern {
                            directions: [first, first + 1, direction],
                            one_student: first == 0,
                            kinds: [kind_n, kind_m],
                            nodes,
                            firsts: nodes,
                        };
                        cases.push((pattern, Form::new(equations, four, &nodes, derivatives)));
                    }
                }
            }
        }
        Forms { labels, cases, teachers_apart: kinds.len() > 1, by_identity: true }
    }
}

impl Form {
    fn new(equations: &mut Equations<'_>, expectation: Expr, nodes: &[Index], derivatives: bool) -> Self {
        let mut distinct: Vec<Index> = Vec::new();
        for &node in nodes {
            if !distinct.contains(&node) {
                distinct.push(node);
            }
        }
        let (mut by, mut exprs) = (Vec::new(), vec![expectation]);
        for (position, &a) in distinct.iter().enumerate().filter(|_| derivatives) {
            for &b in &distinct[..=position] {
                let derivative = equations.pool.differentiate(expectation, &Symbol::overlap(a, b));
                if *equations.pool.node(derivative) != Node::Rational(Rational::ZERO) {
                    by.push([a, b]);
                    exprs.push(derivative);
                }
            }
        }
        Form { block: block(equations, &exprs), by }
    }
}

/// K2(i, n), J2(i, n) and I2(i, n) with their derivatives, of a student i and what may be a node n.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulls {
    /// Node n: student i itself, or a role.
    pub n: Index,
    /// The three, and after each its derivatives by q_ii, q_in and q_nn where those were asked for; by q_ii alone of i itself.
    pub block: Block,
}

impl Pulls {
    /// Student i itself, and one case, or one for teachers and one for other students.
    pub fn all(equations: &mut Equations<'_>, derivatives: bool) -> Vec<Self> {
        let kinds = equations.activations.kinds();
        let roles = kinds.iter().map(|&kind| Index::Role(kind, 'n'));
        let roles: Vec<Index> = [I].into_iter().chain(roles).collect();
        roles.into_iter().map(|n| Pulls::new(equations, n, derivatives)).collect()
    }

    fn new(equations: &mut Equations<'_>, n: Index, derivatives: bool) -> Self {
        let mut exprs = Vec::new();
        for function in Self::expectations(equations, n) {
            exprs.push(function);
            let variables = [(I, I), (I, n), (n, n)];
            for &(a, b) in &variables[..if n == I { 1 } else { 3 }] {
                if derivatives {
                    exprs.push(equations.pool.differentiate(function, &Symbol::overlap(a, b)));
                }
            }
        }
        Pulls { n, block: block(equations, &exprs) }
    }

    /// K2(i, n), J2(i, n) and I2(i, n).
    pub fn expectations(equations: &mut Equations<'_>, n: Index) -> [Expr; 3] {
        if equations.by_coincidence {
            return equations.at_coincidence(I, n);
        }
        let force = equations.force_of(n);
        [force.own, force.other, force.two_point]
            .map(|expr| place(&mut equations.pool, expr, &[(force.n, n)]))
    }
}

/// Straight-line code for expressions of nodes by role.
pub fn block(equations: &mut Equations<'_>, exprs: &[Expr]) -> Block {
    Block::new(equations, exprs, &|symbol| match symbol {
        Symbol::Overlap(a, b) => Some(format!("q_{a}{b}")),
        _ => unreachable!("expectations depend on overlaps only"),
    })
}

/// All patterns with m ≤ n in every kind; teachers, where they differ from students, share no direction with a student.
fn patterns(kinds: &[Kind]) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (l, one_student) in [(0, true), (0, false), (1, false)] {
        let second = if one_student { J } else { L };
        for &kind_n in kinds {
            for n in 0..=l + 1 {
                if n <= l && kind_n == Kind::Teacher {
                    continue;
                }
                let distinct = l.max(n);
                for &kind_m in kinds {
                    for m in 0..=distinct + 1 {
                        // m is along a student, or along n, or along nothing before it.
                        let along_n = m == n;
                        if (along_n && kind_m != kind_n)
                            || (!along_n && m <= distinct && kind_m == Kind::Teacher)
                        {
                            continue;
                        }
                        if kind_n == Kind::Teacher && kind_m == Kind::Student {
                            // Teachers come first, and m ≤ n.
                            continue;
                        }
                        let nodes = [J, second, Index::Role(kind_n, 'n'), Index::Role(kind_m, 'm')];
                        let directions = [0, l, n, m];
                        let firsts = directions.map(|direction| {
                            let first = directions.iter().position(|&other| other == direction);
                            nodes[first.expect("its own, at last")]
                        });
                        let directions = [l, n, m];
                        patterns.push(Pattern {
                            directions,
                            one_student,
                            kinds: [kind_n, kind_m],
                            nodes,
                            firsts,
                        });
                    }
                }
            }
        }
    }
    patterns
}
