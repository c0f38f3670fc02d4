//! Text -> tokens with their places in the original.
//!
//! A token is a word or, in scripts that are written without spaces, one
//! character with its marks. Each is hashed in a normalised form, so that
//! case, composition, width, invisible characters and the shape of an
//! apostrophe make no difference, while its span counts bytes of the original
//! text: no normalised copy of a text exists, nor offsets into one.
//!
//! * [`tokenize`]: the tokens of a text; [`characters`]: the same for
//!   comparisons by character;
//! * [`borders`]: paragraphs, sentences, lines, and spans grown to them;
//! * [`position`]: byte offsets -> line and column;
//! * [`quotes`]: whether a stretch is quoted.
//!
//! What makes a word: a longest run of letters, decimal digits and combining
//! marks (`Alphabetic`, `Nd`, `Mn`, `Mc`), with single apostrophes between two
//! of them. `don't` is one token, `192.0.2.1` four, `snake_case` two; hyphens
//! and dashes part words. Of Han, Hiragana, Katakana, Thai, Lao, Khmer and
//! Myanmar each base with the marks after it is a token of weight 2; where
//! they meet words, both begin anew. Decimal digits make words everywhere.
//! The rules see every character as its compatibility decomposition, so that
//! the tokens are the same for NFC, NFD, NFKC and NFKD of a text: `x²` is the
//! word `x2`, `㍿` four tokens.
//!
//! Unicode data are those of the crates in `Cargo.lock`, not of the compiler;
//! a new version of theirs may change the tokens of rare characters.

use crate::options::WORD_WEIGHT;
use crate::span::ByteSpan;

pub mod borders;
pub mod original;
pub mod position;
pub mod quotes;

mod ascii;
mod characters;
mod general;
mod normal;
mod sentence;
mod table;
mod words;

pub use ascii::tokenize;
pub use ascii::tokenize_on;
pub use characters::characters;

/// Takes the tokens of a text, in order.
pub trait Sink {
    /// One token: its hash, the bytes `start..end` of the original, its
    /// weight (5 for a word, 2 for a cluster of an unspaced script).
    ///
    /// Starts and ends never decrease. Spans are disjoint, save that where one
    /// character stands for several tokens (`㍿`, `ﷺ`) all of them span it.
    fn token(&mut self, hash: u64, start: usize, end: usize, weight: u8);

    /// Words, the same as each given to [`token`](Sink::token): the hash of
    /// one and the bytes where it starts and ends, counted from byte `base` on.
    #[inline]
    fn words(&mut self, hashes: &[u64], places: &[[u32; 2]], base: usize) {
        for (&hash, place) in hashes.iter().zip(places) {
            let [start, end] = place.map(|at| base + at as usize);
            self.token(hash, start, end, WORD_WEIGHT as u8);
        }
    }
}

/// The tokens of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Hash of each token's normalised form.
    pub hashes: Vec<u64>,
    /// Where each token stands in the original text, in order, as
    /// [`Sink::token`] says.
    pub spans: Vec<ByteSpan>,
    /// Weight of each token; empty while all are words.
    pub weights: Vec<u8>,
}

impl Tokens {
    /// Number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Takes all tokens out and keeps the memory.
    pub fn clear(&mut self) {
        self.hashes.clear();
        self.spans.clear();
        self.weights.clear();
    }

    /// Weight of the token with number `token`.
    ///
    /// # Panics
    ///
    /// If there are fewer tokens, and some are not words.
    #[must_use]
    pub fn weight(&self, token: usize) -> u32 {
        if self.weights.is_empty() { WORD_WEIGHT } else { u32::from(self.weights[token]) }
    }

    /// Weight of all tokens together.
    #[must_use]
    pub fn total_weight(&self) -> u64 {
        if self.weights.is_empty() {
            self.len() as u64 * u64::from(WORD_WEIGHT)
        } else {
            self.weights.iter().map(|&w| u64::from(w)).sum()
        }
    }
}

/// Spans hold 32 bits: texts of 4 GiB and more are for the readers to refuse.
impl Sink for Tokens {
    #[inline]
    fn token(&mut self, hash: u64, start: usize, end: usize, weight: u8) {
        debug_assert!(end <= u32::MAX as usize, "a text of 4 GiB or more");
        weigh(&mut self.weights, self.hashes.len(), weight);
        self.hashes.push(hash);
        self.spans.push(ByteSpan { start: start as u32, end: end as u32 });
    }

    #[inline]
    fn words(&mut self, hashes: &[u64], places: &[[u32; 2]], base: usize) {
        weigh_words(&mut self.weights, hashes.len());
        self.hashes.extend_from_slice(hashes);
        // Whole texts are addressed by 32 bits.
        let base = base as u32;
        let span = |p: &[u32; 2]| ByteSpan {
            start: base.wrapping_add(p[0]),
            end: base.wrapping_add(p[1]),
        };
        self.spans.extend(places.iter().map(span));
    }
}

/// The tokens of one text without their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes {
    /// As in [`Tokens`].
    pub hashes: Vec<u64>,
    /// As in [`Tokens`].
    pub weights: Vec<u8>,
}

