//! No prelude, and every name that generated code could want taken for something else.
#![no_implicit_prelude]
#![allow(non_camel_case_types, dead_code)]
#![deny(unused_imports)]

extern crate overlap as dynamics;

pub mod core {}
pub mod std {}
pub mod alloc {}
pub mod overlap {}
pub mod generated {}

pub struct f64;
pub struct f32;
pub struct usize;
pub struct bool;
pub struct str;
pub struct Option;
pub struct Result;
pub struct Vec;
pub struct String;
pub struct Some;
pub struct None;
pub struct Ok;
pub struct Err;
pub struct Simd;
pub struct Kernel;
pub struct Nodes;
pub struct Parameters;
pub struct Shape;
pub struct RightHandSide;
pub struct Risk;
pub struct System;
pub struct Activation;
pub trait Default {}
pub trait Clone {}
pub trait Copy {}
pub trait Debug {}
pub trait PartialEq {}

pub const K: i8 = -1;
pub const P: i8 = -2;
pub const N: i8 = -3;
pub const WIDE: i8 = -4;
pub const ROW: i8 = -5;
pub const BAND: i8 = -6;
pub fn dispatch() {}
pub fn pair() {}
pub fn integrate_static() {}

dynamics::overlap_system!(pub Fixed: k = 1, p = 2, act = erf);
dynamics::overlap_system!(pub Trained: k = 2, p = 1, act = erf, second_layer = trained, unroll = never);
dynamics::overlap_system!(pub Unrolled: k = 1, p = 1, act = erf, second_layer = trained, unroll = always);

/// Every option, and activations that need code of their own.
pub mod options {
    crate::dynamics::overlap_system!(pub Jacobian: k = 1, p = 1, act = erf, jacobian = true);
    crate::dynamics::overlap_system!(
        pub Mixed: k = 1, p = 2, act = erf(gain = 2), teacher_act = sign, second_layer = trained, unroll = never, jacobian = true
    );
    crate::dynamics::overlap_system!(pub Polynomial: k = 1, p = 1, act = polynomial([0, 1, 0.5]), teacher_act = erf, jacobian = true);
    crate::dynamics::overlap_system!(pub Step: k = 1, p = 1, act = hermite(2), teacher_act = sign, unroll = never, jacobian = true);
    crate::dynamics::overlap_system!(pub Linear: k = 1, p = 1, act = linear, unroll = always);
    crate::dynamics::overlap_system!(pub Relu: k = 1, p = 1, act = relu, second_layer = trained, unroll = never, jacobian = true);
    crate::dynamics::overlap_system!(pub ReluUnrolled: k = 1, p = 1, act = relu);
    crate::dynamics::overlap_system!(pub Quadrature: k = 1, p = 1, act = tanh, teacher_act = erf, second_layer = trained, quadrature = 8);
}

/// Systems called as the expansion calls its own things.
pub mod named {
    crate::dynamics::overlap_system!(pub Risk: k = 1, p = 1, act = erf);
    crate::dynamics::overlap_system!(pub RightHandSide: k = 2, p = 4, act = erf, unroll = never);
    crate::dynamics::overlap_system!(pub Parameters: k = 1, p = 1, act = erf);
    crate::dynamics::overlap_system!(pub Shape: k = 1, p = 1, act = erf);
    crate::dynamics::overlap_system!(pub System: k = 1, p = 1, act = erf);
    crate::dynamics::overlap_system!(pub K: k = 1, p = 1, act = erf, unroll = never);
}

/// Constants called as the expansion calls its variables: a pattern would match them instead of binding.
pub mod constants {
    #![allow(non_upper_case_globals)]
    const s: i8 = 0;
    const n: i8 = 0;
    const t0: i8 = 0;
    crate::dynamics::overlap_system!(pub Fixed: k = 1, p = 1, act = erf);
    crate::dynamics::overlap_system!(pub Loops: k = 2, p = 4, act = erf, unroll = never);
}

#[cfg(test)]
mod tests {
    use crate::dynamics;

    #[::core::prelude::v1::test]
    fn systems_are_usable() {
        let shape = dynamics::System::shape(&super::Fixed);
        ::core::assert_eq!((shape.k, shape.p), (1, 2));
        ::core::assert_eq!(super::K, -1);
    }
}
