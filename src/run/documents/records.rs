//! Families of documents -> clusters of records, with their exact duplicates.
//!
//! * time: `O(records log records)`; with `explain` the texts of near
//!   duplicates are read once more
//! * space: 12 bytes a record

use crate::cluster::Family;
use crate::cluster::Overlap;
use crate::differ::Words;
use crate::differ::differing;
use crate::keep::Ranks;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::options::dedup::Measure;
use crate::report::dedup::Cluster;
use crate::report::dedup::Deduped;
use crate::report::dedup::Kind;
use crate::report::dedup::Member;
use crate::report::dedup::Pair;
use crate::run::documents::DocumentsError;
use crate::run::documents::Texts;
use crate::run::documents::found::Found;
use crate::run::documents::intake::Intake;
use crate::run::documents::intake::NONE;
use crate::text::Tokens;
use crate::text::tokenize;
use rayon::prelude::*;

/// Words by which two records differ that are spelt out, on either side.
const DIFFERING_WORDS: usize = 20;

/// What a text shares with itself.
fn same(size: u32) -> Overlap {
    Overlap { shared: size, first: size, second: size }
}

/// Where all copies of a text go, and what they share with the leader there.
#[derive(Clone, Copy)]
struct Place {
    cluster: u32,
    overlap: Overlap,
    /// Whether they are copies of the leader.
    leads: bool,
}

/// The places of all texts that are in a cluster.
struct Places {
    /// For the first copy of each text its place in the list, or `NONE`.
    of: Vec<u32>,
    list: Vec<Place>,
    clusters: u32,
}

impl Places {
    fn new(intake: &Intake, families: &[Family]) -> Places {
        let of = vec![NONE; intake.first.len()];
        let mut places = Places { of, list: Vec::new(), clusters: 0 };
        let first = |document: u32| intake.documents[document as usize];
        for family in families {
            let cluster = places.clusters;
            let size = family.members.first().map_or(0, |member| member.overlap.second);
            places.add(first(family.leader), Place { cluster, overlap: same(size), leads: true });
            for member in &family.members {
                let place = Place { cluster, overlap: member.overlap, leads: false };
                places.add(first(member.document), place);
            }
            places.clusters += 1;
        }
        for (record, &first) in (0u32..).zip(&intake.first) {
            let copy = first != NONE && first != record && intake.compared(first, record);
            if copy && places.get(first).is_none() {
                let overlap = same(intake.size(first));
                places.add(first, Place { cluster: places.clusters, overlap, leads: true });
                places.clusters += 1;
            }
        }
        places
    }

    fn add(&mut self, first: u32, place: Place) {
        self.of[first as usize] = self.list.len() as u32;
        self.list.push(place);
    }

    fn get(&self, first: u32) -> Option<Place> {
        let place = *self.of.get(first as usize)?;
        self.list.get(place as usize).copied()
    }
}

/// Clusters of records, in their order.
pub(super) fn clusters(
    intake: &Intake,
    families: &[Family],
    ranks: &Ranks,
    measure: Measure,
) -> Deduped {
    let places = Places::new(intake, families);
    let mut clusters: Vec<Cluster> = (1..=places.clusters)
        .map(|id| Cluster { id, kind: Kind::Exact, leader: NONE, members: Vec::new() })
        .collect();
    for (record, &first) in (0u32..).zip(&intake.first) {
        let Some(place) = places.get(first) else { continue };
        let cluster = &mut clusters[place.cluster as usize];
        if place.leads {
            let leader = cluster.leader;
            if leader == NONE || ranks.of(record) < ranks.of(leader) {
                cluster.leader = record;
            } else if record < intake.reference {
                // Copies inside the reference set are not looked for.
                continue;
            }
        } else {
            cluster.kind = match measure {
                Measure::Jaccard => Kind::Near,
                Measure::Containment => Kind::Contained,
            };
        }
        let (overlap, exact) = (place.overlap, place.leads);
        cluster.members.push(Member { record, overlap, exact, differs: None });
    }
    Deduped::new(clusters, intake.first.len(), measure)
}

