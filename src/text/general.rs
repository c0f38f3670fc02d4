//! Tokens of a text of any script, character by character.
//!
//! The rules of the module above, as a machine that reads one character after
//! the other and holds one token. A cluster is a base with the marks after it;
//! Khmer and Myanmar consonants written below another belong to its cluster,
//! as do both parts of the Thai and Lao vowel "am". So a token is one or more
//! whole extended grapheme clusters, save for invisible characters at its
//! ends, and for the number signs that precede digits (U+0600 and others),
//! which are separators.
//!
//! * time: linear, 5 to 10 ns a character; a token with characters whose forms
//!   depend on each other is normalised as a whole
//! * space: the longest token
//!
//! Zero-width spaces are skipped like other invisible characters: pages sprinkle
//! them into words and addresses as line-break hints, and scripts that use
//! them between words go by cluster anyway.

use std::str::Chars;

use unicode_normalization::char::decompose_compatible;

use super::Sink;
use super::normal;
use super::table;
use super::table::Entry;
use super::table::Role;
use crate::hash;
use crate::options::CLUSTER_WEIGHT;
use crate::options::WORD_WEIGHT;

/// The token that is being read, and memory for its form.
#[derive(Default)]
pub(super) struct Cutter {
    kind: Kind,
    start: usize,
    end: usize,
    form: Form,
    /// Memory for the form of a token that has to be normalised as a whole.
    whole: String,
    /// Whether `form` still has to be normalised as a whole.
    unsettled: bool,
    /// The last character and its combining class.
    last: char,
    class: u8,
    /// Whether a mark ties the next letter to the cluster.
    tied: bool,
    /// An apostrophe or fraction slash after the token's last character.
    inner: Option<Entry>,
}

/// Forms of the token's characters in UTF-8, or the characters themselves
/// where they have none of their own.
#[derive(Default)]
struct Form {
    /// Longer than `len`, so that four bytes can be written at once, whatever
    /// their number.
    bytes: Vec<u8>,
    len: usize,
}

impl Form {
    #[inline]
    fn push(&mut self, four: [u8; 4], len: usize) {
        if self.bytes.len() < self.len + 4 {
            self.bytes.resize(2 * self.len + 64, 0);
        }
        self.bytes[self.len..self.len + 4].copy_from_slice(&four);
        self.len += len;
    }

    #[inline]
    fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Word,
    Cluster,
}

/// So many ASCII bytes in a row are left to the fast path. Fewer would change
/// paths too often, more keep words from the faster one; of 4, 8, 16 and 32
/// this was best on French.
const ASCII_AHEAD: usize = 8;

impl Cutter {
    /// Gives the tokens of `text` from byte `from` on to `sink`, up to an
    /// ASCII separator that only ASCII follows for a while, or to the end.
    /// Returns where it stopped. No token may reach over `from`.
    pub(super) fn cut<S: Sink>(&mut self, text: &str, from: usize, sink: &mut S) -> usize {
        let bytes = text.as_bytes();
        let mut rest = text[from..].chars();
        let mut start = from;
        while let Some(c) = rest.next() {
            let mut end = text.len() - rest.as_str().len();
            let entry = table::entry(c);
            match entry.role {
                Role::Several => self.pieces(c, start, end, sink),
                Role::Separator => {
                    self.finish(sink);
                    let ahead = &bytes[end..(end + ASCII_AHEAD).min(bytes.len())];
                    if c.is_ascii() && ahead.is_ascii() {
                        return end;
                    }
                }
                _ => {
                    self.take(c, entry, start, end, sink);
                    if self.kind == Kind::Word && self.inner.is_none() && self.letters(&mut rest) {
                        end = text.len() - rest.as_str().len();
                        self.end = end;
                    }
                }
            }
            start = end;
        }
        self.finish(sink);
        text.len()
    }

