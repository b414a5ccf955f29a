//! The equations of a system.

use super::document::{Block, Document, Piece, Right, Section};
use crate::activation::Activations;
use crate::equations::{Equations, I, J, L};
use crate::expr::{Expr, Node};
use crate::gaussian::{Definition, place};
use crate::symbol::{Index, Kind};
use overlap_layout::Shape;

/// What is printed and not stored as such.
pub(super) struct Shown {
    /// The rate of the gradient flow of students j and l.
    rates: [Expr; 2],
    /// J2(j, l).
    pub(super) mass: Expr,
    /// I4(j, l, n, m) of every case.
    four_point: Vec<Expr>,
}

impl Shown {
    pub(super) fn new(equations: &mut Equations<'_>) -> Self {
        let pool = &mut equations.pool;
        let rates = [J, L].map(|student| place(pool, equations.flow_rate, &[(I, student)]));
        let mass = pool.mul([equations.noise.mass, equations.noise.label]);
        let four_point = equations.pairs.clone().into_iter().map(|pair| {
            let four = equations.four_point([J, L, pair.n, pair.m]);
            equations.pool.mul([equations.noise.mass, four])
        });
        let four_point = four_point.collect();
        Shown { rates, mass, four_point }
    }
}

/// The marks of σ of nodes m, n: none where all units have the same activation.
pub(super) fn marks(activations: Activations<'_>) -> [&'static str; 2] {
    if activations.agree() { ["", ""] } else { ["_m", "_n"] }
}

/// `teachers m, n`, `student m, teacher n`.
pub(super) fn who(nodes: &[Index]) -> String {
    let noun = |index: &Index| match index.kind() {
        Kind::Teacher => "teacher",
        Kind::Student => "student",
        Kind::Node => "node",
    };
    match nodes {
        [m, n] if m.kind() == n.kind() => format!("{}s {m}, {n}", noun(m)),
        nodes => nodes.iter().map(|n| format!("{} {n}", noun(n))).collect::<Vec<_>>().join(", "),
    }
}

/// `2 teacher units`.
fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// An expression for every case of one node.
pub(super) fn by_node(equations: &Equations<'_>, exprs: impl Iterator<Item = Expr>) -> Right {
    let cases = equations.forces.iter().zip(exprs);
    Right::cases(cases.map(|(case, expr)| (who(&[case.n]), vec![Piece::Expr(expr)])).collect())
}

/// An expression for every case of two nodes.
pub(super) fn by_pair(equations: &Equations<'_>, exprs: impl Iterator<Item = Expr>) -> Right {
    let cases = equations.pairs.iter().zip(exprs);
    Right::cases(cases.map(|(case, expr)| (who(&[case.m, case.n]), vec![Piece::Expr(expr)])).collect())
}

/// u_jn = ….
pub(super) fn vector(definition: &Definition) -> Block {
    let indices: String = definition.indices.iter().map(ToString::to_string).collect();
    Block::equation(format!("{}_{indices}", definition.name), vec![Right::expr(definition.body)])
}

/// `ErfK2P3: overlap dynamics of one-pass SGD, 2 teacher units, …`.
pub(super) fn title(name: &str, Shape { k, p, trained }: Shape) -> String {
    format!(
        "{name}: overlap dynamics of one-pass SGD, {}, {}, second layer {}",
        plural(k, "teacher unit"),
        plural(p, "student unit"),
        if trained { "trained" } else { "fixed" },
    )
}

pub(super) fn document(
    equations: &Equations<'_>,
    activations: Activations<'_>,
    name: &str,
    shape: Shape,
    shown: &Shown,
) -> Document {
    let expectations = expectations(equations, activations, shown);
    let motion = motion(equations, shape.trained, shown);
    Document {
        title: title(name, shape),
        sections: vec![
            Section { heading: "Setting", blocks: setting(activations, shape) },
            Section { heading: "Expectations", blocks: expectations },
            Section { heading: "Equations of motion", blocks: motion },
        ],
        breaks_summands: false,
    }
}

pub(super) fn setting(activations: Activations<'_>, Shape { k, p, .. }: Shape) -> Vec<Block> {
    let agree = activations.agree();
    let star = if agree { "" } else { "*" };
    let n = marks(activations)[1];
    let range = |count: usize| if count == 1 { "1".to_owned() } else { format!("1..{count}") };
    let mut blocks = vec![Block::formula("σ(x)", activations.student.formula()[0].clone()).by(if agree {
        "activation"
    } else {
        "activation of students"
    })];
    if !agree {
        blocks.push(
            Block::formula("σ*(x)", activations.teacher.formula()[0].clone())
                .by("activation of teachers; `σ_n` is that of node `n`"),
        );
    }
    blocks.extend([
        Block::prose(format!(
            "teacher `y = s* Σ_r a*_r σ{star}(λ*_r) + √Δ ζ`, student `f = s Σ_i a_i σ(λ_i)`, `λ = w·x/√d`, `x ~ N(0, I_d)`"
        )),
        Block::prose("learning rates `γ`, `γ_a`, batch size `b`, time `t` = steps / `d`"),
        Block::prose(format!(
            "units: teachers `r` = {}; students `i`, `j`, `l` = {}; all nodes `m`, `n` = {}, teachers first",
            range(k),
            range(p),
            range(k + p)
        )),
        Block::formula("Ω = (q_mn)", "[[P, M], [Mᵀ, Q]]").by("overlaps; the fields are `λ ~ N(0, Ω)`"),
        Block::formula("y - f", format!("Σ_n c_n σ{n}(λ_n) + √Δ ζ,  c_r = s* a*_r,  c_i = -s a_i"))
            .by("error; teachers `r`, students `i`"),
    ]);
    blocks
}

