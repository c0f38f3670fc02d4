//! Verified pairs -> clusters in which every member was compared with the
//! record that stays.
//!
//! Being connected is not being alike: a copy of a copy of a copy may have
//! nothing left of the first. The documents of a component, best to keep
//! first, are gone through once: each joins the first leader against which it
//! reaches the threshold, or else leads. So a member carries its own score
//! against its leader, and leaders do not reach the threshold against each
//! other.
//!
//! * time: one step for each pair, a comparison for each document and leader
//!   that meet without being a pair
//! * space: `O(documents + pairs)`
//!
//! With candidates that may miss a pair, two documents can reach the
//! threshold without being a pair. In components of up to [`ALL_LEADERS`]
//! documents everyone meets every leader; in larger ones the first
//! [`FIRST_LEADERS`], those it is paired with, and the leaders of those it is
//! paired with, so that long chains take near-linear time. Two leaders of a
//! large component may therefore be alike, if they never met as a pair. When
//! the pairs are known to be complete, they alone decide.

/// Largest component in which every document meets every leader.
pub const ALL_LEADERS: usize = 256;

/// Leaders that every document of a larger component meets: in a crowd of
/// which all are alike but few are pairs, the first takes everyone.
pub const FIRST_LEADERS: usize = 16;

/// What two documents share: shingles of both, of the first, of the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Overlap {
    /// Shingles in both.
    pub shared: u32,
    /// Shingles of the first.
    pub first: u32,
    /// Shingles of the second.
    pub second: u32,
}

impl Overlap {
    /// Shingles in either.
    #[must_use]
    pub fn union(self) -> u64 {
        u64::from(self.first) + u64::from(self.second) - u64::from(self.shared)
    }

    /// Shingles of the smaller.
    #[must_use]
    pub fn smaller(self) -> u32 {
        self.first.min(self.second)
    }

    /// The same seen from the second.
    #[must_use]
    pub fn swapped(self) -> Overlap {
        Overlap { shared: self.shared, first: self.second, second: self.first }
    }
}

/// Two documents of a component that may be alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Number of the first document.
    pub a: u32,
    /// Number of the second, above `a`.
    pub b: u32,
    /// What they share, `a` first, if they are known to reach the threshold;
    /// nothing if they were not compared yet.
    pub known: Option<Overlap>,
}

/// A document and what it shares with its leader, the document first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Number of the document.
    pub document: u32,
    /// What it shares with the leader.
    pub overlap: Overlap,
}

/// A leader and the documents that joined it, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// The document that stays.
    pub leader: u32,
    /// The others.
    pub members: Vec<Member>,
}

/// Splits one component into families.
///
/// `order` are its documents, best to keep first; `links` the pairs among them
/// that were not found to be unlike, in any order. `compare(x, leader)` gives
/// what two documents share when they reach the threshold; without it all that
/// do are links, and known. Families come in the order of their leaders; some
/// may have no member.
///
/// # Errors
///
/// Those of `compare`.
pub fn families<E>(
    order: &[u32],
    links: &[Link],
    mut compare: Option<impl FnMut(u32, u32) -> Result<Option<Overlap>, E>>,
) -> Result<Vec<Family>, E> {
    let ends = Ends::new(order, links);
    let mut splitting = Splitting::new(order.len());
    let mut found: Vec<Family> = Vec::new();
    // Family of each document so far, by its place in the order.
    let mut joined: Vec<u32> = Vec::with_capacity(order.len());
    let mut meets: Vec<(u32, Option<Overlap>)> = Vec::new();
    for (place, &document) in order.iter().enumerate() {
        meets.clear();
        for &(other, link) in ends.of(place) {
            if (other as usize) < place {
                let family = joined[other as usize];
                let known = splitting.known(family, &links[link as usize]);
                meets.push((family, known));
            }
        }
        let Joined { family, overlap } = splitting.join(document, &mut meets, compare.as_mut())?;
        match overlap {
            Some(overlap) => found[family as usize].members.push(Member { document, overlap }),
            None => found.push(Family { leader: document, members: Vec::new() }),
        }
        joined.push(family);
    }
    // There may be millions of two.
    found.iter_mut().for_each(|family| family.members.shrink_to_fit());
    Ok(found)
}

/// Where a document went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Number of the family, in the order of the leaders.
    pub family: u32,
    /// What it shares with the leader, the document first; none if it leads.
    pub overlap: Option<Overlap>,
}

/// One component on the way to its families: its documents come one by one,
/// best to keep first. The leaders are held; the members are the caller's.
#[derive(Clone, Debug)]
pub struct Splitting {
    leaders: Vec<u32>,
    /// Leaders that everyone meets.
    first: usize,
}

impl Splitting {
    /// A component of so many documents.
    #[must_use]
    pub fn new(documents: usize) -> Splitting {
        let first = if documents <= ALL_LEADERS { ALL_LEADERS } else { FIRST_LEADERS };
        Splitting { leaders: Vec::new(), first }
    }

