//! Finds what a text tells twice.

pub mod cluster;
pub mod differ;
pub mod disjoint;
pub mod hash;
pub mod join;
pub mod options;
pub mod passage;
pub mod report;
pub mod span;
pub mod text;
