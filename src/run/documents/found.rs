//! What a search for pairs hands on, whichever way it went.

use crate::bits::Bits;
use crate::cluster;
use crate::cluster::Family;
use crate::cluster::Link;
use crate::cluster::Member;
use crate::cluster::Overlap;
use crate::disjoint::Disjoint;
use crate::external::Sorting;
use crate::external::kept::Kept;
use crate::join::Bounds;
use crate::keep::Ranks;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Linking;
use crate::report::dedup::compare;
use crate::run::Watch;
use crate::run::documents::DocumentsError;
use crate::run::documents::recipe::Checks;
use crate::run::documents::rows::parts;
use crate::run::documents::rows::row;
use crate::run::documents::source::Source;
use crate::run::room::Room;
use crate::spill::SpillError;

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
    pub(super) ranks: &'a Ranks,
    /// Documents of the reference set: the first ones.
    pub(super) reference: u32,
    /// Verified pairs that are asked for.
    pub(super) edges: Edges,
    /// Documents that turned out to be copies of others.
    pub(super) gone: &'a Bits,
    /// What the result is to be given as.
    pub(super) form: Form,
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
#[derive(Debug)]
pub(super) struct Found {
    /// Families of two documents or more; each document in one at most.
    pub(super) families: Families,
    /// The verified pairs asked for.
    pub(super) edges: Pairs,
    pub(super) checks: Checks,
    /// Crowds of which not all pairs were looked at: large buckets, or with
    /// [`Edges::Sparse`] documents that very many are alike.
    pub(super) large_buckets: u64,
}

impl Found {
    /// Nothing yet.
    pub(super) fn new<S>(job: &Job<'_, S>) -> Found {
        let (families, edges) = match job.form {
            Form::Lists => (Families::Listed(Vec::new()), Pairs::Listed(Vec::new())),
            Form::Rows => {
                let share = job.room.budget.share_of_free(ROWS_SHARE, 1 << 10);
                let rows = || Sorting::new(&job.room.scratch, ROW, share);
                (Families::Rows(rows().distinct(), None), Pairs::Rows(rows()))
            }
        };
        Found { families, edges, checks: Checks::default(), large_buckets: 0 }
    }
}

/// What the result is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lists in memory.
    Lists,
    /// Rows, which need not fit in it.
    Rows,
}

/// The part of the free memory in which families, and pairs, are sorted.
pub(super) const ROWS_SHARE: u64 = 16;

/// Bytes of a document, another, and what they share.
pub(super) const ROW: usize = 20;

fn related(document: u32, other: u32, overlap: Overlap) -> [u8; ROW] {
    row([document, other, overlap.shared, overlap.first, overlap.second])
}

/// A document and its leader, and what they share, the document first.
pub(super) type Place = (u32, u32, Overlap);

/// The document, the other and what they share of a row.
pub(super) fn relation(row: &[u8]) -> Place {
    let [document, other, shared, first, second] = parts(row);
    (document, other, Overlap { shared, first, second })
}

/// What a text shares with itself.
pub(super) fn same(size: u32) -> Overlap {
    Overlap { shared: size, first: size, second: size }
}

/// Families as they are found.
#[derive(Debug)]
pub(super) enum Families {
    Listed(Vec<Family>),
    /// [`Place`]s by document, leaders among them; the leader put in last.
    Rows(Sorting, Option<u32>),
}

