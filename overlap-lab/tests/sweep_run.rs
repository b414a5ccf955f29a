//! What a sweep computes: its numbers are those of single solves and simulations, its events lie where they happen.

use overlap_lab::Table;
use overlap_lab::sweep::{Sweep, SweepOptions};
use overlap_runtime::{
    Activation, DynSystem, Error, Event, Initial, Problem, Schedule, Silent, SimulateOptions, SolveOptions,
    State, System, simulate, solve, solve_events,
};
use std::path::Path;

fn system(k: usize, p: usize) -> DynSystem {
    DynSystem::new(k, p, Activation::Erf, false).unwrap()
}

fn table(text: &str, system: &DynSystem) -> Table {
    Sweep::parse(text, system).unwrap().table(system, &Silent).unwrap()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    let column = table.column(name).unwrap_or_else(|| panic!("no column {name}"));
    column.values.numbers().into_iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

#[test]
fn numbers_are_those_of_single_runs() {
    let text = "
        run = 'both'
        [problem]
        noise = 0.01
        student_scale = 'committee'
        [list]
        learning_rate = [0.2, 0.4]
        batch = [1, 3]
        [grid]
        seed = [7, 8]
        dimension = [50, 60]
        [sgd]
        replicas = 3
        [record]
        until = 4
        times = [0, 1]
        observables = ['risk', 'M_1_2', 'Q_1_2']
    ";
    let system = system(2, 3);
    let table = table(text, &system);
    assert_eq!(table.rows(), 8);
    let mut row = 0;
    for (gamma, batch) in [(0.2, 1), (0.4, 3)] {
        for seed in [7, 8] {
            for dimension in [50, 60] {
                let problem = Problem::builder(2, 3)
                    .learning_rate(gamma)
                    .batch(batch)
                    .noise(0.01)
                    .student_scale(overlap_runtime::Scale::Committee)
                    .initial(Initial::drawn(dimension, seed))
                    .build()
                    .unwrap();
                let times = [0.0, 1.0, 4.0];
                let ode = solve(&system, &problem, &times, &SolveOptions::default()).unwrap();
                let options = SimulateOptions::default().dimension(dimension).replicas(3).seed(seed);
                let sgd = simulate(&system, &problem, &times, &options).unwrap();
                for (time, index) in [("@0", 0), ("@1", 1), ("", 2)] {
                    let found = |name: &str| numbers(&table, &format!("{name}{time}"))[row];
                    assert_eq!(found("ode_risk"), ode.risk()[index]);
                    assert_eq!(found("ode_M_1_2"), ode.state(index).unwrap().m(0, 1));
                    assert_eq!(found("sgd_risk"), sgd.risk()[index]);
                    assert_eq!(found("sgd_Q_1_2"), sgd.mean(index).unwrap().q(0, 1));
                    assert_eq!(found("sgd_risk_sem"), sgd.risk_standard_error()[index]);
                    assert_eq!(found("sgd_M_1_2_sem"), sgd.standard_error(index).unwrap().m(0, 1));
                }
                row += 1;
            }
        }
    }
    assert!(table.column("error").unwrap().values.numbers().iter().all(Option::is_none));
}

#[test]
fn schedules_vary_like_other_parameters() {
    let text = "
        [problem]
        noise = 0.5
        noise_schedule = { piecewise = [[0, 1], [1, 0.25]] }
        [grid]
        learning_rate_schedule = [{ time = 2, exponent = 0.5 }, { piecewise = [[1.5, 0.1]] }]
        [record]
        until = 3
        [[event]]
        when = 'steady state'
        value = 3e-2
    ";
    let system = system(1, 2);
    let table = table(text, &system);
    let noise = Schedule::Piecewise(vec![(0.0, 1.0), (1.0, 0.25)]);
    let rates = [Schedule::PowerLaw { time: 2.0, exponent: 0.5 }, Schedule::Piecewise(vec![(1.5, 0.1)])];
    for (row, rate) in rates.into_iter().enumerate() {
        let problem =
            Problem::builder(1, 2).noise(0.5).noise_schedule(noise.clone()).learning_rate_schedule(rate);
        let ode = solve(&system, &problem.build().unwrap(), &[3.0], &SolveOptions::default()).unwrap();
        assert_eq!(numbers(&table, "ode_risk")[row], ode.risk()[0]);
        assert_eq!(numbers(&table, "ode_excess_risk")[row], ode.excess_risk()[0]);
    }
    // The second one comes to rest, as far as that, where its rate falls by ten.
    assert!(
        (numbers(&table, "ode_steady_state")[1] - 1.5).abs() < 1e-6,
        "{:?}",
        numbers(&table, "ode_steady_state")
    );
}

#[test]
fn exponents_of_d_set_width_and_rate() {
    let text = "
        [problem]
        p = 2
        learning_rate = 3.0
        [grid]
        kappa = [0.0, 0.5]
        delta = [0.0, 0.25]
        dimension = [16, 64]
        [record]
        until = 2
        clock = 'gradient_flow'
        observables = ['risk', 'Q_2_2']
    ";
    let table = table(text, &system(1, 2));
    assert_eq!(numbers(&table, "p_effective"), [2.0, 2.0, 2.0, 2.0, 8.0, 16.0, 8.0, 16.0]);
    let rates = numbers(&table, "learning_rate_effective");
    for (rate, expected) in
        rates.iter().zip([3.0, 3.0, 1.5, 3.0 / 64f64.powf(0.25), 3.0, 3.0, 1.5, 3.0 / 64f64.powf(0.25)])
    {
        assert!((rate - expected).abs() < 1e-14, "{rates:?}");
    }
    // A point of its own size: p = 8, γ = 1.5, d = 16, until γ s t = 2.
    let problem =
        Problem::builder(1, 8).learning_rate(rates[6]).initial(Initial::drawn(16, 0)).build().unwrap();
    let ode = solve(&system(1, 8), &problem, &[2.0 / (rates[6] / 8.0)], &SolveOptions::default()).unwrap();
    assert_eq!(numbers(&table, "ode_risk")[6], ode.risk()[0]);
    assert_eq!(numbers(&table, "ode_t_end")[6], 2.0);
}

const EVENTS: &str = "
    run = 'both'
    [problem]
    learning_rate = 1.0
    initial = { dimension = 2000, seed = 3 }
    [grid]
    noise = [0.0, 1e-4]
    [sgd]
    replicas = 16
    [ode]
    rtol = 1e-10
    [record]
    until = 2000
    observables = ['excess_risk', 'specialisation']
    [[event]]
    when = 'excess_risk below'
    value = 5e-4
    stop = true
    [[event]]
    when = 'plateau left'
    name = 'escape'
    [[event]]
    when = 'steady state'
    value = 1e-1
    [[event]]
    when = 'M_1_1 above'
    value = 100
";

#[test]
fn events_lie_where_they_happen() {
    let system = system(2, 2);
    let table = table(EVENTS, &system);
    let parameters =
        |noise: f64| Problem::builder(2, 2).noise(noise).initial(Initial::drawn(2000, 3)).build().unwrap();
    for (row, noise) in [0.0, 1e-4].into_iter().enumerate() {
        let problem = parameters(noise);
        let found = |name: &str| numbers(&table, name)[row];
        let (learned, escape) = (found("ode_excess_risk_below_0.0005"), found("ode_escape"));
        let (steady, never) = (found("ode_steady_state"), found("ode_M_1_1_above_100"));
        assert!(escape > 0.0 && escape < learned && learned < 2000.0, "{escape} {learned}");
        assert!(never.is_nan());
        assert_eq!(found("ode_t_end"), learned, "the first event stops");
        let options = SolveOptions::default().rtol(1e-10);
        let at = |time: f64| {
            let ode = solve(&system, &problem, &[time], &options).unwrap();
            let state = ode.state(0).unwrap().as_slice().to_vec();
            (ode.excess_risk()[0], state)
        };
        assert!((at(learned).0 - 5e-4).abs() < 1e-9);
        assert_eq!(found("ode_excess_risk"), at(learned).0);
        // The difference of the two cosines of a student unit is 1/2 there, and of no unit more.
        let state = at(escape).1;
        let (m, q) = (|r: usize, i: usize| state[2 * r + i], |i: usize| state[[4, 6][i]]);
        let preference = |i: usize| (m(0, i).abs() - m(1, i).abs()).abs() / f64::sqrt(q(i));
        assert!((preference(0).max(preference(1)) - 0.5).abs() < 1e-8);
        // max |dΩ/dt| is the level where it came to rest, by differences.
        let (before, after) = (at(steady * (1.0 - 1e-4)).1, at(steady * (1.0 + 1e-4)).1);
        let speed =
            before.iter().zip(&after).map(|(a, b)| (b - a).abs()).fold(0.0, f64::max) / (2e-4 * steady);
        assert!((speed / 1e-1 - 1.0).abs() < 1e-3, "{speed}");
        // SGD at d = 2000 follows to a few percent of the time; the mean of 16 runs fluctuates little.
        let sgd = found("sgd_excess_risk_below_0.0005");
        assert!((sgd / learned - 1.0).abs() < 0.25, "{sgd} {learned}");
        assert!(found("sgd_t_end") >= sgd && found("sgd_excess_risk") <= 5e-4);
        assert!(table.column("sgd_steady_state").is_none(), "SGD never comes to rest");
    }
    // The library's own way to the same time.
    let below = |_: f64, _: State<'_>, risk: f64| risk - 5e-4;
    let options = SolveOptions::default().rtol(1e-10);
    let (_, met) =
        solve_events(&system, &parameters(0.0), &[2000.0], &options, &[Event::below(&below)], &Silent)
            .unwrap();
    assert_eq!(met[0].as_ref().unwrap().time, numbers(&table, "ode_t_end")[0]);
}

#[test]
fn sgd_begins_at_the_start_time() {
    let text = "
        run = 'sgd'
        [problem]
        start_time = 3
        [grid]
        learning_rate = [0.5, 2]
        [sgd]
        replicas = 2
        checks = 20
        [record]
        until = 9
        [[event]]
        when = 'risk below'
        value = 0.2
    ";
    let system = system(1, 1);
    let table = table(text, &system);
    let missing = table.column("error").unwrap().values.numbers();
    assert!(missing.iter().all(Option::is_none), "{missing:?}");
    let found = numbers(&table, "sgd_risk_below_0.2");
    assert!(found.iter().all(|time| (3.0..=9.0).contains(time)), "{found:?}");
}

#[test]
fn a_point_that_fails_stands_in_the_table_with_its_error_and_what_it_reached() {
    let text = "
        [grid]
        learning_rate = [0.1, 20]
        [ode]
        max_steps = 20
        [record]
        until = 100
        times = [1]
    ";
    let table = table(text, &system(1, 2));
    let errors = &table.column("error").unwrap().values;
    let overlap_lab::Values::Text(errors) = errors else { panic!("no text") };
    assert_eq!(errors[0], None);
    let error = errors[1].as_ref().unwrap();
    assert!(error.starts_with("ODE: more than max_steps = 20 steps are needed"), "{error}");
    let [early, late] = ["ode_risk@1", "ode_risk"].map(|name| numbers(&table, name));
    assert!(early[1].is_finite() && late[1].is_nan() && late[0].is_finite(), "{early:?} {late:?}");
}

#[test]
fn another_sweep_in_the_folder_is_refused_and_a_comment_is_no_other_sweep() {
    let system = system(1, 2);
    let folder = tempfile::tempdir().unwrap();
    let options = SweepOptions::new(folder.path());
    let text = "[grid]\nnoise = [0, 0.1]\n[record]\nuntil = 1\n";
    let run = |text: &str| Sweep::parse(text, &system).unwrap().run(&system, &options, &Silent);
    assert_eq!(run(text).unwrap().done, 2);
    assert_eq!(run(&format!("# again\n{text}")).unwrap().done, 2);
    let error = run(&text.replace("0.1", "0.2")).unwrap_err();
    assert!(
        matches!(&error, Error::File { message, .. } if message.starts_with("the journal is of another sweep")),
        "{error}"
    );
    let other = DynSystem::new(1, 3, Activation::Erf, false).unwrap();
    assert!(Sweep::parse(text, &other).unwrap().run(&other, &options, &Silent).is_err());
}

/// The metadata of a file make it again; CSV, NPZ and Parquet hold the same.
#[test]
fn tables_read_back_as_they_were_written() {
    let text = "
        name = 'tables, \"quoted\" # and all'
        [grid]
        initial = [{ alignment = 0.1 }, { dimension = 100 }]
        noise = [0.0, 0.1]
        [ode]
        max_steps = 30
        [record]
        until = 1000
    ";
    let table = table(text, &system(2, 2));
    let folder = tempfile::tempdir().unwrap();
    let names: &[&str] =
        if cfg!(feature = "parquet") { &["t.csv", "t.npz", "t.parquet"] } else { &["t.csv", "t.npz"] };
    for name in names {
        let path = folder.path().join(name);
        table.save(&path).unwrap();
        let read = Table::read(&path).unwrap();
        assert_eq!(read.metadata(), table.metadata(), "{name}");
        for (found, column) in read.columns().iter().zip(table.columns()) {
            assert_eq!((&found.name, &found.unit), (&column.name, &column.unit), "{name}");
            assert_eq!(found.values.numbers(), column.values.numbers(), "{name}");
        }
        assert_eq!(read.columns().len(), table.columns().len());
        let bytes = std::fs::read(&path).unwrap();
        read.save(&path).unwrap();
        if !name.ends_with("csv") {
            assert_eq!(read.columns(), table.columns(), "{name}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same table gives the same bytes: {name}");
    }
    for (name, text) in [("no.npz", "nonsense"), ("no.csv", "")] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Table::read(&path), Err(Error::File { .. })), "{name}");
    }
    if !cfg!(feature = "parquet") {
        let error = table.save(folder.path().join("t.parquet")).unwrap_err().to_string();
        assert!(error.contains("cargo build --features parquet"), "{error}");
    }
}

