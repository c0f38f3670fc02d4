use super::*;
use crate::budget::Budget;
use crate::hash::splitmix64;
use crate::options::dedup::Keep;
use crate::options::dedup::Linking;
use crate::options::dedup::Measure;
use crate::options::dedup::Unit;
use crate::report::dedup::Fate;
use crate::report::dedup::Kind;
use crate::spill::Scratch;
use crate::storage::failing::Failing;
use crate::storage::failing::Fault;
use crate::storage::failing::Op;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A word for each number, without digits.
fn word(number: usize) -> String {
    format!("{number}").bytes().map(|b| char::from(b - b'0' + b'a')).chain(['w']).collect()
}

/// Random texts: families of variants, copies, short and empty ones.
fn corpus(seed: u64, texts: usize) -> Vec<String> {
    let mut state = seed;
    let words = |state: &mut u64, n: u64| -> Vec<String> {
        (0..n).map(|_| word(splitmix64(state) as usize % 400)).collect()
    };
    let mut made: Vec<Vec<String>> = Vec::new();
    while made.len() < texts {
        let earlier = splitmix64(&mut state) as usize % (made.len() + 1);
        let text = match (splitmix64(&mut state) % 10, made.get(earlier)) {
            (0, Some(text)) => text.clone(),
            (1, _) => {
                let n = splitmix64(&mut state) % 4;
                words(&mut state, n).iter().map(|w| w[..1].to_owned()).collect()
            }
            (2..=6, Some(text)) if !text.is_empty() => {
                let mut text = text.clone();
                for _ in 0..splitmix64(&mut state) % 4 {
                    let at = splitmix64(&mut state) as usize % text.len();
                    text[at] = word(splitmix64(&mut state) as usize % 400);
                }
                text
            }
            (7, Some(text)) => {
                let n = splitmix64(&mut state) % 30;
                let mut longer = words(&mut state, n);
                longer.extend(text.clone());
                longer
            }
            _ => {
                let n = 5 + splitmix64(&mut state) % 40;
                words(&mut state, n)
            }
        };
        made.push(text);
    }
    made.iter().map(|text| text.join(" ")).collect()
}

/// Shingles of a text, by the definition; none for empty texts.
fn shingles(text: &str, n: usize) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').filter(|w| !w.is_empty()).collect();
    if words.is_empty() {
        vec![]
    } else if words.len() < n {
        vec![format!("whole text: {text}")]
    } else {
        words.windows(n).map(|w| w.join(" ")).collect()
    }
}

/// What two texts share by the definition, if they are alike: intersection,
/// whole. With containment the second has to hold the first.
fn alike(a: &str, b: &str, options: &DedupOptions) -> Option<(usize, usize)> {
    let (x, y) = (shingles(a, options.ngram), shingles(b, options.ngram));
    let (p, q): (BTreeSet<_>, BTreeSet<_>) = (x.iter().collect(), y.iter().collect());
    let shared = p.intersection(&q).count();
    let reaches = |part: usize, whole: usize| {
        whole > 0
            && part as u64 * 1_000_000 >= (options.threshold * 1e6).round() as u64 * whole as u64
    };
    let whole = match options.measure {
        Measure::Jaccard => p.union(&q).count(),
        Measure::Containment => p.len().min(q.len()),
    };
    if !reaches(shared, whole) {
        return None;
    }
    if options.measure == Measure::Containment {
        let length = (x.len() as f64 / options.threshold + 1e-9) as usize;
        let stands = (0..y.len()).any(|start| {
            let stretch: BTreeSet<_> = y[start..y.len().min(start + length)].iter().collect();
            reaches(stretch.intersection(&p).count(), p.len())
        });
        return stands.then_some((shared, whole));
    }
    Some((shared, whole))
}

/// Order of preference by the definition.
fn preferred(texts: &[String], options: &DedupOptions) -> Vec<usize> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let size =
        |r: usize| shingles(&texts[r], options.ngram).into_iter().collect::<BTreeSet<_>>().len();
    match options.keep {
        Keep::Last => order.reverse(),
        Keep::Longest => order.sort_by_key(|&r| std::cmp::Reverse(texts[r].len())),
        Keep::Shortest => order.sort_by_key(|&r| texts[r].len()),
        _ => {}
    }
    if options.measure == Measure::Containment {
        order.sort_by_key(|&r| std::cmp::Reverse(size(r)));
    }
    order
}

/// The leader of each record by the definition: best first, each joins the
/// first that it is alike.
fn naive(texts: &[String], options: &DedupOptions) -> Vec<usize> {
    let mut leaders: Vec<usize> = Vec::new();
    let mut of = vec![usize::MAX; texts.len()];
    for record in preferred(texts, options) {
        let leader = leaders.iter().find(|&&l| alike(&texts[record], &texts[l], options).is_some());
        of[record] = leader.copied().unwrap_or(record);
        if leader.is_none() {
            leaders.push(record);
        }
    }
    of
}

