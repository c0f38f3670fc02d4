//! Which format a file has, by its first bytes; the name helps only where
//! the bytes leave it open.
//!
//! Gzip and Zstandard are read. Other formats are told by name, so that the
//! user learns more than "invalid UTF-8 at byte 0". A format is only told of
//! content that is no text: a text may well begin with `PAR1`.

use std::path::Path;

/// How many first bytes are looked at: enough for the mark of a tar archive.
pub(super) const HEAD: usize = 4096;

/// What the first bytes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// To be read as it is.
    Plain,
    Gzip,
    Zstd,
    /// Said to be compressed by its name, but broken off in the first bytes.
    CutShort(&'static str),
    /// Said to be compressed by its name, but neither that nor text.
    Garbled(&'static str),
    /// Not to be read.
    Foreign {
        what: &'static str,
        remedy: &'static str,
    },
}

const UNPACK: &str = "unpack it first, or use gzip or zstd";
const CONVERT: &str = "convert it to JSON Lines or text first";
const RECODE: &str = "convert it to UTF-8 first, for instance with iconv";
const GIVE_TEXT: &str = "give text or JSON Lines";

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// A skippable Zstandard frame, after its first byte, `0x50..=0x5f`.
const ZSTD_SKIPPABLE: &[u8] = &[0x2a, 0x4d, 0x18];

/// First bytes of formats that are refused.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (b"\xfd7zXZ\x00", "xz data", UNPACK),
    (b"BZh", "bzip2 data", UNPACK),
    (b"\x04\x22\x4d\x18", "lz4 data", UNPACK),
    (b"\x02\x21\x4c\x18", "lz4 data", UNPACK),
    (b"LZIP", "lzip data", UNPACK),
    (b"\x1f\x9d", "data of compress (.Z)", UNPACK),
    (b"\xff\x06\x00\x00sNaPpY", "snappy data", UNPACK),
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"PK\x05\x06", "an empty zip archive", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", UNPACK),
    (b"\x1e\xb5\x2f\xfd", "data of an early zstd", UNPACK),
    (b"PAR1", "Parquet data", CONVERT),
    (b"ARROW1", "Arrow data", CONVERT),
    (b"ORC", "ORC data", CONVERT),
    (b"Obj\x01", "Avro data", CONVERT),
    (b"SQLite format 3\x00", "an SQLite database", CONVERT),
    (b"%PDF-", "a PDF document", CONVERT),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document", CONVERT),
    (b"\x89PNG\r\n", "a PNG picture", GIVE_TEXT),
    (b"\xff\xd8\xff", "a JPEG picture", GIVE_TEXT),
    (b"GIF8", "a GIF picture", GIVE_TEXT),
    (b"\x7fELF", "a program", GIVE_TEXT),
    (b"MZ", "a program", GIVE_TEXT),
];

/// Formats without a mark in their bytes.
const FOREIGN_NAMES: &[(&str, &str, &str)] =
    &[("br", "Brotli data", UNPACK), ("lzma", "lzma data", UNPACK)];

/// Tells the format of a file from its first bytes, at least [`HEAD`] of them
/// unless it is shorter. `path` is none inside of compressed data.
pub(super) fn recognise(head: &[u8], path: Option<&Path>) -> Format {
    if head.starts_with(GZIP) {
        return Format::Gzip;
    }
    if is_zstd(head) {
        return Format::Zstd;
    }
    let is_text = looks_like_text(head);
    if !is_text && let Some(foreign) = foreign(head, path) {
        return foreign;
    }
    let named = |ending| path.is_some_and(|path| ends(path, ending));
    // An empty file is no compressed file either: its content was lost.
    let (format, is_cut) = if named("gz") {
        ("gzip", GZIP.starts_with(head))
    } else if named("zst") {
        ("zstd", ZSTD.starts_with(head) || (head.len() < 4 && begins_skippable(head)))
    } else {
        return Format::Plain;
    };
    if is_cut {
        Format::CutShort(format)
    } else if is_text {
        // A server or browser has unpacked it and kept the name.
        Format::Plain
    } else {
        Format::Garbled(format)
    }
}

fn is_zstd(head: &[u8]) -> bool {
    head.starts_with(ZSTD) || (head.len() >= 4 && begins_skippable(head))
}

