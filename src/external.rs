//! Records of one width -> the same records in order, those of a key
//! together, whether or not they fit in memory.
//!
//! Records are rows of bytes and are compared as bytes, so that numbers are
//! put in with their highest byte first ([`u64::to_be_bytes`]). What is put in
//! fills a buffer; a full one is sorted and written to a temporary file as a
//! run, and at the end the runs are merged. Records that fit the buffer are
//! never written.
//!
//! * time: `O(n log n)`, one write and one read of each record for each level
//!   of merging; there is one level unless there are more runs than a thousandth
//!   of the room in KiB
//! * space: the room that is given; on the disk all records, once a level
//!
//! Runs need no good spread of the keys, unlike partitions by their leading
//! bits: a key that all records share is no worse than any other.
//!
//! Source: Knuth, *The Art of Computer Programming*, volume 3, section 5.4.

use crate::external::kept::Kept;
use crate::radix::Sorter;
use crate::spill::Scratch;
use crate::spill::ScratchFile;
use crate::spill::SpillError;
use std::cmp::Ordering;
use std::ops::Range;

pub mod kept;

/// Least bytes read from a run at a time, while it is merged with others.
const LEAST_READ: usize = 16 << 10;

/// Most bytes read from a run at a time: more would not make it faster.
const MOST_READ: usize = 256 << 10;

/// Bytes written at a time.
const WRITE: usize = 256 << 10;

/// Width of a record that is a number, which is sorted by its digits.
const WORD: usize = size_of::<u64>();

/// Records that are put in.
#[derive(Debug)]
pub struct Sorting {
    scratch: Scratch,
    width: usize,
    /// Whether equal records are given once.
    distinct: bool,
    room: usize,
    held: Held,
    disk: Option<Runs>,
}

/// Records in memory.
#[derive(Debug)]
enum Held {
    Words(Vec<u64>),
    Rows(Vec<u8>),
}

/// Sorted runs in a file.
#[derive(Debug)]
struct Runs {
    file: ScratchFile,
    runs: Vec<Range<u64>>,
}

impl Sorting {
    /// No records yet. Each will have `width` bytes; about `room` bytes of
    /// memory are used, and of a very small room somewhat more.
    ///
    /// # Panics
    ///
    /// If `width` is 0.
    #[must_use]
    pub fn new(scratch: &Scratch, width: usize, room: usize) -> Sorting {
        assert!(width > 0, "a record has a byte at least");
        let held = if width == WORD { Held::Words(Vec::new()) } else { Held::Rows(Vec::new()) };
        Sorting { scratch: scratch.clone(), width, distinct: false, room, held, disk: None }
    }

    /// The same; of records that are equal one is given.
    #[must_use]
    pub fn distinct(mut self) -> Sorting {
        self.distinct = true;
        self
    }