fn leaders(found: &Deduped) -> Vec<usize> {
    (0..found.records())
        .map(|record| match found.fate(record as u32) {
            Fate::Alone | Fate::Kept(_) => record,
            Fate::Removed(cluster, _) => cluster.leader as usize,
        })
        .collect()
}

fn run(texts: &[String], options: &DedupOptions) -> Deduped {
    dedup(texts, options).unwrap()
}

/// Every score is what the definition says, and reaches the threshold; the
/// counts add up.
fn certify(texts: &[String], options: &DedupOptions, found: &Deduped) {
    let (mut removed, mut seen) = (0, BTreeSet::new());
    for cluster in &found.clusters {
        assert!(cluster.members.len() > 1);
        assert!(cluster.members.is_sorted_by_key(|m| m.record));
        for member in &cluster.members {
            assert!(seen.insert(member.record), "a record is in one cluster");
            let (own, leader) = (&texts[member.record as usize], &texts[cluster.leader as usize]);
            let whole = crate::report::dedup::whole(options.measure, member.overlap) as usize;
            let expected = alike(own, leader, options);
            let score = (member.overlap.shared as usize, whole);
            if options.cluster == Linking::Leader {
                assert_eq!(expected, Some(score), "{own} | {leader}");
            }
            assert_eq!(member.exact, own == leader);
            removed += u64::from(member.record != cluster.leader);
        }
        assert!(cluster.members.iter().any(|m| m.record == cluster.leader));
    }
    let summary = &found.summary;
    assert_eq!(summary.removed, removed);
    assert_eq!(summary.records, texts.len() as u64);
    assert_eq!(summary.kept + summary.removed, summary.records);
    assert_eq!(summary.exact_duplicates + summary.near_duplicates, summary.removed);
    assert_eq!(summary.kept, found.kept().count() as u64);
    let empty = texts.iter().filter(|t| t.is_empty()).count() as u64;
    assert_eq!(summary.empty, empty);
}

fn variety(seed: u64) -> DedupOptions {
    let keeps = [Keep::First, Keep::Last, Keep::Longest, Keep::Shortest];
    DedupOptions {
        threshold: [0.8, 0.5, 0.7, 0.3, 1.0][seed as usize % 5],
        ngram: 1 + seed as usize % 5,
        keep: keeps[seed as usize % 4].clone(),
        ..DedupOptions::default()
    }
}

#[test]
fn the_complete_join_gives_the_definition() {
    for seed in 0..120u64 {
        let texts = corpus(seed, 60);
        for measure in [Measure::Jaccard, Measure::Containment] {
            let options = DedupOptions { measure, exact: true, ..variety(seed) };
            let found = run(&texts, &options);
            assert_eq!(leaders(&found), naive(&texts, &options), "seed {seed}, {options:?}");
            certify(&texts, &options, &found);
            assert!(found.summary.recall >= 1.0);
        }
    }
}

#[test]
fn asking_for_pairs_changes_no_cluster_and_gives_them_all() {
    for seed in 0..60u64 {
        let texts = corpus(seed, 60);
        for measure in [Measure::Jaccard, Measure::Containment] {
            let options = DedupOptions { measure, exact: true, ..variety(seed) };
            let with = DedupOptions { pairs: true, ..options.clone() };
            let (plain, found) = (run(&texts, &options), run(&texts, &with));
            assert_eq!(plain.clusters, found.clusters, "seed {seed}");
            assert!(plain.pairs.is_empty());
            let got: Vec<(u32, u32)> = found.pairs.iter().map(|p| (p.a, p.b)).collect();
            assert_eq!(got, naive_pairs(&texts, &options), "seed {seed}");
        }
    }
}

/// All pairs of first copies that are alike either way, and each copy with the
/// first.
fn naive_pairs(texts: &[String], options: &DedupOptions) -> Vec<(u32, u32)> {
    let first = |r: usize| texts.iter().position(|t| *t == texts[r]).unwrap_or(r);
    let mut pairs = Vec::new();
    for a in 0..texts.len() {
        for b in a + 1..texts.len() {
            let near = first(a) == a && first(b) == b && {
                let size = |r: usize| {
                    shingles(&texts[r], options.ngram).into_iter().collect::<BTreeSet<_>>().len()
                };
                let forth = alike(&texts[a], &texts[b], options).is_some();
                let back = alike(&texts[b], &texts[a], options).is_some();
                match options.measure {
                    Measure::Jaccard => forth,
                    Measure::Containment => {
                        (size(a) <= size(b) && forth) || (size(b) <= size(a) && back)
                    }
                }
            };
            let copy = !texts[a].is_empty() && first(b) == a && texts[a] == texts[b];
            if near || copy {
                pairs.push((a as u32, b as u32));
            }
        }
    }
    pairs
}

