//! Finds what a text tells twice.

pub mod disjoint;
pub mod hash;
pub mod input;
pub mod lsh;
pub mod options;
pub mod output;
pub mod passage;
pub mod radix;
pub mod report;
pub mod run;
pub mod shingle;
pub mod signature;
pub mod simd;
pub mod sketch;
pub mod span;
pub mod storage;
pub mod text;
pub mod verify;

pub use options::find::FindOptions;
pub use run::Watch;
pub use run::passages::FindError;
pub use run::passages::find;