    /// Puts a record in.
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
        match &mut self.held {
            Held::Words(words) => words.push(prefix(record)),
            Held::Rows(rows) => rows.extend_from_slice(record),
        }
        if self.is_full() { self.write() } else { Ok(()) }
    }

    /// Puts a number in as a record of 8 bytes.
    ///
    /// # Errors
    ///
    /// As [`push`](Sorting::push).
    ///
    /// # Panics
    ///
    /// If that is not the width.
    pub fn push_word(&mut self, word: u64) -> Result<(), SpillError> {
        match &mut self.held {
            Held::Words(words) => words.push(word),
            Held::Rows(_) => return self.push(&word.to_be_bytes()),
        }
        if self.is_full() { self.write() } else { Ok(()) }
    }

    /// Whether the working memory of a sort would go beyond the room.
    fn is_full(&self) -> bool {
        match &self.held {
            Held::Words(words) => 2 * size_of_val(&**words) >= self.room,
            // What does not go to the disk is put in order by a copy.
            Held::Rows(rows) => {
                2 * rows.len() + rows.len() / self.width * size_of::<(u64, u32)>() >= self.room
            }
        }
    }

    /// Writes what is held as a run.
    fn write(&mut self) -> Result<(), SpillError> {
        let runs = match &mut self.disk {
            Some(runs) => runs,
            none => none.insert(Runs { file: self.scratch.file()?, runs: Vec::new() }),
        };
        let start = runs.file.len();
        let mut out = Vec::with_capacity(WRITE.min(self.room) + self.width);
        match &mut self.held {
            Held::Words(words) => {
                sort_words(words);
                if self.distinct {
                    words.dedup();
                }
                for block in words.chunks(WRITE / WORD) {
                    out.clear();
                    block.iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
                    runs.file.append(&out)?;
                }
                words.clear();
            }
            Held::Rows(rows) => {
                let mut last: &[u8] = &[];
                for (_, row) in sorted_rows(rows, self.width) {
                    let row = &rows[row as usize * self.width..][..self.width];
                    if self.distinct && row == last {
                        continue;
                    }
                    last = row;
                    out.extend_from_slice(row);
                    if out.len() >= WRITE {
                        runs.file.append(&out)?;
                        out.clear();
                    }
                }
                runs.file.append(&out)?;
                rows.clear();
            }
        }
        runs.runs.push(start..runs.file.len());
        Ok(())
    }

    /// Ends the putting in.
    ///
    /// # Errors
    ///
    /// When a temporary file cannot be written or read.
    pub fn finish(mut self) -> Result<Sorted, SpillError> {
        if self.disk.is_none() {
            return Ok(Sorted { width: self.width, from: From::Memory(self.memory()) });
        }
        self.write()?;
        let Some(mut runs) = self.disk else { unreachable!("there were runs") };
        self.held = Held::Rows(Vec::new());
        let ways = (self.room / LEAST_READ.max(2 * self.width)).max(2);
        while runs.runs.len() > ways {
            let some: Vec<Range<u64>> = runs.runs.drain(..ways).collect();
            let merged = merged(&mut runs.file, some, (self.width, self.room), self.distinct)?;
            runs.runs.push(merged);
        }
        let merge = Merge::new(&runs.file, runs.runs, self.width, self.room)?;
        let from = From::Disk { file: runs.file, merge, distinct: self.distinct, last: Vec::new() };
        Ok(Sorted { width: self.width, from })
    }

    fn memory(&mut self) -> Memory {
        let mut rows = Vec::new();
        match &mut self.held {
            Held::Words(words) => {
                sort_words(words);
                if self.distinct {
                    words.dedup();
                }
                // In place of the words, so that the room is enough.
                rows.reserve_exact(size_of_val(&**words));
                words.iter().for_each(|word| rows.extend_from_slice(&word.to_be_bytes()));
            }
            Held::Rows(held) => {
                let width = self.width;
                let mut order = sorted_rows(held, width);
                let row = |n: u32| &held[n as usize * width..][..width];
                if self.distinct {
                    order.dedup_by(|x, y| row(x.1) == row(y.1));
                }
                rows.reserve_exact(order.len() * width);
                order.iter().for_each(|&(_, n)| rows.extend_from_slice(row(n)));
            }
        }
        self.held = Held::Rows(Vec::new());
        Memory { rows, at: 0 }
    }
}

/// Sorts numbers by the bits in which they differ.
fn sort_words(words: &mut Vec<u64>) {
    let (all, any) = words.iter().fold((!0, 0), |(all, any), word| (all & word, any | word));
    let differ = if words.is_empty() { 0 } else { all ^ any };
    if differ != 0 {
        let bits = differ.trailing_zeros()..u64::BITS - differ.leading_zeros();
        Sorter::default().sort_bits(words, bits);
    }
}

/// The first eight bytes of a record as a number, a shorter one filled up.
fn prefix(record: &[u8]) -> u64 {
    match record.first_chunk::<WORD>() {
        Some(&chunk) => u64::from_be_bytes(chunk),
        None => {
            let mut chunk = [0; WORD];
            chunk[..record.len()].copy_from_slice(record);
            u64::from_be_bytes(chunk)
        }
    }
}

