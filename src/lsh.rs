//! Signatures -> candidate pairs, band by band.
//!
//! Documents whose rows of a band have the same key form a bucket. In a bucket
//! of up to [`ALL_PAIRS`] documents every pair is a candidate. In a larger one
//! the documents are sorted by the rest of their signatures and each is paired
//! with the next [`WINDOW`]; then once more, from another place of the
//! signature on. No bucket is dropped for being large.
//!
//! * time: `O(documents)` a band and the pairs found; a bucket of `m` documents
//!   gives at most `min(m * (m - 1) / 2, 2 * WINDOW * (m - 1))`
//! * space: 4 bytes a document and band for the keys, which are made while a
//!   signature is at hand, so that no band has to read all signatures again;
//!   16 bytes a document for the band at work; pairs go to the caller one by
//!   one
//!
//! Keys have 32 bits, so that a record `(key, document)` fits a machine word:
//! half the memory of 64-bit keys and half the passes of the sort. Documents
//! that agree in no band meet by accident in one of 2^32 pairs a band, and are
//! verified like all others.
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

/// The band keys of all documents, numbered in the order in which they were
/// added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    banding: Banding,
    /// The keys of each band; [`NO_KEY`] for an empty document.
    bands: Vec<Vec<u32>>,
}

/// In place of the key of a document that is in no bucket.
const NO_KEY: u32 = 0;

impl Keys {
    /// None yet.
    #[must_use]
    pub fn new(banding: Banding) -> Keys {
        Keys { banding, bands: vec![Vec::new(); banding.bands()] }
    }

    /// Adds the keys of the next document. One whose signature is that of an
    /// empty set will be in no bucket: having nothing in common with anything,
    /// it is like nothing.
    ///
    /// # Panics
    ///
    /// If the signature is too short for the banding.
    pub fn push(&mut self, signature: &[u32]) {
        for (keys, key) in self.bands.iter_mut().zip(keys(self.banding, signature)) {
            keys.push(key.unwrap_or(NO_KEY));
        }
    }

    /// Takes a document out of all buckets.
    ///
    /// # Panics
    ///
    /// If there is no such document.
    pub fn clear(&mut self, document: u32) {
        self.bands.iter_mut().for_each(|keys| keys[document as usize] = NO_KEY);
    }

    /// Key and document of all that are in a bucket of a band, by document.
    ///
    /// # Panics
    ///
    /// If there is no such band.
    pub fn of_band(&self, band: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let keys = self.bands[band].iter().copied().zip(0..);
        keys.filter(|&(key, _)| key != NO_KEY)
    }
}

/// The key of each band of a signature; none for that of an empty set.
///
/// # Panics
///
/// If the signature is too short for the banding.
pub fn keys(banding: Banding, signature: &[u32]) -> impl Iterator<Item = Option<u32>> + '_ {
    let empty = is_of_empty_set(signature);
    let rows = signature[..banding.bands() * banding.rows()].chunks_exact(banding.rows());
    rows.enumerate().map(move |(band, rows)| (!empty).then(|| short_key(band, rows)))
}

/// The key of a band in 32 bits.
#[inline]
#[must_use]
pub fn short_key(band: usize, rows: &[u32]) -> u32 {
    ((band_key(band, rows) >> 32) as u32).max(NO_KEY + 1)
}

/// Places from which on the signatures of a large bucket of a band are read in
/// a circle, to put them in order: from behind the band, and from the middle of
/// what is not the band.
#[must_use]
pub fn turns(banding: Banding, num_perm: usize, band: usize) -> [usize; 2] {
    let end = (band + 1) * banding.rows();
    let rest = num_perm - banding.rows();
    [end, end + rest / 2].map(|from| from % num_perm)
}

/// Finds the candidate pairs of a band, with its working memory.
#[derive(Debug, Default)]
pub struct Bander {
    records: Vec<u64>,
    sorter: Sorter,
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
        // All of the finaliser each time: after a single multiplication,
        // words that are each other's negatives make keys collide.
        key = hash::finish(key ^ word);
    }
    key
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
    /// `signatures` are those of the same documents as `keys`; they are looked
    /// at in large buckets only. Pairs come in an order that depends on nothing
    /// but the arguments; one of a large bucket may come twice. Identical
    /// documents are to be collapsed before: `m` of them make a bucket of `m`.
    ///
    /// # Panics
    ///
    /// If there is no such band, or a document of a large bucket has no
    /// signature.
    pub fn pairs(
        &mut self,
        keys: &Keys,
        signatures: &Signatures,
        band: usize,
        pairing: Pairing,
        mut found: impl FnMut(u32, u32),
    ) -> u64 {
        let banding = keys.banding;
        self.records.clear();
        self.records.extend(keys.of_band(band).map(|(key, d)| pack(key, d)));
        // Documents are ascending already, and stay so within a key.
        self.sorter.sort_bits(&mut self.records, 32..64);
        let mut large = 0;
        for bucket in self.records.chunk_by(|x, y| x >> 32 == y >> 32) {
            if bucket.len() <= ALL_PAIRS {
                all_pairs(bucket, &mut found);
                continue;
            }
            large += 1;
            match pairing {
                Pairing::All => all_pairs(bucket, &mut found),
                Pairing::Neighbours => {
                    for from in turns(banding, signatures.num_perm(), band) {
                        self.order.clear();
                        self.order.extend(bucket.iter().map(|&record| (0, record as u32)));
                        arrange(signatures, from, 0, &mut self.order);
                        neighbours(&self.order, &mut found);
                    }
                }
            }
        }
        large
    }
}

