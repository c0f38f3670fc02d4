//! Tokens of a text -> units: sentences, or pieces of them.
//!
//! A sentence ends after a mark that ends sentences, and at a blank line. `.`
//! counts only before white space or a closing quote or bracket. What is
//! shorter than [`LEAST`] goes with what follows, a heading with the first
//! sentence, and at the end of the text with what stands before. What is
//! longer than [`MOST`] is cut into pieces of equal length, so that text
//! without marks has units as well.
//!
//! This is simpler than the rules of *Unicode Standard Annex #29* and looks
//! only at what stands between tokens: a border that is missed or made up
//! costs part of a sentence at the edge of a passage.
//!
//! * time: `O(n)`
//! * space: `O(1)`, and 4 bytes a unit

use crate::options::WORD_WEIGHT;
use crate::text::Tokens;

/// Weight of the longest unit: 40 words, about two sentences. With 30 or 50
/// as many retold passages are found.
pub const MOST: u32 = 40 * WORD_WEIGHT;

/// Weight of the shortest unit: three words.
pub const LEAST: u32 = 3 * WORD_WEIGHT;

/// Appends the end of each unit of a text, as a number of tokens, in order.
///
/// The last is the number of all tokens; a text without tokens has no unit.
/// No unit is longer than [`MOST`] and one token more, nor shorter than
/// [`LEAST`] unless it is the whole text.
pub fn cut(text: &str, tokens: &Tokens, ends: &mut Vec<u32>) {
    let first = ends.len();
    let (mut start, mut weight) = (0, 0);
    for t in 0..tokens.len() {
        weight += tokens.weight(t);
        let last = t + 1 == tokens.len();
        let border = last
            || weight >= LEAST && {
                let (end, next) =
                    (tokens.spans[t].end as usize, tokens.spans[t + 1].start as usize);
                end < next && ends_sentence(&text[end..next])
            };
        if !border {
            continue;
        }
        if weight < LEAST && ends.len() > first {
            ends.pop();
            let before = ends.len().checked_sub(1).filter(|&e| e >= first).map_or(0, |e| ends[e]);
            start = before as usize;
            weight = (start..=t).map(|t| tokens.weight(t)).sum();
        }
        pieces(tokens, start..t + 1, weight, ends);
        (start, weight) = (t + 1, 0);
    }
}

/// Cuts one sentence of a weight into pieces of equal weight, as few as may
/// be.
fn pieces(tokens: &Tokens, sentence: std::ops::Range<usize>, weight: u32, ends: &mut Vec<u32>) {
    let pieces = u64::from(weight.div_ceil(MOST));
    if pieces > 1 {
        let (mut so_far, mut piece) = (0, 1);
        for t in sentence.start..sentence.end - 1 {
            so_far += u64::from(tokens.weight(t));
            if so_far * pieces >= piece * u64::from(weight) {
                ends.push(t as u32 + 1);
                piece += 1;
            }
        }
    }
    ends.push(sentence.end as u32);
}

/// Whether what stands between two tokens ends a sentence.
fn ends_sentence(gap: &str) -> bool {
    if let [one] = gap.as_bytes() {
        return matches!(one, b'!' | b'?');
    }
    let mut lines = 0;
    let mut stopped = false;
    for c in gap.chars() {
        match c {
            // Of ASCII; Chinese and Japanese; Arabic; Ethiopic; Burmese; Khmer.
            '!' | '?' | '…' | '。' | '！' | '？' | '．' | '｡' | '؟' | '።' | '၊' | '။' | '។'
            | '៕' => return true,
            // Of ASCII; Armenian; Urdu; Devanagari and its neighbours.
            '.' | '։' | '۔' | '।' | '॥' => stopped = true,
            '"' | '\'' | ')' | ']' | '}' | '”' | '’' | '»' | '›' | '」' | '』' | '）'
                if stopped =>
            {
                return true;
            }
            _ if c.is_whitespace() => {
                lines += u32::from(c == '\n');
                if stopped || lines == 2 {
                    return true;
                }
            }
            _ => (stopped, lines) = (false, 0),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use crate::text::tokenize;

    fn units(text: &str) -> Vec<&str> {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        let mut ends = Vec::new();
        cut(text, &tokens, &mut ends);
        let mut start = 0;
        let of = |&end: &u32| {
            let own = &tokens.spans[start..end as usize];
            start = end as usize;
            &text[own[0].start as usize..own[own.len() - 1].end as usize]
        };
        ends.iter().map(of).collect()
    }

    #[test]
    fn sentences_end_where_readers_see_it() {
        assert_eq!(units(""), Vec::<&str>::new());
        assert_eq!(units("... !"), Vec::<&str>::new());
        assert_eq!(units("one"), ["one"]);
        assert_eq!(
            units("One of them. \"Two of them.\" Three of (them.) Four: 192.0.2.1 is it! So it is"),
            ["One of them", "Two of them", "Three of (them", "Four: 192.0.2.1 is it", "So it is"]
        );
        assert_eq!(
            units("a line\nand one more\n \nit is blank before"),
            ["a line\nand one more", "it is blank before"]
        );
        assert_eq!(
            units("他去了很远的地方。然后又回来了，没有说话。"),
            ["他去了很远的地方", "然后又回来了，没有说话"]
        );
        assert_eq!(units("यह एक वाक्य है। और यह दूसरा है।"), ["यह एक वाक्य है", "और यह दूसरा है"]);
    }

    #[test]
    fn short_ones_go_with_their_neighbours() {
        assert_eq!(
            units("Heading\n\nThe sentence that follows. End."),
            ["Heading\n\nThe sentence that follows. End"]
        );
        assert_eq!(
            units("The first of all. The second of all. End."),
            ["The first of all", "The second of all. End"]
        );
    }

    #[test]
    fn text_without_marks_is_cut_into_equal_pieces() {
        for n in 1..300 {
            let text = "word ".repeat(n);
            let lengths: Vec<usize> = units(&text).iter().map(|u| u.split(' ').count()).collect();
            assert_eq!(lengths.iter().sum::<usize>(), n);
            assert_eq!(lengths.len(), n.div_ceil(40));
            assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }
        let lengths: Vec<usize> = units(&"中".repeat(250)).iter().map(|u| u.len() / 3).collect();
        assert_eq!(lengths, [84, 83, 83]);
    }

    #[test]
    fn units_are_within_their_bounds_whatever_the_text() {
        let parts = ["a", "word ", "中", ". ", "!", "\n\n", "ກ", "3", "。", ".", " "];
        for seed in 0..500 {
            let mut state = seed;
            let mut next = |n: u64| hash::splitmix64(&mut state) % n;
            let text: String =
                (0..next(400)).map(|_| parts[next(parts.len() as u64) as usize]).collect();
            let mut tokens = Tokens::default();
            tokenize(&text, &mut tokens);
            let mut ends = vec![7];
            cut(&text, &tokens, &mut ends);
            assert_eq!(ends[0], 7, "what was there stays");
            ends[0] = 0;
            assert_eq!(*ends.last().unwrap() as usize, tokens.len());
            for pair in ends.windows(2) {
                let weight: u32 = (pair[0]..pair[1]).map(|t| tokens.weight(t as usize)).sum();
                assert!(weight <= MOST + WORD_WEIGHT && pair[0] < pair[1]);
                assert!(weight >= LEAST || ends.len() == 2, "{weight}: {text:?}");
            }
        }
    }
}
