//! Two passages -> the words in which they differ, in their surroundings.
//!
//! Words are compared by the hashes of their normalised forms, as in the
//! search, so case, composition and punctuation make no difference. What is
//! shown is the original text of the second passage, with the words only the
//! first one has put in where they are missing. Short passages are shown
//! whole, of long ones each difference with a few words around it, as many as
//! fit.
//!
//! Time: linear in the passages, and for the comparison `O(n d)` for `n` words
//! of which `d` differ, with `n` at most [`WINDOW`]: what lies between the
//! words that both start and those that both end with is compared up to
//! there, and the rest is said to be left out.
//!
//! Source: Myers, *An O(ND) difference algorithm and its variations*, 1986,
//! as the crate `similar` has it, whose shortcut for hard inputs may show more
//! differences than there need be.

use std::ops::Range;

use similar::Algorithm;
use similar::DiffOp;
use similar::capture_diff_slices;

use crate::options::WORD_WEIGHT;
use crate::report::excerpt;
use crate::report::excerpt::BYTES_PER_COLUMN;
use crate::report::excerpt::ELLIPSIS;
use crate::report::excerpt::Mark;
use crate::report::excerpt::Piece;
use crate::text::Tokens;
use crate::text::tokenize;

/// Longest stretch compared, in tokens. Far more than fits on the lines of an
/// excerpt; at the least identity that is ever sensible it takes
/// milliseconds.
const WINDOW: usize = 2_000;

/// Words shown on each side of a difference: enough to read the sentence.
const CONTEXT: u32 = 4;

/// Columns of one side of a difference. Longer ones lose their middle.
const SIDE: usize = 60;

/// A text with its words.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    text: &'a str,
    tokens: Tokens,
}

impl<'a> Words<'a> {
    /// The words of a text.
    pub(crate) fn new(text: &'a str) -> Words<'a> {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        Words { text, tokens }
    }

    /// The text of a stretch of words, without what stands around it.
    fn text(&self, words: &Range<usize>) -> &'a str {
        match &self.tokens.spans[words.clone()] {
            [] => "",
            [first, .., last] => &self.text[first.start as usize..last.end as usize],
            [only] => only.of(self.text),
        }
    }

    /// What stands between a word and the one before it; for the first word
    /// what stands before it, for one past the last what stands after it.
    fn before(&self, word: usize) -> &'a str {
        let spans = &self.tokens.spans;
        let start = if word == 0 { 0 } else { spans[word - 1].end as usize };
        let end = spans.get(word).map_or(self.text.len(), |span| span.start as usize);
        // Words that share a character end after they start.
        self.text.get(start..end).unwrap_or("")
    }

    /// How many of the words make up a context.
    fn context(&self, words: impl Iterator<Item = usize>) -> usize {
        let mut left = CONTEXT * WORD_WEIGHT;
        let more = words.take_while(|&word| {
            let more = left > 0;
            left = left.saturating_sub(self.tokens.weight(word));
            more
        });
        more.count()
    }
}

/// What of two passages is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Differences {
    /// The excerpt.
    pub(crate) pieces: Vec<Piece>,
    /// Differences that found no room.
    pub(crate) left_out: usize,
    /// Whether there may be more that were not even counted.
    pub(crate) unfinished: bool,
}

/// Words `a` of the first passage and `b` of the second that correspond.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    a: Range<usize>,
    b: Range<usize>,
    same: bool,
}

/// Shows where `b` differs from `a` in about `columns` columns; nothing when
/// both have the same words.
pub(crate) fn differences(a: &Words<'_>, b: &Words<'_>, columns: usize) -> Option<Differences> {
    if a.tokens.hashes == b.tokens.hashes {
        return None;
    }
    let (segments, unfinished) = segments(&a.tokens.hashes, &b.tokens.hashes);
    let excerpt = || Excerpt { a, b, pieces: Vec::new(), used: 0, seam: None };
    // What is longer cannot fit, and need not be laid out to see that.
    if !unfinished && a.text.len().max(b.text.len()) <= BYTES_PER_COLUMN * columns {
        let mut whole = excerpt();
        for segment in &segments {
            if segment.same {
                // Twice the room: what has to be cut must not come to fit.
                whole.same(&segment.b, 2 * columns);
            } else {
                whole.change(segment);
            }
            if whole.used > columns {
                break;
            }
        }
        whole.before(b.tokens.len());
        if whole.used <= columns {
            return Some(Differences { pieces: whole.pieces, left_out: 0, unfinished });
        }
    }
    let mut part = excerpt();
    let left_out = part.surroundings(&segments, columns);
    Some(Differences { pieces: part.pieces, left_out, unfinished })
}

/// An excerpt under construction.
struct Excerpt<'a> {
    a: &'a Words<'a>,
    b: &'a Words<'a>,
    pieces: Vec<Piece>,
    used: usize,
    /// A word of `b` and what is to be shown before it instead of what stands
    /// there, since that was shown already or left out.
    seam: Option<(usize, &'static str)>,
}

