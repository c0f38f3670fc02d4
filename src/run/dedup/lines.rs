//! Archive and fates -> the lines that stay and those that go, byte for byte.
//!
//! Lines that follow each other in a file and share their fate are copied
//! together. While one piece is written, others are read, checked and annotated
//! by all threads ([`in_order`]).
//!
//! * time: the speed of memory, the system's reads and writes, the compressor
//! * space: half a mebibyte for each thread

use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use crate::input::record::insert_member;
use crate::options::dedup::Measure;
use crate::report::dedup::Mark;
use crate::report::duplicates;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::rows::Row;
use crate::run::dedup::sinks::Sink;
use crate::run::documents::Outcome;
use crate::run::documents::outcome::Marks;
use crate::run::flow::in_order;

/// Bytes that are read together, unless a single line is longer: what a thread
/// reads is still in its cache when it is checked and written.
const PIECE: u64 = 128 << 10;

/// Pieces that each thread has at a time.
const EACH: usize = 4;

/// What is written and how.
pub(super) struct Lines<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) found: &'a Outcome,
    pub(super) measure: Measure,
    /// Name of the member that each line is given; all lines stay then.
    pub(super) annotate: Option<&'a str>,
    pub(super) watch: &'a dyn Watch,
}

/// A piece ready to be written.
#[derive(Default)]
struct Piece {
    rows: Vec<Row>,
    /// What becomes of each, where they are annotated.
    marks: Vec<Option<Mark>>,
    bytes: Vec<u8>,
    /// Lines in the bytes with their ends, and whether they stay.
    parts: Vec<(Range<usize>, bool)>,
    /// Bytes that were read for it.
    read: u64,
    /// Bytes of annotations.
    added: u64,
    /// Room for the next one.
    spare: Vec<u8>,
}

