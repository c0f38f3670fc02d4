//! Occurrences joined by alignments -> clusters in which every member was
//! compared with the leader.
//!
//! Being joined is not being alike: a copy of a copy of a copy may have
//! nothing left of the first. In each component the occurrence with most
//! links (then the longest, then the first) leads and takes every other that
//! reaches the threshold against it; of the rest the next one leads, and so
//! on. Pairs that were aligned and now follow different leaders, or none, form
//! further clusters around those that have most of them, so that each verified
//! repeat stands in some cluster; an occurrence may stand in several.
//!
//! Two places in one document of which one mostly covers the other are never
//! members of one cluster, where they would count twice: the one more like the
//! leader is, the other can still be in a cluster with its own like.
//!
//! * time: one alignment for each member and leader that meet
//! * space: `O(n)`
//!
//! In components of up to [`ALL_LEADERS`] occurrences everyone meets every
//! leader; in larger ones, those it is linked to and the first
//! [`FIRST_LEADERS`]: near-linear, at the price of some clusters that could
//! have been one.

use std::cmp::Reverse;

use crate::options::find::FindPlan;
use crate::passage::align::Wave;
use crate::passage::merge::Edge;
use crate::passage::merge::Occurrence;
use crate::passage::rows::Tokens;

/// Largest component in which every member meets every leader.
pub const ALL_LEADERS: usize = 256;

/// Leaders that every member of a larger component meets.
pub const FIRST_LEADERS: usize = 16;

/// An occurrence in a cluster, with its alignment to the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Number of the occurrence.
    pub occurrence: u32,
    /// Columns with equal tokens.
    pub matches: u32,
    /// All columns.
    pub columns: u32,
}

/// A leader and the occurrences that reach the threshold against it, by
/// number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Number of the leading occurrence; it is a member too.
    pub leader: u32,
    /// All members.
    pub members: Vec<Member>,
    /// Occurrences that a member stands for, since it covers them or they it:
    /// they were compared with the leader, but do not count.
    pub covered: Vec<u32>,
}

/// Splits one component into clusters.
///
/// `component` are numbers of occurrences, ascending; `edges` those among
/// them, sorted by `(a, b)`. A component of one occurrence is a cluster of
/// one.
pub fn families(
    rows: &dyn Tokens,
    occurrences: &[Occurrence],
    component: &[u32],
    edges: &[Edge],
    plan: &FindPlan,
) -> Vec<Family> {
    let mut bench = Bench::default();
    let links = Links::new(component, edges);
    let length = |n: u32| occurrences[n as usize].unit().len();
    let mut order = component.to_vec();
    let key = |&n: &u32| (Reverse(links.of(n).len()), Reverse(length(n)), n);
    order.sort_by_key(key);
    let mut found: Vec<Family> = Vec::new();
    let mut rest = order;
    while let Some(&leader) = rest.first() {
        let everyone = component.len() <= ALL_LEADERS || found.len() < FIRST_LEADERS;
        let mut members = vec![whole(occurrences, leader)];
        rest.retain(|&n| {
            if n == leader {
                return false;
            }
            if !everyone && !links.joined(leader, n) {
                return true;
            }
            match compare(rows, occurrences, leader, n, plan, &mut bench) {
                Some(member) => {
                    members.push(member);
                    false
                }
                None => true,
            }
        });
        let covered = part(rows, occurrences, leader, &mut members);
        if !covered.is_empty() {
            rest.extend(&covered);
            rest.sort_by_key(key);
        }
        if members.len() > 1 || component.len() == 1 {
            found.push(Family { leader, members, covered });
        }
    }
    let rest = rest_of(rows, occurrences, component, edges, &found);
    found.extend(rest);
    found
}

fn whole(occurrences: &[Occurrence], n: u32) -> Member {
    let len = occurrences[n as usize].unit().len();
    Member { occurrence: n, matches: len, columns: len }
}

