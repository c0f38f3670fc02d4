//! A whole search for near-duplicates among small texts: every record has its
//! fate, scores are those of the sets of shingles, kept records are below the
//! threshold to each other when every pair is found, the output is left as it
//! is by another run, and all is the same on one thread and on two.
//!
//! The first bytes of the input are options; of the rest each byte is a word
//! of few, or a piece of UTF-8, and 255 begins another text.

#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use twicetold::DedupOptions;
use twicetold::options::dedup::DedupPlan;
use twicetold::options::dedup::Keep;
use twicetold::options::dedup::Linking;
use twicetold::options::dedup::Measure;
use twicetold::options::dedup::Unit;
use twicetold::report::dedup::Deduped;
use twicetold::report::dedup::Fate;
use twicetold::report::dedup::Kind;
use twicetold::text::Hashes;
use twicetold::text::characters;
use twicetold::text::tokenize;

static POOLS: LazyLock<[ThreadPool; 2]> = LazyLock::new(|| {
    [1, 2].map(|n| ThreadPoolBuilder::new().num_threads(n).build().expect("a pool"))
});

const WORDS: [&str; 16] = [
    "one ", "two ", "three ", "four ", "Five ", "six. ", "7 ", "8 ", "今", "天", "カ", "กา", "\n",
    "! ", "é ", "nine ",
];

fuzz_target!(|data: &[u8]| {
    let Some((head, rest)) = data.split_first_chunk::<4>() else { return };
    let options = options(head);
    // Not every threshold can be met with signatures.
    let Ok(plan) = DedupPlan::new(&options) else { return };
    let raw = head[0] & 1 == 1;
    let texts: Vec<String> =
        rest.split(|&b| b == 255).take(64).map(|part| text(part, raw)).collect();
    let search = |texts: &[String]| {
        POOLS
            .each_ref()
            .map(|pool| pool.install(|| twicetold::dedup(texts, &options)).expect("a search"))
    };
    let [one, two] = search(&texts);
    assert_eq!(one, two);
    fates(&one, texts.len() as u64, &options);
    if options.measure == Measure::Jaccard {
        let sets: Vec<Content> = texts.iter().map(|text| content(text, &options)).collect();
        scores(&one, &sets, &options, &plan);
    }
    let again = options.cluster == Linking::Leader && !one.keeps_none;
    if again && one.summary.large_buckets == 0 {
        let kept: Vec<String> = one.kept().map(|r| texts[r as usize].clone()).collect();
        let [again, _] = search(&kept);
        assert_eq!(again.summary.removed, 0, "{kept:?}");
    }
});

fn options(head: &[u8; 4]) -> DedupOptions {
    let [a, b, c, d] = head.map(usize::from);
    let keep = [Keep::First, Keep::Last, Keep::Longest, Keep::Shortest, Keep::None];
    DedupOptions {
        exact: a & 2 != 0,
        unit: if a & 4 != 0 { Unit::Char } else { Unit::Word },
        measure: if a & 24 == 24 { Measure::Containment } else { Measure::Jaccard },
        cluster: if a & 96 == 96 { Linking::Connected } else { Linking::Leader },
        threshold: (1 + b % 20) as f64 / 20.0,
        ngram: 1 + c % 6,
        keep: keep[(c / 6) % keep.len()].clone(),
        pairs: d & 1 != 0,
        explain: d & 2 != 0,
        distinct_numbers: d & 12 == 12,
        num_perm: if d & 16 != 0 { 64 } else { 128 },
        seed: (d >> 5) as u64,
        ..DedupOptions::default()
    }
}

fn text(part: &[u8], raw: bool) -> String {
    if raw {
        return String::from_utf8_lossy(part).into_owned();
    }
    part.iter().map(|&b| WORDS[usize::from(b) % WORDS.len()]).collect()
}

/// What a text is compared by.
struct Content {
    tokens: Vec<u64>,
    /// Its text when there is no token.
    signs: String,
    /// Its shingles, each as the tokens themselves; none if it is too short.
    shingles: BTreeSet<Vec<u64>>,
}