impl Hashes {
    /// Takes all tokens out and keeps the memory.
    pub fn clear(&mut self) {
        self.hashes.clear();
        self.weights.clear();
    }
}

impl Sink for Hashes {
    #[inline]
    fn token(&mut self, hash: u64, _: usize, _: usize, weight: u8) {
        weigh(&mut self.weights, self.hashes.len(), weight);
        self.hashes.push(hash);
    }

    #[inline]
    fn words(&mut self, hashes: &[u64], _: &[[u32; 2]], _: usize) {
        weigh_words(&mut self.weights, hashes.len());
        self.hashes.extend_from_slice(hashes);
    }
}

/// Adds the weight of a token that `before` others precede; the first that is
/// no word's gives all of those theirs.
#[inline]
fn weigh(weights: &mut Vec<u8>, before: usize, weight: u8) {
    const WORD: u8 = WORD_WEIGHT as u8;
    if weight != WORD || !weights.is_empty() {
        weights.resize(before, WORD);
        weights.push(weight);
    }
}

/// Adds the weights of `more` words.
#[inline]
fn weigh_words(weights: &mut Vec<u8>, more: usize) {
    if !weights.is_empty() {
        weights.resize(weights.len() + more, WORD_WEIGHT as u8);
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;
    use unicode_segmentation::UnicodeSegmentation;

    use super::*;
    use crate::hash;

    #[rustfmt::skip]
    const SAMPLES: &[&str] = &[
        "The quick brown fox doesn't jump; it's 10:45 at 192.0.2.1, snake_case.",
        "“Don’t” – she said — ‘naïve café’ … œuvre, Œuvre, STRASSE, Straße.",
        "Tiếng Việt: Trường đại học Quốc gia, nghiêng ngả, Ước mơ.",
        "Ωραία ᾳ ᾼ Ἀθῆναι ΣΊΣΥΦΟΣ σίσυφος ΐ ΰ ͺ",
        "Съешь же ещё этих мягких французских булок Й й Ё ё Ї ї.",
        "İstanbul ISPARTA ılık i̇ Kelvin Å Ω ŉ ŀ ǆ ǅ Ǆ ſ ﬁ ﬃ",
        "שָׁלוֹם עֲלֵיכֶם ג׳ירפה צה״ל \u{200f}אבג\u{200e}",
        "بِسْمِ ٱللَّهِ ٱلرَّحْمَٰنِ ﷺ لا ﻻ أإآ ١٢٣ ۴۵۶ می‌خواهم",
        "हिन्दी में क़ानून ज़रूर १२३ नमस्ते क्\u{200d}ष",
        "বাংলা কো কৌ தமிழ் கொ కన్నడ ಕನ್ನಡ മലയാളം ൻ සිංහල",
        "ภาษาไทย น้ำ กำลัง ที่ ๑๒๓ เแโ",
        "ພາສາລາວ ນ້ຳ ໜ ໝ ຫນ ໐໑໒",
        "ភាសាខ្មែរ ស្ត្រី ក្រុម ១២៣",
        "မြန်မာဘာသာ က္က ၁၂၃",
        "日本語のテキスト、ガギグ ｶﾞｷﾞｸﾞ ー㍿㍻ 〇々〆 ㌀ １２３ＡＢＣ",
        "中文文本abc中文123中文。豈 豈 ⼀",
        "한국어 텍스트 각 갂 ㄱㅏ ﾡ ᄒ\u{1161}\u{11ab}",
        "བོད་སྐད་ ཱི ྲྀ ཷ",
        "👩‍👩‍👧 👍🏽 1️⃣ 🇩🇪 ❤️ ①②③ x² ½ 1⅟ 5⁄7 ™ ㎏ ㎧ ㏂ №",
        "ՀԱՅԵՐԵՆ և ևս ՚ა ქართული ᲥᲐᲠ ᏣᎳᎩ ꮳꮃꭹ Ǡ ǡ \u{1d49c}𝒷 𝟘𝟙",
    ];

    const INVISIBLE: &[char] = &[
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{feff}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{180b}',
        '\u{e0100}',
        '\u{e0020}',
    ];

    fn tokens(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        tokens
    }

    /// What must not depend on the encoding.
    fn contents(text: &str) -> (Vec<u64>, Vec<u8>) {
        let tokens = tokens(text);
        (tokens.hashes, tokens.weights)
    }

    /// A text of characters from all samples.
    fn noise(seed: u64, n: usize) -> String {
        let chars: Vec<char> = SAMPLES.iter().flat_map(|s| s.chars()).collect();
        let mut state = seed;
        (0..n)
            .map(|_| chars[(hash::splitmix64(&mut state) % chars.len() as u64) as usize])
            .collect()
    }

    fn texts() -> impl Iterator<Item = String> {
        let samples = SAMPLES.iter().map(|&s| s.into());
        samples.chain((0..20_000).map(|seed| noise(seed, 1 + (seed % 12) as usize)))
    }

    fn forms(text: &str) -> [String; 4] {
        [text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect()]
    }

    #[test]
    fn normalisation_forms_have_the_same_tokens() {
        for text in texts() {
            let expected = contents(&text);
            for form in forms(&text) {
                assert_eq!(contents(&form), expected, "{text:?} {}", text.escape_unicode());
            }
        }
    }

    #[test]
    fn every_character_has_the_tokens_of_its_forms() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            for around in ["a{}b", " {} ", "中{}中", "a'{}'b", "{}\u{301}x", "ก{}\u{e32}"] {
                let text = around.replace("{}", c.encode_utf8(&mut [0; 4]));
                let simple = c.is_ascii() || text.nfkd().eq(text.chars());
                if !simple {
                    let expected = contents(&text);
                    for form in forms(&text) {
                        assert_eq!(contents(&form), expected, "{c:?} in {around}");
                    }
                }
            }
        }
    }

    #[test]
    fn invisible_characters_change_nothing_and_end_no_span() {
        for (seed, text) in (0u64..).zip(texts()) {
            let mut state = seed;
            let mut with = String::new();
            for c in text.chars() {
                while hash::splitmix64(&mut state).is_multiple_of(3) {
                    let which = hash::splitmix64(&mut state) % INVISIBLE.len() as u64;
                    with.push(INVISIBLE[which as usize]);
                }
                with.push(c);
            }
            assert_eq!(contents(&with), contents(&text), "{with:?} {}", with.escape_unicode());
            for span in tokens(&with).spans {
                let ends = [span.of(&with).chars().next(), span.of(&with).chars().next_back()];
                assert!(ends.iter().all(|c| !normal::is_ignorable(c.unwrap())), "{with:?}");
            }
        }
    }

    #[test]
    fn case_and_apostrophes_change_nothing() {
        for text in ["Don't stop", "rock'n'roll", "l'été ÉCOLE", "Ωmega ДОМ"] {
            for apostrophe in ["’", "ʼ", "＇", "‘", "‛", "ʻ"] {
                let other = text.replace('\'', apostrophe);
                assert_eq!(contents(&other), contents(text), "{other}");
                assert_eq!(contents(&other.to_uppercase()), contents(text), "{other}");
                assert_eq!(contents(&other.to_lowercase()), contents(text), "{other}");
            }
        }
    }

    #[test]
    fn a_span_tokenised_alone_has_the_hash_of_its_token() {
        for text in texts() {
            let whole = tokens(&text);
            for (i, &span) in whole.spans.iter().enumerate() {
                let shares = |other: usize| {
                    let o = whole.spans.get(other);
                    o.is_some_and(|o| o.start < span.end && span.start < o.end)
                };
                if !shares(i.wrapping_sub(1)) && !shares(i + 1) {
                    let alone = tokens(span.of(&text));
                    assert_eq!(alone.hashes, [whole.hashes[i]], "{:?} of {text:?}", span.of(&text));
                    assert_eq!(alone.weight(0), whole.weight(i));
                }
            }
            let ordered = |w: &[ByteSpan]| w[0].start <= w[1].start && w[0].end <= w[1].end;
            assert!(whole.spans.windows(2).all(ordered), "{text:?}");
        }
    }

    #[test]
    fn a_span_splits_no_grapheme_cluster() {
        for text in SAMPLES {
            // Invisible characters at the end of a cluster stay outside.
            let seen: String = text.chars().filter(|&c| !normal::is_ignorable(c)).collect();
            let borders: Vec<u32> = seen.grapheme_indices(true).map(|(i, _)| i as u32).collect();
            for span in tokens(&seen).spans {
                let border = |at| borders.contains(&at) || at as usize == seen.len();
                assert!(border(span.start) && border(span.end), "{:?}", span.of(&seen));
            }
        }
    }

    #[test]
    fn weights_begin_with_the_first_cluster() {
        let mut tokens = tokens("two words");
        assert!(tokens.weights.is_empty() && tokens.total_weight() == 10);
        tokenize(" and 字", &mut tokens);
        assert_eq!(tokens.weights, [5, 5, 5, 2]);
        assert_eq!((tokens.total_weight(), tokens.weight(0), tokens.weight(3)), (17, 5, 2));
        tokens.clear();
        assert!(tokens.is_empty() && tokens.total_weight() == 0);
        tokenize("字 word", &mut tokens);
        assert_eq!(tokens.weights, [2, 5]);
    }

    #[test]
    fn the_hashes_never_change() {
        // Computed by another implementation of XXH3.
        #[rustfmt::skip]
        let golden = [
            ("Don’t",                        "don't",                        11_185_643_684_057_515_790),
            ("١٢",                           "12",                           3_018_297_016_403_653_835),
            ("Straße",                       "strasse",                      17_856_416_816_035_016_722),
            ("字",                           "字",                           8_580_033_976_913_475_933),
            ("antidisestablishmentarianism", "antidisestablishmentarianism", 14_488_226_202_307_467_654),
        ];
        for (text, form, expected) in golden {
            assert_eq!(tokens(text).hashes, [expected], "{text}");
            assert_eq!(hash::token(form.as_bytes()), expected, "{form}");
        }
    }
}
