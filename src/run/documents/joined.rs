//! Sets -> prefixes -> candidates -> verified pairs -> families, with no pair
//! missed.
//!
//! When clusters are led and no pairs are asked for, documents come best to
//! keep first, and only those that lead are put into the index: the first
//! leader that a document is alike takes it. That is the definition of a
//! cluster, and copies by the thousand cost no more than as many comparisons.
//! When all pairs are asked for, every document is put in, and every pair is
//! verified: as many as there are in a crowd of documents that are all alike.
//! When pairs are to be sparse ([`Edges::Sparse`]), of those that are alike the
//! same document only the first [`CROWD`] are put in; whoever is left without
//! a pair is then looked up among the others.
//!
//! * time: see [`crate::join`]
//! * space: all sets, and the index; sets that have no room in memory are on
//!   disk, and joined there ([`Spread`])

use crate::bits::Bits;
use crate::cluster::Family;
use crate::cluster::Member;
use crate::cluster::Overlap;
use crate::join::Bounds;
use crate::join::ENTRY;
use crate::join::Index;
use crate::join::IndexFull;
use crate::join::Rarity;
use crate::join::Scratch;
use crate::join::Wanted;
use crate::join::placed;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Linking;
use crate::options::dedup::Measure;
use crate::run::Unwatched;
use crate::run::Watch;
use crate::run::documents::DocumentsError;
use crate::run::documents::batches::judge;
use crate::run::documents::found::Component;
use crate::run::documents::found::Edge;
use crate::run::documents::found::Edges;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::found::Pairs;
use crate::run::documents::found::by_component;
use crate::run::documents::found::components;
use crate::run::documents::found::families;
use crate::run::documents::found::nearest;
use crate::run::documents::recipe::Checks;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Workspace;
use crate::run::documents::shelf::Cache;
use crate::run::documents::source::Source;
use crate::run::documents::spread::Spread;
use crate::run::room::Room;
use crate::spill::SpillError;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::sync::Arc;

/// The sets of all documents.
#[derive(Debug)]
pub(super) struct Joined {
    bounds: Bounds,
    room: Room,
    /// In memory: all, until they have their share of it.
    materials: Vec<Material>,
    /// Bytes of them and of their part of an index.
    bytes: usize,
    disk: Option<Spread>,
}

/// Documents looked up together, before any of them is put in.
pub(super) const BLOCK: usize = 512;

/// Documents alike one of the index, first of all in it, that are put in
/// beside it when pairs are to be sparse: as many as make a large bucket.
const CROWD: u32 = 64;

/// Documents from which on only one in [`SAMPLE`] is counted for the order of
/// rarity: more would fill the counters and tell nothing apart.
const SAMPLED: usize = 1 << 16;

/// Of so many documents one is counted.
const SAMPLE: usize = 16;

/// The part of the memory that sets may have with an index of them.
const SHARE: u64 = 4;

/// Of so many documents, the step from one that is counted for the order of
/// rarity to the next.
pub(super) fn step(documents: usize) -> usize {
    if documents < SAMPLED { 1 } else { SAMPLE }
}

impl Joined {
    pub(super) fn new(bounds: Bounds, room: &Room) -> Joined {
        let (room, materials) = (room.clone(), Vec::new());
        Joined { bounds, room, materials, bytes: 0, disk: None }
    }

    /// All sets at once, in memory.
    pub(super) fn of(materials: Vec<Material>, bounds: Bounds, room: &Room) -> Joined {
        Joined { materials, ..Joined::new(bounds, room) }
    }

    /// All pairs that are alike among the documents `names`, whose sets these
    /// are, numbered by their places in `names`.
    pub(super) fn pairs<S: Source>(
        &self,
        job: &Job<'_, S>,
        names: &[u32],
    ) -> Result<Pairs, DocumentsError<S::Error>> {
        let mut order: Vec<u32> = (0..names.len() as u32).collect();
        match &self.disk {
            None => {
                order.par_sort_by_key(|&d| (self.at(d).size(), d));
                let join = Join::new(self, self.bounds, Mode::Pairs);
                let mut found = Found::new(job);
                join.among(&order, &Unwatched, &mut found)?;
                found.edges.sort(job.room)?;
                Ok(found.edges)
            }
            Some(spread) => {
                order.par_sort_by_key(|&d| (spread.size(d), d));
                let cache = Cache::new(job, Some(names));
                let mut found = spread.join(&cache, &order, Mode::Pairs, &Unwatched)?;
                found.edges.sort(job.room)?;
                Ok(found.edges)
            }
        }
    }

