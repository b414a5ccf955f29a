//! The words that options are written with in files and on the command line.

/// Gives an enum without fields its words: `ALL`, `name`, and reading one back.
macro_rules! words {
    ($type:ident, $quantity:literal, $($variant:ident = $word:literal),+) => {
        impl $type {
            /// Every choice.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The word for it in files and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $word,)+
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::Error;

            /// Reads [`name`](Self::name) back.
            ///
            /// # Errors
            /// [`Error::Invalid`](crate::Error::Invalid) with the words there are.
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().copied().find(|choice| choice.name() == word);
                found.ok_or_else(|| $crate::Error::invalid($quantity, word, concat!("one of" $(, " ", $word)+)))
            }
        }
    };
}
pub(crate) use words;
