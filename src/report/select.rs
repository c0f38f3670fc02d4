//! Leaves findings out of a report: those that a user does not want to see, or
//! has seen.
//!
//! What stays is numbered anew in its order; totals are those of what stays,
//! and say how many clusters were left out.
//!
//! Time: `O(n log n)` for `n` occurrences. Space: their spans.

use crate::report::Cluster;
use crate::report::Found;
use crate::report::Kind;
use crate::span::ByteSpan;

/// Keeps the clusters for which `stays` holds, with their pairs.
///
/// The parent of a cluster becomes the next one up that stays, if any.
///
/// # Errors
///
/// The first of `stays`; nothing is left out then.
pub fn retain<E>(
    found: &mut Found,
    stays: impl FnMut(&Cluster) -> Result<bool, E>,
) -> Result<(), E> {
    let stay: Vec<bool> = found.clusters.iter().map(stays).collect::<Result<_, E>>()?;
    let before = found.clusters.len();
    let parents: Vec<Option<u32>> = found.clusters.iter().map(|c| c.parent).collect();
    let mut ids: Vec<Option<u32>> = Vec::with_capacity(before);
    let mut last = 0;
    let mut stay = stay.into_iter();
    found.clusters.retain(|_| {
        let stays = stay.next().expect("one for each cluster");
        last += u32::from(stays);
        ids.push(stays.then_some(last));
        stays
    });
    if found.clusters.len() == before {
        return Ok(());
    }
    let new = |id: u32| ids[id as usize - 1];
    for (n, cluster) in (1..).zip(&mut found.clusters) {
        let mut parent = cluster.parent;
        while let Some(id) = parent.filter(|&id| new(id).is_none()) {
            parent = parents[id as usize - 1];
        }
        (cluster.id, cluster.parent) = (n, parent.and_then(new));
    }
    found.pairs.retain_mut(|pair| {
        let id = new(pair.cluster);
        pair.cluster = id.unwrap_or(0);
        id.is_some()
    });
    let summary = &mut found.summary;
    let clusters = &found.clusters;
    summary.ignored += (before - clusters.len()) as u64;
    summary.clusters = clusters.len() as u64;
    summary.occurrences = clusters.iter().map(|c| c.occurrences.len() as u64).sum();
    summary.boilerplate = clusters.iter().filter(|c| c.kind == Kind::Boilerplate).count() as u64;
    summary.repeated_bytes = repeated(clusters);
    Ok(())
}

/// Bytes that lie in some occurrence, each counted once.
fn repeated(clusters: &[Cluster]) -> u64 {
    let places = clusters.iter().flat_map(|c| &c.occurrences);
    let mut spans: Vec<(u32, ByteSpan)> = places.map(|o| (o.document, o.span)).collect();
    spans.sort_unstable();
    let (mut total, mut at) = (0, (0, 0));
    for (document, span) in spans {
        if document != at.0 {
            at = (document, 0);
        }
        let start = span.start.max(at.1);
        total += u64::from(span.end.saturating_sub(start));
        at.1 = at.1.max(span.end);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Pair;
    use crate::report::Score;
    use crate::report::fixture::Fixture;

    /// Three clusters within each other and one apart, with pairs.
    fn example() -> Found {
        let mut f = Fixture::default();
        let [a, b] = ["a.txt", "b.txt"].map(|path| f.file(path, "one two three four, five"));
        for passage in ["one two three four", "one two three", "two", "five"] {
            let places = vec![f.place(a, passage, 0), f.place(b, passage, 0)];
            let kind = if passage == "two" { Kind::Boilerplate } else { Kind::Passage };
            f.cluster(kind, 1, places);
        }
        (f.found.clusters[1].parent, f.found.clusters[2].parent) = (Some(1), Some(2));
        for cluster in 1..=4 {
            let place = |n: usize| {
                let o = &f.found.clusters[cluster - 1].occurrences[n];
                (o.document, o.span)
            };
            let score = Score { matches: 1, columns: 1 };
            let (a, b) = (place(0), place(1));
            f.found.pairs.push(Pair { cluster: cluster as u32, a, b, score, words: 1 });
        }
        f.found
    }

    fn kept(found: &mut Found, stays: impl Fn(u32) -> bool) {
        retain(found, |cluster| Ok::<_, ()>(stays(cluster.id))).unwrap();
    }

    #[test]
    fn all_that_stays_is_as_it_was() {
        let mut found = example();
        kept(&mut found, |_| true);
        assert_eq!(found, example());
        let totals = found.summary.repeated_bytes;
        assert_eq!(repeated(&found.clusters), totals);
    }

    #[test]
    fn what_stays_is_numbered_anew_under_the_next_parent_that_stays() {
        let whole = example();
        // Any choice of the four.
        for choice in 0..16u32 {
            let mut found = example();
            let stays = |id: u32| choice & (1 << (id - 1)) != 0;
            kept(&mut found, stays);
            let old: Vec<u32> = (1..=4).filter(|&id| stays(id)).collect();
            assert_eq!(found.clusters.len(), old.len());
            for ((n, cluster), &id) in (1..).zip(&found.clusters).zip(&old) {
                let was = &whole.clusters[id as usize - 1];
                assert_eq!((cluster.id, &cluster.occurrences), (n, &was.occurrences));
                let mut parent = was.parent;
                while parent.is_some_and(|p| !stays(p)) {
                    parent = whole.clusters[parent.unwrap() as usize - 1].parent;
                }
                let parent = parent.map(|p| 1 + old.iter().position(|&o| o == p).unwrap() as u32);
                assert_eq!(cluster.parent, parent, "{choice:b}");
            }
            let pairs: Vec<u32> = found.pairs.iter().map(|p| p.cluster).collect();
            assert_eq!(pairs, (1..=old.len() as u32).collect::<Vec<_>>());
            let summary = found.summary;
            let n = old.len() as u64;
            assert_eq!((summary.clusters, summary.occurrences), (n, 2 * n));
            assert_eq!(summary.ignored, 4 - n);
            assert_eq!(summary.boilerplate, u64::from(stays(3)));
            let nested = if stays(1) {
                18
            } else if stays(2) {
                13
            } else {
                3 * u64::from(stays(3))
            };
            assert_eq!(summary.repeated_bytes, 2 * (nested + 4 * u64::from(stays(4))));
            assert_eq!(summary.documents, whole.summary.documents);
        }
    }
}
