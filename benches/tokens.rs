//! Speed of the tokeniser on generated texts, beside a loop over bytes.
//!
//! `cargo bench --bench tokens`. Times are the least of many rounds, so that
//! a busy machine disturbs them little; compare ratios, not figures of
//! different machines.

#![allow(missing_docs, clippy::print_stdout)]

use std::hint::black_box;
use std::time::Duration;
use std::time::Instant;

use twicetold::hash;
use twicetold::text;
use twicetold::text::Sink;
use twicetold::text::Tokens;
use twicetold::text::borders;

/// Keeps nothing but a sum.
#[derive(Default)]
struct Sum(u64, usize);

impl Sink for Sum {
    #[inline]
    fn token(&mut self, hash: u64, _: usize, _: usize, _: u8) {
        self.0 = self.0.wrapping_add(hash);
        self.1 += 1;
    }
}

/// A loop over bytes, as one would write it first.
fn naive(text: &str, sink: &mut Sum) {
    let mut word = Vec::new();
    let mut start = 0;
    for (i, b) in text.bytes().chain([b' ']).enumerate() {
        if b.is_ascii_alphanumeric() {
            if word.is_empty() {
                start = i;
            }
            word.push(b.to_ascii_lowercase());
        } else if !word.is_empty() {
            sink.token(hash::token(&word), start, i, 5);
            word.clear();
        }
    }
}

/// Four megabytes of words, drawn with the skew of natural text: short and
/// frequent, long and rare.
fn prose(words: &[String], between: &str) -> String {
    let mut state = 1;
    let mut text = String::new();
    while text.len() < 4 << 20 {
        let r = hash::splitmix64(&mut state) as f64 / u64::MAX as f64;
        let rank = (words.len() as f64).powf(r) as usize - 1;
        text.push_str(&words[rank.min(words.len() - 1)]);
        let r = hash::splitmix64(&mut state);
        text.push_str(match r % 70 {
            0..5 => ", ",
            5..9 => ". ",
            9 => "\n",
            _ => between,
        });
    }
    text
}

/// Words over `letters` whose lengths are those of English running text.
fn lexicon(letters: &[char]) -> Vec<String> {
    let mut state = 9;
    let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
    (0..20_000)
        .map(|rank| {
            let len = if rank < 60 { 1 + draw(4) } else { 2 + draw(5) + draw(7) };
            let mut word: String = (0..len).map(|_| letters[draw(letters.len())]).collect();
            if draw(12) == 0 {
                word = word.to_uppercase();
            }
            word
        })
        .collect()
}

fn letters(range: std::ops::RangeInclusive<char>) -> Vec<char> {
    range.collect()
}

/// Megabytes a second, by the fastest of many rounds.
fn speed(text: &str, mut run: impl FnMut(&str)) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..30 {
        let start = Instant::now();
        run(black_box(text));
        best = best.min(start.elapsed());
    }
    text.len() as f64 / 1e6 / best.as_secs_f64()
}

fn main() {
    let mut accented = letters('a'..='z').repeat(4);
    accented.extend("éèàçö".chars());
    let texts = [
        ("english", prose(&lexicon(&letters('a'..='z')), " ")),
        (
            "typeset",
            prose(&lexicon(&letters('a'..='z')), " ").replace(". ", ".” — “").replace("th", "’s"),
        ),
        ("french", prose(&lexicon(&accented), " ")),
        ("russian", prose(&lexicon(&letters('а'..='я')), " ")),
        ("hindi", prose(&lexicon(&letters('क'..='्')), " ")),
        ("korean", prose(&lexicon(&letters('가'..='까')), " ")),
        ("chinese", prose(&lexicon(&letters('一'..='倀')), "")),
        ("thai", prose(&lexicon(&letters('ก'..='ู')), "")),
    ];
    for (name, text) in &texts {
        let mut tokens = Tokens::default();
        text::tokenize(text, &mut tokens);
        let mut sum = Sum::default();
        text::tokenize(text, &mut sum);
        assert_eq!(sum.1, tokens.len());
        let plain = speed(text, |t| {
            let mut sum = Sum::default();
            naive(t, &mut sum);
            black_box(sum.0);
        });
        let hashes = speed(text, |t| {
            let mut sum = Sum::default();
            text::tokenize(t, &mut sum);
            black_box(sum.0);
        });
        let spans = speed(text, |t| {
            tokens.clear();
            text::tokenize(t, &mut tokens);
            black_box(tokens.len());
        });
        let chars = speed(text, |t| {
            let mut sum = Sum::default();
            text::characters(t, &mut sum);
            black_box(sum.0);
        });
        let sentences = speed(text, |t| {
            black_box(borders::sentences(t).count());
        });
        let paragraphs = speed(text, |t| {
            black_box(borders::paragraphs(t).count());
        });
        println!(
            "{name:10} {:9} tokens  byte loop {plain:5.0} MB/s  hashes {hashes:5.0} ({:.2}x)  \
             with spans {spans:5.0} ({:.2}x)  characters {chars:4.0}  sentences {sentences:4.0}  \
             paragraphs {paragraphs:6.0}",
            tokens.len(),
            hashes / plain,
            spans / plain,
        );
    }
}
