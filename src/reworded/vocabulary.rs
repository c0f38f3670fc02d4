//! Words of all units -> how unusual each is, and a short number for it.
//!
//! A word weighs the logarithm of the number of all units for each unit that
//! holds it. Numbers are given by weight, the most unusual first: the sorted
//! words of a unit begin with those that say most.
//!
//! Parts of the corpus are counted apart and their counts merged in any
//! order, with the same result. Words that stand in one unit only can match
//! nothing and share the numbers [`ONCE`] and [`ONCE_FIGURE`].
//!
//! * time: `O(n)` for `n` words, and a sort of the different ones
//! * space: 16 bytes a different word while counting, then 20 for each that
//!   stands in two units

use crate::radix::Sorter;
use crate::reworded::log::Logs;
use crate::reworded::words;
use crate::reworded::words::Sort;

/// Number of all words that stand in one unit only.
pub const ONCE: u32 = 0;

/// Number of all figures that stand in one unit only.
pub const ONCE_FIGURE: u32 = 1;

/// First number of a word of its own.
pub const FIRST: u32 = 2;

/// How often a word stands in a part of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The word.
    pub word: u32,
    /// Units with it.
    pub units: u32,
    /// A document with it.
    document: u32,
    /// Whether another one has it too.
    several: bool,
}

/// Counts `occurrences`: for each unit each of its words once, the word in
/// the high bits and the document in the low ones. Sorted by word.
#[must_use]
pub fn count(mut occurrences: Vec<u64>, sorter: &mut Sorter) -> Vec<Count> {
    sorter.sort_hashes(&mut occurrences);
    let word = |x: u64| (x >> 32) as u32;
    let of_word = |own: &[u64]| Count {
        word: word(own[0]),
        units: own.len() as u32,
        document: own[0] as u32,
        several: own[0] != own[own.len() - 1],
    };
    occurrences.chunk_by(|&x, &y| word(x) == word(y)).map(of_word).collect()
}

/// Counts of two parts together.
#[must_use]
pub fn merge(a: Vec<Count>, b: Vec<Count>) -> Vec<Count> {
    if a.is_empty() || b.is_empty() {
        return if a.is_empty() { b } else { a };
    }
    let mut both = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        if x.word == y.word {
            both.push(Count {
                units: x.units + y.units,
                several: x.several || y.several || x.document != y.document,
                ..x
            });
        } else {
            both.push(if x.word < y.word { x } else { y });
        }
        i += usize::from(x.word <= y.word);
        j += usize::from(y.word <= x.word);
    }
    both.extend_from_slice(&a[i..]);
    both.extend_from_slice(&b[j..]);
    both
}

/// What is known about a word with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    weight: u16,
    marks: u8,
}

const FIGURE: u8 = 1;
const PIECE: u8 = 2;
const SEVERAL: u8 = 4;
const COMMON: u8 = 8;
const LETTER: u8 = 16;

impl Known {
    /// How unusual the word is: the logarithm of the number of all units for
    /// each that holds it, in 256ths.
    #[inline]
    #[must_use]
    pub fn weight(self) -> u32 {
        u32::from(self.weight)
    }

    /// How much of a weight counts as evidence that what shares the word is no
    /// accident: nothing for a figure or a letter. Pieces overlap, and two and a half of
    /// them hold as much text as a word.
    #[inline]
    #[must_use]
    pub fn evidence(self, weight: u32) -> u32 {
        match self.marks & (FIGURE | PIECE | LETTER) {
            0 => weight,
            PIECE => weight * 2 / 5,
            _ => 0,
        }
    }

    /// Whether it is a figure.
    #[inline]
    #[must_use]
    pub fn is_figure(self) -> bool {
        self.marks & FIGURE != 0
    }

    /// Whether several documents hold it.
    #[inline]
    #[must_use]
    pub fn is_in_several(self) -> bool {
        self.marks & SEVERAL != 0
    }

    /// Whether it is a word in at most one of twenty units, or in hardly any.
    #[inline]
    #[must_use]
    pub fn is_unusual(self) -> bool {
        self.marks & (FIGURE | LETTER | COMMON) == 0
    }
}

/// A word in more than one of so many units is common, as are the hundred or
/// two that make up half of any text.
const COMMON_PART: u32 = 20;

/// A word in no more units than this is not common, however small the corpus.
const NEVER_COMMON: u32 = 16;

/// Whether a word in `units` of `all` units is common.
#[must_use]
pub fn is_common(units: u32, all: u32) -> bool {
    units > (all / COMMON_PART).max(NEVER_COMMON)
}

/// What is known about the words of a corpus, by their numbers.
#[derive(Debug)]
pub struct Vocabulary {
    /// Word and number, by the leading bits of the word and the free places
    /// that follow.
    slots: Vec<(u32, u32)>,
    shift: u32,
    known: Vec<Known>,
    whole: u32,
}

