//! Contents as they come -> the first record of each.
//!
//! A table answers at once. When it has its share of the memory it is closed:
//! contents that are not in it are put on disk with their records, and those
//! that are equal find each other at the end ([`Contents::settle`]). Until then
//! each of them passes for new.
//!
//! * time: a look-up a record; a sort of those that the table does not hold
//! * space: 25 to 75 bytes a content in the table, 20 a record on disk

use crate::external::Sorting;
use crate::run::documents::intake::NONE;
use crate::run::documents::recipe::Known;
use crate::run::room::Room;
use crate::spill::SpillError;
use ahash::AHashMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

/// A hash of a normalised text.
pub(super) type Content = [u64; 2];

/// Bytes of an entry of the table, and of its place.
const ENTRY: usize = size_of::<(Content, Met)>() + 1;

/// Bytes of a content and its record on disk.
const WIDTH: usize = size_of::<Content>() + size_of::<u32>();

/// The part of the memory that the table may have, while it grows too.
const SHARE: u64 = 8;

/// The part of the memory in which those beyond the table are sorted.
const SORT_SHARE: u64 = 16;

/// Bytes that so many contents take on disk, in a budget of `total`.
pub(super) fn spilled(contents: u64, total: u64) -> u64 {
    let places = (contents * 8 / 7).next_power_of_two();
    if places * 3 / 2 * ENTRY as u64 > total / SHARE { contents * WIDTH as u64 } else { 0 }
}

/// What is known of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// The first record with it.
    pub(super) first: u32,
    /// Members of its set; 0 while unknown.
    pub(super) size: u32,
}

/// The contents met so far, for those who make texts ready while others are
/// taken in. They are met one after the other, each in an instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(Arc<RwLock<AHashMap<Content, Met>>>);

impl Table {
    /// What the table knows of a content.
    pub(super) fn get(&self, content: &Content) -> Option<Met> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(content).copied()
    }

    /// What is to be done with a text of this content.
    pub(super) fn known(&self, content: &Content) -> Known {
        match self.get(content) {
            None => Known::New,
            Some(Met { size: 0, .. }) => Known::Uncounted,
            Some(_) => Known::Counted,
        }
    }
}

/// The contents met so far.
#[derive(Debug)]
pub(super) struct Contents {
    known: Table,
    room: Room,
    /// Those that came after the table was closed.
    rest: Option<Sorting>,
}

impl Contents {
    pub(super) fn new(room: &Room) -> Contents {
        Contents { known: Table::default(), room: room.clone(), rest: None }
    }

    /// The table.
    pub(super) fn table(&self) -> &Table {
        &self.known
    }

    /// Takes in the content of a record, and the size of its set if that is
    /// known; returns what the table knows of it then. The first record is the
    /// record itself if there was none.
    pub(super) fn meet(
        &mut self,
        content: Content,
        record: u32,
        size: u32,
    ) -> Result<Met, SpillError> {
        let own = Met { first: record, size };
        let mut known = self.known.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(rest) = &mut self.rest {
            if let Some(met) = known.get_mut(&content) {
                met.size = met.size.max(size);
                return Ok(*met);
            }
            let mut row = [0; WIDTH];
            row[..8].copy_from_slice(&content[0].to_be_bytes());
            row[8..16].copy_from_slice(&content[1].to_be_bytes());
            row[16..].copy_from_slice(&record.to_be_bytes());
            rest.push(&row)?;
            return Ok(own);
        }
        let met = known.entry(content).or_insert(own);
        met.size = met.size.max(size);
        let met = *met;
        if known.len() == known.capacity() && !may_grow(known.capacity(), &self.room) {
            let room = self.room.budget.share(SORT_SHARE);
            self.rest = Some(Sorting::new(&self.room.scratch, WIDTH, room));
        }
        Ok(met)
    }

    /// Lets the table go and passes each record that was put on disk and is a
    /// copy to `see`, after the first with its content.
    pub(super) fn settle(
        &mut self,
        mut see: impl FnMut(u32, u32) -> Result<(), SpillError>,
    ) -> Result<(), SpillError> {
        self.known = Table::default();
        let Some(rest) = self.rest.take() else { return Ok(()) };
        let mut sorted = rest.finish()?;
        let mut content = [0; 16];
        let mut leader = NONE;
        while let Some(row) = sorted.head() {
            let record = row.last_chunk().map_or(NONE, |&chunk| u32::from_be_bytes(chunk));
            if leader != NONE && row[..16] == content {
                see(leader, record)?;
            } else {
                content.copy_from_slice(&row[..16]);
                leader = record;
            }
            sorted.step()?;
        }
        Ok(())
    }
}

/// Whether there is memory for a table twice as large beside one that holds
/// so many contents.
fn may_grow(capacity: usize, room: &Room) -> bool {
    // Of eight places seven are filled.
    let places = capacity / 7 * 8;
    3 * places * ENTRY <= room.budget.share(SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::hash::splitmix64;
    use crate::spill::Scratch;

    #[test]
    fn every_record_finds_the_first_with_its_content() {
        let dir = tempfile::tempdir().unwrap();
        for seed in 0..60u64 {
            let budget = Budget::of([0, 5_000, 100_000, u64::MAX][seed as usize % 4]);
            let room = Room { budget, scratch: Scratch::new(dir.path()) };
            let mut state = seed;
            let contents: Vec<Content> =
                (0..seed * 20).map(|_| [1, splitmix64(&mut state) % (1 + seed * 9)]).collect();
            let mut met = Contents::new(&room);
            let mut first: Vec<u32> = Vec::new();
            for (&content, record) in contents.iter().zip(0..) {
                let size = record % 3;
                let found = met.meet(content, record, size).unwrap();
                first.push(found.first);
                assert!(found.size >= size);
                assert!(met.table().get(&content).is_none_or(|known| known == found));
            }
            let mut expected = Vec::new();
            for content in &contents {
                expected.push(contents.iter().position(|c| c == content).unwrap() as u32);
            }
            let mut copies = 0;
            let settled = met.settle(|leader, record| {
                assert_eq!(first[record as usize], record, "nobody knew");
                first[record as usize] = leader;
                copies += 1;
                Ok(())
            });
            settled.unwrap();
            assert!(copies > 0 || seed % 4 > 1 || seed < 8, "seed {seed}");
            assert_eq!(first, expected, "seed {seed}");
        }
    }
}
