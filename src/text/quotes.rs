//! Whether a stretch of a text is quoted: what marks its author set, not what
//! the words say.
//!
//! A stretch is quoted when one of these holds:
//!
//! * It stands between quotation marks: in its paragraph a mark opens before
//!   it and closes after it, and no quotation of that style ends inside it.
//!   Styles: `“ ”`, `„ “` (or `„ ”`), `” ”`, `« »`, `» «`, `‹ ›`, `› ‹`,
//!   `「 」`, `『 』`, `‘ ’`, and `"` in pairs. Where a mark opens in one
//!   style and closes in another, the first in the paragraph tells which it
//!   is; a mark that does both, as `"`, opens after white space and closes
//!   before it, and in between the one that is due. A mark that opens at the
//!   beginning of a line goes on with the quotation that is open. `’` between
//!   two letters is an apostrophe.
//! * Each of its lines begins with `>`.
//! * Each of its lines is indented by a tab or four blanks, and some line
//!   before them is not, so that a text which is indented throughout is not
//!   one quotation.
//!
//! * time: `O(n)` in the stretch and [`REACH`] bytes around it. A paragraph that
//!   begins further before counts as one without marks there, since it cannot
//!   be told which of them open.
//! * space: 16 bytes a mark

use std::cell::OnceCell;
use std::ops::Range;

use memchr::memrchr;

use super::borders;
use crate::span::ByteSpan;

/// Bytes before and after a stretch that are looked at.
pub const REACH: usize = 8192;

/// Blanks that make an indented line; a tab counts as as many.
const INDENTED: usize = 4;

/// Whether `span` is quoted, by the rules of this module. An empty span is
/// where its place is.
///
/// # Panics
///
/// If the span does not belong to `text`.
#[must_use]
pub fn enclose(text: &str, span: ByteSpan) -> bool {
    let (start, end) = (span.start as usize, span.end as usize);
    is_between_marks(text, start, end) || is_block(text, start, end)
}

/// The marks that open and close one style.
struct Style {
    open: &'static [char],
    close: &'static [char],
    /// The marks of which the first in the paragraph tells whether this is the
    /// style: one of `open`; none when no other style has the same.
    rivals: &'static [char],
}

const DOUBLE: &[char] = &['“', '”', '„'];
const ANGLE: &[char] = &['«', '»'];
const SINGLE_ANGLE: &[char] = &['‹', '›'];

#[rustfmt::skip]
const STYLES: &[Style] = &[
    Style { open: &['“'], close: &['”'],      rivals: DOUBLE },
    Style { open: &['„'], close: &['“', '”'], rivals: DOUBLE },
    Style { open: &['”'], close: &['”'],      rivals: DOUBLE },
    Style { open: &['«'], close: &['»'],      rivals: ANGLE },
    Style { open: &['»'], close: &['«'],      rivals: ANGLE },
    Style { open: &['‹'], close: &['›'],      rivals: SINGLE_ANGLE },
    Style { open: &['›'], close: &['‹'],      rivals: SINGLE_ANGLE },
    Style { open: &['「'], close: &['」'],     rivals: &[] },
    Style { open: &['『'], close: &['』'],     rivals: &[] },
    Style { open: &['‘'], close: &['’'],      rivals: &[] },
    Style { open: &['"'], close: &['"'],      rivals: &[] },
];

/// Whether a stretch stands between quotation marks of one style.
fn is_between_marks(text: &str, start: usize, end: usize) -> bool {
    let low = floor(text, start.saturating_sub(REACH));
    let Some(first) = borders::paragraph_start(text, start, low) else { return false };
    let before = marks(text, first..start);
    if before.is_empty() {
        return false;
    }
    // Most marks are closed before the stretch, so that the rest is seldom
    // looked at.
    let rest = OnceCell::new();
    let look = || {
        let high = floor(text, (end + REACH).min(text.len()));
        let last = borders::paragraph_end(text, end, high).unwrap_or(high);
        (marks(text, start..end), marks(text, end..last))
    };
    STYLES.iter().any(|style| {
        let decides = before.iter().map(|m| m.1).find(|c| style.rivals.contains(c));
        if !style.rivals.is_empty() && !decides.is_some_and(|c| style.open.contains(&c)) {
            return false;
        }
        let (open, _) = style.follow(text, &before, 0);
        if open == 0 {
            return false;
        }
        let (inside, after) = rest.get_or_init(look);
        let (_, least) = style.follow(text, inside, open);
        let (_, left) = style.follow(text, after, 1);
        least > 0 && left == 0
    })
}

