//! The quick way through a record: no values are built, the wanted ones are
//! noted as slices of the line.
//!
//! The scan accepts a line only when every byte of it was checked: structure,
//! escapes, digits, literals, depth. When in doubt it gives up and the plain
//! way of [`record`](crate::input::record) decides, so a mistake towards
//! giving up costs time only. It gives up on
//!
//! * control characters anywhere but at the end, so that in strings only
//!   quotes and backslashes need to be looked for (tabs between members are
//!   rare, unescaped ones in strings are errors)
//! * everything that is to be rejected
//!
//! Time: three passes over the line at the speed of vector instructions, plus
//! a few nanoseconds for each member. Space: none but the decoded text.

use crate::input::decode::SLACK;
use crate::input::decode::decode;
use crate::input::keys::Field;
use crate::input::keys::Keys;
use crate::input::keys::Node;
use crate::input::record::Fields;
use crate::input::record::Found;
use crate::input::record::MAX_DEPTH;
use crate::simd::Unit;
use memchr::memchr;
use memchr::memchr2;
use std::borrow::Cow;

/// The fields of a line that is surely a usable record.
/// `room` is memory for the text.
pub(super) fn scan<'a>(line: &'a str, keys: &Keys, room: &mut String) -> Option<Fields<'a>> {
    let line = line.trim_end_matches([' ', '\t', '\r', '\n']);
    // As a minimum, which compiles to vector instructions; a search that can
    // stop early does not.
    if line.bytes().fold(u8::MAX, u8::min) < b' ' {
        return None;
    }
    let mut found = Found::nothing(keys);
    let mut scan = Scan { line, bytes: line.as_bytes(), at: 0, room };
    scan.space();
    scan.expect(b'{')?;
    scan.members(&keys.root, 1, &mut found)?;
    (scan.at == line.len()).then_some(())?;
    found.into_fields(keys, |raw| unescape(&raw[1..raw.len() - 1])).ok()
}

struct Scan<'a, 'r> {
    line: &'a str,
    bytes: &'a [u8],
    /// Bytes before it are checked.
    at: usize,
    /// Taken by a decoded text.
    room: &'r mut String,
}

/// How many first bytes of a string are looked at one by one: names are
/// short, and starting a vector search costs as much as this.
const SHORT: usize = 12;

