//! What `overlap_system!` says to a mistake, and where. (What it accepts is in `forms.rs` of the workspace's
//! tests: cases that must compile would have all dependencies built anew here.) In this crate, since trybuild checks all dependencies
//! of the one it is used in.
//!
//! The messages' texts are our own but their layout is the compiler's, that of Rust 1.95. After a wanted change run
//! `TRYBUILD=overwrite cargo test -p overlap-macros` and read the difference.

#[test]
fn mistakes_are_reported_at_their_tokens() {
    trybuild::TestCases::new().compile_fail("tests/ui/err/*.rs");
}
