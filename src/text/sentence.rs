//! Borders of sentences, in a paragraph or around a place in it.
//!
//! The rules of *Unicode Standard Annex #29* are those of
//! `unicode-segmentation`, applied to a copy in which line ends are blanks.
//! Two things they leave open are settled here:
//!
//! * time: their search for the letter after a full stop is repeated for each
//!   closing mark and blank after it, so a million blanks would take a
//!   million squared steps. The copy leaves out marks that repeat the one
//!   before in long stretches without a letter, which changes no border;
//! * place: the rules look back no further than to a letter, so that borders
//!   near a place can be had from a window that starts at one.

use unicode_properties::GeneralCategoryGroup;
use unicode_properties::UnicodeGeneralCategory;
use unicode_segmentation::UnicodeSegmentation;

use super::borders::paragraph_end;
use super::borders::paragraph_start;
use super::table;
use super::table::Role;

/// Borders of the sentences of `paragraph`, from 0 to its length, in order.
pub(super) fn borders(paragraph: &str) -> Vec<usize> {
    let copy = Copy::of(paragraph);
    let mut cuts = copy.cuts.iter().peekable();
    let mut left_out = 0;
    let mut borders = vec![0];
    let mut at = 0;
    for sentence in copy.text.split_sentence_bounds() {
        at += sentence.len();
        while let Some(cut) = cuts.next_if(|c| c.at <= at) {
            left_out += cut.len;
        }
        borders.push(at + left_out);
    }
    borders
}

/// A paragraph as the rules are to see it.
struct Copy {
    text: String,
    cuts: Vec<Cut>,
}

/// Bytes left out of a copy before its byte `at`.
struct Cut {
    at: usize,
    len: usize,
}

/// Line ends of other kinds, which end a sentence.
const SEPARATORS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// So many characters without a letter or digit are ordinary.
const QUIET: u32 = 8;

impl Copy {
    fn of(paragraph: &str) -> Copy {
        let mut text = String::with_capacity(paragraph.len());
        let mut cuts = Vec::new();
        let mut quiet = 0;
        let mut last = Padding::None;
        for c in paragraph.chars() {
            if matches!(table::entry(c).role, Role::Word | Role::Cluster) {
                quiet = 0;
                last = Padding::None;
            } else {
                quiet += 1;
            }
            if quiet > QUIET {
                let padding = Padding::of(c);
                let repeats = padding != Padding::None && padding == last
                    || padding == Padding::Extend && !text.ends_with(SEPARATORS);
                if repeats {
                    cuts.push(Cut { at: text.len(), len: c.len_utf8() });
                    continue;
                }
                last = padding;
            }
            text.push(if matches!(c, '\n' | '\r') { ' ' } else { c });
        }
        Copy { text, cuts }
    }
}

/// Characters whose repetition the rules ignore.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Padding {
    None,
    Space,
    Close,
    /// Belongs to what is before it.
    Extend,
}

impl Padding {
    /// Asks the rules, whose tables are not public, whether a sentence ends
    /// between the character and a capital when others stand before it.
    fn of(c: char) -> Padding {
        if matches!(c, ' ' | '\t' | '\n' | '\r') {
            return Padding::Space;
        }
        if SEPARATORS.contains(&c) {
            return Padding::None;
        }
        let after = |before: &str| {
            let text = format!("{before}{c}A");
            let first = text.split_sentence_bounds().next().map_or(0, str::len);
            first == text.len() - 1
        };
        match (after("a."), after("a! ")) {
            // It ends a sentence itself.
            _ if after("3") => Padding::None,
            (true, true) => Padding::Space,
            (true, false) => Padding::Close,
            (false, true) => Padding::Extend,
            _ => Padding::None,
        }
    }
}

/// A letter as the rules see it: marks are none, nor the halfwidth ones of
/// Katakana.
fn is_letter(c: char) -> bool {
    let mark = || c.general_category_group() == GeneralCategoryGroup::Mark;
    c.is_ascii_alphabetic() || c.is_alphabetic() && !mark() && !matches!(c, '\u{ff9e}' | '\u{ff9f}')
}

