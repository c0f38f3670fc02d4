//! Tokens -> words: what is counted and compared here.
//!
//! * A word of a spaced script is its own word.
//! * In scripts without spaces a token is one character, which says little.
//!   Its word is the character with the next one or two that touch it: two Han
//!   or kana, three of Thai, Lao, Khmer or Myanmar, fewer at the end of a run.
//!   These pieces overlap, so that no dictionary has to say where a word
//!   begins.
//! * One Latin letter alone is an initial, a unit, a variable or an error of
//!   recognition: it counts, but never as unusual.
//! * A token that starts with a digit is a figure, and only its digits count.
//!   Figures are equal by chance, and they are what differs where a template
//!   is filled in anew: they are told apart from words.
//!
//! A word is 32 bits, thirty of a hash and two that say what it is. Of a
//! million different words some four hundred agree with another in them;
//! passages are judged by many.

use std::ops::Range;

use unicode_properties::GeneralCategory;
use unicode_properties::UnicodeGeneralCategory;

use crate::hash;
use crate::options::CLUSTER_WEIGHT;
use crate::text::Tokens;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A word of a spaced script.
    Word,
    /// A piece of a script without spaces.
    Piece,
    /// A figure.
    Figure,
    /// One Latin letter.
    Letter,
}

const WORD: u32 = 0;
const PIECE: u32 = 1;
const FIGURE: u32 = 2;
const LETTER: u32 = 3;

/// What a word is.
#[inline]
#[must_use]
pub fn sort(word: u32) -> Sort {
    match word & 3 {
        WORD => Sort::Word,
        PIECE => Sort::Piece,
        FIGURE => Sort::Figure,
        _ => Sort::Letter,
    }
}

#[inline]
fn pack(hash: u64, sort: u32) -> u32 {
    (hash >> 32) as u32 & !3 | sort
}

/// Appends the words of the tokens with the numbers `range`, one for each.
///
/// Time `O(n)`.
///
/// # Panics
///
/// If `tokens` are not those of `text`, or `range` is not among them.
pub fn words(text: &str, tokens: &Tokens, range: Range<usize>, out: &mut Vec<u32>) {
    if tokens.weights.is_empty() {
        out.extend(range.map(|t| spaced(text, tokens, t)));
        return;
    }
    let unspaced = |t: usize| u32::from(tokens.weights[t]) == CLUSTER_WEIGHT;
    for t in range.clone() {
        if !unspaced(t) {
            out.push(spaced(text, tokens, t));
            continue;
        }
        let most = range.end.min(t + reach(text, tokens.spans[t].start as usize));
        let touches = |&n: &usize| unspaced(n) && tokens.spans[n].start == tokens.spans[n - 1].end;
        let end = (t + 1..most).take_while(touches).last().unwrap_or(t) + 1;
        out.push(pack(hash::window(&tokens.hashes[t..end]), PIECE));
    }
}

/// Characters of a piece that starts with the one at `at`: three of the
/// scripts in which a character is one sound, two of those in which it is a
/// syllable or more.
fn reach(text: &str, at: usize) -> usize {
    match text[at..].chars().next().map_or(0, u32::from) {
        // Thai and Lao; Myanmar; Khmer.
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff => 3,
        _ => 2,
    }
}

#[inline]
fn spaced(text: &str, tokens: &Tokens, token: usize) -> u32 {
    let span = tokens.spans[token];
    let first = text.as_bytes()[span.start as usize];
    if first >= 0x80 || first.is_ascii_digit() {
        return figure(span.of(text)).unwrap_or_else(|| pack(tokens.hashes[token], WORD));
    }
    pack(tokens.hashes[token], if span.len() == 1 { LETTER } else { WORD })
}

/// The figure with which a token begins: `120gb` is 120.
fn figure(token: &str) -> Option<u32> {
    let digit = |c: char| match c {
        '\0'..='\x7f' => c.is_ascii_digit(),
        _ => c.general_category() == GeneralCategory::DecimalNumber,
    };
    let end = token.find(|c| !digit(c)).unwrap_or(token.len());
    (end > 0).then(|| pack(hash::token(&token.as_bytes()[..end]), FIGURE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokenize;

    fn of(text: &str) -> Vec<u32> {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        let mut out = Vec::new();
        words(text, &tokens, 0..tokens.len(), &mut out);
        assert_eq!(out.len(), tokens.len());
        out
    }

    fn sorts(text: &str) -> Vec<Sort> {
        of(text).into_iter().map(sort).collect()
    }

    #[test]
    fn words_pieces_and_figures_are_told_apart() {
        use Sort::Figure;
        use Sort::Letter;
        use Sort::Piece;
        use Sort::Word;
        assert_eq!(sorts(""), []);
        assert_eq!(sorts("In 1987 the 3rd b2b"), [Word, Figure, Word, Figure, Word]);
        assert_eq!(sorts("٣ أيام"), [Figure, Word]);
        assert_eq!(sorts("x 中国人 y"), [Letter, Piece, Piece, Piece, Letter]);
        assert_eq!(of("120gb 120")[0], of("120gb 120")[1]);
    }

    #[test]
    fn pieces_overlap_and_end_with_their_run() {
        let (a, b) = (of("中国人民"), of("国人"));
        assert_eq!(a[1], b[0], "the same two characters");
        assert_ne!(a[2], b[1], "followed by another, and by none");
        // Marks part runs, and a word does.
        assert_eq!(of("国，人")[0], of("国x人")[0]);
        // Three of Thai.
        assert_eq!(of("กขคง")[0], of("กขค")[0]);
        assert_ne!(of("กขคง")[0], of("กข")[0]);
    }
}
