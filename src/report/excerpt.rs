//! A passage -> what of it fits on a few lines of a terminal.
//!
//! White space of every kind becomes one blank, hidden characters become
//! escapes, and a text that does not fit loses its middle, so that its start
//! and its end are seen. Cuts and breaks fall between grapheme clusters,
//! between words where there are any.
//!
//! Columns are those of Unicode Standard Annex 11 (two for wide characters),
//! but each grapheme cluster counts as one at least and as one for every
//! eight characters in it: a text of invisible or stacked characters is cut
//! too. Lines can so be shorter than they could be, never longer.
//!
//! Text from right to left stands in its logical order, and no isolates are
//! added: an excerpt has its lines to itself, so a terminal that reorders
//! cannot mix it with the place it belongs to, and one that does not would
//! show isolates as boxes.
//!
//! Time and space are linear in the columns wanted, whatever the length of
//! the text.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::report::visible;

/// What is said about a piece of an excerpt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing.
    #[default]
    Plain,
    /// It stands in the leader only.
    Removed,
    /// It stands here only.
    Added,
    /// It is not of the text but about it.
    Note,
}

/// A stretch of an excerpt under one mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) mark: Mark,
    pub(crate) text: String,
}

impl Piece {
    pub(crate) fn new(mark: Mark, text: impl Into<String>) -> Piece {
        Piece { mark, text: text.into() }
    }
}

/// Stands for what was cut out, with a blank on both sides.
pub(crate) const ELLIPSIS: &str = " … ";
const ELLIPSIS_COLUMNS: usize = 3;

/// Columns within which a cut looks back for a border between words. Few
/// words of any language are longer.
const LOOK_BACK: usize = 16;

/// Bytes looked at for each column wanted. Only white space, which collapses,
/// can hold more: eight characters of four bytes make a column at least.
pub(crate) const BYTES_PER_COLUMN: usize = 32;

/// Columns of a visible text.
pub(crate) fn columns(text: &str) -> usize {
    if text.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        return text.len();
    }
    text.graphemes(true).map(cluster_columns).sum()
}

fn cluster_columns(cluster: &str) -> usize {
    cluster.width().max(cluster.chars().count().div_ceil(8))
}

/// The whole of a text on one line; a blank at its start or end stays.
pub(crate) fn flat(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if !c.is_whitespace() {
            visible::push(c, &mut out);
        } else if !blank {
            out.push(' ');
        }
        blank = c.is_whitespace();
    }
    out
}

/// As much of a text as `limit` columns hold: all of it, or its start and its
/// end with an ellipsis between. Empty for a text without visible characters.
pub(crate) fn cut(text: &str, limit: usize) -> Vec<Piece> {
    let text = text.trim();
    let plain = |clusters: Vec<String>| Piece::new(Mark::Plain, clusters.concat().trim());
    let (all, read) = start(text, limit);
    if read == text.len() {
        return vec![plain(all)];
    }
    let (mut head, read) = start(text, limit * 2 / 3);
    trim(&mut head);
    let mut tail = end(&text[read..], (limit / 3).saturating_sub(ELLIPSIS_COLUMNS));
    trim(&mut tail);
    tail.reverse();
    vec![plain(head), Piece::new(Mark::Note, ELLIPSIS), plain(tail)]
}

/// The same under one mark.
pub(crate) fn cut_line(text: &str, limit: usize) -> String {
    cut(text, limit).into_iter().map(|piece| piece.text).collect()
}

/// The visible clusters at the start that fit, and how many bytes they are.
fn start(text: &str, limit: usize) -> (Vec<String>, usize) {
    let mut at = text.len().min(limit * BYTES_PER_COLUMN);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let joins = |last: &str, next: &str| last.ends_with(' ') && next.starts_with(' ');
    fitting(text[..at].graphemes(true), limit, joins)
}

/// The visible clusters at the end that fit, last one first.
fn end(text: &str, limit: usize) -> Vec<String> {
    let mut at = text.len().saturating_sub(limit * BYTES_PER_COLUMN);
    while !text.is_char_boundary(at) {
        at += 1;
    }
    let joins = |last: &str, next: &str| last.starts_with(' ') && next.ends_with(' ');
    fitting(text[at..].graphemes(true).rev(), limit, joins).0
}

