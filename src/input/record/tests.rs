use super::*;
use crate::hash::splitmix64;
use serde_json::Value;

fn keys(text: &str, id: &str, extra: &[&str]) -> Keys {
    let extra: Vec<String> = extra.iter().map(|&s| s.to_owned()).collect();
    Keys::new(text, id, &extra).unwrap()
}

fn plain_keys() -> Keys {
    keys("text", "id", &["url", "meta", "meta.lang", "meta.a.b"])
}

/// Both ways; the quick one must not accept what the plain one does not.
fn both<'a>(line: &'a [u8], keys: &Keys) -> Result<Fields<'a>, Reject> {
    let got = parse(line, keys);
    let want = utf8(line).and_then(|line| parse_plainly(line, keys));
    assert_eq!(got, want, "{}", String::from_utf8_lossy(line));
    got
}

fn text(line: &str) -> Result<String, String> {
    let keys = plain_keys();
    let fields = both(line.as_bytes(), &keys);
    fields.map(|f| f.text.into_owned()).map_err(|reject| reject.to_string())
}

#[test]
fn a_text_without_escapes_is_borrowed_and_the_id_is_raw() {
    let keys = keys("text", "id", &[]);
    let line = br#"{"id": "a\u0041", "text": "naive"}"#;
    let fields = both(line, &keys).unwrap();
    assert!(matches!(fields.text, Cow::Borrowed("naive")));
    assert_eq!(fields.id, Some(r#""a\u0041""#));
    assert!(fields.extra.is_empty());
}

#[test]
fn ids_of_every_type_stay_as_they_are() {
    let digits = "9".repeat(5000);
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let few = ["1", "\"1\"", "null", "true", "-0", "1e999", "0.1e-7", "[1, [2]]", "\"\""];
    let more = [r#"{"a": {}}"#, r#""a\nb""#, r#""\ud800""#, &digits, &large];
    for id in few.into_iter().chain(more) {
        let line = format!(r#"{{"id":{id} , "text":"x"}}"#);
        let keys = plain_keys();
        assert_eq!(both(line.as_bytes(), &keys).unwrap().id, Some(id));
    }
    assert_eq!(both(br#"{"text":"x"}"#, &plain_keys()).unwrap().id, None);
}

#[test]
fn escapes_are_decoded() {
    assert_eq!(text(r#"{"text":""}"#).unwrap(), "");
    assert_eq!(
        text(r#"{"text":"\"\\\/\b\f\n\r\t\u0000\u00e9\u2028\ud83d\ude00é😀"}"#).unwrap(),
        "\"\\/\u{8}\u{c}\n\r\t\0é\u{2028}😀é😀"
    );
    assert_eq!(text("{\"text\":\"\u{2028}\u{85}\u{7f}\"}").unwrap(), "\u{2028}\u{85}\u{7f}");
}

#[test]
fn lone_surrogates_spoil_the_text_and_nothing_else() {
    for bad in [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\n", r"\ud800\ud800", r"\udc00\ud800"] {
        let error = text(&format!(r#"{{"text":"a{bad}"}}"#)).unwrap_err();
        assert!(error.contains("surrogate"), "{error}");
        let line = format!(r#"{{"{bad}":1,"x":{{"{bad}":"{bad}"}},"url":"{bad}","text":"b"}}"#);
        assert_eq!(text(&line).unwrap(), "b");
    }
}

#[test]
fn the_last_of_members_with_one_name_counts() {
    assert_eq!(text(r#"{"text":"a","text":"b"}"#).unwrap(), "b");
    assert_eq!(text(r#"{"text":"a","te\u0078t":"b"}"#).unwrap(), "b");
    text(r#"{"text":"a","text":1}"#).unwrap_err();
    assert_eq!(text(r#"{"text":1,"text":"b"}"#).unwrap(), "b");

    let keys = keys("meta.text", "meta", &["meta.a.b"]);
    let parse = |line: &'static str| both(line.as_bytes(), &keys);
    let fields = parse(r#"{"meta":{"a":{"b":1}},"meta":{"text":"x"}}"#).unwrap();
    assert_eq!((fields.id, fields.extra), (Some(r#"{"text":"x"}"#), vec![None]));
    let gone = r#"{"meta":{"text":"x"},"meta":5}"#;
    assert!(matches!(parse(gone), Err(Reject::TextMissing { .. })));
}

#[test]
fn paths_lead_into_objects_and_escaped_dots_do_not() {
    let line = br#"{"a":{"b":"in"},"a.b":"flat"}"#;
    assert_eq!(both(line, &keys("a.b", "id", &[])).unwrap().text, "in");
    assert_eq!(both(line, &keys(r"a\.b", "id", &[])).unwrap().text, "flat");
    let fields = both(line, &keys("a.b", "a.b", &["a", "a.b"])).unwrap();
    assert_eq!(fields.id, Some("\"in\""));
    assert_eq!(fields.extra, [Some(r#"{"b":"in"}"#), Some("\"in\"")]);
    let missing = both(br#"{"a":[{"b":"x"}]}"#, &keys("a.b", "id", &[])).unwrap_err();
    assert!(missing.to_string().contains("\"a.b\""), "{missing}");
}

#[test]
fn what_is_no_record_is_rejected_in_plain_words() {
    for (line, words) in [
        ("\"text\"", "not a JSON object"),
        ("[\"text\"]", "not a JSON object"),
        ("[{\"text\":\"a\"}]", "not a JSON object"),
        ("\u{feff}{\"text\":\"a\"}", "not a JSON object"),
        ("", "not a JSON object"),
        ("{", "not valid JSON: EOF while parsing an object at byte 1"),
        ("{\"text\":\"a\"} x", "trailing characters at byte 14"),
        ("{\"text\":\"a\"}{\"text\":\"b\"}", "trailing characters"),
        ("{\"text\":\"a\",}", "trailing comma"),
        ("{\"text\":\"a\tb\"}", "control character"),
        ("{\"text\":\"a\0b\"}", "control character"),
        ("{\"text\":\"a\",\"b\0\":1}", "control character"),
        ("{\"text\":\"a\",\"meta\":{\"b\t\":1}}", "control character"),
        ("{\"text\":NaN}", "expected value"),
        ("{text:\"a\"}", "key must be a string"),
        ("{'text':'a'}", "key must be a string"),
        ("{\"a\":01,\"text\":\"a\"}", "invalid number"),
        ("{\"a\":\"\\x\",\"text\":\"a\"}", "invalid escape"),
        ("{}", "there is no member \"text\""),
        ("{\"Text\":\"a\"}", "there is no member \"text\""),
        ("{\"text\":1}", "is a number, not a string"),
        ("{\"text\":-1}", "is a number, not a string"),
        ("{\"text\":null}", "is null, not a string"),
        ("{\"text\":true}", "is true or false, not a string"),
        ("{\"text\":[\"a\"]}", "is an array, not a string"),
        ("{\"text\":{}}", "is an object, not a string"),
    ] {
        let error = text(line).unwrap_err();
        assert!(error.contains(words), "{line}: {error}");
    }
    let keys = plain_keys();
    let bad = both(b"{\"text\":\"a\",\"x\":\"\xff\"}", &keys).unwrap_err();
    assert_eq!(bad, Reject::InvalidUtf8 { column: 18 });
}

#[test]
fn white_space_around_everything_is_fine() {
    for line in [
        " { \"id\" : 1 , \"text\" : \"a\" } ",
        "\t{\t\"text\"\t:\t\"a\"\t}\t\r",
        "{\"x\":[ ],\"y\":{ },\"z\":[ 1 , 2 ],\"text\":\"a\"}\r",
    ] {
        assert_eq!(text(line).unwrap(), "a");
    }
}

#[test]
fn depth_is_limited_wherever_it_is() {
    let nested = |n: usize, open: &str, close: &str| {
        format!("{{\"x\":{}1{},\"text\":\"a\"}}", open.repeat(n), close.repeat(n))
    };
    // The record itself is one level.
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert_eq!(text(&nested(MAX_DEPTH - 1, open, close)).unwrap(), "a");
        let error = text(&nested(MAX_DEPTH, open, close)).unwrap_err();
        assert!(error.contains("deeper than 128"), "{error}");
    }
    let path = vec!["a"; MAX_DEPTH].join(".");
    let open = "{\"a\":".repeat(MAX_DEPTH);
    let line = format!("{open}\"x\"{}", "}".repeat(MAX_DEPTH));
    assert_eq!(both(line.as_bytes(), &keys(&path, "id", &[])).unwrap().text, "x");

    let brackets = "[".repeat(5_000_000);
    for line in [
        format!("{{\"x\":{brackets}"),
        format!("{{\"x\":{brackets}{},\"text\":\"a\"}}", "]".repeat(5_000_000)),
        brackets,
    ] {
        text(&line).unwrap_err();
    }
}

/// Whether a chance of one in `n` comes up.
fn one_in(n: u64, state: &mut u64) -> bool {
    splitmix64(state).is_multiple_of(n)
}

fn pick<'a>(of: &[&'a str], state: &mut u64) -> &'a str {
    of[(splitmix64(state) % of.len() as u64) as usize]
}

/// Random JSON over few names and values, so that names repeat.
fn random_value(state: &mut u64, depth: u32, out: &mut String) {
    let scalars = [
        "1",
        "-0.5e+3",
        "1E400",
        "true",
        "false",
        "null",
        r#""""#,
        r#""a b""#,
        r#""\u00e9\n""#,
        r#""\ud83d\ude00 é""#,
        r#""\ud800""#,
        r#""long enough for the vector search \" to start""#,
        "123456789012345678901234567890",
    ];
    let kind = splitmix64(state) % if depth == 0 { 6 } else { 10 };
    if kind < 6 {
        out.push_str(pick(&scalars, state));
        return;
    }
    let object = kind < 8;
    let space = |state: &mut u64| if one_in(5, state) { " " } else { "" };
    out.push(if object { '{' } else { '[' });
    for i in 0..splitmix64(state) % 5 {
        if i > 0 {
            out.push(',');
        }
        out.push_str(space(state));
        if object {
            random_name(state, out);
            out.push_str(space(state));
            out.push(':');
            out.push_str(space(state));
        }
        random_value(state, depth - 1, out);
        out.push_str(space(state));
    }
    out.push(if object { '}' } else { ']' });
}

fn random_name(state: &mut u64, out: &mut String) {
    let names = [
        r#""text""#,
        r#""id""#,
        r#""meta""#,
        r#""a""#,
        r#""b""#,
        r#""lang""#,
        r#""t\u0065xt""#,
        r#""""#,
    ];
    out.push_str(pick(&names, state));
}

fn random_line(state: &mut u64) -> String {
    let mut line = String::from("{");
    for _ in 0..splitmix64(state) % 4 {
        random_name(state, &mut line);
        line.push(':');
        random_value(state, 4, &mut line);
        line.push(',');
    }
    line.push_str(r#""text":"#);
    match splitmix64(state) % 8 {
        0 => random_value(state, 1, &mut line),
        1 => line.push_str(r#""a \u00e9\ud83d\ude00""#),
        2 => line.push_str(r#""a \\ \" b\n""#),
        3 => line.push_str(r#""""#),
        _ => line.push_str(r#""plain é text that is longer than a name""#),
    }
    line.push('}');
    line
}

/// What `serde_json` makes of the whole line, as values.
fn by_values(line: &str) -> Option<(String, Option<Value>)> {
    let Ok(Value::Object(map)) = serde_json::from_str::<Value>(line) else { return None };
    let text = map.get("text")?.as_str()?.to_owned();
    Some((text, map.get("meta").and_then(|m| m.get("a")?.get("b")).cloned()))
}

#[test]
fn random_records_are_read_as_values_are() {
    let keys = plain_keys();
    let (mut state, mut quick, mut good) = (1, 0, 0);
    for _ in 0..20_000 {
        let line = random_line(&mut state);
        let Ok(fields) = both(line.as_bytes(), &keys) else { continue };
        good += 1;
        quick += usize::from(scan::scan(&line, &keys, &mut String::new()).is_some());
        // Values know no lone surrogates and no numbers beyond f64.
        if let Some((text, inner)) = by_values(&line) {
            assert_eq!(fields.text, text, "{line}");
            let raw = fields.extra[3].map(|raw| serde_json::from_str(raw).unwrap());
            assert_eq!(raw, inner, "{line}");
        } else {
            assert!(line.contains("\\ud800") || line.contains("1E400"), "{line}");
        }
    }
    assert!(good > 15_000, "{good} good lines");
    assert_eq!(quick, good, "without control characters the quick way always works");
}

/// Changes a few bytes, most of them to ones that mean something in JSON.
fn mutate(line: &mut Vec<u8>, state: &mut u64) {
    let bytes = b"{}[]\":,\\u0d8e-+.tfn \t\r\n\x00\x1f\xc3\xa9\xff19";
    for _ in 0..=splitmix64(state) % 3 {
        let at = (splitmix64(state) % line.len().max(1) as u64) as usize;
        let byte = bytes[(splitmix64(state) % bytes.len() as u64) as usize];
        match splitmix64(state) % 6 {
            _ if line.is_empty() => line.push(byte),
            0 => line[at] = byte,
            1 => line.insert(at, byte),
            2 => drop(line.remove(at)),
            3 => line[at] ^= 1 << (splitmix64(state) % 8),
            4 if one_in(4, state) => line.truncate(at),
            _ => {
                let end = (at + 1 + (splitmix64(state) % 12) as usize).min(line.len());
                let copy = line[at..end].to_vec();
                let to = (splitmix64(state) % line.len() as u64) as usize;
                drop(line.splice(to..to, copy));
            }
        }
    }
}

#[test]
fn both_ways_agree_on_damaged_records() {
    let keys = plain_keys();
    let (mut state, mut good, mut bad) = (2, 0, 0);
    for _ in 0..200_000 {
        let mut line = random_line(&mut state).into_bytes();
        mutate(&mut line, &mut state);
        match both(&line, &keys) {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
    }
    assert!(good > 10_000 && bad > 10_000, "{good} good, {bad} bad");
}

#[test]
fn both_ways_agree_on_every_cut_and_every_byte_of_a_record() {
    let keys = plain_keys();
    let line =
        r#"{"id":-1.5e7,"meta":{"lang":"é","a":{"b":[null,{}]}},"text":"a\u00e9\ud83d\ude00"}"#;
    for cut in 0..line.len() {
        both(&line.as_bytes()[..cut], &keys).unwrap_err();
    }
    for at in 0..line.len() {
        for byte in 0..=255 {
            let mut line = line.as_bytes().to_vec();
            line[at] = byte;
            let _ = both(&line, &keys);
        }
    }
}

#[test]
fn a_member_is_added_before_the_last_brace_and_nothing_else_changes() {
    let add = |line: &str| {
        let mut out = b"kept ".to_vec();
        assert!(insert_member(line.as_bytes(), b"\"k\":1", &mut out));
        String::from_utf8(out).unwrap().strip_prefix("kept ").unwrap().to_owned()
    };
    for (line, want) in [
        ("{}", "{\"k\":1}"),
        ("{ } \r", "{ \"k\":1} \r"),
        ("{\"a\":1}", "{\"a\":1,\"k\":1}"),
        ("{\"a\":1 }\t", "{\"a\":1 ,\"k\":1}\t"),
        ("{\"a\":{}}", "{\"a\":{},\"k\":1}"),
        ("{\"a\":\"{\"}\r", "{\"a\":\"{\",\"k\":1}\r"),
        ("{\"a\":\"}\" , \"b\":[]}", "{\"a\":\"}\" , \"b\":[],\"k\":1}"),
    ] {
        assert_eq!(add(line), want);
    }
    let mut out = Vec::new();
    assert!(!insert_member(b"no", b"\"k\":1", &mut out));
    assert_eq!(out, b"no");
}

#[test]
fn an_annotated_record_is_the_record_and_the_member() {
    let mut state = 5;
    let keys = keys("text", "id", &["twice"]);
    for _ in 0..5_000 {
        let line = random_line(&mut state);
        let Ok(before) = both(line.as_bytes(), &keys) else { continue };
        let mut out = Vec::new();
        assert!(insert_member(line.as_bytes(), b"\"twice\":{\"kept\":true}", &mut out));
        let after = both(&out, &keys).unwrap();
        assert_eq!((&after.text, after.id), (&before.text, before.id));
        assert_eq!(after.extra, [Some("{\"kept\":true}")]);
    }
}
