//! Whole units against the definition, on small texts over few words.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::hash;
use crate::options::find::FindOptions;
use crate::options::find::FindPlan;
use crate::options::find::Level;
use crate::options::find::Method;
use crate::options::find::Scope;
use crate::report::Found;
use crate::report::Kind;
use crate::run::passages::find;

/// A unit by the definition: document, first and last byte, words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    document: u32,
    start: u32,
    end: u32,
    words: Vec<String>,
}

/// Lines, or blocks of lines that are not blank, and where they start.
fn pieces(text: &str, level: Level) -> Vec<(usize, &str)> {
    let (mut found, mut at, mut open) = (Vec::new(), 0, None);
    for line in text.split_inclusive('\n') {
        let blank = line.trim().is_empty();
        let start = *open.get_or_insert(at);
        at += line.len();
        if level == Level::Line || blank || at == text.len() {
            found.push((start, &text[start..at]));
            open = None;
        }
    }
    found
}

/// Units of texts of plain words, marks of which are left out; those that
/// stand back to back word for word are one.
fn units(texts: &[String], level: Level) -> Vec<Unit> {
    let mut all: Vec<Unit> = Vec::new();
    for (document, text) in (0..).zip(texts) {
        let first = all.len();
        for (at, piece) in pieces(text, level) {
            let trimmed = piece.trim_matches(|c: char| !c.is_alphanumeric());
            if trimmed.is_empty() {
                continue;
            }
            let start = (at + piece.find(trimmed).unwrap()) as u32;
            let end = start + trimmed.len() as u32;
            let words = trimmed.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            let words: Vec<String> = words.map(str::to_lowercase).collect();
            match all[first..].last_mut() {
                Some(before) if before.words == words => before.end = end,
                _ => all.push(Unit { document, start, end, words }),
            }
        }
    }
    all
}

type Shingles = BTreeSet<Vec<String>>;

fn shingles(words: &[String]) -> Shingles {
    words.windows(3).map(<[String]>::to_vec).collect()
}

/// Shared shingles and all, by the definition.
fn overlap(x: &Shingles, y: &Shingles) -> (usize, usize) {
    (x.intersection(y).count(), x.union(y).count())
}

/// Pairs of places, by the definition, with their scores.
type Pairs = BTreeMap<((u32, u32), (u32, u32)), (usize, usize)>;

fn naive(texts: &[String], options: &FindOptions) -> Pairs {
    let all = units(texts, options.level);
    let sets: Vec<Shingles> = all.iter().map(|u| shingles(&u.words)).collect();
    let mut found = Pairs::new();
    for (n, a) in all.iter().enumerate() {
        for (m, b) in all.iter().enumerate().skip(n + 1) {
            let compared = match options.scope {
                Scope::Within => a.document == b.document,
                Scope::Across => a.document != b.document,
                Scope::All => true,
            };
            if !compared {
                continue;
            }
            let place = |u: &Unit| (u.document, u.start);
            let score = if a.words == b.words {
                let least = options.exact_words.min(options.min_words);
                (a.words.len() >= least).then_some((1, 1))
            } else {
                let (shared, all) = overlap(&sets[n], &sets[m]);
                let long = a.words.len().min(b.words.len()) >= options.min_words.max(3);
                let parts = (options.threshold * 1e6).round() as usize;
                (long && shared * 1_000_000 >= parts * all).then_some((shared, all))
            };
            if let Some(score) = score {
                found.insert((place(a), place(b)), score);
            }
        }
    }
    found
}

fn reported(found: &Found) -> Pairs {
    let pairs = found.pairs.iter().map(|p| {
        let place = |(document, span): (u32, crate::span::ByteSpan)| (document, span.start);
        let score = (p.score.matches as usize, p.score.columns as usize);
        ((place(p.a), place(p.b)), score)
    });
    pairs.collect()
}

/// Texts of a few lines over a few words, some of them edited copies.
fn texts(seed: u64) -> Vec<String> {
    let mut state = seed;
    let mut draw = |n: u64| hash::splitmix64(&mut state) % n;
    let words = 2 + draw(12);
    let mut lines: Vec<String> = Vec::new();
    let mut texts = Vec::new();
    for _ in 0..1 + draw(3) {
        let mut text = String::new();
        for _ in 0..draw(10) {
            let mut line: Vec<String> = if lines.is_empty() || draw(2) == 0 {
                (0..draw(14)).map(|_| format!("w{}", draw(words))).collect()
            } else {
                let line = &lines[draw(lines.len() as u64) as usize];
                line.split(' ').map(str::to_owned).collect()
            };
            if draw(2) == 0 && !line.is_empty() {
                let at = draw(line.len() as u64) as usize;
                line[at] = format!("w{}", draw(words));
            }
            let line = line.join(" ");
            let (before, after) =
                [("", ""), ("  \"", "\"!"), ("- ", ""), ("", " \r")][draw(4) as usize];
            text += &format!("{before}{line}{after}\n");
            text += ["", "\n", "\n---\n\n"][draw(3) as usize];
            lines.push(line);
        }
        texts.push(text);
    }
    if draw(4) == 0 {
        texts.push(texts[0].clone());
    }
    texts
}

