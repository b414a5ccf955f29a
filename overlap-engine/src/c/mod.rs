//! The schedule as one self-contained C99 file, for codes in C, C++, Fortran or Julia.
//!
//! Lanes are [`LANES`] students or pairs of students: the innermost loops, of constant length, which compilers vectorise. Sums and
//! loops around them are those of the [schedule](crate::schedule).

mod write;

use crate::equations::Equations;
use crate::infix::{self, Leaves};
use crate::schedule::{Flow, Form, Forms, Lanes, Noise, PairSum, Rates, Risk, Statement, Table};
use crate::symbol::Kind;
use overlap_layout::{MAX_LANES as LANES, Padded, Shape};
use std::fmt::Write;
use write::{Writer, loop_over, scalar};

/// `NAME.c`: right-hand side and risk of the equations at these sizes; `name` is the prefix of all names in it, an identifier.
///
/// # Errors
/// If `name` is no identifier of C.
pub fn file(equations: &mut Equations<'_>, shape: Shape, name: &str) -> Result<String, String> {
    let first = name.chars().next().is_some_and(|first| first.is_ascii_alphabetic());
    if !first || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err(format!("`{name}` cannot begin names in C: letters, digits and _, a letter first"));
    }
    let lanes = Lanes::new(equations, shape.trained);
    let forms = equations.by_coincidence.then(|| Forms::new(equations, false));
    let [student, teacher] =
        [equations.activations.student, equations.activations.teacher].map(|activation| activation.name());
    let mut text = head(shape, &student, &teacher);
    text += include_str!("common.c");
    text += "\n";
    text += include_str!("functions.c");
    if let Some(forms) = &forms {
        let mut functions = String::new();
        forms_of(&mut functions, forms);
        if functions.contains("OVERLAP_four_signs") {
            text += include_str!("four_signs.c");
        }
        text += &functions;
    }
    text += &right_hand_side(&lanes, forms.as_ref(), shape.trained);
    text += &risk(&lanes.risk);
    Ok(text.replace("OVERLAP", name))
}

/// Comment, sizes and parameters.
fn head(shape: Shape, student: &str, teacher: &str) -> String {
    let Shape { k, p, trained } = shape;
    let Padded { wide, line, row, band } = Padded::new(shape);
    let (nodes, dim, flag) = (shape.nodes(), shape.dim(), i32::from(trained));
    let readout = if trained { " | a (p)" } else { "" };
    let rate = if trained {
        "second_layer_rate is gamma_a; a is not read, it is a part of the state."
    } else {
        "second_layer_rate is not read, the second layer is fixed."
    };
    format!(
        "/* The overlap dynamics of one-pass SGD in two-layer networks with k = {k} teacher units ({teacher}) and p = {p} student units
   ({student}), second layer {second}: dstate/dt with t = steps / d, and the population risk.

   C99, no dependency but libm. No function keeps anything between calls.

   state: {dim} numbers, [M row by row (k x p) | upper triangle of Q row by row{readout}].
   parameters: P row by row (k x k); a_star (k); a (p); the output scales; learning_rate is gamma; the variance noise of the
   labels; batch. {rate}

   void OVERLAP_right_hand_side(const OVERLAP_parameters *parameters, const double *state, double *derivative);
   double OVERLAP_risk(const OVERLAP_parameters *parameters, const double *state);
*/
#include <math.h>

enum {{
    OVERLAP_K = {k}, OVERLAP_P = {p}, OVERLAP_N = {nodes}, OVERLAP_DIMENSION = {dim}, OVERLAP_TRAINED = {flag},
    /* Lanes, and lengths of rows that are padded for them. */
    OVERLAP_LANES = {LANES}, OVERLAP_WIDE = {wide}, OVERLAP_LINE = {line}, OVERLAP_ROW = {row}, OVERLAP_BAND = {band}
}};

typedef struct {{
    double P[OVERLAP_K * OVERLAP_K], a_star[OVERLAP_K], a[OVERLAP_P];
    double student_scale, teacher_scale, learning_rate, second_layer_rate, noise, batch;
}} OVERLAP_parameters;

void OVERLAP_right_hand_side(const OVERLAP_parameters *parameters, const double *state, double *derivative);
double OVERLAP_risk(const OVERLAP_parameters *parameters, const double *state);

",
        second = if trained { "trained" } else { "fixed" },
    )
}

