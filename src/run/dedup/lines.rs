//! Archive and fates -> the lines that stay and those that go, byte for byte.
//!
//! Lines that follow each other in a file and share their fate are copied
//! together. While one batch of pieces is written, the next is read, checked
//! and annotated by all threads.
//!
//! * time: the speed of memory, the system's reads and writes, the compressor
//! * space: two batches of about a megabyte for each thread

use std::ops::Range;

use rayon::prelude::*;

use crate::input::record::insert_member;
use crate::options::dedup::Measure;
use crate::report::dedup::Deduped;
use crate::report::dedup::Fate;
use crate::report::duplicates;
use crate::run::RunError;
use crate::run::Watch;
use crate::run::dedup::archive::Archive;
use crate::run::dedup::sinks::Sink;

/// Bytes that are read together, unless a single line is longer.
const PIECE: u64 = 1 << 20;

/// What is written and how.
pub(super) struct Lines<'a> {
    pub(super) archive: &'a Archive<'a>,
    pub(super) found: &'a Deduped,
    pub(super) measure: Measure,
    /// Name of the member that each line is given; all lines stay then.
    pub(super) annotate: Option<&'a str>,
    pub(super) watch: &'a dyn Watch,
}

/// A piece ready to be written.
#[derive(Default)]
struct Piece {
    bytes: Vec<u8>,
    /// Lines in the bytes with their ends, and whether they stay.
    parts: Vec<(Range<usize>, bool)>,
    /// Bytes that were read for it.
    read: u64,
}

impl Lines<'_> {
    /// Writes the records from number `first` on.
    pub(super) fn write(
        &self,
        first: u32,
        kept: &mut Sink,
        removed: &mut Sink,
    ) -> Result<(), RunError> {
        if !kept.is_open() && !removed.is_open() {
            return Ok(());
        }
        let pieces = self.pieces(first);
        let total = self.archive.rows[first as usize..].iter().map(|r| u64::from(r.length)).sum();
        self.watch.begin("writing", total);
        let read = |batch: &[Range<u32>]| -> Vec<Result<Piece, RunError>> {
            batch.par_iter().with_max_len(1).map(|piece| self.piece(piece.clone())).collect()
        };
        let mut batches = pieces.chunks(2 * rayon::current_num_threads());
        let mut ready = batches.next().map(read).unwrap_or_default();
        while !ready.is_empty() {
            let write = || -> Result<(), RunError> {
                for piece in ready {
                    let piece = piece?;
                    for (range, stays) in piece.parts {
                        let sink = if stays { &mut *kept } else { &mut *removed };
                        sink.put(&piece.bytes[range])?;
                    }
                    self.watch.advance(piece.read);
                }
                Ok(())
            };
            let next = batches.next();
            let (written, next) = rayon::join(write, || next.map(read));
            written?;
            if !kept.is_open() && !removed.is_open() {
                break;
            }
            ready = next.unwrap_or_default();
        }
        Ok(())
    }

    /// Records that are read together: of one file, near each other.
    fn pieces(&self, first: u32) -> Vec<Range<u32>> {
        let mut pieces: Vec<Range<u32>> = Vec::new();
        let mut start = 0;
        for record in first..self.archive.records() {
            let row = self.archive.row(record);
            if let Some(piece) = pieces.last_mut()
                && self.archive.row(piece.start).entry == row.entry
                && row.end() - start <= PIECE
            {
                piece.end += 1;
                continue;
            }
            start = row.offset;
            pieces.push(record..record + 1);
        }
        pieces
    }

    fn piece(&self, records: Range<u32>) -> Result<Piece, RunError> {
        let first = self.archive.row(records.start);
        let last = self.archive.row(records.end - 1);
        let length = (last.end() - first.offset) as usize;
        // Room for the line end that the last line may lack.
        let mut bytes = Vec::with_capacity(length + 1);
        bytes.resize(length, 0);
        self.archive.read(first.entry, first.offset, &mut bytes)?;
        bytes.push(b'\n');
        let mut piece = Piece { read: length as u64, ..Piece::default() };
        for record in records {
            let row = self.archive.row(record);
            let start = (row.offset - first.offset) as usize;
            let end = start + row.length as usize;
            if !row.matches(&bytes[start..end]) || bytes[end] != b'\n' {
                return Err(self.archive.changed(row.entry));
            }
            if let Some(key) = self.annotate {
                let from = piece.bytes.len();
                self.annotated(record, key, &bytes[start..end], &mut piece.bytes)?;
                piece.parts.push((from..piece.bytes.len(), true));
                continue;
            }
            let stays = self.found.is_kept(record);
            match piece.parts.last_mut() {
                Some((range, same)) if *same == stays && range.end == start => range.end = end + 1,
                _ => piece.parts.push((start..end + 1, stays)),
            }
        }
        if self.annotate.is_none() {
            piece.bytes = bytes;
        }
        Ok(piece)
    }

    /// Appends a line with its annotation.
    fn annotated(
        &self,
        record: u32,
        key: &str,
        line: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), RunError> {
        let fate = self.found.fate(record);
        let leader = match fate {
            Fate::Removed(cluster, _) if cluster.leader != record => {
                Some(self.archive.name(cluster.leader)?)
            }
            _ => None,
        };
        let member = duplicates::annotation(key, fate, leader.as_ref(), self.measure);
        insert_member(line, &member, out);
        out.push(b'\n');
        Ok(())
    }
}