impl Families {
    /// Adds a family of two documents or more.
    pub(super) fn add(&mut self, family: Family) -> Result<(), SpillError> {
        match self {
            Families::Listed(all) => all.push(family),
            Families::Rows(..) => {
                for member in family.members {
                    self.join(family.leader, member)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a member to the family of a leader.
    pub(super) fn join(&mut self, leader: u32, member: Member) -> Result<(), SpillError> {
        let Member { document, overlap } = member;
        match self {
            Families::Listed(all) => {
                match all.iter_mut().rev().find(|family| family.leader == leader) {
                    Some(family) => family.members.push(member),
                    None => all.push(Family { leader, members: vec![member] }),
                }
                Ok(())
            }
            Families::Rows(rows, last) => {
                // Equal rows are given once.
                if last.replace(leader) != Some(leader) {
                    rows.push(&related(leader, leader, same(overlap.second)))?;
                }
                rows.push(&related(document, leader, overlap))
            }
        }
    }

    /// The families that are listed.
    pub(super) fn into_list(self) -> Vec<Family> {
        match self {
            Families::Listed(all) => all,
            Families::Rows(..) => Vec::new(),
        }
    }
}

/// Verified pairs as they are found.
#[derive(Debug)]
pub(super) enum Pairs {
    Listed(Vec<Edge>),
    /// By the second document, then the first.
    Rows(Sorting),
    /// The same, sorted.
    Kept(Kept),
}

/// The pair of a row.
pub(super) fn edge_of(row: &[u8]) -> Edge {
    let (b, a, overlap) = relation(row);
    Edge { a, b, overlap }
}

impl Pairs {
    pub(super) fn add(&mut self, edges: &[Edge]) -> Result<(), SpillError> {
        match self {
            Pairs::Listed(all) => all.extend_from_slice(edges),
            Pairs::Rows(rows) => {
                for edge in edges {
                    rows.push(&related(edge.b, edge.a, edge.overlap))?;
                }
            }
            Pairs::Kept(_) => unreachable!("all were found before they were sorted"),
        }
        Ok(())
    }

    /// Puts them in order, when they are rows.
    pub(super) fn sort(&mut self, room: &Room) -> Result<(), SpillError> {
        let share = room.budget.share_of_free(ROWS_SHARE, 1 << 10);
        *self = match std::mem::replace(self, Pairs::Listed(Vec::new())) {
            Pairs::Rows(rows) => Pairs::Kept(rows.finish()?.keep(&room.scratch, share)?),
            others => others,
        };
        Ok(())
    }

    /// Passes all to `see`; of rows, in order.
    pub(super) fn each(
        &self,
        mut see: impl FnMut(Edge) -> Result<(), SpillError>,
    ) -> Result<(), SpillError> {
        match self {
            Pairs::Listed(all) => all.iter().try_for_each(|&edge| see(edge)),
            Pairs::Rows(_) => unreachable!("they are sorted first"),
            Pairs::Kept(kept) => {
                let mut reader = kept.from(0)?;
                while let Some(row) = reader.head() {
                    see(edge_of(row))?;
                    reader.step()?;
                }
                Ok(())
            }
        }
    }

    /// The pairs that are listed.
    pub(super) fn into_list(self) -> Vec<Edge> {
        match self {
            Pairs::Listed(all) => all,
            Pairs::Rows(_) | Pairs::Kept(_) => Vec::new(),
        }
    }
}

/// The families of one component. `compare(x, leader)` gives what two
/// documents share if they are alike, or however little with `Connected`.
pub(super) fn families<E>(
    documents: &mut [u32],
    links: &[Link],
    linking: Linking,
    rank: impl Fn(u32) -> u32,
    compare: Option<impl FnMut(u32, u32) -> Result<Option<Overlap>, E>>,
) -> Result<Vec<Family>, E> {
    documents.sort_unstable_by_key(|&d| rank(d));
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

/// Links of components read from the disk together.
const LINKS: usize = 1 << 14;

/// Bytes of a component's number and a pair.
const KEYED: usize = 24;

/// Passes the links of pairs to `see`, those of a component together, and of
/// some components at a time.
pub(super) fn by_component<E>(
    edges: &Pairs,
    documents: u32,
    room: &Room,
    mut see: impl FnMut(Vec<Link>) -> Result<(), DocumentsError<E>>,
) -> Result<(), DocumentsError<E>> {
    if let Pairs::Listed(edges) = edges {
        return see(edges.iter().map(|edge| edge.link()).collect());
    }
    let mut sets = Disjoint::new(documents as usize);
    edges.each(|edge| {
        sets.union(edge.a, edge.b);
        Ok(())
    })?;
    let roots = sets.roots();
    let share = room.budget.share_of_free(ROWS_SHARE, 1 << 10);
    let mut sorting = Sorting::new(&room.scratch, KEYED, share);
    edges.each(|Edge { a, b, overlap: Overlap { shared, first, second } }| {
        sorting.push(&row::<KEYED>([roots[a as usize], a, b, shared, first, second]))
    })?;
    drop(roots);
    let (mut sorted, mut links, mut last) = (sorting.finish()?, Vec::new(), 0);
    while let Some(record) = sorted.head() {
        let [root, a, b, shared, first, second] = parts(record);
        if root != last && links.len() >= LINKS {
            see(std::mem::take(&mut links))?;
        }
        last = root;
        links.push(Link { a, b, known: Some(Overlap { shared, first, second }) });
        sorted.step()?;
    }
    see(links)
}

/// For each document that is not of the reference set the document of it that
/// is most alike: of equals the first. Pairs are sorted, or listed.
pub(super) fn nearest(
    edges: &Pairs,
    plan: &DedupPlan,
    families: &mut Families,
) -> Result<(), SpillError> {
    let measure = plan.options().measure;
    let mut best: Option<Edge> = None;
    let mut join = |edge: Edge| {
        families.join(edge.a, Member { document: edge.b, overlap: edge.overlap.swapped() })
    };
    edges.each(|edge| {
        match best {
            Some(before) if before.b == edge.b => {
                if compare(measure, edge.overlap, before.overlap).is_gt() {
                    best = Some(edge);
                }
            }
            before => {
                before.map_or(Ok(()), &mut join)?;
                best = Some(edge);
            }
        }
        Ok(())
    })?;
    best.map_or(Ok(()), join)
}
