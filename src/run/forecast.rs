//! Sizes of the inputs and a sample of them -> what a search for passages will
//! hold and spill, before it starts.
//!
//! * time: a few mebibytes of each of a few files are read
//!
//! The estimate is rough: the first records of a file stand for all of them.
//! What comes through a pipe cannot be looked at before and is not counted;
//! what is found cannot be known, and is counted as it is found.

use crate::input::Entry;
use crate::input::InputError;
use crate::input::Kind;
use crate::input::bytes::Bytes;
use crate::input::jsonl::Blocks;
use crate::input::keys::Keys;
use crate::input::record::parse;
use crate::run::RunError;
use crate::run::dedup::estimate::Estimate;
use crate::run::dedup::estimate::compressed;
use crate::run::room::Room;
use crate::run::room::RoomError;
use crate::storage::Storage;
use crate::text::Hashes;
use crate::text::tokenize;

/// Files that are looked at.
const FILES: usize = 4;

/// Bytes of a text that are looked at.
const PART: usize = 1 << 20;

/// Bytes of a token that is a word, with its part of a fingerprint; and of one
/// where not all are words.
const WORD: f64 = 7.2;
const MIXED: f64 = 11.2;

/// Bytes of links beside those of tokens on the disk.
const LINKS: f64 = 0.5;

/// What is known of inputs.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    records: f64,
    /// Bytes of texts.
    texts: f64,
    /// Bytes of their tokens and fingerprints.
    tokens: f64,
    /// Bytes read for them where they are.
    taken: f64,
}

/// What can be done with texts that do not fit the memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// Whether they can go to the disk.
    pub(crate) spills: bool,
    /// Part of the memory that may be held while they are read.
    pub(crate) held: f64,
    /// Bytes that a document takes, wherever its text is.
    pub(crate) document: u64,
}

/// Adds up what is known before the start, and refuses what cannot come to an
/// end.
///
/// # Errors
///
/// [`RoomError`]; a file named on the command line that cannot be read.
pub(crate) fn estimate(
    storage: &dyn Storage,
    entries: &[Entry],
    keys: &Keys,
    demand: Demand,
    room: &Room,
) -> Result<Estimate, RunError> {
    let size = size(storage, entries, keys)?;
    let total = room.budget.total();
    let documents = size.records as u64 * demand.document;
    let whole = ((size.texts + size.tokens) / demand.held) as u64 + documents;
    let spilled = if whole > total && demand.spills {
        (size.texts + size.tokens * (1.0 + LINKS)) as u64
    } else {
        0
    };
    let estimate = Estimate {
        records: size.records as u64,
        memory: total,
        least_memory: if demand.spills { documents } else { whole.max(documents) },
        whole_memory: whole,
        spilled,
        folder: room.scratch.folder().to_path_buf(),
        available: room.scratch.available().unwrap_or_default(),
        so_far: false,
    };
    if estimate.least_memory > total {
        return Err(RoomError::Memory(Box::new(estimate)).into());
    }
    if estimate.available.is_some_and(|available| estimate.spilled > available) {
        return Err(RoomError::Disk(Box::new(estimate)).into());
    }
    Ok(estimate)
}

/// Adds up all entries by those that are looked at.
fn size(storage: &dyn Storage, entries: &[Entry], keys: &Keys) -> Result<Size, InputError> {
    let known = |entry: &Entry| entry.size.filter(|_| !entry.is_stdin());
    let all: Vec<(&Entry, u64)> =
        entries.iter().filter_map(|entry| Some((entry, known(entry)?))).collect();
    let mut looked = Size::default();
    for (entry, size) in all.iter().step_by(all.len().div_ceil(FILES).max(1)) {
        match look(storage, entry, keys) {
            Ok(sample) => {
                looked.records += sample.records;
                looked.texts += sample.texts;
                looked.tokens += sample.tokens;
                looked.taken += sample.taken.min(*size as f64);
            }
            // The reading will say so, and go on.
            Err(_) if !entry.named => {}
            Err(e) if e.is_binary() => {}
            Err(e) => return Err(e),
        }
    }
    let rest: u64 = all.iter().map(|entry| entry.1).sum();
    let times = if looked.taken > 0.0 { rest as f64 / looked.taken } else { 0.0 };
    Ok(Size {
        records: looked.records * times,
        texts: looked.texts * times,
        tokens: looked.tokens * times,
        taken: looked.taken * times,
    })
}

/// What the first block of a file holds.
fn look(storage: &dyn Storage, entry: &Entry, keys: &Keys) -> Result<Size, InputError> {
    let mut bytes = Bytes::open(storage, &entry.path)?;
    let (plain, mut size) = (bytes.is_plain(), Size::default());
    let mut hashes = Hashes::default();
    if entry.kind == Kind::Text {
        let (mut part, mut length) = (vec![0; PART], 0);
        while length < PART {
            match bytes.read(&mut part[length..])? {
                0 => break,
                n => length += n,
            }
        }
        size.taken = if plain { length as f64 } else { bytes.taken() as f64 };
        (size.records, size.texts) = (1.0, length as f64);
        size.tokens = entries(&String::from_utf8_lossy(&part[..length]), &mut hashes);
        return Ok(size);
    }
    let mut blocks = Blocks::new(bytes, 0);
    let Some(block) = blocks.next().transpose()? else { return Ok(size) };
    let bytes = block.bytes.len() as f64;
    size.taken = if plain { bytes } else { compressed(&mut blocks, bytes)? };
    // What is unusable will be refused, or set aside.
    for fields in block.records().filter_map(|line| parse(line.bytes, keys).ok()) {
        size.records += 1.0;
        size.texts += fields.text.len() as f64;
        size.tokens += entries(&fields.text, &mut hashes);
    }
    Ok(size)
}

/// Bytes of the tokens and fingerprints of a text.
fn entries(text: &str, hashes: &mut Hashes) -> f64 {
    hashes.clear();
    tokenize(text, hashes);
    hashes.hashes.len() as f64 * if hashes.weights.is_empty() { WORD } else { MIXED }
}
