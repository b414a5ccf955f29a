//! Problem files: what is read, what is refused and in which words, and that nothing is lost on the way.

use overlap_runtime::{Activation, Error, Initial, Problem, Scale, Schedule};
use proptest::prelude::*;

const M_Q: &str = r#""M": [[0.1, 0.2]], "Q": [[1, 0], [0, 1]]"#;

/// A problem of k = 1, p = 2 with further fields.
fn with(fields: &str) -> Result<Problem, Error> {
    Problem::from_json(&format!("{{\"k\": 1, \"p\": 2, {fields}}}"))
}

#[test]
fn every_reference_file_is_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/reference");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let problem = Problem::read(&path).unwrap();
        // An independent reading of the same file.
        let json: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(problem.k() as u64, json["k"]);
        assert_eq!(problem.p() as u64, json["p"]);
        assert_eq!(problem.activation(), Some(Activation::Erf));
        assert_eq!(problem.student_scale(), json["student_scale"].as_f64().unwrap());
        assert_eq!(problem.teacher_scale(), json["teacher_scale"].as_f64().unwrap());
        assert_eq!(problem.learning_rate(), json["learning_rate"].as_f64().unwrap());
        assert_eq!(problem.second_layer_rate(), json["second_layer_rate"].as_f64());
        assert_eq!(problem.noise(), json["noise"].as_f64().unwrap());
        assert_eq!(problem.batch() as u64, json["batch"]);
        for i in 0..problem.p() {
            assert_eq!(problem.a()[i], json["a"][i].as_f64().unwrap());
            for r in 0..problem.k() {
                assert_eq!(problem.m()[(r, i)], json["M"][r][i].as_f64().unwrap());
            }
            for j in 0..problem.p() {
                let (low, high) = (i.min(j), i.max(j));
                assert_eq!(problem.q()[(i, j)], json["Q"][low][high].as_f64().unwrap());
            }
        }
        for r in 0..problem.k() {
            assert_eq!(problem.a_star()[r], json["a_star"][r].as_f64().unwrap());
            for s in r..problem.k() {
                assert_eq!(problem.teacher_overlaps()[(r, s)], json["P"][r][s].as_f64().unwrap());
            }
        }
        assert_eq!(Problem::from_json(&problem.to_json()).unwrap(), problem, "{}", path.display());
        count += 1;
    }
    assert!(count >= 14, "only {count} files in {folder}");
}

