//! `OVERLAP_EXPAND=FOLDER` writes what a declaration expands to, so that people can read it.

use overlap_codegen::{expand, expand_for_reading};
use proc_macro2::TokenStream;
use std::path::Path;
use std::process::{Command, Output};

const VARIABLE: &str = "OVERLAP_EXPAND";
const OPTIONS: &str = "k = 1, p = 1, act = erf";

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

/// This very test in a process of its own, where the variable is set: it expands and says what came of it.
fn expanding_with(folder: &Path) -> Output {
    Command::new(std::env::current_exe().expect("this program has a path"))
        .args(["expansions_are_written_where_asked", "--exact", "--nocapture"])
        .env(VARIABLE, folder)
        .output()
        .expect("this program runs")
}

#[test]
fn expansions_are_written_where_asked() {
    if std::env::var_os(VARIABLE).is_some() {
        match expand(tokens(&format!("::overlap; {OPTIONS}"))) {
            Ok(_) => println!("expanded"),
            Err(error) => println!("{error}"),
        }
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("expansions");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an earlier run's folder");
    }
    let output = expanding_with(&folder);
    assert!(String::from_utf8_lossy(&output.stdout).contains("expanded"), "{output:?}");
    let read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    };

    let (description, code) = expand_for_reading(tokens(OPTIONS)).expect("a valid declaration");
    for (file, text) in description.files("ErfK1P1") {
        assert_eq!(read(&file), text, "{file}");
        // The code takes the texts from these files, so that it can be read, and compiled, as it stands.
        assert!(read("ErfK1P1.rs").contains(&format!("include_str!(\"{file}\")")), "{file}");
    }
    let formatted = |tokens: TokenStream| prettyplease::unparse(&syn::parse2(tokens).expect("items"));
    let written = read("ErfK1P1.rs");
    assert!(written.lines().count() > 100, "formatted:\n{written}");
    assert_eq!(formatted(tokens(&written)), formatted(code));

    // A folder that cannot be made is an error of the compiler, not silence.
    let file = folder.join("ErfK1P1.rs");
    let output = expanding_with(&file.join("below"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("OVERLAP_EXPAND: cannot write"), "{said}");
}
