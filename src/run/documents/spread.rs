//! Sets on disk -> prefixes -> candidates -> verified pairs, with no pair
//! missed.
//!
//! What [`crate::run::documents::joined`] does in memory, and with the same
//! result and the same comparisons. Most shingles of a prefix are in no other
//! set, so they are put in order on disk ([`crate::external`]), those of one
//! set alone are dropped, and the others go back to their documents. An index
//! of these is small; where it does not fit the memory, documents are gone
//! through in parts, those of a part put in and all that come later looked up.
//!
//! * time: as in memory; two sorts of the prefixes; another pass of what is left
//!   of them for each part of the index; texts of candidates made ready again
//! * space: 12 bytes a document and shares of the memory; on disk 8 bytes a
//!   shingle and twice 16 for each in a prefix (containment: for each that may
//!   be in some prefix)

use crate::bits::Bits;
use crate::cluster::Member;
use crate::cluster::Overlap;
use crate::external::Sorted;
use crate::external::Sorting;
use crate::join::Bounds;
use crate::join::Index;
use crate::join::IndexFull;
use crate::join::Rarity;
use crate::join::Scratch;
use crate::join::Wanted;
use crate::lsh::pack;
use crate::lsh::unpack;
use crate::options::dedup::Measure;
use crate::run::Watch;
use crate::run::documents::DocumentsError;
use crate::run::documents::found::Edge;
use crate::run::documents::found::Found;
use crate::run::documents::joined::BLOCK;
use crate::run::documents::joined::Mode;
use crate::run::documents::joined::edge;
use crate::run::documents::joined::step;
use crate::run::documents::recipe::Checks;
use crate::run::documents::recipe::Workspace;
use crate::run::documents::shelf::Cache;
use crate::run::documents::source::Source;
use crate::run::room::Room;
use crate::spill::ScratchFile;
use crate::spill::SpillError;
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of sets written together.
const WRITE: usize = 512 << 10;

/// Bytes of sets read together, unless one is larger.
const READ: usize = 2 << 20;

/// Bytes of a shingle, the place of its document in the sequence, and its own
/// in the prefix.
const WIDTH: usize = 16;

/// Place of a shingle that is not in the prefix.
const BEHIND: u32 = u32::MAX;

/// The part of the free memory in which prefixes are sorted; there are two
/// sorts at a time.
const SORT_SHARE: u64 = 8;

/// The part that the index may have before it grows once more.
const INDEX_SHARE: u64 = 8;

/// Sets in a file.
#[derive(Debug)]
pub(super) struct Spread {
    bounds: Bounds,
    room: Room,
    file: ScratchFile,
    /// The last ones, not written yet.
    tail: Vec<u8>,
    /// Members of each set in the file.
    sizes: Vec<u32>,
    /// Documents that are in no pair.
    gone: Bits,
}

impl Spread {
    pub(super) fn new(bounds: Bounds, room: &Room) -> Result<Spread, SpillError> {
        let (file, room) = (room.scratch.file()?, room.clone());
        let (tail, sizes, gone) = (Vec::new(), Vec::new(), Bits::default());
        Ok(Spread { bounds, room, file, tail, sizes, gone })
    }

    /// Adds the set of the next document.
    pub(super) fn add(&mut self, set: &[u64]) -> Result<(), SpillError> {
        self.sizes.push(set.len() as u32);
        set.iter().for_each(|member| self.tail.extend_from_slice(&member.to_le_bytes()));
        if self.tail.len() >= WRITE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), SpillError> {
        self.file.append(&self.tail)?;
        self.tail.clear();
        Ok(())
    }

    /// Ends the adding.
    pub(super) fn close(&mut self, gone: &Bits) -> Result<(), SpillError> {
        self.gone = gone.clone();
        self.write()
    }

    pub(super) fn documents(&self) -> u32 {
        self.sizes.len() as u32
    }

    /// Members of a document's set; none of one that is in no pair.
    pub(super) fn size(&self, document: u32) -> u32 {
        if self.gone.has(document) { 0 } else { self.sizes[document as usize] }
    }

