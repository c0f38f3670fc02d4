//! Candidate pairs -> the components that they form, one after the other.
//!
//! * time: `O(n log n)`
//! * space: 8 bytes a document and a pair; a share of the memory when pairs are
//!   on disk

use crate::disjoint::Disjoint;
use crate::external::Sorted;
use crate::external::Sorting;
use crate::lsh::unpack;
use crate::run::documents::pairs::Pairs;
use crate::run::documents::pairs::words;
use crate::run::room::Room;
use crate::spill::SpillError;
use rayon::prelude::*;

/// Bytes of a component's number and a pair.
const WIDTH: usize = 12;

/// Pairs by the components that they form, which come by their least members.
#[derive(Debug)]
pub(super) struct Groups {
    from: From,
    pairs: u64,
}

#[derive(Debug)]
enum From {
    Memory {
        pairs: Vec<u64>,
        /// End of each component's pairs.
        ends: Vec<usize>,
        /// The component at hand, and its next pair.
        at: usize,
        next: usize,
    },
    Disk(Sorted),
}

impl Groups {
    /// Splits distinct pairs of so many documents into components.
    pub(super) fn new(documents: usize, pairs: Pairs, room: &Room) -> Result<Groups, SpillError> {
        let sets = Disjoint::new(documents);
        match pairs {
            Pairs::Memory(pairs) => Ok(Groups::in_memory(sets, pairs)),
            Pairs::Disk(pairs) => Groups::on_disk(sets, pairs, room),
        }
    }

    fn in_memory(mut sets: Disjoint, mut pairs: Vec<u64>) -> Groups {
        for &pair in &pairs {
            let (a, b) = unpack(pair);
            sets.union(a, b);
        }
        let roots = sets.roots();
        let root = |pair: u64| roots[unpack(pair).0 as usize];
        pairs.par_sort_unstable_by_key(|&pair| (root(pair), pair));
        let mut end = 0;
        let ends = pairs
            .chunk_by(|&x, &y| root(x) == root(y))
            .map(|same| {
                end += same.len();
                end
            })
            .collect();
        let count = pairs.len() as u64;
        Groups { from: From::Memory { pairs, ends, at: 0, next: 0 }, pairs: count }
    }

    fn on_disk(mut sets: Disjoint, mut pairs: Sorted, room: &Room) -> Result<Groups, SpillError> {
        // Which component a pair is of is known when all were seen.
        let (mut again, mut count) = (words(room), 0);
        while let Some(pair) = pairs.next_word()? {
            let (a, b) = unpack(pair);
            sets.union(a, b);
            again.push_word(pair)?;
            count += 1;
        }
        let roots = sets.roots();
        let mut again = again.finish()?;
        let share = room.budget.share_of_free(8, 1 << 10);
        let mut sorting = Sorting::new(&room.scratch, WIDTH, share);
        while let Some(pair) = again.next_word()? {
            let mut record = [0; WIDTH];
            let root = roots[unpack(pair).0 as usize];
            record[..4].copy_from_slice(&root.to_be_bytes());
            record[4..].copy_from_slice(&pair.to_be_bytes());
            sorting.push(&record)?;
        }
        Ok(Groups { from: From::Disk(sorting.finish()?), pairs: count })
    }

    /// Number of all pairs.
    pub(super) fn pairs(&self) -> u64 {
        self.pairs
    }

    /// Appends at most so many pairs of the component at hand.
    pub(super) fn fill(&mut self, most: usize, out: &mut Vec<u64>) -> Result<Filled, SpillError> {
        match &mut self.from {
            From::Memory { pairs, ends, at, next } => {
                let Some(&end) = ends.get(*at) else { return Ok(Filled::Nothing) };
                let stop = end.min(next.saturating_add(most));
                out.extend_from_slice(&pairs[*next..stop]);
                *next = stop;
                if stop < end {
                    return Ok(Filled::Part);
                }
                *at += 1;
                Ok(Filled::Whole)
            }
            From::Disk(sorted) => {
                let (mut root, mut count) = (None, 0);
                while let Some(record) = sorted.head() {
                    let own = record.first_chunk::<4>().copied();
                    if root.is_some() && root != own {
                        break;
                    }
                    if count == most {
                        return Ok(Filled::Part);
                    }
                    root = own;
                    out.extend(record.last_chunk().map(|&chunk| u64::from_be_bytes(chunk)));
                    count += 1;
                    sorted.step()?;
                }
                Ok(if root.is_some() { Filled::Whole } else { Filled::Nothing })
            }
        }
    }
}

/// What was appended of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// There is none left.
    Nothing,
    /// Pairs up to its end.
    Whole,
    /// Pairs, and there are more.
    Part,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;
    use crate::hash::splitmix64;
    use crate::lsh::pack;
    use crate::run::documents::pairs::Collected;
    use crate::spill::Scratch;

    #[test]
    fn components_are_the_same_in_memory_and_on_disk() {
        let dir = tempfile::tempdir().unwrap();
        for seed in 0..100u64 {
            let mut state = seed;
            let n = 1 + seed * 3;
            let mut draw = || (splitmix64(&mut state) % n) as u32;
            let mut pairs: Vec<u64> = (0..seed * 2)
                .map(|_| (draw(), draw()))
                .filter(|&(a, b)| a < b)
                .map(|(a, b)| pack(a, b))
                .collect();
            pairs.sort_unstable();
            pairs.dedup();
            let mut sets = Disjoint::new(n as usize);
            for &pair in &pairs {
                let (a, b) = unpack(pair);
                sets.union(a, b);
            }
            let mut expected: Vec<(u32, u64)> =
                pairs.iter().map(|&pair| (sets.find(unpack(pair).0), pair)).collect();
            expected.sort_unstable();
            let budget = Budget::of([0, 10_000, u64::MAX][seed as usize % 3]);
            let room = Room { budget, scratch: Scratch::new(dir.path()) };
            let mut disk = Collected::new(&room);
            disk.add(&pairs).unwrap();
            for pairs in [Pairs::Memory(pairs), disk.finish().unwrap()] {
                let mut groups = Groups::new(n as usize, pairs, &room).unwrap();
                assert_eq!(groups.pairs(), expected.len() as u64);
                for same in expected.chunk_by(|x, y| x.0 == y.0) {
                    let (mut group, most) = (vec![7], 1 + seed as usize % 9);
                    while groups.fill(most, &mut group).unwrap() == Filled::Part {
                        assert!((group.len() - 1).is_multiple_of(most));
                    }
                    assert!(group[1..].iter().copied().eq(same.iter().map(|s| s.1)), "{seed}");
                }
                assert_eq!(groups.fill(1, &mut Vec::new()).unwrap(), Filled::Nothing);
            }
        }
    }
}
