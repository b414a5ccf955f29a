//! The equations as people read them.

use crate::activation::Activation;
use crate::emit::Sizes;
use crate::equations::Equations;
use crate::expr::{Expr, Style, print};

/// The system's equations as text and as LaTeX, from the expressions that the code is emitted from.
pub fn describe(equations: &Equations, activation: &dyn Activation, name: &str, sizes: Sizes) -> [String; 2] {
    [text(equations, activation, name, sizes), latex(equations, activation, name, sizes)]
}

/// Writes an expression without its factor c_n, which the printed sums show in front.
fn written(equations: &Equations, expr: Expr, style: Style) -> String {
    print(&equations.pool, expr, style)
}

fn text(equations: &Equations, activation: &dyn Activation, name: &str, sizes: Sizes) -> String {
    let write = |expr| written(equations, expr, Style::Text);
    let Sizes { k, p, trained } = sizes;
    let nodes = sizes.nodes();
    let [formula, _] = activation.formula();
    let second_layer = if trained { "trained" } else { "fixed" };
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    line(format!(
        "{name}: one-pass SGD, {} and {}, σ(x) = {formula}, second layer {second_layer}",
        plural(k, "teacher unit"),
        plural(p, "student unit"),
    ));
    line(String::new());
    line(
        "Teacher y = s* Σ_r a*_r σ(λ*_r) + √Δ ζ, student f = s Σ_i a_i σ(λ_i), time t = steps / d, batch b."
            .into(),
    );
    line(format!(
        "Indices: teachers r = 1..{k}; students i, j, l = 1..{p}; nodes m, n = 1..{nodes}, teachers first."
    ));
    line("Overlaps: q_mn is an entry of Ω = [[P, M], [Mᵀ, Q]].".into());
    line("Weights in the error y - f = Σ_n c_n σ(λ_n) + √Δ ζ: c_r = s* a*_r (teacher), c_i = -s a_i (student).".into());
    line(String::new());
    line("Expectations under λ ~ N(0, Ω)".into());
    line(format!("  E[σ(λ_m) σ(λ_n)] = {}", write(equations.two_point)));
    line(String::new());
    line("Gradient flow of the risk".into());
    line(format!("  R = Σ_mn {} + Δ/2", write(equations.risk)));
    line(format!("  A_i = Σ_n {}", write(equations.flow.own)));
    line(format!("  B_in = {}", write(equations.flow.other)));
    line("  G_ir = A_i M_ri + Σ_n B_in q_nr".into());
    line("  G_ij = A_i Q_ij + Σ_n B_in q_nj".into());
    line(String::new());
    line("Noise of SGD".into());
    for vector in &equations.noise.vectors {
        let indices: String = vector.indices.iter().map(ToString::to_string).collect();
        line(format!("  {}_{indices} = {}", vector.name, write(vector.body)));
    }
    line(format!("  J_jl = E[σ'(λ_j) σ'(λ_l)] = {}", write(equations.noise.mass)));
    line(format!("  F_jlmn = E[σ'(λ_j) σ'(λ_l) σ(λ_m) σ(λ_n)] / J_jl = {}", write(equations.noise.tilted)));
    line(String::new());
    line("Equations of motion".into());
    let rate = |role: char| write(equations.flow.rate).replace("_i", &format!("_{role}"));
    line(format!("  dM_ri/dt = {} G_ir", rate('i')));
    line(format!(
        "  dQ_jl/dt = {} G_jl + {} G_lj + ({}) J_jl [Σ_mn c_m c_n F_jlmn + Δ]",
        rate('j'),
        rate('l'),
        write(equations.noise.rate)
    ));
    if trained {
        line(format!(
            "  da_i/dt = {} Σ_n {}",
            write(equations.readout.rate),
            write(equations.readout.summand)
        ));
    }
    out
}

fn latex(equations: &Equations, activation: &dyn Activation, name: &str, sizes: Sizes) -> String {
    let write = |expr| written(equations, expr, Style::Latex);
    let Sizes { k, p, trained } = sizes;
    let nodes = sizes.nodes();
    let [_, formula] = activation.formula();
    let mut rows = vec![
        format!("\\sigma(x) &= {formula}"),
        format!(
            "r = 1, \\ldots, {k};\\quad i, j, l &= 1, \\ldots, {p};\\quad m, n = 1, \\ldots, {nodes} \\text{{ (teachers first)}}"
        ),
        "\\Omega = (q_{mn}) &= \\begin{pmatrix} P & M \\\\ M^\\top & Q \\end{pmatrix},\\quad c_r = s^* a^*_r \\text{ (teacher)},\\quad c_i = -s a_i \\text{ (student)}".to_owned(),
        format!("\\mathbb{{E}}[\\sigma(\\lambda_m) \\sigma(\\lambda_n)] &= {}", write(equations.two_point)),
        format!("R &= \\sum_{{m,n}} {} + \\frac{{\\Delta}}{{2}}", write(equations.risk)),
        format!("A_i &= \\sum_n {}", write(equations.flow.own)),
        format!("B_{{in}} &= {}", write(equations.flow.other)),
        "G_{ir} &= A_i M_{ri} + \\sum_n B_{in} q_{nr},\\quad G_{ij} = A_i Q_{ij} + \\sum_n B_{in} q_{nj}".to_owned(),
    ];
    for vector in &equations.noise.vectors {
        let indices: String = vector.indices.iter().map(ToString::to_string).collect();
        rows.push(format!("{}_{{{indices}}} &= {}", vector.name, write(vector.body)));
    }
    rows.push(format!(
        "J_{{jl}} &= \\mathbb{{E}}[\\sigma'(\\lambda_j) \\sigma'(\\lambda_l)] = {}",
        write(equations.noise.mass)
    ));
    rows.push(format!(
        "F_{{jlmn}} &= \\frac{{\\mathbb{{E}}[\\sigma'(\\lambda_j) \\sigma'(\\lambda_l) \\sigma(\\lambda_m) \\sigma(\\lambda_n)]}}{{J_{{jl}}}} = {}",
        write(equations.noise.tilted)
    ));
    let rate = |role: char| write(equations.flow.rate).replace("_{i}", &format!("_{{{role}}}"));
    rows.push(format!("\\frac{{dM_{{ri}}}}{{dt}} &= {} G_{{ir}}", rate('i')));
    rows.push(format!(
        "\\frac{{dQ_{{jl}}}}{{dt}} &= {} G_{{jl}} + {} G_{{lj}} + {} J_{{jl}} \\Bigl[\\sum_{{m,n}} c_m c_n F_{{jlmn}} + \\Delta\\Bigr]",
        rate('j'),
        rate('l'),
        write(equations.noise.rate)
    ));
    if trained {
        rows.push(format!(
            "\\frac{{da_i}}{{dt}} &= {} \\sum_n {}",
            write(equations.readout.rate),
            write(equations.readout.summand)
        ));
    }
    format!("% {name}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n", rows.join(" \\\\\n"))
}
