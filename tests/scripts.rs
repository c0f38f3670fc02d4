//! Every script: a passage told twice is found where it stands, to the letter.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use twicetold::FindOptions;
use twicetold::find;

fn texts() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/scripts");
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
    line.trim_matches(|c: char| !c.is_alphanumeric())
}

#[test]
fn a_passage_told_twice_is_found_in_every_script() {
    let texts = texts();
    assert_eq!(texts.len(), 10);
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
    assert_eq!(found.clusters.len(), 10);
    for cluster in &found.clusters {
        let texts: Vec<&str> = cluster.occurrences.iter().map(|o| o.span.of(&all)).collect();
        assert!(texts.len() == 2 && texts[0] == texts[1], "{texts:?}");
    }
}
