//! Names for what long expressions have in common, in print only: correlations, Gram determinants and what conditioning on
//! a field makes of a covariance, each with its definition where it is first used.

use super::document::{Block, Document, Piece, Right};
use crate::equations::{Equations, J, L, M, N};
use crate::expr::{Expr, Node, Pool, Rational};
use crate::gaussian::{Covariance, Definition};
use crate::symbol::{Index, Kind, Symbol};
use std::collections::HashMap;

/// Longer expressions are not written out, so they need no names.
const LARGEST_NAMED: u64 = 20_000;
/// See [`LARGEST_NAMED`].
const DEEPEST_NAMED: u64 = 100;

/// The names of one system.
pub struct Names {
    definitions: Vec<Definition>,
    /// What error functions of teachers add to their variances.
    width: Option<Expr>,
    /// The covariance that two tilts leave, where there are any.
    tilted: Option<Covariance>,
}

impl Names {
    /// The names of the expressions of `equations`, made in `pool`, a copy of their own.
    pub fn new(pool: &mut Pool, equations: &Equations<'_>) -> Self {
        let terms = |pool: &mut Pool, kind| equations.activations.of(Index::Role(kind, 'n')).terms(pool);
        let width = match terms(pool, Kind::Teacher).as_deref() {
            Some([term]) if term.is_error_function() => term.width,
            _ => None,
        };
        let width = width.filter(|&width| *pool.node(width) != Node::Rational(Rational::ZERO));
        let mut names = Names { definitions: Vec::new(), width, tilted: None };
        if let ([_, _], Some([term])) = (&equations.noise.vectors[..], terms(pool, Kind::Student).as_deref())
            && let Some(width) = term.width
        {
            let mut covariance = Covariance::default();
            for (index, name) in [(J, "u"), (L, "v")] {
                covariance.tilt_named(pool, width, index, name, N);
            }
            let body = covariance.entry(pool, M, N);
            names.definitions.push(Definition { name: "T", indices: vec![M, N], body });
            names.tilted = Some(covariance);
            return names;
        }
        if let Some(width) = width {
            let n = Index::teacher('n');
            let variance = pool.overlap(n, n);
            let body = pool.add([width, variance]);
            names.definitions.push(Definition { name: "C", indices: vec![n, n], body });
        }
        let [l, m, n] = ['l', 'm', 'n'].map(Index::node);
        let entry = |pool: &mut Pool, a, b| match width {
            Some(_) => pool.symbol(Symbol::Defined("C", vec![a, b])),
            None => pool.overlap(a, b),
        };
        let body = correlation(pool, &entry, m, n);
        names.definitions.push(Definition { name: "ρ", indices: vec![m, n], body });
        let body = left(pool, &entry, m, n, n);
        names.definitions.push(Definition { name: "D", indices: vec![m, n], body });
        let body = left(pool, &entry, l, m, n);
        names.definitions.push(Definition { name: "G", indices: vec![l, m, n], body });
        let given =
            |a: Index, x: Index, y: Index| Symbol::Defined(if x == y { "D" } else { "G" }, ordered(a, x, y));
        let body = left_of_two(pool, J, l, m, n, &mut |pool, a, x, y| pool.symbol(given(a, x, y)));
        names.definitions.push(Definition { name: "H", indices: vec![J, l, m, n], body });
        names
    }

    /// What the names stand for.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The expression with names in it.
    pub fn named(&self, pool: &mut Pool, expr: Expr) -> Expr {
        let (size, depth) = pool.extent(expr);
        if size > LARGEST_NAMED || depth > DEEPEST_NAMED {
            return expr;
        }
        let mut table = Table { values: self.table(pool, expr), tilted: Vec::new() };
        if let Some(covariance) = &self.tilted {
            table.tilted = tilted(pool, covariance, &nodes(pool, expr));
        }
        table.apply(pool, expr)
    }