#[test]
fn what_is_left_out_has_the_builder_s_defaults() {
    let problem = Problem::from_json(r#"{"k": 2, "p": 3}"#).unwrap();
    assert_eq!(problem, Problem::builder(2, 3).build().unwrap());
    assert_eq!(problem.initial(), &Initial::Drawn { dimension: 1000, seed: 0, variance: 1.0 });
    let words = Problem::from_json(
        r#"{"k": 2, "p": 4, "student_scale": "lazy", "teacher_scale": "committee", "initial": {"seed": 7}}"#,
    );
    let built = Problem::builder(2, 4).student_scale(Scale::Lazy).teacher_scale(Scale::Committee);
    assert_eq!(words.unwrap(), built.initial(Initial::drawn(1000, 7)).build().unwrap());
    // JSON does not tell 4 from 4.0, and a byte order mark is no mistake of the user.
    Problem::from_json("\u{feff}{\"k\": 2.0, \"p\": 3e0, \"batch\": 2}").unwrap();
    // Remarks are not read, whatever they hold.
    with(&format!(r#"{M_Q}, "seed": null, "comment": {{"a": [1, "x"]}}, "dM": 3, "risk": "?""#)).unwrap();
}

#[test]
fn schedules_are_read_and_written() {
    let read = with(
        r#""learning_rate_schedule": {"time": 10, "exponent": 0.5}, "noise_schedule": {"piecewise": [[0, 2], [7.5, 0]]}"#,
    )
    .unwrap();
    let power_law = Schedule::PowerLaw { time: 10.0, exponent: 0.5 };
    let pieces = Schedule::Piecewise(vec![(0.0, 2.0), (7.5, 0.0)]);
    let built = Problem::builder(1, 2).learning_rate_schedule(power_law).noise_schedule(pieces);
    assert_eq!(read, built.build().unwrap());
    assert_eq!(Problem::from_json(&read.to_json()).unwrap(), read);
    assert_eq!(with(r#""batch": 1"#).unwrap().noise_schedule(), &Schedule::Constant);
}

#[test]
fn mistakes_are_refused_in_words_that_help() {
    let deep = "[".repeat(100_000);
    let wide = format!("[{}0]", "0,".repeat(5000));
    let cases: &[(&str, &[&str])] = &[
        ("", &["empty"]),
        (" \n ", &["empty"]),
        ("[1, 2]", &["line 1", "JSON object"]),
        ("{\"k\": 1,\n \"p\": 2,\n}", &["line 3, column 1", "trailing comma"]),
        ("{\"k\": 1, \"p\": 2", &["line 1, column 15", "EOF"]),
        ("{\"k\": 1, \"p\": 2} x", &["line 1, column 18", "trailing characters"]),
        ("{\"k\": 1,\n \"p\": 2, \"noise\": NaN}", &["line 2", "NaN", "finite"]),
        ("{\"k\": 1, \"p\": 2, \"noise\": -Infinity}", &["-Infinity", "finite"]),
        ("{\"k\": 1, \"p\": 2, \"a_star\": [nan]}", &["nan", "finite"]),
        ("{\"k\": 1, \"p\": 2, \"noise\": 1e999}", &["number out of range", "line 1"]),
        ("{\"k\": 1, \"p\": 2,\n \"nose\": 1}", &["line 2", "\"nose\"", "did you mean noise?"]),
        ("{\"k\": 1, \"p\": 2, \"gamma\": 1}", &["\"gamma\"", "did you mean learning_rate?"]),
        ("{\"k\": 1, \"p\": 2, \"d\": 100}", &["did you mean \"initial\": {\"dimension\": ...}?"]),
        ("{\"k\": 1, \"p\": 2, \"temperature\": 1}", &["\"temperature\"", "the fields are k, p, activation"]),
        ("{\"k\": 1, \"p\": 2,\n \"noise\": 1,\n \"noise\": 2}", &["line 3", "\"noise\"", "twice"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": {\"seed\": 1, \"seed\": 2}}", &["\"seed\"", "twice"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": {\"sed\": 1}}", &["\"sed\"", "did you mean seed?"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": 3}", &["line 1", "integer `3`", "initial = {"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": {\"alignment\": 0.1, \"seed\": 2}}", &["alignment", "seed"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": {\"alignment\": 1.5}}", &["alignment = 1.5", "between -1 and 1"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": {\"variance\": -1}}", &["variance = -1", "at least 0"]),
        ("{\"k\": 1, \"p\": 2, \"initial\": {\"dimension\": 0}}", &["dimension = 0", "at least 1"]),
        ("{\"k\": 4, \"p\": 2, \"initial\": {\"dimension\": 3}}", &["dimension = 3", "at least k = 4"]),
        (
            "{\"k\": 1, \"p\": 2, \"initial\": {\"dimension\": 9e15}}",
            &["dimension = 9000000000000000", "at most"],
        ),
        ("{\"k\": 1, \"p\": 2, \"seed\": 3}", &["seed", "\"initial\": {\"seed\""]),
        ("{\"p\": 2}", &["k is missing"]),
        ("{\"k\": 2}", &["p is missing"]),
        ("{\"k\": 0, \"p\": 2}", &["k = 0", "at least 1"]),
        ("{\"k\": -1, \"p\": 2}", &["k = -1", "at least 1"]),
        ("{\"k\": 1, \"p\": 2.5}", &["p = 2.5", "whole number"]),
        ("{\"k\": \"4\", \"p\": 2}", &["k = \"4\"", "whole number"]),
        ("{\"k\": 1, \"p\": 1000000}", &["p = 1000000", "at most 1024"]),
        ("{\"k\": 1e300, \"p\": 2}", &["k = 1e+300", "whole number"]),
        ("{\"k\": 18446744073709551615, \"p\": 2}", &["k = 18446744073709551615", "at most 1024"]),
        ("{\"k\": 1, \"p\": 2, \"batch\": 0}", &["batch = 0", "at least 1"]),
        ("{\"k\": 1, \"p\": 2, \"noise\": -1e-3}", &["noise = -0.001", "at least 0"]),
        ("{\"k\": 1, \"p\": 2, \"noise\": null}", &["noise = null", "a number"]),
        ("{\"k\": 1, \"p\": 2, \"learning_rate\": -1}", &["learning_rate = -1", "at least 0"]),
        ("{\"k\": 1, \"p\": 2, \"second_layer_rate\": -1}", &["second_layer_rate = -1"]),
        (
            "{\"k\": 1, \"p\": 2, \"learning_rate_schedule\": 3}",
            &["line 1", "integer `3`", "a schedule such as {\"time\": 10"],
        ),
        (
            "{\"k\": 1, \"p\": 2, \"noise_schedule\": {\"tau\": 3}}",
            &["\"tau\"", "the fields are time, exponent, piecewise"],
        ),
        ("{\"k\": 1, \"p\": 2, \"noise_schedule\": {\"time\": 3}}", &["noise_schedule", "time and exponent"]),
        ("{\"k\": 1, \"p\": 2, \"noise_schedule\": {}}", &["noise_schedule", "or piecewise"]),
        (
            "{\"k\": 1, \"p\": 2, \"noise_schedule\": {\"time\": 1, \"exponent\": -1}}",
            &["exponent of the noise schedule = -1", "at least 0"],
        ),
        (
            "{\"k\": 1, \"p\": 2, \"learning_rate_schedule\": {\"piecewise\": [[0, 1], [1]]}}",
            &["piecewise of learning_rate_schedule = [[0,1],[1]]", "pairs [t, factor]"],
        ),
        (
            "{\"k\": 1, \"p\": 2, \"learning_rate_schedule\": {\"piecewise\": [[0, 1], [1, -2]]}}",
            &["factor 2 of the learning_rate schedule = -2", "at least 0"],
        ),
        ("{\"k\": 1, \"p\": 2, \"schedule\": {}}", &["did you mean learning_rate_schedule?"]),
        ("{\"k\": 1, \"p\": 2, \"student_scale\": 0}", &["student_scale = 0", "greater than 0"]),
        (
            "{\"k\": 1, \"p\": 2, \"teacher_scale\": \"meanfield\"}",
            &["teacher_scale = \"meanfield\"", "\"mean_field\""],
        ),
        ("{\"k\": 1, \"p\": 2, \"activation\": \"swish\"}", &["activation = \"swish\"", "\"erf\""]),
        ("{\"k\": 2, \"p\": 2, \"P\": [[1, 0.5], [0.4, 1]]}", &["P_2_1 = 0.4", "P_1_2 = 0.5"]),
        ("{\"k\": 2, \"p\": 2, \"P\": [[1, 2], [2, 1]]}", &["P", "positive semidefinite", "-1e0"]),
        ("{\"k\": 2, \"p\": 2, \"P\": [[1, 0], [0]]}", &["row 2 of P", "1", "2"]),
        ("{\"k\": 2, \"p\": 2, \"P\": [1, 1]}", &["P = [1,1]", "list of rows"]),
        ("{\"k\": 2, \"p\": 2, \"P\": []}", &["P has shape 0 x 0", "k x k = 2 x 2"]),
        ("{\"k\": 2, \"p\": 2, \"P\": [[1, 0], [0, \"1\"]]}", &["P_2_2 = \"1\"", "a number"]),
        ("{\"k\": 1, \"p\": 2, \"a\": [1]}", &["a has shape 1", "p = 2"]),
        ("{\"k\": 1, \"p\": 2, \"a\": 1}", &["a = 1", "list of numbers"]),
        ("{\"k\": 1, \"p\": 2, \"a_star\": [1, 1]}", &["a_star has shape 2", "k = 1"]),
        ("{\"k\": 1, \"p\": 2, \"M\": [[0, 0]]}", &["M", "without Q"]),
        ("{\"k\": 1, \"p\": 2, \"Q\": [[1, 0], [0, 1]]}", &["Q", "without M"]),
        ("{\"k\": 1, \"p\": 2, \"M\": [[0, 0]], \"initial\": {}}", &["initial", "once"]),
        (
            "{\"k\": 1, \"p\": 2, \"M\": [[0], [0]], \"Q\": [[1, 0], [0, 1]]}",
            &["M has shape 2 x 1", "k x p = 1 x 2"],
        ),
        (
            "{\"k\": 1, \"p\": 2, \"M\": [[2, 0]], \"Q\": [[1, 0], [0, 1]]}",
            &["Omega", "positive semidefinite"],
        ),
        (&deep, &["line 1"]),
        (&format!("{{\"k\": 1, \"p\": 2, \"noise\": {deep}"), &["line 1", "recursion limit"]),
        (&format!("{{\"k\": 1, \"p\": 2, \"comment\": {deep}"), &["line 1", "EOF"]),
        (&format!("{{\"k\": 1, \"p\": 2, \"noise\": {wide}}}"), &["noise = [0,0", "...", "a number"]),
    ];
    for (text, words) in cases {
        let error = Problem::from_json(text).expect_err(text);
        let message = error.to_string();
        for word in *words {
            assert!(message.contains(word), "{text:.80}\n  gave: {message}\n  without: {word}");
        }
        assert!(message.len() < 300, "{message}");
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let cases = [
        (folder.path().join("missing.json"), "cannot read"),
        (folder.path().to_owned(), "folder"),
        (file("empty.json", b""), "empty"),
        (file("latin1.json", b"{\"comment\": \"\xe9\"}"), "not UTF-8 text (at byte 14)"),
        (file("broken.json", b"{\n\"k\": ]}"), "line 2, column 6"),
        ("/dev/zero".into(), "device or pipe"),
    ];
    for (path, words) in cases {
        let message = Problem::read(&path).unwrap_err().to_string();
        assert!(message.starts_with(&path.display().to_string()), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-2.0..2.0, proptest::num::f64::NORMAL, Just(0.0), Just(-0.0), Just(f64::MIN_POSITIVE)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(text in ".{0,200}") {
        _ = Problem::from_json(&text);
    }

    #[test]
    fn no_values_make_it_panic(
        k in 0usize..4, p in 0usize..4, numbers in proptest::collection::vec(number(), 40),
        rows in 0usize..4, columns in 0usize..4, dimension in 0u64..20,
    ) {
        let mut numbers = numbers.into_iter().cycle();
        let mut matrix = |rows: usize, columns: usize| -> Vec<Vec<f64>> {
            (0..rows).map(|_| numbers.by_ref().take(columns).collect()).collect()
        };
        let (m, q, scales) = (matrix(k, p), matrix(p, p), matrix(rows, columns));
        let mut fields = serde_json::json!({"k": k, "p": p, "M": m, "Q": q, "P": scales});
        _ = Problem::from_json(&fields.to_string());
        fields["P"] = serde_json::json!(matrix(k, k));
        fields["noise"] = serde_json::json!(matrix(1, 1)[0][0]);
        _ = Problem::from_json(&fields.to_string());
        let drawn = serde_json::json!({"k": k, "p": p, "a": matrix(1, p)[0], "initial": {"dimension": dimension, "seed": dimension, "variance": matrix(1, 1)[0][0]}});
        _ = Problem::from_json(&drawn.to_string());
    }

    #[test]
    fn what_is_written_reads_back_exactly(
        (k, p) in (1usize..4, 1usize..5), seed: u64, dimension in 4usize..30, variance in 0.0..10.0f64,
        alignment in -1.0..1.0f64, rates in proptest::array::uniform4(0.0..1e3f64), a in proptest::array::uniform4(number()),
        kind in 0..3,
    ) {
        let drawn = Problem::builder(k, p)
            .student_scale(Scale::Value(rates[0] + f64::MIN_POSITIVE))
            .learning_rate(rates[1]).second_layer_rate(rates[2]).noise(rates[3]).batch(dimension)
            .a(a[..p].iter().copied())
            .activation(Activation::Erf);
        let overlaps = Problem::builder(k, p)
            .initial(Initial::Drawn { dimension, seed, variance }).build().unwrap();
        let initial = match kind {
            0 => overlaps.initial().clone(),
            1 => Initial::informed(alignment),
            _ => Initial::Given { m: overlaps.m().clone(), q: overlaps.q().clone() },
        };
        let problem = drawn.initial(initial).build().unwrap();
        let text = problem.to_json();
        let again = Problem::from_json(&text).unwrap();
        prop_assert_eq!(&again, &problem);
        prop_assert_eq!(again.to_json(), text);
    }
}
