//! Units of all documents -> the numbers of their words.
//!
//! Texts are gathered in parts, in any order; a part is counted for the
//! vocabulary and then numbered. [`Corpus::join`] puts the documents into the
//! order of their contents, so that nothing that follows depends on the order
//! in which they came.
//!
//! * time: `O(n log n)` for the words of a unit, else linear
//! * space: 4 bytes a word, then 8 a different word of a unit; 12 bytes a unit

use std::ops::Range;

use crate::hash;
use crate::radix::Sorter;
use crate::reworded::UnitSpan;
use crate::reworded::log::Logs;
use crate::reworded::units;
use crate::reworded::verify::Sums;
use crate::reworded::vocabulary;
use crate::reworded::vocabulary::Count;
use crate::reworded::vocabulary::FIRST;
use crate::reworded::vocabulary::Vocabulary;
use crate::reworded::words;
use crate::span::TokenSpan;
use crate::text::Tokens;

/// Distance in units up to which a word is near: together about as much as is
/// looked at around a passage.
pub const NEAR: u32 = 10;

/// A word of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its number in the vocabulary.
    pub number: u32,
    /// How often the unit has it; of words that stand in one unit of the
    /// corpus only, how many the unit has of them.
    pub times: u8,
    /// Units of the same document that have it and are within [`NEAR`], this
    /// one among them.
    pub near: u8,
    /// Units of the same document that have it, at most `u16::MAX`.
    pub units: u16,
}

/// A unit as it is gathered.
#[derive(Clone, Copy, Debug)]
struct Unit {
    /// End of its words in the part.
    words: u32,
    /// End of its tokens in the document.
    tokens: u32,
    weight: u32,
    /// Filled in when words are numbered.
    sums: Sums,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    /// Number of the document.
    document: u32,
    content: u128,
    /// End of its units in the part.
    units: u32,
}

/// Some of the texts, their words not yet numbered.
#[derive(Debug, Default)]
pub struct Part {
    words: Vec<u32>,
    units: Vec<Unit>,
    documents: Vec<Source>,
    ends: Vec<u32>,
}

