use overlap::System;

fn dimension<T: Default, const N: usize, const P: usize>(_: [T; N]) -> usize {
    overlap::overlap_system!(k = 1, p = 2, act = erf);
    ErfK1P2.shape().dim() + N + P
}

fn main() {
    assert_eq!(dimension::<f32, 3, 1>([0.0; 3]), 9);
}
