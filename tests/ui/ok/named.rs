//! The attributes and the documentation of a named system are its own.
#![deny(missing_docs)]

/// Two systems other code can name.
pub mod systems {
    overlap::overlap_system!(
        /// A committee with documentation of its own.
        #[derive(PartialOrd, Ord)]
        pub Committee: k = 1, p = 2, act = erf, second_layer = trained
    );
    overlap::overlap_system!(pub(crate) Undocumented: k = 1, p = 1, act = erf);
}

fn main() {
    assert!(systems::Committee <= systems::Committee);
    assert_eq!(systems::Committee::DIM, 7);
    assert_eq!(overlap::System::name(&systems::Undocumented), "Undocumented");
}