    /// Passes sets to `see`, those of some documents in a row at a time: their
    /// numbers, and their members one after the other.
    fn each(
        &self,
        mut see: impl FnMut(Range<u32>, &[u64]) -> Result<(), SpillError>,
    ) -> Result<(), SpillError> {
        let width = size_of::<u64>();
        let (mut bytes, mut members) = (Vec::new(), Vec::new());
        let (mut start, mut place) = (0, 0);
        while start < self.sizes.len() {
            let (mut end, mut count) = (start, 0);
            while end < self.sizes.len()
                && (end == start || (count + self.sizes[end] as usize) * width <= READ)
            {
                count += self.sizes[end] as usize;
                end += 1;
            }
            bytes.resize(count * width, 0);
            self.file.read(place, &mut bytes)?;
            members.clear();
            members.extend(bytes.as_chunks().0.iter().map(|&chunk| u64::from_le_bytes(chunk)));
            see(start as u32..end as u32, &members)?;
            place += bytes.len() as u64;
            start = end;
        }
        Ok(())
    }

    /// The sets of some documents, as [`each`](Spread::each) passes them.
    fn sets<'m>(&self, documents: Range<u32>, mut members: &'m [u64]) -> Vec<(u32, &'m [u64])> {
        let mut sets = Vec::with_capacity(documents.len());
        for document in documents {
            let (set, rest) = members.split_at(self.sizes[document as usize] as usize);
            members = rest;
            if self.size(document) > 0 {
                sets.push((document, set));
            }
        }
        sets
    }

    fn rarity(&self) -> Result<Rarity, SpillError> {
        let size = |d: u32| self.size(d) as usize;
        let mut rarity = Rarity::new((0..self.documents()).map(size).sum());
        let all = (0..self.documents()).filter(|&d| self.size(d) > 0).count();
        let (step, mut seen) = (step(all), 0usize);
        self.each(|documents, members| {
            for (_, set) in self.sets(documents, members) {
                if seen.is_multiple_of(step) {
                    rarity.count(set);
                }
                seen += 1;
            }
            Ok(())
        })?;
        Ok(rarity)
    }

    /// Shingles that may stand in some prefix, for containment: of larger sets,
    /// only these are put in.
    fn wanted(&self, rarity: &Rarity) -> Result<Wanted, SpillError> {
        let prefix = |&size: &u32| u64::from(self.bounds.prefix(size));
        let members = self.sizes.iter().map(prefix).sum::<u64>();
        let mut wanted = Wanted::new(members.min(self.room.budget.share(16) as u64));
        self.each(|documents, members| {
            let prefixes: Vec<Vec<u64>> = self
                .sets(documents, members)
                .into_par_iter()
                .map(|(document, set)| self.prefix(rarity, document, set))
                .collect();
            prefixes.iter().for_each(|prefix| wanted.add(prefix));
            Ok(())
        })?;
        Ok(wanted)
    }

    fn prefix(&self, rarity: &Rarity, document: u32, set: &[u64]) -> Vec<u64> {
        let mut prefix = Vec::new();
        rarity.rarest(set, self.bounds.prefix(self.size(document)), &mut prefix);
        prefix
    }

    /// The shingles by which documents meet others, by the places of the
    /// documents in `sequence`, and within a document by their own.
    fn shared(&self, sequence: &[u32]) -> Result<Sorted, SpillError> {
        let rarity = self.rarity()?;
        let wanted = match self.bounds.measure {
            Measure::Jaccard => None,
            Measure::Containment => Some(self.wanted(&rarity)?),
        };
        let mut places = vec![BEHIND; self.sizes.len()];
        (0..).zip(sequence).for_each(|(place, &d)| places[d as usize] = place);
        let share = self.room.budget.share_of_free(SORT_SHARE, 1 << 10);
        let mut by_shingle = Sorting::new(&self.room.scratch, WIDTH, share);
        self.each(|documents, members| {
            let all: Vec<(u32, Vec<(u64, u32)>)> = self
                .sets(documents, members)
                .into_par_iter()
                .map(|(document, set)| {
                    let prefix = self.prefix(&rarity, document, set);
                    (document, entries(set, &prefix, wanted.as_ref()))
                })
                .collect();
            for (document, entries) in all {
                let place = places[document as usize];
                for (shingle, own) in entries {
                    by_shingle.push(&record(shingle, pack(place, own)))?;
                }
            }
            Ok(())
        })?;
        drop((rarity, wanted, places));
        let mut by_document = Sorting::new(&self.room.scratch, WIDTH, share);
        let mut sorted = by_shingle.finish()?;
        // The first of a shingle waits for a second.
        let mut first = None;
        let mut last = None;
        while let Some((shingle, key)) = sorted.head().map(fields) {
            if last == Some(shingle) {
                if let Some(first) = first.take() {
                    by_document.push(&record(first, shingle))?;
                }
                by_document.push(&record(key, shingle))?;
            } else {
                first = Some(key);
                last = Some(shingle);
            }
            sorted.step()?;
        }
        by_document.finish()
    }

    /// Joins the documents in this order; with [`Mode::Against`] those of the
    /// reference set come first.
    pub(super) fn join<S: Source>(
        &self,
        cache: &Cache<'_, '_, S>,
        sequence: &[u32],
        mode: Mode,
        watch: &dyn Watch,
    ) -> Result<Found, DocumentsError<S::Error>> {
        watch.begin("joining", 0);
        // Documents below are put in and not looked up, all others looked up
        // and not put in.
        let border = if mode == Mode::Against { cache.job.reference } else { 0 };
        let mut rows = self.shared(sequence)?;
        let mut found = Found::new(cache.job);
        let mut benches: Vec<Bench> = Vec::new();
        benches.resize_with(rayon::current_num_threads(), Bench::default);
        loop {
            let mut part = Part::new(self, cache, mode);
            // Those that this part has no room for.
            let mut later: Option<Sorting> = None;
            loop {
                let block = block(&mut rows, sequence, border)?;
                let Some(first) = block.first() else { break };
                let (asked, put_in) =
                    (first.document >= border, first.document < border || border == 0);
                let mut all = Vec::new();
                if asked {
                    all = part.meet_all(&block, &mut benches)?;
                }
                all.resize_with(block.len(), Met::default);
                let before = part.index.len();
                for (one, mut met) in block.iter().zip(all) {
                    if asked && put_in && later.is_none() && !part.is_settled(&met) {
                        part.meet(one, before, &mut benches[0], &mut met)?;
                    }
                    found.checks.add(met.checks);
                    let goes = part.take(one, &met, &mut found)?;
                    match &mut later {
                        Some(later) if !goes => one.put(later)?,
                        None if !goes && put_in => part.insert(one)?,
                        _ => {}
                    }
                }
                if later.is_none() && put_in && part.is_full() {
                    let share = self.room.budget.share_of_free(SORT_SHARE, 1 << 10);
                    later = Some(Sorting::new(&self.room.scratch, WIDTH, share));
                }
            }
            match later {
                Some(later) => rows = later.finish()?,
                None => return Ok(found),
            }
        }
    }
}

