//! Tokens of a text: ASCII 64 bytes at a time, the rest by [`Cutter`].
//!
//! Gives exactly the tokens of the general path, which this one is tested
//! against. Words are found and hashed some sixty at a time, see [`words`]. The
//! general path takes over at the start of a run that touches a non-ASCII
//! character, and hands back after a separator that only ASCII follows.
//!
//! * time: linear; a word of English takes some 2 ns with AVX-512, 5 otherwise
//! * space: the longest word

use super::Sink;
use super::general::Cutter;
use super::words;
use super::words::Borders;
use super::words::State;
use crate::options::WORD_WEIGHT;
use crate::simd::Unit;

/// Gives the tokens of `text` to `sink`, in order.
///
/// Time `O(n)`; no text makes it panic.
pub fn tokenize<S: Sink>(text: &str, sink: &mut S) {
    tokenize_on(Unit::best(), text, sink);
}

/// The same on a chosen vector unit, which does not change the tokens.
pub fn tokenize_on<S: Sink>(unit: Unit, text: &str, sink: &mut S) {
    let mut batch = Batch { unit, borders: Borders::default(), hashes: [0; words::MOST] };
    let mut general = Cutter::default();
    let mut from = 0;
    while let Some(other) = batch.stretch(text.as_bytes(), from, sink) {
        from = general.cut(text, other, sink);
    }
}

/// Memory for the words that are found and hashed together.
struct Batch {
    unit: Unit,
    borders: Borders,
    hashes: [u64; words::MOST],
}

impl Batch {
    /// Gives the tokens from byte `from` on to `sink` until a run touches a
    /// byte that is not ASCII, and returns where that run starts; `None` at the
    /// end.
    fn stretch<S: Sink>(&mut self, bytes: &[u8], from: usize, sink: &mut S) -> Option<usize> {
        let mut state = State::starting(from);
        // Where the run started that goes on.
        let mut open = None;
        while state.at < bytes.len() {
            let base = state.at;
            self.borders.find(self.unit, bytes, &mut state);
            let mut runs = self.borders.runs();
            if let (Some(start), Some((first, rest))) = (open, runs.split_first()) {
                word(bytes, start, base + first[1] as usize, sink);
                (open, runs) = (None, rest);
            }
            let hashes = &mut self.hashes[..runs.len()];
            words::hashes(self.unit, &bytes[base..], runs, hashes);
            sink.words(hashes, runs, base);
            if let (None, Some(start)) = (open, self.borders.open()) {
                open = Some(base + start as usize);
            }
            if state.other {
                return Some(open.unwrap_or(state.at));
            }
        }
        if let Some(start) = open {
            word(bytes, start, bytes.len(), sink);
        }
        None
    }
}

fn word<S: Sink>(bytes: &[u8], start: usize, end: usize, sink: &mut S) {
    sink.token(words::hash_one(bytes, start, end), start, end, WORD_WEIGHT as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::text::Tokens;

    fn general(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        let mut cutter = Cutter::default();
        let mut from = 0;
        while from < text.len() {
            from = cutter.cut(text, from, &mut tokens);
        }
        tokens
    }

    /// What all units agree on.
    fn fast(text: &str) -> Tokens {
        let on = |unit| {
            let mut tokens = Tokens::default();
            tokenize_on(unit, text, &mut tokens);
            tokens
        };
        let portable = on(Unit::PORTABLE);
        for unit in Unit::all() {
            assert_eq!(on(unit), portable, "{unit:?}: {text:?}");
        }
        portable
    }

    /// `n` pieces drawn from `pieces`.
    fn noise(seed: u64, n: usize, pieces: &[&str]) -> String {
        let mut state = seed;
        (0..n)
            .map(|_| pieces[(hash::splitmix64(&mut state) % pieces.len() as u64) as usize])
            .collect()
    }

    const ASCII: &[&str] = &["a", "Z", "9", "'", " ", "-", "The", "longer", "x"];
    const MIXED: &[&str] = &[
        "a",
        "B",
        "'",
        "’",
        " ",
        "\u{ad}",
        "\u{301}",
        "é",
        "中",
        "ガ",
        "-",
        "\u{3000}",
        "don't",
        "antidisestablishmentarianism ",
        "0123456789abcdef",
    ];

    #[test]
    fn gives_the_tokens_of_the_general_path() {
        for (pieces, salt) in [(ASCII, 0), (&ASCII[..5], 1), (MIXED, 2), (&MIXED[..8], 3)] {
            for seed in 0..4000u64 {
                let text = noise(seed ^ salt << 32, (seed % 150) as usize, pieces);
                assert_eq!(fast(&text), general(&text), "{text:?}");
            }
        }
    }

    /// Words of all lengths, and what stands between them.
    const LONG: &[&str] = &[
        "a ",
        "of",
        "the ",
        "Text's ",
        "words ",
        "\n",
        "between ",
        "sentence",
        " ",
        ", ",
        "SENTENCES ",
        "tokenise-",
        "vocabulary ",
        "statistics,",
        "determinedly ",
        "characterise ",
        "understanding ",
        "representation ",
        "interdependence ",
        "responsibilities ",
        "antidisestablishmentarianism ",
        "'",
        "1906 ",
        "x",
    ];

    #[test]
    fn texts_of_many_batches_have_the_tokens_of_the_general_path() {
        for seed in 0..300u64 {
            let mut text = noise(seed, 2000, LONG);
            if seed % 2 == 1 {
                text.push_str("“quoted” ");
                text.push_str(&noise(!seed, 500, LONG));
            }
            text.truncate(text.len() - text.len().min(seed as usize));
            assert_eq!(fast(&text), general(&text), "seed {seed}");
        }
    }

    #[test]
    fn a_word_may_be_longer_than_a_batch() {
        for (before, len) in [("", 3 << 20), ("a b ", (1 << 20) + 7), ("é ", 1 << 20)] {
            let text = format!("{before}{} end", "a".repeat(len));
            assert_eq!(fast(&text), general(&text), "{before:?}, {len}");
        }
        let blank = " ".repeat((3 << 20) + 5);
        assert_eq!(fast(&format!("a{blank}b")), general(&format!("a{blank}b")));
    }

    #[test]
    fn other_bytes_are_met_at_every_place_of_a_block() {
        for other in ["é", "\u{200b}", "。", "\u{301}", "’"] {
            for before in 0..140 {
                for (fill, after) in [("a", "b"), ("ab ", " c"), ("a'", "'d"), ("' ", "e f")] {
                    let mut text: String = fill.chars().cycle().take(before).collect();
                    text.push_str(other);
                    text.push_str(after);
                    text.push_str(&"tail ".repeat(before % 31));
                    assert_eq!(fast(&text), general(&text), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn long_words_hash_whole() {
        for len in [15, 16, 17, 63, 64, 65, 127, 128, 129, 1 << 20] {
            let text = "Q".repeat(len);
            let got = fast(&text);
            assert_eq!(got.hashes, [hash::token("q".repeat(len).as_bytes())], "{len}");
            assert_eq!(got, general(&text));
            assert_ne!(got.hashes, fast(&format!("{text}q")).hashes);
        }
    }
}
