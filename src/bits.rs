//! Sets of numbers that take a bit for each number there could be.
//!
//! [`Bits`] are set and asked for at any place. [`Ranked`] are added one after
//! the other, and also say how many stand before a place, and where the n-th
//! stands: a list of ascending numbers in little more than a bit each.
//!
//! * time: constant; where the n-th stands `O(log n)`
//! * space: a bit a number, with ranks a sixteenth more
//!
//! Source: Jacobson, *Space-efficient static trees and graphs*, 1989.

/// Numbers of a word.
const WORD: usize = u64::BITS as usize;

/// Words whose members are counted together.
const BLOCK: usize = 8;

/// A set of numbers; those beyond what was set are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// None of the numbers below `n`, with room for all of them.
    #[must_use]
    pub fn new(n: usize) -> Bits {
        Bits { words: vec![0; n.div_ceil(WORD)] }
    }

    /// Whether a number is in the set.
    #[inline]
    #[must_use]
    pub fn has(&self, n: u32) -> bool {
        let word = self.words.get(n as usize / WORD).copied().unwrap_or_default();
        word >> (n as usize % WORD) & 1 == 1
    }

    /// Puts a number in.
    pub fn put(&mut self, n: u32) {
        let at = n as usize / WORD;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= 1 << (n as usize % WORD);
    }

    /// Takes a number out.
    pub fn take(&mut self, n: u32) {
        if let Some(word) = self.words.get_mut(n as usize / WORD) {
            *word &= !(1 << (n as usize % WORD));
        }
    }

    /// How many are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// All that are in the set, ascending.
    pub fn each(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).step_by(WORD).zip(&self.words).flat_map(|(start, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                (rest != 0).then(|| {
                    let bit = rest.trailing_zeros();
                    rest &= rest - 1;
                    start + bit
                })
            })
        })
    }
}

/// A set of numbers that were gone through in order, from 0.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    bits: Bits,
    /// Members before each block.
    before: Vec<u32>,
    len: u32,
    ones: u32,
}

impl Ranked {
    /// Says of the next number whether it is in the set.
    pub fn push(&mut self, member: bool) {
        if (self.len as usize).is_multiple_of(BLOCK * WORD) {
            self.before.push(self.ones);
            self.bits.words.resize(self.bits.words.len() + BLOCK, 0);
        }
        if member {
            self.bits.put(self.len);
            self.ones += 1;
        }
        self.len += 1;
    }

    /// The same set, with ranks.
    #[must_use]
    pub fn of(bits: Bits) -> Ranked {
        let len = (bits.words.len() * WORD) as u32;
        let mut ranked = Ranked { bits, before: Vec::new(), len, ones: 0 };
        for block in ranked.bits.words.chunks(BLOCK) {
            ranked.before.push(ranked.ones);
            ranked.ones += block.iter().map(|word| word.count_ones()).sum::<u32>();
        }
        ranked
    }

    /// How many numbers were gone through.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many of them are in the set.
    #[must_use]
    pub fn ones(&self) -> u32 {
        self.ones
    }

    /// How many members are below a number, if it is in the set itself.
    #[must_use]
    pub fn rank(&self, n: u32) -> Option<u32> {
        if !self.bits.has(n) {
            return None;
        }
        let word = n as usize / WORD;
        let block = word / BLOCK;
        let words = &self.bits.words[block * BLOCK..word];
        let below = self.bits.words[word] & ((1 << (n as usize % WORD)) - 1);
        let inside = words.iter().map(|word| word.count_ones()).sum::<u32>();
        Some(self.before[block] + inside + below.count_ones())
    }

    /// The member with so many others below it.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[must_use]
    pub fn select(&self, rank: u32) -> u32 {
        assert!(rank < self.ones, "there are so many members");
        let block = self.before.partition_point(|&before| before <= rank) - 1;
        let mut left = rank - self.before[block];
        let mut at = block * BLOCK;
        loop {
            let mut word = self.bits.words[at];
            if left < word.count_ones() {
                (0..left).for_each(|_| word &= word - 1);
                return (at * WORD) as u32 + word.trailing_zeros();
            }
            left -= word.count_ones();
            at += 1;
        }
    }

    /// All members, ascending.
    pub fn each(&self) -> impl Iterator<Item = u32> + '_ {
        self.bits.each()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::splitmix64;

    #[test]
    fn a_set_has_what_was_put_in_and_not_taken_out() {
        for seed in 0..100u64 {
            let mut state = seed;
            let mut bits = if seed % 2 == 0 { Bits::new(300) } else { Bits::default() };
            let mut naive = vec![false; 700];
            for _ in 0..seed * 5 {
                let n = (splitmix64(&mut state) % 700) as u32;
                let there = !splitmix64(&mut state).is_multiple_of(3);
                if there {
                    bits.put(n)
                } else {
                    bits.take(n)
                }
                naive[n as usize] = there;
            }
            let expected: Vec<u32> = (0..700).filter(|&n| naive[n as usize]).collect();
            assert_eq!(bits.each().collect::<Vec<_>>(), expected);
            assert_eq!(bits.count(), expected.len());
            assert!((0..1000).all(|n| bits.has(n) == expected.contains(&n)));
        }
    }

    #[test]
    fn ranks_and_places_are_those_of_a_list() {
        for seed in 0..100u64 {
            let mut state = seed;
            let mut ranked = Ranked::default();
            let (mut list, mut bits) = (Vec::new(), Bits::default());
            for n in 0..seed as u32 * 30 {
                let member =
                    splitmix64(&mut state).is_multiple_of([1, 2, 50, 1000][seed as usize % 4]);
                ranked.push(member);
                if member {
                    list.push(n);
                    bits.put(n);
                }
            }
            assert_eq!((ranked.len(), ranked.ones()), (seed as u32 * 30, list.len() as u32));
            for ranked in [&ranked, &Ranked::of(bits)] {
                assert_eq!(ranked.each().collect::<Vec<_>>(), list);
                for (rank, &n) in (0..).zip(&list) {
                    assert_eq!((ranked.select(rank), ranked.rank(n)), (n, Some(rank)));
                }
                let all = 0..seed as u32 * 30 + 200;
                assert!(all.clone().all(|n| ranked.rank(n).is_some() == list.contains(&n)));
            }
        }
        assert!(Ranked::default().is_empty());
    }
}
