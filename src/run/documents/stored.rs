//! Signatures and band keys on disk -> candidate pairs.
//!
//! What [`crate::lsh`] and [`crate::cross`] do in memory, and with the same
//! result: the keys of each band are sorted records
//! ([`crate::external`]), buckets come out of them one after the other, and
//! signatures are read where they are looked at: those of large buckets to put
//! them in order, those of candidates to compare them.
//!
//! * time: as in memory, and a write and a read of each key and signature
//! * space: shares of the memory, and 4 bytes a document of the largest bucket

use crate::bits::Bits;
use crate::external::Sorted;
use crate::external::Sorting;
use crate::lsh;
use crate::options::banding::Banding;
use crate::run::documents::pairs::Local;
use crate::run::room::Room;
use crate::signature::Signatures;
use crate::spill::ScratchFile;
use crate::spill::SpillError;
use std::collections::VecDeque;

/// The part of the memory in which the keys of all bands are sorted.
const KEYS_SHARE: u64 = 8;

/// The part in which signatures of large buckets are sorted, by all threads.
const LARGE_SHARE: u64 = 16;

/// Bytes of signatures written together.
const WRITE: usize = 512 << 10;

/// Bytes between two signatures that are read together rather than skipped.
const GAP: u64 = 16 << 10;

/// Most bytes of signatures read together.
const READ: u64 = 1 << 20;

/// The signatures of all documents, in a file.
#[derive(Debug)]
pub(super) struct SignatureFile {
    num_perm: usize,
    file: ScratchFile,
    /// The last ones, not written yet.
    tail: Vec<u8>,
}

impl SignatureFile {
    fn new(room: &Room, num_perm: usize) -> Result<SignatureFile, SpillError> {
        Ok(SignatureFile { num_perm, file: room.scratch.file()?, tail: Vec::new() })
    }

    fn add(&mut self, signature: &[u32]) -> Result<(), SpillError> {
        signature.iter().for_each(|value| self.tail.extend_from_slice(&value.to_le_bytes()));
        if self.tail.len() >= WRITE { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), SpillError> {
        self.file.append(&self.tail)?;
        self.tail.clear();
        Ok(())
    }

    /// Bytes of a signature.
    pub(super) fn width(&self) -> usize {
        self.num_perm * size_of::<u32>()
    }

    /// Passes the signatures of `documents`, which ascend, to `see`, in order.
    fn each<E: From<SpillError>>(
        &self,
        documents: &[u32],
        mut see: impl FnMut(u32, &[u32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let width = self.width() as u64;
        let (mut bytes, mut row) = (Vec::new(), vec![0; self.num_perm]);
        let mut rest = documents;
        while let Some(&first) = rest.first() {
            let start = u64::from(first) * width;
            let mut together = 1;
            while together < rest.len() {
                let from = u64::from(rest[together]) * width;
                let before = (u64::from(rest[together - 1]) + 1) * width;
                if from - before > GAP || from + width - start > READ {
                    break;
                }
                together += 1;
            }
            let (now, later) = rest.split_at(together);
            rest = later;
            let end = (u64::from(now[together - 1]) + 1) * width;
            bytes.resize((end - start) as usize, 0);
            self.file.read(start, &mut bytes)?;
            for &document in now {
                let at = (u64::from(document) * width - start) as usize;
                let values = bytes[at..at + width as usize].as_chunks().0;
                row.iter_mut().zip(values).for_each(|(v, &c)| *v = u32::from_le_bytes(c));
                see(document, &row)?;
            }
        }
        Ok(())
    }

    /// The signatures of `documents`, which ascend.
    pub(super) fn rows(&self, documents: &[u32]) -> Result<Signatures, SpillError> {
        let mut rows = Signatures::new(self.num_perm);
        self.each(documents, |_, row| {
            // As many as documents, which are numbered by 32 bits.
            let _ = rows.extend(row);
            Ok::<(), SpillError>(())
        })?;
        Ok(rows)
    }
}

/// Signatures and keys as they come.
#[derive(Debug)]
pub(super) struct Stored {
    banding: Banding,
    signatures: SignatureFile,
    keys: Vec<Sorting>,
    documents: u32,
}

impl Stored {
    pub(super) fn new(
        room: &Room,
        banding: Banding,
        num_perm: usize,
    ) -> Result<Stored, SpillError> {
        let share = room.budget.share(KEYS_SHARE) / banding.bands();
        let sorting = || Sorting::new(&room.scratch, size_of::<u64>(), share);
        let keys = (0..banding.bands()).map(|_| sorting()).collect();
        let signatures = SignatureFile::new(room, num_perm)?;
        Ok(Stored { banding, signatures, keys, documents: 0 })
    }

    /// Takes in the next signature.
    pub(super) fn add(&mut self, signature: &[u32]) -> Result<(), SpillError> {
        for (sorting, key) in self.keys.iter_mut().zip(lsh::keys(self.banding, signature)) {
            if let Some(key) = key {
                sorting.push_word(lsh::pack(key, self.documents))?;
            }
        }
        self.documents += 1;
        self.signatures.add(signature)
    }

    /// Ends the taking in.
    pub(super) fn close(mut self) -> Result<(Buckets, Vec<Sorting>), SpillError> {
        self.signatures.write()?;
        let Stored { banding, signatures, keys, .. } = self;
        Ok((Buckets { banding, signatures }, keys))
    }
}

/// What pairs the documents of buckets.
#[derive(Debug)]
pub(super) struct Buckets {
    banding: Banding,
    pub(super) signatures: SignatureFile,
}

/// How buckets are gone through.
pub(super) struct Each<'a> {
    /// Documents that are copies of others and meet nobody.
    pub(super) gone: &'a Bits,
    /// Number of the first document that is not of the reference set, if there
    /// is to be one.
    pub(super) reference: Option<u32>,
    pub(super) room: &'a Room,
    /// Is passed the documents of each large bucket.
    pub(super) crowd: &'a (dyn Fn(&[u32]) + Sync),
}

impl Each<'_> {
    /// Passes the documents of each bucket of two or more to `see`.
    fn bucket(
        &self,
        mut keys: Sorted,
        mut see: impl FnMut(&[u32]) -> Result<(), SpillError>,
    ) -> Result<(), SpillError> {
        let (mut bucket, mut current) = (Vec::new(), 0);
        loop {
            let next = keys.next_word()?;
            let (key, document) = next.map_or((0, 0), lsh::unpack);
            if next.is_none() || key != current {
                if bucket.len() > 1 {
                    see(&bucket)?;
                }
                bucket.clear();
                current = key;
            }
            if next.is_none() {
                return Ok(());
            }
            if !self.gone.has(document) {
                bucket.push(document);
            }
        }
    }
}

impl Buckets {
    /// Adds the pairs of a band, given its keys, and returns the number of its
    /// large buckets; of a search with a reference set, of those with many
    /// documents of it.
    pub(super) fn pairs(
        &self,
        (band, keys): (usize, Sorting),
        each: &Each<'_>,
        pairs: &mut Local<'_>,
    ) -> Result<u64, SpillError> {
        let mut large = 0;
        each.bucket(keys.finish()?, |bucket| {
            if bucket.len() > lsh::ALL_PAIRS {
                (each.crowd)(bucket);
            }
            let side = bucket.partition_point(|&d| each.reference.is_none_or(|r| d < r));
            let (known, asked) = bucket.split_at(side);
            if each.reference.is_some() && asked.is_empty() {
                return Ok(());
            }
            if known.len() > lsh::ALL_PAIRS {
                large += 1;
                for from in lsh::turns(self.banding, self.signatures.num_perm, band) {
                    let sorted = self.ordered(bucket, from, each)?;
                    match each.reference {
                        None => neighbours(sorted, pairs)?,
                        Some(reference) => neighbours_across(sorted, reference, pairs)?,
                    }
                }
                return Ok(());
            }
            for (n, &a) in known.iter().enumerate() {
                let others = if each.reference.is_none() { &known[n + 1..] } else { asked };
                others.iter().for_each(|&b| pairs.put(a, b));
                pairs.check()?;
            }
            Ok(())
        })?;
        Ok(large)
    }

