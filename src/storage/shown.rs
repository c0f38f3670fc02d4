//! Names of files in messages.

use std::fmt;
use std::path::Path;

/// A path for messages: control and direction characters, with which a file
/// name could play tricks on a terminal, and bytes that are no UTF-8 are
/// written as escapes.
pub struct Shown<'a>(pub &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_os_str().as_encoded_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_hidden(c) {
                    write!(f, "{}", c.escape_unicode())?;
                } else {
                    fmt::Write::write_char(f, c)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a character acts on a terminal, or on the order of others, rather
/// than being shown.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || is_direction(c)
}

/// Marks, embeddings, overrides and isolates of the Unicode bidirectional
/// algorithm, and its line and paragraph separators.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_tricks() {
        let show = |s: &str| Shown(Path::new(s)).to_string();
        assert_eq!(show("a b.txt"), "a b.txt");
        assert_eq!(show("naïve-名.txt"), "naïve-名.txt");
        assert_eq!(show("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\u{a}b");
        assert_eq!(show("a\u{202e}txt.exe"), "a\\u{202e}txt.exe");
        assert_eq!(show(""), "");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_utf8_are_shown_as_escapes() {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"a\xff\xfeb");
        assert_eq!(Shown(Path::new(name)).to_string(), "a\\xff\\xfeb");
    }
}
