//! MAIN PATH for near-duplicate documents in files.
//!
//! 1. `reading`: files -> records in the archive, texts in the engine;
//! 2. `Engine::outcome`: texts -> clusters (its own main path,
//!    [`documents`](crate::run::documents), has the stages);
//! 3. fates -> totals, checked: each record was kept, removed or set aside;
//! 4. `lines` or `files`: records that stay, and those that go, byte for
//!    byte;
//! 5. `reports`: clusters and pairs, with the names of records.
//!
//! * time: two reads of the input, and a third of records that are verified
//! * space: that of the engine, and shares of the memory for what is read
//!   again; no texts, no ids
//!
//! With a state ([`Sinks::state`]), what the steps 1 and 2 come to is kept, and
//! a run that finds it goes on behind it (`resume`).
//!
//! Outputs are written but neither settled nor committed: that is left to the
//! caller, who writes the summary, and removes the state when all is done.

use std::fmt;
use std::path::PathBuf;

use crate::input::Entry;
use crate::input::Kind;
use crate::input::Named;
use crate::input::jsonl::LINE_LIMIT;
use crate::input::keys::KeyError;
use crate::input::keys::Keys;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::output::folder::OutputFolder;
use crate::report::totals::Totals;
use crate::run::Notice;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::estimate::estimate;
use crate::run::dedup::files::Files;
use crate::run::dedup::lines::Lines;
use crate::run::dedup::reading::Counts;
use crate::run::dedup::reading::Part;
use crate::run::dedup::reading::Reading;
use crate::run::dedup::reading::Wanted;
use crate::run::dedup::reports::Reports;
use crate::run::dedup::rows::Rows;
use crate::run::dedup::sinks::Sinks;
use crate::run::documents::DocumentsError;
use crate::run::documents::Engine;
use crate::run::documents::InsertError;
use crate::run::documents::Outcome;
use crate::run::documents::TooManyRecords;
use crate::run::documents::state::CLUSTERS;
use crate::run::room::Room;
use crate::spill;
use crate::spill::Spill;
use crate::storage::Storage;

mod archive;
pub mod estimate;
mod files;
mod lines;
mod reading;
mod reports;
pub(crate) mod resume;
mod rows;
pub mod sinks;
#[cfg(test)]
mod tests;

/// The part of the memory that what cannot be read again may have.
const SPOOL_SHARE: u64 = 16;

/// What is read.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Where the files are.
    pub storage: &'a dyn Storage,
    /// The reference set, which is read first and never written; if it holds
    /// anything, the plan must say `against`.
    pub references: &'a [Entry],
    /// What is compared and written.
    pub entries: &'a [Entry],
}

/// How records are read and written.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How they are compared.
    pub plan: DedupPlan,
    /// Name of the member that all records are given, and stay; none: those
    /// that are duplicates are removed.
    pub annotate: Option<String>,
    /// Whether unusable records are set aside; else the first ends the run.
    pub rejects: bool,
    /// Most bytes of a record; see
    /// [`LINE_LIMITS`](crate::input::jsonl::LINE_LIMITS).
    pub line_limit: usize,
    /// Entries of folders that were passed over before, to be counted with the
    /// files without text.
    pub skipped: u64,
    /// Entries of folders that could not be looked at before.
    pub lost: u64,
    /// What may be held in memory, and where the rest goes.
    pub room: Room,
    /// Keys of a record's text and name, as given.
    names: (String, String),
    /// Members of a record: text and id.
    text_and_id: Keys,
    /// The same, the field of the policy, and the member of annotations.
    wanted: Keys,
}

impl Settings {
    /// Removes duplicates and stops at the first unusable record; `text` and
    /// `id` are the keys of a record's text and name.
    ///
    /// # Errors
    ///
    /// A key that cannot be used, that of the policy's field among them.
    pub fn new(
        plan: &DedupPlan,
        (text, id): (&str, &str),
        annotate: Option<&str>,
        room: Room,
    ) -> Result<Settings, KeyError> {
        let mut extra = Vec::new();
        if let Keep::Min(field) | Keep::Max(field) = &plan.options().keep {
            extra.push(field.clone());
        }
        // A name, not a path.
        extra.extend(annotate.map(|name| name.replace('\\', "\\\\").replace('.', "\\.")));
        Ok(Settings {
            plan: plan.clone(),
            annotate: annotate.map(str::to_owned),
            rejects: false,
            line_limit: LINE_LIMIT,
            skipped: 0,
            lost: 0,
            room,
            names: (text.to_owned(), id.to_owned()),
            text_and_id: Keys::new(text, id, &[])?,
            wanted: Keys::new(text, id, &extra)?,
        })
    }
}

