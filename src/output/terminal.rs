//! Bytes for a terminal: characters that would act on it are made visible.
//!
//! Records and paths can hold escape sequences that recolour, rename or answer
//! for a terminal, and marks that show words in another order than they stand
//! in. On their way to a terminal (and only there: files and pipes get every
//! byte as it is) control characters and the marks of the bidirectional
//! algorithm become `\u202e`, as JSON writes them, so that a record copied from
//! the screen is the same record; a byte that is no UTF-8 becomes `\x9b`. Line
//! ends, also with `\r`, and tabs stay.
//!
//! Time: linear. Space: a character that a write cut.

use crate::storage::Sink;
use crate::storage::Stat;
use crate::storage::shown::is_hidden;
use std::io;
use std::io::Write;

/// A terminal.
pub(super) struct Terminal {
    sink: Box<dyn Sink>,
    /// The start of a character, or a `\r`, with which the last write ended.
    held: Vec<u8>,
}

impl Terminal {
    pub(super) fn new(sink: Box<dyn Sink>) -> Terminal {
        Terminal { sink, held: Vec::new() }
    }
}

/// Appends `bytes` with what acts on a terminal made visible; returns how many
/// at the end it takes more bytes to judge.
fn show(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let mut done = 0;
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            let last = done + c.len_utf8() == bytes.len();
            if c == '\r' && last {
                return 1;
            }
            done += c.len_utf8();
            let ends = c == '\r' && chars.peek() == Some(&'\n');
            if is_hidden(c) && !matches!(c, '\n' | '\t') && !ends {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(c)).as_bytes());
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        let invalid = chunk.invalid();
        // Up to three bytes may still become a character.
        if done + invalid.len() == bytes.len()
            && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
        {
            return invalid.len();
        }
        done += invalid.len();
        out.extend(invalid.iter().flat_map(|byte| format!("\\x{byte:02x}").into_bytes()));
    }
    0
}

impl Write for Terminal {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(buf);
        let mut out = Vec::with_capacity(bytes.len());
        let held = show(&bytes, &mut out);
        self.held = bytes.split_off(bytes.len() - held);
        // All of it or an error: how much of `buf` a part of it stands for
        // cannot be told.
        self.sink.write_all(&out)?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is held at the end is no character.
        let held: String = self.held.drain(..).map(|byte| format!("\\x{byte:02x}")).collect();
        self.sink.write_all(held.as_bytes())?;
        self.sink.flush()
    }
}

impl Sink for Terminal {
    fn stat(&self) -> io::Result<Stat> {
        self.sink.stat()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sink.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal gets, written in pieces of `step` bytes.
    fn shown(bytes: &[u8], step: usize) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("screen");
        let mut terminal = Terminal::new(Box::new(std::fs::File::create(&path).unwrap()));
        for piece in bytes.chunks(step) {
            terminal.write_all(piece).unwrap();
        }
        terminal.flush().unwrap();
        String::from_utf8(std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn what_acts_on_a_terminal_is_shown_wherever_writes_cut_it() {
        for (bytes, wanted) in [
            (&b""[..], ""),
            (b"plain\ttext\r\n", "plain\ttext\r\n"),
            ("naïve 名 \u{200d}👩\n".as_bytes(), "naïve 名 \u{200d}👩\n"),
            (b"\x1b[31mred\rover\x07\x7f", "\\u001b[31mred\\u000dover\\u0007\\u007f"),
            ("\u{9b}1m \u{202e}txt.exe\u{2069}".as_bytes(), "\\u009b1m \\u202etxt.exe\\u2069"),
            (b"\x9b1m \xff\xe4\xbd", "\\x9b1m \\xff\\xe4\\xbd"),
            (b"\r\r\n\r", "\\u000d\r\n\\x0d"),
        ] {
            for step in 1..=bytes.len().max(1) {
                assert_eq!(shown(bytes, step), wanted, "{step}");
            }
        }
    }
}