    /// Reads on in a word while there is nothing to decide: the same as
    /// taking the letters and marks one by one. Whether there were any.
    #[inline]
    fn letters(&mut self, rest: &mut Chars) -> bool {
        let Form { bytes, len } = &mut self.form;
        let before = *len;
        let mut ahead = rest.clone();
        while let Some(c) = ahead.next() {
            let entry = table::entry(c);
            let settled = entry.len != 0 && (entry.class == 0 || entry.class >= self.class);
            if !settled || !matches!(entry.role, Role::Word | Role::Mark) {
                break;
            }
            let Some(four) = bytes.get_mut(*len..*len + 4) else { break };
            four.copy_from_slice(&entry.form);
            *len += usize::from(entry.len);
            self.last = c;
            self.class = entry.class;
            *rest = ahead.clone();
        }
        *len > before
    }

    /// Reads the pieces of a character's decomposition one by one.
    fn pieces<S: Sink>(&mut self, c: char, start: usize, end: usize, sink: &mut S) {
        decompose_compatible(c, |d| self.take(d, table::entry(d), start, end, sink));
    }

    #[inline(always)]
    fn take<S: Sink>(&mut self, c: char, entry: Entry, start: usize, end: usize, sink: &mut S) {
        match entry.role {
            Role::Ignorable => {}
            Role::Word => {
                if self.kind != Kind::Word {
                    self.begin(Kind::Word, start, sink);
                } else if let Some(inner) = self.inner.take() {
                    self.form.push(inner.form, inner.len.into());
                    self.class = 0;
                }
                self.push(c, entry, end);
            }
            Role::Cluster => {
                let tied = self.kind == Kind::Cluster && self.tied;
                let am = self.kind != Kind::None && table::completes_am(self.last, c);
                if !(tied || am) {
                    self.begin(Kind::Cluster, start, sink);
                }
                self.tied = false;
                self.push(c, entry, end);
            }
            Role::Mark | Role::Enclosing if self.kind != Kind::None && self.inner.is_none() => {
                if entry.role == Role::Mark {
                    self.tied |= table::stacks(c);
                    self.push(c, entry, end);
                } else {
                    self.last = c;
                    self.end = end;
                }
            }
            Role::Inner if self.kind == Kind::Word && self.inner.is_none() => {
                self.inner = Some(entry);
            }
            _ => self.finish(sink),
        }
    }

    #[inline(always)]
    fn begin<S: Sink>(&mut self, kind: Kind, start: usize, sink: &mut S) {
        self.finish(sink);
        self.kind = kind;
        self.start = start;
    }

    #[inline(always)]
    fn push(&mut self, c: char, entry: Entry, end: usize) {
        if entry.len != 0 && (entry.class == 0 || entry.class >= self.class) {
            self.form.push(entry.form, entry.len.into());
        } else {
            self.unsettled = true;
            let mut four = [0; 4];
            let len = c.encode_utf8(&mut four).len();
            self.form.push(four, len);
        }
        self.last = c;
        self.class = entry.class;
        self.end = end;
    }

    /// Ends the token, if one is being read.
    #[inline(always)]
    fn finish<S: Sink>(&mut self, sink: &mut S) {
        let weight = match self.kind {
            Kind::None => return,
            Kind::Word => WORD_WEIGHT,
            Kind::Cluster => CLUSTER_WEIGHT,
        };
        let hash = if self.unsettled {
            let text = str::from_utf8(self.form.get()).expect("whole characters");
            self.whole.clear();
            normal::normalise(text, &mut self.whole);
            hash::token(self.whole.as_bytes())
        } else {
            hash::token(self.form.get())
        };
        sink.token(hash, self.start, self.end, weight as u8);
        self.form.len = 0;
        self.unsettled = false;
        self.kind = Kind::None;
        self.class = 0;
        self.tied = false;
        self.inner = None;
    }
}

#[cfg(test)]
mod tests {
    use unicode_properties::GeneralCategory;
    use unicode_properties::UnicodeGeneralCategory;

    use super::*;
    use crate::text::Tokens;

