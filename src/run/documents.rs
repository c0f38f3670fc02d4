//! Near-duplicate documents: the main path.
//!
//! Texts are taken in as they come ([`Engine::push`]); when all are in
//! ([`Engine::finish`]), the stages that need all of them follow:
//!
//! 1. text -> tokens -> shingles, and a hash of the whole
//!    ([`crate::text`], [`crate::shingle`]);
//! 2. exact duplicates fall out: later stages see each text once;
//! 3. shingles -> signatures ([`crate::sketch`]) or, when every pair is to be
//!    found, sets;
//! 4. signatures -> bands -> candidate pairs ([`crate::lsh`]), or sets ->
//!    prefixes -> candidate pairs ([`crate::join`]);
//! 5. candidate pairs -> verified pairs: their shingles are counted one by one
//!    ([`crate::verify`], [`crate::contain`], [`crate::differ`]);
//! 6. verified pairs -> components -> clusters around the records that stay
//!    ([`crate::cluster`], [`crate::keep`]);
//! 7. documents -> records, with their exact duplicates.
//!
//! What steps 5 and 6 come to, and step 7, may be kept for a run that goes on
//! (`state`).
//!
//! * time: near-linear; see the stages
//! * space: a byte a record and 10 a document (20 with `exact`), and a
//!   signature for each
//!   different text; with `exact` or containment in place of the signature 8
//!   bytes for each of its shingles (containment 12), and up to 24 for each in
//!   its prefix. What does not fit the memory goes to the disk, but for the
//!   bytes a record. Sets that are compared are made again from the texts
//!   ([`Texts`]), as many at a time as `set_bytes` allows.

use crate::budget::OverBudget;
use crate::checkpoint::Checkpoint;
use crate::checkpoint::CheckpointError;
use crate::join::Bounds;
use crate::options::OptionsError;
use crate::options::dedup::DedupOptions;
use crate::options::dedup::DedupPlan;
use crate::report::dedup::Deduped;
use crate::run::Unwatched;
use crate::run::Watch;
use crate::run::documents::banded::Banded;
use crate::run::documents::contents::Table;
use crate::run::documents::found::Edges;
use crate::run::documents::found::Finder;
use crate::run::documents::found::Form;
use crate::run::documents::found::Job;
use crate::run::documents::intake::Intake;
use crate::run::documents::intake::NONE;
use crate::run::documents::joined::Joined;
pub(crate) use crate::run::documents::outcome::Outcome;
use crate::run::documents::recipe::Digest;
use crate::run::documents::recipe::Made;
use crate::run::documents::recipe::Recipe;
pub(crate) use crate::run::documents::recipe::Workspace;
use crate::run::documents::records::Parts;
use crate::run::documents::source::Read;
use crate::run::room::Room;
use crate::spill::SpillError;
use rayon::prelude::*;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

mod banded;
mod batches;
mod contents;
mod counts;
pub(crate) mod found;
mod giant;
mod groups;
mod intake;
mod joined;
pub(crate) mod outcome;
mod pairs;
mod recipe;
mod records;
mod rows;
pub(crate) mod sets;
mod shelf;
mod source;
mod spread;
pub(crate) mod state;
mod stored;
#[cfg(test)]
mod tests;

/// Gives texts again that were taken in before.
pub trait Texts: Sync {
    /// Why a text cannot be given.
    type Error: Send;

    /// Replaces `buffer` by the text of a record.
    ///
    /// # Errors
    ///
    /// When the text cannot be read, or is no longer what it was.
    fn text(&self, record: u32, buffer: &mut String) -> Result<(), Self::Error>;
}

impl<S: AsRef<str> + Sync> Texts for [S] {
    type Error = Infallible;

    fn text(&self, record: u32, buffer: &mut String) -> Result<(), Infallible> {
        buffer.clear();
        buffer.push_str(self[record as usize].as_ref());
        Ok(())
    }
}

/// More records than can be numbered by 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRecords;

