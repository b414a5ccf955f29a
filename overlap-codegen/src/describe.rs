//! The equations as people read them, from the expressions that the code is emitted from.

use crate::activation::Activations;
use crate::emit::Sizes;
use crate::equations::{Equations, I, J, L};
use crate::expr::{Expr, Style, print};
use crate::gaussian::rename;
use crate::symbol::{Index, Kind};

/// The system's equations as text and as LaTeX.
pub fn describe(
    equations: &mut Equations<'_>,
    activations: Activations<'_>,
    name: &str,
    sizes: Sizes,
) -> [String; 2] {
    let shown = Shown::new(equations);
    [text(equations, activations, name, sizes, &shown), latex(equations, activations, name, sizes, &shown)]
}

/// What is printed and not stored as such.
struct Shown {
    /// The rate of the gradient flow of students j and l.
    rates: [Expr; 2],
    /// J2(j, l).
    mass: Expr,
    /// I4(j, l, n, m) of every case.
    four_point: Vec<Expr>,
}

impl Shown {
    fn new(equations: &mut Equations<'_>) -> Self {
        let pool = &mut equations.pool;
        let rates = [J, L].map(|student| {
            rename(pool, equations.flow_rate, &|index| if index == I { student } else { index })
        });
        let mass = pool.mul([equations.noise.mass, equations.noise.label]);
        let four_point = equations
            .pairs
            .iter()
            .map(|pair| {
                let product = pool.mul([equations.noise.mass, pair.tilted]);
                // Both orders of a teacher and a student are in one case.
                if pair.n.kind() == pair.m.kind() { product } else { pool.scale(product, (1, 2).into()) }
            })
            .collect();
        Shown { rates, mass, four_point }
    }
}

/// One formula, or one for every case of the nodes it depends on, each on a line of its own.
fn by_cases(cases: impl Iterator<Item = (Vec<Index>, String)>) -> String {
    let cases: Vec<_> = cases.collect();
    if let [(_, only)] = &cases[..] {
        return only.clone();
    }
    let lines = cases.into_iter().map(|(nodes, formula)| format!("\n    {}: {formula}", who(&nodes)));
    lines.collect()
}