impl Excerpt<'_> {
    fn push(&mut self, mark: Mark, text: impl Into<String>) {
        let text = text.into();
        self.used += excerpt::columns(&text);
        self.pieces.push(Piece { mark, text });
    }

    fn push_cut(&mut self, mark: Mark, text: &str, limit: usize) {
        self.push(mark, excerpt::cut_line(text, limit));
    }

    /// Shows what stands before a word of `b`.
    fn before(&mut self, word: usize) {
        let between = self.b.before(word);
        match self.seam {
            Some((at, instead)) if at == word => self.push(Mark::Plain, instead),
            _ if between.len() > SIDE => self.push(Mark::Note, ELLIPSIS),
            _ => self.push(Mark::Plain, excerpt::flat(between)),
        }
    }

    fn same(&mut self, words: &Range<usize>, limit: usize) {
        if !words.is_empty() {
            self.before(words.start);
            self.push_cut(Mark::Plain, self.b.text(words), limit);
        }
    }

    fn change(&mut self, change: &Segment) {
        self.before(change.b.start);
        if !change.a.is_empty() {
            // Removed words bring the blanks they had, if they had any: in
            // scripts without spaces there are none.
            let around = [change.a.start, change.a.end].map(|word| self.a.before(word));
            let blank = around.iter().any(|text| text.contains(char::is_whitespace));
            let blank = if blank { " " } else { "" };
            if change.b.start == self.b.tokens.len() {
                self.push(Mark::Plain, blank);
            }
            self.push_cut(Mark::Removed, self.a.text(&change.a), SIDE);
            self.seam = Some((change.b.start, blank));
            if !change.b.is_empty() {
                self.push(Mark::Plain, blank);
            }
        }
        if !change.b.is_empty() {
            self.push_cut(Mark::Added, self.b.text(&change.b), SIDE);
        }
    }

    /// Shows changes with a few words around each until the columns are used
    /// up, at least one. Returns the number of those left out.
    fn surroundings(&mut self, segments: &[Segment], columns: usize) -> usize {
        let mut shown = false;
        for (i, segment) in segments.iter().enumerate() {
            if !segment.same {
                if shown && self.used >= columns {
                    return segments[i..].iter().filter(|s| !s.same).count();
                }
                self.change(segment);
                shown = true;
                continue;
            }
            let words = segment.b.clone();
            let head = if i == 0 { 0 } else { self.b.context(words.clone()) };
            let last = i + 1 == segments.len();
            let tail = if last { 0 } else { self.b.context(words.clone().rev()) };
            // An ellipsis takes more room than a word or two.
            if head + tail + 2 >= words.len() {
                self.same(&words, 2 * SIDE);
                continue;
            }
            self.same(&(words.start..words.start + head), SIDE);
            self.push(Mark::Note, ELLIPSIS);
            self.seam = Some((words.end - tail, ""));
            self.same(&(words.end - tail..words.end), SIDE);
        }
        0
    }
}

/// Cuts two rows of words into stretches that are the same and stretches that
/// are not, in turn, and says whether the window ended before the rows did.
fn segments(a: &[u64], b: &[u64]) -> (Vec<Segment>, bool) {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    let end = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (mid_a, mid_b) = (&rest_a[..rest_a.len() - end], &rest_b[..rest_b.len() - end]);
    let unfinished = mid_a.len().max(mid_b.len()) > WINDOW;
    let (cut_a, cut_b) = (&mid_a[..mid_a.len().min(WINDOW)], &mid_b[..mid_b.len().min(WINDOW)]);

    let mut segments = vec![Segment { a: 0..start, b: 0..start, same: true }];
    for op in capture_diff_slices(Algorithm::Myers, cut_a, cut_b) {
        let shift = |range: Range<usize>| range.start + start..range.end + start;
        let same = matches!(op, DiffOp::Equal { .. });
        append(&mut segments, shift(op.old_range()), shift(op.new_range()), same);
    }
    if !unfinished {
        append(&mut segments, a.len() - end..a.len(), b.len() - end..b.len(), true);
    } else if segments.len() > 2 {
        // Where the window ends words lack the ones they correspond to.
        segments.pop_if(|last| !last.same);
    }
    segments.retain(|segment| !segment.a.is_empty() || !segment.b.is_empty());
    (segments, unfinished)
}

