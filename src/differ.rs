//! Two texts -> the words that only one of them has.
//!
//! Texts are taken as bags of words: a word that moved is no difference, one
//! that stands twice here and once there is. Two questions are answered:
//! whether the difference lies in numbers ([`Bag::is_template_of`]), and which
//! words it is made of ([`differing`]).
//!
//! A template is a text that is published again and again with other numbers:
//! dividend notices, market reports, statistics. Two such records are nearly
//! equal and still tell different things, where two versions of one record
//! differ in words and agree in numbers. So a pair is one of a template when
//! each has a number that the other has not, and the numbers that differ weigh
//! at least as much as the words that differ. A number is a token with a digit
//! (or another numeric character), or the name of a month or a day of the
//! week, which differ between dates.
//!
//! * time: `O(words)`, a bag `O(words log words)`
//! * space: 8 bytes a word
//!
//! Limits: names of months and days are known in nine languages; numbers
//! written out as words are words; numbers that change places are no
//! difference.

use crate::hash;
use crate::options::CLUSTER_WEIGHT;
use crate::options::WORD_WEIGHT;
use crate::text::Tokens;
use ahash::AHashMap;

/// Names of months and days, normalised as tokens are: English (with
/// abbreviations that are no other word), German, French, Spanish, Italian,
/// Portuguese, Dutch, Russian (in the case that dates take), Indonesian.
/// Names that are equal in several languages stand once.
const NAMES: &str = "january february march april may june july august september october november \
    december jan feb apr jun jul aug sept oct nov monday tuesday wednesday thursday friday \
    saturday sunday \
    januar februar märz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag \
    samstag sonnabend sonntag \
    janvier février mars avril juin juillet août septembre octobre novembre décembre lundi mardi \
    mercredi jeudi vendredi samedi dimanche \
    enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes \
    martes miércoles jueves viernes sábado domingo \
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre lunedì martedì \
    mercoledì giovedì venerdì sabato domenica \
    janeiro fevereiro março maio junho julho setembro outubro novembro dezembro segunda-feira \
    terça-feira quarta-feira quinta-feira sexta-feira \
    januari februari maart mei augustus maandag dinsdag woensdag donderdag vrijdag zaterdag zondag \
    января февраля марта апреля мая июня июля августа сентября октября ноября декабря \
    понедельник вторник среду четверг пятницу субботу воскресенье \
    maret agustus desember senin selasa rabu kamis jumat sabtu minggu";

/// Tells which tokens are numbers.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Hashes of the names, sorted.
    names: Vec<u64>,
}

impl Default for Numbers {
    fn default() -> Numbers {
        let words = NAMES.split([' ', '-']).filter(|w| !w.is_empty());
        let mut names: Vec<u64> = words.map(|w| hash::token(w.as_bytes())).collect();
        names.sort_unstable();
        Numbers { names }
    }
}

impl Numbers {
    /// Whether a token is a number or the name of a month or day, given its
    /// hash and its characters in the original.
    #[must_use]
    pub fn has(&self, hash: u64, token: &str) -> bool {
        token.bytes().any(|b| b.is_ascii_digit())
            || self.names.binary_search(&hash).is_ok()
            || (!token.is_ascii() && token.chars().any(char::is_numeric))
    }
}

/// Lowest bits of a word in a bag: what kind it is, in place of hash bits.
const NUMBER: u64 = 1;
const CLUSTER: u64 = 2;
const KIND: u64 = NUMBER | CLUSTER;

/// The words of a text without their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bag {
    /// Hashes of the words, repeats included, ascending.
    words: Vec<u64>,
}

impl Bag {
    /// The bag of a text, given its tokens.
    #[must_use]
    pub fn new(text: &str, tokens: &Tokens, numbers: &Numbers) -> Bag {
        let mut words: Vec<u64> = Vec::with_capacity(tokens.len());
        for (i, (&hash, span)) in tokens.hashes.iter().zip(&tokens.spans).enumerate() {
            let number = if numbers.has(hash, span.of(text)) { NUMBER } else { 0 };
            let cluster = if tokens.weight(i) < WORD_WEIGHT { CLUSTER } else { 0 };
            words.push(hash & !KIND | number | cluster);
        }
        words.sort_unstable();
        Bag { words }
    }