impl Part {
    /// Adds the text of the document with a number.
    ///
    /// # Panics
    ///
    /// If `tokens` are not those of `text`.
    pub fn push(&mut self, document: u32, text: &str, tokens: &Tokens) {
        self.ends.clear();
        units::cut(text, tokens, &mut self.ends);
        let mut start = 0;
        for &end in &self.ends {
            let first = self.words.len();
            words::words(text, tokens, start..end as usize, &mut self.words);
            self.words[first..].sort_unstable();
            self.units.push(Unit {
                words: self.words.len() as u32,
                tokens: end,
                weight: (start..end as usize).map(|t| tokens.weight(t)).sum(),
                sums: Sums::default(),
            });
            start = end as usize;
        }
        let content = hash::content(&tokens.hashes);
        self.documents.push(Source { document, content, units: self.units.len() as u32 });
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> usize {
        self.units.len()
    }

    /// How many units of the part have each word.
    #[must_use]
    pub fn count(&self, sorter: &mut Sorter) -> Vec<Count> {
        let mut all = Vec::with_capacity(self.words.len());
        let (mut word, mut unit) = (0, 0);
        for source in &self.documents {
            for u in &self.units[unit..source.units as usize] {
                let own = self.words[word..u.words as usize].chunk_by(|x, y| x == y);
                all.extend(own.map(|w| u64::from(w[0]) << 32 | u64::from(source.document)));
                word = u.words as usize;
            }
            unit = source.units as usize;
        }
        vocabulary::count(all, sorter)
    }

    /// The part with numbers in place of words.
    #[must_use]
    pub fn number(mut self, vocabulary: &Vocabulary, logs: &Logs, places: &mut Places) -> Numbered {
        let mut words: Vec<Word> = Vec::with_capacity(self.words.len());
        let (mut from, mut unit) = (0, 0);
        for source in &self.documents {
            let first = words.len();
            for u in &mut self.units[unit..source.units as usize] {
                let own = &mut self.words[from..u.words as usize];
                own.iter_mut().for_each(|w| *w = vocabulary.number(*w));
                own.sort_unstable();
                words.extend(own.chunk_by(|x, y| x == y).map(|same| Word {
                    number: same[0],
                    times: u8::try_from(same.len()).unwrap_or(u8::MAX),
                    near: 1,
                    units: 1,
                }));
                from = u.words as usize;
                u.words = words.len() as u32;
            }
            let before = std::mem::replace(&mut unit, source.units as usize);
            let own = &self.units[before..unit];
            places.count(&mut words[first..], own, first as u32, vocabulary.len());
            let mut start = first;
            for u in &mut self.units[before..unit] {
                for w in &words[start..u.words as usize] {
                    u.sums.add(logs.of(u32::from(w.near)), w.times, w.number < FIRST);
                }
                start = u.words as usize;
            }
        }
        Numbered { words, units: self.units, documents: self.documents }
    }
}

/// Working memory for counting the words of a document.
#[derive(Debug, Default)]
pub struct Places {
    /// Which word of the document the one with a number is, or [`NONE`].
    which: Vec<u32>,
    /// Number of each different word, where its units end among all, and the
    /// first of them within reach.
    words: Vec<(u32, u32, u32)>,
    /// Units of each word, in order.
    units: Vec<u32>,
}

/// Stands for a word that the document does not have.
const NONE: u32 = u32::MAX;

impl Places {
    /// Fills in how many units of a document have each of its words, near it
    /// and in all. The words of `units` begin with number `first`, the numbers
    /// of words end before `numbers`.
    fn count(&mut self, words: &mut [Word], units: &[Unit], first: u32, numbers: usize) {
        self.which.resize(numbers, NONE);
        self.words.clear();
        for w in words.iter() {
            let which = &mut self.which[w.number as usize];
            if *which == NONE {
                *which = self.words.len() as u32;
                self.words.push((w.number, 0, 0));
            }
            self.words[*which as usize].1 += 1;
        }
        let mut sum = 0;
        for (_, end, low) in &mut self.words {
            sum += std::mem::replace(end, sum);
            *low = *end;
        }
        self.units.clear();
        self.units.resize(words.len(), 0);
        for (n, own) in (0..).zip(of_units(units, first)) {
            for w in &words[own] {
                let (_, end, _) = &mut self.words[self.which[w.number as usize] as usize];
                self.units[*end as usize] = n;
                *end += 1;
            }
        }
        for (n, own) in (0..).zip(of_units(units, first)) {
            words[own].iter_mut().for_each(|w| self.fill(w, n));
        }
        self.words.iter().for_each(|w| self.which[w.0 as usize] = NONE);
    }

