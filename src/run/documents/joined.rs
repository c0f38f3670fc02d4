//! Sets -> prefixes -> candidates -> verified pairs -> families, with no pair
//! missed.
//!
//! When clusters are led and no pairs are asked for, documents come best to
//! keep first, and only those that lead are put into the index: the first
//! leader that a document is alike takes it. That is the definition of a
//! cluster, and copies by the thousand cost no more than as many comparisons.
//! Otherwise every document is put in, and every pair is verified: as many as
//! there are in a crowd of documents that are all alike.
//!
//! * time: see [`crate::join`]
//! * space: all sets, and the index

use crate::cluster::Family;
use crate::cluster::Member;
use crate::cluster::Overlap;
use crate::join::Bounds;
use crate::join::Index;
use crate::join::IndexFull;
use crate::join::Rarity;
use crate::join::Scratch;
use crate::join::Wanted;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Linking;
use crate::options::dedup::Measure;
use crate::run::Unwatched;
use crate::run::Watch;
use crate::run::documents::DocumentsError;
use crate::run::documents::Texts;
use crate::run::documents::found::Edge;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::found::components;
use crate::run::documents::found::families;
use crate::run::documents::found::nearest;
use crate::run::documents::recipe::Checks;
use crate::run::documents::recipe::Material;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::convert::Infallible;

/// The sets of all documents.
#[derive(Debug, Default)]
pub(super) struct Joined {
    materials: Vec<Material>,
}

/// Documents looked up together, before any of them is put in.
const BLOCK: usize = 512;

/// Documents from which on only one in [`SAMPLE`] is counted for the order of
/// rarity: more would fill the counters and tell nothing apart.
const SAMPLED: usize = 1 << 16;

/// Of so many documents one is counted.
const SAMPLE: usize = 16;

impl Joined {
    pub(super) fn new(materials: Vec<Material>) -> Joined {
        Joined { materials }
    }

    /// All pairs that are alike.
    pub(super) fn pairs(&self, bounds: Bounds) -> Result<Vec<Edge>, IndexFull> {
        let mut order: Vec<u32> = (0..self.materials.len() as u32).collect();
        order.par_sort_by_key(|&d| (self.of(d).size(), d));
        Ok(Join::new(self, bounds, Mode::Pairs).among(&order, &Unwatched)?.edges)
    }

    pub(super) fn add(&mut self, material: Material) {
        self.materials.push(material);
    }

    fn of(&self, document: u32) -> &Material {
        &self.materials[document as usize]
    }

    fn rarity(&self) -> Rarity {
        let mut rarity = Rarity::default();
        let materials = || self.materials.iter().filter(|material| !material.is_empty());
        let step = if materials().count() < SAMPLED { 1 } else { SAMPLE };
        materials().step_by(step).for_each(|m| rarity.count(&m.set));
        rarity
    }
}

impl Finder for Joined {
    fn recall(&self, _: &DedupPlan) -> f64 {
        1.0
    }

    fn find<T: Texts + ?Sized>(
        &mut self,
        job: &Job<'_, T>,
    ) -> Result<Found, DocumentsError<T::Error>> {
        let options = job.plan.options();
        for (material, _) in self.materials.iter_mut().zip(job.gone).filter(|(_, gone)| **gone) {
            *material = Material::default();
        }
        let mode = if options.against {
            Mode::Against
        } else if options.pairs || options.cluster == Linking::Connected {
            Mode::Pairs
        } else {
            Mode::Leaders
        };
        let join = Join::new(self, job.bounds(), mode);
        let (size, rank) = (|d: u32| self.of(d).size(), |d: u32| job.ranks[d as usize]);
        let mut order: Vec<u32> = (job.reference..self.materials.len() as u32).collect();
        order.retain(|&document| !self.of(document).is_empty());
        match (options.measure, mode) {
            // What is contained comes after what contains it.
            (Measure::Containment, _) => order.par_sort_by_key(|&d| (Reverse(size(d)), rank(d))),
            (Measure::Jaccard, Mode::Pairs) => order.par_sort_by_key(|&d| (size(d), d)),
            (Measure::Jaccard, _) => order.par_sort_by_key(|&d| rank(d)),
        }
        let found = match mode {
            Mode::Against => join.against(job.reference, &order, job.watch),
            Mode::Pairs | Mode::Leaders => join.among(&order, job.watch),
        };
        let mut found = found.map_err(|IndexFull| DocumentsError::TooManyShingles)?;
        match mode {
            Mode::Leaders => {}
            Mode::Against => found.families = nearest(&found.edges, job.plan),
            Mode::Pairs => {
                let mut places = job.ranks.to_vec();
                if options.measure == Measure::Containment {
                    (0..).zip(&order).for_each(|(place, &d)| places[d as usize] = place);
                }
                found.families = self.families(&found.edges, options.cluster, &places);
            }
        }
        if !options.pairs {
            found.edges = Vec::new();
        }
        Ok(found)
    }
}