    /// Bytes that the bag takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.words.len() * size_of::<u64>()
    }

    /// Whether two texts differ in their numbers at least as much as in their
    /// words, each with a number that the other has not. Texts with equal bags
    /// do not.
    #[must_use]
    pub fn is_template_of(&self, other: &Bag) -> bool {
        let (mut here, mut there) = (Differing::default(), Differing::default());
        let (mut a, mut b) = (self.words.as_slice(), other.words.as_slice());
        while let (Some((&x, rest)), Some((&y, next))) = (a.split_first(), b.split_first()) {
            if x <= y {
                a = rest;
            }
            if y <= x {
                b = next;
            }
            if x < y {
                here.add(x);
            } else if y < x {
                there.add(y);
            }
        }
        a.iter().for_each(|&x| here.add(x));
        b.iter().for_each(|&y| there.add(y));
        here.numbers > 0
            && there.numbers > 0
            && here.numbers + there.numbers >= here.words + there.words
    }
}

/// Weight of the words that only one text has.
#[derive(Default)]
struct Differing {
    numbers: u64,
    words: u64,
}

impl Differing {
    fn add(&mut self, word: u64) {
        let unspaced = word & CLUSTER != 0;
        let weight = if unspaced { CLUSTER_WEIGHT } else { WORD_WEIGHT };
        *(if word & NUMBER != 0 { &mut self.numbers } else { &mut self.words }) +=
            u64::from(weight);
    }
}

/// Words that only one of two texts has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The first of them, as they stand in the text and in its order;
    /// neighbours in a script without spaces are one word.
    pub first: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

/// The words that `a` has and `b` has not, and those that `b` has and `a` has
/// not, at most `most` of each spelt out.
///
/// Of a word that stands more often in one text, its last places count as the
/// difference.
#[must_use]
pub fn differing(a: (&str, &Tokens), b: (&str, &Tokens), most: usize) -> (Words, Words) {
    (surplus(a, b.1, most), surplus(b, a.1, most))
}

