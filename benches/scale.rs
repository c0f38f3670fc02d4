//! What grows faster than the text: links and chains for each fingerprint.
//!
//! `cargo bench --bench scale -- TEXT.jsonl [MORE.jsonl …]` reads records with
//! a member `text`, searches between them as `find --scope across` does up to
//! the alignments, and prints one line for the records of the first file, of
//! the first two, and so on.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::io::BufRead;

use twicetold::options::WORD_WEIGHT;
use twicetold::options::find::FindOptions;
use twicetold::options::find::FindPlan;
use twicetold::options::find::Scope;
use twicetold::passage::Match;
use twicetold::passage::chain::Aligner;
use twicetold::passage::fingerprint;
use twicetold::passage::rows::Rows;
use twicetold::passage::seed;
use twicetold::passage::seed::Linking;
use twicetold::text::Hashes;
use twicetold::text::tokenize;

fn read(path: &str, plan: &FindPlan, rows: &mut Rows, prints: &mut Vec<u64>) {
    let mut tokens = Hashes::default();
    let mut own = Vec::new();
    for line in std::io::BufReader::new(std::fs::File::open(path).unwrap()).lines() {
        let record: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        tokens.clear();
        tokenize(record["text"].as_str().unwrap(), &mut tokens);
        own.clear();
        fingerprint::winnow(&tokens.hashes, &tokens.weights, plan.seeds(), &mut own);
        let first = rows.tokens().len() as u32;
        let row: Vec<u32> = tokens.hashes.iter().map(|&h| (h >> 32) as u32).collect();
        rows.push(&row, &tokens.weights).unwrap();
        prints.extend(own.iter().map(|f| seed::pack(f.hash, first + f.position)));
    }
}

/// Chains tried and alignments found over `links`, which it sorts.
fn align(rows: &Rows, links: &mut [u64], plan: &FindPlan) -> (u64, Vec<Match>) {
    let documents = |l: u64| (rows.document((l >> 32) as u32), rows.document(l as u32));
    links.sort_unstable_by_key(|&l| {
        let (a, b) = ((l >> 32) as u32, l as u32);
        (documents(l), b - a, a)
    });
    let (mut aligner, mut found, mut near) = (Aligner::default(), Vec::new(), Vec::new());
    for own in links.chunk_by(|x, y| documents(*x) == documents(*y)) {
        near.clear();
        near.extend(own.iter().map(|&l| (l as u32 - (l >> 32) as u32, (l >> 32) as u32)));
        aligner.align(rows, documents(own[0]), &near, plan, &mut found);
    }
    (aligner.tried, found)
}

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).filter(|a| a.ends_with(".jsonl")).collect();
    let options = FindOptions { scope: Scope::Across, ..FindOptions::default() };
    let plan = FindPlan::new(&options).unwrap();
    let (mut rows, mut prints) = (Rows::default(), Vec::new());
    println!(
        "tokens fingerprints agreement links/print of-large-groups/print chains/print matches/chain"
    );
    for path in paths {
        read(&path, &plan, &mut rows, &mut prints);
        prints.sort_unstable();
        let size = |own: &&[u64]| own.len() > seed::ALL_PAIRS;
        let wide = seed::agreement(rows.tokens().len());
        for more in 0..=(wide + 1) {
            let least = if more == 0 { 0 } else { (plan.seeds().words + more) * WORD_WEIGHT };
            let how = Linking { scope: Scope::Across, least };
            let (mut links, mut large) = (Vec::new(), 0);
            for own in prints.chunk_by(|x, y| x >> 32 == y >> 32) {
                let before = links.len();
                seed::links(&rows, own, how, &mut links);
                large += if size(&own) { links.len() - before } else { 0 };
            }
            let all = links.len() as f64;
            links.sort_unstable();
            links.dedup();
            let (chains, found) = align(&rows, &mut links, &plan);
            let n = prints.len() as f64;
            println!(
                "{:>10} {:>10} {more}{} {:.3} {:.3} {:.3} {:.3}",
                rows.tokens().len(),
                prints.len(),
                if more == wide { "*" } else { " " },
                all / n,
                large as f64 / n,
                chains as f64 / n,
                found.len() as f64 / chains.max(1) as f64,
            );
        }
    }
}
