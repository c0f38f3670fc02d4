//! Finds what a text tells twice.

pub mod disjoint;
pub mod hash;
pub mod options;
pub mod passage;
pub mod report;
pub mod run;
pub mod span;
pub mod text;

pub use options::find::FindOptions;
pub use run::Watch;
pub use run::passages::FindError;
pub use run::passages::find;