/// Pairs of records, given those of documents: each exact duplicate with the
/// first copy, and near duplicates by their first copies. Of records that are
/// compared with a reference set, every copy is in the pairs.
pub(super) fn pairs(intake: &Intake, found: &Found) -> Vec<Pair> {
    let first = |document: u32| intake.documents[document as usize];
    let against = intake.against;
    let mut pairs: Vec<Pair> = Vec::with_capacity(found.edges.len());
    let mut edges: Vec<Pair> = found
        .edges
        .iter()
        .map(|e| Pair { a: first(e.a), b: first(e.b), overlap: e.overlap })
        .collect();
    // By the second, whose copies they are.
    edges.sort_unstable_by_key(|p| (p.b, p.a));
    for (record, &first) in (0u32..).zip(&intake.first) {
        let copy = first != NONE && first != record;
        if copy && intake.compared(first, record) {
            pairs.push(Pair { a: first, b: record, overlap: same(intake.size(first)) });
        }
        if first == record || (copy && against) {
            let from = edges.partition_point(|p| p.b < first);
            let to = edges.partition_point(|p| p.b <= first);
            pairs.extend(edges[from..to].iter().map(|p| Pair { b: record, ..*p }));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Adds to near duplicates the words by which they differ.
pub(super) fn explain<T: Texts + ?Sized>(
    deduped: &mut Deduped,
    texts: &T,
) -> Result<(), DocumentsError<T::Error>> {
    let results: Vec<Result<(), T::Error>> = deduped
        .clusters
        .par_iter_mut()
        .filter(|cluster| cluster.kind != Kind::Exact)
        .map(|cluster| {
            let leader = Read::new(texts, cluster.leader)?;
            for member in cluster.members.iter_mut().filter(|member| !member.exact) {
                let own = Read::new(texts, member.record)?;
                member.differs = Some(Box::new(own.differing(&leader)));
            }
            Ok(())
        })
        .collect();
    results.into_iter().collect::<Result<(), T::Error>>().map_err(DocumentsError::Text)
}

/// A text with its words.
struct Read {
    text: String,
    tokens: Tokens,
}

impl Read {
    fn new<T: Texts + ?Sized>(texts: &T, record: u32) -> Result<Read, T::Error> {
        let (mut text, mut tokens) = (String::new(), Tokens::default());
        texts.text(record, &mut text)?;
        tokenize(&text, &mut tokens);
        Ok(Read { text, tokens })
    }

    fn differing(&self, other: &Read) -> (Words, Words) {
        differing((&self.text, &self.tokens), (&other.text, &other.tokens), DIFFERING_WORDS)
    }
}

/// Counts what is kept and what goes.
pub(super) fn summarise(deduped: &mut Deduped, intake: &Intake, plan: &DedupPlan) {
    deduped.keeps_none = plan.options().keep == Keep::None;
    let records = u64::from(intake.records() - intake.reference);
    let (mut removed, mut exact, mut near) = (0, 0, 0);
    for cluster in &deduped.clusters {
        for member in &cluster.members {
            let leads = member.record == cluster.leader;
            removed += u64::from(!leads || deduped.keeps_none);
            exact += u64::from(!leads && member.exact);
            near += u64::from(!leads && !member.exact);
        }
    }
    let summary = &mut deduped.summary;
    summary.records = records;
    summary.reference = intake.reference.into();
    summary.removed = removed;
    summary.kept = records - removed;
    summary.exact_duplicates = exact;
    summary.near_duplicates = near;
    summary.short = intake.short;
    summary.empty = intake.empty;
    summary.documents = intake.distinct();
    let banding = plan.banding();
    summary.bands = banding.map_or(0, |b| b.bands() as u64);
    summary.rows = banding.map_or(0, |b| b.rows() as u64);
}