impl Content {
    fn is_same(&self, other: &Content) -> bool {
        (&self.tokens, &self.signs) == (&other.tokens, &other.signs)
    }

    fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.signs.is_empty()
    }
}

fn content(text: &str, options: &DedupOptions) -> Content {
    let mut hashes = Hashes::default();
    match options.unit {
        Unit::Word => tokenize(text, &mut hashes),
        Unit::Char => characters(text, &mut hashes),
    }
    let Hashes { hashes: tokens, weights } = hashes;
    let weight = |i: usize| if weights.is_empty() { 5 } else { usize::from(weights[i]) };
    let shingle = |start: usize| {
        let mut sum = 0;
        let end = (start..tokens.len()).find(|&i| {
            sum += weight(i);
            sum >= 5 * options.ngram
        })?;
        Some(tokens[start..=end].to_vec())
    };
    let shingles = (0..tokens.len()).map_while(shingle).collect();
    let signs = if tokens.is_empty() { text.trim().to_owned() } else { String::new() };
    Content { tokens, signs, shingles }
}

fn fates(found: &Deduped, records: u64, options: &DedupOptions) {
    let summary = &found.summary;
    assert_eq!(summary.kept + summary.removed, records);
    assert_eq!(found.kept().count() as u64, summary.kept);
    let mut members = BTreeSet::new();
    for cluster in &found.clusters {
        assert!(cluster.members.len() >= 2);
        assert!(cluster.members.iter().any(|m| m.record == cluster.leader));
        for member in &cluster.members {
            assert!(members.insert(member.record), "in two clusters");
            let stays = member.record == cluster.leader && options.keep != Keep::None;
            assert_eq!(found.is_kept(member.record), stays);
        }
    }
    for record in 0..records as u32 {
        assert_eq!(matches!(found.fate(record), Fate::Alone), !members.contains(&record));
    }
}

fn scores(found: &Deduped, sets: &[Content], options: &DedupOptions, plan: &DedupPlan) {
    let jaccard = |a: u32, b: u32| {
        let (a, b) = (&sets[a as usize].shingles, &sets[b as usize].shingles);
        let shared = a.intersection(b).count();
        (shared as u64, (a.len() + b.len() - shared) as u64)
    };
    let threshold = plan.threshold();
    for cluster in &found.clusters {
        for member in cluster.members.iter().filter(|m| m.record != cluster.leader) {
            let (own, leader) = (&sets[member.record as usize], &sets[cluster.leader as usize]);
            assert_eq!(member.exact, own.is_same(leader));
            assert!(!own.is_empty());
            let (shared, union) = jaccard(member.record, cluster.leader);
            if !own.shingles.is_empty() {
                assert_eq!(
                    (u64::from(member.overlap.shared), member.overlap.union()),
                    (shared, union)
                );
            }
            if options.cluster == Linking::Leader {
                assert!(member.exact || threshold.accepts(shared, union));
            }
        }
        assert_eq!(cluster.kind == Kind::Exact, cluster.members.iter().all(|m| m.exact));
    }
    for pair in &found.pairs {
        let (shared, union) = jaccard(pair.a, pair.b);
        let same = sets[pair.a as usize].is_same(&sets[pair.b as usize]);
        assert!(same || threshold.accepts(shared, union));
        if union > 0 {
            assert_eq!((u64::from(pair.overlap.shared), pair.overlap.union()), (shared, union));
        }
    }
    if options.exact && !options.distinct_numbers {
        let kept: Vec<u32> = found.kept().collect();
        for (n, &a) in kept.iter().enumerate() {
            for &b in &kept[n + 1..] {
                let (shared, union) = jaccard(a, b);
                assert!(!threshold.accepts(shared, union), "{a} and {b}: {shared} of {union}");
                let (a, b) = (&sets[a as usize], &sets[b as usize]);
                assert!(a.is_empty() || !a.is_same(b));
            }
        }
    }
}