fn expectations(equations: &Equations<'_>, activations: Activations<'_>, shown: &Shown) -> Vec<Block> {
    let [m, n] = marks(activations);
    let forces = &equations.forces;
    let mut blocks = vec![
        Block::equation(
            "I2(m,n)",
            vec![
                Right::fixed(format!("E[σ{m}(λ_m) σ{n}(λ_n)]")),
                by_pair(equations, equations.pairs.iter().map(|case| case.two_point)),
            ],
        ),
        Block::equation(
            "J2(i,n)",
            vec![
                Right::fixed(format!("E[σ'(λ_i) σ{n}'(λ_n)]")),
                Right::fixed("∂I2(i,n)/∂q_in"),
                by_node(equations, forces.iter().map(|case| case.other)),
            ],
        )
        .by("Price"),
        Block::equation(
            "K2(i,n)",
            vec![
                Right::fixed(format!("E[σ''(λ_i) σ{n}(λ_n)]")),
                Right::fixed("2 ∂I2(i,n)/∂Q_ii"),
                by_node(equations, forces.iter().map(|case| case.own)),
            ],
        )
        .by("Price"),
        Block::equation(
            "I3(i,m,n)",
            vec![
                Right::fixed(format!("E[σ'(λ_i) λ_m σ{n}(λ_n)]")),
                Right::fixed("q_im K2(i,n) + q_mn J2(i,n)"),
            ],
        )
        .by("Stein"),
    ];
    blocks.extend(equations.noise.vectors.iter().map(vector));
    blocks.push(Block::equation("J2(j,l)", vec![Right::expr(shown.mass)]));
    let rule = if equations.noise.vectors.is_empty() {
        "Wick, Stein"
    } else {
        "tilting by `σ'(λ_j)` and `σ'(λ_l)`"
    };
    blocks.push(four_point(equations, activations, shown).by(rule));
    let orthant = |&expr: &Expr| {
        equations.pool.parts(expr).iter().any(|&part| matches!(equations.pool.node(part), Node::FourSigns(_)))
    };
    if shown.four_point.iter().any(orthant) {
        blocks.push(Block::prose(
            "`S4` of six correlations `ρ_12`, `ρ_13`, `ρ_14`, `ρ_23`, `ρ_24`, `ρ_34`: the mean of the product of the signs of four Gaussian fields of \
             variance 1 that have them; not elementary, an integral over one variable.",
        ));
    }
    blocks
}

pub(super) fn four_point(equations: &Equations<'_>, activations: Activations<'_>, shown: &Shown) -> Block {
    let [m, n] = marks(activations);
    let product = format!("E[σ'(λ_j) σ'(λ_l) σ{m}(λ_m) σ{n}(λ_n)]");
    let cases = by_pair(equations, shown.four_point.iter().copied());
    Block::equation("I4(j,l,m,n)", vec![Right::fixed(product), cases])
}

pub(super) fn motion(equations: &Equations<'_>, trained: bool, shown: &Shown) -> Vec<Block> {
    let [rate_j, rate_l] = shown.rates;
    let fixed = |text: &str| Piece::Fixed(text.to_owned());
    let mut blocks = vec![
        Block::equation(
            "dM_ri/dt",
            vec![Right::Line(vec![Piece::Factor(equations.flow_rate), fixed("Σ_n c_n I3(i,r,n)")])],
        ),
        Block::equation(
            "dQ_jl/dt",
            vec![Right::Line(vec![
                Piece::Factor(rate_j),
                fixed("Σ_n c_n I3(j,l,n)"),
                fixed(" + "),
                Piece::Factor(rate_l),
                fixed("Σ_n c_n I3(l,j,n)"),
                fixed(" + "),
                Piece::Factor(equations.noise.rate),
                fixed("[Σ_mn c_m c_n I4(j,l,m,n) + Δ J2(j,l)]"),
            ])],
        ),
    ];
    if trained {
        blocks.push(Block::equation(
            "da_i/dt",
            vec![Right::Line(vec![Piece::Factor(equations.readout_rate), fixed("Σ_n c_n I2(i,n)")])],
        ));
    }
    blocks.push(Block::formula("R", "½ Σ_mn c_m c_n I2(m,n) + Δ/2").by("risk"));
    blocks
}

/// Where the equations come from.
pub(super) fn references() -> Section {
    let reference = |text: &str| Block::prose(text);
    Section {
        heading: "References",
        blocks: vec![
            reference(
                "D. Saad and S. A. Solla, On-line learning in soft committee machines, Phys. Rev. E 52, 4225 (1995): the equations.",
            ),
            reference(
                "S. Goldt, M. S. Advani, A. M. Saxe, F. Krzakala and L. Zdeborová, Dynamics of stochastic gradient descent for \
                 two-layer neural networks in the teacher-student setup, arXiv 1906.08632: trained second layers.",
            ),
            reference(
                "R. Veiga, L. Stephan, B. Loureiro, F. Krzakala and L. Zdeborová, Phase diagram of stochastic gradient descent in \
                 high-dimensional two-layer neural networks, arXiv 2202.00293: the convention used here.",
            ),
            reference(
                "R. Price, A useful theorem for nonlinear devices having Gaussian inputs, IRE Trans. Inf. Theory 4, 69 (1958).",
            ),
            reference(
                "C. M. Stein, Estimation of the mean of a multivariate normal distribution, Ann. Statist. 9, 1135 (1981).",
            ),
            reference(
                "G. C. Wick, The evaluation of the collision matrix, Phys. Rev. 80, 268 (1950); L. Isserlis, On a formula for the \
                 product-moment coefficient of any order, Biometrika 12, 134 (1918).",
            ),
        ],
    }
}