/// The shingles by which a set is looked up or put in, and their places in the
/// prefix.
fn entries(set: &[u64], prefix: &[u64], wanted: Option<&Wanted>) -> Vec<(u64, u32)> {
    let mut entries: Vec<(u64, u32)> = prefix.iter().copied().zip(0..).collect();
    if let Some(wanted) = wanted {
        let mut sorted = prefix.to_vec();
        sorted.sort_unstable();
        let behind = set.iter().filter(|s| wanted.has(**s) && sorted.binary_search(s).is_err());
        entries.extend(behind.map(|&shingle| (shingle, BEHIND)));
    }
    entries
}

/// A record that is sorted by its parts, the first one first.
fn record(first: u64, second: u64) -> [u8; WIDTH] {
    let mut record = [0; WIDTH];
    record[..8].copy_from_slice(&first.to_be_bytes());
    record[8..].copy_from_slice(&second.to_be_bytes());
    record
}

fn fields(record: &[u8]) -> (u64, u64) {
    let part = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |&chunk| u64::from_be_bytes(chunk));
    (part(record.first_chunk()), part(record.last_chunk()))
}

/// A document that shares some shingle with others.
struct One {
    document: u32,
    /// Its place in the sequence.
    place: u32,
    /// Places and shingles.
    entries: Vec<(u32, u64)>,
}

impl One {
    fn put(&self, later: &mut Sorting) -> Result<(), SpillError> {
        let mut entries = self.entries.iter();
        entries.try_for_each(|&(own, shingle)| later.push(&record(pack(self.place, own), shingle)))
    }
}

/// The next documents, all of them below the border or none.
fn block(rows: &mut Sorted, sequence: &[u32], border: u32) -> Result<Vec<One>, SpillError> {
    let mut block: Vec<One> = Vec::new();
    while let Some((key, shingle)) = rows.head().map(fields) {
        let (place, own) = unpack(key);
        if block.last().is_none_or(|one| one.place != place) {
            let document = sequence[place as usize];
            let parts = block.first().is_some_and(|f| (f.document < border) != (document < border));
            if block.len() == BLOCK || parts {
                break;
            }
            block.push(One { document, place, entries: Vec::new() });
        }
        if let Some(one) = block.last_mut() {
            one.entries.push((own, shingle));
        }
        rows.step()?;
    }
    Ok(block)
}

/// What a document met.
#[derive(Default)]
struct Met {
    /// Numbers in the index, ascending, and what is shared, the document first.
    alike: Vec<(u32, Overlap)>,
    checks: Checks,
}

