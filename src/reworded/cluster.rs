//! Pairs of units alike -> passages.
//!
//! A pair is a point with a unit of either document as its coordinates. A
//! cluster has no gap of more than so many units on either axis: told in
//! another order, units lie close in both documents, though not on a diagonal.
//!
//! * time: `O(n log n)` a level; the levels end when neither axis has a gap,
//!   two or three in practice
//! * space: `O(n)`
//!
//! Source: Sanchez-Perez, Sidorov, Gelbukh, 2014, the extension step.

use std::ops::Range;

use crate::reworded::Point;

/// Units without a point that a passage may hold side by side, at first.
/// Points of pairs that are little alike fill most gaps, so that two sentences
/// are enough.
pub const GAP: u32 = 2;

/// Splits `points` into clusters without a gap above `gap`, one for each axis.
///
/// Reorders the points so that each cluster is a range of them, sorted, and
/// returns the ranges by their first points. The clusters do not depend on
/// the axis that is split first: neither splits what has no gap in it.
#[must_use]
pub fn split(points: &mut [Point], gap: (u32, u32)) -> Vec<Range<usize>> {
    // Range, whether the second axis is next, whether the other one is done.
    let mut open = vec![(0..points.len(), false, false)];
    let mut clusters = Vec::new();
    while let Some((range, second, done)) = open.pop() {
        let own = &mut points[range.clone()];
        if own.is_empty() {
            continue;
        }
        let at = |p: Point| if second { p.1 } else { p.0 };
        let gap = if second { gap.1 } else { gap.0 };
        own.sort_unstable_by_key(|&p| at(p));
        let borders = (1..own.len()).filter(|&i| at(own[i]) - at(own[i - 1]) > gap + 1);
        let mut borders: Vec<usize> = borders.map(|i| range.start + i).collect();
        if borders.is_empty() && done {
            clusters.push(range);
            continue;
        }
        borders.push(range.end);
        let mut start = range.start;
        for end in borders {
            open.push((start..end, !second, true));
            start = end;
        }
    }
    for cluster in &clusters {
        points[cluster.clone()].sort_unstable();
    }
    clusters.sort_unstable_by_key(|c| points[c.start]);
    clusters
}

/// Gives each passage to `judge`, with its points; one that is not accepted
/// is split again by a smaller gap.
pub fn passages(points: &mut [Point], judge: &mut dyn FnMut(&[Point]) -> bool) {
    for cluster in split(points, (GAP, GAP)) {
        let own = &mut points[cluster];
        if !judge(own) && own.len() > 1 {
            refine(own, GAP, judge);
        }
    }
}

/// Splits what was not accepted with a gap by smaller ones.
fn refine(points: &mut [Point], gap: u32, judge: &mut dyn FnMut(&[Point]) -> bool) {
    let Some(gap) = gap.checked_sub(1) else { return };
    let clusters = split(points, (gap, gap));
    let whole = clusters.len() == 1;
    for cluster in clusters {
        let own = &mut points[cluster];
        if own.len() > 1 && (whole || !judge(own)) {
            refine(own, gap, judge);
        } else if own.len() == 1 {
            judge(own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use std::collections::BTreeSet;

    /// Splits off whatever can be split off until nothing can.
    fn naive(points: &[Point], gap: (u32, u32)) -> BTreeSet<Vec<Point>> {
        let mut found: Vec<Vec<Point>> = vec![points.to_vec()];
        'again: loop {
            for (n, own) in found.iter().enumerate() {
                for axis in [1, 0] {
                    let at = |p: &Point| if axis == 0 { p.0 } else { p.1 };
                    let gap = if axis == 0 { gap.0 } else { gap.1 };
                    for x in own.iter().map(at) {
                        let free = |p: &Point| at(p) <= x || at(p) > x + gap + 1;
                        let (low, high): (Vec<_>, Vec<_>) = own.iter().partition(|p| at(p) <= x);
                        if !high.is_empty() && own.iter().all(free) {
                            found.swap_remove(n);
                            found.extend([low, high]);
                            continue 'again;
                        }
                    }
                }
            }
            let sorted = found.into_iter().filter(|own| !own.is_empty()).map(|mut own| {
                own.sort_unstable();
                own
            });
            return sorted.collect();
        }
    }

    fn noise(seed: u64) -> Vec<Point> {
        let mut state = seed;
        let mut next = |n: u64| hash::splitmix64(&mut state) % n;
        let (n, size) = (next(30), 5 + next(40));
        (0..n).map(|_| (next(size) as u32, next(size) as u32)).collect()
    }

    #[test]
    fn clusters_are_those_of_any_order_of_splits() {
        for seed in 0..1000 {
            let points = noise(seed);
            let gap = ((seed % 5) as u32, (seed % 7) as u32);
            let mut own = points.clone();
            let clusters = split(&mut own, gap);
            assert!(clusters.windows(2).all(|c| own[c[0].start] <= own[c[1].start]));
            let got = clusters.into_iter().map(|c| own[c].to_vec()).collect();
            assert_eq!(naive(&points, gap), got);
        }
    }

    #[test]
    fn what_is_not_accepted_is_split_by_smaller_gaps() {
        // Two groups with a gap of two units, a pair in one of them apart.
        let mut points = vec![(0, 0), (1, 1), (4, 4), (6, 6)];
        let mut seen = Vec::new();
        passages(&mut points, &mut |own| {
            seen.push(own.to_vec());
            own.len() < 3
        });
        assert_eq!(
            seen,
            [vec![(0, 0), (1, 1), (4, 4), (6, 6)], vec![(0, 0), (1, 1)], vec![(4, 4), (6, 6)],]
        );
    }
}