/// Sorts members and takes out those that share a place in the text with one
/// that is the leader or more like it.
fn part(
    rows: &dyn Tokens,
    occurrences: &[Occurrence],
    leader: u32,
    members: &mut Vec<Member>,
) -> Vec<u32> {
    members.sort_unstable_by_key(|m| m.occurrence);
    let span = |m: &Member| occurrences[m.occurrence as usize].span;
    let shared = |x: &Member, y: &Member| {
        let (x, y) = (span(x), span(y));
        2 * x.overlap(y) > x.len().min(y.len()) && rows.document(x.start) == rows.document(y.start)
    };
    let likeness = |m: &Member| (u64::from(m.matches), u64::from(m.columns));
    let better = |x: &Member, y: &Member| {
        let ((m, c), (n, d)) = (likeness(x), likeness(y));
        y.occurrence != leader && (x.occurrence == leader || (m * d, m) > (n * c, n))
    };
    let (mut kept, mut covered): (Vec<Member>, Vec<u32>) = (Vec::new(), Vec::new());
    'members: for m in members.iter() {
        while let Some(last) = kept.last().filter(|k| shared(k, m)) {
            if !better(m, last) {
                covered.push(m.occurrence);
                continue 'members;
            }
            covered.push(last.occurrence);
            kept.pop();
        }
        kept.push(*m);
    }
    *members = kept;
    covered
}

/// What two occurrences are aligned with.
#[derive(Default)]
struct Bench {
    wave: Wave,
    rooms: [Vec<u32>; 2],
}

/// The alignment of two occurrences, if it reaches the threshold.
fn compare(
    rows: &dyn Tokens,
    occurrences: &[Occurrence],
    leader: u32,
    n: u32,
    plan: &FindPlan,
    bench: &mut Bench,
) -> Option<Member> {
    let (a, b) = (occurrences[leader as usize].unit(), occurrences[n as usize].unit());
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    if !plan.accepts(short, long) {
        return None;
    }
    let Bench { wave, rooms: [of_a, of_b] } = bench;
    let (a, b) = (rows.read(a, of_a), rows.read(b, of_b));
    // With `short` matches at most, more edits than this miss the threshold.
    let t = plan.options().threshold;
    let most = (f64::from(short) * (1.0 - t) / t).ceil() as u32 + 1;
    let (matches, columns) = wave.global(a, b, most)?;
    plan.accepts(matches, columns).then_some(Member { occurrence: n, matches, columns })
}

/// Clusters for the edges whose ends follow different leaders: the occurrence
/// with most of them takes its partners, and so on until none is left.
fn rest_of(
    rows: &dyn Tokens,
    occurrences: &[Occurrence],
    component: &[u32],
    edges: &[Edge],
    found: &[Family],
) -> Vec<Family> {
    let rank = |n: u32| component.partition_point(|&c| c < n);
    let mut family = vec![0usize; component.len()];
    let mut covered: Vec<(u32, usize)> = Vec::new();
    for (f, one) in (1..).zip(found) {
        one.members.iter().for_each(|m| family[rank(m.occurrence)] = f);
        covered.extend(one.covered.iter().map(|&n| (n, f)));
    }
    covered.sort_unstable();
    // A member, and another place of a member, of the same family.
    let meets = |x: u32, y: u32| covered.binary_search(&(x, family[rank(y)])).is_ok();
    let apart = |e: &&Edge| {
        let same = family[rank(e.a)] == family[rank(e.b)] && family[rank(e.a)] != 0;
        !same && !meets(e.a, e.b) && !meets(e.b, e.a)
    };
    let open: Vec<Edge> = edges.iter().filter(apart).copied().collect();
    let links = Links::new(component, &open);
    let length = |n: u32| occurrences[n as usize].unit().len();
    let mut order: Vec<u32> =
        component.iter().copied().filter(|&n| !links.of(n).is_empty()).collect();
    order.sort_by_key(|&n| (Reverse(links.of(n).len()), Reverse(length(n)), n));
    let mut taken = vec![false; open.len()];
    let mut rest = Vec::new();
    for leader in order {
        let mut members = vec![whole(occurrences, leader)];
        for &(n, e) in links.of(leader) {
            if !std::mem::replace(&mut taken[e as usize], true) {
                let Edge { matches, columns, .. } = open[e as usize];
                members.push(Member { occurrence: n, matches, columns });
            }
        }
        if members.len() > 1 {
            let all = members.clone();
            let mut covered = part(rows, occurrences, leader, &mut members);
            // Two that share their place with each other alone: the edge has to
            // stand somewhere.
            if members.len() == 1 {
                (members, covered) = (all, Vec::new());
                members.sort_unstable_by_key(|m| m.occurrence);
            }
            rest.push(Family { leader, members, covered });
        }
    }
    rest
}

