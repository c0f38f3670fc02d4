//! Clusters and matches -> which stands inside which.
//!
//! The parent of a cluster is the shortest passage every occurrence of which
//! contains an occurrence of the cluster: forty words quoted inside a copied
//! three hundred.
//!
//! * time: `O(n log n)` for `n` occurrences, plus at most [`DEPTH`] open
//!   occurrences looked at for each, and at most [`CANDIDATES`] clusters
//!   checked for each cluster
//! * space: `O(n)`

use crate::passage::Match;
use crate::span::TokenSpan;

/// Open occurrences looked at around each, the latest first.
pub const DEPTH: usize = 64;

/// Clusters checked as the parent of each, the shortest first.
pub const CANDIDATES: usize = 8;

/// Returns for each cluster the number of its parent, if it has one.
///
/// `clusters[c]` are the spans of cluster `c`, sorted, at least one.
#[must_use]
pub fn parents(clusters: &[Vec<TokenSpan>]) -> Vec<Option<u32>> {
    let mut candidates = containing(clusters);
    candidates.sort_unstable();
    candidates.dedup();
    let mut parents = vec![None; clusters.len()];
    for own in candidates.chunk_by(|x, y| x.0 == y.0) {
        let child = own[0].0;
        parents[child as usize] = own
            .iter()
            .take(CANDIDATES)
            .map(|&(_, _, parent)| parent)
            .find(|&p| holds(&clusters[p as usize], &clusters[child as usize]));
    }
    parents
}

/// Pairs (inner cluster, length of the outer occurrence, outer cluster) in
/// which one occurrence contains another.
fn containing(clusters: &[Vec<TokenSpan>]) -> Vec<(u32, u32, u32)> {
    let mut all: Vec<(TokenSpan, u32)> = Vec::new();
    for (c, spans) in clusters.iter().enumerate() {
        all.extend(spans.iter().map(|&s| (s, c as u32)));
    }
    // Of those that start together the longest first, so that it is open.
    all.sort_unstable_by_key(|&(s, c)| (s.start, std::cmp::Reverse(s.end), c));
    let mut open: Vec<(TokenSpan, u32)> = Vec::new();
    let mut found = Vec::new();
    for &(span, cluster) in &all {
        open.retain(|(o, _)| o.end > span.start);
        for &(outer, parent) in open.iter().rev().take(DEPTH) {
            if parent != cluster && outer.contains(span) && outer.len() > span.len() {
                found.push((cluster, outer.len(), parent));
            }
        }
        open.push((span, cluster));
    }
    found
}

/// Whether every one of `outer` contains one of `inner`.
fn holds(outer: &[TokenSpan], inner: &[TokenSpan]) -> bool {
    outer.iter().all(|o| {
        let from = inner.partition_point(|i| i.start < o.start);
        inner[from..].iter().take_while(|i| i.start < o.end).any(|i| o.contains(*i))
    })
}

/// Tells for each match whether it follows from a longer one: both its sides
/// lie inside the sides of that one, at least four fifths of each.
///
/// A passage that repeats a sentence, copied whole, is one finding; that the
/// sentence's first place in one copy also meets its second place in the
/// other says nothing new. `matches` are those of one pair of documents, by
/// `a`. Of those that are open around a match the latest [`DEPTH`] are looked
/// at.
#[must_use]
pub fn implied(matches: &[Match]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..matches.len()).collect();
    order.sort_by_key(|&n| (matches[n].a.start, std::cmp::Reverse(matches[n].a.end), n));
    let mut implied = vec![false; matches.len()];
    let mut open: Vec<usize> = Vec::new();
    for n in order {
        let m = matches[n];
        open.retain(|&o| matches[o].a.end > m.a.start);
        implied[n] = open.iter().rev().take(DEPTH).any(|&o| {
            let outer = matches[o];
            let most = |s: TokenSpan, o: TokenSpan| 5 * s.overlap(o) >= 4 * s.len();
            most(m.a, outer.a) && most(m.b, outer.b) && outer.columns > m.columns
        });
        if !implied[n] {
            open.push(n);
        }
    }
    implied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_inside_both_sides_of_a_longer_one_is_implied() {
        let m = |a: (u32, u32), b: (u32, u32)| Match {
            a: TokenSpan { start: a.0, end: a.1 },
            b: TokenSpan { start: b.0, end: b.1 },
            matches: a.1 - a.0,
            columns: a.1 - a.0,
        };
        let all = [
            m((0, 300), (1000, 1300)),
            m((20, 60), (1200, 1240)),
            m((20, 60), (1280, 1320)),
            m((200, 240), (1020, 1060)),
            m((290, 330), (1290, 1330)),
        ];
        assert_eq!(implied(&all), [false, true, false, true, false]);
        assert!(implied(&[]).is_empty());
    }

    fn spans(at: &[(u32, u32)]) -> Vec<TokenSpan> {
        at.iter().map(|&(start, end)| TokenSpan { start, end }).collect()
    }

    #[test]
    fn the_shortest_passage_that_always_contains_it_is_the_parent() {
        let clusters = [
            spans(&[(0, 300), (1000, 1300)]),
            spans(&[(100, 140), (1100, 1140), (5000, 5040)]),
            spans(&[(90, 190), (1090, 1190)]),
            spans(&[(110, 120), (7000, 7010)]),
        ];
        // The last one stands in one of two copies only.
        assert_eq!(parents(&clusters), [None, Some(2), Some(0), None]);
    }

    #[test]
    fn equal_spans_and_overlaps_have_no_parent() {
        let clusters = [
            spans(&[(0, 50), (100, 150)]),
            spans(&[(0, 50), (200, 250)]),
            spans(&[(40, 90), (140, 190)]),
        ];
        assert_eq!(parents(&clusters), [None, None, None]);
        assert!(parents(&[]).is_empty());
    }
}