/// A loop over lanes.
const LANE: &str = "for (int v = 0; v < OVERLAP_LANES; v++)";

fn right_hand_side(lanes: &Lanes, forms: Option<&Forms>, trained: bool) -> String {
    let mut text = String::from(
        "\nvoid OVERLAP_right_hand_side(const OVERLAP_parameters *parameters, const double *state, double *derivative)\n{\n    \
         OVERLAP_nodes nodes, *x = &nodes;\n    OVERLAP_lay_out(parameters, state, x);\n",
    );
    flow(&mut text, &lanes.flow, trained);
    match (&lanes.noise, forms) {
        (Some(loops), _) => noise(&mut text, loops),
        (None, Some(forms)) => noise_by_forms(&mut text, forms),
        (None, None) => unreachable!("loops or forms"),
    }
    assembly(&mut text, &lanes.rates, trained);
    text + "}\n"
}

/// Values of lanes that loops inside need: arrays.
fn of_lanes(text: &mut String, writer: &mut Writer, statements: &[Statement], depth: usize) {
    let indent = "    ".repeat(depth);
    let names: Vec<&str> = statements.iter().filter_map(named).collect();
    if names.is_empty() {
        return;
    }
    let arrays: Vec<String> = names.iter().map(|name| format!("{name}[OVERLAP_LANES]")).collect();
    let _ = writeln!(text, "{indent}double {};", arrays.join(", "));
    let _ = writeln!(text, "{indent}{LANE} {{");
    for statement in statements {
        if let Statement::Let(name, value) = statement {
            let value = writer.value(value);
            let _ = writeln!(text, "{indent}    {name}[v] = {value};");
            writer.lanes.push(name.clone());
        }
    }
    let _ = writeln!(text, "{indent}}}");
}

fn named(statement: &Statement) -> Option<&str> {
    match statement {
        Statement::Let(name, _) => Some(name),
        _ => None,
    }
}

/// Statements inside a loop over lanes.
fn inside(text: &mut String, writer: &Writer, statements: &[Statement], depth: usize) {
    let indent = "    ".repeat(depth);
    for statement in statements {
        let _ = match statement {
            Statement::Let(name, value) => {
                writeln!(text, "{indent}const double {name} = {};", writer.value(value))
            }
            Statement::Keep(array, value) => {
                writeln!(text, "{indent}{array}[n][v] = {};", writer.value(value))
            }
            Statement::Batch { .. } | Statement::Result(_) => {
                unreachable!("only straight-line code has them")
            }
        };
    }
}

fn tables(text: &mut String, tables: &[Table]) {
    for Table { name, statements, value } in tables {
        let writer = Writer::default();
        let _ = writeln!(text, "    double {name}[OVERLAP_WIDE];");
        let _ =
            writeln!(text, "    for (int b = 0; b < OVERLAP_WIDE; b += OVERLAP_LANES)\n        {LANE} {{");
        inside(text, &writer, statements, 3);
        let _ = writeln!(text, "            {name}[b + v] = {};\n        }}", writer.value(value));
    }
}

