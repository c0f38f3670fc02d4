//! Files -> records in the archive, texts in the engine.
//!
//! A block of lines is parsed and its texts are made ready on one thread, in
//! the cache where the reading left them; taking in what was made is little
//! work and goes in the order of the input.

use crate::input::Entry;
use crate::input::InputError;
use crate::input::jsonl::Block;
use crate::input::jsonl::Line;
use crate::input::keys::Keys;
use crate::input::record::Reject;
use crate::input::record::parse_in;
use crate::run::Notice;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::dedup::DedupRunError;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::estimate::Outlook;
use crate::run::dedup::resume::Log;
use crate::run::dedup::rows::Row;
use crate::run::dedup::sinks::Sink;
use crate::run::documents::Engine;
use crate::run::documents::InsertError;
use crate::run::documents::Prepared;
use crate::run::documents::Preparer;
use crate::run::documents::Workspace;
use crate::run::room::Room;
use crate::run::stream::Chunk;
use crate::run::stream::Reader;
use crate::spill::Scratch;
use crate::storage::Storage;

/// What is looked for in records.
pub(super) struct Wanted<'a> {
    /// Text, id, the field of the policy, the member of annotations.
    pub(super) keys: &'a Keys,
    /// Whether a field decides which record stays; it is the first further
    /// one.
    pub(super) field: bool,
    /// The member that no record may have yet; it is the last further one.
    pub(super) member: Option<&'a str>,
    /// Whether unusable records are set aside.
    pub(super) rejects: bool,
}

/// Records taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Lines that are not blank, and text files.
    pub(super) read: u64,
    /// Of those, set aside.
    pub(super) rejected: u64,
    /// Files without text passed over.
    pub(super) skipped: u64,
    /// Files of folders that could not be read.
    pub(super) lost: u64,
    /// Bytes of lines with their ends and of texts.
    pub(super) bytes: u64,
    /// Usable records without the policy's field.
    pub(super) without_field: u64,
}

/// What fills up while reading.
pub(super) struct Reading<'a> {
    pub(super) archive: Archive<'a>,
    pub(super) engine: Engine,
    /// What is kept for a run that goes on, if one may.
    pub(super) log: Option<Log>,
    /// Where temporary files are made.
    pub(super) scratch: Scratch,
}

/// A usable record.
struct Taken {
    row: Row,
    prepared: Prepared,
    /// JSON of the policy's field.
    field: Option<Box<str>>,
}

/// A line that cannot be taken in.
enum Refused {
    Unusable {
        line: u64,
        raw: Vec<u8>,
        reject: Reject,
    },
    /// It has the member that is to be added.
    Annotated {
        line: u64,
    },
}

/// What is made of a piece of the input.
enum Made {
    Text(Prepared),
    Lines(Vec<Result<Taken, Refused>>),
}

/// A part of the input and what is to be done with it.
pub(super) struct Part<'a, 'o> {
    pub(super) storage: &'a dyn Storage,
    pub(super) entries: &'a [Entry],
    /// Number of the first entry in the archive.
    pub(super) first: u32,
    pub(super) wanted: &'o Wanted<'o>,
    /// Most bytes of a line.
    pub(super) line_limit: usize,
    pub(super) room: &'o Room,
    pub(super) watch: &'o dyn Watch,
}