    /// Documents in the order of their signatures, read in a circle from place
    /// `from` on; equal ones by number.
    fn ordered(&self, bucket: &[u32], from: usize, each: &Each<'_>) -> Result<Sorted, SpillError> {
        let width = self.signatures.width() + 1 + size_of::<u32>();
        let share = each.room.budget.share(LARGE_SHARE) / rayon::current_num_threads();
        let mut sorting = Sorting::new(&each.room.scratch, width, share);
        let mut record = Vec::with_capacity(width);
        self.signatures.each(bucket, |document, row| {
            record.clear();
            for value in row[from..].iter().chain(&row[..from]) {
                record.extend_from_slice(&value.to_be_bytes());
            }
            // Of a reference set, those that are looked for come first.
            record.push(u8::from(each.reference.is_some_and(|r| document < r)));
            record.extend_from_slice(&document.to_be_bytes());
            sorting.push(&record)
        })?;
        sorting.finish()
    }
}

/// Pairs each document of a large bucket with the next ones in order.
fn neighbours(mut sorted: Sorted, pairs: &mut Local<'_>) -> Result<(), SpillError> {
    let mut before: VecDeque<u32> = VecDeque::new();
    while let Some(record) = sorted.head() {
        let document = last(record);
        before.iter().for_each(|&a| pairs.put(a.min(document), a.max(document)));
        before.push_back(document);
        if before.len() > lsh::WINDOW {
            before.pop_front();
        }
        pairs.check()?;
        sorted.step()?;
    }
    Ok(())
}

/// Pairs each document of a large bucket that is not of the reference set with
/// the documents of it that come before and behind in order.
fn neighbours_across(
    mut sorted: Sorted,
    reference: u32,
    pairs: &mut Local<'_>,
) -> Result<(), SpillError> {
    let mut before: VecDeque<u32> = VecDeque::new();
    // Documents that meet further ones, and how many.
    let mut open: VecDeque<(u32, usize)> = VecDeque::new();
    while let Some(record) = sorted.head() {
        let document = last(record);
        if document >= reference {
            before.iter().for_each(|&known| pairs.put(known, document));
            open.push_back((document, lsh::WINDOW));
        } else {
            for (asked, left) in &mut open {
                pairs.put(document, *asked);
                *left -= 1;
            }
            while open.front().is_some_and(|&(_, left)| left == 0) {
                open.pop_front();
            }
            before.push_back(document);
            if before.len() > lsh::WINDOW {
                before.pop_front();
            }
        }
        pairs.check()?;
        sorted.step()?;
    }
    Ok(())
}

/// The document at the end of a record.
fn last(record: &[u8]) -> u32 {
    record.last_chunk().map_or(0, |&chunk| u32::from_be_bytes(chunk))
}
