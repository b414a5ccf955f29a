//! The derivation step by step: every expression shown is one that the engine makes on the way, by the rules named.

use super::content::{Shown, by_node, four_point, marks, motion, vector, who};
use super::document::{Block, Document, Piece, Right, Section};
use crate::activation::{Activation, Activations, Term, Variant};
use crate::equations::{Equations, I, J, L, M, N, risk_summand};
use crate::expr::{Expr, Node, Pool, Rational, Style, print};
use crate::gaussian::{Covariance, Expectation, arcsine_law, rename};
use crate::resolve;
use crate::symbol::{Index, Kind, Symbol};
use overlap_layout::Shape;

/// Products of terms shown one by one; polynomials have many.
const MOST_PRODUCTS: usize = 12;

/// The steps from the definitions to the equations of motion.
pub(super) fn document(
    equations: &mut Equations<'_>,
    activations: Activations<'_>,
    name: &str,
    Shape { trained, .. }: Shape,
    shown: &Shown,
) -> Document {
    let sections = vec![
        Section {
            heading: "Derivation 1: activation and error",
            blocks: definitions(equations, activations),
        },
        Section { heading: "Derivation 2: the risk", blocks: risk(equations, activations) },
        Section { heading: "Derivation 3: gradient flow", blocks: flow(equations) },
        Section {
            heading: "Derivation 4: expectations by their names",
            blocks: names(equations, activations),
        },
        Section { heading: "Derivation 5: the noise of SGD", blocks: noise(equations, activations, shown) },
        Section { heading: "Derivation 6: result", blocks: motion(equations, trained, shown) },
    ];
    Document {
        title: format!("{name}: from the risk to the equations of motion"),
        sections,
        breaks_summands: false,
    }
}

fn definitions(equations: &mut Equations<'_>, activations: Activations<'_>) -> Vec<Block> {
    let pool = &mut equations.pool;
    let n = marks(activations)[1];
    let mut blocks = vec![Block::prose(format!(
        "A sample has the error `E = y - f = Σ_n c_n σ{n}(λ_n) + √Δ ζ`, where `λ_n = w_n·x/√d` are Gaussian fields with the covariance `Ω`, \
         the overlaps. All that follows are expectations of products of activations, their derivatives and fields."
    ))];
    let units = if activations.agree() {
        vec![("σ(x)", "σ'(x)", activations.student)]
    } else {
        vec![("σ(x)", "σ'(x)", activations.student), ("σ*(x)", "", activations.teacher)]
    };
    for (value, slope, activation) in units {
        let Some(terms) = activation.terms(pool) else {
            blocks.push(Block::prose(format!("`{value}` is not a sum of error functions and powers.")));
            continue;
        };
        let sum = terms.iter().map(|term| written(pool, term, "x")).collect();
        blocks.push(Block::equation(value, vec![sum_of(sum)]));
        if let [Term { power: 0, width: Some(width), coefficient }] = terms[..]
            && !slope.is_empty()
        {
            blocks.push(
                Block::equation(slope, vec![gaussian(pool, coefficient, width)]).by("a Gaussian weight"),
            );
        }
    }
    blocks
}

/// Summands, each with its sign, as one right-hand side.
fn sum_of(summands: Vec<(bool, String)>) -> Right {
    let mut pieces = Vec::new();
    for (position, (negative, text)) in summands.into_iter().enumerate() {
        let sign = match (position, negative) {
            (0, false) => "",
            (0, true) => "-",
            (_, false) => " + ",
            (_, true) => " - ",
        };
        pieces.push(Piece::Fixed(format!("{sign}{text}")));
    }
    Right::Line(pieces)
}