/// The visible clusters that fit, and their bytes; `joins` says whether the
/// last and the next have blanks that make one.
fn fitting<'t>(
    clusters: impl Iterator<Item = &'t str>,
    limit: usize,
    joins: impl Fn(&str, &str) -> bool,
) -> (Vec<String>, usize) {
    let (mut fit, mut used, mut read) = (Vec::<String>::new(), 0, 0);
    for cluster in clusters {
        let mut shown = flat(cluster);
        if fit.last().is_some_and(|last| joins(last, &shown)) {
            // Most often all of it, but a mark can sit on a blank.
            shown = shown.replace(' ', "");
        }
        used += columns(&shown);
        if used > limit {
            break;
        }
        if !shown.is_empty() {
            fit.push(shown);
        }
        read += cluster.len();
    }
    (fit, read)
}

/// Drops a word that was cut in two, if a border is near.
fn trim(clusters: &mut Vec<String>) {
    let from = clusters.len().saturating_sub(LOOK_BACK).max(1);
    if let Some(border) = (from..clusters.len()).rev().find(|&i| clusters[i] == " ") {
        clusters.truncate(border);
    }
}

/// Breaks pieces into lines of at most `width` columns, between words, and
/// inside one only when it is longer than a line.
pub(crate) fn wrap(pieces: &[Piece], width: usize) -> Vec<Vec<Piece>> {
    let mut lines =
        Lines { width, lines: vec![Vec::new()], used: 0, word: Vec::new(), blank: None };
    for piece in pieces {
        for (i, part) in piece.text.split(' ').enumerate() {
            if i > 0 {
                lines.end_word();
                lines.blank = Some(piece.mark);
            }
            if !part.is_empty() {
                lines.word.push(Piece::new(piece.mark, part));
            }
        }
    }
    lines.end_word();
    lines.lines.retain(|line| !line.is_empty());
    lines.lines
}

/// The state of [`wrap`].
struct Lines {
    width: usize,
    lines: Vec<Vec<Piece>>,
    /// Columns of the last line.
    used: usize,
    /// The word under way; its parts can have different marks.
    word: Vec<Piece>,
    /// The mark of a blank that is due before the word.
    blank: Option<Mark>,
}

