//! Clusters -> which passage stands inside which.
//!
//! The parent of a cluster is the shortest passage every occurrence of which
//! contains an occurrence of the cluster: forty words quoted inside a copied
//! three hundred.
//!
//! * time: `O(n log n)` for `n` occurrences, plus at most [`DEPTH`] open
//!   occurrences looked at for each, and at most [`CANDIDATES`] clusters
//!   checked for each cluster
//! * space: `O(n)`

use crate::span::TokenSpan;

/// Open occurrences looked at around each, the latest first.
const DEPTH: usize = 64;

/// Clusters checked as the parent of each, the shortest first.
const CANDIDATES: usize = 8;

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

#[cfg(test)]
mod tests {
    use super::*;

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
