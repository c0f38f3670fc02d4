//! Signatures of a reference set and of others -> candidate pairs of the two
//! sides, band by band.
//!
//! As [`crate::lsh`], but no pair has both documents on one side. In a bucket
//! with up to [`ALL_PAIRS`] documents of the reference set, each other document
//! is paired with all of them; with more, they are sorted by the rest of their
//! signatures, and it is paired with its [`WINDOW`] neighbours on either side;
//! then once more, from another place of the signature on.
//!
//! * time: `O(documents * rows)` a band and the pairs found, at most
//!   [`ALL_PAIRS`] a document
//! * space: 16 bytes a document
//!
//! That many documents of the other side share a bucket makes no difference,
//! so that copies do not push each other away from what they are copies of.

use crate::lsh::ALL_PAIRS;
use crate::lsh::WINDOW;
use crate::lsh::pack;
use crate::lsh::short_key;
use crate::lsh::turns;
use crate::options::banding::Banding;
use crate::radix::Sorter;
use crate::signature::Signatures;
use crate::signature::is_of_empty_set;
use std::cmp::Ordering;
use std::ops::Range;

/// Passes each candidate pair of band `band` to `found`, the document of the
/// reference set first: those with numbers below `reference`. Returns the
/// number of buckets with more than [`ALL_PAIRS`] of them.
///
/// Pairs come in an order that depends on nothing but the arguments; one of a
/// large bucket may come several times.
///
/// # Panics
///
/// If there is no such band, or the signatures are too short for it.
pub fn pairs(
    signatures: &Signatures,
    reference: u32,
    banding: Banding,
    band: usize,
    mut found: impl FnMut(u32, u32),
) -> u64 {
    assert!(band < banding.bands(), "bands are numbered from 0");
    let start = band * banding.rows();
    let place = start..start + banding.rows();
    let known = records(signatures, 0..reference, band, &place);
    let asked = records(signatures, reference..signatures.len() as u32, band, &place);
    let same = |x: &u64, y: &u64| x >> 32 == y >> 32;
    let mut known = known.chunk_by(same).peekable();
    let (mut bucket, mut order, mut large) = (Vec::new(), Vec::new(), 0);
    for asked in asked.chunk_by(same) {
        while known.next_if(|k| k[0] >> 32 < asked[0] >> 32).is_some() {}
        let Some(known) = known.next_if(|k| k[0] >> 32 == asked[0] >> 32) else {
            continue;
        };
        bucket.clear();
        bucket.extend(known.iter().map(|&record| record as u32));
        if bucket.len() <= ALL_PAIRS {
            for &d in asked {
                let d = d as u32;
                bucket.iter().for_each(|&k| found(k, d));
            }
            continue;
        }
        large += 1;
        for from in turns(banding, signatures.num_perm(), band) {
            order.clone_from(&bucket);
            order.sort_unstable_by(|&x, &y| compare(signatures, x, y, from).then(x.cmp(&y)));
            for &d in asked {
                let d = d as u32;
                let at = order.partition_point(|&k| compare(signatures, k, d, from).is_lt());
                let near = at.saturating_sub(WINDOW)..order.len().min(at + WINDOW);
                order[near].iter().for_each(|&k| found(k, d));
            }
        }
    }
    large
}

/// Key and number of each document, sorted.
fn records(
    signatures: &Signatures,
    documents: Range<u32>,
    band: usize,
    place: &Range<usize>,
) -> Vec<u64> {
    let banded = documents.filter(|&d| !is_of_empty_set(signatures.row(d)));
    let mut records: Vec<u64> =
        banded.map(|d| pack(short_key(band, &signatures.row(d)[place.clone()]), d)).collect();
    Sorter::default().sort_bits(&mut records, 32..64);
    records
}

/// Compares two signatures, read in a circle from place `from` on.
fn compare(signatures: &Signatures, a: u32, b: u32, from: usize) -> Ordering {
    let from = from % signatures.num_perm();
    let (a, b) = (signatures.row(a), signatures.row(b));
    a[from..].cmp(&b[from..]).then_with(|| a[..from].cmp(&b[..from]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use std::collections::BTreeSet;

    fn found(signatures: &Signatures, reference: u32, banding: Banding) -> (Vec<(u32, u32)>, u64) {
        let (mut all, mut large) = (BTreeSet::new(), 0);
        for band in 0..banding.bands() {
            large += pairs(signatures, reference, banding, band, |a, b| {
                all.insert((a, b));
            });
        }
        (all.into_iter().collect(), large)
    }

    #[test]
    fn pairs_agree_in_a_band_and_lie_on_both_sides() {
        for seed in 0..300u64 {
            let mut state = seed;
            let (bands, rows) = (1 + seed as usize % 4, 1 + seed as usize % 3);
            let num_perm = bands * rows + seed as usize % 3;
            let mut all = Signatures::new(num_perm);
            let documents = seed as u32 % 50;
            for _ in 0..documents {
                let row: Vec<u32> =
                    (0..num_perm).map(|_| (splitmix64(&mut state) % 3) as u32).collect();
                all.extend(&row).unwrap();
            }
            all.extend(&vec![u32::MAX; num_perm]).unwrap();
            let reference = documents / 2;
            let banding = Banding::new(bands, rows, num_perm).unwrap();
            let agree = |a: u32, b: u32| {
                let band = |n: usize| n * rows..(n + 1) * rows;
                (0..bands).any(|n| all.row(a)[band(n)] == all.row(b)[band(n)])
            };
            let expected: Vec<(u32, u32)> = (0..reference)
                .flat_map(|a| (reference..documents).map(move |b| (a, b)))
                .filter(|&(a, b)| agree(a, b))
                .collect();
            assert_eq!(found(&all, reference, banding), (expected, 0), "seed {seed}");
        }
    }

    #[test]
    fn in_large_buckets_each_meets_the_most_similar() {
        // All agree in the first band; the others are copies of a reference
        // document but for a value at the very end.
        let mut all = Signatures::new(32);
        let mut state = 5;
        let reference = 500;
        let row = |state: &mut u64| {
            let mut row: Vec<u32> = (0..32).map(|_| splitmix64(state) as u32).collect();
            row[..4].fill(7);
            row
        };
        let known: Vec<Vec<u32>> = (0..reference).map(|_| row(&mut state)).collect();
        known.iter().for_each(|row| all.extend(row).unwrap());
        for n in 0..3000 {
            let mut row = known[n % 100].clone();
            // Sorted before it, or behind.
            row[31] = if n % 2 == 0 { n as u32 } else { u32::MAX - n as u32 };
            all.extend(&row).unwrap();
        }
        let banding = Banding::new(1, 4, 32).unwrap();
        let (pairs, large) = found(&all, reference, banding);
        assert_eq!(large, 1);
        assert!(pairs.len() <= 4 * WINDOW * 3000);
        for n in 0..3000u32 {
            assert!(pairs.binary_search(&(n % 100, reference + n)).is_ok(), "{n}");
        }
    }

    #[test]
    fn one_side_alone_has_no_pairs() {
        let banding = Banding::new(2, 1, 2).unwrap();
        let mut all = Signatures::new(2);
        assert_eq!(found(&all, 0, banding), (vec![], 0));
        all.extend(&[1, 2, 1, 2, 1, 2]).unwrap();
        assert_eq!(found(&all, 0, banding), (vec![], 0));
        assert_eq!(found(&all, 3, banding), (vec![], 0));
        assert_eq!(found(&all, 1, banding).0, [(0, 1), (0, 2)]);
    }
}
