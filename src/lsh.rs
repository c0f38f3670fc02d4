//! Signatures -> candidate pairs, band by band.
//!
//! Documents that agree in all rows of a band form a bucket. In a bucket of up
//! to [`ALL_PAIRS`] documents every pair is a candidate. In a larger one the
//! documents are sorted by the rest of their signatures and each is paired with
//! the next [`WINDOW`]; then once more, from another place of the signature on.
//! No bucket is dropped for being large.
//!
//! * time: `O(documents * rows)` a band and the pairs found; a bucket of `m`
//!   documents gives at most `min(m * (m - 1) / 2, 2 * WINDOW * (m - 1))`
//! * space: 16 bytes a document, reused; pairs go to the caller one by one
//!
//! Records `(key, document)` are sorted by a key of 32 bits, so that one fits a
//! machine word: half the memory of 64-bit keys and half the passes. Keys of
//! different bands collide once in 2^32, so the documents of a bucket are
//! compared in the band's rows themselves, and the result is exact.
//!
//! Sources: Indyk and Motwani, *Approximate nearest neighbors*, 1998;
//! Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*, section 3.4;
//! pairing neighbours in sorted order after Hernández and Stolfo, *The
//! merge/purge problem*, 1995.
//!
//! The approximation: in a bucket above the limit a pair may be missing whose
//! members are neighbours in neither order. Documents with equal signatures are
//! neighbours in every order, so that they are always connected. Large buckets
//! are counted, and [`Pairing::All`] joins them in full.

use std::cmp::Ordering;

use crate::hash;
use crate::options::banding::Banding;
use crate::radix::Sorter;
use crate::signature::Signatures;
use crate::signature::is_of_empty_set;

/// Largest bucket in which every pair is a candidate: up to here there are
/// hardly four times as many pairs as neighbours.
pub const ALL_PAIRS: usize = 64;

/// Following documents that each one of a large bucket is paired with, in each
/// of two orders. Measured on documents with much boilerplate: 98.9 to 100 % of
/// the connections that all pairs give, with a third to an eighth of the
/// checks; twice the window gains at most half a point.
pub const WINDOW: usize = 4;

/// Which documents of a large bucket are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pairing {
    /// Neighbours in two orders; linear.
    #[default]
    Neighbours,
    /// All; quadratic in the largest bucket.
    All,
}

/// Finds the candidate pairs of a band, with its working memory.
#[derive(Debug, Default)]
pub struct Bander {
    records: Vec<u64>,
    sorter: Sorter,
    bucket: Vec<u32>,
    order: Vec<(u64, u32)>,
}

/// A pair of documents as one number; pairs compare like their packed forms.
#[inline]
#[must_use]
pub fn pack(a: u32, b: u32) -> u64 {
    u64::from(a) << 32 | u64::from(b)
}

