//! Families of documents -> clusters of records, with their exact duplicates.
//!
//! Families, pairs and copies come as rows by document and by first copy, so
//! that they are gone through once, side by side. What comes of them is rows
//! again ([`Outcome`]).
//!
//! * time: a sort of the records that are in a cluster or a pair
//! * space: shares of the memory, and a bit a record; of a reference set, the
//!   partners of a document

use crate::bits::Bits;
use crate::cluster::Overlap;
use crate::external::Sorted;
use crate::external::Sorting;
use crate::external::kept::Kept;
use crate::external::kept::Reader;
use crate::keep::Ranks;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::options::dedup::Measure;
use crate::report::dedup::Kind;
use crate::report::dedup::Summary;
use crate::report::dedup::compare;
use crate::run::documents::found::Families;
use crate::run::documents::found::Found;
use crate::run::documents::found::Pairs;
use crate::run::documents::found::Place;
use crate::run::documents::found::edge_of;
use crate::run::documents::found::relation;
use crate::run::documents::found::same;
use crate::run::documents::intake::COPY;
use crate::run::documents::intake::Copies;
use crate::run::documents::intake::Copy;
use crate::run::documents::intake::Intake;
use crate::run::documents::intake::NONE;
use crate::run::documents::outcome::Outcome;
use crate::run::documents::outcome::PairRows;
use crate::run::documents::outcome::Rows;
use crate::run::documents::outcome::head_row;
use crate::run::documents::outcome::member_row;
use crate::run::documents::recipe::Recipe;
use crate::run::documents::rows::parts;
use crate::run::documents::rows::row;
use crate::run::room::Room;
use crate::spill::SpillError;

/// The part of the free memory in which members, and pairs, are sorted, and
/// that those sorted may have.
const SHARE: u64 = 12;

/// Bytes of the first record of a leading text, a record, and what the record
/// shares with it. A copy shares all: of it the size of the set alone stands
/// there, where it is known, and 0.
const MEMBER: usize = 20;

/// Bytes of two records and what they share; 0 where the size of the set of
/// two copies is not known.
pub(super) const PAIR: usize = 20;

/// Bytes that so many copies take on disk, in a budget of `total`: sorted, and
/// kept in order, as copies and as members; as pairs, if these are wanted.
pub(super) fn spilled(copies: u64, pairs: bool, total: u64) -> u64 {
    let each = 2 * COPY + MEMBER + Rows::MEMBER + if pairs { PAIR } else { 0 };
    let bytes = copies * each as u64;
    if bytes > total / SHARE { bytes } else { 0 }
}

/// What records are put together from.
pub(super) struct Parts<'a> {
    pub(super) plan: &'a DedupPlan,
    pub(super) recipe: &'a Recipe,
    pub(super) intake: &'a Intake,
    pub(super) copies: &'a Copies,
    pub(super) ranks: &'a Ranks,
    pub(super) room: &'a Room,
}

/// A copy of a text that leads, as far as the size of its set is known.
fn leading(size: u32) -> Overlap {
    Overlap { shared: 0, first: size, second: 0 }
}

