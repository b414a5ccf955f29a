//! The equations as people read them, from the expressions that the code is emitted from.

use crate::activation::Activation;
use crate::emit::Sizes;
use crate::equations::{Equations, I, J, L};
use crate::expr::{Expr, Style, print};
use crate::gaussian::rename;

/// The system's equations as text and as LaTeX.
pub fn describe(
    equations: &mut Equations,
    activation: &dyn Activation,
    name: &str,
    sizes: Sizes,
) -> [String; 2] {
    let rate_j =
        rename(&mut equations.pool, equations.flow.rate, &|index| if index == I { J } else { index });
    let rate_l =
        rename(&mut equations.pool, equations.flow.rate, &|index| if index == I { L } else { index });
    let mut mass_and_angle = |style| {
        let product = equations.pool.mul([equations.noise.mass, equations.noise.tilted]);
        print(&equations.pool, product, style)
    };
    let four_point = [mass_and_angle(Style::Text), mass_and_angle(Style::Latex)];
    let rates = [rate_j, rate_l];
    [
        text(equations, activation, name, sizes, rates, &four_point[0]),
        latex(equations, activation, name, sizes, rates, &four_point[1]),
    ]
}

fn text(
    equations: &Equations,
    activation: &dyn Activation,
    name: &str,
    Sizes { k, p, trained }: Sizes,
    [rate_j, rate_l]: [Expr; 2],
    four_point: &str,
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
        format!("  da_i/dt = {} Σ_n c_n I2(i,n)\n", write(equations.readout.rate))
    } else {
        String::new()
    };
    format!(
        "\
{name}: overlap dynamics of one-pass SGD, {teachers}, {students}, second layer {layer}

Setting
  activation σ(x) = {formula}
  teacher y = s* Σ_r a*_r σ(λ*_r) + √Δ ζ, student f = s Σ_i a_i σ(λ_i), λ = w·x/√d, x ~ N(0, I_d)
  learning rates γ, γ_a, batch size b, time t = steps / d
  units: teachers r = {rs}; students i, j, l = {is}; all nodes m, n = {ns}, teachers first
  overlaps: q_mn is the entry of Ω = [[P, M], [Mᵀ, Q]]; fields λ ~ N(0, Ω)
  error y - f = Σ_n c_n σ(λ_n) + √Δ ζ with c_r = s* a*_r (teacher), c_i = -s a_i (student)

Expectations
  I2(m,n) = E[σ(λ_m) σ(λ_n)] = {two_point}
  J2(i,n) = E[σ'(λ_i) σ'(λ_n)] = ∂I2(i,n)/∂q_in = {other}    (Price)
  K2(i,n) = E[σ''(λ_i) σ(λ_n)] = 2 ∂I2(i,n)/∂Q_ii = {own}    (Price)
  I3(i,m,n) = E[σ'(λ_i) λ_m σ(λ_n)] = q_im K2(i,n) + q_mn J2(i,n)    (Stein)
  I4(j,l,m,n) = E[σ'(λ_j) σ'(λ_l) σ(λ_m) σ(λ_n)], tilting by σ'(λ_j) and σ'(λ_l):
{vectors}  J2(j,l) = {mass}
  I4(j,l,m,n) = {four_point}

Equations of motion
  dM_ri/dt = {rate_i} Σ_n c_n I3(i,r,n)
  dQ_jl/dt = {rate_j} Σ_n c_n I3(j,l,n) + {rate_l} Σ_n c_n I3(l,j,n) + ({noise_rate}) [Σ_mn c_m c_n I4(j,l,m,n) + Δ J2(j,l)]
{readout}  R = ½ Σ_mn c_m c_n I2(m,n) + Δ/2
",
        teachers = plural(k, "teacher unit"),
        students = plural(p, "student unit"),
        layer = if trained { "trained" } else { "fixed" },
        formula = activation.formula()[0],
        rs = range(k),
        is = range(p),
        ns = range(k + p),
        two_point = write(equations.two_point),
        other = write(equations.flow.other),
        own = write(equations.flow.own),
        mass = write(equations.noise.mass),
        rate_i = write(equations.flow.rate),
        rate_j = write(rate_j),
        rate_l = write(rate_l),
        noise_rate = write(equations.noise.rate),
    )
}

fn latex(
    equations: &Equations,
    activation: &dyn Activation,
    name: &str,
    Sizes { k, p, trained }: Sizes,
    [rate_j, rate_l]: [Expr; 2],
    four_point: &str,
) -> String {
    let write = |expr| print(&equations.pool, expr, Style::Latex);
    let mut rows = vec![
        format!("\\sigma(x) &= {}", activation.formula()[1]),
        "\\Omega = (q_{mn}) &= \\begin{pmatrix} P & M \\\\ M^\\top & Q \\end{pmatrix}, \\quad c_r = s^* a^*_r, \\quad c_i = -s a_i"
            .to_owned(),
        format!("I_2(m,n) &= \\mathbb{{E}}[\\sigma(\\lambda_m)\\sigma(\\lambda_n)] = {}", write(equations.two_point)),
        format!("J_2(i,n) &= \\mathbb{{E}}[\\sigma'(\\lambda_i)\\sigma'(\\lambda_n)] = {}", write(equations.flow.other)),
        format!("K_2(i,n) &= \\mathbb{{E}}[\\sigma''(\\lambda_i)\\sigma(\\lambda_n)] = {}", write(equations.flow.own)),
        "I_3(i,m,n) &= \\mathbb{E}[\\sigma'(\\lambda_i)\\lambda_m\\sigma(\\lambda_n)] = q_{im} K_2(i,n) + q_{mn} J_2(i,n)"
            .to_owned(),
    ];
    for vector in &equations.noise.vectors {
        let indices: String = vector.indices.iter().map(ToString::to_string).collect();
        rows.push(format!("{}_{{{indices}}} &= {}", vector.name, write(vector.body)));
    }
    rows.push(format!("J_2(j,l) &= {}", write(equations.noise.mass)));
    rows.push(format!(
        "I_4(j,l,m,n) &= \\mathbb{{E}}[\\sigma'(\\lambda_j)\\sigma'(\\lambda_l)\\sigma(\\lambda_m)\\sigma(\\lambda_n)] \\\\\n&= {four_point}"
    ));
    rows.push(format!("\\frac{{dM_{{ri}}}}{{dt}} &= {} \\sum_n c_n I_3(i,r,n)", write(equations.flow.rate)));
    rows.push(format!(
        "\\frac{{dQ_{{jl}}}}{{dt}} &= {} \\sum_n c_n I_3(j,l,n) + {} \\sum_n c_n I_3(l,j,n) \\\\\n\
         &\\quad + {} \\Bigl[\\sum_{{m,n}} c_m c_n I_4(j,l,m,n) + \\Delta J_2(j,l)\\Bigr]",
        write(rate_j),
        write(rate_l),
        write(equations.noise.rate)
    ));
    if trained {
        rows.push(format!("\\frac{{da_i}}{{dt}} &= {} \\sum_n c_n I_2(i,n)", write(equations.readout.rate)));
    }
    rows.push("R &= \\frac{1}{2} \\sum_{m,n} c_m c_n I_2(m,n) + \\frac{\\Delta}{2}".to_owned());
    format!(
        "% {name}: r = 1..{k} teachers, i, j, l = 1..{p} students, m, n = 1..{} nodes, teachers first\n\
         \\begin{{align*}}\n{}\n\\end{{align*}}\n",
        k + p,
        rows.join(" \\\\\n")
    )
}
