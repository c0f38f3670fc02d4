//! What a user asks for, and the checked plan made of it.
//!
//! `…Options` mirror the command line and may be wrong; `…Plan::new` is the
//! only way to a plan, and everything below trusts a plan. All defaults and
//! all rules between options stand here and in the files of this folder.

pub mod banding;
pub mod dedup;
pub mod find;
pub mod threshold;

use std::fmt;

/// Weight of a word.
pub const WORD_WEIGHT: u32 = 5;

/// Weight of a grapheme cluster of an unspaced script: two and a half of them
/// hold about as much text as a word.
pub const CLUSTER_WEIGHT: u32 = 2;

/// Why options cannot be used.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OptionsError {
    /// A number outside its range.
    OutOfRange {
        /// Name of the option, as on the command line without dashes.
        option: &'static str,
        /// The range, in words.
        expected: &'static str,
        /// What was given.
        got: f64,
    },
    /// Options that contradict each other or that promise what cannot be kept.
    Conflict {
        /// What is wrong and what to do, in one sentence.
        message: String,
    },
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionsError::OutOfRange { option, expected, got } => {
                write!(f, "--{option} must be {expected}, but it is {got}")
            }
            OptionsError::Conflict { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for OptionsError {}

/// Refuses a value outside its range; `ok` is to be written as a positive
/// condition, so that NaN is refused.
pub(crate) fn check(
    ok: bool,
    option: &'static str,
    expected: &'static str,
    got: f64,
) -> Result<(), OptionsError> {
    if ok { Ok(()) } else { Err(OptionsError::OutOfRange { option, expected, got }) }
}