/// A term of an activation of `x`: whether it is negative, and its size.
fn written(pool: &mut Pool, term: &Term, x: &str) -> (bool, String) {
    let negative = pool.constant_value(term.coefficient).is_some_and(|value| value < 0.0);
    let size = if negative { pool.scale(term.coefficient, -Rational::ONE) } else { term.coefficient };
    let one = *pool.node(size) == Node::Rational(Rational::ONE);
    let mut words = Vec::new();
    if !one || (term.power == 0 && term.width.is_none()) {
        words.push(constant(pool, size));
    }
    if term.power > 0 {
        let power = ["", "²", "³", "⁴", "⁵", "⁶"].get(term.power as usize - 1).copied().unwrap_or("ⁿ");
        words.push(format!("{x}{power}"));
    }
    if let Some(width) = term.width {
        words.push(match pool.constant_value(width) {
            Some(0.0) => format!("sign({x})"),
            _ => {
                let double = pool.scale(width, 2.into());
                format!("erf({x}/√{})", constant(pool, double))
            }
        });
    }
    (negative, words.join(" "))
}

/// A number, in parentheses where it is not whole.
fn constant(pool: &Pool, value: Expr) -> String {
    let text = print(pool, value, Style::Text);
    if matches!(pool.node(value), Node::Rational(number) if number.is_integer()) {
        text
    } else {
        format!("({text})")
    }
}

/// c √(2/(π w)) exp(-x²/(2 w)), the derivative of c erf(x/√(2w)).
fn gaussian(pool: &mut Pool, coefficient: Expr, width: Expr) -> Right {
    let (two, pi) = (pool.integer(2), pool.pi());
    let inverse = pool.mul([pi, width]);
    let inverse = pool.pow(inverse, -1, 2);
    let root = pool.sqrt(two);
    let factor = pool.mul([coefficient, root, inverse]);
    let double = pool.scale(width, 2.into());
    let exponent = format!("exp(-x²/{})", constant(pool, double));
    Right::Line(vec![Piece::Factor(factor), Piece::Fixed(exponent)])
}

fn risk(equations: &mut Equations<'_>, activations: Activations<'_>) -> Vec<Block> {
    let [m, n] = marks(activations);
    let mut blocks = vec![
        Block::equation(
            "R",
            vec![Right::fixed("½ E[(y - f)²]"), Right::fixed("½ Σ_mn c_m c_n I2(m,n) + Δ/2")],
        ),
        Block::formula("I2(m,n)", format!("E[σ{m}(λ_m) σ{n}(λ_n)]")),
    ];
    let cases: Vec<(Index, Index, Expr)> =
        equations.pairs.iter().map(|case| (case.m, case.n, case.two_point)).collect();
    let has_error_functions = [activations.student, activations.teacher].into_iter().any(|activation| {
        let terms = activation.terms(&mut equations.pool);
        terms.is_some_and(|terms| terms.iter().any(|term| term.width.is_some()))
    });
    if has_error_functions {
        blocks.push(law(&mut equations.pool));
    }
    for (m, n, two_point) in cases {
        if equations.pairs.len() > 1 {
            blocks.push(Block::prose(format!("Of {}:", nodes(&[m, n]))));
        }
        let products = products(&mut equations.pool, activations, m, n);
        let left_out = products.len().saturating_sub(MOST_PRODUCTS);
        // One product of terms alone is I2 itself.
        let several = products.len() > 1;
        blocks.extend(products.into_iter().take(if several { MOST_PRODUCTS } else { 0 }));
        if left_out > 0 {
            blocks.push(Block::prose(format!("and {left_out} further products in the same way.")));
        }
        blocks.push(Block::equation(format!("I2({m},{n})"), vec![Right::expr(two_point)]));
    }
    blocks
}

/// The arcsine law with letters for its widths.
fn law(pool: &mut Pool) -> Block {
    let entries = [(M, M), (M, N), (N, N)].map(|(a, b)| pool.overlap(a, b));
    let widths = ["w", "v"].map(|name| pool.symbol(Symbol::Defined(name, Vec::new())));
    let value = arcsine_law(pool, entries, widths);
    Block::equation("E[erf(λ_m/√(2 w)) erf(λ_n/√(2 v))]", vec![Right::expr(value)])
        .by("arcsine law: error functions are signs of fields with independent noise; `w` = 0 is a sign")
}

fn nodes(indices: &[Index]) -> String {
    who(indices).replace(" m", " `m`").replace(" n", " `n`")
}

