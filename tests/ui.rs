//! What `overlap_system!` accepts, and what it says to a mistake, where.
//!
//! The messages' texts are our own but their layout is the compiler's, that of Rust 1.95. After a wanted change run
//! `TRYBUILD=overwrite cargo test --test ui` and read the difference.

#[test]
fn mistakes_are_reported_at_their_tokens() {
    trybuild::TestCases::new().compile_fail("tests/ui/err/*.rs");
}

#[test]
fn every_form_of_a_declaration_compiles_and_runs() {
    trybuild::TestCases::new().pass("tests/ui/ok/*.rs");
}