impl fmt::Display for TooManyRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} records in one run: split the input", u32::MAX - 1)
    }
}

impl std::error::Error for TooManyRecords {}

/// Why a record cannot be taken in.
#[derive(Debug)]
#[non_exhaustive]
pub enum InsertError {
    /// There are too many.
    Records(TooManyRecords),
    /// There is no memory left for more.
    Memory(OverBudget),
    /// A temporary file cannot be made or written.
    Spill(SpillError),
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InsertError::Records(error) => error.fmt(f),
            InsertError::Memory(error) => error.fmt(f),
            InsertError::Spill(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for InsertError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            InsertError::Records(error) => Some(error),
            InsertError::Memory(error) => Some(error),
            InsertError::Spill(error) => Some(error),
        }
    }
}

impl From<OverBudget> for InsertError {
    fn from(error: OverBudget) -> InsertError {
        InsertError::Memory(error)
    }
}

impl From<SpillError> for InsertError {
    fn from(error: SpillError) -> InsertError {
        InsertError::Spill(error)
    }
}

/// Why a search cannot be finished. `E` is the error of [`Texts`].
#[derive(Debug)]
#[non_exhaustive]
pub enum DocumentsError<E> {
    /// More shingles in all prefixes than the complete join can number.
    TooManyShingles,
    /// A text could not be had again.
    Text(E),
    /// A temporary file cannot be made, written or read.
    Spill(SpillError),
    /// The state of the run cannot be kept, or taken again.
    State(CheckpointError),
}

impl<E> From<SpillError> for DocumentsError<E> {
    fn from(error: SpillError) -> DocumentsError<E> {
        DocumentsError::Spill(error)
    }
}

impl<E: fmt::Display> fmt::Display for DocumentsError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentsError::TooManyShingles => f.write_str(
                "the texts hold too many shingles to find every pair: raise the threshold, leave \
                 out --exact, or split the input",
            ),
            DocumentsError::Text(error) => error.fmt(f),
            DocumentsError::Spill(error) => error.fmt(f),
            DocumentsError::State(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for DocumentsError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DocumentsError::Text(error) => Some(error),
            DocumentsError::Spill(error) => Some(error),
            DocumentsError::State(error) => Some(error),
            DocumentsError::TooManyShingles => None,
        }
    }
}

/// Why [`dedup`] found nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum DedupError {
    /// The options cannot be used.
    Options(OptionsError),
    /// A text cannot be taken in: there are too many.
    Insert(InsertError),
    /// The search could not be finished.
    Documents(DocumentsError<Infallible>),
}

impl fmt::Display for DedupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DedupError::Options(error) => error.fmt(f),
            DedupError::Insert(error) => error.fmt(f),
            DedupError::Documents(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DedupError {}

/// Finds the near-duplicates among texts that are at hand.
///
/// Records are numbered in the order of the texts, from 0. The keep policies
/// by a field see no values here, and there is no reference set: [`Engine`]
/// has both.
///
/// ```
/// use twicetold::options::dedup::DedupOptions;
/// use twicetold::run::documents::dedup;
///
/// let options = DedupOptions { threshold: 0.6, ..DedupOptions::default() };
/// let found = dedup(
///     [
///         "The bridge over the river was closed to all traffic on Monday morning.",
///         "Rain is expected in the north.",
///         "(Agency) The bridge over the river was closed to all traffic on Monday morning!",
///         "Rain is expected in the south.",
///     ],
///     &options,
/// )?;
/// assert_eq!(found.kept().collect::<Vec<u32>>(), [0, 1, 3]);
///
/// // Who went because of whom, and by which score.
/// let cluster = &found.clusters[0];
/// let overlap = cluster.members[1].overlap;
/// assert_eq!((cluster.leader, cluster.members[1].record), (0, 2));
/// assert_eq!((overlap.shared, overlap.union()), (9, 10));
/// # Ok::<(), twicetold::run::documents::DedupError>(())
/// ```
///
/// # Errors
///
/// When the options cannot be used, or there are more than 2^32 - 2 texts.
pub fn dedup<S: AsRef<str> + Sync>(
    texts: impl IntoIterator<Item = S>,
    options: &DedupOptions,
) -> Result<Deduped, DedupError> {
    let plan = DedupPlan::new(options).map_err(DedupError::Options)?;
    let texts: Vec<S> = texts.into_iter().collect();
    let mut engine = Engine::new(&plan);
    engine.push(&texts).map_err(DedupError::Insert)?;
    engine.finish(texts.as_slice(), &Unwatched).map_err(DedupError::Documents)
}

/// Texts that go through the stages together: enough work for many threads,
/// and their signatures take half a mebibyte.
const BLOCK: usize = 1024;

/// What texts take in memory and on disk, roughly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Needs {
    pub(crate) records: f64,
    /// Of those, texts of a shingle or more.
    documents: f64,
    /// Shingles of all documents.
    shingles: f64,
    /// Copies, as far as they are known.
    copies: f64,
}

