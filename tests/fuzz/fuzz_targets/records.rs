//! A line of a dump against `serde_json`, and a block of lines against a split
//! at the line ends.
//!
//! The first byte of the input chooses the keys, the rest is the line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use twicetold::input::jsonl::Block;
use twicetold::input::keys::Keys;
use twicetold::input::record::Reject;
use twicetold::input::record::parse;

/// Text, id and a further field.
const KEYS: [[&str; 3]; 5] = [
    ["text", "id", "n"],
    ["a.b", "a.c", "a"],
    ["text", "text", "text.text"],
    ["é", r"x\.y", r"b\\"],
    ["a.a.a", "a.a", "a.a.b"],
];

fuzz_target!(|data: &[u8]| {
    let Some((&choice, line)) = data.split_first() else { return };
    lines(line);
    record(KEYS[usize::from(choice) % KEYS.len()], line);
});

/// The member that a path leads to.
fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut names = vec![String::new()];
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        let last = names.last_mut().expect("there is a first name");
        match c {
            '\\' => last.extend(chars.next()),
            '.' => names.push(String::new()),
            c => last.push(c),
        }
    }
    names.iter().try_fold(value, |value, name| value.as_object()?.get(name))
}

fn record([text, id, extra]: [&str; 3], line: &[u8]) {
    let keys = Keys::new(text, id, &[extra.to_owned()]).expect("keys that can be used");
    let got = parse(line, &keys);
    let Ok(line) = std::str::from_utf8(line) else {
        assert!(matches!(got, Err(Reject::InvalidUtf8 { .. })), "{got:?}");
        return;
    };
    // Looks at neither the size of numbers nor the halves of surrogates.
    let valid = serde_json::from_str::<IgnoredAny>(line).is_ok();
    if !valid || !line.trim_start().starts_with('{') {
        assert!(got.is_err(), "{got:?}");
        return;
    }
    // Does, and goes less deep.
    let Ok(value) = serde_json::from_str::<Value>(line) else { return };
    let Some(Value::String(wanted)) = member(&value, text) else {
        assert!(
            matches!(got, Err(Reject::TextMissing { .. } | Reject::TextNotString { .. })),
            "{got:?}"
        );
        return;
    };
    let got = got.expect("a usable record");
    assert_eq!(&got.text, wanted);
    for (path, raw) in [(id, got.id), (extra, got.extra[0])] {
        let raw = raw.map(|raw| serde_json::from_str::<Value>(raw).expect("raw JSON"));
        assert_eq!(raw.as_ref(), member(&value, path), "{path}");
    }
}

fn lines(bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let block = Block { file: 0, first_line: 1, offset: 0, bytes: bytes.to_vec() };
    let mut wanted: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
    if bytes.ends_with(b"\n") {
        wanted.pop();
    }
    let mut offset = 0;
    let got: Vec<_> = block.lines().collect();
    assert_eq!(got.len(), wanted.len());
    for (n, (got, wanted)) in got.iter().zip(wanted).enumerate() {
        assert_eq!((got.bytes, got.number, got.offset), (wanted, n as u64 + 1, offset));
        offset += wanted.len() as u64 + u64::from(got.ended);
    }
    assert_eq!(offset, bytes.len() as u64);
    let blank = |line: &[u8]| line.iter().all(|b| b" \t\r".contains(b));
    assert!(block.records().all(|line| !blank(line.bytes)));
    let records = got.iter().filter(|line| !blank(line.bytes)).count();
    assert_eq!(block.records().count(), records);
}