/// A mark and where it stands.
type Mark = (usize, char);

/// The quotation marks in a piece of a text.
fn marks(text: &str, piece: Range<usize>) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut at = piece.start;
    while let Some(n) = first_byte(&text.as_bytes()[at..piece.end]) {
        at += n;
        let Some(c) = text[at..].chars().next() else { break };
        if STYLES.iter().any(|s| s.open.contains(&c) || s.close.contains(&c)) {
            found.push((at, c));
        }
        at += c.len_utf8();
    }
    found
}

/// Where the first byte stands that may begin a mark; most texts have few
/// other characters that begin so.
fn first_byte(bytes: &[u8]) -> Option<usize> {
    let is_first = |b: u8| matches!(b, b'"' | 0xc2 | 0xe2 | 0xe3);
    // Without branches inside a block, so that it is looked at in one go.
    let holds = |block: &[u8]| block.iter().fold(false, |any, &b| any | is_first(b));
    let block = bytes.chunks(64).position(holds)?;
    let from = 64 * block;
    bytes[from..].iter().position(|&b| is_first(b)).map(|n| from + n)
}

impl Style {
    /// Quotations open after marks of a text, `open` being open before them,
    /// and the least number on the way.
    fn follow(&self, text: &str, marks: &[Mark], mut open: u32) -> (u32, u32) {
        let mut least = open;
        for &(at, c) in marks {
            match (self.open.contains(&c), self.close.contains(&c)) {
                (false, false) => {}
                (true, false) if open > 0 && begins_line(text, at) => {}
                (true, false) => open += 1,
                (false, true) if is_apostrophe(text, at, c) => {}
                (false, true) => open = open.saturating_sub(1),
                (true, true) => {
                    let opens = opens(text, at, c).unwrap_or(open == 0);
                    open = u32::from(opens);
                }
            }
            least = least.min(open);
        }
        (open, least)
    }
}

/// The characters before and after the one at a byte.
fn around(text: &str, at: usize, c: char) -> (Option<char>, Option<char>) {
    (text[..at].chars().next_back(), text[at + c.len_utf8()..].chars().next())
}

/// Whether a mark that opens and closes does the one or the other, as far as
/// what stands beside it tells.
fn opens(text: &str, at: usize, c: char) -> Option<bool> {
    let (before, after) = around(text, at, c);
    let open = before.is_none_or(|b| b.is_whitespace() || "([{—–".contains(b));
    let close = after.is_none_or(|a| !a.is_alphanumeric() && !"([{—–".contains(a));
    (open != close).then_some(open)
}

fn begins_line(text: &str, at: usize) -> bool {
    text[..at]
        .trim_end_matches([' ', '\t', '\u{3000}'])
        .chars()
        .next_back()
        .is_none_or(|c| c == '\n')
}

/// Whether a mark stands between two letters or digits.
fn is_apostrophe(text: &str, at: usize, c: char) -> bool {
    let (before, after) = around(text, at, c);
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    c == '’' && is_part(before) && is_part(after)
}

/// Whether each line that a stretch touches is marked as quoted.
fn is_block(text: &str, start: usize, end: usize) -> bool {
    let line_start = |at: usize| memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |n| n + 1);
    let first = line_start(start);
    let lines = || text[first..end].split('\n').filter(|l| !is_blank(l));
    if lines().next().is_none() {
        return false;
    }
    if lines().all(|line| line.trim_start().starts_with('>')) {
        return true;
    }
    if !lines().all(is_indented) {
        return false;
    }
    let before = &text[floor(text, first.saturating_sub(REACH))..first];
    // The first line may be cut.
    let whole = if first > REACH { before.split_once('\n').map_or("", |l| l.1) } else { before };
    whole.lines().any(|line| !is_blank(line) && !is_indented(line))
}

fn is_blank(line: &str) -> bool {
    line.chars().all(char::is_whitespace)
}

fn is_indented(line: &str) -> bool {
    let mut columns = 0;
    for c in line.chars() {
        match c {
            ' ' => columns += 1,
            '\t' => columns += INDENTED,
            _ => break,
        }
    }
    columns >= INDENTED
}