impl Joined {
    fn families(&self, edges: &[Edge], linking: Linking, ranks: &[u32]) -> Vec<Family> {
        let all: Vec<Vec<Family>> = components(edges.iter().map(|e| e.link()).collect())
            .into_par_iter()
            .map(|(mut documents, links)| {
                let compare = |x: u32, leader: u32| -> Result<_, Infallible> {
                    Ok(Some(self.of(x).overlap(self.of(leader))))
                };
                let compare = (linking == Linking::Connected).then_some(compare);
                let result = families(&mut documents, &links, linking, ranks, compare);
                result.unwrap_or_else(|never| match never {})
            })
            .collect();
        all.into_iter().flatten().collect()
    }
}

/// Which pairs are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// All.
    Pairs,
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
        let material = self.sets.of(document);
        match &self.wanted {
            Some(wanted) => {
                let shingles = material.set.iter().copied().filter(|&s| wanted.has(s));
                index.insert(shingles, material.size())
            }
            // They come by size, so that no smaller one is looked up later.
            None if self.mode == Mode::Pairs => {
                let length = self.bounds.ascending_prefix(material.size()) as usize;
                index.insert(prefix[..length].iter().copied(), material.size())
            }
            None => index.insert(prefix.iter().copied(), material.size()),
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
        let material = self.sets.of(document);
        let Bench { scratch, found } = bench;
        index.look_up(&met.prefix, material.size(), from, scratch, found);
        for &number in &*found {
            let other = self.sets.of(inserted[number as usize]);
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
    fn among(&self, order: &[u32], watch: &dyn Watch) -> Result<Found, IndexFull> {
        let mut index = Index::new(self.bounds);
        let mut inserted: Vec<u32> = Vec::new();
        let mut members: Vec<Vec<Member>> = Vec::new();
        let mut found = Found::default();
        let mut benches: Vec<Bench> = Vec::new();
        benches.resize_with(rayon::current_num_threads(), Bench::default);
        watch.begin("joining", order.len() as u64);
        for block in order.chunks(BLOCK) {
            watch.advance(block.len() as u64);
            // First against those before the block, all at once; then, one
            // after the other, against those of the block itself.
            let all = self.meet_all(&index, &inserted, block, &mut benches);
            let before = index.len();
            for (&document, mut met) in block.iter().zip(all) {
                if self.mode == Mode::Pairs || met.alike.is_empty() {
                    let bench = &mut benches[0];
                    self.meet(&index, &inserted, (document, before), bench, &mut met);
                }
                found.checks.add(met.checks);
                if self.mode == Mode::Pairs {
                    let other = |number: u32| inserted[number as usize];
                    let edges = met.alike.iter().map(|&(n, o)| edge(document, other(n), o));
                    found.edges.extend(edges);
                } else if let Some(&(leader, overlap)) = met.alike.first() {
                    members[leader as usize].push(Member { document, overlap });
                    continue;
                }
                self.insert(&mut index, document, &met.prefix)?;
                inserted.push(document);
                members.push(Vec::new());
            }
        }
        let families = inserted.into_iter().zip(members);
        let families = families.filter(|(_, members)| !members.is_empty());
        found.families.extend(families.map(|(leader, members)| Family { leader, members }));
        Ok(found)
    }

    /// The pairs of documents with those of the reference set: the first ones.
    fn against(
        &self,
        reference: u32,
        order: &[u32],
        watch: &dyn Watch,
    ) -> Result<Found, IndexFull> {
        let mut index = Index::new(self.bounds);
        let inserted: Vec<u32> = (0..reference).collect();
        for &document in &inserted {
            let prefix = self.prefix(self.sets.of(document));
            self.insert(&mut index, document, &prefix)?;
        }
        let mut benches: Vec<Bench> = Vec::new();
        benches.resize_with(rayon::current_num_threads(), Bench::default);
        let mut found = Found::default();
        watch.begin("joining", order.len() as u64);
        for block in order.chunks(BLOCK) {
            watch.advance(block.len() as u64);
            let all = self.meet_all(&index, &inserted, block, &mut benches);
            for (&document, met) in block.iter().zip(all) {
                found.checks.add(met.checks);
                found.edges.extend(met.alike.iter().map(|&(known, o)| edge(document, known, o)));
            }
        }
        Ok(found)
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
                    let prefix = self.prefix(self.sets.of(document));
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

/// A pair with the lesser number first.
fn edge(document: u32, other: u32, overlap: Overlap) -> Edge {
    if document < other {
        Edge { a: document, b: other, overlap }
    } else {
        Edge { a: other, b: document, overlap: overlap.swapped() }
    }
}