    pub(super) fn add(&mut self, material: Material) -> Result<(), SpillError> {
        if let Some(spread) = &mut self.disk {
            return spread.add(&material.set);
        }
        let size = material.size();
        let put_in = match self.bounds.measure {
            Measure::Jaccard => self.bounds.prefix(size),
            Measure::Containment => size,
        };
        self.bytes += material.bytes() as usize + put_in as usize * ENTRY;
        self.materials.push(material);
        if self.bytes > self.room.budget.share(SHARE) {
            let mut spread = Spread::new(self.bounds, &self.room)?;
            for material in std::mem::take(&mut self.materials) {
                spread.add(&material.set)?;
            }
            self.disk = Some(spread);
        }
        Ok(())
    }

    /// Ends the taking in; documents that are `gone` are in no pair.
    pub(super) fn close(&mut self, gone: &Bits) -> Result<(), SpillError> {
        for (material, _) in self.materials.iter_mut().zip(0..).filter(|&(_, d)| gone.has(d)) {
            *material = Material::default();
        }
        self.disk.as_mut().map_or(Ok(()), |spread| spread.close(gone))
    }

    /// Bytes of temporary files for so many shingles, in a budget of `total`.
    pub(super) fn spilled(&self, shingles: u64, total: u64) -> u64 {
        let set = size_of::<u64>() as u64;
        if shingles * 2 * set <= total / SHARE {
            return 0;
        }
        // What is in the prefixes is sorted twice.
        let part = match self.bounds.measure {
            Measure::Jaccard => self.bounds.prefix(1 << 20),
            Measure::Containment => 1 << 20,
        };
        shingles * (set + 2 * set * u64::from(part) / (1 << 20))
    }

    fn at(&self, document: u32) -> &Material {
        &self.materials[document as usize]
    }

    fn rarity(&self) -> Rarity {
        let mut rarity = Rarity::new(self.materials.iter().map(|m| m.set.len()).sum());
        let materials = || self.materials.iter().filter(|material| !material.is_empty());
        let step = step(materials().count());
        materials().step_by(step).for_each(|m| rarity.count(&m.set));
        rarity
    }

    fn size(&self, document: u32) -> u32 {
        self.disk.as_ref().map_or_else(|| self.at(document).size(), |s| s.size(document))
    }

    fn documents(&self) -> u32 {
        self.disk.as_ref().map_or(self.materials.len() as u32, Spread::documents)
    }
}

impl Finder for Joined {
    fn recall(&self, _: &DedupPlan) -> f64 {
        1.0
    }

    fn find<S: Source>(&mut self, job: &Job<'_, S>) -> Result<Found, DocumentsError<S::Error>> {
        let options = job.plan.options();
        self.close(job.gone)?;
        let mode = match job.edges {
            _ if options.against => Mode::Against,
            Edges::Sparse => Mode::Sparse,
            Edges::None if options.cluster == Linking::Leader => Mode::Leaders,
            Edges::All | Edges::None => Mode::Pairs,
        };
        let order = self.order(job, mode);
        let cache = Cache::new(job, None);
        let mut found = match &self.disk {
            None => {
                let mut found = Found::new(job);
                let join = Join::new(self, self.bounds, mode);
                match mode {
                    Mode::Against => join.against(job.reference, &order, job.watch, &mut found)?,
                    _ => join.among(&order, job.watch, &mut found)?,
                }
                found
            }
            Some(spread) if mode == Mode::Against => {
                let known = (0..job.reference).filter(|&d| self.size(d) > 0);
                let sequence: Vec<u32> = known.chain(order.iter().copied()).collect();
                spread.join(&cache, &sequence, mode, job.watch)?
            }
            Some(spread) => spread.join(&cache, &order, mode, job.watch)?,
        };
        found.edges.sort(job.room)?;
        match mode {
            Mode::Leaders => {}
            Mode::Against => nearest(&found.edges, job.plan, &mut found.families)?,
            Mode::Pairs | Mode::Sparse if options.measure == Measure::Containment => {
                let mut places = vec![0; self.documents() as usize];
                (0..).zip(&order).for_each(|(place, &d)| places[d as usize] = place);
                self.families(&cache, &mut found, &|d| places[d as usize])?;
            }
            Mode::Pairs | Mode::Sparse => {
                self.families(&cache, &mut found, &|d| job.ranks.of(d))?;
            }
        }
        Ok(found)
    }
}

