//! Text -> tokens with their places in the original.

use crate::span::ByteSpan;

/// Takes the tokens of a text, in order.
pub trait Sink {
    /// One token: its hash, the bytes `start..end` of the original, its
    /// weight (5 for a word, 2 for a cluster of an unspaced script).
    fn token(&mut self, hash: u64, start: usize, end: usize, weight: u8);
}

/// The tokens of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Hash of each token's normalised form.
    pub hashes: Vec<u64>,
    /// Where each token stands in the original text, in order, disjoint.
    pub spans: Vec<ByteSpan>,
    /// Weight of each token; empty while all are words.
    pub weights: Vec<u8>,
}
