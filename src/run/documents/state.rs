//! What a search has come to, stage by stage <-> sections of a kept state.
//!
//! Documents are named by their first records there: their numbers depend on
//! how many copies were known as such when they came, and so on the memory.
//!
//! * time: a write of each row, and two reads when a run goes on
//! * space: shares of the memory

use crate::bits::Bits;
use crate::checkpoint::Checkpoint;
use crate::checkpoint::CheckpointError;
use crate::checkpoint::Reader;
use crate::cluster::Overlap;
use crate::external::Sorting;
use crate::external::kept::Kept;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::report::dedup::Summary;
use crate::run::documents::DocumentsError;
use crate::run::documents::Engine;
use crate::run::documents::InsertError;
use crate::run::documents::Method;
use crate::run::documents::Prepared;
use crate::run::documents::Workspace;
use crate::run::documents::found::Families;
use crate::run::documents::found::Found;
use crate::run::documents::found::Pairs;
use crate::run::documents::found::ROW;
use crate::run::documents::found::ROWS_SHARE;
use crate::run::documents::intake::Intake;
use crate::run::documents::outcome::Outcome;
use crate::run::documents::outcome::PairRows;
use crate::run::documents::outcome::Rows;
use crate::run::documents::recipe::Checks;
use crate::run::documents::recipe::Class;
use crate::run::documents::recipe::Digest;
use crate::run::documents::recipe::Made;
use crate::run::documents::recipe::Material;
use crate::run::documents::recipe::Recipe;
use crate::run::documents::records::PAIR;
use crate::run::documents::rows::parts;
use crate::run::documents::rows::row;
use crate::run::room::Room;
use crate::spill::SpillError;

/// The stage of the verified pairs and the families that they form.
pub(crate) const PAIRS: &str = "pairs";

/// The stage of the clusters, and what stays.
pub(crate) const CLUSTERS: &str = "clusters";

/// The part of the memory that rows of a kept state may have.
const SHARE: u64 = 24;

/// Bytes of a text as it was taken in, without its signature.
pub(crate) const PREPARED: usize = 31;

/// In place of what stands for a text.
const NOTHING: u8 = 0;
const SIGNATURE: u8 = 1;
const MATERIAL: u8 = 2;

impl Prepared {
    /// Its bytes, without a signature. Sets are left out: they are larger than
    /// the texts, from which they are made again.
    pub(crate) fn bytes(&self) -> [u8; PREPARED] {
        let Digest { content, class, characters, shingles, made, size } = &self.0;
        let mut bytes = [0; PREPARED];
        bytes[..8].copy_from_slice(&content[0].to_le_bytes());
        bytes[8..16].copy_from_slice(&content[1].to_le_bytes());
        bytes[16..20].copy_from_slice(&characters.to_le_bytes());
        bytes[20..24].copy_from_slice(&shingles.to_le_bytes());
        bytes[24..28].copy_from_slice(&size.unwrap_or(0).to_le_bytes());
        bytes[28] = u8::from(size.is_some());
        bytes[29] = match class {
            Class::Empty => 0,
            Class::Short => 1,
            Class::Long => 2,
        };
        bytes[30] = match made {
            None => NOTHING,
            Some(Made::Signature(_)) => SIGNATURE,
            Some(Made::Material(_)) => MATERIAL,
        };
        bytes
    }

    /// Its signature, if it has one.
    pub(crate) fn signature(&self) -> Option<&[u32]> {
        match &self.0.made {
            Some(Made::Signature(signature)) => Some(signature),
            _ => None,
        }
    }

    /// A text again; `signature` gives its signature, if it had one. A set is
    /// empty until it is made again ([`Engine::fill`]). None for bytes that are
    /// no text's.
    pub(crate) fn of<E>(
        bytes: &[u8; PREPARED],
        signature: impl FnOnce() -> Result<Box<[u32]>, E>,
    ) -> Result<Option<Prepared>, E> {
        let (words, rest) = bytes.as_chunks::<4>();
        let word = |n: usize| words.get(n).map_or(0, |&word| u32::from_le_bytes(word));
        let long = |n: usize| u64::from(word(n + 1)) << 32 | u64::from(word(n));
        let class = match rest.get(1) {
            Some(0) => Class::Empty,
            Some(1) => Class::Short,
            Some(2) => Class::Long,
            _ => return Ok(None),
        };
        let made = match rest.get(2) {
            Some(&NOTHING) => None,
            Some(&SIGNATURE) => Some(Made::Signature(signature()?)),
            Some(&MATERIAL) => Some(Made::Material(Material::default())),
            _ => return Ok(None),
        };
        let size = (rest.first() == Some(&1)).then_some(word(6));
        let (content, characters, shingles) = ([long(0), long(2)], word(4), word(5));
        Ok(Some(Prepared(Digest { content, class, characters, shingles, made, size })))
    }

    /// Whether it has a set that is to be made again.
    pub(crate) fn is_hollow(&self) -> bool {
        matches!(&self.0.made, Some(Made::Material(material)) if material.is_empty())
    }
}

impl Engine {
    /// Values in a signature.
    pub(crate) fn num_perm(&self) -> usize {
        self.plan.options().num_perm
    }