/// Prefix and number of each row, in the order of the rows.
fn sorted_rows(rows: &[u8], width: usize) -> Vec<(u64, u32)> {
    let mut order: Vec<(u64, u32)> = rows.chunks_exact(width).map(prefix).zip(0..).collect();
    let rest = |n: u32| &rows[n as usize * width..][WORD.min(width)..width];
    order.sort_unstable_by(|x, y| x.0.cmp(&y.0).then_with(|| rest(x.1).cmp(rest(y.1))));
    order
}

/// Merges runs to one at the end of the file.
fn merged(
    file: &mut ScratchFile,
    runs: Vec<Range<u64>>,
    (width, room): (usize, usize),
    distinct: bool,
) -> Result<Range<u64>, SpillError> {
    let start = file.len();
    let mut merge = Merge::new(file, runs, width, room)?;
    let (mut out, mut last) = (Vec::new(), Vec::new());
    while let Some(row) = merge.head() {
        if !distinct || row != &last[..] {
            out.extend_from_slice(row);
            last.clear();
            last.extend_from_slice(row);
        }
        if out.len() >= WRITE {
            file.append(&out)?;
            out.clear();
        }
        merge.step(file)?;
    }
    file.append(&out)?;
    Ok(start..file.len())
}

/// A run that is being merged.
#[derive(Debug)]
struct Cursor {
    /// The part of the run that is not read yet.
    rest: Range<u64>,
    buffer: Vec<u8>,
    at: usize,
    /// First bytes of the record at hand.
    prefix: u64,
}

/// Runs that are merged: a heap whose first run has the least record at hand.
#[derive(Debug)]
struct Merge {
    width: usize,
    /// Bytes read at a time.
    read: usize,
    heap: Vec<Cursor>,
}