/// Finds the duplicates among records or text files and writes what stays.
///
/// # Errors
///
/// What cannot be read, compared or written; [`DedupRunError::Mixed`] when
/// `inputs.entries` are of both kinds. Outputs must not be committed then.
pub fn dedup(
    inputs: Inputs<'_>,
    settings: &Settings,
    sinks: &mut Sinks,
    folder: Option<(&mut OutputFolder, &[PathBuf])>,
    watch: &dyn Watch,
) -> Result<Totals, RunError> {
    let kind = kind(inputs.entries)?;
    let plan = &settings.plan;
    // 1. files -> archive and engine
    let (reading, read) = read(inputs, settings, sinks, watch)?;
    let Reading { archive, engine, .. } = reading;
    // 2. texts -> clusters
    let found = match &mut sinks.state {
        Some(state) if state.has(CLUSTERS) => {
            Outcome::again(state, plan, archive.records(), &settings.room)
        }
        state => engine.outcome(&archive, state.as_mut(), watch),
    };
    let mut found = found.map_err(|e| match e {
        DocumentsError::Text(error) => error,
        DocumentsError::Spill(error) => error.into(),
        DocumentsError::State(error) => error.into(),
        DocumentsError::TooManyShingles => DedupRunError::TooManyShingles.into(),
    })?;
    // 3. fates -> totals
    let mut totals = totals(&archive, &found, read, settings.annotate.is_some())?;
    totals.skipped += settings.skipped;
    totals.lost += settings.lost;
    // 4. what stays and what goes
    let (measure, first) = (plan.options().measure, found.summary.reference as u32);
    let annotate = settings.annotate.as_deref();
    let (kept, removed) = (&mut sinks.kept, &mut sinks.removed);
    match kind {
        Kind::Jsonl => {
            let lines = Lines { archive: &archive, found: &found, measure, annotate, watch };
            totals.bytes_out += lines.write(first, kept, removed)?;
        }
        Kind::Text => {
            let files = Files { archive: &archive, found: &found };
            files.list(first, kept, removed)?;
            if let Some((folder, roots)) = folder {
                files.copy(first, folder, roots)?;
            }
        }
    }
    // 5. clusters and pairs
    let mut reports =
        Reports { archive: &archive, found: &mut found, totals: &totals, plan, watch };
    reports.clusters(&mut sinks.clusters)?;
    reports.pairs(&mut sinks.pairs)?;
    Ok(totals)
}

/// What all of `entries` are: records, if there are none.
///
/// # Errors
///
/// [`DedupRunError::Mixed`].
pub fn kind(entries: &[Entry]) -> Result<Kind, RunError> {
    let of = |kind| entries.iter().find(|entry| entry.kind == kind);
    match (of(Kind::Jsonl), of(Kind::Text)) {
        (Some(records), Some(text)) => {
            let (records, text) = (records.path.clone(), text.path.clone());
            Err(DedupRunError::Mixed { records, text }.into())
        }
        (None, Some(_)) => Ok(Kind::Text),
        _ => Ok(Kind::Jsonl),
    }
}

/// What was read of the reference set, and of the others.
type Read = (Counts, Counts);

fn read<'a>(
    inputs: Inputs<'a>,
    settings: &Settings,
    Sinks { rejects, state, .. }: &mut Sinks,
    watch: &dyn Watch,
) -> Result<(Reading<'a>, Read), RunError> {
    let Inputs { storage, references, entries } = inputs;
    let all: Vec<&Entry> = references.iter().chain(entries).collect();
    let Room { budget, scratch } = &settings.room;
    let spill = Spill::new(scratch, spill::IN_MEMORY.min(budget.share(SPOOL_SHARE)));
    let rows = Rows::new(&settings.room);
    let engine = Engine::within(&settings.plan, &settings.room);
    let known = state.as_ref().is_some_and(|state| state.has(resume::READ));
    if budget.is_limited() && !known {
        let keys = &settings.text_and_id;
        let estimate = estimate(storage, &all, keys, &engine, &settings.room)?;
        watch.note(&Notice::Estimated(estimate));
    }
    let archive = Archive::new(storage, all, settings.text_and_id.clone(), (rows, spill));
    let mut reading = Reading { archive, engine, log: None, scratch: scratch.clone() };
    if let Some(state) = state {
        if known {
            let read = resume::again(&mut reading, inputs, state, rejects, watch)?;
            return Ok((reading, read));
        }
        reading.log = Some(resume::Log::new(state)?);
        reading.archive.spool = Some(state.section(resume::READ, "spool")?);
    }
    let known = Wanted {
        keys: &settings.text_and_id,
        field: false,
        member: None,
        rejects: settings.rejects,
    };
    let line_limit = settings.line_limit;
    let (first, wanted) = (0, &known);
    let room = &settings.room;
    let part = Part { storage, entries: references, first, wanted, line_limit, room, watch };
    let known = part.read(&mut reading, rejects)?;
    let reference = reading.engine.records();
    if settings.plan.options().against {
        reading.engine.end_reference();
    }
    let wanted = Wanted {
        keys: &settings.wanted,
        field: matches!(settings.plan.options().keep, Keep::Min(_) | Keep::Max(_)),
        member: settings.annotate.as_deref(),
        rejects: settings.rejects,
    };
    let first = references.len() as u32;
    let part = Part { storage, entries, first, wanted: &wanted, line_limit, room, watch };
    let read = (known, part.read(&mut reading, rejects)?);
    if let Some(state) = state {
        resume::keep(state, &mut reading, &read, reference)?;
    }
    Ok((reading, read))
}

