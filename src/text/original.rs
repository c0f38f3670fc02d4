//! Bytes of a file -> one `String`, with a map to the bytes.
//!
//! Spans count bytes of the file (of the decompressed stream), so that they
//! can be cut out of it with any tool. The text differs from the file in two
//! ways only, and [`Offsets`] undoes both:
//!
//! * a byte order mark at the start is left out; offsets count its 3 bytes
//! * each maximal piece of invalid UTF-8 (1 to 3 bytes) becomes U+FFFD, which
//!   has 3 (Unicode 16.0, section 3.9, "U+FFFD Substitution of Maximal
//!   Subparts", as in the WHATWG Encoding Standard)
//!
//! Time: linear. Space: the text, and 16 bytes for each row of invalid pieces
//! of one length; twice the text while it is being repaired.

/// A text that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Valid UTF-8, without a byte order mark.
    pub text: String,
    /// From bytes of `text` to bytes of the file.
    pub offsets: Offsets,
}

impl Text {
    /// Whether invalid UTF-8 was replaced.
    #[must_use]
    pub fn is_repaired(&self) -> bool {
        !self.offsets.repairs.is_empty()
    }
}

/// Turns the bytes of a file, fewer than 4 GiB, into a text.
#[must_use]
pub fn decode(mut content: Vec<u8>) -> Text {
    let mut start = 0;
    if content.starts_with("\u{feff}".as_bytes()) {
        content.drain(..3);
        start = 3;
    }
    match String::from_utf8(content) {
        Ok(text) => Text { text, offsets: Offsets { start, repairs: Vec::new() } },
        Err(error) => repair(error.as_bytes(), start),
    }
}

fn repair(content: &[u8], start: u32) -> Text {
    let mut text = String::with_capacity(content.len() + content.len() / 8);
    let mut repairs: Vec<Repairs> = Vec::new();
    let mut original = start;
    for chunk in content.utf8_chunks() {
        text.push_str(chunk.valid());
        original += chunk.valid().len() as u32;
        let width = chunk.invalid().len() as u8;
        if width == 0 {
            continue;
        }
        // Past 4 GiB the caller refuses the text; until then the offset may
        // be wrong but must not stop the run.
        let here = text.len() as u32;
        match repairs.last_mut() {
            Some(last) if last.width == width && last.end() == here && chunk.valid().is_empty() => {
                last.count += 1;
            }
            _ => repairs.push(Repairs { text: here, original, count: 1, width }),
        }
        original += u32::from(width);
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Text { text, offsets: Offsets { start, repairs } }
}

/// From bytes of a text to bytes of its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// Offset of the first byte: 3 after a byte order mark, else 0.
    start: u32,
    /// In the order of the text.
    repairs: Vec<Repairs>,
}

/// A row of replacement characters, one after another, that stand for pieces
/// of equal length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Repairs {
    /// Offset in the text.
    text: u32,
    /// Offset in the file.
    original: u32,
    count: u32,
    /// Bytes of each piece in the file, in `1..=3`.
    width: u8,
}

/// Bytes of U+FFFD.
const REPLACEMENT: u32 = char::REPLACEMENT_CHARACTER.len_utf8() as u32;

impl Repairs {
    /// End in the text.
    fn end(self) -> u32 {
        self.text.wrapping_add(self.count.wrapping_mul(REPLACEMENT))
    }
}

impl Offsets {
    /// The place in the file of the character boundary `at` in the text, the
    /// end of the text included.
    ///
    /// Time: logarithmic in the number of rows of repairs.
    #[must_use]
    pub fn original(&self, at: u32) -> u32 {
        // The last row that begins before `at`; what begins at `at` has no
        // part in it.
        let before = self.repairs.partition_point(|row| row.text < at);
        let Some(row) = before.checked_sub(1).map(|i| self.repairs[i]) else {
            return self.start + at;
        };
        let pieces = ((at - row.text) / REPLACEMENT).min(row.count);
        let rest = at - row.text - pieces * REPLACEMENT;
        row.original + pieces * u32::from(row.width) + rest
    }

