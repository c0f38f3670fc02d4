//! One line of a dump: from raw bytes to the fields that are asked for.
//!
//! The value must be one JSON object (RFC 8259) in valid UTF-8 with the text
//! as a string; anything else is a [`Reject`] with its reason. Nothing is
//! written anew: the id and other fields come as the raw JSON they are, and
//! lines pass through the program as they are.
//!
//! Where the standard leaves room:
//!
//! * of members with one name the last counts, on each level
//! * depth: at most [`MAX_DEPTH`] arrays and objects within each other, also
//!   in members that nobody reads
//! * numbers are not limited: their digits are checked, their value is never
//!   computed
//! * a lone surrogate (`\ud800`) makes the text unusable, for no UTF-8 holds
//!   it; in other members it passes as the escape it is, and no name that
//!   holds one is a key
//! * `\u0000` in the text is a character like others
//!
//! There are two ways to the same result. [`parse`] scans the line for the
//! keys without building values; when in doubt it falls back to
//! the plain way on `serde_json`, which alone rejects. Tests hold the two
//! together.
//!
//! Time: linear in the line. Space: the decoded text when it has escapes.

use crate::input::keys::Field;
use crate::input::keys::Keys;
use crate::input::keys::Node;
use crate::input::scan;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Most arrays and objects within each other, the record included.
pub const MAX_DEPTH: usize = 128;

/// The raw JSON of the wanted members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) text: Option<&'a str>,
    /// The text where it was decoded on the way; none if it was not, or has
    /// nothing to decode.
    pub(super) decoded: Option<String>,
    pub(super) id: Option<&'a str>,
    pub(super) extra: Vec<Option<&'a str>>,
}

impl<'a> Found<'a> {
    pub(super) fn nothing(keys: &Keys) -> Found<'a> {
        Found { text: None, decoded: None, id: None, extra: vec![None; keys.extra] }
    }

    pub(super) fn set(&mut self, fields: &[Field], raw: Option<&'a str>) {
        for &field in fields {
            match field {
                Field::Text => (self.text, self.decoded) = (raw, None),
                Field::Id => self.id = raw,
                Field::Extra(i) => self.extra[i] = raw,
            }
        }
    }

    /// Forgets what was found within a member that came before one of the
    /// same name.
    pub(super) fn forget_within(&mut self, node: &Node) {
        for child in &node.children {
            self.set(&child.fields, None);
            self.forget_within(child);
        }
    }
}

/// What a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    /// The text, decoded; borrowed from the line when it has no escapes.
    pub text: Cow<'a, str>,
    /// The id as raw JSON (`"a"`, `17`, `null`), none when there is no such
    /// member.
    pub id: Option<&'a str>,
    /// The further fields in the order of the keys, as raw JSON.
    pub extra: Vec<Option<&'a str>>,
}

/// Why a line is no usable record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reject {
    /// Not UTF-8 throughout.
    InvalidUtf8 {
        /// Place of the first wrong byte in the line, from 1.
        column: usize,
    },
    /// Something else than an object.
    NotAnObject,
    /// Not JSON, or more than one value.
    InvalidJson {
        /// What the parser says.
        reason: String,
        /// Place in the line in bytes, from 1; 0 when it is the end.
        column: usize,
    },
    /// Nested beyond [`MAX_DEPTH`].
    TooDeep,
    /// No text.
    TextMissing {
        /// The path of the text.
        key: String,
    },
    /// A text that is no string.
    TextNotString {
        /// The path of the text.
        key: String,
        /// What it is, in words.
        found: &'static str,
    },
    /// Half a surrogate pair in the text.
    LoneSurrogate,
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reject::InvalidUtf8 { column } => write!(f, "invalid UTF-8 at byte {column}"),
            Reject::NotAnObject => f.write_str("the line is not a JSON object"),
            Reject::InvalidJson { reason, column } => {
                write!(f, "the line is not valid JSON: {reason} at byte {column}")
            }
            Reject::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
            Reject::TextMissing { key } => {
                write!(f, "there is no member {key:?} (--text-key names another)")
            }
            Reject::TextNotString { key, found } => {
                write!(f, "the text {key:?} is {found}, not a string")
            }
            Reject::LoneSurrogate => {
                f.write_str("the text holds half of a surrogate pair, which is no character")
            }
        }
    }
}

impl std::error::Error for Reject {}

/// Reads one record. Empty and blank lines are no objects; leave them out
/// before.
///
/// # Errors
///
/// The reason why the line is unusable; the first that is found in this
/// order: UTF-8, object, JSON, depth, text.
pub fn parse<'a>(line: &'a [u8], keys: &Keys) -> Result<Fields<'a>, Reject> {
    parse_in(line, keys, &mut String::new())
}

/// The same; a text that has to be decoded takes the place of what is in
/// `room`, and its memory. Whoever is done with the text may put it back for
/// the next one.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_in<'a>(line: &'a [u8], keys: &Keys, room: &mut String) -> Result<Fields<'a>, Reject> {
    let line = utf8(line)?;
    match scan::scan(line, keys, room) {
        Some(fields) => Ok(fields),
        None => parse_plainly(line, keys),
    }
}

