//! Tokens of a text: ASCII 64 bytes at a time, the rest by [`Cutter`].
//!
//! Gives exactly the tokens of the general path, which this one is tested
//! against. Each block becomes a bit mask of its word bytes; a word's bytes
//! are lower-cased and hashed within two registers. The general path takes
//! over at the start of a run that touches a non-ASCII character, and hands
//! back after a separator that only ASCII follows.
//!
//! * time: linear; some 7 ns a word of English
//! * space: the longest word
//!
//! Words are all ASCII letters, digits and apostrophes, so one bit makes them
//! lower case: `'` and digits have it already. The masks are plain integer
//! arithmetic on eight bytes at once, the same on every machine.

use super::Sink;
use super::general::Cutter;
use crate::hash;
use crate::options::WORD_WEIGHT;

/// Gives the tokens of `text` to `sink`, in order.
///
/// Time `O(n)`; no text makes it panic.
pub fn tokenize<S: Sink>(text: &str, sink: &mut S) {
    let mut general = Cutter::default();
    let mut long = Vec::new();
    let mut from = 0;
    while let Some(other) = stretch(text.as_bytes(), from, &mut long, sink) {
        from = general.cut(text, other, sink);
    }
}

const BLOCK: usize = 64;

/// Gives the tokens from byte `from` on to `sink` until a run touches a byte
/// that is not ASCII, and returns where that run starts; `None` at the end.
fn stretch<S: Sink>(bytes: &[u8], from: usize, long: &mut Vec<u8>, sink: &mut S) -> Option<usize> {
    let mut at = from;
    // The run that goes on at `at`, and whether the byte before is a word's.
    let mut open = None;
    let mut after_word = 0;
    while at < bytes.len() {
        let masks = Masks::of(&block(bytes, at));
        let beyond = bytes.get(at + BLOCK).is_some_and(|&b| b >= 0x80 || is_word(b));
        let before = masks.word << 1 | after_word;
        let after = (masks.word | masks.other) >> 1 | u64::from(beyond) << 63;
        let run = masks.word | masks.inner & before & after;
        // A bit at each byte where a run starts or has ended; none from the
        // first other byte on, so that a run which touches it stays open.
        let mut edges = run ^ (run << 1 | u64::from(open.is_some()));
        if masks.other != 0 {
            edges &= (masks.other & masks.other.wrapping_neg()) - 1;
        }
        if edges != 0 {
            if let Some(start) = open.take() {
                word(bytes, start, at + lowest(&mut edges), long, sink);
            }
            while edges != 0 {
                let start = at + lowest(&mut edges);
                if edges == 0 {
                    open = Some(start);
                } else {
                    word(bytes, start, at + lowest(&mut edges), long, sink);
                }
            }
        }
        if masks.other != 0 {
            return Some(open.unwrap_or(at + masks.other.trailing_zeros() as usize));
        }
        after_word = masks.word >> 63;
        at += BLOCK;
    }
    if let Some(start) = open {
        word(bytes, start, bytes.len(), long, sink);
    }
    None
}

/// Takes the lowest bit out and returns its number.
#[inline]
fn lowest(bits: &mut u64) -> usize {
    let at = bits.trailing_zeros() as usize;
    *bits &= *bits - 1;
    at
}

/// The block at `at`, filled up with blanks.
#[inline]
fn block(bytes: &[u8], at: usize) -> [u8; BLOCK] {
    if let Some(block) = bytes[at..].first_chunk() {
        *block
    } else {
        let mut block = [b' '; BLOCK];
        block[..bytes.len() - at].copy_from_slice(&bytes[at..]);
        block
    }
}

#[inline]
fn is_word(b: u8) -> bool {
    (b | 0x20).wrapping_sub(b'a') < 26 || b.wrapping_sub(b'0') < 10
}

/// Bits of the bytes of a block, the first lowest.
struct Masks {
    /// Letters and digits.
    word: u64,
    /// Apostrophes.
    inner: u64,
    /// Not ASCII.
    other: u64,
}

impl Masks {
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Masks {
        Masks {
            word: gather(block, is_word),
            inner: gather(block, |b| b == b'\''),
            other: if block.is_ascii() { 0 } else { gather(block, |b| b >= 0x80) },
        }
    }
}

/// One bit a byte. The first loop compiles to vector instructions; the
/// multiplication moves the lowest bits of eight bytes into its top byte.
#[inline]
fn gather(block: &[u8; BLOCK], test: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0u8; BLOCK];
    for (flag, &b) in flags.iter_mut().zip(block) {
        *flag = u8::from(test(b));
    }
    let mut bits = 0;
    for (i, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        let top = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= top << (8 * i);
    }
    bits
}

/// Gives the word at `start..end`, ASCII letters, digits and apostrophes.
#[inline]
fn word<S: Sink>(bytes: &[u8], start: usize, end: usize, long: &mut Vec<u8>, sink: &mut S) {
    let len = end - start;
    let hash = if len <= hash::SHORT {
        let lower = load(bytes, start) | u128::from_le_bytes([0x20; 16]);
        hash::short_token(lower & (u128::MAX >> (128 - 8 * len)), len)
    } else {
        long_word(&bytes[start..end], long)
    };
    sink.token(hash, start, end, WORD_WEIGHT as u8);
}

/// The sixteen bytes at `start`, zeros after the end of the text.
#[inline]
fn load(bytes: &[u8], start: usize) -> u128 {
    let rest = &bytes[start..];
    if let Some(sixteen) = rest.first_chunk::<16>() {
        u128::from_le_bytes(*sixteen)
    } else {
        let mut sixteen = [0; 16];
        sixteen[..rest.len()].copy_from_slice(rest);
        u128::from_le_bytes(sixteen)
    }
}

#[inline(never)]
fn long_word(word: &[u8], lower: &mut Vec<u8>) -> u64 {
    lower.clear();
    lower.extend(word.iter().map(|b| b | 0x20));
    hash::token(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn fast(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        tokens
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
