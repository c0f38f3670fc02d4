//! What a search for pairs hands on, whichever way it went.

use crate::cluster;
use crate::cluster::Family;
use crate::cluster::Link;
use crate::cluster::Member;
use crate::cluster::Overlap;
use crate::disjoint::Disjoint;
use crate::join::Bounds;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Linking;
use crate::run::Watch;
use crate::run::documents::DocumentsError;
use crate::run::documents::recipe::Checks;
use crate::run::documents::source::Source;
use crate::run::room::Room;

/// The part of the free memory that sets may have.
const SETS_SHARE: u64 = 6;

/// A way to find documents that are alike.
pub(super) trait Finder {
    /// Probability with which a pair exactly at the threshold is found.
    fn recall(&self, plan: &DedupPlan) -> f64;

    /// Finds the families among all documents, and the pairs asked for.
    fn find<S: Source>(&mut self, job: &Job<'_, S>) -> Result<Found, DocumentsError<S::Error>>;
}

/// Verified pairs that are part of the result, beside the families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edges {
    /// None.
    None,
    /// All: as many as there are.
    All,
    /// A number in proportion to the documents. Of a crowd of documents that
    /// are alike the same one some pairs are left out, never all of one of
    /// them.
    Sparse,
}

/// What a search has to go by.
pub(super) struct Job<'a, S> {
    pub(super) plan: &'a DedupPlan,
    /// Gives what they are compared by.
    pub(super) source: &'a S,
    /// How much each document is preferred.
    pub(super) ranks: &'a [u32],
    /// Documents of the reference set: the first ones.
    pub(super) reference: u32,
    /// Verified pairs that are asked for.
    pub(super) edges: Edges,
    /// Documents that turned out to be copies of others; empty if none did.
    pub(super) gone: &'a [bool],
    pub(super) room: &'a Room,
    pub(super) watch: &'a dyn Watch,
}

impl<S> Job<'_, S> {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { measure: self.plan.options().measure, threshold: self.plan.threshold() }
    }

    /// Bytes of sets that may be held.
    pub(super) fn set_bytes(&self) -> u64 {
        let share = self.room.budget.share_of_free(SETS_SHARE, 1 << 10) as u64;
        self.plan.options().set_bytes.min(share)
    }
}

/// A verified pair, `a < b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) a: u32,
    pub(crate) b: u32,
    /// What they share, `a` first.
    pub(crate) overlap: Overlap,
}

impl Edge {
    pub(super) fn link(self) -> Link {
        Link { a: self.a, b: self.b, known: Some(self.overlap) }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Families of two documents or more; each document in one at most.
    pub(super) families: Vec<Family>,
    /// The verified pairs asked for, in no particular order.
    pub(super) edges: Vec<Edge>,
    pub(super) checks: Checks,
    /// Crowds of which not all pairs were looked at: large buckets, or with
    /// [`Edges::Sparse`] documents that very many are alike.
    pub(super) large_buckets: u64,
}

/// The families of one component. `compare(x, leader)` gives what two
/// documents share if they are alike, or however little with `Connected`.
pub(super) fn families<E>(
    documents: &mut [u32],
    links: &[Link],
    linking: Linking,
    ranks: &[u32],
    compare: Option<impl FnMut(u32, u32) -> Result<Option<Overlap>, E>>,
) -> Result<Vec<Family>, E> {
    documents.sort_unstable_by_key(|&d| ranks[d as usize]);
    let mut families = match (linking, compare) {
        (Linking::Connected, Some(mut compare)) => {
            let (&mut leader, rest) = documents.split_first_mut().expect("a component has members");
            let mut members = Vec::with_capacity(rest.len());
            for &mut document in rest {
                let overlap = compare(document, leader)?.unwrap_or_default();
                members.push(Member { document, overlap });
            }
            vec![Family { leader, members }]
        }
        (_, compare) => cluster::families(documents, links, compare)?,
    };
    families.retain(|family| !family.members.is_empty());
    Ok(families)
}

/// Documents ascending, each once.
pub(super) fn ends(documents: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut documents: Vec<u32> = documents.collect();
    documents.sort_unstable();
    documents.dedup();
    documents
}

/// A component: its documents, ascending, and the links among them.
pub(super) type Component = (Vec<u32>, Vec<Link>);

/// The components of two documents or more that links make, by their first
/// documents.
pub(super) fn components(links: Vec<Link>) -> Vec<Component> {
    let mut documents: Vec<u32> = links.iter().flat_map(|l| [l.a, l.b]).collect();
    documents.sort_unstable();
    documents.dedup();
    let place = |d: u32| documents.partition_point(|&x| x < d) as u32;
    let mut sets = Disjoint::new(documents.len());
    for link in &links {
        sets.union(place(link.a), place(link.b));
    }
    let mut keyed: Vec<(u32, Link)> =
        links.into_iter().map(|link| (sets.find(place(link.a)), link)).collect();
    keyed.sort_unstable();
    let groups = sets.groups();
    keyed
        .chunk_by(|x, y| x.0 == y.0)
        .zip(groups)
        .map(|(links, group)| {
            let members = group.iter().map(|&place| documents[place as usize]).collect();
            (members, links.iter().map(|&(_, link)| link).collect())
        })
        .collect()
}

/// For each document that is not of the reference set the document of it that
/// is most alike: of equals the first.
pub(super) fn nearest(edges: &[Edge], plan: &DedupPlan) -> Vec<Family> {
    let measure = plan.options().measure;
    let mut by_document = edges.to_vec();
    by_document.sort_unstable_by(|x, y| {
        let score = || crate::report::dedup::compare(measure, y.overlap, x.overlap);
        x.b.cmp(&y.b).then_with(score).then(x.a.cmp(&y.a))
    });
    by_document.dedup_by_key(|e| e.b);
    by_document.sort_unstable_by_key(|e| (e.a, e.b));
    let member = |e: &Edge| Member { document: e.b, overlap: e.overlap.swapped() };
    by_document
        .chunk_by(|x, y| x.a == y.a)
        .map(|same| Family { leader: same[0].a, members: same.iter().map(member).collect() })
        .collect()
}
