//! A unit -> keys: pairs of its unusual words.
//!
//! Two units that tell the same share several unusual words, wherever these
//! stand in them. Of a unit the [`RAREST`] most unusual words are taken, and
//! of these every pair that is so rare that one chance partner at most is
//! expected for a unit with it: in a corpus of `n` units a pair of words in
//! `u` and `v` units meets by accident in `u v / n` of them, so the weights
//! of both together must reach that of a word which stands in one unit.
//!
//! * time: `O(1)` a unit
//! * space: 28 keys a unit at most, about one a word in practice

use std::cmp::Reverse;

use crate::hash;
use crate::reworded::Setting;
use crate::reworded::corpus::Word;
use crate::reworded::vocabulary;
use crate::reworded::vocabulary::FIRST;
use crate::reworded::vocabulary::Vocabulary;

/// Words of a unit of which pairs are made. Six find nearly as much, twelve
/// no more.
pub const RAREST: usize = 8;

/// Gives the keys of a unit to be compared with those of other documents, to
/// `out`.
pub fn across(words: &[Word], vocabulary: &Vocabulary, out: impl FnMut(u64)) {
    let mut rare = [(0, 0); RAREST];
    let mut n = 0;
    // Numbers rise with how common a word is.
    for w in words.iter().filter(|w| w.number >= FIRST) {
        let known = vocabulary.known(w.number);
        if known.is_unusual() && known.is_in_several() {
            rare[n] = (w.number, known.weight());
            n += 1;
            if n == RAREST {
                break;
            }
        }
    }
    pairs(&rare[..n], vocabulary.whole(), out);
}

/// Gives the keys of a unit to be compared with others of the same document,
/// which has `units`, to `out`.
///
/// What a document is about stands all over it, however unusual elsewhere: a
/// word weighs what it does in the document or in the corpus, whichever is
/// less.
pub fn within(words: &[Word], units: u32, setting: &Setting<'_>, out: impl FnMut(u64)) {
    let mut rare: Vec<(u32, u32)> = words
        .iter()
        .filter(|w| w.number >= FIRST && w.units > 1)
        .filter(|w| !vocabulary::is_common(u32::from(w.units), units))
        .filter(|w| setting.vocabulary.known(w.number).is_unusual())
        .map(|w| (w.number, weight_within(w, units, setting)))
        .collect();
    rare.sort_unstable_by_key(|&(number, weight)| (Reverse(weight), number));
    rare.truncate(RAREST);
    pairs(&rare, setting.logs.of(units), out);
}

/// What a word weighs inside one document of `units`.
#[must_use]
pub fn weight_within(word: &Word, units: u32, setting: &Setting<'_>) -> u32 {
    let Setting { vocabulary, logs, .. } = *setting;
    let own = logs.of(units) - logs.of(u32::from(word.units).min(units));
    own.min(vocabulary.known(word.number).weight())
}

/// `rare` by weight, the heaviest first.
fn pairs(rare: &[(u32, u32)], bound: u32, mut out: impl FnMut(u64)) {
    for (i, &(u, of_u)) in rare.iter().enumerate() {
        for &(v, of_v) in &rare[i + 1..] {
            if of_u + of_v < bound {
                break;
            }
            out(hash::finish(u64::from(u.min(v)) << 32 | u64::from(u.max(v))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reworded::corpus::tests::corpus;
    use crate::reworded::log::Logs;

    #[test]
    fn keys_are_the_pairs_rare_enough_of_the_rarest_words() {
        let mut texts: Vec<String> = Vec::new();
        for i in 0..60 {
            // `w<n>` stands in every n-th text, `once<i>` in one.
            let words = (2..16).filter(|n| i % n == 0).map(|n| format!("w{n} "));
            texts.push(format!("once{i} and so on {}", words.collect::<String>()));
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (corpus, vocabulary) = corpus(&texts, 7);
        for unit in 0..corpus.units() {
            let mut got = Vec::new();
            across(corpus.words(unit), &vocabulary, |key| got.push(key));
            let mut naive: Vec<(u32, u32)> = corpus
                .words(unit)
                .iter()
                .filter(|w| w.number >= FIRST && vocabulary.known(w.number).is_unusual())
                .map(|w| (w.number, vocabulary.known(w.number).weight()))
                .collect();
            naive.sort_by_key(|&(number, weight)| (Reverse(weight), number));
            naive.truncate(RAREST);
            let mut expected = Vec::new();
            for &(u, x) in &naive {
                for &(v, y) in &naive {
                    if u < v && x + y >= vocabulary.whole() {
                        expected.push(hash::finish(u64::from(u) << 32 | u64::from(v)));
                    }
                }
            }
            got.sort_unstable();
            expected.sort_unstable();
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn words_of_one_document_are_no_keys_between_documents() {
        let texts = ["alpha beta gamma delta. alpha beta gamma delta.", "some other words here"];
        let (corpus, vocabulary) = corpus(&texts, 1);
        let setting = Setting { corpus: &corpus, vocabulary: &vocabulary, logs: &Logs::default() };
        let (mut between, mut inside) = (0, 0);
        for unit in 0..corpus.units() {
            let units = corpus.document(corpus.owner(unit)).len();
            across(corpus.words(unit), &vocabulary, |_| between += 1);
            within(corpus.words(unit), units, &setting, |_| inside += 1);
        }
        assert_eq!(between, 0);
        // Two units of two: nothing in it is rare.
        assert_eq!(inside, 0);
    }
}