#[test]
fn what_signatures_find_is_part_of_the_definition_and_nearly_all_of_it() {
    let (mut missed, mut all) = (0, 0);
    for seed in 0..100u64 {
        let texts = corpus(seed, 60);
        let options = DedupOptions { pairs: true, ..variety(seed) };
        let found = run(&texts, &options);
        certify(&texts, &options, &found);
        let expected: BTreeSet<(u32, u32)> = naive_pairs(&texts, &options).into_iter().collect();
        let got: BTreeSet<(u32, u32)> = found.pairs.iter().map(|p| (p.a, p.b)).collect();
        assert!(got.is_subset(&expected), "seed {seed}");
        missed += expected.difference(&got).count();
        all += expected.len();
        if expected == got {
            assert_eq!(leaders(&found), naive(&texts, &options), "seed {seed}");
        }
    }
    // At least 99 % of pairs exactly at the threshold, more of others.
    assert!(all > 1000 && missed * 100 < all, "{missed} of {all} missed");
}

#[test]
fn a_second_run_over_what_was_kept_removes_nothing() {
    for seed in 0..60u64 {
        let texts = corpus(seed, 80);
        for (exact, measure) in
            [(false, Measure::Jaccard), (true, Measure::Jaccard), (true, Measure::Containment)]
        {
            let options = DedupOptions { exact, measure, ..variety(seed) };
            let found = run(&texts, &options);
            let kept: Vec<String> = found.kept().map(|r| texts[r as usize].clone()).collect();
            let again = run(&kept, &options);
            assert_eq!(again.summary.removed, 0, "seed {seed}, {options:?}");
            assert_eq!(again.kept().count(), kept.len());
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let texts = corpus(7, 3000);
    for exact in [false, true] {
        for cluster in [Linking::Leader, Linking::Connected] {
            let options = DedupOptions {
                exact,
                cluster,
                pairs: cluster == Linking::Leader,
                explain: true,
                distinct_numbers: true,
                threshold: 0.6,
                ..DedupOptions::default()
            };
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| run(&texts, &options))
            };
            let one = on(1);
            assert!(one.summary.clusters > 100);
            for threads in [2, 8] {
                assert!(on(threads) == one, "{threads} threads, {options:?}");
            }
        }
    }
}

#[test]
fn how_texts_are_pushed_changes_nothing() {
    let texts = corpus(8, 500);
    let plan = DedupPlan::new(&DedupOptions::default()).unwrap();
    let whole = run(&texts, plan.options());
    for size in [1, 7, 499] {
        let mut engine = Engine::new(&plan);
        for block in texts.chunks(size) {
            engine.push(block).unwrap();
        }
        assert_eq!(engine.records(), 500);
        assert!(engine.finish(texts.as_slice(), &Unwatched).unwrap() == whole);
    }
}

#[test]
fn connected_clusters_are_the_components() {
    for seed in 0..60u64 {
        let texts = corpus(seed, 60);
        for measure in [Measure::Jaccard, Measure::Containment] {
            let options =
                DedupOptions { exact: true, cluster: Linking::Connected, measure, ..variety(seed) };
            let found = run(&texts, &options);
            certify(&texts, &options, &found);
            let mut sets = crate::disjoint::Disjoint::new(texts.len());
            for (a, b) in naive_pairs(&texts, &options) {
                sets.union(a, b);
            }
            let got: Vec<Vec<u32>> = found
                .clusters
                .iter()
                .map(|c| c.members.iter().map(|m| m.record).collect())
                .collect();
            assert_eq!(got, sets.groups(), "seed {seed}");
            let order = preferred(&texts, &options);
            for cluster in &found.clusters {
                let best =
                    order.iter().find(|&&r| cluster.members.iter().any(|m| m.record as usize == r));
                assert_eq!(best, Some(&(cluster.leader as usize)));
            }
        }
    }
}

#[test]
fn short_texts_stay_unless_equal_and_empty_ones_stay_all() {
    let texts = [
        "one two three",
        "",
        "one two four",
        "two three four",
        "one three two",
        "One, two THREE!",
        "three two one",
        "...",
        " \n ",
        "👩 !",
        "\t... \n",
        "one two",
        "two one",
        "one",
        "two",
    ]
    .map(str::to_owned);
    for (exact, measure) in
        [(false, Measure::Jaccard), (true, Measure::Jaccard), (true, Measure::Containment)]
    {
        let options =
            DedupOptions { exact, measure, threshold: 0.1, pairs: true, ..DedupOptions::default() };
        let found = run(&texts, &options);
        assert_eq!(found.clusters.len(), 2);
        assert!(found.clusters.iter().all(|c| c.kind == Kind::Exact));
        assert_eq!(found.kept().count(), texts.len() - 2);
        assert!(matches!(found.fate(5), Fate::Removed(c, m) if c.leader == 0 && m.exact));
        // Of signs alone: the same as they stand, but for white space around.
        assert!(matches!(found.fate(10), Fate::Removed(c, m) if c.leader == 7 && m.exact));
        assert_eq!((found.summary.short, found.summary.empty), (13, 2));
        let pairs: Vec<_> = found.pairs.iter().map(|pair| (pair.a, pair.b)).collect();
        assert_eq!(pairs, [(0, 5), (7, 10)]);
    }
}

