//! What duplicates what in `data/dump.jsonl`, as `data/README.md` says.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use twicetold::options::dedup::DedupOptions;
use twicetold::options::dedup::Measure;
use twicetold::run::documents::dedup;

/// The texts of the dump, in the order of its lines.
fn texts() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/dump.jsonl");
    let text = |line: &str| -> serde_json::Value { serde_json::from_str(line).unwrap() };
    let dump = fs::read_to_string(path).unwrap();
    dump.lines().map(|line| text(line)["text"].as_str().unwrap().to_string()).collect()
}

/// Line numbers of the members of each cluster.
fn clusters(options: &DedupOptions) -> Vec<Vec<u32>> {
    let found = dedup(texts(), options).unwrap();
    let lines =
        |c: &twicetold::report::dedup::Cluster| c.members.iter().map(|m| m.record + 1).collect();
    found.clusters.iter().map(lines).collect()
}

/// What is a duplicate by whatever measure, in the order of the lines.
const ALWAYS: [&[u32]; 7] =
    [&[1, 4, 8, 24], &[5, 7, 51], &[12, 13, 57], &[18, 56], &[19, 20], &[27, 30], &[35, 36]];
/// Seven notices made from one template, six of them of one company.
const NOTICES: &[u32] = &[9, 14, 25, 32, 40, 41, 50];
/// Two forecasts that differ in the name of the day.
const FORECASTS: &[u32] = &[26, 60];

/// Asserts the clusters, found by signatures and by the complete join.
#[track_caller]
fn assert_clusters(options: &DedupOptions, expected: &[&[u32]]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    for exact in [false, true] {
        let mut got = clusters(&DedupOptions { exact, ..options.clone() });
        got.sort_unstable();
        assert_eq!(got, expected, "exact: {exact}");
    }
}

#[test]
fn copies_near_copies_and_templates_are_clusters() {
    assert_clusters(&DedupOptions::default(), &[&ALWAYS[..], &[NOTICES, FORECASTS]].concat());
}

#[test]
fn items_that_differ_in_numbers_and_dates_can_be_kept_apart() {
    let options = DedupOptions { distinct_numbers: true, ..DedupOptions::default() };
    // These two are of different companies, so that words differ too.
    assert_clusters(&options, &[&ALWAYS[..], &[&[41, 50]]].concat());
}

#[test]
fn a_lower_threshold_takes_in_the_shortened_and_the_chinese_version() {
    let options = DedupOptions { threshold: 0.6, ..DedupOptions::default() };
    let more: [&[u32]; 4] = [NOTICES, FORECASTS, &[1, 4, 8, 24, 46], &[42, 43]];
    assert_clusters(&options, &[&ALWAYS[1..], &more].concat());
}

#[test]
fn containment_takes_in_what_stands_whole_inside_another() {
    let options = DedupOptions { measure: Measure::Containment, ..DedupOptions::default() };
    let more: [&[u32]; 5] = [NOTICES, FORECASTS, &[1, 4, 8, 24, 46], &[42, 43], &[18, 23, 56]];
    let rest: Vec<&[u32]> = ALWAYS.iter().copied().filter(|c| c[0] != 1 && c[0] != 18).collect();
    assert_clusters(&options, &[&rest[..], &more].concat());
}

#[test]
fn short_and_empty_texts_are_classes_of_their_own() {
    let found = dedup(texts(), &DedupOptions::default()).unwrap();
    let s = found.summary;
    assert_eq!((s.records, s.kept, s.removed, s.short, s.empty), (60, 42, 18, 5, 4));
}