    /// Makes the set of a text again.
    pub(crate) fn fill(&self, prepared: &mut Prepared, text: &str, bench: &mut Workspace) {
        prepared.0.made = Some(Made::Material(self.recipe.material(text, bench)));
    }

    /// Lets a text that was known to be a copy pass for a document that is like
    /// nothing, as copies that are not known as such do: in less memory it may
    /// not be known again before all are in.
    pub(crate) fn stand_in(&self, prepared: &mut Prepared) {
        let digest = &mut prepared.0;
        if digest.class == Class::Long && digest.made.is_none() {
            digest.made = Some(match &self.method {
                // That of an empty set.
                Method::Banded(_) => Made::Signature(vec![u32::MAX; self.num_perm()].into()),
                Method::Joined(_) => Made::Material(Material::default()),
            });
        }
    }

    /// Takes in the next record of a search whose pairs were found before.
    ///
    /// # Errors
    ///
    /// As [`Engine::push`].
    pub(crate) fn insert_settled(
        &mut self,
        prepared: Prepared,
        field: Option<&str>,
    ) -> Result<(), InsertError> {
        self.intake.record(prepared.0, field, &self.plan.options().keep).map(drop)
    }
}

/// Why a stage cannot be kept or taken again.
pub(super) enum StateError {
    State(CheckpointError),
    Spill(SpillError),
}

impl From<CheckpointError> for StateError {
    fn from(error: CheckpointError) -> StateError {
        StateError::State(error)
    }
}

impl From<SpillError> for StateError {
    fn from(error: SpillError) -> StateError {
        StateError::Spill(error)
    }
}

impl<E> From<StateError> for DocumentsError<E> {
    fn from(error: StateError) -> DocumentsError<E> {
        match error {
            StateError::State(error) => DocumentsError::State(error),
            StateError::Spill(error) => DocumentsError::Spill(error),
        }
    }
}

/// Keeps what was found, and gives it back.
pub(super) fn keep_found(
    state: &mut Checkpoint,
    intake: &Intake,
    found: Found,
    room: &Room,
) -> Result<Found, StateError> {
    let mut families = state.section(PAIRS, "families")?;
    let mut edges = state.section(PAIRS, "edges")?;
    let mut counts = state.section(PAIRS, "counts")?;
    let named = |row_of: &[u8]| -> [u8; ROW] {
        let [document, other, shared, first, second] = parts(row_of);
        let select = |document: u32| intake.documents.select(document);
        row([select(document), select(other), shared, first, second])
    };
    let Found { families: Families::Rows(rows, _), edges: pairs, checks, large_buckets } = found
    else {
        unreachable!("records are put together from rows");
    };
    let mut again = sorting(room);
    let mut rows = rows.finish()?;
    while let Some(own) = rows.head() {
        families.put(&named(own))?;
        again.push(own)?;
        rows.step()?;
    }
    drop(rows);
    if let Pairs::Kept(kept) = &pairs {
        let mut reader = kept.from(0)?;
        while let Some(own) = reader.head() {
            edges.put(&named(own))?;
            reader.step()?;
        }
    }
    for count in [checks.made, checks.below, checks.templates, large_buckets] {
        counts.put_u64(count)?;
    }
    state.finish(PAIRS, vec![families, edges, counts])?;
    Ok(Found { families: Families::Rows(again, None), edges: pairs, checks, large_buckets })
}

fn sorting(room: &Room) -> Sorting {
    Sorting::new(&room.scratch, ROW, room.budget.share_of_free(ROWS_SHARE, 1 << 10))
}

/// What was found by an earlier run.
pub(super) fn found(state: &Checkpoint, intake: &Intake, room: &Room) -> Result<Found, StateError> {
    let numbered = |reader: &Reader, own: &[u8; ROW]| -> Result<[u8; ROW], CheckpointError> {
        let [document, other, shared, first, second] = parts(own);
        let rank = |record: u32| {
            let known = (record < intake.records()).then(|| intake.documents.rank(record));
            known.flatten().ok_or_else(|| reader.damaged())
        };
        Ok(row([rank(document)?, rank(other)?, shared, first, second]))
    };
    let mut own = [0; ROW];
    let (mut families, mut reader) = (sorting(room), state.read(PAIRS, "families")?);
    while reader.left() > 0 {
        reader.take(&mut own)?;
        families.push(&numbered(&reader, &own)?)?;
    }
    let share = room.budget.share_of_free(ROWS_SHARE, 1 << 10);
    let mut edges = Kept::new(&room.scratch, ROW, share);
    let mut reader = state.read(PAIRS, "edges")?;
    while reader.left() > 0 {
        reader.take(&mut own)?;
        edges.push(&numbered(&reader, &own)?)?;
    }
    let mut counts = state.read(PAIRS, "counts")?;
    let mut count = || counts.take_u64();
    let checks = Checks { made: count()?, below: count()?, templates: count()? };
    let large_buckets = count()?;
    let (families, edges) = (Families::Rows(families, None), Pairs::Kept(edges));
    Ok(Found { families, edges, checks, large_buckets })
}