#[test]
fn trajectories_are_files_of_their_own() {
    let system = system(1, 2);
    let folder = tempfile::tempdir().unwrap();
    let text = "run = 'both'\n[problem]\ninitial = { dimension = 50 }\n[grid]\nseed = [1, 2]\n[sgd]\nreplicas = 2\n\
                [record]\nuntil = 3\ntrajectories = [0, 1, 3]\n";
    let outcome = Sweep::parse(text, &system)
        .unwrap()
        .run(&system, &SweepOptions::new(folder.path()), &Silent)
        .unwrap();
    let read = |name: &str| Table::read(folder.path().join("trajectories").join(name)).unwrap();
    let ode = read("000002-ode.npz");
    assert_eq!(numbers(&ode, "t"), [0.0, 1.0, 3.0]);
    assert_eq!(numbers(&ode, "risk")[2], numbers(outcome.table.as_ref().unwrap(), "ode_risk")[1]);
    let sgd = read("000001-sgd.npz");
    assert_eq!(numbers(&sgd, "risk")[2], numbers(outcome.table.as_ref().unwrap(), "sgd_risk")[0]);
    assert_eq!(sgd.metadata()["problem"]["initial"]["seed"], 1);
    // Made again from its own file, it is the same.
    for name in ["000002-ode.npz", "000001-sgd.npz"] {
        let (code, text) = command(&system, folder.path(), &format!("rerun trajectories/{name}"));
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("the numbers are the same"), "{text}");
    }
}