/// Adds up, and checks that no record is lost: what was read was kept, removed
/// or set aside.
fn totals(
    archive: &Archive<'_>,
    found: &Outcome,
    (known, read): Read,
    annotate: bool,
) -> Result<Totals, RunError> {
    let (mut kept, mut removed, mut out) = (0, 0, 0);
    archive.rows.each(found.summary.reference as u32, |record, row| {
        let stays = found.is_kept(record);
        kept += u64::from(stays);
        removed += u64::from(!stays);
        if stays || annotate {
            // A line has its end.
            out += u64::from(row.length) + u64::from(row.line > 0);
        }
        Ok::<(), RunError>(())
    })?;
    let summary = &found.summary;
    if read.read != kept + removed + read.rejected
        || (kept, removed) != (summary.kept, summary.removed)
    {
        let (read, rejected) = (read.read, read.rejected);
        return Err(DedupRunError::Counts { read, kept, removed, rejected }.into());
    }
    Ok(Totals {
        found: found.summary,
        rejected: read.rejected,
        reference_rejected: known.rejected,
        skipped: known.skipped + read.skipped,
        lost: known.lost + read.lost,
        bytes_in: read.bytes,
        bytes_out: out,
        without_field: read.without_field,
        annotated: annotate,
    })
}

/// Why a run over files ended without a result.
#[derive(Debug)]
#[non_exhaustive]
pub enum DedupRunError {
    /// A record that cannot be taken in: there are too many.
    Insert(InsertError),
    /// More shingles than the complete join can number.
    TooManyShingles,
    /// A record has the member already that is to be added.
    Annotated {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// Name of the member.
        member: String,
    },
    /// Records and text files together.
    Mixed {
        /// A file of records.
        records: PathBuf,
        /// A text file.
        text: PathBuf,
    },
    /// Two text files that would have one name in the folder they are copied
    /// to.
    SameName {
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Records were lost, which is a fault of this program.
    Counts {
        /// Records read.
        read: u64,
        /// Of those, kept.
        kept: u64,
        /// Of those, removed.
        removed: u64,
        /// Of those, set aside.
        rejected: u64,
    },
}

impl fmt::Display for DedupRunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DedupRunError::Insert(e) => e.fmt(f),
            DedupRunError::TooManyShingles => {
                // The type of the texts plays no part in the message.
                DocumentsError::<TooManyRecords>::TooManyShingles.fmt(f)
            }
            DedupRunError::Annotated { path, line, member } => write!(
                f,
                "{}:{line}: the record has a member {member:?} already; name another with \
                 --annotate-key",
                Named(path)
            ),
            DedupRunError::Mixed { records, text } => write!(
                f,
                "{} holds records, but {} is a text; give the one or the other, or say with \
                 --input how all files are to be taken",
                Named(records),
                Named(text)
            ),
            DedupRunError::SameName { first, second } => write!(
                f,
                "{} and {} would have the same name in the output folder; name the folder that \
                 holds both, or run them apart",
                Named(first),
                Named(second)
            ),
            DedupRunError::Counts { read, kept, removed, rejected } => write!(
                f,
                "{read} records were read, but {kept} kept, {removed} removed and {rejected} set \
                 aside; this is a fault of the program, please report it"
            ),
        }
    }
}

impl std::error::Error for DedupRunError {}