#[test]
fn nothing_and_one_text_are_no_trouble() {
    for exact in [false, true] {
        let options = DedupOptions { exact, pairs: true, explain: true, ..DedupOptions::default() };
        let none = run(&[], &options);
        assert_eq!((none.records(), none.summary.kept, none.clusters.len()), (0, 0, 0));
        let one = run(&["a text of a few more words".to_owned()], &options);
        assert_eq!((one.summary.kept, one.summary.documents), (1, 1));
    }
}

#[test]
fn any_text_is_survived() {
    let strange = [
        "\u{feff}",
        "\0\0\0",
        "🏳️‍🌈🏳️‍🌈",
        "ﷺ ﷺ",
        "a\u{301}\u{301}\u{301}",
        "汉字汉字汉字汉字汉字",
        "\u{202e}abc",
        "१२३",
    ];
    let texts: Vec<String> = strange.iter().map(|s| s.repeat(50)).collect();
    for unit in [Unit::Word, Unit::Char] {
        for measure in [Measure::Jaccard, Measure::Containment] {
            let options = DedupOptions {
                unit,
                measure,
                distinct_numbers: true,
                explain: true,
                ngram: 2,
                threshold: 0.1,
                ..DedupOptions::default()
            };
            assert_eq!(run(&texts, &options).records(), texts.len());
        }
    }
}

#[test]
fn equal_texts_by_the_thousand_leave_one() {
    let texts = vec!["the same few words over and over again".to_owned(); 5000];
    for exact in [false, true] {
        let options = DedupOptions { exact, pairs: true, ..DedupOptions::default() };
        let found = run(&texts, &options);
        assert_eq!(found.summary.kept, 1);
        assert_eq!(found.summary.exact_duplicates, 4999);
        assert_eq!((found.summary.candidates, found.pairs.len()), (0, 4999));
        assert_eq!(found.summary.largest_cluster, 5000);
        let overlap = found.clusters[0].members[1].overlap;
        assert_eq!((overlap.shared, overlap.union()), (4, 4));
    }
}