fn search(texts: &[String], options: &FindOptions) -> Found {
    let named: Vec<(&str, &str)> = texts.iter().map(|t| ("", t.as_str())).collect();
    find(&named, options).unwrap()
}

fn drawn(seed: u64) -> FindOptions {
    FindOptions {
        scope: [Scope::Within, Scope::Across, Scope::All][(seed % 3) as usize],
        level: [Level::Line, Level::Paragraph][(seed / 3 % 2) as usize],
        min_words: [4, 6, 2, 9][(seed / 6 % 4) as usize],
        exact_words: [1, 3, 9][(seed / 24 % 3) as usize],
        threshold: [0.3, 0.5, 0.7, 1.0][(seed / 72 % 4) as usize],
        method: Some(Method::Join),
        pairs: true,
        ..FindOptions::default()
    }
}

#[test]
fn every_pair_of_the_definition_is_reported_and_no_other() {
    let mut pairs = 0;
    for seed in 0..4000u64 {
        let (texts, options) = (texts(seed), drawn(seed));
        let found = search(&texts, &options);
        let expected = naive(&texts, &options);
        pairs += expected.len();
        assert_eq!(reported(&found), expected, "seed {seed}: {options:?}\n{texts:#?}");
        assert_eq!(found.summary.method, Some(Method::Join));
        assert_eq!(found.summary.recall, 10_000);
    }
    assert!(pairs > 2000, "{pairs} pairs tell nothing");
}

#[test]
fn members_reach_the_threshold_against_their_leader_and_pairs_share_a_cluster() {
    for seed in 0..4000u64 {
        let (texts, options) = (texts(seed), drawn(seed));
        let with_pairs = search(&texts, &options);
        let found = search(&texts, &FindOptions { pairs: false, ..options.clone() });
        assert_eq!(found.clusters, with_pairs.clusters, "seed {seed}");
        let all = units(&texts, options.level);
        let unit = |document, start| {
            all.iter().find(|u| (u.document, u.start) == (document, start)).expect("a unit")
        };
        for cluster in &found.clusters {
            let leaders: Vec<_> = cluster.occurrences.iter().filter(|o| o.leader).collect();
            assert_eq!(leaders.len(), 1, "seed {seed}");
            let leader = unit(leaders[0].document, leaders[0].span.start);
            for o in &cluster.occurrences {
                let here = unit(o.document, o.span.start);
                assert_eq!(o.span.end, here.end, "seed {seed}");
                let score = (o.score.matches as usize, o.score.columns as usize);
                let expected = if here.words == leader.words {
                    (1, 1)
                } else {
                    overlap(&shingles(&here.words), &shingles(&leader.words))
                };
                assert_eq!(score, expected, "seed {seed}");
                let plan = FindPlan::new(&options).unwrap();
                assert!(plan.accepts(o.score.matches, o.score.columns), "seed {seed}");
            }
            let run = matches!(&cluster.occurrences[..], [only] if only.repeats > 1);
            assert_eq!(cluster.kind == Kind::Run, run, "seed {seed}");
            assert!(run || cluster.occurrences.len() > 1, "seed {seed}");
            let documents: BTreeSet<u32> = cluster.occurrences.iter().map(|o| o.document).collect();
            match options.scope {
                Scope::Within => assert_eq!(documents.len(), 1, "seed {seed}"),
                Scope::Across => assert!(documents.len() > 1, "seed {seed}"),
                Scope::All => {}
            }
        }
        for pair in &with_pairs.pairs {
            let places: BTreeSet<(u32, u32)> = found.clusters[pair.cluster as usize - 1]
                .occurrences
                .iter()
                .map(|o| (o.document, o.span.start))
                .collect();
            for (document, span) in [pair.a, pair.b] {
                assert!(places.contains(&(document, span.start)), "seed {seed}");
            }
        }
    }
}

/// Lines of one beginning, edited in a few places.
fn crowd(seed: u64, lines: u64, edits: u64) -> String {
    let mut state = seed;
    let mut draw = |n: u64| hash::splitmix64(&mut state) % n;
    let mut text = String::new();
    for _ in 0..lines {
        let mut line: Vec<String> = (0..24).map(|n| format!("w{n}")).collect();
        for _ in 0..draw(edits) {
            line[draw(24) as usize] = format!("x{}", draw(1000));
        }
        line.truncate(24 - draw(4) as usize);
        text += &format!("{}\n", line.join(" "));
    }
    text
}

