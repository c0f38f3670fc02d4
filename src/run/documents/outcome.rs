//! What a search found, as rows: clusters, pairs, and who goes.
//!
//! Clusters stand in the order of their first members. What they have in
//! common is apart from their members, so that a cluster of any size is gone
//! through a few members at a time ([`Clusters`]).
//!
//! * time: a read of what is gone through
//! * space: shares of the memory, and a bit a record

use crate::bits::Bits;
use crate::cluster::Overlap;
use crate::differ::Words;
use crate::differ::differing;
use crate::external::Sorted;
use crate::external::Sorting;
use crate::external::kept::Kept;
use crate::external::kept::Reader;
use crate::options::dedup::Measure;
use crate::report::dedup::Cluster;
use crate::report::dedup::Deduped;
use crate::report::dedup::Head;
use crate::report::dedup::Kind;
use crate::report::dedup::Mark;
use crate::report::dedup::Member;
use crate::report::dedup::Pair;
use crate::report::dedup::Summary;
use crate::run::documents::DocumentsError;
use crate::run::documents::Texts;
use crate::run::documents::found::same;
use crate::run::documents::recipe::Recipe;
use crate::run::documents::recipe::Workspace;
use crate::run::documents::records::Draft;
use crate::run::documents::rows::parts;
use crate::run::documents::rows::row;
use crate::run::room::Room;
use crate::spill::SpillError;
use crate::text::Tokens;
use crate::text::tokenize;
use rayon::prelude::*;

/// Words by which two records differ that are spelt out, on either side.
const DIFFERING_WORDS: usize = 20;

/// The part of the free memory in which marks are sorted.
const MARKS_SHARE: u64 = 12;

/// Bytes of a mark: a record, its cluster, the size of that, the leader, and
/// what it shares with it, nothing of one that stays.
const MARK: usize = 28;

/// The clusters of all records.
#[derive(Debug)]
pub(super) struct Rows {
    /// What the clusters have in common.
    pub(super) heads: Kept,
    /// Their members.
    pub(super) members: Kept,
    /// Records that go.
    pub(super) removed: Bits,
}

impl Rows {
    /// Bytes of a head.
    pub(super) const HEAD: usize = 40;
    /// Bytes of a member: a record, and what it shares with the leader.
    pub(super) const MEMBER: usize = 16;
}

/// A head; they are sorted by their first members.
pub(super) fn head_row(draft: &Draft) -> [u8; Rows::HEAD] {
    let Overlap { shared, first, second } = draft.weakest.unwrap_or_default();
    let kind = match draft.kind {
        Kind::Exact => 0,
        Kind::Near => 1,
        Kind::Contained => 2,
    };
    let (high, low) = ((draft.start >> 32) as u32, draft.start as u32);
    let own = [draft.first, draft.leader, draft.size, kind, draft.shingles];
    row(own.into_iter().chain([shared, first, second, high, low]))
}

/// What a head says, and the place of the first member.
fn head(record: &[u8], id: u32) -> (Head, u64) {
    let [_, leader, size, kind, shingles, shared, first, second, high, low] = parts(record);
    let kind = match kind {
        0 => Kind::Exact,
        1 => Kind::Near,
        _ => Kind::Contained,
    };
    let weakest = Overlap { shared, first, second };
    let start = u64::from(high) << 32 | u64::from(low);
    (Head { id, kind, leader, size, shingles, weakest }, start)
}

pub(super) fn member_row(record: u32, overlap: Overlap) -> [u8; Rows::MEMBER] {
    row([record, overlap.shared, overlap.first, overlap.second])
}

/// Pairs of records, in order, that are left.
#[derive(Debug)]
pub(super) enum PairRows {
    Sorted(Sorted),
    /// All, and the number of the next one.
    Kept(Kept, u64),
}

impl PairRows {
    /// Takes off the next so many rows, passing each to `see`.
    fn next_rows(&mut self, most: usize, mut see: impl FnMut(&[u8])) -> Result<(), SpillError> {
        match self {
            PairRows::Sorted(sorted) => {
                for _ in 0..most {
                    let Some(row) = sorted.head() else { break };
                    see(row);
                    sorted.step()?;
                }
            }
            PairRows::Kept(kept, next) => {
                let mut reader = kept.from(*next)?;
                for _ in 0..most {
                    let Some(row) = reader.head() else { break };
                    see(row);
                    *next += 1;
                    reader.step()?;
                }
            }
        }
        Ok(())
    }
}

