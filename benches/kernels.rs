//! Time of each kernel of near-duplicate documents, on each vector unit of the
//! machine. Every answer is checked.
//!
//! `cargo bench --bench kernels [PART]` prints the least of 25 rounds; `PART`
//! selects the lines that contain it.
#![allow(missing_docs, clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;

use twicetold::hash;
use twicetold::lsh;
use twicetold::lsh::Bander;
use twicetold::lsh::Keys;
use twicetold::lsh::Pairing;
use twicetold::options::banding::Banding;
use twicetold::radix::Sorter;
use twicetold::shingle::Shingler;
use twicetold::signature;
use twicetold::signature::Signatures;
use twicetold::simd::Unit;
use twicetold::sketch::Sketcher;
use twicetold::verify;
use twicetold::verify::Precheck;

const SLOTS: usize = 128;

fn main() {
    let wanted = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let bench = Bench { wanted };
    sketches(&bench);
    shingles(&bench);
    sorting(&bench);
    overlaps(&bench);
    bands(&bench);
}

struct Bench {
    wanted: String,
}

impl Bench {
    /// Prints the nanoseconds of one of the `count` things that `work` does,
    /// and returns its answer.
    fn time<R: PartialEq>(&self, name: &str, count: usize, mut work: impl FnMut() -> R) -> R {
        let answer = work();
        if name.contains(&self.wanted) {
            let mut least = f64::INFINITY;
            for _ in 0..25 {
                let start = Instant::now();
                let again = black_box(work());
                least = least.min(start.elapsed().as_secs_f64());
                assert!(again == answer, "{name}: the answer changed");
            }
            println!("{name:<44} {:>9.2} ns", least * 1e9 / count as f64);
        }
        answer
    }
}

fn noise(seed: u64, n: usize) -> Vec<u64> {
    let mut state = seed;
    (0..n).map(|_| hash::splitmix64(&mut state)).collect()
}

/// Sum of what all units must agree on.
fn fold(values: &[u32]) -> u64 {
    values.iter().fold(0, |h, &v| hash::finish(h ^ u64::from(v)))
}

fn sketches(bench: &Bench) {
    for n in [30, 300, 3000] {
        let documents: Vec<Vec<u32>> = (0..150_000 / n)
            .map(|d| noise(d as u64, n).iter().map(|&x| (x >> 32) as u32).collect())
            .collect();
        let answers: Vec<u64> = Unit::all()
            .into_iter()
            .map(|unit| {
                let sketcher = Sketcher::on(unit, SLOTS, 42);
                let mut row = [0; SLOTS];
                bench.time(&format!("sketch, shingles {n}, {}", unit.name()), 150_000, || {
                    documents.iter().fold(0, |h, lanes| {
                        sketcher.sketch(black_box(lanes), &mut row);
                        h ^ hash::finish(u64::from(black_box(&row)[h as usize % SLOTS]))
                    })
                })
            })
            .collect();
        assert!(answers.iter().all(|a| *a == answers[0]));
    }
}

fn shingles(bench: &Bench) {
    let tokens = noise(1, 600);
    let weights: Vec<u8> = (0..600).map(|n| if n % 3 == 0 { 5 } else { 2 }).collect();
    let rounds = 200;
    for unit in Unit::all() {
        for words in [3, 5] {
            let shingler = Shingler::on(unit, words);
            let mut lanes = Vec::new();
            let name = format!("lanes, words {words}, {}", unit.name());
            let answer = bench.time(&name, rounds * 600, || {
                for _ in 0..rounds {
                    shingler.lanes(black_box(&tokens), &[], &mut lanes);
                    black_box(&mut lanes);
                }
                fold(&lanes)
            });
            let direct: Vec<u32> =
                tokens.windows(words).map(|w| (hash::window(w) >> 32) as u32).collect();
            assert_eq!(answer, fold(&direct));
        }
        let shingler = Shingler::on(unit, 5);
        let mut lanes = Vec::new();
        let name = format!("lanes, weighted 5, {}", unit.name());
        bench.time(&name, rounds * 600, || {
            for _ in 0..rounds {
                shingler.lanes(black_box(&tokens), &weights, &mut lanes);
                black_box(&mut lanes);
            }
            fold(&lanes)
        });
        let (mut set, mut sorter) = (Vec::new(), Sorter::default());
        let size = bench.time(&format!("set, words 5, {}", unit.name()), rounds * 600, || {
            for _ in 0..rounds {
                shingler.set(black_box(&tokens), &[], &mut sorter, &mut set);
                black_box(&mut set);
            }
            set.len()
        });
        assert_eq!(size, 596);
    }
}

fn sorting(bench: &Bench) {
    for n in [60, 600, 6000, 600_000] {
        let rows: Vec<Vec<u64>> = (0..600_000 / n).map(|d| noise(d as u64, n)).collect();
        let mut row = Vec::new();
        let mut sorter = Sorter::default();
        let ours = bench.time(&format!("sort, hashes {n}, radix"), 600_000, || {
            for values in &rows {
                row.clone_from(values);
                sorter.sort_hashes(&mut row);
            }
            row.clone()
        });
        let theirs = bench.time(&format!("sort, hashes {n}, standard"), 600_000, || {
            for values in &rows {
                row.clone_from(values);
                row.sort_unstable();
            }
            row.clone()
        });
        assert!(ours == theirs);
    }
}

