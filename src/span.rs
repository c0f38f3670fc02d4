//! Positions in a document.
//!
//! Two units exist and never mix: bytes of the original text and token
//! numbers. Only [`ByteSpan`] leaves the library.

/// A half-open range of bytes, `start..end`, of a document's original UTF-8
/// text. Both ends lie on character boundaries.
///
/// "Original" means before normalisation and after the input format has been
/// undone: for JSON Lines, the unescaped string value, not bytes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSpan {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl ByteSpan {
    /// Number of bytes, 0 for an empty span.
    #[must_use]
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The text that the span covers.
    ///
    /// # Panics
    ///
    /// If the span does not belong to `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }
}

/// A half-open range of token numbers, `start..end`, of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenSpan {
    /// First token.
    pub start: u32,
    /// One past the last token.
    pub end: u32,
}

impl TokenSpan {
    /// Number of tokens.
    #[must_use]
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the span holds no token.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The range as indices.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies within this span, both ends allowed to touch.
    #[must_use]
    pub fn contains(self, other: TokenSpan) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Number of tokens in both spans.
    #[must_use]
    pub fn overlap(self, other: TokenSpan) -> u32 {
        self.end.min(other.end).saturating_sub(self.start.max(other.start))
    }
}
