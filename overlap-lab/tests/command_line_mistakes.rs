//! Mistakes on the command line and in problem files, told before anything is computed.

#[path = "support/probe.rs"]
mod probe;
#[path = "../../tests/support/textbook.rs"]
#[allow(unreachable_pub, dead_code)]
mod textbook;
#[path = "support/watched.rs"]
mod watched;

use overlap_lab::cli::{FAILED, USAGE};
use probe::{PROBLEM, probe};

#[test]
fn mistakes_are_told_with_the_flag_and_a_code() {
    let solve = "solve --problem PROBLEM";
    // Command line, problem, exit code, words of the message.
    let cases: &[(&str, &str, u8, &[&str])] = &[
        ("", "", USAGE, &["Usage: program"]),
        ("slove", "", USAGE, &["slove", "solve"]),
        ("solve --times 1", "", USAGE, &["--problem"]),
        (solve, PROBLEM, USAGE, &["--times", "--until"]),
        ("solve --problem PROBLEM --time 1", PROBLEM, USAGE, &["'--time'", "--times"]),
        ("solve --problem PROBLEM --times 1,x", PROBLEM, USAGE, &["--times = x, but it must be a number\n"]),
        (
            "solve --problem PROBLEM --times 1,1",
            PROBLEM,
            USAGE,
            &["--times: output time 2 = 1", "greater than"],
        ),
        ("solve --problem PROBLEM --times -1", PROBLEM, USAGE, &["--times", "-1", "at least 0"]),
        ("solve --problem PROBLEM --times 1,nan", PROBLEM, USAGE, &["--times", "NaN", "finite"]),
        ("solve --problem PROBLEM --times 1 --until 2", PROBLEM, USAGE, &["--times", "--until"]),
        ("solve --problem PROBLEM --times 1 --points 2", PROBLEM, USAGE, &["--times", "--points"]),
        ("solve --problem PROBLEM --until -2", PROBLEM, USAGE, &["--until: last = -2"]),
        (
            "solve --problem PROBLEM --until 2 --points 1",
            PROBLEM,
            USAGE,
            &["--points: points = 1", "at least 2"],
        ),
        ("solve --problem PROBLEM --until 2 --points -1", PROBLEM, USAGE, &["-1"]),
        (
            "solve --problem PROBLEM --until 2 --from 0 --log",
            PROBLEM,
            USAGE,
            &["--from: first = 0", "greater than 0"],
        ),
        ("solve --problem PROBLEM --times 1 --rtol 0", PROBLEM, USAGE, &["--rtol: rtol = 0", "at least"]),
        ("solve --problem PROBLEM --times 1 --atol -1", PROBLEM, USAGE, &["--atol: atol = -1", "at least 0"]),
        ("solve --problem PROBLEM --times 1 --max-steps 0", PROBLEM, USAGE, &["--max-steps: max_steps = 0"]),
        (
            "solve --problem PROBLEM --times 1 --method euler",
            PROBLEM,
            USAGE,
            &["--method = euler, but it must be one of", "dop853"],
        ),
        (
            "simulate --problem PROBLEM --times 1 --replicas 0",
            PROBLEM,
            USAGE,
            &["--replicas = 0, but it must be a whole number of at least 1\n"],
        ),
        (
            "simulate --problem PROBLEM --times 1 --seed -3",
            PROBLEM,
            USAGE,
            &["--seed = -3, but it must be a whole number"],
        ),
        (
            "solve --problem PROBLEM --times 1,,2",
            PROBLEM,
            USAGE,
            &["--times = \"\", but it must be a number"],
        ),
        (
            "simulate --problem PROBLEM --times 1 --dimension 1e3",
            PROBLEM,
            USAGE,
            &["--dimension = 1e3, but it must be a whole number"],
        ),
        ("solve --problem PROBLEM --until 1e300 --from 2e300", PROBLEM, USAGE, &["1e300", "2e300"]),
        ("plot PROBLEM", PROBLEM, FAILED, &["problem.json: it is JSON, but it must be a table of results"]),
        ("rerun PROBLEM", PROBLEM, FAILED, &["problem.json: it is JSON, but it must be a table of results"]),
        ("simulate --problem PROBLEM --times 1 --threads 0", PROBLEM, USAGE, &["--threads", "0"]),
        (
            "simulate --problem PROBLEM --times 1 --dimension 2",
            PROBLEM,
            USAGE,
            &["--dimension: dimension = 2", "k + p = 3"],
        ),
        ("simulate --problem PROBLEM --times 1e300", PROBLEM, USAGE, &["--times"]),
        (
            "solve --problem PROBLEM --times 1 --out FOLDER/no/out",
            PROBLEM,
            FAILED,
            &["--out FOLDER/no/out: cannot write: there is no folder FOLDER/no\n"],
        ),
        (
            "solve --problem PROBLEM --times 1 --out FOLDER",
            PROBLEM,
            FAILED,
            &["--out FOLDER: cannot write: it is a folder"],
        ),
        (
            "solve --problem PROBLEM --times 1 --figure FOLDER/no/a.svg",
            PROBLEM,
            FAILED,
            &["--figure FOLDER/no/a.svg"],
        ),
        (
            "solve --problem PROBLEM --times 1 --figure FOLDER/a.gif",
            PROBLEM,
            USAGE,
            &["--figure", "a.gif", "svg"],
        ),
        ("solve --problem PROBLEM --times 1 --figure FOLDER/a --out FOLDER/a", PROBLEM, USAGE, &["--figure"]),
        (
            "solve --problem PROBLEM --times 1 --figure FOLDER/a.svg --overlaps FOLDER/a.svg",
            PROBLEM,
            USAGE,
            &["--figure and --overlaps", "a.svg"],
        ),
        ("rhs --problem FOLDER/missing.json", "", FAILED, &["--problem FOLDER/missing.json: cannot read"]),
        ("rhs --problem FOLDER", "", FAILED, &["--problem FOLDER: it is a folder"]),
        ("rhs --problem PROBLEM", "", FAILED, &["--problem FOLDER/problem.json: it is empty"]),
        ("rhs --problem -", "{", FAILED, &["--problem standard input: line 1, column 1"]),
        ("rhs --problem PROBLEM", "{\"nose\": 1}", FAILED, &["problem.json: line 1", "did you mean noise?"]),
        ("rhs --problem PROBLEM", "{\"noise\": -1}", FAILED, &["problem.json: noise = -1", "at least 0"]),
        ("rhs --problem PROBLEM", "{\"noise\": NaN}", FAILED, &["NaN", "finite"]),
        ("rhs --problem PROBLEM", "{\"k\": 4}", FAILED, &["k = 4", "ErfK1P2 has k = 1"]),
        ("rhs --problem PROBLEM", "{\"M\": [[1]], \"Q\": [[1]]}", FAILED, &["M has shape 1 x 1", "1 x 2"]),
        (
            "rhs --problem PROBLEM",
            "{\"M\": [[2, 0]], \"Q\": [[1, 0], [0, 1]]}",
            FAILED,
            &["Omega", "semidefinite"],
        ),
        ("rhs --problem PROBLEM", "{\"second_layer_rate\": 1}", FAILED, &["second_layer_rate = 1", "fixed"]),
        ("rhs --problem PROBLEM", "{\"initial\": {\"dimension\": 0}}", FAILED, &["dimension = 0"]),
        ("rhs --problem PROBLEM", "{\"activation\": \"relu\"}", FAILED, &["activation = relu"]),
        ("rhs --problem PROBLEM", "{\"activation\": \"swish\"}", FAILED, &["activation = \"swish\""]),
    ];
    for (line, problem, code, words) in cases {
        let system = probe();
        let answer = system.run(line, problem);
        assert_eq!(answer.code, *code, "{line}\n{}", answer.errors);
        assert_eq!(system.calls(), 0, "{line}: computed before the mistake was found");
        assert!(answer.output.is_empty(), "{line} printed {}", answer.output);
        for word in *words {
            assert!(answer.errors.contains(word), "{line}\n  gave: {}\n  without: {word}", answer.errors);
        }
        if !line.is_empty() {
            assert!(answer.errors.starts_with("error: "), "{line}: {}", answer.errors);
        }
        assert_eq!(answer.files.len(), 1, "{line} left files behind");
    }
}