/// Whether these are the first bytes of a skippable frame, as far as they go.
fn begins_skippable(head: &[u8]) -> bool {
    head.split_first().is_some_and(|(first, rest)| {
        let len = rest.len().min(ZSTD_SKIPPABLE.len());
        first & 0xf0 == 0x50 && rest[..len] == ZSTD_SKIPPABLE[..len]
    })
}

fn foreign(head: &[u8], path: Option<&Path>) -> Option<Format> {
    let wide = [&[0xff, 0xfe][..], &[0xfe, 0xff], &[0, 0, 0xfe, 0xff]];
    if wide.iter().any(|mark| head.starts_with(mark)) && head.contains(&0) {
        return Some(Format::Foreign { what: "UTF-16 or UTF-32 text", remedy: RECODE });
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(Format::Foreign { what: "a tar archive", remedy: UNPACK });
    }
    // A mark of plain letters may begin a text in an old encoding.
    let controls = head.iter().any(is_control);
    let by_mark =
        FOREIGN.iter().find(|(mark, ..)| head.starts_with(mark) && (controls || !mark.is_ascii()));
    if let Some(&(_, what, remedy)) = by_mark {
        return Some(Format::Foreign { what, remedy });
    }
    let by_name = FOREIGN_NAMES.iter().find(|(ending, ..)| path.is_some_and(|p| ends(p, ending)));
    by_name.map(|&(_, what, remedy)| Format::Foreign { what, remedy })
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

/// Whether the bytes are UTF-8, but for a character cut at the end, without
/// NUL and the control characters that no text has.
fn looks_like_text(head: &[u8]) -> bool {
    if head.iter().any(is_control) {
        return false;
    }
    match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() >= HEAD,
    }
}

/// Control characters but for those that stand in texts for typewriters and
/// terminals.
fn is_control(byte: &u8) -> bool {
    *byte < 0x20 && !matches!(byte, 0x07..=0x0d | 0x1b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &[u8], name: &str) -> Format {
        recognise(head, Some(Path::new(name)))
    }

    #[test]
    fn bytes_decide_and_the_name_does_not() {
        for name in ["a.jsonl", "a.gz", "a.zst", "a", "a.xz"] {
            assert_eq!(of(b"\x1f\x8b\x08rest", name), Format::Gzip);
            assert_eq!(of(b"\x28\xb5\x2f\xfdrest", name), Format::Zstd);
            assert_eq!(of(b"\x5f\x2a\x4d\x18rest", name), Format::Zstd);
            assert_eq!(of(b"{\"text\":1}", name), Format::Plain);
        }
        assert_eq!(of(b"", "a"), Format::Plain);
        assert_eq!(of(b"P", "a"), Format::Plain);
    }

    #[test]
    fn a_compressed_file_cut_in_its_first_bytes_is_not_an_empty_text() {
        for (name, mark, format) in [("a.GZ", GZIP, "gzip"), ("a.jsonl.zst", ZSTD, "zstd")] {
            for len in 0..mark.len() {
                assert_eq!(of(&mark[..len], name), Format::CutShort(format), "{len} bytes");
            }
            assert_eq!(of(b"\xff\x00\x01", name), Format::Garbled(format));
        }
    }

    #[test]
    fn foreign_formats_are_told_by_name() {
        for (mark, what, _) in FOREIGN {
            let head = [mark, &b"\x00\x01\x02"[..]].concat();
            assert!(matches!(of(&head, "a.jsonl"), Format::Foreign { what: w, .. } if w == *what));
        }
        let tar = [&[b'a'; 100][..], &[0; 157], b"ustar", &[0; 200]].concat();
        assert!(matches!(of(&tar, "a"), Format::Foreign { what: "a tar archive", .. }));
        assert!(matches!(of(b"\x8b\x05\x80", "a.br"), Format::Foreign { what: "Brotli data", .. }));
        let utf16 = b"\xff\xfea\x00b\x00";
        assert!(matches!(of(utf16, "a"), Format::Foreign { remedy: RECODE, .. }));
    }

    #[test]
    fn text_that_begins_like_a_foreign_format_is_text() {
        for head in ["PAR1 of the text", "BZh, he said", "MZ is short", "%PDF- is a mark", "ORC"] {
            assert_eq!(of(head.as_bytes(), "a.br"), Format::Plain);
            let latin_1 = [head.as_bytes(), b" na\xefve"].concat();
            assert_eq!(of(&latin_1, "a.txt"), Format::Plain);
        }
    }
}
