//! Text -> its characters, for comparisons by character (`--unit char`).
//!
//! A token is a grapheme cluster of the normalised text; it weighs as much as
//! a word. White space and default-ignorable characters are dropped, all else
//! stays: punctuation, symbols, emoji, control characters. A mark after white
//! space is a token of its own. The tokens are the same for NFC, NFD, NFKC and
//! NFKD of a text; a letter whose folding is two (`ß`, `ﬁ`) gives two tokens
//! that both span it. Joiners are ignorable, so the members of an emoji family
//! are one token each.
//!
//! * time: linear; 3 ns a character of ASCII, some 30 ns of others
//! * space: the longest stretch without white space that is not ASCII
//!
//! Source: *Unicode Standard Annex #29*, section 3, extended grapheme
//! clusters.

use unicode_segmentation::UnicodeSegmentation;

use super::Sink;
use super::normal;
use super::table;
use super::table::Entry;
use super::table::Role;
use crate::hash;
use crate::options::WORD_WEIGHT;

/// Gives the characters of `text` to `sink`, in order, as the module says.
pub fn characters<S: Sink>(text: &str, sink: &mut S) {
    let bytes = text.as_bytes();
    let mut stretch = Stretch::default();
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if c.is_whitespace() {
            stretch.finish(sink);
            continue;
        }
        // Between ASCII characters every border is one of clusters.
        let alone =
            c.is_ascii() && stretch.is_ascii_at_end() && bytes.get(end).is_none_or(u8::is_ascii);
        if alone {
            stretch.finish(sink);
            give(&[(c as u8).to_ascii_lowercase()], start, end, sink);
        } else if table::entry(c).role != Role::Ignorable {
            if table::parts(c) {
                stretch.settle(sink);
            }
            stretch.push(c, start, end);
        }
    }
    stretch.finish(sink);
}

fn give<S: Sink>(form: &[u8], start: usize, end: usize, sink: &mut S) {
    sink.token(hash::token(form), start, end, WORD_WEIGHT as u8);
}

/// Normalised text without white space whose clusters are not cut yet.
#[derive(Default)]
struct Stretch {
    /// Original characters that are normalised together: one, with the marks
    /// after it.
    raw: String,
    /// The entry of the one character in `raw`, if its form is known.
    known: Option<Entry>,
    /// Memory for the form of `raw`.
    settled: String,
    /// Where they stand.
    start: usize,
    end: usize,
    /// Normalised text before them.
    form: String,
    /// For each piece of `form`: where it ends there, and where its original
    /// stands.
    pieces: Vec<(usize, usize, usize)>,
}

impl Stretch {
    fn push(&mut self, c: char, start: usize, end: usize) {
        self.known = None;
        if self.raw.is_empty() {
            self.start = start;
            self.known = Some(table::entry(c)).filter(|e| e.len != 0);
        }
        self.raw.push(c);
        self.end = end;
    }

    fn is_ascii_at_end(&self) -> bool {
        self.raw.is_ascii() && (!self.raw.is_empty() || self.form.is_empty())
    }

    /// Normalises the characters that were read together.
    fn settle<S: Sink>(&mut self, sink: &mut S) {
        if let Some(entry) = self.known.take() {
            self.raw.clear();
            self.form.push_str(entry.form());
            self.pieces.push((self.form.len(), self.start, self.end));
            return;
        }
        let mut form = std::mem::take(&mut self.settled);
        normal::normalise(&self.raw, &mut form);
        self.raw.clear();
        for (i, piece) in form.split(char::is_whitespace).enumerate() {
            if i > 0 {
                self.cut(sink);
            }
            if !piece.is_empty() {
                self.form.push_str(piece);
                self.pieces.push((self.form.len(), self.start, self.end));
            }
        }
        form.clear();
        self.settled = form;
    }

    /// Gives the clusters of the normalised text.
    fn cut<S: Sink>(&mut self, sink: &mut S) {
        let mut piece = 0;
        for (at, cluster) in self.form.grapheme_indices(true) {
            while self.pieces[piece].0 <= at {
                piece += 1;
            }
            let start = self.pieces[piece].1;
            while self.pieces[piece].0 < at + cluster.len() {
                piece += 1;
            }
            give(cluster.as_bytes(), start, self.pieces[piece].2, sink);
        }
        self.form.clear();
        self.pieces.clear();
    }