impl Vocabulary {
    /// The vocabulary of a corpus of `units` units.
    #[must_use]
    pub fn new(counts: &[Count], units: u32, logs: &Logs) -> Vocabulary {
        let mut kept: Vec<Count> = counts.iter().filter(|c| c.units > 1).copied().collect();
        kept.sort_unstable_by_key(|c| (c.units, c.word));
        let whole = logs.of(units);
        let once = Known { weight: whole as u16, marks: 0 };
        let mut known = vec![once, Known { marks: FIGURE, ..once }];
        known.extend(kept.iter().map(|c| {
            let sort = match words::sort(c.word) {
                Sort::Word => 0,
                Sort::Piece => PIECE,
                Sort::Figure => FIGURE,
                Sort::Letter => LETTER,
            };
            let several = if c.several { SEVERAL } else { 0 };
            let common = if is_common(c.units, units) { COMMON } else { 0 };
            Known { weight: (whole - logs.of(c.units)) as u16, marks: sort | several | common }
        }));
        let bits = (2 * known.len()).next_power_of_two().trailing_zeros().min(31);
        let mut slots = vec![(0, ONCE); 1 << bits];
        let shift = 32 - bits;
        for (c, number) in kept.iter().zip(FIRST..) {
            let mut at = (c.word >> shift) as usize;
            while slots[at].1 != ONCE {
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = (c.word, number);
        }
        Vocabulary { slots, shift, known, whole }
    }

    /// Number of a word of the corpus.
    #[inline]
    #[must_use]
    pub fn number(&self, word: u32) -> u32 {
        let mut at = (word >> self.shift) as usize;
        loop {
            let (other, number) = self.slots[at];
            if number == ONCE {
                return if words::sort(word) == Sort::Figure { ONCE_FIGURE } else { ONCE };
            }
            if other == word {
                return number;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// What is known about the word with a number.
    #[inline]
    #[must_use]
    pub fn known(&self, number: u32) -> Known {
        self.known[number as usize]
    }

    /// Numbers given, those of words that stand in one unit only among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether every word stands in one unit only.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.len() == FIRST as usize
    }

    /// Logarithm of the number of units: the weight of a word that stands in
    /// one.
    #[must_use]
    pub fn whole(&self) -> u32 {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use std::collections::BTreeMap;
    use std::collections::BTreeSet;

    /// For each unit its document and words.
    fn corpus(seed: u64) -> Vec<(u32, BTreeSet<u32>)> {
        let mut state = seed;
        let mut next = |n: u64| (hash::splitmix64(&mut state) % n) as u32;
        (0..next(60))
            .map(|u| (u / 4, (0..next(12)).map(|_| next(40) * 4 + next(4)).collect()))
            .collect()
    }

    fn counted(units: &[(u32, BTreeSet<u32>)]) -> Vec<Count> {
        let all = units
            .iter()
            .flat_map(|(d, words)| words.iter().map(|&w| u64::from(w) << 32 | u64::from(*d)));
        count(all.collect(), &mut Sorter::default())
    }

    #[test]
    fn counts_of_parts_merge_into_those_of_the_whole() {
        for seed in 0..200 {
            let units = corpus(seed);
            let whole = counted(&units);
            let mut naive: BTreeMap<u32, (u32, BTreeSet<u32>)> = BTreeMap::new();
            for (d, words) in &units {
                for &w in words {
                    let n = naive.entry(w).or_default();
                    n.0 += 1;
                    n.1.insert(*d);
                }
            }
            let got: Vec<_> = whole.iter().map(|c| (c.word, c.units, c.several)).collect();
            let expected: Vec<_> =
                naive.into_iter().map(|(w, (n, d))| (w, n, d.len() > 1)).collect();
            assert_eq!(got, expected);
            for cut in [0, units.len() / 3, units.len()] {
                let (a, b) = (counted(&units[..cut]), counted(&units[cut..]));
                let key = |c: &Count| (c.word, c.units, c.several);
                for merged in [merge(a.clone(), b.clone()), merge(b, a)] {
                    assert!(merged.iter().map(key).eq(whole.iter().map(key)));
                }
            }
        }
    }

    #[test]
    fn numbers_rise_with_how_common_a_word_is() {
        for seed in 0..200 {
            let units = corpus(seed);
            let counts = counted(&units);
            let logs = Logs::default();
            let n = units.len() as u32;
            let vocabulary = Vocabulary::new(&counts, n, &logs);
            let mut last = (0, 0);
            let mut kept: Vec<_> = counts.iter().map(|c| (vocabulary.number(c.word), c)).collect();
            kept.sort_by_key(|k| k.0);
            for (number, c) in kept {
                let known = vocabulary.known(number);
                assert_eq!(known.weight(), logs.of(n) - logs.of(c.units));
                assert_eq!(known.is_figure(), words::sort(c.word) == Sort::Figure);
                assert_eq!(number < FIRST, c.units == 1);
                if number >= FIRST {
                    assert!(number > last.0 && c.units >= last.1, "numbers are distinct");
                    assert_eq!(known.is_in_several(), c.several);
                    last = (number, c.units);
                }
            }
        }
    }

    #[test]
    fn figures_are_no_evidence_and_pieces_little() {
        let weight = 1000;
        let known = |marks| Known { weight, marks }.evidence(1000);
        assert_eq!((known(0), known(PIECE), known(FIGURE), known(LETTER)), (1000, 400, 0, 0));
    }
}
