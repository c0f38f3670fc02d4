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
//! All work on the tokens of all documents in one row ([`Rows`]).

use crate::options::WORD_WEIGHT;
use crate::span::TokenSpan;

pub mod align;
pub mod chain;
pub mod family;
pub mod fingerprint;
pub mod merge;
pub mod nest;
pub mod outlook;
pub mod periodic;
pub mod seed;

/// The tokens of all documents in one row, 32 bits of hash each.
///
/// Two different tokens agree in 32 bits once in four thousand million
/// times; a seed, a chain and an alignment consist of many, so a false match
/// of one column is the most that such an accident costs.
#[derive(Debug)]
pub struct Rows {
    tokens: Vec<u32>,
    /// First token of each document, and the end of the last.
    starts: Vec<u32>,
    /// Weights summed from the first token on, modulo 2^32; empty while all
    /// tokens are words.
    sums: Vec<u32>,
    /// For each stretch of `1 << COARSE` tokens, the document of its first.
    coarse: Vec<u32>,
}

const COARSE: u32 = 8;

/// More tokens than one search can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTokens;

impl Default for Rows {
    fn default() -> Rows {
        Rows { tokens: Vec::new(), starts: vec![0], sums: Vec::new(), coarse: Vec::new() }
    }
}

impl Rows {
    /// Appends a document: its tokens, and their weights or nothing when all
    /// are words.
    ///
    /// # Errors
    ///
    /// When all documents together have `u32::MAX` tokens or more.
    pub fn push(&mut self, tokens: &[u32], weights: &[u8]) -> Result<(), TooManyTokens> {
        let end = self.tokens.len() + tokens.len();
        let end = u32::try_from(end).ok().filter(|&e| e < u32::MAX).ok_or(TooManyTokens)?;
        if !weights.is_empty() && self.sums.is_empty() {
            self.sums =
                (0..=self.tokens.len() as u32).map(|n| n.wrapping_mul(WORD_WEIGHT)).collect();
        }
        if !self.sums.is_empty() {
            let mut sum = self.sums[self.tokens.len()];
            let weight = |i: usize| weights.get(i).map_or(WORD_WEIGHT, |&w| u32::from(w));
            self.sums.extend((0..tokens.len()).map(|i| {
                sum = sum.wrapping_add(weight(i));
                sum
            }));
        }
        self.tokens.extend_from_slice(tokens);
        let document = self.starts.len() as u32 - 1;
        while (self.coarse.len() as u32) << COARSE < end {
            self.coarse.push(document);
        }
        self.starts.push(end);
        Ok(())
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.starts.len() - 1
    }

    /// All tokens.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The tokens of a stretch.
    #[must_use]
    pub fn slice(&self, span: TokenSpan) -> &[u32] {
        &self.tokens[span.range()]
    }

    /// The stretch of a document.
    #[must_use]
    pub fn span(&self, document: u32) -> TokenSpan {
        let d = document as usize;
        TokenSpan { start: self.starts[d], end: self.starts[d + 1] }
    }

    /// The document of a token.
    #[must_use]
    pub fn document(&self, token: u32) -> u32 {
        let mut d = self.coarse[(token >> COARSE) as usize];
        while self.starts[d as usize + 1] <= token {
            d += 1;
        }
        d
    }

    /// Weight of a stretch.
    #[must_use]
    pub fn weight(&self, span: TokenSpan) -> u32 {
        if self.sums.is_empty() {
            span.len() * WORD_WEIGHT
        } else {
            self.sums[span.end as usize].wrapping_sub(self.sums[span.start as usize])
        }
    }

    /// Whether a stretch is mostly of an unspaced script, so that limits in
    /// tokens grow by two and a half.
    #[must_use]
    pub fn unspaced(&self, span: TokenSpan) -> bool {
        // Half of the tokens unspaced: mean weight 3.5.
        !self.sums.is_empty() && 2 * self.weight(span) < 7 * span.len()
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_know_their_documents_and_weights() {
        let mut rows = Rows::default();
        let lengths = [3usize, 0, 700, 1, 0, 256, 5];
        for (d, &n) in lengths.iter().enumerate() {
            let weights = if d == 3 { vec![2; n] } else { Vec::new() };
            rows.push(&vec![d as u32; n], &weights).unwrap();
        }
        assert_eq!(rows.documents(), lengths.len());
        for (at, &t) in rows.tokens().iter().enumerate() {
            assert_eq!(rows.document(at as u32), t, "token {at}");
        }
        assert_eq!(rows.weight(rows.span(0)), 15);
        assert_eq!(rows.weight(rows.span(3)), 2);
        assert_eq!(rows.weight(rows.span(2)), 3500);
        assert!(rows.unspaced(rows.span(3)) && !rows.unspaced(rows.span(6)));
    }
}