    #[inline]
    fn finish<S: Sink>(&mut self, sink: &mut S) {
        if !self.raw.is_empty() {
            self.settle(sink);
        }
        if !self.form.is_empty() {
            self.cut(sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;
    use crate::text::Tokens;

    fn tokens(text: &str) -> Tokens {
        let mut tokens = Tokens::default();
        characters(text, &mut tokens);
        tokens
    }

    fn shown(text: &str) -> Vec<&str> {
        tokens(text).spans.iter().map(|s| s.of(text)).collect()
    }

    /// The hashes, by the definition on the whole text.
    fn naive(text: &str) -> Vec<u64> {
        let mut form = String::new();
        normal::normalise(text, &mut form);
        let stretches = form.split(char::is_whitespace);
        stretches.flat_map(|s| s.graphemes(true)).map(|g| hash::token(g.as_bytes())).collect()
    }

    #[test]
    fn characters_by_example() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str])] = &[
            ("",                  &[]),
            (" \r\n\t\u{3000}",   &[]),
            ("It's a—b.",         &["I", "t", "'", "s", "a", "—", "b", "."]),
            ("e\u{301}\u{ad}x\0",  &["e\u{301}", "x", "\0"]),
            ("ßﬁ",                &["ß", "ß", "ﬁ", "ﬁ"]),
            ("中文。ｶﾞ",           &["中", "文", "。", "ｶﾞ"]),
            ("ᄒ\u{1161}\u{11ab}x", &["ᄒ\u{1161}\u{11ab}", "x"]),
            ("🇩🇪🇫🇷👍🏽",             &["🇩🇪", "🇫🇷", "👍🏽"]),
            ("\u{301}a \u{301}",  &["\u{301}", "a", "\u{301}"]),
            ("…",                 &["…", "…", "…"]),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), *expected, "{text:?}");
            assert!(tokens(text).weights.is_empty());
        }
        assert_eq!(tokens("Straße “x”").hashes, tokens("STRASSE \"X\"").hashes);
    }

    #[test]
    fn agrees_with_the_definition_in_every_encoding() {
        #[rustfmt::skip]
        let pieces = [
            "a", "B", " ", "\n", "\r\n", "\0", "'", "’", "—", "é", "e", "\u{301}", "\u{323}", "\u{345}",
            "ß", "ﬁ", "¨", "…", "㍿", "ﷺ", "中", "。", "\u{3000}", "か", "\u{3099}", "ｶ", "ﾞ", "한", "ᄀ",
            "ᅡ", "ᆨ", "न", "्", "ि", "\u{200d}", "\u{ad}", "\u{fe0f}", "👩", "🏽", "🇩", "🇪", "\u{600}",
            "1", "\u{20e3}", "ำ", "ក", "្", "\u{2028}", "\u{d4e}", "\u{1f3fb}", "İ", "ŉ", "ᾳ",
        ];
        for seed in 0..20_000u64 {
            let mut state = seed;
            let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
            let n = draw(10);
            let text: String = (0..n).map(|_| pieces[draw(pieces.len())]).collect();
            let got = tokens(&text);
            assert_eq!(got.hashes, naive(&text), "{text:?} {}", text.escape_unicode());
            for w in got.spans.windows(2) {
                assert!(w[0].start <= w[1].start && w[0].end <= w[1].end, "{text:?}");
            }
            for span in &got.spans {
                let inner = span.of(&text);
                assert!(!inner.is_empty() && inner.trim() == inner, "{text:?}");
            }
            let same: [String; 4] = [
                text.nfc().collect(),
                text.nfd().collect(),
                text.nfkc().collect(),
                text.nfkd().collect(),
            ];
            assert!(same.iter().all(|s| tokens(s).hashes == got.hashes), "{text:?}");
        }
    }

    #[test]
    fn every_character_parts_from_its_neighbours_where_it_says_so() {
        let form = |text: &str| {
            let mut form = String::new();
            normal::normalise(text, &mut form);
            form
        };
        let all = (0..=0x10_ffff).filter_map(char::from_u32).filter(|&c| table::parts(c));
        // Of those that are their own forms some are enough.
        let plain = |c: char| table::entry(c).form[..c.len_utf8()] == *c.to_string().as_bytes();
        for c in all.filter(|&c| !plain(c) || (c as u32).is_multiple_of(61)) {
            for before in
                ["a", "e\u{301}", "\u{1100}", "\u{1100}\u{1161}", "か", "α\u{345}", "\u{9c7}"]
            {
                let whole = form(&format!("{before}{c}"));
                assert_eq!(form(before) + &form(&c.to_string()), whole, "{before:?} {c:?}");
            }
        }
    }
}
