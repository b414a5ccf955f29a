//! Every form of a declaration: what `overlap_system!` accepts, where, and what it declares then.

use overlap::{Activation, Problem, Shape, System, jacobian, overlap_system};

mod item {
    overlap::overlap_system!(k = 1, p = 2, act = erf);

    #[test]
    fn an_item_has_its_sizes() {
        assert_eq!((ErfK1P2::K, ErfK1P2::P, ErfK1P2::DIM), (1, 2, 5));
    }
}

mod spelling {
    overlap::overlap_system!(act = erf, unroll = auto, p = 2, second_layer = fixed, k = 1,);
    overlap::overlap_system! { Braces: p = 1, k = 0x1, act = erf, }
    overlap::overlap_system![Brackets: p = 1, k = 1, act = erf];

    #[test]
    fn any_order_a_trailing_comma_and_all_brackets_do() {
        let names = [
            overlap::System::name(&ErfK1P2),
            overlap::System::name(&Braces),
            overlap::System::name(&Brackets),
        ];
        assert_eq!(names, ["ErfK1P2", "Braces", "Brackets"]);
    }
}

/// The attributes and the documentation of a named system are its own.
#[deny(missing_docs)]
pub mod named {
    overlap::overlap_system!(
        /// A committee with documentation of its own.
        #[derive(PartialOrd, Ord)]
        pub Committee: k = 1, p = 2, act = erf, second_layer = trained
    );
    overlap::overlap_system!(pub(crate) Undocumented: k = 1, p = 1, act = erf);
}

#[test]
fn a_named_system_is_found_by_its_path() {
    assert!(named::Committee <= named::Committee);
    assert_eq!(named::Committee::DIM, 7);
    assert_eq!(overlap::System::name(&named::Undocumented), "Undocumented");
}

#[test]
fn activations() {
    overlap_system!(k = 1, p = 1, act = linear);
    overlap_system!(k = 1, p = 1, act = relu);
    overlap_system!(k = 1, p = 1, act = hermite(2), second_layer = trained);
    overlap_system!(k = 1, p = 1, act = erf(gain = 1.5), teacher_act = sign);
    overlap_system!(k = 1, p = 1, act = tanh, quadrature = 8);
    overlap_system!(Polynomial: k = 1, p = 1, act = polynomial([0, 1, -0.5]), teacher_act = linear);
    assert_eq!(Hermite2K1P1Trained.activation(), Activation::Hermite(2));
    assert_eq!(Erf1_5SignK1P1.teacher_activation(), Activation::Sign);
    assert_eq!(TanhK1P1.activation(), Activation::Tanh);
    assert!(LinearK1P1::EQUATIONS.contains("σ(x) = x"));
    assert!(ReluK1P1::EQUATIONS.contains("max(x, 0)"));
    assert_eq!(Polynomial.activation().name(), "polynomial([0, 1, -0.5])");
}

#[test]
fn all_options() {
    overlap_system!(k = 1, p = 1, act = erf, second_layer = trained, unroll = never);
    overlap_system!(Unrolled: k = 1, p = 1, act = erf, second_layer = trained, unroll = always);
    overlap_system!(Fixed: k = 2, p = 1, act = erf, second_layer = fixed, unroll = auto);
    assert_eq!(ErfK1P1Trained.shape(), Shape { k: 1, p: 1, trained: true });
    assert_eq!(Unrolled.shape(), ErfK1P1Trained.shape());
    assert_eq!(Fixed.shape(), Shape { k: 2, p: 1, trained: false });
    assert_eq!(Fixed.activation(), Activation::Erf);
}

#[test]
fn a_jacobian_is_there_where_it_was_asked_for() {
    overlap_system!(k = 1, p = 2, act = erf, jacobian = true);
    overlap_system!(Without: k = 1, p = 2, act = erf, jacobian = false);
    let problem = Problem::builder(1, 2).build().unwrap();
    let state = [0.1, 0.2, 0.5, 0.0, 0.6];
    let found = jacobian(&ErfK1P2, &problem, &state).unwrap();
    assert_eq!(found.by_state.shape(), (5, 5));
    assert_eq!(found.by_parameters.shape(), (5, 3));
    assert_eq!(ErfK1P2.shape().parameter_names(), ["gamma", "Delta", "P_1_1"]);
    assert_eq!(Without.shape(), Shape { k: 1, p: 2, trained: false });
    assert!(jacobian(&Without, &problem, &state).is_err());
}

macro_rules! committees {
    ($($name:ident: $k:literal, $p:expr, $act:ident;)*) => {
        $(overlap::overlap_system!($name: k = $k, p = $p, act = $act);)*
    };
}

#[test]
fn a_macro_can_declare_systems() {
    committees! {
        Small: 1, 1, erf;
        Wide: 1, 3, erf;
    }
    assert_eq!((Small::P, Wide::P), (1, 3));
}

#[test]
fn a_generic_function_can_declare_a_system() {
    fn dimension<T: Default, const N: usize, const P: usize>(_: [T; N]) -> usize {
        overlap_system!(k = 1, p = 2, act = erf);
        ErfK1P2.shape().dim() + N + P
    }
    assert_eq!(dimension::<f32, 3, 1>([0.0; 3]), 9);
}

#[test]
fn one_scope_can_hold_several_systems() {
    overlap_system!(k = 1, p = 1, act = erf);
    overlap_system!(k = 1, p = 2, act = erf);
    overlap_system!(Again: k = 1, p = 2, act = erf);
    let systems: [&dyn System; 3] = [&ErfK1P1, &ErfK1P2, &Again];
    assert_eq!(systems.map(|system| system.shape().p), [1, 2, 2]);
    assert!(ErfK1P1::EQUATIONS.contains("erf"));
}
