//! A crate that forbids unsafe code, wants everything documented and lets no warning pass.
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, unreachable_pub, warnings)]

overlap::overlap_system!(pub Committee: k = 1, p = 2, act = erf, second_layer = trained);

/// Systems with documentation of their own.
pub mod documented {
    overlap::overlap_system!(
        /// One teacher unit, one student unit.
        pub Pair: k = 1, p = 1, act = erf, unroll = always
    );
}

mod private {
    overlap::overlap_system!(k = 1, p = 2, act = erf, unroll = never);

    #[test]
    fn a_default_name_is_private() {
        assert_eq!(overlap::System::name(&ErfK1P2), "ErfK1P2");
    }
}

#[cfg(test)]
mod tests {
    use overlap::System;

    #[test]
    fn systems_are_usable() {
        assert_eq!(super::Committee.shape().dim(), super::Committee::DIM);
        assert_eq!(super::documented::Pair::K, 1);
    }
}
