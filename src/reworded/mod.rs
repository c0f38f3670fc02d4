//! Reworded passages: what they are, and the stages that find them.
//!
//! A reworded passage tells what another one tells, in other words, in
//! another order, or in fewer. What remains of it is a handful of unusual
//! words that stand near each other in both places. Two sentences are taken
//! for a telling of the same when they share more unusual words than sentences
//! of this corpus share by chance; that is all that is claimed, and two
//! independent reports of one event share their unusual words as well.
//!
//! The stages, in order:
//!
//! 1. [`words`]: tokens -> words, pieces of unspaced scripts, figures;
//! 2. [`units`]: tokens -> sentences, or pieces of unpunctuated text;
//! 3. [`vocabulary`]: words of all units -> how unusual each is;
//! 4. [`corpus`]: units -> sorted numbers of words;
//! 5. [`keys`]: a unit -> pairs of its unusual words;
//! 6. [`join`]: keys of all units -> pairs of units with a key in common;
//! 7. [`verify`]: two units -> whether they share enough; units with too many
//!    partners are formulas;
//! 8. [`regions`]: verified pairs of two documents -> stretches to look at;
//! 9. [`sheet`], [`local`]: two stretches -> pairs of units alike, by what is
//!    unusual in these two documents;
//! 10. [`cluster`]: pairs of units -> passages;
//! 11. [`measure`]: two passages -> what they share, in words and in figures;
//! 12. [`summary`]: a short passage scattered over a long one;
//! 13. [`choose`]: overlapping passages -> the better one;
//! 14. [`templates`]: passages refused for their figures -> what is a template;
//! 15. [`family`]: passages -> clusters around a leader.
//!
//! Weights are logarithms in integers ([`log`]), so that all decisions are
//! the same on every machine.
//!
//! Sources: Sanchez-Perez, Sidorov, Gelbukh, *A winning approach to text
//! alignment for text reuse detection at PAN 2014* (stages 9 and 10); Sparck
//! Jones, *A statistical interpretation of term specificity and its
//! application in retrieval*, 1972 (weights); Karlin, Altschul, *Methods for
//! assessing the statistical significance of molecular sequence features*,
//! 1990 (bounds that grow with the logarithm of what is compared).
//! Departures: pairs of documents are found, not given; a pair of units that
//! is less alike may extend a passage, but not found one.

use crate::reworded::corpus::Corpus;
use crate::reworded::log::Logs;
use crate::reworded::vocabulary::Vocabulary;

pub mod choose;
pub mod cluster;
pub mod compare;
pub mod corpus;
pub mod family;
pub mod join;
pub mod keys;
pub mod local;
pub mod log;
pub mod measure;
pub mod regions;
pub mod sheet;
pub mod summary;
pub mod templates;
pub mod units;
pub mod verify;
pub mod vocabulary;
pub mod words;

/// What does not change during a search.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The units.
    pub corpus: &'a Corpus,
    /// Their words.
    pub vocabulary: &'a Vocabulary,
    /// Logarithms.
    pub logs: &'a Logs,
}

/// A half-open range of unit numbers, `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitSpan {
    /// First unit.
    pub start: u32,
    /// One past the last unit.
    pub end: u32,
}

impl UnitSpan {
    /// Number of units.
    #[must_use]
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether there is no unit.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The range as indices.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The units in both spans.
    #[must_use]
    pub fn common(self, other: UnitSpan) -> UnitSpan {
        let start = self.start.max(other.start);
        UnitSpan { start, end: self.end.min(other.end).max(start) }
    }

    /// Whether a unit lies in both.
    #[must_use]
    pub fn meets(self, other: UnitSpan) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The span and `by` units more on either side, within `limits`.
    #[must_use]
    pub fn grown(self, by: u32, limits: UnitSpan) -> UnitSpan {
        UnitSpan {
            start: self.start.saturating_sub(by).max(limits.start),
            end: self.end.saturating_add(by).min(limits.end),
        }
    }
}

/// Two units, the first in the earlier stretch.
pub type Point = (u32, u32);

/// The least spans that hold all points, of which there must be one.
#[must_use]
pub fn hull(points: &[Point]) -> (UnitSpan, UnitSpan) {
    let mut a = UnitSpan { start: u32::MAX, end: 0 };
    let mut b = a;
    for &(x, y) in points {
        a = UnitSpan { start: a.start.min(x), end: a.end.max(x + 1) };
        b = UnitSpan { start: b.start.min(y), end: b.end.max(y + 1) };
    }
    (a, b)
}

/// Two passages of which one retells the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Telling {
    /// The passage in the first document.
    pub a: UnitSpan,
    /// The one in the second.
    pub b: UnitSpan,
    /// Square of the cosine between their weighted words, in
    /// [`measure::COSINE`]ths.
    pub cosine: u32,
    /// Unusual words in both.
    pub shared: u32,
    /// Unusual words of the one that has fewer.
    pub unusual: u32,
}
