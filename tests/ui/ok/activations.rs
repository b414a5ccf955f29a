use overlap::{Activation, System};

overlap::overlap_system!(k = 1, p = 1, act = linear);
overlap::overlap_system!(k = 1, p = 1, act = relu);
overlap::overlap_system!(k = 1, p = 1, act = hermite(2), second_layer = trained);
overlap::overlap_system!(k = 1, p = 1, act = erf(gain = 1.5), teacher_act = sign);
overlap::overlap_system!(k = 1, p = 1, act = tanh, quadrature = 8);
overlap::overlap_system!(Polynomial: k = 1, p = 1, act = polynomial([0, 1, -0.5]), teacher_act = linear);

fn main() {
    assert_eq!(Hermite2K1P1Trained.activation(), Activation::Hermite(2));
    assert_eq!(Erf1_5SignK1P1.teacher_activation(), Activation::Sign);
    assert_eq!(TanhK1P1.activation(), Activation::Tanh);
    assert!(LinearK1P1::EQUATIONS.contains("σ(x) = x"));
    assert!(ReluK1P1::EQUATIONS.contains("max(x, 0)"));
    assert_eq!(Polynomial.activation().name(), "polynomial([0, 1, -0.5])");
}