/// The documents of a packed pair.
#[inline]
#[must_use]
pub fn unpack(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// Key of a band: depends on the band's number and all its rows, in order.
/// Equal on every machine.
#[inline]
#[must_use]
pub fn band_key(band: usize, rows: &[u32]) -> u64 {
    let mut key = (band as u64 + 1).wrapping_mul(hash::BASE);
    let (pairs, last) = rows.as_chunks::<2>();
    let words = pairs.iter().map(|&[low, high]| u64::from(high) << 32 | u64::from(low));
    for word in words.chain(last.iter().map(|&low| u64::from(low))) {
        key = (key ^ word).wrapping_mul(hash::BASE);
        key ^= key >> 32;
    }
    hash::finish(key)
}

/// The pairs of all bands, ascending and distinct, given those of each.
#[must_use]
pub fn distinct(bands: Vec<Vec<u64>>) -> Vec<u64> {
    let mut all = Vec::with_capacity(bands.iter().map(Vec::len).sum());
    for pairs in bands {
        all.extend_from_slice(&pairs);
    }
    let used = all.iter().fold(0, |used, pair| used | pair);
    let (a, b) = unpack(used);
    let mut sorter = Sorter::default();
    sorter.sort_bits(&mut all, 0..u32::BITS - b.leading_zeros());
    sorter.sort_bits(&mut all, 32..u64::BITS - a.leading_zeros());
    all.dedup();
    all
}

impl Bander {
    /// Passes each candidate pair `a < b` of band `band` to `found` and returns
    /// the number of buckets larger than [`ALL_PAIRS`].
    ///
    /// Pairs come in an order that depends on nothing but the arguments; one
    /// of a large bucket may come twice. Documents whose signature is that of
    /// an empty set are in no bucket. Identical documents are to be collapsed
    /// before: `m` of them make a bucket of `m`.
    ///
    /// # Panics
    ///
    /// If there is no such band, or the signatures are too short for it.
    pub fn pairs(
        &mut self,
        signatures: &Signatures,
        banding: Banding,
        band: usize,
        pairing: Pairing,
        mut found: impl FnMut(u32, u32),
    ) -> u64 {
        assert!(band < banding.bands(), "bands are numbered from 0");
        let start = band * banding.rows();
        let rows = |d: u32| &signatures.row(d)[start..start + banding.rows()];
        self.records.clear();
        for d in 0..signatures.len() as u32 {
            if !is_of_empty_set(signatures.row(d)) {
                let key = band_key(band, rows(d)) >> 32 << 32;
                self.records.push(key | u64::from(d));
            }
        }
        // Documents are ascending already, and stay so within a key.
        self.sorter.sort_bits(&mut self.records, 32..64);
        let end = start + banding.rows();
        let mut large = 0;
        for records in self.records.chunk_by(|x, y| x >> 32 == y >> 32) {
            if records.len() < 2 {
                continue;
            }
            self.bucket.clear();
            self.bucket.extend(records.iter().map(|&r| r as u32));
            let first = rows(self.bucket[0]);
            if self.bucket.iter().any(|&d| rows(d) != first) {
                self.bucket.sort_by(|&x, &y| rows(x).cmp(rows(y)));
            }
            for bucket in self.bucket.chunk_by(|&x, &y| rows(x) == rows(y)) {
                if bucket.len() <= ALL_PAIRS {
                    all_pairs(bucket, &mut found);
                    continue;
                }
                large += 1;
                match pairing {
                    Pairing::All => all_pairs(bucket, &mut found),
                    Pairing::Neighbours => {
                        // Behind the band, and half of the rest further on.
                        for from in [end, end + (signatures.num_perm() - banding.rows()) / 2] {
                            neighbours(signatures, bucket, from, &mut self.order, &mut found);
                        }
                    }
                }
            }
        }
        large
    }
}

fn all_pairs(bucket: &[u32], found: &mut impl FnMut(u32, u32)) {
    for (n, &a) in bucket.iter().enumerate() {
        for &b in &bucket[n + 1..] {
            found(a, b);
        }
    }
}

/// Pairs each document with the next ones in the order of the signatures, read
/// in a circle from place `from` on.
fn neighbours(
    signatures: &Signatures,
    bucket: &[u32],
    from: usize,
    order: &mut Vec<(u64, u32)>,
    found: &mut impl FnMut(u32, u32),
) {
    let length = signatures.num_perm();
    let from = from % length;
    // The first two values, kept beside the document, decide nearly always.
    let lead = |row: &[u32]| pack(row[from], row[(from + 1) % length]);
    order.clear();
    order.extend(bucket.iter().map(|&d| (lead(signatures.row(d)), d)));
    order.sort_unstable_by(|&(x, a), &(y, b)| {
        x.cmp(&y).then_with(|| compare(signatures, a, b, from)).then(a.cmp(&b))
    });
    for (n, &(_, a)) in order.iter().enumerate() {
        for &(_, b) in order[n + 1..].iter().take(WINDOW) {
            found(a.min(b), a.max(b));
        }
    }
}

fn compare(signatures: &Signatures, a: u32, b: u32, from: usize) -> Ordering {
    let (a, b) = (signatures.row(a), signatures.row(b));
    a[from..].cmp(&b[from..]).then_with(|| a[..from].cmp(&b[..from]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disjoint::Disjoint;
    use crate::hash::splitmix64;

    fn signatures(num_perm: usize, rows: &[Vec<u32>]) -> Signatures {
        let mut all = Signatures::new(num_perm);
        for row in rows {
            all.extend(row).unwrap();
        }
        all
    }

    /// All pairs of all bands, and the number of large buckets.
    fn candidates(signatures: &Signatures, banding: Banding, pairing: Pairing) -> (Vec<u64>, u64) {
        let mut bander = Bander::default();
        let mut large = 0;
        let bands = (0..banding.bands())
            .map(|band| {
                let mut pairs = Vec::new();
                large += bander.pairs(signatures, banding, band, pairing, |a, b| {
                    pairs.push(pack(a, b));
                });
                pairs
            })
            .collect();
        (distinct(bands), large)
    }

    /// The definition, word for word.
    fn naive(signatures: &Signatures, banding: Banding) -> Vec<u64> {
        let mut pairs = vec![];
        for a in 0..signatures.len() as u32 {
            for b in a + 1..signatures.len() as u32 {
                let (x, y) = (signatures.row(a), signatures.row(b));
                let rows = banding.rows();
                let agree = |n: usize| x[n * rows..(n + 1) * rows] == y[n * rows..(n + 1) * rows];
                let empty = is_of_empty_set(x) || is_of_empty_set(y);
                if !empty && (0..banding.bands()).any(agree) {
                    pairs.push(pack(a, b));
                }
            }
        }
        pairs
    }

    #[test]
    fn candidates_agree_in_a_band() {
        for seed in 0..300u64 {
            let mut state = seed;
            let (bands, rows) = (1 + seed as usize % 5, 1 + seed as usize % 4);
            let num_perm = bands * rows + seed as usize % 3;
            let documents: Vec<Vec<u32>> = (0..seed % 60)
                .map(|_| {
                    let top = splitmix64(&mut state) % 4 * (u64::from(u32::MAX) / 3);
                    (0..num_perm).map(|_| (splitmix64(&mut state) % 3 + top) as u32).collect()
                })
                .collect();
            let mut all = signatures(num_perm, &documents);
            all.extend(&vec![u32::MAX; 2 * num_perm]).unwrap();
            let banding = Banding::new(bands, rows, num_perm).unwrap();
            let (got, large) = candidates(&all, banding, Pairing::Neighbours);
            assert_eq!(got, naive(&all, banding), "seed {seed}");
            assert_eq!(large, 0);
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        let banding = Banding::new(2, 2, 4).unwrap();
        assert_eq!(candidates(&Signatures::new(4), banding, Pairing::All), (vec![], 0));
        let empty = signatures(4, &vec![vec![u32::MAX; 4]; 100]);
        assert_eq!(candidates(&empty, banding, Pairing::All), (vec![], 0));
    }

    /// A bucket of documents in `groups` kinds, alike within a kind except for
    /// a few values.
    fn large_bucket(seed: u64, documents: usize, groups: u64, edits: usize) -> Signatures {
        let mut state = seed;
        let rows: Vec<Vec<u32>> = (0..documents)
            .map(|n| {
                let mut kind = (n as u64 * 0x9e37_79b9) % groups;
                let mut row: Vec<u32> = (0..64).map(|_| splitmix64(&mut kind) as u32).collect();
                for _ in 0..edits {
                    row[splitmix64(&mut state) as usize % 64] = splitmix64(&mut state) as u32;
                }
                row[8..12].copy_from_slice(&[1, 2, 3, 4]);
                row
            })
            .collect();
        signatures(64, &rows)
    }

    #[test]
    fn large_buckets_are_paired_in_linear_time_and_kinds_stay_connected() {
        for (seed, (documents, groups, edits)) in
            [(65, 1, 0), (1000, 1, 0), (1000, 7, 0), (1000, 7, 6), (3000, 40, 4)]
                .into_iter()
                .enumerate()
        {
            let all = large_bucket(seed as u64, documents, groups, edits);
            let banding = Banding::new(4, 4, 64).unwrap();
            let mut sets = Disjoint::new(documents);
            let mut checks = 0;
            let large = Bander::default().pairs(&all, banding, 2, Pairing::Neighbours, |a, b| {
                assert!(a < b);
                checks += 1;
                let alike = crate::signature::agreeing(all.row(a), all.row(b)) > 32;
                if alike {
                    sets.union(a, b);
                }
            });
            assert_eq!(large, 1);
            assert!(checks <= 2 * WINDOW * (documents - 1), "{checks} checks");
            assert_eq!(sets.groups().len(), groups as usize, "{documents} {groups} {edits}");
            let members: usize = sets.groups().iter().map(Vec::len).sum();
            // One whose first values were edited in both orders stands apart.
            assert!(members * 1000 >= documents * 995, "{members} of {documents} are connected");
        }
    }

    #[test]
    fn all_pairs_of_large_buckets_on_request() {
        let all = large_bucket(1, 200, 9, 5);
        let banding = Banding::new(16, 4, 64).unwrap();
        let (got, large) = candidates(&all, banding, Pairing::All);
        assert_eq!(got, naive(&all, banding));
        assert_eq!(got.len(), 200 * 199 / 2);
        assert_eq!(large, 1);
    }

    #[test]
    fn a_band_can_be_the_whole_signature() {
        let all = signatures(3, &vec![vec![5, 6, 7]; 100]);
        let banding = Banding::new(1, 3, 3).unwrap();
        let (pairs, large) = candidates(&all, banding, Pairing::Neighbours);
        assert_eq!(large, 1);
        // Both orders are that of the numbers.
        assert_eq!(pairs.len(), 4 * 100 - (4 + 3 + 2 + 1));
    }

    #[test]
    fn keys_are_pinned_and_depend_on_band_rows_and_their_order() {
        // Computed by an independent program.
        assert_eq!(band_key(0, &[1, 2, 3]), 0x8856_33e8_f20e_1ba8);
        assert_eq!(band_key(1, &[1, 2, 3]), 0x5194_e2e8_44f2_ee06);
        assert_ne!(band_key(0, &[1, 2]), band_key(0, &[2, 1]));
    }

    #[test]
    fn distinct_pairs_are_sorted() {
        let mut state = 3;
        for n in [0usize, 1, 10, 1000] {
            let bands: Vec<Vec<u64>> = (0..5)
                .map(|_| {
                    let mut draw = || (splitmix64(&mut state) % 40) as u32 * 100_000_000;
                    (0..n).map(|_| pack(draw(), draw())).collect()
                })
                .collect();
            let mut expected: Vec<u64> = bands.iter().flatten().copied().collect();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(distinct(bands), expected);
        }
    }
}
