//! What the engine costs, in one table: derivation, description and emission, with the number of distinct expressions made
//! and the size of what is emitted. Times are minimum and median of rounds in one run, in microseconds; the last
//! columns are the emission for every expression and for every thousand characters of code.
//!
//! `cargo bench -p overlap-codegen --bench engine`

use overlap_codegen::emit::{Sizes, lanes, straight};
use overlap_codegen::spec::Specification;
use overlap_engine::describe::describe;
use overlap_engine::equations::Equations;
use std::time::Instant;

const CASES: [(&str, usize, usize, bool); 14] = [
    ("erf", 4, 8, false),
    ("erf", 8, 32, false),
    ("erf", 8, 64, false),
    ("hermite(3)", 4, 8, false),
    ("hermite(3)", 8, 32, false),
    ("hermite(3)", 8, 64, false),
    ("relu", 4, 8, false),
    ("erf, teacher_act = sign", 4, 8, false),
    ("erf", 1, 1, true),
    ("erf", 2, 2, true),
    ("erf", 3, 3, true),
    ("erf", 4, 4, true),
    ("hermite(2)", 2, 2, true),
    ("hermite(2)", 4, 4, true),
];

/// Microseconds of the three stages, expressions, and characters of code and texts.
struct Cost {
    stages: [f64; 3],
    expressions: usize,
    code: usize,
    texts: usize,
}

fn once(act: &str, sizes: Sizes, unrolled: bool) -> Cost {
    let specification: Specification =
        syn::parse_str(&format!("k = 1, p = 1, act = {act}")).expect("a valid declaration");
    let start = Instant::now();
    let mut stages = [0.0; 3];
    let mut since = |stage: usize| stages[stage] = start.elapsed().as_secs_f64() * 1e6;
    let mut equations = Equations::derive(specification.activations()).expect("closed forms");
    since(0);
    let description = describe(&mut equations, specification.activations(), "Measured", sizes);
    since(1);
    let (side, risk) = if unrolled { straight(&mut equations, sizes) } else { lanes(&mut equations, sizes) };
    since(2);
    let stages = [stages[0], stages[1] - stages[0], stages[2] - stages[1]];
    let texts = description.files("Measured").iter().map(|(_, text)| text.len()).sum();
    Cost {
        stages,
        expressions: equations.pool.len(),
        code: side.to_string().len() + risk.to_string().len(),
        texts,
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 1 } else { 15 };
    println!(
        "{:<24} {:>8} {:>9} {:>16} {:>16} {:>18} {:>7} {:>9} {:>9} {:>9} {:>9}",
        "activation",
        "(k, p)",
        "form",
        "derive",
        "describe",
        "emit",
        "exprs",
        "code",
        "texts",
        "emit/expr",
        "emit/kB"
    );
    for (act, k, p, unrolled) in CASES {
        let sizes = Sizes { k, p, trained: false };
        let costs: Vec<Cost> = (0..rounds).map(|_| once(act, sizes, unrolled)).collect();
        let stage = |stage: usize| {
            let mut times: Vec<f64> = costs.iter().map(|cost| cost.stages[stage]).collect();
            times.sort_by(f64::total_cmp);
            (times[0], times[times.len() / 2])
        };
        let Cost { expressions, code, texts, .. } = costs[0];
        let shown = [0, 1, 2].map(|number| {
            let (least, median) = stage(number);
            format!("{least:.0} / {median:.0}")
        });
        let emission = stage(2).0;
        println!(
            "{act:<24} {:>8} {:>9} {:>16} {:>16} {:>18} {expressions:>7} {code:>9} {texts:>9} {:>9.2} {:>9.0}",
            format!("({k}, {p})"),
            if unrolled { "straight" } else { "loops" },
            shown[0],
            shown[1],
            shown[2],
            emission / expressions as f64,
            emission * 1e3 / code as f64,
        );
    }
}