/// Everything that was found.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Totals. The lowest score in the largest cluster stands for itself, not
    /// for what is shared.
    pub(crate) summary: Summary,
    pub(super) keeps_none: bool,
    pub(super) measure: Measure,
    pub(super) rows: Rows,
    pub(super) pairs: Option<PairRows>,
    pub(super) records: u32,
    pub(super) recipe: Recipe,
    pub(super) room: Room,
}

impl Outcome {
    /// Whether a record stays.
    pub(crate) fn is_kept(&self, record: u32) -> bool {
        !self.rows.removed.has(record)
    }

    /// The clusters, to be gone through once.
    pub(crate) fn clusters(&self) -> Result<Clusters<'_>, SpillError> {
        Ok(Clusters {
            heads: self.rows.heads.from(0)?,
            members: self.rows.members.from(0)?,
            id: 0,
            at: None,
            left: 0,
        })
    }

    /// Takes off the next so many pairs; none when there are none left. What
    /// two copies share may not be known: [`Overlap::default`].
    pub(crate) fn next_pairs(&mut self, most: usize) -> Result<Vec<Pair>, SpillError> {
        let mut some = Vec::new();
        let Some(pairs) = &mut self.pairs else { return Ok(some) };
        pairs.next_rows(most, |row| {
            let [a, b, shared, first, second] = parts(row);
            some.push(Pair { a, b, overlap: Overlap { shared, first, second } });
        })?;
        Ok(some)
    }

    /// What becomes of the records that are in a cluster, in their order.
    pub(crate) fn marks(&self) -> Result<Marks, SpillError> {
        let share = self.room.budget.share_of_free(MARKS_SHARE, 1 << 10);
        let mut sorting = Sorting::new(&self.room.scratch, MARK, share);
        let (mut clusters, mut members) = (self.clusters()?, Vec::new());
        while let Some(head) = clusters.next_head()? {
            while clusters.members(1 << 12, &mut members)? {
                for member in &members {
                    let stays = member.record == head.leader && !self.keeps_none;
                    let Overlap { shared, first, second } = match member.overlap {
                        _ if stays => Overlap::default(),
                        // By its score it is as good as any size.
                        Overlap { second: 0, .. } => same(1),
                        overlap => overlap,
                    };
                    let own = [member.record, head.id, head.size, head.leader];
                    sorting.push(&row::<MARK>(own.into_iter().chain([shared, first, second])))?;
                }
                members.clear();
            }
        }
        Ok(Marks { sorted: sorting.finish()? })
    }

    /// Members of the set of a record that is in a cluster or a pair.
    pub(crate) fn size<T: Texts + ?Sized>(
        &self,
        record: u32,
        texts: &T,
        workspace: &mut Workspace,
    ) -> Result<u32, T::Error> {
        let mut text = std::mem::take(&mut workspace.text);
        texts.text(record, &mut text)?;
        // Texts shorter than a shingle are compared as a whole.
        let size = match self.recipe.shingles(&text, workspace) {
            0 => 1,
            _ => self.recipe.material(&text, workspace).size(),
        };
        workspace.text = text;
        Ok(size)
    }

    /// All of it in memory.
    pub(super) fn collect<T: Texts + ?Sized>(
        mut self,
        texts: &T,
    ) -> Result<Deduped, DocumentsError<T::Error>> {
        let (mut reader, mut clusters) = (self.clusters()?, Vec::new());
        while let Some(Head { id, kind, leader, size, .. }) = reader.next_head()? {
            // There may be millions of two, so that each gets the room it needs.
            let mut members = Vec::with_capacity(size as usize);
            while reader.members(size as usize, &mut members)? {}
            clusters.push(Cluster { id, kind, leader, members });
        }
        drop(reader);
        let mut pairs = self.next_pairs(usize::MAX)?;
        let unknown = |overlap: &Overlap| *overlap == Overlap::default();
        let leading = |c: &&mut Cluster| c.members.iter().any(|m| unknown(&m.overlap));
        let counted: Vec<Result<(), T::Error>> = clusters
            .par_iter_mut()
            .filter(leading)
            .map_init(Workspace::default, |workspace, cluster| {
                let size = self.size(cluster.leader, texts, workspace)?;
                let members = cluster.members.iter_mut().filter(|m| unknown(&m.overlap));
                members.for_each(|member| member.overlap = same(size));
                Ok(())
            })
            .collect();
        counted.into_iter().collect::<Result<(), T::Error>>().map_err(DocumentsError::Text)?;
        let counted: Vec<Result<(), T::Error>> = pairs
            .par_iter_mut()
            .filter(|pair| unknown(&pair.overlap))
            .map_init(Workspace::default, |workspace, pair| {
                pair.overlap = same(self.size(pair.a, texts, workspace)?);
                Ok(())
            })
            .collect();
        counted.into_iter().collect::<Result<(), T::Error>>().map_err(DocumentsError::Text)?;
        let mut deduped = Deduped::new(clusters, self.records as usize, self.measure);
        let largest_cluster_weakest = deduped.summary.largest_cluster_weakest;
        deduped.summary = Summary { largest_cluster_weakest, ..self.summary };
        deduped.keeps_none = self.keeps_none;
        deduped.pairs = pairs;
        Ok(deduped)
    }
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