fn flow(text: &mut String, flow: &Flow, trained: bool) {
    text.push_str("\n    /* Gradient flow: lanes are students i. */\n");
    tables(text, &flow.tables);
    text.push_str("    double flow[OVERLAP_N][OVERLAP_LINE], rate[OVERLAP_LINE];\n");
    if trained {
        text.push_str("    double readout[OVERLAP_LINE];\n");
    }
    text.push_str("    for (int i = 0; i < OVERLAP_P; i += OVERLAP_LANES) {\n");
    let mut writer = Writer::default();
    of_lanes(text, &mut writer, &flow.lane, 2);
    text.push_str("        double own[OVERLAP_LANES] = {0}, other[OVERLAP_N][OVERLAP_LANES];\n");
    if trained {
        text.push_str("        double readout_sum[OVERLAP_LANES] = {0};\n");
    }
    for sum in &flow.sums {
        let _ = writeln!(
            text,
            "        {} {{\n            const double c = x->c[n];\n            {LANE} {{",
            loop_over(sum.n, "n")
        );
        inside(text, &writer, &sum.statements, 4);
        let _ = writeln!(text, "                own[v] += c * {};", writer.factor(&sum.own));
        let _ = writeln!(text, "                other[n][v] = c * {};", writer.factor(&sum.other));
        if let Some(readout) = &sum.readout {
            let _ = writeln!(text, "                readout_sum[v] += c * {};", writer.factor(readout));
        }
        text.push_str("            }\n        }\n");
    }
    let _ = write!(
        text,
        "        for (int b = 0; b < OVERLAP_N; b++) {{
            double sum[OVERLAP_LANES];
            {LANE}
                sum[v] = x->omega[b][OVERLAP_K + i + v] * own[v];
            for (int n = 0; n < OVERLAP_N; n++)
                {LANE}
                    sum[v] += x->omega[b][n] * other[n][v];
            {LANE}
                flow[b][i + v] = sum[v];
        }}
"
    );
    if trained {
        let _ = writeln!(text, "        {LANE}\n            readout[i + v] = readout_sum[v];");
    }
    text.push_str("    }\n");
}

/// Arrays over nodes.
fn arrays(text: &mut String, names: &[String], depth: usize) {
    if !names.is_empty() {
        let all: Vec<String> = names.iter().map(|name| format!("{name}[OVERLAP_N][OVERLAP_LANES]")).collect();
        let _ = writeln!(text, "{}double {};", "    ".repeat(depth), all.join(", "));
    }
}

/// The loops around pairs of students.
const PAIRS: &str = "    for (int delta = 0; delta < OVERLAP_BAND; delta++) {
        const int count = 2 * delta == OVERLAP_P ? delta : OVERLAP_P;
";

fn noise(text: &mut String, noise: &Noise) {
    text.push_str("\n    /* Noise of SGD: lanes are pairs of students j, l = j + delta. */\n");
    text.push_str("    double noise[OVERLAP_BAND][OVERLAP_LINE];\n");
    arrays(text, &noise.arrays, 1);
    text.push_str(PAIRS);
    text.push_str(
        "        for (int j = 0; j < count; j += OVERLAP_LANES) {\n            const int l = j + delta;\n            (void)l;\n",
    );
    let mut writer = Writer::default();
    of_lanes(text, &mut writer, &noise.lane, 3);
    for body in &noise.loops {
        let _ = writeln!(text, "            {}\n                {LANE} {{", loop_over(body.n, "n"));
        inside(text, &writer, &body.statements, 5);
        text.push_str("                }\n");
    }
    let _ = writeln!(text, "            double {}[OVERLAP_LANES];", Noise::BRACKET);
    let _ = writeln!(
        text,
        "            {LANE}\n                {}[v] = {};",
        Noise::BRACKET,
        writer.value(&noise.start)
    );
    for PairSum { n, m, symmetric, statements, argument, asin, front } in &noise.sums {
        text.push_str("            {\n                double sum[OVERLAP_LANES] = {0};\n");
        let (over_m, weight) = if *symmetric {
            let first = if n.kind() == Kind::Student { "OVERLAP_K" } else { "0" };
            (format!("for (int m = {first}; m <= n; m++)"), "(m < n ? 2.0 : 1.0) * x->c[n] * x->c[m]")
        } else {
            (loop_over(*m, "m"), "x->c[n] * x->c[m]")
        };
        let _ = writeln!(text, "                {}\n                    {over_m} {{", loop_over(*n, "n"));
        let _ = writeln!(
            text,
            "                        const double weight = {weight};\n                        {LANE} {{"
        );
        inside(text, &writer, statements, 7);
        let argument = writer.value(argument);
        let function = if *asin { format!("OVERLAP_asin({argument})") } else { format!("({argument})") };
        let _ = writeln!(text, "                            sum[v] += weight * {function};");
        text.push_str("                        }\n                    }\n");
        let front = front.as_ref().map_or_else(String::new, |front| format!("{} * ", writer.factor(front)));
        let _ = writeln!(
            text,
            "                {LANE}\n                    {}[v] += {front}sum[v];\n            }}",
            Noise::BRACKET
        );
    }
    writer.lanes.push(Noise::BRACKET.into());
    let _ = writeln!(
        text,
        "            {LANE}\n                noise[delta][j + v] = {};",
        writer.value(&noise.result)
    );
    text.push_str("        }\n    }\n");
}