impl Lines<'_> {
    /// Writes the records from number `first` on; returns the bytes that were
    /// added to them.
    pub(super) fn write(
        &self,
        first: u32,
        kept: &mut Sink,
        removed: &mut Sink,
    ) -> Result<u64, RunError> {
        // What is added is counted though nobody reads it.
        let wanted = |kept: &Sink, removed: &Sink| {
            kept.is_open() || removed.is_open() || self.annotate.is_some()
        };
        if !wanted(kept, removed) {
            return Ok(0);
        }
        let (pieces, total) = self.pieces(first)?;
        self.watch.begin("writing", total);
        let mut marks = self.annotate.map(|_| self.found.marks()).transpose()?;
        let (mut pieces, mut added) = (pieces.into_iter(), 0);
        let (spare, open) = (Mutex::new(Vec::<Piece>::new()), AtomicBool::new(true));
        let spare = || spare.lock().unwrap_or_else(PoisonError::into_inner);
        let next = || {
            let Some(records) = pieces.next().filter(|_| open.load(Ordering::Relaxed)) else {
                return Ok(None);
            };
            let mut piece = spare().pop().unwrap_or_default();
            if let Some(marks) = &mut marks {
                mark(marks, records.clone(), &mut piece)?;
            }
            Ok(Some(((records, piece), 1)))
        };
        let work = |(): &mut (), (records, mut piece)| {
            let result = self.piece(records, &mut piece);
            result.map(|()| piece)
        };
        in_order(EACH * rayon::current_num_threads(), next, work, |piece| {
            let piece = piece?;
            added += piece.added;
            self.put(&piece, kept, removed)?;
            open.store(wanted(kept, removed), Ordering::Relaxed);
            spare().push(piece);
            Ok::<(), RunError>(())
        })?;
        Ok(added)
    }

    fn put(&self, piece: &Piece, kept: &mut Sink, removed: &mut Sink) -> Result<(), RunError> {
        for (range, stays) in &piece.parts {
            let sink = if *stays { &mut *kept } else { &mut *removed };
            sink.put(&piece.bytes[range.clone()])?;
        }
        self.watch.advance(piece.read);
        Ok(())
    }

    /// Records that are read together, of one file and near each other, and
    /// the bytes of all.
    fn pieces(&self, first: u32) -> Result<(Vec<Range<u32>>, u64), RunError> {
        let mut pieces: Vec<Range<u32>> = Vec::new();
        let (mut start, mut total) = (Row::default(), 0);
        self.archive.rows.each(first, |record, row| {
            total += u64::from(row.length);
            match pieces.last_mut() {
                Some(piece) if start.entry == row.entry && row.end() - start.offset <= PIECE => {
                    piece.end += 1;
                }
                _ => {
                    start = *row;
                    pieces.push(record..record + 1);
                }
            }
            Ok::<(), RunError>(())
        })?;
        Ok((pieces, total))
    }

    /// Reads a piece into the room of an earlier one.
    fn piece(&self, records: Range<u32>, piece: &mut Piece) -> Result<(), RunError> {
        let rows = &mut piece.rows;
        self.archive.rows.some(records.clone(), rows)?;
        let (first, last) = (rows[0], rows[rows.len() - 1]);
        let length = (last.end() - first.offset) as usize;
        let lines = &mut piece.bytes;
        // That of a very long line is given back.
        if lines.capacity() > 2 * PIECE as usize {
            *lines = Vec::new();
        }
        // The last line may lack its end.
        lines.resize(length + 1, b'\n');
        self.archive.read(first.entry, first.offset, &mut lines[..length])?;
        lines[length] = b'\n';
        piece.parts.clear();
        (piece.read, piece.added) = (length as u64, 0);
        for (record, row) in records.clone().zip(&piece.rows) {
            let start = (row.offset - first.offset) as usize;
            let end = start + row.length as usize;
            if !row.matches(&lines[start..end]) || lines[end] != b'\n' {
                return Err(self.archive.changed(row.entry));
            }
            let stays = self.found.is_kept(record);
            match piece.parts.last_mut() {
                Some((range, same)) if *same == stays && range.end == start => range.end = end + 1,
                _ => piece.parts.push((start..end + 1, stays)),
            }
        }
        match self.annotate {
            Some(key) => self.annotate(records, key, piece),
            None => Ok(()),
        }
    }

    /// Gives each line of a piece its annotation.
    fn annotate(&self, records: Range<u32>, key: &str, piece: &mut Piece) -> Result<(), RunError> {
        let lines = std::mem::replace(&mut piece.bytes, std::mem::take(&mut piece.spare));
        piece.bytes.clear();
        let first = piece.rows[0].offset;
        for ((record, row), mark) in records.zip(&piece.rows).zip(&piece.marks) {
            let start = (row.offset - first) as usize;
            let line = &lines[start..start + row.length as usize];
            let before = piece.bytes.len();
            self.annotate_line((record, *mark), key, line, &mut piece.bytes)?;
            piece.added += (piece.bytes.len() - before - line.len() - 1) as u64;
        }
        piece.parts.clear();
        piece.parts.push((0..piece.bytes.len(), true));
        piece.spare = lines;
        Ok(())
    }

    /// Appends a line with its annotation.
    fn annotate_line(
        &self,
        (record, mark): (u32, Option<Mark>),
        key: &str,
        line: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), RunError> {
        let leader = mark.map(|mark| mark.leader).filter(|&leader| leader != record);
        let leader = leader.map(|leader| self.archive.name(leader)).transpose()?;
        let member = duplicates::annotation(key, mark, leader.as_ref(), self.measure);
        insert_member(line, &member, out);
        out.push(b'\n');
        Ok(())
    }
}

/// Replaces the marks of a piece by those of its records.
fn mark(marks: &mut Marks, records: Range<u32>, piece: &mut Piece) -> Result<(), RunError> {
    piece.marks.clear();
    for record in records {
        piece.marks.push(marks.of(record)?);
    }
    Ok(())
}
