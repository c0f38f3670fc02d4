//! Entries -> their content in order, worked on in parallel.
//!
//! Files are read one after another; texts and blocks of lines are worked on
//! by all threads ([`in_order`]). Results come back in the order of the input,
//! whatever thread made them.
//!
//! Space: 1 MiB a thread, or one text or line when it is longer; less when
//! there is a budget. Beside what is longer, nothing else is held.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::budget::Budget;
use crate::budget::OVERHEAD;
use crate::input::Entry;
use crate::input::InputError;
use crate::input::Kind;
use crate::input::bytes::Bytes;
use crate::input::jsonl::Block;
use crate::input::jsonl::Blocks;
use crate::input::text;
use crate::run::Notice;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::flow::in_order;
use crate::storage::Stat;
use crate::storage::Storage;
use crate::text::original::Text;

/// Bytes read for each thread and not taken: four blocks, so that threads that
/// are done early find another.
const SHARE: usize = 1 << 20;

/// Most bytes of all, for machines with very many threads.
const LARGEST: usize = 64 << 20;

/// The part of the memory that they may have.
const HELD_SHARE: u64 = 64;

/// Least bytes of all.
const LEAST: usize = 1 << 20;

/// What an empty file counts as: a million should not be held at a time.
const EMPTY: usize = 512;

/// A block whose room is so many times what it holds gives it back at once: a
/// thousand small files would hold a thousand rooms.
const SLACK: usize = 4;

/// The longest text or line that can be compared in a budget: a few times as
/// much is needed to make it ready and to compare it with another like it.
pub(crate) fn longest(budget: &Budget) -> u64 {
    budget.total() / 12 + OVERHEAD / 8
}

/// A piece of the input.
#[derive(Debug)]
pub(crate) enum Chunk {
    /// A whole text file.
    Text {
        /// Number of its entry.
        entry: u32,
        /// What it holds.
        text: Text,
        /// Where it comes from.
        origin: Origin,
    },
    /// Whole lines of records; the block knows its entry.
    Lines(Block, Origin),
}

/// The file behind a piece.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// What it was when it was opened, where the system tells.
    pub(crate) stat: Option<Stat>,
    /// Whether its bytes are those of the piece, not compressed.
    pub(crate) plain: bool,
}

impl Origin {
    fn of(bytes: &Bytes) -> Origin {
        Origin { stat: bytes.stat().cloned(), plain: bytes.is_plain() }
    }
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        match self {
            Chunk::Text { text, .. } => text.text.len(),
            Chunk::Lines(block, _) => block.bytes.len(),
        }
    }
}