    /// Instances of the definitions for the nodes of an expression, and the names of each.
    fn table(&self, pool: &mut Pool, expr: Expr) -> HashMap<Expr, Expr> {
        let mut table = HashMap::new();
        if self.tilted.is_some() {
            return table;
        }
        let width = self.width;
        let entry = |pool: &mut Pool, a: Index, b: Index| {
            let overlap = pool.overlap(a, b);
            match width {
                Some(width) if a == b && a.kind() == Kind::Teacher => pool.add([width, overlap]),
                _ => overlap,
            }
        };
        let nodes = nodes(pool, expr);
        for &a in &nodes {
            if width.is_some() && a.kind() == Kind::Teacher {
                let variance = entry(pool, a, a);
                enter(pool, &mut table, variance, Symbol::Defined("C", vec![a, a]));
            }
            for &m in nodes.iter().filter(|&&m| m != a) {
                if a < m {
                    let cosine = correlation(pool, &entry, a, m);
                    enter(pool, &mut table, cosine, Symbol::Defined("ρ", vec![a, m]));
                }
                for &n in nodes.iter().filter(|&&n| n != a && n >= m) {
                    let name = if m == n { "D" } else { "G" };
                    let body = left(pool, &entry, a, m, n);
                    enter(pool, &mut table, body, Symbol::Defined(name, ordered(a, m, n)));
                }
                for &x in nodes.iter().filter(|&&x| x != a && x != m) {
                    for &y in nodes.iter().filter(|&&y| y != a && y != m && y >= x) {
                        let mut part = |pool: &mut Pool, a, x, y| left(pool, &entry, a, x, y);
                        let body = left_of_two(pool, a, m, x, y, &mut part);
                        enter(pool, &mut table, body, Symbol::Defined("H", vec![a, m, x, y]));
                    }
                }
            }
        }
        table
    }

    /// Names in all equations of a document, their definitions in front of the first that uses them.
    pub(super) fn apply(&self, pool: &mut Pool, document: &mut Document) {
        let mut shown: Vec<&str> = Vec::new();
        for section in &mut document.sections {
            let mut blocks = Vec::new();
            for mut block in std::mem::take(&mut section.blocks) {
                let mut used = Vec::new();
                if let Block::Equation(equation) = &mut block {
                    if self.tilted.is_some() && equation.left == "T_mn" {
                        shown.push("T");
                    } else {
                        equation.right.iter_mut().for_each(|right| self.name_side(pool, right, &mut used));
                    }
                }
                for definition in &self.definitions {
                    if used.contains(&definition.name) && !shown.contains(&definition.name) {
                        shown.push(definition.name);
                        blocks.push(shown_definition(definition));
                    }
                }
                blocks.push(block);
            }
            section.blocks = blocks;
        }
    }

    fn name_side(&self, pool: &mut Pool, right: &mut Right, used: &mut Vec<&'static str>) {
        let lines: Vec<&mut Vec<Piece>> = match right {
            Right::Line(pieces) => vec![pieces],
            Right::Cases(cases) => cases.iter_mut().map(|(_, pieces)| pieces).collect(),
        };
        for piece in lines.into_iter().flatten() {
            if let Piece::Expr(expr) = piece {
                *expr = self.named(pool, *expr);
                self.collect(pool, *expr, used);
            }
        }
    }

    /// The names in an expression, and those in their definitions.
    fn collect(&self, pool: &Pool, expr: Expr, used: &mut Vec<&'static str>) {
        for part in pool.parts(expr) {
            let Node::Symbol(Symbol::Defined(name, _)) = pool.node(part) else { continue };
            if let Some(definition) = self.definitions.iter().find(|definition| definition.name == *name)
                && !used.contains(name)
            {
                used.push(name);
                self.collect(pool, definition.body, used);
            }
        }
    }
}

/// `G_lmn = …`; of C only the diagonal differs from Ω.
fn shown_definition(definition: &Definition) -> Block {
    let block = super::content::vector(definition);
    match definition.name {
        "ρ" => block.by("correlation"),
        "D" => block.by("Gram determinant"),
        "C" => block.by("of teachers `n`; all other `C_mn` are `q_mn`"),
        _ => block,
    }
}

/// The symbol in place of `body` and of its multiples: under roots and in products sums have no common factor.
fn enter(pool: &mut Pool, table: &mut HashMap<Expr, Expr>, body: Expr, symbol: Symbol) {
    let name = pool.symbol(symbol);
    let expanded = pool.expand(body);
    for form in [body, expanded] {
        let product = pool.mul([form, name]);
        let factor = match pool.node(product) {
            Node::Product(factor, _) => *factor,
            _ => Rational::ONE,
        };
        for factor in [Rational::ONE, -Rational::ONE, factor, -factor] {
            let (form, name) = (pool.scale(form, factor.recip()), pool.scale(name, factor.recip()));
            table.entry(form).or_insert(name);
        }
    }
}

/// C_mn / √(C_mm C_nn).
fn correlation(pool: &mut Pool, entry: &dyn Fn(&mut Pool, Index, Index) -> Expr, m: Index, n: Index) -> Expr {
    let [mm, mn, nn] = [(m, m), (m, n), (n, n)].map(|(a, b)| entry(pool, a, b));
    let roots = [mm, nn].map(|variance| pool.pow(variance, -1, 2));
    pool.mul([mn, roots[0], roots[1]])
}

