//! Files -> documents, prepared for the search in them.
//!
//! Texts, tokens and fingerprints are held in memory up to a part of the
//! budget; beyond it all go to the disk.

pub mod resume;

use std::io;
use std::sync::Arc;

use crate::budget::OverBudget;
use crate::checkpoint::Checkpoint;
use crate::input::Entry;
use crate::input::InputError;
use crate::input::jsonl::Block;
use crate::input::jsonl::Line;
use crate::input::keys::Keys;
use crate::input::record::Reject;
use crate::input::record::parse;
use crate::options::find::FindPlan;
use crate::output::Output;
use crate::report::Cluster;
use crate::report::Documents;
use crate::report::Found;
use crate::report::select;
use crate::run::Notice;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::forecast;
use crate::run::library::Held;
use crate::run::library::Library;
use crate::run::room::Room;
use crate::run::search::Prepared;
use crate::run::search::Scratch;
use crate::run::search::Search;
use crate::run::search::prepare;
use crate::run::stream::Chunk;
use crate::run::stream::Reader;
use crate::storage::Storage;

/// How a corpus is read.
#[derive(Clone, Debug)]
pub struct Reading<'a> {
    /// Members of a record: text and id.
    pub keys: &'a Keys,
    /// What is searched for.
    pub plan: FindPlan,
    /// Most bytes of a record; see
    /// [`LINE_LIMITS`](crate::input::jsonl::LINE_LIMITS).
    pub line_limit: usize,
    /// Memory and disk.
    pub room: Room,
}

/// Parts of what is free of the budget, of which one may be held while texts
/// are read: vectors that grow have room for as much again, links take about as
/// much, and what is found; reworded passages take three times as much again.
const PARTS: u64 = 4;

/// The part of the budget that a text or line may have: its tokens take some
/// fifteen times as much while they are made ready.
const LONGEST: u64 = 16;

/// Bytes of a text or line that are allowed in any case.
const SHORT: u64 = 1 << 20;

/// The documents of a search.
#[derive(Debug)]
pub struct Corpus {
    search: Search,
    library: Library,
    room: Room,
    /// Bytes of texts and names in memory.
    held: u64,
    /// Whether these are on the disk.
    spilled: bool,
    /// Files passed over because they hold no text; the caller may add other
    /// entries of folders.
    pub skipped: u64,
    /// Files of folders that could not be read; the caller may add others.
    pub lost: u64,
    /// Records set aside.
    pub rejected: u64,
}

/// What a search over files found, with the documents it was made over.
#[derive(Debug)]
pub struct Findings {
    /// What was found.
    pub found: Found,
    library: Library,
}

impl Findings {
    /// The documents as reports name them, by number.
    #[must_use]
    pub fn documents(&self) -> &dyn Documents {
        &self.library
    }

    /// Keeps the clusters for which `stays` holds; see
    /// [`select`].
    ///
    /// # Errors
    ///
    /// The first of `stays`; all clusters are kept then.
    pub fn retain(
        &mut self,
        mut stays: impl FnMut(&Cluster, &dyn Documents) -> io::Result<bool>,
    ) -> io::Result<()> {
        let library = &self.library;
        select::retain(&mut self.found, |cluster| stays(cluster, library))
    }
}

/// What is made of a piece of the input.
type Made = Vec<Result<(Held, Prepared), Refused>>;

/// A line that is no usable record.
struct Refused {
    entry: u32,
    line: u64,
    raw: Vec<u8>,
    reject: Reject,
}

