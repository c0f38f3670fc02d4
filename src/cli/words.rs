//! Words of the command line for options of the library.

/// The command line's words for an option of the library.
macro_rules! words {
    ($name:ident for $of:ty { $($(#[$meta:meta])* $word:ident = $value:expr),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, Default, ValueEnum)]
        pub(crate) enum $name { $($(#[$meta])* $word),+ }

        impl From<$name> for $of {
            fn from(word: $name) -> $of {
                match word { $($name::$word => $value),+ }
            }
        }
    };
}

pub(crate) use words;
