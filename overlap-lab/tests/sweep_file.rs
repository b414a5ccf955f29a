//! Sweep files: what is wrong with one is told with its line, its key and what is allowed, before anything runs.

use overlap_lab::sweep::Sweep;
use overlap_lab::{Table, Values};
use overlap_runtime::{Activation, DynSystem, Error};

fn parse(text: &str) -> Result<Sweep, Error> {
    Sweep::parse(text, &DynSystem::new(2, 3, Activation::Erf, false).unwrap())
}

/// A sound file, to be spoilt: line 3 is the first of [problem], line 6 of [grid], line 9 of [record].
const SOUND: &str = "\
run = \"both\"
[problem]
learning_rate = 0.5
a_star = [1.0, 1.0]
[grid]
noise = [0.0, 1e-3]
seed = { from = 0, to = 4 }
[record]
until = 10.0
times = [1.0, 5.0]
observables = [\"risk\", \"M_1_1\"]
[sgd]
replicas = 2
[ode]
rtol = 1e-8
[[event]]
when = \"risk below\"
value = 1e-3
";

#[test]
fn a_sound_file_is_read() {
    let sweep = parse(SOUND).unwrap();
    assert_eq!((sweep.len(), sweep.parameters()), (10, vec!["noise", "seed"]));
    assert_eq!(parse("[record]\nuntil = 1").unwrap().len(), 1, "without axes there is one point");
    let list = "[list]\nnoise = [0, 0.1, 0.2]\nbatch = [1, 2, 3]\n[grid]\nseed = [1, 2]\n[record]\nuntil = 1";
    assert_eq!(parse(list).unwrap().len(), 6, "lists go together, grids combine");
}

/// What is replaced in the sound file, by what, and the message.
const CASES: [(&str, &str, &str); 54] = [
    (
        "learning_rate = 0.5",
        "noise_schedule = { tme = 1 }",
        "line 3: unknown key problem.noise_schedule.tme: did you mean time? Allowed are time, exponent, piecewise",
    ),
    (
        "seed = { from = 0, to = 4 }",
        "learning_rate_schedule = [1]",
        "line 7: grid.learning_rate_schedule = [1], but it must be tables with time, exponent, piecewise",
    ),
    (
        "run = \"both\"",
        "run = \"all\"",
        "line 1: run = \"all\", but it must be \"ode\" or \"sgd\" or \"both\"",
    ),
    ("run = \"both\"", "run = 1", "line 1: run = 1, but it must be \"ode\" or \"sgd\" or \"both\""),
    (
        "run = \"both\"",
        "rnu = \"both\"",
        "line 1: unknown key rnu: did you mean run? Allowed are name, run, problem",
    ),
    ("run = \"both\"", "run = ", "line 1: "),
    ("run = \"both\"", "run = \"ode\"\nrun = \"sgd\"", "line 2: duplicate key"),
    ("run = \"both\"", "name = 3", "line 1: name = 3, but it must be text"),
    (
        "learning_rate = 0.5",
        "learning_rate = -0.5",
        "line 3: learning_rate = -0.5, but it must be finite and at least 0",
    ),
    (
        "learning_rate = 0.5",
        "learning_rate = nan",
        "line 3: problem.learning_rate = nan, but it must be a finite number",
    ),
    (
        "learning_rate = 0.5",
        "learning_rate = \"big\"",
        "line 3: problem.learning_rate = \"big\", but it must be a number",
    ),
    ("learning_rate = 0.5", "gamma = 0.5", "line 3: unknown key problem.gamma: did you mean learning_rate?"),
    (
        "learning_rate = 0.5",
        "learning_rat = 0.5",
        "line 3: unknown key problem.learning_rat: did you mean learning_rate? Allowed are k, p",
    ),
    ("learning_rate = 0.5", "noise = 0.5", "given twice: once in [problem], [list] or [grid] is allowed"),
    (
        "learning_rate = 0.5",
        "second_layer_rate = 0.5",
        "line 3: second_layer_rate must be 0 for a system whose second layer is fixed",
    ),
    ("learning_rate = 0.5", "batch = 0", "line 3: batch = 0, but it must be a whole number of at least 1"),
    ("learning_rate = 0.5", "batch = 1.5", "line 3: problem.batch = 1.5, but it must be a whole number"),
    (
        "learning_rate = 0.5",
        "activation = \"relu\"",
        "line 3: problem.activation = \"relu\", but DynSystem(2, 3, erf, fixed) has activation \"erf\"",
    ),
    (
        "learning_rate = 0.5",
        "initial = { dimensions = 100 }",
        "line 3: unknown key problem.initial.dimensions: did you mean dimension? Allowed are dimension, seed, variance, alignment",
    ),
    ("learning_rate = 0.5", "alignment = 1.5", "line 3: alignment = 1.5, but it must be between -1 and 1"),
    ("learning_rate = 0.5", "variance = -1", "line 3: variance = -1, but it must be finite and at least 0"),
    ("learning_rate = 0.5", "dimension = 1", "line 3: dimension = 1, but it must be at least k = 2"),
    (
        "learning_rate = 0.5",
        "alignment = 0.1\ndimension = 4",
        "line 4: dimension = 4, but it must be at least k + p = 5 for SGD",
    ),
    (
        "learning_rate = 0.5",
        "P = [[1, 2], [2, 1]]",
        "line 3: the overlap matrix P is not positive semidefinite",
    ),
    ("learning_rate = 0.5", "M = [[0, 0, 0], [0, 0, 0]]", "M is given without Q: give both or neither"),
    (
        "learning_rate = 0.5",
        "student_scale = \"huge\"",
        "line 3: student_scale = \"huge\", but it must be a number, \"mean_field\", \"lazy\" or \"committee\"",
    ),
    (
        "learning_rate = 0.5",
        "kappa = 2",
        "line 3: kappa = 2, but p = 3 d^kappa = 3000000 at d = 1000 must be between 1 and 1024",
    ),
    ("a_star = [1.0, 1.0]", "a_star = [1.0]", "line 4: a_star has shape 1, but it must have shape k = 2"),
    (
        "noise = [0.0, 1e-3]",
        "noise = []",
        "line 6: grid.noise = [], but it must be a list of at least one value",
    ),
    (
        "noise = [0.0, 1e-3]",
        "noise = 0.1",
        "line 6: grid.noise = 0.1, but it must be a list of values, or a range",
    ),
    (
        "noise = [0.0, 1e-3]",
        "noise = [0.0,\n -1e-3]",
        "line 7: noise = -0.001, but it must be finite and at least 0 (point 6)",
    ),
    (
        "noise = [0.0, 1e-3]",
        "noise = { from = 1, to = 1, points = 3 }",
        "line 6: grid.noise = { from = 1, to = 1, points = 3 }, but it must be a range with from other than to",
    ),
    (
        "noise = [0.0, 1e-3]",
        "noise = { from = 0, to = 1 }",
        "line 6: grid.noise = { from = 0, to = 1 }, but it must be a range with points = N",
    ),
    (
        "noise = [0.0, 1e-3]",
        "noise = { from = 0, to = 1, points = 3, log = true }",
        "but it must be a range from a positive number where log = true",
    ),
    (
        "noise = [0.0, 1e-3]",
        "noise = { from = 0, to = 1, number = 3 }",
        "line 6: unknown key grid.noise.number: Allowed are from, to, points, log, step",
    ),
    ("noise = [0.0, 1e-3]", "noise = { to = 1, points = 3 }", "line 6: from is missing in [grid.noise]"),
    (
        "noise = [0.0, 1e-3]",
        "noise = { from = 0, to = 1, points = 1 }",
        "line 6: grid.noise.points = 1, but it must be a whole number of at least 2",
    ),
    (
        "seed = { from = 0, to = 4 }",
        "seed = [0, -1]",
        "line 7: grid.seed = [0, -1], but it must be a whole number of at least 0",
    ),
    (
        "seed = { from = 0, to = 4 }",
        "seed = { from = 0, to = 1e9 }",
        "line 7: grid.seed.to = 1e9, but it must be a whole number of at least 0",
    ),
    (
        "seed = { from = 0, to = 4 }",
        "seed = { from = 0, to = 1000000000 }",
        "a range of at most 10000000 values",
    ),
    (
        "seed = { from = 0, to = 4 }",
        "dimension = { from = 10, to = 12, points = 9, log = true }",
        "values differ after rounding to whole numbers",
    ),
    (
        "[grid]",
        "[list]\nbatch = [1, 2]\nvariance = [0.5]\n[grid]",
        "line 7: list.variance has 1 values, but it must have 2 as batch",
    ),
    ("until = 10.0", "", "line 8: until is missing in [record]: the time at which every point ends"),
    ("until = 10.0", "until = 0", "line 9: record.until = 0, but it must be a number greater than 0"),
    (
        "until = 10.0",
        "until = 1e18",
        "line 9: until = 1000000000000000000 is more than 2^53 steps of SGD at d = 1000",
    ),
    (
        "times = [1.0, 5.0]",
        "times = [5.0, 1.0]",
        "line 10: record.times = [5.0, 1.0], but it must be increasing times of at least 0 and at most record.until",
    ),
    ("times = [1.0, 5.0]", "times = [1.0, 50.0]", "line 10: record.times = [1.0, 50.0], but"),
    (
        "observables = [\"risk\", \"M_1_1\"]",
        "observables = [\"loss\"]",
        "line 11: record.observables: \"loss\" must be one that every point has, of the forms risk, excess_risk",
    ),
    (
        "observables = [\"risk\", \"M_1_1\"]",
        "observables = [\"M_1_4\"]",
        "line 11: record.observables: \"M_1_4\" must be",
    ),
    (
        "observables = [\"risk\", \"M_1_1\"]",
        "clock = \"wall\"",
        "line 11: record.clock = \"wall\", but it must be \"steps\" or \"gradient_flow\" or \"noise\"",
    ),
    (
        "replicas = 2",
        "replicas = 0",
        "line 13: sgd.replicas = 0, but it must be a whole number of at least 1",
    ),
    ("rtol = 1e-8", "rtol = 2", "line 15: ode.rtol = 2, but it must be at least 1e-14 and less than 1"),
    (
        "when = \"risk below\"",
        "when = \"risk under\"",
        "line 17: event.when = \"risk under\", but it must be \"<observable> below\" or",
    ),
    ("value = 1e-3", "", "line 16: value is missing in [event]: the level that is crossed"),
];

#[test]
fn every_mistake_is_told_with_line_key_and_what_is_allowed() {
    for (from, to, message) in CASES {
        assert!(SOUND.contains(from), "{from}");
        let error = parse(&SOUND.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.contains(message), "{to}:\n  expected {message}\n  found    {error}");
        assert!(error.starts_with("sweep: line "), "{error}");
    }
}

#[test]
fn trajectories_of_too_many_points_are_a_mistake() {
    for points in ["10000001", "100000000000", "18446744073709551615"] {
        let error =
            parse(&format!("[record]\nuntil = 1\ntrajectories = {points}")).expect_err(points).to_string();
        assert!(error.contains("line 3: record.trajectories"), "{error}");
        assert!(error.contains("it must be at most 10000000 points"), "{error}");
    }
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_in_its_order() {
    let text = "run = \"al\"\n[problem]\nnose = 1\n[record]\nuntil = -1\n[grid]\nseed = []\n";
    let error = parse(text).unwrap_err().to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 4, "{error}");
    for (line, start) in lines.iter().zip([
        "sweep: line 1: run",
        "line 3: unknown",
        "line 5: record.until",
        "line 7: grid.seed",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
    let many: String = (0..100).map(|_| "-1,").collect();
    let error = parse(&format!("[grid]\nnoise = [{many}]\n[record]\nuntil = 1")).unwrap_err().to_string();
    assert!(error.lines().count() <= 8, "points with the same mistake are not all listed: {error}");
}

#[test]
fn events_and_observables_must_fit_every_point() {
    let widths = "[grid]\np = [2, 5]\n[record]\nuntil = 1\nobservables = [\"NAME\"]\n";
    for (name, fits) in [("M_1_2", true), ("M_1_3", false), ("M", false), ("specialisation", true)] {
        assert_eq!(parse(&widths.replace("NAME", name)).is_ok(), fits, "{name}");
    }
    let event = "[record]\nuntil = 1\n[[event]]\nwhen = \"WHEN\"\n";
    for (when, message) in [
        ("Q_4_4 below\"\nvalue = \"x", "an observable that every point has"),
        ("risk below\"\nvalue = \"x", "event.value = \"x\", but it must be a finite number"),
        (
            "plateau left\"\nname = \"t end",
            "event.name = \"t end\", but it must be a name of letters, digits and _",
        ),
        ("plateau left\"\nname = \"t_end", "every [[event]] must have a name of its own"),
        ("plateau left\"\nstop = \"no", "event.stop = \"no\", but it must be true or false"),
        ("sunrise", "event.when = \"sunrise\", but it must be"),
    ] {
        let error = parse(&event.replace("WHEN", when)).expect_err(when).to_string();
        assert!(error.contains(message), "{when}: {error}");
    }
}

#[test]
fn ranges_hold_what_was_written() {
    let table = |text: &str| {
        let system = DynSystem::new(2, 3, Activation::Erf, false).unwrap();
        Sweep::parse(text, &system).unwrap().table(&system, &overlap_runtime::Silent).unwrap()
    };
    let column = |range: &str, name: &str| -> Vec<String> {
        let text = format!(
            "[problem]\ninitial = {{ dimension = 10 }}\n[grid]\n{name} = {range}\n[record]\nuntil = 1e-3"
        );
        let table = table(&text);
        let values = &table.column(name).unwrap().values;
        let mut csv = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        table.save(folder.path().join("t.csv")).unwrap();
        let read = Table::read(folder.path().join("t.csv")).unwrap();
        for row in 0..table.rows() {
            csv.push(match values {
                Values::Counts(wholes) => wholes[row].to_string(),
                other => other.numbers()[row].unwrap().to_string(),
            });
            let again = match &read.column(name).unwrap().values {
                Values::Counts(wholes) => wholes[row].to_string(),
                other => other.numbers()[row].unwrap().to_string(),
            };
            assert_eq!(csv[row], again, "CSV keeps whole numbers");
        }
        csv
    };
    for (name, range, expected) in [
        ("noise", "{ from = 0.3, to = 0.9, points = 3 }", "0.3 0.6 0.9"),
        ("noise", "{ from = 0, to = 0.3, step = 0.1 }", "0 0.1 0.2 0.3"),
        ("noise", "{ from = 0.7, to = 0.1, step = -0.3 }", "0.7 0.4 0.1"),
        ("noise", "{ from = 1e-4, to = 1e-1, points = 4, log = true }", "0.0001 0.001 0.01 0.1"),
        ("learning_rate", "{ from = 1000, to = 1, points = 4, log = true }", "1000 100 10 1"),
        (
            "seed",
            "{ from = 9007199254740993, to = 9007199254740999, step = 2 }",
            "9007199254740993 9007199254740995 9007199254740997 9007199254740999",
        ),
        (
            "seed",
            "{ from = 18446744073709551615, to = 18446744073709551613 }",
            "18446744073709551615 18446744073709551614 18446744073709551613",
        ),
        (
            "seed",
            "{ from = 9007199254740993, to = 9007199254740997, points = 3 }",
            "9007199254740993 9007199254740995 9007199254740997",
        ),
        ("data_seed", "{ from = 1, to = 9007199254740993, points = 2, log = true }", "1 9007199254740993"),
        ("seed", "[18446744073709551615, 9007199254740993]", "18446744073709551615 9007199254740993"),
        ("batch", "{ from = 1, to = 4, points = 3 }", "1 3 4"),
    ] {
        assert_eq!(column(range, name).join(" "), expected, "{name} = {range}");
    }
    let times = "[record]\nuntil = 0.9\ntimes = { from = 0.3, to = 0.9, points = 3 }";
    let names: Vec<String> = table(times).columns().iter().map(|column| column.name.clone()).collect();
    assert!(
        ["ode_risk@0.3", "ode_risk@0.6", "ode_risk@0.9"].iter().all(|name| names.iter().any(|n| n == name)),
        "{names:?}"
    );
    let times = "[record]\nuntil = 0.3\ntimes = { from = 0, to = 0.3, step = 0.1 }";
    assert!(table(times).column("ode_risk@0.3").is_some());
    for (range, message) in [
        ("{ from = 5, to = 1, step = 2 }", "a range whose step leads from 5 to 1"),
        ("{ from = 1, to = 5, step = 0 }", "a range whose step leads from 1 to 5"),
        (
            "{ from = 1, to = 5, step = 1.5 }",
            "grid.seed.step = 1.5, but it must be a whole number other than 0",
        ),
        ("{ from = 0, to = 18446744073709551615 }", "a range of at most 10000000 values"),
        ("{ from = 0, to = 5, points = 18446744073709551615 }", "a range of at most 10000000 values"),
        ("{ from = 0, to = 18446744073709551616 }", "a whole number of at least 0"),
    ] {
        let error =
            parse(&format!("[grid]\nseed = {range}\n[record]\nuntil = 1")).expect_err(range).to_string();
        assert!(error.contains(message), "{range}: {error}");
    }
}

#[test]
fn mistakes_in_events_and_sizes_are_told_before_points_are_checked() {
    let text =
        "[list]\nk = { from = 74, to = 1000 }\n[record]\nuntil = 1\n[[event]]\nwhne = \"plateau left\"\n";
    let error = parse(text).unwrap_err().to_string();
    assert!(error.contains("line 6: unknown key event.whne: did you mean when?"), "{error}");
    let error = parse("[list]\nk = { from = 2, to = 100000 }\n[record]\nuntil = 1").unwrap_err().to_string();
    assert!(error.contains("line 2: k = 1025, but it must be between 1 and 1024 (point 1024)"), "{error}");
    assert_eq!(parse("[list]\nk = { from = 74, to = 100 }\n[record]\nuntil = 1").unwrap().len(), 27);
}