    /// The leader of a family.
    ///
    /// # Panics
    ///
    /// If there is no such family.
    #[must_use]
    pub fn leader(&self, family: u32) -> u32 {
        self.leaders[family as usize]
    }

    /// What a document shares with the leader of a family, seen from the
    /// document, if `link` to a member of the family says so.
    ///
    /// # Panics
    ///
    /// If there is no such family.
    #[must_use]
    pub fn known(&self, family: u32, link: &Link) -> Option<Overlap> {
        let leader = self.leader(family);
        let known = link.known?;
        match leader {
            leader if leader == link.a => Some(known.swapped()),
            leader if leader == link.b => Some(known),
            _ => None,
        }
    }

    /// Lets the next document join a family or lead one. `meets` are the
    /// families of the documents that it is linked with and that came before,
    /// with what it shares with their leaders if that is known; `compare` as
    /// in [`families`].
    ///
    /// # Errors
    ///
    /// Those of `compare`.
    pub fn join<E>(
        &mut self,
        document: u32,
        meets: &mut Vec<(u32, Option<Overlap>)>,
        mut compare: Option<impl FnMut(u32, u32) -> Result<Option<Overlap>, E>>,
    ) -> Result<Joined, E> {
        if compare.is_some() {
            let first = self.leaders.len().min(self.first) as u32;
            meets.extend((0..first).map(|family| (family, None)));
        }
        // Known overlaps before unknown ones of the same leader.
        meets.sort_unstable_by_key(|&(family, overlap)| (family, overlap.is_none()));
        meets.dedup_by_key(|&mut (family, _)| family);
        for &(family, known) in &*meets {
            let leader = self.leader(family);
            let overlap = match (known, &mut compare) {
                (None, Some(compare)) => compare(document, leader)?,
                (known, _) => known,
            };
            if overlap.is_some() {
                return Ok(Joined { family, overlap });
            }
        }
        Ok(self.lead(document))
    }

    /// Lets the next document join the first one, whatever they share.
    ///
    /// # Errors
    ///
    /// Those of `compare`.
    pub fn follow<E>(
        &mut self,
        document: u32,
        mut compare: impl FnMut(u32, u32) -> Result<Option<Overlap>, E>,
    ) -> Result<Joined, E> {
        match self.leaders.first() {
            Some(&leader) => {
                let overlap = compare(document, leader)?.unwrap_or_default();
                Ok(Joined { family: 0, overlap: Some(overlap) })
            }
            None => Ok(self.lead(document)),
        }
    }

    fn lead(&mut self, document: u32) -> Joined {
        self.leaders.push(document);
        Joined { family: self.leaders.len() as u32 - 1, overlap: None }
    }
}

/// The links at each place of an order.
struct Ends {
    starts: Vec<u32>,
    /// Place of the other end, number of the link.
    ends: Vec<(u32, u32)>,
}

