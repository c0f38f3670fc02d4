//! Text -> its normalised form, by the definition.
//!
//! Two tokens are the same when their forms are: compatibility composition,
//! full case folding, composition again (folding can undo it), no
//! default-ignorable characters, all apostrophes as `'`, double quotation
//! marks as `"`, dashes as `-`, decimal digits of all scripts as ASCII digits.
//! The form of a form is itself.
//!
//! * time: linear, some 30 ns a character; the tokeniser comes here only for
//!   tokens with characters whose forms depend on their neighbours
//! * space: the longest run of combining marks
//!
//! Source: *The Unicode Standard*, section 3.13, default caseless matching
//! (D146, D147); *Unicode Standard Annex #15*. Departure: the forms of
//! punctuation and digits.

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

/// Apostrophes, double quotation marks, dashes and decimal digits -> those of
/// ASCII, others as they are.
fn fold_shape(c: char) -> char {
    match c {
        '\0'..='\x7f' => c,
        '\u{201c}'..='\u{201f}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ if is_apostrophe(c) => '\'',
        _ => digit(c).map_or(c, |value| char::from(b'0' + value)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    fn form(text: &str) -> String {
        let mut form = String::new();
        normalise(text, &mut form);
        form
    }

    fn all() -> impl Iterator<Item = char> {
        (0..=0x10_ffff).filter_map(char::from_u32)
    }

    #[test]
    fn forms_by_example() {
        #[rustfmt::skip]
        let cases = [
            ("", ""), ("STRASSE", "strasse"), ("Straße", "strasse"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("ﬁ", "fi"), ("Ａ１", "a1"), ("e\u{301}", "é"), ("E\u{200d}\u{301}", "é"),
            ("don’t", "don't"), ("donʼt", "don't"), ("don＇t", "don't"), ("x²", "x2"),
            ("٣٤", "34"), ("೫", "5"), ("ｶﾞ", "ガ"), ("ᄒ\u{1161}\u{11ab}", "한"),
            ("I\u{307}", "i\u{307}"), ("“a”—−b…", "\"a\"--b..."), ("ᾴ", "άι"), ("\u{200b}\u{feff}", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(form(text), expected, "{text}");
        }
    }

    #[test]
    fn digits_stand_in_blocks_of_ten() {
        for c in all().filter(|c| c.is_ascii_digit()) {
            assert_eq!(digit(c), c.to_digit(10).map(|d| d as u8));
        }
        let mut run = 0;
        for c in all() {
            if digit(c).is_some() {
                assert_eq!(digit(c), Some((run % 10) as u8), "{c:?}");
                run += 1;
            } else {
                assert_eq!(run % 10, 0, "before {c:?}");
                run = 0;
            }
        }
    }

    #[test]
    fn the_form_of_a_form_is_itself() {
        for c in all() {
            let once = form(c.encode_utf8(&mut [0; 4]));
            assert_eq!(form(&once), once, "{c:?}");
        }
        let chars: Vec<char> = all().filter(|c| c.is_alphanumeric()).collect();
        let marks: Vec<char> = ('\u{300}'..='\u{36f}').chain('\u{1100}'..='\u{11ff}').collect();
        let mut state = 4;
        for _ in 0..100_000 {
            let mut draw =
                |from: &[char]| from[(hash::splitmix64(&mut state) % from.len() as u64) as usize];
            let row = [draw(&chars), draw(&marks), draw(&marks), draw(&chars), draw(&marks)];
            let text = String::from_iter(row);
            let once = form(&text);
            assert_eq!(form(&once), once, "{}", text.escape_unicode());
            for same in [
                text.nfc().collect::<String>(),
                text.nfd().collect(),
                text.nfkc().collect(),
                text.nfkd().collect(),
            ] {
                assert_eq!(form(&same), once, "{}", text.escape_unicode());
            }
        }
    }
}