    fn tokenize(text: &str, sink: &mut Tokens) {
        let mut cutter = Cutter::default();
        let mut from = 0;
        while from < text.len() {
            from = cutter.cut(text, from, sink);
        }
    }

    /// Text and weight of each token.
    fn tokens(text: &str) -> Vec<(&str, u8)> {
        let mut got = Tokens::default();
        tokenize(text, &mut got);
        let weight = |i: usize| got.weight(i) as u8;
        got.spans.iter().enumerate().map(|(i, s)| (s.of(text), weight(i))).collect()
    }

    fn words(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|(w, _)| w).collect()
    }

    #[test]
    fn words_by_example() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str])] = &[
            ("",                         &[]),
            (" \t\r\n.,;- ",             &[]),
            ("one",                      &["one"]),
            ("Don't 'quote' rock'n'roll", &["Don't", "quote", "rock'n'roll"]),
            ("don’t a''b a' 'b 90's",    &["don’t", "a", "b", "a", "b", "90's"]),
            ("192.0.2.1",                &["192", "0", "2", "1"]),
            ("snake_case",               &["snake", "case"]),
            ("well-known well–known",    &["well", "known", "well", "known"]),
            ("soft\u{ad}hyphen\u{200b}", &["soft\u{ad}hyphen"]),
            ("\u{feff}a\u{200d} b",      &["a", "b"]),
            ("e\u{301}te\u{301}",        &["e\u{301}te\u{301}"]),
            ("\u{301}a !\u{301}b",       &["a", "b"]),
            ("1\u{fe0f}\u{20e3}2",       &["1\u{fe0f}\u{20e3}2"]),
            ("x² ½ 1⁄2 ™ a⁄ b",          &["x²", "½", "1⁄2", "™", "a", "b"]),
            ("한국어 텍스트",              &["한국어", "텍스트"]),
            ("नमस्ते दुनिया",                &["नमस्ते", "दुनिया"]),
            ("שָׁלוֹם עולם",                 &["שָׁלוֹם", "עולם"]),
            ("٣٤ ۵۶",                    &["٣٤", "۵۶"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), *expected, "{text}");
            assert!(tokens(text).iter().all(|t| t.1 == 5), "{text}");
        }
    }

    #[test]
    fn unspaced_scripts_go_by_cluster() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str])] = &[
            ("日本語テスト。",       &["日", "本", "語", "テ", "ス", "ト"]),
            ("コーヒー",             &["コ", "ー", "ヒ", "ー"]),
            ("ｶﾞｷﾞ",                &["ｶﾞ", "ｷﾞ"]),
            ("か\u{3099}き",         &["か\u{3099}", "き"]),
            ("ที่นี่น้ำ",              &["ที่", "นี่", "น้ำ"]),
            ("ស្ត្រី",                 &["ស្ត្រី"]),
            ("时时\u{fe0f}〇々",     &["时", "时", "〇", "々"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), *expected, "{text}");
            assert!(tokens(text).iter().all(|t| t.1 == 2), "{text}");
        }
        let mixed = tokens("第3章abcのtest１２");
        let expected = [("第", 2), ("3", 5), ("章", 2), ("abc", 5), ("の", 2), ("test１２", 5)];
        assert_eq!(mixed, expected);
    }

    /// The definition, on the row of decomposed characters.
    fn naive(text: &str) -> Tokens {
        let mut row = Vec::new();
        for (start, c) in text.char_indices() {
            if !normal::is_ignorable(c) {
                let end = start + c.len_utf8();
                decompose_compatible(c, |d| {
                    row.extend((!normal::is_ignorable(d)).then_some((d, start, end)));
                });
            }
        }
        let mut tokens = Tokens::default();
        let mut i = 0;
        while i < row.len() {
            let (from, word) = (i, is_word(row[i].0));
            i += 1;
            if !(word || is_cluster(row[from].0)) {
                continue;
            }
            let mut form: String = row[from].0.into();
            let mut tied = false;
            while let Some(&(c, ..)) = row.get(i) {
                let inner = normal::is_apostrophe(c) || c == '\u{2044}';
                let joins = word && inner && row.get(i + 1).is_some_and(|n| is_word(n.0));
                let am = row[i - 1].0 == '\u{e4d}' && c == '\u{e32}'
                    || row[i - 1].0 == '\u{ecd}' && c == '\u{eb2}';
                let goes_on = if word { is_word(c) || joins } else { is_cluster(c) && tied };
                if !(is_mark(c) || goes_on || am) {
                    break;
                }
                tied &= !is_cluster(c);
                tied |= "\u{17d2}\u{1039}".contains(c);
                let shown = c.general_category() != GeneralCategory::EnclosingMark
                    && !('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
                form.extend(shown.then_some(c));
                i += 1;
                // An apostrophe cannot carry marks in a word.
                if joins {
                    form.push(row[i].0);
                    i += 1;
                }
            }
            let mut normalised = String::new();
            normal::normalise(&form, &mut normalised);
            let weight = if word { 5 } else { 2 };
            tokens.token(hash::token(normalised.as_bytes()), row[from].1, row[i - 1].2, weight);
        }
        tokens
    }

    fn is_mark(c: char) -> bool {
        use GeneralCategory as G;
        let marks = [G::NonspacingMark, G::SpacingMark, G::EnclosingMark];
        marks.contains(&c.general_category()) || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c)
    }

    fn is_letter(c: char) -> bool {
        // The apostrophes among the letters.
        c.is_alphabetic() && !is_mark(c) && !normal::is_apostrophe(c)
    }

    fn is_cluster(c: char) -> bool {
        use unicode_script::Script as S;
        use unicode_script::UnicodeScript;
        let scripts = [S::Han, S::Hiragana, S::Katakana, S::Thai, S::Lao, S::Khmer, S::Myanmar];
        let digit = c.general_category() == GeneralCategory::DecimalNumber;
        let also = "ー〆〼〱〲〳〴〵".contains(c);
        is_letter(c) && !digit && (scripts.contains(&c.script()) || also)
    }

    fn is_word(c: char) -> bool {
        let digit = c.general_category() == GeneralCategory::DecimalNumber;
        digit || is_letter(c) && !is_cluster(c)
    }

    #[test]
    fn agrees_with_the_definition() {
        #[rustfmt::skip]
        let pieces = [
            "a", "B", "7", "'", "’", "ʼ", " ", "-", "\n", "\u{ad}", "\u{200d}", "\u{fe0f}", "é",
            "e\u{301}", "\u{323}", "\u{345}", "\u{20e3}", "ß", "ŉ", "ŀ", "½", "⅟", "⁄", "™", "㎧",
            "㍿", "ﷺ", "ﬁ", "ａ", "¨", "中", "〇", "ｶ", "ﾞ", "ー", "か", "\u{3099}", "ก", "ำ", "ํ", "า",
            "\u{e49}", "ກ", "ຳ", "ໜ", "ក", "្", "ត", "ို", "က", "္", "٣", "๓", "م", "\u{64b}", "한",
            "ᄀ", "ᅡ", "ᆨ", "न", "्", "ि", "👍", "🏽", "😀",
        ];
        for seed in 0..60_000u64 {
            let mut state = seed;
            let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
            let n = 1 + draw(9);
            let text: String = (0..n).map(|_| pieces[draw(pieces.len())]).collect();
            let mut got = Tokens::default();
            tokenize(&text, &mut got);
            assert_eq!(got, naive(&text), "{text:?} {}", text.escape_unicode());
        }
    }

    #[test]
    fn long_tokens_take_linear_time() {
        for unit in ["é", "e\u{301}", "ß", "\u{301}", "中\u{301}", "a'", "’", "\u{ad}", "ក្"]
        {
            let text = format!("a{}", unit.repeat(200_000));
            let mut got = Tokens::default();
            tokenize(&text, &mut got);
            assert_eq!(got, naive(&text), "{unit}");
        }
    }
}