fn append(segments: &mut Vec<Segment>, a: Range<usize>, b: Range<usize>, same: bool) {
    match segments.last_mut() {
        Some(last) if last.same == same => (last.a.end, last.b.end) = (a.end, b.end),
        _ => segments.push(Segment { a, b, same }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    const ALPHABET: &[&str] = &["one", "two", "Two", "three", "don't", "今", "天", "日", "㍿"];
    const BETWEEN: &[&str] = &[" ", " ", ", ", "\n", " - "];

    /// A few words out of a few, so that many agree by chance.
    fn noise(state: &mut u64, most: u64) -> String {
        let symbols = 1 + splitmix64(state) as usize % ALPHABET.len();
        (0..splitmix64(state) % (most + 1))
            .map(|_| {
                let word = ALPHABET[splitmix64(state) as usize % symbols];
                let between = BETWEEN[splitmix64(state) as usize % BETWEEN.len()];
                format!("{word}{between}")
            })
            .collect()
    }

    fn hashes(text: &str) -> Vec<u64> {
        Words::new(text).tokens.hashes
    }

    /// The pieces but those of one mark, with a blank between marks.
    fn without(found: &Differences, mark: Mark) -> String {
        let kept = found.pieces.iter().filter(|piece| piece.mark != mark);
        kept.map(|piece| format!("{} ", piece.text)).collect()
    }

    #[test]
    fn without_what_was_added_stands_the_one_text_without_what_was_removed_the_other() {
        for seed in 0..5_000 {
            let mut state = seed;
            // No longer than a side may be.
            let (a, b) = (noise(&mut state, 7), noise(&mut state, 7));
            let found = differences(&Words::new(&a), &Words::new(&b), 10_000);
            assert_eq!(found.is_none(), hashes(&a) == hashes(&b), "seed {seed}");
            let Some(found) = found else { continue };
            // A character of several words is shown whole on both sides of a
            // border between them.
            if !a.contains('㍿') && !b.contains('㍿') {
                assert_eq!(hashes(&without(&found, Mark::Added)), hashes(&a), "seed {seed}");
                assert_eq!(hashes(&without(&found, Mark::Removed)), hashes(&b), "seed {seed}");
            }
            assert_eq!((found.left_out, found.unfinished), (0, false));
        }
    }

    #[test]
    fn segments_cover_both_texts_in_order_and_only_equal_words_are_the_same() {
        for seed in 0..2_000 {
            let mut state = seed;
            let [a, b] = [(); 2].map(|()| -> Vec<u64> {
                let length = splitmix64(&mut state) % 30;
                (0..length).map(|_| splitmix64(&mut state) % 4).collect()
            });
            let (segments, unfinished) = segments(&a, &b);
            let (mut at_a, mut at_b) = (0, 0);
            for segment in &segments {
                assert_eq!((segment.a.start, segment.b.start), (at_a, at_b), "seed {seed}");
                (at_a, at_b) = (segment.a.end, segment.b.end);
                if segment.same {
                    assert_eq!(a[segment.a.clone()], b[segment.b.clone()], "seed {seed}");
                }
            }
            assert_eq!((at_a, at_b, unfinished), (a.len(), b.len(), false), "seed {seed}");
            assert!(segments.windows(2).all(|pair| pair[0].same != pair[1].same), "seed {seed}");
        }
    }

    #[test]
    fn differences_beyond_the_room_are_counted() {
        for changes in [1usize, 2, 7, 40] {
            let words: Vec<String> = (0..changes * 20).map(|n| format!("word{n}")).collect();
            let a = words.join(" ");
            let changed = |(n, word): (usize, &String)| match n % 20 {
                9 => format!("other{n} "),
                _ => format!("{word} "),
            };
            let b: String = words.iter().enumerate().map(changed).collect();
            for columns in [1, 50, 200] {
                let found = differences(&Words::new(&a), &Words::new(&b), columns).unwrap();
                let shown = found.pieces.iter().filter(|piece| piece.mark == Mark::Added).count();
                assert!(shown > 0);
                assert_eq!(shown + found.left_out, changes);
                let used: usize = found.pieces.iter().map(|p| excerpt::columns(&p.text)).sum();
                // The last difference may go beyond with its surroundings.
                assert!(used <= columns + 120, "{used} of {columns}");
            }
        }
    }

    #[test]
    fn the_window_bounds_the_work_and_says_so() {
        let text = |from: u64| -> String {
            let mut state = from;
            (0..50_000).map(|_| format!("w{} ", splitmix64(&mut state) % 5_000)).collect()
        };
        let (a, b) = (
            format!("same start {} same end", text(1)),
            format!("same start {} same end", text(2)),
        );
        let found = differences(&Words::new(&a), &Words::new(&b), 200).unwrap();
        assert!(found.unfinished);
        assert!(found.left_out > 0);
        // One word in the middle is found however far away it is.
        let c = a.replacen(" w", " x", 1);
        let found = differences(&Words::new(&a), &Words::new(&c), 200).unwrap();
        assert_eq!((found.left_out, found.unfinished), (0, false));
    }

    #[test]
    fn the_end_of_the_window_is_no_difference() {
        let a: Vec<u64> = (0..3_000).collect();
        let mut b = a.clone();
        (b[0], b[2_999]) = (9_000, 9_001);
        b.drain(100..200);
        let (segments, unfinished) = segments(&a, &b);
        let changes: Vec<_> = segments.iter().filter(|s| !s.same).map(|s| s.a.clone()).collect();
        assert_eq!((changes, unfinished), (vec![0..1, 100..200], true));
    }

    #[test]
    fn words_without_end_are_cut() {
        let long = "x".repeat(100_000);
        let dashes = "-".repeat(100_000);
        let a = format!("{long} one {dashes} {long} two {long}");
        let b = format!("{long} one {dashes} {long} three {long}y");
        let found = differences(&Words::new(&a), &Words::new(&b), 200).unwrap();
        let used: usize = found.pieces.iter().map(|p| excerpt::columns(&p.text)).sum();
        assert!(used < 600, "{used}");
    }
}
