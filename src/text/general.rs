//! Tokens of a text of any script, character by character.

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
    /// Forms of the token's characters, or the characters themselves where
    /// they have none of their own.
    form: String,
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
    inner: Option<char>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    Word,
    Cluster,
}

/// So many ASCII bytes in a row are left to the fast path.
const ASCII_AHEAD: usize = 16;

impl Cutter {
    /// Gives the tokens of `text` from byte `from` on to `sink`, up to an
    /// ASCII separator that only ASCII follows for a while, or to the end.
    /// Returns where it stopped. No token may reach over `from`.
    pub(super) fn cut<S: Sink>(&mut self, text: &str, from: usize, sink: &mut S) -> usize {
        let bytes = text.as_bytes();
        for (i, c) in text[from..].char_indices() {
            let start = from + i;
            let end = start + c.len_utf8();
            let entry = table::entry(c);
            match entry.role() {
                Role::Several => self.pieces(c, start, end, sink),
                Role::Separator => {
                    self.finish(sink);
                    let ahead = &bytes[end..(end + ASCII_AHEAD).min(bytes.len())];
                    if c.is_ascii() && ahead.is_ascii() {
                        return end;
                    }
                }
                _ => self.take(c, entry, start, end, sink),
            }
        }
        self.finish(sink);
        text.len()
    }

    /// Reads the pieces of a character's decomposition one by one.
    fn pieces<S: Sink>(&mut self, c: char, start: usize, end: usize, sink: &mut S) {
        decompose_compatible(c, |d| self.take(d, table::entry(d), start, end, sink));
    }

    #[inline]
    fn take<S: Sink>(&mut self, c: char, entry: Entry, start: usize, end: usize, sink: &mut S) {
        match entry.role() {
            Role::Ignorable => {}
            Role::Word => {
                if self.kind != Kind::Word {
                    self.begin(Kind::Word, start, sink);
                } else if let Some(inner) = self.inner.take() {
                    self.form.push(inner);
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
                if entry.role() == Role::Mark {
                    self.tied |= table::stacks(c);
                    self.push(c, entry, end);
                } else {
                    self.end = end;
                }
            }
            Role::Inner if self.kind == Kind::Word && self.inner.is_none() => {
                self.inner = entry.form();
            }
            _ => self.finish(sink),
        }
    }

    #[inline]
    fn begin<S: Sink>(&mut self, kind: Kind, start: usize, sink: &mut S) {
        self.finish(sink);
        self.kind = kind;
        self.start = start;
    }

    #[inline]
    fn push(&mut self, c: char, entry: Entry, end: usize) {
        let class = entry.class();
        match entry.form() {
            Some(form) if class == 0 || class >= self.class => self.form.push(form),
            _ => {
                self.unsettled = true;
                self.form.push(c);
            }
        }
        self.last = c;
        self.class = class;
        self.end = end;
    }

    /// Ends the token, if one is being read.
    #[inline]
    fn finish<S: Sink>(&mut self, sink: &mut S) {
        let weight = match self.kind {
            Kind::None => return,
            Kind::Word => WORD_WEIGHT,
            Kind::Cluster => CLUSTER_WEIGHT,
        };
        if self.unsettled {
            self.whole.clear();
            normal::normalise(&self.form, &mut self.whole);
            std::mem::swap(&mut self.form, &mut self.whole);
        }
        sink.token(hash::token(self.form.as_bytes()), self.start, self.end, weight as u8);
        self.form.clear();
        self.unsettled = false;
        self.kind = Kind::None;
        self.class = 0;
        self.tied = false;
        self.inner = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tokens;
    use super::*;

    fn tokenize(text: &str, sink: &mut Tokens) {
        let mut cutter = Cutter::default();
        let mut from = 0;
        while from < text.len() {
            from = cutter.cut(text, from, sink);
        }
    }

    /// Text, form and weight of each token, by the hash of the form.
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
}
