//! Finds what a text tells twice.

pub mod cluster;
pub mod contain;
pub mod cross;
pub mod differ;
pub mod disjoint;
pub mod hash;
pub mod join;
pub mod keep;
pub mod lsh;
pub mod options;
pub mod passage;
pub mod radix;
pub mod report;
pub mod run;
pub mod shingle;
pub mod signature;
pub mod simd;
pub mod sketch;
pub mod span;
pub mod text;
pub mod verify;
