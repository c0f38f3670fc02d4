//! Text -> its paragraphs, sentences and lines; spans grown to them.
//!
//! * A paragraph is a block between blank lines; a blank line may hold white
//!   space.
//! * A sentence lies within a paragraph. A line end inside a paragraph does
//!   not end a sentence, since prose is often wrapped.
//! * A line ends with `\n`.
//!
//! All are trimmed of white space, in order, and none is empty.
//!
//! * time: linear; sentences some 20 ns a character
//! * space: sentences need a copy of one paragraph
//!
//! Source: *Unicode Standard Annex #29*, section 5, default sentence borders.
//! Departures: line ends count as blanks (rule SB4). They know no
//! abbreviations: `Mr. Smith` has a border after the full stop, `e.g. this`
//! has none.

use memchr::memchr;
use memchr::memrchr;

use super::sentence;
use crate::options::find::Snap;
use crate::span::ByteSpan;

/// The lines of `text` that are not blank, without the white space around
/// them.
pub fn lines(text: &str) -> impl Iterator<Item = ByteSpan> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let (start, end) = (at, line_end(text, at));
            at = end + 1;
            if let Some(line) = trimmed(text, start, end) {
                return Some(line);
            }
        }
        None
    })
}

/// The paragraphs of `text`, without the white space around them.
pub fn paragraphs(text: &str) -> impl Iterator<Item = ByteSpan> {
    let mut at = 0;
    std::iter::from_fn(move || {
        // White space before a paragraph may hold any number of lines.
        let start = text.len() - text.get(at..)?.trim_start().len();
        at = paragraph_end(text, start, text.len()).unwrap_or(text.len());
        trimmed(text, start, at)
    })
}

/// The sentences of `text`, without the white space around them.
pub fn sentences(text: &str) -> impl Iterator<Item = ByteSpan> {
    paragraphs(text).flat_map(|paragraph| {
        let borders = sentence::borders(paragraph.of(text));
        let start = paragraph.start as usize;
        let spans = borders.windows(2).filter_map(|b| trimmed(text, start + b[0], start + b[1]));
        spans.collect::<Vec<ByteSpan>>()
    })
}

/// Widens `span` to the whole sentences or paragraphs of which it holds a
/// byte; a span without a character that is not white space, and any with
/// [`Snap::Word`], stays as it is.
///
/// Time in proportion to the span's surroundings: the paragraphs it touches,
/// or for sentences a small multiple of the sentences it touches.
///
/// # Panics
///
/// If the span does not belong to `text`.
#[must_use]
pub fn grow(text: &str, span: ByteSpan, snap: Snap) -> ByteSpan {
    grow_from(text, span, snap, REACH)
}

/// Bytes on either side that are looked at first for the ends of a sentence.
const REACH: usize = 512;

fn grow_from(text: &str, span: ByteSpan, snap: Snap, reach: usize) -> ByteSpan {
    let (start, end) = (span.start as usize, span.end as usize);
    let inner = text[start..end].trim();
    if inner.is_empty() || snap == Snap::Word {
        return span;
    }
    let first = text.len() - text[start..].trim_start().len();
    let last = first + inner.len();
    let (low, high) = match snap {
        Snap::Sentence => (sentence::start(text, first, reach), sentence::end(text, last, reach)),
        _ => (
            paragraph_start(text, first, 0).unwrap_or(first),
            paragraph_end(text, last, text.len()).unwrap_or(last),
        ),
    };
    match trimmed(text, low, high) {
        Some(wide) => ByteSpan { start: span.start.min(wide.start), end: span.end.max(wide.end) },
        None => span,
    }
}

/// `start..end` without white space at its ends, if anything is left.
fn trimmed(text: &str, start: usize, end: usize) -> Option<ByteSpan> {
    let whole = &text[start..end];
    let start = end - whole.trim_start().len();
    let end = start + whole.trim().len();
    (start < end).then_some(ByteSpan { start: start as u32, end: end as u32 })
}

/// Where the line of byte `at` ends, before its `\n`.
fn line_end(text: &str, at: usize) -> usize {
    memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |n| at + n)
}

fn is_blank(line: &str) -> bool {
    line.chars().all(char::is_whitespace)
}

/// Where the paragraph of the character at `at` ends, before a blank line or
/// with the text; `None` if bytes from `high` on would have to be read.
pub(super) fn paragraph_end(text: &str, at: usize, high: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let next = |from: usize| match memchr(b'\n', &bytes[from..high]) {
        Some(n) => Some(from + n),
        None => (high == text.len()).then_some(high),
    };
    let mut end = next(at)?;
    while end < text.len() {
        let following = next(end + 1)?;
        if is_blank(&text[end + 1..following]) {
            break;
        }
        end = following;
    }
    Some(end)
}

