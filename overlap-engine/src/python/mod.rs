//! The schedule as one self-contained Python file: arrays over nodes and pairs in place of loops, for NumPy or JAX.

mod write;

use crate::equations::Equations;
use crate::expr::Pool;
use crate::infix::{self, Leaves};
use crate::schedule::{Flow, Form, Forms, Lanes, Loop, Noise, PairSum, Rates, Risk, Statement, Table};
use crate::symbol::{Index, Kind};
use overlap_layout::Shape;
use std::fmt::Write;
use write::Writer;

/// A Python module with `right_hand_side(state, parameters)` and `risk(state, parameters)` of the equations at these sizes.
pub fn file(equations: &mut Equations<'_>, shape: Shape) -> String {
    let lanes = Lanes::new(equations, shape.trained);
    let forms = equations.by_coincidence.then(|| Forms::new(equations, false));
    let [student, teacher] =
        [equations.activations.student, equations.activations.teacher].map(|activation| activation.name());
    let mut code = right_hand_side(&lanes, forms.as_ref());
    code += &risk(&lanes.risk);
    if let Some(forms) = &forms {
        let mut functions = String::from(include_str!("forms.py"));
        forms_of(&mut functions, forms);
        code = functions + &code;
    }
    if code.contains("_asin_with_cosine(") {
        // Roots of what vanishes for fields of one direction.
        code = code.replace("xp.sqrt(", "_sqrt(");
    }
    let functions = [
        ("_asin(", include_str!("asin.py")),
        ("_asin_with_cosine(", include_str!("asin_with_cosine.py")),
        ("_four_signs(", include_str!("four_signs.py")),
    ];
    let mut text = head(shape, &student, &teacher) + include_str!("common.py");
    for (name, function) in functions {
        // The orthant probability takes arcsines.
        if code.contains(name) || (name == "_asin(" && code.contains("_four_signs(")) {
            text += function;
        }
    }
    // Where the same root stands beside the arcsine, what rounding does to both cancels.
    let ramps = [equations.activations.student, equations.activations.teacher].iter().any(|activation| {
        let terms = activation.terms(&mut Pool::new()).unwrap_or_default();
        terms.iter().any(|term| term.power > 0 && term.width.is_some())
    });
    let least = if ramps { "0.0" } else { "3e-8" };
    text.replace("LEAST", least) + &code
}

