//! Signatures -> bands -> candidates, and what comes of them.
//!
//! Signatures and keys are in memory until they have their share of it; then
//! all of them go to the disk ([`Stored`]).
//!
//! * time: see [`crate::lsh`]
//! * space: a signature, its keys and 4 bytes a document, 24 bytes a candidate
//!   pair; on disk, shares of the memory and 4 bytes a document
//!
//! When pairs are asked for, what a bucket above the limit holds is joined in
//! full ([`crate::join`]), all its sets at hand, so that no pair is left out
//! because there are many.

use crate::bits::Bits;
use crate::cross;
use crate::disjoint::Disjoint;
use crate::lsh;
use crate::lsh::Bander;
use crate::lsh::Keys;
use crate::lsh::Pairing;
use crate::lsh::unpack;
use crate::options::banding::Banding;
use crate::options::dedup::DedupPlan;
use crate::run::documents::DocumentsError;
use crate::run::documents::InsertError;
use crate::run::documents::TooManyRecords;
use crate::run::documents::batches::Batches;
use crate::run::documents::batches::CHUNK;
use crate::run::documents::counts::Counts;
use crate::run::documents::found::Edges;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::found::ends;
use crate::run::documents::found::nearest;
use crate::run::documents::groups::Groups;
use crate::run::documents::joined::Joined;
use crate::run::documents::pairs::Collected;
use crate::run::documents::pairs::Gathered;
use crate::run::documents::pairs::Pairs;
use crate::run::documents::shelf::Shelf;
use crate::run::documents::source::Source;
use crate::run::documents::stored::Each;
use crate::run::documents::stored::SignatureFile;
use crate::run::documents::stored::Stored;
use crate::run::room::Room;
use crate::signature::Signatures;
use crate::signature::agreeing;
use crate::signature::is_of_empty_set;
use crate::spill::SpillError;
use crate::verify::Precheck;
use rayon::prelude::*;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The signatures of all documents.
#[derive(Debug)]
pub(super) struct Banded {
    banding: Banding,
    num_perm: usize,
    place: Place,
    /// Shingles of each document, repeats included.
    shingles: Counts,
    room: Room,
}

/// Where signatures and keys are.
#[derive(Debug)]
enum Place {
    Memory(Signatures, Keys),
    Disk(Box<Stored>),
    /// Handed on.
    Gone,
}

/// The part of the memory that signatures and keys may have, and what finds
/// the pairs in them.
const SHARE: u64 = 4;

/// What the bands of a search come to.
struct Candidates {
    pairs: Pairs,
    large_buckets: u64,
}

impl Banded {
    pub(super) fn new(banding: Banding, num_perm: usize, room: &Room) -> Banded {
        let place = Place::Memory(Signatures::new(num_perm), Keys::new(banding));
        Banded { banding, num_perm, place, shingles: Counts::default(), room: room.clone() }
    }

