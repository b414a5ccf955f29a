//! What users read, kept under review: the printed equations and the formatted generated code.

use overlap_codegen::{
    activation::{Activations, Erf},
    describe::describe,
    emit::Sizes,
    equations::Equations,
    expand,
};
use proc_macro2::TokenStream;

fn formatted(options: &str) -> String {
    let input: TokenStream = format!("::overlap; {options}").parse().expect("tokens");
    let tokens = expand(input).expect("a valid declaration");
    prettyplease::unparse(&syn::parse2(tokens).expect("Rust items"))
}

fn equations(k: usize, p: usize, trained: bool) -> [String; 2] {
    let erf = Activations::same(&Erf::UNIT);
    let mut equations = Equations::derive(erf).expect("erf is closed");
    describe(&mut equations, erf, &format!("ErfK{k}P{p}"), Sizes { k, p, trained })
}

macro_rules! snapshot {
    ($name:ident, $options:literal, $k:literal, $p:literal, $trained:literal) => {
        #[test]
        fn $name() {
            let [text, latex] = equations($k, $p, $trained);
            insta::assert_snapshot!(concat!(stringify!($name), "_equations"), text);
            insta::assert_snapshot!(concat!(stringify!($name), "_latex"), latex);
            insta::assert_snapshot!(concat!(stringify!($name), "_code"), formatted($options));
        }
    };
}

snapshot!(erf_k1_p1, "k = 1, p = 1, act = erf", 1, 1, false);
snapshot!(erf_k2_p2, "k = 2, p = 2, act = erf", 2, 2, false);
snapshot!(erf_k2_p3_trained, "k = 2, p = 3, act = erf, second_layer = trained", 2, 3, true);
snapshot!(erf_k4_p8, "k = 4, p = 8, act = erf", 4, 8, false);

#[test]
fn the_same_input_gives_the_same_text() {
    assert_eq!(formatted("k = 3, p = 5, act = erf"), formatted("k = 3, p = 5, act = erf"));
}