impl Parts<'_> {
    fn sorting(&self, width: usize) -> Sorting {
        let share = self.room.budget.share_of_free(SHARE, 1 << 10);
        Sorting::new(&self.room.scratch, width, share)
    }

    fn kept(&self, width: usize) -> Kept {
        let share = self.room.budget.share_of_free(SHARE, 1 << 10);
        Kept::new(&self.room.scratch, width, share)
    }

    /// Who is in which cluster, and who goes.
    pub(super) fn outcome(&self, found: Found) -> Result<Outcome, SpillError> {
        let Families::Rows(families, _) = found.families else {
            unreachable!("records are put together from rows");
        };
        let wanted = self.plan.options().pairs;
        let merged = Merged {
            parts: self,
            members: self.sorting(MEMBER),
            pairs: wanted.then(|| self.sorting(PAIR)),
        };
        let edges = match &found.edges {
            Pairs::Kept(kept) if wanted => Some(kept.from(0)?),
            _ => None,
        };
        let (members, pairs) = merged.all(families.finish()?, self.copies.0.from(0)?, edges)?;
        drop(found.edges);
        let pairs = pairs.map(Sorting::finish).transpose()?.map(PairRows::Sorted);
        let (rows, summary) = self.clusters(members.finish()?)?;
        Ok(Outcome {
            summary,
            keeps_none: self.plan.options().keep == Keep::None,
            measure: self.plan.options().measure,
            rows,
            pairs,
            records: self.intake.records(),
            recipe: self.recipe.clone(),
            room: self.room.clone(),
        })
    }

    /// Finds the ends of the clusters and what they have in common.
    fn clusters(&self, mut sorted: Sorted) -> Result<(Rows, Summary), SpillError> {
        let (mut heads, mut members) = (self.sorting(Rows::HEAD), self.kept(Rows::MEMBER));
        let mut removed = Bits::new(self.intake.records() as usize);
        let mut tally = Tally::default();
        let mut draft: Option<(u32, Draft)> = None;
        loop {
            let next = sorted.head().map(parts::<5>);
            let text = next.map(|parts| parts[0]);
            if let Some((_, done)) = draft.take_if(|(own, _)| Some(*own) != text) {
                self.end(&done, &mut heads, &mut removed, &mut tally)?;
            }
            let Some([text, record, shared, first, second]) = next else { break };
            let (_, draft) = draft.get_or_insert_with(|| (text, Draft::new(members.len())));
            let overlap = Overlap { shared, first, second };
            if draft.add(record, overlap, self) {
                members.push(&member_row(record, overlap))?;
                removed.put(record);
            }
            sorted.step()?;
        }
        let share = self.room.budget.share_of_free(SHARE, 1 << 10);
        let heads = heads.finish()?.keep(&self.room.scratch, share)?;
        let mut summary = tally.summary;
        self.summarise(&mut summary);
        summary.clusters = heads.len();
        Ok((Rows { heads, members, removed }, summary))
    }

    /// Ends a cluster, unless all of it is of the reference set.
    fn end(
        &self,
        draft: &Draft,
        heads: &mut Sorting,
        removed: &mut Bits,
        tally: &mut Tally,
    ) -> Result<(), SpillError> {
        let intake = self.intake;
        if intake.against && draft.last < intake.reference {
            return Ok(());
        }
        let none = self.plan.options().keep == Keep::None;
        if !none {
            removed.take(draft.leader);
        }
        tally.add(draft, none);
        heads.push(&head_row(draft))
    }

    /// Counts what is kept.
    fn summarise(&self, summary: &mut Summary) {
        let intake = self.intake;
        summary.records = u64::from(intake.records() - intake.reference);
        summary.reference = intake.reference.into();
        summary.kept = summary.records - summary.removed;
        summary.short = intake.short;
        summary.empty = intake.empty;
        summary.documents = intake.distinct();
        let banding = self.plan.banding();
        summary.bands = banding.map_or(0, |b| b.bands() as u64);
        summary.rows = banding.map_or(0, |b| b.rows() as u64);
    }
}

/// A cluster whose members are gone through.
pub(super) struct Draft {
    /// Place of its first member among all.
    pub(super) start: u64,
    /// The first and the last member.
    pub(super) first: u32,
    last: u32,
    /// The preferred one of those that are the leading text.
    pub(super) leader: u32,
    pub(super) size: u32,
    /// Members that are another text.
    near: u32,
    pub(super) kind: Kind,
    /// Members of the leader's set; 0 where that is not known.
    pub(super) shingles: u32,
    /// The lowest score against the leader.
    pub(super) weakest: Option<Overlap>,
}

impl Draft {
    fn new(start: u64) -> Draft {
        Draft {
            start,
            first: NONE,
            last: NONE,
            leader: NONE,
            size: 0,
            near: 0,
            kind: Kind::Exact,
            shingles: 0,
            weakest: None,
        }
    }

    /// Adds the next member, if it is to be one.
    fn add(&mut self, record: u32, overlap: Overlap, parts: &Parts<'_>) -> bool {
        let (intake, ranks) = (parts.intake, parts.ranks);
        let measure = parts.plan.options().measure;
        let leads = overlap.second == 0;
        if leads {
            self.shingles = self.shingles.max(overlap.first);
            let first = self.leader == NONE;
            if first || ranks.of(record) < ranks.of(self.leader) {
                self.leader = record;
            } else if record < intake.reference {
                // Copies inside the reference set are not looked for.
                return false;
            }
        } else {
            self.near += 1;
            self.kind = match measure {
                Measure::Jaccard => Kind::Near,
                Measure::Containment => Kind::Contained,
            };
        }
        // By its score it is as good as any size.
        let overlap = if leads { same(1) } else { overlap };
        if self.weakest.is_none_or(|weakest| compare(measure, overlap, weakest).is_lt()) {
            self.weakest = Some(overlap);
        }
        self.first = self.first.min(record);
        self.last = record;
        self.size += 1;
        true
    }
}

/// Counts of clusters.
#[derive(Default)]
struct Tally {
    summary: Summary,
    /// First member of the largest cluster.
    first: u32,
}

