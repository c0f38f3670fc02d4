//! A document, opened for comparison: its words by unit, and its units by
//! word.
//!
//! * time: linear in its words; a look-up is one array access
//! * space: 4 bytes for each number of the vocabulary, of which only those
//!   of frequent words are touched again and again, and 16 bytes a word

use std::ops::Range;

use crate::reworded::Setting;
use crate::reworded::UnitSpan;
use crate::reworded::log::Logs;
use crate::reworded::vocabulary::FIRST;
use crate::reworded::vocabulary::Known;
use crate::reworded::vocabulary::ONCE;

/// A different word of the open document.
#[derive(Clone, Copy, Debug)]
pub struct Local {
    /// Its number in the vocabulary.
    pub number: u32,
    /// Units of the document that have it.
    pub units: u32,
    /// What is known about it.
    pub known: Known,
    /// End of its postings.
    end: u32,
}

/// A word of a unit of the open document.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which word of the document it is. Those below [`FIRST`] stand in one
    /// unit of the corpus only.
    pub local: u32,
    /// How often the unit has it.
    pub times: u8,
    /// Units near this one that have it.
    pub near: u8,
}

/// A unit that has a word of the open document.
#[derive(Clone, Copy, Debug)]
pub struct Posting {
    /// The unit.
    pub unit: u32,
    /// How often it has the word.
    pub times: u8,
    /// Logarithm of the units near it that have the word.
    pub log: u16,
}

/// Stands for a word that the open document does not have.
pub const NONE: u32 = 0;

/// An open document.
#[derive(Debug, Default)]
pub struct Sheet {
    document: Option<u32>,
    units: UnitSpan,
    /// For each number of the vocabulary, which word of the document it is.
    locals: Vec<u32>,
    words: Vec<Local>,
    entries: Vec<Entry>,
    /// End of the entries of each unit.
    ends: Vec<u32>,
    postings: Vec<Posting>,
}

/// Postings that are sooner read than searched.
const FEW: usize = 12;

impl Sheet {
    /// Opens the document with a rank; false if it was open already.
    pub fn open(&mut self, setting: &Setting<'_>, document: u32) -> bool {
        let Setting { corpus, vocabulary, logs } = *setting;
        if self.document == Some(document) {
            return false;
        }
        self.words.iter().for_each(|w| self.locals[w.number as usize] = NONE);
        self.locals.resize(vocabulary.len(), NONE);
        self.document = Some(document);
        self.units = corpus.document(document);
        self.words.clear();
        self.entries.clear();
        self.ends.clear();
        let new = |number, units| Local { number, units, known: vocabulary.known(number), end: 0 };
        self.words.extend((ONCE..FIRST).map(|number| new(number, 1)));
        for unit in self.units.start..self.units.end {
            for w in corpus.words(unit) {
                let mut local = w.number;
                if w.number >= FIRST {
                    let place = &mut self.locals[w.number as usize];
                    if *place == NONE {
                        *place = self.words.len() as u32;
                        self.words.push(new(w.number, u32::from(w.units)));
                    }
                    local = *place;
                }
                self.words[local as usize].end += 1;
                self.entries.push(Entry { local, times: w.times, near: w.near });
            }
            self.ends.push(self.entries.len() as u32);
        }
        self.post(logs);
        true
    }

    /// Entries by word. Where the ends will stand are counts.
    fn post(&mut self, logs: &Logs) {
        let mut sum = 0;
        for word in &mut self.words {
            sum += std::mem::replace(&mut word.end, sum);
        }
        self.postings.clear();
        self.postings.resize(self.entries.len(), Posting { unit: 0, times: 0, log: 0 });
        let mut start = 0;
        for (unit, &end) in (self.units.start..).zip(&self.ends) {
            for e in &self.entries[start..end as usize] {
                let place = &mut self.words[e.local as usize].end;
                self.postings[*place as usize] =
                    Posting { unit, times: e.times, log: logs.of(u32::from(e.near)) as u16 };
                *place += 1;
            }
            start = end as usize;
        }
    }

    /// Units of the document.
    #[must_use]
    pub fn units(&self) -> UnitSpan {
        self.units
    }

    /// Different words of the document, those below [`FIRST`] of no account.
    #[must_use]
    pub fn words(&self) -> &[Local] {
        &self.words
    }

    /// Which word of the document the one with a number is, or [`NONE`].
    #[inline]
    #[must_use]
    pub fn local(&self, number: u32) -> u32 {
        self.locals[number as usize]
    }

    /// Words of a unit.
    #[inline]
    #[must_use]
    pub fn entries(&self, unit: u32) -> &[Entry] {
        let n = (unit - self.units.start) as usize;
        let start = n.checked_sub(1).map_or(0, |n| self.ends[n]);
        &self.entries[start as usize..self.ends[n] as usize]
    }

    /// The units among `units` that have a word, as a range of
    /// [`postings`](Sheet::postings).
    #[inline]
    #[must_use]
    pub fn range(&self, local: u32, units: UnitSpan) -> Range<u32> {
        let start = self.words[local as usize - 1].end;
        let end = self.words[local as usize].end;
        if units == self.units {
            return start..end;
        }
        let own = &self.postings[start as usize..end as usize];
        let before = |bound: u32| {
            if own.len() <= FEW {
                own.iter().filter(|p| p.unit < bound).count()
            } else {
                own.partition_point(|p| p.unit < bound)
            }
        };
        start + before(units.start) as u32..start + before(units.end) as u32
    }

    /// Units with their words, by word, then unit.
    #[inline]
    #[must_use]
    pub fn postings(&self, range: Range<u32>) -> &[Posting] {
        &self.postings[range.start as usize..range.end as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reworded::corpus::tests::corpus;

    #[test]
    fn a_sheet_knows_which_unit_has_which_word() {
        let sentence = |n: usize| format!("This is the sentence of {} and {}. ", n % 7, n % 3);
        let long: String = (0..100).map(sentence).collect();
        let texts = [long.as_str(), "A short one of this. And that is that.", ""];
        let (corpus, vocabulary) = corpus(&texts, 1);
        let setting = Setting { corpus: &corpus, vocabulary: &vocabulary, logs: &Logs::default() };
        let mut sheet = Sheet::default();
        for rank in [0, 1, 2, 1, 0] {
            assert!(sheet.open(&setting, rank));
            assert!(!sheet.open(&setting, rank));
            let units = corpus.document(rank);
            let words = |unit: usize| corpus.words(unit as u32);
            for number in FIRST..vocabulary.len() as u32 {
                let has = |&unit: &usize| words(unit).iter().any(|w| w.number == number);
                let local = sheet.local(number);
                assert_eq!(local == NONE, !units.range().any(|u| has(&u)));
                for span in
                    [units, UnitSpan { start: units.start, end: units.start.max(units.end / 2) }]
                {
                    if local == NONE {
                        continue;
                    }
                    assert_eq!(sheet.words()[local as usize].number, number);
                    let all = sheet.postings(sheet.range(local, span));
                    assert!(all.iter().map(|p| p.unit as usize).eq(span.range().filter(has)));
                }
            }
            for unit in units.range() {
                let own = sheet.entries(unit as u32).iter();
                let number = |e: &Entry| (sheet.words()[e.local as usize].number, e.times, e.near);
                assert!(
                    own.map(number).eq(words(unit).iter().map(|w| (w.number, w.times, w.near)))
                );
            }
        }
    }
}