fn assembly(text: &mut String, rates: &Rates, trained: bool) {
    let _ = write!(
        text,
        "
    const double noise_rate = {};
    for (int i = 0; i < OVERLAP_P; i++) {{
        rate[i] = {};
        for (int r = 0; r < OVERLAP_K; r++)
            derivative[r * OVERLAP_P + i] = rate[i] * flow[r][i];
    }}
{PAIRS}        for (int j = 0; j < count; j++) {{
            const int l = (j + delta) % OVERLAP_P;
            derivative[OVERLAP_q(j, l)] = rate[j] * flow[OVERLAP_K + l][j] + rate[l] * flow[OVERLAP_K + j][l]
                + noise_rate * {} * noise[delta][j];
        }}
    }}
",
        scalar(&rates.noise),
        scalar(&rates.flow),
        scalar(&rates.readouts)
    );
    if trained {
        let _ = writeln!(
            text,
            "    for (int i = 0; i < OVERLAP_P; i++)\n        derivative[OVERLAP_DIMENSION - OVERLAP_P + i] = {} * readout[i];",
            scalar(&rates.readout)
        );
    }
}

/// A function for every form.
fn forms_of(text: &mut String, forms: &Forms) {
    let all = forms.labels.iter().chain(forms.cases.iter().map(|(_, form)| form));
    for (number, form) in all.enumerate() {
        let _ = writeln!(
            text,
            "\nstatic double OVERLAP_form_{number}(const OVERLAP_nodes *x, int j, int l, int n, int m)\n{{\n    (void)x, (void)j, (void)l, (void)n, (void)m;"
        );
        form_body(text, form);
        text.push_str("}\n");
    }
}

/// The statements that the expectation needs, and it.
fn form_body(text: &mut String, form: &Form) {
    let (lines, result) = infix::form(form, &Writer { definite: true, ..Writer::default() });
    for (name, value) in lines {
        let _ = writeln!(text, "    const double {name} = {value};");
    }
    let _ = writeln!(text, "    return {result};");
}

