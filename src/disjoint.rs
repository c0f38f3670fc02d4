//! Disjoint sets over `0..n`: union by least member, path halving.
//!
//! * time: `O(log n)` a step at worst, in practice constant
//! * space: 4 bytes a member
//!
//! The representative of a set is its least member, so that labels do not
//! depend on the order of the unions. Source: Tarjan and van Leeuwen,
//! *Worst-case analysis of set union algorithms*, 1984.

/// A partition of `0..n` that only ever grows coarser.
#[derive(Clone, Debug)]
pub struct Disjoint {
    parent: Vec<u32>,
}

impl Disjoint {
    /// `n` sets of one member each.
    ///
    /// # Panics
    ///
    /// If `n` does not fit 32 bits.
    #[must_use]
    pub fn new(n: usize) -> Disjoint {
        let n = u32::try_from(n).expect("members are numbered by 32 bits");
        Disjoint { parent: (0..n).collect() }
    }

    /// The least member of the set that holds `x`.
    pub fn find(&mut self, mut x: u32) -> u32 {
        while self.parent[x as usize] != x {
            let up = self.parent[self.parent[x as usize] as usize];
            self.parent[x as usize] = up;
            x = up;
        }
        x
    }

    /// Joins the sets of `a` and `b`; false when they were one already.
    pub fn union(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parent[high as usize] = low;
        low != high
    }

    /// For each member the least one of its set, in place of the sets.
    #[must_use]
    pub fn roots(mut self) -> Vec<u32> {
        // Who is least comes before, and knows its own already.
        for x in 0..self.parent.len() {
            self.parent[x] = self.parent[self.parent[x] as usize];
        }
        self.parent
    }

    /// All sets with two members or more: members ascending, sets by their
    /// least member.
    #[must_use]
    pub fn groups(&mut self) -> Vec<Vec<u32>> {
        let n = self.parent.len() as u32;
        let mut order: Vec<(u32, u32)> = Vec::new();
        for x in 0..n {
            let least = self.find(x);
            if least != x {
                order.extend([(least, least), (least, x)]);
            }
        }
        order.sort_unstable();
        order.dedup();
        order
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|set| set.len() > 1)
            .map(|set| set.iter().map(|&(_, x)| x).collect())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;

    #[test]
    fn labels_are_least_members_in_any_order_of_unions() {
        for seed in 0..100u64 {
            let mut state = seed;
            let n = 1 + (hash::splitmix64(&mut state) % 40) as usize;
            let edges: Vec<(u32, u32)> = (0..n)
                .map(|_| {
                    let mut draw = || (hash::splitmix64(&mut state) % n as u64) as u32;
                    (draw(), draw())
                })
                .collect();
            let mut naive: Vec<u32> = (0..n as u32).collect();
            for _ in 0..n {
                for &(a, b) in &edges {
                    let low = naive[a as usize].min(naive[b as usize]);
                    naive[a as usize] = low;
                    naive[b as usize] = low;
                }
            }
            for reverse in [false, true] {
                let mut sets = Disjoint::new(n);
                let mut edges = edges.clone();
                if reverse {
                    edges.reverse();
                }
                for (a, b) in edges {
                    sets.union(a, b);
                }
                let got: Vec<u32> = (0..n as u32).map(|x| sets.find(x)).collect();
                assert_eq!(got, naive, "seed {seed}");
                assert_eq!(sets.roots(), naive, "seed {seed}");
            }
        }
    }
}
