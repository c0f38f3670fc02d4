//! What two passages share -> whether one retells the other.
//!
//! * [`Measure::is_alike`]: the cosine between the sums of their words is at
//!   least [`COSINE_LEAST`]; of a passage that rests on one pair of units, at
//!   least [`COSINE_ALONE`];
//! * [`Measure::is_no_accident`]: the weights of the words they share reach
//!   [`PROOF`] times the logarithm of the number of units;
//! * [`Measure::is_other_figures`]: the words agree and the figures do not.
//!   Who retells something keeps its figures, whatever becomes of the words;
//!   who fills in a template keeps the words. Rare figures count for more
//!   than those found everywhere.
//!
//! Time and space are constant; the sums are made in
//! [`local`](crate::reworded::local).

use crate::reworded::vocabulary::Known;

/// Parts of the square of a cosine.
pub const COSINE: u32 = 1 << 20;

/// Least cosine, in percent. After Sanchez-Perez and others.
pub const COSINE_LEAST: u32 = 34;

/// Least cosine of a passage with one pair of units, in percent: a sentence
/// has fewer words to be alike by.
pub const COSINE_ALONE: u32 = 50;

/// Evidence that a passage needs, in logarithms of the number of units: three
/// times what a pair of units needs. With two or four, little changes.
pub const PROOF: u32 = 6;

/// How much of the square of what the words agree the figures must agree, in
/// percent.
pub const FIGURES: u64 = 90;

/// An amount in one passage, in the other, and in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// In the first.
    pub a: u64,
    /// In the second.
    pub b: u64,
    /// Of what is in both.
    pub both: u64,
}

impl Amount {
    /// Adds what is in the first, in the second or in both.
    #[inline]
    pub fn add(&mut self, amount: u64, in_a: bool, in_b: bool) {
        self.a += if in_a { amount } else { 0 };
        self.b += if in_b { amount } else { 0 };
        self.both += if in_a && in_b { amount } else { 0 };
    }

    /// The lesser amount.
    #[must_use]
    pub fn less(self) -> u64 {
        self.a.min(self.b)
    }
}

/// Sums over two passages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measure {
    /// Scalar product of their weighted words.
    pub dot: u128,
    /// Squares of the lengths.
    pub squares: (u128, u128),
    /// Weights of the shared words, as far as they prove anything.
    pub evidence: u64,
    /// Different words that are no figures.
    pub words: Amount,
    /// Those among them that are unusual.
    pub unusual: Amount,
    /// Weights of different figures.
    pub figures: Amount,
}

impl Measure {
    /// Adds a word that weighs so much, proves so much when it is shared, and is
    /// so often in either passage.
    pub fn add(&mut self, known: Known, weight: u32, proof: u32, (a, b): (u32, u32)) {
        // Weights have 13 bits; passages of 2^25 words are beyond all reason.
        let square = u64::from(weight) * u64::from(weight);
        let (x, y) = (u64::from(a), u64::from(b));
        self.squares.0 += u128::from(square.saturating_mul(x * x));
        self.squares.1 += u128::from(square.saturating_mul(y * y));
        self.dot += u128::from(square.saturating_mul(x * y));
        let (in_a, in_b) = (a > 0, b > 0);
        if in_a && in_b {
            self.evidence += u64::from(known.evidence(proof));
        }
        self.count(known, 1, in_a, in_b);
    }

    /// Adds words, each different, that stand in one unit of the corpus only.
    pub fn add_once(&mut self, known: Known, weight: u32, words: u8, in_a: bool) {
        let words = u64::from(words);
        let square = u128::from(u64::from(weight) * u64::from(weight) * words);
        if in_a {
            self.squares.0 += square;
        } else {
            self.squares.1 += square;
        }
        self.count(known, words, in_a, !in_a);
    }

    fn count(&mut self, known: Known, words: u64, in_a: bool, in_b: bool) {
        if known.is_figure() {
            self.figures.add(u64::from(known.weight()) * words, in_a, in_b);
        } else {
            self.words.add(words, in_a, in_b);
            if known.is_unusual() {
                self.unusual.add(words, in_a, in_b);
            }
        }
    }