/// The expectations of products of two terms, one of either activation.
fn products(pool: &mut Pool, activations: Activations<'_>, m: Index, n: Index) -> Vec<Block> {
    let terms = [m, n].map(|index| activations.of(index).terms(pool));
    let [Some(left), Some(right)] = terms else { return Vec::new() };
    let mut blocks = Vec::new();
    for (position, &x) in left.iter().enumerate() {
        for (other, &y) in right.iter().enumerate() {
            // Of a product and its mirror image one is enough.
            if left == right && other < position {
                continue;
            }
            let [x_alone, y_alone] = [x, y].map(|term| Single(Term { coefficient: pool.integer(1), ..term }));
            let pair = Pairing { m, n, left: &x_alone, right: &y_alone };
            let Some(value) = pair.expectation(pool) else { continue };
            if *pool.node(value) == Node::Rational(Rational::ZERO) {
                continue;
            }
            let [(_, x_text), (_, y_text)] = [(&x_alone.0, m), (&y_alone.0, n)]
                .map(|(term, index)| written(pool, term, &format!("λ_{index}")));
            let rule = match (x.width, x.power, y.width, y.power) {
                (None, _, None, _) => "Wick",
                (Some(_), 0, Some(_), 0) => "arcsine law",
                _ => "Stein, tilting",
            };
            let text = match (x_text.as_str(), y_text.as_str()) {
                ("1", text) | (text, "1") => text.to_owned(),
                (x, y) => format!("{x} {y}"),
            };
            blocks.push(Block::equation(format!("E[{text}]"), vec![Right::expr(value)]).by(rule));
        }
    }
    blocks
}

/// An activation of one term.
#[derive(Debug)]
struct Single(Term);

impl Activation for Single {
    fn name(&self) -> String {
        format!("{:?}", self.0)
    }
    fn type_name(&self) -> String {
        String::new()
    }
    fn terms(&self, _: &mut Pool) -> Option<Vec<Term>> {
        Some(vec![self.0])
    }
    fn formula(&self) -> [String; 2] {
        Default::default()
    }
    fn runtime(&self) -> Variant {
        Variant::Plain("")
    }
}

/// Two terms at two nodes.
struct Pairing<'a> {
    m: Index,
    n: Index,
    left: &'a Single,
    right: &'a Single,
}

impl Pairing<'_> {
    /// The engine tells activations apart by the kind of node: a teacher's and a student's, then the nodes meant.
    fn expectation(&self, pool: &mut Pool) -> Option<Expr> {
        let roles = [Index::teacher('m'), Index::student('n')];
        let activations = Activations { teacher: self.left, student: self.right };
        let wanted = Expectation { factors: vec![(roles[0], 0), (roles[1], 0)], fields: Vec::new() };
        let value = resolve::by_tilting(pool, activations, &wanted)?;
        Some(rename(pool, value, &|index| match index {
            index if index == roles[0] => self.m,
            index if index == roles[1] => self.n,
            other => other,
        }))
    }
}

fn flow(equations: &mut Equations<'_>) -> Vec<Block> {
    let mut blocks = vec![
        Block::prose(
            "On average a step of SGD moves `w_i` down the gradient of the risk. `R` depends on `w_i` through the row `q_in` of `Ω`, and on \
             `q_ii` twice. With the summand `f(i,n)` of the risk, the overlap with any node `m` moves by",
        ),
        Block::formula("dq_im/dt", "-γ Σ_n [4 q_im ∂f(i,n)/∂q_ii + 2 q_mn ∂f(i,n)/∂q_in]"),
    ];
    let pool = &mut equations.pool;
    let mut summands = Vec::new();
    let (mut own, mut other) = (Vec::new(), Vec::new());
    for case in &equations.forces {
        let summand = risk_summand(pool, case.n, case.two_point);
        summands.push(summand);
        own.push(pool.differentiate(summand, &Symbol::overlap(I, I)));
        other.push(pool.differentiate(summand, &Symbol::overlap(I, case.n)));
    }
    for (left, exprs) in [("f(i,n)", summands), ("∂f(i,n)/∂q_ii", own), ("∂f(i,n)/∂q_in", other)] {
        let mut right = vec![by_node(equations, exprs.into_iter())];
        if left == "f(i,n)" {
            right.insert(0, Right::fixed("½ c_i c_n I2(i,n)"));
        }
        blocks.push(Block::equation(left, right));
    }
    blocks.push(
        Block::equation(
            "da_i/dt",
            vec![
                Right::fixed("-γ_a ∂R/∂a_i"),
                Right::Line(vec![
                    Piece::Factor(equations.readout_rate),
                    Piece::Fixed("Σ_n c_n I2(i,n)".to_owned()),
                ]),
            ],
        )
        .by("where the second layer is trained"),
    );
    blocks
}