impl Merge {
    fn new(
        file: &ScratchFile,
        runs: Vec<Range<u64>>,
        width: usize,
        room: usize,
    ) -> Result<Merge, SpillError> {
        let read = (room / runs.len().max(1)).clamp(LEAST_READ, MOST_READ);
        let read = (read / width).max(1) * width;
        let mut merge = Merge { width, read, heap: Vec::new() };
        for rest in runs {
            let mut cursor = Cursor { rest, buffer: Vec::new(), at: 0, prefix: 0 };
            if merge.fill(file, &mut cursor)? {
                merge.heap.push(cursor);
            }
        }
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sink(at);
        }
        Ok(merge)
    }

    /// The least record of all.
    fn head(&self) -> Option<&[u8]> {
        self.heap.first().map(|cursor| &cursor.buffer[cursor.at..cursor.at + self.width])
    }

    /// Steps over it.
    fn step(&mut self, file: &ScratchFile) -> Result<(), SpillError> {
        let Some(first) = self.heap.first_mut() else { return Ok(()) };
        first.at += self.width;
        if first.at < first.buffer.len() {
            first.prefix = prefix(&first.buffer[first.at..first.at + self.width]);
        } else {
            let mut cursor = self.heap.swap_remove(0);
            if self.fill(file, &mut cursor)? {
                self.heap.push(cursor);
                let last = self.heap.len() - 1;
                self.heap.swap(0, last);
            }
        }
        self.sink(0);
        Ok(())
    }

    /// Reads on in a run; false at its end.
    fn fill(&self, file: &ScratchFile, cursor: &mut Cursor) -> Result<bool, SpillError> {
        let left = cursor.rest.end - cursor.rest.start;
        let next = left.min(self.read as u64);
        cursor.buffer.resize(next as usize, 0);
        file.read(cursor.rest.start, &mut cursor.buffer)?;
        cursor.rest.start += next;
        cursor.at = 0;
        if next > 0 {
            cursor.prefix = prefix(&cursor.buffer[..self.width]);
        }
        Ok(next > 0)
    }

    fn compare(&self, a: &Cursor, b: &Cursor) -> Ordering {
        let rest = |c: &Cursor| c.at + WORD.min(self.width)..c.at + self.width;
        a.prefix.cmp(&b.prefix).then_with(|| a.buffer[rest(a)].cmp(&b.buffer[rest(b)]))
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if let Some(cursor) = self.heap.get(child)
                    && self.compare(cursor, &self.heap[least]).is_lt()
                {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}

/// Records that never left the memory, sorted.
#[derive(Debug)]
struct Memory {
    rows: Vec<u8>,
    at: usize,
}

/// Records in order.
#[derive(Debug)]
pub struct Sorted {
    width: usize,
    from: From,
}

#[derive(Debug)]
enum From {
    Memory(Memory),
    Disk { file: ScratchFile, merge: Merge, distinct: bool, last: Vec<u8> },
}

impl Sorted {
    /// The record that comes next.
    #[must_use]
    pub fn head(&self) -> Option<&[u8]> {
        match &self.from {
            From::Memory(Memory { rows, at }) => rows.get(*at..*at + self.width),
            From::Disk { merge, .. } => merge.head(),
        }
    }

    /// Steps over it.
    ///
    /// # Errors
    ///
    /// When the temporary file cannot be read.
    pub fn step(&mut self) -> Result<(), SpillError> {
        match &mut self.from {
            From::Memory(memory) => {
                memory.at += self.width;
                Ok(())
            }
            From::Disk { file, merge, distinct: false, .. } => merge.step(file),
            From::Disk { file, merge, last, .. } => {
                last.clear();
                last.extend_from_slice(merge.head().unwrap_or_default());
                merge.step(file)?;
                while merge.head().is_some_and(|row| row == last) {
                    merge.step(file)?;
                }
                Ok(())
            }
        }
    }

    /// All that are left, to be gone through again, held in about so many
    /// bytes of memory.
    ///
    /// # Errors
    ///
    /// When a temporary file cannot be made, written or read.
    pub fn keep(mut self, scratch: &Scratch, room: usize) -> Result<Kept, SpillError> {
        let mut kept = Kept::new(scratch, self.width, room);
        while let Some(row) = self.head() {
            kept.push(row)?;
            self.step()?;
        }
        Ok(kept)
    }

    /// The next number, of records of 8 bytes; of longer ones the number that
    /// they begin with.
    ///
    /// # Errors
    ///
    /// As [`step`](Sorted::step).
    pub fn next_word(&mut self) -> Result<Option<u64>, SpillError> {
        let word = self.head().map(prefix);
        if word.is_some() {
            self.step()?;
        }
        Ok(word)
    }

    /// Replaces `group` by the next records that agree in their first `key`
    /// bytes; false when there are none left.
    ///
    /// # Errors
    ///
    /// As [`step`](Sorted::step).
    pub fn next_group(&mut self, key: usize, group: &mut Vec<u8>) -> Result<bool, SpillError> {
        group.clear();
        while let Some(row) = self.head() {
            if !group.is_empty() && row[..key] != group[..key] {
                break;
            }
            group.extend_from_slice(row);
            self.step()?;
        }
        Ok(!group.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;
    use crate::storage::failing::Failing;
    use crate::storage::failing::Fault;
    use crate::storage::failing::Op;
    use std::io::ErrorKind;
    use std::sync::Arc;

    fn rows(seed: u64, n: usize, width: usize) -> Vec<Vec<u8>> {
        let mut state = seed;
        let letters = [2, 3, 256][seed as usize % 3];
        let row =
            |state: &mut u64| (0..width).map(|_| (splitmix64(state) % letters) as u8).collect();
        (0..n).map(|_| row(&mut state)).collect()
    }

    fn all(mut sorted: Sorted) -> Vec<Vec<u8>> {
        let mut rows = Vec::new();
        while let Some(row) = sorted.head() {
            rows.push(row.to_vec());
            sorted.step().unwrap();
        }
        assert!(sorted.next_word().unwrap().is_none(), "the end is the end");
        rows
    }

    #[test]
    fn records_come_in_order_whatever_the_room() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(dir.path());
        for seed in 0..300u64 {
            let width = [1, 7, 8, 9, 12, 20, 100][seed as usize % 7];
            let n = [0, 1, 2, 5, 300, 4000][seed as usize % 6];
            let room = [0, 100, 3000, 1 << 20][seed as usize % 4];
            let distinct = seed % 5 < 2;
            let rows = rows(seed, n, width);
            let mut sorting = Sorting::new(&scratch, width, room);
            if distinct {
                sorting = sorting.distinct();
            }
            for row in &rows {
                sorting.push(row).unwrap();
            }
            let mut expected = rows;
            expected.sort();
            if distinct {
                expected.dedup();
            }
            assert_eq!(all(sorting.finish().unwrap()), expected, "seed {seed}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "files have no name");
        assert!(scratch.written() > 0);
    }

    #[test]
    fn groups_are_the_records_of_a_key() {
        let dir = tempfile::tempdir().unwrap();
        for seed in 0..100u64 {
            let mut rows = rows(3 * seed, 500, 3);
            let mut sorting =
                Sorting::new(&Scratch::new(dir.path()), 3, [10, 1 << 20][seed as usize % 2]);
            rows.iter().for_each(|row| sorting.push(row).unwrap());
            rows.sort();
            let mut sorted = sorting.finish().unwrap();
            let mut group = Vec::new();
            for expected in rows.chunk_by(|x, y| x[..2] == y[..2]) {
                assert!(sorted.next_group(2, &mut group).unwrap());
                assert_eq!(group, expected.concat());
            }
            assert!(!sorted.next_group(2, &mut group).unwrap() && group.is_empty());
        }
    }

    #[test]
    fn words_are_records_of_eight_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let mut sorting = Sorting::new(&Scratch::new(dir.path()), 8, 64);
        for word in [5, 1 << 40, 0, u64::MAX, 5] {
            sorting.push_word(word).unwrap();
        }
        sorting.push(&7u64.to_be_bytes()).unwrap();
        let mut sorted = sorting.finish().unwrap();
        let words: Vec<u64> = std::iter::from_fn(|| sorted.next_word().unwrap()).collect();
        assert_eq!(words, [0, 5, 5, 7, 1 << 40, u64::MAX]);
    }

    #[test]
    fn a_disk_that_fails_is_an_error_and_never_a_lost_record() {
        let dir = tempfile::tempdir().unwrap();
        let rows = rows(2, 200, 12);
        let mut expected = rows.clone();
        expected.sort();
        let run = |storage: &Failing| -> Result<Vec<Vec<u8>>, SpillError> {
            let scratch = Scratch::of(Arc::new(storage.clone()), dir.path());
            let mut sorting = Sorting::new(&scratch, 12, 300);
            rows.iter().try_for_each(|row| sorting.push(row))?;
            let (mut sorted, mut all) = (sorting.finish()?, Vec::new());
            while let Some(row) = sorted.head() {
                all.push(row.to_vec());
                sorted.step()?;
            }
            Ok(all)
        };
        for op in [Op::Create, Op::Write, Op::Read] {
            for n in 1.. {
                let storage = Failing::nth(op, n, Fault::Always(ErrorKind::StorageFull));
                let result = run(&storage);
                if !storage.fired() {
                    assert_eq!(result.unwrap(), expected);
                    assert!(n > 1);
                    break;
                }
                assert!(result.unwrap_err().to_string().contains("the disk is full"), "{op:?} {n}");
            }
            assert_eq!(run(&Failing::nth(op, 1, Fault::Short)).unwrap(), expected);
        }
    }
}