#[test]
fn results_of_all_commands_are_made_again_and_drawn() {
    let system = system(2, 2);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("p.json"),
        r#"{"noise": 0.01, "initial": {"dimension": 60, "seed": 2}}"#,
    )
    .unwrap();
    let problem = "--problem p.json --times 0.5,1,2,40 --quiet";
    for line in ["solve", "simulate --replicas 3", "compare --replicas 3"] {
        for file in ["r.csv --metadata", "r.npz"] {
            let (code, text) = command(&system, folder.path(), &format!("{line} {problem} --out {file}"));
            assert_eq!(code, 0, "{text}");
            let file = file.split(' ').next().unwrap();
            let (code, text) = command(&system, folder.path(), &format!("rerun {file} --out again.npz"));
            assert_eq!((code, text.contains("the numbers are the same")), (0, true), "{line} {file}: {text}");
            let (code, text) = command(&system, folder.path(), &format!("plot {file} --out r.svg"));
            assert_eq!(code, 0, "{line}: {text}");
        }
    }
    let (code, text) = command(&system, folder.path(), "plot r.npz --y nothing");
    assert!(code == 1 && text.contains("there is no column nothing: the columns are t, risk_ode"), "{text}");
    // Without metadata a CSV file can be drawn, but not made again; a changed number is found.
    assert_eq!(command(&system, folder.path(), &format!("solve {problem} --out s.csv")).0, 0);
    assert_eq!(command(&system, folder.path(), "plot s.csv --y M,Q --out s.png").0, 0);
    let (code, text) = command(&system, folder.path(), "rerun s.csv");
    assert!(code == 1 && text.contains("its metadata has no kind"), "{text}");
    assert_eq!(command(&system, folder.path(), &format!("solve {problem} --out s.csv --metadata")).0, 0);
    let path = folder.path().join("s.csv");
    let changed = std::fs::read_to_string(&path).unwrap().replacen("\n40,0.0", "\n40,0.1", 1);
    std::fs::write(&path, changed).unwrap();
    let (code, text) = command(&system, folder.path(), "rerun s.csv");
    assert!(
        code == 1 && text.contains("the numbers differ by up to") && text.contains("risk in row 4"),
        "{text}"
    );
    // A sweep: curves and a map.
    let text = "[grid]\nnoise = [0.0, 0.1]\nlearning_rate = { from = 0.1, to = 10, points = 3, log = true }\nseed = [1, 2]\n[record]\nuntil = 1\n";
    std::fs::write(folder.path().join("s.toml"), text).unwrap();
    assert_eq!(command(&system, folder.path(), "sweep s.toml --out sweep/").0, 0);
    for (flags, marks) in [
        ("", vec!["ODE: excess risk", "learning rate γ", "label noise Δ"]),
        ("--x learning_rate --by noise", vec!["Δ = 0.1<", "Δ = 0<"]),
        ("--x noise --y ode_risk,ode_excess_risk --linear x,y", vec![">ode_risk<", ">mean over γ<"]),
    ] {
        let (code, text) =
            command(&system, folder.path(), &format!("plot sweep/table.csv {flags} --out f.svg"));
        assert_eq!(code, 0, "{flags}: {text}");
        let svg = std::fs::read_to_string(folder.path().join("f.svg")).unwrap();
        for mark in marks {
            assert!(svg.contains(mark), "{flags}: {mark} is missing");
        }
    }
    // Whole numbers that doubles do not hold: the seed of the first row is 2⁵³ + 1, and it is run again as that.
    let text = "run = 'sgd'\n[problem]\np = 1\ndimension = 30\n[grid]\nseed = [9007199254740993, 18446744073709551615]\n[record]\nuntil = 1\n";
    std::fs::write(folder.path().join("large.toml"), text).unwrap();
    let line =
        "simulate --problem p.json --times 0.5,1 --quiet --seed 9007199254740993 --metadata --out large.csv";
    for line in ["sweep large.toml --out large/", line, "rerun large.csv", "rerun large/table.csv"] {
        let (code, text) = command(&system, folder.path(), line);
        assert_eq!((code, text.contains("differ")), (0, false), "{line}: {text}");
    }
    let table = std::fs::read_to_string(folder.path().join("large/table.csv")).unwrap();
    assert!(
        table.contains("\n1,9007199254740993,") && table.contains("\n2,18446744073709551615,"),
        "{table}"
    );
    assert_eq!(command(&system, folder.path(), "plot large/table.csv --x seed --out f.svg").0, 0);
    // κ and δ span the phase diagram, with its boundaries; what else varies is named.
    let text = "[problem]\np = 2\nalignment = 0.3\n[grid]\nkappa = [0, 0.25]\ndelta = [-0.25, 0, 0.25]\nnoise = [0, 0.1]\n[record]\nuntil = 1\n";
    std::fs::write(folder.path().join("p.toml"), text).unwrap();
    assert_eq!(command(&system, folder.path(), "sweep p.toml --out plane/").0, 0);
    assert_eq!(command(&system, folder.path(), "plot plane/table.csv --out f.svg").0, 0);
    let svg = std::fs::read_to_string(folder.path().join("f.svg")).unwrap();
    for mark in [">κ<", ">δ<", ">κ + δ = 0<", ">κ + δ = −1/2<", ">mean over Δ<"] {
        assert!(svg.contains(mark), "{mark} is missing");
    }
    let (code, text) = command(&system, folder.path(), "sweep s.toml --dry-run");
    assert!(
        code == 0
            && text.contains("points:  12 (noise, learning_rate, seed varying)")
            && text.contains("cost:"),
        "{text}"
    );
    let (code, text) = command(&system, folder.path(), "sweep s.toml --shard 1");
    assert!(code == 2 && text.contains("--shard = 1, but it must be i/n"), "{text}");
    if !cfg!(feature = "mpi") {
        let (code, text) = command(&system, folder.path(), "sweep s.toml --mpi");
        assert!(code == 2 && text.contains("cargo build --features mpi"), "{text}");
    }
}

/// Runs a command line whose file names are in `folder`; exit code, and all that was told.
fn command(system: &impl System, folder: &Path, line: &str) -> (u8, String) {
    let file = |word: &str| {
        let ends = ["/", ".csv", ".npz", ".svg", ".png", ".toml", ".json"];
        let name = ends.iter().any(|end| word.ends_with(end));
        if name { folder.join(word).into_os_string() } else { word.into() }
    };
    let mut words: Vec<std::ffi::OsString> = vec!["program".into()];
    words.extend(line.split_whitespace().map(file));
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let interrupt = std::sync::atomic::AtomicBool::new(false);
    let mut streams = overlap_lab::cli::Streams {
        input: &mut std::io::empty(),
        output: &mut output,
        errors: &mut errors,
        interrupt: &interrupt,
    };
    let code = overlap_lab::cli::run_from(system, words, &mut streams);
    (code, String::from_utf8([output, errors].concat()).unwrap())
}