/// Working memory of a thread.
#[derive(Default)]
struct Bench {
    scratch: Scratch,
    found: Vec<u32>,
    workspace: Workspace,
}

/// A part of the documents, put in, that all later ones are looked up in.
struct Part<'a, 'b, 'j, S> {
    spread: &'a Spread,
    cache: &'a Cache<'b, 'j, S>,
    mode: Mode,
    index: Index,
    inserted: Vec<u32>,
}

impl<'a, 'b, 'j, S: Source> Part<'a, 'b, 'j, S> {
    fn new(spread: &'a Spread, cache: &'a Cache<'b, 'j, S>, mode: Mode) -> Part<'a, 'b, 'j, S> {
        let index = Index::new(spread.bounds);
        Part { spread, cache, mode, index, inserted: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.index.bytes() >= self.spread.room.budget.share_of_free(INDEX_SHARE, 1 << 10)
    }

    /// Whether a document need not meet anyone else.
    fn is_settled(&self, met: &Met) -> bool {
        self.mode == Mode::Leaders && !met.alike.is_empty()
    }

    fn is_contained(&self) -> bool {
        self.spread.bounds.measure == Measure::Containment
    }

    fn insert(&mut self, one: &One) -> Result<(), DocumentsError<S::Error>> {
        let size = self.spread.size(one.document);
        let last = match (self.is_contained(), self.mode) {
            // They come by size, so that no smaller one is looked up later.
            (false, Mode::Pairs) => self.spread.bounds.ascending_prefix(size),
            _ => BEHIND,
        };
        let contained = self.is_contained();
        let entries = one.entries.iter().filter(|&&(own, _)| contained || own < last);
        // Containment asks for no places.
        let entries = entries.map(|&(own, s)| (if contained { 0 } else { own }, s));
        let inserted = self.index.insert(entries, size);
        inserted.map_err(|IndexFull| DocumentsError::TooManyShingles)?;
        self.inserted.push(one.document);
        Ok(())
    }

    /// Compares a document with those of the index numbered `from` and up.
    fn meet(
        &self,
        one: &One,
        from: u32,
        bench: &mut Bench,
        met: &mut Met,
    ) -> Result<(), DocumentsError<S::Error>> {
        let Bench { scratch, found, workspace } = bench;
        let size = self.spread.size(one.document);
        let prefix = one.entries.iter().copied().filter(|&(own, _)| own != BEHIND);
        self.index.look_up(prefix, size, from, scratch, found);
        let mut own = None;
        for &number in &*found {
            let other = self.inserted[number as usize];
            // Contained in what is smaller it cannot be.
            if self.is_contained() && self.spread.size(other) < size {
                continue;
            }
            let own = match &own {
                Some(own) => own,
                None => own.insert(self.cache.get(one.document, workspace)?),
            };
            let other = self.cache.get(other, workspace)?;
            if let Some(overlap) = met.checks.count(own.judge(&other, self.spread.bounds)) {
                met.alike.push((number, overlap));
                if self.mode == Mode::Leaders {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Compares each document of a block with those of the index.
    fn meet_all(
        &self,
        block: &[One],
        benches: &mut [Bench],
    ) -> Result<Vec<Met>, DocumentsError<S::Error>> {
        let share = block.len().div_ceil(benches.len());
        let all: Vec<Result<Vec<Met>, DocumentsError<S::Error>>> = benches
            .par_iter_mut()
            .zip(block.par_chunks(share))
            .map(|(bench, documents)| {
                let meet = |one: &One| {
                    let mut met = Met::default();
                    self.meet(one, 0, bench, &mut met)?;
                    Ok(met)
                };
                documents.iter().map(meet).collect()
            })
            .collect();
        let all: Result<Vec<Vec<Met>>, DocumentsError<S::Error>> = all.into_iter().collect();
        Ok(all?.into_iter().flatten().collect())
    }

    /// Notes whom a document is alike; true if that is its leader.
    fn take(&self, one: &One, met: &Met, found: &mut Found) -> Result<bool, SpillError> {
        let other = |number: u32| self.inserted[number as usize];
        if self.mode != Mode::Leaders {
            let edges = met.alike.iter().map(|&(n, o)| edge(one.document, other(n), o));
            found.edges.add(&edges.collect::<Vec<Edge>>())?;
            return Ok(false);
        }
        let Some(&(leader, overlap)) = met.alike.first() else { return Ok(false) };
        let member = Member { document: one.document, overlap };
        found.families.join(other(leader), member)?;
        Ok(true)
    }
}