fn names(equations: &mut Equations<'_>, activations: Activations<'_>) -> Vec<Block> {
    let n = marks(activations)[1];
    let mut blocks = vec![Block::prose(
        "Price's rule: a derivative by a covariance is an expectation of derivatives, which names what stands in the bracket.",
    )];
    for (left, meaning, slope, pick) in [
        ("K2(i,n)", format!("E[σ''(λ_i) σ{n}(λ_n)]"), "2 ∂I2(i,n)/∂Q_ii", true),
        ("J2(i,n)", format!("E[σ'(λ_i) σ{n}'(λ_n)]"), "∂I2(i,n)/∂q_in", false),
    ] {
        let exprs: Vec<Expr> =
            equations.forces.iter().map(|case| if pick { case.own } else { case.other }).collect();
        let right = vec![Right::fixed(meaning), Right::fixed(slope), by_node(equations, exprs.into_iter())];
        blocks.push(Block::equation(left, right).by("Price"));
    }
    blocks
        .push(Block::prose("Stein's rule: a field is exchanged for the derivatives of what it multiplies."));
    let wanted = Expectation { factors: vec![(I, 1), (N, 0)], fields: vec![M] };
    blocks.push(stein(&mut equations.pool, "I3(i,m,n)", &wanted, n));
    let pool = &mut equations.pool;
    let near = pool.overlap(I, M);
    let mut exprs = Vec::new();
    for case in &equations.forces {
        let far = pool.overlap(M, case.n);
        let terms = [pool.mul([near, case.own]), pool.mul([far, case.other])];
        exprs.push(pool.add(terms));
    }
    blocks.push(Block::equation("I3(i,m,n)", vec![by_node(equations, exprs.into_iter())]));
    let rate = || Piece::Factor(equations.flow_rate);
    blocks.push(Block::equation(
        "dq_im/dt",
        vec![
            Right::Line(vec![rate(), Piece::Fixed("Σ_n c_n [q_im K2(i,n) + q_mn J2(i,n)]".to_owned())]),
            Right::Line(vec![rate(), Piece::Fixed("Σ_n c_n I3(i,m,n)".to_owned())]),
        ],
    ));
    blocks
}

/// An expectation and what Stein's rule makes of it. `mark` is that of σ of nodes.
fn stein(pool: &mut Pool, left: &str, wanted: &Expectation, mark: &str) -> Block {
    let mut right = vec![Right::fixed(product(wanted, mark))];
    if let Some(terms) = wanted.stein() {
        let mut pieces = Vec::new();
        for (weight, rest) in terms {
            if !pieces.is_empty() {
                pieces.push(Piece::Fixed(" + ".to_owned()));
            }
            pieces.push(Piece::Factor(pool.symbol(weight)));
            pieces.push(Piece::Fixed(product(&rest, mark)));
        }
        right.push(Right::Line(pieces));
    }
    if left.is_empty() {
        let first = right.remove(0);
        let Right::Line(pieces) = &first else { return Block::equation("", right) };
        let [Piece::Fixed(text)] = &pieces[..] else { return Block::equation("", right) };
        return Block::equation(text.clone(), right).by("Stein, here Wick");
    }
    Block::equation(left, right).by("Stein")
}