/// `teachers m, n`, `student m, teacher n`.
fn who(nodes: &[Index]) -> String {
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

fn text(
    equations: &Equations<'_>,
    activations: Activations<'_>,
    name: &str,
    Sizes { k, p, trained }: Sizes,
    shown: &Shown,
) -> String {
    let write = |expr| print(&equations.pool, expr, Style::Text);
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let range = |count: usize| if count == 1 { "1".to_owned() } else { format!("1..{count}") };
    let vectors: String = equations
        .noise
        .vectors
        .iter()
        .map(|vector| {
            let indices: String = vector.indices.iter().map(ToString::to_string).collect();
            format!("  {}_{indices} = {}\n", vector.name, write(vector.body))
        })
        .collect();
    let readout = if trained {
        format!("  da_i/dt = {} Σ_n c_n I2(i,n)\n", write(equations.readout_rate))
    } else {
        String::new()
    };
    let agree = activations.agree();
    let (own, star) = if agree { ("", "") } else { (" of students", "*") };
    let teacher = if agree {
        String::new()
    } else {
        format!(
            "\n  activation of teachers σ*(x) = {}; σ_n is that of node n",
            activations.teacher.formula()[0]
        )
    };
    let n = if agree { "" } else { "_n" };
    let m = if agree { "" } else { "_m" };
    let tilting = if vectors.is_empty() {
        "by Wick and Stein:".to_owned()
    } else {
        format!("tilting by σ'(λ_j) and σ'(λ_l):\n{}", vectors.trim_end())
    };
    format!(
        "\
{name}: overlap dynamics of one-pass SGD, {teachers}, {students}, second layer {layer}

Setting
  activation{own} σ(x) = {formula}{teacher}
  teacher y = s* Σ_r a*_r σ{star}(λ*_r) + √Δ ζ, student f = s Σ_i a_i σ(λ_i), λ = w·x/√d, x ~ N(0, I_d)
  learning rates γ, γ_a, batch size b, time t = steps / d
  units: teachers r = {rs}; students i, j, l = {is}; all nodes m, n = {ns}, teachers first
  overlaps: q_mn is the entry of Ω = [[P, M], [Mᵀ, Q]]; fields λ ~ N(0, Ω)
  error y - f = Σ_n c_n σ{n}(λ_n) + √Δ ζ with c_r = s* a*_r (teacher), c_i = -s a_i (student)

Expectations
  I2(m,n) = E[σ{m}(λ_m) σ{n}(λ_n)] = {two_point}
  J2(i,n) = E[σ'(λ_i) σ{n}'(λ_n)] = ∂I2(i,n)/∂q_in = {other}    (Price)
  K2(i,n) = E[σ''(λ_i) σ{n}(λ_n)] = 2 ∂I2(i,n)/∂Q_ii = {own_pull}    (Price)
  I3(i,m,n) = E[σ'(λ_i) λ_m σ{n}(λ_n)] = q_im K2(i,n) + q_mn J2(i,n)    (Stein)
  I4(j,l,m,n) = E[σ'(λ_j) σ'(λ_l) σ{m}(λ_m) σ{n}(λ_n)], {tilting}
  J2(j,l) = {mass}
  I4(j,l,m,n) = {four_point}

Equations of motion
  dM_ri/dt = {rate_i} Σ_n c_n I3(i,r,n)
  dQ_jl/dt = {rate_j} Σ_n c_n I3(j,l,n) + {rate_l} Σ_n c_n I3(l,j,n) + ({noise_rate}) [Σ_mn c_m c_n I4(j,l,m,n) + Δ J2(j,l)]
{readout}  R = ½ Σ_mn c_m c_n I2(m,n) + Δ/2
",
        teachers = plural(k, "teacher unit"),
        students = plural(p, "student unit"),
        layer = if trained { "trained" } else { "fixed" },
        formula = activations.student.formula()[0],
        rs = range(k),
        is = range(p),
        ns = range(k + p),
        two_point = by_cases(equations.pairs.iter().map(|case| (vec![case.m, case.n], write(case.two_point)))),
        other = by_cases(equations.forces.iter().map(|case| (vec![case.n], write(case.other)))),
        own_pull = by_cases(equations.forces.iter().map(|case| (vec![case.n], write(case.own)))),
        mass = write(shown.mass),
        four_point = by_cases(
            equations.pairs.iter().zip(&shown.four_point).map(|(case, &expr)| (vec![case.m, case.n], write(expr)))
        ),
        rate_i = write(equations.flow_rate),
        rate_j = write(shown.rates[0]),
        rate_l = write(shown.rates[1]),
        noise_rate = write(equations.noise.rate),
    )
}

fn latex(
    equations: &Equations<'_>,
    activations: Activations<'_>,
    name: &str,
    Sizes { k, p, trained }: Sizes,
    shown: &Shown,
) -> String {
    let write = |expr| print(&equations.pool, expr, Style::Latex);
    let agree = activations.agree();
    let (m, n) = if agree { ("", "") } else { ("_m", "_n") };
    let cases = |cases: Vec<(Vec<Index>, Expr)>| {
        if let [(_, only)] = cases[..] {
            return format!("= {}", write(only));
        }
        let lines = cases
            .into_iter()
            .map(|(nodes, expr)| format!(" \\\\\n&\\quad {} && \\text{{({})}}", write(expr), who(&nodes)));
        lines.collect()
    };
    let pairs = |exprs: Vec<Expr>| {
        cases(equations.pairs.iter().zip(exprs).map(|(case, expr)| (vec![case.m, case.n], expr)).collect())
    };
    let mut rows = vec![format!("\\sigma(x) &= {}", activations.student.formula()[1])];
    if !agree {
        rows.push(format!("\\sigma^*(x) &= {}", activations.teacher.formula()[1]));
    }
    rows.push(
        "\\Omega = (q_{mn}) &= \\begin{pmatrix} P & M \\\\ M^\\top & Q \\end{pmatrix}, \\quad c_r = s^* a^*_r, \\quad c_i = -s a_i"
            .to_owned(),
    );
    rows.push(format!(
        "I_2(m,n) &= \\mathbb{{E}}[\\sigma{m}(\\lambda_m)\\sigma{n}(\\lambda_n)] {}",
        pairs(equations.pairs.iter().map(|case| case.two_point).collect())
    ));
    rows.push(format!(
        "J_2(i,n) &= \\mathbb{{E}}[\\sigma'(\\lambda_i)\\sigma{n}'(\\lambda_n)] {}",
        cases(equations.forces.iter().map(|case| (vec![case.n], case.other)).collect())
    ));
    rows.push(format!(
        "K_2(i,n) &= \\mathbb{{E}}[\\sigma''(\\lambda_i)\\sigma{n}(\\lambda_n)] {}",
        cases(equations.forces.iter().map(|case| (vec![case.n], case.own)).collect())
    ));
    rows.push(format!(
        "I_3(i,m,n) &= \\mathbb{{E}}[\\sigma'(\\lambda_i)\\lambda_m\\sigma{n}(\\lambda_n)] = q_{{im}} K_2(i,n) + q_{{mn}} J_2(i,n)"
    ));
    for vector in &equations.noise.vectors {
        let indices: String = vector.indices.iter().map(ToString::to_string).collect();
        rows.push(format!("{}_{{{indices}}} &= {}", vector.name, write(vector.body)));
    }
    rows.push(format!("J_2(j,l) &= {}", write(shown.mass)));
    rows.push(format!(
        "I_4(j,l,m,n) &= \\mathbb{{E}}[\\sigma'(\\lambda_j)\\sigma'(\\lambda_l)\\sigma{m}(\\lambda_m)\\sigma{n}(\\lambda_n)] \\\\\n&{}",
        pairs(shown.four_point.clone())
    ));
    rows.push(format!("\\frac{{dM_{{ri}}}}{{dt}} &= {} \\sum_n c_n I_3(i,r,n)", write(equations.flow_rate)));
    rows.push(format!(
        "\\frac{{dQ_{{jl}}}}{{dt}} &= {} \\sum_n c_n I_3(j,l,n) + {} \\sum_n c_n I_3(l,j,n) \\\\\n\
         &\\quad + {} \\Bigl[\\sum_{{m,n}} c_m c_n I_4(j,l,m,n) + \\Delta J_2(j,l)\\Bigr]",
        write(shown.rates[0]),
        write(shown.rates[1]),
        write(equations.noise.rate)
    ));
    if trained {
        rows.push(format!("\\frac{{da_i}}{{dt}} &= {} \\sum_n c_n I_2(i,n)", write(equations.readout_rate)));
    }
    rows.push("R &= \\frac{1}{2} \\sum_{m,n} c_m c_n I_2(m,n) + \\frac{\\Delta}{2}".to_owned());
    format!(
        "% {name}: r = 1..{k} teachers, i, j, l = 1..{p} students, m, n = 1..{} nodes, teachers first\n\
         \\begin{{align*}}\n{}\n\\end{{align*}}\n",
        k + p,
        rows.join(" \\\\\n")
    )
}