impl Needs {
    pub(crate) fn add(&mut self, times: f64, other: &Needs) {
        self.records += times * other.records;
        self.documents += times * other.documents;
        self.shingles += times * other.shingles;
        self.copies += times * other.copies;
    }
}

/// A text made ready to be taken in.
#[derive(Debug)]
pub(crate) struct Prepared(Digest);

/// Makes texts ready, also while the engine takes others in.
#[derive(Clone, Debug)]
pub(crate) struct Preparer {
    recipe: Arc<Recipe>,
    table: Table,
}

impl Preparer {
    /// Makes a text ready for [`insert`](Engine::insert), in any order and
    /// from any thread.
    pub(crate) fn prepare(&self, text: &str, bench: &mut Workspace) -> Prepared {
        Prepared(self.recipe.digest(text, bench, |content| self.table.known(content)))
    }
}

/// How documents that are alike are found.
#[derive(Debug)]
enum Method {
    Banded(Banded),
    Joined(Joined),
}

/// A search for near-duplicate documents.
///
/// ```
/// use twicetold::options::dedup::DedupOptions;
/// use twicetold::options::dedup::DedupPlan;
/// use twicetold::report::dedup::Fate;
/// use twicetold::run::Unwatched;
/// use twicetold::run::documents::Engine;
///
/// let texts = ["One and the same news of the day.", "Other news.", "one and the same news of the day"];
/// let plan = DedupPlan::new(&DedupOptions { keep: "max:date".parse()?, ..Default::default() })?;
/// let mut engine = Engine::new(&plan);
/// engine.push_with_fields(&texts[..2], &[Some("\"2024-05-30\""), None])?;
/// engine.push_with_fields(&texts[2..], &[Some("\"2024-05-31\"")])?;
/// let found = engine.finish(texts.as_slice(), &Unwatched)?;
/// assert!(matches!(found.fate(0), Fate::Removed(cluster, _) if cluster.leader == 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    plan: DedupPlan,
    recipe: Arc<Recipe>,
    intake: Intake,
    method: Method,
    /// Of all documents, repeats included.
    shingles: u64,
    room: Room,
}

impl Engine {
    /// A search without records, in memory.
    #[must_use]
    pub fn new(plan: &DedupPlan) -> Engine {
        Engine::within(plan, &Room::unlimited())
    }

    /// A search without records that holds no more in memory than `room` has,
    /// and the rest in temporary files. The result is the same.
    #[must_use]
    pub fn within(plan: &DedupPlan, room: &Room) -> Engine {
        let num_perm = plan.options().num_perm;
        let method = match plan.banding() {
            Some(banding) => Method::Banded(Banded::new(banding, num_perm, room)),
            None => {
                let (measure, threshold) = (plan.options().measure, plan.threshold());
                Method::Joined(Joined::new(Bounds { measure, threshold }, room))
            }
        };
        let recipe = Arc::new(Recipe::new(plan));
        let intake = Intake::new(plan, room);
        Engine { plan: plan.clone(), recipe, intake, method, shingles: 0, room: room.clone() }
    }