    /// Fills in the counts of a word of unit `n`; units come in order.
    fn fill(&mut self, w: &mut Word, n: u32) {
        if w.number < FIRST {
            // Each of those counted as one is a word of its own.
            return;
        }
        let which = self.which[w.number as usize] as usize;
        let start = which.checked_sub(1).map_or(0, |before| self.words[before].1);
        let (_, end, low) = &mut self.words[which];
        while self.units[*low as usize] + NEAR < n {
            *low += 1;
        }
        let near = &self.units[*low as usize..*end as usize];
        w.near = near.iter().take_while(|&&u| u <= n + NEAR).count() as u8;
        w.units = u16::try_from(*end - start).unwrap_or(u16::MAX);
    }
}

/// The words of each unit, the first of which has number `first`.
fn of_units(units: &[Unit], first: u32) -> impl Iterator<Item = Range<usize>> {
    units.iter().scan(0, move |start, unit| {
        let end = (unit.words - first) as usize;
        Some(std::mem::replace(start, end)..end)
    })
}

/// Some of the texts, their words numbered.
#[derive(Debug)]
pub struct Numbered {
    words: Vec<Word>,
    units: Vec<Unit>,
    documents: Vec<Source>,
}

/// The words of all documents, in units.
#[derive(Debug)]
pub struct Corpus {
    words: Vec<Word>,
    /// First word of each unit, and the end of the last.
    starts: Vec<u32>,
    /// First token of each unit in its document.
    tokens: Vec<u32>,
    /// Weight of all units before each, and of all, modulo 2^32.
    weights: Vec<u32>,
    /// First unit of each document, and the end of the last.
    documents: Vec<u32>,
    /// Tokens of each document.
    lengths: Vec<u32>,
    /// Number under which each document was gathered.
    sources: Vec<u32>,
    /// Document of each unit.
    owners: Vec<u32>,
    /// Sums over the words of each unit.
    sums: Vec<Sums>,
}

impl Corpus {
    /// Puts parts together. Documents are ranked by their contents; those
    /// with the same content, of which there should be none, by number.
    #[must_use]
    pub fn join(parts: &[Numbered]) -> Corpus {
        let mut order: Vec<(u128, u32, usize, usize)> = Vec::new();
        for (p, part) in parts.iter().enumerate() {
            let of = |(n, s): (usize, &Source)| (s.content, s.document, p, n);
            order.extend(part.documents.iter().enumerate().map(of));
        }
        order.sort_unstable();
        let units: usize = parts.iter().map(|p| p.units.len()).sum();
        let mut corpus = Corpus {
            words: Vec::with_capacity(parts.iter().map(|p| p.words.len()).sum()),
            starts: Vec::with_capacity(units + 1),
            tokens: Vec::with_capacity(units),
            weights: Vec::with_capacity(units + 1),
            documents: Vec::with_capacity(order.len() + 1),
            lengths: Vec::with_capacity(order.len()),
            sources: Vec::with_capacity(order.len()),
            owners: Vec::with_capacity(units),
            sums: Vec::with_capacity(units),
        };
        corpus.starts.push(0);
        corpus.weights.push(0);
        corpus.documents.push(0);
        for (_, _, p, n) in order {
            corpus.push(&parts[p], n);
        }
        corpus
    }

    fn push(&mut self, part: &Numbered, n: usize) {
        let source = part.documents[n];
        let first = n.checked_sub(1).map_or(0, |n| part.documents[n].units) as usize;
        let rank = self.sources.len() as u32;
        let mut word = first.checked_sub(1).map_or(0, |u| part.units[u].words) as usize;
        let (mut token, mut weight) = (0, *self.weights.last().unwrap_or(&0));
        for u in &part.units[first..source.units as usize] {
            self.words.extend_from_slice(&part.words[word..u.words as usize]);
            self.sums.push(u.sums);
            word = u.words as usize;
            self.starts.push(self.words.len() as u32);
            self.tokens.push(token);
            token = u.tokens;
            weight = u32::wrapping_add(weight, u.weight);
            self.weights.push(weight);
            self.owners.push(rank);
        }
        self.documents.push(self.owners.len() as u32);
        self.lengths.push(token);
        self.sources.push(source.document);
    }

    /// Number of documents.
    #[must_use]
    pub fn documents(&self) -> u32 {
        self.sources.len() as u32
    }

    /// Number of units.
    #[must_use]
    pub fn units(&self) -> u32 {
        self.owners.len() as u32
    }

    /// Units of the document with a rank.
    #[must_use]
    pub fn document(&self, rank: u32) -> UnitSpan {
        let d = rank as usize;
        UnitSpan { start: self.documents[d], end: self.documents[d + 1] }
    }

    /// Number under which the document with a rank was gathered.
    #[must_use]
    pub fn source(&self, rank: u32) -> u32 {
        self.sources[rank as usize]
    }

    /// Rank of a unit's document.
    #[inline]
    #[must_use]
    pub fn owner(&self, unit: u32) -> u32 {
        self.owners[unit as usize]
    }

    /// Different words of a unit, sorted by number.
    #[inline]
    #[must_use]
    pub fn words(&self, unit: u32) -> &[Word] {
        let u = unit as usize;
        &self.words[self.starts[u] as usize..self.starts[u + 1] as usize]
    }

    /// Sums over the words of a unit.
    #[inline]
    #[must_use]
    pub fn sums(&self, unit: u32) -> &Sums {
        &self.sums[unit as usize]
    }

    /// Weight of the tokens of units.
    #[must_use]
    pub fn weight(&self, units: UnitSpan) -> u32 {
        self.weights[units.end as usize].wrapping_sub(self.weights[units.start as usize])
    }