impl Joined {
    /// The documents that are looked up, in the order in which they are.
    fn order<S>(&self, job: &Job<'_, S>, mode: Mode) -> Vec<u32> {
        let (size, rank) = (|d: u32| self.size(d), |d: u32| job.ranks.of(d));
        let mut order: Vec<u32> = (job.reference..self.documents()).collect();
        order.retain(|&document| size(document) > 0);
        match (self.bounds.measure, mode) {
            // What is contained comes after what contains it.
            (Measure::Containment, _) => order.par_sort_by_key(|&d| (Reverse(size(d)), rank(d))),
            (Measure::Jaccard, Mode::Pairs | Mode::Sparse) => {
                order.par_sort_by_key(|&d| (size(d), d));
            }
            (Measure::Jaccard, _) => order.par_sort_by_key(|&d| rank(d)),
        }
        order
    }

    /// Adds the families that pairs form. Those of [`Edges::Sparse`] may lack a
    /// pair, and the sets themselves tell.
    fn families<S: Source>(
        &self,
        cache: &Cache<'_, '_, S>,
        found: &mut Found,
        rank: &(dyn Fn(u32) -> u32 + Sync),
    ) -> Result<(), DocumentsError<S::Error>> {
        let (linking, bounds) = (cache.job.plan.options().cluster, self.bounds);
        let complete = linking == Linking::Leader && cache.job.edges != Edges::Sparse;
        let split = |workspace: &mut Workspace, (mut documents, links): Component| {
            let mut get = |document: u32| match &self.disk {
                None => Ok(Handle::Here(self.at(document))),
                Some(_) => cache.get(document, workspace).map(Handle::Shared),
            };
            let compare = |x: u32, leader: u32| -> Result<_, DocumentsError<S::Error>> {
                let x = get(x)?;
                Ok(judge(&x, &*get(leader)?, bounds, linking))
            };
            let compare = (!complete).then_some(compare);
            families(&mut documents, &links, linking, rank, compare)
        };
        let Found { families: out, edges, .. } = found;
        by_component(edges, self.documents(), cache.job.room, |links| {
            let all: Vec<Result<Vec<Family>, DocumentsError<S::Error>>> =
                components(links).into_par_iter().map_init(Workspace::default, split).collect();
            for families in all {
                families?.into_iter().try_for_each(|family| out.add(family))?;
            }
            Ok(())
        })
    }
}

/// Why a join in memory ends.
#[derive(Debug)]
enum JoinError {
    Full,
    Spill(SpillError),
}

impl From<IndexFull> for JoinError {
    fn from(_: IndexFull) -> JoinError {
        JoinError::Full
    }
}

impl From<SpillError> for JoinError {
    fn from(error: SpillError) -> JoinError {
        JoinError::Spill(error)
    }
}

impl<E> From<JoinError> for DocumentsError<E> {
    fn from(error: JoinError) -> DocumentsError<E> {
        match error {
            JoinError::Full => DocumentsError::TooManyShingles,
            JoinError::Spill(error) => DocumentsError::Spill(error),
        }
    }
}

/// A document's material, wherever it is.
enum Handle<'a> {
    Here(&'a Material),
    Shared(Arc<Material>),
}

impl std::ops::Deref for Handle<'_> {
    type Target = Material;

    fn deref(&self) -> &Material {
        match self {
            Handle::Here(material) => material,
            Handle::Shared(material) => material,
        }
    }
}

/// Which pairs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// All.
    Pairs,
    /// All but those of two members of a crowd.
    Sparse,
    /// Each document with the first that leads and that it is alike.
    Leaders,
    /// All of the reference set and others.
    Against,
}

/// The join under way.
struct Join<'a> {
    sets: &'a Joined,
    bounds: Bounds,
    mode: Mode,
    rarity: Rarity,
    /// Shingles by which larger sets are put in, for containment.
    wanted: Option<Wanted>,
}

/// What a document met.
#[derive(Default)]
struct Met {
    prefix: Vec<u64>,
    /// Numbers in the index, ascending, and what is shared, the document first.
    alike: Vec<(u32, Overlap)>,
    checks: Checks,
}

/// Working memory of a thread.
#[derive(Default)]
struct Bench {
    scratch: Scratch,
    found: Vec<u32>,
}

