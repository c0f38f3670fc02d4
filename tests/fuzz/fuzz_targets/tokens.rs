//! Bytes -> text -> tokens -> spans: character boundaries, original offsets,
//! and tokens that do not depend on the form of a text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use twicetold::options::find::Snap;
use twicetold::span::ByteSpan;
use twicetold::text::Hashes;
use twicetold::text::Tokens;
use twicetold::text::borders;
use twicetold::text::characters;
use twicetold::text::original::decode;
use twicetold::text::position::positions;
use twicetold::text::tokenize;
use unicode_normalization::UnicodeNormalization;

fuzz_target!(|data: &[u8]| {
    let text = original(data);
    tokens(&text);
    forms(&text);
    spans(&text);
});

/// The text behind the bytes, and the way back to them.
fn original(data: &[u8]) -> String {
    let (start, body) = match data.strip_prefix("\u{feff}".as_bytes()) {
        Some(body) => (3, body),
        None => (0, data),
    };
    let decoded = decode(data.to_vec());
    assert_eq!(decoded.text, String::from_utf8_lossy(body));
    // Each character of the text and the bytes that it stands for.
    let (mut at, mut from) = (0, start);
    for chunk in body.utf8_chunks() {
        let valid = chunk.valid().chars().map(|c| (c.len_utf8(), c.len_utf8()));
        let width = chunk.invalid().len();
        for (shown, read) in valid.chain((width > 0).then_some((3, width))) {
            assert_eq!(decoded.offsets.original(at as u32) as usize, from);
            at += shown;
            from += read;
        }
    }
    assert_eq!(decoded.offsets.original(at as u32) as usize, data.len());
    assert_eq!(decoded.is_repaired(), std::str::from_utf8(body).is_err());
    decoded.text
}

fn inside(text: &str, span: ByteSpan) {
    assert!(span.start <= span.end && text.get(span.start as usize..span.end as usize).is_some());
}

fn tokens(text: &str) {
    for by_character in [false, true] {
        let (mut tokens, mut hashes) = (Tokens::default(), Hashes::default());
        if by_character {
            characters(text, &mut tokens);
            characters(text, &mut hashes);
        } else {
            tokenize(text, &mut tokens);
            tokenize(text, &mut hashes);
        }
        assert_eq!((&tokens.hashes, &tokens.weights), (&hashes.hashes, &hashes.weights));
        assert_eq!(tokens.hashes.len(), tokens.spans.len());
        assert!(tokens.weights.is_empty() || tokens.weights.len() == tokens.len());
        assert!(tokens.weights.iter().all(|w| matches!(w, 2 | 5)));
        for &span in &tokens.spans {
            inside(text, span);
            assert!(!span.is_empty());
        }
        for pair in tokens.spans.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            assert!(a.start <= b.start && a.end <= b.end, "{pair:?} in {text:?}");
            // One character can stand for several words, a control character
            // and its marks for several characters.
            let shared = text.get(b.start as usize..a.end as usize);
            let one = shared.is_none_or(|s| s.chars().count() <= 1);
            assert!(one || by_character, "{pair:?} in {text:?}");
        }
    }
}

fn hashes(text: &str) -> (Vec<u64>, Vec<u8>) {
    let mut hashes = Hashes::default();
    tokenize(text, &mut hashes);
    (hashes.hashes, hashes.weights)
}

fn forms(text: &str) {
    let own = hashes(text);
    let forms: [(&str, String); 4] = [
        ("NFC", text.nfc().collect()),
        ("NFD", text.nfd().collect()),
        ("NFKC", text.nfkc().collect()),
        ("NFKD", text.nfkd().collect()),
    ];
    for (name, form) in forms {
        assert_eq!(hashes(&form), own, "{name} of {text:?}");
    }
}

fn spans(text: &str) {
    let rows = [
        borders::lines(text).collect::<Vec<_>>(),
        borders::paragraphs(text).collect(),
        borders::sentences(text).collect(),
    ];
    for spans in &rows {
        for &span in spans {
            inside(text, span);
            let part = span.of(text);
            assert!(!part.is_empty() && part.trim() == part, "{part:?}");
        }
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
        // Nothing but white space lies between.
        let told: usize = spans.iter().map(|s| not_white(s.of(text))).sum();
        assert_eq!(told, not_white(text), "{text:?}");
    }
    let mut tokens = Tokens::default();
    tokenize(text, &mut tokens);
    for &span in tokens.spans.iter().take(20) {
        for snap in [Snap::Sentence, Snap::Paragraph] {
            let grown = borders::grow(text, span, snap);
            inside(text, grown);
            assert!(grown.start <= span.start && span.end <= grown.end);
            let row = &rows[if snap == Snap::Sentence { 2 } else { 1 }];
            assert!(row.iter().any(|s| s.start == grown.start), "{span:?} {snap:?} in {text:?}");
            assert!(row.iter().any(|s| s.end == grown.end), "{span:?} {snap:?} in {text:?}");
        }
    }
    let starts: Vec<u32> = tokens.spans.iter().map(|s| s.start).collect();
    for (position, &start) in positions(text, &starts).iter().zip(&starts) {
        let before = &text[..start as usize];
        let line = before.rsplit('\n').next().unwrap_or_default();
        assert_eq!(position.line as usize, 1 + before.matches('\n').count());
        assert_eq!(position.column as usize, 1 + line.chars().count());
    }
}

fn not_white(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}
