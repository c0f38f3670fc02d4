//! Signatures -> bands -> candidates, and what comes of them.
//!
//! * time: see [`crate::lsh`]
//! * space: a signature, its keys and 4 bytes a document; 24 bytes a candidate
//!   pair
//!
//! When pairs are asked for, what a bucket above the limit holds is joined in
//! full ([`crate::join`]), all its sets at hand, so that no pair is left out
//! because there are many.

use crate::cross;
use crate::disjoint::Disjoint;
use crate::join::IndexFull;
use crate::lsh;
use crate::lsh::Bander;
use crate::lsh::Keys;
use crate::lsh::Pairing;
use crate::options::banding::Banding;
use crate::options::dedup::DedupPlan;
use crate::run::documents::DocumentsError;
use crate::run::documents::batches::Batches;
use crate::run::documents::batches::group;
use crate::run::documents::found::Edges;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::found::nearest;
use crate::run::documents::joined::Joined;
use crate::run::documents::shelf::Shelf;
use crate::run::documents::source::Source;
use crate::signature::Signatures;
use crate::signature::TooManyDocuments;
use crate::signature::agreeing;
use crate::verify::Precheck;
use rayon::prelude::*;

/// The signatures of all documents.
#[derive(Debug)]
pub(super) struct Banded {
    banding: Banding,
    signatures: Signatures,
    keys: Keys,
    /// Shingles of each document, repeats included.
    shingles: Vec<u32>,
}

impl Banded {
    pub(super) fn new(banding: Banding, num_perm: usize) -> Banded {
        let (signatures, keys) = (Signatures::new(num_perm), Keys::new(banding));
        Banded { banding, signatures, keys, shingles: Vec::new() }
    }

    pub(super) fn add(&mut self, signature: &[u32], shingles: u32) -> Result<(), TooManyDocuments> {
        self.shingles.push(shingles);
        self.keys.push(signature);
        self.signatures.extend(signature)
    }

    /// Pairs that agree in a band and in as many places as a pair at the
    /// threshold does but for one chance in a million; sorted, distinct. And
    /// the number of large buckets.
    fn candidates<S>(&self, job: &Job<'_, S>) -> (Vec<u64>, u64) {
        let options = job.plan.options();
        let check = Precheck::new(self.signatures.num_perm());
        // Any sizes would do: the overlap that is needed grows with them.
        let size = 1_000_000_000;
        let needed = job.plan.threshold().least_overlap(size, size);
        let refuted = |a: u32, b: u32| {
            let agree = agreeing(self.signatures.row(a), self.signatures.row(b));
            check.refutes(agree, needed, 2 * size)
        };
        let (signatures, keys, banding) = (&self.signatures, &self.keys, self.banding);
        let reference = job.reference;
        let (bands, large): (Vec<Vec<u64>>, Vec<u64>) = (0..banding.bands())
            .into_par_iter()
            .map_init(Bander::default, |bander, band| {
                let mut pairs = Vec::new();
                let found = |a: u32, b: u32| {
                    if !refuted(a, b) {
                        pairs.push(lsh::pack(a, b));
                    }
                };
                let large = if options.against {
                    cross::pairs(signatures, reference, banding, band, found)
                } else {
                    bander.pairs(keys, signatures, band, Pairing::Neighbours, found)
                };
                (pairs, large)
            })
            .unzip();
        (lsh::distinct(bands), large.iter().sum())
    }

    /// Documents that share a large bucket, those of overlapping buckets
    /// together.
    fn crowds(&self) -> Vec<Vec<u32>> {
        let rows = self.banding.rows();
        let documents = self.signatures.len() as u32;
        let buckets: Vec<Vec<Vec<u32>>> = (0..self.banding.bands())
            .into_par_iter()
            .map(|band| {
                let key = |d: u32| {
                    lsh::band_key(band, &self.signatures.row(d)[band * rows..(band + 1) * rows])
                };
                let mut records: Vec<(u64, u32)> = (0..documents).map(|d| (key(d), d)).collect();
                records.sort_unstable();
                let large =
                    records.chunk_by(|x, y| x.0 == y.0).filter(|b| b.len() > lsh::ALL_PAIRS);
                large.map(|bucket| bucket.iter().map(|r| r.1).collect()).collect()
            })
            .collect();
        let mut sets = Disjoint::new(documents as usize);
        for bucket in buckets.iter().flatten() {
            for document in &bucket[1..] {
                sets.union(bucket[0], *document);
            }
        }
        sets.groups()
    }

    /// All pairs of large buckets that reach the threshold.
    fn crowded<S: Source>(&self, job: &Job<'_, S>) -> Result<Vec<u64>, DocumentsError<S::Error>> {
        let mut pairs = Vec::new();
        for crowd in self.crowds() {
            let sets = Shelf::load(job, &crowd)?.into_sets();
            let reached = Joined::new(sets).pairs(job.bounds());
            for edge in reached.map_err(|IndexFull| DocumentsError::TooManyShingles)? {
                let (a, b) = (crowd[edge.a as usize], crowd[edge.b as usize]);
                let against = job.plan.options().against;
                if !against || (a < job.reference) != (b < job.reference) {
                    pairs.push(lsh::pack(a, b));
                }
            }
        }
        Ok(pairs)
    }
}

impl Finder for Banded {
    fn recall(&self, plan: &DedupPlan) -> f64 {
        self.banding.found(plan.options().threshold)
    }

    fn find<S: Source>(&mut self, job: &Job<'_, S>) -> Result<Found, DocumentsError<S::Error>> {
        let options = job.plan.options();
        job.watch.begin("banding", 0);
        let (mut pairs, large_buckets) = self.candidates(job);
        if job.edges == Edges::All && large_buckets > 0 {
            pairs = lsh::distinct(vec![pairs, self.crowded(job)?]);
        }
        // Their work is done, and others need the memory.
        self.signatures = Signatures::new(self.signatures.num_perm());
        self.keys = Keys::new(self.banding);
        job.watch.begin("comparing", pairs.len() as u64);
        let groups = group(self.shingles.len(), pairs);
        let mut batches = Batches::new(job, &self.shingles);
        batches.groups(&groups)?;
        let mut found = batches.found;
        found.large_buckets = large_buckets;
        if options.against {
            found.families = nearest(&found.edges, job.plan);
        }
        if job.edges == Edges::None {
            found.edges = Vec::new();
        }
        Ok(found)
    }
}