    pub(super) fn add(&mut self, signature: &[u32], shingles: u32) -> Result<(), InsertError> {
        if u32::try_from(self.shingles.len() + 1).is_err() {
            return Err(InsertError::Records(TooManyRecords));
        }
        self.shingles.push(shingles);
        match &mut self.place {
            Place::Memory(signatures, keys) => {
                keys.push(signature);
                // Counted above.
                let _ = signatures.extend(signature);
                if self.is_full() {
                    self.spill()?
                }
            }
            Place::Disk(stored) => stored.add(signature)?,
            Place::Gone => {}
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.bytes(self.shingles.len() as u64) > self.room.budget.share(SHARE) as u64
    }

    /// Bytes that so many documents take in memory.
    fn bytes(&self, documents: u64) -> u64 {
        let bands = self.banding.bands();
        let sorts = 2 * size_of::<u64>() * bands.min(rayon::current_num_threads());
        documents * (size_of::<u32>() * (self.num_perm + bands) + sorts) as u64
    }

    /// Bytes that so many documents take on disk, in a budget of `total`.
    pub(super) fn spilled(&self, documents: u64, total: u64) -> u64 {
        let each = size_of::<u32>() * self.num_perm + size_of::<u64>() * self.banding.bands();
        if self.bytes(documents) > total / SHARE { documents * each as u64 } else { 0 }
    }

    /// Moves signatures and keys to the disk.
    fn spill(&mut self) -> Result<(), SpillError> {
        let Place::Memory(signatures, _) = std::mem::replace(&mut self.place, Place::Gone) else {
            return Ok(());
        };
        let mut stored = Box::new(Stored::new(&self.room, self.banding, self.num_perm)?);
        for document in 0..signatures.len() as u32 {
            stored.add(signatures.row(document))?;
        }
        self.place = Place::Disk(stored);
        Ok(())
    }

    /// Pairs that agree in a band and in as many places as a pair at the
    /// threshold does but for one chance in a million.
    fn candidates<S: Source>(
        &mut self,
        job: &Job<'_, S>,
    ) -> Result<Candidates, DocumentsError<S::Error>> {
        let place = std::mem::replace(&mut self.place, Place::Gone);
        match place {
            Place::Memory(mut signatures, mut keys) => {
                for document in job.gone.each() {
                    signatures.clear(document);
                    keys.clear(document);
                }
                self.in_memory(job, &signatures, &keys)
            }
            Place::Disk(stored) => self.on_disk(job, *stored),
            Place::Gone => Ok(Candidates { pairs: Pairs::Memory(Vec::new()), large_buckets: 0 }),
        }
    }

    fn in_memory<S: Source>(
        &self,
        job: &Job<'_, S>,
        signatures: &Signatures,
        keys: &Keys,
    ) -> Result<Candidates, DocumentsError<S::Error>> {
        let options = job.plan.options();
        let refuted = Refuted::new(job.plan, self.num_perm);
        let (reference, banding) = (job.reference, self.banding);
        let gathered = Gathered::new(&self.room, self.banding.bands());
        let found: Vec<Result<(Vec<u64>, u64), SpillError>> = (0..banding.bands())
            .into_par_iter()
            .map_init(Bander::default, |bander, band| {
                let mut pairs = gathered.local();
                let found = |a: u32, b: u32| {
                    if !refuted.is(signatures.row(a), signatures.row(b)) {
                        pairs.put(a, b);
                    }
                };
                let large = if options.against {
                    cross::pairs(signatures, reference, banding, band, found)
                } else {
                    bander.pairs(keys, signatures, band, Pairing::Neighbours, found)
                };
                Ok((pairs.into_rest()?, large))
            })
            .collect();
        let found: Result<Vec<(Vec<u64>, u64)>, SpillError> = found.into_iter().collect();
        let (rest, large): (Vec<Vec<u64>>, Vec<u64>) = found?.into_iter().unzip();
        let large_buckets = large.iter().sum();
        let mut pairs = gathered.finish(rest)?;
        if job.edges == Edges::All && large_buckets > 0 {
            pairs = crowded(job, self.crowds(signatures), pairs)?;
        }
        Ok(Candidates { pairs, large_buckets })
    }

    fn on_disk<S: Source>(
        &self,
        job: &Job<'_, S>,
        stored: Stored,
    ) -> Result<Candidates, DocumentsError<S::Error>> {
        let options = job.plan.options();
        let (buckets, keys) = stored.close()?;
        let gathered = Gathered::new(&self.room, self.banding.bands());
        let members = if job.edges == Edges::All { self.shingles.len() } else { 0 };
        let crowds = Mutex::new(Disjoint::new(members));
        let crowd = |bucket: &[u32]| {
            if job.edges == Edges::All {
                let mut sets = crowds.lock().unwrap_or_else(PoisonError::into_inner);
                for document in &bucket[1..] {
                    sets.union(bucket[0], *document);
                }
            }
        };
        let found: Vec<Result<(Vec<u64>, u64), SpillError>> = keys
            .into_par_iter()
            .enumerate()
            .with_max_len(1)
            .map(|keys| {
                let mut pairs = gathered.local();
                let reference = options.against.then_some(job.reference);
                let each = Each { gone: job.gone, reference, room: &self.room, crowd: &crowd };
                let large = buckets.pairs(keys, &each, &mut pairs)?;
                Ok((pairs.into_rest()?, large))
            })
            .collect();
        let found: Result<Vec<(Vec<u64>, u64)>, SpillError> = found.into_iter().collect();
        let (rest, large): (Vec<Vec<u64>>, Vec<u64>) = found?.into_iter().unzip();
        let large_buckets = large.iter().sum();
        let refuted = Refuted::new(job.plan, self.num_perm);
        let mut pairs = refuted.leave(gathered.finish(rest)?, &buckets.signatures, &self.room)?;
        if job.edges == Edges::All && large_buckets > 0 {
            let crowds = crowds.into_inner().unwrap_or_else(PoisonError::into_inner).groups();
            pairs = crowded(job, crowds, pairs)?;
        }
        Ok(Candidates { pairs, large_buckets })
    }

    /// Documents that share a large bucket, those of overlapping buckets
    /// together.
    fn crowds(&self, signatures: &Signatures) -> Vec<Vec<u32>> {
        let rows = self.banding.rows();
        let documents = signatures.len() as u32;
        let buckets: Vec<Vec<Vec<u32>>> = (0..self.banding.bands())
            .into_par_iter()
            .map(|band| {
                let place = band * rows..(band + 1) * rows;
                let key = |d: u32| lsh::short_key(band, &signatures.row(d)[place.clone()]);
                let banded = (0..documents).filter(|&d| !is_of_empty_set(signatures.row(d)));
                let mut records: Vec<(u32, u32)> = banded.map(|d| (key(d), d)).collect();
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
}

/// Adds all pairs of large buckets that reach the threshold.
fn crowded<S: Source>(
    job: &Job<'_, S>,
    crowds: Vec<Vec<u32>>,
    mut pairs: Pairs,
) -> Result<Pairs, DocumentsError<S::Error>> {
    let mut all = Collected::new(job.room);
    for crowd in crowds {
        let mut joined = Joined::new(job.bounds(), job.room);
        for some in crowd.chunks(CHUNK) {
            for material in Shelf::load(job, some)?.into_materials() {
                joined.add(material.without_bag())?;
            }
        }
        joined.close(&Bits::default())?;
        joined.pairs(job, &crowd)?.each(|edge| {
            let (a, b) = (crowd[edge.a as usize], crowd[edge.b as usize]);
            let against = job.plan.options().against;
            if against && (a < job.reference) == (b < job.reference) {
                return Ok(());
            }
            all.add(&[lsh::pack(a, b)])
        })?;
    }
    loop {
        let some = pairs.next_some(1 << 12)?;
        if some.is_empty() {
            return Ok(all.finish()?);
        }
        all.add(&some)?;
    }
}

/// Which pairs their signatures refute.
struct Refuted {
    check: Precheck,
    needed: u64,
    both: u64,
}

impl Refuted {
    fn new(plan: &DedupPlan, num_perm: usize) -> Refuted {
        // Any sizes would do: the overlap that is needed grows with them.
        let size = 1_000_000_000;
        let needed = plan.threshold().least_overlap(size, size);
        Refuted { check: Precheck::new(num_perm), needed, both: 2 * size }
    }

    fn is(&self, a: &[u32], b: &[u32]) -> bool {
        self.check.refutes(agreeing(a, b), self.needed, self.both)
    }

    /// Leaves out the pairs that signatures on disk refute: so many pairs at a
    /// time that their signatures fit the room.
    fn leave(
        &self,
        pairs: Pairs,
        signatures: &SignatureFile,
        room: &Room,
    ) -> Result<Pairs, SpillError> {
        let most = (room.budget.share_of_free(8, 1 << 10) / signatures.width() / 2).max(1);
        let (mut from, mut left) = (pairs, Collected::new(room));
        loop {
            let mut some = from.next_some(most)?;
            if some.is_empty() {
                return left.finish();
            }
            let documents = ends(some.iter().flat_map(|&pair| <[u32; 2]>::from(unpack(pair))));
            let rows = signatures.rows(&documents)?;
            let row = |d: u32| rows.row(documents.partition_point(|&x| x < d) as u32);
            let open: Vec<bool> = some
                .par_iter()
                .with_min_len(CHUNK)
                .map(|&pair| {
                    let (a, b) = unpack(pair);
                    !self.is(row(a), row(b))
                })
                .collect();
            let mut open = open.iter();
            some.retain(|_| open.next().is_some_and(|&open| open));
            left.add(&some)?;
        }
    }
}

impl Finder for Banded {
    fn recall(&self, plan: &DedupPlan) -> f64 {
        self.banding.found(plan.options().threshold)
    }

    fn find<S: Source>(&mut self, job: &Job<'_, S>) -> Result<Found, DocumentsError<S::Error>> {
        let options = job.plan.options();
        job.watch.begin("banding", 0);
        let Candidates { pairs, large_buckets } = self.candidates(job)?;
        let groups = Groups::new(self.shingles.len(), pairs, &self.room)?;
        job.watch.begin("comparing", groups.pairs());
        let mut batches = Batches::new(job, &self.shingles);
        batches.groups(groups)?;
        let mut found = batches.found;
        found.large_buckets = large_buckets;
        found.edges.sort(&self.room)?;
        if options.against {
            nearest(&found.edges, job.plan, &mut found.families)?;
        }
        Ok(found)
    }
}