fn surplus((text, tokens): (&str, &Tokens), other: &Tokens, most: usize) -> Words {
    let mut left: AHashMap<u64, u32> = AHashMap::with_capacity(other.len());
    for &hash in &other.hashes {
        *left.entry(hash).or_default() += 1;
    }
    let mut words = Words::default();
    // The token before, when it is of a script without spaces and differs.
    let mut open = None;
    for (i, &hash) in tokens.hashes.iter().enumerate() {
        if let Some(count) = left.get_mut(&hash).filter(|count| **count > 0) {
            *count -= 1;
            continue;
        }
        let cluster = tokens.weight(i) < WORD_WEIGHT;
        let goes_on = cluster && i > 0 && open == Some(i - 1);
        open = cluster.then_some(i);
        let word = tokens.spans[i].of(text);
        if goes_on {
            if let (0, Some(last)) = (words.more, words.first.last_mut()) {
                last.push_str(word);
            }
        } else if words.first.len() < most {
            words.first.push(word.to_owned());
        } else {
            words.more += 1;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokenize;

    fn tokens(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        tokens
    }

    fn template(a: &str, b: &str) -> bool {
        let numbers = Numbers::default();
        let bag = |text: &str| Bag::new(text, &tokens(text), &numbers);
        let got = bag(a).is_template_of(&bag(b));
        assert_eq!(bag(b).is_template_of(&bag(a)), got, "{a} | {b}");
        got
    }

    #[test]
    fn the_same_words_with_other_numbers_are_a_template() {
        for (a, b) in [
            (
                "Balances fell on March 10 to 2.842 billion",
                "Balances fell on April 2 to 3.775 billion",
            ),
            ("Qtly div five cts, pay April 15", "Qtly div five cts, pay May 20"),
            ("Balances fell on March 10 to 5", "Balances rose on April 2 to 6"),
            ("Sitzung am Montag, 3. März", "Sitzung am Dienstag, 4. März"),
            ("प्रतिशत ३४ रहा", "प्रतिशत ३५ रहा"),
            ("気温は25度でした", "気温は31度でした"),
        ] {
            assert!(template(a, b), "{a} | {b}");
        }
    }

    #[test]
    fn other_words_or_added_numbers_are_none() {
        for (a, b) in [
            ("Balances fell on March 10", "Balances fell on March 10"),
            ("", ""),
            ("Twelve people were hurt", "Eleven people were hurt"),
            // A number is left out, none is contradicted.
            ("The fire of 12 May hurt 7", "The fire hurt 7"),
            (
                "Updated 10:30. The mayor said no",
                "Updated 11:45. Mayor Smith of Ely said yes again",
            ),
            // The same numbers in other places.
            ("Ely 3, Bath 5", "Ely 5, Bath 3"),
            ("Sales were 12 million", "Revenues were 12 million"),
        ] {
            assert!(!template(a, b), "{a} | {b}");
        }
    }

    #[test]
    fn names_of_months_are_hashed_as_the_tokeniser_hashes_them() {
        let numbers = Numbers::default();
        for name in ["MÄRZ", "Août", "décembre", "Miércoles", "Января", "Sunday"] {
            let tokens = tokens(name);
            assert!(numbers.has(tokens.hashes[0], name), "{name}");
        }
        for other in ["Sun", "Mar", "word"] {
            assert!(!numbers.has(tokens(other).hashes[0], other), "{other}");
        }
        assert!(numbers.has(0, "½") && numbers.has(0, "x2") && !numbers.has(0, "x"));
    }

    fn words(a: &str, b: &str, most: usize) -> (Words, Words) {
        differing((a, &tokens(a)), (b, &tokens(b)), most)
    }

    #[test]
    fn differing_words_stand_in_the_order_of_their_text() {
        let (a, b) = words("The Mayor said NO twice, no?", "Yesterday the mayor said no", 20);
        assert_eq!(a, Words { first: vec!["twice".into(), "no".into()], more: 0 });
        assert_eq!(b, Words { first: vec!["Yesterday".into()], more: 0 });
        assert_eq!(words("", "", 20), (Words::default(), Words::default()));
    }

    #[test]
    fn more_words_than_asked_for_are_counted() {
        let (a, b) = words("one two three four", "", 3);
        assert_eq!(a, Words { first: vec!["one".into(), "two".into(), "three".into()], more: 1 });
        assert_eq!(b, Words::default());
        assert_eq!(words("a b", "", 0).0, Words { first: vec![], more: 2 });
    }

    #[test]
    fn neighbours_without_spaces_are_one_word() {
        let (a, b) = words("今日は東京で雨が降る", "今日は京都で雨が降る", 20);
        assert_eq!(a.first, ["東"]);
        assert_eq!(b.first, ["都"]);
        let (a, _) = words("北海道で雪、大阪で雪", "で雪", 1);
        assert_eq!(a, Words { first: vec!["北海道".into()], more: 1 });
    }

    #[test]
    fn the_difference_is_that_of_the_counts() {
        for seed in 0..200u64 {
            let mut state = seed;
            let mut text = || {
                let n = hash::splitmix64(&mut state) % 12;
                let word = |state: &mut u64| {
                    ["a", "b", "7", "8", "may", "c"][(hash::splitmix64(state) % 6) as usize]
                };
                (0..n).map(|_| word(&mut state)).collect::<Vec<_>>().join(" ")
            };
            let (a, b) = (text(), text());
            let count = |text: &str, word: &str| text.split(' ').filter(|w| *w == word).count();
            let over = |x: &str, y: &str, word: &str| count(x, word).saturating_sub(count(y, word));
            let numbers =
                |x: &str, y: &str| ["7", "8", "may"].map(|w| over(x, y, w)).iter().sum::<usize>();
            let plain =
                |x: &str, y: &str| ["a", "b", "c"].map(|w| over(x, y, w)).iter().sum::<usize>();
            let (here, there) = (numbers(&a, &b), numbers(&b, &a));
            let expected = here > 0 && there > 0 && here + there >= plain(&a, &b) + plain(&b, &a);
            assert_eq!(template(&a, &b), expected, "{a} | {b}");
            let (left, right) = words(&a, &b, 100);
            assert_eq!(left.first.len(), here + plain(&a, &b), "{a} | {b}");
            assert_eq!(right.first.len(), there + plain(&b, &a), "{a} | {b}");
        }
    }
}
