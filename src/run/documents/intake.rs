//! Records as they come -> different documents, and who is a copy of whom.
//!
//! * time: a look-up a record
//! * space: 12 to 40 bytes a record, 16 a document

use crate::keep::Ranks;
use crate::keep::Value;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::run::documents::recipe::Class;
use crate::run::documents::recipe::Digest;
use crate::run::documents::recipe::Known;
use crate::run::documents::recipe::Made;
use ahash::AHashMap;

/// Number of no record.
pub(super) const NONE: u32 = u32::MAX;

/// The records taken in. A document is a text of a shingle or more; documents
/// are numbered in the order of their first copies.
#[derive(Debug, Default)]
pub(super) struct Intake {
    /// For each record the first with the same content; none for empty ones.
    pub(super) first: Vec<u32>,
    /// First record of each document.
    pub(super) documents: Vec<u32>,
    /// Members of each document's set; 0 while unknown, which it may be for
    /// those without a copy, and for others until the end.
    sizes: Vec<u32>,
    /// First record with a content.
    known: AHashMap<[u64; 2], u32>,
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

impl Intake {
    pub(super) fn new(against: bool) -> Intake {
        Intake { against, ..Intake::default() }
    }

    /// What is known of a content.
    pub(super) fn known(&self, content: &[u64; 2]) -> Known {
        match self.known.get(content) {
            None => Known::New,
            Some(&first) if self.size(first) == 0 => Known::Uncounted,
            Some(_) => Known::Counted,
        }
    }

    /// Takes in the next record, with the JSON text of the policy's field;
    /// returns what stands for it and the number of its shingles when it is a
    /// new document.
    pub(super) fn record(
        &mut self,
        digest: Digest,
        field: Option<&str>,
        keep: &Keep,
    ) -> Option<(Made, u32)> {
        let record = self.first.len() as u32;
        match keep {
            Keep::Longest | Keep::Shortest => self.lengths.push(digest.characters),
            Keep::Min(_) | Keep::Max(_) => self.values.push(Value::of_json(field)),
            _ => {}
        }
        self.short += u64::from(digest.class == Class::Short);
        if digest.class == Class::Empty {
            self.empty += 1;
            self.first.push(NONE);
            return None;
        }
        let first = *self.known.entry(digest.content).or_insert(record);
        self.first.push(first);
        if first == record {
            let made = digest.made?;
            self.documents.push(record);
            self.sizes.push(digest.size.unwrap_or(0));
            return Some((made, digest.shingles));
        }
        if let (Some(document), Some(size)) = (self.document(first), digest.size) {
            self.sizes[document as usize] = size;
        }
        None
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

    /// Ends the taking in: what is needed for it alone is let go.
    pub(super) fn close(&mut self) {
        self.known = AHashMap::new();
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