#[test]
fn in_crowds_every_unit_that_is_alike_another_stands_in_a_cluster() {
    for seed in 0..9u64 {
        let texts = [crowd(seed, 400, 2 + seed % 2), crowd(seed + 100, 30, 5)];
        let options = FindOptions {
            scope: [Scope::All, Scope::Within, Scope::Across][(seed % 3) as usize],
            level: Level::Line,
            method: Some(Method::Join),
            ..FindOptions::default()
        };
        let found = search(&texts, &options);
        let expected: BTreeSet<(u32, u32)> =
            naive(&texts, &options).keys().flat_map(|&(a, b)| [a, b]).collect();
        let occurrences = || found.clusters.iter().flat_map(|c| &c.occurrences);
        let got: BTreeSet<(u32, u32)> =
            occurrences().filter(|o| o.repeats == 1).map(|o| (o.document, o.span.start)).collect();
        let runs: BTreeSet<(u32, u32)> =
            occurrences().filter(|o| o.repeats > 1).map(|o| (o.document, o.span.start)).collect();
        let all: BTreeSet<(u32, u32)> = got.union(&runs).copied().collect();
        let missing: Vec<_> = expected.difference(&all).collect();
        if options.scope != Scope::Across {
            assert_eq!(missing, Vec::<&(u32, u32)>::new(), "seed {seed}");
        }
        assert!(got.difference(&expected).next().is_none() || options.scope == Scope::Across);
        assert!(found.summary.crowds > 0, "seed {seed}");
        let places: usize = found.clusters.iter().map(|c| c.occurrences.len()).sum();
        assert!(places < 3 * 430, "seed {seed}: {places} places");
    }
}

#[test]
fn minhash_finds_what_it_promises_and_nothing_else() {
    let mut state = 5;
    let mut draw = |n: u64| hash::splitmix64(&mut state) % n;
    let mut text = String::new();
    for _ in 0..1500 {
        let line: Vec<String> = (0..40).map(|_| format!("w{}", draw(100_000))).collect();
        let mut copy = line.clone();
        // Two words far apart: 32 of 38 and 44 shingles.
        copy[10] = "other".to_owned();
        copy[30] = "words".to_owned();
        text += &format!("{}\n{}\n", line.join(" "), copy.join(" "));
    }
    let options = FindOptions {
        level: Level::Line,
        threshold: 0.727,
        method: Some(Method::Lsh),
        pairs: true,
        ..FindOptions::default()
    };
    let texts = [text];
    let found = search(&texts, &options);
    assert_eq!(found.summary.method, Some(Method::Lsh));
    let recall = f64::from(found.summary.recall) / 10_000.0;
    assert!((0.99..1.0).contains(&recall), "{recall}");
    let all = search(&texts, &FindOptions { method: Some(Method::Join), ..options });
    let (expected, got) = (reported(&all), reported(&found));
    assert_eq!(expected.len(), 1500);
    assert!(got.iter().all(|pair| expected.get(pair.0) == Some(pair.1)));
    // Five standard errors below the promise.
    let least = 1500.0 * recall - 5.0 * (1500.0 * recall * (1.0 - recall)).sqrt();
    assert!(got.len() as f64 >= least, "{} of 1500, at least {least}", got.len());
}

#[test]
fn scripts_without_spaces_are_compared_by_their_weight() {
    let line: String = (0..60).map(|n| char::from_u32(0x4e00 + n * 7).unwrap()).collect();
    let other = line.replace(char::from_u32(0x4e00 + 30 * 7).unwrap(), "龜");
    let options = FindOptions { level: Level::Line, pairs: true, ..FindOptions::default() };
    let found = search(&[format!("{line}。\n「{other}」\n")], &options);
    // A shingle is eight characters, and eight of 53 hold the one that differs.
    let scores: Vec<(u32, u32)> =
        found.pairs.iter().map(|p| (p.score.matches, p.score.columns)).collect();
    assert_eq!(scores, [(45, 61)]);
    assert_eq!(found.clusters[0].words, 24);
    let spans: Vec<(u32, u32)> =
        found.clusters[0].occurrences.iter().map(|o| (o.span.start, o.span.end)).collect();
    assert_eq!(spans, [(0, 180), (187, 367)]);
}

#[test]
fn nothing_one_unit_and_short_units_are_no_trouble() {
    let options = FindOptions { level: Level::Paragraph, ..FindOptions::default() };
    for texts in [vec![], vec![""], vec!["\n\n \n"], vec!["One."], vec!["a b", "a b"]] {
        let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        for scope in [Scope::All, Scope::Within, Scope::Across] {
            for method in [None, Some(Method::Join), Some(Method::Lsh)] {
                let found = search(&texts, &FindOptions { scope, method, ..options.clone() });
                assert!(found.clusters.is_empty());
            }
        }
    }
}