fn all_pairs(bucket: &[u64], found: &mut impl FnMut(u32, u32)) {
    for (n, &a) in bucket.iter().enumerate() {
        for &b in &bucket[n + 1..] {
            found(a as u32, b as u32);
        }
    }
}

fn neighbours(order: &[(u64, u32)], found: &mut impl FnMut(u32, u32)) {
    for (n, &(_, a)) in order.iter().enumerate() {
        for &(_, b) in order[n + 1..].iter().take(WINDOW) {
            found(a.min(b), a.max(b));
        }
    }
}

/// Values compared before the rest is compared at once.
const LEADING: usize = 32;

/// Sorts documents by their signatures, read in a circle from place `from` on,
/// equal ones by number. All agree in the first `depth` values.
///
/// Two values at a time are copied beside the documents: a sort that looked at
/// the signatures themselves would fetch each from memory again and again.
fn arrange(signatures: &Signatures, from: usize, depth: usize, order: &mut [(u64, u32)]) {
    let length = signatures.num_perm();
    if depth >= LEADING.min(length) {
        return order.sort_unstable_by(|&(_, a), &(_, b)| {
            compare(signatures.row(a), signatures.row(b), from).then(a.cmp(&b))
        });
    }
    let places = [(from + depth) % length, (from + depth + 1) % length];
    for (lead, document) in &mut *order {
        let row = signatures.row(*document);
        *lead = pack(row[places[0]], row[places[1]]);
    }
    order.sort_unstable();
    for alike in order.chunk_by_mut(|x, y| x.0 == y.0).filter(|alike| alike.len() > 1) {
        arrange(signatures, from, depth + 2, alike);
    }
}

fn compare(a: &[u32], b: &[u32], from: usize) -> Ordering {
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

    fn keys(signatures: &Signatures, banding: Banding) -> Keys {
        let mut keys = Keys::new(banding);
        for d in 0..signatures.len() as u32 {
            keys.push(signatures.row(d));
        }
        keys
    }

    /// All pairs of all bands, and the number of large buckets.
    fn candidates(signatures: &Signatures, banding: Banding, pairing: Pairing) -> (Vec<u64>, u64) {
        let mut bander = Bander::default();
        let keys = keys(signatures, banding);
        let mut large = 0;
        let bands = (0..banding.bands())
            .map(|band| {
                let mut pairs = Vec::new();
                large += bander.pairs(&keys, signatures, band, pairing, |a, b| {
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
            let keys = keys(&all, banding);
            let pairing = Pairing::Neighbours;
            let large = Bander::default().pairs(&keys, &all, 2, pairing, |a, b| {
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
    fn the_limit_itself_is_no_large_bucket() {
        let banding = Banding::new(16, 4, 64).unwrap();
        for (documents, large) in [(ALL_PAIRS, 0), (ALL_PAIRS + 1, 16)] {
            let all = large_bucket(1, documents, 1, 0);
            assert_eq!(candidates(&all, banding, Pairing::Neighbours).1, large);
        }
    }

    #[test]
    fn large_buckets_are_arranged_by_whole_signatures() {
        for (seed, num_perm) in [1, 2, 3, 8, 33, 64].into_iter().enumerate() {
            let mut state = seed as u64;
            // Few different rows with a late difference, in no order.
            let rows: Vec<Vec<u32>> = (0..200)
                .map(|_| {
                    let mut row = vec![7; num_perm];
                    row[splitmix64(&mut state) as usize % num_perm] = state as u32 % 3;
                    row
                })
                .collect();
            let all = signatures(num_perm, &rows);
            for from in 0..num_perm {
                let mut order: Vec<(u64, u32)> = (0..200).map(|d| (0, d)).collect();
                arrange(&all, from, 0, &mut order);
                let mut expected: Vec<u32> = (0..200).collect();
                expected.sort_by_key(|&d| {
                    let mut row = all.row(d).to_vec();
                    row.rotate_left(from);
                    row
                });
                let got: Vec<u32> = order.iter().map(|&(_, d)| d).collect();
                assert_eq!(got, expected, "{num_perm} values from {from}");
            }
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
        assert_eq!(band_key(0, &[1, 2, 3]), 0x3960_b74b_3592_41c8);
        assert_eq!(band_key(1, &[1, 2, 3]), 0xe0f5_797a_5411_ce43);
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
