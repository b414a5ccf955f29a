//! Exact learning dynamics of two-layer networks, generated.

pub use overlap_runtime::*;

#[doc(hidden)]
pub mod __private {
    pub use overlap_macros::overlap_system;
}

/// Declares a system.
#[macro_export]
macro_rules! overlap_system {
    ($($input:tt)*) => {
        $crate::__private::overlap_system! { $crate; $($input)* }
    };
}