/// The last border at or before byte `at`, which lies in a paragraph.
pub(super) fn start(text: &str, at: usize, reach: usize) -> usize {
    search(text, at, reach, |window, borders| {
        let ahead = window.closed_after || text[at..window.end].contains(is_letter);
        let found = borders.iter().rev().find(|&&b| b <= at && !window.is_artificial(b));
        found.copied().filter(|_| ahead)
    })
}

/// The first border at or after byte `at`, before which a paragraph's
/// character stands.
pub(super) fn end(text: &str, at: usize, reach: usize) -> usize {
    let last = text[..at].char_indices().next_back().map_or(0, |(i, _)| i);
    search(text, last, reach, |window, borders| {
        let ahead = |b: usize| window.closed_after || text[b..window.end].contains(is_letter);
        borders.iter().copied().find(|&b| b >= at).filter(|&b| ahead(b))
    })
}

/// Widens a window around byte `at` until `found` answers from the borders in
/// it. A window of the whole paragraph always has the answer.
fn search(
    text: &str,
    at: usize,
    mut reach: usize,
    found: impl Fn(&Window, &[usize]) -> Option<usize>,
) -> usize {
    loop {
        if let Some(window) = Window::around(text, at, reach) {
            let mut borders = borders(&text[window.start..window.end]);
            borders.iter_mut().for_each(|b| *b += window.start);
            let whole = window.closed_before && window.closed_after;
            if let Some(border) = found(&window, &borders) {
                return border;
            }
            if whole {
                return at;
            }
        }
        reach = reach.saturating_mul(4);
    }
}

/// The last border of characters at or before byte `at`.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&b| text.is_char_boundary(b)).unwrap_or(0)
}

/// A part of a paragraph.
struct Window {
    start: usize,
    end: usize,
    /// Whether the paragraph starts at `start`; else a letter stands there.
    closed_before: bool,
    /// Whether the paragraph ends at `end`.
    closed_after: bool,
}

impl Window {
    /// The window that reaches `reach` bytes to either side of byte `at`, if
    /// there is a letter at which it can start.
    fn around(text: &str, at: usize, reach: usize) -> Option<Window> {
        let low = boundary(text, at.saturating_sub(reach));
        let high = boundary(text, at.saturating_add(reach).min(text.len())).max(at);
        let (start, closed_before) = match paragraph_start(text, at, low) {
            Some(start) => (start, true),
            None => (low + text[low..at].find(is_letter)?, false),
        };
        let (end, closed_after) = match paragraph_end(text, at, high) {
            Some(end) => (end, true),
            None => (high, false),
        };
        Some(Window { start, end, closed_before, closed_after })
    }

    /// Whether a border is only there because the window starts.
    fn is_artificial(&self, border: usize) -> bool {
        border == self.start && !self.closed_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    /// The rules on the text as it is, but for line ends.
    fn naive(paragraph: &str) -> Vec<usize> {
        let copy = paragraph.replace(['\n', '\r'], " ");
        let mut borders = vec![0];
        borders.extend(copy.split_sentence_bound_indices().map(|(at, s)| at + s.len()));
        borders
    }

    #[test]
    fn what_is_left_out_changes_no_border() {
        #[rustfmt::skip]
        let pieces = [
            "a", "B", "3", "٣", ".", "!", "。", " ", "\n", "\u{a0}", "\u{3000}", ")", "\"", "”", "»",
            "\u{301}", "\u{200d}", "\u{ad}", ",", "-", "\u{2028}", "\u{85}", "中", "ﾞ", "…", "=", "\u{345}",
        ];
        for seed in 0..30_000u64 {
            let mut state = seed;
            let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
            let mut text = String::new();
            for _ in 0..draw(12) {
                let piece = pieces[draw(pieces.len())];
                let times = if draw(3) == 0 { draw(30) } else { 1 };
                text.push_str(&piece.repeat(times));
            }
            assert_eq!(borders(&text), naive(&text), "{text:?}");
        }
    }

    #[test]
    fn hostile_paragraphs_take_linear_time() {
        // Squared, each of these would take minutes.
        for unit in
            [" ", ")", ") ", ")\u{301}", "\u{301}", " \u{301}", "\"'", ".)", ")\u{345}", "1 "]
        {
            let text = format!("End.{}", unit.repeat(300_000));
            assert_eq!(borders(&text).last(), Some(&text.len()), "{unit:?}");
        }
    }
}
