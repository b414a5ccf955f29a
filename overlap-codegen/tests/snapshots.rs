//! What users read, kept under review: the printed equations and the formatted generated code.

use overlap_codegen::{expand, expand_for_reading};
use overlap_engine::describe::Description;
use proc_macro2::TokenStream;

fn formatted(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("Rust items"))
}

fn reading(options: &str) -> (Description, String) {
    let input: TokenStream = options.parse().expect("tokens");
    let (description, code) = expand_for_reading(input).expect("a valid declaration");
    (description, formatted(code))
}

macro_rules! snapshot {
    ($name:ident, $options:literal) => {
        #[test]
        fn $name() {
            let (description, code) = reading($options);
            insta::assert_snapshot!(concat!(stringify!($name), "_equations"), description.text);
            insta::assert_snapshot!(concat!(stringify!($name), "_latex"), description.latex);
            insta::assert_snapshot!(concat!(stringify!($name), "_derivation"), description.derivation);
            insta::assert_snapshot!(concat!(stringify!($name), "_code"), code);
        }
    };
}

snapshot!(erf_k1_p1, "k = 1, p = 1, act = erf");
snapshot!(erf_k2_p2, "k = 2, p = 2, act = erf");
snapshot!(erf_k2_p3_trained, "k = 2, p = 3, act = erf, second_layer = trained");
snapshot!(erf_k4_p8, "k = 4, p = 8, act = erf");
snapshot!(erf_gain_k1_p1, "k = 1, p = 1, act = erf(gain = 2)");
snapshot!(erf_gain_k2_p2, "k = 2, p = 2, act = erf(gain = 2)");
snapshot!(erf_sign_k1_p1, "k = 1, p = 1, act = erf, teacher_act = sign");
snapshot!(erf_sign_k2_p2, "k = 2, p = 2, act = erf, teacher_act = sign");
snapshot!(linear_k1_p1, "k = 1, p = 1, act = linear");
snapshot!(linear_k2_p2, "k = 2, p = 2, act = linear");
snapshot!(hermite2_k1_p1, "k = 1, p = 1, act = hermite(2)");
snapshot!(hermite2_k2_p2, "k = 2, p = 2, act = hermite(2)");
snapshot!(hermite3_k1_p1, "k = 1, p = 1, act = hermite(3)");
// Straight-line code would be half a megabyte of snapshot.
snapshot!(hermite3_k2_p2, "k = 2, p = 2, act = hermite(3), unroll = never");
snapshot!(polynomial_k1_p1, "k = 1, p = 1, act = polynomial([0, 1, 0.5])");
snapshot!(polynomial_k2_p2, "k = 2, p = 2, act = polynomial([0, 1, 0.5])");
snapshot!(relu_k1_p1, "k = 1, p = 1, act = relu");
snapshot!(relu_k2_p2, "k = 2, p = 2, act = relu");
snapshot!(tanh_k1_p1, "k = 1, p = 1, act = tanh, quadrature = 20");
snapshot!(tanh_k2_p2, "k = 2, p = 2, act = tanh, teacher_act = erf, quadrature = 20, second_layer = trained");

/// The code of `jacobian = true`.
#[test]
fn jacobians() {
    for (name, options) in [
        ("jacobian_k1_p1", "k = 1, p = 1, act = erf, jacobian = true"),
        ("jacobian_k2_p2", "k = 2, p = 2, act = erf, jacobian = true"),
        (
            "jacobian_trained_sign_k2_p2",
            "k = 2, p = 2, act = erf, teacher_act = sign, second_layer = trained, jacobian = true",
        ),
    ] {
        let (_, code) = reading(options);
        let start = code.find("pub(super) struct Jacobian").expect("it was asked for");
        let end = code.find("impl ::overlap::System").expect("a system");
        insta::assert_snapshot!(name, &code[start..end]);
    }
}

/// The other two styles, once each.
#[test]
fn ascii_and_html() {
    let (description, _) = reading("k = 2, p = 3, act = erf, teacher_act = sign, second_layer = trained");
    insta::assert_snapshot!("erf_sign_ascii", description.ascii);
    insta::assert_snapshot!("erf_sign_html", description.html);
    assert!(description.ascii.is_ascii());
}

#[test]
fn the_same_input_gives_the_same_text() {
    let whole = || {
        let input: TokenStream = "::overlap; k = 3, p = 5, act = erf".parse().expect("tokens");
        formatted(expand(input).expect("a valid declaration"))
    };
    assert_eq!(whole(), whole());
}
