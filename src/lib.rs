//! Finds what a text tells twice.

pub mod disjoint;
pub mod hash;
pub mod options;
pub mod passage;
pub mod report;
pub mod span;
pub mod text;
