//! Contents that are alike -> groups of contents, each around its leader.
//!
//! Families come from the engine: each content was compared with the leader of
//! its family. Pairs whose ends follow different leaders, or none, form
//! further groups around those that have most of them, so that each verified
//! pair stands in some group; a content may stand in several. A content that
//! is alike no other but stands in several places is a group of its own.
//!
//! With [`Scope::Across`] a pair counts only if its two contents stand in
//! different documents, and a group only if it does; a member that is alike
//! nothing in another document is left out, save of crowds, where not all
//! pairs are known.
//!
//! * time: `O(n log n)` for contents and pairs
//! * space: `O(n)`

use std::cmp::Reverse;

use crate::cluster::Family;
use crate::cluster::Member;
use crate::options::find::Scope;
use crate::run::copies::Copies;
use crate::run::documents::found::Edge;

/// In place of a document: several.
const MANY: u32 = u32::MAX;

/// In place of a group: none.
const NONE: u32 = u32::MAX;

/// Largest family that is no crowd.
const CROWD: usize = 64;

/// Where contents stand.
#[derive(Debug)]
pub(super) struct Homes {
    /// Units that have each content, those of copies among them.
    pub(super) counts: Vec<u64>,
    /// The same without copies.
    inside: Vec<u32>,
    /// The document of each content, or [`MANY`].
    document: Vec<u32>,
    /// All units, those of copies among them.
    pub(super) units: u64,
}

impl Homes {
    /// Of `units` in classes with `ends`, each with its content as its first.
    pub(super) fn new(
        units: &[(u32, u32)],
        ends: &[usize],
        contents: usize,
        copies: &Copies,
    ) -> Homes {
        let mut homes = Homes {
            counts: vec![0; contents],
            inside: vec![0; contents],
            document: vec![NONE; contents],
            units: 0,
        };
        let mut from = 0;
        for (class, &end) in (0..).zip(ends) {
            let documents = copies.of(class);
            let only = if documents.len() == 1 { documents[0] } else { MANY };
            for &(content, _) in &units[from..end] {
                let content = content as usize;
                let first = homes.counts[content] == 0;
                homes.counts[content] += documents.len() as u64;
                homes.inside[content] += 1;
                let home = &mut homes.document[content];
                *home = if first || *home == only { only } else { MANY };
            }
            homes.units += (end - from) as u64 * documents.len() as u64;
            from = end;
        }
        homes
    }

    /// Whether a content stands in several places that are compared.
    fn is_told_twice(&self, content: u32, scope: Scope) -> bool {
        match scope {
            Scope::Within => self.inside[content as usize] > 1,
            Scope::Across => self.document[content as usize] == MANY,
            Scope::All => self.counts[content as usize] > 1,
        }
    }

    /// Whether two contents stand in different documents.
    fn are_apart(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.document[a as usize], self.document[b as usize]);
        a == MANY || b == MANY || a != b
    }
}

/// Groups of contents.
#[derive(Debug)]
pub(super) struct Groups {
    /// All; members without their leader.
    pub(super) families: Vec<Family>,
    /// Pairs that count, and the group in which each stands.
    pub(super) pairs: Vec<(Edge, u32)>,
    /// First group of each content, or [`NONE`].
    first: Vec<u32>,
}

impl Groups {
    /// The first group of a content, if it is in one.
    pub(super) fn of(&self, content: u32) -> Option<u32> {
        Some(self.first[content as usize]).filter(|&group| group != NONE)
    }
}

/// Groups, given families, verified pairs, ranks of all contents; `exact` says
/// whether a content that is told twice may be a group of its own.
pub(super) fn groups(
    families: Vec<Family>,
    mut edges: Vec<Edge>,
    homes: &Homes,
    (ranks, scope): (&[u32], Scope),
    exact: impl Fn(u32) -> bool,
) -> Groups {
    let families = if scope == Scope::Across {
        edges.retain(|e| homes.are_apart(e.a, e.b));
        across(families, &edges, homes)
    } else {
        families
    };
    let mut found = Groups { families, pairs: Vec::new(), first: vec![NONE; ranks.len()] };
    for (group, family) in (0..).zip(&found.families) {
        found.first[family.leader as usize] = group;
        family.members.iter().for_each(|m| found.first[m.document as usize] = group);
    }
    found.place(edges, ranks);
    for content in 0..ranks.len() as u32 {
        if found.of(content).is_none() && homes.is_told_twice(content, scope) && exact(content) {
            found.first[content as usize] = found.families.len() as u32;
            found.families.push(Family { leader: content, members: Vec::new() });
        }
    }
    found
}

/// Families as they are seen across documents.
fn across(families: Vec<Family>, edges: &[Edge], homes: &Homes) -> Vec<Family> {
    let mut met: Vec<bool> = homes.document.iter().map(|&home| home == MANY).collect();
    for e in edges {
        (met[e.a as usize], met[e.b as usize]) = (true, true);
    }
    let of_family = |mut family: Family| {
        let leader = family.leader;
        if family.members.len() <= CROWD {
            let counts =
                |m: &Member| met[m.document as usize] || homes.are_apart(m.document, leader);
            family.members.retain(counts);
        }
        let apart = family.members.iter().any(|m| homes.are_apart(m.document, leader));
        apart.then_some(family)
    };
    families.into_iter().filter_map(of_family).collect()
}

impl Groups {
    /// Finds the group of each pair, and makes groups of those that are in
    /// none.
    fn place(&mut self, edges: Vec<Edge>, ranks: &[u32]) {
        let of = |content: u32| self.first[content as usize];
        let together = |e: &Edge| of(e.a) != NONE && of(e.a) == of(e.b);
        let (inside, open): (Vec<Edge>, Vec<Edge>) = edges.into_iter().partition(together);
        self.pairs = inside.into_iter().map(|e| (e, of(e.a))).collect();
        // (content, the other, number of the pair)
        let mut links: Vec<(u32, u32, u32)> = Vec::with_capacity(2 * open.len());
        for (n, e) in (0..).zip(&open) {
            links.extend([(e.a, e.b, n), (e.b, e.a, n)]);
        }
        links.sort_unstable();
        let mut stars: Vec<&[(u32, u32, u32)]> = links.chunk_by(|x, y| x.0 == y.0).collect();
        stars.sort_by_key(|star| (Reverse(star.len()), ranks[star[0].0 as usize]));
        let mut taken = vec![false; open.len()];
        for star in stars {
            let group = self.families.len() as u32;
            let leader = star[0].0;
            let mut members = Vec::new();
            for &(_, document, n) in star {
                if !std::mem::replace(&mut taken[n as usize], true) {
                    let edge = open[n as usize];
                    let overlap =
                        if edge.a == document { edge.overlap } else { edge.overlap.swapped() };
                    members.push(Member { document, overlap });
                    self.pairs.push((edge, group));
                }
            }
            if !members.is_empty() {
                for content in members.iter().map(|m| m.document).chain([leader]) {
                    let first = &mut self.first[content as usize];
                    *first = (*first).min(group);
                }
                self.families.push(Family { leader, members });
            }
        }
        self.pairs.sort_unstable();
    }
}