impl Ends {
    fn new(order: &[u32], links: &[Link]) -> Ends {
        let mut places: Vec<(u32, u32)> = order.iter().copied().zip(0u32..).collect();
        places.sort_unstable();
        let place = |document: u32| {
            let at = places.partition_point(|&(d, _)| d < document);
            places[at].1
        };
        let mut all: Vec<(u32, u32, u32)> = Vec::with_capacity(2 * links.len());
        for (link, number) in links.iter().zip(0u32..) {
            let (a, b) = (place(link.a), place(link.b));
            all.push((a, b, number));
            all.push((b, a, number));
        }
        all.sort_unstable();
        let mut starts = vec![0u32; order.len() + 1];
        for &(from, _, _) in &all {
            starts[from as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        Ends { starts, ends: all.into_iter().map(|(_, to, number)| (to, number)).collect() }
    }

    fn of(&self, place: usize) -> &[(u32, u32)] {
        &self.ends[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use std::convert::Infallible;

    type Compare = fn(u32, u32) -> Result<Option<Overlap>, Infallible>;

    fn overlap(shared: u32) -> Overlap {
        Overlap { shared, first: 10, second: 10 }
    }

    fn names(families: &[Family]) -> Vec<(u32, Vec<u32>)> {
        families
            .iter()
            .map(|f| (f.leader, f.members.iter().map(|m| m.document).collect()))
            .collect()
    }

    /// Documents are points on a line; those at most `reach` apart are alike.
    fn line(points: &[u32], reach: u32) -> impl Fn(u32, u32) -> Option<Overlap> + '_ {
        move |a, b| {
            let apart = points[a as usize].abs_diff(points[b as usize]);
            (apart <= reach).then(|| Overlap { shared: 1000 - apart, first: a, second: b })
        }
    }

    /// The definition: the first unassigned leads and takes every unassigned
    /// one that is alike.
    fn naive(order: &[u32], alike: impl Fn(u32, u32) -> Option<Overlap>) -> Vec<Family> {
        let mut rest = order.to_vec();
        let mut found = Vec::new();
        while !rest.is_empty() {
            let leader = rest.remove(0);
            let mut members = Vec::new();
            rest.retain(|&document| match alike(document, leader) {
                Some(overlap) => {
                    members.push(Member { document, overlap });
                    false
                }
                None => true,
            });
            found.push(Family { leader, members });
        }
        found
    }

    fn random_line(state: &mut u64, n: u32, width: u64) -> (Vec<u32>, Vec<u32>) {
        let points = (0..n).map(|_| (hash::splitmix64(state) % width) as u32).collect();
        let mut order: Vec<u32> = (0..n).collect();
        order.sort_by_cached_key(|_| hash::splitmix64(state));
        (points, order)
    }

    fn all_links(n: u32, alike: impl Fn(u32, u32) -> Option<Overlap>) -> Vec<Link> {
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        pairs
            .filter_map(|(a, b)| alike(a, b).map(|overlap| Link { a, b, known: Some(overlap) }))
            .collect()
    }

    #[test]
    fn complete_links_give_the_definition() {
        for seed in 0..300u64 {
            let mut state = seed;
            let n = (seed % 40) as u32;
            let (points, order) = random_line(&mut state, n, 60);
            let alike = line(&points, 1 + (seed % 7) as u32);
            let links = all_links(n, &alike);
            let got = families(&order, &links, None::<Compare>).unwrap();
            assert_eq!(got, naive(&order, &alike), "seed {seed}");
        }
    }

    #[test]
    fn missing_links_are_made_up_for_in_components_of_bounded_size() {
        for seed in 0..300u64 {
            let mut state = seed;
            let n = (seed % 40) as u32;
            let (points, order) = random_line(&mut state, n, 60);
            let alike = line(&points, 1 + (seed % 7) as u32);
            let mut links = all_links(n, &alike);
            links.retain(|_| hash::splitmix64(&mut state).is_multiple_of(3));
            for link in &mut links {
                link.known = link.known.filter(|_| seed % 2 == 0);
            }
            let compare = |a, b| Ok::<_, Infallible>(alike(a, b));
            let got = families(&order, &links, Some(compare)).unwrap();
            assert_eq!(got, naive(&order, &alike), "seed {seed}");
        }
    }

    #[test]
    fn long_chains_take_a_few_comparisons_a_document() {
        let n = 5000u32;
        let points: Vec<u32> = (0..n).collect();
        let order = points.clone();
        let alike = line(&points, 10);
        let mut links = all_links(n, &alike);
        links.retain(|e| e.b - e.a <= 2);
        links.iter_mut().filter(|l| l.b - l.a == 2).for_each(|l| l.known = None);
        let mut asked = 0;
        let compare = |a: u32, b: u32| {
            asked += 1;
            Ok::<_, Infallible>(alike(a, b))
        };
        let got = families(&order, &links, Some(compare)).unwrap();
        assert!(asked < (4 + FIRST_LEADERS as u32) * n, "{asked} comparisons");
        // Through those it is paired with, everyone within reach is found.
        assert_eq!(got.len(), n.div_ceil(11) as usize);
        for family in got {
            for member in family.members {
                assert_eq!(alike(member.document, family.leader), Some(member.overlap));
            }
        }
    }

    #[test]
    fn a_member_of_a_large_family_need_not_be_paired_with_the_leader() {
        // Everyone is alike, but the pairs are a path in another order.
        let n = 3000u32;
        let mut order: Vec<u32> = (0..n - 1).collect();
        let mut state = 1;
        order.sort_by_cached_key(|_| hash::splitmix64(&mut state));
        order.insert(0, n - 1);
        let links: Vec<Link> =
            (1..n).map(|b| Link { a: b - 1, b, known: Some(overlap(9)) }).collect();
        let compare = |_, _| Ok::<_, Infallible>(Some(overlap(8)));
        let got = families(&order, &links, Some(compare)).unwrap();
        assert_eq!(got.len(), 1);
        assert_eq!((got[0].leader, got[0].members.len()), (n - 1, n as usize - 1));
    }

    #[test]
    fn the_overlap_is_the_members_own_side_first() {
        let sides = Overlap { shared: 5, first: 6, second: 7 };
        let link = [Link { a: 0, b: 1, known: Some(sides) }];
        let forth = families(&[0, 1], &link, None::<Compare>).unwrap();
        assert_eq!(forth[0].members, [Member { document: 1, overlap: sides.swapped() }]);
        let back = families(&[1, 0], &link, None::<Compare>).unwrap();
        assert_eq!(back[0].members, [Member { document: 0, overlap: sides }]);
        assert_eq!(sides.union(), 8);
    }

    #[test]
    fn nothing_and_one_document_are_no_trouble() {
        assert_eq!(families(&[], &[], None::<Compare>), Ok(vec![]));
        assert_eq!(names(&families(&[7], &[], None::<Compare>).unwrap()), [(7, vec![])]);
    }
}
