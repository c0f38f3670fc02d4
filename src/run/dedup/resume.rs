//! What was read <-> sections of a kept state, so that a run goes on without
//! reading its inputs again.
//!
//! Kept are where each record stands, what stands for its text (a signature;
//! sets are made again from the texts, being larger than these), the field of
//! the policy, what was set aside, and of compressed files their content. All
//! of it is what the reading handed on, before anything was made of it, so that
//! the run may go on with other threads and in another memory.
//!
//! * time: a write of 60 bytes a record and of each signature; when a run goes
//!   on, two reads of them
//! * space: some hundred kilobytes

use rayon::prelude::*;

use crate::checkpoint::Basis;
use crate::checkpoint::Checkpoint;
use crate::checkpoint::CheckpointError;
use crate::checkpoint::Reader;
use crate::checkpoint::Section;
use crate::input::Entry;
use crate::input::Kind;
use crate::options::dedup::Keep;
use crate::options::dedup::Linking;
use crate::options::dedup::Measure;
use crate::options::dedup::Unit;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::dedup::Inputs;
use crate::run::dedup::Read;
use crate::run::dedup::Settings;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::reading::Counts;
use crate::run::dedup::reading::Reading;
use crate::run::dedup::reading::inserted;
use crate::run::dedup::rows::Row;
use crate::run::dedup::rows::WIDTH;
use crate::run::dedup::sinks::Sink;
use crate::run::documents::Engine;
use crate::run::documents::Prepared;
use crate::run::documents::Texts;
use crate::run::documents::Workspace;
use crate::run::documents::state::CLUSTERS;
use crate::run::documents::state::PAIRS;
use crate::run::documents::state::PREPARED;
use crate::spill::Scratch;
use crate::spill::Spill;

/// The stage of what was read.
pub(super) const READ: &str = "read";

/// Records whose sets are made again together.
const BLOCK: u32 = 256;

/// Bytes of set-aside records that are copied together.
const COPIED: u64 = 64 << 10;

impl Settings {
    /// What a run over `inputs` goes by, for the state that it leaves.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Unrepeatable`] for inputs that cannot be read twice.
    pub fn basis(&self, inputs: Inputs<'_>) -> Result<Basis, CheckpointError> {
        let mut basis = Basis::new("dedup");
        let options = self.plan.options();
        basis.option("--threshold", options.threshold);
        let containment = options.measure == Measure::Containment;
        basis.option("--measure", if containment { "containment" } else { "jaccard" });
        basis.option("--ngram", options.ngram);
        basis.option("--unit", if options.unit == Unit::Char { "char" } else { "word" });
        match self.plan.banding() {
            None => basis.option("--exact", "on"),
            Some(banding) => {
                basis.option("--num-perm", options.num_perm);
                basis.option("--seed", options.seed);
                basis.option("--bands", banding.bands());
                basis.option("--rows", banding.rows());
                basis.option("--recall", options.recall);
            }
        }
        let connected = options.cluster == Linking::Connected;
        basis.option("--cluster", if connected { "connected" } else { "leader" });
        match &options.keep {
            Keep::First => basis.option("--keep", "first"),
            Keep::Last => basis.option("--keep", "last"),
            Keep::Longest => basis.option("--keep", "longest"),
            Keep::Shortest => basis.option("--keep", "shortest"),
            Keep::Min(field) => basis.option("--keep", format_args!("min:{field}")),
            Keep::Max(field) => basis.option("--keep", format_args!("max:{field}")),
            Keep::None => basis.option("--keep", "none"),
        }
        let flags = [
            ("--distinct-numbers", options.distinct_numbers),
            ("--pairs", options.pairs),
            ("--rejects", self.rejects),
        ];
        for (name, _) in flags.into_iter().filter(|flag| flag.1) {
            basis.option(name, "on");
        }
        if let Some(key) = &self.annotate {
            basis.option("--annotate", key);
        }
        let (text, id) = &self.names;
        basis.option("--text-key", text);
        basis.option("--id-key", id);
        basis.option("--max-record", self.line_limit);
        if options.against {
            basis.option("--against", kinds(inputs.references));
        }
        basis.option("--input", kinds(inputs.entries));
        for entry in inputs.references.iter().chain(inputs.entries) {
            basis.input(inputs.storage, &entry.path)?;
        }
        Ok(basis)
    }
}

