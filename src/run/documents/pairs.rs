//! Candidate pairs of all threads -> all of them, distinct; on disk when they
//! are many.
//!
//! * space: 24 bytes a pair, or a share of the memory

use crate::external::Sorted;
use crate::external::Sorting;
use crate::lsh;
use crate::run::room::Room;
use crate::spill::SpillError;
use std::sync::Mutex;
use std::sync::PoisonError;

/// The part of the free memory in which pairs are sorted.
const SHARE: u64 = 4;

/// Pairs of all threads that went to the disk.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    room: &'a Room,
    /// Most pairs that a thread holds, and that it leaves of a band.
    most: usize,
    rest: usize,
    disk: Mutex<Option<Sorting>>,
}

/// The pairs of one thread.
#[derive(Debug)]
pub(super) struct Local<'a> {
    all: &'a Gathered<'a>,
    pairs: Vec<u64>,
    failed: Option<SpillError>,
}

/// All pairs, ascending and distinct.
#[derive(Debug)]
pub(super) enum Pairs {
    Memory(Vec<u64>),
    Disk(Sorted),
}

impl Pairs {
    /// Takes off the next so many pairs; none when there are none left.
    pub(super) fn next_some(&mut self, most: usize) -> Result<Vec<u64>, SpillError> {
        match self {
            Pairs::Memory(pairs) => {
                let rest = pairs.split_off(most.min(pairs.len()));
                Ok(std::mem::replace(pairs, rest))
            }
            Pairs::Disk(sorted) => {
                let mut some = Vec::new();
                while some.len() < most
                    && let Some(pair) = sorted.next_word()?
                {
                    some.push(pair);
                }
                Ok(some)
            }
        }
    }
}

/// Pairs that are put together again.
#[derive(Debug)]
pub(super) struct Collected(Sorting);

impl Collected {
    pub(super) fn new(room: &Room) -> Collected {
        Collected(words(room).distinct())
    }

    pub(super) fn add(&mut self, pairs: &[u64]) -> Result<(), SpillError> {
        pairs.iter().try_for_each(|&pair| self.0.push_word(pair))
    }

    pub(super) fn finish(self) -> Result<Pairs, SpillError> {
        Ok(Pairs::Disk(self.0.finish()?))
    }
}

impl<'a> Gathered<'a> {
    /// None yet; they will come from so many bands.
    pub(super) fn new(room: &'a Room, bands: usize) -> Gathered<'a> {
        let share = room.budget.share_of_free(16, 1 << 10);
        let most = (share / size_of::<u64>() / rayon::current_num_threads()).max(64);
        Gathered { room, most, rest: most / bands, disk: Mutex::default() }
    }

    pub(super) fn local(&'a self) -> Local<'a> {
        Local { all: self, pairs: Vec::new(), failed: None }
    }

    /// All pairs, given those that threads still hold.
    pub(super) fn finish(self, rest: Vec<Vec<u64>>) -> Result<Pairs, SpillError> {
        let disk = self.disk.into_inner().unwrap_or_else(PoisonError::into_inner);
        let held: usize = rest.iter().map(Vec::len).sum();
        let mut sorting = match disk {
            None if !self.room.budget.is_limited() || held <= self.most => {
                return Ok(Pairs::Memory(lsh::distinct(rest)));
            }
            None => words(self.room).distinct(),
            Some(sorting) => sorting,
        };
        for pairs in rest {
            pairs.into_iter().try_for_each(|pair| sorting.push_word(pair))?;
        }
        Ok(Pairs::Disk(sorting.finish()?))
    }
}

impl Local<'_> {
    /// Adds a pair.
    #[inline]
    pub(super) fn put(&mut self, a: u32, b: u32) {
        self.pairs.push(lsh::pack(a, b));
        if self.pairs.len() >= self.all.most && self.all.room.budget.is_limited() {
            self.write();
        }
    }

    #[cold]
    fn write(&mut self) {
        self.pairs.sort_unstable();
        self.pairs.dedup();
        // Many come twice, in a bucket or from band to band.
        if self.pairs.len() >= self.all.most / 2 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.failed.is_some() {
            return self.pairs.clear();
        }
        let mut disk = self.all.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let sorting = disk.get_or_insert_with(|| words(self.all.room).distinct());
        let pushed = self.pairs.drain(..).try_for_each(|pair| sorting.push_word(pair));
        self.failed = pushed.err();
        self.pairs.shrink_to(self.all.most / 2);
    }

    /// Whether all pairs so far could be kept.
    pub(super) fn check(&mut self) -> Result<(), SpillError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The pairs that were not written: few, when there is a limit, as there
    /// may be very many bands.
    pub(super) fn into_rest(mut self) -> Result<Vec<u64>, SpillError> {
        if self.all.room.budget.is_limited() && self.pairs.len() > self.all.rest {
            self.flush();
        }
        self.check()?;
        Ok(self.pairs)
    }
}

/// Sorts numbers in a share of the free memory.
pub(super) fn words(room: &Room) -> Sorting {
    let share = room.budget.share_of_free(SHARE, 1 << 10);
    Sorting::new(&room.scratch, size_of::<u64>(), share)
}
