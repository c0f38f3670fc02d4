use super::*;
use crate::options::find::Scope;

/// Words by number.
fn text(words: impl IntoIterator<Item = u64>) -> String {
    words.into_iter().map(|w| format!("w{w} ")).collect()
}

fn fresh(state: &mut u64, n: usize) -> Vec<u64> {
    (0..n).map(|_| hash::splitmix64(state)).collect()
}

/// Clusters as (words from, words to, repeats), for texts of words and
/// single spaces.
fn clusters(texts: &[String], options: &FindOptions) -> Vec<Vec<(u32, usize, usize, u32)>> {
    let named: Vec<(&str, &str)> = texts.iter().map(|t| ("", t.as_str())).collect();
    let found = find(&named, options).unwrap();
    let word = |d: u32, byte: u32| texts[d as usize][..byte as usize].matches(' ').count();
    found
        .clusters
        .iter()
        .map(|c| {
            let place = |o: &crate::report::Occurrence| {
                let d = o.document;
                (d, word(d, o.span.start), word(d, o.span.end) + 1, o.repeats)
            };
            c.occurrences.iter().map(place).collect()
        })
        .collect()
}

#[test]
fn a_cluster_never_lists_two_places_of_the_same_text() {
    for seed in 0..400u64 {
        let mut state = seed;
        let passage = fresh(&mut state, 60);
        // Each text has one front part, the first the whole.
        let texts: Vec<String> = (0..3 + seed % 5)
            .map(|n| {
                let part = if n == 0 { 60 } else { 30 + hash::splitmix64(&mut state) % 31 };
                let words = [
                    fresh(&mut state, 30),
                    passage[..part as usize].to_vec(),
                    fresh(&mut state, 30),
                ];
                text(words.concat())
            })
            .collect();
        let options = FindOptions { pairs: true, ..FindOptions::default() };
        for c in clusters(&texts, &options) {
            for (n, x) in c.iter().enumerate() {
                for y in &c[..n] {
                    let shared = x.2.min(y.2).saturating_sub(x.1.max(y.1));
                    let short = (x.2 - x.1).min(y.2 - y.1);
                    assert!(x.0 != y.0 || 2 * shared <= short, "seed {seed}: {x:?} {y:?}");
                }
            }
        }
    }
}

#[test]
fn words_repeated_one_after_the_other_are_a_run_each() {
    let found = clusters(&[text((0..600).map(|n| n / 200))], &FindOptions::default());
    assert_eq!(found, [[(0, 0, 200, 200)], [(0, 200, 400, 200)], [(0, 400, 600, 200)]]);
}

#[test]
fn texts_of_two_words_are_covered_by_what_is_found() {
    let mut fibonacci = (vec![0u64], vec![0u64, 1]);
    while fibonacci.1.len() < 3000 {
        let next = [&fibonacci.1[..], &fibonacci.0].concat();
        fibonacci = (fibonacci.1, next);
    }
    let thue_morse: Vec<u64> = (0..3000u64).map(|n| u64::from(n.count_ones() % 2)).collect();
    for words in [fibonacci.1, thue_morse] {
        let n = words.len();
        let found = clusters(&[text(words)], &FindOptions::default());
        let mut covered = vec![false; n];
        found.iter().flatten().for_each(|o| covered[o.1..o.2].fill(true));
        assert!(covered.iter().filter(|&&c| c).count() * 10 >= 9 * n);
    }
}

#[test]
fn a_line_between_others_is_a_cluster_and_turns_are_runs() {
    let mut state = 8;
    let (a, b, c) = (fresh(&mut state, 30), fresh(&mut state, 30), fresh(&mut state, 30));
    // A B A B … A C A C …: two runs of 60 words each.
    let turns = |x: &[u64], y: &[u64]| [x, y].concat().repeat(20);
    let words = [turns(&a, &b), turns(&a, &c)].concat();
    let found = clusters(&[text(words)], &FindOptions::default());
    let runs: Vec<_> = found.iter().flatten().filter(|o| o.3 > 1).copied().collect();
    assert_eq!(runs.len(), 2, "{found:?}");
    assert!(runs.iter().all(|r| r.3 == 20), "{runs:?}");
    // A B1 A B2 …: one cluster of all places of A.
    let words: Vec<u64> =
        (0..200).flat_map(|_| [a.clone(), fresh(&mut state, 40)].concat()).collect();
    let found = clusters(&[text(words)], &FindOptions::default());
    let want: Vec<_> = (0..200).map(|n| (0, 70 * n, 70 * n + 30, 1)).collect();
    assert_eq!(found, [want]);
}

#[test]
fn a_page_in_many_documents_is_one_cluster() {
    let mut state = 9;
    let page = fresh(&mut state, 100);
    let texts: Vec<String> = (0..2000)
        .map(|n| {
            let (before, after) = (fresh(&mut state, n % 17), fresh(&mut state, 9));
            text([before, page.clone(), after].concat())
        })
        .collect();
    let found = clusters(&texts, &FindOptions::default());
    let want: Vec<_> = (0..2000).map(|n| (n as u32, n % 17, n % 17 + 100, 1)).collect();
    assert_eq!(found, [want]);
}

#[test]
fn words_beyond_an_edit_do_not_cost_the_passage_before_it() {
    let words =
        |from: u32, n: u32| -> String { (from..from + n).map(|w| format!("w{w} ")).collect() };
    // 30 words, an edit, 3 words more: 33 of 34.
    let text = |own: u32| {
        [words(own, 9), words(0, 30), words(own + 9, 1), words(100, 3), words(own + 10, 9)].concat()
    };
    let texts = [text(1000), text(2000)];
    let texts = [("a", texts[0].as_str()), ("b", texts[1].as_str())];
    for (threshold, expected) in [(1.0, 30), (0.98, 30), (0.97, 34), (0.7, 34)] {
        let options = FindOptions { threshold, ..FindOptions::default() };
        let found = find(&texts, &options).unwrap();
        let lengths: Vec<u32> = found.clusters.iter().map(|c| c.words).collect();
        assert_eq!(lengths, [expected], "{threshold}");
    }
}

#[test]
fn short_passages_side_by_side_are_two_places() {
    let options = FindOptions { min_words: 3, pairs: true, ..FindOptions::default() };
    let found = find(&[("a", "w1 w0 w1 w1 w0 w1")], &options).unwrap();
    assert_eq!((found.clusters.len(), found.pairs.len()), (1, 1));
    assert_eq!(found.clusters[0].occurrences.len(), 2);
}

#[test]
fn small_texts_over_few_words_are_searched_under_all_options() {
    for seed in 0..3000u64 {
        let mut state = seed;
        let mut draw = |n: u64| hash::splitmix64(&mut state) % n;
        let words = 2 + draw(6);
        let mut text =
            || -> String { (0..draw(60)).map(|_| format!("w{} ", draw(words))).collect() };
        let texts = [text(), text(), text()];
        let texts: Vec<(&str, &str)> = texts.iter().map(|t| ("", t.as_str())).collect();
        let options = FindOptions {
            scope: [Scope::Within, Scope::Across, Scope::All][(seed % 3) as usize],
            min_words: 1 + (seed / 3 % 6) as usize,
            threshold: [0.3, 0.5, 0.7, 1.0][(seed / 18 % 4) as usize],
            max_gap: (seed / 72 % 3) as usize * 16,
            pairs: true,
            ..FindOptions::default()
        };
        let found = find(&texts, &options).unwrap();
        for pair in &found.pairs {
            assert!((1..=found.clusters.len() as u32).contains(&pair.cluster), "seed {seed}");
        }
    }
}
