//! Sizes of the inputs and a sample of them -> what a run will hold and spill,
//! before it starts.
//!
//! * time: a mebibyte of each of a few files is read, and its texts cut into
//!   tokens; of compressed ones some more, for how much comes of them
//!
//! The estimate is rough: the first records of a file stand for all of them,
//! and copies are not known yet, so that it is more likely too high than too
//! low. What comes through a pipe cannot be looked at before and is not
//! counted; so it is looked at again while it comes (`Outlook::check`), and
//! the run ends as soon as what is known cannot be done.

use std::fmt;
use std::path::PathBuf;

use crate::input::Entry;
use crate::input::InputError;
use crate::input::Kind;
use crate::input::bytes::Bytes;
use crate::input::jsonl::Blocks;
use crate::input::keys::Keys;
use crate::input::record::parse;
use crate::run::RunError;
use crate::run::dedup::SPOOL_SHARE;
use crate::run::dedup::rows;
use crate::run::documents::Engine;
use crate::run::documents::Needs;
use crate::run::documents::Workspace;
use crate::run::room::Room;
use crate::run::room::RoomError;
use crate::storage::Shown;
use crate::storage::Storage;

/// Files of records that are looked at.
const FILES: usize = 4;

/// Bytes of an input, by number of records and their texts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    /// Bytes, decompressed.
    bytes: f64,
    /// Of those, bytes that cannot be read again where they are.
    spooled: f64,
    needs: Needs,
}

/// Bytes that are read until the estimate is looked at again.
const AGAIN: u64 = 16 << 20;

/// Blocks of a compressed file by which its ratio is told, behind the first:
/// what is read ahead of that is not of it.
const BEHIND: usize = 12;

/// What a run will hold and spill, as far as can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Whether it is for what was read so far, not for all.
    pub so_far: bool,
    /// Records.
    pub records: u64,
    /// Bytes that may be held.
    pub memory: u64,
    /// The least budget that would do.
    pub least_memory: u64,
    /// The least budget with which nothing would be spilled.
    pub whole_memory: u64,
    /// Bytes of temporary files.
    pub spilled: u64,
    /// The folder that they are in.
    pub folder: PathBuf,
    /// Bytes that there is room for in it, where the system tells.
    pub available: Option<u64>,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Estimate { records, memory, least_memory, spilled, .. } = self;
        write!(
            f,
            "about {records} records; {} of memory to stay within, of which {} are needed at \
             least; about {} of temporary files",
            Megabytes(*memory),
            Megabytes(*least_memory),
            Megabytes(*spilled)
        )?;
        if let Some(available) = self.available {
            write!(f, " in {}, which has {} free", Shown(&self.folder), Megabytes(available))?;
        }
        Ok(())
    }
}

/// Bytes in words, rounded up.
pub(crate) struct Megabytes(pub(crate) u64);

impl fmt::Display for Megabytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MB", self.0.div_ceil(1_000_000))
    }
}

/// Adds up what is known before the start, and refuses what cannot come to an
/// end.
///
/// # Errors
///
/// [`RoomError::Memory`], [`RoomError::Disk`]; a file named on the
/// command line that cannot be read.
pub(super) fn estimate(
    storage: &dyn Storage,
    entries: &[&Entry],
    keys: &Keys,
    engine: &Engine,
    room: &Room,
) -> Result<Estimate, RunError> {
    let size = size(storage, entries, keys, engine)?;
    let estimate = outlook(&size.needs, size.spooled, engine, room);
    if estimate.least_memory > estimate.memory {
        return Err(RoomError::Memory(Box::new(estimate)).into());
    }
    if estimate.available.is_some_and(|available| estimate.spilled > available) {
        return Err(RoomError::Disk(Box::new(estimate)).into());
    }
    Ok(estimate)
}

fn outlook(needs: &Needs, spooled: f64, engine: &Engine, room: &Room) -> Estimate {
    let spilled = |total: u64| -> u64 {
        let share = (total / SPOOL_SHARE) as f64;
        let spooled = if spooled > share { spooled } else { 0.0 };
        let records = rows::spilled(needs.records as u64, total);
        engine.spilled(needs, total) + records + spooled as u64
    };
    let total = room.budget.total();
    // Where nothing is spilled any more: a power of two, and the half below it.
    let whole_memory = (0..u64::BITS).map(|n| 1 << n).find(|&total| spilled(total) == 0);
    Estimate {
        so_far: false,
        records: needs.records as u64,
        memory: total,
        least_memory: engine.least(needs),
        whole_memory: whole_memory.unwrap_or(u64::MAX),
        spilled: spilled(total),
        folder: room.scratch.folder().to_path_buf(),
        available: room.scratch.available().unwrap_or_default(),
    }
}

