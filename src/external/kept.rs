//! Records of one width that are gone through again, from any place on.
//!
//! * time: one write of each, and a read each time
//! * space: the room that is given, then the disk

use crate::spill::Scratch;
use crate::spill::Spill;
use crate::spill::SpillError;

/// Bytes put in at a time, and most that are read.
const BLOCK: usize = 64 << 10;

/// Bytes read first at a new place: there may be little that is wanted of it.
const FIRST: usize = 1 << 10;

/// Records in the order in which they were put in.
#[derive(Debug)]
pub struct Kept {
    width: usize,
    spill: Spill,
    /// The last ones.
    tail: Vec<u8>,
}

impl Kept {
    /// No records yet; of those that come, about `room` bytes are held in
    /// memory.
    ///
    /// # Panics
    ///
    /// If `width` is 0.
    #[must_use]
    pub fn new(scratch: &Scratch, width: usize, room: usize) -> Kept {
        assert!(width > 0, "a record has a byte at least");
        Kept { width, spill: Spill::new(scratch, room), tail: Vec::new() }
    }

    /// Adds a record at the end.
    ///
    /// # Errors
    ///
    /// When a temporary file cannot be made or written; nothing more may be
    /// put in then.
    ///
    /// # Panics
    ///
    /// If it does not have the width.
    pub fn push(&mut self, record: &[u8]) -> Result<(), SpillError> {
        assert_eq!(record.len(), self.width, "records have one width");
        if self.tail.len() + self.width > BLOCK.max(self.width) {
            let block = std::mem::take(&mut self.tail);
            let room = self.spill.push(block)?.1;
            self.tail = room.unwrap_or_else(|| Vec::with_capacity(BLOCK));
            self.tail.clear();
        }
        self.tail.extend_from_slice(record);
        Ok(())
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> u64 {
        (self.spill.len() + self.tail.len() as u64) / self.width as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records from number `first` on.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be read.
    pub fn from(&self, first: u64) -> Result<Reader<'_>, SpillError> {
        let buffer = Vec::new();
        let mut reader = Reader { kept: self, next: first, buffer, at: 0, read: FIRST };
        reader.fill()?;
        Ok(reader)
    }
}

/// Records that are gone through.
#[derive(Debug)]
pub struct Reader<'a> {
    kept: &'a Kept,
    /// Number of the first record behind the buffer.
    next: u64,
    buffer: Vec<u8>,
    at: usize,
    /// Bytes to be read next.
    read: usize,
}

impl Reader<'_> {
    /// The record that comes next.
    #[must_use]
    pub fn head(&self) -> Option<&[u8]> {
        self.buffer.get(self.at..self.at + self.kept.width)
    }

    /// Steps over it.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be read.
    pub fn step(&mut self) -> Result<(), SpillError> {
        self.at += self.kept.width;
        if self.at < self.buffer.len() { Ok(()) } else { self.fill() }
    }

    /// Goes to the record with this number.
    ///
    /// # Errors
    ///
    /// As [`step`](Reader::step).
    pub fn seek(&mut self, number: u64) -> Result<(), SpillError> {
        let held = (self.buffer.len() / self.kept.width) as u64;
        match (number + held).checked_sub(self.next) {
            Some(at) if at < held => self.at = at as usize * self.kept.width,
            _ => {
                (self.next, self.read) = (number, FIRST);
                self.fill()?;
            }
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), SpillError> {
        let Kept { width, spill, tail } = self.kept;
        let start = (self.next * *width as u64).min(spill.len() + tail.len() as u64);
        self.at = 0;
        self.buffer.clear();
        match start.checked_sub(spill.len()) {
            Some(inside) => self.buffer.extend_from_slice(&tail[inside as usize..]),
            None => {
                let most = (self.read / width).max(1) * width;
                self.read = (2 * self.read).min(BLOCK);
                let length = (spill.len() - start).min(most as u64);
                self.buffer.resize(length as usize, 0);
                spill.read(start, &mut self.buffer)?;
            }
        }
        self.next += (self.buffer.len() / width) as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_from_any_place_on() {
        let dir = tempfile::tempdir().unwrap();
        for (width, n) in [(1, 0), (1, 1), (3, 50_000), (20, 9000), (70_000, 4)] {
            let record = |i: usize| -> Vec<u8> { (0..width).map(|w| (i * 31 + w) as u8).collect() };
            for room in [0, 100_000, usize::MAX] {
                let mut kept = Kept::new(&Scratch::new(dir.path()), width, room);
                (0..n).for_each(|i| kept.push(&record(i)).unwrap());
                assert_eq!((kept.len(), kept.is_empty()), (n as u64, n == 0));
                for first in [0, 1, n / 2, n, n + 5] {
                    let mut reader = kept.from(first as u64).unwrap();
                    for i in first..n {
                        assert_eq!(reader.head(), Some(&record(i)[..]));
                        reader.step().unwrap();
                    }
                    assert!(reader.head().is_none());
                    reader.step().unwrap();
                    assert!(reader.head().is_none(), "the end is the end");
                    for i in [0, n / 3, n / 3 + 1, n / 2, 1, n] {
                        reader.seek(i as u64).unwrap();
                        assert_eq!(reader.head(), (i < n).then(|| record(i)).as_deref());
                    }
                }
            }
        }
    }
}