    /// Number of records taken in, those of a reference set among them.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.intake.records()
    }

    /// Takes in the next records: stages 1 to 3.
    ///
    /// Blocks of some hundred records or more keep all threads busy. Time
    /// `O(bytes)`.
    ///
    /// # Errors
    ///
    /// When there are more than 2^32 - 2 records, or more than the room can
    /// hold.
    pub fn push<S: AsRef<str> + Sync>(&mut self, texts: &[S]) -> Result<(), InsertError> {
        self.push_with_fields(texts, &[])
    }

    /// Takes in the next records, with the JSON text of the field that
    /// `min:FIELD` or `max:FIELD` names: of the first record first; none where
    /// the record has no such field. Missing entries count as none.
    ///
    /// # Errors
    ///
    /// As [`Engine::push`].
    pub fn push_with_fields<S: AsRef<str> + Sync>(
        &mut self,
        texts: &[S],
        fields: &[Option<&str>],
    ) -> Result<(), InsertError> {
        let preparer = self.preparer();
        for (n, block) in texts.chunks(BLOCK).enumerate() {
            let prepared: Vec<Prepared> = block
                .par_iter()
                .map_init(Workspace::default, |bench, text| preparer.prepare(text.as_ref(), bench))
                .collect();
            for (i, one) in prepared.into_iter().enumerate() {
                self.insert(one, fields.get(n * BLOCK + i).copied().flatten())?;
            }
        }
        Ok(())
    }

    /// Makes texts ready for this engine.
    pub(crate) fn preparer(&self) -> Preparer {
        Preparer { recipe: Arc::clone(&self.recipe), table: self.intake.table().clone() }
    }

    /// What a text takes.
    pub(crate) fn needs_of(&self, text: &str, bench: &mut Workspace) -> Needs {
        let shingles = self.recipe.shingles(text, bench) as f64;
        let documents = if shingles > 0.0 { 1.0 } else { 0.0 };
        Needs { records: 1.0, documents, shingles, copies: 0.0 }
    }

    /// What a text of so many bytes takes, if it is like most.
    #[allow(clippy::unused_self)] // as its sisters
    pub(crate) fn needs_of_bytes(&self, bytes: u64) -> Needs {
        Needs { records: 1.0, documents: 1.0, shingles: bytes as f64 / 6.0, copies: 0.0 }
    }

    /// What the texts taken in so far take.
    pub(crate) fn needs(&self) -> Needs {
        let (records, documents) = (self.records(), self.intake.documents.ones());
        let copies = self.intake.copies;
        Needs {
            records: records.into(),
            documents: documents.into(),
            shingles: self.shingles as f64,
            copies: copies.into(),
        }
    }

    /// Bytes of temporary files for such texts in a budget of `total`.
    pub(crate) fn spilled(&self, needs: &Needs, total: u64) -> u64 {
        let documents = needs.documents as u64;
        let own = match &self.method {
            Method::Banded(banded) => banded.spilled(documents, total),
            Method::Joined(joined) => joined.spilled(needs.shingles as u64, total),
        };
        let contents = (needs.records - needs.copies) as u64;
        let copies = records::spilled(needs.copies as u64, self.plan.options().pairs, total);
        own + contents::spilled(contents, total) + copies
    }

    /// The least budget for such texts.
    pub(crate) fn least(&self, needs: &Needs) -> u64 {
        let records = needs.records as u64 * intake::EACH_RECORD;
        records + needs.documents as u64 * intake::each_document(&self.plan)
    }

    /// Takes in the next record, made ready before, with the JSON text of the
    /// policy's field.
    ///
    /// # Errors
    ///
    /// As [`Engine::push`].
    pub(crate) fn insert(
        &mut self,
        prepared: Prepared,
        field: Option<&str>,
    ) -> Result<(), InsertError> {
        if self.records() >= NONE - 1 {
            return Err(InsertError::Records(TooManyRecords));
        }
        let keep = &self.plan.options().keep;
        let new = self.intake.record(prepared.0, field, keep)?;
        self.shingles += new.as_ref().map_or(0, |&(_, shingles)| u64::from(shingles));
        match (&mut self.method, new) {
            (Method::Banded(banded), Some((Made::Signature(signature), shingles))) => {
                banded.add(&signature, shingles)
            }
            (Method::Joined(joined), Some((Made::Material(material), _))) => {
                Ok(joined.add(material)?)
            }
            // The recipe makes what the method takes.
            _ => Ok(()),
        }
    }

    /// Makes all records taken in so far the reference set: later ones are
    /// compared with them, and with nothing else. To be called once, by plans
    /// with `against`, before the others come; without it the reference set is
    /// empty. Other plans have no reference set, and this does nothing.
    pub fn end_reference(&mut self) {
        self.intake.end_reference();
    }

    /// Finds what is alike: stages 4 to 7. `watch` is told of the stages.
    ///
    /// # Errors
    ///
    /// When a text cannot be had again; see [`DocumentsError`].
    pub fn finish<T: Texts + ?Sized>(
        self,
        texts: &T,
        watch: &dyn Watch,
    ) -> Result<Deduped, DocumentsError<T::Error>> {
        let explain = self.plan.options().explain;
        let mut deduped = self.outcome(texts, None, watch)?.collect(texts)?;
        if explain {
            watch.begin("explaining", 0);
            outcome::explain(&mut deduped, texts)?;
        }
        Ok(deduped)
    }

    /// The same, as rows that need not fit in memory; nothing is explained.
    /// Pairs that `state` has are not looked for again, and what it has not is
    /// kept there.
    pub(crate) fn outcome<T: Texts + ?Sized>(
        mut self,
        texts: &T,
        mut state: Option<&mut Checkpoint>,
        watch: &dyn Watch,
    ) -> Result<Outcome, DocumentsError<T::Error>> {
        let copies = self.intake.close()?;
        let options = self.plan.options();
        let (ranks, document_ranks) = self.intake.ranks(&self.plan, &copies)?;
        let source = Read { recipe: &self.recipe, texts, records: &self.intake.documents };
        let job = Job {
            plan: &self.plan,
            source: &source,
            ranks: &document_ranks,
            reference: self.intake.reference_documents,
            edges: if options.pairs { Edges::All } else { Edges::None },
            gone: &self.intake.gone,
            form: Form::Rows,
            room: &self.room,
            watch,
        };
        // 4. to 6. pairs, verified, and the clusters of documents
        let recall = match &self.method {
            Method::Banded(banded) => banded.recall(&self.plan),
            Method::Joined(joined) => joined.recall(&self.plan),
        };
        let found = match &mut state {
            Some(state) if state.has(state::PAIRS) => {
                state::found(state, &self.intake, &self.room)?
            }
            state => {
                let found = match &mut self.method {
                    Method::Banded(banded) => banded.find(&job)?,
                    Method::Joined(joined) => joined.find(&job)?,
                };
                match state {
                    Some(state) => state::keep_found(state, &self.intake, found, &self.room)?,
                    None => found,
                }
            }
        };
        // 7. documents -> records
        drop((document_ranks, self.method));
        let (checks, large_buckets) = (found.checks, found.large_buckets);
        let parts = Parts {
            plan: &self.plan,
            recipe: &self.recipe,
            intake: &self.intake,
            copies: &copies,
            ranks: &ranks,
            room: &self.room,
        };
        let mut outcome = parts.outcome(found)?;
        let summary = &mut outcome.summary;
        summary.recall = recall;
        summary.candidates = checks.made;
        summary.refused = checks.below;
        summary.refused_by_numbers = checks.templates;
        summary.large_buckets = large_buckets;
        match state {
            Some(state) => Ok(state::keep_outcome(state, outcome)?),
            None => Ok(outcome),
        }
    }
}