/// Two sets of `n` members of which `common` are in both.
fn pair(seed: u64, n: usize, common: usize) -> [Vec<u64>; 2] {
    let members = noise(seed, 2 * n - common);
    let mut sets = [members[..n].to_vec(), members[n - common..].to_vec()];
    sets.iter_mut().for_each(|set| set.sort_unstable());
    sets
}

fn overlaps(bench: &Bench) {
    for (n, parts) in [(60, 8), (600, 5), (600, 6), (600, 8), (600, 9), (6000, 8)] {
        let j = f64::from(parts) / 10.0;
        let common = (2.0 * n as f64 * j / (1.0 + j)) as usize;
        let pairs: Vec<[Vec<u64>; 2]> =
            (0..60_000 / n).map(|seed| pair(seed as u64, n, common)).collect();
        for (needed, what) in [(0, "to the end"), (n as u64 * 16 / 18, "needed .8")] {
            for unit in Unit::all() {
                let name = format!("overlap, {n}, J {j}, {what}, {}", unit.name());
                let reached = bench.time(&name, pairs.len(), || {
                    let reach = |[a, b]: &&[Vec<u64>; 2]| {
                        verify::overlap_on(unit, black_box(a), b, needed) == Some(common as u64)
                    };
                    pairs.iter().filter(reach).count()
                });
                assert_eq!(reached, if common as u64 >= needed { pairs.len() } else { 0 });
            }
        }
    }
    let mut large = noise(7, 64_000);
    for ratio in [16, 31, 32, 64, 256] {
        let mut small = large[..large.len() / ratio].to_vec();
        small.sort_unstable();
        large.sort_unstable();
        let name = format!("overlap, 64000 with one in {ratio}");
        let found = bench.time(&name, 1, || verify::overlap(black_box(&small), &large, 0));
        assert_eq!(found, Some(small.len() as u64));
        large = noise(7, 64_000);
    }
}

/// Signatures of documents of which one in three is a near duplicate of the
/// one before.
fn signatures(documents: usize) -> Signatures {
    let sketcher = Sketcher::new(SLOTS, 42);
    let mut all = Signatures::new(SLOTS);
    let mut row = [0; SLOTS];
    let mut lanes: Vec<u32> = Vec::new();
    let mut state = 3;
    for d in 0..documents {
        let edits = if d % 3 == 2 { 2 } else { 40 };
        lanes.resize(40, 0);
        lanes[..edits].fill_with(|| hash::splitmix64(&mut state) as u32);
        sketcher.sketch(&lanes, &mut row);
        all.extend(&row).expect("few documents");
    }
    all
}

fn bands(bench: &Bench) {
    let documents = 140_000;
    let all = signatures(documents);
    let banding = Banding::choose(0.8, SLOTS, 0.99).expect("reachable");
    let mut bander = Bander::default();
    let mut found = Vec::new();
    let keys = bench.time("bands, keys, a document", documents, || {
        let mut keys = Keys::new(banding);
        for d in 0..documents as u32 {
            keys.push(all.row(d));
        }
        keys
    });
    bench.time("bands, a document and band", documents * banding.bands(), || {
        found.clear();
        for band in 0..banding.bands() {
            let mut pairs = Vec::new();
            bander.pairs(&keys, &all, band, Pairing::Neighbours, |a, b| {
                pairs.push(lsh::pack(a, b));
            });
            found.push(pairs);
        }
        found.iter().map(Vec::len).sum::<usize>()
    });
    let total = found.iter().map(Vec::len).sum();
    let pairs =
        bench.time("bands, distinct, a pair", total, || lsh::distinct(black_box(found.clone())));
    // Of the near duplicates, with 38 of 42 shingles in common, all but one in
    // ten thousand are found.
    let planted = pairs.iter().map(|&p| lsh::unpack(p)).filter(|&(a, b)| b % 3 == 2 && a + 1 == b);
    assert!(planted.count() * 10_000 >= documents / 3 * 9_990);
    let check = Precheck::new(SLOTS);
    let refuted = bench.time("bands, precheck, a pair", pairs.len(), || {
        let refutes = |&&p: &&u64| {
            let (a, b) = lsh::unpack(p);
            check.refutes(signature::agreeing(all.row(a), all.row(b)), 36, 80)
        };
        pairs.iter().filter(refutes).count()
    });
    assert!(refuted * 1000 < pairs.len());
    // One bucket in which every document agrees.
    let mut same = Signatures::new(SLOTS);
    let mut state = 4;
    for _ in 0..20_000 {
        let mut row: Vec<u32> =
            (0..SLOTS).map(|_| (hash::splitmix64(&mut state) % 30) as u32).collect();
        row[..6].fill(9);
        same.extend(&row).expect("few documents");
    }
    let mut keys = Keys::new(banding);
    for d in 0..20_000 {
        keys.push(same.row(d));
    }
    let (large, pairs) = bench.time("bands, a document of one large bucket", 20_000, || {
        let mut pairs = 0;
        let large = bander.pairs(&keys, &same, 0, Pairing::Neighbours, |_, _| pairs += 1);
        (large, pairs)
    });
    assert_eq!((large, pairs), (1, 2 * (4 * 20_000 - 10)));
}