impl Corpus {
    /// Reads `entries` in order.
    ///
    /// With `rejects`, lines that are no usable records are written there,
    /// byte for byte, and counted; without, the first one is an error.
    ///
    /// # Errors
    ///
    /// What cannot be read, written or searched.
    pub fn read(
        storage: &dyn Storage,
        entries: &[Entry],
        reading: Reading<'_>,
        mut rejects: Option<&mut Output>,
        watch: &dyn Watch,
    ) -> Result<Corpus, RunError> {
        let Reading { keys, plan, line_limit, room } = reading;
        let paths = entries.iter().map(|e| e.path.to_string_lossy().into_owned()).collect();
        let mut corpus = Corpus {
            search: Search::new(plan.clone(), &room),
            library: Library::new(paths),
            room: room.clone(),
            held: 0,
            spilled: false,
            skipped: 0,
            lost: 0,
            rejected: 0,
        };
        if room.budget.is_limited() {
            let demand = corpus.search.demand(1.0 / PARTS as f64);
            let estimate = forecast::estimate(storage, entries, keys, demand, &room)?;
            watch.note(&Notice::Estimated(estimate));
        }
        let mut reader = Reader::new(storage, entries, line_limit, watch);
        if room.budget.is_limited() {
            reader = reader.within(&room.budget).up_to(room.budget.total() / LONGEST + SHORT);
        }
        let work = |(): &(), scratch: &mut Scratch, chunk: &Chunk| match chunk {
            Chunk::Text { text, .. } => (Some(prepare(&text.text, &plan, scratch)), Made::new()),
            Chunk::Lines(block, _) => (None, records(block, keys, &plan, scratch)),
        };
        reader.for_each(
            &mut (),
            |()| (),
            work,
            |(), chunk, (whole, made)| {
                let room = match (chunk, whole) {
                    (Chunk::Text { entry, text, .. }, Some(prepared)) => {
                        let offsets = (!text.offsets.is_identity()).then(|| Arc::new(text.offsets));
                        let text = Arc::new(text.text);
                        let held = Held { entry, record: None, id: None, text, offsets };
                        corpus.hold(held, prepared)?;
                        None
                    }
                    (Chunk::Lines(block, _), _) => Some(block.bytes),
                    (Chunk::Text { .. }, None) => None,
                };
                for one in made {
                    match (one, rejects.as_deref_mut()) {
                        (Ok((held, prepared)), _) => corpus.hold(held, prepared)?,
                        (Err(refused), Some(out)) => corpus.reject(entries, refused, out, watch)?,
                        (Err(r), None) => return Err(refused_by(entries, r).into()),
                    }
                }
                corpus.keep_within()?;
                Ok(room)
            },
        )?;
        corpus.library.close()?;
        (corpus.skipped, corpus.lost) = (reader.skipped, reader.lost);
        Ok(corpus)
    }

    /// Sets a line aside, with its line end.
    fn reject(
        &mut self,
        entries: &[Entry],
        refused: Refused,
        out: &mut Output,
        watch: &dyn Watch,
    ) -> Result<(), RunError> {
        out.put(&refused.raw)?;
        out.put(b"\n")?;
        self.rejected += 1;
        watch.note(&Notice::Rejected(refused_by(entries, refused)));
        Ok(())
    }

    /// Searches what was read; returns the documents as reports name them,
    /// and what was found. Alignments are kept in `state`, or taken from it
    /// when they are there.
    ///
    /// # Errors
    ///
    /// [`FindError::TooManyShingles`](crate::FindError::TooManyShingles); what
    /// is on the disk and cannot be read; what does not fit the budget.
    pub fn find(
        self,
        state: Option<&mut Checkpoint>,
        watch: &dyn Watch,
    ) -> Result<Findings, RunError> {
        let texts = self.library.texts();
        let mut found = self.search.complete((&self.library, texts.as_deref()), state, watch)?;
        drop(texts);
        found.summary.skipped = self.skipped + self.lost;
        found.summary.rejected = self.rejected;
        Ok(Findings { found, library: self.library })
    }

    fn hold(&mut self, held: Held, prepared: Prepared) -> Result<(), RunError> {
        self.search.insert(held.text.len(), prepared)?;
        self.held += held.bytes() as u64;
        Ok(self.library.push(held)?)
    }

    /// Moves what is held to the disk when it is more than its part of the
    /// budget.
    fn keep_within(&mut self) -> Result<(), RunError> {
        let total = self.room.budget.total();
        let held = self.held + self.search.held();
        if self.spilled || held <= self.room.budget.free() / PARTS {
            return Ok(());
        }
        if !self.search.spill()? {
            return Err(OverBudget {
                total,
                needed: held * PARTS + (total - self.room.budget.free()),
            }
            .into());
        }
        self.library.spill(&self.room.scratch)?;
        self.spilled = true;
        Ok(())
    }
}

/// The records of a block.
fn records(block: &Block, keys: &Keys, plan: &FindPlan, scratch: &mut Scratch) -> Made {
    let entry = block.file;
    let one = |line: Line<'_>| match parse(line.bytes, keys) {
        Ok(fields) => {
            let prepared = prepare(&fields.text, plan, scratch);
            let id = fields.id.filter(|&id| id != "null").map(Box::from);
            let (record, text) = (Some(line.number), Arc::new(fields.text.into_owned()));
            Ok((Held { entry, record, id, text, offsets: None }, prepared))
        }
        Err(reject) => Err(Refused { entry, line: line.number, raw: line.bytes.to_vec(), reject }),
    };
    block.records().map(one).collect()
}

fn refused_by(entries: &[Entry], refused: Refused) -> InputError {
    InputError::Record {
        path: entries[refused.entry as usize].path.clone(),
        line: refused.line,
        reject: refused.reject,
    }
}

#[cfg(test)]
mod tests;
