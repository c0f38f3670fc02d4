//! Characters that would act on a terminal, made visible.
//!
//! A text, a path or an id can hold escape sequences that recolour, rename or
//! answer for the terminal, and bidi controls that show words in another
//! order than they stand in. They are the control characters (C0, DEL, C1)
//! and the characters with the Unicode property `Bidi_Control`. Joiners and
//! variation selectors stay: scripts and emoji need them and they act on
//! their neighbours only.
//!
//! Source: Unicode Standard Annex 9, *Unicode Bidirectional Algorithm*,
//! section 2; Boucher and Anderson, *Trojan Source*, 2021.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character acts on the terminal or on the order of the others
/// rather than being shown.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

/// Appends a character, as an escape like `\n` or `\u{1b}` when it is hidden.
/// The escapes are those of Rust, which name every character alike and need
/// no special font.
pub(crate) fn push(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_hidden(c) => {
            write!(out, "\\u{{{:x}}}", u32::from(c)).expect("a String takes everything");
        }
        c => out.push(c),
    }
}

/// A path or an id with all hidden characters as escapes. Backslashes are not
/// doubled: a path of Windows should stay one.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    text.chars().for_each(|c| push(c, &mut out));
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_escapes_and_others_stay() {
        assert_eq!(name("a/b.txt"), "a/b.txt");
        assert_eq!(name("a\u{1b}[31m\n\t\r"), "a\\u{1b}[31m\\n\\t\\r");
        assert_eq!(name("\u{7f}\u{9b}\u{202e}\u{2069}"), "\\u{7f}\\u{9b}\\u{202e}\\u{2069}");
        assert_eq!(name("é 文 \u{5e9} 👩\u{200d}👩\u{fe0f}"), "é 文 \u{5e9} 👩\u{200d}👩\u{fe0f}");
    }

    #[test]
    fn all_characters_with_the_property_bidi_control_are_hidden() {
        // PropList.txt: 061C, 200E..200F, 202A..202E, 2066..2069.
        let bidi = (0..=0x10_ffff).filter_map(char::from_u32);
        let bidi: Vec<char> = bidi.filter(|&c| is_hidden(c) && !c.is_control()).collect();
        assert_eq!(bidi.len(), 1 + 2 + 5 + 4);
        let controls = (0..=0x10_ffff).filter_map(char::from_u32).filter(|c| c.is_control());
        assert_eq!(controls.count(), 32 + 33);
    }
}
