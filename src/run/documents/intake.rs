//! Records as they come -> different documents, and who is a copy of whom.
//!
//! * time: a look-up a record
//! * space: [`EACH`] bytes a record that every later stage counts on, and what
//!   the policy looks at; see [`Contents`] for the table

use crate::budget::Held;
use crate::keep::Ranks;
use crate::keep::Value;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::run::documents::InsertError;
use crate::run::documents::contents::Contents;
use crate::run::documents::contents::Table;
use crate::run::documents::recipe::Class;
use crate::run::documents::recipe::Digest;
use crate::run::documents::recipe::Made;
use crate::run::room::Room;
use crate::spill::SpillError;

/// Number of no record.
pub(super) const NONE: u32 = u32::MAX;

/// The records taken in. A document is a text of a shingle or more; documents
/// are numbered in the order of their first copies.
#[derive(Debug)]
pub(super) struct Intake {
    /// For each record the first with the same content; none for empty ones.
    pub(super) first: Vec<u32>,
    /// First record of each document.
    pub(super) documents: Vec<u32>,
    /// Members of each document's set; 0 while unknown, which it may be for
    /// those without a copy, and for others until the end.
    sizes: Vec<u32>,
    contents: Contents,
    /// Documents that turned out to be copies, if any did.
    pub(super) gone: Vec<bool>,
    held: Held,
    /// Where the policy looks at them: characters of each record's text, and
    /// values of its field.
    lengths: Vec<u32>,
    values: Vec<Value>,
    /// Whether records are compared with a reference set only.
    pub(super) against: bool,
    /// Records and documents of the reference set.
    pub(super) reference: u32,
    pub(super) reference_documents: u32,
    pub(super) short: u64,
    pub(super) empty: u64,
}

/// Bytes that a record takes through all stages, whatever is on disk: here, its
/// document's number of shingles, rank and component, and its place in the
/// result.
pub(super) const EACH: u64 = 48;

/// Records for which memory is reserved at a time.
const RESERVED: usize = 64;

impl Intake {
    pub(super) fn new(against: bool, room: &Room) -> Intake {
        Intake {
            first: Vec::new(),
            documents: Vec::new(),
            sizes: Vec::new(),
            contents: Contents::new(room),
            gone: Vec::new(),
            held: room.budget.reserve(),
            lengths: Vec::new(),
            values: Vec::new(),
            against,
            reference: 0,
            reference_documents: 0,
            short: 0,
            empty: 0,
        }
    }

    /// The contents met so far.
    pub(super) fn table(&self) -> &Table {
        self.contents.table()
    }

    /// Takes in the next record, with the JSON text of the policy's field;
    /// returns what stands for it and the number of its shingles when it is a
    /// new document.
    pub(super) fn record(
        &mut self,
        digest: Digest,
        field: Option<&str>,
        keep: &Keep,
    ) -> Result<Option<(Made, u32)>, InsertError> {
        let record = self.first.len() as u32;
        if self.first.len().is_multiple_of(RESERVED) {
            self.held.more(EACH * RESERVED as u64)?;
        }
        match keep {
            Keep::Longest | Keep::Shortest => {
                self.held.more(2 * size_of::<u32>() as u64)?;
                self.lengths.push(digest.characters);
            }
            Keep::Min(_) | Keep::Max(_) => {
                let bytes = size_of::<Value>() + size_of::<u32>() + field.map_or(0, str::len);
                self.held.more(bytes as u64)?;
                self.values.push(Value::of_json(field));
            }
            _ => {}
        }
        self.short += u64::from(digest.class == Class::Short);
        if digest.class == Class::Empty {
            self.empty += 1;
            self.first.push(NONE);
            return Ok(None);
        }
        let size = digest.size.unwrap_or(0);
        let first = self.contents.meet(digest.content, record, size)?.first;
        self.first.push(first);
        if first == record {
            let Some(made) = digest.made else { return Ok(None) };
            self.documents.push(record);
            self.sizes.push(size);
            return Ok(Some((made, digest.shingles)));
        }
        if let (Some(document), Some(size)) = (self.document(first), digest.size) {
            self.sizes[document as usize] = size;
        }
        Ok(None)
    }

    /// Documents that have copies, and the size of whose set is not known.
    pub(super) fn uncounted(&self) -> Vec<u32> {
        let mut seen = vec![false; self.documents.len()];
        for (record, &first) in (0u32..).zip(&self.first) {
            if first != NONE
                && first != record
                && let Some(document) = self.document(first)
            {
                seen[document as usize] = self.sizes[document as usize] == 0;
            }
        }
        (0u32..).zip(seen).filter(|&(_, seen)| seen).map(|(document, _)| document).collect()
    }

    /// Notes the size of a document's set.
    pub(super) fn count(&mut self, document: u32, size: u32) {
        self.sizes[document as usize] = size;
    }

    /// Makes all records so far the reference set, if there is to be one.
    pub(super) fn end_reference(&mut self) {
        if self.against {
            self.reference = self.records();
            self.reference_documents = self.documents.len() as u32;
        }
    }

    /// Number of records.
    pub(super) fn records(&self) -> u32 {
        self.first.len() as u32
    }

    /// Ends the taking in: what is needed for it alone is let go, and copies
    /// that were not known as such are.
    pub(super) fn close(&mut self) -> Result<(), SpillError> {
        if self.contents.settle(&mut self.first)? {
            let gone = |&record: &u32| self.first[record as usize] != record;
            self.gone = self.documents.iter().map(gone).collect();
        }
        Ok(())
    }

    /// Number of documents that are no copies.
    pub(super) fn distinct(&self) -> u64 {
        self.documents.len() as u64 - self.gone.iter().filter(|&&gone| gone).count() as u64
    }

    /// Whether a record and the first copy of its text are to be compared: not
    /// those on one side of a reference set.
    pub(super) fn compared(&self, first: u32, record: u32) -> bool {
        !self.against || (first < self.reference && record >= self.reference)
    }

    /// The document whose first copy is `record`, if it is one.
    pub(super) fn document(&self, record: u32) -> Option<u32> {
        self.documents.binary_search(&record).ok().map(|d| d as u32)
    }

    /// Members of the set of the text whose first copy is `record`: 1 for
    /// short texts, 0 when not known.
    pub(super) fn size(&self, record: u32) -> u32 {
        self.document(record).map_or(1, |d| self.sizes[d as usize])
    }

    /// How much the policy prefers each record, and each document by its best
    /// copy.
    pub(super) fn ranks(&self, plan: &DedupPlan) -> (Ranks, Vec<u32>) {
        let keep = &plan.options().keep;
        let ranks = Ranks::new(keep, self.records(), &self.lengths, &self.values);
        let mut documents: Vec<u32> = self.documents.iter().map(|&first| ranks.of(first)).collect();
        for (record, &first) in (0u32..).zip(&self.first).filter(|&(record, &f)| f != record) {
            if let Some(document) = self.document(first) {
                let best = &mut documents[document as usize];
                *best = (*best).min(ranks.of(record));
            }
        }
        (ranks, documents)
    }
}