impl<'a> Join<'a> {
    fn new(sets: &'a Joined, bounds: Bounds, mode: Mode) -> Join<'a> {
        let rarity = sets.rarity();
        let mut join = Join { sets, bounds, mode, rarity, wanted: None };
        if bounds.measure == Measure::Containment {
            let members = sets.materials.iter().map(|m| u64::from(bounds.prefix(m.size()))).sum();
            let mut wanted = Wanted::new(members);
            for block in sets.materials.chunks(BLOCK) {
                let prefixes: Vec<Vec<u64>> = block.par_iter().map(|m| join.prefix(m)).collect();
                prefixes.iter().for_each(|prefix| wanted.add(prefix));
            }
            join.wanted = Some(wanted);
        }
        join
    }

    fn prefix(&self, material: &Material) -> Vec<u64> {
        let mut prefix = Vec::new();
        self.rarity.rarest(&material.set, self.bounds.prefix(material.size()), &mut prefix);
        prefix
    }

    fn insert(&self, index: &mut Index, document: u32, prefix: &[u64]) -> Result<(), IndexFull> {
        let material = self.sets.at(document);
        match &self.wanted {
            Some(wanted) => {
                let shingles = placed(&material.set).filter(|&(_, s)| wanted.has(s));
                index.insert(shingles, material.size())
            }
            // They come by size, so that no smaller one is looked up later.
            None if matches!(self.mode, Mode::Pairs | Mode::Sparse) => {
                let length = self.bounds.ascending_prefix(material.size()) as usize;
                index.insert(placed(&prefix[..length]), material.size())
            }
            None => index.insert(placed(prefix), material.size()),
        }
    }

    /// Compares a document with those of the index numbered `from` and up,
    /// `inserted` being their documents.
    fn meet(
        &self,
        index: &Index,
        inserted: &[u32],
        (document, from): (u32, u32),
        bench: &mut Bench,
        met: &mut Met,
    ) {
        let material = self.sets.at(document);
        let Bench { scratch, found } = bench;
        index.look_up(placed(&met.prefix), material.size(), from, scratch, found);
        for &number in &*found {
            let other = self.sets.at(inserted[number as usize]);
            // Contained in what is smaller it cannot be.
            if self.wanted.is_some() && other.size() < material.size() {
                continue;
            }
            let verdict = material.judge(other, self.bounds);
            if let Some(overlap) = met.checks.count(verdict) {
                met.alike.push((number, overlap));
                if self.mode == Mode::Leaders {
                    return;
                }
            }
        }
    }

    /// The pairs or families among documents that come in this order.
    fn among(&self, order: &[u32], watch: &dyn Watch, found: &mut Found) -> Result<(), JoinError> {
        let mut index = Index::new(self.bounds);
        let mut inserted: Vec<u32> = Vec::new();
        let mut members: Vec<Vec<Member>> = Vec::new();
        let mut crowds = Crowds::default();
        let mut benches = benches();
        watch.begin("joining", order.len() as u64);
        for block in order.chunks(BLOCK) {
            watch.advance(block.len() as u64);
            // First against those before the block, all at once; then, one
            // after the other, against those of the block itself.
            let all = self.meet_all(&index, &inserted, block, &mut benches);
            let before = index.len();
            for (&document, mut met) in block.iter().zip(all) {
                if self.mode != Mode::Leaders || met.alike.is_empty() {
                    let bench = &mut benches[0];
                    self.meet(&index, &inserted, (document, before), bench, &mut met);
                }
                found.checks.add(met.checks);
                if self.mode != Mode::Leaders {
                    let other = |number: u32| inserted[number as usize];
                    let edges = met.alike.iter().map(|&(n, o)| edge(document, other(n), o));
                    found.edges.add(&edges.collect::<Vec<Edge>>())?;
                    if self.mode == Mode::Sparse && !crowds.admits(document, &met.alike) {
                        continue;
                    }
                } else if let Some(&(leader, overlap)) = met.alike.first() {
                    members[leader as usize].push(Member { document, overlap });
                    continue;
                }
                self.insert(&mut index, document, &met.prefix)?;
                inserted.push(document);
                members.push(Vec::new());
            }
        }
        drop(index);
        self.lone(order, &crowds.left_out, found)?;
        found.large_buckets = crowds.crowds();
        let families = inserted.into_iter().zip(members);
        let families = families.filter(|(_, members)| !members.is_empty());
        for (leader, members) in families {
            found.families.add(Family { leader, members })?;
        }
        Ok(())
    }

    /// Looks up documents of `order` that are in no pair among those that were
    /// left out of the index; each that is alike one gets a pair.
    fn lone(&self, order: &[u32], left_out: &[u32], found: &mut Found) -> Result<(), JoinError> {
        if left_out.is_empty() {
            return Ok(());
        }
        let mut paired = vec![false; self.sets.materials.len()];
        found.edges.each(|e| {
            (paired[e.a as usize], paired[e.b as usize]) = (true, true);
            Ok(())
        })?;
        let lone: Vec<u32> = order.iter().copied().filter(|&d| !paired[d as usize]).collect();
        let mut index = Index::new(self.bounds);
        for &document in left_out {
            let prefix = self.prefix(self.sets.at(document));
            self.insert(&mut index, document, &prefix)?;
        }
        let mut benches = benches();
        for block in lone.chunks(BLOCK) {
            let all = self.meet_all(&index, left_out, block, &mut benches);
            for (&document, met) in block.iter().zip(all) {
                found.checks.add(met.checks);
                if let Some(&(n, overlap)) = met.alike.first() {
                    found.edges.add(&[edge(document, left_out[n as usize], overlap)])?;
                }
            }
        }
        Ok(())
    }

    /// The pairs of documents with those of the reference set: the first ones.
    fn against(
        &self,
        reference: u32,
        order: &[u32],
        watch: &dyn Watch,
        found: &mut Found,
    ) -> Result<(), JoinError> {
        let mut index = Index::new(self.bounds);
        let inserted: Vec<u32> = (0..reference).collect();
        for &document in &inserted {
            let prefix = self.prefix(self.sets.at(document));
            self.insert(&mut index, document, &prefix)?;
        }
        let mut benches = benches();
        watch.begin("joining", order.len() as u64);
        for block in order.chunks(BLOCK) {
            watch.advance(block.len() as u64);
            let all = self.meet_all(&index, &inserted, block, &mut benches);
            for (&document, met) in block.iter().zip(all) {
                found.checks.add(met.checks);
                let edges = met.alike.iter().map(|&(known, o)| edge(document, known, o));
                found.edges.add(&edges.collect::<Vec<Edge>>())?;
            }
        }
        Ok(())
    }

    /// Compares each document of a block with those of the index.
    fn meet_all(
        &self,
        index: &Index,
        inserted: &[u32],
        block: &[u32],
        benches: &mut [Bench],
    ) -> Vec<Met> {
        let share = block.len().div_ceil(benches.len());
        let all: Vec<Vec<Met>> = benches
            .par_iter_mut()
            .zip(block.par_chunks(share))
            .map(|(bench, documents)| {
                let meet = |&document: &u32| {
                    let prefix = self.prefix(self.sets.at(document));
                    let mut met = Met { prefix, ..Met::default() };
                    self.meet(index, inserted, (document, 0), bench, &mut met);
                    met
                };
                documents.iter().map(meet).collect()
            })
            .collect();
        all.into_iter().flatten().collect()
    }
}

/// Documents that are alike one that was put in before them.
#[derive(Debug, Default)]
struct Crowds {
    /// For each document that was put in, those that it was the first of.
    followers: Vec<u32>,
    /// Documents that are not to be put in.
    left_out: Vec<u32>,
}

impl Crowds {
    /// Whether a document that is alike those of the index is to be put in.
    fn admits(&mut self, document: u32, alike: &[(u32, Overlap)]) -> bool {
        if let Some(&(first, _)) = alike.iter().min() {
            let followers = &mut self.followers[first as usize];
            *followers += 1;
            if *followers > CROWD {
                self.left_out.push(document);
                return false;
            }
        }
        self.followers.push(0);
        true
    }

    fn crowds(&self) -> u64 {
        self.followers.iter().filter(|&&n| n > CROWD).count() as u64
    }
}

fn benches() -> Vec<Bench> {
    let mut benches = Vec::new();
    benches.resize_with(rayon::current_num_threads(), Bench::default);
    benches
}

/// A pair with the lesser number first.
pub(super) fn edge(document: u32, other: u32, overlap: Overlap) -> Edge {
    if document < other {
        Edge { a: document, b: other, overlap }
    } else {
        Edge { a: other, b: document, overlap: overlap.swapped() }
    }
}