/// The estimate while the input comes.
#[derive(Debug, Default)]
pub(super) struct Outlook {
    /// Bytes read after which it is looked at.
    next: u64,
}

impl Outlook {
    /// Refuses what cannot come to an end, given how many bytes were read and
    /// how many of them were kept as they cannot be read again; `ends` says
    /// that all were read.
    ///
    /// # Errors
    ///
    /// [`RoomError::Disk`], with what is known so far. Memory is refused
    /// by those who take it.
    pub(super) fn check(
        &mut self,
        (read, spooled): (u64, u64),
        ends: bool,
        engine: &Engine,
        room: &Room,
    ) -> Result<(), RunError> {
        if !room.budget.is_limited() || (read < self.next && !ends) {
            return Ok(());
        }
        self.next = read + AGAIN;
        let mut estimate = outlook(&engine.needs(), spooled as f64, engine, room);
        estimate.so_far = true;
        // What was written already was free before.
        let written = room.scratch.written();
        estimate.available = estimate.available.map(|free| free.saturating_add(written));
        match estimate.available {
            Some(available) if estimate.spilled > available => {
                Err(RoomError::Disk(Box::new(estimate)).into())
            }
            _ => Ok(()),
        }
    }
}

/// Adds up all entries by those that are looked at.
fn size(
    storage: &dyn Storage,
    entries: &[&Entry],
    keys: &Keys,
    engine: &Engine,
) -> Result<Size, RunError> {
    let mut all = Size::default();
    let known = |entry: &Entry| entry.size.filter(|_| !entry.is_stdin());
    let texts = entries.iter().filter(|entry| entry.kind == Kind::Text);
    for size in texts.filter_map(|entry| known(entry)) {
        all.bytes += size as f64;
        all.needs.add(1.0, &engine.needs_of_bytes(size));
    }
    let records: Vec<(&Entry, u64)> = entries
        .iter()
        .filter(|entry| entry.kind == Kind::Jsonl)
        .filter_map(|entry| Some((*entry, known(entry)?)))
        .collect();
    let (mut looked, mut taken) = (Size::default(), 0.0);
    for (entry, size) in records.iter().step_by(records.len().div_ceil(FILES).max(1)) {
        match look(storage, entry, keys, engine) {
            Ok((sample, read)) => {
                taken += read.min(*size as f64);
                looked.bytes += sample.bytes;
                looked.spooled += sample.spooled;
                looked.needs.add(1.0, &sample.needs);
            }
            // The reading will say so, and go on.
            Err(_) if !entry.named => {}
            Err(e) => return Err(e.into()),
        }
    }
    if taken > 0.0 {
        let rest: u64 = records.iter().map(|r| r.1).sum();
        let times = rest as f64 / taken;
        all.bytes += looked.bytes * times;
        all.spooled += looked.spooled * times;
        all.needs.add(times, &looked.needs);
    }
    Ok(all)
}

/// The first block of a file, and how many bytes of the file it is.
fn look(
    storage: &dyn Storage,
    entry: &Entry,
    keys: &Keys,
    engine: &Engine,
) -> Result<(Size, f64), InputError> {
    let bytes = Bytes::open(storage, &entry.path)?;
    let (plain, mut size) = (bytes.is_plain(), Size::default());
    let mut blocks = Blocks::new(bytes, 0);
    let Some(block) = blocks.next().transpose()? else { return Ok((size, 0.0)) };
    size.bytes = block.bytes.len() as f64;
    size.spooled = if plain { 0.0 } else { size.bytes };
    let mut bench = Workspace::default();
    for line in block.records() {
        // What is unusable will be refused, or set aside.
        if let Ok(fields) = parse(line.bytes, keys) {
            size.needs.add(1.0, &engine.needs_of(&fields.text, &mut bench));
        }
    }
    let taken = if plain { size.bytes } else { compressed(&mut blocks, size.bytes)? };
    Ok((size, taken))
}

/// Bytes of a compressed file for so many that came of it.
pub(crate) fn compressed(blocks: &mut Blocks, bytes: f64) -> Result<f64, InputError> {
    let (first, mut behind) = (blocks.source().taken() as f64, 0.0);
    for _ in 0..BEHIND {
        match blocks.next().transpose()? {
            Some(block) => behind += block.bytes.len() as f64,
            None => {
                let all = blocks.source().taken() as f64;
                return Ok(all * bytes / (bytes + behind));
            }
        }
    }
    let last = blocks.source().taken() as f64;
    // Very much may come of what was read ahead.
    let each = if last > first { (last - first) / behind } else { last / (bytes + behind) };
    Ok(each * bytes)
}
