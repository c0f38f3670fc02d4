//! The tokens of all documents in one row.
//!
//! Documents stand one after another; a stretch of the row is a
//! [`TokenSpan`]. [`Rows`] holds the tokens in memory; stages that look at a
//! few stretches only take any [`Tokens`], which may be on the disk.
//!
//! * time: `O(1)` for the document of a token, plus the documents shorter than
//!   256 tokens around it
//! * space: 4 bytes a token, 8 when some are not words, and 5 a document

use crate::options::WORD_WEIGHT;
use crate::span::TokenSpan;

const COARSE: u32 = 8;

/// More tokens than one search can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTokens;

/// Where documents begin and end in the row.
#[derive(Debug)]
pub struct Layout {
    /// First token of each document, and the end of the last.
    starts: Vec<u32>,
    /// For each stretch of `1 << COARSE` tokens, the document of its first.
    coarse: Vec<u32>,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { starts: vec![0], coarse: Vec::new() }
    }
}

impl Layout {
    /// Appends a document of so many tokens.
    ///
    /// # Errors
    ///
    /// When all documents together have `u32::MAX` tokens or more.
    pub fn push(&mut self, tokens: usize) -> Result<(), TooManyTokens> {
        let end = self.tokens() as usize + tokens;
        let end = u32::try_from(end).ok().filter(|&e| e < u32::MAX).ok_or(TooManyTokens)?;
        let document = self.documents() as u32;
        while (self.coarse.len() as u32) << COARSE < end {
            self.coarse.push(document);
        }
        self.starts.push(end);
        Ok(())
    }

    /// Number of tokens.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.starts[self.starts.len() - 1]
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.starts.len() - 1
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
}

/// The tokens of all documents, wherever they are held.
pub trait Tokens: Sync {
    /// Where documents begin and end.
    fn layout(&self) -> &Layout;

    /// Weight of a stretch.
    fn weight(&self, span: TokenSpan) -> u32;

    /// The tokens of a stretch; `room` may be used for them.
    fn read<'a>(&'a self, span: TokenSpan, room: &'a mut Vec<u32>) -> &'a [u32];

    /// Number of documents.
    fn documents(&self) -> usize {
        self.layout().documents()
    }

    /// The document of a token.
    fn document(&self, token: u32) -> u32 {
        self.layout().document(token)
    }

    /// The stretch of a document.
    fn span(&self, document: u32) -> TokenSpan {
        self.layout().span(document)
    }
}

/// The tokens of all documents in memory, 32 bits of hash each.
///
/// Two different tokens agree in 32 bits once in four thousand million
/// times; a seed, a chain and an alignment consist of many, so a false match
/// of one column is the most that such an accident costs.
#[derive(Debug, Default)]
pub struct Rows {
    tokens: Vec<u32>,
    layout: Layout,
    /// Weights summed from the first token on, modulo 2^32; empty while all
    /// tokens are words.
    sums: Vec<u32>,
}

impl Rows {
    /// Without documents, with room for so many tokens.
    #[must_use]
    pub fn with_room(tokens: usize) -> Rows {
        Rows { tokens: Vec::with_capacity(tokens), ..Rows::default() }
    }

    /// Appends a document: its tokens, and their weights or nothing when all
    /// are words.
    ///
    /// # Errors
    ///
    /// When all documents together have `u32::MAX` tokens or more.
    pub fn push(&mut self, tokens: &[u32], weights: &[u8]) -> Result<(), TooManyTokens> {
        self.layout.push(tokens.len())?;
        if !weights.is_empty() && self.sums.is_empty() {
            self.sums.reserve_exact(self.tokens.capacity() + 1);
            let words = 0..=self.tokens.len() as u32;
            self.sums.extend(words.map(|n| n.wrapping_mul(WORD_WEIGHT)));
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
        Ok(())
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> usize {
        self.layout.documents()
    }

    /// All tokens.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Weights summed up to each token and to the end, modulo 2^32; nothing
    /// while all tokens are words.
    #[must_use]
    pub fn sums(&self) -> &[u32] {
        &self.sums
    }

    /// The tokens of a stretch.
    #[must_use]
    pub fn slice(&self, span: TokenSpan) -> &[u32] {
        &self.tokens[span.range()]
    }

    /// The stretch of a document.
    #[must_use]
    pub fn span(&self, document: u32) -> TokenSpan {
        self.layout.span(document)
    }

    /// The document of a token.
    #[must_use]
    pub fn document(&self, token: u32) -> u32 {
        self.layout.document(token)
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

impl Tokens for Rows {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn weight(&self, span: TokenSpan) -> u32 {
        Rows::weight(self, span)
    }

    fn read<'a>(&'a self, span: TokenSpan, _: &'a mut Vec<u32>) -> &'a [u32] {
        self.slice(span)
    }
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
