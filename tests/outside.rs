//! Small crates of other people: each depends on `overlap` by path, and on nothing else of this workspace.

use std::path::Path;
use std::process::Command;

/// Runs the tests of `tests/outside/{name}`.
fn test(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("tests/outside").join(name);
    // The versions this workspace is tested with; whatever is not needed there cargo drops from the copy.
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the workspace has a lock file");
    // In the same target directory and with the options that `Cargo.toml` gives them in tests, most dependencies from the registry
    // are there already. The rest is compiled quickly, and what runs is small.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--lib"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_TEST_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_TEST_DEBUG", "false")
        // A missing or changed snapshot is a failure, unless INSTA_UPDATE says otherwise.
        .env("INSTA_UPDATE", std::env::var("INSTA_UPDATE").unwrap_or_else(|_| "no".to_owned()))
        .output()
        .expect("cargo runs: it has started this test");
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success(), "{name}:\n{out}\n{err}");
    // `--lib` with nothing to run would succeed as well.
    assert!(out.contains("test result: ok. ") && !out.contains("ok. 0 passed"), "{name} ran no test:\n{out}");
}

#[test]
fn a_crate_that_forbids_unsafe_code_and_warnings() {
    test("forbid_unsafe");
}

#[test]
fn a_crate_that_renames_overlap() {
    test("renamed");
}

#[test]
fn a_crate_without_prelude_where_every_name_is_taken() {
    test("no_prelude");
}

#[test]
fn a_crate_with_a_snapshot_of_the_equations() {
    test("snapshot");
}
