//! Records as they come -> different documents, and who is a copy of whom.
//!
//! * time: `O(bytes)`, over all threads of the pool
//! * space: 12 to 40 bytes a record, 16 a document

use crate::keep::Ranks;
use crate::keep::Value;
use crate::options::dedup::DedupPlan;
use crate::options::dedup::Keep;
use crate::run::documents::recipe::Class;
use crate::run::documents::recipe::Digest;
use crate::run::documents::recipe::Made;
use crate::run::documents::recipe::Recipe;
use crate::run::documents::recipe::Workspace;
use ahash::AHashMap;
use rayon::prelude::*;

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
    /// those without a copy.
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

    /// Takes in the next texts and returns what stands for those that are new
    /// documents, in order, with the number of shingles of each.
    pub(super) fn texts<S: AsRef<str> + Sync>(
        &mut self,
        texts: &[S],
        recipe: &Recipe,
        keep: &Keep,
    ) -> Vec<(Made, u32)> {
        let known = &self.known;
        let digests: Vec<Digest> = texts
            .par_iter()
            .map_init(Workspace::default, |workspace, text| {
                recipe.digest(text.as_ref(), workspace, |content| known.contains_key(content))
            })
            .collect();
        let mut new = Vec::new();
        // A copy of each document that has had none before.
        let mut copies: Vec<(u32, &S)> = Vec::new();
        for (digest, text) in digests.into_iter().zip(texts) {
            if matches!(keep, Keep::Longest | Keep::Shortest) {
                self.lengths.push(digest.characters);
            }
            if let Some(document) = self.record(digest, &mut new)
                && self.sizes[document as usize] == 0
            {
                self.sizes[document as usize] = NONE;
                copies.push((document, text));
            }
        }
        let sizes: Vec<u32> = copies
            .par_iter()
            .map_init(Workspace::default, |workspace, (_, text)| {
                recipe.material(text.as_ref(), workspace).size()
            })
            .collect();
        for ((document, _), size) in copies.into_iter().zip(sizes) {
            self.sizes[document as usize] = size;
        }
        new
    }

    /// Numbers a record; returns its document when it is a copy of one.
    fn record(&mut self, digest: Digest, new: &mut Vec<(Made, u32)>) -> Option<u32> {
        let record = self.first.len() as u32;
        self.short += u64::from(digest.class == Class::Short);
        if digest.class == Class::Empty {
            self.empty += 1;
            self.first.push(NONE);
            return None;
        }
        let first = *self.known.entry(digest.content).or_insert(record);
        self.first.push(first);
        if first < record {
            return self.document(first);
        }
        if let Some(made) = digest.made {
            self.documents.push(record);
            self.sizes.push(match &made {
                Made::Signature(_) => 0,
                Made::Material(material) => material.size(),
            });
            new.push((made, digest.shingles));
        }
        None
    }

    /// Takes in the values of the policy's field for the next records.
    pub(super) fn fields(&mut self, records: usize, fields: &[Option<&str>], keep: &Keep) {
        if matches!(keep, Keep::Min(_) | Keep::Max(_)) {
            let field = |n: usize| fields.get(n).copied().flatten();
            self.values.extend((0..records).map(|n| Value::of_json(field(n))));
        }
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

    /// Members of the set of the text whose first copy is `record` and that
    /// has more copies: 1 for short texts.
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
