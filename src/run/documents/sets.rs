//! Sets of shingles that others hold -> which are alike: the same engine for
//! documents that are no texts of their own.
//!
//! * time: near-linear; see the stages
//! * space: with signatures 4 bytes a value and document; to find every pair,
//!   8 bytes a shingle; see [`Banded`] and [`Joined`]

use std::convert::Infallible;

use rayon::prelude::*;

use crate::bits::Bits;
use crate::cluster::Family;
use crate::keep::Ranks;
use crate::options::dedup::DedupPlan;
use crate::radix::Sorter;
use crate::run::Watch;
use crate::run::documents::BLOCK;
use crate::run::documents::DocumentsError;
use crate::run::documents::banded::Banded;
use crate::run::documents::found::Edge;
use crate::run::documents::found::Edges;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Form;
use crate::run::documents::found::Found;
use crate::run::documents::found::Job;
use crate::run::documents::joined::Joined;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Workspace;
use crate::run::documents::source::Source;
use crate::run::room::Room;
use crate::sketch::Sketcher;

/// Gives the sets of documents, the same each time.
pub(crate) trait Sets: Sync {
    /// Number of documents.
    fn len(&self) -> usize;

    /// Replaces `set` by the shingles of a document: ascending, distinct, at
    /// least one.
    fn set(&self, document: u32, sorter: &mut Sorter, set: &mut Vec<u64>);
}

impl<S: Sets> Source for S {
    type Error = Infallible;

    fn material(&self, document: u32, workspace: &mut Workspace) -> Result<Material, Infallible> {
        let (sorter, set) = workspace.for_sets();
        self.set(document, sorter, set);
        Ok(Material::of_set(set.as_slice().to_vec()))
    }
}

/// What was found among documents.
#[derive(Debug)]
pub(crate) struct Alike {
    /// Families of two documents or more.
    pub(crate) families: Vec<Family>,
    /// Verified pairs, each once, in order: all if the plan asks for pairs,
    /// else a number in proportion to the documents ([`Edges::Sparse`]).
    pub(crate) edges: Vec<Edge>,
    /// Probability with which a pair exactly at the threshold is found.
    pub(crate) recall: f64,
    /// Crowds of which not all pairs were looked at.
    pub(crate) crowds: u64,
}

impl Default for Alike {
    fn default() -> Alike {
        Alike { families: Vec::new(), edges: Vec::new(), recall: 1.0, crowds: 0 }
    }
}

impl Alike {
    /// The same with other numbers in place of the documents', which have to
    /// be in the same order.
    pub(crate) fn renumbered(mut self, number: impl Fn(u32) -> u32) -> Alike {
        for family in &mut self.families {
            family.leader = number(family.leader);
            family.members.iter_mut().for_each(|m| m.document = number(m.document));
        }
        for edge in &mut self.edges {
            (edge.a, edge.b) = (number(edge.a), number(edge.b));
        }
        self
    }

    /// Adds what was found among later documents.
    pub(crate) fn add(&mut self, other: Alike) {
        self.families.extend(other.families);
        self.edges.extend(other.edges);
        self.recall = self.recall.min(other.recall);
        self.crowds += other.crowds;
    }
}

/// More shingles in all prefixes than the complete join can number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyShingles;

/// Finds the documents that are alike by the Jaccard similarity of their sets.
/// `ranks` say how much each is preferred as a leader, all different.
pub(crate) fn alike<S: Sets>(
    sets: &S,
    plan: &DedupPlan,
    ranks: &[u32],
    watch: &dyn Watch,
) -> Result<Alike, TooManyShingles> {
    let edges = if plan.options().pairs { Edges::All } else { Edges::Sparse };
    let room = Room::unlimited();
    let (gone, ranks) = (Bits::default(), Ranks::Listed(ranks.to_vec()));
    let job = Job {
        plan,
        source: sets,
        ranks: &ranks,
        reference: 0,
        edges,
        gone: &gone,
        form: Form::Lists,
        room: &room,
        watch,
    };
    let (found, recall) = match plan.banding() {
        Some(banding) => {
            let mut banded = Banded::new(banding, plan.options().num_perm, &room);
            sketch(sets, plan, &mut banded)?;
            (banded.find(&job), banded.recall(plan))
        }
        None => {
            let make = |workspace: &mut Workspace, document| {
                sets.material(document, workspace).unwrap_or_else(|never| match never {})
            };
            let all = (0..sets.len() as u32).into_par_iter();
            let materials = all.map_init(Workspace::default, make).collect();
            let mut joined = Joined::of(materials, job.bounds(), &room);
            (joined.find(&job), joined.recall(plan))
        }
    };
    let found: Found = found.map_err(|error| match error {
        DocumentsError::TooManyShingles => TooManyShingles,
        DocumentsError::Text(never) => match never {},
        // Without a limit nothing is spilled.
        DocumentsError::Spill(_) | DocumentsError::State(_) => TooManyShingles,
    })?;
    let Found { families, edges, large_buckets, .. } = found;
    let (families, mut edges) = (families.into_list(), edges.into_list());
    edges.par_sort_unstable();
    edges.dedup();
    Ok(Alike { families, edges, recall, crowds: large_buckets })
}

/// Adds the signatures of all sets.
fn sketch<S: Sets>(sets: &S, plan: &DedupPlan, banded: &mut Banded) -> Result<(), TooManyShingles> {
    let options = plan.options();
    let sketcher = Sketcher::new(options.num_perm, options.seed);
    let make = |(workspace, lanes): &mut (Workspace, Vec<u32>), document: u32| {
        let (sorter, set) = workspace.for_sets();
        sets.set(document, sorter, set);
        lanes.clear();
        lanes.extend(set.iter().map(|&shingle| (shingle >> 32) as u32));
        let mut signature = vec![0; options.num_perm].into_boxed_slice();
        sketcher.sketch(lanes, &mut signature);
        (signature, set.len() as u32)
    };
    let all: Vec<u32> = (0..sets.len() as u32).collect();
    for block in all.chunks(BLOCK) {
        let made: Vec<(Box<[u32]>, u32)> = block
            .par_iter()
            .map_init(Default::default, |bench, &document| make(bench, document))
            .collect();
        for (signature, shingles) in made {
            banded.add(&signature, shingles).map_err(|_| TooManyShingles)?;
        }
    }
    Ok(())
}
