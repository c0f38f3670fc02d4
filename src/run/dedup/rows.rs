//! Where each record stands, by its number; on disk when there are many.
//!
//! * time: on disk one read of the system a record, or for many in a row
//! * space: 32 bytes a record, in memory up to the room

use std::ops::Range;

use crate::hash;
use crate::run::room::Room;
use crate::spill::Scratch;
use crate::spill::ScratchFile;
use crate::spill::SpillError;

/// One record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Line in the decompressed file, from 1; 0 for a text file.
    pub(super) line: u64,
    /// Place of the line in the file or the spill.
    pub(super) offset: u64,
    /// Bytes of the line without its end, or of the text.
    pub(super) length: u32,
    /// Check of those bytes.
    check: u32,
    /// Number of its entry.
    pub(super) entry: u32,
}

/// Bytes of a row on disk.
pub(super) const WIDTH: usize = 28;

/// Rows written together.
const TOGETHER: usize = 4096;

impl Row {
    pub(super) fn new(entry: u32, line: u64, offset: u64, bytes: &[u8]) -> Row {
        // Neither lines nor texts reach 4 GiB.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Row { line, offset, length, check: check(bytes), entry }
    }

    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        self.length as usize == bytes.len() && self.check == check(bytes)
    }

    /// Place behind the line.
    pub(super) fn end(&self) -> u64 {
        self.offset + u64::from(self.length)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.line.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        for part in [self.length, self.check, self.entry] {
            out.extend_from_slice(&part.to_le_bytes());
        }
    }

    pub(super) fn take(bytes: &[u8]) -> Row {
        let (longs, rest) = bytes.split_at(2 * size_of::<u64>());
        let long = |n: usize| longs.as_chunks().0.get(n).map_or(0, |&c| u64::from_le_bytes(c));
        let short = |n: usize| rest.as_chunks().0.get(n).map_or(0, |&c| u32::from_le_bytes(c));
        Row { line: long(0), offset: long(1), length: short(0), check: short(1), entry: short(2) }
    }
}

fn check(bytes: &[u8]) -> u32 {
    (hash::token(bytes) >> 32) as u32
}

/// The part of the memory that rows may have.
const SHARE: u64 = 16;

/// Bytes that so many rows take on disk, in a budget of `total`.
pub(super) fn spilled(rows: u64, total: u64) -> u64 {
    if rows * size_of::<Row>() as u64 > total / SHARE { rows * WIDTH as u64 } else { 0 }
}

/// The rows of all records.
#[derive(Debug)]
pub(super) struct Rows {
    scratch: Scratch,
    /// Bytes held in memory before a file is made.
    room: usize,
    /// Those that are not in the file: all, or the last ones.
    held: Vec<Row>,
    file: Option<ScratchFile>,
}

impl Rows {
    pub(super) fn new(room: &Room) -> Rows {
        let (scratch, share) = (room.scratch.clone(), room.budget.share(SHARE));
        Rows { scratch, room: share, held: Vec::new(), file: None }
    }

    /// Rows in the file.
    fn written(&self) -> u32 {
        self.file.as_ref().map_or(0, |file| (file.len() / WIDTH as u64) as u32)
    }

    pub(super) fn len(&self) -> u32 {
        self.written() + self.held.len() as u32
    }

    pub(super) fn push(&mut self, row: Row) -> Result<(), SpillError> {
        self.held.push(row);
        let many = self.held.len().is_multiple_of(TOGETHER);
        if many && (self.file.is_some() || size_of_val(&*self.held) > self.room) {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => self.scratch.file()?,
            };
            let mut bytes = Vec::with_capacity(TOGETHER * WIDTH);
            for rows in self.held.chunks(TOGETHER) {
                bytes.clear();
                rows.iter().for_each(|row| row.put(&mut bytes));
                file.append(&bytes)?;
            }
            self.held = Vec::with_capacity(TOGETHER);
            self.file = Some(file);
        }
        Ok(())
    }

    /// The row of a record.
    pub(super) fn get(&self, record: u32) -> Result<Row, SpillError> {
        let written = self.written();
        match &self.file {
            Some(file) if record < written => {
                let mut bytes = [0; WIDTH];
                file.read(u64::from(record) * WIDTH as u64, &mut bytes)?;
                Ok(Row::take(&bytes))
            }
            _ => Ok(self.held[(record - written) as usize]),
        }
    }

    /// Replaces `out` by the rows of records in a row.
    pub(super) fn some(&self, records: Range<u32>, out: &mut Vec<Row>) -> Result<(), SpillError> {
        out.clear();
        let written = self.written();
        let below = records.start.min(written)..records.end.min(written);
        if let Some(file) = self.file.as_ref().filter(|_| !below.is_empty()) {
            let mut bytes = vec![0; below.len() * WIDTH];
            file.read(u64::from(below.start) * WIDTH as u64, &mut bytes)?;
            out.extend(bytes.chunks_exact(WIDTH).map(Row::take));
        }
        let above = records.start.max(written) - written..records.end.max(written) - written;
        out.extend_from_slice(&self.held[above.start as usize..above.end as usize]);
        Ok(())
    }

    /// Passes all rows from record `first` on to `see`, in order.
    pub(super) fn each<E: From<SpillError>>(
        &self,
        first: u32,
        mut see: impl FnMut(u32, &Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rows = Vec::new();
        let mut start = first;
        while start < self.len() {
            let end = self.len().min(start + TOGETHER as u32);
            self.some(start..end, &mut rows)?;
            for (record, row) in (start..).zip(&rows) {
                see(record, row)?;
            }
            start = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_in_memory_and_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        for n in [0u32, 1, 4095, 4096, 4097, 20_000] {
            let row = |r: u32| {
                let bytes = r.to_le_bytes();
                Row::new(
                    r % 7,
                    u64::from(r) << 33,
                    u64::MAX - u64::from(r),
                    &bytes[..r as usize % 4],
                )
            };
            for room in [0, 300_000, usize::MAX] {
                let mut rows = Rows::new(&Room::unlimited());
                (rows.scratch, rows.room) = (Scratch::new(dir.path()), room);
                (0..n).for_each(|r| rows.push(row(r)).unwrap());
                assert_eq!(rows.len(), n);
                let mut seen = n / 3;
                let each = rows.each(n / 3, |record, found| {
                    assert_eq!((record, *found), (seen, row(record)));
                    seen += 1;
                    Ok::<(), SpillError>(())
                });
                each.unwrap();
                assert_eq!(seen, n);
                for record in (0..n).step_by(997) {
                    assert_eq!(rows.get(record).unwrap(), row(record));
                    let (mut some, to) = (Vec::new(), n.min(record + 5000));
                    rows.some(record..to, &mut some).unwrap();
                    assert!(some.iter().copied().eq((record..to).map(row)));
                }
                assert_eq!(rows.file.is_some(), n >= 4096 && n as usize / 4096 * 4096 * 32 > room);
            }
        }
    }
}