/// Clusters that are gone through.
#[derive(Debug)]
pub(crate) struct Clusters<'a> {
    heads: Reader<'a>,
    members: Reader<'a>,
    id: u32,
    /// The cluster at hand.
    at: Option<Head>,
    /// Members of it that are left.
    left: u32,
}

impl Clusters<'_> {
    /// Goes to the next cluster.
    pub(crate) fn next_head(&mut self) -> Result<Option<Head>, SpillError> {
        self.id += 1;
        self.at = None;
        let Some((head, start)) = self.heads.head().map(|row| head(row, self.id)) else {
            return Ok(None);
        };
        self.heads.step()?;
        self.members.seek(start)?;
        self.left = head.size;
        self.at = Some(head);
        Ok(self.at)
    }

    /// Appends at most so many members of it; false when none are left. What
    /// the size of a set is not known for is [`Overlap::default`].
    pub(crate) fn members(
        &mut self,
        most: usize,
        out: &mut Vec<Member>,
    ) -> Result<bool, SpillError> {
        let Some(head) = self.at.filter(|_| self.left > 0) else { return Ok(false) };
        for _ in 0..self.left.min(u32::try_from(most).unwrap_or(u32::MAX)) {
            let [record, shared, first, second] =
                self.members.head().map(parts).unwrap_or_default();
            let exact = second == 0;
            let overlap =
                if exact { same(head.shingles) } else { Overlap { shared, first, second } };
            out.push(Member { record, overlap, exact, differs: None });
            self.members.step()?;
            self.left -= 1;
        }
        Ok(true)
    }
}

impl Clusters<'_> {
    /// Whether no members are left of the cluster at hand.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }
}

/// What becomes of records, in their order.
#[derive(Debug)]
pub(crate) struct Marks {
    sorted: Sorted,
}

impl Marks {
    /// What becomes of the next record, which is at or behind the last one
    /// asked for; none of one that is in no cluster.
    pub(crate) fn of(&mut self, record: u32) -> Result<Option<Mark>, SpillError> {
        while let Some(row) = self.sorted.head() {
            let [own, cluster, size, leader, shared, first, second] = parts(row);
            if own > record {
                break;
            }
            if own == record {
                let removed = (second > 0).then_some(Overlap { shared, first, second });
                return Ok(Some(Mark { cluster, size, leader, removed }));
            }
            self.sorted.step()?;
        }
        Ok(None)
    }
}

/// A text with its words.
pub(crate) struct Read {
    text: String,
    tokens: Tokens,
}

impl Read {
    pub(crate) fn new<T: Texts + ?Sized>(texts: &T, record: u32) -> Result<Read, T::Error> {
        let (mut text, mut tokens) = (String::new(), Tokens::default());
        texts.text(record, &mut text)?;
        tokenize(&text, &mut tokens);
        Ok(Read { text, tokens })
    }

    /// The words by which it differs from another, its own first.
    pub(crate) fn differing(&self, other: &Read) -> (Words, Words) {
        differing((&self.text, &self.tokens), (&other.text, &other.tokens), DIFFERING_WORDS)
    }
}
