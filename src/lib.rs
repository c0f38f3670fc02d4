//! Finds what a text tells twice.

pub mod disjoint;
pub mod hash;
pub mod input;
pub mod options;
pub mod output;
pub mod passage;
pub mod report;
pub mod span;
pub mod storage;
pub mod text;