impl Lines {
    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        if word.is_empty() {
            return;
        }
        let need: usize = word.iter().map(|part| columns(&part.text)).sum();
        let blank = self.blank.take().filter(|_| self.used > 0);
        let room = self.width.saturating_sub(self.used + usize::from(blank.is_some()));
        if need > room && (need <= self.width || room == 0) {
            self.next();
        } else if let Some(mark) = blank {
            self.push(mark, " ");
        }
        for part in word {
            if need <= self.width {
                self.push(part.mark, &part.text);
            } else {
                part.text.graphemes(true).for_each(|cluster| self.push(part.mark, cluster));
            }
        }
    }

    fn next(&mut self) {
        if let Some(last) = self.lines.last_mut().and_then(|line| line.last_mut()) {
            last.text.truncate(last.text.trim_end().len());
        }
        self.lines.push(Vec::new());
        self.used = 0;
    }

    /// Appends a text that is not to be broken.
    fn push(&mut self, mark: Mark, text: &str) {
        let need = columns(text);
        if self.used > 0 && self.used + need > self.width {
            self.next();
        }
        self.used += need;
        let line = self.lines.last_mut().expect("there is a line from the start on");
        match line.last_mut() {
            Some(last) if last.mark == mark => last.text.push_str(text),
            _ => line.push(Piece::new(mark, text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    /// What makes trouble: blanks of all kinds, wide, combining, joined,
    /// invisible and hidden characters, both directions.
    const ALPHABET: &[&str] = &[
        "a",
        "b",
        " ",
        " ",
        "\n",
        "\r\n",
        "\u{3000}",
        "\u{a0}",
        "文",
        "é",
        "e\u{301}",
        "\u{301}",
        "👩",
        "\u{200d}",
        "\u{fe0f}",
        "🇩",
        "\u{1b}",
        "\u{0}",
        "\u{202e}",
        "\u{ad}",
        "\u{200b}",
        "ש",
        "ห้า",
        "-",
    ];

    fn noise(seed: u64) -> String {
        let mut state = seed;
        let symbols = 1 + splitmix64(&mut state) as usize % ALPHABET.len();
        let length = splitmix64(&mut state) % 80;
        (0..length).map(|_| ALPHABET[splitmix64(&mut state) as usize % symbols]).collect()
    }

    /// Without the blanks.
    fn solid(text: &str) -> String {
        text.replace(' ', "")
    }

    #[test]
    fn a_text_that_fits_is_shown_whole_and_another_from_both_ends() {
        for seed in 0..5_000 {
            let text = noise(seed);
            let whole = flat(text.trim());
            let limit = 24 + seed as usize % 40;
            let shown = cut(&text, limit);
            let line = cut_line(&text, limit);
            assert!(columns(&line) <= limit, "seed {seed}: {line:?} in {limit}");
            assert!(!line.contains(visible::is_hidden), "seed {seed}: {line:?}");
            assert!(!line.contains("  "), "seed {seed}: {line:?}");
            match shown.as_slice() {
                [all] => assert_eq!(all.text, whole, "seed {seed}"),
                [head, _, tail] => {
                    // A mark that gets another base on the way counts twice.
                    let marks = whole.matches(['\u{301}', '\u{200d}', '\u{fe0f}']).count();
                    let most = columns(&whole) + marks;
                    assert!(most > limit, "seed {seed}: {whole:?} fits in {limit}");
                    assert!(whole.starts_with(&head.text), "seed {seed}: {head:?} of {whole:?}");
                    assert!(whole.ends_with(&tail.text), "seed {seed}: {tail:?} of {whole:?}");
                }
                other => panic!("seed {seed}: {other:?}"),
            }
        }
    }

    #[test]
    fn lines_keep_to_their_width_and_lose_nothing_but_blanks() {
        for seed in 0..5_000 {
            let marks = [Mark::Plain, Mark::Added, Mark::Removed, Mark::Note];
            let pieces: Vec<Piece> = (0..seed % 5)
                .map(|i| Piece::new(marks[i as usize % 4], flat(&noise(seed * 5 + i))))
                .collect();
            // No narrower than an escape, or a cluster of ten marks.
            let width = 12 + seed as usize % 30;
            let lines = wrap(&pieces, width);
            for line in &lines {
                let text: String = line.iter().map(|piece| &*piece.text).collect();
                assert!(columns(&text) <= width, "seed {seed}: {text:?} in {width}");
                assert!(!text.is_empty() && text.trim() == text, "seed {seed}: {text:?}");
            }
            for mark in marks {
                let of = |pieces: Vec<&Piece>| -> String {
                    let texts = pieces.iter().filter(|p| p.mark == mark).map(|p| solid(&p.text));
                    texts.collect()
                };
                let before = of(pieces.iter().collect());
                assert_eq!(of(lines.iter().flatten().collect()), before, "seed {seed}");
            }
        }
    }

    #[test]
    fn words_stay_whole_while_a_line_can_hold_them() {
        let words = "one three fifteen of to internationalisation a be";
        let lines = wrap(&[Piece::new(Mark::Plain, words)], 12);
        let lines: Vec<String> =
            lines.iter().map(|l| l.iter().map(|p| &*p.text).collect()).collect();
        assert_eq!(lines, ["one three", "fifteen of", "to internati", "onalisation", "a be"]);
    }

    #[test]
    fn nothing_and_blanks_make_no_line() {
        assert_eq!(cut_line("", 20), "");
        assert_eq!(cut_line(" \n\t ", 20), "");
        assert_eq!(cut_line("", 0), "");
        assert!(wrap(&cut(" \n", 20), 20).is_empty());
        assert!(wrap(&[], 20).is_empty());
    }

    #[test]
    fn without_room_there_is_still_an_ellipsis() {
        for limit in 0..ELLIPSIS_COLUMNS {
            assert!(columns(&cut_line("one two three", limit)) <= 2 + ELLIPSIS_COLUMNS);
        }
        assert_eq!(columns(ELLIPSIS), ELLIPSIS_COLUMNS);
    }

    #[test]
    fn cuts_fall_between_words_where_one_is_near() {
        assert_eq!(cut_line(&"lorem ipsum ".repeat(9), 40), "lorem ipsum lorem ipsum … ipsum");
        assert_eq!(
            cut_line(&"x".repeat(99), 30),
            format!("{} … {}", "x".repeat(20), "x".repeat(7))
        );
        assert_eq!(
            cut_line(&"文".repeat(99), 30),
            format!("{} … {}", "文".repeat(10), "文".repeat(3))
        );
    }

    #[test]
    fn a_long_text_is_not_read_to_be_cut() {
        // A cluster without end, characters without width, blanks without
        // end, flags that pair from the start on.
        for unit in ["\u{301}", "\u{200b}", " ", "🇩", "a ", "👩\u{200d}"] {
            let text = format!("start {} end", unit.repeat(1_000_000));
            for _ in 0..100 {
                let line = cut_line(&text, 60);
                assert!(columns(&line) <= 60 && line.len() <= 60 * BYTES_PER_COLUMN, "{unit:?}");
                assert!(line.starts_with("start") && line.ends_with("end"), "{unit:?}: {line}");
            }
        }
    }
}
