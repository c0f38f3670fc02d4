//! Pairs of places -> whether one of them holds most of another pair.
//!
//! What holds more than half of a stretch holds its middle: only those that
//! do are looked at.
//!
//! * time: `O(log n)` a question, plus the pairs around the middle
//! * space: 28 bytes a pair

/// A half-open range of tokens or bytes.
pub(crate) type Stretch = (u32, u32);

/// Two documents and a stretch of each.
pub(crate) type Pair = ((u32, u32), Stretch, Stretch);

/// Pairs that may hold others.
#[derive(Debug)]
pub(crate) struct Held {
    pairs: Vec<Pair>,
    /// The highest end of a first stretch so far, of the same documents.
    reach: Vec<u32>,
}

impl Held {
    /// Pairs in any order.
    pub(crate) fn new(mut pairs: Vec<Pair>) -> Held {
        pairs.sort_unstable();
        let mut reach: Vec<u32> = Vec::with_capacity(pairs.len());
        for (n, p) in pairs.iter().enumerate() {
            let before = match n.checked_sub(1) {
                Some(n) if pairs[n].0 == p.0 => reach[n],
                _ => 0,
            };
            reach.push(p.1.1.max(before));
        }
        Held { pairs, reach }
    }

    /// Whether one pair holds `parts.0` of `parts.1` parts of both stretches
    /// of another, which must be more than half.
    pub(crate) fn holds(&self, (documents, a, b): Pair, parts: (u64, u64)) -> bool {
        let middle = a.0 + (a.1 - a.0) / 2;
        let end = self.pairs.partition_point(|p| (p.0, p.1.0) <= (documents, middle));
        let most = |x: Stretch, y: Stretch| {
            let common = x.1.min(y.1).saturating_sub(x.0.max(y.0));
            u64::from(common) * parts.1 >= u64::from(x.1 - x.0) * parts.0
        };
        (0..end)
            .rev()
            .take_while(|&n| self.pairs[n].0 == documents && self.reach[n] > middle)
            .any(|n| most(a, self.pairs[n].1) && most(b, self.pairs[n].2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn a_pair_is_held_by_the_definition() {
        let mut held = 0;
        for seed in 0..3000 {
            let mut state = seed;
            let mut next = |n: u64| (hash::splitmix64(&mut state) % n) as u32;
            let mut pair = || {
                let mut stretch = || {
                    let start = next(20);
                    (start, start + 1 + next(9))
                };
                let (a, b) = (stretch(), stretch());
                ((next(2), next(2)), a, b)
            };
            let pairs: Vec<Pair> = (0..8).map(|_| pair()).collect();
            let index = Held::new(pairs.clone());
            for parts in [(2, 3), (51, 100), (1, 1)] {
                let one = pair();
                let most = |x: Stretch, y: Stretch| {
                    let common = (x.0..x.1).filter(|n| (y.0..y.1).contains(n)).count() as u64;
                    common * parts.1 >= u64::from(x.1 - x.0) * parts.0
                };
                let naive =
                    pairs.iter().any(|p| p.0 == one.0 && most(one.1, p.1) && most(one.2, p.2));
                assert_eq!(index.holds(one, parts), naive, "{one:?} in {pairs:?}");
                held += u32::from(naive);
            }
        }
        assert!(held > 200, "{held}");
        assert!(!Held::new(Vec::new()).holds(((0, 0), (0, 1), (0, 1)), (2, 3)));
    }
}