/// How many entries are taken as records and texts, in their order.
pub(crate) fn kinds(entries: &[Entry]) -> String {
    let same = entries.chunk_by(|x, y| x.kind == y.kind).map(|same| {
        let what = if same[0].kind == Kind::Jsonl { "records" } else { "text" };
        let files = if same.len() == 1 { "file" } else { "files" };
        format!("{} {files} of {what}", same.len())
    });
    same.collect::<Vec<String>>().join(", ")
}

/// What is kept while reading.
pub(super) struct Log {
    rows: Section,
    texts: Section,
    signatures: Section,
    rejects: Section,
}

impl Log {
    pub(super) fn new(state: &Checkpoint) -> Result<Log, CheckpointError> {
        Ok(Log {
            rows: state.section(READ, "rows")?,
            texts: state.section(READ, "texts")?,
            signatures: state.section(READ, "signatures")?,
            rejects: state.section(READ, "rejects")?,
        })
    }

    /// Keeps a record that is about to be taken in.
    pub(super) fn record(
        &mut self,
        row: &Row,
        prepared: &Prepared,
        field: Option<&str>,
    ) -> Result<(), CheckpointError> {
        let mut bytes = Vec::with_capacity(WIDTH);
        row.put(&mut bytes);
        self.rows.put(&bytes)?;
        self.texts.put(&prepared.bytes())?;
        self.texts.put(&[field.is_some().into()])?;
        if let Some(field) = field {
            self.texts.put_bytes(field.as_bytes())?;
        }
        if let Some(signature) = prepared.signature() {
            bytes.clear();
            signature.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
            self.signatures.put(&bytes)?;
        }
        Ok(())
    }

    /// Keeps a record that was set aside.
    pub(super) fn reject(&mut self, raw: &[u8]) -> Result<(), CheckpointError> {
        self.rejects.put(raw)?;
        self.rejects.put(b"\n")
    }
}

/// Ends the stage: all was read, `reference` records of it before the others.
pub(super) fn keep(
    state: &mut Checkpoint,
    reading: &mut Reading<'_>,
    read: &Read,
    reference: u32,
) -> Result<(), RunError> {
    let Some(Log { rows, texts, signatures, rejects }) = reading.log.take() else { return Ok(()) };
    let archive = &mut reading.archive;
    let mut counts = state.section(READ, "counts")?;
    counts.put_u32(archive.records())?;
    counts.put_u32(reference)?;
    for counted in [&read.0, &read.1] {
        let Counts { read, rejected, skipped, lost, bytes, without_field } = *counted;
        for count in [read, rejected, skipped, lost, bytes, without_field] {
            counts.put_u64(count)?;
        }
    }
    archive.put_places(&mut counts)?;
    let mut sections = vec![rows, texts, signatures, rejects, counts];
    sections.extend(archive.spool.take());
    state.finish(READ, sections)?;
    reading.archive.spill = spill(state, &reading.scratch)?;
    Ok(())
}

fn spill(state: &Checkpoint, scratch: &Scratch) -> Result<Spill, CheckpointError> {
    let (file, len) = state.file(READ, "spool")?;
    Ok(Spill::of_file(scratch, file, len))
}

/// What an earlier run read, in an archive and an engine that are empty.
pub(super) fn again(
    reading: &mut Reading<'_>,
    inputs: Inputs<'_>,
    state: &Checkpoint,
    rejects: &mut Sink,
    watch: &dyn Watch,
) -> Result<Read, RunError> {
    let mut counts = state.read(READ, "counts")?;
    let (records, reference) = (counts.take_u32()?, counts.take_u32()?);
    let mut both = [Counts::default(); 2];
    for counted in &mut both {
        let mut count = || counts.take_u64();
        *counted = Counts {
            read: count()?,
            rejected: count()?,
            skipped: count()?,
            lost: count()?,
            bytes: count()?,
            without_field: count()?,
        };
    }
    let archive = &mut reading.archive;
    archive.take_places(&mut counts)?;
    archive.spill = spill(state, &reading.scratch)?;
    let (mut rows, mut row) = (state.read(READ, "rows")?, [0; WIDTH]);
    let entries = inputs.references.len() + inputs.entries.len();
    while rows.left() > 0 {
        rows.take(&mut row)?;
        let row = Row::take(&row);
        if row.entry as usize >= entries {
            return Err(rows.damaged().into());
        }
        archive.rows.push(row)?;
    }
    if archive.records() != records {
        return Err(rows.damaged().into());
    }
    copy(state.read(READ, "rejects")?, rejects)?;
    if !state.has(CLUSTERS) {
        watch.begin("resuming", records.into());
        engine(reading, state, (records, reference), watch)?;
    }
    let [known, read] = both;
    Ok((known, read))
}