impl Tally {
    fn add(&mut self, draft: &Draft, none: bool) {
        let (size, near) = (u64::from(draft.size), u64::from(draft.near));
        let summary = &mut self.summary;
        summary.removed += size - u64::from(!none);
        summary.near_duplicates += near;
        summary.exact_duplicates += size - 1 - near;
        let largest = summary.largest_cluster;
        // Of equals the first in the order of the report.
        if size > largest || (size == largest && draft.first < self.first) {
            self.first = draft.first;
            summary.largest_cluster = size;
            summary.largest_cluster_weakest = draft.weakest;
        }
    }
}

/// Families, pairs and copies that are gone through side by side.
struct Merged<'a> {
    parts: &'a Parts<'a>,
    members: Sorting,
    pairs: Option<Sorting>,
}

/// Where a text goes.
#[derive(Clone, Copy)]
struct Cluster {
    /// First record of the leading text.
    text: u32,
    overlap: Overlap,
}

impl Merged<'_> {
    /// Goes through all texts that are in a family or have a copy, in the
    /// order of their first records.
    fn all(
        mut self,
        mut places: Sorted,
        mut copies: Reader<'_>,
        mut edges: Option<Reader<'_>>,
    ) -> Result<(Sorting, Option<Sorting>), SpillError> {
        let select = |document: u32| self.parts.intake.documents.select(document);
        let placed = |(document, leader, overlap): Place| (select(document), leader, overlap);
        let mut place = places.head().map(relation).map(placed);
        let mut partners: Vec<(u32, Overlap)> = Vec::new();
        let mut edge = edges.as_ref().and_then(Reader::head).map(edge_of);
        let mut second = edge.map(|edge| select(edge.b));
        loop {
            let copy = copies.head().map(Copy::of);
            let nexts = [place.map(|p| p.0), copy.map(|c| c.first), second];
            let Some(text) = nexts.into_iter().flatten().min() else { break };
            let mut cluster = None;
            if let Some((_, leader, overlap)) = place.filter(|p| p.0 == text) {
                let leader = select(leader);
                let leads = leader == text;
                let overlap = if leads { leading(overlap.first) } else { overlap };
                cluster = Some(Cluster { text: leader, overlap });
                places.step()?;
                place = places.head().map(relation).map(placed);
            }
            partners.clear();
            while second == Some(text) {
                partners.extend(edge.map(|edge| (select(edge.a), edge.overlap)));
                if let Some(edges) = &mut edges {
                    edges.step()?;
                    edge = edges.head().map(edge_of);
                }
                second = edge.map(|edge| select(edge.b));
            }
            if let Some(cluster) = cluster {
                self.member(text, cluster)?;
            }
            self.pairs(text, &partners)?;
            self.copies(text, cluster, &partners, &mut copies)?;
        }
        Ok((self.members, self.pairs))
    }

    /// The copies of a text.
    fn copies(
        &mut self,
        text: u32,
        mut cluster: Option<Cluster>,
        partners: &[(u32, Overlap)],
        copies: &mut Reader<'_>,
    ) -> Result<(), SpillError> {
        let Intake { against, reference, .. } = *self.parts.intake;
        while let Some(copy) = copies.head().map(Copy::of).filter(|copy| copy.first == text) {
            if cluster.is_none() && (!against || text < reference) {
                let own = Cluster { text, overlap: leading(copy.size) };
                self.member(text, own)?;
                cluster = Some(own);
            }
            if let Some(cluster) = &mut cluster {
                if cluster.text == text {
                    cluster.overlap = leading(copy.size.max(cluster.overlap.first));
                }
                self.member(copy.record, *cluster)?;
            }
            // Those on one side of a reference set are not compared.
            if !against || (text < reference && copy.record >= reference) {
                self.pairs(copy.record, &[(text, same(copy.size))])?;
            }
            // Of records that are compared with one, every copy is in pairs.
            if against {
                self.pairs(copy.record, partners)?;
            }
            copies.step()?;
        }
        Ok(())
    }

    fn member(&mut self, record: u32, cluster: Cluster) -> Result<(), SpillError> {
        let Cluster { text, overlap: Overlap { shared, first, second } } = cluster;
        self.members.push(&row::<MEMBER>([text, record, shared, first, second]))
    }

    fn pairs(&mut self, record: u32, partners: &[(u32, Overlap)]) -> Result<(), SpillError> {
        let Some(pairs) = &mut self.pairs else { return Ok(()) };
        partners.iter().try_for_each(|&(a, Overlap { shared, first, second })| {
            pairs.push(&row::<PAIR>([a, record, shared, first, second]))
        })
    }
}
