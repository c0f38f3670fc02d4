//! Text -> its normalised form, by the definition.
//!
//! Two tokens are the same when their forms are: compatibility composition,
//! full case folding, composition again (folding can undo it), no
//! default-ignorable characters, all apostrophes as `'`, decimal digits of
//! all scripts as ASCII digits. The form of a form is itself.
//!
//! * time: linear, some 30 ns a character; the tokeniser comes here only for
//!   tokens with characters whose forms depend on their neighbours
//! * space: the longest run of combining marks
//!
//! Source: *The Unicode Standard*, section 3.13, default caseless matching
//! (D146, D147); *Unicode Standard Annex #15*. Departure: the forms of
//! apostrophes and digits.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::GeneralCategory;
use unicode_properties::UnicodeGeneralCategory;

/// Appends the normalised form of `text` to `form`.
pub(super) fn normalise(text: &str, form: &mut String) {
    form.extend(
        text.chars()
            .filter(|&c| !is_ignorable(c))
            .nfkc()
            .default_case_fold()
            .nfkc()
            .filter(|&c| !is_ignorable(c))
            .map(fold_shape),
    );
}

/// Apostrophes -> `'`, decimal digits -> ASCII digits, others as they are.
fn fold_shape(c: char) -> char {
    if c.is_ascii() {
        c
    } else if is_apostrophe(c) {
        '\''
    } else {
        digit(c).map_or(c, |value| char::from(b'0' + value))
    }
}

/// Whether a character is written as an apostrophe. The okina, the Hebrew
/// geresh and the Armenian apostrophe are typed as one, too.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '\u{2bb}'
            | '\u{2bc}'
            | '\u{55a}'
            | '\u{5f3}'
            | '\u{2018}'
            | '\u{2019}'
            | '\u{201b}'
            | '\u{ff07}'
    )
}

/// Value of a decimal digit (`Nd`) of any script.
fn digit(c: char) -> Option<u8> {
    let is_digit = |c: char| c.general_category() == GeneralCategory::DecimalNumber;
    if !is_digit(c) {
        return None;
    }
    // Digits stand in code blocks of ten from zero on, some blocks back to
    // back.
    let before = (0..u32::from(c)).rev();
    let rank = before.take_while(|&p| char::from_u32(p).is_some_and(is_digit)).count();
    Some((rank % 10) as u8)
}

/// Whether a character is default-ignorable: soft hyphen, zero-width space,
/// joiners, byte order mark, variation selectors, bidi controls, fillers,
/// tags.
///
/// Source: property `Default_Ignorable_Code_Point` of the Unicode Character
/// Database, whose ranges hold reserved code points for later versions.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
