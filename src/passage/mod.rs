//! Repeated passages: what they are, and the stages that find them.
//!
//! A passage is a stretch of tokens that stands in two or more places, whole
//! or with edits; each place is an occurrence. The stages, in order:
//!
//! 1. [`fingerprint`]: tokens of a document -> winnowed fingerprints;
//! 2. [`periodic`]: units repeated back to back -> runs, whose inner
//!    fingerprints are left out of all that follows;
//! 3. [`seed`]: fingerprints of all documents -> links between equal ones;
//! 4. [`chain`]: links of two documents -> chains of exact matches;
//! 5. [`align`]: a chain -> an alignment, extended at both ends, verified;
//!    [`outlook`]: which chains cannot come to that;
//! 6. [`merge`]: alignments -> occurrences and what links them;
//! 7. [`family`]: occurrences -> clusters, every member verified against the
//!    leader;
//! 8. [`nest`]: clusters -> which passage stands inside which.
//!
//! All work on the tokens of all documents in one row ([`rows`]).

use crate::span::TokenSpan;

pub mod align;
pub mod chain;
pub mod family;
pub mod fingerprint;
pub mod merge;
pub mod nest;
pub mod outlook;
pub mod periodic;
pub mod rows;
pub mod seed;

/// Two stretches of tokens that were aligned, `a` before `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// The earlier stretch.
    pub a: TokenSpan,
    /// The later one; in the same document it may overlap the first.
    pub b: TokenSpan,
    /// Columns with equal tokens.
    pub matches: u32,
    /// All columns.
    pub columns: u32,
}

/// A unit repeated back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    /// From the first unit to the last, with a part of a unit that follows.
    pub span: TokenSpan,
    /// Tokens of the unit, the shortest with which the run repeats.
    pub period: u32,
    /// Whole units, at least two.
    pub repeats: u32,
    /// Tokens equal to the one a period later.
    pub matches: u32,
    /// Tokens compared.
    pub columns: u32,
}