/// Keeps clusters and pairs, and gives them back.
pub(super) fn keep_outcome(
    state: &mut Checkpoint,
    mut outcome: Outcome,
) -> Result<Outcome, StateError> {
    let all = |kept: &Kept, name: &str| {
        let mut section = state.section(CLUSTERS, name)?;
        let mut reader = kept.from(0)?;
        while let Some(own) = reader.head() {
            section.put(own)?;
            reader.step()?;
        }
        Ok::<_, StateError>(section)
    };
    let mut sections =
        vec![all(&outcome.rows.heads, "heads")?, all(&outcome.rows.members, "members")?];
    if let Some(PairRows::Sorted(pairs)) = outcome.pairs.take() {
        let pairs = pairs.keep(&outcome.room.scratch, outcome.room.budget.share(SHARE))?;
        sections.push(all(&pairs, "pairs")?);
        outcome.pairs = Some(PairRows::Kept(pairs, 0));
    }
    let mut summary = state.section(CLUSTERS, "summary")?;
    summary.put_u32(outcome.records)?;
    counts(&mut outcome.summary, |count| summary.put_u64(*count))?;
    summary.put_u64(outcome.summary.recall.to_bits())?;
    let weakest = outcome.summary.largest_cluster_weakest;
    summary.put_u32(u32::from(weakest.is_some()))?;
    let Overlap { shared, first, second } = weakest.unwrap_or_default();
    [shared, first, second].into_iter().try_for_each(|part| summary.put_u32(part))?;
    sections.push(summary);
    state.finish(CLUSTERS, sections)?;
    Ok(outcome)
}

impl Outcome {
    /// The clusters and pairs of an earlier run over so many records.
    ///
    /// # Errors
    ///
    /// When they are not what was kept, or have no room.
    pub(crate) fn again<E>(
        state: &Checkpoint,
        plan: &DedupPlan,
        records: u32,
        room: &Room,
    ) -> Result<Outcome, DocumentsError<E>> {
        Ok(outcome(state, plan, records, room)?)
    }
}

fn outcome(
    state: &Checkpoint,
    plan: &DedupPlan,
    records: u32,
    room: &Room,
) -> Result<Outcome, StateError> {
    let all = |name: &str, width: usize| {
        let (mut reader, mut own) = (state.read(CLUSTERS, name)?, vec![0; width]);
        let mut kept = Kept::new(&room.scratch, width, room.budget.share(SHARE));
        while reader.left() > 0 {
            reader.take(&mut own)?;
            kept.push(&own)?;
        }
        Ok::<Kept, StateError>(kept)
    };
    let (heads, members) = (all("heads", Rows::HEAD)?, all("members", Rows::MEMBER)?);
    let pairs = match plan.options().pairs {
        true => Some(PairRows::Kept(all("pairs", PAIR)?, 0)),
        false => None,
    };
    let mut reader = state.read(CLUSTERS, "summary")?;
    let known = reader.take_u32()?;
    let mut summary = Summary::default();
    counts(&mut summary, |count| {
        *count = reader.take_u64()?;
        Ok(())
    })?;
    summary.recall = f64::from_bits(reader.take_u64()?);
    let is_some = reader.take_u32()? == 1;
    let (shared, first, second) = (reader.take_u32()?, reader.take_u32()?, reader.take_u32()?);
    summary.largest_cluster_weakest = is_some.then_some(Overlap { shared, first, second });
    let removed = Bits::new(records as usize);
    let mut outcome = Outcome {
        summary,
        keeps_none: plan.options().keep == Keep::None,
        measure: plan.options().measure,
        rows: Rows { heads, members, removed },
        pairs,
        records,
        recipe: Recipe::new(plan),
        room: room.clone(),
    };
    let mut removed = std::mem::take(&mut outcome.rows.removed);
    let (mut clusters, mut members) = (outcome.clusters()?, Vec::new());
    while let Some(head) = clusters.next_head()? {
        while clusters.members(1 << 12, &mut members)? {
            for record in members.drain(..).map(|member| member.record) {
                if record >= records || known != records {
                    return Err(reader.damaged().into());
                }
                if record != head.leader || outcome.keeps_none {
                    removed.put(record);
                }
            }
        }
    }
    drop(clusters);
    outcome.rows.removed = removed;
    Ok(outcome)
}

/// Passes the counts of a summary to `see`, always in the same order.
fn counts(
    summary: &mut Summary,
    see: impl FnMut(&mut u64) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let Summary {
        records,
        reference,
        kept,
        removed,
        exact_duplicates,
        near_duplicates,
        clusters,
        largest_cluster,
        largest_cluster_weakest: _,
        short,
        empty,
        documents,
        candidates,
        refused,
        refused_by_numbers,
        large_buckets,
        bands,
        rows,
        recall: _,
    } = summary;
    let search = [candidates, refused, refused_by_numbers, large_buckets, bands, rows];
    [records, reference, kept, removed, exact_duplicates, near_duplicates, clusters]
        .into_iter()
        .chain([largest_cluster, short, empty, documents])
        .chain(search)
        .try_for_each(see)
}
