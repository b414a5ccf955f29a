//! What is too large is refused before any work is done, and what is allowed stays small.

use overlap_codegen::expand_for_reading;
use proc_macro2::TokenStream;

/// The message about a declaration that is refused.
fn refused(options: &str) -> String {
    let input: TokenStream = options.parse().expect("tokens");
    expand_for_reading(input).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn bounds_are_checked_before_work() {
    let long = |sign: &str, end: &str| format!("polynomial([0, {}1{}])", sign.repeat(3000), end.repeat(3000));
    let large = format!("erf(gain = 1{}e9)", "0".repeat(36));
    for (act, message) in [
        ("hermite(153)".to_owned(), "from 1 to 6"),
        ("hermite(1000000000)".to_owned(), "from 1 to 6"),
        ("erf(gain = 1.0e-2147483648)".to_owned(), "at most 9 digits"),
        ("erf(gain = 1e99999999999999999999)".to_owned(), "at most 9 digits"),
        (large, "at most 9 digits"),
        (long("- ", ""), "more than the 256 tokens"),
        (long("(", ")"), "more than the 16 brackets"),
        (format!("hermite({})", "1".repeat(300)), "a token of 300 characters"),
    ] {
        let found = refused(&format!("k = 1, p = 1, act = {act}"));
        assert!(found.contains(message), "{act}: {found}");
    }
}

/// The largest degree, by itself: its code was two hundred times as long when all monomials were written out.
#[test]
fn the_largest_degree_is_small() {
    let input: TokenStream = "k = 3, p = 2, act = hermite(6), unroll = never".parse().expect("tokens");
    let (_, code) = expand_for_reading(input).expect("a valid declaration");
    assert!(code.to_string().len() < 1_500_000);
}