/// Writes the records that were set aside once more.
fn copy(mut from: Reader, to: &mut Sink) -> Result<(), RunError> {
    let mut bytes = Vec::new();
    while from.left() > 0 {
        bytes.resize(from.left().min(COPIED) as usize, 0);
        from.take(&mut bytes)?;
        to.put(&bytes)?;
    }
    Ok(())
}

/// Takes the texts in as they were taken in then: without what stands for them
/// if their pairs are known.
fn engine(
    reading: &mut Reading<'_>,
    state: &Checkpoint,
    (records, reference): (u32, u32),
    watch: &dyn Watch,
) -> Result<(), RunError> {
    let Reading { archive, engine, .. } = reading;
    let settled = state.has(PAIRS);
    let mut texts = state.read(READ, "texts")?;
    let mut signatures = state.read(READ, "signatures")?;
    for start in (0..records).step_by(BLOCK as usize) {
        let block = start..records.min(start.saturating_add(BLOCK));
        let mut some: Vec<(Prepared, Option<String>)> = Vec::with_capacity(block.len());
        for _ in block.clone() {
            some.push(next(&mut texts, &mut signatures, engine, settled)?);
        }
        if !settled {
            fill(&mut some, start, engine, archive)?;
        }
        for (record, (mut prepared, field)) in block.zip(some) {
            if record == reference {
                engine.end_reference();
            }
            engine.stand_in(&mut prepared);
            let field = field.as_deref();
            inserted(match settled {
                true => engine.insert_settled(prepared, field),
                false => engine.insert(prepared, field),
            })?;
        }
        watch.advance(BLOCK.into());
    }
    if reference >= records {
        engine.end_reference();
    }
    Ok(())
}

/// The next text, and the field of its record.
fn next(
    texts: &mut Reader,
    signatures: &mut Reader,
    engine: &Engine,
    settled: bool,
) -> Result<(Prepared, Option<String>), RunError> {
    let (mut bytes, mut has_field) = ([0; PREPARED], [0]);
    texts.take(&mut bytes)?;
    let prepared = Prepared::of(&bytes, || {
        let mut signature = Vec::new();
        if !settled {
            let mut values = vec![0; engine.num_perm() * size_of::<u32>()];
            signatures.take(&mut values)?;
            signature.extend(values.as_chunks().0.iter().map(|&value| u32::from_le_bytes(value)));
        }
        Ok::<_, CheckpointError>(signature.into_boxed_slice())
    })?;
    let prepared = prepared.ok_or_else(|| texts.damaged())?;
    texts.take(&mut has_field)?;
    let mut field = None;
    if has_field == [1] {
        let mut bytes = Vec::new();
        texts.take_bytes(&mut bytes)?;
        field = Some(String::from_utf8(bytes).map_err(|_| texts.damaged())?);
    }
    Ok((prepared, field))
}

/// Makes sets again that were not kept.
fn fill(
    some: &mut [(Prepared, Option<String>)],
    start: u32,
    engine: &Engine,
    archive: &Archive<'_>,
) -> Result<(), RunError> {
    let filled: Vec<Result<(), RunError>> = some
        .par_iter_mut()
        .enumerate()
        .filter(|(_, (prepared, _))| prepared.is_hollow())
        .map_init(
            || (Workspace::default(), String::new()),
            |(bench, text), (n, (prepared, _))| {
                archive.text(start + n as u32, text)?;
                engine.fill(prepared, text, bench);
                Ok(())
            },
        )
        .collect();
    filled.into_iter().collect()
}
