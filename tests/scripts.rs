//! Every script: a passage told twice is found where it stands, to the letter.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use twicetold::FindOptions;
use twicetold::find;
use twicetold::options::WORD_WEIGHT;
use twicetold::text::Tokens;
use twicetold::text::tokenize;

fn texts() -> Vec<(String, String)> {
    folder("data/scripts")
}

fn folder(name: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let name = |p: &Path| p.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|p| (name(p), fs::read_to_string(p).unwrap())).collect()
}

/// What each story tells twice: its first line without the marks around it,
/// and in Arabic without who says it.
fn told(text: &str) -> &str {
    let line = text.lines().next().unwrap();
    let line = line.split_once(": ").map_or(line, |(_, quote)| quote);
    line.trim_matches(['"', '“', '”', '«', '»', '„', '「', '」', '.', '。', '，', '।'])
}

#[test]
fn a_passage_told_twice_is_found_in_every_script() {
    let texts = texts();
    assert_eq!(texts.len(), 15);
    for (name, text) in &texts {
        let found = find(&[(name, text)], &FindOptions::default()).unwrap();
        let spans: Vec<Vec<(u32, u32)>> = found
            .clusters
            .iter()
            .map(|c| c.occurrences.iter().map(|o| (o.span.start, o.span.end)).collect())
            .collect();
        let quote = told(text);
        let expected: Vec<(u32, u32)> = text
            .match_indices(quote)
            .map(|(at, _)| (at as u32, (at + quote.len()) as u32))
            .collect();
        assert_eq!(expected.len(), 2, "{name}: {quote}");
        assert_eq!(spans, [expected], "{name}: {quote}");
    }
}

#[test]
fn stories_in_different_scripts_share_nothing() {
    let texts = texts();
    let texts: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let options =
        FindOptions { scope: twicetold::options::find::Scope::Across, ..FindOptions::default() };
    assert_eq!(find(&texts, &options).unwrap().clusters, []);
}

#[test]
fn one_story_in_all_scripts_keeps_its_passages_apart() {
    let all: String = texts().iter().map(|(_, text)| text.as_str()).collect();
    let found = find(&[("all", &all)], &FindOptions::default()).unwrap();
    assert_eq!(found.clusters.len(), 15);
    for cluster in &found.clusters {
        let texts: Vec<&str> = cluster.occurrences.iter().map(|o| o.span.of(&all)).collect();
        assert!(texts.len() == 2 && texts[0] == texts[1], "{texts:?}");
    }
}

#[test]
fn a_minimum_in_words_asks_for_about_the_same_amount_of_text_everywhere() {
    let texts = folder("data/parallel");
    let amount = |text: &str| {
        let mut tokens = Tokens::default();
        tokenize(text, &mut tokens);
        tokens.total_weight() as f64 / f64::from(WORD_WEIGHT)
    };
    let english = texts.iter().find(|(name, _)| name == "english").unwrap();
    assert_eq!((texts.len(), amount(&english.1)), (13, 50.0));
    for (name, text) in &texts {
        let share = amount(text) / 50.0;
        assert!((0.6..=1.6).contains(&share), "{name} tells in {share:.2} of the words");
    }
}

#[test]
fn every_span_of_every_script_stands_on_whole_characters() {
    for (name, text) in texts() {
        let mut tokens = Tokens::default();
        tokenize(&text, &mut tokens);
        let marks = |c: char| unicode_normalization::char::is_combining_mark(c);
        for (n, span) in tokens.spans.iter().enumerate() {
            let (start, end) = (span.start as usize, span.end as usize);
            // A character that stands for two tokens: its marks are the second's.
            if tokens.spans.get(n + 1).is_some_and(|next| next.start == span.start) {
                continue;
            }
            assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{name}");
            assert!(!text[end..].starts_with(marks), "{name}: {:?}", &text[start..end]);
        }
    }
}
