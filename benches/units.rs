//! Where MinHash overtakes the join that misses no pair, for whole units.
//!
//! ```text
//! cargo bench --bench units -- DUMP.jsonl paragraph|sentence|line [MEGABYTES…]
//! ```
//!
//! For the first so many megabytes of the texts of a dump (1, 4, 16, all), and
//! for four thresholds, prints the units, the processor seconds of either way
//! by the least of three runs taken in turns, their ratio, and of the pairs of
//! clusters' members that the join finds the share that MinHash finds. Ends
//! with an error when MinHash reports a pair that the join does not have.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::HashSet;

use serde_json::Value;
use twicetold::FindOptions;
use twicetold::options::find::Level;
use twicetold::options::find::Method;
use twicetold::report::Found;

const MEGABYTE: usize = 1_000_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [dump, level, sizes @ ..] = args.as_slice() else {
        println!("units: give a dump and a level (see the file); nothing to do");
        return;
    };
    let level = match level.as_str() {
        "paragraph" => Level::Paragraph,
        "sentence" => Level::Sentence,
        "line" => Level::Line,
        other => panic!("no level: {other}"),
    };
    let texts = read(dump);
    let mut sizes: Vec<usize> = sizes.iter().map(|s| s.parse().unwrap()).collect();
    if sizes.is_empty() {
        sizes = vec![1, 4, 16, usize::MAX / MEGABYTE];
    }
    println!("      MB      units   t   join s   lsh s   lsh/join   pairs (join)   found by lsh");
    for size in sizes {
        let texts = first(&texts, size.saturating_mul(MEGABYTE));
        for threshold in [0.5, 0.7, 0.8, 0.9] {
            row(&texts, level, threshold);
        }
    }
}

fn row(texts: &[(&str, &str)], level: Level, threshold: f64) {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..3 {
        for (best, method) in best.iter_mut().zip([Method::Join, Method::Lsh]) {
            let start = seconds();
            run(texts, level, threshold, method, false);
            *best = best.min(seconds() - start);
        }
    }
    let all = run(texts, level, threshold, Method::Join, true);
    let some = run(texts, level, threshold, Method::Lsh, true);
    let (all_pairs, some_pairs) = (pairs(&all), pairs(&some));
    assert!(some_pairs.is_subset(&all_pairs), "a pair that the join does not have");
    let megabytes = all.summary.bytes as f64 / MEGABYTE as f64;
    println!(
        "{megabytes:8.1} {:10} {threshold:.1} {:8.2} {:7.2} {:10.2} {:14} {:14.4}",
        all.summary.units,
        best[0],
        best[1],
        best[1] / best[0],
        all_pairs.len(),
        some_pairs.len() as f64 / all_pairs.len().max(1) as f64,
    );
}

fn run(texts: &[(&str, &str)], level: Level, t: f64, method: Method, pairs: bool) -> Found {
    let options =
        FindOptions { level, threshold: t, method: Some(method), pairs, ..FindOptions::default() };
    twicetold::find(texts, &options).unwrap()
}

/// Near pairs: those that are the same word for word need no comparison.
fn pairs(found: &Found) -> HashSet<(u32, u32, u32, u32)> {
    let near = found.pairs.iter().filter(|p| p.score.matches < p.score.columns);
    near.map(|p| (p.a.0, p.a.1.start, p.b.0, p.b.1.start)).collect()
}

fn read(dump: &str) -> Vec<String> {
    let text = |line: &str| -> String {
        let record: Value = serde_json::from_str(line).unwrap();
        record["text"].as_str().unwrap().to_owned()
    };
    std::fs::read_to_string(dump).unwrap().lines().map(text).collect()
}

fn first(texts: &[String], bytes: usize) -> Vec<(&str, &str)> {
    let mut taken = 0usize;
    let fits = |text: &&String| {
        taken = taken.saturating_add(text.len());
        taken <= bytes
    };
    texts.iter().take_while(fits).map(|text| ("", text.as_str())).collect()
}

/// Processor time of this process.
fn seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