    /// Square of the cosine in [`COSINE`]ths, rounded down.
    #[must_use]
    pub fn cosine(&self) -> u32 {
        let (a, b) = self.squares;
        // 53 bits each leave room for the products; long texts lose digits
        // that no threshold looks at.
        let bits = 128 - a.max(b).max(self.dot).leading_zeros();
        let shift = bits.saturating_sub(53);
        let (dot, a, b) = (self.dot >> shift, a >> shift, b >> shift);
        let parts = u128::from(COSINE);
        (dot * dot * parts).checked_div(a * b).map_or(0, |c| c.min(parts) as u32)
    }

    /// Whether the cosine is high enough for a passage that rests on so many
    /// pairs of units.
    #[must_use]
    pub fn is_alike(&self, pairs: usize) -> bool {
        reaches(self.cosine(), if pairs == 1 { COSINE_ALONE } else { COSINE_LEAST })
    }

    /// Whether the shorter one may be a summary of the longer: alike, or half of
    /// its unusual words are found there, since the longer one has many others.
    #[must_use]
    pub fn is_summary(&self, pairs: usize) -> bool {
        self.is_alike(pairs) || 2 * self.unusual.both >= self.unusual.less()
    }

    /// Whether what is shared is no accident in a corpus with this logarithm
    /// of the number of its units.
    #[must_use]
    pub fn is_no_accident(&self, whole: u32) -> bool {
        self.evidence >= u64::from(PROOF) * u64::from(whole)
    }

    /// Whether the figures agree much less than the words do.
    ///
    /// Where half of the words are new, half of the figures may be lost on the
    /// way as well; where all words are the same, nearly all figures must be.
    #[must_use]
    pub fn is_other_figures(&self) -> bool {
        let (f, w) = (self.figures, self.words);
        // both figures / less figures < 90 % of (2 both words / all words)^2
        let all = u128::from(w.a + w.b);
        let agreed = u128::from(2 * w.both);
        let figures = u128::from(f.both) * 100 * all * all;
        figures < u128::from(FIGURES) * agreed * agreed * u128::from(f.less())
    }
}

/// Whether the square of a cosine reaches a cosine in percent.
#[must_use]
pub fn reaches(square: u32, percent: u32) -> bool {
    u64::from(square) * 10_000 >= u64::from(percent * percent) * u64::from(COSINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(dot: u128, a: u128, b: u128) -> Measure {
        Measure { dot, squares: (a, b), ..Measure::default() }
    }

    #[test]
    fn cosines_are_squares_of_the_definition() {
        assert_eq!(of(0, 0, 0).cosine(), 0);
        assert_eq!(of(5, 5, 5).cosine(), COSINE);
        assert_eq!(of(1, 2, 2).cosine(), COSINE / 4);
        let big = u128::MAX >> 3;
        assert_eq!(of(big / 2, big, big).cosine(), COSINE / 4 - 1);
        assert!(of(341, 1000, 1000).is_alike(2) && !of(341, 1000, 1000).is_alike(1));
        assert!(!of(3399, 10_000, 10_000).is_alike(2));
        assert!(of(50, 100, 100).is_alike(1));
    }

    #[test]
    fn other_figures_in_the_same_words_are_a_template() {
        let with = |a, b, both, words: (u64, u64, u64)| Measure {
            figures: Amount { a, b, both },
            words: Amount { a: words.0, b: words.1, both: words.2 },
            ..Measure::default()
        };
        let same = (20, 20, 20);
        assert!(with(30, 30, 10, same).is_other_figures());
        assert!(!with(30, 30, 28, same).is_other_figures());
        // Half of the words: a quarter of the figures, and a bit less.
        assert!(with(40, 40, 8, (20, 20, 10)).is_other_figures());
        assert!(!with(40, 40, 10, (20, 20, 10)).is_other_figures());
        // A retelling that leaves figures out keeps those it has.
        assert!(!with(30, 10, 10, (20, 20, 10)).is_other_figures());
        assert!(!with(30, 0, 0, same).is_other_figures());
        assert!(!with(0, 0, 0, same).is_other_figures());
        assert!(!with(30, 30, 0, (20, 20, 0)).is_other_figures());
    }
}
