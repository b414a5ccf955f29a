//! What is printed can be read back, in every activation's equations; MathML is well formed.

#[path = "../../overlap-engine/tests/support/parse.rs"]
mod parse;

use overlap_codegen::expand_for_reading;
use overlap_codegen::spec::Specification;
use overlap_engine::describe::Names;
use overlap_engine::equations::{Equations, I, J, L, M, N, R};
use overlap_engine::expr::{Expr, Pool, Style, print};
use overlap_engine::gaussian::Definition;
use overlap_engine::symbol::{Index, Kind, Symbol};

/// One declaration for every kind of equations.
const ACTIVATIONS: [&str; 10] = [
    "erf",
    "erf(gain = 0.3)",
    "erf, teacher_act = sign",
    "erf, teacher_act = relu",
    "linear, teacher_act = erf",
    "relu",
    "linear",
    "hermite(2)",
    "hermite(3)",
    "polynomial([0, 1, 0.5])",
];

fn derive<T>(act: &str, look: impl Fn(Equations<'_>) -> T) -> T {
    let specification: Specification =
        syn::parse_str(&format!("k = 2, p = 3, act = {act}")).expect("a valid declaration");
    look(Equations::derive(specification.activations()).expect("closed forms"))
}

/// The letter's role, given the kinds of n and m.
fn role(letter: char, [n, m]: [Kind; 2]) -> Index {
    match letter {
        'n' => Index::Role(n, 'n'),
        'm' => Index::Role(m, 'm'),
        _ => [I, J, L, R]
            .into_iter()
            .find(|index| index.to_string() == letter.to_string())
            .expect("a known letter"),
    }
}

#[test]
fn equations_are_read_back_as_they_are() {
    let mut count = 0;
    for act in ACTIVATIONS {
        count += derive(act, |mut equations| {
            let node = [N.kind(), M.kind()];
            let noise = &equations.noise;
            let mut printed: Vec<(Expr, [Kind; 2])> =
                [equations.flow_rate, equations.readout_rate, noise.rate, noise.mass, noise.label]
                    .map(|expr| (expr, node))
                    .into();
            printed.extend(noise.vectors.iter().map(|vector| (vector.body, node)));
            for case in &equations.forces {
                let kinds = [case.n.kind(), Kind::Node];
                printed.extend([case.own, case.other, case.two_point].map(|expr| (expr, kinds)));
            }
            for case in &equations.pairs {
                let kinds = [case.n.kind(), case.m.kind()];
                printed.extend([case.two_point, case.risk, case.tilted].map(|expr| (expr, kinds)));
            }
            for &(expr, kinds) in &printed {
                for style in [Style::Text, Style::Ascii] {
                    let text = print(&equations.pool, expr, style);
                    let read = parse::parse(&mut equations.pool, &text, &|letter| role(letter, kinds));
                    let read = read.unwrap_or_else(|message| panic!("{act}: {message} in {text}"));
                    assert!(
                        read == expr,
                        "{act}: {text}\nis read as {}",
                        print(&equations.pool, read, style)
                    );
                }
            }
            printed.len()
        });
    }
    assert!(count > 100, "{count}");
}

/// Values of parameters, readouts and overlaps at which the overlaps are those of vectors, so that all roots exist.
fn value(symbol: &Symbol) -> f64 {
    let vector = |index: Index| {
        let number = match index {
            Index::Role(kind, letter) => {
                f64::from(letter as u32) + if kind == Kind::Teacher { 0.3 } else { 0.0 }
            }
            Index::Teacher(unit) | Index::Student(unit) => f64::from(unit),
        };
        [1.0, 2.0, 3.0, 4.0, 5.0].map(|step: f64| (number * step * 1.7).sin())
    };
    match symbol {
        Symbol::Overlap(a, b) => vector(*a).iter().zip(vector(*b)).map(|(x, y)| x * y).sum(),
        _ => 0.7,
    }
}

/// Equations with names in them: they are read back, and with what the names stand for they are what they were.
#[test]
fn names_stand_for_what_they_replace() {
    let with_names = [
        "relu",
        "relu, teacher_act = erf(gain = 2)",
        "relu, teacher_act = hermite(2)",
        "hermite(2), teacher_act = relu",
    ];
    for act in ACTIVATIONS.into_iter().chain(with_names) {
        derive(act, |equations| {
            let mut pool = equations.pool.clone();
            let names = Names::new(&mut pool, &equations);
            let mut definitions = names.definitions().to_vec();
            definitions.extend(equations.noise.vectors.iter().cloned());
            let mut exprs: Vec<(Expr, [Kind; 2])> = vec![(equations.noise.label, [Kind::Node; 2])];
            for case in &equations.forces {
                exprs.extend([case.own, case.other].map(|expr| (expr, [case.n.kind(), Kind::Node])));
            }
            for case in &equations.pairs {
                exprs
                    .extend([case.two_point, case.tilted].map(|expr| (expr, [case.n.kind(), case.m.kind()])));
            }
            for (expr, kinds) in exprs {
                let named = names.named(&mut pool, expr);
                for style in [Style::Text, Style::Ascii] {
                    let text = print(&pool, named, style);
                    let read = parse::parse(&mut pool, &text, &|letter| role(letter, kinds));
                    assert_eq!(read, Ok(named), "{act}: {text}");
                }
                let mut plain = named;
                // H is made of G, G of C.
                for _ in 0..4 {
                    plain = pool.substitute(plain, &mut |pool, symbol| {
                        let Symbol::Defined(name, indices) = symbol else { return None };
                        // Off the diagonal, and of students, C is Ω.
                        let [a, b] = indices[..] else { return instance(pool, &definitions, name, indices) };
                        if *name == "C" && (a != b || a.kind() != Kind::Teacher) {
                            return Some(pool.overlap(a, b));
                        }
                        instance(pool, &definitions, name, indices)
                    });
                }
                let (found, wanted) = (pool.evaluate(plain, &value), {
                    let inlined = overlap_engine::resolve::inline(&mut pool, expr, &definitions);
                    pool.evaluate(inlined, &value)
                });
                assert!(wanted.is_finite(), "{act}: {}", print(&pool, expr, Style::Text));
                assert!(
                    (found - wanted).abs() < 1e-9 * wanted.abs().max(1.0),
                    "{act}: {found}, not {wanted}"
                );
            }
        });
    }
}

fn instance(pool: &mut Pool, definitions: &[Definition], name: &str, indices: &[Index]) -> Option<Expr> {
    let definition = definitions.iter().find(|definition| definition.name == name)?;
    Some(definition.instantiate(pool, indices))
}

/// No line of text is much wider than a page.
#[test]
fn lines_are_not_long() {
    let pairs =
        ["relu, teacher_act = hermite(3)", "hermite(3), teacher_act = relu", "erf, teacher_act = hermite(3)"];
    for act in ACTIVATIONS.into_iter().chain(pairs) {
        // The equations of error functions alone have a summand that is longer.
        if act.split(", ").all(|word| word.contains("erf") || word.contains("sign")) {
            continue;
        }
        let input = format!("k = 2, p = 2, act = {act}").parse().expect("tokens");
        let (description, _) = expand_for_reading(input).expect("a valid declaration");
        for text in [description.text, description.ascii, description.derivation] {
            let long = text.lines().find(|line| line.chars().count() > 120);
            assert!(long.is_none(), "{act}: {long:?}");
        }
    }
}

/// Constants as a person writes them.
#[test]
fn constants_have_one_root_and_no_root_below_a_multiple() {
    let mut pool = Pool::new();
    let (two, pi, x) = (pool.integer(2), pool.pi(), pool.overlap(Index::Student(0), Index::Student(1)));
    let ratio = {
        let (root, inverse) = (pool.sqrt(two), pool.pow(pi, -1, 2));
        pool.mul([root, inverse])
    };
    let cases = [
        ((2, 1), "2 √(2/π) Q_12"),
        ((1, 2), "(1/√(2 π)) Q_12"),
        ((3, 4), "(3/(2 √(2 π))) Q_12"),
        ((-1, 3), "-(1/3) √(2/π) Q_12"),
    ];
    for ((numerator, denominator), expected) in cases {
        let factor = pool.rational(numerator, denominator);
        let product = pool.mul([factor, ratio, x]);
        assert_eq!(print(&pool, product, Style::Text), expected);
    }
    let inverse = pool.pow(pi, -1, 1);
    let product = pool.mul([ratio, inverse, x]);
    assert_eq!(print(&pool, product, Style::Text), "(1/π) √(2/π) Q_12");
    assert_eq!(print(&pool, product, Style::Latex), "\\frac{1}{\\pi} \\sqrt{\\frac{2}{\\pi}} Q_{12}");
    assert_eq!(print(&pool, product, Style::Ascii), "(1/pi) sqrt(2/pi) Q_12");
}

/// Elements are closed in order and have as many children as MathML says.
#[test]
fn pages_are_well_formed() {
    for act in ACTIVATIONS {
        let (description, _) = expand_for_reading(
            format!("k = 2, p = 3, second_layer = trained, act = {act}").parse().expect("tokens"),
        )
        .expect("a valid declaration");
        assert!(!description.html.contains("http"), "{act}: nothing is fetched");
        let body = description.html.split_once("<body>").expect("a body").1;
        let body = body.split_once("</body>").expect("an end").0;
        let mut open: Vec<(&str, usize)> = vec![("body", 0)];
        for tag in body.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').unwrap_or_else(|| panic!("{act}: <{tag}"));
            assert!(!text.contains('&') || text.contains(';'), "{act}: {text}");
            let name = tag.split(' ').next().unwrap_or(tag);
            if let Some(name) = name.strip_prefix('/') {
                let (opened, children) = open.pop().expect("something is open");
                assert_eq!(opened, name, "{act}");
                let wanted = match name {
                    "mfrac" | "msub" | "msup" | "munder" => Some(2),
                    "msubsup" => Some(3),
                    _ => None,
                };
                assert!(
                    wanted.is_none_or(|wanted| wanted == children),
                    "{act}: {name} has {children} children"
                );
                continue;
            }
            open.last_mut().expect("the body is open").1 += 1;
            if !tag.ends_with('/') {
                open.push((name, 0));
            }
        }
        assert_eq!(open.len(), 1, "{act}");
    }
}