/// C_aa C_mn - C_am C_an: what is left of the covariance of m and n where a is known, times the variance of a.
fn left(
    pool: &mut Pool,
    entry: &dyn Fn(&mut Pool, Index, Index) -> Expr,
    a: Index,
    m: Index,
    n: Index,
) -> Expr {
    let [aa, mn, am, an] = [(a, a), (m, n), (a, m), (a, n)].map(|(a, b)| entry(pool, a, b));
    let (whole, known) = (pool.mul([aa, mn]), pool.mul([am, an]));
    pool.sub(whole, known)
}

/// The same once more, with the field b known as well.
fn left_of_two(
    pool: &mut Pool,
    a: Index,
    b: Index,
    m: Index,
    n: Index,
    left: &mut dyn FnMut(&mut Pool, Index, Index, Index) -> Expr,
) -> Expr {
    let [bb, mn, bm, bn] = [(b, b), (m, n), (b, m), (b, n)].map(|(x, y)| left(pool, a, x, y));
    let (whole, known) = (pool.mul([bb, mn]), pool.mul([bm, bn]));
    pool.sub(whole, known)
}

/// The indices of D or G: both are symmetric in the last two, D in all.
fn ordered(a: Index, m: Index, n: Index) -> Vec<Index> {
    if m == n { vec![a.min(m), a.max(m)] } else { vec![a, m.min(n), m.max(n)] }
}

/// The nodes an expression depends on.
fn nodes(pool: &Pool, expr: Expr) -> Vec<Index> {
    let mut nodes = Vec::new();
    for part in pool.parts(expr) {
        if let Node::Symbol(symbol) = pool.node(part) {
            nodes.extend(symbol.indices());
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// Summands of T_mn, and T_mn.
type Tilted = (Vec<(Expr, Rational)>, Expr);

fn tilted(pool: &mut Pool, covariance: &Covariance, nodes: &[Index]) -> Vec<Tilted> {
    let mut entries = Vec::new();
    for (position, &m) in nodes.iter().enumerate() {
        for &n in &nodes[position..] {
            // j and l are what the measure is tilted by.
            if [m, n].iter().any(|&node| node == J || node == L) {
                continue;
            }
            let body = covariance.entry(pool, m, n);
            let name = pool.symbol(Symbol::Defined("T", vec![m, n]));
            if let Node::Sum(_, terms) = pool.node(body) {
                entries.push((terms.clone(), name));
            }
        }
    }
    entries
}

/// What is put in the place of what.
struct Table {
    values: HashMap<Expr, Expr>,
    tilted: Vec<Tilted>,
}

impl Table {
    fn apply(&mut self, pool: &mut Pool, expr: Expr) -> Expr {
        if let Some(&known) = self.values.get(&expr) {
            return known;
        }
        let named = match pool.node(expr).clone() {
            Node::Rational(_) | Node::Pi | Node::Symbol(_) => expr,
            Node::Asin(x) => {
                let x = self.apply(pool, x);
                pool.asin(x)
            }
            Node::FourSigns(correlations) => {
                let correlations = correlations.map(|x| self.apply(pool, x));
                pool.four_signs(correlations)
            }
            Node::Product(coefficient, factors) => {
                let mut named = Vec::new();
                for (base, exponent) in factors {
                    let base = self.apply(pool, base);
                    named.push(pool.pow(base, *exponent.numer(), *exponent.denom()));
                }
                let product = pool.mul(named);
                pool.scale(product, coefficient)
            }
            Node::Sum(constant, mut terms) => {
                let mut summands = vec![pool.rational(*constant.numer(), *constant.denom())];
                for (parts, name) in &self.tilted {
                    // The same multiple of every summand, or none.
                    let weight = |part: &(Expr, Rational)| {
                        let found = terms.iter().find(|term| term.0 == part.0)?;
                        Some(found.1 / part.1)
                    };
                    let Some(factor) = parts.first().and_then(weight) else { continue };
                    if parts.iter().all(|part| weight(part) == Some(factor)) {
                        terms.retain(|term| parts.iter().all(|part| part.0 != term.0));
                        summands.push(pool.scale(*name, factor));
                    }
                }
                for (term, weight) in terms {
                    let term = self.apply(pool, term);
                    summands.push(pool.scale(term, weight));
                }
                pool.add(summands)
            }
        };
        self.values.insert(expr, named);
        named
    }
}