/// E[Π σ^(m)(λ_a) Π λ_b].
fn product(expectation: &Expectation, mark: &str) -> String {
    let factors = expectation.factors.iter().map(|&(index, order)| {
        let mark = if index.kind() == Kind::Node { mark } else { "" };
        format!("σ{mark}{}(λ_{index})", "'".repeat(order as usize))
    });
    let fields = expectation.fields.iter().map(|index| format!("λ_{index}"));
    let words: Vec<String> = factors.chain(fields).collect();
    if words.is_empty() { "1".to_owned() } else { format!("E[{}]", words.join(" ")) }
}

fn noise(equations: &mut Equations<'_>, activations: Activations<'_>, shown: &Shown) -> Vec<Block> {
    let [m, n] = marks(activations);
    let mut blocks = vec![
        Block::prose(
            "The square of a step adds to `Q`, because `|x|²/d` → 1. The label noise is independent of the fields, so",
        ),
        Block::equation(
            "dQ_jl/dt",
            vec![Right::Line(vec![
                Piece::Fixed("… + ".to_owned()),
                Piece::Factor(equations.noise.rate),
                Piece::Fixed("E[E² σ'(λ_j) σ'(λ_l)]".to_owned()),
            ])],
        ),
        Block::formula(
            "E[E² σ'(λ_j) σ'(λ_l)]",
            format!("Σ_mn c_m c_n E[σ'(λ_j) σ'(λ_l) σ{m}(λ_m) σ{n}(λ_n)] + Δ E[σ'(λ_j) σ'(λ_l)]"),
        ),
    ];
    let terms = activations.student.terms(&mut equations.pool);
    match terms.as_deref() {
        Some(&[Term { power: 0, width: Some(width), coefficient }])
            if !equations.noise.vectors.is_empty() =>
        {
            blocks.extend(tilting(equations, coefficient, width));
        }
        _ => blocks.extend(contraction(equations)),
    }
    blocks
        .push(Block::equation("J2(j,l)", vec![Right::fixed("E[σ'(λ_j) σ'(λ_l)]"), Right::expr(shown.mass)]));
    blocks.push(four_point(equations, activations, shown));
    blocks
}

/// The two tilts, one after the other.
fn tilting(equations: &mut Equations<'_>, coefficient: Expr, width: Expr) -> Vec<Block> {
    let pool = &mut equations.pool;
    let mut blocks = vec![Block::prose(
        "Tilting: `σ'(λ_a)` is a Gaussian weight of width `w`, so it turns the measure `N(0, C)` into `N(0, C - u uᵀ)`, \
         `u_n = C_an/√(w + C_aa)`, times a mass. Twice, with `j` and then `l`:",
    )];
    let mut covariance = Covariance::default();
    for (index, name, mass_name, entry_name) in
        [(J, "u", "mass of `j`", "covariance after `j`"), (L, "v", "mass of `l`", "covariance after both")]
    {
        let (mass, definition) = covariance.tilt_named(pool, width, index, name, N);
        let mass = pool.mul([coefficient, mass]);
        let entry = covariance.entry(pool, M, N);
        blocks.push(vector(&definition));
        let letter = if index == J { "j" } else { "l" };
        blocks.push(Block::equation(format!("Z_{letter}"), vec![Right::expr(mass)]).by(mass_name));
        let letter = if index == J { "C_mn" } else { "T_mn" };
        blocks.push(Block::equation(letter, vec![Right::expr(entry)]).by(entry_name));
    }
    blocks.push(Block::prose(
        "What is left, `E[σ(λ_m) σ(λ_n)]` under `N(0, T)`, is `I2` with `T` in place of `Ω`; `J2(j,l) = Z_j Z_l`, \
         `I4(j,l,m,n) = Z_j Z_l I2(m,n)` under `T`.",
    ));
    blocks
}

/// Wick's rule on four fields, as Stein's rule has it.
fn contraction(equations: &mut Equations<'_>) -> Vec<Block> {
    let fields = Expectation { factors: Vec::new(), fields: vec![J, L, M, N] };
    vec![
        Block::prose(
            "The product is multiplied out. Derivatives of error functions tilt the measure; each field is contracted with the \
             others by Stein's rule, which on fields alone is Wick's, until only overlaps are left. For instance",
        ),
        stein(&mut equations.pool, "", &fields, ""),
    ]
}