impl<'a> Scan<'a, '_> {
    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The members of an object up to its closing brace, from behind the
    /// opening one. `depth` counts the object itself.
    fn members(&mut self, node: &Node, depth: usize, found: &mut Found<'a>) -> Option<()> {
        self.space();
        if self.expect(b'}').is_some() {
            return Some(());
        }
        loop {
            let (raw, escaped) = self.name()?;
            let name = if escaped { Cow::Owned(unescape(raw)?) } else { Cow::Borrowed(raw) };
            match node.children.iter().find(|child| child.name == name) {
                None => self.value(depth)?,
                Some(child) => {
                    let start = self.at;
                    found.forget_within(child);
                    let inner = !child.children.is_empty() && self.peek() == Some(b'{');
                    let text = child.fields.contains(&Field::Text) && self.peek() == Some(b'"');
                    let mut decoded = None;
                    if inner && depth < MAX_DEPTH {
                        self.at += 1;
                        self.members(child, depth + 1, found)?;
                    } else if text {
                        self.at += 1;
                        let at = self.at;
                        decoded = self.decoded().unwrap_or_default();
                        // A lone surrogate; another member of this name may
                        // count.
                        if self.at == at {
                            self.string()?;
                        }
                    } else {
                        self.value(depth)?;
                    }
                    found.set(&child.fields, Some(&self.line[start..self.at]));
                    if text {
                        found.decoded = decoded;
                    }
                }
            }
            self.space();
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => self.space(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A name and its colon, up to the value; as [`string`](Scan::string).
    #[inline]
    fn name(&mut self) -> Option<(&'a str, bool)> {
        self.expect(b'"')?;
        let name = self.string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        Some(name)
    }

    /// The rest of a string from behind its opening quote, and whether it
    /// holds escapes.
    #[inline]
    fn string(&mut self) -> Option<(&'a str, bool)> {
        let (start, mut escaped) = (self.at, false);
        let mut look = SHORT;
        loop {
            let rest = &self.bytes[self.at..];
            let short = rest.iter().take(look).position(|b| matches!(b, b'"' | b'\\'));
            let end = match short {
                Some(end) => end,
                None => {
                    let skip = look.min(rest.len());
                    skip + memchr2(b'"', b'\\', &rest[skip..])?
                }
            };
            self.at += end + 1;
            if rest[end] == b'"' {
                return Some((&self.line[start..self.at - 1], escaped));
            }
            escaped = true;
            self.escape()?;
            // Behind an escape there is another at once, or none for long.
            look = 2;
        }
    }

    /// The rest of a string from behind its opening quote, decoded if it holds
    /// escapes: in one pass over it, for the text is most of a line. Where it
    /// cannot be decoded, nothing is taken.
    fn decoded(&mut self) -> Option<Option<String>> {
        let at = self.at;
        let end = at + memchr2(b'"', b'\\', &self.bytes[at..])?;
        if self.bytes[end] == b'"' {
            self.at = end + 1;
            return Some(None);
        }
        let mut out = std::mem::take(self.room);
        out.clear();
        out.reserve(self.bytes.len() - at + SLACK);
        out.push_str(&self.line[at..end]);
        self.at = end + decode(Unit::best(), &self.line[end..], &mut out)?;
        Some(Some(out))
    }

    /// An escape from behind its backslash.
    #[inline]
    fn escape(&mut self) -> Option<()> {
        let kind = self.peek()?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                hex(self.bytes.get(self.at..self.at + 4)?)?;
                self.at += 4;
                Some(())
            }
            _ => None,
        }
    }

    /// Any value. `depth` arrays and objects are open around it.
    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.string().map(drop)
            }
            b'{' | b'[' => self.nested(depth),
            _ => self.scalar(),
        }
    }

    /// A number or a literal.
    fn scalar(&mut self) -> Option<()> {
        match self.peek()? {
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        // Errors of `expect` mean that the optional part is not there.
        let _ = self.expect(b'-');
        match self.peek()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.expect(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// An array or object, with all within it. Not recursive: the kinds of
    /// the open ones are the bits of a word.
    fn nested(&mut self, outside: usize) -> Option<()> {
        const { assert!(MAX_DEPTH <= u128::BITS as usize, "one bit for each level") };
        let (mut objects, mut open) = (0u128, 0usize);
        loop {
            // At a value.
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    open += 1;
                    if outside + open > MAX_DEPTH {
                        return None;
                    }
                    let is_object = bracket == b'{';
                    objects = objects << 1 | u128::from(is_object);
                    self.space();
                    // `]` and `}` are two behind their opening brackets.
                    if self.peek()? != bracket + 2 {
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                _ => self.scalar()?,
            }
            // Behind a value, or at the end of an empty array or object.
            loop {
                self.space();
                let is_object = objects & 1 == 1;
                match (self.peek()?, is_object) {
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        open -= 1;
                        objects >>= 1;
                        if open == 0 {
                            return Some(());
                        }
                    }
                    (b',', _) => {
                        self.at += 1;
                        self.space();
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    _ => return None,
                }
            }
        }
    }
}

/// Values of hexadecimal digits, and a mark for all other bytes.
const HEX: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut i = 0;
    while i < 256 {
        if let Some(value) = (i as u8 as char).to_digit(16) {
            table[i] = value as u8;
        }
        i += 1;
    }
    table
};

/// The value of four hexadecimal digits.
#[inline]
fn hex(digits: &[u8]) -> Option<u16> {
    let &[a, b, c, d] = digits else { return None };
    let [a, b, c, d] = [a, b, c, d].map(|digit| HEX[usize::from(digit)]);
    if a | b | c | d > 0xf {
        return None;
    }
    Some(u16::from(a) << 12 | u16::from(b) << 8 | u16::from(c) << 4 | u16::from(d))
}

/// Decodes the inside of a string. None at a lone surrogate.
fn unescape(raw: &str) -> Option<String> {
    // No escape is shorter than what it stands for.
    let mut out = String::with_capacity(raw.len());
    let mut at = 0;
    while let Some(next) = memchr(b'\\', &raw.as_bytes()[at..]) {
        out.push_str(&raw[at..at + next]);
        at += next;
        // Where one escape is, the next is often right behind it.
        while raw.as_bytes().get(at) == Some(&b'\\') {
            let (decoded, len) = unescape_one(&raw.as_bytes()[at + 1..])?;
            out.push(decoded);
            at += 1 + len;
        }
    }
    out.push_str(&raw[at..]);
    Some(out)
}

/// The character of an escape, from behind its backslash, and its length.
#[inline]
pub(super) fn unescape_one(escape: &[u8]) -> Option<(char, usize)> {
    let simple = match escape.first()? {
        b'u' => {
            let first = hex(escape.get(1..5)?)?;
            if let Some(c) = char::from_u32(u32::from(first)) {
                return Some((c, 5));
            }
            if escape.get(5..7)? != b"\\u" {
                return None;
            }
            let pair = [first, hex(escape.get(7..11)?)?];
            let c = char::decode_utf16(pair).next()?.ok()?;
            return Some((c, 11));
        }
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        &other @ (b'"' | b'\\' | b'/') => char::from(other),
        _ => return None,
    };
    Some((simple, 1))
}
