use overlap::{Activation, Shape, System};

overlap::overlap_system!(k = 1, p = 1, act = erf, second_layer = trained, unroll = never);
overlap::overlap_system!(Unrolled: k = 1, p = 1, act = erf, second_layer = trained, unroll = always);
overlap::overlap_system!(Fixed: k = 2, p = 1, act = erf, second_layer = fixed, unroll = auto);

fn main() {
    assert_eq!(ErfK1P1Trained.shape(), Shape { k: 1, p: 1, trained: true });
    assert_eq!(Unrolled.shape(), ErfK1P1Trained.shape());
    assert_eq!(Fixed.shape(), Shape { k: 2, p: 1, trained: false });
    assert_eq!(Fixed.activation(), Activation::Erf);
}
