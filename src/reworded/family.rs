//! Places that retell each other -> clusters around a leader.
//!
//! Retellings are reported by the family, not by the pair. The place with
//! most links leads (then the longest, then the first) and takes all that were
//! compared with it; of the rest the next one leads, and so on. Links between
//! two families make further ones, so that each stands in some cluster; a
//! place may stand in several. No member is in a cluster by hearsay: each was
//! verified against the leader.
//!
//! * time: `O(n log n)` for `n` links
//! * space: `O(n)`

use std::cmp::Reverse;

/// Two places that retell each other, by number, the lower first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The lower number.
    pub a: u32,
    /// The higher one.
    pub b: u32,
    /// Unusual words in both.
    pub shared: u32,
    /// Unusual words of the one that has fewer.
    pub unusual: u32,
}

/// A leader and the places linked to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Number of the leading place.
    pub leader: u32,
    /// The others, by number, with their links to the leader.
    pub members: Vec<(u32, Link)>,
}

/// Sorts the places `0..places` into families; `links` are distinct, `length`
/// is that of a place. Places without a link are in none.
#[must_use]
pub fn families(places: u32, links: &[Link], length: impl Fn(u32) -> u32) -> Vec<Family> {
    let neighbours = Neighbours::new(places, links.iter().copied());
    // 0 is no family yet.
    let mut family = vec![0u32; places as usize];
    let mut found: Vec<Family> = Vec::new();
    for leader in order(&neighbours, &length) {
        if family[leader as usize] != 0 {
            continue;
        }
        let number = found.len() as u32 + 1;
        let free = |&&(n, _): &&(u32, Link)| family[n as usize] == 0;
        let members: Vec<_> = neighbours.of(leader).iter().filter(free).copied().collect();
        if !members.is_empty() {
            family[leader as usize] = number;
            members.iter().for_each(|m| family[m.0 as usize] = number);
            found.push(Family { leader, members });
        }
    }
    let between = |l: &&Link| {
        let (x, y) = (family[l.a as usize], family[l.b as usize]);
        x != y || x == 0
    };
    let rest = Neighbours::new(places, links.iter().filter(between).copied());
    let mut led = vec![false; places as usize];
    for leader in order(&rest, &length) {
        led[leader as usize] = true;
        let open = |&&(n, _): &&(u32, Link)| !led[n as usize];
        let members: Vec<_> = rest.of(leader).iter().filter(open).copied().collect();
        if !members.is_empty() {
            found.push(Family { leader, members });
        }
    }
    found
}

/// Places with a link: most links first, then the longest, then the first.
fn order(neighbours: &Neighbours, length: &impl Fn(u32) -> u32) -> Vec<u32> {
    let places = neighbours.starts.len() as u32 - 1;
    let mut order: Vec<u32> = (0..places).filter(|&n| !neighbours.of(n).is_empty()).collect();
    order.sort_by_key(|&n| (Reverse(neighbours.of(n).len()), Reverse(length(n)), n));
    order
}

/// Links of each place.
struct Neighbours {
    starts: Vec<u32>,
    links: Vec<(u32, Link)>,
}

impl Neighbours {
    fn new(places: u32, links: impl Iterator<Item = Link>) -> Neighbours {
        let mut all: Vec<(u32, u32, Link)> =
            links.flat_map(|l| [(l.a, l.b, l), (l.b, l.a, l)]).collect();
        all.sort_unstable_by_key(|&(from, to, _)| (from, to));
        let mut starts = vec![0; places as usize + 1];
        all.iter().for_each(|l| starts[l.0 as usize + 1] += 1);
        (0..places as usize).for_each(|n| starts[n + 1] += starts[n]);
        Neighbours { starts, links: all.into_iter().map(|(_, to, l)| (to, l)).collect() }
    }

    fn of(&self, place: u32) -> &[(u32, Link)] {
        let p = place as usize;
        &self.links[self.starts[p] as usize..self.starts[p + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use std::collections::BTreeSet;

    fn link((a, b): (u32, u32)) -> Link {
        Link { a, b, shared: 1, unusual: 2 }
    }

    fn split(places: u32, pairs: &[(u32, u32)]) -> Vec<(u32, Vec<u32>)> {
        let links: Vec<Link> = pairs.iter().copied().map(link).collect();
        families(places, &links, |n| 100 - n)
            .into_iter()
            .map(|f| (f.leader, f.members.into_iter().map(|m| m.0).collect()))
            .collect()
    }

    #[test]
    fn the_place_with_most_links_leads() {
        assert_eq!(split(3, &[]), []);
        assert_eq!(split(2, &[(0, 1)]), [(0, vec![1])]);
        assert_eq!(split(4, &[(0, 2), (1, 2), (2, 3)]), [(2, vec![0, 1, 3])]);
        // A chain: 1 takes 0 and 2, and 2 to 3 is a family of its own.
        assert_eq!(split(4, &[(0, 1), (1, 2), (2, 3)]), [(1, vec![0, 2]), (2, vec![3])]);
        // Two families, and a link between them.
        assert_eq!(
            split(6, &[(0, 1), (0, 2), (3, 4), (3, 5), (2, 5)]),
            [(0, vec![1, 2]), (3, vec![4, 5]), (2, vec![5])]
        );
    }

    #[test]
    fn each_link_stands_in_a_family_and_all_are_with_their_leader() {
        for seed in 0..500 {
            let mut state = seed;
            let mut next = |n: u64| (hash::splitmix64(&mut state) % n) as u32;
            let places = 1 + next(20);
            let mut pairs = BTreeSet::new();
            for _ in 0..next(40) {
                let (x, y) = (next(u64::from(places)), next(u64::from(places)));
                if x != y {
                    pairs.insert((x.min(y), x.max(y)));
                }
            }
            let pairs: Vec<_> = pairs.into_iter().collect();
            let found = split(places, &pairs);
            for (leader, members) in &found {
                for m in members {
                    assert!(pairs.contains(&((*leader).min(*m), (*leader).max(*m))));
                }
            }
            for (x, y) in pairs {
                let both = |(leader, members): &(u32, Vec<u32>)| {
                    let has = |n| *leader == n || members.contains(&n);
                    has(x) && has(y)
                };
                assert!(found.iter().any(both), "{x} and {y}");
            }
        }
    }
}