impl Part<'_, '_> {
    /// Reads all entries in order.
    pub(super) fn read(
        &self,
        reading: &mut Reading<'_>,
        rejects: &mut Sink,
    ) -> Result<Counts, RunError> {
        let mut counts = Counts::default();
        let reader = Reader::new(self.storage, self.entries, self.line_limit, self.watch);
        let mut reader = reader.within(&self.room.budget);
        let mut outlook = Outlook::default();
        let view = |reading: &Reading<'_>| reading.engine.preparer();
        let work = |preparer: &Preparer, bench: &mut Workspace, chunk: &Chunk| match chunk {
            Chunk::Text { text, .. } => Made::Text(preparer.prepare(&text.text, bench)),
            Chunk::Lines(block, _) => Made::Lines(self.records(preparer, block, bench)),
        };
        reader.for_each(reading, view, work, |reading, chunk, made| {
            counts.bytes += chunk.len() as u64;
            let kept = (counts.bytes, reading.archive.spooled());
            outlook.check(kept, false, &reading.engine, self.room)?;
            match (chunk, made) {
                (Chunk::Text { entry, text, origin }, Made::Text(prepared)) => {
                    counts.read += 1;
                    let row = Row::new(self.first + entry, 0, 0, text.text.as_bytes());
                    let place = reading.archive.keep_text(row.entry, &origin, text.text)?;
                    reading.take(Taken { row, prepared, field: None }, place)?;
                    Ok(None)
                }
                (Chunk::Lines(block, origin), Made::Lines(made)) => {
                    counts.read += made.len() as u64;
                    let (archive, entry) = (&mut reading.archive, self.first + block.file);
                    let (distance, room) =
                        archive.keep(entry, &origin, block.offset, block.bytes)?;
                    for one in made {
                        match one {
                            Ok(taken) => {
                                let lacks = self.wanted.field && taken.field.is_none();
                                counts.without_field += u64::from(lacks);
                                reading.take(taken, distance)?;
                            }
                            Err(refused) => {
                                if let Refused::Unusable { raw, .. } = &refused
                                    && let Some(log) = &mut reading.log
                                {
                                    log.reject(raw)?;
                                }
                                self.refuse(block.file, refused, rejects)?;
                                counts.rejected += 1;
                            }
                        }
                    }
                    Ok(room)
                }
                _ => Ok(None),
            }
        })?;
        (counts.skipped, counts.lost) = (reader.skipped, reader.lost);
        let kept = (counts.bytes, reading.archive.spooled());
        outlook.check(kept, true, &reading.engine, self.room)?;
        Ok(counts)
    }

    /// The records of a block.
    fn records(
        &self,
        preparer: &Preparer,
        block: &Block,
        bench: &mut Workspace,
    ) -> Vec<Result<Taken, Refused>> {
        let entry = self.first + block.file;
        let one = |line: Line<'_>| match parse_in(line.bytes, self.wanted.keys, bench.room()) {
            Ok(fields) => {
                let member = self.wanted.member.and(*fields.extra.last().unwrap_or(&None));
                if member.is_some() {
                    return Err(Refused::Annotated { line: line.number });
                }
                let field = fields.extra.first().filter(|_| self.wanted.field).copied();
                let taken = Taken {
                    row: Row::new(entry, line.number, line.offset, line.bytes),
                    prepared: preparer.prepare(&fields.text, bench),
                    field: field.flatten().map(Box::from),
                };
                bench.keep_room(fields.text);
                Ok(taken)
            }
            Err(reject) => {
                Err(Refused::Unusable { line: line.number, raw: line.bytes.to_vec(), reject })
            }
        };
        block.records().map(one).collect()
    }

    /// Sets a line aside, or ends the run.
    fn refuse(&self, entry: u32, refused: Refused, out: &mut Sink) -> Result<(), RunError> {
        let path = self.entries[entry as usize].path.clone();
        match refused {
            Refused::Annotated { line } => {
                let member = self.wanted.member.unwrap_or_default().to_owned();
                Err(DedupRunError::Annotated { path, line, member }.into())
            }
            Refused::Unusable { line, raw, reject } => {
                let error = InputError::Record { path, line, reject };
                if !self.wanted.rejects {
                    return Err(error.into());
                }
                out.put(&raw)?;
                out.put(b"\n")?;
                self.watch.note(&Notice::Rejected(error));
                Ok(())
            }
        }
    }
}

impl Reading<'_> {
    /// Takes a record in that is read again `distance` behind where it stood.
    fn take(&mut self, taken: Taken, distance: u64) -> Result<(), RunError> {
        let Taken { mut row, prepared, field } = taken;
        row.offset = row.offset.wrapping_add(distance);
        if let Some(log) = &mut self.log {
            log.record(&row, &prepared, field.as_deref())?;
        }
        self.archive.rows.push(row)?;
        inserted(self.engine.insert(prepared, field.as_deref()))
    }
}

/// What a run says of a record that cannot be taken in.
pub(super) fn inserted(result: Result<(), InsertError>) -> Result<(), RunError> {
    result.map_err(|e| match e {
        InsertError::Spill(e) => e.into(),
        e => DedupRunError::Insert(e).into(),
    })
}
