//! Files -> documents held in memory, prepared for the search in them.

use std::borrow::Cow;

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
use crate::report::Document;
use crate::report::Found;
use crate::report::duplicates::Name;
use crate::report::select;
use crate::run::Notice;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::search::Prepared;
use crate::run::search::Scratch;
use crate::run::search::Search;
use crate::run::search::prepare;
use crate::run::stream::Chunk;
use crate::run::stream::Reader;
use crate::storage::Storage;
use crate::text::original::Offsets;

/// A document and where it comes from.
#[derive(Debug)]
struct Held {
    entry: u32,
    /// Line of a record.
    record: Option<u64>,
    /// The id as raw JSON.
    id: Option<Box<str>>,
    text: String,
    /// Of a text file whose places are not those of its text.
    offsets: Option<Offsets>,
}

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
}

/// The documents of a search.
#[derive(Debug)]
pub struct Corpus {
    search: Search,
    documents: Vec<Held>,
    /// Paths, by entry.
    paths: Vec<String>,
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
    documents: Vec<Held>,
    paths: Vec<String>,
}

impl Findings {
    /// The documents as reports name them, by number.
    #[must_use]
    pub fn documents(&self) -> Vec<Document<'_>> {
        self.documents.iter().map(|d| self.document(d)).collect()
    }

    /// Keeps the clusters for which `stays` holds; see
    /// [`select`].
    pub fn retain(&mut self, mut stays: impl FnMut(&Cluster, &[Document<'_>]) -> bool) {
        let mut found = std::mem::take(&mut self.found);
        let documents = self.documents();
        select::retain(&mut found, |cluster| stays(cluster, &documents));
        drop(documents);
        self.found = found;
    }

    fn document<'a>(&'a self, held: &'a Held) -> Document<'a> {
        let path = &self.paths[held.entry as usize];
        let label = match (&held.id, held.record) {
            (Some(id), _) => Cow::Borrowed(&**id),
            (None, Some(record)) => Cow::Owned(Name::quote(&format!("{path}:{record}"))),
            (None, None) => Cow::Owned(Name::quote(path)),
        };
        let (record, text) = (held.record, held.text.as_str());
        Document { label, path: Cow::Borrowed(path), record, text, offsets: held.offsets.as_ref() }
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
        let Reading { keys, plan, line_limit } = reading;
        let paths = entries.iter().map(|e| e.path.to_string_lossy().into_owned()).collect();
        let mut corpus = Corpus {
            search: Search::new(plan.clone()),
            documents: Vec::new(),
            paths,
            skipped: 0,
            lost: 0,
            rejected: 0,
        };
        let mut reader = Reader::new(storage, entries, line_limit, watch);
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
                        let offsets = (!text.offsets.is_identity()).then_some(text.offsets);
                        let held = Held { entry, record: None, id: None, text: text.text, offsets };
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
                Ok(room)
            },
        )?;
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
    /// and what was found.
    ///
    /// # Errors
    ///
    /// [`FindError::TooManyShingles`](crate::FindError::TooManyShingles).
    pub fn find(self, watch: &dyn Watch) -> Result<Findings, RunError> {
        let texts: Vec<&str> = self.documents.iter().map(|d| d.text.as_str()).collect();
        let mut found = self.search.finish(&texts, watch)?;
        found.summary.skipped = self.skipped + self.lost;
        found.summary.rejected = self.rejected;
        Ok(Findings { found, documents: self.documents, paths: self.paths })
    }

    fn hold(&mut self, held: Held, prepared: Prepared) -> Result<(), RunError> {
        self.search.insert(held.text.len(), prepared)?;
        self.documents.push(held);
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
            let (record, text) = (Some(line.number), fields.text.into_owned());
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