/// Texts of which each shares nine tenths of its words with the next.
fn sliding(texts: usize, words: usize, step: usize) -> Vec<String> {
    (0..texts)
        .map(|n| (n * step..n * step + words).map(word).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn a_sliding_family_has_many_leaders_and_one_connected_cluster() {
    // Shingles: 196 of which 186 shared, of 206.
    let texts = sliding(1000, 200, 10);
    for exact in [false, true] {
        let options = DedupOptions { exact, ..DedupOptions::default() };
        let found = run(&texts, &options);
        certify(&texts, &options, &found);
        assert_eq!(leaders(&found), naive_sliding(1000, 196, 10), "exact {exact}");
        let kept: Vec<String> = found.kept().map(|r| texts[r as usize].clone()).collect();
        assert_eq!(run(&kept, &options).summary.removed, 0);
        let options = DedupOptions { cluster: Linking::Connected, ..options };
        let found = run(&texts, &options);
        assert_eq!((found.clusters.len(), found.summary.kept), (1, 1));
        assert_eq!(found.summary.largest_cluster_weakest.unwrap().shared, 0);
    }
}

fn naive_sliding(texts: usize, shingles: usize, step: usize) -> Vec<usize> {
    let mut leader = 0;
    (0..texts)
        .map(|n| {
            let shared = shingles.saturating_sub((n - leader) * step);
            if shared * 5 < (2 * shingles - shared) * 4 {
                leader = n;
            }
            leader
        })
        .collect()
}

/// Records with the same long beginning and an end of their own.
fn boilerplate(records: usize, common: usize, own: usize) -> Vec<String> {
    let start: String = (0..common).map(|w| word(w) + " ").collect();
    (0..records)
        .map(|n| {
            let end: Vec<String> = (0..own).map(|w| word(n) + &word(w)).collect();
            format!("{start}{}", end.join(" "))
        })
        .collect()
}

#[test]
fn boilerplate_costs_a_bounded_number_of_comparisons_a_record() {
    for (own, duplicates) in [(10, true), (14, false)] {
        // 126 shingles in common; 10 or 14 of their own: .863 or .818 of all…
        let mut texts = boilerplate(2000, 130, own);
        if !duplicates {
            // …and here below the threshold.
            texts = boilerplate(2000, 130, own + 4);
        }
        for exact in [false, true] {
            let options = DedupOptions { exact, ..DedupOptions::default() };
            let found = run(&texts, &options);
            let checks = found.summary.candidates;
            assert!(checks < 130 * 2000, "{checks} comparisons, exact {exact}");
            let kept = if duplicates { 1 } else { 2000 };
            assert_eq!(found.summary.kept, kept, "exact {exact}, {own}");
        }
    }
}

#[test]
fn pairs_of_large_buckets_are_complete() {
    let texts = boilerplate(300, 130, 6);
    for exact in [false, true] {
        let options = DedupOptions { exact, pairs: true, ..DedupOptions::default() };
        let found = run(&texts, &options);
        assert_eq!(found.summary.large_buckets > 0, !exact);
        assert_eq!(found.pairs.len(), 300 * 299 / 2, "exact {exact}");
    }
}

#[test]
fn a_small_budget_changes_nothing() {
    // Sets of 4 MiB that form a chain, and a crowd that are all alike.
    let chain = sliding(900, 600, 30);
    let crowd = boilerplate(900, 600, 20);
    for (texts, pairs) in [(&chain, true), (&crowd, false)] {
        for (cluster, distinct_numbers) in [(Linking::Leader, false), (Linking::Connected, true)] {
            let roomy =
                DedupOptions { cluster, distinct_numbers, pairs, ..DedupOptions::default() };
            let tight = DedupOptions { set_bytes: 1 << 20, ..roomy.clone() };
            let (a, b) = (run(texts, &roomy), run(texts, &tight));
            assert!(a == b, "{cluster:?}");
            assert!(a.summary.largest_cluster > 2);
        }
    }
    let found = run(&chain, &DedupOptions { set_bytes: 1 << 20, ..DedupOptions::default() });
    assert_eq!(leaders(&found), naive_sliding(900, 596, 30));
}

/// Runs `texts` against the first of them.
fn against(texts: &[String], reference: usize, options: &DedupOptions) -> Deduped {
    let plan = DedupPlan::new(&DedupOptions { against: true, ..options.clone() }).unwrap();
    let mut engine = Engine::new(&plan);
    engine.push(&texts[..reference]).unwrap();
    engine.end_reference();
    engine.push(&texts[reference..]).unwrap();
    engine.finish(texts, &Unwatched).unwrap()
}

#[test]
fn against_a_reference_set_each_goes_by_the_one_it_is_most_alike() {
    for seed in 0..100u64 {
        let texts = corpus(seed, 60);
        let reference = 25;
        for measure in [Measure::Jaccard, Measure::Containment] {
            let options = DedupOptions {
                exact: true,
                measure,
                keep: Keep::First,
                pairs: true,
                ..variety(seed)
            };
            let found = against(&texts, reference, &options);
            let size = |r: usize| {
                shingles(&texts[r], options.ngram).into_iter().collect::<BTreeSet<_>>().len()
            };
            let expected: Vec<usize> = (0..texts.len())
                .map(|record| {
                    if record < reference {
                        return record;
                    }
                    // The same text first, then the best score, then the first.
                    let score = |known: usize| {
                        let fits = measure == Measure::Jaccard || size(known) >= size(record);
                        let (part, whole) = alike(&texts[record], &texts[known], &options)?;
                        fits.then(|| (texts[record] == texts[known], part * 1_000_000 / whole))
                    };
                    let best = (0..reference).filter(|&k| score(k).is_some());
                    best.max_by_key(|&k| (score(k), std::cmp::Reverse(k))).unwrap_or(record)
                })
                .collect();
            let got = leaders(&found);
            // Equal scores of a text that is no copy go by the first copy of
            // a text, which is the first of those texts.
            assert_eq!(got, expected, "seed {seed}, {measure:?}");
            for pair in &found.pairs {
                assert!((pair.a as usize) < reference && pair.b as usize >= reference);
            }
            assert_eq!(found.summary.records, 35);
            assert_eq!(found.summary.reference, 25);
            assert_eq!(found.summary.kept + found.summary.removed, 35);
            assert!((0..25).all(|r| found.is_kept(r)));
        }
    }
}

#[test]
fn nothing_is_alike_to_an_empty_reference_set() {
    let texts = boilerplate(100, 50, 0);
    for exact in [false, true] {
        let options = DedupOptions { exact, pairs: true, ..DedupOptions::default() };
        let found = against(&texts, 0, &options);
        assert_eq!((found.summary.kept, found.pairs.len()), (100, 0));
        let found = against(&texts, 100, &options);
        assert_eq!((found.summary.records, found.pairs.len()), (0, 0));
        // A plan without one has none.
        let plan = DedupPlan::new(&options).unwrap();
        let mut engine = Engine::new(&plan);
        engine.push(&texts[..50]).unwrap();
        engine.end_reference();
        engine.push(&texts[50..]).unwrap();
        assert_eq!(engine.finish(texts.as_slice(), &Unwatched).unwrap().summary.kept, 1);
    }
}

#[test]
fn signatures_find_what_is_in_the_reference_set() {
    let (mut got, mut all) = (0, 0);
    for seed in 0..60u64 {
        let texts = corpus(seed, 60);
        let options = DedupOptions { threshold: 0.7, ngram: 2, ..DedupOptions::default() };
        let some = against(&texts, 25, &options);
        let every = against(&texts, 25, &DedupOptions { exact: true, ..options });
        got += some.summary.removed;
        all += every.summary.removed;
        for record in 25..60 {
            assert!(every.is_kept(record) <= some.is_kept(record), "seed {seed}, {record}");
        }
    }
    assert!(all > 200 && got * 100 >= all * 99, "{got} of {all}");
}

#[test]
fn a_crowd_of_copies_is_found_in_the_reference_set() {
    let known = boilerplate(300, 40, 60);
    let mut texts = known.clone();
    texts.extend((0..1000).map(|n| format!("{} extra{n}", known[n % 300])));
    let found = against(&texts, 300, &DedupOptions::default());
    assert_eq!((found.summary.removed, found.summary.kept), (1000, 0));
    for n in 0..1000 {
        assert_eq!(leaders(&found)[300 + n], n % 300);
    }
}

#[test]
fn the_policy_decides_which_copy_stays() {
    let long = "a report of nine words that was sent twice";
    let texts =
        [long.to_owned(), "other".to_owned(), format!("{long}!!"), format!("A {}", &long[2..])];
    let kept = |keep: &str, fields: &[Option<&str>]| {
        let options = DedupOptions { keep: keep.parse().unwrap(), ..DedupOptions::default() };
        let plan = DedupPlan::new(&options).unwrap();
        let mut engine = Engine::new(&plan);
        engine.push_with_fields(&texts, fields).unwrap();
        let found = engine.finish(texts.as_slice(), &Unwatched).unwrap();
        found.kept().collect::<Vec<u32>>()
    };
    assert_eq!(kept("first", &[]), [0, 1]);
    assert_eq!(kept("last", &[]), [1, 3]);
    assert_eq!(kept("longest", &[]), [1, 2]);
    assert_eq!(kept("shortest", &[]), [0, 1]);
    assert_eq!(kept("none", &[]), [1]);
    assert_eq!(kept("min:n", &[Some("3"), None, Some("20"), Some("2.5")]), [1, 3]);
    assert_eq!(kept("max:n", &[Some("3"), None, Some("20"), Some("2.5")]), [1, 2]);
    assert_eq!(kept("max:n", &[None, None, None, Some("null")]), [0, 1]);
    assert_eq!(kept("max:n", &[None, None, Some("0")]), [1, 2]);
}

#[test]
fn keeping_none_removes_leaders_too() {
    let texts = corpus(3, 60);
    let all = DedupOptions { keep: Keep::None, ..DedupOptions::default() };
    let (first, none) = (run(&texts, &DedupOptions::default()), run(&texts, &all));
    assert_eq!(first.clusters, none.clusters);
    assert_eq!(none.summary.removed, first.summary.removed + first.summary.clusters);
    assert!(none.clusters.iter().all(|c| !none.is_kept(c.leader)));
    assert_eq!(none.kept().count() as u64, none.summary.kept);
}

#[test]
fn an_article_inside_another_goes_and_never_the_other() {
    let words = |from: usize, to: usize| (from..to).map(word).collect::<Vec<_>>().join(" ");
    let article = words(0, 60);
    let texts = [
        article.clone(),
        format!("{} {article} {}", words(100, 300), words(300, 500)),
        // Its words in stretches of six, far from each other.
        (0..10)
            .map(|n| format!("{} {}", words(n * 6, n * 6 + 6), words(1000 + n * 50, 1050 + n * 50)))
            .collect::<Vec<_>>()
            .join(" "),
    ];
    for keep in [Keep::First, Keep::Shortest, Keep::Last] {
        let options = DedupOptions {
            measure: Measure::Containment,
            ngram: 1,
            keep,
            ..DedupOptions::default()
        };
        let found = run(&texts, &options);
        assert_eq!(found.kept().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(found.clusters[0].kind, Kind::Contained);
        let overlap = found.clusters[0].members[0].overlap;
        assert_eq!((overlap.shared, overlap.first, overlap.second), (60, 60, 460));
    }
}

#[test]
fn templates_stay_when_numbers_are_distinct() {
    let notice = |a: &str, b: &str| {
        format!(
            "The company said its board has set a quarterly dividend of {a} cents a share payable on {b} to all holders of record"
        )
    };
    let texts = [
        notice("12", "March 3"),
        notice("15", "April 7"),
        notice("12", "March 3") + " today",
        notice("20", "May 9"),
    ];
    let options = DedupOptions { threshold: 0.6, ngram: 1, pairs: true, ..DedupOptions::default() };
    for exact in [false, true] {
        let options = DedupOptions { exact, ..options.clone() };
        assert_eq!(run(&texts, &options).summary.kept, 1);
        let distinct = DedupOptions { distinct_numbers: true, ..options };
        let found = run(&texts, &distinct);
        assert_eq!(found.kept().collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!(found.summary.refused_by_numbers, 5);
        assert_eq!(found.pairs.len(), 1);
    }
}

#[test]
fn differing_words_are_named_on_request() {
    let text = "the council has agreed to repair the old bridge before winter comes";
    let texts = [text.to_owned(), format!("{text} again"), text.to_uppercase()];
    let options = DedupOptions { explain: true, ..DedupOptions::default() };
    let found = run(&texts, &options);
    let members = &found.clusters[0].members;
    let differs = members[1].differs.as_ref().unwrap();
    assert_eq!(
        (differs.0.first.as_slice(), differs.1.first.len()),
        (["again".to_owned()].as_slice(), 0)
    );
    assert!(members[0].differs.is_none() && members[2].differs.is_none());
    assert!(run(&texts, &DedupOptions::default()).clusters[0].members[1].differs.is_none());
}

#[test]
fn characters_are_a_unit_of_their_own() {
    let texts = [
        "abcdefghijklmnopqrstuvwxyz",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "zyxwvut",
    ];
    let texts = texts.map(str::to_owned);
    let options = DedupOptions { unit: Unit::Char, ngram: 7, ..DedupOptions::default() };
    let found = run(&texts, &options);
    assert_eq!(found.kept().collect::<Vec<_>>(), [0, 2]);
    assert_eq!(found.clusters[0].members[1].overlap.shared, 20);
    assert_eq!(found.summary.short, 0);
}

/// Texts some of which cannot be had again.
struct Lost<'a>(&'a [String], u32);

impl Texts for Lost<'_> {
    type Error = u32;

    fn text(&self, record: u32, buffer: &mut String) -> Result<(), u32> {
        if record >= self.1 {
            return Err(record);
        }
        buffer.clone_from(&self.0[record as usize]);
        Ok(())
    }
}

#[test]
fn a_text_that_cannot_be_had_again_ends_the_search() {
    let texts = boilerplate(50, 100, 3);
    for (options, expected) in [
        (DedupOptions::default(), 20),
        (DedupOptions { exact: true, explain: true, ..DedupOptions::default() }, 20),
    ] {
        let plan = DedupPlan::new(&options).unwrap();
        let mut engine = Engine::new(&plan);
        engine.push(&texts).unwrap();
        let error = engine.finish(&Lost(&texts, 20), &Unwatched).unwrap_err();
        assert!(matches!(error, DocumentsError::Text(text) if text == expected), "{error}");
    }
}

/// A run that may hold so many bytes, what was spilled, and its result.
fn within(texts: &[String], options: &DedupOptions, bytes: u64) -> (u64, Deduped) {
    let dir = tempfile::tempdir().unwrap();
    let room = Room { budget: Budget::of(bytes), scratch: Scratch::new(dir.path()) };
    let mut engine = Engine::within(&DedupPlan::new(options).unwrap(), &room);
    // With a reference set, a third.
    let (reference, others) = texts.split_at(texts.len() / 3);
    engine.push(reference).unwrap();
    engine.end_reference();
    engine.push(others).unwrap();
    let found = engine.finish(texts, &Unwatched).unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    (room.scratch.written(), found)
}

/// Texts of which many share a bucket, most of them not alike.
fn crowd(seed: u64, texts: usize) -> Vec<String> {
    let mut state = seed;
    let shared: Vec<String> = (0..60).map(word).collect();
    let text = |state: &mut u64| {
        let own = splitmix64(state) % 200;
        let n = 5 + splitmix64(state) % 60;
        let own = (0..n).map(|i| word((1000 + own * 100 + i) as usize));
        shared.iter().cloned().chain(own).collect::<Vec<String>>().join(" ")
    };
    (0..texts).map(|_| text(&mut state)).collect()
}

#[test]
fn the_memory_that_may_be_held_changes_nothing() {
    for (seed, texts) in [corpus(1, 300), corpus(2, 1500), crowd(3, 600)].iter().enumerate() {
        for (pairs, against) in [(false, false), (true, false), (false, true), (true, true)] {
            let options = DedupOptions {
                threshold: 0.7,
                explain: seed < 2,
                distinct_numbers: seed == 0,
                pairs,
                against,
                ..DedupOptions::default()
            };
            let (written, whole) = within(texts, &options, u64::MAX);
            assert_eq!(written, 0);
            assert!(seed != 2 || whole.summary.large_buckets > 0);
            for bytes in [12 * texts.len() as u64 + 20_000, 1_000_000, 20_000_000] {
                for threads in [1, 2, 8] {
                    let (written, found) = on(threads, || within(texts, &options, bytes));
                    assert!(found == whole, "{bytes} bytes, {threads} threads, {options:?}");
                    assert!(written > 0 || bytes >= 1_000_000);
                }
            }
        }
    }
}

#[test]
fn whichever_record_stays_the_memory_changes_nothing() {
    // Most texts are copies, most others in one component; some are short.
    let mut texts: Vec<String> = crowd(7, 200);
    texts.extend(corpus(8, 200));
    let mut state = 9;
    for _ in 0..2000 {
        texts.push(texts[splitmix64(&mut state) as usize % 400].clone());
    }
    for keep in [Keep::First, Keep::Last, Keep::Longest, Keep::Shortest, Keep::None] {
        for cluster in [Linking::Leader, Linking::Connected] {
            let options = DedupOptions {
                threshold: 0.6,
                keep: keep.clone(),
                cluster,
                pairs: true,
                explain: true,
                ..DedupOptions::default()
            };
            let (written, whole) = within(&texts, &options, u64::MAX);
            assert!(written == 0 && whole.summary.removed > 2000);
            for threads in [1, 4] {
                let (written, found) = on(threads, || within(&texts, &options, 60_000));
                assert!(found == whole, "{threads} threads, {options:?}");
                assert!(written > 0);
            }
        }
    }
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn the_complete_join_is_the_same_on_disk() {
    for (seed, texts) in [corpus(1, 300), corpus(4, 900), crowd(3, 300)].iter().enumerate() {
        for (n, measure) in [Measure::Jaccard, Measure::Containment].repeat(4).iter().enumerate() {
            let options = DedupOptions {
                measure: *measure,
                exact: true,
                threshold: [0.7, 0.4, 0.9][seed],
                pairs: n / 2 == 1,
                against: n / 2 == 2,
                cluster: if n / 2 == 3 { Linking::Connected } else { Linking::Leader },
                distinct_numbers: n == 0,
                ..DedupOptions::default()
            };
            let (_, whole) = within(texts, &options, u64::MAX);
            assert!(whole.summary.removed > 10);
            for bytes in [22 * texts.len() as u64 + 20_000, 1_000_000] {
                for threads in [1, 8] {
                    let (written, found) = on(threads, || within(texts, &options, bytes));
                    assert!(
                        found == whole,
                        "{seed}: {bytes} bytes, {threads} threads, {options:?}"
                    );
                    assert!(written > 0 || bytes >= 1_000_000);
                }
            }
        }
    }
}

#[test]
fn records_that_do_not_fit_the_memory_are_refused_with_the_numbers() {
    let plan = DedupPlan::new(&DedupOptions::default()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let room = Room { budget: Budget::of(1 << 20), scratch: Scratch::new(dir.path()) };
    let mut engine = Engine::within(&plan, &room);
    let error = engine.push(&vec!["a"; 1_100_000]).unwrap_err().to_string();
    assert!(error.starts_with("--memory 1M is not enough") && error.contains("2M"), "{error}");
}

#[test]
fn wherever_the_disk_fails_there_is_an_error() {
    let texts = crowd(5, 400);
    let options = DedupOptions { threshold: 0.7, pairs: true, ..DedupOptions::default() };
    let plan = DedupPlan::new(&options).unwrap();
    let whole = run(&texts, &options);
    let dir = tempfile::tempdir().unwrap();
    for op in [Op::Create, Op::Write, Op::Read] {
        let mut n = 1;
        loop {
            let storage = Failing::nth(op, n, Fault::Always(std::io::ErrorKind::StorageFull));
            let scratch = Scratch::of(Arc::new(storage.clone()), dir.path());
            let room = Room { budget: Budget::of(60_000), scratch };
            let mut engine = Engine::within(&plan, &room);
            let pushed = engine.push(&texts);
            let result = match pushed {
                Ok(()) => engine.finish(texts.as_slice(), &Unwatched).map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            if !storage.fired() {
                assert!(result.unwrap() == whole);
                break;
            }
            let error = result.unwrap_err();
            assert!(error.contains("the disk is full"), "{op:?} {n}: {error}");
            // Every one of the first, then fewer.
            n += 1 + n / 20;
        }
        assert!(n > 3, "{op:?}");
    }
}