/// Reads entries piece by piece.
pub(crate) struct Reader<'a> {
    storage: &'a dyn Storage,
    entries: &'a [Entry],
    next: usize,
    blocks: Option<Blocks>,
    /// Rooms of the blocks of earlier files.
    rooms: Vec<Vec<u8>>,
    /// Bytes of the current file that the progress knows of.
    taken: u64,
    /// Bytes read and not taken, at most.
    most: usize,
    /// Most bytes of a text or line.
    longest: u64,
    watch: &'a dyn Watch,
    /// Most bytes of a line.
    line_limit: usize,
    /// Binary files passed over.
    pub(crate) skipped: u64,
    /// Files of folders that could not be read.
    pub(crate) lost: u64,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        storage: &'a dyn Storage,
        entries: &'a [Entry],
        line_limit: usize,
        watch: &'a dyn Watch,
    ) -> Reader<'a> {
        let known: Option<u64> = entries.iter().map(|e| e.size).sum();
        watch.begin("reading", known.unwrap_or(0));
        Reader {
            storage,
            entries,
            next: 0,
            blocks: None,
            rooms: Vec::new(),
            taken: 0,
            most: (rayon::current_num_threads() * SHARE).min(LARGEST),
            line_limit,
            longest: u64::MAX,
            watch,
            skipped: 0,
            lost: 0,
        }
    }

    /// The same, with less memory.
    pub(crate) fn within(mut self, budget: &Budget) -> Reader<'a> {
        self.most = self.most.min(budget.share(HELD_SHARE)).max(LEAST);
        self.longest = longest(budget);
        self
    }

    /// The same, with texts and lines of so many bytes at most.
    pub(crate) fn up_to(self, longest: u64) -> Reader<'a> {
        Reader { longest, ..self }
    }

    /// The next piece, in the order of the entries.
    fn chunk(&mut self) -> Result<Option<Chunk>, InputError> {
        loop {
            if let Some(blocks) = &mut self.blocks {
                let block = blocks.next().transpose().map_err(|e| match e {
                    InputError::LongLine { path, line, limit, hopeful: true }
                        if limit == self.longest && limit < self.line_limit as u64 =>
                    {
                        InputError::LargeRecord { path, line: Some(line), limit }
                    }
                    e => e,
                })?;
                let taken = blocks.source().taken();
                self.watch.advance(taken - self.taken);
                self.taken = taken;
                match block {
                    Some(mut block) => {
                        if block.bytes.capacity() >= SLACK * block.bytes.len() {
                            let own = block.bytes.as_slice().to_vec();
                            blocks.reuse(std::mem::replace(&mut block.bytes, own));
                        }
                        let origin = Origin::of(blocks.source());
                        return Ok(Some(Chunk::Lines(block, origin)));
                    }
                    None => {
                        let ended = self.blocks.take();
                        self.rooms = ended.map(Blocks::into_rooms).unwrap_or_default();
                    }
                }
            }
            let Some(entry) = self.entries.get(self.next) else { return Ok(None) };
            let number = self.next as u32;
            self.next += 1;
            self.taken = 0;
            match self.open(entry, number) {
                Ok(Some(chunk)) => return Ok(Some(chunk)),
                Ok(None) => {}
                Err(e) if entry.named => return Err(e),
                Err(e) if e.is_binary() => {
                    self.skipped += 1;
                    self.watch.note(&Notice::Skipped(e));
                }
                Err(e) => {
                    self.lost += 1;
                    self.watch.note(&Notice::Lost(e));
                }
            }
        }
    }

    /// Opens an entry; of a text, reads it whole, so that a file that breaks
    /// off can be passed over as if it were not there.
    fn open(&mut self, entry: &Entry, number: u32) -> Result<Option<Chunk>, InputError> {
        let mut bytes = Bytes::open(self.storage, &entry.path)?;
        match entry.kind {
            Kind::Jsonl => {
                let longest = usize::try_from(self.longest).unwrap_or(usize::MAX);
                let limit = self.line_limit.min(longest);
                let mut blocks = Blocks::with_limit(bytes, number, limit);
                self.rooms.drain(..).for_each(|room| blocks.reuse(room));
                self.blocks = Some(blocks);
                Ok(None)
            }
            Kind::Text => {
                let text = text::read(&mut bytes, self.longest).map_err(|e| match e {
                    InputError::LargeText { path, limit } if limit == self.longest => {
                        InputError::LargeRecord { path, line: None, limit }
                    }
                    e => e,
                })?;
                self.watch.advance(bytes.taken());
                if text.is_repaired() {
                    let replaced = text.offsets.replaced();
                    self.watch.note(&Notice::Repaired { path: entry.path.clone(), replaced });
                }
                let origin = Origin::of(&bytes);
                Ok(Some(Chunk::Text { entry: number, text, origin }))
            }
        }
    }

    /// Works on all pieces in parallel and takes the results in order.
    ///
    /// `work` sees what `view` gives at first, and is given memory that a
    /// thread uses again from piece to piece. `take` may return the room of a
    /// piece for a later one; it runs beside `work` on later pieces.
    pub(crate) fn for_each<X, V, S, T>(
        &mut self,
        state: &mut X,
        view: impl Fn(&X) -> V,
        work: impl Fn(&V, &mut S, &Chunk) -> T + Sync,
        mut take: impl FnMut(&mut X, Chunk, T) -> Result<Option<Vec<u8>>, RunError> + Send,
    ) -> Result<(), RunError>
    where
        X: Send,
        V: Sync,
        S: Default,
        T: Send,
    {
        let (seen, most) = (view(state), self.most);
        let rooms = Mutex::new(Vec::new());
        let rooms = || rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let next = || {
            if let Some(blocks) = &mut self.blocks {
                rooms().drain(..).for_each(|room| blocks.reuse(room));
            }
            let chunk = self.chunk()?;
            Ok(chunk.map(|chunk| {
                let bytes = chunk.len().max(EMPTY);
                (chunk, bytes)
            }))
        };
        let work = |scratch: &mut S, chunk: Chunk| {
            let made = work(&seen, scratch, &chunk);
            (chunk, made)
        };
        in_order(most, next, work, |(chunk, made)| {
            rooms().extend(take(state, chunk, made)?);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::InputKind;
    use crate::input::walk::expand;
    use crate::run::Unwatched;
    use crate::storage::Disk;

    #[test]
    fn a_hundred_small_files_do_not_hold_a_hundred_rooms() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..100).map(|n| dir.path().join(format!("{n:03}.jsonl"))).collect();
        for (n, path) in paths.iter().enumerate() {
            std::fs::write(path, format!("{{\"text\":\"{n}\"}}\n").repeat(1 + 500 * n)).unwrap();
        }
        let entries = expand(&Disk, &paths, InputKind::Auto, Kind::Jsonl, &[]).unwrap().0;
        let mut reader = Reader::new(&Disk, &entries, 1 << 20, &Unwatched);
        let (mut held, mut bytes, mut seen) = (0, 0, Vec::new());
        while let Some(chunk) = reader.chunk().unwrap() {
            let Chunk::Lines(block, _) = chunk else { panic!("they are records") };
            held += block.bytes.capacity();
            bytes += block.bytes.len();
            seen.push(block.file);
        }
        seen.dedup();
        assert_eq!(seen, (0..100).collect::<Vec<u32>>());
        assert!(held <= SLACK * bytes, "{held} bytes are held of {bytes}");
    }
}