/// What the module is, its sizes.
fn head(shape: Shape, student: &str, teacher: &str) -> String {
    let Shape { k, p, trained } = shape;
    let (nodes, dim) = (shape.nodes(), shape.dim());
    let (readout, second, flag) =
        if trained { (" | a (p)", "trained", "True") } else { ("", "fixed", "False") };
    let rate = if trained {
        "second_layer_rate is gamma_a, and a is a part of the state"
    } else {
        "a (p) is fixed, and second_layer_rate is not read"
    };
    format!(
        r#""""The overlap dynamics of one-pass SGD in two-layer networks with k = {k} teacher units ({teacher}) and p = {p} student units
({student}), second layer {second}: dstate/dt with t = steps / d, and the population risk.

state is [M row by row (k x p) | upper triangle of Q row by row{readout}], {dim} numbers. parameters is a dict with the names of problem
files, of numbers and arrays: P (k x k), a_star (k), a, student_scale, teacher_scale, learning_rate (gamma), second_layer_rate, noise
(the variance of label noise), batch. Here {rate}.

    from scipy.integrate import solve_ivp
    solve_ivp(lambda t, x: right_hand_side(x, parameters), (0, 100), state, method="DOP853", rtol=1e-8)

There are no loops over units. NumPy is all it needs; with `import jax.numpy as xp` below both functions can be given to jit, vmap, grad
and jacfwd. JAX wants jax.config.update("jax_enable_x64", True) first: single precision is not enough.
"""

K, P, N, DIMENSION, TRAINED = {k}, {p}, {nodes}, {dim}, {flag}

"#
    )
}

/// The first node of a role, and the end of its nodes.
fn ends(role: Index) -> [&'static str; 2] {
    match role.kind() {
        Kind::Node => ["0", "N"],
        Kind::Teacher => ["0", "K"],
        Kind::Student => ["K", "N"],
    }
}

fn nodes_of(role: Index) -> String {
    let [first, end] = ends(role);
    format!("np.arange({first}, {end})")
}

/// Names for values.
fn lets(text: &mut String, writer: &Writer, statements: &[Statement]) {
    for statement in statements {
        if let Statement::Let(name, value) = statement {
            let _ = writeln!(text, "    {name} = {}", writer.value(value));
        }
    }
}

fn tables(text: &mut String, tables: &[Table]) {
    if tables.is_empty() {
        return;
    }
    let writer = Writer::default();
    text.push_str("    b = np.arange(N)\n");
    for Table { name, statements, value } in tables {
        lets(text, &writer, statements);
        let _ = writeln!(text, "    {name} = {}", writer.value(value));
    }
}

/// Arrays over nodes, put together from those of teachers and those of students.
fn arrays(text: &mut String, writer: &Writer, names: &[String], loops: &[Loop], shape: &str, index: &str) {
    for body in loops {
        let _ = writeln!(text, "    n = {}{index}", nodes_of(body.n));
        for statement in &body.statements {
            match statement {
                Statement::Let(name, value) => {
                    let _ = writeln!(text, "    {name} = {}", writer.value(value));
                }
                Statement::Keep(name, value) => {
                    let piece = piece(name, body.n);
                    let _ = writeln!(
                        text,
                        "    {piece} = xp.broadcast_to({}, (len(n),{shape}))",
                        writer.value(value)
                    );
                }
                Statement::Batch { .. } | Statement::Result(_) => {
                    unreachable!("only straight-line code has them")
                }
            }
        }
    }
    for name in names {
        let keeps = |body: &&Loop| {
            body.statements.iter().any(|at| matches!(at, Statement::Keep(kept, _) if kept == name))
        };
        let pieces: Vec<String> = loops.iter().filter(keeps).map(|body| piece(name, body.n)).collect();
        let all = match &pieces[..] {
            [only] if only == name => continue,
            [only] if only.ends_with("_teachers") => only.clone(),
            // Looked up at students alone, who come after the teachers.
            [only] => format!("xp.concatenate([{only}[:1]] * K + [{only}])"),
            _ => format!("xp.concatenate([{}])", pieces.join(", ")),
        };
        let _ = writeln!(text, "    {name} = {all}");
    }
}

/// What an array over nodes is called where it has those of one role alone.
fn piece(name: &str, role: Index) -> String {
    match role.kind() {
        Kind::Node => name.to_owned(),
        Kind::Teacher => format!("{name}_teachers"),
        Kind::Student => format!("{name}_students"),
    }
}

fn right_hand_side(lanes: &Lanes, forms: Option<&Forms>) -> String {
    let mut text = String::from(
        "\n\ndef right_hand_side(state, parameters):\n    \"\"\"dstate/dt.\"\"\"\n    omega, a, c = _nodes(state, parameters)\n",
    );
    let trained = lanes.flow.sums.iter().any(|sum| sum.readout.is_some());
    flow(&mut text, &lanes.flow);
    match (&lanes.noise, forms) {
        (Some(loops), _) => noise(&mut text, loops),
        (None, Some(forms)) => noise_by_forms(&mut text, forms),
        (None, None) => unreachable!("loops or forms"),
    }
    assembly(&mut text, &lanes.rates, trained);
    text
}

fn flow(text: &mut String, flow: &Flow) {
    text.push_str("    # Gradient flow: rows are nodes, columns students.\n    i = _I\n");
    tables(text, &flow.tables);
    let writer = Writer::default();
    lets(text, &writer, &flow.lane);
    let mut others = Vec::new();
    for (number, sum) in flow.sums.iter().enumerate() {
        let _ = writeln!(text, "    n = {}[:, None]", nodes_of(sum.n));
        lets(text, &writer, &sum.statements);
        let add = if number == 0 { "" } else { "own_flow + " };
        let _ = writeln!(
            text,
            "    own_flow = {add}xp.broadcast_to(c[n] * {}, (len(n), P)).sum(0)",
            writer.factor(&sum.own)
        );
        let _ = writeln!(
            text,
            "    other_flow_{number} = xp.broadcast_to(c[n] * {}, (len(n), P))",
            writer.factor(&sum.other)
        );
        others.push(format!("other_flow_{number}"));
        if let Some(readout) = &sum.readout {
            let add = if number == 0 { "" } else { "readout + " };
            let _ = writeln!(
                text,
                "    readout = {add}xp.broadcast_to(c[n] * {}, (len(n), P)).sum(0)",
                writer.factor(readout)
            );
        }
    }
    let _ = writeln!(
        text,
        "    flow = omega[:, K:] * own_flow + omega @ xp.concatenate([{}])",
        others.join(", ")
    );
}

fn noise(text: &mut String, noise: &Noise) {
    text.push_str("    # Noise of SGD: columns are pairs of students, rows nodes or pairs of nodes.\n    j, l = _J, _L\n");
    let writer = Writer::default();
    lets(text, &writer, &noise.lane);
    arrays(text, &writer, &noise.arrays, &noise.loops, " len(j)", "[:, None]");
    let _ = writeln!(text, "    {} = {}", Noise::BRACKET, writer.value(&noise.start));
    for PairSum { n, m, symmetric, statements, argument, asin, front } in &noise.sums {
        let ([first_n, end_n], [first_m, end_m]) = (ends(*n), ends(*m));
        let _ = writeln!(
            text,
            "    n, m, weight = _pairs({first_n}, {end_n}, {first_m}, {end_m}, {})",
            if *symmetric { "True" } else { "False" }
        );
        lets(text, &writer, statements);
        let argument =
            if *asin { format!("_asin({})", writer.value(argument)) } else { writer.factor(argument) };
        let front = front.as_ref().map_or_else(String::new, |front| format!("{} * ", writer.factor(front)));
        let _ = writeln!(
            text,
            "    {0} = {0} + {front}xp.broadcast_to(weight * c[n] * c[m] * {argument}, (len(n), len(j))).sum(0)",
            Noise::BRACKET
        );
    }
    let _ = writeln!(text, "    noise = {}", writer.value(&noise.result));
}

fn assembly(text: &mut String, rates: &Rates, trained: bool) {
    let writer = Writer::default();
    let _ = write!(
        text,
        "    i, j, l = _I, _J, _L
    rate = xp.broadcast_to({}, (P,))
    d_m = (rate * flow[:K]).reshape(-1)
    d_q = rate[j - K] * flow[l, j - K] + rate[l - K] * flow[j, l - K] + {} * {} * noise
",
        writer.value(&rates.flow),
        writer.factor(&rates.noise),
        writer.factor(&rates.readouts)
    );
    if trained {
        let _ = writeln!(text, "    d_a = {} * readout", writer.factor(&rates.readout));
        text.push_str("    return xp.concatenate([d_m, d_q, d_a])\n");
    } else {
        text.push_str("    return xp.concatenate([d_m, d_q])\n");
    }
}

/// A function for every form.
fn forms_of(text: &mut String, forms: &Forms) {
    let all = forms.labels.iter().chain(forms.cases.iter().map(|(_, form)| form));
    for (number, form) in all.enumerate() {
        let _ = writeln!(text, "\n\ndef _form_{number}(q, j, l, n, m):");
        form_body(text, form);
    }
}

fn form_body(text: &mut String, form: &Form) {
    let (lines, result) = infix::form(form, &Writer { definite: true, ..Writer::default() });
    for (name, value) in lines {
        let _ = writeln!(text, "    {name} = {value}");
    }
    let _ = writeln!(text, "    return {result}");
}

fn noise_by_forms(text: &mut String, forms: &Forms) {
    let apart = if forms.teachers_apart { "K" } else { "0" };
    let _ = write!(
        text,
        "    # Noise of SGD: columns are pairs of students, rows pairs of nodes; a form for every pattern of nodes of one direction.
    j, l = _J, _L
    n, m, weight = _pairs(0, N, 0, N, True)
    one = _one(omega, {apart})
    of_l, of_n, of_m = _directions(one, j, l, n, m)
    holds = j == l
    noise = xp.where(holds, _form_0(_overlaps(omega, holds), j, l, j, l), 0.0)
    holds = j != l
    noise = {} * (noise + xp.where(holds, _form_1(_overlaps(omega, holds), j, l, j, l), 0.0))
    weight = weight * c[n] * c[m]
",
        write::PARAMETER_NOISE
    );
    for (number, (pattern, _)) in forms.cases.iter().enumerate() {
        let [of_l, of_n, of_m] = pattern.directions;
        let mut when =
            vec![format!("(of_l == {of_l})"), format!("(of_n == {of_n})"), format!("(of_m == {of_m})")];
        if of_l == 0 {
            when.push(format!("(j {} l)", if pattern.one_student { "==" } else { "!=" }));
        }
        for (node, kind) in ["n", "m"].into_iter().zip(pattern.kinds) {
            match kind {
                Kind::Node => {}
                Kind::Teacher => when.push(format!("({node} < K)")),
                Kind::Student => when.push(format!("({node} >= K)")),
            }
        }
        let _ = write!(
            text,
            "    holds = {}
    value = xp.where(holds, _form_{}(_overlaps(omega, holds), j, l, n, m), 0.0)
    noise = noise + xp.broadcast_to(weight * value, (len(n), len(j))).sum(0)
",
            when.join(" & "),
            number + 2
        );
    }
}

fn risk(risk: &Risk) -> String {
    let mut text = String::from(
        "\n\ndef risk(state, parameters):\n    \"\"\"The population risk, with noise / 2.\"\"\"\n    omega, a, c = _nodes(state, parameters)\n",
    );
    let _ = writeln!(text, "    total = 0.5 * {}", write::PARAMETER_NOISE);
    match risk {
        Risk::OverNodes { tables, lane, statements, summand } => {
            self::tables(&mut text, tables);
            text.push_str("    b, n = np.arange(N), np.arange(N)[:, None]\n");
            let writer = Writer::default();
            lets(&mut text, &writer, lane);
            lets(&mut text, &writer, statements);
            let _ =
                writeln!(text, "    return total + xp.broadcast_to({}, (N, N)).sum()", writer.value(summand));
        }
        Risk::ByCases { arrays, lane, loops, sums } => {
            let writer = Writer { single: true, ..Writer::default() };
            lets(&mut text, &writer, lane);
            self::arrays(&mut text, &writer, arrays, loops, "", "");
            for sum in sums {
                let _ = writeln!(text, "    n, m = {}[:, None], {}", nodes_of(sum.n), nodes_of(sum.m));
                lets(&mut text, &writer, &sum.statements);
                let _ = writeln!(
                    text,
                    "    total = total + xp.broadcast_to({}, (len(n), len(m))).sum()",
                    writer.value(&sum.summand)
                );
            }
            text.push_str("    return total\n");
        }
    }
    text
}
