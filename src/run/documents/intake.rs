//! Records as they come -> different documents, and who is a copy of whom.
//!
//! * time: a look-up a record; a sort of the copies
//! * space: a bit or two a record, and what the policy looks at; copies are
//!   rows that need not fit in memory ([`Copies`]); see [`Contents`] for the
//!   table

use crate::bits::Bits;
use crate::bits::Ranked;
use crate::budget::Held;
use crate::external::Sorting;
use crate::external::kept::Kept;
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
use crate::run::documents::rows::parts;
use crate::run::documents::rows::row;
use crate::run::room::Room;
use crate::spill::SpillError;

/// Number of no record.
pub(super) const NONE: u32 = u32::MAX;

/// The records taken in. A document is a text of a shingle or more; documents
/// are numbered in the order of their first copies.
#[derive(Debug)]
pub(super) struct Intake {
    /// First records of documents.
    pub(super) documents: Ranked,
    contents: Contents,
    sorting: Sorting,
    /// Copies that were known as such when they came.
    pub(super) copies: u32,
    /// Documents that turned out to be copies.
    pub(super) gone: Bits,
    room: Room,
    held: Held,
    /// Bytes held of each document.
    each: u64,
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

/// Bytes of a copy: the first record with the same content, the copy, and the
/// members of the set, 0 where that was not known.
pub(super) const COPY: usize = 12;

/// The part of the memory in which copies are sorted, and that those sorted
/// may have.
const COPIES_SHARE: u64 = 16;

/// Bytes that a record takes through all stages, whatever is on disk: whether
/// it is a document, and whether it goes.
pub(super) const EACH_RECORD: u64 = 1;

/// The same, of a document: its number of shingles, its component, and its
/// family while one component holds most documents. Of one that is joined: the
/// size of its set, its place in the order and the way back, and its component.
pub(super) fn each_document(plan: &DedupPlan) -> u64 {
    if plan.banding().is_some() { 10 } else { 20 }
}

/// Bytes that a record takes where a policy puts all in order.
const LISTED: usize = 4 * size_of::<u32>();

/// Records for which memory is reserved at a time.
const RESERVED: u32 = 64;

impl Intake {
    pub(super) fn new(plan: &DedupPlan, room: &Room) -> Intake {
        let share = room.budget.share(COPIES_SHARE);
        Intake {
            documents: Ranked::default(),
            contents: Contents::new(room),
            sorting: Sorting::new(&room.scratch, COPY, share),
            copies: 0,
            gone: Bits::default(),
            room: room.clone(),
            held: room.budget.reserve(),
            each: each_document(plan),
            lengths: Vec::new(),
            values: Vec::new(),
            against: plan.options().against,
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
        let record = self.records();
        if record.is_multiple_of(RESERVED) {
            self.held.more(EACH_RECORD * u64::from(RESERVED))?;
        }
        match keep {
            Keep::First | Keep::None => {}
            Keep::Last => self.held.more(size_of::<u32>() as u64)?,
            Keep::Longest | Keep::Shortest => {
                self.held.more(LISTED as u64)?;
                self.lengths.push(digest.characters);
            }
            Keep::Min(_) | Keep::Max(_) => {
                let bytes = size_of::<Value>() + LISTED + field.map_or(0, str::len);
                self.held.more(bytes as u64)?;
                self.values.push(Value::of_json(field));
            }
        }
        self.short += u64::from(digest.class == Class::Short);
        if digest.class == Class::Empty {
            self.empty += 1;
            self.documents.push(false);
            return Ok(None);
        }
        // A short text is compared as a whole.
        let short = u32::from(digest.class == Class::Short);
        let size = digest.size.unwrap_or(short);
        let met = self.contents.meet(digest.content, record, size)?;
        let new = if met.first == record { digest.made } else { None };
        self.documents.push(new.is_some());
        if met.first != record {
            self.copies += 1;
            self.sorting.push(&row::<COPY>([met.first, record, met.size]))?;
        }
        let Some(made) = new else { return Ok(None) };
        self.held.more(self.each)?;
        Ok(Some((made, digest.shingles)))
    }

    /// Makes all records so far the reference set, if there is to be one.
    pub(super) fn end_reference(&mut self) {
        if self.against {
            self.reference = self.records();
            self.reference_documents = self.documents.ones();
        }
    }

    /// Number of records.
    pub(super) fn records(&self) -> u32 {
        self.documents.len()
    }

    /// Ends the taking in: what is needed for it alone is let go, and copies
    /// that were not known as such are. Returns all copies.
    pub(super) fn close(&mut self) -> Result<Copies, SpillError> {
        let Intake { contents, sorting, gone, documents, room, .. } = self;
        contents.settle(|first, record| {
            let document = documents.rank(record);
            document.into_iter().for_each(|document| gone.put(document));
            let size = u32::from(document.is_none());
            sorting.push(&row::<COPY>([first, record, size]))
        })?;
        let copies = std::mem::replace(sorting, Sorting::new(&room.scratch, COPY, 0));
        let share = room.budget.share(COPIES_SHARE);
        Ok(Copies(copies.finish()?.keep(&room.scratch, share)?))
    }

    /// Number of documents that are no copies.
    pub(super) fn distinct(&self) -> u64 {
        u64::from(self.documents.ones()) - self.gone.count() as u64
    }

    /// How much the policy prefers each record, and each document by its best
    /// copy.
    pub(super) fn ranks(
        &mut self,
        plan: &DedupPlan,
        copies: &Copies,
    ) -> Result<(Ranks, Ranks), SpillError> {
        let keep = &plan.options().keep;
        let (lengths, values) =
            (std::mem::take(&mut self.lengths), std::mem::take(&mut self.values));
        let ranks = Ranks::new(keep, self.records(), &lengths, &values);
        if ranks == Ranks::Forward {
            // Documents come in the order of their first copies.
            return Ok((ranks, Ranks::Forward));
        }
        let mut documents: Vec<u32> = Vec::with_capacity(self.documents.ones() as usize);
        documents.extend(self.documents.each().map(|first| ranks.of(first)));
        let mut reader = copies.0.from(0)?;
        while let Some(Copy { first, record, .. }) = reader.head().map(Copy::of) {
            if let Some(document) = self.documents.rank(first) {
                let best = &mut documents[document as usize];
                *best = (*best).min(ranks.of(record));
            }
            reader.step()?;
        }
        Ok((ranks, Ranks::Listed(documents)))
    }
}

/// Records that are copies, by their first copies, then by number.
#[derive(Debug)]
pub(super) struct Copies(pub(super) Kept);

/// A record that is a copy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    pub(super) first: u32,
    pub(super) record: u32,
    /// Members of the set, 0 where that is not known.
    pub(super) size: u32,
}

impl Copy {
    pub(super) fn of(row: &[u8]) -> Copy {
        let [first, record, size] = parts(row);
        Copy { first, record, size }
    }
}