fn utf8(line: &[u8]) -> Result<&str, Reject> {
    simdutf8::basic::from_utf8(line).map_err(|_| {
        // Only the slower check tells the place.
        let column = std::str::from_utf8(line).err().map_or(0, |e| e.valid_up_to() + 1);
        Reject::InvalidUtf8 { column }
    })
}

/// The definition of what a record is.
fn parse_plainly<'a>(line: &'a str, keys: &Keys) -> Result<Fields<'a>, Reject> {
    // A parser for objects would take an array as well.
    if !line.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(Reject::NotAnObject);
    }
    let mut found = Found::nothing(keys);
    let top = members(line, &keys.root);
    // Names that are read as bytes may hold anything: all is checked once more.
    let top = top.and_then(|top| serde_json::from_str::<IgnoredAny>(line).map(|_| top));
    let top = top.map_err(|error| {
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        Reject::InvalidJson { reason: reason.to_owned(), column: error.column() }
    })?;
    if depth(line.as_bytes()) > MAX_DEPTH {
        return Err(Reject::TooDeep);
    }
    descend(top, &keys.root, &mut found);
    found.into_fields(keys, |raw| serde_json::from_str(raw).ok())
}

/// Puts the members of an object, and those within, to their fields.
fn descend<'a>(members: Vec<Option<&'a RawValue>>, node: &Node, found: &mut Found<'a>) {
    for (child, value) in node.children.iter().zip(members) {
        let Some(raw) = value.map(RawValue::get) else { continue };
        found.set(&child.fields, Some(raw));
        if raw.starts_with('{')
            && !child.children.is_empty()
            && let Ok(members) = self::members(raw, child)
        {
            descend(members, child, found);
        }
    }
}

/// The last member of each name that `node` wants, in its order. The whole of
/// `object` is checked but for control characters in names.
fn members<'a>(
    object: &'a str,
    node: &Node,
) -> Result<Vec<Option<&'a RawValue>>, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_str(object);
    let members = parser.deserialize_map(Members(node))?;
    parser.end()?;
    Ok(members)
}

struct Members<'n>(&'n Node);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = vec![None; self.0.children.len()];
        while let Some(wanted) = map.next_key_seed(Name(self.0))? {
            match wanted {
                Some(child) => members[child] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(members)
    }
}

/// The number of the child with a name, if it is wanted.
struct Name<'n>(&'n Node);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Option<usize>, D::Error> {
        // As bytes, since a name with a lone surrogate is no string.
        key.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, name: &[u8]) -> Result<Option<usize>, E> {
        Ok(self.0.children.iter().position(|child| child.name.as_bytes() == name))
    }
}

/// Most arrays and objects within each other in valid JSON.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut most) = (0usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                most = most.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    most
}

impl<'a> Found<'a> {
    /// Decodes the text; `unescape` takes a string with its quotes and fails
    /// at a lone surrogate.
    pub(super) fn into_fields(
        self,
        keys: &Keys,
        unescape: impl Fn(&str) -> Option<String>,
    ) -> Result<Fields<'a>, Reject> {
        let key = || keys.text.clone();
        let raw = self.text.ok_or_else(|| Reject::TextMissing { key: key() })?;
        let found = match raw.as_bytes().first() {
            Some(b'"') => None,
            Some(b'{') => Some("an object"),
            Some(b'[') => Some("an array"),
            Some(b't' | b'f') => Some("true or false"),
            Some(b'n') => Some("null"),
            _ => Some("a number"),
        };
        if let Some(found) = found {
            return Err(Reject::TextNotString { key: key(), found });
        }
        let text = if let Some(text) = self.decoded {
            Cow::Owned(text)
        } else if memchr::memchr(b'\\', raw.as_bytes()).is_some() {
            Cow::Owned(unescape(raw).ok_or(Reject::LoneSurrogate)?)
        } else {
            Cow::Borrowed(&raw[1..raw.len() - 1])
        };
        Ok(Fields { text, id: self.id, extra: self.extra })
    }
}

/// Appends a record to `out` with `member` (`"name":value`) added as its last
/// one, all other bytes as they are, white space behind the object too.
///
/// `line` must be a line that [`parse`] takes. Of any other nothing is
/// promised but that its bytes stay; without a `}` nothing is added and the
/// result is false.
pub fn insert_member(line: &[u8], member: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(brace) = memchr::memrchr(b'}', line) else {
        out.extend_from_slice(line);
        return false;
    };
    let (body, end) = line.split_at(brace);
    out.extend_from_slice(body);
    // No member ends in `{`, so before the last brace it means `{}`.
    if body.trim_ascii_end().last() != Some(&b'{') {
        out.push(b',');
    }
    out.extend_from_slice(member);
    out.extend_from_slice(end);
    true
}

#[cfg(test)]
mod tests;
