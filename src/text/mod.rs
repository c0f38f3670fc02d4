//! Text -> tokens with their places in the original.
//!
//! A token is a word or, in scripts that are written without spaces, one
//! character with its marks. Each is hashed in a normalised form, so that
//! case, composition, width, invisible characters and the shape of an
//! apostrophe make no difference, while its span counts bytes of the original
//! text: no normalised copy of a text exists, nor offsets into one.
//!
//! What makes a word: a longest run of letters, decimal digits and combining
//! marks (`Alphabetic`, `Nd`, `Mn`, `Mc`), with single apostrophes between two
//! of them. `don't` is one token, `192.0.2.1` four, `snake_case` two; hyphens
//! and dashes part words. Of Han, Hiragana, Katakana, Thai, Lao, Khmer and
//! Myanmar each base with the marks after it is a token of weight 2; where
//! they meet words, both begin anew. Decimal digits make words everywhere.
//! The rules see every character as its compatibility decomposition, so that
//! the tokens are the same for NFC, NFD, NFKC and NFKD of a text: `x²` is the
//! word `x2`, `㍿` four tokens.
//!
//! Unicode data are those of the crates in `Cargo.lock`, not of the compiler;
//! a new version of theirs may change the tokens of rare characters.

use crate::options::WORD_WEIGHT;
use crate::span::ByteSpan;

mod ascii;
mod general;
mod normal;
mod table;

pub use ascii::tokenize;

/// Takes the tokens of a text, in order.
pub trait Sink {
    /// One token: its hash, the bytes `start..end` of the original, its
    /// weight (5 for a word, 2 for a cluster of an unspaced script).
    ///
    /// Starts and ends never decrease. Spans are disjoint, save that where one
    /// character stands for several tokens (`㍿`, `ﷺ`) all of them span it.
    fn token(&mut self, hash: u64, start: usize, end: usize, weight: u8);
}

/// The tokens of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Hash of each token's normalised form.
    pub hashes: Vec<u64>,
    /// Where each token stands in the original text, in order, as
    /// [`Sink::token`] says.
    pub spans: Vec<ByteSpan>,
    /// Weight of each token; empty while all are words.
    pub weights: Vec<u8>,
}

impl Tokens {
    /// Number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Takes all tokens out and keeps the memory.
    pub fn clear(&mut self) {
        self.hashes.clear();
        self.spans.clear();
        self.weights.clear();
    }

    /// Weight of the token with number `token`.
    ///
    /// # Panics
    ///
    /// If there are fewer tokens, and some are not words.
    #[must_use]
    pub fn weight(&self, token: usize) -> u32 {
        if self.weights.is_empty() { WORD_WEIGHT } else { u32::from(self.weights[token]) }
    }

    /// Weight of all tokens together.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        if self.weights.is_empty() {
            self.len() as u64 * u64::from(WORD_WEIGHT)
        } else {
            self.weights.iter().map(|&w| u64::from(w)).sum()
        }
    }
}

/// Spans hold 32 bits: texts of 4 GiB and more are for the readers to refuse.
impl Sink for Tokens {
    #[inline]
    fn token(&mut self, hash: u64, start: usize, end: usize, weight: u8) {
        debug_assert!(end <= u32::MAX as usize, "a text of 4 GiB or more");
        if u32::from(weight) != WORD_WEIGHT && self.weights.is_empty() {
            self.weights.resize(self.hashes.len(), WORD_WEIGHT as u8);
        }
        if u32::from(weight) != WORD_WEIGHT || !self.weights.is_empty() {
            self.weights.push(weight);
        }
        self.hashes.push(hash);
        self.spans.push(ByteSpan { start: start as u32, end: end as u32 });
    }
}

/// TEMPORARY
pub fn characters<S: Sink>(text: &str, sink: &mut S) {
    for (i, c) in text.char_indices() {
        if !c.is_whitespace() {
            sink.token(
                crate::hash::token(c.to_lowercase().to_string().as_bytes()),
                i,
                i + c.len_utf8(),
                2,
            );
        }
    }
}