/// Where the paragraph of the character at `at` starts, after a blank line or
/// with the text; `None` if bytes before `low` would have to be read.
pub(super) fn paragraph_start(text: &str, at: usize, low: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let line = |to: usize| match memrchr(b'\n', &bytes[low..to]) {
        Some(n) => Some(low + n + 1),
        None => (low == 0).then_some(0),
    };
    let mut start = line(at)?;
    while start > 0 {
        let before = line(start - 1)?;
        if is_blank(&text[before..start]) {
            break;
        }
        start = before;
    }
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn of(text: &str, spans: impl Iterator<Item = ByteSpan>) -> Vec<&str> {
        spans.map(|s| s.of(text)).collect()
    }

    fn noise(seed: u64, n: usize, pieces: &[&str]) -> String {
        let mut state = seed;
        (0..n)
            .map(|_| pieces[(hash::splitmix64(&mut state) % pieces.len() as u64) as usize])
            .collect()
    }

    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "a", "B", "word", " ", " ", "\n", "\n", "\r\n", "\n\n", "\t", ".", ". ", "! ", "?", ")", "\"",
        "3", "é", "中", "。", "\u{a0}", "\u{3000}", "\u{301}", "…",
    ];

    #[test]
    fn paragraphs_and_lines_by_example() {
        let text = "\u{feff}One\ntwo\r\n\r\n  three  \n \t \n\n\nfour\n";
        assert_eq!(of(text, paragraphs(text)), ["\u{feff}One\ntwo", "three", "four"]);
        assert_eq!(of(text, lines(text)), ["\u{feff}One", "two", "three", "four"]);
        for blank in ["", "\n", " ", "\r\n\r\n", "\u{3000}\n\t"] {
            assert_eq!(paragraphs(blank).count() + lines(blank).count(), 0, "{blank:?}");
            assert_eq!(sentences(blank).count(), 0, "{blank:?}");
        }
    }

    #[test]
    fn sentences_by_example() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str])] = &[
            ("One. Two!  Three?",            &["One.", "Two!", "Three?"]),
            ("It was\nwrapped\r\nhere. Yes", &["It was\nwrapped\r\nhere.", "Yes"]),
            ("A title\n\nA sentence",        &["A title", "A sentence"]),
            ("我来了。你呢？好！",              &["我来了。", "你呢？", "好！"]),
            ("See e.g. this at 3.14 now.",   &["See e.g. this at 3.14 now."]),
            ("“Yes.” (No.) So",              &["“Yes.”", "(No.)", "So"]),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text, sentences(text)), *expected);
        }
    }

    #[test]
    fn paragraphs_agree_with_naive() {
        for seed in 0..3000u64 {
            let text = noise(seed, (seed % 60) as usize, PIECES);
            let mut blocks = vec![String::new()];
            for line in text.split('\n') {
                if line.trim().is_empty() {
                    blocks.push(String::new());
                } else {
                    let block = blocks.last_mut().unwrap();
                    *block += line;
                    *block += "\n";
                }
            }
            let expected: Vec<&str> =
                blocks.iter().map(|b| b.trim()).filter(|b| !b.is_empty()).collect();
            assert_eq!(of(&text, paragraphs(&text)), expected, "{text:?}");
            let expected: Vec<&str> =
                text.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect();
            assert_eq!(of(&text, lines(&text)), expected, "{text:?}");
        }
    }

    #[test]
    fn grown_spans_are_unions_of_what_they_touch() {
        for seed in 0..6000u64 {
            let text = noise(seed, 1 + (seed % 70) as usize, PIECES);
            let mut state = seed;
            let mut place = || {
                let borders: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
                let n = hash::splitmix64(&mut state) % (borders.len() as u64 + 1);
                borders.get(n as usize).map_or(text.len(), |&b| b) as u32
            };
            let (a, b) = (place(), place());
            let span = ByteSpan { start: a.min(b), end: a.max(b) };
            for snap in [Snap::Word, Snap::Sentence, Snap::Paragraph] {
                let units: Vec<ByteSpan> = match snap {
                    Snap::Word => Vec::new(),
                    Snap::Sentence => sentences(&text).collect(),
                    Snap::Paragraph => paragraphs(&text).collect(),
                };
                let touched = units.iter().filter(|u| u.start < span.end && span.start < u.end);
                let touched = touched.filter(|_| !span.of(&text).trim().is_empty());
                let expected = touched.fold(span, |s, u| ByteSpan {
                    start: s.start.min(u.start),
                    end: s.end.max(u.end),
                });
                for reach in [1, 5, 30, REACH] {
                    let got = grow_from(&text, span, snap, reach);
                    assert_eq!(got, expected, "{text:?} {span:?} {snap:?} {reach}");
                }
            }
        }
    }
}