/// Neighbours of each member of a component.
struct Links<'a> {
    /// First neighbour of each member, by its rank in the component.
    starts: Vec<u32>,
    /// (neighbour, number of the edge), sorted.
    neighbours: Vec<(u32, u32)>,
    component: &'a [u32],
}

impl<'a> Links<'a> {
    fn new(component: &'a [u32], edges: &[Edge]) -> Links<'a> {
        let rank = |n: u32| component.partition_point(|&c| c < n) as u32;
        let mut all: Vec<(u32, u32, u32)> = Vec::with_capacity(2 * edges.len());
        for (i, e) in edges.iter().enumerate() {
            all.push((rank(e.a), e.b, i as u32));
            all.push((rank(e.b), e.a, i as u32));
        }
        all.sort_unstable();
        let starts =
            (0..=component.len() as u32).map(|r| all.partition_point(|x| x.0 < r) as u32).collect();
        let neighbours = all.iter().map(|&(_, n, e)| (n, e)).collect();
        Links { starts, neighbours, component }
    }

    fn of(&self, n: u32) -> &[(u32, u32)] {
        let r = self.component.partition_point(|&c| c < n);
        &self.neighbours[self.starts[r] as usize..self.starts[r + 1] as usize]
    }

    fn joined(&self, a: u32, b: u32) -> bool {
        self.of(a).binary_search_by_key(&b, |x| x.0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::find::FindOptions;
    use crate::passage::rows::Rows;
    use crate::span::TokenSpan;

    /// Documents of 20 tokens; document `n` differs from the first in its
    /// last `edits[n]` tokens.
    fn setting(edits: &[u32]) -> (Rows, Vec<Occurrence>) {
        let mut rows = Rows::default();
        let mut places = Vec::new();
        for (d, &e) in edits.iter().enumerate() {
            let tokens: Vec<u32> =
                (0..20).map(|i| if i < 20 - e { i } else { 1000 * (d as u32 + 1) + i }).collect();
            rows.push(&tokens, &[]).unwrap();
            places.push(Occurrence { span: rows.span(d as u32), run: None });
        }
        (rows, places)
    }

    fn edge(a: u32, b: u32, matches: u32) -> Edge {
        Edge { a, b, matches, columns: 20 }
    }

    fn split(edits: &[u32], edges: &[Edge]) -> Vec<(u32, Vec<u32>)> {
        let (rows, places) = setting(edits);
        let component: Vec<u32> = (0..edits.len() as u32).collect();
        let plan = FindPlan::new(&FindOptions::default()).unwrap();
        families(&rows, &places, &component, edges, &plan)
            .into_iter()
            .map(|f| (f.leader, f.members.iter().map(|m| m.occurrence).collect()))
            .collect()
    }

    #[test]
    fn the_most_linked_leads_and_members_meet_the_threshold() {
        let edges = [edge(0, 1, 18), edge(1, 2, 18), edge(1, 3, 16)];
        assert_eq!(split(&[0, 2, 2, 4], &edges), [(1, vec![0, 1, 2, 3])]);
    }

    #[test]
    fn pairs_that_follow_no_common_leader_form_a_cluster() {
        // The third differs in 8 of 20 tokens from every other.
        let edges = [edge(0, 1, 20), edge(0, 2, 14), edge(1, 2, 13)];
        assert_eq!(split(&[0, 0, 8], &edges), [(0, vec![0, 1]), (2, vec![0, 1, 2])]);
    }

    #[test]
    fn two_that_only_have_each_other_are_one_cluster() {
        assert_eq!(split(&[0, 8], &[edge(0, 1, 14)]), [(0, vec![0, 1])]);
    }

    #[test]
    fn every_score_recomputes() {
        let (rows, places) = setting(&[0, 1, 2, 3, 5]);
        let edges: Vec<Edge> = (1..5).map(|b| edge(0, b, 15)).collect();
        let plan = FindPlan::new(&FindOptions::default()).unwrap();
        let found = families(&rows, &places, &[0, 1, 2, 3, 4], &edges, &plan);
        for f in &found {
            let leader = rows.slice(places[f.leader as usize].span);
            for m in &f.members {
                let own = rows.slice(places[m.occurrence as usize].span);
                let same = leader.iter().zip(own).filter(|(x, y)| x == y).count() as u32;
                assert_eq!((m.matches, m.columns), (same, 20));
            }
        }
        assert_eq!(found.len(), 1);
    }

    /// One document for each list of passages, all front parts of one text.
    fn nested(documents: &[&[u32]]) -> (Rows, Vec<Occurrence>) {
        let mut rows = Rows::default();
        let mut places = Vec::new();
        for lengths in documents {
            rows.push(&(0..100).collect::<Vec<u32>>(), &[]).unwrap();
            let start = rows.span(rows.documents() as u32 - 1).start;
            let place = |&n: &u32| TokenSpan { start, end: start + n };
            places.extend(lengths.iter().map(|n| Occurrence { span: place(n), run: None }));
        }
        (rows, places)
    }

    fn of_nested(documents: &[&[u32]], edges: &[(u32, u32)]) -> Vec<(u32, Vec<u32>, Vec<u32>)> {
        let (rows, places) = nested(documents);
        let component: Vec<u32> = (0..places.len() as u32).collect();
        let plan = FindPlan::new(&FindOptions::default()).unwrap();
        let length = |n: u32| places[n as usize].span.len();
        let edge = |&(a, b): &(u32, u32)| Edge {
            a,
            b,
            matches: length(a).min(length(b)),
            columns: length(a).max(length(b)),
        };
        let edges: Vec<Edge> = edges.iter().map(edge).collect();
        families(&rows, &places, &component, &edges, &plan)
            .into_iter()
            .map(|f| (f.leader, f.members.iter().map(|m| m.occurrence).collect(), f.covered))
            .collect()
    }

    #[test]
    fn of_two_places_one_in_the_other_one_is_a_member() {
        // 40 and 60 tokens in the first document, 50 in the others.
        let edges = [(0, 2), (1, 2), (2, 3)];
        let got = of_nested(&[&[40, 60], &[50], &[50]], &edges);
        assert_eq!(got, [(2, vec![1, 2, 3], vec![0])]);
    }

    #[test]
    fn longer_places_that_have_their_like_are_a_cluster_of_their_own() {
        // 45 and 60 tokens in the first and the third document.
        let edges = [(0, 2), (2, 3), (0, 3), (1, 4), (1, 2)];
        let got = of_nested(&[&[45, 60], &[45], &[45, 60]], &edges);
        assert_eq!(got, [(2, vec![0, 2, 3], vec![1, 4]), (1, vec![1, 4], vec![])]);
    }

    #[test]
    fn an_edge_between_places_that_share_text_stands_somewhere() {
        assert_eq!(of_nested(&[&[40, 60]], &[(0, 1)]), [(1, vec![0, 1], vec![])]);
    }

    #[test]
    fn a_run_is_compared_by_its_unit() {
        let run = Run4::of(0, 40, 10);
        assert_eq!(run.unit(), TokenSpan { start: 0, end: 10 });
    }

    struct Run4;
    impl Run4 {
        fn of(start: u32, end: u32, period: u32) -> Occurrence {
            let span = TokenSpan { start, end };
            let run = crate::passage::Run { span, period, repeats: 4, matches: 30, columns: 30 };
            Occurrence { span, run: Some(run) }
        }
    }
}
