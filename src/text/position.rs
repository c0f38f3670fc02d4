//! Byte offsets -> lines and columns.
//!
//! Only what is reported has a position, so nothing is stored while texts are
//! read: all offsets of one text are looked up together.
//!
//! * time: one pass over the text up to the last offset, at the speed of a
//!   search for line ends; characters are counted between offsets only
//! * space: the result

use memchr::memchr_iter;
use memchr::memrchr;

/// A place in a text, as editors show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1. Only `\n` ends a line.
    pub line: u32,
    /// Column in characters (code points), from 1.
    pub column: u32,
}

/// The positions of `offsets` in `text`, in the same order.
///
/// `offsets` must ascend; repeats are allowed. An offset past the end has the
/// position of the end. The line end itself is the last column of its line.
#[must_use]
pub fn positions(text: &str, offsets: &[u32]) -> Vec<Position> {
    debug_assert!(offsets.is_sorted(), "offsets have to ascend");
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut position = Position { line: 1, column: 1 };
    offsets
        .iter()
        .map(|&offset| {
            let to = (offset as usize).clamp(at, bytes.len());
            let passed = &bytes[at..to];
            if let Some(end) = memrchr(b'\n', passed) {
                position.line += memchr_iter(b'\n', passed).count() as u32;
                position.column = 1 + characters(&passed[end + 1..]);
            } else {
                position.column += characters(passed);
            }
            at = to;
            position
        })
        .collect()
}

/// Number of characters that start in `bytes`.
fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&b| !is_continuation(b)).count() as u32
}

fn is_continuation(b: u8) -> bool {
    b & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    /// The definition, for one offset.
    fn naive(text: &str, offset: usize) -> Position {
        let mut position = Position { line: 1, column: 1 };
        for c in text[..offset].chars() {
            position.column += 1;
            if c == '\n' {
                position = Position { line: position.line + 1, column: 1 };
            }
        }
        position
    }

    #[test]
    fn positions_by_example() {
        let text = "aé\r\n\n中b";
        let got = positions(text, &[0, 1, 3, 3, 4, 5, 6, 9, 10, 99]);
        #[rustfmt::skip]
        let expected = [(1, 1), (1, 2), (1, 3), (1, 3), (1, 4), (2, 1), (3, 1), (3, 2), (3, 3), (3, 3)];
        let got: Vec<(u32, u32)> = got.iter().map(|p| (p.line, p.column)).collect();
        assert_eq!(got, expected);
        assert_eq!(positions("", &[0, 0]), [Position { line: 1, column: 1 }; 2]);
        assert!(positions("text", &[]).is_empty());
    }

    #[test]
    fn agrees_with_naive() {
        let pieces = ["a", "\n", "é", "字", "\r\n", "😀", " "];
        for seed in 0..500u64 {
            let mut state = seed;
            let mut draw = |n: usize| (hash::splitmix64(&mut state) % n as u64) as usize;
            let text: String = (0..draw(90)).map(|_| pieces[draw(pieces.len())]).collect();
            let borders = (0..=text.len()).filter(|&at| text.is_char_boundary(at));
            let offsets: Vec<u32> = borders.filter(|_| draw(3) > 0).map(|at| at as u32).collect();
            let expected: Vec<Position> =
                offsets.iter().map(|&at| naive(&text, at as usize)).collect();
            assert_eq!(positions(&text, &offsets), expected, "{text:?}");
        }
    }
}