    /// Number of pieces that were replaced.
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.repairs.iter().map(|row| u64::from(row.count)).sum()
    }

    /// The map as bytes, 13 a row of repairs and 4 in front.
    #[must_use]
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.start.to_le_bytes().to_vec();
        for row in &self.repairs {
            for number in [row.text, row.original, row.count] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.push(row.width);
        }
        bytes
    }

    /// Reads what [`to_bytes`](Offsets::to_bytes) gave; none if the length is
    /// not that of a map.
    #[must_use]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Offsets> {
        let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
        let (start, rows) = bytes.split_first_chunk::<4>()?;
        let (rows, rest) = rows.as_chunks::<13>();
        let row = |row: &[u8; 13]| {
            let (numbers, width) = row.as_chunks::<4>();
            let [text, original, count] = [0, 1, 2].map(|n| number(&numbers[n]));
            Repairs { text, original, count, width: width[0] }
        };
        let offsets = Offsets { start: number(start), repairs: rows.iter().map(row).collect() };
        rest.is_empty().then_some(offsets)
    }

    /// Whether places in the text are places in the file.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.start == 0 && self.repairs.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    /// The definition: walk both sides and note each boundary.
    fn naive(content: &[u8]) -> (String, Vec<(u32, u32)>) {
        let (mut original, body) = match content.strip_prefix(b"\xef\xbb\xbf") {
            Some(body) => (3, body),
            None => (0, content),
        };
        let mut text = String::new();
        let mut places = vec![(0, original)];
        for chunk in body.utf8_chunks() {
            for c in chunk.valid().chars() {
                text.push(c);
                original += c.len_utf8() as u32;
                places.push((text.len() as u32, original));
            }
            if !chunk.invalid().is_empty() {
                text.push('\u{fffd}');
                original += chunk.invalid().len() as u32;
                places.push((text.len() as u32, original));
            }
        }
        (text, places)
    }

    fn check(content: &[u8]) {
        let got = decode(content.to_vec());
        let (text, places) = naive(content);
        assert_eq!(got.text, text);
        for (at, original) in places {
            assert_eq!(got.offsets.original(at), original, "{at} in {content:x?}");
        }
        let body = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        assert_eq!(got.text, String::from_utf8_lossy(body));
        assert_eq!(got.is_repaired(), std::str::from_utf8(body).is_err());
    }

    #[test]
    fn offsets_agree_with_the_definition() {
        for content in [
            &b""[..],
            b"abc",
            b"\xef\xbb\xbf",
            b"\xef\xbb\xbfabc",
            b"\xef\xbb",
            b"\xff",
            b"\xff\xff\xff",
            b"a\xe2\x82b\xe2\x82",
            b"\xe2\x82\xff\xe2\x82",
            b"\xef\xbb\xbf\xff\xef\xbb\xbf",
            "é\u{fffd}é".as_bytes(),
        ] {
            check(content);
        }
        let mut state = 11;
        // Few bytes, so that all kinds of invalid pieces come up.
        let alphabet = b"ab\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xef\xbb\xbf\xbd";
        for _ in 0..20_000 {
            let len = splitmix64(&mut state) % 20;
            let pick = |_| alphabet[(splitmix64(&mut state) % alphabet.len() as u64) as usize];
            let content: Vec<u8> = (0..len).map(pick).collect();
            check(&content);
        }
    }

    #[test]
    fn a_row_of_equal_repairs_takes_one_place_in_the_table() {
        let text = decode(vec![0xff; 10_000]);
        assert_eq!(text.offsets.repairs.len(), 1);
        assert_eq!(text.offsets.replaced(), 10_000);
        assert_eq!(text.offsets.original(30_000), 10_000);
    }

    #[test]
    fn a_valid_text_is_itself() {
        let text = decode("naïve\r\n\u{2028}x".into());
        assert!(text.offsets.is_identity() && !text.is_repaired());
        assert_eq!(text.text, "naïve\r\n\u{2028}x");
    }
}