/// The last character border at or before a byte.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    /// Whether the first time `part` stands in `text` is quoted.
    fn quoted(text: &str, part: &str) -> bool {
        let start = text.find(part).unwrap_or_else(|| panic!("{part} in {text}"));
        enclose(text, ByteSpan { start: start as u32, end: (start + part.len()) as u32 })
    }

    #[test]
    fn marks_by_example() {
        #[rustfmt::skip]
        let cases: &[(&str, &str, bool)] = &[
            ("He said \"one two\" and left.",      "one two",   true),
            ("He said \"one two\" and left.",      "He said",   false),
            ("He said \"one two\" and left.",      "and left",  false),
            ("\"a\" then b then \"c\"",            "then b",    false),
            ("\"a\" then b then \"c\"",            "c",         true),
            ("\"a\" then b then \"c\"",            "a\" then b then \"c", false),
            ("\"never closed",                     "never",     false),
            ("“one” two “three”",                  "one",       true),
            ("“one” two “three”",                  "two",       false),
            ("“one “two” three”",                  "three",     true),
            ("“one “two” three”",                  "one “two” three", true),
            ("“one” two “three”",                  "one” two “three", false),
            ("„eins“ zwei „drei“",                 "eins",      true),
            ("„eins“ zwei „drei“",                 "zwei",      false),
            ("„eins” zwei",                        "eins",      true),
            ("”ett” två ”tre”",                    "ett",       true),
            ("”ett” två ”tre”",                    "två",       false),
            ("”ett” två ”tre”",                    "tre",       true),
            ("« un » deux « trois »",              "un",        true),
            ("« un » deux « trois »",              "deux",      false),
            ("»eins« zwei »drei«",                 "drei",      true),
            ("»eins« zwei »drei«",                 "zwei",      false),
            ("他说「一二三」四五",                    "一二三",     true),
            ("他说「一二三」四五",                    "四五",       false),
            ("『一「二」三』",                        "三",        true),
            ("‘it’s mine’ he said",                "it’s",      true),
            ("‘it’s mine’ he said",                "he said",   false),
            ("it’s mine, isn’t it",                "mine",      false),
            ("\"one\n\ntwo\"",                     "one",       false),
            ("\"one.\n\"two.\" three \"four\"",     "two",       true),
            ("\"one.\n\"two.\" three \"four\"",     "three",     false),
            ("“one.\n“two.” three “four”",        "two",       true),
            ("“one.\n“two.” three “four”",        "three",     false),
            ("他说\"一二三\"四五\"六\"",             "一二三",     true),
            ("他说\"一二三\"四五\"六\"",             "四五",       false),
            ("a 5\" pipe and \"one\" more",        "pipe",      false),
            ("(\"one\", \"two\")",                "two",       true),
            ("\"wrapped\nover\nlines\"",           "over",      true),
        ];
        for &(text, part, expected) in cases {
            assert_eq!(quoted(text, part), expected, "{part} in {text}");
        }
    }

    #[test]
    fn blocks_by_example() {
        let mail = "Hi\n\n> one two\n>> three\nfour\n";
        assert!(quoted(mail, "one two") && quoted(mail, "two\n>> three"));
        assert!(!quoted(mail, "three\nfour") && !quoted(mail, "Hi"));
        let indented = "They write:\n\n    one two\n    three\n\n\tfour\n\nNo.\n";
        for part in ["one two", "two\n    three", "four", "one two\n    three\n\n\tfour"] {
            assert!(quoted(indented, part), "{part}");
        }
        assert!(!quoted(indented, "No") && !quoted(indented, "four\n\nNo"));
        assert!(!quoted("    all of it\n\n    is indented\n", "indented"));
        assert!(!quoted("  two\n   three\n", "three"));
    }

    #[test]
    fn long_surroundings_are_not_looked_at() {
        let far = format!("\"{}end\"", "word ".repeat(2 * REACH));
        assert!(!quoted(&far, "end"));
        let near = format!("\"{}end\"", "word ".repeat(REACH / 10));
        assert!(quoted(&near, "end"));
    }

    #[test]
    fn no_text_and_no_place_is_trouble() {
        let pieces = [
            "a", " ", "\n", "\n\n", "\"", "“", "”", "„", "«", "»", "’", "‘", "「", "」", ">",
            "    ", "\t",
        ];
        for seed in 0..2000u64 {
            let mut state = seed;
            let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
            let text: String = (0..draw(30)).map(|_| pieces[draw(pieces.len())]).collect();
            let borders: Vec<usize> =
                (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
            let (x, y) = (borders[draw(borders.len())], borders[draw(borders.len())]);
            let _ = enclose(&text, ByteSpan { start: x.min(y) as u32, end: x.max(y) as u32 });
        }
    }
}