    /// Tokens of units of one document, counted from its first. There must
    /// be a unit.
    #[must_use]
    pub fn tokens(&self, units: UnitSpan) -> TokenSpan {
        let rank = self.owner(units.start);
        let end = if units.end == self.document(rank).end {
            self.lengths[rank as usize]
        } else {
            self.tokens[units.end as usize]
        };
        TokenSpan { start: self.tokens[units.start as usize], end }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::text::tokenize;

    /// The corpus of texts, gathered in parts of so many.
    pub(crate) fn corpus(texts: &[&str], part: usize) -> (Corpus, Vocabulary) {
        let mut tokens = Tokens::default();
        let mut parts: Vec<Part> = Vec::new();
        for (n, text) in texts.iter().enumerate() {
            if n % part == 0 {
                parts.push(Part::default());
            }
            tokens.clear();
            tokenize(text, &mut tokens);
            parts.last_mut().unwrap().push(n as u32, text, &tokens);
        }
        let counts = parts
            .iter()
            .map(|p| p.count(&mut Sorter::default()))
            .reduce(vocabulary::merge)
            .unwrap_or_default();
        let units = parts.iter().map(Part::units).sum::<usize>() as u32;
        let vocabulary = Vocabulary::new(&counts, units, &Logs::default());
        let mut spare = Places::default();
        let numbered: Vec<Numbered> = parts
            .into_iter()
            .map(|p| p.number(&vocabulary, &Logs::default(), &mut spare))
            .collect();
        (Corpus::join(&numbered), vocabulary)
    }

    const TEXTS: [&str; 5] = [
        "The dog saw the cat. The cat saw no dog at all!",
        "",
        "A cat is a cat is a cat. It was 1987 when the dog left.",
        "nothing here is found elsewhere",
        "The dog saw 12 cats in 1987.",
    ];

    #[test]
    fn units_hold_their_words_with_counts() {
        let (corpus, vocabulary) = corpus(&TEXTS, 2);
        assert_eq!((corpus.documents(), corpus.units()), (5, 6));
        let mut seen = vec![false; TEXTS.len()];
        for rank in 0..corpus.documents() {
            let source = corpus.source(rank) as usize;
            assert!(!std::mem::replace(&mut seen[source], true));
            let mut tokens = Tokens::default();
            tokenize(TEXTS[source], &mut tokens);
            let units = corpus.document(rank);
            assert_eq!(u64::from(corpus.weight(units)), tokens.total_weight());
            for unit in units.range() {
                let unit = unit as u32;
                assert_eq!(corpus.owner(unit), rank);
                let span = corpus.tokens(UnitSpan { start: unit, end: unit + 1 });
                let mut naive = Vec::new();
                words::words(TEXTS[source], &tokens, span.range(), &mut naive);
                let mut naive: Vec<u32> = naive.into_iter().map(|w| vocabulary.number(w)).collect();
                naive.sort_unstable();
                let repeated: Vec<u32> = corpus
                    .words(unit)
                    .iter()
                    .flat_map(|w| std::iter::repeat_n(w.number, usize::from(w.times)))
                    .collect();
                assert_eq!(repeated, naive);
                for w in corpus.words(unit).iter().filter(|w| w.number >= FIRST) {
                    let has =
                        |u: &usize| corpus.words(*u as u32).iter().any(|x| x.number == w.number);
                    assert_eq!(usize::from(w.units), units.range().filter(has).count());
                }
            }
        }
        assert_eq!(seen, [true; 5]);
    }

    #[test]
    fn neither_order_nor_parts_make_a_difference() {
        let dump = |texts: &[&str], part| {
            let (corpus, _) = corpus(texts, part);
            let words: Vec<Word> =
                (0..corpus.units()).flat_map(|u| corpus.words(u).to_vec()).collect();
            let texts: Vec<String> = (0..corpus.documents())
                .map(|rank| texts[corpus.source(rank) as usize].to_owned())
                .collect();
            (words, texts)
        };
        let reversed: Vec<&str> = TEXTS.iter().rev().copied().collect();
        let expected = dump(&TEXTS, 1);
        for part in 1..6 {
            assert_eq!(dump(&TEXTS, part), expected);
            assert_eq!(dump(&reversed, part), expected);
        }
    }
}