fn noise_by_forms(text: &mut String, forms: &Forms) {
    let apart = if forms.teachers_apart { "OVERLAP_K" } else { "0" };
    let _ = write!(
        text,
        "
    /* Noise of SGD: a form for every pattern of nodes of one direction. Fields of one direction up to 1e-5 in angle are taken for
       one, up to 3e-4 where a third one is as near. */
    int one[OVERLAP_N][OVERLAP_N], near[OVERLAP_N][OVERLAP_N];
    for (int n = 0; n < OVERLAP_N; n++)
        for (int m = 0; m < OVERLAP_N; m++) {{
            const double variances = x->omega[n][n] * x->omega[m][m], overlap = x->omega[n][m];
            const double rest = variances - overlap * overlap;
            const int may_be = n != m && overlap > 0.0 && (n < {apart}) == (m < {apart});
            one[n][m] = n == m || (may_be && rest <= 1e-10 * variances);
            near[n][m] = may_be && rest <= 1e-7 * variances;
        }}
    for (int n = 0; n < OVERLAP_N; n++)
        for (int m = 0; m < OVERLAP_N; m++)
            for (int third = 0; third < OVERLAP_N && near[n][m]; third++)
                one[n][m] |= near[n][third] && near[third][m];
    double noise[OVERLAP_BAND][OVERLAP_LINE];
{PAIRS}        for (int student = 0; student < count; student++) {{
            const int j = OVERLAP_K + student, l = OVERLAP_K + (student + delta) % OVERLAP_P;
            double sum = parameters->noise * (j == l ? OVERLAP_form_0(x, j, l, j, l) : OVERLAP_form_1(x, j, l, j, l));
            for (int n = 0; n < OVERLAP_N; n++)
                for (int m = 0; m <= n; m++) {{
                    const int of_l = !one[l][j];
                    const int of_n = one[n][j] ? 0 : one[n][l] ? of_l : of_l + 1;
                    const int most = of_l > of_n ? of_l : of_n;
                    const int of_m = one[m][j] ? 0 : one[m][l] ? of_l : one[m][n] ? of_n : most + 1;
                    double value = 0.0;
"
    );
    for (number, (pattern, _)) in forms.cases.iter().enumerate() {
        let [of_l, of_n, of_m] = pattern.directions;
        let mut when = vec![format!("of_l == {of_l}"), format!("of_n == {of_n}"), format!("of_m == {of_m}")];
        if of_l == 0 {
            when.push(format!("(j == l) == {}", i32::from(pattern.one_student)));
        }
        for (node, kind) in ["n", "m"].into_iter().zip(pattern.kinds) {
            match kind {
                Kind::Node => {}
                Kind::Teacher => when.push(format!("{node} < OVERLAP_K")),
                Kind::Student => when.push(format!("{node} >= OVERLAP_K")),
            }
        }
        let otherwise = if number == 0 { "" } else { "else " };
        let _ = writeln!(
            text,
            "                    {otherwise}if ({})\n                        value = OVERLAP_form_{}(x, j, l, n, m);",
            when.join(" && "),
            number + 2
        );
    }
    text.push_str(
        "                    sum += (m < n ? 2.0 : 1.0) * x->c[n] * x->c[m] * value;
                }
            noise[delta][student] = sum;
        }
    }
",
    );
}

fn risk(risk: &Risk) -> String {
    let mut text = String::from(
        "\ndouble OVERLAP_risk(const OVERLAP_parameters *parameters, const double *state)\n{\n    OVERLAP_nodes nodes, *x = &nodes;\n    \
         OVERLAP_lay_out(parameters, state, x);\n    double risk = 0.5 * parameters->noise;\n",
    );
    match risk {
        Risk::OverNodes { tables, lane, statements, summand } => {
            self::tables(&mut text, tables);
            text.push_str("    for (int b = 0; b < OVERLAP_N; b += OVERLAP_LANES) {\n");
            let mut writer = Writer::default();
            of_lanes(&mut text, &mut writer, lane, 2);
            let _ = writeln!(
                text,
                "        double sum[OVERLAP_LANES] = {{0}};\n        for (int n = 0; n < OVERLAP_N; n++)\n            {LANE} {{"
            );
            inside(&mut text, &writer, statements, 4);
            let _ = writeln!(text, "                sum[v] += {};\n            }}", writer.value(summand));
            text.push_str("        for (int v = 0; v < OVERLAP_LANES && b + v < OVERLAP_N; v++)\n            risk += sum[v];\n    }\n");
        }
        Risk::ByCases { arrays, lane, loops, sums } => {
            // No lanes: arrays hold one number a node.
            let writer = Writer { single: true, ..Writer::default() };
            for name in arrays {
                let _ = writeln!(text, "    double {name}[OVERLAP_N];");
            }
            inside(&mut text, &writer, lane, 1);
            for body in loops {
                let _ = writeln!(text, "    {} {{", loop_over(body.n, "n"));
                let mut body_text = String::new();
                inside(&mut body_text, &writer, &body.statements, 2);
                text += &body_text.replace("[n][v]", "[n]");
                text.push_str("    }\n");
            }
            for sum in sums {
                let _ = writeln!(text, "    {}\n        {} {{", loop_over(sum.n, "n"), loop_over(sum.m, "m"));
                inside(&mut text, &writer, &sum.statements, 3);
                let _ = writeln!(text, "            risk += {};\n        }}", writer.value(&sum.summand));
            }
        }
    }
    text + "    return risk;\n}\n"
}
